"""Browsing the open file: its tree in portions, previews, labels of indices, series of a pixel, the map."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.errors import UserError
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.reading import POLL_MS
from diffview.gui.session import Session
from diffview.gui.show.slice_requests import pixel_request
from diffview.readers.base import Node
from diffview.readers.process import ReaderProcess

FIRST_PORTION, PORTION = 100, 200
"""Members of a group that are requested at once: few, so that the first rows come soon, then more."""

PREVIEW_PATIENCE = 3.0
"""Seconds of processor time that a preview may take."""

PREVIEWS_AFTER_MS = 600
"""Previews begin when no request was made of a file for so long."""


@dataclass(frozen=True, eq=False)
class PixelSeries:
    """One pixel of the open variable along one of its other dimensions.

    Attributes:
        row, column: of the pixel of the field on screen.
        dim: name of the dimension.
        index: along it, of the slice on screen.
        series: values and their indices [diffview.readers.labels.Series].
        labels: of the indices [diffview.readers.labels.Labels], or None.
    """

    row: int
    column: int
    dim: str
    index: int
    series: Any
    labels: Any


class Browser(QObject):
    """The file whose tree is shown, which may be one that could not be opened.

    Signals:
        began: another file's tree begins; `path` names it.
        listed: (group, nodes): more members of a group.
        found: (text, nodes): the result of a search.
        looked: (dataset, Preview or None): a preview has come, or there can be none.
        labelled: the labels of the open variable's indices have come: `labels`.
        series_read: a PixelSeries.
        linked: (path, dataset) that a link to another file points to.
    """

    began = Signal()
    listed = Signal(str, object)
    found = Signal(str, object)
    looked = Signal(str, object)
    labelled = Signal()
    series_read = Signal(object)
    linked = Signal(str, str)

    def __init__(self, session: Session, files: Files, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._files, self._reading = session, files, files.reading
        self.path = ""
        self._has_rows = False
        self.labels: dict[str, Any] = {}
        self._labels_of: tuple[str, str] = ("", "")
        self._field: object = None
        self._pixel: int | None = None
        self._previews: dict[str, Any] = {}
        self._wanted: list[str] = []
        self._in_work: tuple[int, str, str] | None = None
        self._reader = ReaderProcess(PREVIEW_PATIENCE)  # of its own: a user's request never waits for a preview
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._rest = QTimer(self, interval=PREVIEWS_AFTER_MS, singleShot=True)
        self._rest.timeout.connect(self._timer.start)
        files.asked.connect(self.browse)  # the first rows are there before the picture, whose search may take longer
        files.reading.failed.connect(self._settle_on)
        session.shows(self._follow, "facts.field", at_once=False)

    def start(self) -> None:
        """Begin with the field that is on screen."""
        self._follow()

    def close(self) -> None:
        """End the process of the previews."""
        self._timer.stop()
        self._rest.stop()
        self._wanted = []
        self._reader.close()

    # -- the tree

    def browse(self, path: str) -> None:
        """Show the tree of a file."""
        if path and path != self.path:
            self.path, self._has_rows = path, False
            self._previews, self._wanted = {}, []
            self.began.emit()
            self.list_group("/")

    def list_group(self, group: str, first: int = 0) -> None:
        """Ask for the members of a group, portion by portion."""
        path, count = self.path, PORTION if first else FIRST_PORTION

        def show(nodes: Sequence[Node]) -> None:
            if path == self.path:
                self._has_rows = self._has_rows or bool(nodes)
                if len(nodes) == count:
                    self.list_group(group, first + count)
                self.listed.emit(group, nodes)

        self._reading.ask(show, "list_group", quiet=True, path=path, group=group, first=first, count=count)

    def _settle_on(self, error: object, path: str) -> None:
        """After a picture that could not be shown: stay if another variable of its file can be, else go back."""
        self.browse(path)
        if not self._has_rows:
            self.browse(self._files.path)

    def search(self, text: str) -> None:
        """Search datasets by words of their paths."""
        path = self.path
        if path and text:
            self._reading.ask(
                lambda nodes: self.found.emit(text, nodes) if path == self.path else None,
                "search_members", quiet=True, path=path, text=text,
            )  # fmt: skip

    def follow(self, link: str) -> None:
        """Open the target of a link to another file."""
        self._reading.ask(lambda target: self.linked.emit(*target), "follow_link", path=self.path, link=link)

    # -- the open variable

    def _follow(self) -> None:
        """Another field is on screen: ask for its file, the labels of its indices, and its map."""
        field = self._session.facts.field
        if field is self._field:
            return
        self._field = field
        of = (str(field.provenance.get("path", "")), str(field.provenance.get("dataset", "")))
        if not all(of):
            return
        self.browse(of[0])
        if of != self._labels_of:
            self._labels_of, self.labels = of, {}
            if self._files.picture is not None:
                self._reading.ask(lambda labels: self._take_labels(of, labels),
                                "read_labels", quiet=True, path=of[0], dataset=of[1])  # fmt: skip
        if self._session.facts.earth is None:
            self._ask_map(of)

    def _take_labels(self, of: tuple[str, str], labels: dict[str, Any]) -> None:
        if of == self._labels_of:
            self.labels = labels
            self.labelled.emit()

    def _ask_map(self, of: tuple[str, str]) -> None:
        key = self._files.map_key(self._session.facts.field)
        if key in self._files.maps:
            return

        def take(earth: Any) -> None:
            self._files.maps[key] = earth
            if earth is not None and self._files.map_key(self._session.facts.field) == key:
                self._session.learn(earth=self._files.map_of(self._session.facts.field, self._session.recipe))

        self._reading.ask(take, "read_map", quiet=True, path=of[0], dataset=of[1], axes=key[2], window=key[3])

    def read_pixel(self, row: int, column: int) -> None:
        """Read a pixel of the field along its dates, or else along its longest other dimension; the newest wins."""
        picture, source = self._files.picture, self._session.recipe.source
        dated = {name for name, labels in self.labels.items() if labels.dates}
        at = row // source.refine, column // source.refine
        asked = None if picture is None else pixel_request(picture, dated, source.coarsen, *at)
        if picture is None or asked is None:
            return
        name, labels = asked.name, self.labels.get(asked.name)
        self._pixel = self._reading.ask(
            lambda series: self.series_read.emit(PixelSeries(row, column, name, asked.index, series, labels)),
            "read_series", instead=self._pixel, path=self._files.path, dataset=picture.dataset, axes=picture.axes,
            index=picture.index, dim=asked.dim, row=asked.row, column=asked.column,
        )  # fmt: skip

    # -- previews

    def preview(self, dataset: str) -> Any:
        """The preview of a dataset if it has come."""
        return self._previews.get(dataset)

    def look(self, datasets: Sequence[str]) -> None:
        """Ask for previews of these, in this order, instead of those asked for before."""
        self._wanted = [name for name in datasets if name not in self._previews]
        if self._wanted:
            self._rest.start()

    def _poll(self) -> None:
        """Take the replies; ask for the next preview while the user waits for nothing."""
        for reply in self._reader.poll():
            if self._in_work is not None and reply.ticket == self._in_work[0]:
                _, path, dataset = self._in_work
                self._in_work = None
                if path == self.path:
                    self._previews[dataset] = None if isinstance(reply.error, UserError) else reply.value
                    self.looked.emit(dataset, self._previews[dataset])
        if self._in_work is None and self._wanted and not self._reading.busy:
            dataset = self._wanted.pop(0)
            ticket = self._reader.submit("preview", path=self.path, dataset=dataset)
            self._in_work = ticket, self.path, dataset
        elif self._in_work is None and not self._wanted:
            self._timer.stop()
