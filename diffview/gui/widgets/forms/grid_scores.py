"""The search for levels: a button, its progress, and the grids with their errors, with buttons to take the result."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.small.job_row import JobRow
from diffview.gui.widgets.small.parts import column_of, empty, grid_of, line, named, words
from diffview.gui.widgets.small.text import set_tip


class GridScores(QWidget):
    """Signals: started, stopped, accepted, rivalled, dismissed: requests of the user."""

    started = Signal()
    stopped = Signal()
    accepted = Signal()
    rivalled = Signal()
    dismissed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = column_of(self, GRID // 2)
        self.job = JobRow("searchLevelsButton", "Share of the search that is done")
        self.job.started.connect(self.started)
        self.job.stopped.connect(self.stopped)
        column.addWidget(self.job)
        self._table = QWidget()
        self._grid = grid_of(self._table, wide=0)
        column.addWidget(self._table)
        tip = "Make these the levels of the run; Undo takes it back"
        self.take = named(QPushButton("Take them"), "takeLevelsButton", tip=tip)
        tip = "Keep the levels in force, and make these those of a rival"
        self.rival = named(QPushButton("As a rival"), "rivalLevelsButton", tip=tip)
        self.drop = named(QPushButton("Drop"), "dropLevelsButton", tip="Forget the levels found")
        self.take.clicked.connect(self.accepted)
        self.rival.clicked.connect(self.rivalled)
        self.drop.clicked.connect(self.dismissed)
        self._answers = QWidget()
        column_of(self._answers).addLayout(line(self.take, self.rival, self.drop))
        column.addWidget(self._answers)
        self.show_progress(None, "")
        self.show_rows([])

    def show_progress(self, share: float | None, why_not: str, steps: int = 0) -> None:
        """The share that is done, None if nothing runs; `why_not`: why nothing can be searched, or ""."""
        tip = (
            "Moves the levels so that the run ends nearest to a fine one, on a few seeds; scores them on others. "
            "When it is stopped, the best levels so far are kept."
        )
        text = f"Search for the best {steps} levels" if steps else "Search levels"
        self.job.show_progress(share, text, why_not, tip)

    def show_rows(self, rows: Sequence[tuple[str, str]], better: bool = True) -> None:
        """Show grids and their errors, the best first; `better`: whether the levels found are the best of them."""
        empty(self._grid)
        for row, cells in enumerate(rows):
            for column, text in enumerate(cells):
                label = words(text, dim=bool(row))
                label.setWordWrap(False)
                label.setFont(theme.font(tabular=True))
                set_tip(label, "Root mean square difference to a fine run, on seeds not searched on")
                self._grid.addWidget(label, row, column)
        self._table.setVisible(bool(rows))
        self._answers.setVisible(bool(rows))
        self.take.setEnabled(better)
        if not better:
            set_tip(self.take, "Another grid is better on seeds not searched on")
