"""Which rectangle of a field is worked on, and which crops a formula denoiser is fitted to.

Counts of missing pixels come from one summed-area table, so that every candidate costs four look-ups.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region

SMALLEST, START_SIZE, LARGEST = 16, 128, 512
"""Sides of a region in pixels: the least, the one at the start, the greatest."""

SIZE_STEP = 8
"""Pixels a side by which a region is made smaller to be complete, or to leave enough crops."""

STRIDE, MOST_CROPS, FEWEST_CROPS = 4, 1000, 50

CROP_PIXELS = 2**24
"""Pixels that crops have together at most, unless they are FEWEST_CROPS: 1,000 crops of 128 x 128, 64 of 512 x 512."""

BY_COUNT, BY_PIXELS = 1, 2
"""Rules of how many crops a formula is fitted to: MOST_CROPS of any size; or as many as have CROP_PIXELS, at most that.

Large crops overlap so much that more of them say little: of a field of 900 x 900 pixels, 64 crops of 512 x 512 give
ln P within 0.002 rms of what 1,000 do, in a fortieth of the time and a fifteenth of the memory.
"""

CONTRAST = 0.25
"""Standard deviation of the region at the start over that of the field, at least."""

Mask = NDArray[np.bool_]


Table = NDArray[np.int32]


def summed(mask: Mask) -> Table:
    """Summed-area table of a mask, [rows + 1, columns + 1]: any rectangle's missing pixels by four look-ups."""
    shape = mask.shape[0] + 1, mask.shape[1] + 1
    if not mask.any():  # one zero that stands for all takes no memory
        return np.broadcast_to(np.zeros((), dtype=np.int32), shape)
    table = np.zeros(shape, dtype=np.int32)
    table[1:, 1:] = mask
    np.cumsum(table, axis=0, out=table)
    np.cumsum(table, axis=1, out=table)
    return table


def missing_counts(table: Table, ny: int, nx: int, stride: int = 1) -> Table:
    """Number of missing pixels of every ny x nx rectangle that starts at a multiple of `stride`."""
    rows, columns = table.shape[0] - 1, table.shape[1] - 1
    top, left = slice(0, max(0, rows - ny + 1), stride), slice(0, max(0, columns - nx + 1), stride)
    bottom, right = slice(ny, rows + 1, stride), slice(nx, columns + 1, stride)
    return np.asarray(table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left])


def _nearest(allowed: Mask, row: float, column: float) -> tuple[int, int]:
    """The allowed (row, column) nearest to the given one; of equals the first."""
    down = (np.arange(allowed.shape[0], dtype=np.float32) - np.float32(row)) ** 2
    across = (np.arange(allowed.shape[1], dtype=np.float32) - np.float32(column)) ** 2
    distance = down[:, None] + across[None, :]
    distance[~allowed] = np.inf
    best = int(distance.argmin())
    return best // allowed.shape[1], best % allowed.shape[1]


def _nearest_whole(size: tuple[int, int], sides: tuple[int, int], start: tuple[float, float]) -> Region:
    """What `_nearest` gives where nothing is missing, without an array as large as the field; of equals the first."""
    row, column = (
        min(max(ceil(at - 0.5), 0), length - side) for at, length, side in zip(start, size, sides, strict=True)
    )
    return Region(row, column, *sides)


def most_complete(table: Table, size: int = START_SIZE, near: tuple[float, float] | None = None) -> Region:
    """The size x size square with the fewest missing pixels, nearest to `near` (row, column of a centre).

    `size` is cut to the shorter side of the field; `near` is the centre of the field by default.
    """
    rows, columns = table.shape[0] - 1, table.shape[1] - 1
    size = min(size, rows, columns)
    centre = near or (rows / 2, columns / 2)
    if not table[-1, -1]:
        return _nearest_whole((rows, columns), (size, size), (centre[0] - size / 2, centre[1] - size / 2))
    counts = missing_counts(table, size, size)
    row, column = _nearest(counts == counts.min(), centre[0] - size / 2, centre[1] - size / 2)
    return Region(row, column, size, size)


def starting_region(table: Table, values: NDArray[np.floating]) -> Region:
    """The largest complete square of at most 128 and at least 16 pixels a side, nearest the centre of the field.

    Where it would show nothing, such as the night side of a reflectance or dry land beside the rain, it is one of the
    same size that has contrast. Where none is complete, the square with the fewest missing pixels.
    """
    most = min(START_SIZE, table.shape[0] - 1, table.shape[1] - 1)
    for size in range(most, min(SMALLEST, most) - 1, -SIZE_STEP):
        if not table[-1, -1] or not missing_counts(table, size, size).all():
            return _with_contrast(table, values, most_complete(table, size))
    return most_complete(table)


