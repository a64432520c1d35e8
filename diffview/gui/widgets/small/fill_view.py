"""The filling of gaps: a choice of the method, a sentence, and scores of model and kriging."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from diffview.gui.theme import GRID, SEMIBOLD, theme
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.small.parts import column_of, grid_of, named, words
from diffview.gui.widgets.small.text import plain, set_tip

ScoreRow = tuple[str, str, str, str]
"""A score: its name, its explanation, and its values for model and kriging."""


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
        self._table = named(QWidget(), "fillingScores")
        self._grid = grid_of(self._table, 2 * GRID, wide=0)
        self._table.hide()
        self._rows: tuple[ScoreRow, ...] = ()
        self._labels: list[tuple[QLabel, QLabel, QLabel]] = []
        for widget in (self.way, self.text, self._table, self.note):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if widget is self.way else Qt.AlignmentFlag(0))
        theme.changed.connect(self._restyle)

    def rows(self) -> tuple[ScoreRow, ...]:
        """The scores shown, the head first."""
        return self._rows

    def show_scores(self, rows: Sequence[ScoreRow]) -> None:
        """Show these rows, the first as the head; no rows hide the table."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        while len(self._labels) < len(self._rows):
            self._add_row()
        for labels, (name, tip, *values) in zip(self._labels, self._rows, strict=False):
            for label, text in zip(labels, (name, *values), strict=True):
                label.setText(text)
                set_tip(label, tip)
        self._table.setVisible(bool(self._rows))
        self._table.setAccessibleName("; ".join(f"{n}: model {a}, kriging {b}" for n, _, a, b in self._rows[1:]))

    def _add_row(self) -> None:
        row = len(self._labels)
        labels = plain(QLabel()), plain(QLabel()), plain(QLabel())
        for column, label in enumerate(labels):
            label.setProperty("dim", row == 0 or column == 0)
            side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
            self._grid.addWidget(label, row, column, side)
        self._labels.append(labels)
        self._restyle()

    def _restyle(self) -> None:
        for row, labels in enumerate(self._labels):
            for label in labels:
                label.setFont(theme.font(13, SEMIBOLD if row == 0 else 400, tabular=True))
