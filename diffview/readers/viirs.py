"""VIIRS SDR (and EDR) of the JPSS ground system: All_Data/VIIRS-*_All with one (scale, offset) pair per granule.

JPSS Common Data Format Control Book, volume III: value = stored * scale + offset; the highest eight unsigned values
and floats of -999 and less are codes for missing values.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.readers.base import EVERY, Coordinate, Decoded, Role, Take
from diffview.readers.cf import CFVariable, in_order_of_file
from diffview.readers.opening import H5PY_ERRORS, dataset_in, group_in

_PRODUCT = re.compile(r"VIIRS-.*_All$")
_FILLS = 8  # 65528 to 65535 of uint16, 248 to 255 of uint8
_FLOAT_FILL = -999.0  # -999.9 to -999.2
_UNITS = {"BrightnessTemperature": "K", "Radiance": "W m-2 sr-1 um-1", "Reflectance": "1"}
_DAY_NIGHT = {"Radiance": "W cm-2 sr-1"}  # the day/night band counts in square centimetres and over its whole band
_ROLES: dict[str, Role] = {"Latitude": "latitude", "Longitude": "longitude"}


def claims(file: h5py.File) -> bool:
    """Files with a group All_Data/VIIRS-..._All."""
    return bool(_products(file))


def variable(dataset: h5py.Dataset) -> "VIIRSVariable":
    """The dataset with the factors beside it."""
    return VIIRSVariable(dataset)


def _products(file: h5py.File) -> list[h5py.Group]:
    """The groups of All_Data that belong to VIIRS."""
    everything = group_in(file, "All_Data")
    try:
        names = sorted(name for name in everything if _PRODUCT.match(name)) if everything is not None else []
    except H5PY_ERRORS:
        return []
    return [group for group in (group_in(everything, name) for name in names) if group is not None]


@dataclass(frozen=True, eq=False)
class VIIRSVariable(CFVariable):
    """A swath of one or more granules."""

    @property
    def units(self) -> str:
        """Units by the name of the dataset: the files have none."""
        own = self.dataset.name.rsplit("/", 1)[-1]
        table = {**_UNITS, **_DAY_NIGHT} if "-DNB-" in self.dataset.name else _UNITS
        return super().units or table.get(own, "")

    @property
    def dims(self) -> tuple[str, ...]:
        """Lines and pixels, where the file names no dimensions."""
        names = super().dims
        return ("line", "pixel") if names == ("dim_0", "dim_1") else names

    @cached_property
    def factors(self) -> NDArray[np.float64]:
        """(scale, offset) of every granule [granules, 2]; empty if the values are stored as they are."""
        stored = dataset_in(self.dataset.parent, f"{self.dataset.name.rsplit('/', 1)[-1]}Factors")
        if stored is None or stored.dtype.kind != "f" or stored.size % 2 or len(stored.shape) != 1:
            return np.empty((0, 2))
        pairs = stored[...].astype(np.float64).reshape(-1, 2)
        return np.where(pairs > _FLOAT_FILL, pairs, np.nan)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The number of granules, or that the factors do not fit."""
        if not len(self.factors):
            return super().remarks
        if not self._fits:
            return ("Its factors are not one pair for each granule and were not applied.", *super().remarks)
        count = len(self.factors)
        return (f"Scaled by the factors of {count} granule{'s' if count > 1 else ''}.", *super().remarks)

    @property
    def _fits(self) -> bool:
        """Whether the lines divide evenly into the granules of the factors."""
        return len(self.factors) > 0 and self.dataset.shape[0] % len(self.factors) == 0

    def read(self, part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of one part, each line with the factors of its granule."""
        raw = np.asarray(self.dataset[part])
        if raw.dtype.kind == "u":
            missing = raw > np.iinfo(raw.dtype).max - _FILLS if self._packed else np.zeros(raw.shape, bool)
        else:
            missing = ~(raw > _FLOAT_FILL) if raw.dtype.kind == "f" else np.zeros(raw.shape, bool)
        values = raw.astype(np.float64)
        if self._fits:
            granule = np.arange(self.dataset.shape[0])[part[0]] // (self.dataset.shape[0] // len(self.factors))
            scale, offset = np.moveaxis(self.factors[granule], -1, 0)
            lines = (..., *([None] * (values.ndim - scale.ndim)))
            values = values * scale[lines] + offset[lines]
        values[missing] = np.nan
        infinite = np.isinf(values)
        values[infinite] = np.nan
        return Decoded(values, infinite=int(np.count_nonzero(infinite)))

    @property
    def _packed(self) -> bool:
        """Whether unsigned values are a quantity; the bits of a quality flag have no fill values."""
        return self._fits or self.dataset.name.rsplit("/", 1)[-1] in _UNITS

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """Latitude and longitude of the geolocation group in the same file, terrain-corrected if there is one."""
        order, part = in_order_of_file(axes, take)
        shape = tuple(self.dataset.shape[axis] for axis in order)
        groups = [group for group in _products(self.dataset.file) if "-GEO" in group.name]
        for group in sorted(groups, key=lambda group: "-TC" not in group.name):
            pair = {name: dataset_in(group, name) for name in _ROLES}
            if all(item is not None and item.shape == shape for item in pair.values()):
                read = {name: variable(item).read(part).values for name, item in pair.items()}
                return tuple(
                    Coordinate(name, _ROLES[name], axes, values if order == axes else values.T, "")
                    for name, values in read.items()
                )
        return super().plane_coordinates(axes, take)
