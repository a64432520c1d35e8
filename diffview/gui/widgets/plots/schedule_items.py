"""The layers of the schedule plot that lie in pixel coordinates: band, run levels, handles."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPolygonF

from diffview.gui.show.boxes import Box
from diffview.gui.show.lines import Floats
from diffview.gui.show.schedule_marks import Points, bars, beside, crosses, crowded
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import CENTRE, dashed, ink, write
from diffview.gui.widgets.plots.plot_axis import pen, plot_font
from diffview.gui.widgets.plots.plot_base import Overlay, PlotBase

HIT_PX = 12.0
HANDLE_PX = 5.5
TRIANGLE_PX = (9.0, 8.0)
MARK_PX = 3.5
BAND_NAME = "trained range"


class Band(Overlay):
    """The range of noise levels a model was trained on: a bar above the plot and a faint wash through it."""

    def __init__(self, plot: PlotBase) -> None:
        super().__init__(plot, z=-200)
        self.span: tuple[float, float | None] | None = None

    def bounds(self) -> QRectF:
        """From the bar down to the axis."""
        if self.span is None:
            return QRectF()
        box, (low, high) = self.plot.plot_rect, self.span
        left = max(self.plot.to_pixel(low, 0).x(), box.left())
        right = box.right() if high is None else min(self.plot.to_pixel(high, 0).x(), box.right())
        return QRectF(left, box.top() - 1, max(right - left, 0.0), box.height() + 1)

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Wash, then bar."""
        area = self.bounds()
        if area.width() <= 0:
            return
        painter.fillRect(area, palette.colour("good", 13))
        ink(painter, None, palette.colour("good", 190))
        painter.drawRoundedRect(QRectF(area.left(), area.top(), area.width(), 3), 1.5, 1.5)

    def paint_name(self, painter: QPainter, palette: Palette, curve: Points) -> QRectF | None:
        """Write the name of the bar below its right or left end, off the curve; returns its rectangle."""
        area = self.bounds()
        metrics = QFontMetricsF(plot_font())
        width, height = metrics.horizontalAdvance(BAND_NAME) + 2, metrics.height()
        for left in (area.right() - width - 6, area.left() + 6):
            box = Box(left, area.top() + 5, width, height)
            rect = QRectF(*box)
            if area.contains(rect) and not crosses(curve, box):
                painter.setFont(plot_font())
                write(painter, rect, BAND_NAME, palette.blend("good", "panel", 0.8))
                return rect
        return None


class RunLevels(Overlay):
    """The levels that a run visits: triangles on the axis, or ticks where triangles would crowd."""

    def __init__(self, plot: PlotBase) -> None:
        super().__init__(plot, z=20)
        self.levels: Floats = np.empty(0)
        self.offered: Floats = np.empty(0)
        self.current: float | None = None
        self._path: QPainterPath | None = None

    @property
    def _triangle(self) -> tuple[float, float]:
        """Width and height of a mark."""
        wide, high = TRIANGLE_PX
        return theme.stroke(wide), theme.stroke(high)

    def set_levels(self, levels: Floats) -> None:
        """Take other levels."""
        self.levels = levels
        self.refresh()

    def refresh(self) -> None:
        """Paint again; the marks are made anew, once, however often they are painted."""
        self._path = None
        super().refresh()

    def at(self, point: QPointF) -> int | None:
        """The triangle under `point`; a tick among crowded ones is not taken."""
        base = self.plot.plot_rect.bottom()
        if not len(self.levels) or not base - 1.5 * TRIANGLE_PX[1] <= point.y() <= base + 4:
            return None
        pixels = self.plot.pixel_arrays(self.levels, np.zeros_like(self.levels))[0]
        nearest = int(np.argmin(np.abs(pixels - point.x())))
        near = abs(float(pixels[nearest]) - point.x()) <= TRIANGLE_PX[0] / 2 + 1
        return nearest if near and not crowded(pixels)[nearest] else None

    def bounds(self) -> QRectF:
        """The strip above the axis."""
        box, high = self.plot.plot_rect, 1.5 * self._triangle[1]
        return QRectF(box.left() - 8, box.bottom() - high - 2, box.width() + 16, high + 6)

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """All levels, then the one the run is at, larger."""
        base, triangle = self.plot.plot_rect.bottom(), self._triangle
        if self._path is None:
            self._path = self._marks(base)
        ink(painter, None, palette.colour("reverse", 255 if self.current is None else 150))
        painter.drawPath(self._path)
        if len(self.offered):
            ink(painter, pen(palette, "good", 1.25))
            for at in self.plot.pixel_arrays(self.offered, np.zeros_like(self.offered))[0].tolist():
                painter.drawPolygon(_triangle(at, base, *triangle))
        if self.current is not None:
            ink(painter, pen(palette, "panel", 1.5), palette.colour("reverse"))
            painter.drawPolygon(
                _triangle(self.plot.to_pixel(self.current, 0).x(), base, *(1.5 * side for side in triangle))
            )

    def _marks(self, base: float) -> QPainterPath:
        pixels = self.plot.pixel_arrays(self.levels, np.zeros_like(self.levels))[0]
        path, close, triangle = QPainterPath(), crowded(pixels), self._triangle
        for at in pixels[~close].tolist():
            path.addPolygon(_triangle(at, base, *triangle))
        for first, last in bars(pixels[close]):
            path.addRect(QRectF(first - 0.5, base - triangle[1], last - first + 1, triangle[1]))
        path.setFillRule(Qt.FillRule.WindingFill)
        return path


