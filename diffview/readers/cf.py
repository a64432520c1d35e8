"""The reader of CF variables and of plain datasets: it claims every HDF5 file."""

import itertools
import math
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site
from diffview.readers.alive import progress
from diffview.readers.attributes import short, text_attribute
from diffview.readers.base import EVERY, Coordinate, Decoded, Role, Take
from diffview.readers.mappings import GridMapping, grid_mapping_of
from diffview.readers.naming import coordinate_role
from diffview.readers.opening import H5PY_ERRORS, find_nearby, groups_above, member, stored_elsewhere
from diffview.readers.packing import Packing, amplitude, is_complex, packing_of
from diffview.readers.spellings import units_of

_OF_PLACES = re.compile("geolocation|navigation|geometry|location|coordinates", re.IGNORECASE)
_RADIANS = re.compile(r"rad(ian)?s?$", re.IGNORECASE)
MEMBERS = 200
"""Of a group that are asked for latitude and longitude."""

OF_RUNS = ("x_t", "x0_hat")
NAMELESS = ("data", "values", *OF_RUNS)
"""Names of variables that say nothing of their quantity; those of our own runs have it in their long name."""

NOT_A_VARIABLE = "This is a netCDF dimension but not a netCDF variable"  # NAME of a bare netCDF-4 dimension


def claims(file: h5py.File) -> bool:
    """Always: any dataset can at least be shown by index."""
    return isinstance(file, h5py.File)


