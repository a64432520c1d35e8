"""The data dock: the tree of the open file, a variable in detail, the slice, and how the field enters the work."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QFormLayout,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from diffview.fields.colormaps import COLORMAPS, default_for
from diffview.fields.numbers import number
from diffview.fields.transforms import TRANSFORMS, Transform
from diffview.fields.units import written
from diffview.gui.jobs.browser import Browser
from diffview.gui.jobs.files import Files
from diffview.gui.session import Session
from diffview.gui.show.looks import region_text
from diffview.gui.theme import theme
from diffview.gui.widgets.forms.fit_form import FitForm
from diffview.gui.widgets.forms.slice_row import SliceRow
from diffview.gui.widgets.images.raster import Raster
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.details_view import DetailsView
from diffview.gui.widgets.small.file_tree import ICON, FileTree
from diffview.gui.widgets.small.parts import add_choices, column_of, combo, line, named, tool_button, words
from diffview.gui.widgets.small.text import set_tip
from diffview.gui.widgets.small.word_area import WordArea
from diffview.models.choice import TrainingCrops
from diffview.readers.base import Node
from diffview.runs.recipe import AUTO, Recipe

SEARCH_AFTER_MS = 250
RESOLUTIONS = [(1, "mean"), *((k, how) for how in ("mean", "stride") for k in (2, 4, 8, 16))]
MARGIN = 8


def _numbers_text(fitted: Transform) -> str:
    """The fitted numbers in a line."""
    own = {1: f"floor {number(fitted.numbers[0])} · "} if fitted.numbers else {}
    knots = f"{len(fitted.numbers) // 2} quantiles · " if len(fitted.numbers) > 1 else ""
    return f"{own.get(len(fitted.numbers), knots)}mean {number(fitted.mean)} · std {number(fitted.std)}"


def _all_numbers(fitted: Transform, units: str) -> str:
    """Every quantile with its normal score; "" where there are none."""
    half = len(fitted.numbers) // 2
    pairs = zip(fitted.numbers[:half], fitted.numbers[half:], strict=False) if half > 1 else ()
    return "\n".join(f"{number(x)} {written(units)}  →  {number(z)}" for x, z in pairs)


class DataPanel(QWidget):
    """Tree, details, slice and transform."""

    def __init__(self, session: Session, files: Files, browser: Browser) -> None:
        super().__init__()
        self._session, self._files, self._browser = session, files, browser
        self._field: object = None
        self._rows_of: object = None
        self._revealed: tuple[str, str] | None = None
        self.rows: list[SliceRow] = []
        self.file = ElidedLabel(token="text", elide=Qt.TextElideMode.ElideMiddle)
        self._build_browser()
        self._build_axes()
        self._build_form()
        self._slices = QVBoxLayout()
        self._slices.setSpacing(4)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.addWidget(self.file)
        column.addWidget(self.filter)
        column.addWidget(self._split, 1)
        column.addLayout(self._slices)
        column.addWidget(self._axes)
        column.addLayout(self._form)
        notes = WordArea((self.numbers, self.region, self.notes))
        column.addWidget(named(notes, "dataWords", "Notes on the values"))
        files.busy_changed.connect(self._show_busy)
        browser.began.connect(self._begin)
        browser.listed.connect(self.tree.add_nodes)
        browser.found.connect(self._show_found)
        browser.looked.connect(self._show_preview)
        browser.labelled.connect(self._show_labels)
        session.changed.connect(self.show_recipe)
        self.show_recipe(None, session.recipe)

    # -- building

    def _build_browser(self) -> None:
        self.filter = named(QLineEdit(), "treeFilter", "Find variables by words of their paths")
        self.filter.setPlaceholderText("Find a variable")
        self.filter.setClearButtonEnabled(True)
        for button in self.filter.findChildren(QToolButton):
            named(button, "clearFilterButton", "Show the whole tree again")
        self.tree = named(FileTree(), "dataTree", "Contents of the file")
        self.matches = named(FileTree(), "matchTree", "Variables found")
        self.matches.setRootIsDecorated(False)
        self.details = named(DetailsView(), "detailsView", "The selected variable")
        self._trees = QStackedWidget()
        self._split = named(QSplitter(Qt.Orientation.Vertical), "browserSplitter")
        self._split.setChildrenCollapsible(False)
        for tree in (self.tree, self.matches):
            self._trees.addWidget(tree)
            tree.chosen.connect(self._open)
            tree.selected.connect(self._select)
            tree.uncovered.connect(self._look)
            tree.followWanted.connect(self._browser.follow)
        self.tree.groupWanted.connect(self._browser.list_group)
        for widget, part, least in ((self._trees, 3, 100), (self.details, 2, 72)):
            widget.setMinimumHeight(theme.px(least))
            self._split.addWidget(widget)
            self._split.setStretchFactor(self._split.count() - 1, part)
        self._search = QTimer(self, interval=SEARCH_AFTER_MS, singleShot=True)
        self._search.timeout.connect(lambda: self._browser.search(self.filter.text().strip()))
        self.filter.textChanged.connect(self._filter)

    def _build_axes(self) -> None:
        self.down, self.across = (
            combo(name, said, said)
            for name, said in (("rowsCombo", "Dimension that runs down"), ("columnsCombo", "Dimension that runs right"))
        )
        for box in (self.down, self.across):
            box.activated.connect(self._turn)
        self.swap = tool_button("swapAxesButton", "Swap rows and columns", icon="swap")
        self.swap.setProperty("bare", True)
        self.swap.clicked.connect(self._swap)
        self._axes = QWidget()
        boxes = self.down, self.across
        column_of(self._axes).addLayout(line(self.down, self.swap, self.across, wide=boxes, spacing=2))

    def _build_form(self) -> None:
        self.transform = combo("transformCombo", "Transform", characters=0)
        self.resolution = combo("resolutionCombo", "Working resolution", characters=0)
        add_choices(self.transform, [(AUTO, "automatic", "Chosen from units and values")])
        add_choices(self.transform, [(key, key, shape.doc) for key, shape in TRANSFORMS.items()])
        for k, how in RESOLUTIONS:
            what = f"mean of {k} × {k}" if how == "mean" else f"every {k}th pixel" if k > 2 else "every 2nd pixel"
            self.resolution.addItem("as stored" if k == 1 else what, f"{k} {how}")
        self.region, self.numbers, self.notes = words(), words(), words()
        self._form = QFormLayout()
        self._form.addRow("Transform", self.transform)
        self._form.addRow("Resolution", self.resolution)
        self._fit = FitForm(self._form)
        self._fit.edited.connect(lambda wish: self._session.edit(**wish))
        session = self._session
        self.transform.activated.connect(lambda i: session.edit(transform=self.transform.itemData(i), fitted=None))
        self.resolution.activated.connect(self._coarsen)

    # -- the recipe

    def show_recipe(self, old: Recipe | None, new: Recipe) -> None:
        """Show slice, transform, resolution, training crops, region and the notes on the values."""
        plan, field = self._session.plan, self._session.facts.field
        if field is not self._field:
            self._field = field
            self.show_slice()
        fitted = plan.transform
        theirs = plan.card is not None and fitted == plan.card.transform
        chosen, why = self._session.facts.chosen
        automatic = new.source.transform == AUTO and fitted.key == chosen and not theirs
        self.transform.setItemText(0, f"automatic: {fitted.key if new.source.transform == AUTO else chosen}")
        self.transform.setCurrentIndex(self.transform.findData(fitted.key if theirs else new.source.transform))
        self.transform.setEnabled(not theirs)
        set_tip(self.transform, "The transform in force is the model's" if theirs else "")
        self._show_stored()
        self.resolution.setCurrentIndex(self.resolution.findData(_resolution(new)))
        self._fit.show_fit(new, plan.model if isinstance(plan.model, TrainingCrops) else None)
        because = f" {why}".rstrip() if automatic else ""
        self.numbers.setText(f"{_numbers_text(fitted)} · {TRANSFORMS[fitted.key].doc}.{because}")
        set_tip(self.numbers, _all_numbers(fitted, field.units))
        self.region.setText(f"Region {region_text(plan.region)} · pixels {_pixel_size(field.pixel_km)}")
        self.notes.setText(" ".join(field.notes))
        self.notes.setVisible(bool(field.notes))
        self._show_name()
        set_tip(self.file, "\n".join(f"{key}: {value}" for key, value in field.provenance.items()))

    def _show_name(self) -> None:
        self.file.setText((self._browser.path or self._files.path).replace("\\", "/").rsplit("/", 1)[-1])

    def _show_stored(self) -> None:
        """An overview of a picture too large to be shown has a resolution of its own."""
        picture = self._files.picture
        block = 1 if picture is None else picture.block
        self.resolution.setItemText(0, "as stored" if block == 1 else f"overview, {block} × {block}")

    def _coarsen(self, at: int) -> None:
        k, how = self.resolution.itemData(at).split()
        if self.resolution.itemData(at) != _resolution(self._session.recipe):
            self._files.coarsen(int(k), how)

    # -- the slice

    def show_slice(self) -> None:
        """Show the other dimensions and the axes of the field on screen."""
        picture = self._files.picture
        dims: Sequence[tuple[str, int]] = picture.other_dims if picture is not None else ()
        if (rows_of := (self._files.path, picture and picture.dataset, dims)) != self._rows_of:
            self._rows_of = rows_of
            self._make_rows(dims)
        for row, index in zip(self.rows, picture.index if picture is not None else (), strict=True):
            row.set_value(index)
        self._axes.setVisible(picture is not None)
        names = [] if picture is None else _dim_names(picture)
        for box, at in ((self.down, 0), (self.across, 1)):
            box.clear()
            box.addItems(names)
            if picture is not None:
                box.setCurrentIndex(picture.axes[at])
        self._reveal()

    def _make_rows(self, dims: Sequence[tuple[str, int]]) -> None:
        for row in self.rows:
            row.stop()
            row.setParent(None)
            row.deleteLater()
        self.rows = []
        for name, size in dims:
            row = SliceRow(name, size)
            row.indexChanged.connect(self._choose_slice)
            row.settled.connect(self._session.end_merge)
            row.setVisible(size > 1)
            self.rows.append(row)
            self._slices.addWidget(row)
        self._show_labels()

    def _show_labels(self) -> None:
        """Show the labels of the indices."""
        for row in self.rows:
            labels = self._browser.labels.get(row.name)
            row.set_texts(labels.texts if labels is not None else ())

    def _choose_slice(self) -> None:
        picture = self._files.picture
        if picture is not None:
            index = tuple(row.value() for row in self.rows)
            self._files.open(self._files.path, picture.dataset, index, merge="slice")

    def _show_busy(self, busy: bool) -> None:
        for row in self.rows:
            row.set_busy(busy)

    def _turn(self) -> None:
        """Take the chosen axes; if both are the same, they swap."""
        picture = self._files.picture
        if picture is None:
            return
        down, across = self.down.currentIndex(), self.across.currentIndex()
        if down == across:
            moved_down = down != picture.axes[0]
            down, across = (down, picture.axes[0]) if moved_down else (picture.axes[1], across)
        self._files.turn((down, across))

    def _swap(self) -> None:
        picture = self._files.picture
        if picture is not None:
            self._files.turn((picture.axes[1], picture.axes[0]))

    # -- the tree

    def _open(self, dataset: str) -> None:
        self._files.open(self._browser.path, dataset)

    def _begin(self) -> None:
        """Another file's tree begins."""
        self.tree.restart()
        self.matches.restart()
        self.filter.clear()
        self.details.clear()
        self._show_name()
        self._revealed = None
        self._reveal()

    def _reveal(self) -> None:
        """Select the open variable in the tree of its file, once: later selections by the user stay."""
        origin = self._session.facts.field.provenance
        shown = str(origin.get("path", "")), str(origin.get("dataset", ""))
        if all(shown) and shown[0] == self._browser.path and shown != self._revealed:
            self._revealed = shown
            self.tree.reveal(shown[1])

    def _filter(self, text: str) -> None:
        """Search the typed words a moment after the last key; without words show the whole tree."""
        self.matches.restart()
        self._trees.setCurrentWidget(self.matches if text.strip() else self.tree)
        self._search.start()

    def _show_found(self, text: str, nodes: Sequence[Node]) -> None:
        if text == self.filter.text().strip():
            self.matches.restart()
            self.matches.add_nodes("/", nodes, whole_paths=True)
            set_tip(self.filter, f"{len(nodes)} variables found")

    def _select(self, node: Node) -> None:
        self.details.show_node(node, self._browser.preview(node.path))
        self._look()

    def _look(self) -> None:
        """Ask for previews of the visible variables, the selected one first."""
        shown = self._trees.currentWidget()
        if isinstance(shown, FileTree) and shown.isVisible():
            node = self.details.node()
            first = [node.path] if node is not None and node.plottable else []
            self._browser.look(list(dict.fromkeys([*first, *shown.seen()])))

    def _show_preview(self, dataset: str, preview: Any) -> None:
        if preview is None:
            return
        picture = small_picture(preview)
        for tree in (self.tree, self.matches):
            tree.set_picture(dataset, picture)
        node = self.details.node()
        if node is not None and node.path == dataset:
            self.details.show_node(node, preview)


