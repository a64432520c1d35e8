"""The search for levels: a button, its progress, and the grids with their errors, with buttons to take the result."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from diffview.gui.theme import GRID, theme


class GridScores(QWidget):
    """Signals: started, stopped, accepted, dismissed: requests of the user."""

    started = Signal()
    stopped = Signal()
    accepted = Signal()
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._running = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.button = QPushButton()
        self.button.setObjectName("searchLevelsButton")
        self.button.clicked.connect(lambda: self.stopped.emit() if self._running else self.started.emit())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Share of the search that is done")
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addWidget(self.bar, 1)
        column.addLayout(row)
        self._table = QWidget()
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(GRID)
        self._grid.setVerticalSpacing(GRID // 2)
        self._grid.setColumnStretch(0, 1)
        column.addWidget(self._table)
        self.take, self.drop = QPushButton("Take them"), QPushButton("Drop")
        self.take.setObjectName("takeLevelsButton")
        self.drop.setObjectName("dropLevelsButton")
        self.take.setToolTip("Make these the levels of the run; Undo takes it back")
        self.drop.setToolTip("Forget the levels found")
        self.take.clicked.connect(self.accepted)
        self.drop.clicked.connect(self.dismissed)
        self._answers = QWidget()
        answers = QHBoxLayout(self._answers)
        answers.setContentsMargins(0, 0, 0, 0)
        for button in (self.take, self.drop):
            answers.addWidget(button)
        answers.addStretch(1)
        column.addWidget(self._answers)
        self.show_progress(None, "")
        self.show_rows([])

    def show_progress(self, share: float | None, why_not: str, steps: int = 0) -> None:
        """The share that is done, None if nothing runs; `why_not`: why nothing can be searched, or ""."""
        self._running = share is not None
        self.bar.setVisible(self._running)
        self.bar.setRange(0, 100)
        self.bar.setValue(round(100 * (share or 0)))
        text = "Stop" if self._running else f"Search for the best {steps} levels" if steps else "Search levels"
        self.button.setText(text)
        self.button.setAccessibleName(text)
        self.button.setEnabled(self._running or not why_not)
        tip = (
            "Moves the levels so that the run ends nearest to a fine one, on a few seeds; scores them on others. "
            "When it is stopped, the best levels so far are kept."
        )
        self.button.setToolTip(why_not or tip)

    def show_rows(self, rows: Sequence[tuple[str, str]], better: bool = True) -> None:
        """Show grids and their errors, the best first; `better`: whether the levels found are the best of them."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()  # it is deleted a turn of the event loop later
                widget.deleteLater()
        for line, (name, error) in enumerate(rows):
            for column, text in enumerate((name, error)):
                label = QLabel(text)
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setProperty("dim", bool(line))
                label.setFont(theme.font(tabular=True))
                label.setToolTip("Root mean square difference to a fine run, on seeds not searched on")
                self._grid.addWidget(label, line, column)
        self._table.setVisible(bool(rows))
        self._answers.setVisible(bool(rows))
        self.take.setEnabled(better)
        if not better:
            self.take.setToolTip("Another grid is better on seeds not searched on")
