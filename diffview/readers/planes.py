"""The values of one plane of a dataset, read and decoded part by part in the order of the file."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.field import Array
from diffview.readers.attributes import raw_attribute
from diffview.readers.base import Decoded, Variable
from diffview.readers.blocks import blocks
from diffview.readers.sides import Side

Sides = tuple[Side, Side]

OUT_OF_RANGE = "out-of-range"
_FLAGS = ("flag_values", "flag_masks", "flag_meanings")


def is_flag(variable: Variable) -> bool:
    """Whether the values are codes of states, whose mean is meaningless."""
    return any(raw_attribute(variable.dataset, name) is not None for name in _FLAGS)


def read_plane(
    variable: Variable, axes: tuple[int, int], fixed: Mapping[int, int], sides: Sides, into: NDArray[np.float32],
    seen: Callable[[Array], None] = lambda block: None,
) -> Counter[str]:  # fmt: skip
    """Fill `into` [pixels down, pixels across], in stored direction; return how many values were masked, by reason.

    Where a pixel stands for more than one value, it is the mean of those that are not missing; flags have no mean, and
    give the value in its middle. Memory stays near that of the picture.

    Args:
        variable: of the dataset.
        axes: its axes that become rows and columns.
        fixed: index of every other axis.
        sides: the part of these axes that is read, and values a pixel.
        into: the picture, to be filled.
        seen: called with every block of values, NaN missing, before it goes into means.
    """
    dataset = variable.dataset
    order = sorted(axes)
    turned = order != list(axes)
    chunks = [dataset.chunks[axis] for axis in order] if dataset.chunks else None
    within = [slice(side.start, side.stop) for side in (sides[::-1] if turned else sides)]
    masked: Counter[str] = Counter()
    means = Means(sides, into) if sides[0].block > 1 and not is_flag(variable) else None
    for part in blocks([dataset.shape[axis] for axis in order], chunks, within=within):
        place = (part[1], part[0]) if turned else (part[0], part[1])
        pixels = place if means else _middles(place, sides)
        select: dict[int, int | slice] = {**fixed, **dict(zip(axes, pixels, strict=True))}
        decoded = variable.read(tuple(select[axis] for axis in sorted(select)))
        block = float32(decoded.values.T if turned else decoded.values)
        seen(block)
        if means:
            means.add(place, block)
        elif block.size:
            into[_pixels(pixels, sides)] = block
        masked += _counted(decoded, block)
    if means:
        means.finish()
    return masked


def _counted(decoded: Decoded, block: Array) -> Counter[str]:
    """How many values of a block were masked, by reason."""
    endless = decoded.infinite
    if decoded.values.dtype != block.dtype:
        endless += int(np.isnan(block).sum() - np.isnan(decoded.values).sum())
    return Counter({OUT_OF_RANGE: decoded.outside, "infinite": endless, "flagged": decoded.flagged})


def _middles(part: tuple[slice, slice], sides: Sides) -> tuple[slice, slice]:
    """The values of a part that lie in the middle of a pixel."""
    first, second = (
        slice(middle.start + max(0, -(-(one.start - middle.start) // middle.step)) * middle.step, one.stop, middle.step)
        for one, middle in zip(part, (side.middle for side in sides), strict=True)
    )
    return first, second


def _pixels(part: tuple[slice, slice], sides: Sides) -> tuple[slice, slice]:
    """The pixels that values in the middle of pixels belong to."""
    first, second = (
        slice((one.start - side.start) // side.block, (one.stop - 1 - side.middle.start) // side.block + 1)
        for one, side in zip(part, sides, strict=True)
    )
    return first, second


class Means:
    """Means over the blocks of an overview, from parts that need not end where a block does.

    Args:
        sides: the blocks.
        into: the means, to be filled; until they are finished it holds the sums.
    """

    def __init__(self, sides: Sides, into: NDArray[np.float32]) -> None:
        self._sides, self._total = sides, into
        into[...] = 0
        most = (2 * max(sides[0].block, sides[1].block)) ** 2  # values of the last block, generously
        self._count = np.zeros(into.shape, np.min_scalar_type(most))

    def add(self, part: tuple[slice, slice], values: Array) -> None:
        """Take a part, NaN missing."""
        missing = np.isnan(values)
        (down, rows), (across, columns) = (_cuts(one, side) for one, side in zip(part, self._sides, strict=True))
        where = rows, columns
        if missing.any():
            values = np.where(missing, np.float32(0), values)
            filled = np.add.reduceat(~missing, down, axis=0, dtype=self._count.dtype)
            self._count[where] += np.add.reduceat(filled, across, axis=1)
        else:
            counts = (np.diff(cuts, append=n) for cuts, n in zip((down, across), values.shape, strict=True))
            self._count[where] += np.multiply.outer(*counts).astype(self._count.dtype)
        lines = np.add.reduceat(values, down, axis=0)  # some tens of values: float32 is exact enough and much faster
        self._total[where] += np.add.reduceat(lines, across, axis=1, dtype=np.float64)

    def finish(self) -> None:
        """Turn sums into means, NaN where a block holds no value."""
        with np.errstate(invalid="ignore"):
            np.divide(self._total, self._count, out=self._total, casting="same_kind")


def _cuts(part: slice, side: Side) -> tuple[NDArray[np.intp], slice]:
    """Where pixels begin inside a part, and which pixels these are."""
    first, last = (min((at - side.start) // side.block, side.pixels - 1) for at in (part.start, part.stop - 1))
    starts = np.maximum(side.starts[first : last + 1] - part.start, 0)
    return starts, slice(first, last + 1)


def float32(values: NDArray[np.floating[Any]]) -> Array:
    """Decoded `values` as float32; values too large for it become missing."""
    if values.dtype == np.float32:
        return values
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    narrow[np.isinf(narrow)] = np.nan
    return narrow
