"""Details of one variable of a file: stored and physical numbers side by side, then its attributes."""

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from diffview.fields.numbers import compact
from diffview.fields.units import written
from diffview.gui.theme import theme
from diffview.gui.widgets.small.file_tree import shape_text
from diffview.gui.widgets.small.text import set_tip
from diffview.readers.base import Node

NAME_PX = 60
ABOUT = "By every {}th pixel of the middle slice."


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

    def show_node(self, node: Node, preview: Any = None) -> None:
        """Show a member, with the preview of its values."""
        self._node = node
        self.clear()
        for name, stored, physical, tip in self._rows(node, preview):
            item = QTreeWidgetItem([name, stored, physical])
            for column, text in enumerate((name, stored, physical)):
                set_tip(item, tip or text, column)
            item.setForeground(0, self.palette().placeholderText())
            self.addTopLevelItem(item)
        for key, value in node.attributes.items():
            item = QTreeWidgetItem([f"{key} = {' '.join(value.split())}"])
            set_tip(item, f"{key} = {value}", 0)
            self.addTopLevelItem(item)
            item.setFirstColumnSpanned(True)

    def _rows(self, node: Node, preview: Any) -> list[tuple[str, str, str, str]]:
        rows = [("name", node.path, node.long_name, "")]
        if node.why:
            rows.append(("", node.why, "", ""))
        if node.shape:
            rows.append(("shape", shape_text(node.shape), ", ".join(node.dims), ""))
        if node.dtype:
            rows.append(("type", node.dtype, written(node.units) or "no units", ""))
        if preview is not None:
            tip = ABOUT.format(preview.every) if preview.every > 1 else "By the middle slice."
            rows.append(
                ("range", _range(preview.stored), f"{_range(preview.physical)} {written(preview.units)}".strip(), tip)
            )
            rows.append(("missing", node.fill or "no fill value", f"{100 * preview.missing:.3g} %", tip))
        elif node.fill:
            rows.append(("missing", node.fill, "", ""))
        if node.kind == "dataset":
            rows.append(("chunks", shape_text(node.chunks) or "one piece", ", ".join(node.filters) or "no filter", ""))
        return rows


def _range(ends: tuple[float, float] | None) -> str:
    return "no value" if ends is None else " … ".join(compact(end) for end in ends)
