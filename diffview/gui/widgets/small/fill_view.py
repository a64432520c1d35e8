"""The filling of gaps: a choice of the method, a sentence, and scores of model and kriging."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from diffview.gui.theme import GRID
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.small.number_table import NumberRow, NumberTable
from diffview.gui.widgets.small.parts import column_of, words


class FillView(QWidget):
    """Signals: chosen: the user chose another way to fill, by its key."""

    chosen = Signal(str)

    def __init__(self, ways: Sequence[tuple[str, str, str]]) -> None:
        """`ways` are (key, title, sentence)."""
        super().__init__()
        column = column_of(self, GRID // 2)
        self.way = SegmentedControl(ways, "fillingControl")
        self.way.setAccessibleName("How gaps are filled")
        self.way.changed.connect(self.chosen.emit)
        self.text, self.note = words(name="fillingText"), words(name="fillingNote")
        self.table = NumberTable("fillingScores")
        for widget in (self.way, self.text, self.table, self.note):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if widget is self.way else Qt.AlignmentFlag(0))

    def rows(self) -> tuple[NumberRow, ...]:
        """The scores shown, the head first."""
        return self.table.rows()

    def show_scores(self, rows: Sequence[NumberRow]) -> None:
        """Show these rows, the first as the head; no rows hide the table."""
        self.table.show_rows(rows)
