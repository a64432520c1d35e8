"""The data dock: the tree of the open file, the slice, and the transform to standardised units."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from diffview.gui.files import Files
from diffview.gui.looks import number, region_text
from diffview.gui.session import Session
from diffview.gui.theme import theme
from diffview.gui.widgets.card import ElidedLabel
from diffview.gui.widgets.whole_spin import WholeSpin
from diffview.readers.base import Node
from diffview.recipe import AUTO, Recipe
from diffview.transforms import TRANSFORMS, Transform

UNITS_PX = 52
PATH_ROLE = Qt.ItemDataRole.UserRole
KIND_ROLE = Qt.ItemDataRole.UserRole + 1


def _numbers_text(fitted: Transform) -> str:
    """What was fitted, at a glance."""
    own = {1: f"floor {number(fitted.numbers[0])} · "} if fitted.numbers else {}
    knots = f"{len(fitted.numbers) // 2} quantiles · " if len(fitted.numbers) > 1 else ""
    return f"{own.get(len(fitted.numbers), knots)}mean {number(fitted.mean)} · std {number(fitted.std)}"


def _all_numbers(fitted: Transform, units: str) -> str:
    """Every quantile with its normal score; "" where there are none."""
    half = len(fitted.numbers) // 2
    pairs = zip(fitted.numbers[:half], fitted.numbers[half:], strict=False) if half > 1 else ()
    return "\n".join(f"{number(x)} {units}  →  {number(z)}" for x, z in pairs)


class DataPanel(QWidget):
    """Tree, slice and transform."""

    def __init__(self, session: Session, files: Files) -> None:
        super().__init__()
        self._session, self._files = session, files
        self._tree_path = ""
        self._field = session.facts.field
        self.tree = QTreeWidget()
        self.tree.setObjectName("dataTree")
        self.tree.setAccessibleName("Contents of the file")
        self.tree.setHeaderLabels(["Variable", "Shape", "Units"])
        self.tree.setUniformRowHeights(True)
        self.tree.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the playhead
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.resizeSection(2, theme.px(UNITS_PX))
        self.tree.setToolTip("Double click a variable to show it")
        self.file = ElidedLabel(token="text", elide=Qt.TextElideMode.ElideMiddle)
        self.transform = QComboBox()
        self.transform.setObjectName("transformCombo")
        self.transform.setAccessibleName("Transform")
        self.transform.addItem("automatic", AUTO)
        self.transform.setItemData(0, "Chosen from units and values", Qt.ItemDataRole.ToolTipRole)
        for key, shape in TRANSFORMS.items():
            self.transform.addItem(key, key)
            self.transform.setItemData(self.transform.count() - 1, shape.doc, Qt.ItemDataRole.ToolTipRole)
        self.region, self.numbers, self.notes = QLabel(), QLabel(), QLabel()
        for label in (self.region, self.numbers, self.notes):
            label.setWordWrap(True)
            label.setProperty("dim", True)
        self._slices: list[WholeSpin] = []
        self._form = QFormLayout()
        self._form.addRow("Transform", self.transform)
        self._slice_rows = QFormLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.file)
        column.addWidget(self.tree, 1)
        column.addLayout(self._slice_rows)
        column.addLayout(self._form)
        for label in (self.numbers, self.region, self.notes):
            column.addWidget(label)
        self.tree.itemExpanded.connect(self._expand)
        self.tree.itemActivated.connect(self._activate)
        self.transform.activated.connect(lambda i: session.edit(transform=self.transform.itemData(i), fitted=None))
        files.listed.connect(self.show_nodes)
        session.changed.connect(self.show_recipe)
        self.show_recipe(None, session.recipe)

    def show_recipe(self, old: Recipe | None, new: Recipe) -> None:
        """Show transform, region and what was done to the values."""
        plan, field = self._session.plan, self._session.facts.field
        if field is not self._field and old is not None:
            self._field = field
            self.show_file()
        fitted = plan.transform
        theirs = plan.card is not None and fitted == plan.card.transform
        chosen, why = self._session.facts.chosen
        automatic = new.transform == AUTO and fitted.key == chosen and not theirs
        self.transform.setItemText(0, f"automatic: {fitted.key if new.transform == AUTO else chosen}")
        self.transform.setCurrentIndex(self.transform.findData(fitted.key if theirs else new.transform))
        self.transform.setEnabled(not theirs)
        self.transform.setToolTip("The transform in force is the model's" if theirs else "")
        because = f" {why}".rstrip() if automatic else ""
        self.numbers.setText(f"{_numbers_text(fitted)} · {TRANSFORMS[fitted.key].doc}.{because}")
        self.numbers.setToolTip(_all_numbers(fitted, field.units))
        km = f" · pixels {number(field.pixel_km[0])} km" if field.pixel_km else ""
        self.region.setText(f"Region {region_text(plan.region)}{km}")
        self.notes.setText(" ".join(field.notes))
        self.notes.setVisible(bool(field.notes))
        self._show_name()
        self.file.setToolTip("\n".join(f"{key}: {value}" for key, value in field.provenance.items()))

    def _show_name(self) -> None:
        self.file.setText((self._tree_path or self._files.path).replace("\\", "/").rsplit("/", 1)[-1])

    def show_file(self) -> None:
        """Another field is on screen: list its file and offer its other dimensions."""
        if self._files.path != self._tree_path:
            self._files.browsed = self._files.path
            self._files.list_group("/")
        picture = self._files.picture
        dims: Sequence[tuple[str, int]] = picture.other_dims if picture is not None else ()
        while self._slice_rows.rowCount():
            self._slice_rows.removeRow(0)
        self._slices = []
        for (name, size), at in zip(dims, picture.index if picture is not None else (), strict=True):
            spin = WholeSpin(0, size - 1)
            spin.setObjectName(f"slice_{name}")
            spin.setAccessibleName(f"Slice along {name}")
            spin.setValue(at)
            spin.setKeyboardTracking(False)
            spin.setSuffix(f" of {size}")
            spin.valueChanged.connect(self._choose_slice)
            self._slices.append(spin)
            self._slice_rows.addRow(name, spin)

    def _choose_slice(self) -> None:
        picture = self._files.picture
        if picture is not None:
            self._files.open(self._files.path, picture.dataset, tuple(spin.value() for spin in self._slices))

    def show_nodes(self, group: str, nodes: Sequence[Node]) -> None:
        """Fill a group of the tree, which may be that of a file whose first choice could not be shown."""
        if self._files.browsed != self._tree_path:
            self._tree_path = self._files.browsed
            self.tree.clear()
            self._show_name()
        parent = self.tree.invisibleRootItem() if group == "/" else self._item(group)
        if parent is None:
            return
        parent.takeChildren()
        for node in sorted(nodes, key=lambda n: (not n.plottable, n.kind == "group", n.name)):
            parent.addChild(self._row(node))

    def _row(self, node: Node) -> QTreeWidgetItem:
        item = QTreeWidgetItem([node.name, " × ".join(map(str, node.shape)), node.units])
        item.setData(0, PATH_ROLE, node.path)
        item.setData(0, KIND_ROLE, node.kind)
        facts = [node.long_name, f"{node.dtype} ({', '.join(node.dims)})" if node.dims else node.dtype, node.why]
        facts += [f"{key} = {value[:120]}" for key, value in list(node.attributes.items())[:16]]
        item.setToolTip(0, "\n".join(filter(None, facts)))
        if node.kind == "group":
            item.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
        elif not node.plottable:
            item.setForeground(0, self.palette().placeholderText())
        return item

    def _item(self, path: str) -> QTreeWidgetItem | None:
        found = self.tree.findItems("*", Qt.MatchFlag.MatchWildcard | Qt.MatchFlag.MatchRecursive, 0)
        return next((item for item in found if item.data(0, PATH_ROLE) == path), None)

    def _expand(self, item: QTreeWidgetItem) -> None:
        if item.data(0, KIND_ROLE) == "group" and not item.childCount():
            self._files.list_group(item.data(0, PATH_ROLE))

    def _activate(self, item: QTreeWidgetItem) -> None:
        if item.data(0, KIND_ROLE) == "dataset":
            self._files.open(self._files.browsed, item.data(0, PATH_ROLE))
