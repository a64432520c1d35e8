"""The points of a curve as a small table in which they are typed."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.small.text import set_tip

ROW_PX, MOST_ROWS = 24, 8
"""Height of a row, and the rows that are seen at once."""

TIP = "Type t or the value of a point; Delete removes the selected one, a double click in the plot adds one"


class PointTable(QTableWidget):
    """Rows of t, a value, and the noise level, which follows from them.

    Signals:
        typed: a number was typed: the row, the column (0: t, 1: the value), and the text.
        dropped: a row is to be removed.
    """

    typed = Signal(int, int, str)
    dropped = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self._shape: tuple[str, int, float] | None = None
        self.setAccessibleName("Points of the schedule")
        set_tip(self, TIP)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.cellChanged.connect(self._tell)
        theme.changed.connect(self.updateGeometry)

    def show_points(self, label: str, rows: Sequence[tuple[float, float, float]]) -> None:
        """Show t, the value called `label`, and s of every point; the table is laid out anew only for other rows."""
        self.blockSignals(True)
        shape = label, len(rows), theme.scale
        if shape != self._shape:
            self._shape = shape
            self.setHorizontalHeaderLabels(["t/T", label, "s"])
            self.setRowCount(len(rows))
            for row in range(len(rows)):
                self.setRowHeight(row, theme.px(ROW_PX))
            self.updateGeometry()
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                self._put(row, column, f"{value:.4g}")
        self.blockSignals(False)
        self.viewport().update()

    def texts(self) -> list[list[str]]:
        """What is shown, by row."""
        cells = range(self.columnCount())
        return [[self._cell(row, column).text() for column in cells] for row in range(self.rowCount())]

    def sizeHint(self) -> QSize:
        """Room for its rows, up to a few."""
        rows = min(self.rowCount(), MOST_ROWS)
        header = self.horizontalHeader().sizeHint().height()
        return QSize(theme.px(120), header + theme.px(ROW_PX) * rows + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:
        """As high as it asks to be."""
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Delete asks to remove the selected point."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self.currentRow() >= 0:
            self.dropped.emit(self.currentRow())
        else:
            super().keyPressEvent(event)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        item = self.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if column == 2:
                item.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled)
            self.setItem(row, column, item)
        return item

    def _put(self, row: int, column: int, text: str) -> None:
        item = self._cell(row, column)
        if item.text() != text:
            item.setText(text)

    def _tell(self, row: int, column: int) -> None:
        self.typed.emit(row, column, self._cell(row, column).text())
