"""Histogram of x_t beside N(0, 1), the distribution that the forward process leads to."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.theme import Palette
from diffview.gui.widgets.plots.plot_axis import Floats, finite, paint_legend, pen
from diffview.gui.widgets.plots.plot_base import Curve, PlotBase


class HistogramPlot(PlotBase):
    """Densities over standardised values: x_t filled, x_0 thin, the reverse run in its colour, N(0, 1) dotted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Histogram of values", (16, 6, 16, 22), parent)
        self._reference = False
        self._forward = self.add_curve("forward", 1.5, fill=56)
        self._source = self.add_curve("text", 1.0)
        self._reverse = self.add_curve("reverse", 1.5)
        self.y_axis.grid = self.y_axis.line = self.y_axis.labels = False
        self.set_range()

    def set_range(self, low: float = -4.0, high: float = 4.0, top: float = 0.6) -> None:
        """Fix the values shown, low..high, and the highest density."""
        self.set_ranges(x=(low, high), y=(0.0, top))

    def set_reference(self, shown: bool = True) -> None:
        """Draw the density of N(0, 1)."""
        self._reference = shown
        self.redraw()

    def set_data(self, edges: Floats, xt: Floats, x0: Floats | None = None, reverse: Floats | None = None) -> None:
        """Densities per bin; `edges` has one element more than each of them."""
        centres = (edges[:-1] + edges[1:]) / 2
        before = self.legend_items()
        for curve, density in ((self._forward, xt), (self._source, x0), (self._reverse, reverse)):
            self._put(curve, centres, density)
        if self.legend_items() != before:
            self.redraw()

    def legend_items(self) -> list[tuple[str, str]]:
        """Names of the curves, and the tokens of their colours."""
        curves = (("x\u2080", "text", self._source), ("x\u209c", "forward", self._forward))
        items = [(name, token) for name, token, curve in curves if curve.xData is not None and len(curve.xData)]
        if self._reverse.xData is not None and len(self._reverse.xData):
            items.append(("reverse", "reverse"))
        return [*items, ("N(0, 1)", "dim")] if self._reference else items

    def _put(self, curve: Curve, centres: Floats, density: Floats | None) -> None:
        if density is None:
            if curve.xData is not None and len(curve.xData):
                curve.clear()
            return
        curve.setData(centres, finite(density, 0.0, self.y_axis.high))

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The normal density and the legend."""
        if self._reference and not self.message:
            x = np.linspace(self.x_axis.low, self.x_axis.high, 161)
            dotted = pen(palette, "dim", 1.2)
            dotted.setDashPattern([2.5, 2.5])
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
            painter.setPen(dotted)
            painter.drawPath(self.pixel_path(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)))
        if not self.message:
            paint_legend(painter, box.right() - 4, box.top() + 2, self.legend_items(), palette, column=True)
