"""Sentinel-3 OLCI and SLSTR: CF, but latitude and longitude lie in another file of the product's folder."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import h5py

from diffview.errors import UserError
from diffview.readers.attributes import text_attribute
from diffview.readers.base import EVERY, Coordinate, Role, Take
from diffview.readers.cf import CFVariable, in_order_of_file, read_coordinate
from diffview.readers.opening import H5PY_ERRORS, dataset_in, open_file

_ROLES: tuple[Role, ...] = ("latitude", "longitude")
_VIEW = re.compile(r"_([abcfit][nox])$")  # SLSTR: the grid and the view that end every name, "S8_BT_in"


def claims(file: h5py.File) -> bool:
    """Files of a Sentinel-3 product folder."""
    return text_attribute(file, "product_name").startswith(("S3A_", "S3B_", "S3C_", "S3D_", "S3_"))


def variable(dataset: h5py.Dataset) -> "Sentinel3Variable":
    """The dataset with the coordinates of its folder."""
    return Sentinel3Variable(dataset)


@dataclass(frozen=True, eq=False)
class Sentinel3Variable(CFVariable):
    """A CF variable whose coordinates may lie in the file beside its own."""

    @cached_property
    def _beside(self) -> tuple[Path, str]:
        """The file of coordinates, and how their names end."""
        view = _VIEW.search(self.dataset.name)
        name = f"geodetic_{view[1]}.nc" if view else "geo_coordinates.nc"
        return Path(self.dataset.file.filename).with_name(name), f"_{view[1]}" if view else ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """The file that the coordinates come from, or should have come from."""
        beside = self._beside[0]
        if beside.name == Path(self.dataset.file.filename).name:
            return super().remarks
        said = (
            f"Latitude and longitude are those of {beside.name} beside it."
            if beside.is_file()
            else f"Latitude and longitude lie in {beside.name}, which is not beside it."
        )
        return (said, *super().remarks)

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """Latitude and longitude of the file itself, else of the one beside it."""
        own = super().plane_coordinates(axes, take)
        path, end = self._beside
        if own or not path.is_file():
            return own
        order, part = in_order_of_file(axes, take)
        shape = tuple(self.dataset.shape[axis] for axis in order)
        try:
            with open_file(path) as file:
                pair = {role: dataset_in(file, f"{role}{end}") for role in _ROLES}
                fitting = {role: item for role, item in pair.items() if item is not None and item.shape == shape}
                read = tuple(replace(read_coordinate(item, axes, part), role=role) for role, item in fitting.items())
                coordinates = tuple(c if order == axes else replace(c, values=c.values.T) for c in read)
                return coordinates if len(coordinates) == len(_ROLES) else ()
        except (UserError, *H5PY_ERRORS):  # a damaged neighbour costs the coordinates, not the picture
            return ()
