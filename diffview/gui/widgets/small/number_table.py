"""A small table of numbers: a head, and rows of a name and values, each with what it says."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from diffview.gui.theme import GRID, SEMIBOLD, theme
from diffview.gui.widgets.small.parts import empty, grid_of, named
from diffview.gui.widgets.small.text import plain, set_tip

NumberRow = tuple[str, ...]
"""A name, what it says, and the values."""


class NumberTable(QWidget):
    """Rows of names and right-aligned values; hidden without any."""

    def __init__(self, name: str) -> None:
        super().__init__()
        named(self, name)
        self._grid = grid_of(self, 2 * GRID, wide=0)
        self._rows: tuple[NumberRow, ...] = ()
        self._labels: list[tuple[QLabel, ...]] = []
        self.hide()
        theme.changed.connect(self._restyle)

    def rows(self) -> tuple[NumberRow, ...]:
        """The rows shown, the head first."""
        return self._rows

    def show_rows(self, rows: Sequence[NumberRow]) -> None:
        """Show these rows, the first as the head; no rows hide the table."""
        if tuple(rows) == self._rows:
            return
        if [len(row) for row in rows[: len(self._rows)]] != [len(row) for row in self._rows]:
            empty(self._grid)
            self._labels = []
        self._rows = tuple(rows)
        while len(self._labels) < len(self._rows):
            self._add_row(len(self._rows[len(self._labels)]) - 1)
        for labels, (name, tip, *values) in zip(self._labels, self._rows, strict=False):
            for label, text in zip(labels, (name, *values), strict=True):
                label.setText(text)
                set_tip(label, tip)
        self.setVisible(bool(self._rows))
        heads = self._rows[0][2:] if self._rows else ()
        said = [
            f"{row[0]}: " + ", ".join(f"{head} {value}".strip() for head, value in zip(heads, row[2:], strict=True))
            for row in self._rows[1:]
        ]
        self.setAccessibleName("; ".join(said))

    def _add_row(self, columns: int) -> None:
        row = len(self._labels)
        labels = tuple(plain(QLabel()) for _ in range(columns))
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
