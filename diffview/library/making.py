"""Noise put in and taken out: what a recipe asks for, as arrays. The command line writes the same into files."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.units import written
from diffview.forward.state import Forward
from diffview.library.keywords import ForwardValues, RunValues
from diffview.library.opened import (
    FieldLike,
    Opened,
    RecipeLike,
    as_coarse,
    level_of,
    opened_of,
    read_recipe,
    recipe_of,
)
from diffview.models.cards import Card, find_card, read_cards
from diffview.models.choice import open_card
from diffview.reverse.samplers import Step
from diffview.reverse.trajectory import Trajectory
from diffview.runs.by_parts import fill_by_parts, fills_whole
from diffview.runs.facts import Facts
from diffview.runs.in_blocks import MadeChannel, channels_of, last_steps, physical_of, streamed_for, unmet
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.sampling import scored_course
from diffview.writers.counted_content import statistics_content
from diffview.writers.exports import Content, ensemble_content, filled_content, forward_content, run_content
from diffview.writers.joint_content import joint_content, joint_run_content, joint_statistics_content

if TYPE_CHECKING:
    import xarray
    from numpy.typing import ArrayLike

Progress = Callable[[float], None]


class NotAsAsked(UserWarning):
    """Something of a recipe that cannot be had as asked, and what is done instead."""


# -- put in


def noise(
    field: FieldLike | None = None,
    *,
    t: float | None = None,
    s: float | None = None,
    recipe: RecipeLike | None = None,
    **values: Unpack[ForwardValues],
) -> xarray.Dataset:
    """A field with noise put in: x_0, x_t = alpha x_0 + sigma eps, and eps, [rows, columns].

    x_0 and x_t are in the field's units, eps has unit variance; t, s, alpha and sigma are scalars, which count in
    standardised units, (field - mean)/std for most transforms; `diffview_transform` says which.

    Args:
        field: a DataArray or numpy array [rows, columns]; None: the slice of the recipe, or the one that ships.
        t: time of the schedule, 0 to 1; or else
        s: the noise level sigma/alpha.
        recipe: a Recipe, its JSON, or the name of its file; values given beside it come first.
        **values: of the recipe: schedule, seed, region as (row, column, ny, nx), transform, path_mode.

    Raises:
        UserError: if the field cannot be read, or t, s or a value is not allowed.

    Example:
        >>> noisy = diffview.noise(diffview.open(), t=0.4, schedule="cosine", seed=1)
        >>> noisy["x_t"].dims, float(noisy["s"])
    """
    from diffview.library.datasets import dataset_of

    opened = opened_of(field, recipe_of(recipe, values))
    return dataset_of(noised(opened, level_of(opened.recipe.course.schedule, t, s)), opened)


def noised(opened: Opened, level: tuple[float, float]) -> Content:
    """x_0, x_t and eps of the recipe's region, or of the whole field, at (t, s).

    Raises:
        UserError: if the region does not lie in the field, or the transform cannot be fitted.
    """
    recipe, facts = opened.recipe, opened.facts
    region = region_inside(opened)
    transform = facts.fitted(recipe)
    course, mode = recipe.course, recipe.start.path_mode
    x0 = facts.through(transform)[region.slices]
    forward = Forward(x0, course.schedule, course.seed, mode, facts.field.pixel_km, noise=course.noise)
    return forward_content(forward, level[0], facts.field, recipe.but(region=region, fitted=transform), transform)


def region_inside(opened: Opened) -> Region:
    """The recipe's region, or the whole field.

    Raises:
        UserError: if it does not lie in the field.
    """
    field = opened.facts.field
    rows, columns = field.values.shape
    region = opened.recipe.source.region or Region(0, 0, rows, columns)
    inside = 0 <= region.row <= rows - region.ny and 0 <= region.column <= columns - region.nx
    if not inside or min(region.ny, region.nx) < 1:
        raise UserError(
            f"The region does not lie inside the {rows} x {columns} pixels of {field.name}.",
            "Write it as row,column,rows,columns.",
        )
    return region


# -- taken out


def sample(
    field: FieldLike | None = None,
    *,
    recipe: RecipeLike | None = None,
    fill: str | None = None,
    never: ArrayLike | None = None,
    record: bool = False,
    progress: Progress = lambda share: None,
    **values: Unpack[RunValues],
) -> xarray.Dataset:
    """Fields made by a model: the members [member, rows, columns], their mean and their spread.

    A recipe gives the same numbers here, in the window and on the command line, to the bit; every result has its own.

    Args:
        field: what a formula is fitted to, a run with `level` starts from, a conditional network is given, and whose
            gaps are filled: a DataArray or numpy array [rows, columns]; None: the recipe's own.
        recipe: a Recipe, its JSON, or the name of its file; values given beside it come first.
        fill: "repaint" or "guidance": missing and `hidden` pixels are filled: of the region, or of a whole picture.
        never: where a whole picture stays missing [rows, columns], as land.
        record: every step is kept: x_t and x0_hat [step, member, rows, columns].
        progress: called with the share that is done.
        **values: see `RunValues`: model ("gaussian", "local", "rain64", a network's folder), members, seed, level (s of
            a start from the field), region ...; with statistics="mean,p>5,q0.9" nothing else is kept, of any number.

    Raises:
        UserError: if something cannot be read, is not allowed, or cannot be run.

    Example:
        >>> made = diffview.sample(diffview.open(), model="gaussian", members=4, steps=18, seed=0)
        >>> made["toa_brightness_temperature"].dims
        ('member', 'latitude', 'longitude')
    """
    from diffview.library.datasets import dataset_of

    known = None if recipe is None else read_recipe(recipe)
    card = card_of(values.get("model", (known or Recipe()).denoiser.model))
    asked = with_ways(recipe_of(known or usual_recipe(card), values), values, fill)
    opened = as_condition(opened_of(field, asked, card), card)
    return dataset_of(_content(opened, card, never, record, progress), opened)


def _content(opened: Opened, card: Card | None, never: ArrayLike | None, record: bool, progress: Progress) -> Content:
    """What `sample` gives: of a region, or a whole picture whose gaps are filled by parts."""
    if not fills_whole(opened.recipe):
        if never is not None:
            raise UserError("A mask of what is never filled is for whole pictures.", "Leave the region out.")
        plan = planned(opened, card)
        said = [str(note) for note in plan.notes if not note.quiet]
        content = made_by(plan, opened, record, progress, said.append)[0]
        for sentence in said:
            warnings.warn(sentence, NotAsAsked, stacklevel=3)
        return content
    if record:
        raise UserError("Steps are kept of one region, and a whole picture is to be filled.", "Name a region.")
    facts = equipped(opened.recipe, card, opened.facts)
    mask = None if never is None else np.asarray(never, dtype=bool)
    return filled_content(fill_by_parts(opened.recipe, facts, mask, progress), opened.facts.field)


def with_ways(recipe: Recipe, values: RunValues, way: str | None) -> Recipe:
    """The recipe with what follows from a level, and from filling gaps."""
    from diffview.scores.gap import FILLINGS, filling

    if recipe.start.level is not None and "level" in values and "origin" not in values:
        recipe = recipe.but(origin="field")
    if way is None:
        return recipe
    if way not in FILLINGS:
        raise UserError(f"There is no way {way!r} to fill gaps.", f"Choose one of {', '.join(FILLINGS)}.")
    return recipe.but(**filling(recipe, way))


def as_condition(opened: Opened, card: Card | None) -> Opened:
    """What was opened, as what a network is given: a field that is coarse as it is has a value for each block."""
    if card is None or opened.recipe.source.refine > 1:
        return opened
    return as_coarse(opened, card.stands_for(opened.facts.field.values.shape) or 1)


def planned(opened: Opened, card: Card | None) -> Plan:
    """The plan of a recipe, whose network has this card.

    Raises:
        UserError: if it cannot be run.
    """
    from diffview.runs.resolve import resolve

    plan = resolve(opened.recipe, equipped(opened.recipe, card, opened.facts))
    if plan.refusal is not None:
        raise plan.refusal
    return plan


Ends = Callable[[Plan, Progress], Iterable[Step]]
"""The last step of every block of a plan, in order."""


def made_here(plan: Plan, progress: Progress) -> Iterable[Step]:
    """The ends of a plan's blocks, made one after the other."""
    return last_steps(plan, progress=progress)


