"""Which rectangle of a field is worked on, and which crops a formula denoiser is fitted to.

Counts of missing pixels come from one summed-area table, so that every candidate costs four look-ups.
"""

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields import Region

SMALLEST, START_SIZE, LARGEST = 16, 128, 512
"""Sides of a region in pixels: the least, the one at the start, the greatest."""

SIZE_STEP = 8
"""Pixels a side by which a region is made smaller to be complete, or to leave enough crops."""

STRIDE, MOST_CROPS, FEWEST_CROPS = 4, 1000, 50

Mask = NDArray[np.bool_]


def missing_counts(mask: Mask, ny: int, nx: int) -> NDArray[np.int64]:
    """Number of missing pixels of every ny x nx rectangle, [rows - ny + 1, columns - nx + 1]."""
    table = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), dtype=np.int64)
    table[1:, 1:] = mask.cumsum(0).cumsum(1)
    return np.asarray(table[ny:, nx:] - table[:-ny, nx:] - table[ny:, :-nx] + table[:-ny, :-nx])


def most_complete(mask: Mask, size: int = START_SIZE, near: tuple[float, float] | None = None) -> Region:
    """The size x size square with the fewest missing pixels, nearest to `near` (row, column of a centre).

    `size` is cut to the shorter side of the field; `near` is the centre of the field by default.
    """
    rows, columns = mask.shape
    size = min(size, rows, columns)
    centre = near or (rows / 2, columns / 2)
    counts = missing_counts(mask, size, size)
    row, column = np.nonzero(counts == counts.min())
    distance = np.hypot(row + size / 2 - centre[0], column + size / 2 - centre[1])
    best = int(distance.argmin())
    return Region(int(row[best]), int(column[best]), size, size)


def starting_region(mask: Mask) -> Region:
    """The largest complete square of at most 128 and at least 16 pixels a side, nearest the centre of the field.

    Where there is none, the square of at most 128 pixels a side with the fewest missing pixels.
    """
    most = min(START_SIZE, *mask.shape)
    for size in range(most, min(SMALLEST, most) - 1, -SIZE_STEP):
        if (missing_counts(mask, size, size) == 0).any():
            return most_complete(mask, size)
    return most_complete(mask)


def nearest_complete(mask: Mask, region: Region) -> Region | None:
    """The complete rectangle of the same size nearest to `region`; None if there is none."""
    row, column = np.nonzero(missing_counts(mask, region.ny, region.nx) == 0)
    if not len(row):
        return None
    best = int(np.hypot(row - region.row, column - region.column).argmin())
    return Region(int(row[best]), int(column[best]), region.ny, region.nx)


def crops_for(mask: Mask, region: Region, leave_out: bool) -> list[Region]:
    """Complete crops of the size of `region` at stride 4, at most 1,000, spread evenly over the field.

    Args:
        mask: True where the field is missing, [rows, columns].
        region: the region worked on.
        leave_out: leave out every crop that shares a pixel with it.
    """
    counts = missing_counts(mask, region.ny, region.nx)[::STRIDE, ::STRIDE]
    found = [Region(int(r) * STRIDE, int(c) * STRIDE, region.ny, region.nx) for r, c in np.argwhere(counts == 0)]
    if leave_out:
        found = [crop for crop in found if not crop.overlaps(region)]
    if len(found) > MOST_CROPS:
        found = [found[i] for i in np.linspace(0, len(found) - 1, MOST_CROPS).round().astype(int)]
    return found


def shrunk(region: Region, size: int) -> Region:
    """The size x size square in the middle of `region`."""
    return Region(region.row + (region.ny - size) // 2, region.column + (region.nx - size) // 2, size, size)


def with_enough_crops(mask: Mask, region: Region, leave_out: bool) -> tuple[Region, list[Region]]:
    """`region`, or the largest square in its middle for which 50 crops are left, and these crops.

    Raises:
        UserError: if even a 16 x 16 square leaves fewer.
    """
    crops = crops_for(mask, region, leave_out)
    if len(crops) >= FEWEST_CROPS:
        return region, crops
    side = min(region.ny, region.nx)
    for size in range(side - (side % SIZE_STEP or SIZE_STEP), SMALLEST - 1, -SIZE_STEP):
        smaller = shrunk(region, size)
        crops = crops_for(mask, smaller, leave_out)
        if len(crops) >= FEWEST_CROPS:
            return smaller, crops
    raise UserError(
        f"Fewer than {FEWEST_CROPS} complete crops are left to fit to, even at {SMALLEST} x {SMALLEST} pixels.",
        "Choose the model gaussian, or another place.",
    )
