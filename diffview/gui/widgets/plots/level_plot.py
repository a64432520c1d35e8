"""From which noise a coarse field is brought back: what becomes of its scales over t, and a level that is dragged."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import AxisMark, Line
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import dashed, ink, inside, write
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen, plot_font
from diffview.gui.widgets.plots.score_plots import line_pen
from diffview.gui.widgets.plots.time_plot import TimePlot

MARGINS = (16, 44, 16, 26)
HEIGHT = 150
ROOM = 1.08


class LevelPlot(TimePlot):
    """Lines over t, each as a share of its own largest value; marks of the levels that are offered.

    Signals:
        dropped: the level was let go at t.
    """

    dropped = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Noise level from which SDEdit starts", MARGINS, tagged=True, parent=parent)
        self.fixed_px = HEIGHT
        self.hold_height()
        self.lines: tuple[Line, ...] = ()
        self.marks: tuple[AxisMark, ...] = ()
        self.y_axis.labels = self.y_axis.grid = False
        self.x_axis.label = ""
        self.set_ranges(y=(0.0, ROOM))

    def show_lines(self, lines: Sequence[Line], marks: Sequence[AxisMark]) -> None:
        """Draw them."""
        self.lines, self.marks = tuple(lines), tuple(marks)
        self.setAccessibleDescription(", ".join(line.name for line in lines))
        self.redraw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell where the level was let go."""
        super().mouseReleaseEvent(event)
        self.dropped.emit(self.playhead_x)

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Marks, lines, legend."""
        painter.setFont(plot_font())
        with inside(painter, box):
            for mark in self.marks:
                x = self.to_pixel(mark.x, 0).x()
                painter.setPen(dashed(pen(palette, mark.token, 1.0, alpha=150), 1.5, 3))
                painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.top()))
            for line in self.lines:
                ink(painter, line_pen(palette, line.token))
                share = np.asarray(line.y, float) / max(float(np.nanmax(line.y)), 1e-30)
                painter.drawPath(self.pixel_path(np.asarray(line.x, float), share))
        limit = box.left()
        for mark in sorted(self.marks, key=lambda mark: mark.x):
            width = painter.fontMetrics().horizontalAdvance(mark.text)
            left = min(max(self.to_pixel(mark.x, 0).x() + 3, limit), box.right() - width)
            words = QRectF(left, box.bottom() - theme.px(16), width, theme.px(14))
            write(painter, words, mark.text, palette.colour("dim"))
            limit = left + width + 8
        paint_legend(painter, box.right(), 2, [(line.name, line.token) for line in self.lines], palette)
