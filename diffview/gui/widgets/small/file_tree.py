"""The members of a file as a tree that is filled as groups are opened."""

import bisect
from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QTreeWidget, QTreeWidgetItem, QWidget

from diffview.gui.show.file_rows import COLUMNS, order, row_of, tip_of
from diffview.gui.theme import theme
from diffview.gui.widgets.small.text import set_tip
from diffview.readers.base import Node

ALWAYS, WIDE_PX = 3, 460
"""Columns that are always shown, and the width from which the others are."""

UNITS_PX = 52
ICON = QSize(26, 18)
NODE_ROLE = Qt.ItemDataRole.UserRole


class FileTree(QTreeWidget):
    """Groups are requested when they are opened; plottable variables come first.

    Signals:
        groupWanted: the path of a group that was opened for the first time.
        chosen: the path of a dataset, by double click or Enter.
        selected: the selected Node.
        followWanted: the path of a link to another file that is to be followed.
        uncovered: other rows are visible.
    """

    groupWanted = Signal(str)
    chosen = Signal(str)
    selected = Signal(object)
    followWanted = Signal(str)
    uncovered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: dict[str, QTreeWidgetItem] = {}
        self._keys: dict[str, list[tuple[bool, bool, str]]] = {}
        self._sought = ""
        self.setHeaderLabels(COLUMNS)
        self.setUniformRowHeights(True)
        self.setIconSize(ICON)
        self.setIndentation(theme.px(14))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the playhead
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        set_tip(self, "Double click a variable to show it")
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(theme.px(40))
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.resizeSection(2, theme.px(UNITS_PX))
        self._show_columns()
        self.itemExpanded.connect(self._expand)
        self.itemActivated.connect(self._activate)
        self.currentItemChanged.connect(lambda item, _: self.selected.emit(self.node(item)) if item else None)
        self.customContextMenuRequested.connect(self._menu)
        self.verticalScrollBar().valueChanged.connect(lambda _: self.uncovered.emit())

    def restart(self) -> None:
        """Empty the tree for another file."""
        self._items, self._keys, self._sought = {}, {}, ""
        self.clear()

    def node(self, item: QTreeWidgetItem) -> Node:
        """The node of a row."""
        node: Node = item.data(0, NODE_ROLE)
        return node

    def add_nodes(self, group: str, nodes: Sequence[Node], whole_paths: bool = False) -> None:
        """Add members of a group; plottable ones first, groups last, each by name."""
        parent = self.invisibleRootItem() if group == "/" else self._items.get(group)
        if parent is None:
            return
        keys = self._keys.setdefault(group, [])
        for node in nodes:
            if node.path not in self._items:
                at = bisect.bisect(keys, order(node))
                keys.insert(at, order(node))
                item = self._items[node.path] = self._row(node, whole_paths)
                parent.insertChild(at, item)
                if node.kind == "group":
                    item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        self._go_on()
        self.uncovered.emit()

    def _row(self, node: Node, whole_path: bool) -> QTreeWidgetItem:
        item = QTreeWidgetItem(row_of(node, whole_path))
        item.setData(0, NODE_ROLE, node)
        set_tip(item, tip_of(node), 0)
        if node.kind != "group" and not node.plottable:
            item.setForeground(0, self.palette().placeholderText())
        return item

    def reveal(self, path: str) -> None:
        """Select the row of a dataset: the groups above it are opened, and it is selected once it is there."""
        self._sought = path
        self._go_on()

    def _go_on(self) -> None:
        """Open the next group on the path to the row to reveal, as far as its rows are there."""
        at = self._sought.find("/", 1)
        while at > 0:
            group = self._items.get(self._sought[:at])
            if group is not None:
                group.setExpanded(True)
            at = self._sought.find("/", at + 1)
        item = self._items.get(self._sought)
        if item is not None:
            self._sought = ""
            self.setCurrentItem(item)

    def set_picture(self, path: str, picture: QPixmap) -> None:
        """Show a preview beside a name."""
        if path in self._items:
            self._items[path].setIcon(0, QIcon(picture))

    def seen(self) -> list[str]:
        """Paths of the plottable datasets in visible rows, from the top."""
        paths, at, bottom = [], self.indexAt(QPoint(1, 1)), self.viewport().height()
        while at.isValid() and self.visualRect(at).top() < bottom:
            item = self.itemFromIndex(at)
            if self.node(item).plottable:
                paths.append(self.node(item).path)
            at = self.indexBelow(at)
        return paths

    def _expand(self, item: QTreeWidgetItem) -> None:
        node = self.node(item)
        if node.kind == "group" and node.path not in self._keys:
            self._keys[node.path] = []
            self.groupWanted.emit(node.path)
        self.uncovered.emit()

    def _activate(self, item: QTreeWidgetItem) -> None:
        if self.node(item).kind == "dataset":
            self.chosen.emit(self.node(item).path)

    def _menu(self, at: QPoint) -> None:
        """Show the menu of a row."""
        item = self.itemAt(at)
        if item is not None:
            self.menu_of(self.node(item)).popup(self.viewport().mapToGlobal(at))

    def menu_of(self, node: Node) -> QMenu:
        """The context menu of a row."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        show = menu.addAction("Show", lambda: self.chosen.emit(node.path))
        show.setEnabled(node.plottable)
        set_tip(show, node.why)
        if node.kind == "link" and "another file" in node.why:
            menu.addAction("Follow the link to the other file", lambda: self.followWanted.emit(node.path))
        menu.setToolTipsVisible(True)
        return menu

    def _show_columns(self) -> None:
        for column in range(ALWAYS, len(COLUMNS)):
            self.setColumnHidden(column, self.width() < theme.px(WIDE_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show more columns where there is room."""
        super().resizeEvent(event)
        self._show_columns()
        self.uncovered.emit()

    def scrollTo(
        self,
        index: QModelIndex | QPersistentModelIndex,
        hint: QTreeWidget.ScrollHint = QTreeWidget.ScrollHint.EnsureVisible,
    ) -> None:
        """Only up and down: names start at the left edge."""
        left = self.horizontalScrollBar().value()
        super().scrollTo(index, hint)
        self.horizontalScrollBar().setValue(left)
