"""The filling of gaps: a choice of the method, a sentence, and scores of model and kriging."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from diffview.gui.theme import GRID, SEMIBOLD, theme
from diffview.gui.widgets.segmented import SegmentedControl

ScoreRow = tuple[str, str, str, str]
"""A score: its name, its explanation, and its values for model and kriging."""


class FillView(QWidget):
    """Signals: chosen: the user chose another way to fill, by its key."""

    chosen = Signal(str)

    def __init__(self, ways: Sequence[tuple[str, str, str]]) -> None:
        """`ways` are (key, title, sentence)."""
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.way = SegmentedControl(ways)
        self.way.setObjectName("fillingControl")
        self.way.setAccessibleName("How gaps are filled")
        self.way.changed.connect(self.chosen.emit)
        self.text, self.note = self._words(), self._words()
        self.text.setObjectName("fillingText")
        self.note.setObjectName("fillingNote")
        self._table = QWidget()
        self._table.setObjectName("fillingScores")
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * GRID)
        self._grid.setVerticalSpacing(GRID // 2)
        self._grid.setColumnStretch(0, 1)
        self._table.hide()
        self._rows: tuple[ScoreRow, ...] = ()
        self._labels: list[tuple[QLabel, QLabel, QLabel]] = []
        for widget in (self.way, self.text, self._table, self.note):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if widget is self.way else Qt.AlignmentFlag(0))
        theme.changed.connect(self._restyle)

    def _words(self) -> QLabel:
        label = QLabel()
        label.setWordWrap(True)
        label.setProperty("dim", True)
        return label

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
                label.setToolTip(tip)
        self._table.setVisible(bool(self._rows))
        self._table.setAccessibleName("; ".join(f"{n}: model {a}, kriging {b}" for n, _, a, b in self._rows[1:]))

    def _add_row(self) -> None:
        row = len(self._labels)
        labels = QLabel(), QLabel(), QLabel()
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
