"""Which slice of its variable is open: a row for each fixed dimension, and the two that are rows and columns."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget

from diffview.gui.jobs.browser import Browser
from diffview.gui.jobs.files import Files
from diffview.gui.session import Session
from diffview.gui.show.field_words import dim_names, turned
from diffview.gui.widgets.forms.slice_row import SliceRow
from diffview.gui.widgets.small.parts import column_of, combo, line, tool_button


class DataSlice(QObject):
    """Follows the open field.

    Attributes:
        layout_: of the rows of fixed dimensions.
        axes: the widget of the shown ones, below them.
        rows: of the fixed dimensions.
    """

    def __init__(self, session: Session, files: Files, browser: Browser) -> None:
        super().__init__(browser)
        self._session, self._files, self._browser = session, files, browser
        self._rows_of: object = None
        self.rows: list[SliceRow] = []
        self.layout_ = QVBoxLayout()
        self.layout_.setSpacing(4)
        self.down = combo("rowsCombo", "Dimension that runs down", "Dimension that runs down")
        self.across = combo("columnsCombo", "Dimension that runs right", "Dimension that runs right")
        boxes = self.down, self.across
        for box in boxes:
            box.activated.connect(self._turn)
        swap = tool_button("swapAxesButton", "Swap rows and columns", icon="swap")
        swap.setProperty("bare", True)
        swap.clicked.connect(self._swap)
        self.axes = QWidget()
        column_of(self.axes).addLayout(line(self.down, swap, self.across, wide=boxes, spacing=2))
        files.reading.busy_changed.connect(self._show_busy)
        browser.labelled.connect(self._show_labels)
        session.shows(self._show_slice, "facts.field")

    def _show_slice(self) -> None:
        """Show the other dimensions and the axes of the field on screen."""
        picture = self._files.picture
        dims = () if picture is None else picture.other_dims
        rows_of = self._files.path, picture and picture.dataset, dims
        if rows_of != self._rows_of:
            self._rows_of = rows_of
            self._make_rows(dims)
        self.axes.setVisible(picture is not None)
        self.down.clear()
        self.across.clear()
        if picture is None:
            return
        for row, index in zip(self.rows, picture.index, strict=True):
            row.set_value(index)
        for box, axis in zip((self.down, self.across), picture.axes, strict=True):
            box.addItems(dim_names(picture))
            box.setCurrentIndex(axis)

    def _make_rows(self, dims: tuple[tuple[str, int], ...]) -> None:
        for row in self.rows:
            row.stop()
            row.setParent(None)
            row.deleteLater()
        self.rows = []
        for name, size in dims:
            row = SliceRow(name, size)
            row.indexChanged.connect(self._choose)
            row.settled.connect(self._session.end_merge)
            self.rows.append(row)
            self.layout_.addWidget(row)
            row.setVisible(size > 1)
        self._show_labels()

    def _show_labels(self) -> None:
        """Show the labels of the indices."""
        for row in self.rows:
            labels = self._browser.labels.get(row.name)
            row.set_texts(labels.texts if labels is not None else ())

    def _choose(self) -> None:
        if (picture := self._files.picture) is not None:
            index = tuple(row.value() for row in self.rows)
            self._files.open(self._files.path, picture.dataset, index, merge="slice")

    def _show_busy(self, busy: bool) -> None:
        for row in self.rows:
            row.set_busy(busy)

    def _turn(self) -> None:
        """Take the chosen axes."""
        if (picture := self._files.picture) is not None:
            self._files.turn(turned(picture.axes, self.down.currentIndex(), self.across.currentIndex()))

    def _swap(self) -> None:
        if (picture := self._files.picture) is not None:
            self._files.turn((picture.axes[1], picture.axes[0]))
