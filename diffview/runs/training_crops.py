"""Which crops of the field a formula is fitted to: none that shows a pixel which a run is to restore."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.numbers import percent
from diffview.fields.regions import FEWEST_CROPS, crops_for, smaller_crops, summed, with_enough_crops
from diffview.fields.transforms import Transform
from diffview.models.choice import TrainingCrops
from diffview.models.formulas import GAUSSIANS
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Fits, missing_table, standardised, standardised_stack
from diffview.runs.recipe import Recipe

Array = NDArray[np.float32]

COMPLETE_ONLY = "This model compares crops pixel by pixel and gives them back, so that it needs complete ones."

FEWEST_SLICES = 2
"""Other slices that a fit needs at least."""


@dataclass(frozen=True)
class CropsRequest:
    """What is asked of the training crops of a formula.

    Attributes:
        model: key of FORMULAS.
        fit_set: "crops" of the slice, the region in other "slices", "both", or "auto": whichever is larger.
        limit: share of a crop's pixels that may be missing; only a Gaussian can leave them out.
        held_out: share that nothing is fitted to.
        leave_out: no crop shares a pixel with the region, as a run comes from it and the model gives crops back.
        hidden: rectangles that no crop shows, as the run is not given them.
        fills: the run fills its region, so that crops smaller than that are better than none.
        rule: of how many crops are taken.
    """

    model: str
    fit_set: str
    limit: float
    held_out: float
    leave_out: bool
    hidden: tuple[Region, ...]
    fills: bool
    rule: int

    @classmethod
    def of(cls, recipe: Recipe, asked: Conditioning) -> "CropsRequest":
        """What a recipe asks.

        A run that fills gaps is given the rest of its region pixel by pixel, so that crops may show that.
        """
        chosen = recipe.denoiser
        gaussian = chosen.model in GAUSSIANS
        return cls(
            chosen.model,
            chosen.fit_set,
            chosen.missing_limit if gaussian else 0.0,
            chosen.held_out,
            asked.sees_region and not asked.fills and not gaussian,
            recipe.guidance.hidden if asked.conditioned else (),
            asked.fills,
            chosen.fit_rule,
        )

    @property
    def gives_back(self) -> bool:
        """Whether the model gives crops back, so that it needs many complete ones."""
        return self.model not in GAUSSIANS


def training_crops(
    fits: Fits, request: CropsRequest, region: Region, transform: Transform
) -> tuple[Region, TrainingCrops]:
    """The crops of a formula and the region, which is reduced where there are too few crops of its size.

    `data` and `local` started from the field see no crop that shares a pixel with it, or else the "recovery" is a
    copy; no model sees what is hidden from a run that fills it. Other slices of the same variable, never the shown one,
    are taken where the slice is at most twice the region or too small for enough crops.

    Raises:
        UserError: if there are none.
    """
    table, kind = fits.of(missing_table), request.fit_set
    hidden = *request.hidden, *_held_columns(fits, request)
    slices = None
    if kind in ("slices", "both") or (kind == "auto" and _prefers_slices(fits, request, region, hidden)):
        slices = _other_slices(fits, request, region, transform)
    if slices is not None and kind != "both":
        return region, slices
    if kind == "slices":
        raise UserError(
            "There are no other slices of this variable that are complete in the region.", "Fit to crops instead."
        )
    if request.gives_back and slices is None:
        region, crops = with_enough_crops(table, region, request.leave_out, hidden, request.rule)
    else:
        crops = crops_for(table, region, request.leave_out, hidden, request.limit, request.rule)
    if not crops:
        return region, slices or _smaller_crops(fits, request, region, transform)
    held = _held_crops(fits, request, region, transform)
    source = fits.of(standardised, transform)
    return region, TrainingCrops(
        request.model, source, tuple(crops), request.leave_out, more=slices, limit=request.limit, held=held
    )


def _held_columns(fits: Fits, request: CropsRequest) -> tuple[Region, ...]:
    """The right columns of the slice, whole, that nothing is fitted to; none if nothing is held out."""
    rows, columns = fits.field.values.shape
    count = round(request.held_out * columns)
    return (Region(0, columns - count, rows, count),) if count else ()


def _held_crops(fits: Fits, request: CropsRequest, region: Region, transform: Transform) -> TrainingCrops | None:
    """The complete crops that lie wholly in the columns that are held out; None if none are.

    Raises:
        UserError: if columns are held out, and no such crop is there.
    """
    rows, columns = fits.field.values.shape
    for part in _held_columns(fits, request):
        fitted = Region(0, 0, rows, columns - part.nx)
        table, wide = fits.of(missing_table), part.nx >= region.nx
        crops = crops_for(table, region, False, (fitted,), rule=request.rule) if wide else []
        if not crops:
            raise UserError(
                f"No complete crop of {region.ny} x {region.nx} pixels lies in the right "
                f"{percent(request.held_out)} of the slice, which is held out.",
                "Hold out more, or take a smaller region.",
            )
        return TrainingCrops(request.model, fits.of(standardised, transform), tuple(crops), False)
    return None


def _smaller_crops(fits: Fits, request: CropsRequest, region: Region, transform: Transform) -> TrainingCrops:
    """Crops smaller than the region, of the other slices or of this one, for a gap that leaves no other.

    Raises:
        UserError: if there are none, or the run is not one that fills a gap.
    """
    shape, stack = (region.ny, region.nx), fits.stack
    if request.fills and stack is not None and len(stack) >= FEWEST_SLICES:
        values = fits.of(standardised_stack, transform)
        table = summed(np.asarray(np.isnan(values).any(axis=0)))
        if crops := smaller_crops(table, region, fewest=1, rule=request.rule):
            kept = tuple(range(_fitted_slices(request, len(values))))
            return TrainingCrops(request.model, values, tuple(crops), True, kept, shape=shape)
    hidden = *request.hidden, *_held_columns(fits, request)
    table = fits.of(missing_table)
    if request.fills and (crops := smaller_crops(table, region, hidden=hidden, rule=request.rule)):
        return TrainingCrops(request.model, fits.of(standardised, transform), tuple(crops), False, shape=shape)
    gaps = "" if request.gives_back else ", or let some pixels of a crop be missing (Data, Gaps)"
    raise UserError(
        f"The field has no complete {shape[0]} x {shape[1]} crop to fit to.", f"Take a smaller region{gaps}."
    )


def _fitted_slices(request: CropsRequest, count: int) -> int:
    """How many of the other slices, from the first on, may be fitted to; the last ones are held out."""
    return count - round(request.held_out * count)


def _other_slices(fits: Fits, request: CropsRequest, region: Region, transform: Transform) -> TrainingCrops | None:
    """The region in the other slices that are complete enough there; None if there are fewer than two.

    Raises:
        UserError: if the last slices are held out, and none of them is complete there.
    """
    if fits.stack is None:
        return None
    stack = fits.of(standardised_stack, transform)
    missing = np.isnan(stack[(slice(None), *region.slices)]).mean(axis=(1, 2))
    first_held = _fitted_slices(request, len(stack))
    fitted = np.flatnonzero(missing[:first_held] <= request.limit)
    if len(fitted) < FEWEST_SLICES:
        return None
    held = None
    if request.held_out:
        apart = first_held + np.flatnonzero(missing[first_held:] == 0)
        if not len(apart):
            raise UserError(
                f"The last {percent(request.held_out)} of the slices are held out, and none is complete in the region.",
                "Hold out more, or choose another region.",
            )
        held = TrainingCrops(request.model, stack, (region,), True, tuple(apart.tolist()))
    return TrainingCrops(request.model, stack, (region,), True, tuple(fitted.tolist()), limit=request.limit, held=held)


def _prefers_slices(fits: Fits, request: CropsRequest, region: Region, hidden: tuple[Region, ...]) -> bool:
    """Whether the same region in other slices is better to fit to than crops of the shown slice."""
    if fits.stack is None:
        return False
    rows, columns = fits.field.values.shape
    if max(rows, columns) <= 2 * max(region.ny, region.nx):
        return True
    return len(crops_for(fits.of(missing_table), region, request.leave_out, hidden)) < FEWEST_CROPS
