"""From the wish to the doing: resolve says what can be done, run does it.

`resolve(recipe, facts)` is pure and returns a Plan: arrays, levels, device, and notes of every wish that could not be
met as asked. `run(plan)` depends on nothing but its Plan.
"""

import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.cards import Card
from diffview.denoisers import FORMULAS, LAWS
from diffview.errors import UserError
from diffview.fields import Field, Region
from diffview.gaps import hidden_in
from diffview.grids import make_levels
from diffview.maps import EarthMap
from diffview.models import FitSet, Given, Model, Trained, mismatch
from diffview.needs import FORMULA_OFFERS, offers_of, offers_of_card, unmet
from diffview.process import ForwardPath, Noise
from diffview.recipe import AUTO, Recipe
from diffview.regions import (
    FEWEST_CROPS,
    LARGEST,
    SMALLEST,
    crops_for,
    most_complete,
    nearest_complete,
    smaller_crops,
    starting_region,
    summed,
    with_enough_crops,
)
from diffview.sampler_base import KNOWN_PIXELS
from diffview.samplers import SAMPLERS, Denoise, NoiseFn, Step, sampler_params
from diffview.steering import Steered, fills, is_steered, is_told, known_pixels, partner_of, steered
from diffview.training_sets import coarse
from diffview.transforms import Transform, check_least, choose_transform

Array = NDArray[np.float32]


