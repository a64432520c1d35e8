"""From the recipe to the plan of a run: `resolve(recipe, facts)` is deterministic and memoised, and explains itself.

It reads from top to bottom: transform, region, device, model, levels, conditioning, guidance, what the sampler needs.
The notes of the plan say what could not be had as asked, its refusal why nothing can be run. What is computed of the
field is kept in the store of the facts, `Fits`; an empty store and a full one give the same plan.
"""

import dataclasses
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in
from diffview.fields.numbers import percent
from diffview.fields.regions import LARGEST, SMALLEST, most_complete, nearest_complete
from diffview.fields.transforms import Transform
from diffview.machine import torch_is_missing
from diffview.models.capabilities import FORMULA_CAPABILITIES, capabilities_of, card_capabilities, lacks
from diffview.models.cards import Card
from diffview.models.choice import Model, Trained, TrainingCrops, is_amount, mismatch
from diffview.models.conditions import groups_of, unmet
from diffview.models.formulas import FORMULAS
from diffview.models.tiled import covered, untiled, windows_of
from diffview.reverse.samplers import KNOWN_PIXELS, SAMPLERS, VARIANCE_FRACTION, sampler_params
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Facts, default_region, x0_of
from diffview.runs.guiding import GuidanceAsked, guided_model, known_pixels, partner_of, unguidable
from diffview.runs.made_jointly import alone, plan_jointly
from diffview.runs.network_seen import Sees, limit_notes, network, off_of
from diffview.runs.network_together import NetworkAt, plan_network, several_at_once
from diffview.runs.observing import known_of
from diffview.runs.plan import Note, Plan
from diffview.runs.recipe import AUTO, Recipe
from diffview.runs.training_crops import COMPLETE_ONLY, CropsRequest, training_crops
from diffview.runs.visited import first_level, visited

Array = NDArray[np.float32]


def resolve(recipe: Recipe, facts: Facts) -> Plan:
    """What will be done of what a recipe asks for.

    Raises:
        UserError: if the transform cannot be fitted, the model is unknown, or a parameter is unknown or not allowed.
    """
    recipe = recipe.without_view
    if (fork := recipe.course.fork) is not None:
        parent = resolve(recipe.but(course=fork.parent), facts)
        return _branched(recipe, parent, resolve(recipe.but(fork=None), facts))
    card = facts.cards.get(recipe.denoiser.model)
    foreign = "" if card is None else mismatch(card, facts.field)
    request = _Request(recipe, facts, Conditioning.of(recipe), card, foreign, [])
    if facts.jointly is not None and recipe.frames.several:
        if card is not None and card.together.several:
            work = NetworkAt(card, _device(request), _levels(request))
            return plan_network(recipe, work, facts, facts.jointly, tuple(request.notes))
        return plan_jointly(recipe, facts, facts.jointly, _levels(request), tuple(request.notes))
    if recipe.frames.several:
        request.notes.append(alone(recipe.frames))
    transform = _transform(request)
    region = _region(request)
    device = _device(request)
    outcome = _formula(request, transform, region) if card is None else _network(request, transform, region, device)
    levels = _levels(request)
    params = sampler_params(recipe.course.sampler, dict(recipe.course.sampler_params))
    outcome = _guided(request, transform, device, levels, _conditioned(request, transform, outcome))
    circular = outcome.region.nx == facts.field.values.shape[1] and facts.field.circular
    lacking = lacks(SAMPLERS[recipe.course.sampler], params, recipe.denoiser.model, outcome.capabilities)
    return Plan(
        recipe, outcome.region, transform, facts.through(transform), outcome.x0, levels, params, device, outcome.model,
        outcome.capabilities, request.conditioning, card, tuple(request.notes),
        outcome.refusal or lacking or recipe.ensemble.refusal, outcome.complete, known=outcome.known,
        filled=outcome.filled, circular=circular, windows=request.windows(outcome.region),
        floor=_floor(request, transform),
    )  # fmt: skip


class _Request(NamedTuple):
    """What every stage reads: `foreign` says why the field is not the network's, and `notes` grows on the way."""

    recipe: Recipe
    facts: Facts
    conditioning: Conditioning
    card: Card | None
    foreign: str
    notes: list[Note]

    @property
    def uses_field(self) -> bool:
        """Whether the region goes into the run: it starts from it, or is conditioned on it."""
        return self.conditioning.sees_region or (self.card is not None and self.card.coarsen > 0)

    def windows(self, region: Region) -> tuple[Region, ...]:
        """Those of a network that cover a region larger than its fields; none otherwise."""
        return () if self.card is None else windows_of(self.card, region, self.recipe.denoiser.overlap)


