"""Where one field lies on the grid of another, by the coordinates that both have."""

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Field, Region

Array = NDArray[np.float64]

DOWN = ("latitude", "y", "azimuth")
"""Coordinates of one dimension that run along the rows; all others run along the columns."""

CLOSE = 1e-3
"""Coordinates are the same up to this share of their step, or what float32 leaves of them."""

MOST_STARTS = 16
"""Pixels that are tried."""


def place_on(of: Field, other: Field, what: str = "truth") -> Region:
    """The part of `other`, told as `what`, on which a field lies: all of it where neither has coordinates.

    Raises:
        UserError: if it lies nowhere on it.
    """
    (ny, nx), (rows, columns) = of.values.shape, other.values.shape
    mine, theirs = _planes(of), _planes(other)
    shared = sorted(mine.keys() & theirs.keys())
    found = [Region(0, 0, ny, nx)] if (ny, nx) == (rows, columns) and not shared else []
    if shared and ny <= rows and nx <= columns:
        first = [np.abs(theirs[name] - mine[name][0, 0]) <= _close(theirs[name]) for name in shared]
        starts = [Region(int(row), int(column), ny, nx) for row, column in np.argwhere(np.all(first, axis=0))]
        found = [
            region for region in starts[:MOST_STARTS]
            if region.row + ny <= rows and region.column + nx <= columns
            and all(_same(mine[name], theirs[name], region) for name in shared)
        ]  # fmt: skip
    if not found:
        by = "their coordinates do not meet" if shared else "neither says where it lies"
        raise UserError(
            f"The {what} has {rows} x {columns} pixels and the members have {ny} x {nx}, and {by}.",
            f"Name a {what} on the same grid.",
        )
    return found[0]


def _planes(field: Field) -> dict[str, Array]:
    """The coordinates of every pixel [ny, nx]."""
    shape = field.values.shape
    lines = {name: np.asarray(c, np.float64) for name, c in field.coords.items()}
    placed = {name: c if c.ndim > 1 else c[:, None] if name in DOWN else c[None, :] for name, c in lines.items()}
    return {name: np.broadcast_to(c, shape) for name, c in placed.items() if _fits(c, shape)}


def _fits(values: Array, shape: tuple[int, ...]) -> bool:
    return all(n in (1, side) for n, side in zip(values.shape, shape, strict=True))


def _close(values: Array) -> float:
    steps = np.abs(np.concatenate([np.diff(values, axis=axis).ravel() for axis in (0, 1)]))
    steps = steps[steps > 0]
    return max(CLOSE * (float(np.median(steps)) if steps.size else 1.0), 4e-7 * float(np.nanmax(np.abs(values))))


def _same(mine: Array, theirs: Array, region: Region) -> bool:
    return np.allclose(mine, theirs[region.slices], rtol=0, atol=_close(theirs), equal_nan=True)
