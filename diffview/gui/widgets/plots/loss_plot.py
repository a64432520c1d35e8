"""The loss over the steps of a training, or over noise levels."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from diffview.fields.numbers import round_up
from diffview.gui.show.lines import Floats, decades, finite, smooth
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import dashed, ink, inside
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen
from diffview.gui.widgets.plots.plot_base import PlotBase

FEWEST_STEPS = 100
"""The fewest steps that the axis spans."""

HEIGHT = 156
LEAST = 1e-3
"""Error below which a noise level is not shown: the field is far below the noise, which is easy to see."""


class LossPlot(PlotBase):
    """Loss on a log axis against steps (linear) or noise levels (log).

    Its ranges grow by whole decades and never shrink until `clear`, so that the curve falls and not the axis.
    """

    def __init__(self, by_level: bool = False, parent: QWidget | None = None) -> None:
        name = "Loss against noise level" if by_level else "Loss against training step"
        super().__init__(name, (44, 8, 12, 36), parent, HEIGHT)
        self.by_level = by_level
        self._raw = self.add_curve("faint", 1.0)
        self._smooth = self.add_curve("reverse", 1.5)
        self._reference: tuple[Floats, Floats] | None = None
        self._words: list[tuple[str, str]] = []
        self.x_axis.log, self.x_axis.integers = by_level, not by_level
        self.x_axis.label = "noise level s" if by_level else "training step"
        self.y_axis.log = True
        self.y_axis.label = "|ε − ε̂|²" if by_level else "loss"
        self.clear()

    def clear(self) -> None:
        """Remove the curve, and reset the ranges."""
        self._raw.clear()
        self._smooth.clear()
        self._reference, self._words, self._empty = None, [], True
        self.set_ranges(x=(-2.0, 1.0) if self.by_level else (0.0, FEWEST_STEPS), y=(-2.0, 0.0))

    def set_reference(self, x: Floats, y: Floats, text: str) -> None:
        """Draw a dashed line to compare with, in data units, and its name."""
        self._reference, self._words = (np.log10(x), np.log10(y)), [("trained", "reverse"), (text, "dim")]
        self.redraw()

    @property
    def has_reference(self) -> bool:
        """Whether there is a line to compare with."""
        return self._reference is not None

    def curve(self) -> tuple[Floats, Floats]:
        """The curve, in view coordinates."""
        x, y = self._smooth.getData()
        return (np.empty(0), np.empty(0)) if x is None else (x, y)

    def set_curve(self, x: Floats, y: Floats) -> None:
        """Draw losses y at steps or noise levels x; those that are unknown are left out."""
        there = np.isfinite(y) & (y > 0)
        x, y = x[there], y[there]
        if len(x) < 2:
            return
        self._widen(x, y)
        at, low, high = np.log10(x) if self.by_level else x, self.y_axis.low, self.y_axis.high
        if not self.by_level:
            self._raw.setData(at, finite(np.log10(y), low, high))
            y = smooth(y)
        self._smooth.setData(at, finite(np.log10(y), low, high))

    def _widen(self, x: Floats, y: Floats) -> None:
        low, high = decades(np.maximum(y, LEAST) if self.by_level else y)
        if not self._empty:
            low, high = min(low, self.y_axis.low), max(high, self.y_axis.high)
        if self.by_level:
            span = float(np.log10(x[0])), float(np.log10(x[-1]))
            if not self._empty:
                span = min(span[0], self.x_axis.low), max(span[1], self.x_axis.high)
        else:
            span = 0.0, max(round_up(float(x[-1])), FEWEST_STEPS, self.x_axis.high)
        now = self.x_axis.low, self.x_axis.high, self.y_axis.low, self.y_axis.high
        self._empty = False
        if (*span, low, high) != now:
            self.set_ranges(x=span, y=(low, high))

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The line to compare with, and the legend."""
        if self._reference is None or self.message:
            return
        with inside(painter, box):
            ink(painter, dashed(pen(palette, "dim", 1.2), 4, 3))
            painter.drawPath(self.pixel_path(*self._reference))
        paint_legend(painter, box.right() - 4, box.top() + 2, self._words, palette, column=True)