class _Outcome(NamedTuple):
    """What the stages of the model come to."""

    region: Region
    x0: Array
    model: Model | None
    capabilities: frozenset[str]
    refusal: UserError | None = None
    complete: Region | None = None
    known: NDArray[np.bool_] | None = None
    filled: NDArray[np.bool_] | None = None


# -- transform and region


def _transform(request: _Request) -> Transform:
    """The network's own where the field is one of its quantity, else the one asked for."""
    asked, card = request.recipe.source.transform, request.card
    if card is None or request.foreign:
        return request.facts.fitted(request.recipe)
    if asked not in (AUTO, card.transform.key):
        request.notes.append(Note(asked, card.transform.key, "The transform in force is the model's.", quiet=True))
    return card.transform


def _region(request: _Request) -> Region:
    """The region asked for if the field has it, else a complete square near the centre; for a network, of its size."""
    asked, facts, card, notes = request.recipe.source.region, request.facts, request.card, request.notes
    region = facts.fits.of(default_region) if asked is None else _inside(asked, facts, notes)
    if card is None:
        return region
    overlap, block = request.recipe.denoiser.overlap, request.recipe.source.refine if card.coarsen else 1
    sized = _of_size(facts, region, *(covered(card, region) if overlap else card.shape[1:]), block)
    if asked is not None and (sized.ny, sized.nx) != (region.ny, region.nx):
        more = ", or more in whole blocks of its condition" if overlap else ""
        why = f"{card.name} works on {card.shape[1]} x {card.shape[2]} pixels{more}."
        notes.append(Note(f"{region.ny} x {region.nx}", f"{sized.ny} x {sized.nx}", why, quiet=True))
    elif asked is not None and sized != region:
        why = f"A region begins with a whole block of {block} x {block} pixels, which one coarse value stands for."
        before, after = (f"row {one.row}, column {one.column}" for one in (region, sized))
        notes.append(Note(before, after, why, quiet=True))
    return sized


def _inside(asked: Region, facts: Facts, notes: list[Note]) -> Region:
    rows, columns = facts.field.values.shape
    inside = (
        asked.row >= 0 and asked.column >= 0 and asked.row + asked.ny <= rows and asked.column + asked.nx <= columns
    )
    if inside and min(SMALLEST, rows, columns) <= min(asked.ny, asked.nx) and max(asked.ny, asked.nx) <= LARGEST:
        return asked
    region = most_complete(facts.table, min(LARGEST, max(SMALLEST, min(asked.ny, asked.nx))))
    why = f"A region lies inside the field's {rows} x {columns} pixels and has {SMALLEST} to {LARGEST} pixels a side."
    notes.append(Note(str(asked), str(region), why))
    return region


