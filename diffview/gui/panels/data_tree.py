"""The tree of the open file, the search in it, and the selected variable in detail."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLineEdit, QSplitter, QStackedWidget, QToolButton

from diffview.fields.colormaps import COLORMAPS, default_for
from diffview.gui.jobs.browser import Browser
from diffview.gui.jobs.files import Files
from diffview.gui.session import Session
from diffview.gui.show.file_rows import hint_of
from diffview.gui.theme import theme
from diffview.gui.widgets.images.raster import Raster
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.details_view import DetailsView
from diffview.gui.widgets.small.file_tree import ICON, FileTree
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import set_tip
from diffview.readers.base import Node
from diffview.readers.many import last_name

SEARCH_AFTER_MS = 250


class DataTree(QObject):
    """Name of the file, words to find, and below them the tree and the details.

    Attributes:
        file, filter, split: the widgets, in their order.
    """

    def __init__(self, session: Session, files: Files, browser: Browser) -> None:
        super().__init__(browser)
        self._session, self._files, self._browser = session, files, browser
        self._revealed: tuple[str, str] | None = None
        self.file = ElidedLabel(token="text", elide=Qt.TextElideMode.ElideMiddle)
        self._build()
        self._search = QTimer(self, interval=SEARCH_AFTER_MS, singleShot=True)
        self._search.timeout.connect(lambda: browser.search(self.filter.text().strip()))
        self.filter.textChanged.connect(self._filter)
        browser.began.connect(self._begin)
        browser.listed.connect(self.tree.add_nodes)
        browser.found.connect(self._show_found)
        browser.looked.connect(self._show_preview)
        session.shows(self._show_file, "facts.field")

    def _build(self) -> None:
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
        self.split = named(QSplitter(Qt.Orientation.Vertical), "browserSplitter")
        self.split.setChildrenCollapsible(False)
        for tree in (self.tree, self.matches):
            self._trees.addWidget(tree)
            tree.chosen.connect(lambda dataset: self._files.open(self._browser.path, dataset))
            tree.selected.connect(self._select)
            tree.uncovered.connect(self._look)
            tree.followWanted.connect(self._browser.follow)
        self.tree.groupWanted.connect(self._browser.list_group)
        for widget, part, least in ((self._trees, 3, 112), (self.details, 2, 56)):
            widget.setMinimumHeight(theme.px(least))
            self.split.addWidget(widget)
            self.split.setStretchFactor(self.split.count() - 1, part)

    def _begin(self) -> None:
        """Another file's tree begins."""
        self.tree.restart()
        self.matches.restart()
        self.filter.clear()
        self.details.restart()
        self._revealed = None
        self._show_file()

    def _show_file(self) -> None:
        """Show the name of the file, and select the open variable in its tree, once: the user may select others."""
        origin = self._session.facts.field.provenance
        self.file.setText(last_name(self._browser.path or self._files.path))
        set_tip(self.file, "\n".join(f"{key}: {value}" for key, value in origin.items()))
        shown = str(origin.get("path", "")), str(origin.get("dataset", ""))
        if all(shown) and shown[0] == self._browser.path and shown != self._revealed:
            self._revealed = shown
            self.tree.reveal(shown[1])
        if (node := self.details.node()) is not None:
            self._show_details(node)

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
        self._show_details(node)
        self._look()

    def _show_details(self, node: Node) -> None:
        """Show a variable in detail, and how to see its picture."""
        origin = self._session.facts.field.provenance
        shown = (origin.get("path"), origin.get("dataset")) == (self._browser.path, node.path)
        self.details.show_node(node, self._browser.preview(node.path), hint_of(node, shown))

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
        picture = small_picture(preview, dataset)
        for tree in (self.tree, self.matches):
            tree.set_picture(dataset, picture)
        node = self.details.node()
        if node is not None and node.path == dataset:
            self._show_details(node)


def small_picture(preview: Any, dataset: str) -> QPixmap:
    """A preview in the colours of its units and name, between its 2nd and 98th percentile."""
    known = preview.values[np.isfinite(preview.values)]
    low, high = np.percentile(known, (2, 98)) if known.size else (0.0, 1.0)
    raster = Raster()
    raster.set_table(COLORMAPS[default_for(preview.units, dataset)])
    raster.set_limits(float(low), float(max(high, low + 1e-6 * max(1.0, abs(low)))))
    raster.set_values(np.ascontiguousarray(preview.values))
    scaled = raster.image().scaled(
        ICON * theme.scale, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return QPixmap.fromImage(scaled)
