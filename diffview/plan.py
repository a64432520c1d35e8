"""From the wish to the doing: resolve says what can be done, run does it.

`resolve(recipe, facts)` is pure and returns a Plan: arrays, levels, device, and notes of every wish that could not be
met as asked. `run(plan)` depends on nothing but its Plan.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.denoisers import FORMULAS, Denoiser
from diffview.errors import UserError
from diffview.fields import Field, Region
from diffview.grids import make_levels
from diffview.process import ForwardPath, Noise
from diffview.recipe import Recipe
from diffview.regions import (
    FEWEST_CROPS,
    LARGEST,
    SMALLEST,
    crops_for,
    most_complete,
    nearest_complete,
    starting_region,
    summed,
    with_enough_crops,
)
from diffview.samplers import SAMPLERS, Denoise, Step, sampler_params
from diffview.transforms import Transform

Array = NDArray[np.float32]


class Note(NamedTuple):
    """A wish that could not be met as asked."""

    asked: str
    given: str
    why: str

    def __str__(self) -> str:
        return f"{self.why} Asked: {self.asked}; given: {self.given}."


FEWEST_SLICES = 2
"""Other slices that a fit needs at least."""

CACHED = 64
"""Results that Facts remembers; the oldest goes first."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What is there: the open field, other slices of its variable, and the devices of this machine.

    Attributes:
        field: the slice, in physical units.
        stack: the same picture in other slices of the variable [n, ny, nx], the shown one left out; or None.
        torch: version of torch, "" while it is not loaded, None if it is not installed.
        devices: torch devices that can be used ("cpu", "cuda", "mps"), known once torch is loaded.
    """

    field: Field
    stack: Array | None = None
    torch: str | None = ""
    devices: tuple[str, ...] = ("cpu",)
    _cache: dict[Any, Any] = dataclasses.field(default_factory=dict, repr=False)

    def cached(self, key: tuple[Any, ...], make: Any) -> Any:
        """What `make` gives, computed once for this field."""
        if key not in self._cache:
            while len(self._cache) >= CACHED:
                self._cache.pop(next(iter(self._cache)))
            self._cache[key] = make()
        return self._cache[key]

    @property
    def table(self) -> NDArray[np.int32]:
        """Summed-area table of the field's missing pixels."""
        table: NDArray[np.int32] = self.cached(("table",), lambda: summed(self.field.mask))
        return table

    def learn(self, **facts: Any) -> "Facts":
        """The same facts with some replaced; what was computed from the field stays unless the field's data change."""
        if facts.keys() & {"field", "stack"}:
            facts["_cache"] = {}
        return dataclasses.replace(self, **facts)

    def standardised(self, key: str) -> tuple[Transform, Array]:
        """The fitted transform `key` and the whole field through it."""

        def make() -> tuple[Transform, Array]:
            transform = Transform.fit(key, self.field.values, self.field.name or "The field")
            return transform, transform(self.field.values)

        fitted: tuple[Transform, Array] = self.cached(("standardised", key), make)
        return fitted


@dataclass(frozen=True, eq=False)
class FitSet:
    """The crops a formula denoiser is fitted to, in standardised units.

    Attributes:
        model: key of FORMULAS.
        source: the standardised field [rows, columns], or a stack of other slices [n, rows, columns].
        regions: where the crops lie; of a stack, the one region common to all.
        left_out: the crops share no pixel with the region worked on.
        slices: which slices of the stack are complete there.
    """

    model: str
    source: Array
    regions: tuple[Region, ...]
    left_out: bool
    slices: tuple[int, ...] = ()

    @property
    def count(self) -> int:
        """Number of crops."""
        return len(self.slices) if self.source.ndim == 3 else len(self.regions)

    def crops(self) -> Array:
        """The crops, [n, ny, nx]."""
        if self.source.ndim == 3:
            return self.source[(slice(None), *self.regions[0].slices)][list(self.slices)]
        return np.stack([self.source[region.slices] for region in self.regions])

    def denoiser(self) -> Denoiser:
        """The denoiser fitted to the crops."""
        return FORMULAS[self.model](self.crops())


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be done: everything a run needs, and the notes of what was changed from the wish.

    Attributes:
        region: the region shown and worked on.
        transform: the fitted transform.
        x0: the region in standardised units, float32 [ny, nx]; NaN where missing.
        levels: noise levels of the run, falling to 0.
        params: all parameters of the sampler.
        device: "numpy", or the torch device.
        fit: what the denoiser is fitted to; None if it cannot be.
        notes: wishes not met as asked.
        refusal: why a run cannot be made, or None.
        complete: the nearest complete region where missing pixels are the reason, or None.
    """

    recipe: Recipe
    region: Region
    transform: Transform
    x0: Array
    levels: list[float]
    params: Mapping[str, Any]
    device: str
    fit: FitSet | None
    notes: tuple[Note, ...] = ()
    refusal: UserError | None = None
    complete: Region | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[members, channels, ny, nx]."""
        return self.recipe.members, 1, self.region.ny, self.region.nx

    @property
    def steps(self) -> int:
        """Steps of the run."""
        return len(self.levels) - 1

    @property
    def evaluations(self) -> int:
        """Denoiser calls of the run."""
        return SAMPLERS[self.recipe.sampler].evaluations(self.steps)


