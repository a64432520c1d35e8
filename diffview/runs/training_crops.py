"""Which crops a formula denoiser is fitted to, under the honesty rule: none that a run is to find again."""

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.regions import FEWEST_CROPS, crops_for, smaller_crops, summed, with_enough_crops
from diffview.fields.transforms import Transform
from diffview.models.choice import FitSet, percent
from diffview.models.formulas import GAUSSIANS
from diffview.runs.conditioning import fills, is_told, sees_region
from diffview.runs.plan import Facts, Note
from diffview.runs.recipe import Recipe

Array = NDArray[np.float32]

COMPLETE_ONLY = "This model compares crops pixel by pixel and gives them back, so that it needs complete ones."

FEWEST_SLICES = 2
"""Other slices that a fit needs at least."""


def unseen(recipe: Recipe) -> tuple[bool, tuple[Region, ...]]:
    """What no fit may see: the whole region, if a run comes from it; and what a run that is told of it is not told.

    A run that fills gaps is given the rest of its region pixel by pixel, so that crops may show that.
    """
    return sees_region(recipe) and not fills(recipe), recipe.guidance.hidden if is_told(recipe) else ()


def wished(recipe: Recipe) -> tuple[str, float, float]:
    """What a recipe asks of its fit set: its kind, the share of a crop that may be missing, the share held out."""
    return recipe.denoiser.fit_set, limit_of(recipe), recipe.denoiser.held_out


def limit_of(recipe: Recipe) -> float:
    """Share of a crop's pixels that may be missing: only a law can leave them out."""
    return recipe.denoiser.missing_limit if recipe.denoiser.model in GAUSSIANS else 0.0


def held_columns(recipe: Recipe, facts: Facts) -> tuple[Region, ...]:
    """The right columns of the slice, whole, that nothing is fitted to; none if nothing is held out."""
    rows, columns = facts.field.values.shape
    count = round(recipe.denoiser.held_out * columns)
    return (Region(0, columns - count, rows, count),) if count else ()


def fit_set(recipe: Recipe, facts: Facts, transform: Transform, region: Region) -> tuple[Region, FitSet]:
    """The region and crops of the formula denoiser, under the honesty rule.

    `data` and `local` started from the field see no crop that shares a pixel with it, or else the "recovery" is a
    copy; no model sees what is hidden from a run that fills it. Other slices of the same variable, never the shown one,
    are taken where the slice is at most twice the region or too small for enough crops.
    """
    whole, hidden = unseen(recipe)
    leave_out = whole and recipe.denoiser.model not in GAUSSIANS
    hidden = *hidden, *held_columns(recipe, facts)
    wish, limit, slices = recipe.denoiser.fit_set, limit_of(recipe), None
    if (
        facts.stack is not None
        and wish != "crops"
        and (wish != "auto" or _prefers_slices(facts, region, leave_out, hidden))
    ):
        slices = _slices_set(recipe, facts, facts.stack, transform, region)
    if slices is not None and wish != "both":
        return region, slices
    if wish == "slices":
        raise UserError(
            "There are no other slices of this variable that are complete in the region.", "Fit to crops instead."
        )
    if recipe.denoiser.model not in GAUSSIANS and slices is None:
        region, crops = with_enough_crops(facts.table, region, leave_out, hidden)
    else:
        crops = crops_for(facts.table, region, leave_out, hidden, limit)
    if not crops:
        return region, slices or _smaller_set(recipe, facts, transform, region)
    source = facts.through(transform)[1]
    held = _held_crops(recipe, facts, source, region)
    return region, FitSet(recipe.denoiser.model, source, tuple(crops), leave_out, more=slices, limit=limit, held=held)


def _held_crops(recipe: Recipe, facts: Facts, source: Array, region: Region) -> FitSet | None:
    """The complete crops that lie wholly in the columns that are held out; None if none are.

    Raises:
        UserError: if columns are held out, and no such crop is there.
    """
    rows, columns = facts.field.values.shape
    for part in held_columns(recipe, facts):
        fitted = Region(0, 0, rows, columns - part.nx)
        crops = crops_for(facts.table, region, False, (fitted,)) if part.nx >= region.nx else []
        if not crops:
            raise UserError(
                f"No complete crop of {region.ny} x {region.nx} pixels lies in the right "
                f"{percent(recipe.denoiser.held_out)} of the slice, which is held out.",
                "Hold out more, or take a smaller region.",
            )
        return FitSet(recipe.denoiser.model, source, tuple(crops), False)
    return None


