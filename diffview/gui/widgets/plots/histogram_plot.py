"""Histogram of x_t beside N(0, 1), the distribution that the forward process leads to."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Floats, finite
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import dashed
from diffview.gui.widgets.plots.field_curves import FieldCurves
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen

TOP, MOST, HEADROOM = 0.6, 2.0, 1.1
"""Least and highest density at the top of the axis, and the top as a multiple of the highest density of x_0."""


class HistogramPlot(FieldCurves):
    """Densities over standardised values: x_t filled, x_0 thin, the reverse run in its colour, N(0, 1) dotted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Histogram of values", (16, 6, 16, 22), "x\u2080", 56, parent)
        self.y_axis.grid = self.y_axis.line = self.y_axis.labels = False
        self.set_range()

    def set_range(self, low: float = -4.0, high: float = 4.0, top: float = TOP) -> None:
        """Fix the values shown, low..high, and the highest density."""
        self.set_ranges(x=(low, high), y=(0.0, top))

    def set_top(self, highest: float) -> None:
        """Have room for a density this high: the axis stays while x_t changes, and N(0, 1) can always be read."""
        self.set_range(top=min(max(TOP, HEADROOM * highest), MOST))

    def set_reference(self, shown: bool = True) -> None:
        """Draw the density of N(0, 1)."""
        self.reference = "N(0, 1)" if shown else ""
        self.redraw()

    def set_data(
        self,
        edges: Floats,
        xt: Floats,
        x0: Floats | None = None,
        reverse: Floats | None = None,
        members: tuple[Floats, Floats] | None = None,
    ) -> None:
        """Densities per bin, and the two between which most members lie; `edges` has one element more than each."""
        centres, before = (edges[:-1] + edges[1:]) / 2, self.legend_items()

        def placed(density: Floats) -> tuple[Floats, Floats]:
            return centres, finite(density, 0.0, self.y_axis.high)

        self.put(x0, xt, reverse, place=placed)
        self.put_members(members, placed)
        if self.legend_items() != before:
            self.redraw()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The normal density and the legend."""
        if self.message:
            return
        if self.reference:
            x = np.linspace(self.x_axis.low, self.x_axis.high, 161)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(dashed(pen(palette, "dim", 1.2), 2.5, 2.5))
            painter.drawPath(self.pixel_path(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)))
        paint_legend(painter, box.right() - 4, box.top() + 2, self.legend_items(), palette, column=True)
