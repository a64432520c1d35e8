"""The loss of a model on the open region: a button, its progress, the curve, and the bound in words."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.score_plots import Line, LinesPlot

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
        self._running = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self._title = QLabel(TITLE)
        self.about = self._text("lossAbout")
        self.plot = LinesPlot(TITLE, x_log=True)
        self.plot.setObjectName("regionLossView")
        self.bound = QWidget()
        self.bound.setObjectName("lossBound")
        self._grid = QGridLayout(self.bound)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID)
        self._grid.setVerticalSpacing(GRID // 2)
        self._grid.setColumnStretch(0, 1)
        self.weighting = self._text("lossWeighting")
        self.button = QPushButton()
        self.button.setObjectName("measureLossButton")
        self.button.clicked.connect(lambda: self.stopped.emit() if self._running else self.started.emit())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName("Share of the measurement that is done")
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(self.button)
        row.addWidget(self.bar, 1)
        for widget in (self._title, self.about, self.plot, self.bound, self.weighting):
            column.addWidget(widget)
        column.addLayout(row)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.show_progress(None, "")
        self.show_found((), "", (), "")

    @staticmethod
    def _text(name: str, dim: bool = True) -> QLabel:
        label = QLabel()
        label.setObjectName(name)
        label.setWordWrap(True)
        label.setProperty("dim", dim)
        label.setTextFormat(Qt.TextFormat.PlainText)
        return label

    def _restyle(self) -> None:
        self._title.setFont(theme.font(13, 600))

    def show_progress(self, share: float | None, why_not: str) -> None:
        """The share that is done, None if nothing runs; `why_not`: why nothing can be measured, or ""."""
        self._running = share is not None
        self.bar.setVisible(self._running)
        self.bar.setValue(round(100 * (share or 0)))
        text = "Stop" if self._running else "Measure the loss"
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setEnabled(self._running or not why_not)
        tip = "Puts noise of every level of the run into the region and measures how well the model estimates it"
        self.button.setToolTip("Stop; nothing is kept of it" if self._running else why_not or tip)

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
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()  # it is deleted a turn of the event loop later
                widget.deleteLater()
        for line, pair in enumerate(rows):
            for column, text in enumerate(pair):
                label = self._text("", dim=bool(line))
                label.setText(text)
                label.setFont(theme.font(tabular=True))
                label.setWordWrap(column == 0)
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
                label.setAlignment(Qt.AlignmentFlag.AlignTop | (RIGHT if column else LEFT))
                self._grid.addWidget(label, line, column)
        self.bound.setVisible(bool(rows))
