"""Fields in physical units, and the square regions of them that are noised and denoised."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError

Array = NDArray[np.float32]

SMALLEST_COARSE = 16
"""Sides that a field has at least at its working resolution."""


def any_missing(values: NDArray[np.floating[Any]]) -> bool:
    """Whether there is a NaN among values, without an array of their size."""
    with np.errstate(invalid="ignore"):
        return bool(np.isnan(values.min(initial=np.inf)))


HALF_TURN = 180.0
"""Degrees: neighbours that differ by more lie on both sides of the end of a turn."""


@dataclass(frozen=True, eq=False)
class Field:
    """One picture from a file, in physical units, north up; NaN is the only mask.

    Attributes:
        values: float32 [ny, nx]; row 0 is the northern edge.
        name: the variable's name for people ("toa_brightness_temperature").
        units: its units as written in the file ("K"), or "".
        dims: names of the two shown dimensions, (row, column).
        pixel_km: (height, width) of a pixel in km at the centre of the picture, or None if unknown.
        coords: 1-D or 2-D coordinate arrays of the shown dimensions, by name; orientation as `values`.
        provenance: where it came from: "path", "dataset", "index" (the fixed indices of the other dimensions,
            as text), "licence", and whatever else the reader knows.
        notes: what was done to the packed values, one finished sentence each ("7 values lay
            outside valid_range and were masked.").
    """

    values: Array
    name: str
    units: str = ""
    dims: tuple[str, str] = ("row", "column")
    pixel_km: tuple[float, float] | None = None
    coords: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True where a value is missing, [ny, nx]; not to be written to: if none is, one False stands for all."""
        return np.isnan(self.values) if any_missing(self.values) else np.broadcast_to(np.False_, self.values.shape)


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels of a field: first row, first column, rows, columns."""

    row: int
    column: int
    ny: int
    nx: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the region in values [..., ny, nx]."""
        return slice(self.row, self.row + self.ny), slice(self.column, self.column + self.nx)

    @property
    def middle(self) -> "Region":
        """The middle third of it, at least a pixel."""
        ny, nx = max(1, self.ny // 3), max(1, self.nx // 3)
        return Region(self.row + (self.ny - ny) // 2, self.column + (self.nx - nx) // 2, ny, nx)

    def overlaps(self, other: "Region") -> bool:
        """Whether the two share a pixel."""
        return (
            self.row < other.row + other.ny
            and other.row < self.row + self.ny
            and self.column < other.column + other.nx
            and other.column < self.column + self.nx
        )


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
