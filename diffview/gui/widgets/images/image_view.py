"""A picture that can be handled: zoom, pan, crosshair, and a frame that can be dragged."""

import math

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.widgets.images import image_paint as paint
from diffview.gui.widgets.images.frame_hand import FrameHand
from diffview.gui.widgets.images.picture_view import PictureView
from diffview.gui.widgets.images.region_frame import Grip

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


class ImageView(PictureView):
    """A picture under the mouse and the keys, with a frame that may lie over it.

    Signals:
        hovered: the pointer is over (row, column).
        left: the pointer left the image.
        frameMoved, frameDropped: the frame while it is dragged, and when it is released.
        clicked: the mouse button went down and up at (row, column) without dragging.
    """

    hovered = Signal(int, int)
    left = Signal()
    frameMoved = Signal(QRect)
    frameDropped = Signal(QRect)
    clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hand, self._frame_token = FrameHand(), "forward"
        self._pressed: QPointF | None = None
        self._press_view = QRectF()
        self._dragged = self._over = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # The frame --------------------------------------------------------------------------------------------------

    def set_frame(self, frame: QRect | None, token: str = "forward", square: bool = True) -> None:
        """Show a frame in pixels of the image, in the colour of `token`; `square` keeps it square. Emits nothing."""
        asked = (QRect(frame) if frame is not None else None, token, square)
        if asked != (self._hand.frame, self._frame_token, self._hand.square):
            self._hand.frame, self._frame_token, self._hand.square = asked
            self.update()

    def set_frame_limits(self, least: int, most: int) -> None:
        """Take the shortest and the longest side of the frame, in pixels of the image."""
        self._hand.limits = least, most

    def set_drawing(self, on: bool) -> None:
        """Set whether a drag draws a new frame instead of grabbing something; Shift does so at any time."""
        self._hand.drawing = on
        self.setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def frame(self) -> QRect | None:
        """The frame in pixels of the image."""
        return None if self._hand.frame is None else QRect(self._hand.frame)

    def paint_over(self, painter: QPainter) -> None:
        """Draw the frame."""
        if (frame := self._hand.frame) is not None:
            here = self._port.rect_to_widget(QRectF(frame))
            size = (frame.height(), frame.width()) if self._hand.changing else None
            paint.frame(painter, here, self._frame_token, self._over or self.hasFocus(), size)

    # Mouse and keys ---------------------------------------------------------------------------------------------

    def _grip_at(self, point: QPointF) -> Grip | None:
        return None if self._empty() else self._hand.under(self.to_image(point), _REACH_PX / self.pixel_size())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the frame or the picture."""
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)
        if self._empty() or event.button() not in buttons:
            event.ignore()
            return
        self._pressed, self._dragged = event.position(), False
        self._press_view = self._port.shown()
        if event.button() == Qt.MouseButton.LeftButton:
            anew = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._hand.press(self.to_image(event.position()), _REACH_PX / self.pixel_size(), anew)
        self._point_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the grabbed part; signal the pixel under the pointer."""
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
        if self._hand.grip is None:
            self._show(self._press_view.translated(-way / self.pixel_size()))
        elif self._hand.drag(self.to_image(point), way / self.pixel_size(), self._port.whole.toSize()):
            self._tell_frame()

    def _tell_frame(self) -> None:
        self.update()
        self.frameMoved.emit(self.frame())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._pressed is None:
            return
        self._pressed = None
        pixel = self._pixel_at(event.position())
        if self._hand.release():
            self.frameDropped.emit(self.frame())
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
        """Set the cursor by the part that a press would grab."""
        grip = self._hand.grip if self._pressed is not None else self._grip_at(point)
        if (grip is not None) != self._over:
            self._over = grip is not None
            self.update()
        shape = Qt.CursorShape.ArrowCursor
        if self._hand.draws:
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
        elif shift is not None and self._hand.frame is not None:
            step = shift * (10 if mods & Qt.KeyboardModifier.ShiftModifier else 1)
            grow = bool(mods & Qt.KeyboardModifier.ControlModifier)
            if self._hand.nudge(step, grow, self._port.whole.toSize()):
                self._tell_frame()
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
        """Drop the frame when the arrow is released."""
        if self._hand.nudged and not event.isAutoRepeat() and event.key() in _ARROWS:
            self._drop_nudged()
        super().keyReleaseEvent(event)

    def _drop_nudged(self) -> None:
        self._hand.nudged = False
        self.update()
        if self._hand.frame is not None:
            self.frameDropped.emit(self.frame())

    def event(self, event: QEvent) -> bool:
        """End a nudge, too, when the focus is lost."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
            if self._hand.nudged:
                self._drop_nudged()
        return bool(super().event(event))
