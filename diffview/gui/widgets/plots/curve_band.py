"""A band between two curves, below the curves themselves: where most of many lie."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath

from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.plots.plot_base import Overlay, PlotBase

STRENGTH = 70
"""Opacity of its area."""


class CurveBand(Overlay):
    """The area between a lower and an upper curve, in view coordinates; nothing without them.

    Attributes:
        low, high: (x, y) of the curves, or None.
    """

    def __init__(self, plot: PlotBase, token: str) -> None:
        super().__init__(plot, z=5)
        self._token = token
        self.low: tuple[Floats, Floats] | None = None
        self.high: tuple[Floats, Floats] | None = None

    @property
    def filled(self) -> bool:
        """Whether there is one."""
        return self.low is not None and self.high is not None

    def bounds(self) -> QRectF:
        """The plot."""
        return self.plot.plot_rect

    def set_curves(self, low: tuple[Floats, Floats] | None, high: tuple[Floats, Floats] | None) -> None:
        """Take two curves of the same x, or None and None."""
        if self.filled or low is not None:
            self.low, self.high = low, high
            self.refresh()

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Fill the area."""
        if self.low is None or self.high is None or self.plot.message:
            return
        x = np.concatenate([self.low[0], self.high[0][::-1]])
        y = np.concatenate([self.low[1], self.high[1][::-1]])
        outline: QPainterPath = self.plot.pixel_path(x, y)
        painter.setClipRect(self.plot.plot_rect)
        ink(painter, None, palette.colour(self._token, STRENGTH))
        painter.drawPath(outline)
