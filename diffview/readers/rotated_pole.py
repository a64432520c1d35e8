"""Output of limited-area models on a rotated pole: latitude and longitude computed where the file has none.

CF conventions 1.11, appendix F: the grid's north pole lies at (grid_north_pole_latitude, grid_north_pole_longitude).
"""

import itertools
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import EVERY, Coordinate, Take
from diffview.readers.cf import CFVariable
from diffview.readers.opening import H5PY_ERRORS, find_nearby, member

_MAPPING = "rotated_latitude_longitude"
_MEMBERS = 100  # of the first group that are searched for a grid mapping


def claims(file: h5py.File) -> bool:
    """Files with a grid mapping of a rotated pole at their top."""
    try:
        names = list(itertools.islice(file, _MEMBERS))
    except H5PY_ERRORS:
        return False
    members = (member(file, name)[0] for name in names)
    return any(
        isinstance(item, h5py.Dataset) and text_attribute(item, "grid_mapping_name") == _MAPPING for item in members
    )


def variable(dataset: h5py.Dataset) -> "RotatedVariable":
    """The dataset with latitude and longitude."""
    return RotatedVariable(dataset)


def unrotated(
    rlat: NDArray[np.float64], rlon: NDArray[np.float64], pole_lat: float, pole_lon: float, pole_rlon: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(latitude, longitude) in degrees of a point (rlat, rlon) of the rotated grid.

    With b = rlat, l = rlon - pole_rlon and p = pole_lat: sin(lat) = sin b sin p + cos b cos p cos l and
    lon = pole_lon + 180 + atan2(cos b sin l, cos b cos l sin p - sin b cos p): the meridian l = 0 lies on the
    half of the globe opposite to the pole. pole_rlon is the rotated longitude of the true north pole.
    """
    b, shifted, p = np.radians(rlat), np.radians(rlon - pole_rlon), np.radians(pole_lat)
    sine = np.sin(b) * np.sin(p) + np.cos(b) * np.cos(p) * np.cos(shifted)
    east = np.cos(b) * np.sin(shifted)
    north = np.cos(b) * np.cos(shifted) * np.sin(p) - np.sin(b) * np.cos(p)
    longitude = pole_lon + 180.0 + np.degrees(np.arctan2(east, north))
    return np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0))), (longitude + 180.0) % 360.0 - 180.0


@dataclass(frozen=True, eq=False)
class RotatedVariable(CFVariable):
    """A CF variable on a rotated grid."""

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """Latitude and longitude of the file, else computed from the pole."""
        given = super().plane_coordinates(axes, take)
        mapping = find_nearby(self.dataset, text_attribute(self.dataset, "grid_mapping"))
        if given or mapping is None or text_attribute(mapping, "grid_mapping_name") != _MAPPING:
            return given
        pole = [number_attributes(mapping, f"grid_north_pole_{name}") for name in ("latitude", "longitude")]
        lines = {c.axes: c for c in self.axis_coordinates() if c.role in ("y", "x")}
        if not all(pole) or any((axis,) not in lines for axis in axes):
            return given
        turned = number_attributes(mapping, "north_pole_grid_longitude")
        rlat, rlon = np.meshgrid(
            *(lines[axis,].values[part].astype(np.float64) for axis, part in zip(axes, take, strict=True)),
            indexing="ij",
        )
        if lines[axes[:1]].role == "x":  # the user swapped the axes
            rlat, rlon = rlon, rlat
        lat, lon = unrotated(rlat, rlon, float(pole[0][0]), float(pole[1][0]), float(turned[0]) if turned else 0.0)
        return (
            Coordinate("latitude", "latitude", axes, lat, "degrees_north"),
            Coordinate("longitude", "longitude", axes, lon, "degrees_east"),
        )
