"""A table of scores, sorted by clicking a heading, with as many columns as have room."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QTableWidget, QTableWidgetItem, QWidget

from diffview.gui.show.board_words import Cell
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.small.text import set_tip

PADDING = 14
"""Pixels of a column beside its text."""


class _Item(QTableWidgetItem):
    """An item sorted by its rank; items without one come last in either order."""

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
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._empty = ""
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(20)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._shown: list[tuple[Sequence[Cell], bool]] = []
        self._headings: list[tuple[str, str]] = []
        self._widths: list[int] = []
        theme.changed.connect(self._restyle)
        self._restyle()

    def show_empty(self, text: str) -> None:
        """Show a text instead of rows."""
        self._empty = text
        self.setAccessibleDescription(text if not self._shown else "")
        self.viewport().update()

    def show_rows(self, headings: Sequence[tuple[str, str]], rows: Sequence[tuple[Sequence[Cell], bool]]) -> None:
        """Show headings with their tooltips, and rows of cells, each with whether it is the one to compare with.

        The first columns are the most important: where room is short, columns are left out from the last on.
        """
        if list(headings) != self._headings:
            self._headings = list(headings)
            self.setColumnCount(len(headings))
            for column, (text, tip) in enumerate(headings):
                item = QTableWidgetItem(text)
                set_tip(item, tip)
                self.setHorizontalHeaderItem(column, item)
        self._shown = list(rows)
        self._fill()
        self.horizontalHeader().setVisible(bool(self._shown))

    def _restyle(self) -> None:
        """Narrow padding, so that numbers fit beside the names."""
        size = theme.px(SMALL_PX - 1)
        heading = f"QHeaderView::section {{ padding: 1px 3px; font-size: {size}px; font-weight: 400; }}"
        self.setStyleSheet(heading + " QTableWidget::item { padding: 0px 2px; }")
        self._fill()

    def _fill(self) -> None:
        self.setSortingEnabled(False)  # else rows would move while they are filled
        self.setRowCount(len(self._shown))
        for line, (cells, yardstick) in enumerate(self._shown):
            for column, cell in enumerate(cells):
                item = _Item(cell)
                set_tip(item, cell.tip or cell.text)
                item.setFont(theme.font(SMALL_PX - 1, 600 if yardstick else 400, tabular=True))
                if not isinstance(cell.rank, str):
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if yardstick:
                    item.setForeground(theme.colour("good"))
                self.setItem(line, column, item)
        self.setSortingEnabled(True)
        self.horizontalHeader().setFixedHeight(self.horizontalHeader().sizeHint().height())
        self._fit_columns()
        self.resizeRowsToContents()

    def _fit_columns(self) -> None:
        """Make columns as wide as cells and headings; Qt assumes the headings of other tables."""
        self._widths = []
        small, bold = (QFontMetricsF(theme.font(SMALL_PX - 1, weight, tabular=True)) for weight in (400, 600))
        for column, (heading, _) in enumerate(self._headings):
            widths = [small.horizontalAdvance(line) for line in heading.split("\n")]
            widths += [
                (bold if yardstick else small).horizontalAdvance(cells[column].text) for cells, yardstick in self._shown
            ]
            self._widths.append(round(max(widths)) + theme.px(PADDING))
            self.setColumnWidth(column, self._widths[-1])
        self._hide_columns()

    def _hide_columns(self) -> None:
        """Hide the columns without room, from the last on."""
        used = 0
        for column, width in enumerate(self._widths):
            used += width
            self.setColumnHidden(column, used > self.viewport().width() and column > 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the columns that have room."""
        super().resizeEvent(event)
        self._hide_columns()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, or the text without any."""
        super().paintEvent(event)
        if not self._shown and self._empty:
            painter = QPainter(self.viewport())
            painter.setPen(theme.colour("dim"))
            painter.setFont(theme.font(SMALL_PX))
            room = self.viewport().rect().adjusted(16, 12, -16, -12)
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._empty)