def variable(dataset: h5py.Dataset) -> "CFVariable":
    """The dataset, decoded by its CF attributes."""
    return CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class CFVariable:
    """A numeric dataset, its packing, dimensions and coordinates.

    Attributes:
        PLACED_BY_AXES: whether the place of a pixel follows from the axes alone, in a family of files.
        MAPPING: name of the grid mapping in a family whose variables do not name it.
    """

    dataset: h5py.Dataset
    PLACED_BY_AXES: ClassVar[bool] = False
    MAPPING: ClassVar[str] = ""

    @property
    def name(self) -> str:
        """standard_name if the dataset's own name says nothing of its quantity, else its own name."""
        own = posixpath.basename(self.dataset.name)
        if is_complex(self.dataset.dtype):
            return short(f"amplitude of {own}")
        if own.lower() not in NAMELESS:
            return short(own)
        quantity = text_attribute(self.dataset, "long_name").partition(",")[0] if own in OF_RUNS else ""
        return short(text_attribute(self.dataset, "standard_name") or quantity.replace(" ", "_") or own)

    @property
    def units(self) -> str:
        """Units as written, under whatever name; "1" stays "1"."""
        return units_of(self.dataset)

    @cached_property
    def _scales(self) -> tuple[tuple[str, h5py.Dataset | None], ...]:
        return named_by_time(self.dataset, dimension_scales(self.dataset))

    @cached_property
    def packing(self) -> Packing:
        """How the values are packed."""
        return packing_of(self.dataset)

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions, "dim_0" where the file gives none."""
        return tuple(name for name, _ in self._scales)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Attributes that could not be honoured."""
        odd = self.mapping.remark
        said = (
            "Its values are complex: their amplitude is shown." if is_complex(self.dataset.dtype) else "",
            *self.packing.remarks,
            odd if odd and self.projection() is not None else "",
        )
        return tuple(filter(None, said))

    def read(self, part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of one part of the dataset."""
        return self.decode(amplitude(np.asarray(self.dataset[part])), part)

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of stored ones, of that part of the dataset."""
        return self.packing.decode(raw, part)

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """The coordinate variable of every dimension that has one; y and x of a projection in metres."""
        lines = []
        for axis, (name, scale) in enumerate(self._scales):
            nearby = (find_nearby(self.dataset, near) for near in (name, *self._named_coordinates))
            for candidate in itertools.chain([scale], nearby):
                if _fits(candidate, (self.dataset.shape[axis],)) and _runs_along(candidate, name, scale):
                    lines.append(read_coordinate(candidate, (axis,)))
                    break
        lines += self._coordinates_by_length()
        return self.mapping.in_metres(lines) if any(line.role in ("y", "x") for line in lines) else tuple(lines)

    def _coordinates_by_length(self) -> tuple[Coordinate, ...]:
        """Where no dimension has a name: 1-D latitude and longitude nearby that are as long as the last two axes."""
        last_two = (len(self._scales) - 2, len(self._scales) - 1)
        if not all(name.startswith("dim_") for name, _ in dimension_scales(self.dataset)):
            return ()
        by_name: dict[str, h5py.Dataset] = {}
        for item in _nearby(self.dataset):
            if item.ndim == 1:
                by_name.setdefault(_role(item), item)
        for axes in (last_two, last_two[::-1]):
            pairs = [(by_name.get(role), axis) for role, axis in zip(("latitude", "longitude"), axes, strict=True)]
            if all(_fits(item, (self.dataset.shape[axis],)) for item, axis in pairs):
                return tuple(read_coordinate(item, (axis,)) for item, axis in pairs if item is not None)
        return ()

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """2-D latitude and longitude over `axes`: those that `coordinates` names, else those nearby in the file.

        Those that are only near say nothing where the axes themselves are latitude and longitude.
        """
        if self.PLACED_BY_AXES:
            return ()
        placed = {"latitude", "longitude"} <= {line.role for line in self.axis_coordinates()}
        named = [find_nearby(self.dataset, name) for name in self._named_coordinates]
        chosen: dict[str, Coordinate] = {}
        for candidate in (*named, *(() if placed else _nearby(self.dataset))):
            if candidate is None or candidate == self.dataset:
                continue
            role = _role(candidate)
            if role in ("latitude", "longitude") and role not in chosen:
                coordinate = self._over(candidate, axes, take)
                chosen |= {role: coordinate} if coordinate is not None else {}
        return tuple(chosen.values()) if len(chosen) == len(axes) else ()

    def _over(self, candidate: h5py.Dataset, axes: tuple[int, int], take: Take) -> Coordinate | None:
        """A coordinate over two axes, read as the picture needs it; None if it does not fit them.

        Axes before these two have one index (TROPOMI: time = 1), or are among the variable's own (WRF: Time).
        """
        sides = tuple(self.dataset.shape[axis] for axis in axes)
        before, plane = (candidate.shape or ())[:-2], (candidate.shape or ())[-2:]
        others = {1, *(size for axis, size in enumerate(self.dataset.shape) if axis not in axes)}
        if not _fits(candidate, (*before, *plane)) or not set(before) <= others:
            return None
        straight, turned = plane == sides, plane == sides[::-1]
        if straight and turned:  # a square: its shape does not decide
            turned = self._lies_turned(candidate, axes)
        if not straight and not turned:
            return None
        coordinate = read_coordinate(candidate, axes, take[::-1] if turned else take)
        return replace(coordinate, values=coordinate.values.T) if turned else coordinate

    def _lies_turned(self, candidate: h5py.Dataset, axes: tuple[int, int]) -> bool:
        """Whether a plane lies across the variable: by the names of its dimensions, else by the order of the axes."""
        own = [self.dims[axis] for axis in axes]
        names = [name for name, _ in dimension_scales(candidate)[-2:]]
        return names != own if sorted(names) == sorted(own) else axes[0] > axes[1]

    @cached_property
    def mapping(self) -> GridMapping:
        """What y and x are coordinates of."""
        return grid_mapping_of(self.dataset, self.dims, self.MAPPING)

    def projection(self) -> Projection | Site | None:
        """The CF grid mapping that the variable names, or its attribute `crs` (rasterio's) as text for PROJ."""
        return self.mapping.projection(self.axis_coordinates())

    @property
    def _named_coordinates(self) -> list[str]:
        return text_attribute(self.dataset, "coordinates").replace(",", " ").split()


def dimension_scales(dataset: h5py.Dataset) -> tuple[tuple[str, h5py.Dataset | None], ...]:
    """(name, its coordinate dataset or None) of every dimension.

    DIMENSION_LIST is read by hand: h5py's `Dataset.dims` ends the process where the attribute is an array of plain
    references (files converted from HDF4) instead of lists of them.
    """
    count = len(dataset.shape)
    scales = _referenced_scales(dataset, count)
    if text_attribute(dataset, "CLASS") == "DIMENSION_SCALE" and count == 1:
        scales = [dataset]
    listed = _listed_names(dataset, count)
    return tuple(
        (posixpath.basename(scale.name) if scale is not None and scale.name else name or f"dim_{axis}", scale)
        for axis, (name, scale) in enumerate(zip(listed, scales, strict=True))
    )


def named_by_time(
    dataset: h5py.Dataset, scales: tuple[tuple[str, h5py.Dataset | None], ...]
) -> tuple[tuple[str, h5py.Dataset | None], ...]:
    """The first dimension without a name that is as long as a dataset `time` nearby gets its name and its values."""
    if len(scales) < 3 or not any(name.startswith("dim_") for name, _ in scales):  # two are the sides of a picture
        return scales
    time = find_nearby(dataset, "time")
    named = list(scales)
    for axis, (name, scale) in enumerate(scales):
        if scale is None and name.startswith("dim_") and _fits(time, (dataset.shape[axis],)):
            named[axis] = "time", time
            break
    return tuple(named)


def _listed_names(dataset: h5py.Dataset, count: int) -> list[str]:
    """Names of the dimensions as plain text: DimensionNames of NASA's products, or HDF5's own labels."""
    names = [name.strip() for name in text_attribute(dataset, "DimensionNames").split(",")]
    if len(names) != count:
        names = text_attribute(dataset, "DIMENSION_LABELS").split()
    return names if len(names) == count else [""] * count


def _referenced_scales(dataset: h5py.Dataset, count: int) -> list[h5py.Dataset | None]:
    """The first dataset that DIMENSION_LIST names for every dimension."""
    scales: list[h5py.Dataset | None] = [None] * count
    try:
        lists = dataset.attrs["DIMENSION_LIST"]
    except H5PY_ERRORS:
        return scales
    for axis, entry in enumerate(np.atleast_1d(lists)[:count]):
        first = entry if isinstance(entry, h5py.Reference) else next(iter(entry), None)
        if isinstance(first, h5py.Reference) and first:
            try:
                scale = dataset.file[first]
            except H5PY_ERRORS:
                continue
            scales[axis] = scale if isinstance(scale, h5py.Dataset) else None
    return scales


def _nearby(dataset: h5py.Dataset) -> Iterator[h5py.Dataset]:
    """Datasets that are called latitude or longitude beside or above `dataset`, then in other groups there.

    Groups that are called after places (geolocation, navigation_data) come before the rest.
    """
    groups = groups_above(dataset)
    beside = [
        (not _OF_PLACES.search(name), found)
        for group in groups
        for name in itertools.islice(group, MEMBERS)
        if isinstance(found := member(group, name)[0], h5py.Group)
    ]
    for group in (*groups, *(found for _, found in sorted(beside, key=lambda pair: pair[0]))):
        for name in itertools.islice(group, MEMBERS):
            if coordinate_role(name, "", "") in ("latitude", "longitude"):
                found, _ = member(group, name)
                if isinstance(found, h5py.Dataset):
                    yield found


def _fits(candidate: h5py.Dataset | None, shape: tuple[int, ...]) -> bool:
    """Whether this is a numeric dataset of that shape, with values in this file."""
    if candidate is None or candidate.shape != shape or text_attribute(candidate, "NAME").startswith(NOT_A_VARIABLE):
        return False
    try:
        return candidate.dtype.kind in "iuf" and not stored_elsewhere(candidate)
    except H5PY_ERRORS:
        return False


def _runs_along(candidate: h5py.Dataset, dim: str, scale: h5py.Dataset | None) -> bool:
    """Whether a 1-D dataset is a coordinate of the dimension `dim`: it is its scale, or has its name, or lies on it."""
    if scale is not None and candidate == scale:
        return True
    if posixpath.basename(candidate.name) == dim:
        return True
    lies_on = dimension_scales(candidate)[0]
    return lies_on[0] == dim and not dim.startswith("dim_")


def _role(candidate: h5py.Dataset) -> Role:
    """The role of a coordinate variable."""
    name, units = posixpath.basename(candidate.name), units_of(candidate)
    return coordinate_role(name, text_attribute(candidate, "standard_name"), units)


def in_order_of_file(axes: tuple[int, int], take: Take) -> tuple[tuple[int, int], Take]:
    """Two axes and what is taken along them, in the order in which the file has them."""
    return (axes, take) if axes[0] < axes[1] else (axes[::-1], take[::-1])


def read_coordinate(candidate: h5py.Dataset, axes: tuple[int, ...], take: tuple[slice, ...] = ()) -> Coordinate:
    """Read and decode a coordinate variable, or `take` of its last axes, at the first index of those before them.

    Latitude and longitude are in degrees, whatever the file has.
    """
    progress()
    before, packing, note = len(candidate.shape) - len(axes), packing_of(candidate), ""
    plane = take or (slice(None),) * len(axes)
    values = packing.decode(np.asarray(candidate[(0,) * before + plane])).values
    if math.prod(candidate.shape[:before]) > 1:
        last = tuple(size - 1 for size in candidate.shape[:before])
        if not np.array_equal(values, packing.decode(np.asarray(candidate[last + plane])).values, equal_nan=True):
            note = f"{posixpath.basename(candidate.name)} changes from slice to slice: that of the first is used."
    progress()
    role, units = _role(candidate), units_of(candidate)
    if role in ("latitude", "longitude") and _RADIANS.match(units):
        values, units = np.degrees(values), "degrees_north" if role == "latitude" else "degrees_east"
    return Coordinate(posixpath.basename(candidate.name), role, axes, values, units, note)
