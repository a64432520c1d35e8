"""The loss of a whole training over its steps, and the steps at which its network was kept: one of them is chosen."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Floats, finite, smooth_evenly, span_of
from diffview.gui.theme import Palette
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen
from diffview.gui.widgets.plots.plot_base import Overlay, PlotBase

STOP_PX, CHOSEN_PX = 5.0, 7.5


class Stops(Overlay):
    """A dot on the curve for every step that was kept, and a line through the one that is chosen."""

    def __init__(self, plot: "LearningPlot") -> None:
        super().__init__(plot, z=30)
        self.places: list[tuple[float, float]] = []
        self.chosen = 0

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Line, then dots."""
        box = self.plot.plot_rect
        for i, place in enumerate(self.places):
            at = self.plot.to_pixel(*place)
            if i == self.chosen:
                painter.setPen(pen(palette, "text", 1.5))
                painter.drawLine(QPointF(at.x(), box.top()), QPointF(at.x(), box.bottom()))
            ink(painter, pen(palette, "panel", 2), palette.colour("text" if i == self.chosen else "reverse"))
            size = CHOSEN_PX if i == self.chosen else STOP_PX
            painter.drawEllipse(at, size, size)


class LearningPlot(PlotBase):
    """Loss against steps, both on log axes; a click or a drag chooses the nearest step that was kept.

    Signals:
        chosen: its index.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Loss of the training against its steps", (44, 8, 12, 36), parent, 180)
        self._raw, self._smooth = self.add_curve("faint", 1.0), self.add_curve("reverse", 1.6)
        self._held = self.add_curve("text", 1.2)
        self.x_axis.log = self.y_axis.log = True
        self.x_axis.label, self.y_axis.label = "training step", "|ε − ε̂|²"
        self.stops = Stops(self)

    def set_curve(self, steps: Floats, losses: Floats, held_out: Floats, kept: Sequence[int]) -> None:
        """Draw losses, those of held-out fields, and the steps that were kept."""
        low, high = span_of([0.9 * losses, 1.4 * held_out], log=True)  # the legend stands above
        self.set_ranges((float(np.log10(steps[0])) - 0.1, float(np.log10(steps[-1])) + 0.1), (low, high))
        x, mean = np.log10(steps), smooth_evenly(losses)
        for curve, values in ((self._raw, losses), (self._smooth, mean), (self._held, held_out)):
            curve.setData(x, finite(np.log10(values), low, high))
        self.stops.places = [(float(np.log10(k)), float(np.log10(np.interp(k, steps, mean)))) for k in kept]
        self.stops.refresh()

    def choose(self, index: int) -> None:
        """Show which is chosen."""
        self.stops.chosen = index
        self.stops.update()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The legend."""
        names = [("training", "reverse"), ("held-out fields", "text")]
        paint_legend(painter, box.right() - 4, box.top() + 2, names, palette, column=True)

    def _nearest(self, point: QPointF) -> int:
        apart = [abs(self.to_pixel(*place).x() - point.x()) for place in self.stops.places]
        return int(np.argmin(apart))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose."""
        if event.button() is Qt.MouseButton.LeftButton and self.stops.places:
            self.chosen.emit(self._nearest(event.position()))
            event.accept()
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Choose while the button is held."""
        if event.buttons() & Qt.MouseButton.LeftButton and self.stops.places:
            self.chosen.emit(self._nearest(event.position()))
