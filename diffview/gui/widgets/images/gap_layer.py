"""A layer over an image view that marks pixels by hatch and outline, and lets the mouse drag rectangles."""

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QTransform
from PySide6.QtWidgets import QWidget

from diffview.gui.show.outlines import Mask, border, runs
from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_paint import pill
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.ink import KeptPicture, blank

HATCH_PX = 7


class GapLayer(QWidget):
    """Lies over a view and follows its zoom; leaves the mouse to it unless it is armed.

    Signals:
        dragged: a rectangle in pixels of the image was dragged, and whether to erase it.
    """

    dragged = Signal(QRect, bool)

    def __init__(self, view: ImageView, token: str, hatched: bool) -> None:
        """`token` is the colour; `hatched` fills the marked pixels, else they are only outlined."""
        super().__init__(view)
        self._view, self._token, self._hatched = view, token, hatched
        self._marks: Mask | None = None
        self._outline, self._area = QPainterPath(), QPainterPath()
        self._drawn = KeptPicture()
        self._from: QPointF | None = None
        self._drag = QRect()
        self._erases = self._armed = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMouseTracking(True)
        view.installEventFilter(self)
        self.setGeometry(view.rect())
        theme.changed.connect(self.update)

    def set_marks(self, mask: Mask | None) -> None:
        """Mark these pixels of the image [ny, nx]; None marks none."""
        mask = mask if mask is not None and mask.any() else None
        same = mask is None if self._marks is None else mask is not None and np.array_equal(mask, self._marks)
        if not same:
            self._marks = mask
            self._outline = QPainterPath() if mask is None else outline(mask)
            self._area = QPainterPath() if mask is None or not self._hatched else area(mask)
            self._drawn.forget()
            self.update()

    def marks(self) -> Mask | None:
        """The pixels marked."""
        return self._marks

    def set_armed(self, on: bool) -> None:
        """Set whether the mouse drags rectangles here."""
        self._armed, self._from = on, None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, not on)
        self.setCursor(Qt.CursorShape.CrossCursor) if on else self.unsetCursor()
        self.update()

    def armed(self) -> bool:
        """Whether the mouse drags rectangles here."""
        return self._armed

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the view."""
        if event.type() is QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        return False

    # -- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a rectangle: the left button marks, the right one or Shift erases."""
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        if event.button() not in buttons or not any(self._view.image_size()) or self._from is not None:
            event.ignore()
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._erases = shift or event.button() == Qt.MouseButton.RightButton
        self._from = self._view.to_image(event.position())
        self._follow(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the drag; without one the view below signals the pixel."""
        if self._from is not None:
            self._follow(event.position())
        event.ignore()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit the rectangle."""
        if self._from is None:
            event.ignore()
            return
        self._follow(event.position())
        self._from = None
        self.update()
        if not self._drag.isEmpty():
            self.dragged.emit(QRect(self._drag), self._erases)

    def _follow(self, point: QPointF) -> None:
        """The pixels that the drag from its start to `point` touches."""
        ny, nx = self._view.image_size()
        a, b = self._from or QPointF(), self._view.to_image(point)
        left, top = np.floor(min(a.x(), b.x())), np.floor(min(a.y(), b.y()))
        right, bottom = np.ceil(max(a.x(), b.x())), np.ceil(max(a.y(), b.y()))
        whole = QRect(0, 0, nx, ny)
        self._drag = QRect(int(left), int(top), max(1, int(right - left)), max(1, int(bottom - top))) & whole
        self.update()

    # -- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the marks where the view shows their pixels, and the drag."""
        if not any(self._view.image_size()):
            return
        painter = QPainter(self)
        image, pixel = self._view.image_rect(), self._view.pixel_size()
        if self._marks is not None:
            painter.drawPixmap(0, 0, self._picture(image, pixel))
        if self._from is not None and not self._drag.isEmpty():
            colour = theme.colour("text" if self._erases else self._token)
            shape = QPainterPath()
            shape.addRect(_placed(image, pixel).mapRect(QRectF(self._drag)))
            painter.setClipRect(image)
            painter.setOpacity(0.3)
            painter.fillPath(shape, QBrush(colour))
            painter.setOpacity(1.0)
            _stroke(painter, shape, colour)
            size = f"{self._drag.height()} × {self._drag.width()}"
            pill(painter, shape.boundingRect().center(), size, Qt.AlignmentFlag.AlignCenter)

    def _picture(self, image: QRectF, pixel: float) -> QPixmap:
        """The marks as they lie in the view, drawn once: a scrub repaints the view at every frame."""
        ratio, colour = self.devicePixelRatioF(), theme.colour(self._token)

        def draw(painter: QPainter) -> None:
            painter.setClipRect(image.intersected(QRectF(self.rect())))
            if self._hatched:
                painter.fillPath(_placed(image, pixel).map(self._area), QBrush(_hatch(colour, ratio)))
            _stroke(painter, _placed(image, pixel).map(self._outline), colour)

        key = image.getRect(), pixel, colour.rgba(), theme.scale
        return self._drawn.of(key, self.size(), ratio, draw)


def _placed(image: QRectF, pixel: float) -> QTransform:
    """From pixels of the image to those of the widget."""
    return QTransform.fromTranslate(image.x(), image.y()).scale(pixel, pixel)


def _hatch(colour: QColor, ratio: float) -> QPixmap:
    """One tile of lines from the lower left to the upper right, with a shadow that makes it visible on any ground."""
    step = theme.px(HATCH_PX)
    tile = blank(QSize(step, step), ratio)
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for pen in (QPen(QColor(0, 0, 0, 90), 2.6), QPen(colour, 1.2)):
        painter.setPen(pen)
        for x in (-step, 0, step):
            painter.drawLine(QPointF(x - 1, step + 1), QPointF(x + step + 1, -1))
    painter.end()
    return tile


def _stroke(painter: QPainter, path: QPainterPath, colour: QColor) -> None:
    """A line readable on any colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.strokePath(path, QPen(QColor(0, 0, 0, 110), 3.0))
    painter.strokePath(path, QPen(colour, 1.4))


def outline(mask: Mask) -> QPainterPath:
    """The border of the marked pixels, as lines in pixels of the image."""
    path = QPainterPath()
    for start, end in border(mask):
        path.moveTo(*start)
        path.lineTo(*end)
    return path


def area(mask: Mask) -> QPainterPath:
    """The marked pixels as rectangles of one row, in pixels of the image."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for row, first, last in runs(mask):
        path.addRect(QRectF(first, row, last - first, 1))
    return path