class Note(NamedTuple):
    """A wish that could not be met as asked; a quiet one is said in the status line only."""

    asked: str
    given: str
    why: str
    quiet: bool = False

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
        place: where its pixels lie on Earth; None where that is not known, or not yet.
        torch: version of torch, "" while it is not loaded, None if it is not installed.
        devices: torch devices that can be used ("cpu", "cuda", "mps"), known once torch is loaded.
        cards: the networks that can be chosen, by name.
        given: denoisers that the user's own program brought, by name.
    """

    field: Field
    stack: Array | None = None
    place: EarthMap | None = None
    torch: str | None = ""
    devices: tuple[str, ...] = ("cpu",)
    cards: Mapping[str, Card] = dataclasses.field(default_factory=dict)
    given: Mapping[str, Given] = dataclasses.field(default_factory=dict)
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

    @property
    def chosen(self) -> tuple[str, str]:
        """The key of the transform that suits the field, and why."""
        made: tuple[str, str] = self.cached(("chosen",), lambda: choose_transform(self.field.values, self.field.units))
        return made

    def key_of(self, recipe: Recipe) -> str:
        """The key of the transform that a recipe wishes."""
        return self.chosen[0] if recipe.transform == AUTO else recipe.transform

    def fitted(self, recipe: Recipe) -> tuple[Transform, Array]:
        """The transform that a recipe wishes, with the numbers it brings or fitted to the field; the field through it.

        Raises:
            UserError: if it cannot be fitted, or is not meant for the field's values.
        """
        name = self.field.name or "The field"
        if recipe.fitted is not None and recipe.transform in (AUTO, recipe.fitted.key):
            if not self.field.mask.all():
                check_least(recipe.fitted.key, float(np.nanmin(self.field.values)), name)
            return self.through(recipe.fitted)
        key = self.key_of(recipe)
        fit = self.cached(("transform", key), lambda: Transform.fit(key, self.field.values, name))
        return self.through(fit)

    def through(self, transform: Transform) -> tuple[Transform, Array]:
        """The whole field through a transform."""
        return self.cached(("through", transform), lambda: (transform, transform(self.field.values)))  # type: ignore[no-any-return]


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be done: everything a run needs, and the notes of what was changed from the wish.

    Attributes:
        region: the region shown and worked on.
        transform: the transform of the field.
        standardised: the whole field through it; NaN where missing.
        x0: the region of it, float32 [ny, nx].
        levels: noise levels of the run, falling to 0.
        params: all parameters of the sampler.
        device: "numpy", or the torch device.
        model: what the denoiser is made from; None if it cannot be.
        offers: what that model, and this field, offer a sampler; see `needs`.
        card: the network's card, or None.
        notes: wishes not met as asked.
        refusal: why a run cannot be made, or None.
        complete: the nearest complete region where missing pixels are the reason, or None.
        parent: the plan of the run that this one leaves at a step, or None.
        known: the pixels of the region that the run is told [ny, nx], or None if it is told none.
    """

    recipe: Recipe
    region: Region
    transform: Transform
    standardised: Array
    x0: Array
    levels: list[float]
    params: Mapping[str, Any]
    device: str
    model: Model | None
    offers: frozenset[str]
    card: Card | None = None
    notes: tuple[Note, ...] = ()
    refusal: UserError | None = None
    complete: Region | None = None
    parent: "Plan | None" = None
    known: NDArray[np.bool_] | None = None

    @property
    def filled(self) -> NDArray[np.bool_] | None:
        """The pixels of the region that the run makes up beside known ones [ny, nx]; None if it fills nothing."""
        if self.known is None or not fills(self.recipe):
            return None
        return ~self.known if self.makes is None else self.makes & ~self.known

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[members, channels, ny, nx]."""
        if self.card is not None:
            return self.recipe.members, *self.card.shape
        return self.recipe.members, 1, self.region.ny, self.region.nx

    @property
    def placed(self) -> bool:
        """Whether what a run makes lies where the region does: it starts from it, or is told of it."""
        told = self.card is not None and self.card.coarsen > 0
        return _sees_region(self.recipe) or told

    @property
    def makes(self) -> NDArray[np.bool_] | None:
        """Where a run makes values [ny, nx]; elsewhere there is nothing to see. None: everywhere."""
        base = self.model.base if isinstance(self.model, Steered) else self.model
        return base.makes if isinstance(base, Trained) else None

    @property
    def settled(self) -> Recipe:
        """The recipe with the region and the fitted numbers in force: what gives the same again."""
        own = self.card is not None and self.transform == self.card.transform
        fitted = self.recipe.fitted if own else self.transform
        return dataclasses.replace(self.recipe, region=self.region, fitted=fitted)

    @property
    def made_in(self) -> Transform:
        """The transform of what the run makes: the model's own."""
        return self.transform if self.card is None else self.card.transform

    @property
    def visited(self) -> list[float]:
        """The level of every state of the run: `levels`, unless the sampler walks upwards on its way."""
        info = SAMPLERS[self.recipe.sampler]
        return [self.levels[i] for i in info.places(len(self.levels) - 1, self.params)]

    @property
    def steps(self) -> int:
        """Steps of the run."""
        return len(self.visited) - 1

    @property
    def evaluations(self) -> int:
        """Evaluations of the model, or of both where two are mixed, that the run takes."""
        info, fork, made = SAMPLERS[self.recipe.sampler], self.recipe.fork, len(self.levels) - 1
        if self.parent is None or fork is None:
            return self.calls * info.evaluations(made, self.params)
        return self.calls * (self.parent.evaluations_until(fork.step) + self._after_fork(made - fork.step))

    @property
    def calls(self) -> int:
        """Evaluations of networks that one call of the denoiser takes: two where two are mixed."""
        return getattr(self.model, "calls", 1)

    def evaluations_until(self, step: int) -> int:
        """Denoiser calls of its first `step` steps, none of which ends at s = 0."""
        info, fork = SAMPLERS[self.recipe.sampler], self.recipe.fork
        if self.parent is None or fork is None:
            return info.evaluations(step + 1, self.params) - 1 if step else 0
        if step <= fork.step:
            return self.parent.evaluations_until(step)
        return self.parent.evaluations_until(fork.step) + self._after_fork(step - fork.step + 1) - 1

    def _after_fork(self, steps: int) -> int:
        """Denoiser calls of the last `steps` steps; a sampler that goes on from its own history needs none to begin."""
        info, fork = SAMPLERS[self.recipe.sampler], self.recipe.fork
        assert self.parent is not None and fork is not None
        goes_on = fork.step > 0 and self.parent.recipe.sampler == self.recipe.sampler
        return info.evaluations(steps, self.params) - (info.extra if goes_on and steps > 1 else 0)

    def lacks(self, sampler: str, params: Mapping[str, Any] | None = None) -> UserError | None:
        """Why a sampler, with these parameters or its defaults, cannot run on the model; None if it can."""
        given = sampler_params(sampler, params or {})
        return unmet(SAMPLERS[sampler], given, self.recipe.model, self.offers)


