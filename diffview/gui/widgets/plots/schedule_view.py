"""The schedule plot: the schedule as a curve over the axis of the playhead, with all that lies on it."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QWidget

from diffview.gui.show.lines import Floats, finite
from diffview.gui.show.schedule_marks import QUANTITIES, Points
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import RIGHT, KeptPicture
from diffview.gui.widgets.plots.plot_axis import LABEL_GAP, pen, plot_font
from diffview.gui.widgets.plots.plot_base import Still
from diffview.gui.widgets.plots.schedule_items import Band, Handles, RunLevels, Stroke, draw_references, name_references
from diffview.gui.widgets.plots.time_plot import TimePlot
from diffview.gui.widgets.small.text import set_tip


class ScheduleView(TimePlot):
    """Curve, reference curves, handles, levels of the run, trained band and playhead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Noise schedule over time", (44, 24, 20, 22), tagged=True, parent=parent)
        self._band = Band(self)
        self._named = Still(self, self._paint_named)
        self._levels = RunLevels(self)
        self._handles = Handles(self)
        self._stroke = Stroke(self)
        self._companion: tuple[str, Floats, Floats] | None = None
        self._curve = self.add_curve("forward", 2.0, fast=False)
        self._curve.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # it stands still mostly
        self._points: Points = (np.empty(0), np.empty(0))
        self._references: list[tuple[str, Floats, Floats]] = []
        self.marks: list[Points] = []
        self._dotted = KeptPicture()
        self.quantity, self._span = "", (0.0, 0.0)
        self.set_quantity("alpha_bar")

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

    def set_curve(self, x: Floats, y: Floats) -> None:
        """Show y over x, both in the units of the axes (beta as it is, not its log)."""
        points = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if all(np.array_equal(new, old) for new, old in zip(points, self._points, strict=True)):
            return
        self._points = points
        self._put_curve()
        self._named.refresh()  # the names of the reference curves lie where the curve is not

    def set_companion(self, name: str, x: Floats, share: Floats) -> None:
        """Show another quantity of the same schedule dimly, from 0 at the bottom to 1 at the top; "" shows none."""
        self._companion = (name, np.asarray(x, dtype=float), np.asarray(share, dtype=float)) if name else None
        self._named.refresh()

    def set_references(self, references: Sequence[tuple[str, Floats, Floats]]) -> None:
        """Show other schedules dimly, each with its name."""
        self._references = [(name, np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for name, x, y in references]
        self._named.refresh()

    def set_marks(self, marks: Sequence[Points]) -> None:
        """Mark places on the reference curves: the levels that their runs visit."""
        self.marks = [(np.asarray(x, dtype=float), np.asarray(y, dtype=float)) for x, y in marks]
        self._named.refresh()

    def set_handles(self, handles: Sequence[tuple[float, float]] | None) -> None:
        """Show draggable points at (x, y); None or [] shows none."""
        self._handles.set_points([(x, float(self._view_y(np.array([y]))[0])) for x, y in handles or []])

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
        self._named.refresh()

    # -- drawing

    def _view_y(self, y: Floats) -> Floats:
        if self.y_axis.log:
            y = np.log10(np.maximum(y, 1e-300))
        return finite(y, self.y_axis.low, self.y_axis.high)

    def curve_pixels(self) -> Points:
        """The curve in pixels."""
        return self.pixel_arrays(self._points[0], self._view_y(self._points[1]))

    def _put_curve(self) -> None:
        x, y = self._points
        self._curve.setData(x, self._view_y(y))

    def _of_height(self, share: Floats) -> Floats:
        """The y of a share of the quantity's own height."""
        low, high = np.log10(self._span) if self.y_axis.log else self._span
        return np.asarray(low + share * (high - low))

    def _paint_named(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Reference curves and the companion with their names, and the name of the band, off the curve."""
        curve = self.curve_pixels()
        taken = [rect] if (rect := self._band.paint_name(painter, palette, curve)) else []
        references = [(label, self.pixel_arrays(x, self._view_y(y))) for label, x, y in self._references]
        marks = [self.pixel_arrays(x, self._view_y(y)) for x, y in self.marks]
        key = [part.tobytes() for points in (*(points for _, points in references), *marks) for part in points], palette
        dotted = self._dotted.of(
            key, self.size(), self.devicePixelRatioF(), lambda own: draw_references(own, references, marks, palette)
        )
        painter.drawPixmap(0, 0, dotted)
        if self._companion is not None:
            name, across, up = self._companion
            points = self.pixel_arrays(across, self._of_height(up))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(pen(palette, "dim", 1.5))
            painter.drawPath(pg.arrayToQPath(*points, connect="finite"))
            references.append((name, points))
        name_references(painter, palette, box, references, curve, taken)

    def name_rect(self) -> QRectF:
        """Where the name of the quantity stands: in the row of the tag, at its left."""
        wide, height = QFontMetricsF(plot_font()).horizontalAdvance(QUANTITIES[self.quantity].label), theme.px(17)
        left = max(self.plot_rect.left() - 6 - wide, 4)
        return QRectF(left, self.plot_rect.top() - height - 4, wide + 1, height)

    def tags_from(self) -> float:
        """Right of the name."""
        return self.name_rect().right() + 1

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The names of the axes, and the hint."""
        painter.setFont(plot_font())
        painter.setPen(palette.colour("dim"))
        painter.drawText(self.name_rect(), Qt.AlignmentFlag.AlignVCenter, QUANTITIES[self.quantity].label)
        corner = QRectF(0, box.bottom() + LABEL_GAP, box.left() - 14, painter.fontMetrics().height())
        painter.drawText(corner, RIGHT, "t" if self.x_kind == "t" else "ln s")
