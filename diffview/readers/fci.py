"""MTG FCI level 1c: radiance by channel, south first; converted to temperature or reflectance.

[EUMETSAT, MTG FCI L1 Product User Guide, EUM/MTG/USR/13/719113: conversions, and the reference grid, whose x counts
positive towards the west]
"""

import posixpath
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.readers.attributes import number_attributes
from diffview.readers.base import Coordinate, Decoded
from diffview.readers.cf import CFVariable
from diffview.readers.opening import dataset_in, group_in
from diffview.readers.packing import native

_RADIANCE, _MAPPING = "effective_radiance", "mtg_geos_projection"
_PLANCK = tuple(f"radiance_to_bt_conversion_{name}" for name in (
    "coefficient_wavenumber", "coefficient_a", "coefficient_b", "constant_c1", "constant_c2",
))  # fmt: skip
_AU_KM = 149597870.7
_FILL = 9.9e36  # the fill values of netCDF are just below
_WARM = 4095  # counts above it have the warm scale of ir_38


def claims(file: h5py.File) -> bool:
    """Files with the projection in the group `data`."""
    data = group_in(file, "data")
    return data is not None and dataset_in(data, _MAPPING) is not None


def variable(dataset: h5py.Dataset) -> CFVariable:
    """Radiance, converted to the quantity of its channel; the rest as CF."""
    return FCIVariable(dataset) if posixpath.basename(dataset.parent.name) == "measured" else CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class FCIVariable(CFVariable):
    """An array of one channel."""

    PLACED_BY_AXES = True
    MAPPING = _MAPPING

    @property
    def _is_radiance(self) -> bool:
        return bool(posixpath.basename(self.dataset.name) == _RADIANCE)

    def _constant(self, group: h5py.Group | None, name: str) -> float:
        constant = dataset_in(group, name) if group is not None else None
        if constant is None or constant.dtype.kind not in "iuf" or not constant.size:
            return float("nan")
        values = np.asarray(constant[...], np.float64)
        values = values[np.abs(values) < _FILL]
        return float(values.mean()) if values.size else float("nan")

    @cached_property
    def _planck(self) -> tuple[float, ...]:
        """(vc, a, b, c1, c2) of a thermal channel, () of another."""
        values = tuple(self._constant(self.dataset.parent, name) for name in _PLANCK) if self._is_radiance else ()
        return values if values and np.isfinite(values).all() else ()

    @cached_property
    def _solar(self) -> float:
        """Reflectance of a unit of radiance, pi d^2 / E; NaN where a constant is missing."""
        if not self._is_radiance:
            return float("nan")
        irradiance = self._constant(self.dataset.parent, "channel_effective_solar_irradiance")
        state = group_in(self.dataset.file, "state")
        sky = group_in(state, "celestial") if state is not None else None
        return float(np.pi * (self._constant(sky, "earth_sun_distance") / _AU_KM) ** 2 / irradiance)

    @property
    def name(self) -> str:
        """The quantity with the channel."""
        channel = posixpath.basename(posixpath.dirname(self.dataset.parent.name))
        quantity = "brightness temperature" if self._planck else "" if np.isnan(self._solar) else "reflectance"
        return f"{quantity}, {channel}" if quantity else super().name

    @property
    def units(self) -> str:
        """K of a thermal channel, 1 of a solar one, else as written."""
        return "K" if self._planck else super().units if np.isnan(self._solar) else "1"

    @property
    def remarks(self) -> tuple[str, ...]:
        """The conversion."""
        quantity = self.name.partition(",")[0] if self._planck or not np.isnan(self._solar) else ""
        said = f"Radiance was turned into {quantity} by the constants of the file."
        return (*((said,) if quantity else ()), *super().remarks)

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...]) -> Decoded:
        """Radiance by the scale of the file, `warm_` above 4095 counts; then T = c2 v/(a ln(1 + c1 v^3/L)) - b/a."""
        decoded = super().decode(raw, part)
        values = decoded.values.astype(np.float64)
        warm = [number_attributes(self.dataset, name) for name in ("warm_scale_factor", "warm_add_offset")]
        if self._is_radiance and "ir_38" in self.dataset.name and all(warm):
            packed = native(raw, self.packing.dtype)
            scaled = packed * float(warm[0][0]) + float(warm[1][0])
            values = np.where((packed > _WARM) & ~np.isnan(values), scaled, values)
        if self._planck:
            vc, a, b, c1, c2 = self._planck
            values = c2 * vc / (a * np.log(1 + c1 * vc**3 / np.where(values > 0, values, np.nan))) - b / a
        elif not np.isnan(self._solar):
            values = values * self._solar
        return replace(decoded, values=values)

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """x and y in metres of the projection, x positive towards the east."""
        lines = super().axis_coordinates()
        return tuple(replace(line, values=-line.values) if line.role == "x" else line for line in lines)