def resolve(recipe: Recipe, facts: Facts) -> Plan:
    """Turn the wish into what can be done. Pure; explains itself in `notes` and `refusal`.

    Raises:
        UserError: if the transform cannot be fitted, or a parameter is unknown or not allowed.
    """
    notes: list[Note] = []
    transform, standardised = facts.standardised(recipe.transform)
    asked = region = _region(recipe, facts, notes)
    fit, refusal = None, None
    try:
        region, fit = facts.cached(
            ("fit", recipe.transform, recipe.model, asked, recipe.start),
            lambda: _fit_set(recipe, facts, standardised, asked),
        )
    except UserError as error:
        refusal = error
    if fit is not None and region != asked and recipe.region is not None:
        notes.append(_shrunk_note(asked, region, fit))
    x0 = facts.cached(("x0", recipe.transform, region), lambda: standardised[region.slices])
    complete = None
    if np.isnan(x0).any():
        complete = nearest_complete(facts.table, region)
        hint = "Move the region to the nearest complete place." if complete else "Choose a smaller region."
        refusal = UserError(f"The region has {int(np.isnan(x0).sum())} missing pixels.", hint)
    levels = _levels(recipe, notes)
    params = sampler_params(recipe.sampler, dict(recipe.sampler_params))
    device = _device(recipe, facts, notes)
    return Plan(
        recipe, region, transform, x0, levels, params, device, fit, tuple(notes), refusal, complete
    )  # fmt: skip


def _region(recipe: Recipe, facts: Facts, notes: list[Note]) -> Region:
    """The asked region if the field has it, else a complete square near the centre."""
    rows, columns = facts.field.values.shape
    asked = recipe.region
    if asked is None:
        region: Region = facts.cached(("default region",), lambda: starting_region(facts.table))
        return region
    inside = (
        asked.row >= 0 and asked.column >= 0 and asked.row + asked.ny <= rows and asked.column + asked.nx <= columns
    )
    least = min(SMALLEST, rows, columns)
    if inside and least <= min(asked.ny, asked.nx) and max(asked.ny, asked.nx) <= LARGEST:
        return asked
    region = most_complete(facts.table, min(LARGEST, max(SMALLEST, min(asked.ny, asked.nx))))
    why = f"A region lies inside the field's {rows} x {columns} pixels and has {SMALLEST} to {LARGEST} pixels a side."
    notes.append(Note(str(asked), str(region), why))
    return region


def _fit_set(recipe: Recipe, facts: Facts, standardised: Array, region: Region) -> tuple[Region, FitSet]:
    """The region and crops of the formula denoiser, under the honesty rule.

    `data` and `local` started from the field see no crop that shares a pixel with it, or else the "recovery" is a
    copy. Other slices of the same variable, never the shown one, are taken where the slice is at most twice the region
    or too small for enough crops.
    """
    leave_out = recipe.start == "field" and recipe.model != "gaussian"
    if facts.stack is not None and _prefers_slices(facts, region, leave_out):
        transform, _ = facts.standardised(recipe.transform)
        stack = facts.cached(("stack", recipe.transform), lambda: transform(facts.stack))
        complete = np.flatnonzero(~np.isnan(stack[(slice(None), *region.slices)]).any(axis=(1, 2)))
        if len(complete) >= FEWEST_SLICES:
            return region, FitSet(recipe.model, stack, (region,), True, tuple(complete.tolist()))
    if recipe.model == "gaussian":
        crops = crops_for(facts.table, region, leave_out=False)
        if not crops:
            raise UserError(
                f"The field has no complete {region.ny} x {region.nx} crop to fit to.", "Take a smaller region."
            )
    else:
        region, crops = with_enough_crops(facts.table, region, leave_out)
    return region, FitSet(recipe.model, standardised, tuple(crops), leave_out)


