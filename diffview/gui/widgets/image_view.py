"""A field as a picture: zoom, pan, crosshair, and a frame that can be dragged."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets import image_paint as paint
from diffview.gui.widgets.line_overlay import LineOverlay
from diffview.gui.widgets.raster import Raster, Rgb
from diffview.gui.widgets.region_frame import MAX_SIDE, MIN_SIDE, Grip, drawn, grip_at, grown, moved, resized
from diffview.gui.widgets.viewport import Viewport

_ARROWS = {
    Qt.Key.Key_Left: QPoint(-1, 0),
    Qt.Key.Key_Right: QPoint(1, 0),
    Qt.Key.Key_Up: QPoint(0, -1),
    Qt.Key.Key_Down: QPoint(0, 1),
}
_REACH_PX = 9
_FALLS, _RISES = Qt.CursorShape.SizeFDiagCursor, Qt.CursorShape.SizeBDiagCursor
_CURSORS = {
    Grip(0, 0): Qt.CursorShape.SizeAllCursor,
    Grip(1, 1): _FALLS, Grip(-1, -1): _FALLS, Grip(1, -1): _RISES, Grip(-1, 1): _RISES,
    Grip(0, 1): Qt.CursorShape.SizeVerCursor, Grip(0, -1): Qt.CursorShape.SizeVerCursor,
    Grip(1, 0): Qt.CursorShape.SizeHorCursor, Grip(-1, 0): Qt.CursorShape.SizeHorCursor,
}  # fmt: skip


class ImageView(QWidget):
    """A picture of values [ny, nx] in standardised units; row 0 is at the top, a pixel is square.

    Signals:
        viewChanged: the user zoomed or panned; the new view rectangle in pixels of the image.
        hovered: the pointer is over (row, column).
        left: the pointer left the image.
        frameMoved, frameDropped: the frame while it is dragged, and when it is let go.
        clicked: the mouse button went down and up at (row, column) without dragging.
    """

    viewChanged = Signal(QRectF)
    hovered = Signal(int, int)
    left = Signal()
    frameMoved = Signal(QRect)
    frameDropped = Signal(QRect)
    clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._raster = Raster()
        self._rgb: Rgb | None = None
        self._shrunk: tuple[QSize, QImage] | None = None
        self._port = Viewport()
        self._cross: tuple[int, int] | None = None
        self._frame: QRect | None = None
        self._frame_token, self._square = "forward", True
        self._limits = MIN_SIDE, MAX_SIDE
        self._drawing = False
        self._corner: QPoint | None = None
        self._overlay = LineOverlay()
        self._placeholder = self._badge = ""
        self._badge_token: str | None = None
        self._grip: Grip | None = None
        self._pressed: QPointF | None = None
        self._press_view, self._press_frame = QRectF(), QRect()
        self._dragged = self._nudged = self._over = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(64, 64)
        self._port.widget = QSizeF(self.size())
        self.setAccessibleName("Image")
        theme.changed.connect(self.update)

    # What is shown ----------------------------------------------------------------------------------------------

    def set_image(self, values: NDArray[np.float32] | None, mask: NDArray[np.bool_] | None = None) -> None:
        """Show values [ny, nx], not copied; `mask` (or NaN) marks missing pixels; None empties the view.

        The zoom stays as long as the shape does.
        """
        old = self._shape()
        self._raster.set_values(values, mask)
        if self._shape() != old:
            ny, nx = self._shape() or (0, 0)
            self._port.whole = QSizeF(nx, ny)
            self._port.rect = self._port.all()
            self._cross = None
        self._redraw()

    @property
    def values(self) -> NDArray[np.float32] | None:
        """What is shown, [ny, nx], not a copy; None if nothing is."""
        return self._raster.values

    def set_levels(self, low: float, high: float) -> None:
        """Take the values of the first and the last colour."""
        if (low, high) != self._raster.limits:
            self._raster.set_limits(low, high)
            self._redraw()

    def levels(self) -> tuple[float, float]:
        """The values of the first and the last colour."""
        return self._raster.limits

    def set_colormap(self, rgb: Rgb) -> None:
        """Take the colours, uint8 [256, 3]."""
        if rgb is not self._rgb:
            self._rgb = rgb
            self._raster.set_table(rgb)
            self._redraw()

    def indices(self) -> NDArray[np.uint8]:
        """The picture as quantised levels 0..255 [ny, nx]; valid until the next change."""
        return self._raster.levels()

    def image(self) -> QImage:
        """A copy of the coloured picture, one pixel a value; missing pixels are transparent."""
        return self._raster.image().copy()

    def value_at(self, row: int, col: int) -> float | None:
        """The value of a pixel, or None where it is missing."""
        values, mask = self._raster.values, self._raster.mask
        if values is None or not (0 <= row < values.shape[0] and 0 <= col < values.shape[1]):
            return None
        return None if mask is not None and mask[row, col] else float(values[row, col])

    @property
    def placeholder(self) -> str:
        """The words of the empty view."""
        return self._placeholder

    def set_placeholder(self, text: str) -> None:
        """The words of the empty view; the first line is the title."""
        self._placeholder = text
        self.update()

    def set_badge(self, text: str, token: str | None = None) -> None:
        """A small label in the corner, with a dot in the colour of `token`; "" removes it."""
        self._badge, self._badge_token = text, token
        self.update()

    def set_lines(self, lines: NDArray[np.float32] | None) -> None:
        """Draw lines [n, 2] over the picture, (row, column) in its pixels with NaN between them; None removes them."""
        if self._overlay.set_lines(lines):
            self.update()

    def lines(self) -> NDArray[np.float32] | None:
        """The lines drawn over the picture."""
        return self._overlay.lines()

    def image_size(self) -> tuple[int, int]:
        """Rows and columns of the picture, (0, 0) without one."""
        ny, nx = self._shape() or (0, 0)
        return ny, nx

    def set_crosshair(self, row: int | None, col: int | None = None) -> None:
        """Mark a pixel with thin lines; None removes them."""
        self._cross = None if row is None or col is None else (row, col)
        self.update()

    # The frame --------------------------------------------------------------------------------------------------

    def set_frame(self, frame: QRect | None, token: str = "forward", square: bool = True) -> None:
        """Show a frame in pixels of the image, in the colour of `token`; `square` keeps it so. Emits nothing."""
        asked = (QRect(frame) if frame is not None else None, token, square)
        if asked != (self._frame, self._frame_token, self._square):
            self._frame, self._frame_token, self._square = asked
            self.update()

    def set_frame_limits(self, least: int, most: int) -> None:
        """Take the shortest and the longest side of the frame, in pixels of the image."""
        self._limits = least, most

    def set_drawing(self, on: bool) -> None:
        """Whether a drag draws a new frame instead of taking hold of something; Shift does so at any time."""
        self._drawing = on
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def frame(self) -> QRect | None:
        """The frame in pixels of the image."""
        return None if self._frame is None else QRect(self._frame)

    # The view ---------------------------------------------------------------------------------------------------

    def view_rect(self) -> QRectF:
        """The part of the image that the widget shows at least, in pixels of the image."""
        return QRectF(self._port.rect)

    def seen_rect(self) -> QRectF:
        """The part of the image that can be seen, in its pixels."""
        corners = self.to_image(QPointF()), self.to_image(QPointF(self.width(), self.height()))
        return QRectF(*corners).intersected(self._port.all())

    def set_view_rect(self, rect: QRectF) -> None:
        """Show this part of the image; emits nothing, so two views can be linked both ways."""
        rect = self._port.clamped(rect)
        if rect != self._port.rect:
            self._port.rect = rect
            self.update()

    def reset_view(self) -> None:
        """Show the whole image, as a double click does."""
        self._show(self._port.all())

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom by `factor` so that the point `about` (pixels of the widget; the centre if None) stays where it is."""
        if not self._empty():
            self._show(self._port.zoomed(factor, self.to_image(about or QRectF(self.rect()).center())))

    def pixel_size(self) -> float:
        """Side of a pixel of the image in pixels of the widget."""
        return self._port.pixel()

    def to_image(self, point: QPointF) -> QPointF:
        """Pixels of the widget -> pixels of the image."""
        return self._port.to_image(point)

    def to_widget(self, point: QPointF) -> QPointF:
        """Pixels of the image -> pixels of the widget."""
        return self._port.to_widget(point)

    def image_rect(self) -> QRectF:
        """Where the whole image lies, in pixels of the widget; it may reach beyond the widget."""
        return self._port.rect_to_widget(self._port.all())

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(320, 320)

    # Inside -----------------------------------------------------------------------------------------------------

    def _shape(self) -> tuple[int, ...]:
        return () if self._raster.values is None else self._raster.values.shape

    def _empty(self) -> bool:
        return self._raster.values is None

    def _show(self, rect: QRectF) -> None:
        rect = self._port.clamped(rect)
        if rect != self._port.rect:
            self._port.rect = rect
            self.update()
            self.viewChanged.emit(QRectF(rect))

    def _redraw(self) -> None:
        self._shrunk = None
        self.update()

    def _picture(self, pixel: float) -> tuple[QImage, float]:
        """The image to draw and its pixels per pixel of the field: averaged first where it is much shrunk."""
        if pixel * self.devicePixelRatioF() > 0.5:
            return self._raster.image(), 1.0
        size = (QRectF(self.image_rect()).size() * self.devicePixelRatioF()).toSize().expandedTo(QSize(1, 1))
        if self._shrunk is None or self._shrunk[0] != size:
            mode = Qt.TransformationMode.SmoothTransformation
            picture = self._raster.image().scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
            self._shrunk = (size, picture)
        return self._shrunk[1], size.width() / self._port.all().width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is shown."""
        self._port.widget = QSizeF(self.size())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, then what lies over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("bg"))
        if self._empty():
            paint.placeholder(painter, QRectF(self.rect()), self._placeholder)
        else:
            pixel, place = self.pixel_size(), self.image_rect()
            picture, ratio = self._picture(pixel)
            if picture.hasAlphaChannel():
                paint.no_data(painter, place.intersected(QRectF(self.rect())))
            smooth = pixel * self.devicePixelRatioF() < 1.0
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(place, picture, QRectF(QPointF(), self._port.whole * ratio))
            self._overlay.paint(painter, self._port, place.intersected(QRectF(self.rect())))
            if self._cross is not None:
                row, col = self._cross
                cell = self._port.rect_to_widget(QRectF(col, row, 1, 1))
                paint.crosshair(painter, cell, place.intersected(QRectF(self.rect())))
            if self._frame is not None:
                here = self._port.rect_to_widget(QRectF(self._frame))
                size = (self._frame.height(), self._frame.width()) if self._grip or self._nudged else None
                paint.frame(painter, here, self._frame_token, self._over or self.hasFocus(), size)
        paint.badge(painter, QRectF(self.rect()), self._badge, self._badge_token)
        paint.edge(painter, QRectF(self.rect()), self.hasFocus())

    # Mouse and keys ---------------------------------------------------------------------------------------------

    def _grip_at(self, point: QPointF) -> Grip | None:
        if self._frame is None or self._empty():
            return None
        return grip_at(self._frame, self.to_image(point), _REACH_PX / self.pixel_size())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the frame or of the picture."""
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)
        if self._empty() or event.button() not in buttons:
            event.ignore()
            return
        self._pressed, self._dragged = event.position(), False
        self._press_view = self._port.shown()
        if event.button() == Qt.MouseButton.LeftButton:
            anew = self._drawing or bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._press_frame = self._frame or QRect()
            if anew and self._frame is not None:
                self._grip, self._corner = Grip(1, 1), self.to_image(event.position()).toPoint()
            else:
                self._grip, self._corner = self._grip_at(event.position()), None
        self._point_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag what is held; tell which pixel is under the pointer."""
        point = event.position()
        if self._pressed is None:
            self._point_at(point)
        else:
            self._drag(point)
        if (pixel := self._pixel_at(point)) is not None:
            self.hovered.emit(*pixel)
        else:
            self.left.emit()

    def _pixel_at(self, point: QPointF) -> tuple[int, int] | None:
        place = self.to_image(point)
        row, col = math.floor(place.y()), math.floor(place.x())
        ny, nx = self._shape() or (0, 0)
        return (row, col) if 0 <= row < ny and 0 <= col < nx else None

    def _drag(self, point: QPointF) -> None:
        way = point - (self._pressed or point)
        if not self._dragged and way.manhattanLength() < 3:
            return
        self._dragged = True
        if self._grip is None:
            self._show(self._press_view.translated(-way / self.pixel_size()))
            return
        if self._corner is not None:
            now = self.to_image(point).toPoint()
            self._take_frame(drawn(self._corner, now, self._port.whole.toSize(), self._square, self._limits))
        else:
            self._move_frame(self._grip, self._press_frame, (way / self.pixel_size()).toPoint())

    def _move_frame(self, grip: Grip, start: QRect, shift: QPoint) -> None:
        bounds = self._port.whole.toSize()
        whole = grip == Grip(0, 0)
        self._take_frame(
            moved(start, shift, bounds) if whole else resized(start, grip, shift, bounds, self._square, self._limits)
        )

    def _take_frame(self, new: QRect) -> None:
        if new != self._frame:
            self._frame = new
            self.update()
            self.frameMoved.emit(QRect(new))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._pressed is None:
            return
        held, self._grip, self._pressed, self._corner = self._grip, None, None, None
        pixel = self._pixel_at(event.position())
        if held is not None and self._frame is not None and self._frame != self._press_frame:
            self.frameDropped.emit(QRect(self._frame))
        elif pixel is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*pixel)
        self._point_at(event.position())
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole image."""
        self.reset_view()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        steps = event.angleDelta().y() / 120
        if self._empty() or not steps:
            event.ignore()
            return
        self.zoom(1.25**steps, event.position())
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer went away."""
        self._over = False
        self.left.emit()
        self.update()

    def _point_at(self, point: QPointF) -> None:
        """Shape the pointer after what it would take hold of."""
        grip = self._grip if self._pressed is not None else self._grip_at(point)
        if (grip is not None) != self._over:
            self._over = grip is not None
            self.update()
        shape = Qt.CursorShape.ArrowCursor
        if self._drawing or self._corner is not None:
            shape = Qt.CursorShape.CrossCursor
        elif grip is not None:
            shape = _CURSORS[grip]
        elif self._port.rect != self._port.all():
            closed = self._pressed is not None
            shape = Qt.CursorShape.ClosedHandCursor if closed else Qt.CursorShape.OpenHandCursor
        self.setCursor(shape)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows nudge the frame (Shift: 10 pixels, Ctrl: its size) or pan; + and - zoom, 0 shows everything."""
        shift, mods = _ARROWS.get(Qt.Key(event.key())), event.modifiers()
        if self._empty():
            super().keyPressEvent(event)
        elif shift is not None and self._frame is not None:
            self._nudged = True
            step = shift * (10 if mods & Qt.KeyboardModifier.ShiftModifier else 1)
            grow = mods & Qt.KeyboardModifier.ControlModifier
            self._move_frame(Grip(1, 1) if grow else Grip(0, 0), self._frame, grown(step, self._square, bool(grow)))
        elif shift is not None and self._port.rect != self._port.all():
            far = QPointF(shift.x() * self._port.rect.width(), shift.y() * self._port.rect.height()) / 16
            self._show(self._port.shown().translated(far))
        elif event.text() in {"+", "="}:
            self.zoom(1.25)
        elif event.text() == "-":
            self.zoom(1 / 1.25)
        elif event.text() == "0":
            self.reset_view()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """The frame counts as dropped when the arrow is let go."""
        if self._nudged and not event.isAutoRepeat() and event.key() in _ARROWS:
            self._drop_nudged()
        super().keyReleaseEvent(event)

    def _drop_nudged(self) -> None:
        self._nudged = False
        self.update()
        if self._frame is not None:
            self.frameDropped.emit(QRect(self._frame))

    def event(self, event: QEvent) -> bool:
        """A nudge ends, too, when the focus goes elsewhere."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
            if self._nudged:
                self._drop_nudged()
        return bool(super().event(event))


def link(*views: ImageView) -> None:
    """Let views of images of one shape zoom and pan together."""

    def follow(rect: QRectF, source: Any) -> None:
        for view in views:
            if view is not source and view._shape() == source._shape():
                view.set_view_rect(rect)

    for view in views:
        view.viewChanged.connect(lambda rect, source=view: follow(rect, source))
