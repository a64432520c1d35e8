"""One field made coarse and brought back, by several ways beside one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from diffview.errors import UserError
from diffview.library.keywords import RunValues
from diffview.library.making import card_of, equipped
from diffview.library.opened import FieldLike, Opened, opened_of, recipe_of
from diffview.models.cards import read_cards
from diffview.runs.groups import Ensemble
from diffview.runs.resolve import resolve

if TYPE_CHECKING:
    import xarray

    from diffview.scores.ways_back import CoarseTask, WaysBack

MEMBERS = 16


def downscale(
    field: FieldLike | None = None,
    factor: int = 8,
    *,
    s: float | None = None,
    ways: Sequence[str] = (),
    progress: Callable[[float], None] = lambda share: None,
    **values: Unpack[RunValues],
) -> xarray.Dataset:
    """A region made coarse by means over blocks, and brought back by several ways beside one another.

    Args:
        field: a DataArray or numpy array [rows, columns]; None: the one that `path` names, or the packaged one.
        factor: pixels a side of a block, 2 to 16.
        s: noise level from which SDEdit starts; None: where the spectra part.
        ways: of "sdedit", "operator", "network" and "exact"; none: all that can be gone.
        progress: called with the share that is done.
        **values: of the recipe: model, region, members (16), steps, sampler, seed and more.

    Returns:
        `members` [way, member, y, x] and `given` and `truth` [y, x] in the field's unit, and for each way `crps`,
        `spread_skill`, `low_pass` (the error of the block means) and `distance` (of the spectrum, dB); by `offered`
        level its s and t. What could not be gone is named in the attributes.

    Raises:
        UserError: if the region cannot be made coarse, or there is no such way.

    Example:
        >>> back = diffview.downscale(factor=8, model="gaussian", region=(40, 120, 64, 64), members=8)
        >>> back.crps.sel(way="exact").item(), dict(zip(back.offered.values, back.s.values))
    """
    return _dataset(gone_back(task_of(field, factor, s, values), ways, progress))


_SCORES = ("crps", "spread_skill", "low_pass", "distance")


def _dataset(back: WaysBack) -> xarray.Dataset:
    """Members, fields, scores and levels of all ways."""
    import xarray

    task, made = back.task, [one for one in back.ways if one.key != "coarse"]
    place, units = ("y", "x"), {"units": task.facts.field.units}
    members = np.stack([one.members for one in made]) if made else np.empty((0, task.members, *task.truth.shape))
    return xarray.Dataset(
        {
            "members": (("way", "member", *place), members, units),
            "given": (place, task.given, units),
            "truth": (place, task.truth, units),
            **{name: ("way", [getattr(one, name) for one in made]) for name in _SCORES},
            **{name: ("offered", [getattr(one, name) for one in back.offered]) for name in ("s", "t")},
        },
        {"way": [one.key for one in made], "offered": [one.key for one in back.offered]},
        {"factor": task.factor, **{f"no_{key}": why for key, why in back.refused}},
    )


def task_of(field: FieldLike | None, factor: int, s: float | None, values: RunValues) -> CoarseTask:
    """The region that recipe values name, which is to be made coarse.

    Raises:
        UserError: if it cannot be read, or the model cannot be had.
    """
    from diffview.scores.ways_back import CoarseTask

    recipe = recipe_of(None, {"members": MEMBERS, **values})
    opened: Opened = opened_of(field, recipe)
    card = card_of(recipe.denoiser.model)
    facts = equipped(opened.recipe, card, opened.facts)
    facts = facts.learn(cards={**read_cards(), **facts.cards})
    asked: Ensemble = opened.recipe.ensemble
    return CoarseTask(resolve(opened.recipe, facts), facts, factor, asked.members, s)


def gone_back(task: CoarseTask, ways: Sequence[str], progress: Callable[[float], None]) -> WaysBack:
    """All ways that are asked for, gone.

    Raises:
        UserError: if there is no such way, or it failed.
    """
    from diffview.scores.ways_back import WAYS, WaysBack

    for way in ways:
        if way not in WAYS:
            raise UserError(f"There is no way {way!r} back.", f"Choose of {', '.join(WAYS)}.")
    back = WaysBack(task, tuple(ways) or tuple(WAYS))
    back.go(progress)
    return back