def resolve(recipe: Recipe, facts: Facts) -> Plan:
    """Turn the wish into what can be done. Pure; explains itself in `notes` and `refusal`.

    Raises:
        UserError: if the transform cannot be fitted, the model is unknown, or a parameter is unknown or not allowed.
    """
    if recipe.fork is not None:
        parent = resolve(dataclasses.replace(recipe, **recipe.fork.course), facts)
        return _branched(recipe, parent, resolve(dataclasses.replace(recipe, fork=None), facts))
    card = facts.cards.get(recipe.model)
    plan = _resolve_formula(recipe, facts) if card is None else _resolve_network(recipe, facts, card)
    if is_told(recipe):
        plan = dataclasses.replace(plan, known=known_pixels(recipe, plan.region, plan.x0))
        if plan.known is not None and plan.known.any() and plan.filled is not None and plan.filled.any():
            plan = dataclasses.replace(plan, offers=plan.offers | {KNOWN_PIXELS})
    if is_steered(recipe) and plan.model is not None:
        try:
            plan = dataclasses.replace(plan, model=_steered(plan, facts))
        except UserError as error:
            plan = dataclasses.replace(plan, refusal=plan.refusal or error)
    if plan.refusal is None and (refusal := plan.lacks(recipe.sampler, plan.params)) is not None:
        return dataclasses.replace(plan, refusal=refusal)
    return plan


def _steered(plan: Plan, facts: Facts) -> Model:
    """The plan's model with what the recipe wishes to be done to it; the same one as long as that is the same."""
    recipe, card, base, partner = plan.recipe, plan.card, plan.model, None
    assert base is not None
    name = None if card is None else partner_of(card, facts.cards)
    if name is not None and recipe.guidance != 1:
        partner = _trained(facts, facts.cards[name], plan.device)
    told = None if plan.known is None else (plan.x0, plan.known)
    wish = (recipe.guidance, recipe.clip_low, recipe.clip_high, recipe.observe, recipe.observe_params, recipe.hidden)
    key = ("steered", base, partner, *wish, plan.region, plan.transform)
    made: Model = facts.cached(key, lambda: steered(recipe, base, partner, plan.offers, plan.made_in, told))
    return made


def _nothing() -> tuple[None, None]:
    return None, None


def _trained(facts: Facts, card: Card, device: str, place: Any = None, told: Callable[[], Any] = _nothing) -> Trained:
    """The network of a card, with the condition and the mask that `told` finds at `place`; the same one each time."""
    key = ("trained", card.name, card.weights.get("sha256"), device, place)
    model: Trained = facts.cached(key, lambda: Trained(card, device, *told()))
    return model


def _resolve_formula(recipe: Recipe, facts: Facts) -> Plan:
    """A formula fitted to crops of the field, or the user's own denoiser."""
    notes: list[Note] = []
    transform, standardised = facts.fitted(recipe)
    asked = region = _region(recipe, facts, notes)
    model: Model | None = None
    refusal, offers = None, FORMULA_OFFERS
    if recipe.model in facts.given:
        model = facts.given[recipe.model]
        offers = offers_of(model.own)
    elif recipe.model not in FORMULAS:
        known = ", ".join([*FORMULAS, *facts.cards, *facts.given])
        raise UserError(f"There is no model called {recipe.model!r} here.", f"Choose one of {known}.")
    else:
        try:
            region, model = facts.cached(
                ("fit", transform, recipe.model, asked, *_unseen(recipe), recipe.fit_set),
                lambda: _fit_set(recipe, facts, transform, asked),
            )
        except UserError as error:
            refusal = error
    if isinstance(model, FitSet) and recipe.fit_set == "both" and model.source.ndim == 2 and model.more is None:
        notes.append(Note("crops and other slices", "crops", "The variable has no other complete slices here."))
    if isinstance(model, FitSet) and region != asked and recipe.region is not None:
        notes.append(_shrunk_note(asked, region, model))
    x0 = facts.cached(("x0", transform, region), lambda: standardised[region.slices])
    complete = None
    if (
        recipe.start == "field" and np.isnan(x0).any() and not is_told(recipe)
    ):  # from noise, nothing of the region goes into a run
        complete, refusal = _incomplete(facts, region, x0)
    levels = _levels(recipe, notes)
    params = sampler_params(recipe.sampler, dict(recipe.sampler_params))
    device = _device(recipe, facts, notes)
    return Plan(
        recipe, region, transform, standardised, x0, levels, params, device, model, offers,
        notes=tuple(notes), refusal=refusal, complete=complete,
    )  # fmt: skip


