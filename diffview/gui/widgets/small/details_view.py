"""Details of one variable of a file: stored and physical numbers side by side, then its attributes."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from diffview.gui.show.file_rows import details_of
from diffview.gui.theme import theme
from diffview.gui.widgets.small.text import set_tip
from diffview.readers.base import Node

NAME_PX = 60


class DetailsView(QTreeWidget):
    """Rows of (what, as stored, physical)."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setHeaderLabels(["", "Stored", "Physical"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setMinimumSectionSize(theme.px(36))
        self.header().resizeSection(0, theme.px(NAME_PX))
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._node: Node | None = None

    def node(self) -> Node | None:
        """The member shown."""
        return self._node

    def restart(self) -> None:
        """Show no member."""
        self._node = None
        self.clear()

    def show_node(self, node: Node, preview: Any = None, hint: str = "") -> None:
        """Show a member, with the preview of its values, and above it a hint."""
        self._node = node
        self.clear()
        if hint:
            self._add_line(hint, hint)
        for name, stored, physical, tip in details_of(node, preview):
            item = QTreeWidgetItem([name, stored, physical])
            for column, text in enumerate((name, stored, physical)):
                set_tip(item, tip or text, column)
            item.setForeground(0, self.palette().placeholderText())
            self.addTopLevelItem(item)
        for key, value in node.attributes.items():
            self._add_line(f"{key} = {' '.join(value.split())}", f"{key} = {value}")

    def _add_line(self, text: str, tip: str) -> None:
        """A row of one text across all columns."""
        item = QTreeWidgetItem([text])
        set_tip(item, tip, 0)
        self.addTopLevelItem(item)
        item.setFirstColumnSpanned(True)
