"""What the instruments of a recipe see of the region: operators in their places, values and errors, standardised."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in
from diffview.fields.transforms import TRANSFORMS, Transform
from diffview.forward.noise import ERRORS, draw
from diffview.params import checked
from diffview.reverse.operators import BY_PIXEL, DRAWN, OPERATORS, Observations, Observed
from diffview.runs.instruments import Instrument, Operators

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEAST_STD = 1e-3
"""Standardised: what an error counts as at least. Where a transform is flat, none of a value would be left."""


def observed_by(
    asked: Operators, x0: Array, known: Mask, region: Region, transform: Transform, seed: int = 0
) -> tuple[Observed, ...]:
    """What each instrument sees of a region.

    Args:
        asked: the instruments.
        x0: the region, standardised [ny, nx].
        known: which of its pixels are known [ny, nx].
        region: where it lies in the slice.
        transform: of the field.
        seed: of the errors that are added, if that is asked for.

    Raises:
        UserError: if an operator does not fit the region, or sees nothing of it.
    """
    return tuple(
        _observed(asked, place, x0, known & seen_by(one, region), region, transform, seed)
        for place, one in enumerate(asked.instruments)
    )


def seen_by(one: Instrument, region: Region) -> Mask:
    """Which pixels of the region the instrument may see [ny, nx].

    Raises:
        UserError: if it must be told where and is not, or it lies outside the region.
    """
    title = OPERATORS[one.operator].title
    if not one.where and one.operator not in DRAWN:
        return np.ones((region.ny, region.nx), bool)
    if not one.where:
        lie = "lie" if title.endswith("s") else "lies"
        raise UserError(
            f"Nobody says where the {title} {lie}.", "Draw it in the field, or give where=ROW,COLUMN,NY,NX."
        )
    where = hidden_in(one.where, region)
    if not where.any():
        raise UserError(
            f"What is drawn for the {title} lies outside the region of {region.ny} x {region.nx} pixels at row "
            f"{region.row}, column {region.column}.",
            "Move the region there, or draw them anew.",
        )
    if one.operator == "area" and not _inside(one, region):
        raise UserError("A part of the area lies outside the region.", "Move the region, or draw the area inside it.")
    return where


def _inside(one: Instrument, region: Region) -> bool:
    """Whether all its rectangles lie inside the region."""
    return all(
        region.row <= part.row
        and region.column <= part.column
        and part.row + part.ny <= region.row + region.ny
        and part.column + part.nx <= region.column + region.nx
        for part in one.where
    )


def _observed(
    asked: Operators, place: int, x0: Array, known: Mask, region: Region, transform: Transform, seed: int
) -> Observed:
    """What one instrument sees; see `observed_by`."""
    one = asked.instruments[place]
    kind = OPERATORS[one.operator]
    declared = kind(**checked(kind, dict(one.params), kind.title))
    operator = declared.placed(seen_by(one, region))
    values = np.asarray(operator.observed(np.nan_to_num(x0), known), dtype=np.float64)
    std = standardised_error(transform, values, one.error)
    if asked.disturbed:
        values = values + std * draw(seed, ERRORS, place, 0, values.shape)
    return Observed(operator, values, std)


def standardised_error(transform: Transform, values: NDArray[Any], error: float) -> NDArray[np.float64]:
    """Half of what lies between a value less and more its error, standardised; NaN where there is no value.

    At least LEAST_STD. Where the transform is not defined below a value, what lies above it counts.
    """
    there = ~np.isnan(values)
    physical = transform.inverse(values[there])
    above, below = transform(physical + error), physical - error
    low = below < TRANSFORMS[transform.key].least
    least = np.where(low, values[there], transform(np.where(low, physical, below)))
    std = np.full(values.shape, np.nan)
    std[there] = np.maximum((above - least) / np.where(low, 1.0, 2.0), LEAST_STD)
    return std


def known_of(asked: Operators, known: Mask, region: Region) -> Mask:
    """Which pixels the run is given: what instruments see pixel by pixel; all known ones if there are no such."""
    by_pixel = [seen_by(one, region) for one in asked.instruments if one.operator in BY_PIXEL]
    return known & np.any(by_pixel, axis=0) if by_pixel else known


def together(parts: tuple[Observed, ...], region: Region) -> Observations:
    """All of them at once."""
    return Observations(parts, (region.ny, region.nx))
