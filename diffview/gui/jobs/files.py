"""Opening files: requests to the reader process, whose replies are pulled by a timer while any is awaited."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.errors import UserError
from diffview.fields.coarse import at_resolution
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Field, Region
from diffview.fields.picture import Picture
from diffview.fields.regions import SMALLEST
from diffview.forward.tables import read_schedule
from diffview.gui.session import Session
from diffview.models.choice import open_card
from diffview.models.formulas import FORMULAS
from diffview.readers.packaged import packaged_field
from diffview.readers.process import ReaderProcess
from diffview.readers.sides import block_of
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.stack import Stack, other_slices, stack_of, stack_read, stack_wanted

POLL_MS = 2
"""Interval of the timer that takes replies: half of it is lost with every slice, which is read in 13 ms."""

REMEMBERED = 16
"""Pictures whose layout in the file is remembered, for when an undo brings them back."""

LOOKED_AT = 2**16
"""Bytes by which a recipe is distinguished from a schedule."""

SCHEDULE_WORDS = (b'"beta"', b'"alpha_bar"', b'"log_snr"', b'"trained_betas"', b'"beta_schedule"', b"Scheduler")


MapKey = tuple[str, str, tuple[int, int], Region | None]
"""File, dataset, axes and window of a picture, which determine its map."""


class _Wanted(NamedTuple):
    """The use of a reply; a quiet one fails without a message."""

    then: Callable[[Any], None]
    quiet: bool
    path: str
    what: str
    request: tuple[str, dict[str, Any]]


class _Shown(NamedTuple):
    """A picture and the field that was made of it."""

    field: Field
    picture: Picture


class Files(QObject):
    """The open file: its slices.

    Signals:
        asked: another file is about to be read; its name.
        opened: another picture is on screen, that of `picture` and `path`.
        busy_changed: reading began or ended.
        failed: the UserError that says why something could not be read, and the file.
    """

    asked = Signal(str)
    opened = Signal()
    busy_changed = Signal(bool)
    failed = Signal(object, str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._reader = ReaderProcess()
        self._wanted: dict[int, _Wanted] = {}
        self._asked, self._shown = 0, 0
        self._pending: int | None = None
        self._told = 0.0
        self._pictures: list[_Shown] = []
        self._stack: Stack | None = None
        self.maps: dict[MapKey, EarthMap | None] = {}
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def opening(self) -> bool:
        """Whether a slice is being read."""
        return any(not wanted.quiet for wanted in self._wanted.values())

    @property
    def reading(self) -> str:
        """The file and dataset that is being read, as text; "" if none is."""
        return next((wanted.what for wanted in self._wanted.values() if not wanted.quiet), "")

    @property
    def path(self) -> str:
        """The open file."""
        return str(self._session.facts.field.provenance.get("path", ""))

    @property
    def picture(self) -> Picture | None:
        """The picture on screen, with its layout in the file; None for the packaged field."""
        field = self._session.facts.field
        return next((shown.picture for shown in self._pictures if shown.field is field), None)

    @property
    def busy(self) -> bool:
        """Whether something is being read."""
        return bool(self._wanted)

    def start(self) -> None:
        """Start the reader process ahead of the first request."""
        self._reader.start()

    def close(self) -> None:
        """End the reader process."""
        self._timer.stop()
        self._wanted.clear()
        self._reader.close()

    def open(
        self, path: str, dataset: str | None = None, index: tuple[int, ...] | None = None, merge: object = None
    ) -> None:
        """Open a slice and show it with the settings in force; another slice of the same variable keeps its region.

        Slices with the same `merge` that follow each other are one undo.
        """
        recipe = self._session.recipe
        same = path == recipe.source.path and _absolute(dataset) == _absolute(recipe.source.dataset)
        wanted = recipe.but(path=path, dataset=dataset, index=index)
        if same:  # the region is chosen and the transform fitted once, for the slice that was opened first
            settled = self._session.plan.settled
            wanted = wanted.but(region=settled.source.region, fitted=settled.source.fitted)
        else:
            wanted = wanted.but(region=None, fitted=None, hidden=(), origin="noise", level=None,
                axes=None, window=None, coarsen=1,
            )  # fmt: skip
        self.open_recipe(wanted, merge)

    def step_to(self, dim: str, index: int) -> None:
        """Show another slice along one dimension."""
        picture = self.picture
        names = [] if picture is None else [name for name, _ in picture.other_dims]
        if picture is not None and dim in names:
            at = [index if name == dim else i for name, i in zip(names, picture.index, strict=True)]
            self.open(self.path, picture.dataset, tuple(at))

    def turn(self, axes: tuple[int, int]) -> None:
        """Show the open variable with these axes as rows and columns, at the same indices of the others."""
        picture, recipe = self.picture, self._session.recipe
        if picture is None or axes == picture.axes:
            return
        others = [axis for axis in range(len(picture.shape)) if axis not in picture.axes]
        at = dict(zip(others, picture.index, strict=True))
        index = tuple(at.get(axis, picture.shape[axis] // 2) for axis in range(len(picture.shape)) if axis not in axes)
        self.open_recipe(recipe.but(axes=axes, index=index, window=None, region=None, hidden=()))

    def crop(self, on: bool) -> None:
        """Read the region alone, at full resolution, or all of the slice again; the region stays where it is."""
        picture, recipe, region = self.picture, self._session.recipe, self._session.plan.region
        if picture is None or on == (picture.window is not None):
            return
        each, inside = recipe.source.coarsen * picture.block, picture.window
        if on:
            row, column = region.row * each, region.column * each
            ny, nx = (min(n * each, m) for n, m in zip((region.ny, region.nx), picture.size, strict=True))
            self.open_recipe(recipe.but(window=Region(row, column, ny, nx), coarsen=1, region=None, hidden=()))
        elif inside is not None:
            row, column = inside.row + region.row * each, inside.column + region.column * each
            whole = _in_blocks(Region(row, column, region.ny * each, region.nx * each), picture.size)
            self.open_recipe(recipe.but(window=None, coarsen=1, region=whole, hidden=()))

    def coarsen(self, k: int, how: str) -> None:
        """Work at another resolution: k x k pixels of the file to one; the region stays where it is on the field."""
        recipe, shown = self._session.recipe, self._shown_picture()
        ratio, region = recipe.source.coarsen / k, self._session.plan.region
        sides = [max(16, round(side * ratio)) for side in (region.ny, region.nx)]
        moved = Region(round(region.row * ratio), round(region.column * ratio), *sides)
        rows, columns = (n // k for n in shown.values.shape)
        fits = moved.row + moved.ny <= rows and moved.column + moved.nx <= columns
        wanted = recipe.but(coarsen=k, coarsen_by=how, region=moved if fits else None, hidden=())
        try:
            field = at_resolution(shown, k, how)
        except UserError as error:
            self._session.refuse(error)
            return
        picture = self.picture
        self._show(field, picture, wanted, None if picture is None else other_slices(self._stack, wanted, picture))

    def _shown_picture(self) -> Field:
        """The field as stored, before its working resolution."""
        picture = self.picture
        if picture is not None:
            return picture.field
        return packaged_field() if self._session.recipe.source.coarsen > 1 else self._session.facts.field

    def open_recipe(self, recipe: Recipe, merge: object = None) -> None:
        """Open the slice that a recipe names, and take the recipe."""
        if not self._learn_model(recipe.denoiser.model):
            return
        self._asked += 1
        if self._pending is not None and self._reader.withdraw(self._pending):  # the newest wins: no queue of slices
            self._wanted.pop(self._pending, None)
        self._pending = None
        if recipe.source.path is None:
            self._shown = self._asked
            try:
                source = recipe.source
                field = at_resolution(packaged_field(), source.coarsen, source.coarsen_by)
                self._show(field, None, recipe, None)
            except UserError as error:
                self._session.tell_error(error)
            return
        path = str(Path(recipe.source.path).expanduser())
        recipe, asked = recipe.but(path=path), self._asked
        if path != self.path:
            self.asked.emit(path)
        self._pending = self.ask(
            lambda picture: self._take(picture, recipe, asked, merge),
            "read_slice", path=path, dataset=recipe.source.dataset, index=recipe.source.index, axes=recipe.source.axes,
            window=recipe.source.window,
        )  # fmt: skip

    def open_model(self, path: str) -> None:
        """Read the card of a network and choose it; its weights are loaded when it is first run."""
        if self._learn_model(path):
            self._session.edit(model=path)

    def _learn_model(self, name: str) -> bool:
        """Whether the session knows the model, after searching a card at that path; a message says why not."""
        facts = self._session.facts
        if name in FORMULAS or name in facts.cards or name in facts.given:
            return True
        try:
            self._session.learn(cards={**facts.cards, name: open_card(Path(name))})
        except UserError as error:
            self._session.tell_error(error)
            return False
        return True

    def load_settings(self, path: str) -> None:
        """Open a recipe saved as JSON, or take a schedule saved as a table or by diffusers."""
        plain = Path(path).read_bytes()[:LOOKED_AT] if Path(path).is_file() else b"{"
        known = path.lower().endswith(".csv") or any(word in plain for word in SCHEDULE_WORDS)
        if known and b'"diffview_recipe"' not in plain:
            schedule = read_schedule(Path(path))
            self._session.edit(schedule=schedule)
        else:
            self.load_recipe(path)

    def load_recipe(self, path: str) -> None:
        """Open a recipe saved as JSON."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"The recipe {path} cannot be read: {error}.", "Check the name.") from None
        self.open_recipe(Recipe.from_json(text))

    def cancel(self) -> None:
        """Give up the slice that is being read; quiet requests are made again."""
        if self.busy:
            quiet = [wanted for wanted in self._wanted.values() if wanted.quiet]
            self._wanted.clear()
            self._reader.cancel()
            self._reader.poll()
            for wanted in quiet:
                self.ask(wanted.then, wanted.request[0], quiet=True, **wanted.request[1])
            self._settle()

    def _take(self, picture: Picture, recipe: Recipe, asked: int, merge: object) -> None:
        """A slice has come: show it, with the same region of the other slices if it is small enough.

        While a newer one is awaited, it is shown only if it is a step on the way: of the variable on screen.
        """
        now = self._session.recipe
        on_the_way = recipe.source.path == now.source.path and _absolute(recipe.source.dataset) == _absolute(
            now.source.dataset
        )
        if asked < self._shown or (asked != self._asked and not on_the_way):
            return
        try:
            field = at_resolution(picture.field, recipe.source.coarsen, recipe.source.coarsen_by)
        except UserError as error:
            self._session.tell_error(error)
            return
        taken = recipe.but(dataset=picture.dataset, index=picture.index)
        known = self._stack is not None and self._stack.of == stack_of(taken.source.path, picture)
        self._shown = asked
        if known or (wanted := stack_wanted(picture)) is None:
            self._show(field, picture, taken, other_slices(self._stack, taken, picture), merge)
            return

        def keep(values: Any) -> None:
            self._stack = stack_read(taken.source.path, picture, values, wanted["limit"])
            if asked == self._asked:
                self._show(field, picture, taken, other_slices(self._stack, taken, picture), merge)

        self.ask(keep, "read_stack", path=taken.source.path, **wanted)

    def _show(self, field: Field, picture: Picture | None, recipe: Recipe, stack: Any, merge: object = None) -> None:
        known = self._session.facts
        facts = Facts(
            field, stack, self.map_of(field, recipe.source.coarsen, picture), torch=known.torch, devices=known.devices,
            cards=known.cards, given=known.given,
        )  # fmt: skip
        if picture is not None:
            self._pictures = [_Shown(field, picture), *self._pictures[: REMEMBERED - 1]]
        if self._session.open(recipe, facts, merge):
            self.opened.emit()

    def map_key(self, field: Field, picture: Picture | None = None) -> MapKey:
        """The key of a field's map."""
        picture = picture or next((shown.picture for shown in self._pictures if shown.field is field), None)
        path, dataset = (str(field.provenance.get(name, "")) for name in ("path", "dataset"))
        return (path, dataset, (0, 1), None) if picture is None else (path, dataset, picture.axes, picture.window)

    def map_of(self, field: Field, k: int, picture: Picture | None = None) -> EarthMap | None:
        """The map of a field at a working resolution, if it was read."""
        known = self.maps.get(self.map_key(field, picture))
        return known.coarsened(k) if known is not None and k > 1 else known

    def withdraw(self, ticket: int) -> None:
        """Withdraw a request that is not being read yet."""
        if self._reader.withdraw(ticket):
            self._wanted.pop(ticket, None)
            self._settle()

    def ask(self, then: Callable[[Any], None], function: str, quiet: bool = False, **arguments: Any) -> int:
        """Ask the reader process, and call `then` with the value when it comes; the number of the request."""
        ticket = self._reader.submit(function, **arguments)
        path = str(arguments["path"])
        what = " of ".join(filter(None, (arguments.get("dataset") or "", Path(path).name)))
        self._wanted[ticket] = _Wanted(then, quiet, path, what, (function, arguments))
        self._timer.start()
        self.busy_changed.emit(self.opening)
        return ticket

    @property
    def share(self) -> float:
        """Share of the current slice that is read, 0 to 1, as last reported."""
        return self._reader.share

    def _poll(self) -> None:
        for reply in self._reader.poll():
            wanted = self._wanted.pop(reply.ticket, None)
            if wanted is None or reply.cancelled:
                continue
            if reply.error is None:
                wanted.then(reply.value)
            elif not wanted.quiet:
                self._session.tell_error(reply.error)
                self.failed.emit(reply.error, wanted.path)
        share = round(self._reader.share, 2)
        if self.opening and share and share != self._told:
            self.busy_changed.emit(True)
        self._told = share
        self._settle()

    def _settle(self) -> None:
        if not self._wanted:
            self._timer.stop()
            self.busy_changed.emit(False)


def _absolute(dataset: str | None) -> str | None:
    """The path of a dataset from the root of its file, however it was written."""
    return None if dataset is None else "/" + dataset.strip("/")


def _in_blocks(region: Region, size: tuple[int, int]) -> Region:
    """A part of a picture of `size` in the pixels of the whole picture, which is an overview where it is large."""
    k = block_of(size)
    if k == 1:
        return region
    ny, nx = (max(SMALLEST, n // k) for n in (region.ny, region.nx))
    row, column = (
        min(start // k, n // k - side)
        for start, n, side in zip((region.row, region.column), size, (ny, nx), strict=True)
    )
    return Region(row, column, ny, nx)
