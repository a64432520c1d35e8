"""A table of scores that is sorted by clicking a heading; rows come one by one and may have no number somewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from diffview.gui.theme import SMALL_PX, theme


@dataclass(frozen=True)
class Cell:
    """What is written, what it is sorted by (None: last), and what the pointer tells."""

    text: str
    rank: float | str | None
    tip: str = ""


class _Item(QTableWidgetItem):
    """An item sorted by its rank; what has none comes last, whichever way is sorted."""

    def __init__(self, cell: Cell) -> None:
        super().__init__(cell.text)
        self.rank = cell.rank

    def __lt__(self, other: QTableWidgetItem) -> bool:
        theirs = other.rank if isinstance(other, _Item) else None
        table = self.tableWidget()
        rising = table is None or table.horizontalHeader().sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        if self.rank is None or theirs is None:
            return (self.rank is not None) == rising if self.rank is not theirs else False
        if isinstance(self.rank, str) or isinstance(theirs, str):
            return str(self.rank) < str(theirs)
        return self.rank < theirs


class ScoreTable(QTableWidget):
    """Rows of cells under headings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Scoreboard")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.setSortingEnabled(True)
        self.setStyleSheet("QHeaderView::section { padding: 2px 3px; } QTableWidget::item { padding: 0px 2px; }")
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(20)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._shown: list[tuple[Sequence[Cell], bool]] = []
        self._headings: list[tuple[str, str]] = []
        theme.changed.connect(self._restyle)

    def show_rows(self, headings: Sequence[tuple[str, str]], rows: Sequence[tuple[Sequence[Cell], bool]]) -> None:
        """Headings with what they mean, and rows of cells, each with whether it is the one to compare with."""
        if list(headings) != self._headings:
            self._headings = list(headings)
            self.setColumnCount(len(headings))
            for column, (text, tip) in enumerate(headings):
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                self.setHorizontalHeaderItem(column, item)
        self._shown = list(rows)
        self._fill()

    def _restyle(self) -> None:
        self._fill()

    def _fill(self) -> None:
        self.setSortingEnabled(False)  # else rows would move while they are filled
        self.setRowCount(len(self._shown))
        for line, (cells, yardstick) in enumerate(self._shown):
            for column, cell in enumerate(cells):
                item = _Item(cell)
                item.setToolTip(cell.tip or cell.text)
                item.setFont(theme.font(SMALL_PX - 1, 600 if yardstick else 400, tabular=True))
                if not isinstance(cell.rank, str):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if yardstick:
                    item.setForeground(theme.colour("good"))
                self.setItem(line, column, item)
        self.setSortingEnabled(True)
        self.horizontalHeader().setFont(theme.font(SMALL_PX - 1))
        self.resizeColumnsToContents()
        self.resizeRowsToContents()
