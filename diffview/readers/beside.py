"""Other variables at the times and on the grid of slices of a field: the conditions that networks are given."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Asked, Channel, ConditionValues
from diffview.fields.coarse import coarse_coordinate
from diffview.readers.alive import progress
from diffview.readers.base import Coordinate, Variable
from diffview.readers.dates import decoded_dates, is_time
from diffview.readers.labels import calendar_of, fixed_coordinates
from diffview.readers.layout import Layout, image_axes
from diffview.readers.opening import open_file, reading
from diffview.readers.planes import float32
from diffview.readers.set_times import calendar_named, days_of_name
from diffview.readers.slices import arrange, variable_of
from diffview.readers.tree import find_in, no_picture, text_of

MINUTE = 1 / 1440
"""Days by which two times may differ that are one."""

MOST_CHANNELS = 64
"""Of one condition."""

NEARBY = 0.1
"""Of a pixel of the coarser grid, by which places may differ."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Place:
    """Slices of the field: what they are called, their layout, and the dimension that they follow each other along.

    Attributes:
        days: their times; None if nothing says them.
        reach: those of which one must match: all along the dimension, or those of the one slice.
        calendar: of the times.
    """

    path: str
    dataset: str
    laid: Layout
    dim: str
    length: int
    numbers: tuple[int, ...]
    days: Floats | None
    reach: Floats | None
    calendar: str


def read_beside(
    path: str,
    dataset: str,
    rows: Sequence[Asked],
    *,
    axes: tuple[int, int],
    index: Sequence[int],
    dim: int | None = None,
    numbers: Sequence[int] = (),
) -> ConditionValues:
    """The conditions of a slice, or of several along one of its other dimensions.

    They are matched by time, within a minute; without times, by index along a dimension of the same name and length. A
    grid that is coarser by a whole factor is aligned, each of its values for a block of pixels.

    Args:
        path: of a `Picture`.
        dataset: its dataset.
        axes: its axes.
        index: its index.
        rows: the conditions.
        dim: along which of its `other_dims` slices follow; None: the one slice.
        numbers: which slices, those without a match told in `matched`; none: the one at the index, which must have one.

    Raises:
        UserError: if a condition cannot be read, never matches, counts its days in another calendar,
            or lies on a grid that cannot be aligned.
    """
    with open_file(path) as file:
        variable = variable_of(file, dataset)
        with reading(file, dataset):
            place = _place(path, variable, axes, index, dim, numbers)
    found = [_row(row, place) for row in rows]
    values = np.concatenate([one.values for one in found], axis=1)
    channels = tuple(channel for one in found for channel in one.channels)
    return ConditionValues(values, channels, np.logical_and.reduce([one.matched for one in found]))


def _place(
    path: str, variable: Variable, axes: tuple[int, int], index: Sequence[int], dim: int | None, numbers: Sequence[int]
) -> _Place:
    along = variable.axis_coordinates()
    others = [axis for axis in range(len(variable.dataset.shape)) if axis not in axes]
    moving = None if dim is None else others[dim]
    wanted = tuple(numbers) or (0 if dim is None else index[dim],)
    every = next((found for line in along if line.axes == (moving,) and (found := _days(variable, line))), None)
    if every is None:
        single = (_days(variable, line) for line in fixed_coordinates(variable.dataset, along, axes, index))
        stamped = days_of_name(os.path.basename(path))
        named = None if stamped is None else (np.array([stamped]), "standard")
        every = next((one for one in single if one is not None), named)
        days = None if every is None else every[0].repeat(len(wanted))
    else:
        days = every[0][list(wanted)]
    reach, calendar = (None, "") if every is None else every
    name, length = ("", 0) if moving is None else (variable.dims[moving], variable.dataset.shape[moving])
    laid = arrange(variable, axes, along)
    return _Place(path, variable.dataset.name, laid, name, length, wanted, days, reach if numbers else days, calendar)


def _days(variable: Variable, line: Coordinate) -> tuple[Floats, str] | None:
    """Days since 1970-01-01 along a coordinate, and their calendar; None if it is none of times."""
    values = line.values.astype(np.float64)
    if not is_time(line.name, line.units, values):
        return None
    calendar = calendar_of(variable.dataset, line.name)
    decoded = decoded_dates(values, line.units, calendar)
    return None if decoded is None else (decoded[1], calendar_named(calendar))


def _row(row: Asked, place: _Place) -> ConditionValues:
    """One condition at all slices."""
    where = row.path or place.path
    with open_file(where) as file, reading(file, row.dataset or "The tree"):
        variable = variable_of(file, row.dataset or _best(file))
        along, shape = variable.axis_coordinates(), variable.dataset.shape
        axes = image_axes(shape, variable.dims, along)
        if axes is None:
            raise UserError(f"{row.dataset} in {where} has no two dimensions.", "Choose another variable.")
        others = [axis for axis in range(len(shape)) if axis not in axes]
        time, steps = _matched(row, variable, along, others, place)
        laid = arrange(variable, axes, along)
        factor = _factor(row, where, laid, place)
        rest = [axis for axis in others if axis != time]
        count = math.prod(shape[axis] for axis in rest)
        if count > MOST_CHANNELS:
            raise UserError(
                f"{row.name} would be {count} channels, one for each of {', '.join(variable.dims[a] for a in rest)}.",
                f"A condition has at most {MOST_CHANNELS}: cut a part of the variable.",
            )
        values = np.full((len(steps), count, *(factor * n for n in laid.pixels)), np.nan, np.float32)
        last: tuple[int, NDArray[np.float32]] | None = None
        for n, step in enumerate(steps):
            progress()
            if step >= 0:
                if last is None or last[0] != step:
                    last = step, _slice(variable, laid, axes, time, step, rest)
                values[n] = last[1].repeat(factor, axis=-2).repeat(factor, axis=-1)
        channels = tuple(
            Channel(row.name, row.sensor, "" if count == 1 else str(n), variable.name, variable.units, row.minutes,
                    time is None) for n in range(count)
        )  # fmt: skip
    return ConditionValues(values, channels, np.array([step >= 0 for step in steps]))