def _of_size(facts: Facts, region: Region, ny: int, nx: int, block: int) -> Region:
    """ny x nx pixels around the middle of `region`, inside the field; `region` itself if the field is too small.

    It begins with a whole block, which one value of a coarse field stands for.
    """
    rows, columns = facts.field.values.shape
    if ny > rows or nx > columns:
        return region
    row, column = region.row + (region.ny - ny) // 2, region.column + (region.nx - nx) // 2
    row, column = min(max(row, 0), rows - ny), min(max(column, 0), columns - nx)
    return Region(row // block * block, column // block * block, ny, nx)


def _floor(request: _Request, transform: Transform) -> float | None:
    """What stands for 0 of an amount, which is never negative, in the units of the run: the next number above it."""
    card, field = request.card, request.facts.field
    if card is None:
        made_in, amount = transform, is_amount(field.name, transform.key) and not field.mask.all()
        amount = amount and float(np.nanmin(field.values)) >= 0
    else:
        made_in, amount = card.transform, is_amount(card.quantity, card.transform.key)
    return float(np.nextafter(np.float32(made_in(0.0)), np.float32(np.inf))) if amount else None


# -- the device


def _device(request: _Request) -> str:
    """The device: for a formula numpy unless a torch device is asked for, for a network the fastest if none is."""
    asked, facts, notes = request.recipe.denoiser.device, request.facts, request.notes
    usual, given = "numpy", "numpy on the CPU"
    if request.card is not None:
        usual = given = next((key for key in ("cuda", "mps") if key in facts.devices), "cpu")
    if asked == "auto":
        return usual
    if request.card is None and not facts.torch:
        loading = facts.torch is not None
        why = "torch is being loaded." if loading else "torch is not installed."
        notes.append(Note(asked, f"{given} until then" if loading else given, why))
        return usual
    if asked in facts.devices:
        return asked
    if facts.torch:
        notes.append(Note(asked, given, f"This machine has no {asked} device that torch can use."))
    return usual


# -- the model


def _formula(request: _Request, transform: Transform, asked: Region) -> _Outcome:
    """A formula fitted to training crops, or the user's own denoiser."""
    recipe, facts = request.recipe, request.facts
    name, region, refusal = recipe.denoiser.model, asked, None
    model: Model | None = facts.given.get(name)
    capabilities = capabilities_of(facts.given[name].own) if name in facts.given else FORMULA_CAPABILITIES
    if model is None and name not in FORMULAS:
        known = ", ".join([*FORMULAS, *facts.cards, *facts.given])
        raise UserError(f"There is no model called {name!r} here.", f"Choose one of {known}.")
    if model is None:
        try:
            wanted = CropsRequest.of(recipe, request.conditioning)
            region, crops = facts.fits.of(training_crops, wanted, asked, transform)
            request.notes.extend(_crops_notes(recipe, crops, asked, region))
            model = crops
        except UserError as error:
            refusal = error
    x0, complete = facts.fits.of(x0_of, transform, region), None
    # from noise, nothing of the region goes into a run
    if recipe.start.origin == "field" and np.isnan(x0).any() and not request.conditioning.conditioned:
        complete, refusal = _incomplete(facts, region, x0)
    return _Outcome(region, x0, model, capabilities, refusal, complete)


def _crops_notes(recipe: Recipe, crops: TrainingCrops, asked: Region, region: Region) -> Iterator[Note]:
    """What of the training crops is not as it was asked, and why the region is smaller."""
    chosen = recipe.denoiser
    if chosen.fit_set == "both" and crops.source.ndim == 2 and crops.more is None:
        yield Note("crops and other slices", "crops", "The variable has no other complete slices here.")
    if chosen.missing_limit and not crops.limit:
        yield Note(f"up to {percent(chosen.missing_limit)} missing", "complete crops", COMPLETE_ONLY)
    if (k := recipe.source.refine) > 1 and crops.place == ("", ""):
        why = f"Each value stands for {k} x {k} pixels: `{crops.model}` learns these blocks, and nothing finer."
        yield Note("crops of fine fields", f"crops in blocks of {k} x {k}", why)
    if region != asked and recipe.source.region is not None:
        why = (
            f"The region is reduced so that `{crops.model}` can be fitted without seeing it."
            if crops.left_out
            else f"The region is reduced so that there are enough crops to fit `{crops.model}` to."
        )
        yield Note(f"{asked.ny} x {asked.nx}", f"{region.ny} x {region.nx} with {crops.count} crops", why)


def _network(request: _Request, transform: Transform, region: Region, device: str) -> _Outcome:
    """A network brings its own transform, size, noise range and condition; see its card.

    From noise it runs whatever field is open. A start from the field, or a condition made of it, needs a field of the
    model's quantity and units that is at least as large.
    """
    facts, asked, card = request.facts, request.conditioning, request.card
    assert card is not None
    request.notes.extend(limit_notes(card))
    windows, x0, complete, masked = request.windows(region), facts.fits.of(x0_of, transform, region), None, False
    refusal = (untiled(card) if windows else None) or _network_refusal(request, card, region)
    filled = asked.conditioned and not card.coarsen
    if request.uses_field and refusal is None and np.isnan(x0).any() and not filled:
        masked = bool(card.network.get("mask"))
        if not masked:
            complete, refusal = _incomplete(facts, region, x0)
    part = region if request.uses_field or card.conditions else None
    seen = Sees(part, masked, windows, off_of(request.recipe, card))
    model = None if refusal is not None else facts.fits.of(network, card, device, transform, seen)
    able = card_capabilities(card) - ({VARIANCE_FRACTION} if windows else set())  # windows have a mean of x0_hat alone
    return _Outcome(region, x0, model, able, refusal, complete)


def _network_refusal(request: _Request, card: Card, region: Region) -> UserError | None:
    """Why the network cannot be run on this field, with this engine; None if it can."""
    if request.facts.torch is None or card.together.several:
        return torch_is_missing(card.name) if request.facts.torch is None else several_at_once(card)
    lacking = unmet(card.name, card.conditions, request.facts.beside, off_of(request.recipe, card))
    if lacking is not None or not (request.uses_field or card.conditions):
        return lacking
    conditioned, recipe = request.conditioning.conditioned, request.recipe
    if request.foreign and request.uses_field:
        given = "Known pixels need" if conditioned else "Its condition needs"
        needs = "A start from the field needs" if recipe.start.origin == "field" else given
        return UserError(request.foreign, f"{needs} a field of that quantity and unit.")
    if (region.ny, region.nx) != card.shape[1:] and not request.windows(region):
        return UserError(
            f"The field is smaller than the {card.shape[1]} x {card.shape[2]} pixels of {card.name}.",
            "Open a larger field, or let each value stand for a block of pixels."
            if card.coarsen
            else "Open a larger field, or start from noise.",
        )
    if card.coarsen and conditioned and hidden_in(recipe.guidance.hidden, region).any():
        return UserError(
            f"{card.name} is given means over blocks of the region, and those over a gap show what is hidden in it.",
            "Choose a network without a condition, or a formula.",
        )
    return None


def _incomplete(facts: Facts, region: Region, x0: Array) -> tuple[Region | None, UserError]:
    complete = nearest_complete(facts.table, region)
    hint = "Move the region to the nearest complete place." if complete else "Choose a smaller region."
    return complete, UserError(f"The region has {int(np.isnan(x0).sum())} missing pixels.", hint)


# -- the levels


def _levels(request: _Request) -> list[float]:
    """The levels that are visited, with a note where they begin elsewhere than was asked."""
    course, start, card = request.recipe.course, request.recipe.start, request.card
    first, highest = first_level(course, start, card)
    levels = visited(course, start, card)
    if first is not None and highest > first * (1 + 1e-9):
        given = f"starts at s = {levels[0]:.3g}, t = {float(course.schedule.t_of(levels[0])):.2f}"
        why = f"The model was trained up to s = {first:.3g}."
        request.notes.append(Note(f"start at s = {highest:.3g}", given, why, quiet=True))
    elif start.origin == "field" and start.level is not None and start.level > levels[0] * (1 + 1e-9):
        why = "The grid reaches no higher noise level."
        request.notes.append(Note(f"start at s = {start.level:g}", f"s = {levels[0]:g}", why))
    return levels


# -- conditioning and guidance


def _conditioned(request: _Request, transform: Transform, outcome: _Outcome) -> _Outcome:
    """With the pixels that the run is given, and those that it makes up beside them."""
    if not request.conditioning.conditioned:
        return outcome
    hidden, operators = request.recipe.guidance.hidden, request.recipe.operators
    known = request.facts.fits.of(known_pixels, transform, outcome.region, hidden)
    if operators.instruments and not request.recipe.guidance.observe:
        try:
            known = known_of(operators, known, outcome.region)
        except UserError as error:
            return outcome._replace(known=known, refusal=outcome.refusal or error)
    if not request.conditioning.fills:
        return outcome._replace(known=known)
    makes = outcome.model.makes if isinstance(outcome.model, Trained) else None
    filled = ~known if makes is None else makes & ~known
    both = frozenset({KNOWN_PIXELS}) if known.any() and filled.any() else frozenset()
    return outcome._replace(known=known, filled=filled, capabilities=outcome.capabilities | both)


def _guided(request: _Request, transform: Transform, device: str, levels: list[float], outcome: _Outcome) -> _Outcome:
    """With what guidance asks to be done to the model; the same one as long as that is the same."""
    recipe, facts, card = request.recipe, request.facts, request.card
    if not request.conditioning.guided or outcome.model is None:
        return outcome
    guidance, partner = recipe.guidance, None
    name = None if card is None else partner_of(card, facts.cards)
    windows = request.windows(outcome.region)
    if card is not None and card.conditions and guidance.weight != 1:  # the same network, with nothing given
        seen = Sees(outcome.region, False, windows, groups_of(card.conditions))
        partner = facts.fits.of(network, card, device, transform, seen)
    elif name is not None and guidance.weight != 1:
        partner = facts.fits.of(network, facts.cards[name], device, transform, Sees(windows=windows))
    made_in = transform if card is None else card.transform
    asked = GuidanceAsked.of(guidance, recipe.operators, levels, recipe.course.seed)
    refusal = unguidable(asked, recipe.denoiser.model, partner, outcome.capabilities)
    try:
        if refusal is None:
            model = facts.fits.of(guided_model, outcome.model, partner, asked, outcome.region, transform, made_in)
            return outcome._replace(model=model)
    except UserError as error:
        refusal = error
    return outcome._replace(refusal=outcome.refusal or refusal)


# -- a fork


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
