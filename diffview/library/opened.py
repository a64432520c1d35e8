"""Fields: those of files, and those that a program has as arrays; recipes from wherever they are kept."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from diffview.errors import UserError
from diffview.fields.coarse import refined
from diffview.fields.field import Field, Region
from diffview.fields.jointly import JointValues
from diffview.fields.picture import Picture
from diffview.forward import mine
from diffview.forward.exchange import read_schedule
from diffview.forward.schedules import SCHEDULES, Schedule, make_schedule
from diffview.library.observations import instrument_of
from diffview.readers.many import is_many, one_name
from diffview.readers.packaged import packaged_field
from diffview.readers.process import ReaderProcess
from diffview.runs.beside_wanted import beside_wanted
from diffview.runs.facts import Facts
from diffview.runs.recipe import GIVEN, NOT_KEPT, Recipe
from diffview.runs.stack import other_slices, stack_read, stack_wanted

if TYPE_CHECKING:
    import xarray
    from numpy.typing import ArrayLike

    from diffview.models.cards import Card

NO_OTHERS = UserError(
    "Channels and sequences are made of a file, which has other times to fit to.", "Name it with path= and dataset=."
)

FieldLike: TypeAlias = "xarray.DataArray | Field | ArrayLike"
RecipeLike: TypeAlias = "Recipe | str | PathLike[str] | Mapping[str, Any]"


@dataclass(frozen=True)
class Opened:
    """An opened slice: the recipe completed by it, the facts about it, and the array it came in, north up, if any."""

    recipe: Recipe
    facts: Facts
    array: xarray.DataArray | None = None


# -- files


def open(
    path: str | PathLike[str] | Sequence[str | PathLike[str]] | None = None,
    dataset: str | None = None,
    *,
    index: Sequence[int] | None = None,
) -> xarray.DataArray:
    """One slice of a file, north up, in physical units, as an xarray.DataArray [rows, columns] of float32.

    Missing values are NaN. Coordinates are those of the file: latitude and longitude, or y and x in metres with the
    projection in `crs` and latitude and longitude of every pixel; the time and the level of the slice as scalars.

    Args:
        path: a file (HDF5, netCDF, a Zarr store), or many as one set: a folder, a pattern of names, a list of files,
            joined along their time; None: the field that ships with diffview.
        dataset: the variable; None: the best one that looks like a map.
        index: of every dimension that is not shown, in the order of the file; None: the first slice that holds data.

    Raises:
        UserError: if it cannot be read, or shows nothing.

    Example:
        >>> field = diffview.open("sst.nc", "analysed_sst", index=(3,))
        >>> field.dims, field.attrs["units"]
        (('latitude', 'longitude'), 'K')
    """
    from diffview.library.datasets import array_of

    recipe = Recipe.of(path=source_name(path), dataset=dataset, index=None if index is None else tuple(index))
    opened = open_field(recipe)
    array = array_of(opened)
    array.attrs["diffview_sha256"] = _checksum(array)
    return array


def source_name(path: str | PathLike[str] | Sequence[str | PathLike[str]] | None) -> str | None:
    """The name of a file or of a set of them, None for None.

    Raises:
        UserError: if no file is named, or one of several cannot stand in a list.
    """
    if path is None:
        return None
    names = [path] if isinstance(path, (str, PathLike)) else list(path)
    if not names:
        raise UserError("No file was named.", "Name at least one.")
    return str(Path(one_name(names)).expanduser())


_AT_WORK: ContextVar[ReaderProcess | None] = ContextVar("the reader at work", default=None)


@contextmanager
def one_reader() -> Iterator[ReaderProcess]:
    """A reader process, which starts slowly: that of the block around, if there is one, so that fields share it."""
    if (known := _AT_WORK.get()) is not None:
        yield known
        return
    reader = ReaderProcess()
    kept = _AT_WORK.set(reader)
    try:
        yield reader
    finally:
        _AT_WORK.reset(kept)
        reader.close()


def open_field(recipe: Recipe, card: Card | None = None) -> Opened:
    """The slice that a recipe names, with the other slices of a small variable, as the window opens it.

    Of fields that a network makes together, whose card is given, the part in the middle has its size.

    Raises:
        UserError: if it cannot be read.
    """
    source = recipe.source
    path = source.path
    if path is not None and path.startswith(GIVEN[0]):
        raise NOT_KEPT
    if path is None:
        if recipe.frames.several:
            raise NO_OTHERS
        return Opened(recipe, Facts(source.at_work(packaged_field())))
    with one_reader() as reader:
        picture: Picture = reader.call(
            "read_slice", path=path, dataset=source.dataset, index=source.index, axes=source.axes, window=source.window,
            mask=source.mask,
        )  # fmt: skip
        stack = None
        if (wanted := stack_wanted(picture)) is not None:
            stack = stack_read(recipe, picture, reader.call("read_stack", path=path, **wanted), wanted["limit"])
        beside = None
        if (asked := beside_wanted(recipe, picture)) is not None:
            beside = reader.call("read_beside", path=path, **asked)
        jointly = _jointly(reader, recipe, picture, card) if recipe.frames.several else None
    named = recipe.but(dataset=picture.dataset, index=picture.index)
    return Opened(
        named,
        Facts(source.at_work(picture.field), other_slices(stack, named, picture)).learn(beside=beside, jointly=jointly),
    )


def _jointly(reader: ReaderProcess, recipe: Recipe, picture: Picture, card: Card | None) -> JointValues:
    from diffview.learning.beside_made import jointly_asked  # with it comes h5py, of which few have need here

    return jointly_asked(reader, recipe, picture, card)


# -- arrays


def opened_of(field: FieldLike | None, recipe: Recipe, card: Card | None = None) -> Opened:
    """What is worked on: the field that is given, or the one that the recipe names.

    A slice that `open` gave and nobody changed is taken from its file again, so that a recipe can name it and its
    variable's other slices are there; any other array stands for itself.

    Raises:
        UserError: if it cannot be read, or the array is no picture.
    """
    if field is None:
        return open_field(recipe, card)
    if recipe.frames.several:
        raise NO_OTHERS
    from diffview.library.datasets import as_array, picture_of

    if isinstance(field, Field):
        given = Opened(recipe.but(path=GIVEN, dataset=None, index=None, refine=1), Facts(field))
        return as_coarse(given, recipe.source.refine)
    array = as_array(field)
    said = array.attrs
    named = said.get("diffview_path") or None
    if said.get("diffview_sha256") == _checksum(array) and (named is None or os.path.exists(named) or is_many(named)):
        at = tuple(int(i) for i in np.atleast_1d(said.get("diffview_at", ())))
        return open_field(recipe.but(path=named, dataset=said.get("diffview_dataset"), index=at if named else None))
    if recipe.source.coarsen > 1:
        raise UserError("An array has the resolution that it has.", "Make it coarser first: array.coarsen(...).mean().")
    shown, array = picture_of(array)
    named_so = recipe.but(path=GIVEN, dataset=None, index=None, axes=None, window=None, refine=1)
    return as_coarse(Opened(named_so, Facts(shown), array), recipe.source.refine)


def as_coarse(opened: Opened, k: int) -> Opened:
    """What was opened, each of whose values stands for k x k pixels from now on, as their mean.

    Raises:
        UserError: if the field would be too large.
    """
    if k == 1:
        return opened
    array = opened.array
    if array is not None:
        from diffview.library.datasets import refined_array

        array = refined_array(array, k)
    known = opened.facts
    facts = Facts(refined(known.field, k), torch=known.torch, devices=known.devices, cards=known.cards)
    return Opened(opened.recipe.but(refine=k), facts, array)


def _checksum(array: xarray.DataArray) -> str:
    """SHA-256 of the values, by which a slice is known again."""
    return hashlib.sha256(np.ascontiguousarray(array.values).tobytes()).hexdigest()


# -- recipes


def recipe_of(recipe: RecipeLike | None, values: Mapping[str, Any]) -> Recipe:
    """A recipe with values in the place of its own; another sampler or grid comes with the settings it has.

    Args:
        recipe: a Recipe, the name of a file, JSON text, or the table that this says; None: the defaults.
        values: by their names in the recipe; a region as (row, column, ny, nx), a schedule and settings in plain words.

    Raises:
        UserError: if it cannot be read, or a value is not allowed.
    """
    known = Recipe() if recipe is None else read_recipe(recipe)
    others: dict[str, Any] = {f"{name}_params": () for name in ("sampler", "grid", "solver") if name in values}
    return known.but(**others | {name: _PLAIN.get(name, lambda value: value)(value) for name, value in values.items()})


def read_recipe(recipe: RecipeLike) -> Recipe:
    """The recipe in a file, a JSON text or a table.

    Raises:
        UserError: if it cannot be read, or is none.
    """
    import json

    from diffview.runs.recipe_files import read_recipe as read_file

    if isinstance(recipe, Recipe):
        return recipe
    if isinstance(recipe, Mapping):
        return Recipe.from_json(json.dumps(recipe))
    text = fspath(recipe)
    return Recipe.from_json(text) if text.lstrip().startswith("{") else read_file(Path(text))


ENDINGS = (".csv", ".json", ".txt", ".yaml", ".yml")
"""Of files of schedules."""


def is_schedule_file(name: str) -> bool:
    """Whether a name is that of a file: it ends as one, and no schedule, of diffview or mine, is called so."""
    return Path(name).suffix.lower() in ENDINGS and name not in (*SCHEDULES, *mine.names())


def schedule_of(name: Schedule | str, params: Mapping[str, Any] | None = None) -> Schedule:
    """A schedule by its key in SCHEDULES, the name of a file, or that of one of my schedules.

    Raises:
        UserError: if there is none of that name, or a parameter is not allowed.
    """
    from diffview.forward.schedules import edited

    if isinstance(name, Schedule):
        read = name
    elif is_schedule_file(name):
        read = read_schedule(Path(name)).schedule
    elif name in SCHEDULES or name not in mine.names():
        return make_schedule(name, params)
    else:
        read = mine.load(name)
    return edited(read, params) if params else read


def level_of(schedule: Schedule, t: float | None, s: float | None) -> tuple[float, float]:
    """(t, s) of one of the two.

    Raises:
        UserError: if neither or both are given, or it lies outside the schedule.
    """
    if (t is None) == (s is None):
        raise UserError("How much noise is put in is said by one of t and s.", "Give t, a time from 0 to 1, or s.")
    if t is not None:
        if not 0 <= t <= 1:
            raise UserError(f"t = {t:g} is outside the schedule.", "Choose 0 to 1.")
        return t, float(schedule.noise_level(t))
    assert s is not None
    most = float(schedule.s_max)
    if not (math.isfinite(s) and 0 <= s <= most):
        raise UserError(f"s = {s:g} is outside the schedule, which reaches s = {most:.4g}.", "Choose less noise.")
    return float(schedule.t_of(s)), s


def _region(value: Any) -> Region | None:
    return value if value is None or isinstance(value, Region) else Region(*(int(n) for n in value))


def _settings(value: Mapping[str, Any] | Sequence[Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(dict(value).items())


_PLAIN: dict[str, Callable[[Any], Any]] = {
    "path": source_name, "region": _region, "schedule": schedule_of,
    "hidden": lambda value: tuple(_region(one) for one in value),
    "index": lambda value: None if value is None else tuple(int(i) for i in value),
    "mask": lambda value: tuple(float(number) for number in value), "channels": tuple, "known": tuple,
    "sampler_params": _settings, "grid_params": _settings, "observe_params": _settings,
    "solver_params": _settings, "instruments": lambda value: tuple(instrument_of(one) for one in value),
}  # fmt: skip
"""How values that are no single number or text may be written."""