def _prefers_slices(facts: Facts, region: Region, leave_out: bool) -> bool:
    """Whether the region at the same place in other slices is a better fit set than crops of the shown slice."""
    rows, columns = facts.field.values.shape
    if max(rows, columns) <= 2 * max(region.ny, region.nx):
        return True
    return len(crops_for(facts.table, region, leave_out)) < FEWEST_CROPS


def _shrunk_note(asked: Region, region: Region, fit: FitSet) -> Note:
    why = (
        f"The region is reduced so that `{fit.model}` can be fitted without seeing it."
        if fit.left_out
        else f"The region is reduced so that there are enough crops to fit `{fit.model}` to."
    )
    return Note(f"{asked.ny} x {asked.nx}", f"{region.ny} x {region.nx} with {fit.count} crops", why)


def _levels(recipe: Recipe, notes: list[Note]) -> list[float]:
    """The grid's levels: from the schedule's highest, or, from the field, all of them below its own level."""
    top = recipe.start_level if recipe.start == "field" else None
    levels = make_levels(recipe.schedule, recipe.grid, recipe.steps, top, **dict(recipe.grid_params))
    if top is not None and top > levels[0] * (1 + 1e-9):
        why = "The grid reaches no higher noise level."
        notes.append(Note(f"start at s = {top:g}", f"s = {levels[0]:g}", why))
    return levels


def _device(recipe: Recipe, facts: Facts, notes: list[Note]) -> str:
    """The engine: numpy for formulas unless a torch device is asked for and can be had."""
    asked = recipe.device
    if asked == "auto":
        return "numpy"
    if recipe.model == "local":
        notes.append(Note(asked, "numpy on the CPU", "`local` runs on numpy."))
    elif facts.torch is None:
        notes.append(Note(asked, "numpy on the CPU", "torch is not installed."))
    elif not facts.torch:
        notes.append(Note(asked, "numpy on the CPU until then", "torch is being loaded."))
    elif asked not in facts.devices:
        notes.append(Note(asked, "numpy on the CPU", f"This machine has no {asked} device that torch can use."))
    else:
        return asked
    return "numpy"


def start_state(plan: Plan) -> Array:
    """y at levels[0], float32 [members, 1, ny, nx]: the end of each member's forward path, on the field or on 0."""
    shape = plan.shape
    s = plan.levels[0]
    base = plan.x0 if plan.recipe.start == "field" else np.float32(0)
    paths = (ForwardPath(plan.recipe.seed, shape[2:], plan.recipe.path_mode, m) for m in range(shape[0]))
    return np.stack([(base + path(s))[None] for path in paths]).astype(np.float32)


def on_device(y: Array, device: str) -> Any:
    """y as it is for "numpy", else a tensor on the torch device."""
    if device == "numpy":
        return y
    import torch

    return torch.from_numpy(y).to(device)


def run(plan: Plan, denoise: Denoise | None = None, after: Step | None = None) -> Iterator[Step]:
    """The steps of the planned run, from its start or on from the step `after`.

    Raises:
        UserError: if the plan cannot be run.
    """
    if plan.refusal is not None:
        raise plan.refusal
    if denoise is None:
        if plan.fit is None:
            raise UserError("The model has nothing it could be fitted to.", "Choose another region.")
        denoise = plan.fit.denoiser()
    y = on_device(start_state(plan) if after is None else after.y, plan.device)
    noise = Noise(plan.recipe.seed, plan.shape, like=y)
    sampler = SAMPLERS[plan.recipe.sampler].run
    resume: dict[str, Any] = {} if after is None else {"start": after.index, "history": after.history}
    return sampler(denoise, y, plan.levels, noise, **resume, **plan.params)


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
