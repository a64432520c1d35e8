"""From the wish to what can be done: `resolve(recipe, facts)` is pure and returns a Plan that explains itself.

Its notes say which wishes could not be met as asked, its refusal why nothing can be run.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import coarse
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in
from diffview.fields.regions import LARGEST, SMALLEST, most_complete, nearest_complete, starting_region
from diffview.machine import torch_is_missing
from diffview.models.capabilities import FORMULA_CAPABILITIES, capabilities_of, card_capabilities
from diffview.models.cards import Card
from diffview.models.choice import FitSet, Model, Trained, mismatch, percent
from diffview.models.formulas import FORMULAS
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import KNOWN_PIXELS, SAMPLERS, sampler_params
from diffview.runs.conditioning import is_steered, is_told, known_pixels, partner_of, sees_region, steered
from diffview.runs.plan import Facts, Note, Plan
from diffview.runs.recipe import AUTO, Recipe
from diffview.runs.training_crops import COMPLETE_ONLY, fit_set, shrunk_note, unseen, wished

Array = NDArray[np.float32]


def resolve(recipe: Recipe, facts: Facts) -> Plan:
    """Turn the wish into what can be done. Pure; explains itself in `notes` and `refusal`.

    Raises:
        UserError: if the transform cannot be fitted, the model is unknown, or a parameter is unknown or not allowed.
    """
    if recipe.course.fork is not None:
        parent = resolve(recipe.but(course=recipe.course.fork.parent), facts)
        return _branched(recipe, parent, resolve(recipe.but(fork=None), facts))
    card = facts.cards.get(recipe.denoiser.model)
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
    if plan.refusal is None and (refusal := plan.lacks(recipe.course.sampler, plan.params)) is not None:
        return dataclasses.replace(plan, refusal=refusal)
    return plan


def _steered(plan: Plan, facts: Facts) -> Model:
    """The plan's model with what the recipe wishes to be done to it; the same one as long as that is the same."""
    recipe, card, base, partner = plan.recipe, plan.card, plan.model, None
    assert base is not None
    name = None if card is None else partner_of(card, facts.cards)
    if name is not None and recipe.guidance.weight != 1:
        partner = _trained(facts, facts.cards[name], plan.device)
    told = None if plan.known is None else (plan.x0, plan.known)
    key = ("steered", base, partner, recipe.guidance, plan.region, plan.transform)
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
    chosen = recipe.denoiser
    transform, standardised = facts.fitted(recipe)
    asked = region = _region(recipe, facts, notes)
    model: Model | None = None
    refusal, offers = None, FORMULA_CAPABILITIES
    if recipe.denoiser.model in facts.given:
        model = facts.given[recipe.denoiser.model]
        offers = capabilities_of(model.own)
    elif recipe.denoiser.model not in FORMULAS:
        known = ", ".join([*FORMULAS, *facts.cards, *facts.given])
        raise UserError(f"There is no model called {chosen.model!r} here.", f"Choose one of {known}.")
    else:
        try:
            region, model = facts.cached(
                ("fit", transform, chosen.model, asked, *unseen(recipe), *wished(recipe)),
                lambda: fit_set(recipe, facts, transform, asked),
            )
        except UserError as error:
            refusal = error
    if isinstance(model, FitSet):
        notes += _fit_notes(recipe, model, asked, region)
    x0 = facts.cached(("x0", transform, region), lambda: standardised[region.slices])
    complete = None
    if (
        recipe.start.origin == "field" and np.isnan(x0).any() and not is_told(recipe)
    ):  # from noise, nothing of the region goes into a run
        complete, refusal = _incomplete(facts, region, x0)
    levels = _levels(recipe, notes)
    params = sampler_params(recipe.course.sampler, dict(recipe.course.sampler_params))
    device = _device(recipe, facts, notes)
    return Plan(
        recipe, region, transform, standardised, x0, levels, params, device, model, offers,
        notes=tuple(notes), refusal=refusal, complete=complete,
    )  # fmt: skip


def _fit_notes(recipe: Recipe, model: FitSet, asked: Region, region: Region) -> Iterator[Note]:
    """What of the fit is not as it was asked."""
    chosen = recipe.denoiser
    if chosen.fit_set == "both" and model.source.ndim == 2 and model.more is None:
        yield Note("crops and other slices", "crops", "The variable has no other complete slices here.")
    if chosen.missing_limit and not model.limit:
        yield Note(f"up to {percent(chosen.missing_limit)} missing", "complete crops", COMPLETE_ONLY)
    if region != asked and recipe.source.region is not None:
        yield shrunk_note(asked, region, model)


