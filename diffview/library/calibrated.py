"""Is an ensemble calibrated? Of a file that was exported, of arrays, or of what a recipe makes; beside any truth."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from diffview import __version__
from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.picture import Picture
from diffview.fields.placing import DOWN, place_on
from diffview.fields.units import same_units
from diffview.library.opened import RecipeLike, open_field, source_name
from diffview.readers.process import ReaderProcess
from diffview.runs.recipe import Recipe
from diffview.scores.calibration import Calibration, EnsembleCases, calibrate, too_few
from diffview.scores.run_ensembles import FIELD, NONE, cases_of, climatology_of

if TYPE_CHECKING:
    import xarray
    from numpy.typing import ArrayLike

MADE = "generated"
"""The variable that says which pixels were made, in files of filled gaps."""

Progress = Callable[[float], None]
MEMBER_NAMES = ("member", "members", "realization", "realisation", "ensemble", "ens", "number", "sample")
"""Dimensions of members, as files call them."""

OWN_TRUTH = "_truth"
"""What the name of the field itself ends with in the files that a run writes."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A truth, or a condition, as it was named.

    Attributes:
        what: FIELD, NONE, the words FILE DATASET or DATASET, numbers [rows, columns], or None.
        place: which slice of its variable, one number for each of the other dimensions; None: the first with data.
    """

    what: Any = None
    place: Sequence[int] | None = None

    @property
    def word(self) -> str:
        """FIELD, NONE, or ""."""
        return self.what if isinstance(self.what, str) and self.what in (FIELD, NONE) else ""

    @property
    def named(self) -> bool:
        """Whether it names a variable."""
        return isinstance(self.what, (list, tuple)) and all(isinstance(word, str) for word in self.what)


def verify_ensemble(
    ensemble: str | PathLike[str] | xarray.Dataset | ArrayLike,
    dataset: str | None = None,
    *,
    truth: str | ArrayLike | None = None,
    given: ArrayLike | None = None,
    climatology: ArrayLike | None = None,
    thresholds: Sequence[float] = (),
    seed: int = 0,
) -> xarray.Dataset:
    """Whether an ensemble is calibrated: CRPS, ranks, spread/skill, reliability, coverage, coherence, FSS, quantiles.

    Args:
        ensemble: what `diffview.sample` gave, the file that it was written to, any other file with a dimension of
            members, or numbers [member, rows, columns].
        dataset: the variable that has members; None: the first.
        truth: "field": the field that the run was given; "none"; or the truth as numbers [rows, columns], as
            `diffview.open` gives them: with coordinates it may be larger. None: the field where it is there.
        given: what the model was given, as a field: its error stands beside the CRPS.
        climatology: other real fields [n, rows, columns].
        thresholds: of events, in the field's units; none: those that suit it.
        seed: of ties in ranks, and of the bootstrap.

    Returns:
        crps, spread, skill, spread_skill and coverage; ranks; spectra and coherence over k; FSS over threshold and
        width; quantiles; `findings` are sentences. All of it is the attribute `diffview_scores`, as JSON.

    Raises:
        UserError: if there is one member, the truth lies elsewhere or has no value, or something cannot be read.

    Example:
        >>> scores = diffview.verify_ensemble("rain.nc", truth=diffview.open("radar.nc", "rain"))
        >>> float(scores["spread_skill"]), list(scores["findings"].values)
    """
    cases = _cases(ensemble, dataset, truth)
    others = None if climatology is None else np.asarray(climatology, dtype=np.float64)
    cases = replace(cases, given=_pictures(given), climatology=cases.climatology if others is None else others)
    return as_dataset(calibrate(cases, thresholds, seed))


# -- where ensembles come from


def _cases(ensemble: Any, dataset: str | None, truth: Any) -> EnsembleCases:
    """The ensemble of a file, a Dataset or numbers."""
    import xarray

    if isinstance(ensemble, (str, PathLike)):
        return file_cases(str(source_name(ensemble)), dataset, Truth(truth))
    return (
        dataset_cases(ensemble, dataset, truth)
        if isinstance(ensemble, xarray.Dataset)
        else array_cases(ensemble, truth)
    )


def made_cases(recipe: RecipeLike, values: Mapping[str, Any], truth: Truth, progress: Progress) -> EnsembleCases:
    """The ensemble that a recipe makes, with values in the place of its own.

    Raises:
        UserError: as `diffview.sample`, or of one member.
    """
    from diffview.library.making import card_of, planned
    from diffview.library.opened import read_recipe, recipe_of
    from diffview.runs.in_blocks import last_steps

    wanted = recipe_of(read_recipe(recipe), values)
    card, opened = card_of(wanted.denoiser.model), open_field(wanted)
    if (count := opened.recipe.ensemble.members) < 2:
        raise too_few(count)
    plan = planned(opened, card)
    asked: Any = truth.word
    if truth.named:
        whole, path = opened.facts.field, opened.recipe.source.path
        lines = {name: _cut(name, c, plan.region) for name, c in whole.coords.items()}
        part = replace(whole, values=whole.values[plan.region.slices], coords=lines)
        asked = _beside(part, path, truth, "truth")[0][0]
    made = np.concatenate([end.y for end in last_steps(plan, progress=progress)])
    return cases_of(plan, opened.facts, made, asked)


def _cut(name: str, values: Any, region: Region) -> Any:
    """A coordinate of a region."""
    return values[region.slices] if values.ndim > 1 else values[region.slices[0 if name in DOWN else 1]]


def dataset_cases(made: xarray.Dataset, dataset: str | None, truth: Any) -> EnsembleCases:
    """The members of a Dataset, as `diffview.sample` gives it, and its own truth where no other is given.

    Raises:
        UserError: if it has none, or they do not go together.
    """
    names = [str(name) for name, one in made.data_vars.items() if set(map(str, one.dims)) & set(MEMBER_NAMES)]
    name = dataset or next(iter(names), None)
    if name is None or name not in made:
        raise UserError(
            "The dataset has no variable with a dimension of members.", f"Call that dimension {MEMBER_NAMES[0]}."
        )
    own = f"{name}{OWN_TRUTH}"
    if truth is None or (isinstance(truth, str) and truth == FIELD):
        if own not in made and truth is not None:
            raise UserError(f"The dataset does not hold the field itself, {own}.", "Give the truth as numbers.")
        truth = made.get(own)
    cases = array_cases(made[name], truth)
    filled = MADE in made and own in made
    return replace(cases, where=np.asarray(made[MADE].values == 1)) if filled else cases


def array_cases(members: Any, truth: Any) -> EnsembleCases:
    """Numbers [member, rows, columns], and their truth [rows, columns]; placed where both have coordinates.

    Raises:
        UserError: if they are not, or do not go together.
    """
    from diffview.library.datasets import as_array, picture_of, turned_of

    array = as_array(members)
    if array.ndim != 3:
        raise UserError(f"An ensemble of {array.ndim} dimensions was given.", "Give numbers [member, rows, columns].")
    if isinstance(truth, str):
        if truth != NONE:
            raise UserError(f"There is no truth {truth!r} beside an array.", "Give it as numbers [rows, columns].")
        truth = None
    if len(array) < 2:
        raise too_few(len(array))
    turned, _ = turned_of(array)
    of, _ = picture_of(array[0])
    wanted = None if truth is None else _array_beside(of, truth)
    return EnsembleCases(turned.values[:, None], wanted, None, None, None, of.name or "field", of.units, of.pixel_km)


def _array_beside(of: Field, truth: Any) -> Any:
    """A truth in numbers on the grid of the members [1, ny, nx]."""
    from diffview.library.datasets import as_array, picture_of

    other, _ = picture_of(as_array(truth))
    if of.units and other.units:  # bare numbers have none
        _check_units(of, other, "truth")
    return other.values[place_on(of, other).slices][None]


def _check_units(of: Field, other: Field, what: str) -> None:
    if not same_units(of.units, other.units):
        raise UserError(
            f"The {what} is in {other.units or 'no units'}, the members are in {of.units or 'no units'}.",
            f"Name a {what} in their units.",
        )


def _pictures(values: Any) -> Any:
    """Numbers [rows, columns] as those of one case; None for nothing."""
    return None if values is None else np.asarray(values, dtype=np.float64)[None]


def file_cases(path: str, dataset: str | None, truth: Truth, given: Truth | None = None) -> EnsembleCases:
    """The members of a file, and what they are judged by.

    Raises:
        UserError: if they cannot be read, or lie on another grid.
    """
    shown, members, names = _members(path, dataset)
    of, name = shown.field, shown.dataset.rsplit("/", 1)[-1]
    own = f"{name}{OWN_TRUTH}"
    if own in names and (truth.what is None or truth.word == FIELD):
        truth = Truth((own,))
    elif truth.word == FIELD:
        raise UserError(f"{path} does not hold the field itself, {own}.", "Name the truth: a file and a variable.")
    wanted, climate = None, None
    if truth.named:
        wanted, climate = _beside(of, path, truth, "truth")
    elif truth.what is not None and not truth.word:
        wanted = _array_beside(of, truth.what)
    condition = None if given is None else _beside(of, path, given, "condition")[0]
    where = _made_pixels(path) if MADE in names and own in names else None
    return EnsembleCases(members[:, None], wanted, condition, climate, where, name, of.units, of.pixel_km)


def _made_pixels(path: str) -> Any:
    """The pixels that a run which filled a gap has made [ny, nx], of the flag in its file."""
    reader = ReaderProcess()
    try:
        return reader.call("read_slice", path=path, dataset=MADE).field.values == 1
    finally:
        reader.close()


def _members(path: str, dataset: str | None) -> tuple[Picture, Any, list[str]]:
    """A picture of the variable that has members, all of them [M, ny, nx], and the names of the file's variables."""
    reader = ReaderProcess()
    try:
        nodes = reader.call("find_plottable", path=path)
        names = [node.name for node in nodes]
        if dataset is None:
            dataset = next((node.path for node in nodes if set(map(str.lower, node.dims)) & set(MEMBER_NAMES)), None)
        if dataset is None:
            raise UserError(
                f"{path} has no variable with a dimension of members.",
                f"Name the variable; members lie along a dimension called {', '.join(MEMBER_NAMES[:3])}, ...",
            )
        picture: Picture = reader.call("read_slice", path=path, dataset=dataset, index=None)
        along = _along(picture)
        ny, nx = picture.field.values.shape
        members = reader.call(
            "read_stack", path=path, dataset=picture.dataset, axes=picture.axes, index=picture.index, dim=along,
            region=Region(0, 0, ny, nx), limit=range(picture.other_dims[along][1]),
        )  # fmt: skip
        return picture, np.asarray(members), names
    finally:
        reader.close()


