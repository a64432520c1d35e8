"""Reading the same region in other slices of a dataset."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from diffview.errors import UserError
from diffview.fields.field import Array, Region
from diffview.readers.alive import progress
from diffview.readers.base import Variable
from diffview.readers.layout import Layout
from diffview.readers.opening import open_file, reading
from diffview.readers.planes import float32
from diffview.readers.sides import LARGEST_PICTURE, stored
from diffview.readers.slices import arrange, check_window, checked_index, variable_of

AT_ONCE = 2**20  # values of a stack that are decoded together
SPARSE = 4096  # slices left out from one to the next: the library looks at every chunk between those it reads at once


def read_stack(
    path: str,
    dataset: str,
    *,
    axes: tuple[int, int],
    index: Sequence[int],
    dim: int,
    region: Region,
    limit: int | range = 1000,
) -> Array:
    """The same region in other slices along one dimension: float32 [n, ny, nx], NaN missing, north up.

    Args:
        path: the file of a `Picture`.
        dataset: its dataset.
        axes: its axes.
        index: its index.
        dim: which of its `other_dims` to go along.
        region: in pixels of the oriented picture.
        limit: which slices along it: their numbers, or at most this many, evenly spread.

    Raises:
        UserError: if the region is not inside the picture or there is no such dimension or slice.
    """
    with open_file(path) as file:
        variable = variable_of(file, dataset)
        shape = variable.dataset.shape
        others = [axis for axis in range(len(shape)) if axis not in axes]
        fixed = checked_index(file, variable, others, index)
        size = (shape[axes[0]], shape[axes[1]])
        _check_region(f"{dataset} in {file.filename}", size, region, len(others), dim)
        moving = others[dim]
        numbers = _numbers(dataset, shape[moving], limit, LARGEST_PICTURE // (region.ny * region.nx))
        with reading(file, dataset):
            arranged = arrange(variable, axes)
            sides = stored(region, size, (arranged.flip_rows, arranged.flip_columns))
            select: dict[int, Any] = dict(zip(others, fixed, strict=True))
            select |= {axis: slice(side.start, side.stop) for axis, side in zip(axes, sides, strict=True)}
            select[moving] = slice(numbers.start, numbers.stop, numbers.step)
            return _stack(variable, arranged, select, moving)


def _check_region(where: str, size: tuple[int, int], region: Region, others: int, dim: int) -> None:
    """Refuse a region outside a picture of `size`, and a dimension beyond the `others`."""
    if not 0 <= dim < others:
        raise UserError(f"{where} has no other dimension number {dim}.", "Choose one of its other dimensions.")
    check_window(where, size, region)


def _numbers(dataset: str, size: int, limit: int | range, most: int) -> range:
    """The numbers of the slices to read of so many, at most as many as fit into memory."""
    wanted = limit if isinstance(limit, range) else range(0, size, math.ceil(size / max(1, min(limit, most))))
    if not wanted or wanted.start < 0 or wanted.step < 1 or wanted[-1] >= size or len(wanted) > max(1, most):
        raise UserError(f"{dataset} cannot give the slices {wanted} of {size} at once.", "Ask for fewer of them.")
    return wanted


def _stack(variable: Variable, arranged: Layout, select: Mapping[int, Any], moving: int) -> Array:
    """Read the evenly spaced slices, some at a time, each chunk decompressed once."""
    dataset, along = variable.dataset, select[moving]
    plane = [select[axis].stop - select[axis].start for axis in arranged.axes]
    unit = math.lcm(along.step, dataset.chunks[moving] if dataset.chunks else 1)
    together = max(1, AT_ONCE // (math.prod(plane) * (unit // along.step)))
    length = unit * (together if along.step < SPARSE else 1)
    left = sorted((moving, *arranged.axes))  # the axes of the values read
    turn = [left.index(axis) for axis in (moving, *arranged.axes)]
    stack, done = np.empty((len(range(along.start, along.stop, along.step)), *plane), np.float32), 0
    for start in range(along.start, along.stop, length):
        progress((start - along.start) / (along.stop - along.start))
        part = {**select, moving: slice(start, min(start + length, along.stop), along.step)}
        values = np.transpose(variable.read(tuple(part[axis] for axis in sorted(part))).values, turn)
        stack[done : done + len(values)] = arranged.oriented(float32(values))
        done += len(values)
    return stack