def made_by(
    plan: Plan, opened: Opened, record: bool, progress: Progress, tell: Callable[[str], None], ends: Ends = made_here
) -> tuple[Content, Step]:
    """What a plan makes, all steps of it, its end or statistics of that, and its last step, of statistics without y.

    Args:
        plan: what is done.
        opened: the field.
        record: whether all steps are wanted.
        progress: called with the share that is done.
        tell: called with what is to be said of the result.
        ends: where the ends of its blocks come from, unless all steps are wanted.

    Raises:
        UserError: if it cannot be run, or steps are to be kept of more members than are made at once.
    """
    of, asked = opened.facts.field, plan.recipe.ensemble
    if record:
        return _recorded(plan, of, progress)
    if asked.statistics:
        return _streamed(plan, of, ends(plan, progress), tell)
    made = list(ends(plan, progress))
    last = replace(made[-1], y=np.concatenate([end.y for end in made]))
    if plan.jointly is not None:
        return joint_content(plan, last), last
    return ensemble_content(plan, of, last), last


def _recorded(plan: Plan, of: Field, progress: Progress) -> tuple[Content, Step]:
    """Every step of a run, and the last."""
    from diffview.arrays import to_numpy
    from diffview.runs.run import run

    asked, trajectory = plan.recipe.ensemble, Trajectory()
    if asked.statistics or asked.members > asked.at_once:
        raise UserError(
            f"Steps are kept of members that are made at once, {asked.at_once} at most, and not of statistics.",
            "Record fewer members, or leave the record out.",
        )
    for step in run(plan):
        trajectory.append(step)
        progress(step.index / plan.steps)
        last = step
    kept = trajectory.kept
    content = run_content(plan, of, kept) if plan.jointly is None else joint_run_content(plan, kept)
    return content, replace(last, y=to_numpy(last.y))


