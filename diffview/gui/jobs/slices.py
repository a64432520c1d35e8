"""Opening slices of files, and the field on screen as it lies in its file."""

from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from diffview.errors import UserError
from diffview.fields.channels import ConditionValues
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Field, Region
from diffview.fields.picture import Picture
from diffview.gui.jobs.reading import Reading
from diffview.gui.jobs.recordings import Recordings
from diffview.gui.session import Message, Session
from diffview.gui.show import slice_requests
from diffview.readers.packaged import packaged_field
from diffview.runs.beside_wanted import beside_wanted
from diffview.runs.facts import Facts
from diffview.runs.recipe import GIVEN, NOT_KEPT, Recipe
from diffview.runs.recorded_run import asked_beside
from diffview.runs.stack import Stack, other_slices, stack_of, stack_read, stack_wanted

REMEMBERED = 16
"""Pictures whose layout in the file is remembered, for when an undo brings them back."""

MapKey = tuple[str, str, tuple[int, int], Region | None]
"""File, dataset, axes and window of a picture, which determine its map."""


class _Shown(NamedTuple):
    """A picture and the field that was made of it."""

    field: Field
    picture: Picture


class Slices(QObject):
    """The slice on screen, and others of its file.

    The window begins with a field that no file is open for: the packaged one, or an array of a program.

    Attributes:
        reading: what is being read.
        maps: those that were read.

    Signals:
        asked: another file is about to be read; its name.
        opened: another picture is on screen, that of `picture` and `path`.
    """

    asked = Signal(str)
    opened = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self.reading = session, Reading(session, self)
        self._first, self._name = session.facts.field, session.recipe.source.path
        self._asked, self._shown = 0, 0
        self._pending: int | None = None
        self._pictures: list[_Shown] = []
        self._stack: Stack | None = None
        self._recordings = Recordings(session, self.reading)
        self.maps: dict[MapKey, EarthMap | None] = {}

    @property
    def path(self) -> str:
        """The open file."""
        return str(self._session.facts.field.provenance.get("path", ""))

    @property
    def picture(self) -> Picture | None:
        """The picture on screen, with its layout in the file; None for the packaged field."""
        return self._picture_of(self._session.facts.field)

    def _picture_of(self, field: Field) -> Picture | None:
        return next((shown.picture for shown in self._pictures if shown.field is field), None)

    def open(
        self, path: str, dataset: str | None = None, index: tuple[int, ...] | None = None, merge: object = None
    ) -> None:
        """Open a slice and show it with the settings in force; another slice of the same variable keeps its region.

        Slices with the same `merge` that follow each other are one undo.
        """
        recipe, settled = self._session.recipe, self._session.plan.settled
        self.open_recipe(slice_requests.opening(recipe, settled, path, dataset, index), merge)

    def step_to(self, dim: str, index: int) -> None:
        """Show another slice along one dimension."""
        picture = self.picture
        if picture is not None and dim in dict(picture.other_dims):
            self.open(self.path, picture.dataset, slice_requests.stepped(picture, dim, index))

    def turn(self, axes: tuple[int, int]) -> None:
        """Show the open variable with these axes as rows and columns, at the same indices of the others."""
        picture = self.picture
        if picture is not None and axes != picture.axes:
            self.open_recipe(slice_requests.turned(self._session.recipe, picture, axes))

    def crop(self, on: bool) -> None:
        """Read the region alone, at full resolution, or all of the slice again; the region stays where it is."""
        picture, recipe, region = self.picture, self._session.recipe, self._session.plan.region
        if picture is None or on == (picture.window is not None):
            return
        if picture.window is None:
            self.open_recipe(slice_requests.cropped(recipe, picture, region))
        else:
            self.open_recipe(slice_requests.uncropped(recipe, picture, picture.window, region))

    def coarsen(self, k: int, how: str) -> None:
        """Work at another resolution: k x k pixels of the file to one, or one of it to k x k, which it is the mean of.

        The region stays where it is on the field.
        """
        picture, recipe = self.picture, self._session.recipe
        stored = self._first if picture is None else picture.field
        wanted = slice_requests.coarsened(recipe, stored.values.shape, self._session.plan.region, k, how)
        if wanted.conditions.given:  # which are read again, or refused at this resolution
            self.open_recipe(wanted)
        else:
            self._show(stored, picture, wanted)

    def open_recipe(self, recipe: Recipe, merge: object = None) -> None:
        """Open the slice that a recipe names, and take the recipe."""
        self._asked += 1
        source, pending = recipe.source, self._pending
        self._pending = None
        if source.path in (None, GIVEN):
            self.reading.leave_for("")
            self._shown = self._asked
            if source.path == GIVEN != self._name:
                self._session.refuse(NOT_KEPT)
            else:
                self._show(self._first if source.path == self._name else packaged_field(), None, recipe)
            return
        path = str(Path(source.path).expanduser())
        recipe, asked = recipe.but(path=path), self._asked
        self.reading.leave_for(path)
        if path != self.path:
            self.asked.emit(path)
        self._pending = self.reading.ask(
            lambda picture: self._take(picture, recipe, asked, merge), "read_slice",
            instead=pending,  # the newest wins: no queue of slices
            path=path, dataset=source.dataset, index=source.index, axes=source.axes, window=source.window,
            mask=source.mask,
        )  # fmt: skip

    def _take(
        self, picture: Picture, recipe: Recipe, asked: int, merge: object, beside: ConditionValues | None = None
    ) -> None:
        """A slice has come: show it, with its conditions, and the same region of the other slices if it is small.

        While a newer one is awaited, it is shown only if it is a step on the way: of the variable on screen.
        """
        on_the_way = slice_requests.same_variable(recipe, self._session.recipe)
        if asked < self._shown or (asked != self._asked and not on_the_way):
            return
        if self._recordings.awaited(picture):
            self._recordings.read(picture, lambda: self._take(picture, recipe, asked, merge, beside))
            return
        taken = recipe.but(dataset=picture.dataset, index=picture.index)
        if (run := self._recordings.of(picture)) is not None:
            cards, before = self._session.facts.cards, self._session.recipe.source.path
            taken = asked_beside(run, taken, cards, anew=taken.source.path != before)
        if taken.conditions.given and beside is None:
            self._read_beside(picture, taken, asked, merge)
            return
        path = taken.source.path
        known = self._stack is not None and self._stack.of == stack_of(taken, picture)
        self._shown = asked
        if known or (wanted := stack_wanted(picture)) is None:
            self._show(picture.field, picture, taken, merge, beside)
            return

        def keep(values: Any) -> None:
            self._stack = stack_read(taken, picture, values, wanted["limit"])
            if asked == self._asked:
                self._show(picture.field, picture, taken, merge, beside)

        self.reading.ask(keep, "read_stack", path=path, **wanted)

    def _read_beside(self, picture: Picture, taken: Recipe, asked: int, merge: object) -> None:
        """Ask for the conditions of a slice before it is shown."""
        try:
            wanted = beside_wanted(taken, picture)
        except UserError as error:
            self._session.refuse(error)
            return
        self.reading.ask(
            lambda beside: self._take(picture, taken, asked, merge, beside), "read_beside", path=taken.source.path,
            **(wanted or {}),
        )  # fmt: skip

    def _show(
        self,
        stored: Field,
        picture: Picture | None,
        recipe: Recipe,
        merge: object = None,
        beside: ConditionValues | None = None,
    ) -> None:
        """Show a field as stored at the resolution of a recipe, and take the recipe."""
        source, known = recipe.source, self._session.facts
        try:
            field = source.at_work(stored)
            stack = None if picture is None else other_slices(self._stack, recipe, picture)
            earth = self.map_of(field, recipe, picture)
        except UserError as error:
            self._session.refuse(error)
            return
        facts = Facts(
            field, stack, earth, torch=known.torch, devices=known.devices, cards=known.cards, given=known.given,
            beside=beside, recorded=None if picture is None else self._recordings.of(picture),
        )  # fmt: skip
        if picture is not None:
            self._pictures = [_Shown(field, picture), *self._pictures[: REMEMBERED - 1]]
        if self._session.open(recipe, facts, merge):
            self.opened.emit()
            self._recordings.tell()
            if picture is not None and picture.suspects and merge is None:
                self._ask_to_mask(picture)

    def _ask_to_mask(self, picture: Picture) -> None:
        """Offer to mask values that look like a fill value and are not declared as one."""
        values = slice_requests.listed(picture.suspects)
        recipe = self._session.recipe
        masked = recipe.but(mask=(*recipe.source.mask, *picture.suspects), fitted=None)
        words = f"{values} of {picture.dataset} may mean missing: nothing in the file says so."
        action = ("Mask them", lambda: self.open_recipe(masked))
        self._session.tell(Message(words, "They are far from all other values.", "warning", action))

    def map_key(self, field: Field, picture: Picture | None = None) -> MapKey:
        """The key of a field's map."""
        picture = picture or self._picture_of(field)
        path, dataset = (str(field.provenance.get(name, "")) for name in ("path", "dataset"))
        return (path, dataset, (0, 1), None) if picture is None else (path, dataset, picture.axes, picture.window)

    def map_of(self, field: Field, recipe: Recipe, picture: Picture | None = None) -> EarthMap | None:
        """The map of a field at the working resolution of a recipe, if it was read."""
        known, source = self.maps.get(self.map_key(field, picture)), recipe.source
        if known is None:
            return None
        coarse = known.coarsened(source.coarsen) if source.coarsen > 1 else known
        return coarse.refined(source.refine) if source.refine > 1 else coarse
