"""The loss of a model on the open region: a button, its progress, the curve, and the bound in words."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Line
from diffview.gui.theme import theme
from diffview.gui.widgets.plots.score_plots import LinesPlot
from diffview.gui.widgets.small.job_row import JobRow
from diffview.gui.widgets.small.parts import Heading, column_of, empty, grid_of, named, words

TITLE = "Loss on the open region"
LEFT, RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
LEAST = 1e-6
"""Least loss that is shown."""


class LossView(QWidget):
    """Signals: started, stopped: requests of the user."""

    started = Signal()
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = column_of(self)
        self.about, self.weighting = words(name="lossAbout"), words(name="lossWeighting")
        self.plot = named(LinesPlot(TITLE, x_log=True), "regionLossView")
        self.bound = named(QWidget(), "lossBound")
        self._grid = grid_of(self.bound, wide=0)
        self.job = JobRow("measureLossButton", "Share of the measurement that is done")
        self.job.started.connect(self.started)
        self.job.stopped.connect(self.stopped)
        for widget in (Heading(TITLE), self.about, self.plot, self.bound, self.weighting, self.job):
            column.addWidget(widget)
        self.show_progress(None, "")
        self.show_found((), "", (), "")

    def show_progress(self, share: float | None, why_not: str) -> None:
        """The share that is done, None if nothing runs; `why_not`: why nothing can be measured, or ""."""
        tip = "Puts noise of every level of the run into the region and measures how well the model estimates it"
        tip = tip if share is None else "Stop; nothing is kept of it"
        self.job.show_progress(share, "Measure the loss", why_not, tip)

    def show_found(self, lines: Sequence[Line], about: str, bound: Sequence[tuple[str, str]], weighting: str) -> None:
        """Draw the lines, with a sentence about them and the bound; without lines only `about` is shown."""
        for label, text in ((self.about, about), (self.weighting, weighting)):
            label.setText(text)
            label.setVisible(bool(text))
        self._show_rows(bound)
        self.plot.setVisible(bool(lines))
        if lines:
            self.plot.show_lines(lines, "noise level s", "loss |ε − ε̂|², no unit", floor=LEAST)

    def _show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show names and numbers; the first row is the main one."""
        empty(self._grid)
        for row, pair in enumerate(rows):
            for column, text in enumerate(pair):
                label = words(text, dim=bool(row))
                label.setFont(theme.font(tabular=True))
                label.setWordWrap(column == 0)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                label.setAlignment(Qt.AlignmentFlag.AlignTop | (RIGHT if column else LEFT))
                self._grid.addWidget(label, row, column)
        self.bound.setVisible(bool(rows))
