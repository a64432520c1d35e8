"""The schedule plot: the schedule as a curve that can be dragged, over the axis of the playhead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QGraphicsItem, QWidget

from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.plots.plot_axis import LABEL_GAP, Floats, finite, plot_font
from diffview.gui.widgets.plots.schedule_items import Band, Handles, ReferenceCurves, RunLevels, name_references
from diffview.gui.widgets.plots.time_plot import TimePlot
from diffview.gui.widgets.small.text import set_tip

CURVE_PX = 7.0
PULL_PX = 4.0
NUDGE = 0.005
NUDGES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


@dataclass(frozen=True)
class QuantityAxis:
    """The quantity of the y axis: its name, its fixed range, whether it is logarithmic and may be edited."""

    label: str
    low: float
    high: float
    log: bool = False
    editable: bool = True


QUANTITIES = {
    "alpha_bar": QuantityAxis("\u03b1\u0305", 0.0, 1.0),
    "log_snr": QuantityAxis("log-SNR", -12.0, 12.0),
    "sigma": QuantityAxis("\u03c3", 0.0, 1.0),
    "beta": QuantityAxis("\u03b2", 1e-5, 1.0, log=True, editable=False),
}


class SchedulePlot(TimePlot):
    """Curve, reference curves, handles, levels of the run, trained band and playhead.

    It signals drags and draws what it is given: a dragged handle stays where the caller puts it. Pulling a curve
    without handles up or down asks for handles by `curveGrabbed`; if the caller calls `set_handles`, the drag goes on
    with the handle under the pointer. A triangle of the grid is pulled along the axis.
    """

    handlePressed = Signal(int)
    handleMoved = Signal(int, float, float)
    handleReleased = Signal(int)
    curveGrabbed = Signal(float, float)
    tickPressed = Signal(int)
    tickMoved = Signal(int, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Noise schedule over time", (44, 24, 20, 22), tagged=True, parent=parent)
        self._band = Band(self)
        self._levels = RunLevels(self)
        self._handles = Handles(self)
        self._curve = self.add_curve("forward", 2.0, fast=False)
        self._curve.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # it stands still mostly
        self._points: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self._references: list[tuple[str, Floats, Floats]] = []
        self._dotted = ReferenceCurves()
        self._read_only = False
        self._press: QPointF | None = None
        self._tick: int | None = None
        self.quantity, self._span = "", (0.0, 0.0)
        self.set_quantity("alpha_bar")

    # -- what is shown

    def set_quantity(self, name: str, low: float | None = None, high: float | None = None) -> None:
        """Show alpha_bar, log_snr, sigma or beta; the range is the quantity's own unless given."""
        known = QUANTITIES[name]
        span = (known.low if low is None else low, known.high if high is None else high)
        if (name, span) == (self.quantity, self._span):
            return
        self.quantity, self._span = name, span
        bottom, top = np.log10(span) if known.log else span
        room = 0.04 * (top - bottom)
        self.y_axis.log = known.log
        self.set_ranges(y=(float(bottom - room), float(top + room)))
        self._put_curve()

    def set_read_only(self, read_only: bool) -> None:
        """Forbid all drags of the curve; beta never allows them."""
        self._read_only = read_only
        self._handles.setVisible(self.editable)

    @property
    def editable(self) -> bool:
        """Whether curve and handles can be dragged."""
        return QUANTITIES[self.quantity].editable and not self._read_only

    def set_curve(self, x: Floats, y: Floats) -> None:
        """Show y over x, both in the units of the axes (beta as it is, not its log)."""
        points = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if all(np.array_equal(new, old) for new, old in zip(points, self._points, strict=True)):
            return
        self._points = points
        self._put_curve()
        self.redraw()  # the names of the reference curves lie where the curve is not

    def set_references(self, references: Sequence[tuple[str, Floats, Floats]]) -> None:
        """Show other schedules dimly, each with its name."""
        self._references = [(name, np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for name, x, y in references]
        self.redraw()

    def set_handles(self, handles: Sequence[tuple[float, float]] | None) -> None:
        """Show draggable points at (x, y); None or [] shows none."""
        self._handles.set_points([(x, float(self._view_y(np.array([y]))[0])) for x, y in handles or []])
        self._handles.setVisible(self.editable)

    def set_grid_ticks(self, x: Floats) -> None:
        """Mark the levels a run visits."""
        self._levels.set_levels(np.asarray(x, dtype=float))

    def set_offered_ticks(self, x: Floats) -> None:
        """Show other levels that the run could visit, as empty triangles; an empty array shows none."""
        if not np.array_equal(x, self._levels.offered):
            self._levels.offered = np.asarray(x, dtype=float)
            self._levels.refresh()

    def set_run_marker(self, x: float | None) -> None:
        """Mark the level at which the run is now."""
        self._levels.current = x
        self._levels.update()

    def set_band(self, low: float | None, high: float | None = None, tooltip: str = "") -> None:
        """Mark the trained range, to the right end where high is None; low None marks nothing."""
        set_tip(self._band, tooltip)
        span = None if low is None else (low, high)
        if span == self._band.span:
            return
        self._band.span = span
        self._band.refresh()
        self.redraw()

    def lay_out(self) -> None:
        """Keep every layer on its values."""
        super().lay_out()
        for item in self.scene().items():
            if isinstance(item, (Band, RunLevels, Handles)):
                item.refresh()

    # -- drawing

    def _view_y(self, y: Floats) -> Floats:
        if self.y_axis.log:
            y = np.log10(np.maximum(y, 1e-300))
        return finite(y, self.y_axis.low, self.y_axis.high)

    def _put_curve(self) -> None:
        x, y = self._points
        self._curve.setData(x, self._view_y(y))

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Reference curves, the name of the band and of the axes."""
        curve = self.pixel_arrays(self._points[0], self._view_y(self._points[1]))
        painter.save()
        painter.setClipRect(box.adjusted(0, -1, 0, 1))
        taken = [rect] if (rect := self._band.paint_name(painter, palette, curve)) else []
        references = [(label, self.pixel_arrays(x, self._view_y(y))) for label, x, y in self._references]
        painter.drawPixmap(0, 0, self._dotted.picture(references, self.size(), self.devicePixelRatioF(), palette))
        name_references(painter, palette, box, references, curve, taken)
        painter.restore()
        painter.setFont(plot_font())
        painter.setPen(palette.colour("dim"))
        middle = Qt.AlignmentFlag.AlignVCenter
        name, height = QUANTITIES[self.quantity].label, theme.px(17)
        left = max(box.left() - 6 - painter.fontMetrics().horizontalAdvance(name), 4)
        painter.drawText(QRectF(left, box.top() - height - 4, box.width(), height), middle, name)
        corner = QRectF(0, box.bottom() + LABEL_GAP, box.left() - 14, painter.fontMetrics().height())
        painter.drawText(corner, middle | Qt.AlignmentFlag.AlignRight, "t" if self.x_kind == "t" else "ln s")

    # -- the mouse

    def _near_curve(self, point: QPointF) -> bool:
        x, y = self._points
        if not len(x) or not self.editable or self._handles.points:
            return False
        px, py = self.pixel_arrays(x, self._view_y(y))
        across = abs(np.interp(point.x(), px, py) - point.y())
        return bool(min(across, np.hypot(px - point.x(), py - point.y()).min()) <= CURVE_PX)

    def hover(self, point: QPointF) -> None:
        """Highlight the handle, or show by the cursor what a press would grab."""
        handle = self._handles.at(point) if self.editable else None
        self._handles.mark("hovered", handle)
        super().hover(point)
        if handle is not None:
            self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._levels.at(point) is not None:
            self.viewport().setCursor(Qt.CursorShape.SizeHorCursor)
        elif not self.on_playhead(point) and self._near_curve(point):
            self.viewport().setCursor(Qt.CursorShape.SizeVerCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab a handle, else wait whether the curve is pulled, else scrub."""
        point = event.position()
        if event.button() is Qt.MouseButton.LeftButton and self.editable:
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
        """Move the grabbed handle or tick."""
        point = event.position()
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
        """Let go; a press on the curve that was not pulled is a jump."""
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
        count = len(self._handles.points) if self.editable else 0
        now = self._handles.selected
        step = 1 if forward else -1
        target = (0 if forward else count - 1) if now is None else now + step
        if not self.hasFocus() or not 0 <= target < count:
            self._handles.mark("selected", None)
            return bool(super().focusNextPrevChild(forward))
        self._handles.mark("selected", target)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows nudge the selected handle (10 times with Shift); without one they move the playhead."""
        handle, key = self._handles.selected, Qt.Key(event.key())
        if handle is None or key not in (*NUDGES, Qt.Key.Key_Escape):
            super().keyPressEvent(event)
            return
        if key is Qt.Key.Key_Escape:
            self._handles.mark("selected", None)
            return
        size = NUDGE * (10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        x, y = self._handles.points[handle]
        dx, dy = NUDGES[key]
        y += dy * size * (self.y_axis.high - self.y_axis.low)
        self.handlePressed.emit(handle)
        self.handleMoved.emit(handle, x + dx * size * (self.x_axis.high - self.x_axis.low), y)
        self.handleReleased.emit(handle)
