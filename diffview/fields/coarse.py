"""Fields and coordinates at another resolution: by blocks of k x k pixels, and as a coarse sensor sees them."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Array, Field
from diffview.fields.transforms import Transform

SMALLEST_COARSE = 16
"""Sides that a field has at least at its working resolution."""

HALF_TURN = 180.0
"""Degrees: neighbours that differ by more lie on both sides of the end of a turn."""

LARGEST_REFINED = 2**26
"""Pixels that a field has at most whose values stand for blocks of pixels."""


def coarsened(values: Array, k: int, how: str) -> Array:
    """[..., ny // k, nx // k] of [..., ny, nx]: the mean of every k x k pixels, or the first of them ("stride").

    A mean counts where at least half of its pixels have a value; what is left over at the ends is cut off.
    """
    ny, nx = (n // k * k for n in values.shape[-2:])
    cut = values[..., :ny, :nx]
    if how == "stride" or k == 1:
        return np.ascontiguousarray(cut[..., ::k, ::k])
    blocks = cut.reshape(*cut.shape[:-2], ny // k, k, nx // k, k)
    known = np.count_nonzero(~np.isnan(blocks), axis=(-3, -1))
    total = np.nansum(blocks, axis=(-3, -1), dtype=np.float64)
    means = np.full(known.shape, np.nan, np.float32)
    np.divide(total, known, out=means, where=2 * known >= k * k, casting="unsafe")
    return means


def at_resolution(field: Field, k: int, how: str) -> Field:
    """A field whose pixels are k x k of the given one's; the notes say so.

    Raises:
        UserError: if it would be smaller than 16 x 16 pixels.
    """
    if k == 1:
        return field
    values = coarsened(field.values, k, how)
    if min(values.shape) < SMALLEST_COARSE:
        raise UserError(
            f"At {k} pixels to one, {field.name or 'the field'} would have only {values.shape[0]} x {values.shape[1]}.",
            f"Choose a finer working resolution: {SMALLEST_COARSE} x {SMALLEST_COARSE} pixels are needed.",
        )
    said = "the mean of" if how == "mean" else "the first of"
    km = field.pixel_km
    return replace(
        field,
        values=values,
        pixel_km=None if km is None else (km[0] * k, km[1] * k),
        coords={name: coarse_coordinate(c, k) for name, c in field.coords.items()},
        notes=(*field.notes, f"Each pixel is {said} {k} x {k} stored ones."),
    )


def refined(field: Field, k: int) -> Field:
    """A field each of whose values stands for k x k pixels, whose mean it is; the notes say so.

    Raises:
        UserError: if it would be too large.
    """
    if k == 1:
        return field
    ny, nx = field.values.shape
    if ny * nx * k * k > LARGEST_REFINED:
        raise UserError(
            f"With {k} x {k} pixels to a value, {field.name or 'the field'} would have {ny * k:,} x {nx * k:,}.",
            "Read a part of the field, or refine it less.",
        )
    km = field.pixel_km
    return replace(
        field,
        values=field.values.repeat(k, axis=0).repeat(k, axis=1),
        pixel_km=None if km is None else (km[0] / k, km[1] / k),
        coords={name: fine_coordinate(c, k) for name, c in field.coords.items()},
        notes=(*field.notes, f"Each value stands for {k} x {k} pixels, as their mean: the field is coarse as it is."),
    )


def midway(first: NDArray[Any], last: NDArray[Any], of: NDArray[Any]) -> NDArray[Any]:
    """The middle of pairs of a coordinate; the first of two degrees between which a turn ends (359 and 1).

    Metres may be as far apart as they like: where some number of the coordinate `of` is beyond a full turn, none of
    them is an angle.
    """
    angles = bool(np.fmax.reduce(np.abs(of), axis=None) <= 2 * HALF_TURN)
    return np.where(angles & (np.abs(last - first) > HALF_TURN), first, first + (last - first) / 2)


def coarse_coordinate(values: NDArray[Any], k: int) -> NDArray[Any]:
    """The middle of every k places, down and across."""
    for axis in range(values.ndim):
        n = values.shape[axis] // k * k
        first, last = (np.take(values, np.arange(at, n, k), axis=axis) for at in ((k - 1) // 2, k // 2))
        values = first if first.shape == last.shape and np.array_equal(first, last) else midway(first, last, values)
    return values


def fine_coordinate(values: NDArray[Any], k: int) -> NDArray[np.float64]:
    """The middles of k pixels in the place of each, down and across: linear between neighbours, and beyond the ends.

    Between degrees where a turn ends (359 and 1) it goes the short way round. A single place has no neighbours: all of
    its pixels lie there.
    """
    values = np.asarray(values, np.float64)
    angles = bool(np.fmax.reduce(np.abs(values), axis=None) <= 2 * HALF_TURN)
    end = HALF_TURN if np.fmin.reduce(values, axis=None) < 0 else 2 * HALF_TURN
    for axis in range(values.ndim):
        n = values.shape[axis]
        at = (np.arange(n * k) + 0.5) / k - 0.5
        first = np.clip(np.floor(at), 0, max(n - 2, 0)).astype(int)
        low, high = (np.take(values, places, axis=axis) for places in (first, np.minimum(first + 1, n - 1)))
        step = high - low
        over = angles & (np.abs(step) > HALF_TURN)
        step = np.where(over, step - np.copysign(2 * HALF_TURN, step), step)
        share = (at - first).reshape(-1, *(1,) * (values.ndim - 1 - axis))
        values = low + share * step
        values = np.where(over & (values >= end), values - 2 * HALF_TURN, values)
        values = np.where(over & (values < end - 2 * HALF_TURN), values + 2 * HALF_TURN, values)
    return values


def block_mean(values: NDArray[np.floating], factor: int) -> NDArray[np.floating]:
    """Means over blocks of factor x factor pixels, [..., ny/factor, nx/factor].

    Raises:
        UserError: if the sides are not multiples of factor.
    """
    *rest, ny, nx = values.shape
    if factor < 1 or ny % factor or nx % factor:
        raise UserError(f"{ny} x {nx} pixels cannot be cut into blocks of {factor}.", "Choose another factor.")
    return np.asarray(values.reshape(*rest, ny // factor, factor, nx // factor, factor).mean(axis=(-3, -1)))


def coarse(fields: Array, transform: Transform, factor: int) -> Array:
    """Standardised fields [n, ny, nx] as a coarse sensor sees them: means in physical units, standardised again."""
    means = block_mean(transform.inverse(fields), factor)
    return transform(means.repeat(factor, axis=-2).repeat(factor, axis=-1))
