"""Opening files: requests to the reader process, whose replies are pulled by a timer while any is awaited."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.denoisers import FORMULAS
from diffview.errors import UserError
from diffview.fields import Field, Region
from diffview.gui.session import Session
from diffview.models import open_card
from diffview.plan import Facts
from diffview.readers.base import Picture
from diffview.readers.packaged import packaged_field
from diffview.readers.process import ReaderProcess
from diffview.recipe import Recipe
from diffview.regions import MOST_CROPS
from diffview.schedule_files import read_schedule

POLL_MS = 15
REMEMBERED = 16
"""Pictures whose place in their file is known when an undo brings them back."""

STACK_PIXELS = 256 * 256
"""Largest slice whose other slices are read too, to fit formula denoisers to."""

STACK_BYTES = 128 * 2**20


LOOKED_AT = 2**16
"""Bytes that tell a recipe from a schedule."""

SCHEDULE_WORDS = (b'"beta"', b'"alpha_bar"', b'"log_snr"', b'"trained_betas"', b'"beta_schedule"', b"Scheduler")


class _Wanted(NamedTuple):
    """What is done with a reply; a quiet one has nothing to say if it fails."""

    then: Callable[[Any], None]
    quiet: bool
    path: str


class Files(QObject):
    """The open file: its tree, its slices.

    Signals:
        opened: another picture is on screen; `picture` and `path` tell which.
        listed: (group, nodes) of the file named by `path`.
        busy_changed: reading began or ended.
        failed: the UserError that says why something could not be read.
    """

    opened = Signal()
    listed = Signal(str, object)
    busy_changed = Signal(bool)
    failed = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._reader = ReaderProcess()
        self._wanted: dict[int, _Wanted] = {}
        self.browsed = self.path
        self._opening = 0
        self._pictures: list[Picture] = []
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def opening(self) -> bool:
        """Whether a slice is being read."""
        return any(not wanted.quiet for wanted in self._wanted.values())

    @property
    def path(self) -> str:
        """The open file."""
        return str(self._session.facts.field.provenance.get("path", ""))

    @property
    def picture(self) -> Picture | None:
        """How the slice on screen lies in its file; None for the packaged field."""
        field = self._session.facts.field
        return next((picture for picture in self._pictures if picture.field is field), None)

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

    def open(self, path: str, dataset: str | None = None, index: tuple[int, ...] | None = None) -> None:
        """Open a slice and show it with the settings in force; another slice of the same variable keeps its region."""
        recipe = self._session.recipe
        same = (path, dataset) == (recipe.path, recipe.dataset)
        wish = replace(recipe, path=path, dataset=dataset, index=index)
        if same:  # the transform is fitted once, to the slice that was opened first
            wish = replace(wish, fitted=self._session.plan.settled.fitted)
        else:
            wish = replace(wish, region=None, fitted=None, start="noise", start_level=None)
        self.open_recipe(wish)

    def open_recipe(self, recipe: Recipe) -> None:
        """Open what a recipe names, and take the recipe."""
        if not self._learn_model(recipe.model):
            return
        self._opening += 1
        if recipe.path is None:
            field = packaged_field()
            self.browsed = field.provenance["path"]
            if self._session.open(recipe, self._facts(field)):
                self.opened.emit()
            return
        path = str(Path(recipe.path).expanduser())
        recipe, opening = replace(recipe, path=path), self._opening
        self._ask(
            lambda picture: self._take(picture, recipe, opening),
            "read_slice", path=path, dataset=recipe.dataset, index=recipe.index,
        )  # fmt: skip

    def open_model(self, path: str) -> None:
        """Read the card of a network and choose it; its weights are loaded when it is first run."""
        if self._learn_model(path):
            self._session.edit(model=path)

    def _learn_model(self, name: str) -> bool:
        """Whether the session knows the model, after having looked for a card at that place; tells why not."""
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
        """Give up what is being read."""
        if self.busy:
            self._wanted.clear()
            self._reader.cancel()
            self._reader.poll()
            self._settle()

    def list_group(self, group: str) -> None:
        """Ask for the members of a group of the file whose tree is shown."""
        self._browse(self.browsed, group)

    def _browse(self, path: str, group: str = "/") -> None:
        def show(nodes: Any) -> None:
            self.browsed = path
            self.listed.emit(group, nodes)

        if path:
            self._ask(show, "list_group", quiet=True, path=path, group=group)

    def _facts(self, field: Field, stack: Any = None) -> Facts:
        known = self._session.facts
        return Facts(
            field, stack, torch=known.torch, devices=known.devices, cards=known.cards, given=known.given
        )  # fmt: skip

    def _take(self, picture: Picture, recipe: Recipe, opening: int) -> None:
        """A slice has come: show it, with the other slices at the same place where it is small enough."""
        if opening != self._opening:  # a newer one has been asked for
            return
        ny, nx = picture.field.values.shape
        sizes = [size for _, size in picture.other_dims]
        if ny * nx > STACK_PIXELS or max(sizes, default=1) < 2:
            self._show(picture, recipe, None)
            return
        longest = sizes.index(max(sizes))
        self._ask(
            lambda stack: self._show(picture, recipe, stack) if opening == self._opening else None,
            "read_stack", path=recipe.path, dataset=picture.dataset, axes=picture.axes, index=picture.index,
            dim=longest, region=Region(0, 0, ny, nx), limit=min(MOST_CROPS, STACK_BYTES // (4 * ny * nx)),
            leave_out=(picture.index[longest],),
        )  # fmt: skip

    def _show(self, picture: Picture, recipe: Recipe, stack: Any) -> None:
        wish = replace(recipe, dataset=picture.dataset, index=picture.index)
        self._pictures = [picture, *self._pictures[: REMEMBERED - 1]]
        if self._session.open(wish, self._facts(picture.field, stack)):
            self.browsed = str(wish.path)
            self.opened.emit()

    def _ask(self, then: Callable[[Any], None], function: str, quiet: bool = False, **arguments: Any) -> None:
        ticket = self._reader.submit(function, **arguments)
        self._wanted[ticket] = _Wanted(then, quiet, str(arguments["path"]))
        self._timer.start()
        self.busy_changed.emit(self.opening)

    def _poll(self) -> None:
        for reply in self._reader.poll():
            wanted = self._wanted.pop(reply.ticket, None)
            if wanted is None or reply.cancelled:
                continue
            if reply.error is None:
                wanted.then(reply.value)
            elif not wanted.quiet:
                self._session.tell_error(reply.error)
                self.failed.emit(reply.error)
                self._browse(wanted.path)  # perhaps another variable of the file can be shown
        self._settle()

    def _settle(self) -> None:
        if not self._wanted:
            self._timer.stop()
            self.busy_changed.emit(False)
