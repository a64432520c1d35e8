"""Labels of the indices of a dimension (dates, levels, channels), and the values of one pixel along it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.fields.field import Array, Region
from diffview.readers.attributes import decoded, short, text_attribute
from diffview.readers.base import Coordinate, Variable
from diffview.readers.opening import find_nearby, open_file, reading
from diffview.readers.slices import variable_of
from diffview.readers.stacks import read_stack

MOST_LABELS = 200_000
MOST_POINTS = 2000
"""The longest series; a longer one is thinned evenly."""

_HEMISPHERES = {"latitude": ("N", "S"), "longitude": ("E", "W")}
EPOCH = "days since 1970-01-01"
HALF_SECOND = timedelta(microseconds=500_000)


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of the indices of one dimension.

    Attributes:
        texts: one for each index: "1982-01-03", "850 hPa", "VV".
        values: the same as numbers, days since 1970-01-01 for dates; None for names.
        units: of the values as written in the file; "" for dates and names.
        dates: whether the values are dates.
    """

    texts: tuple[str, ...]
    values: NDArray[np.float64] | None = None
    units: str = ""
    dates: bool = False


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
            found = {
                variable.dims[c.axes[0]]: _labels(variable, c)
                for c in variable.axis_coordinates()
                if c.values.size <= MOST_LABELS
            }
            for dim, size in zip(variable.dims, variable.dataset.shape, strict=True):
                names = () if dim in found else _names(variable, dim, size)
                if names:
                    found[dim] = Labels(names)
            return found


def _labels(variable: Variable, coordinate: Coordinate) -> Labels:
    """Labels from a numeric coordinate: dates if its units count from a date, else numbers with units."""
    values = coordinate.values.astype(np.float64)
    if " since " in coordinate.units:
        own = find_nearby(variable.dataset, coordinate.name)
        calendar = text_attribute(own, "calendar") if own is not None else ""
        dated = decoded_dates(values, coordinate.units, calendar or "standard")
        if dated is not None:
            return Labels(*dated, "", True)
    units = "" if coordinate.units in ("1", "-", "none") else coordinate.units
    if coordinate.role in _HEMISPHERES:
        positive, negative = _HEMISPHERES[coordinate.role]
        degrees = [f"{abs(value):.6g}° {positive if value >= 0 else negative}" for value in values]
        return Labels(tuple(degrees), values, units)
    return Labels(tuple(f"{value:.6g} {units}".strip() for value in values), values, units)


def decoded_dates(
    values: NDArray[np.float64], units: str, calendar: str
) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
    """(texts, days since 1970-01-01 in the same calendar) of times; None if the units are not understood.

    A text has only the parts in which the times differ: days have no hours, months no days only if the file says so.
    It is rounded to a second: a time in float64 days falls some microseconds short of a midnight.
    """
    import cftime

    good = np.isfinite(values)
    if not good.any():
        return None
    try:
        exact = np.atleast_1d(cftime.num2date(values[good], units, calendar, only_use_cftime_datetimes=True))
        days = np.atleast_1d(cftime.date2num(exact, EPOCH, calendar)).astype(np.float64)
        dates = [(d + HALF_SECOND).replace(microsecond=0) if d.microsecond else d for d in exact]
    except (ValueError, TypeError, OverflowError):
        return None
    pattern = "%Y-%m-%d" if all((d.hour, d.minute, d.second) == (0, 0, 0) for d in dates) else "%Y-%m-%d %H:%M"
    if any(d.second for d in dates):
        pattern = "%Y-%m-%d %H:%M:%S"
    texts, numbers = np.full(values.shape, "missing", object), np.full(values.shape, np.nan)
    texts[good] = [date.strftime(pattern) for date in dates]
    numbers[good] = days
    return tuple(texts.tolist()), numbers


def _names(variable: Variable, dim: str, size: int) -> tuple[str, ...]:
    """Names along a dimension: a text dataset of its name, or one that `coordinates` names."""
    dataset = variable.dataset
    for name in (dim, *text_attribute(dataset, "coordinates").replace(",", " ").split()):
        found = find_nearby(dataset, name)
        if found is None or found == dataset or len(found.shape or ()) not in (1, 2) or found.shape[0] != size:
            continue
        if found.dtype.kind not in "SO" or (found.dtype.kind == "O" and h5py.check_string_dtype(found.dtype) is None):
            continue
        rows = np.asarray(found[...])
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