class Handles(Overlay):
    """Round draggable points on the curve; one may be hovered, one selected."""

    def __init__(self, plot: PlotBase) -> None:
        super().__init__(plot, z=40)
        self.points: list[tuple[float, float]] = []
        self.hovered: int | None = None
        self.selected: int | None = None
        self.held: int | None = None

    def bounds(self) -> QRectF:
        """The plot and a handle's radius around it."""
        reach = theme.stroke(HIT_PX)
        return self.plot.plot_rect.adjusted(-reach, -reach, reach, reach)

    def set_points(self, points: Sequence[tuple[float, float]]) -> None:
        """Take new positions; a selection that no longer exists is dropped."""
        self.points = list(points)
        for name in ("hovered", "selected", "held"):
            index = getattr(self, name)
            if index is not None and index >= len(self.points):
                setattr(self, name, None)
        self.update()

    def mark(self, name: str, index: int | None) -> None:
        """Set hovered, selected or held."""
        if getattr(self, name) != index:
            setattr(self, name, index)
            self.update()

    def at(self, point: QPointF) -> int | None:
        """The handle within reach of `point`, the nearest first."""
        gaps = [QPointF(self.plot.to_pixel(*p) - point) for p in self.points]
        distances = [np.hypot(g.x(), g.y()) for g in gaps]
        if not distances or min(distances) > theme.stroke(HIT_PX):
            return None
        return int(np.argmin(distances))

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Rings; filled and larger under the pointer, with a halo when selected by key."""
        radius = theme.stroke(HANDLE_PX)
        for i, point in enumerate(self.points):
            centre = self.plot.to_pixel(*point)
            lit = i in (self.hovered, self.held)
            if i == self.selected and self.plot.hasFocus():
                ink(painter, pen(palette, "text", 1.5))
                painter.drawEllipse(centre, radius + 4.5, radius + 4.5)
            elif lit:
                ink(painter, None, palette.colour("forward", 60))
                painter.drawEllipse(centre, radius + 5, radius + 5)
            ink(painter, pen(palette, "forward", 2), palette.colour("forward" if lit else "panel"))
            painter.drawEllipse(centre, radius, radius)


class Stroke(Overlay):
    """What the hand draws, while it does, in pixels."""

    def __init__(self, plot: PlotBase) -> None:
        super().__init__(plot, z=45)
        self.points: list[QPointF] = []

    def bounds(self) -> QRectF:
        """The whole plot."""
        return self.plot.plot_rect

    def put(self, points: list[QPointF]) -> None:
        """Show these points, or none."""
        self.points = points
        self.update()

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """A line through them."""
        ink(painter, pen(palette, "text", 1.5))
        painter.drawPolyline(QPolygonF(self.points))


References = Sequence[tuple[str, Points]]
"""Reference curves: names, and points in pixels."""


def draw_references(painter: QPainter, references: References, marks: Sequence[Points], palette: Palette) -> None:
    """Draw them dotted, with a short bar through each marked place."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(dashed(pen(palette, "dim", 1.2, 190), 0.1, 3.0))
    for _, points in references:
        painter.drawPath(pg.arrayToQPath(*points, connect="finite"))
    painter.setPen(pen(palette, "dim", 1.2))
    reach = theme.stroke(MARK_PX)
    for across, up in marks:
        for x, y in zip(across.tolist(), up.tolist(), strict=True):
            painter.drawLine(QPointF(x, y - reach), QPointF(x, y + reach))


def name_references(
    painter: QPainter,
    palette: Palette,
    box: QRectF,
    references: References,
    curve: Points,
    taken: list[QRectF],
) -> None:
    """Give each reference curve, in pixels, its name where it hides nothing."""
    painter.setFont(plot_font())
    painter.setPen(palette.colour("dim"))
    metrics = QFontMetricsF(plot_font())
    for label, points in references:
        room = box.adjusted(0, 4, 0, -10)
        boxes = beside(points, metrics.horizontalAdvance(label) + 4, metrics.height())
        free = (QRectF(*b) for b in boxes if room.contains(QRectF(*b)) and not crosses(curve, b))
        rect = next((r for r in free if not any(r.intersects(t) for t in taken)), None)
        if rect is not None:
            taken.append(rect)
            painter.drawText(rect, CENTRE, label)


def _triangle(at: float, base: float, width: float, height: float) -> QPolygonF:
    return QPolygonF([QPointF(at - width / 2, base), QPointF(at + width / 2, base), QPointF(at, base - height)])
