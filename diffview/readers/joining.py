"""What many files have along one time axis: the files looked at, their times in order, and what differs among them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.readers.alive import progress
from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import Reader, Variable
from diffview.readers.dates import decoded_dates, is_time
from diffview.readers.families import reader_of
from diffview.readers.naming import coordinate_role, is_coordinate
from diffview.readers.opening import H5PY_ERRORS, find_nearby, member, open_file, reading, walk
from diffview.readers.set_times import calendar_named, date_text, days_of_name, missing_steps
from diffview.readers.spellings import units_of
from diffview.readers.tree import dataset_node, is_numeric, picture_sides, text_of

NEW = -1
"""The axis of variables whose files have no time axis: one is put before the others."""

MOST_VARIABLES = 500
"""Of a file that are joined."""

PLANE = 2
"""Dimensions of places that change along both sides."""

ALIKE = 1e-3
"""Of a step of the grid, by which places of two files may differ."""


@dataclass(frozen=True)
class Joined:
    """Files along one axis.

    Attributes:
        name: of the group that they are in a set of several kinds of files; "" if there is one kind.
        files: in the order of their times.
        counts: how many steps each has.
        dim: name of the axis.
        axes: which axis of each variable it is, NEW if the files have none; by the path of the variable.
        days: the times in days since 1970-01-01 of their calendar; () if there are none.
        calendar: of the times.
        reader: the module that reads each of them.
        notes: what is missing among the times, as finished sentences.
    """

    name: str
    files: tuple[str, ...]
    counts: tuple[int, ...]
    dim: str
    axes: Mapping[str, int]
    days: tuple[float, ...]
    calendar: str
    reader: str
    notes: tuple[str, ...] = ()

    @property
    def plain(self) -> dict[str, Any]:
        """What there is, as JSON values."""
        ends = [date_text(day, self.calendar) for day in (self.days[:1] + self.days[-1:])]
        times = {"from": ends[0], "to": ends[-1], "calendar": self.calendar} if ends else {}
        kind = {"kind": self.name} if self.name else {}
        return {**kind, "count": len(self.files), "first": self.files[0], "last": self.files[-1], "along": self.dim,
                "steps": sum(self.counts), **times, "missing": list(self.notes)}  # fmt: skip


Part = Any
"""Indices and slices of a variable of the set, one for each of its dimensions."""


def parts_of(kind: Joined, path: str, part: Part) -> Iterator[tuple[str, Part]]:
    """(file, part of the variable in it) for every file that a part of a variable touches, in order of time."""
    axis = kind.axes.get(path)
    if axis is None:
        yield kind.files[0], part
        return
    at = max(axis, 0)
    for file, local in _steps(kind, part[at]):
        progress()
        yield file, (*part[:at], *(() if axis == NEW else (local,)), *part[at + 1 :])


def together(kind: Joined, path: str, part: Part, values: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """The values of those parts as one array."""
    axis = kind.axes.get(path)
    if axis is None or not isinstance(part[max(axis, 0)], slice):
        return values[0]
    left = sum(isinstance(one, slice) for one in part[: max(axis, 0)])
    return np.stack(values, left) if axis == NEW else np.concatenate(values, left)


def _steps(kind: Joined, asked: int | slice) -> Iterator[tuple[str, int | slice]]:
    """(file, what of its own steps) for what is asked of the joined axis."""
    single = not isinstance(asked, slice)
    wanted = range(int(asked), int(asked) + 1) if single else range(*asked.indices(sum(kind.counts)))  # type: ignore[arg-type,union-attr]
    start = 0
    for path, count in zip(kind.files, kind.counts, strict=True):
        first = max(wanted.start, start + (wanted.start - start) % wanted.step)
        if first < min(start + count, wanted.stop):
            yield path, first - start if single else slice(first - start, min(count, wanted.stop - start), wanted.step)
        start += count


@dataclass(frozen=True, eq=False)
class _Pattern:
    """What the first file has, and the others must have too.

    Attributes:
        dim: name of its axis of time, "" if it has none.
        time: path of the dataset that holds its times; "" if none does.
        sizes: shape of every variable without that axis, by its path.
        axes: which axis that is.
        units: of the variables, as written.
        lines: coordinates of the grid, by path; of those in the plane their first, middle and last row.
    """

    dim: str
    time: str
    sizes: dict[str, tuple[int, ...]]
    axes: dict[str, int]
    units: dict[str, str]
    lines: dict[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class _Look:
    """What was found in one file: its times in days and their calendar, how many steps, and what is not as it must."""

    path: str
    count: int = 1
    days: tuple[float, ...] = ()
    calendar: str = "standard"
    differs: str = ""


def joined(name: str, files: Sequence[str], called: str) -> Joined:
    """Files along one axis of time, or, where nothing says when they are of, in the order of their names.

    Args:
        name: of the group that they become.
        files: of one kind, in the order of their names.
        called: the whole set, for sentences.

    Raises:
        UserError: if they differ in grid, units or calendar, or two are of one time; it lists those that do.
    """
    with open_file(files[0]) as file, reading(file, "The tree"):
        reader = reader_of(file)
        pattern = _pattern(file, reader)
        first = _look(file, files[0], pattern)
    looks = [first]
    for number, path in enumerate(files[1:], 1):
        progress(number / len(files))
        looks.append(_looked(path, pattern))
    calendar = first.calendar
    looks = [_against(one, calendar) for one in looks]
    if odd := [one for one in looks if one.differs]:
        raise _different(called, files, odd)
    dated = all(one.days for one in looks)
    ordered = sorted(looks, key=lambda one: one.days[0]) if dated else looks
    days = tuple(day for one in ordered for day in one.days) if dated else ()
    _refuse_doubles(ordered, days, calendar)
    return Joined(
        name, tuple(one.path for one in ordered), tuple(one.count for one in ordered),
        pattern.dim or ("time" if dated else "file"), pattern.axes, days, calendar, _module(reader),
        (*missing_steps(days, calendar), *_entwined(ordered, days)),
    )  # fmt: skip


def _module(reader: Reader) -> str:
    return str(getattr(reader, "__name__", "")).rpartition(".")[2]


def _pattern(file: h5py.File, reader: Reader) -> _Pattern:
    """What the first file of a kind has."""
    found = [(path, reader.variable(item)) for path, item in _variables(file)]
    if not found:
        raise UserError(f"{file.filename} holds no picture.", "Leave it out of the set.")
    dim, time = next(filter(None, (_time_of(one) for _, one in found)), ("", ""))
    axes: dict[str, int] = {}
    sizes: dict[str, tuple[int, ...]] = {}
    units: dict[str, str] = {}
    lines: dict[str, NDArray[Any]] = {}
    for path, one in found:
        shape, dims = tuple(one.dataset.shape), one.dims
        if dim and dim not in dims:
            continue
        axes[path] = dims.index(dim) if dim else NEW
        sizes[path] = tuple(size for axis, size in enumerate(shape) if axis != axes[path])
        units[path] = units_of(one.dataset)
        for line in one.axis_coordinates() if len(lines) < 8 else ():
            near = find_nearby(one.dataset, line.name)
            if near is not None and line.role and near.name != time and near.ndim == 1:
                lines[near.name] = np.asarray(near[...])
    lines |= {path: _rows(item) for path, item in _plane_places(file, dim)}
    return _Pattern(dim, time or _scalar_time(found[0][1].dataset), sizes, axes, units, lines)


def _variables(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset]]:
    """The numeric datasets of two dimensions or more that are no coordinates."""
    reader = reader_of(file)
    for path, item in walk(file, MOST_VARIABLES):
        try:
            shaped = len(item.shape or ()) > 1 and is_numeric(item)
        except H5PY_ERRORS:
            continue
        if shaped:
            node = dataset_node(item, path, reader)
            if node.plottable and min(picture_sides(node)) > 1 and not is_coordinate(node.name, "", node.units):
                yield path, item


def _plane_places(file: h5py.File, dim: str) -> Iterator[tuple[str, h5py.Dataset]]:
    """Latitude and longitude that change along both sides, as of a swath; none that change with time."""
    reader = reader_of(file)
    for path, item in walk(file, MOST_VARIABLES):
        try:
            placed = len(item.shape or ()) == PLANE and is_numeric(item) and item.size > 0
            role = coordinate_role(path.rpartition("/")[2], text_attribute(item, "standard_name"), units_of(item))
            if placed and role in ("latitude", "longitude") and dim not in reader.variable(item).dims:
                yield path, item
        except H5PY_ERRORS:
            continue


def _rows(item: h5py.Dataset) -> NDArray[Any]:
    """A line of places; of those in the plane the first, middle and last row: all would take as long as the values."""
    if item.ndim < PLANE:
        return np.asarray(item[...])
    return np.stack([np.asarray(item[row]) for row in (0, item.shape[0] // 2, item.shape[0] - 1)])


def _time_of(variable: Variable) -> tuple[str, str] | None:
    """(dimension, path) of the times of a variable, None if it has none along a dimension."""
    for line in variable.axis_coordinates():
        if is_time(line.name, line.units, line.values.astype(np.float64)):
            near = find_nearby(variable.dataset, line.name)
            return variable.dims[line.axes[0]], "" if near is None else str(near.name)
    return None


def _scalar_time(dataset: h5py.Dataset) -> str:
    """The path of a single time beside a dataset, "" if there is none."""
    for name in ("time", *text_attribute(dataset, "coordinates").replace(",", " ").split()):
        near = find_nearby(dataset, name)
        if near is not None and near.size == 1 and near.dtype.kind in "iuf":
            values = np.atleast_1d(np.asarray(near[...], np.float64)).ravel()
            if is_time(name, text_attribute(near, "units"), values):
                return str(near.name)
    return ""


def _looked(path: str, pattern: _Pattern) -> _Look:
    """What is in another file, what keeps it from being read included."""
    try:
        with open_file(path) as file, reading(file, "The tree"):
            return _look(file, path, pattern)
    except UserError as error:
        return _Look(path, differs=error.sentence.removeprefix(f"{path} ").rstrip("."))


def _look(file: h5py.File, path: str, pattern: _Pattern) -> _Look:
    """Shape, units, grid and times of one file."""
    count, differs = 1, ""
    for name, sizes in pattern.sizes.items():
        item = _at(file, name)
        if item is None:
            return _Look(path, differs=f"has no {name}")
        axis, shape = pattern.axes[name], tuple(item.shape or ())
        rest = tuple(size for at, size in enumerate(shape) if at != axis)
        if rest != sizes:
            return _Look(path, differs=f"has {name} of {text_of(rest)}, not {text_of(sizes)}")
        count = count if axis == NEW else shape[axis]
        if (units := units_of(item)) != pattern.units[name]:
            return _Look(path, differs=f"has {name} in {units or '1'}, not {pattern.units[name] or '1'}")
    for name, values in pattern.lines.items():
        item = _at(file, name)
        if item is None or item.ndim != values.ndim or not _same_places(_rows(item), values):
            differs = f"lies on another grid ({name})"
    days, calendar = _times(file, path, pattern.time)
    if days and len(days) != count:
        differs = differs or f"has {len(days)} times for {count} slices"
    return _Look(path, count, days, calendar, differs)


def _at(file: h5py.File, path: str) -> h5py.Dataset | None:
    """A dataset by its path; None if it is not there."""
    above, _, name = path.rpartition("/")
    group = file.get(above or "/")
    found = member(group, name)[0] if isinstance(group, h5py.Group) and name in group else None
    return found if isinstance(found, h5py.Dataset) else None


def _same_places(one: NDArray[Any], other: NDArray[Any]) -> bool:
    """Whether places agree to a thousandth of a step."""
    if one.dtype.kind not in "iuf" or one.shape != other.shape:
        return bool(np.array_equal(one, other))
    steps = np.abs(np.diff(other.astype(np.float64)))
    step = float(steps[steps > 0].min(initial=np.inf))
    step = step if step < np.inf else 1.0
    return bool(np.allclose(one, other, rtol=0, atol=ALIKE * step, equal_nan=True))


def _times(file: h5py.File, path: str, where: str) -> tuple[tuple[float, ...], str]:
    """Days since 1970-01-01 and their calendar, by the coordinate, or else by the name of the file."""
    item = _at(file, where) if where else None
    if item is not None:
        raw = np.atleast_1d(np.asarray(item[...], np.float64)).ravel()
        scale, offset = number_attributes(item, "scale_factor"), number_attributes(item, "add_offset")
        raw = raw * float((*scale, 1)[0]) + float((*offset, 0)[0])
        calendar = calendar_named(text_attribute(item, "calendar"))
        decoded = decoded_dates(raw, text_attribute(item, "units"), calendar)
        if decoded is not None and np.isfinite(decoded[1]).all():
            return tuple(float(day) for day in decoded[1]), calendar
    stamped = days_of_name(os.path.basename(path))
    return (() if stamped is None else (stamped,)), "standard"


def _against(one: _Look, calendar: str) -> _Look:
    """A file whose calendar is another one differs."""
    if one.differs or one.calendar == calendar or not one.days:
        return one
    return _Look(one.path, differs=f"counts its days in the calendar {one.calendar}, not {calendar}")


def _different(called: str, files: Sequence[str], odd: Sequence[_Look]) -> UserError:
    """The refusal with the list of those that differ."""
    listed = [f"{os.path.basename(one.path)} {one.differs}" for one in odd[:8]]
    more = f"; and {len(odd) - 8} more" if len(odd) > 8 else ""
    return UserError(
        f"{len(odd)} of the {len(files)} files of {called} do not go together with {os.path.basename(files[0])}: "
        f"{'; '.join(listed)}{more}.",
        "Open those that do by a pattern of names, or bring the others to one grid, unit and calendar (cdo remapbil, "
        "cdo setcalendar).",
    )


def _refuse_doubles(looks: Sequence[_Look], days: Sequence[float], calendar: str) -> None:
    """Refuse files of one time, wherever in them it is.

    Raises:
        UserError: then.
    """
    found: dict[float, str] = {}
    for day, path in zip(days, (one.path for one in looks for _ in one.days), strict=False):
        if found.setdefault(day, path) != path:
            names = f"{os.path.basename(found[day])} and {os.path.basename(path)}"
            raise UserError(f"{names} are both of {date_text(day, calendar)}.", "Leave one of them out.")


def _entwined(looks: Sequence[_Look], days: Sequence[float]) -> tuple[str, ...]:
    """A sentence about files of which one begins before the one before it ends."""
    pairs = [(one, other) for one, other in pairwise(looks) if days and max(one.days) > min(other.days)]
    if not pairs:
        return ()
    names = " and ".join(os.path.basename(one.path) for one in pairs[0])
    more = f", and so in {len(pairs) - 1} more places" if len(pairs) > 1 else ""
    return (f"Times are not in order: those of {names} lie between each other{more}.",)
