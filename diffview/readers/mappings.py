"""Which projection y and x are coordinates of, and in which unit they count, by the CF conventions and near them."""

import itertools
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np

from diffview.fields.earth_map import Projection
from diffview.readers.attributes import number_attributes, raw_attribute, text_attribute
from diffview.readers.base import KM_PER_UNIT, Coordinate
from diffview.readers.opening import find_nearby, groups_above, member

WELL_KNOWN = ("crs_wkt", "spatial_ref")
"""Attributes of a grid mapping that say the same in one text."""

MEMBERS = 200
"""Of a group that are asked whether they are a grid mapping."""

GEOGRAPHIC = ("latitude_longitude", "rotated_latitude_longitude")
"""Grid mappings whose y and x are degrees."""

GEOSTATIONARY = "geostationary"
RADIANS_PER_UNIT = {
    **dict.fromkeys(("", "rad", "radian", "radians"), 1.0),
    **dict.fromkeys(("mrad", "milliradian", "milliradians"), 1e-3),
    **dict.fromkeys(("urad", "µrad", "microradian", "microradians"), 1e-6),
    **dict.fromkeys(("degree", "degrees", "deg"), float(np.pi / 180)),
}
"""Units of the scanning angles of a geostationary satellite."""


@dataclass(frozen=True, eq=False)
class GridMapping:
    """The grid mapping of a variable.

    Attributes:
        attributes: as pyproj takes them, lengths in metres; {} where there is none.
        text: the same as text for PROJ, "" where there is none.
        remark: where the file does not name it as it is.
    """

    attributes: Mapping[str, Any]
    text: str = ""
    remark: str = ""

    @property
    def _name(self) -> str:
        return str(self.attributes.get("grid_mapping_name", ""))

    @property
    def _is_projected(self) -> bool:
        return self._name not in GEOGRAPHIC and bool(self._name or self.text)

    def in_metres(self, lines: Iterable[Coordinate]) -> tuple[Coordinate, ...]:
        """y and x as the projection counts them: scanning angles by the height of the satellite, bare numbers as m."""
        height = self.attributes.get("perspective_point_height") if self._name == GEOSTATIONARY else None
        table = RADIANS_PER_UNIT if height is not None else {"": 1.0} if self._is_projected else {}
        found = []
        for line in lines:
            each = table.get(line.units.strip().lower()) if line.role in ("y", "x") else None
            if each is None:
                found.append(line)
                continue
            taken = "radians" if height is not None else "metres"
            note = "" if line.units else f"{line.name} has no units: {taken} were taken."
            found.append(replace(line, values=line.values * (each * float(height or 1.0)), units="m", note=note))
        return tuple(found)

    def projection(self, lines: Iterable[Coordinate]) -> Projection | None:
        """The projection with the unit of y and x; None where one of these is not known."""
        units = {line.role: line.units.strip().lower() for line in lines}
        km = KM_PER_UNIT.get(units["x"]) if {"y", "x"} <= units.keys() else None
        if km is None or not self._is_projected:
            return None
        if not self._name:
            return Projection(self.text, km * 1e3, km=km)
        origin = {name: float(self.attributes[name]) * km * 1e3
                  for name in ("false_easting", "false_northing") if name in self.attributes}  # fmt: skip
        return Projection({**self.attributes, **origin}, km * 1e3, km=km)


def grid_mapping_of(dataset: h5py.Dataset, sides: Sequence[str], own: str = "") -> GridMapping:
    """The grid mapping that a variable names for its sides [CF 1.11, section 5.6], or the only one that there is.

    Args:
        dataset: the variable.
        sides: names of its dimensions.
        own: what the mapping is called where a family of files never names it.
    """
    named = text_attribute(dataset, "grid_mapping") or own
    mapping = next((item for name in _names(named, sides) if (item := find_nearby(dataset, name)) is not None), None)
    remark = ""
    if mapping is None:
        others = list(itertools.islice(_mappings(dataset), 2))
        if len(others) == 1:
            mapping = others[0]
            said = f"grid_mapping names {named}, which is not there" if named else "Its grid mapping is not named"
            remark = f"{said}: {posixpath.basename(mapping.name)}, the only one of the file, was taken."
    texts = (text_attribute(item, name) for item in (mapping, dataset) if item is not None for name in WELL_KNOWN)
    text = text_attribute(dataset, "crs") or next(filter(None, texts), "")
    return GridMapping({} if mapping is None else _attributes(mapping), text, remark)


def _names(text: str, sides: Sequence[str]) -> list[str]:
    """The names in "crs" or "crs_a: lat lon crs_b: x y", those of the sides first."""
    if ":" not in text:
        return text.split()
    parts = [part.split() for part in text.split(":")]
    names = [part[-1] for part in parts[:-1] if part]
    of = [set(part[:-1]) for part in parts[1:-1]] + [set(parts[-1])]
    return [name for name, _ in sorted(zip(names, of, strict=False), key=lambda pair: not pair[1] & set(sides))]


def _mappings(dataset: h5py.Dataset) -> Iterator[h5py.Dataset]:
    """The projections in the group of the variable and above it."""
    for group in groups_above(dataset):
        for name in itertools.islice(group, MEMBERS):
            mapping, _ = member(group, name)
            small = isinstance(mapping, h5py.Dataset) and mapping.size == 1
            if small and text_attribute(mapping, "grid_mapping_name") not in ("", *GEOGRAPHIC):
                yield mapping


def _attributes(mapping: h5py.Dataset) -> dict[str, Any]:
    """The attributes of a grid mapping as pyproj takes them."""
    attributes: dict[str, Any] = {}
    for name in mapping.attrs:
        value = raw_attribute(mapping, name)
        if value is not None:
            attributes[name] = value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
    if attributes.get("grid_mapping_name") == GEOSTATIONARY and "fixed_angle_axis" not in attributes:
        attributes.setdefault("sweep_angle_axis", "y")  # what CF takes where it is not said
        height = number_attributes(mapping, "perspective_point_height")
        attributes |= {"perspective_point_height": float(height[0])} if height else {}
    return attributes