def _branched(recipe: Recipe, parent: Plan, own: Plan) -> Plan:
    """The plan of a fork: the parent's levels down to the step they share, then the own ones below that."""
    assert recipe.fork is not None
    step = recipe.fork.step
    refusal = parent.refusal or own.refusal
    if step >= parent.steps and refusal is None:
        refusal = UserError(
            f"The run that is forked has {parent.steps} steps; after step {step} there is nothing to go on from.",
            "Fork it at an earlier step, or return to it.",
        )
    up = next((info for plan in (parent, own) if (info := SAMPLERS[plan.recipe.sampler]).walk is not None), None)
    if up is not None and refusal is None:
        refusal = UserError(
            f"{up.title} walks up and down its levels: a run cannot be forked out of it or into it.",
            "Choose another sampler.",
        )
    s = parent.levels[min(step, len(parent.levels) - 2)]
    below = [level for level in own.levels if level < s * (1 - 1e-9)]
    levels = [*parent.levels[: step + 1], *below]
    notes = tuple(note for note in own.notes if not note.asked.startswith("start at"))
    started = tuple(note for note in parent.notes if note not in notes)
    return dataclasses.replace(
        own, recipe=recipe, levels=levels, notes=(*started, *notes), refusal=refusal, parent=parent
    )


def _incomplete(facts: Facts, region: Region, x0: Array) -> tuple[Region | None, UserError]:
    complete = nearest_complete(facts.table, region)
    hint = "Move the region to the nearest complete place." if complete else "Choose a smaller region."
    return complete, UserError(f"The region has {int(np.isnan(x0).sum())} missing pixels.", hint)


def _resolve_network(recipe: Recipe, facts: Facts, card: Card) -> Plan:
    """A network brings its own transform, size, noise range and condition; see its card.

    From noise it runs whatever field is open. A start from the field, or a condition made of it, needs a field of the
    model's quantity and units that is at least as large.
    """
    notes: list[Note] = []
    foreign = mismatch(card, facts.field)
    transform, standardised = facts.fitted(recipe) if foreign else facts.through(card.transform)
    if not foreign and recipe.transform not in (AUTO, card.transform.key):
        notes.append(Note(recipe.transform, card.transform.key, "The transform in force is the model's.", quiet=True))
    asked = _region(recipe, facts, notes)
    region = _of_size(facts, asked, card.shape[1], card.shape[2])
    if recipe.region is not None and (region.ny, region.nx) != (asked.ny, asked.nx):
        why = f"{card.name} works on {card.shape[1]} x {card.shape[2]} pixels."
        notes.append(Note(f"{asked.ny} x {asked.nx}", f"{region.ny} x {region.nx}", why, quiet=True))
    x0 = facts.cached(("x0", transform, region), lambda: standardised[region.slices])
    complete, refusal, known = None, _network_refusal(recipe, facts, card, foreign, region), None
    filled = is_told(recipe) and not card.coarsen
    if _uses_field(recipe, card) and refusal is None and np.isnan(x0).any() and not filled:
        if card.network.get("mask"):
            known = ~np.isnan(x0)
        else:
            complete, refusal = _incomplete(facts, region, x0)
    device = _network_device(recipe, facts, notes)

    def told() -> tuple[Array | None, NDArray[np.bool_] | None]:
        return coarse(x0[None], transform, card.coarsen)[:, None] if card.coarsen else None, known

    place = (region, known is None) if _uses_field(recipe, card) else None
    model = None if refusal is not None else _trained(facts, card, device, place, told)
    levels = _levels(recipe, notes, card)
    params = sampler_params(recipe.sampler, dict(recipe.sampler_params))
    return Plan(
        recipe, region, transform, standardised, x0, levels, params, device, model, offers_of_card(card),
        card=card, notes=tuple(notes), refusal=refusal, complete=complete,
    )  # fmt: skip


def _sees_region(recipe: Recipe) -> bool:
    """Whether a run starts from the region of the field, or is told pixels of it."""
    return recipe.start == "field" or is_told(recipe)


