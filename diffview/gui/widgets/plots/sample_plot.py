"""The histogram of members at one place, in physical units, with marks: truth, what was given, the mean."""

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette
from diffview.gui.widgets.plots.plot_axis import paint_legend
from diffview.gui.widgets.plots.plot_base import PlotBase

MARKS = {"mean": "reverse", "given": "forward", "truth": "text"}
"""What may be marked, with the tokens of the colours."""

HEADROOM, MARGIN = 1.25, 0.06
"""Top of the axis as a multiple of the largest count, and the share of the span beside it."""


class SamplePlot(PlotBase):
    """Counts of members as bars, and a vertical line for every mark.

    Attributes:
        marks: values that are marked, by name.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Members at one place", (16, 6, 16, 36), parent)
        self.y_axis.grid = self.y_axis.line = self.y_axis.labels = False
        self._bars = self.add_curve("reverse", 1.0, fill=90, fast=False)
        self._lines = {name: self.add_curve(token, 2.0) for name, token in MARKS.items()}
        self.marks: dict[str, float] = {}

    def set_sample(self, edges: Floats, counts: Floats, units: str, marks: Mapping[str, float | None]) -> None:
        """Draw counts between edges, and the marks that have a value."""
        self.marks = {name: value for name, value in marks.items() if value is not None and np.isfinite(value)}
        ends = [float(edges[0]), float(edges[-1]), *self.marks.values()]
        margin, top = MARGIN * (max(ends) - min(ends)), HEADROOM * float(max(counts.max(), 1))
        self.x_axis.label = units
        self.set_ranges((min(ends) - margin, max(ends) + margin), (0.0, top))
        self._bars.setData(np.repeat(edges, 2), np.concatenate([[0], np.repeat(counts.astype(float), 2), [0]]))
        for name, line in self._lines.items():
            at = self.marks.get(name)
            if at is not None:
                line.setData(np.array([at, at]), np.array([0.0, top]))
            elif line.filled:
                line.clear()
        self.redraw()

    def legend_items(self) -> list[tuple[str, str]]:
        """The marks, and the tokens of their colours."""
        return [(name, token) for name, token in MARKS.items() if name in self.marks]

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The legend."""
        if not self.message:
            paint_legend(painter, box.right() - 4, box.top() + 2, self.legend_items(), palette)
