"""A picture that can be handled: zoom, pan, crosshair, and a frame that can be dragged."""

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.boxes import Box, Point
from diffview.gui.show.frame_hand import FrameHand, Grip, RegionFrame
from diffview.gui.widgets.images import image_paint as paint
from diffview.gui.widgets.images.picture_view import PictureView
from diffview.gui.widgets.images.zoom_view import ZOOM

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ZOOMS = {"+": ZOOM, "=": ZOOM, "-": 1 / ZOOM}
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
        self._press_view = Box(0, 0, 0, 0)
        self._dragged = self._over = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # The frame --------------------------------------------------------------------------------------------------

    def set_frame(self, frame: QRect | None, token: str = "forward", square: bool = True) -> None:
        """Show a frame in pixels of the image, in the colour of `token`; `square` keeps it square. Emits nothing."""
        asked = (
            None if frame is None else RegionFrame(frame.x(), frame.y(), frame.width(), frame.height()),
            token,
            square,
        )
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
        return None if self._hand.frame is None else QRect(*self._hand.frame)

    def paint_over(self, painter: QPainter) -> None:
        """Draw the frame."""
        if (frame := self._hand.frame) is not None:
            here = QRectF(*self._port.box_to_widget(Box(*frame)))
            size = (frame.height, frame.width) if self._hand.changing else None
            paint.frame(painter, here, self._frame_token, self._over or self.hasFocus(), size)

    # Mouse and keys ---------------------------------------------------------------------------------------------

    def _grip_at(self, point: QPointF) -> Grip | None:
        return self._hand.under(self._place(point), _REACH_PX / self.pixel_size()) if any(self.image_size()) else None

    def _place(self, point: QPointF) -> Point:
        """A point of the widget in pixels of the image."""
        return self._port.to_image((point.x(), point.y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the frame or the picture."""
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton)
        if not any(self.image_size()) or event.button() not in buttons:
            event.ignore()
            return
        self._pressed, self._dragged = event.position(), False
        self._press_view = self._port.shown()
        if event.button() == Qt.MouseButton.LeftButton:
            anew = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self._hand.press(self._place(event.position()), _REACH_PX / self.pixel_size(), anew)
        self._point_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the grabbed part; signal the pixel under the pointer."""
        point = event.position()
        if self._pressed is None:
            self._point_at(point)
        else:
            self._drag(point)
        if (pixel := self._port.cell_at((point.x(), point.y()))) is not None:
            self.hovered.emit(*pixel)
        else:
            self.left.emit()

    def _drag(self, point: QPointF) -> None:
        way = point - (self._pressed or point)
        if not self._dragged and way.manhattanLength() < 3:
            return
        self._dragged = True
        if self._hand.grip is None:
            self._show(self._press_view.shifted(*(-part / self.pixel_size() for part in way.toTuple())))
        elif self._hand.drag(self._place(point), (way / self.pixel_size()).toTuple(), self.image_size()[::-1]):
            self._tell_frame()

    def _tell_frame(self) -> None:
        self.update()
        self.frameMoved.emit(self.frame())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._pressed is None:
            return
        self._pressed = None
        pixel = self._port.cell_at(event.position().toTuple())
        if self._hand.release():
            self.frameDropped.emit(self.frame())
        elif pixel is not None and not self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit(*pixel)
        self._point_at(event.position())
        self.update()

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
        arrow, mods = _ARROWS.get(Qt.Key(event.key())), event.modifiers()
        if not any(self.image_size()):
            super().keyPressEvent(event)
        elif arrow is not None and self._hand.frame is not None:
            far = 10 if mods & Qt.KeyboardModifier.ShiftModifier else 1
            grow = bool(mods & Qt.KeyboardModifier.ControlModifier)
            if self._hand.nudge((far * arrow[0], far * arrow[1]), grow, self.image_size()[::-1]):
                self._tell_frame()
        elif arrow is not None and self._port.rect != self._port.all():
            self._show(
                self._port.shown().shifted(*(w * side / 16 for w, side in zip(arrow, self._port.rect[2:], strict=True)))
            )
        elif event.text() in _ZOOMS:
            self.zoom(_ZOOMS[event.text()])
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