def _uses_field(recipe: Recipe, card: Card) -> bool:
    """Whether a run of the network starts from the field, is told pixels of it or is conditioned on it."""
    return _sees_region(recipe) or card.coarsen > 0


def _network_refusal(recipe: Recipe, facts: Facts, card: Card, foreign: str, region: Region) -> UserError | None:
    """Why the network cannot be run on this field, with this engine; None if it can."""
    if facts.torch is None:
        return UserError(f"{card.name} is a network, and torch is not installed.", "Choose a formula model.")
    if _uses_field(recipe, card) and foreign:
        told = "What it is told" if is_told(recipe) else "Its condition"
        needs = "A start from the field" if recipe.start == "field" else told
        return UserError(foreign, f"{needs} needs a field of that quantity and unit.")
    if _uses_field(recipe, card) and (region.ny, region.nx) != card.shape[1:]:
        return UserError(
            f"The field is smaller than the {card.shape[1]} x {card.shape[2]} pixels of {card.name}.",
            "Open a larger field, or start from noise.",
        )
    return None


def _of_size(facts: Facts, region: Region, ny: int, nx: int) -> Region:
    """ny x nx pixels around the middle of `region`, inside the field; `region` itself if the field is too small."""
    rows, columns = facts.field.values.shape
    if ny > rows or nx > columns:
        return region
    row, column = region.row + (region.ny - ny) // 2, region.column + (region.nx - nx) // 2
    return Region(min(max(row, 0), rows - ny), min(max(column, 0), columns - nx), ny, nx)


def _region(recipe: Recipe, facts: Facts, notes: list[Note]) -> Region:
    """The asked region if the field has it, else a complete square near the centre."""
    rows, columns = facts.field.values.shape
    asked = recipe.region
    if asked is None:
        region: Region = facts.cached(("default region",), lambda: starting_region(facts.table, facts.field.values))
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


def _unseen(recipe: Recipe) -> tuple[bool, tuple[Region, ...]]:
    """What no fit may see: the whole region, if a run comes from it; and what a run that is told of it is not told.

    A run that fills gaps is given the rest of its region pixel by pixel, so that crops may show that.
    """
    return _sees_region(recipe) and not fills(recipe), recipe.hidden if is_told(recipe) else ()


def _fit_table(recipe: Recipe, facts: Facts) -> NDArray[np.int32]:
    """Summed-area table of the pixels that no crop may have: missing ones, and those hidden from a run."""
    hidden = _unseen(recipe)[1]
    if not hidden:
        return facts.table
    whole = Region(0, 0, *facts.field.values.shape)
    table: NDArray[np.int32] = facts.cached(
        ("table", hidden), lambda: summed(facts.field.mask | hidden_in(hidden, whole))
    )
    return table


def _fit_set(recipe: Recipe, facts: Facts, transform: Transform, region: Region) -> tuple[Region, FitSet]:
    """The region and crops of the formula denoiser, under the honesty rule.

    `data` and `local` started from the field see no crop that shares a pixel with it, or else the "recovery" is a
    copy; no model sees what is hidden from a run that fills it. Other slices of the same variable, never the shown one,
    are taken where the slice is at most twice the region or too small for enough crops.
    """
    leave_out = _unseen(recipe)[0] and recipe.model not in LAWS
    table, wish, slices = _fit_table(recipe, facts), recipe.fit_set, None
    prefers = wish != "auto" or _prefers_slices(facts, table, region, leave_out)
    if facts.stack is not None and wish != "crops" and prefers:
        slices = _slices_set(recipe, facts, facts.stack, transform, region)
    if slices is not None and wish != "both":
        return region, slices
    if wish == "slices":
        raise UserError(
            "There are no other slices of this variable that are complete in the region.", "Fit to crops instead."
        )
    if recipe.model not in LAWS and slices is None:
        region, crops = with_enough_crops(table, region, leave_out)
    else:
        crops = crops_for(table, region, leave_out)
    if not crops:
        return region, slices or _smaller_set(recipe, facts, transform, region)
    return region, FitSet(recipe.model, facts.through(transform)[1], tuple(crops), leave_out, more=slices)