def _with_contrast(table: Table, values: NDArray[np.floating], region: Region) -> Region:
    """`region`, or the nearest of its size, half a side apart, whose standard deviation is CONTRAST of the field's."""
    every = max(1, round((values.size / 1e5) ** 0.5))
    least = CONTRAST * float(np.nanstd(values[::every, ::every], dtype=np.float64))
    step = max(1, region.ny // 2)
    corners = step * np.argwhere(missing_counts(table, region.ny, region.nx, step) == 0)
    away = np.square(corners - (region.row, region.column)).sum(axis=1)
    near = (Region(row, column, region.ny, region.nx) for row, column in corners[away.argsort(kind="stable")].tolist())
    rich = (one for one in (region, *near) if float(np.std(values[one.slices][::2, ::2])) >= least)
    return next(rich, region)


def nearest_complete(table: Table, region: Region) -> Region | None:
    """The complete rectangle of the same size nearest to `region`; None if there is none."""
    rows, columns = table.shape[0] - 1, table.shape[1] - 1
    if not table[-1, -1] and region.ny <= rows and region.nx <= columns:
        return _nearest_whole((rows, columns), (region.ny, region.nx), (region.row, region.column))
    complete = missing_counts(table, region.ny, region.nx) == 0
    if not complete.any():
        return None
    row, column = _nearest(complete, region.row, region.column)
    return Region(row, column, region.ny, region.nx)


def most_crops(region: Region, rule: int = BY_PIXELS) -> int:
    """How many crops of the size of `region` a formula is fitted to at most, by a rule."""
    if rule == BY_COUNT:
        return MOST_CROPS
    return min(MOST_CROPS, max(FEWEST_CROPS, CROP_PIXELS // (region.ny * region.nx)))


def crops_for(
    table: Table,
    region: Region,
    leave_out: bool,
    hidden: Sequence[Region] = (),
    limit: float = 0.0,
    rule: int = BY_PIXELS,
) -> list[Region]:
    """Complete crops of the size of `region` at stride 4, spread evenly over the field: at most `most_crops`.

    Args:
        table: summed-area table of the field's mask.
        region: the region worked on.
        leave_out: leave out every crop that shares a pixel with it.
        hidden: leave out every crop that shares a pixel with one of these.
        limit: share of a crop's pixels that may be missing; 0 takes complete ones.
        rule: of `most_crops`.
    """
    free = missing_counts(table, region.ny, region.nx, STRIDE) <= limit * region.ny * region.nx
    for gap in hidden:
        first_row, first_column = gap.row - region.ny + 1, gap.column - region.nx + 1
        starts = (first_row, gap.row + gap.ny, first_column, gap.column + gap.nx)
        top, bottom, left, right = (max(0, -(-start // STRIDE)) for start in starts)
        free[top:bottom, left:right] = False
    if leave_out:
        row, column = (STRIDE * np.arange(n) for n in free.shape)
        beside = np.abs(column - region.column) >= region.nx
        free &= (np.abs(row - region.row) >= region.ny)[:, None] | beside[None, :]
    corners = np.flatnonzero(free)  # ten times faster than rows and columns, which are then computed for a few
    if len(corners) > (most := most_crops(region, rule)):
        corners = corners[np.linspace(0, len(corners) - 1, most).round().astype(int)]
    return list(_regions_at(corners.tobytes(), free.shape[1], region.ny, region.nx))


@lru_cache(maxsize=8)
def _regions_at(corners: bytes, width: int, ny: int, nx: int) -> tuple[Region, ...]:
    """The ny x nx rectangles at these places of a grid of `width` columns at stride 4; slices of a file share them."""
    rows, columns = np.divmod(np.frombuffer(corners, np.intp), width)
    corners_of = zip((STRIDE * rows).tolist(), (STRIDE * columns).tolist(), strict=True)
    return tuple(Region(row, column, ny, nx) for row, column in corners_of)


def shrunk(region: Region, size: int) -> Region:
    """The size x size square in the middle of `region`."""
    return Region(region.row + (region.ny - size) // 2, region.column + (region.nx - size) // 2, size, size)


def with_enough_crops(
    table: Table, region: Region, leave_out: bool, hidden: Sequence[Region] = (), rule: int = BY_PIXELS
) -> tuple[Region, list[Region]]:
    """`region`, or the largest square in its middle for which 50 crops are left, and these crops.

    Raises:
        UserError: if even a 16 x 16 square leaves fewer.
    """
    crops = crops_for(table, region, leave_out, hidden, rule=rule)
    if len(crops) >= FEWEST_CROPS:
        return region, crops
    side = min(region.ny, region.nx)
    for size in range(side - (side % SIZE_STEP or SIZE_STEP), SMALLEST - 1, -SIZE_STEP):
        smaller = shrunk(region, size)
        crops = crops_for(table, smaller, leave_out, hidden, rule=rule)
        if len(crops) >= FEWEST_CROPS:
            return smaller, crops
    raise UserError(
        f"Fewer than {FEWEST_CROPS} complete crops are left to fit to, even at {SMALLEST} x {SMALLEST} pixels.",
        "Choose the model gaussian, or another region.",
    )


def smaller_crops(
    table: Table, region: Region, fewest: int = FEWEST_CROPS, hidden: Sequence[Region] = (), rule: int = BY_PIXELS
) -> list[Region]:
    """Square crops smaller than `region`: the largest of which there are `fewest`, else any; none if none is complete.

    A Gaussian prior is fitted to them where no crop of the size of the region is complete.
    """
    side = min(region.ny, region.nx)
    any_crops: list[Region] = []
    for size in range(side - (side % SIZE_STEP or SIZE_STEP), SMALLEST // 2 - 1, -SIZE_STEP):
        crops = crops_for(table, shrunk(region, size), False, hidden, rule=rule)
        if len(crops) >= fewest:
            return crops
        any_crops = any_crops or crops
    return any_crops
