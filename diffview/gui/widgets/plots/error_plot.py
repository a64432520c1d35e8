"""The error along runs over the noise level, log-log, with that of a perfect sampler dashed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import dashed, ink, inside
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen
from diffview.gui.widgets.plots.plot_base import PlotBase

HEIGHT = 176
ROOM, LEAST_SPAN = 0.1, 0.2
"""Of the range of errors: the room above and below, and the fewest decades that it spans."""


@dataclass(frozen=True, eq=False)
class ErrorLine:
    """One line: errors y at noise levels x, in data units; `ideal`: that of a perfect sampler, dashed and unnamed."""

    name: str
    token: str
    x: Floats
    y: Floats
    ideal: bool = False


def _around(values: Floats, room: float) -> tuple[float, float]:
    """log10 of the ends of positive values with room around them, a fifth of a decade at least."""
    low, high = float(np.log10(values.min())), float(np.log10(values.max()))
    more = max(room * (high - low), (LEAST_SPAN - (high - low)) / 2)
    return low - more, high + more


class ErrorPlot(PlotBase):
    """Lines, and a mark at the noise level on screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Error along the runs", (50, 10, 12, 36), parent, HEIGHT)
        self.lines: tuple[ErrorLine, ...] = ()
        self._at: float | None = None
        self.x_axis.log = self.y_axis.log = True
        self.x_axis.label = "noise level s"
        self.show_lines((), "", "")

    def show_lines(self, lines: Sequence[ErrorLine], label: str, empty: str) -> None:
        """Draw lines; `label` is that of the y axis, `empty` the message without any."""
        self.lines = tuple(lines)
        self.y_axis.label = label
        x, y = (np.concatenate([np.asarray(getattr(line, axis)) for line in lines] or [np.empty(0)]) for axis in "xy")
        there = (x > 0) & (y > 0) & np.isfinite(y)
        self.show_message("" if there.any() else empty)
        if there.any():
            self.set_ranges(x=_around(x[there], 0.0), y=_around(y[there], ROOM))
        self.setAccessibleDescription(", ".join(line.name for line in lines if not line.ideal) or empty)
        self.redraw()

    def mark(self, s: float | None) -> None:
        """Mark a noise level, or none."""
        if s != self._at:
            self._at = s
            self.redraw()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The mark below the lines, and the legend."""
        if self.message:
            return
        with inside(painter, box):
            if self._at is not None and self._at > 0:
                x = self.to_pixel(float(np.log10(self._at)), 0.0).x()
                painter.fillRect(QRectF(x - 0.5, box.top(), 1, box.height()), palette.colour("dim", 140))
            for line in self.lines:
                stroke = pen(palette, line.token, 1.3 if line.ideal else 1.7)
                ink(painter, dashed(stroke, 4, 3) if line.ideal else stroke)
                with np.errstate(divide="ignore", invalid="ignore"):
                    points = np.log10(np.asarray(line.x)), np.log10(np.asarray(line.y))
                there = np.isfinite(points[0]) & np.isfinite(points[1])
                painter.drawPath(self.pixel_path(points[0][there], points[1][there]))
        names = [(line.name, line.token) for line in self.lines if not line.ideal]
        if any(line.ideal for line in self.lines):
            names.append(("perfect sampler", "dim"))
        paint_legend(painter, box.right() - 4, box.top() + 2, names, palette, column=True)