def _smaller_set(recipe: Recipe, facts: Facts, transform: Transform, region: Region) -> FitSet:
    """Crops smaller than the region, of this slice or of the others, for the law of a gap that leaves no other.

    Raises:
        UserError: if there are none, or the run is not one that fills a gap.
    """
    shape = region.ny, region.nx
    if fills(recipe):
        if crops := smaller_crops(_fit_table(recipe, facts), region):
            return FitSet(recipe.model, facts.through(transform)[1], tuple(crops), False, shape=shape)
        values = facts.stack
        if values is not None and len(values) >= FEWEST_SLICES:
            stack = facts.cached(("stack", transform), lambda: transform(values))
            anywhere = summed(np.isnan(stack).any(axis=0))
            if crops := smaller_crops(anywhere, region, fewest=1):
                return FitSet(recipe.model, stack, tuple(crops), True, tuple(range(len(stack))), shape=shape)
    raise UserError(f"The field has no complete {shape[0]} x {shape[1]} crop to fit to.", "Take a smaller region.")


def _slices_set(recipe: Recipe, facts: Facts, values: Array, transform: Transform, region: Region) -> FitSet | None:
    """The region in the other slices that are complete there; None if there are fewer than two."""
    stack = facts.cached(("stack", transform), lambda: transform(values))
    complete = np.flatnonzero(~np.isnan(stack[(slice(None), *region.slices)]).any(axis=(1, 2)))
    if len(complete) < FEWEST_SLICES:
        return None
    return FitSet(recipe.model, stack, (region,), True, tuple(complete.tolist()))


def _prefers_slices(facts: Facts, table: NDArray[np.int32], region: Region, leave_out: bool) -> bool:
    """Whether the region at the same place in other slices is a better fit set than crops of the shown slice."""
    rows, columns = facts.field.values.shape
    if max(rows, columns) <= 2 * max(region.ny, region.nx):
        return True
    return len(crops_for(table, region, leave_out)) < FEWEST_CROPS


def _shrunk_note(asked: Region, region: Region, fit: FitSet) -> Note:
    why = (
        f"The region is reduced so that `{fit.model}` can be fitted without seeing it."
        if fit.left_out
        else f"The region is reduced so that there are enough crops to fit `{fit.model}` to."
    )
    return Note(f"{asked.ny} x {asked.nx}", f"{region.ny} x {region.nx} with {fit.count} crops", why)


def _levels(recipe: Recipe, notes: list[Note], card: Card | None = None) -> list[float]:
    """The grid's levels: from the schedule's highest, or, from the field, all of them below its own level.

    A run that would start above what its network was trained on starts at the upper end of that.
    """
    top = recipe.start_level if recipe.start == "field" else None
    trained = math.inf if card is None else card.noise_range[1]
    highest = min(recipe.schedule.s_max, math.inf if top is None else top)
    start = trained if highest > trained else top
    levels = make_levels(recipe.schedule, recipe.grid, recipe.steps, start, **dict(recipe.grid_params))
    if highest > trained:
        given = f"starts at s = {levels[0]:.3g}, t = {float(recipe.schedule.t_of(levels[0])):.2f}"
        why = f"The model was trained up to s = {trained:.3g}."
        notes.append(Note(f"start at s = {highest:.3g}", given, why, quiet=True))
    elif top is not None and top > levels[0] * (1 + 1e-9):
        why = "The grid reaches no higher noise level."
        notes.append(Note(f"start at s = {top:g}", f"s = {levels[0]:g}", why))
    return levels


def _network_device(recipe: Recipe, facts: Facts, notes: list[Note]) -> str:
    """The torch device of a network: the one asked for if it can be had, else the fastest there is."""
    best = next((device for device in ("cuda", "mps") if device in facts.devices), "cpu")
    if recipe.device == "auto":
        return best
    if recipe.device not in facts.devices and facts.torch:
        notes.append(Note(recipe.device, best, f"This machine has no {recipe.device} device that torch can use."))
        return best
    return recipe.device if recipe.device in facts.devices else best


