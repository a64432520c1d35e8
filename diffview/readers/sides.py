"""The sides of a picture: the part of a dataset that it shows, and how many values make a pixel. No file is touched."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.coarse import midway
from diffview.fields.field import Region

LARGEST_PICTURE = 32 * 2**20
"""The largest picture shown in full, in pixels (5792 x 5792: a full disk at 2 km fits); larger ones as an overview."""

OVERVIEW = 4 * 2**20
"""Most pixels of an overview."""

FEWEST_PIXELS = 8
"""The fewest pixels along the shorter side of an overview."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Side:
    """A stretch of one axis in stored order, cut into pixels of `block` values; the last takes what is left over.

    The last pixel has between a half and one and a half times as many values as the others.
    """

    start: int
    stop: int
    block: int = 1

    @property
    def pixels(self) -> int:
        """How many pixels the stretch gives."""
        return max(1, (2 * (self.stop - self.start) + self.block) // (2 * self.block))

    @property
    def starts(self) -> NDArray[np.intp]:
        """Where every pixel begins on the axis."""
        return self.start + self.block * np.arange(self.pixels)

    @property
    def middle(self) -> slice:
        """The value in the middle of every pixel, by an even step; of the last one at least a value of its own."""
        return slice(self.start + (self.block - 1) // 2, self.stop, self.block)

    def at_pixels(self, values: Floats) -> Floats:
        """A 1-D coordinate of the whole axis in the middle of every pixel."""
        first = self.starts
        counts = np.diff(first, append=self.stop)
        low, high = values[first + (counts - 1) // 2], values[first + counts // 2]
        return np.asarray(midway(low, high, values), values.dtype)


def block_of(size: Sequence[int]) -> int:
    """Values along each side of a pixel for a whole picture of `size`: 1, or as many as an overview needs."""
    pixels = size[0] * size[1]
    if pixels <= LARGEST_PICTURE:
        return 1
    return max(1, min(ceil(sqrt(pixels / OVERVIEW)), min(size) // FEWEST_PIXELS))


def whole(size: Sequence[int]) -> tuple[Side, Side]:
    """The sides of a picture of all of a plane."""
    block = block_of(size)
    return Side(0, size[0], block), Side(0, size[1], block)


def stored(window: Region, size: Sequence[int], flips: Sequence[bool]) -> tuple[Side, Side]:
    """The sides of a window that is given in pixels of the oriented picture."""
    ends = ((window.row, window.ny), (window.column, window.nx))
    turned = (
        (length - start - count if flip else start, count)
        for (start, count), length, flip in zip(ends, size, flips, strict=True)
    )
    rows, columns = (Side(start, start + count) for start, count in turned)
    return rows, columns