def _streamed(plan: Plan, of: Field, ends: Iterable[Step], tell: Callable[[str], None]) -> tuple[Content, Step]:
    """The statistics that a recipe asks for, block by block of members, each of which is forgotten."""
    channels = channels_of(plan)
    streamed = [streamed_for(plan, _truth_of(plan, of, one), one) for one in channels]
    for end in ends:
        for one, sums in zip(channels, streamed, strict=True):
            sums.add(physical_of(plan, end.y, one))
    for one, sums in zip(channels, streamed, strict=True):
        units = plan.card.units if plan.card is not None else (one.field or of).units
        for sentence in unmet(sums, written(units)):
            tell(sentence if len(channels) == 1 or one.field is None else f"{one.field.name}: {sentence}")
    last = replace(end, y=end.y[:0])
    if plan.jointly is not None:
        return joint_statistics_content(plan, streamed), last
    return statistics_content(plan, of, streamed[0]), last


def _truth_of(plan: Plan, of: Field, channel: MadeChannel) -> Any:
    """The truth of a channel in physical units, or None: of one field as it was read."""
    if channel.truth is None:
        return None
    return of.values[plan.region.slices] if channel.field is None else channel.back.inverse(channel.truth)


def card_of(model: str) -> Card | None:
    """The card of the network that a recipe names: by its folder or its name; None of a formula.

    Raises:
        UserError: if there is no such network.
    """
    from diffview.models.formulas import FORMULAS

    if model in FORMULAS:
        return None
    return open_card(Path(model)) if Path(model).is_dir() else find_card(model)


def usual_recipe(card: Card | None) -> Recipe:
    """What holds where nothing else is asked for: a network draws as its card says that it was scored."""
    if card is None:
        return Recipe()
    made = card.together
    several = {"channels": tuple(one.condition for one in made.channels), "sequence": made.frames}
    return Recipe.of(**scored_course(card), **(several if made.several else {}))


def equipped(recipe: Recipe, card: Card | None, facts: Facts) -> Facts:
    """The facts with the network that the recipe names and the devices of this machine, where they are needed."""
    if card is None and recipe.denoiser.device == "auto":
        return facts
    cards = read_cards() if recipe.guidance.weight != 1 else {}  # where the partner of a pair is found
    if card is not None:
        cards[recipe.denoiser.model] = card
    try:
        import torch
    except ImportError:
        return facts.learn(torch=None, cards=cards)
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    return facts.learn(
        torch=torch.__version__, devices=tuple(key for key, found in there.items() if found), cards=cards
    )
