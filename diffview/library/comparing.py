"""Recipes and schedules compared: what each is, how its run goes, and which makes the better fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack

from diffview.errors import UserError
from diffview.forward import mine
from diffview.forward.schedules import SCHEDULES, Schedule
from diffview.library.keywords import RunValues
from diffview.library.making import card_of, equipped
from diffview.library.opened import FieldLike, Opened, opened_of, read_recipe, recipe_of, schedule_of
from diffview.runs.groups import NAME_LENGTH
from diffview.runs.recipe import Recipe, Rival
from diffview.runs.rivals import MOST, free_name, put, rivals_of

if TYPE_CHECKING:
    from diffview.scores.compare_table import Compared

RivalLike: TypeAlias = "Recipe | Schedule | str | PathLike[str]"
FIELDS = 32
"""Fields that each rival makes to be scored."""


def compare(
    *rivals: RivalLike,
    field: FieldLike | None = None,
    fields: int = FIELDS,
    loss: bool = False,
    progress: Callable[[float], None] = lambda share: None,
    **values: Unpack[RunValues],
) -> Compared:
    """Two to four ways to run side by side on the same noise, and which of them makes the better fields.

    Args:
        *rivals: recipes, schedules, or the names of either (my schedules too) or of their files; of one recipe alone
            its own rivals. A schedule is run as the first recipe is, or as `values` say; field, region and start are
            those of the first.
        field: a DataArray or numpy array [rows, columns]; None: that of the first recipe.
        fields: held-out ones that each is scored on; 0: nothing is scored.
        loss: whether the loss of the models is measured, for the cost of their steps.
        progress: called with the share that is done.
        **values: of the recipe, in the place of those of every rival: model, steps, sampler, level and more.

    Returns:
        `table`, a row of each rival; `verdict`, with its `sentence` and `ranking`; `sides`, the runs with their errors.

    Raises:
        UserError: if they cannot be read or run.

    Example:
        >>> found = diffview.compare("linear", "cosine", model="gaussian", fields=16)
        >>> found.verdict.ranking.names, found.verdict.sentence
    """
    from diffview.scores.compare_table import compare_rivals

    opened = opened_rivals(rivals, field, dict(values))
    return compare_rivals(opened.recipe, opened.facts, fields, loss, progress)


def opened_rivals(rivals: Sequence[RivalLike], field: FieldLike | None, values: dict[str, Any]) -> Opened:
    """The field that rivals are compared on, with the recipe that holds them all.

    Raises:
        UserError: if they cannot be read, or are not two to four.
    """
    opened = opened_of(field, joined(rivals, values))
    facts = opened.facts
    for model in dict.fromkeys(rival.model for rival in rivals_of(opened.recipe)):
        card = card_of(model)
        if card is not None:
            facts = equipped(opened.recipe.but(model=model), card, facts).learn(cards={**facts.cards, model: card})
    return replace(opened, facts=facts)


def joined(sources: Sequence[RivalLike], values: dict[str, Any]) -> Recipe:
    """One recipe with all these as its rivals, the first in force.

    Raises:
        UserError: if one cannot be read, or they are not two to four.
    """
    read = [_read(source) for source in sources]
    base = recipe_of(next((one for one in read if isinstance(one, Recipe)), None), {})
    base = recipe_of(base, values | ({"origin": "field"} if values.get("level") is not None else {}))
    if len(read) == 1 and isinstance(read[0], Recipe):
        rivals = [_changed(base, rival, values) for rival in rivals_of(read[0])]
    else:
        rivals = []
        for source, one in zip(sources, read, strict=True):
            given = recipe_of(one, values) if isinstance(one, Recipe) else base.but(schedule=one)
            rivals.append(Rival(_name(source, rivals), given.course, given.denoiser.model, given.guidance.weight))
    if not 2 <= len(rivals) <= MOST:
        raise UserError(
            f"{len(rivals)} {'way' if len(rivals) == 1 else 'ways'} to run cannot be compared.",
            f"Name 2 to {MOST} recipes or schedules, or one recipe that holds rivals.",
        )
    return base.but(**put(rivals, 0))


def _changed(base: Recipe, rival: Rival, values: dict[str, Any]) -> Rival:
    """A rival with values in the place of its own."""
    own = recipe_of(base.but(course=rival.course, model=rival.model, weight=rival.weight), values)
    return replace(rival, course=own.course, model=own.denoiser.model, weight=own.guidance.weight)


def _read(source: RivalLike) -> Recipe | Schedule:
    """A recipe or a schedule, by what the file says that it is."""
    if isinstance(source, (Recipe, Schedule)):
        return source
    name = fspath(source)
    if name not in (*SCHEDULES, *mine.names()) and _is_recipe(Path(name)):
        return read_recipe(name)
    return schedule_of(name)


def _is_recipe(path: Path) -> bool:
    from diffview.paths import read_text

    return path.suffix.lower() == ".json" and '"diffview_recipe"' in read_text(path, "a recipe or a schedule")


def _name(source: RivalLike, taken: Sequence[Rival]) -> str:
    """The name of a file or of a schedule where no other has it and it is short, else a letter."""
    name = source.rivals.called if isinstance(source, Recipe) else ""
    if isinstance(source, (str, PathLike)):
        name = Path(fspath(source)).stem
    elif isinstance(source, Schedule):
        name = source.key
    free = 0 < len(name) <= NAME_LENGTH and name not in {rival.name for rival in taken}
    return name if free else free_name(taken)
