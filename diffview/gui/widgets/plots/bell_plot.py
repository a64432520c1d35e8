"""Densities of one number, each a named curve, and values that are marked."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import AxisMark, Floats, Line, finite
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import write
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, paint_legend, plot_font
from diffview.gui.widgets.plots.plot_base import Curve, PlotBase

HEADROOM = 1.3
"""Top of the axis as a multiple of the highest density: the legend stands there."""

BELOW = 0.86
"""Share of the height up to which the line of a mark goes: above it stands its word."""

TOKENS = ("forward", "reverse", "text", "dim")


class BellPlot(PlotBase):
    """Up to four densities over one axis, and up to four vertical lines with a word at their top."""

    def __init__(self, name: str, label: str, height: int = 150, parent: QWidget | None = None) -> None:
        super().__init__(name, (12, 6, 12, 36), parent, height)
        self.y_axis.grid = self.y_axis.line = self.y_axis.labels = False
        self.x_axis.label = label
        self._curves = {token: self.add_curve(token, 1.8, fill=40) for token in TOKENS}
        self._lines: dict[str, Curve] = {token: self.add_curve(token, 1.2) for token in TOKENS}
        self.lines: Sequence[Line] = ()
        self.marks: Sequence[AxisMark] = ()

    def show_lines(self, lines: Sequence[Line], marks: Sequence[AxisMark] = ()) -> None:
        """Draw densities, at most one for each token of TOKENS, over their x, and marks at most one for each too."""
        self.lines, self.marks = lines, marks
        ends = [float(x) for line in lines for x in (line.x[0], line.x[-1])] or [0.0, 1.0]
        top = HEADROOM * max([float(np.max(line.y)) for line in lines], default=1.0)
        self.set_ranges((min(ends), max(ends)), (0.0, max(top, 1e-12)))
        drawn = {line.token: line for line in lines}
        marked = {mark.token: mark for mark in marks}
        for token, curve in self._curves.items():
            line = drawn.get(token)
            curve.clear() if line is None else curve.setData(line.x, finite(line.y, 0.0, top))
        for token, curve in self._lines.items():
            mark = marked.get(token)
            curve.clear() if mark is None else curve.setData(*_upright(mark.x, top))
        self.redraw()

    def legend_items(self) -> list[tuple[str, str]]:
        """The curves, and the tokens of their colours."""
        return [(line.name, line.token) for line in self.lines]

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The legend, and the words of the marks at the axis."""
        if self.message:
            return
        paint_legend(painter, box.right() - 4, box.top() + 2, self.legend_items(), palette, column=True)
        painter.setFont(plot_font(AXIS_PX))
        for mark in self.marks:
            at = self.to_pixel(mark.x, 0.0).x()
            if box.left() <= at <= box.right():
                place = QRectF(at - 40, box.top() - 2, 80, 14)
                write(painter, place, mark.text, palette.colour(mark.token))


def _upright(x: float, top: float) -> tuple[Floats, Floats]:
    return np.array([x, x]), np.array([0.0, BELOW * top])