def _along(picture: Picture) -> int:
    """Which of the other dimensions is that of the members.

    Raises:
        UserError: if nobody can tell.
    """
    names = [name.rsplit("/", 1)[-1].lower() for name, _ in picture.other_dims]
    found = [i for i, name in enumerate(names) if name in MEMBER_NAMES]
    if not found and len(names) == 1:
        return 0
    if len(found) != 1:
        raise UserError(
            f"{picture.dataset} has the dimensions {', '.join(names) or 'of a picture'}: none is of members.",
            f"Call it {MEMBER_NAMES[0]}.",
        )
    return found[0]


def _beside(of: Field, path: str | None, named: Truth, what: str) -> tuple[Any, Any]:
    """A named field on the grid of the members [1, ny, nx], and its climatology there or None."""
    *where, dataset = named.what
    place = None if named.place is None else tuple(named.place)
    opened = open_field(Recipe.of(path=source_name(where[0]) if where else path, dataset=dataset, index=place))
    other = opened.facts.field
    _check_units(of, other, what)
    region = place_on(of, other, what)
    return other.values[region.slices][None], climatology_of(opened.facts, region)


# -- what comes of it


def as_dataset(found: Calibration) -> xarray.Dataset:
    """What was found, as xarray: curves over k, rank and threshold, sentences, and all of it as JSON."""
    import xarray

    from diffview.scores.findings import findings

    said, units, scales = findings(found), {"units": found.units or "1"}, found.scales
    numbers = {"crps": found.crps}
    if (spread := found.dispersion) is not None:
        numbers |= {"spread": spread.spread, "skill": spread.skill, "spread_skill": spread.ratio}
    made: dict[str, Any] = {
        name: ((), value, units if name != "spread_skill" else {"units": "1"}) for name, value in numbers.items()
    }
    made |= {f"crps_{one.what.replace(' ', '_')}": ((), one.crps, units) for one in found.beside}
    made |= {f"power_{name}": ("k", getattr(scales, name)) for name in ("members", "mean", "truth", "spread", "error")}
    made |= {"coherence_members": ("k", scales.among), "coherence_truth": ("k", scales.with_truth)}
    made["findings"] = ("finding", [one.sentence for one in said])
    coords: dict[str, Any] = {
        "k": ("k", scales.k, {"long_name": "cycles per longest side", "units": "1"}),
        "wavelength": ("k", scales.wavelength, {"units": "km" if found.in_km else "1"}),
        "finding": [one.what for one in said],
    }
    if found.ranks is not None:
        coords["rank"] = np.arange(len(found.ranks.shares))
        made |= {"ranks": ("rank", found.ranks.shares)}
        coords["level"] = list(found.coverage)
        made |= {"coverage": ("level", list(found.coverage.values()))}
    if found.neighbourhoods:
        coords |= {"threshold": [one.threshold for one in found.neighbourhoods],
                   "width": list(found.neighbourhoods[0].widths)}  # fmt: skip
        made["fss"] = (("threshold", "width"), np.array([one.scores for one in found.neighbourhoods]))
    tails = found.tails
    coords["quantile"] = list(tails["members"].levels)
    made |= {f"quantile_{name}": ("quantile", one.values, units) for name, one in tails.items()}
    about = {"diffview_version": __version__, "diffview_seed": str(found.seed)}
    return xarray.Dataset(made, coords, {**about, "diffview_scores": json.dumps(found.plain(), allow_nan=False)})
