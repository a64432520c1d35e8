"""A picture that is much longer than wide, squeezed into a strip: the part shown is a band that slides along."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.small.text import set_tip

THICK_PX = 30
STEP = 0.02


class StripView(QWidget):
    """The whole picture; `moved` gives the wanted middle of the band, as a share of the length."""

    moved = Signal(float)
    released = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._vertical = True
        self._band = (0.0, 1.0)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        set_tip(self, "The whole picture, squeezed: drag the band along it")
        theme.changed.connect(self.updateGeometry)
        self.set_image(QImage())

    def set_image(self, image: QImage) -> None:
        """Take the whole picture; the strip is vertical if it is taller than wide."""
        self._image, self._vertical = image, image.height() >= image.width()
        fixed, wide = QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding
        self.setSizePolicy(*((fixed, wide) if self._vertical else (wide, fixed)))
        self.updateGeometry()
        self.update()

    def vertical(self) -> bool:
        """Whether the strip is vertical."""
        return self._vertical

    def band(self) -> tuple[float, float]:
        """First and last end of the band, as shares of the length."""
        return self._band

    def set_band(self, first: float, last: float) -> None:
        """Set the band; emits nothing."""
        if (first, last) != self._band:
            self._band = (first, last)
            self.update()

    def sizeHint(self) -> QSize:
        """Thin."""
        thick = theme.px(THICK_PX)
        return QSize(thick, 4 * thick) if self._vertical else QSize(4 * thick, thick)

    def minimumSizeHint(self) -> QSize:
        """Thin, and short if necessary."""
        thick = theme.px(THICK_PX)
        return QSize(thick, thick)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, a veil outside the band, and the band."""
        painter = QPainter(self)
        rect = QRectF(self.rect())
        painter.fillRect(rect, theme.colour("no_data"))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(rect, self._image)
        first, last = self._band
        if self._vertical:
            band = QRectF(0, first * rect.height(), rect.width(), (last - first) * rect.height())
        else:
            band = QRectF(first * rect.width(), 0, (last - first) * rect.width(), rect.height())
        veil = theme.colour("bg", 120)
        for part in (
            QRectF(rect.topLeft(), band.topRight() if self._vertical else band.bottomLeft()),
            QRectF(band.bottomLeft() if self._vertical else band.topRight(), rect.bottomRight()),
        ):
            painter.fillRect(part, veil)
        painter.setPen(QPen(theme.colour("forward"), 2.0))
        painter.drawRect(band.adjusted(1, 1, -1, -1))
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("reverse"), 1.0))
            painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))

    def _move_to(self, event: QMouseEvent) -> None:
        at = event.position()
        share = at.y() / max(1, self.height()) if self._vertical else at.x() / max(1, self.width())
        self.moved.emit(min(max(share, 0.0), 1.0))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the band to the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._move_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the band."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows along the strip."""
        keys = (Qt.Key.Key_Up, Qt.Key.Key_Down) if self._vertical else (Qt.Key.Key_Left, Qt.Key.Key_Right)
        if event.key() in keys:
            way = STEP if event.key() == keys[1] else -STEP
            self.moved.emit(min(max(sum(self._band) / 2 + way, 0.0), 1.0))
            self.released.emit()
        else:
            super().keyPressEvent(event)
