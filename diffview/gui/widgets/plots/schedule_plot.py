"""The schedule plot under the hand: curve, handles and levels are dragged, or nudged by keys."""

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.show.schedule_marks import distance
from diffview.gui.widgets.plots.schedule_view import ScheduleView

CURVE_PX = 7.0
PULL_PX = 4.0
NUDGE = 0.005
NUDGES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
DROPS = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class SchedulePlot(ScheduleView):
    """A schedule under the mouse and the keys.

    It signals drags and draws what it is given: a dragged handle stays where the caller puts it. Pulling a curve
    without handles up or down asks for handles by `curveGrabbed`; if the caller calls `set_handles`, the drag goes on
    with the handle under the pointer. A triangle of the grid is pulled along the axis. A double click asks for another
    handle; Delete asks to remove the selected one. While drawing is on, the pointer leaves a stroke.

    Signals:
        handleAsked, handleDropped: add one at (x, y); remove one.
        strokeDrawn: a stroke was drawn; lists of x and y.
        menuAsked: a menu for (x, y), or for a handle (None elsewhere), at a point of the screen.
    """

    handlePressed = Signal(int)
    handleMoved = Signal(int, float, float)
    handleReleased = Signal(int)
    curveGrabbed = Signal(float, float)
    tickPressed = Signal(int)
    tickMoved = Signal(int, float)
    handleAsked = Signal(float, float)
    handleDropped = Signal(int)
    strokeDrawn = Signal(list, list)
    menuAsked = Signal(QPoint, float, float, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._press: QPointF | None = None
        self._tick: int | None = None
        self.drawing = False

    def set_drawing(self, on: bool) -> None:
        """Let the pointer draw a stroke instead of pulling what it finds."""
        self.drawing = on
        self._stroke.put([])
        self.viewport().setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)

    def _near_curve(self, point: QPointF) -> bool:
        if self._handles.points:
            return False
        return distance(self.curve_pixels(), point.x(), point.y()) <= CURVE_PX

    def hover(self, point: QPointF) -> None:
        """Highlight the handle, or show by the cursor what a press would grab."""
        if self.drawing:
            return
        handle = self._handles.at(point)
        self._handles.mark("hovered", handle)
        super().hover(point)
        if handle is not None:
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._levels.at(point) is not None:
            self.viewport().setCursor(Qt.CursorShape.SizeHorCursor)
        elif not self.on_playhead(point) and self._near_curve(point):
            self.viewport().setCursor(Qt.CursorShape.SizeVerCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke; or grab a handle, else wait whether the curve is pulled, else scrub."""
        point = event.position()
        if event.button() is Qt.MouseButton.LeftButton and self.drawing:
            self._stroke.put([self._inside(point)])
            event.accept()
            return
        if event.button() is Qt.MouseButton.LeftButton:
            handle = self._handles.at(point)
            if handle is not None:
                self._hold(handle)
                event.accept()
                return
            if self._near_curve(point) and not self.on_playhead(point):
                self._press = point
                event.accept()
                return
        if event.button() is Qt.MouseButton.LeftButton:
            self._tick = self._levels.at(point)
            if self._tick is not None:
                self.tickPressed.emit(self._tick)
                event.accept()
                return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw on, or move the grabbed handle or tick."""
        point = event.position()
        if self.drawing:
            if self._stroke.points:
                self._stroke.put([*self._stroke.points, self._inside(point)])
            event.accept()
            return
        if self._tick is not None:
            self.tickMoved.emit(self._tick, self.from_pixel(point)[0])
            event.accept()
            return
        if self._press is not None:
            self._decide(self._press, point)
        if self._handles.held is not None:
            self.handleMoved.emit(self._handles.held, *self._target(point))
            event.accept()
        elif self._press is None:
            super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a stroke, or let go; a press on the curve that was not pulled is a jump."""
        if self.drawing and event.button() is Qt.MouseButton.LeftButton:
            drawn = [self._target(point) for point in self._stroke.points]
            self._stroke.put([])
            self.strokeDrawn.emit([x for x, _ in drawn], [y for _, y in drawn])
            event.accept()
            return
        if self._tick is not None and event.button() is Qt.MouseButton.LeftButton:
            self._tick = None
            event.accept()
            return
        held, press = self._handles.held, self._press
        self._press = None
        if held is not None and event.button() is Qt.MouseButton.LeftButton:
            self._handles.mark("held", None)
            self.handleReleased.emit(held)
        elif press is not None:
            self.start_scrub(press)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for a handle where there is none."""
        free = self._handles.at(event.position()) is None and self._levels.at(event.position()) is None
        if self.drawing or not free or event.button() is not Qt.MouseButton.LeftButton:
            self.mousePressEvent(event)
            return
        self.handleAsked.emit(*self._target(self._inside(event.position())))
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu, of a handle or of the place."""
        point = QPointF(event.pos())
        self.menuAsked.emit(event.globalPos(), *self._target(self._inside(point)), self._handles.at(point))
        event.accept()

    def select(self, handle: int | None) -> None:
        """Select a handle, which keys then nudge."""
        self._handles.mark("selected", handle)

    def _inside(self, point: QPointF) -> QPointF:
        """The nearest point of the plot."""
        box = self.plot_rect
        return QPointF(min(max(point.x(), box.left()), box.right()), min(max(point.y(), box.top()), box.bottom()))

    def _hold(self, handle: int) -> None:
        self._handles.mark("held", handle)
        self._handles.mark("selected", handle)
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        self.handlePressed.emit(handle)

    def _decide(self, press: QPointF, point: QPointF) -> None:
        """Once the pointer has moved: up or down pulls the curve, sideways scrubs."""
        across, along = abs(point.y() - press.y()), abs(point.x() - press.x())
        if max(across, along) < PULL_PX:
            return
        self._press = None
        if along > across:
            self.start_scrub(press)
            return
        self.curveGrabbed.emit(*self._target(press))
        handle = self._handles.at(press)
        if handle is not None:
            self._hold(handle)

    def _target(self, point: QPointF) -> tuple[float, float]:
        x, y = self.from_pixel(point)
        return x, 10.0**y if self.y_axis.log else y

    # -- the keys

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the handles before it leaves."""
        count = len(self._handles.points)
        now = self._handles.selected
        step = 1 if forward else -1
        target = (0 if forward else count - 1) if now is None else now + step
        if not self.hasFocus() or not 0 <= target < count:
            self._handles.mark("selected", None)
            return bool(super().focusNextPrevChild(forward))
        self._handles.mark("selected", target)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows nudge the selected handle (10 times with Shift), Delete removes it; without one they scrub."""
        handle, key = self._handles.selected, Qt.Key(event.key())
        if handle is None or key not in (*NUDGES, *DROPS, Qt.Key.Key_Escape):
            super().keyPressEvent(event)
            return
        if key in DROPS:
            self.handleDropped.emit(handle)
            return
        if key is Qt.Key.Key_Escape:
            self._handles.mark("selected", None)
            return
        size = NUDGE * (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        x, y = self._handles.points[handle]
        dx, dy = NUDGES[key]
        y += dy * size * (self.y_axis.high - self.y_axis.low)
        self.handlePressed.emit(handle)
        y = 10.0**y if self.y_axis.log else y
        self.handleMoved.emit(handle, x + dx * size * (self.x_axis.high - self.x_axis.low), y)
        self.handleReleased.emit(handle)
