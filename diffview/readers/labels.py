"""Labels of the indices of a dimension (dates, levels, channels), and the values of one pixel along it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.fields.field import Array, Region
from diffview.readers.attributes import decoded, short, text_attribute
from diffview.readers.base import Coordinate, Variable
from diffview.readers.cf import read_coordinate
from diffview.readers.dates import decoded_dates, is_time
from diffview.readers.opening import find_nearby, open_file, reading
from diffview.readers.slices import variable_of
from diffview.readers.stacks import read_stack

MOST_LABELS = 200_000
MOST_POINTS = 2000
"""The longest series; a longer one is thinned evenly."""

_HEMISPHERES = {"latitude": ("N", "S"), "longitude": ("E", "W")}
_DIGITS = (6, 9, 12, 17)
"""How many of a number are shown: as few as tell one index from another."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of the indices of one dimension.

    Attributes:
        texts: one for each index: "1982-01-03", "850 hPa", "VV".
        values: the same as numbers, days since 1970-01-01 for dates; None for names.
        units: of the values as written in the file; "" for dates and names.
        dates: whether the values are dates.
        calendar: of the dates, as CF has it; "" where there are none.
    """

    texts: tuple[str, ...]
    values: NDArray[np.float64] | None = None
    units: str = ""
    dates: bool = False
    calendar: str = ""


@dataclass(frozen=True, eq=False)
class Series:
    """One pixel along one dimension.

    Attributes:
        values: physical, NaN missing.
        at: the index of each.
    """

    values: Array
    at: NDArray[np.int64]


def read_labels(path: str, dataset: str) -> dict[str, Labels]:
    """The labels of every dimension that has some, by the name of the dimension.

    Raises:
        UserError: if the dataset cannot be read.
    """
    with open_file(path) as file:
        variable = variable_of(file, dataset)
        with reading(file, dataset):
            labels = {
                variable.dims[c.axes[0]]: labels_of(variable.dataset, c)
                for c in variable.axis_coordinates()
                if c.values.size <= MOST_LABELS
            }
            for dim, size in zip(variable.dims, variable.dataset.shape, strict=True):
                names = () if dim in labels else _names(variable, dim, size)
                if names:
                    labels[dim] = Labels(names)
            return labels


def labels_of(dataset: h5py.Dataset, coordinate: Coordinate) -> Labels:
    """Labels from a numeric coordinate of a dataset: dates if it counts from one or spells it, else with units."""
    values = coordinate.values.astype(np.float64)
    if is_time(coordinate.name, coordinate.units, values):
        calendar = calendar_of(dataset, coordinate.name)
        dated = decoded_dates(values, coordinate.units, calendar)
        if dated is not None:
            return Labels(*dated, "", True, calendar)
    units = "" if coordinate.units in ("1", "-", "none") else coordinate.units
    if coordinate.role in _HEMISPHERES:
        positive, negative = _HEMISPHERES[coordinate.role]
        degrees = [f"{abs(value):.6g}° {positive if value >= 0 else negative}" for value in values]
        return Labels(tuple(degrees), values, units)
    distinct = np.unique(values[np.isfinite(values)]).size
    for digits in _DIGITS:
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) >= distinct:
            break
    return Labels(tuple(f"{text} {units}".strip() for text in texts), values, units)


def fixed_coordinates(
    dataset: h5py.Dataset, along: Sequence[Coordinate], axes: tuple[int, int], index: Sequence[int]
) -> list[Coordinate]:
    """Where a slice lies along the axes that are not shown, one value each; and its time where that is no axis.

    Args:
        dataset: of the slice.
        along: 1-D coordinates of its axes.
        axes: those that are shown.
        index: along the others, in the order of the file.
    """
    others = [axis for axis in range(len(dataset.shape)) if axis not in axes]
    at = {(axis,): i for axis, i in zip(others, index, strict=False)}
    fixed = [replace(c, values=c.values[at[c.axes]][None]) for c in along if c.axes in at]
    for name in ("time", *text_attribute(dataset, "coordinates").replace(",", " ").split()):
        item = find_nearby(dataset, name)
        if item is not None and item.size == 1 and item.dtype.kind in "iuf":
            single = read_coordinate(item, ())
            single = replace(single, values=single.values[None])
            known = single.name in [c.name for c in fixed]
            if not known and is_time(single.name, single.units, single.values):
                fixed.append(single)
    return fixed


def calendar_of(dataset: h5py.Dataset, name: str) -> str:
    """The calendar of a coordinate of a dataset, as CF has it."""
    own = find_nearby(dataset, name)
    return (text_attribute(own, "calendar") if own is not None else "") or "standard"


def _names(variable: Variable, dim: str, size: int) -> tuple[str, ...]:
    """Names along a dimension: a text dataset of its name, or one that `coordinates` names."""
    dataset = variable.dataset
    for name in (dim, *text_attribute(dataset, "coordinates").replace(",", " ").split()):
        labels = find_nearby(dataset, name)
        if labels is None or labels == dataset or len(labels.shape or ()) not in (1, 2) or labels.shape[0] != size:
            continue
        if labels.dtype.kind not in "SO" or (
            labels.dtype.kind == "O" and h5py.check_string_dtype(labels.dtype) is None
        ):
            continue
        rows = np.asarray(labels[...])
        texts = [_text(row) for row in rows]
        if any(texts) and (name == dim or size == len(set(texts))):
            return tuple(texts)
    return ()


def _text(row: Any) -> str:
    """One name, stored as a text or as a row of characters."""
    parts = [decoded(part) if isinstance(part, (bytes, str)) else str(part) for part in np.atleast_1d(row)]
    return short("".join(parts).strip("\x00 "))


def read_series(
    path: str,
    dataset: str,
    *,
    axes: tuple[int, int],
    index: Sequence[int],
    dim: int,
    row: int,
    column: int,
) -> Series:
    """One pixel of the oriented picture along one other dimension, at most 2,000 values, evenly spread.

    Raises:
        UserError: if there is no such pixel or dimension.
    """
    values = read_stack(
        path, dataset, axes=axes, index=index, dim=dim, region=Region(row, column, 1, 1), limit=MOST_POINTS
    )  # fmt: skip
    with open_file(path) as file:
        shape = variable_of(file, dataset).dataset.shape
    size = [n for axis, n in enumerate(shape) if axis not in axes][dim]
    step = max(1, -(-size // MOST_POINTS))
    return Series(values[:, 0, 0], np.arange(0, size, step)[: len(values)])