def _best(file: h5py.File) -> str:
    found = find_in(file)
    if not found:
        raise no_picture(file)
    return found[0].path


def _slice(
    variable: Variable, laid: Layout, axes: tuple[int, int], time: int | None, step: int, rest: Sequence[int]
) -> NDArray[np.float32]:
    """The channels of one step, [channels, ny, nx], north up."""
    sides = dict(zip(axes, laid.sides, strict=True))
    part = tuple(
        step if axis == time else slice(sides[axis].start, sides[axis].stop) if axis in sides else slice(None)
        for axis in range(len(variable.dataset.shape))
    )
    values = float32(variable.read(part).values)
    left = [axis for axis in range(len(variable.dataset.shape)) if axis != time]
    turned = np.transpose(values, [left.index(axis) for axis in (*rest, *axes)])
    planes = turned.reshape(-1, *turned.shape[-2:])
    return np.stack([laid.oriented(plane) for plane in planes])


def _apart(days: float) -> str:
    """How far two times lie apart: minutes up to two days."""
    return f"{days / MINUTE:.4g} minutes" if days < 2 else f"{days:,.4g} days" if days < 1000 else f"{days:,.0f} days"


def _matched(
    row: Asked, variable: Variable, along: Sequence[Coordinate], others: Sequence[int], place: _Place
) -> tuple[int | None, list[int]]:
    """Its axis of time, and its step at every slice of the field, -1 where it has none.

    Raises:
        UserError: if it has none at all, or times of another calendar.
    """
    for line in along:
        dated = _days(variable, line) if len(line.axes) == 1 and line.axes[0] in others else None
        if dated is None:
            continue
        days, calendar = dated
        if place.days is None or place.reach is None:
            raise UserError(
                f"{row.name} changes with time, and nothing says when {place.dataset} in {place.path} is of.",
                "Give the field a coordinate of time, or a date in the name of its file.",
            )
        if calendar != place.calendar:
            raise UserError(
                f"{row.name} counts its days in the calendar {calendar}, {place.dataset} in {place.calendar}.",
                "Bring both to one calendar first (cdo setcalendar).",
            )
        _, apart = _nearest(days, place.reach, row.minutes)
        if not (apart <= MINUTE).any():
            raise UserError(
                f"{row.name} never matches: no time of it lies within a minute of one of {place.dataset}; the nearest "
                f"is {_apart(float(np.nanmin(apart)))} away.",
                "Set its time offset, or choose files of the same times.",
            )
        nearest, apart = _nearest(days, place.days, row.minutes)
        return line.axes[0], [int(at) if far <= MINUTE else -1 for at, far in zip(nearest, apart, strict=True)]
    for axis in others:
        if place.dim and variable.dims[axis] == place.dim and variable.dataset.shape[axis] == place.length:
            return axis, list(place.numbers)
    return None, [0] * len(place.numbers)


def _nearest(days: Floats, others: Floats, minutes: float) -> tuple[NDArray[np.intp], Floats]:
    """Which of the days is the nearest to each of the others plus an offset, and how far it is."""
    order = np.argsort(days)[: np.count_nonzero(~np.isnan(days))]  # missing ones are the last
    wanted = others + minutes * MINUTE
    after = np.searchsorted(days[order], wanted).clip(1, max(1, len(order) - 1))
    pair = order[np.stack([after - 1, after.clip(max=len(order) - 1)])]
    apart = np.abs(days[pair] - wanted)
    which = (apart[1] < apart[0]).astype(int)
    at = np.arange(len(wanted))
    return pair[which, at], apart[which, at]


def _factor(row: Asked, where: str, laid: Layout, place: _Place) -> int:
    """How many pixels of the field one of the condition has along each side.

    Raises:
        UserError: if that is no whole number, or its places are others.
    """
    (ny, nx), (rows, columns) = place.laid.pixels, laid.pixels
    factor = max(1, ny // rows)
    hint = f"Bring it to the grid of the field first: cdo remapbil,{place.path} {where} {row.name}_on_grid.nc"
    if (rows * factor, columns * factor) != (ny, nx):
        raise UserError(
            f"{row.name} has {text_of((rows, columns))} pixels, and the field {text_of((ny, nx))}, which is not a "
            "whole number of times as many along both sides.",
            hint,
        )
    for name in ("latitude", "longitude", "y", "x"):
        ours, theirs = place.laid.coords.get(name), laid.coords.get(name)
        if ours is None or theirs is None or ours.ndim != theirs.ndim:
            continue
        middle = coarse_coordinate(ours, factor)
        steps = [float(np.nanmedian(np.abs(np.diff(theirs, axis=axis)))) for axis in range(theirs.ndim)]
        if middle.shape == theirs.shape and (np.abs(middle - theirs) > NEARBY * max(steps)).any():
            raise UserError(f"{row.name} lies at other places than the field: its {name} differs.", hint)
    return factor