def _resolution(recipe: Recipe) -> str:
    return "1 mean" if recipe.source.coarsen == 1 else f"{recipe.source.coarsen} {recipe.source.coarsen_by}"


def _pixel_size(km: tuple[float, float] | None) -> str:
    """Height × width of a pixel, or its side if it is square to a percent."""
    if km is None:
        return "of unknown size"
    high, wide = km
    return f"{number(high)} km" if abs(wide - high) <= 0.01 * high else f"{number(high)} × {number(wide)} km"


def _dim_names(picture: Any) -> list[str]:
    """Names of all dimensions of a picture's dataset, in their order."""
    others = iter(name for name, _ in picture.other_dims)
    shown = dict(zip(picture.axes, picture.field.dims, strict=True))
    return [shown[axis] if axis in shown else next(others) for axis in range(len(picture.shape))]


def small_picture(preview: Any) -> QPixmap:
    """A preview in the colours of its units, between its 2nd and 98th percentile."""
    known = preview.values[np.isfinite(preview.values)]
    low, high = np.percentile(known, (2, 98)) if known.size else (0.0, 1.0)
    raster = Raster()
    raster.set_table(COLORMAPS[default_for(preview.units)])
    raster.set_limits(float(low), float(max(high, low + 1e-6 * max(1.0, abs(low)))))
    raster.set_values(np.ascontiguousarray(preview.values))
    scaled = raster.image().scaled(
        ICON * theme.scale, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return QPixmap.fromImage(scaled)