def _device(recipe: Recipe, facts: Facts, notes: list[Note]) -> str:
    """The engine: numpy for formulas unless a torch device is asked for and can be had."""
    asked = recipe.device
    if asked == "auto":
        return "numpy"
    if facts.torch is None:
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
    base: Any = np.float32(0)
    if plan.recipe.start == "field":
        base = np.nan_to_num(plan.x0) if plan.known is None else np.where(plan.known, plan.x0, base)
    paths = (ForwardPath(plan.recipe.seed, shape[2:], plan.recipe.path_mode, m) for m in range(shape[0]))
    return np.stack([(base + path(s))[None] for path in paths]).astype(np.float32)


def on_device(y: Any, device: str) -> Any:
    """An array, or a tensor, as an array for "numpy", else as a tensor on the torch device."""
    if device == "numpy":
        return to_numpy(y)
    import torch

    return torch.as_tensor(y).to(device)


def run(plan: Plan, denoise: Denoise | None = None, after: Step | None = None) -> Iterator[Step]:
    """The steps of the planned run, from its start or on from the step `after`.

    Raises:
        UserError: if the plan cannot be run.
    """
    if plan.refusal is not None:
        raise plan.refusal
    if denoise is None:
        if plan.model is None:
            raise UserError("The model has nothing it could be fitted to.", "Choose another region.")
        denoise = plan.model.denoiser()
    calls = plan.calls
    if after is not None:
        after = dataclasses.replace(after, evaluations=after.evaluations // calls)
    steps = _course(plan, denoise, after)
    if calls > 1:
        steps = (dataclasses.replace(step, evaluations=calls * step.evaluations) for step in steps)
    finished = getattr(denoise, "finished", None)
    return steps if finished is None else _finished(steps, plan.steps, finished)


def _course(plan: Plan, denoise: Denoise, after: Step | None) -> Iterator[Step]:
    """The steps of a run, those before a fork its parent's."""
    fork = plan.recipe.fork
    if fork is None or plan.parent is None:
        yield from _own_steps(plan, denoise, after)
        return
    at = after
    if at is None or at.index < fork.step:
        for at in _course(plan.parent, denoise, after):
            yield at
            if at.index == fork.step:
                break
    assert at is not None
    calls, resumed = _Counted(denoise), at is after
    if at.index == fork.step and plan.recipe.sampler != plan.parent.recipe.sampler:
        at = dataclasses.replace(at, history=())  # another sampler has nothing to remember yet
    for step in _own_steps(plan, calls, at):
        if step.index > at.index:
            yield dataclasses.replace(step, evaluations=at.evaluations + calls.count)
        elif resumed:
            yield step


def _own_steps(plan: Plan, denoise: Denoise, after: Step | None) -> Iterator[Step]:
    """The steps that the sampler of a plan makes, from the start or on from the step `after`."""
    y = on_device(start_state(plan) if after is None else after.y, plan.device)
    sampler = SAMPLERS[plan.recipe.sampler].run
    resume: dict[str, Any] = {}
    if after is not None:
        history = (h if isinstance(h, float) else on_device(h, plan.device) for h in after.history)
        resume = {"start": after.index, "history": tuple(history)}
    if plan.known is not None and KNOWN_PIXELS in SAMPLERS[plan.recipe.sampler].needs:
        values = np.where(plan.known, plan.x0, np.float32(0))
        resume["known"] = on_device(plan.known, plan.device), on_device(values, plan.device)
    return sampler(denoise, y, plan.levels, noise_of(plan, y), **resume, **plan.params)


class _Counted:
    """A denoiser that counts its calls: samplers count from the start of a run, which a fork's has not made."""

    def __init__(self, denoise: Denoise) -> None:
        self._denoise, self.count = denoise, 0

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y at the noise level s."""
        self.count += 1
        return self._denoise(y, s)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._denoise, name)


def noise_of(plan: Plan, y: Any) -> NoiseFn:
    """The noise of the run, like its state y; for a device it is drawn ahead."""
    noise = Noise(plan.recipe.seed, plan.shape, fork=0 if plan.recipe.fork is None else plan.recipe.fork.number)
    if plan.device == "numpy":
        return noise
    from diffview.nets.acceleration import Ahead

    return Ahead(noise, y)


def _finished(steps: Iterator[Step], last: int, finished: Callable[[Any], Any]) -> Iterator[Step]:
    """The same steps, with what the model does to a field that is done."""
    for step in steps:
        yield dataclasses.replace(step, y=finished(step.y)) if step.index == last else step


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
