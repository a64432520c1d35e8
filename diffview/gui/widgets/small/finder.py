"""A list that is searched by typing: a palette of commands, the keys, the words."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from diffview.gui.show.finding import FinderRow, found
from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import set_tip

WIDTH, HEIGHT, DETAIL = 480, 440, 300
KEY = Qt.ItemDataRole.UserRole
MOVES = {Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp}


class Finder(QDialog):
    """Rows under their headings; typing leaves those that have the letters, Return or a click chooses one.

    Signals:
        chosen: the key of a row that can be chosen.
        looked_at: the key of the row in force; "" where there is none.
    """

    chosen = Signal(str)
    looked_at = Signal(str)

    def __init__(self, title: str, name: str, parent: QWidget, detail: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, name, title)
        self.setWindowTitle(title)
        self._rows: list[FinderRow] = []
        self._query = named(QLineEdit(), f"{name}Query", "Find")
        self._query.setPlaceholderText("Type a few letters")
        self._query.setClearButtonEnabled(True)
        self._list = named(QTreeWidget(), f"{name}List", title)
        self._list.setColumnCount(2)
        self._list.setHeaderHidden(True)
        self._list.setRootIsDecorated(False)
        self._list.setIndentation(0)
        self._list.header().setStretchLastSection(False)
        self._list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self._query.textChanged.connect(self._show)
        self._query.installEventFilter(self)
        self._list.itemClicked.connect(self._choose)
        self._list.currentItemChanged.connect(lambda item: self.looked_at.emit(item.data(0, KEY) if item else ""))
        left, row = QVBoxLayout(), QHBoxLayout(self)
        left.addWidget(self._query)
        left.addWidget(self._list, 1)
        row.setSpacing(2 * GRID)
        row.addLayout(left)
        if detail is not None:
            row.addWidget(detail, 1)
        self.resize(theme.px(WIDTH + (0 if detail is None else DETAIL)), theme.px(HEIGHT))

    def open_with(self, rows: Sequence[FinderRow]) -> None:
        """Show these rows, with nothing typed as yet."""
        self._rows = list(rows)
        self._query.clear()
        self._show()
        self._query.setFocus()
        self.open()

    def shown(self) -> list[str]:
        """The keys of the rows in sight, from above."""
        return [item.data(0, KEY) for item in self._items() if item.data(0, KEY)]

    def _items(self) -> list[QTreeWidgetItem]:
        found = (self._list.topLevelItem(i) for i in range(self._list.topLevelItemCount()))
        return [item for item in found if item is not None]

    def _show(self) -> None:
        query = self._query.text()
        self._list.clear()
        group = None
        for row in found(query, self._rows):
            if row.group != group and not query.strip():
                group = row.group
                self._list.addTopLevelItem(_heading(group))
            self._list.addTopLevelItem(_item(row))
        first = next((item for item in self._items() if item.data(0, KEY)), None)
        if first is not None:
            self._list.setCurrentItem(first)
        else:
            self.looked_at.emit("")

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        """Choose a row; one that cannot be is left where it is, with its reason in sight."""
        if item is not None and item.data(0, KEY) and not item.data(1, KEY):
            self.chosen.emit(item.data(0, KEY))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys that move in the list and choose, while the hand stays in the line."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self._list.currentItem())
                return True
            if event.key() in MOVES:
                self._list.keyPressEvent(event)
                return True
        return super().eventFilter(watched, event)


def _heading(text: str) -> QTreeWidgetItem:
    item = QTreeWidgetItem([text])
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    font = theme.font(weight=600)
    item.setFont(0, font)
    return item


def _item(row: FinderRow) -> QTreeWidgetItem:
    item = QTreeWidgetItem([row.text, row.aside])
    item.setData(0, KEY, row.key)
    item.setData(1, KEY, row.why_not)
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if row.why_not:
        for column in (0, 1):
            item.setForeground(column, theme.colour("dim"))
        item.setText(0, f"{row.text} — {row.why_not}")
    set_tip(item, row.why_not or row.more, 0)
    return item