def _smaller_set(recipe: Recipe, facts: Facts, transform: Transform, region: Region) -> FitSet:
    """Crops smaller than the region, of the other slices or of this one, for the law of a gap that leaves no other.

    Raises:
        UserError: if there are none, or the run is not one that fills a gap.
    """
    shape, values = (region.ny, region.nx), facts.stack
    if fills(recipe) and values is not None and len(values) >= FEWEST_SLICES:
        stack = facts.cached(("stack", transform), lambda: transform(values))
        if crops := smaller_crops(summed(np.isnan(stack).any(axis=0)), region, fewest=1):
            kept = tuple(range(_fitted_slices(recipe, len(stack))))
            return FitSet(recipe.denoiser.model, stack, tuple(crops), True, kept, shape=shape)
    hidden = *recipe.guidance.hidden, *held_columns(recipe, facts)
    if fills(recipe) and (crops := smaller_crops(facts.table, region, hidden=hidden)):
        return FitSet(recipe.denoiser.model, facts.through(transform)[1], tuple(crops), False, shape=shape)
    gaps = ", or let some pixels of a crop be missing (Data, Gaps)" if recipe.denoiser.model in GAUSSIANS else ""
    raise UserError(
        f"The field has no complete {shape[0]} x {shape[1]} crop to fit to.", f"Take a smaller region{gaps}."
    )


def _fitted_slices(recipe: Recipe, count: int) -> int:
    """How many of the other slices, from the first on, may be fitted to; the last ones are held out."""
    return count - round(recipe.denoiser.held_out * count)


def _slices_set(recipe: Recipe, facts: Facts, values: Array, transform: Transform, region: Region) -> FitSet | None:
    """The region in the other slices that are complete enough there; None if there are fewer than two.

    Raises:
        UserError: if the last slices are held out, and none of them is complete there.
    """
    stack = facts.cached(("stack", transform), lambda: transform(values))
    missing = np.isnan(stack[(slice(None), *region.slices)]).mean(axis=(1, 2))
    first_held, limit = _fitted_slices(recipe, len(stack)), limit_of(recipe)
    fitted = np.flatnonzero(missing[:first_held] <= limit)
    if len(fitted) < FEWEST_SLICES:
        return None
    held = None
    if recipe.denoiser.held_out:
        apart = first_held + np.flatnonzero(missing[first_held:] == 0)
        if not len(apart):
            raise UserError(
                f"The last {percent(recipe.denoiser.held_out)} of the slices are held out, and none is complete in the "
                "region.",
                "Hold out more, or choose another region.",
            )
        held = FitSet(recipe.denoiser.model, stack, (region,), True, tuple(apart.tolist()))
    return FitSet(recipe.denoiser.model, stack, (region,), True, tuple(fitted.tolist()), limit=limit, held=held)


def _prefers_slices(facts: Facts, region: Region, leave_out: bool, hidden: tuple[Region, ...]) -> bool:
    """Whether the region at the same place in other slices is a better fit set than crops of the shown slice."""
    rows, columns = facts.field.values.shape
    if max(rows, columns) <= 2 * max(region.ny, region.nx):
        return True
    return len(crops_for(facts.table, region, leave_out, hidden)) < FEWEST_CROPS


def shrunk_note(asked: Region, region: Region, fit: FitSet) -> Note:
    """Why the region is smaller than it was asked."""
    why = (
        f"The region is reduced so that `{fit.model}` can be fitted without seeing it."
        if fit.left_out
        else f"The region is reduced so that there are enough crops to fit `{fit.model}` to."
    )
    return Note(f"{asked.ny} x {asked.nx}", f"{region.ny} x {region.nx} with {fit.count} crops", why)
