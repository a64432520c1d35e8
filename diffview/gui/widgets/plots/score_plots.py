"""Plots of a verification: a few named lines that stand still, marks on an axis, and ranges in rows."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from diffview.fields.numbers import decimal
from diffview.gui.show.lines import AxisMark, Band, Floats, Line, QuantileBar, finite, log10, span_of
from diffview.gui.show.ticks import Tick
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import RIGHT, dashed, ink, inside, write
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen, plot_font
from diffview.gui.widgets.plots.plot_base import PlotBase

HEIGHT, RANGES_PX, ROW = 164, 42, 24
MARGINS = (52, 22, 12, 38)
DRY_SHARE = 0.16
"""Width of the zero bin, left of the axis, over that of the axis."""

MARK_PX = 9


def line_pen(palette: Palette, token: str, width: float = 1.6) -> QPen:
    """The pen of a line; dim ones are dashed."""
    made = pen(palette, token, width)
    return dashed(made, 4, 3) if token == "dim" else made


class LinesPlot(PlotBase):
    """Named lines on linear or log axes that fit them, with a legend; all painted once, into the background."""

    dry = 0.0  # width of the zero bin in decades

    def __init__(self, name: str, x_log: bool = False, y_log: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(name, MARGINS, parent, HEIGHT)
        self.lines: tuple[Line, ...] = ()
        self.marks: tuple[AxisMark, ...] = ()
        self.band: Band | None = None
        self.x_axis.log, self.y_axis.log = x_log, y_log

    def show_lines(
        self,
        lines: Sequence[Line],
        x_label: str,
        y_label: str,
        marks: Sequence[AxisMark] = (),
        floor: float | None = None,
        band: Band | None = None,
    ) -> None:
        """Draw them over a band (x, one side, the other); `floor` is the least y of a log axis that is shown."""
        self.lines, self.marks, self.band = tuple(lines), tuple(marks), band
        self.x_axis.label, self.y_axis.label = x_label, y_label
        low, high = span_of([line.x for line in lines], self.x_axis.log)
        self.dry = DRY_SHARE * (high - low) if any(line.below is not None for line in lines) else 0.0
        heights = [line.y for line in lines] + [np.array([line.below]) for line in lines if line.below is not None]
        bottom, top = span_of([*heights, *(() if band is None else band[1:])], self.y_axis.log)
        if floor is not None:
            bottom = max(bottom, float(np.log10(floor)))
        room = 0.06 * (top - bottom)
        bottom = bottom - room if self.y_axis.log else min(0.0, bottom)
        self.set_ranges(x=(low - self.dry, high), y=(bottom, top + 3 * room))
        self.setAccessibleDescription(", ".join(line.name for line in lines))

    def lay_out(self) -> None:
        """Put the zero bin, labelled dry, left of the axis."""
        super().lay_out()
        if not self.dry:
            return
        edge = self.x_axis.low + self.dry
        at = self.to_pixel(edge - self.dry / 2, 0).x()
        room = QFontMetricsF(plot_font()).horizontalAdvance("dry 0.1")
        kept = [(tick, x) for tick, x in self.x_axis.ticks if tick.value >= edge - 1e-9]
        kept = [(tick if x - at >= room else Tick(tick.value), x) for tick, x in kept]
        self.x_axis.ticks = [(Tick(edge - self.dry / 2, "dry"), at), *kept]
        self.redraw()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Marks, lines, legend."""
        if self.message:
            return
        with inside(painter, box):
            if self.band is not None:
                x, one, two = self.band
                around = np.concatenate([x, x[::-1]]), np.concatenate([one, two[::-1]])
                path = self.pixel_path(self._view(around[0], self.x_axis.log), self._height(around[1], empty=True))
                painter.fillPath(path, palette.colour("dim", 60))
            self._paint_marks(painter, box, palette)
            for line in reversed(self.lines):
                ink(painter, line_pen(palette, line.token))
                for x, y in self._pieces(line):
                    painter.drawPath(self.pixel_path(x, y))
        paint_legend(painter, box.right(), 2, [(line.name, line.token) for line in self.lines if line.told], palette)

    def _pieces(self, line: Line) -> list[tuple[Floats, Floats]]:
        """A line in view coordinates, and its zero bin."""
        x, y = line.corners()
        pieces = [(self._view(x, self.x_axis.log), self._height(y, empty=line.steps))]
        if line.below is not None:
            low = self.x_axis.low
            across = low + self.dry * np.array([0.15, 0.85])
            pieces.append((across, self._height(np.full(2, line.below), empty=True)))
        return pieces

    def _view(self, values: Floats, log: bool) -> Floats:
        return log10(values) if log else values

    def _height(self, y: Floats, empty: bool) -> Floats:
        """Empty bins go below the plot; elsewhere unknown values break the line."""
        at = self._view(y, self.y_axis.log)
        low, high = self.y_axis.low, self.y_axis.high
        return finite(at, low, high) if empty else np.where(np.isfinite(at), finite(at, low, high), np.nan)

    def _paint_marks(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """From right to left, so that the words of near ones move apart."""
        painter.setFont(plot_font())
        height, limit = QFontMetricsF(plot_font()).height() - 2, box.right() + 2
        first = self.x_axis.low + self.dry
        for mark in sorted(self.marks, key=lambda mark: -mark.x):
            at = float(self._view(np.array(mark.x, dtype=float), self.x_axis.log))
            if not first <= at <= self.x_axis.high:  # NaN and -inf too
                continue
            x = self.to_pixel(at, 0).x()
            if not mark.text:
                tick = theme.px(MARK_PX) * (0.65 if mark.token == "dim" else 1.0)
                painter.setPen(pen(palette, mark.token, 2.0))
                painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() - tick))
                continue
            painter.setPen(dashed(pen(palette, mark.token, 1.0, alpha=150), 1.5, 3))
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.top()))
            limit = min(x, limit - height)
            painter.save()
            painter.translate(limit, box.top() + 2)
            painter.rotate(-90)
            width = QFontMetricsF(plot_font()).horizontalAdvance(mark.text)
            words = QRectF(-width, -height, width, height)
            painter.fillRect(words, palette.colour("panel", 200))
            write(painter, words, mark.text, palette.colour("dim"))
            painter.restore()


