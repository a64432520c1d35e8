"""GK-2A AMI level 1b: counts with two bits of quality, converted to temperature or reflectance.

[KMA, GK-2A AMI Level 1B Data User Manual]
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.fields.earth_map import Projection
from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import Coordinate, Decoded
from diffview.readers.cf import CFVariable
from diffview.readers.opening import dataset_in

_IMAGE = "image_pixel_values"
_WAVELENGTH_UM = {
    "SW038": 3.83, "WV063": 6.21, "WV069": 6.94, "WV073": 7.33, "IR087": 8.59, "IR096": 9.62, "IR105": 10.35,
    "IR112": 11.23, "IR123": 12.36, "IR133": 13.29,
}  # fmt: skip
_QUALITY_BITS = 14  # 0 good, 1 conditionally usable, 2 outside the scan, 3 error
_USABLE = 1
_STEP = 2.0**16  # cfac and lfac count 2^16 pixels a degree
_PLANCK = (
    "Plank_constant_h",
    "light_speed",
    "Boltzmann_constant_k",
    "Teff_to_Tbb_c0",
    "Teff_to_Tbb_c1",
    "Teff_to_Tbb_c2",
)
_CALIBRATION = ("DN_to_Radiance_Gain", "DN_to_Radiance_Offset")
_GRID = ("cfac", "coff", "lfac", "loff", "nominal_satellite_height", "earth_equatorial_radius", "earth_polar_radius",
         "sub_longitude")  # fmt: skip


def claims(file: h5py.File) -> bool:
    """Files of the satellite with an image."""
    return text_attribute(file, "satellite_name").startswith("GK-2") and dataset_in(file, _IMAGE) is not None


def variable(dataset: h5py.Dataset) -> CFVariable:
    """The image, converted to the quantity of its channel; the rest as CF."""
    return AMIImage(dataset) if dataset.name == f"/{_IMAGE}" else CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class AMIImage(CFVariable):
    """The image of one channel on the fixed grid."""

    PLACED_BY_AXES = True

    def _constants(self, names: tuple[str, ...]) -> tuple[float, ...]:
        """Numbers among the attributes of the file, () if one is absent."""
        numbers = [number_attributes(self.dataset.file, name)[:1] for name in names]
        return tuple(float(values[0]) for values in numbers if values) if all(numbers) else ()

    @property
    def _channel(self) -> str:
        return text_attribute(self.dataset, "channel_name").upper()

    @cached_property
    def _linear(self) -> tuple[float, ...]:
        return self._constants(_CALIBRATION)

    @cached_property
    def _planck(self) -> tuple[float, ...]:
        return self._constants(_PLANCK) if self._linear and self._channel in _WAVELENGTH_UM else ()

    @cached_property
    def _albedo(self) -> tuple[float, ...]:
        visible = self._linear and self._channel.startswith(("VI", "NR"))
        return self._constants(("Radiance_to_Albedo_c",)) if visible else ()

    @property
    def name(self) -> str:
        """The quantity with the channel."""
        quantity = "brightness temperature" if self._planck else "reflectance" if self._albedo else ""
        quantity = quantity or ("radiance" if self._linear else "counts")
        return f"{quantity}, {self._channel}" if self._channel else quantity

    @property
    def units(self) -> str:
        """K, 1, or the units of the channel's radiance."""
        if self._planck or self._albedo:
            return "K" if self._planck else "1"
        return "" if not self._linear else "W m-2 sr-1 um-1" if self._channel[:2] in ("VI", "NR") else "mW m-2 sr-1 cm"

    @property
    def dims(self) -> tuple[str, ...]:
        """(y, x)."""
        return "y", "x"

    @property
    def remarks(self) -> tuple[str, ...]:
        """How the counts were converted, and which pixels are masked."""
        how = "Counts were turned into brightness temperature by the Planck constants of the file."
        if not self._planck:
            how = f"Counts were turned into {self.name.partition(',')[0]} by the constants of the file."
        said = (how,) if self._linear else ("The file has no calibration: counts are shown.",)
        return (*said, "Pixels that the quality bits mark as out of the scan area or in error are masked.")

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of stored ones; `T = c0 + c1 E + c2 E^2`, E by Planck's law at the channel's wavenumber."""
        bits = number_attributes(self.dataset, "number_of_valid_bits_per_pixel")
        flagged = raw >> _QUALITY_BITS > _USABLE
        values = (raw & ((1 << int(bits[0])) - 1 if bits else (1 << _QUALITY_BITS) - 1)).astype(np.float64)
        if self._linear:
            gain, offset = self._linear
            values = self._converted(values * gain + offset)
        values[flagged] = np.nan
        return Decoded(values, flagged=int(np.count_nonzero(flagged)))

    def _converted(self, radiance: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._albedo:
            return radiance * self._albedo[0]
        if not self._planck:
            return radiance
        h, c, k, c0, c1, c2 = self._planck
        wavenumber = 1e6 / _WAVELENGTH_UM[self._channel]  # 1/m
        light = np.where(radiance > 0, radiance * 1e-5, np.nan)  # of mW m-2 sr-1 (cm-1)-1, in W m-2 sr-1 (m-1)-1
        effective = h * c / k * wavenumber / np.log(2 * h * c**2 * wavenumber**3 / light + 1)
        return c0 + c1 * effective + c2 * effective**2

    @cached_property
    def _grid(self) -> tuple[float, ...]:
        return self._constants(_GRID)

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """y and x in metres of the projection: scanning angle times the height of the satellite above the ground."""
        if not self._grid:
            return ()
        cfac, coff, lfac, loff, distance, radius = self._grid[:6]
        lines = []
        for axis, (role, factor, offset) in enumerate((("y", lfac, loff), ("x", cfac, coff))):
            angle = np.radians((np.arange(self.dataset.shape[axis]) + 1 - offset) * _STEP / factor)
            values = angle * (distance - radius)
            lines.append(Coordinate(role, "y" if role == "y" else "x", (axis,), values, "m"))
        return tuple(lines)

    def projection(self) -> Projection | None:
        """The geostationary projection that the file describes."""
        if not self._grid:
            return None
        distance, radius, polar, longitude = self._grid[4:]
        return Projection({
            "grid_mapping_name": "geostationary", "perspective_point_height": distance - radius,
            "semi_major_axis": radius, "semi_minor_axis": polar, "sweep_angle_axis": "y",
            "longitude_of_projection_origin": float(np.degrees(longitude)),
        })  # fmt: skip
