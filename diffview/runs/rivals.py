"""Rivals: up to four named ways to run, one of them in force; which there are, and the edits that change them.

The one in force is the recipe itself, so that whatever edits the recipe edits that rival. Edits are given as the values
of the recipe that they change, for `Recipe.but` and `Session.edit`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from diffview.errors import UserError
from diffview.fields.numbers import number
from diffview.forward.schedules import Schedule, flat_params, make_schedule
from diffview.params import parameters
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import Course, Recipe, Rival, Rivals

MOST = 4
"""Rivals, the one in force included."""

VALUES = (*(p.name for p in parameters(Course) if p.name != "noise"), "model", "weight")
"""All in which rivals can differ, by the name of the value."""


def rivals_of(recipe: Recipe) -> tuple[Rival, ...]:
    """All rivals in their order; of a recipe that has no others the one in force alone."""
    rivals = recipe.rivals
    now = Rival(rivals.called, recipe.course, recipe.denoiser.model, recipe.guidance.weight)
    return (*rivals.others[: rivals.place], now, *rivals.others[rivals.place :])


def alone(recipe: Recipe, rival: Rival) -> Recipe:
    """The recipe of the run of one rival, without the others."""
    return recipe.but(**_values_of(rival), rivals=Rivals())


def shared(recipe: Recipe) -> Recipe:
    """What all rivals of a recipe have in common: the recipe without any of them."""
    return alone(recipe, Rival(Rivals.called))


def value_in(rival: Rival, name: str) -> Any:
    """What a rival has for one of VALUES."""
    return getattr(rival if name in ("model", "weight") else rival.course, name)


def differing(rivals: Sequence[Rival]) -> tuple[str, ...]:
    """The names among VALUES of what is not the same in all of them."""
    return tuple(name for name in VALUES if any(value_in(one, name) != value_in(rivals[0], name) for one in rivals))


# -- edits


def put(rivals: Sequence[Rival], place: int) -> dict[str, Any]:
    """The values of a recipe with these rivals, of which the one at `place` is in force."""
    now = rivals[place]
    others = (*rivals[:place], *rivals[place + 1 :])
    return {**_values_of(now), "rivals": Rivals(others, now.name, place)}


def added(recipe: Recipe, **values: Any) -> dict[str, Any]:
    """One more rival, in force from now on: the one in force with these values of its course.

    Raises:
        UserError: if there are four already.
    """
    rivals = rivals_of(recipe)
    if len(rivals) >= MOST:
        raise UserError(f"There are {MOST} rivals already.", "Drop one of them first.")
    now = rivals[recipe.rivals.place]
    return put((*rivals, replace(now, name=free_name(rivals), course=replace(now.course, **values))), len(rivals))


def dropped(recipe: Recipe, place: int) -> dict[str, Any]:
    """Without the rival at a place; if it was in force, the one before it is now, or the first.

    Raises:
        UserError: if there is no other.
    """
    rivals, now = rivals_of(recipe), recipe.rivals.place
    if len(rivals) < 2:
        raise UserError("A recipe always has one way to run.", "Add a rival before you drop this one.")
    return put((*rivals[:place], *rivals[place + 1 :]), max(0, now - 1) if place <= now else now)


def flipped(recipe: Recipe, by: int = 1) -> dict[str, Any]:
    """The next rival in force, or the one before it; from the last one on to the first."""
    rivals = rivals_of(recipe)
    return put(rivals, (recipe.rivals.place + by) % len(rivals))


def renamed(recipe: Recipe, place: int, name: str) -> dict[str, Any]:
    """The rival at a place under another name.

    Raises:
        UserError: if another one has it, or it is none.
    """
    rivals = list(rivals_of(recipe))
    rivals[place] = replace(rivals[place], name=name.strip())
    return put(rivals, recipe.rivals.place)


def free_name(rivals: Sequence[Rival]) -> str:
    """The first letter that is no name of a rival yet."""
    taken = {rival.name for rival in rivals}
    return next(letter for letter in "ABCDEFGH" if letter not in taken)


def _values_of(rival: Rival) -> dict[str, Any]:
    return {"course": rival.course, "model": rival.model, "weight": rival.weight}


# -- words


def different_lengths(rivals: Sequence[Rival]) -> str:
    """What is to be known of rivals that were written for chains of another T; "" where all have one T."""
    rows = {rival.name: rival.course.schedule.rows for rival in rivals}
    if len(set(rows.values())) < 2:
        return ""
    said = ", ".join(f"{name} for T = {count}" for name, count in rows.items())
    return (
        f"Written for chains of different length: {said}. They share the axis t = i/T: row i of one is not row i of "
        "another."
    )


def words_of(rival: Rival, names: Sequence[str]) -> str:
    """What a rival has for some of VALUES, as "Cosine, 18 steps"."""
    return ", ".join(text for name in names if (text := _WORDS[name](rival)))


def schedule_words(schedule: Schedule) -> str:
    """Its title, and the numbers that it has in the place of the usual ones."""
    usual = flat_params(make_schedule(schedule.key)) if not schedule.parts else {}
    apart = {key: value for key, value in flat_params(schedule).items() if key in usual and value != usual[key]}
    return " ".join([schedule.title, *(f"{key} {_short(value)}" for key, value in apart.items())])


def _settings(settings: Sequence[tuple[str, Any]]) -> str:
    return " ".join(f"{key} {_short(value)}" for key, value in settings)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return f"of {len(value)} numbers"
    return number(value) if isinstance(value, float) else str(value)


_WORDS: Mapping[str, Any] = {
    "schedule": lambda rival: schedule_words(rival.course.schedule),
    "grid": lambda rival: f"{rival.course.grid} levels",
    "grid_params": lambda rival: _settings(rival.course.grid_params),
    "steps": lambda rival: f"{rival.course.steps} steps",
    "sampler": lambda rival: SAMPLERS[rival.course.sampler].title,
    "sampler_params": lambda rival: _settings(rival.course.sampler_params),
    "seed": lambda rival: f"seed {rival.course.seed}",
    "fork": lambda rival: "" if rival.course.fork is None else f"a fork at step {rival.course.fork.step}",
    "model": lambda rival: rival.model,
    "weight": lambda rival: f"w = {number(rival.weight)}",
}
"""By name of the value."""