class RangesPlot(PlotBase):
    """Medians as marks in rows from 0 on, over a thin line (outer quantiles) and a thick one (quartiles)."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, (84, 4, 44, 38), parent, RANGES_PX + ROW)
        self.rows: tuple[QuantileBar, ...] = ()
        self.y_axis.labels = self.y_axis.grid = self.y_axis.line = False

    def show_rows(self, rows: Sequence[QuantileBar], label: str) -> None:
        """Draw them below each other."""
        self.rows = tuple(rows)
        self.x_axis.label = label
        self.fixed_px = RANGES_PX + ROW * max(1, len(rows))
        self.hold_height()
        highest = max((q for row in rows for q in row.quantiles), default=1.0)
        self.set_ranges(x=(0.0, 1.04 * highest if highest > 0 else 1.0), y=(float(max(1, len(rows))), 0.0))
        self.setAccessibleDescription(", ".join(f"{row.name} {row.median:.3g}" for row in rows))

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Names left, medians right."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setFont(plot_font())
        height = box.height() / max(1, len(self.rows))
        for index, row in enumerate(self.rows):
            y = box.top() + (index + 0.5) * height
            words = QRectF(0, y - height / 2, box.left() - 8, height)
            value = QRectF(box.right() + 2, y - height / 2, self.width() - box.right() - 6, height)
            for place, text in ((words, row.name), (value, decimal(row.median, 2))):
                write(painter, place, text, palette.colour(row.token), RIGHT)
            xs = [self.to_pixel(q, 0).x() for q in row.quantiles]
            if len(xs) == 5:
                for first, last, width, alpha in ((0, 4, 1.2, 150), (1, 3, 5.0, 110)):
                    painter.setPen(pen(palette, row.token, width, alpha))
                    painter.drawLine(QPointF(xs[first], y), QPointF(xs[last], y))
            ink(painter, pen(palette, "panel", 1.5), palette.colour(row.token))
            painter.drawEllipse(QPointF(xs[len(xs) // 2], y), theme.px(5), theme.px(5))