def _branched(recipe: Recipe, parent: Plan, own: Plan) -> Plan:
    """The plan of a fork: the parent's levels down to the step they share, then the own ones below that."""
    assert recipe.course.fork is not None
    step = recipe.course.fork.step
    refusal = parent.refusal or own.refusal
    if step >= parent.steps and refusal is None:
        refusal = UserError(
            f"The run that is forked has {parent.steps} steps; after step {step} there is nothing to go on from.",
            "Fork it at an earlier step, or return to it.",
        )
    up = next((info for plan in (parent, own) if (info := SAMPLERS[plan.recipe.course.sampler]).path is not None), None)
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
    if not foreign and recipe.source.transform not in (AUTO, card.transform.key):
        notes.append(
            Note(recipe.source.transform, card.transform.key, "The transform in force is the model's.", quiet=True)
        )
    asked = _region(recipe, facts, notes)
    region = _of_size(facts, asked, card.shape[1], card.shape[2])
    if recipe.source.region is not None and (region.ny, region.nx) != (asked.ny, asked.nx):
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
    params = sampler_params(recipe.course.sampler, dict(recipe.course.sampler_params))
    return Plan(
        recipe, region, transform, standardised, x0, levels, params, device, model, card_capabilities(card),
        card=card, notes=tuple(notes), refusal=refusal, complete=complete,
    )  # fmt: skip


def _uses_field(recipe: Recipe, card: Card) -> bool:
    """Whether a run of the network starts from the field, is told pixels of it or is conditioned on it."""
    return sees_region(recipe) or card.coarsen > 0


def _network_refusal(recipe: Recipe, facts: Facts, card: Card, foreign: str, region: Region) -> UserError | None:
    """Why the network cannot be run on this field, with this engine; None if it can."""
    if facts.torch is None:
        return torch_is_missing(card.name)
    if _uses_field(recipe, card) and foreign:
        told = "What it is told" if is_told(recipe) else "Its condition"
        needs = "A start from the field" if recipe.start.origin == "field" else told
        return UserError(foreign, f"{needs} needs a field of that quantity and unit.")
    if _uses_field(recipe, card) and (region.ny, region.nx) != card.shape[1:]:
        return UserError(
            f"The field is smaller than the {card.shape[1]} x {card.shape[2]} pixels of {card.name}.",
            "Open a larger field, or start from noise.",
        )
    if card.coarsen and is_told(recipe) and hidden_in(recipe.guidance.hidden, region).any():
        return UserError(
            f"{card.name} is told means over blocks of the region, and those over a gap say what is hidden in it.",
            "Choose a network without a condition, or a formula.",
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
    asked = recipe.source.region
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


def _levels(recipe: Recipe, notes: list[Note], card: Card | None = None) -> list[float]:
    """The grid's levels: from the schedule's highest, or, from the field, all of them below its own level.

    A run that would start above what its network was trained on starts at the upper end of that.
    """
    top = recipe.start.level if recipe.start.origin == "field" else None
    trained = math.inf if card is None else card.noise_range[1]
    highest = min(recipe.course.schedule.s_max, math.inf if top is None else top)
    start = trained if highest > trained else top
    levels = make_levels(
        recipe.course.schedule, recipe.course.grid, recipe.course.steps, start, **dict(recipe.course.grid_params)
    )
    if highest > trained:
        given = f"starts at s = {levels[0]:.3g}, t = {float(recipe.course.schedule.t_of(levels[0])):.2f}"
        why = f"The model was trained up to s = {trained:.3g}."
        notes.append(Note(f"start at s = {highest:.3g}", given, why, quiet=True))
    elif top is not None and top > levels[0] * (1 + 1e-9):
        why = "The grid reaches no higher noise level."
        notes.append(Note(f"start at s = {top:g}", f"s = {levels[0]:g}", why))
    return levels


def _network_device(recipe: Recipe, facts: Facts, notes: list[Note]) -> str:
    """The torch device of a network: the one asked for if it can be had, else the fastest there is."""
    asked = recipe.denoiser.device
    best = next((device for device in ("cuda", "mps") if device in facts.devices), "cpu")
    if asked == "auto":
        return best
    if asked not in facts.devices and facts.torch:
        notes.append(Note(asked, best, f"This machine has no {asked} device that torch can use."))
        return best
    return asked if asked in facts.devices else best


def _device(recipe: Recipe, facts: Facts, notes: list[Note]) -> str:
    """The engine: numpy for formulas unless a torch device is asked for and can be had."""
    asked = recipe.denoiser.device
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
