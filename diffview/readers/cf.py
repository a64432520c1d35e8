"""The reader of CF variables and of plain datasets: it claims every HDF5 file."""

import contextlib
import itertools
import posixpath
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site
from diffview.readers.alive import progress
from diffview.readers.attributes import raw_attribute, text_attribute
from diffview.readers.base import EVERY, KM_PER_UNIT, Coordinate, Decoded, Role, Take
from diffview.readers.naming import coordinate_role
from diffview.readers.opening import H5PY_ERRORS, find_dataset, member, stored_elsewhere
from diffview.readers.packing import Packing, packing_of
from diffview.readers.spellings import units_of

_WELL_KNOWN = ("crs_wkt", "spatial_ref")  # attributes of a grid mapping that say the same in one text
NOT_A_VARIABLE = "This is a netCDF dimension but not a netCDF variable"  # NAME of a bare netCDF-4 dimension


def claims(file: h5py.File) -> bool:
    """Always: any dataset can at least be shown by index."""
    return isinstance(file, h5py.File)


def variable(dataset: h5py.Dataset) -> "CFVariable":
    """The dataset with what its CF attributes say."""
    return CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class CFVariable:
    """A numeric dataset, its packing, dimensions and coordinates."""

    dataset: h5py.Dataset

    @property
    def name(self) -> str:
        """standard_name if the dataset's own name says nothing ("data"), else its own name."""
        own = posixpath.basename(self.dataset.name)
        return text_attribute(self.dataset, "standard_name") or own if own.lower() in ("data", "values") else own

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
        return self.packing.remarks

    def read(self, part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of one part of the dataset."""
        return self.decode(np.asarray(self.dataset[part]), part)

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of stored ones, of that part of the dataset."""
        return self.packing.decode(raw, part)

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """The coordinate variable of every dimension that has one."""
        found = []
        for axis, (name, scale) in enumerate(self._scales):
            nearby = (find_nearby(self.dataset, near) for near in (name, *self._named_coordinates))
            for candidate in itertools.chain([scale], nearby):
                if _fits(candidate, (self.dataset.shape[axis],)) and _runs_along(candidate, name, scale):
                    found.append(read_coordinate(candidate, (axis,)))
                    break
        return (*found, *self._coordinates_by_length())

    def _coordinates_by_length(self) -> tuple[Coordinate, ...]:
        """Where no dimension has a name: 1-D latitude and longitude nearby that are as long as the last two axes."""
        last_two = (len(self._scales) - 2, len(self._scales) - 1)
        if not all(name.startswith("dim_") for name, _ in dimension_scales(self.dataset)):
            return ()
        lines = (item for item in reversed(_nearby(self.dataset)) if item.ndim == 1)
        found: dict[str, h5py.Dataset] = {_role(item): item for item in lines}
        for axes in (last_two, last_two[::-1]):
            pairs = [(found.get(role), axis) for role, axis in zip(("latitude", "longitude"), axes, strict=True)]
            if all(_fits(item, (self.dataset.shape[axis],)) for item, axis in pairs):
                return tuple(read_coordinate(item, (axis,)) for item, axis in pairs if item is not None)
        return ()

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """2-D latitude and longitude over `axes`: those that `coordinates` names, else those nearby in the file."""
        shape = tuple(self.dataset.shape[axis] for axis in axes)
        named = [find_nearby(self.dataset, name) for name in self._named_coordinates]
        chosen: dict[str, Coordinate] = {}
        for candidate in (*named, *_nearby(self.dataset)):
            if candidate is None or candidate == self.dataset:
                continue
            role = _role(candidate)
            if role not in ("latitude", "longitude") or role in chosen:
                continue
            ones = (1,) * (len(candidate.shape or ()) - len(shape))  # TROPOMI, WRF: time = 1 before the plane
            straight, turned = (_fits(candidate, (*ones, *sides)) for sides in (shape, shape[::-1]))
            if straight and turned:  # a square: its shape does not tell
                turned = self._lies_turned(candidate, axes)
            if turned:
                there = read_coordinate(candidate, axes, take[::-1])
                chosen[role] = replace(there, values=there.values.T)
            elif straight:
                chosen[role] = read_coordinate(candidate, axes, take)
        return tuple(chosen.values()) if len(chosen) == len(axes) else ()

    def _lies_turned(self, candidate: h5py.Dataset, axes: tuple[int, int]) -> bool:
        """Whether a plane lies across the variable: by the names of its dimensions, else by the order of the axes."""
        own = [self.dims[axis] for axis in axes]
        names = [name for name, _ in dimension_scales(candidate)[-2:]]
        return names != own if sorted(names) == sorted(own) else axes[0] > axes[1]

    def projection(self) -> Projection | Site | None:
        """The CF grid mapping that the variable names, or its attribute `crs` (rasterio's) as text for PROJ."""
        mapping = find_nearby(self.dataset, text_attribute(self.dataset, "grid_mapping").split(":")[0].strip())
        lines = {c.role: c for c in self.axis_coordinates()}
        km = KM_PER_UNIT.get(lines["x"].units.strip().lower()) if {"y", "x"} <= lines.keys() else None
        if km is None:
            return None
        if mapping is not None and text_attribute(mapping, "grid_mapping_name"):
            return Projection(_grid_mapping(mapping, km * 1e3), km * 1e3, km=km)
        crs = text_attribute(self.dataset, "crs") or (
            next(filter(None, (text_attribute(mapping, name) for name in _WELL_KNOWN)), "") if mapping else ""
        )
        return Projection(crs, km * 1e3, km=km) if crs else None

    @property
    def _named_coordinates(self) -> list[str]:
        return text_attribute(self.dataset, "coordinates").replace(",", " ").split()


def _grid_mapping(mapping: h5py.Dataset, metres: float) -> dict[str, Any]:
    """The attributes of a grid mapping as pyproj takes them; false origins have the unit of y and x."""
    found: dict[str, Any] = {}
    for name in mapping.attrs:
        value = raw_attribute(mapping, name)
        if value is not None:
            found[name] = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    for name in ("false_easting", "false_northing"):
        if name in found:
            found[name] = float(found[name]) * metres
    return found


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
    """The first dimension without a name that is as long as a dataset `time` nearby is called so, and has it."""
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


def find_nearby(dataset: h5py.Dataset, name: str) -> h5py.Dataset | None:
    """A dataset called `name` in the group of `dataset` or above it; absolute names too; links are not followed."""
    if not name:
        return None
    if "/" in name:
        with contextlib.suppress(UserError):
            return find_dataset(dataset.file, posixpath.normpath(posixpath.join(dataset.parent.name, name)))
        return None
    for group in _groups_above(dataset):
        found, _ = member(group, name) if name in group else (None, "")
        if isinstance(found, h5py.Dataset):
            return found
    return None


def _groups_above(dataset: h5py.Dataset) -> list[h5py.Group]:
    """The group of a dataset and those above it, nearest first."""
    path = posixpath.dirname(dataset.name)
    groups = [dataset.file[path]]
    while path != "/":
        path = posixpath.dirname(path)
        groups.append(dataset.file[path])
    return groups


def _nearby(dataset: h5py.Dataset) -> list[h5py.Dataset]:
    """Datasets that are called latitude or longitude beside, above, or in a geolocation group above `dataset`."""
    found = []
    for group in _groups_above(dataset):
        places = [group]
        for name in group:
            if "geolocation" in name.lower():
                place, _ = member(group, name)
                places += [place] if isinstance(place, h5py.Group) else []
        for place in places:
            names = [name for name in place if coordinate_role(name, "", "") in ("latitude", "longitude")]
            found += [item for item in (member(place, name)[0] for name in names) if isinstance(item, h5py.Dataset)]
    return found


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
    """What a coordinate variable measures."""
    name, units = posixpath.basename(candidate.name), units_of(candidate)
    return coordinate_role(name, text_attribute(candidate, "standard_name"), units)


def in_order_of_file(axes: tuple[int, int], take: Take) -> tuple[tuple[int, int], Take]:
    """Two axes and what is taken along them, in the order in which the file has them."""
    return (axes, take) if axes[0] < axes[1] else (axes[::-1], take[::-1])


def read_coordinate(candidate: h5py.Dataset, axes: tuple[int, ...], take: tuple[slice, ...] = ()) -> Coordinate:
    """Read and decode a coordinate variable, or `take` of its last axes; leading axes of length 1 are dropped."""
    progress()
    values = packing_of(candidate).decode(candidate[..., *take]).values
    progress()
    values = values.reshape(values.shape[values.ndim - len(axes) :])
    return Coordinate(posixpath.basename(candidate.name), _role(candidate), axes, values, units_of(candidate))
