"""ODIM_H5 radar files of EUMETNET OPERA: composites on a projection and polar sweeps.

Data are value = raw * gain + offset. `nodata` was never measured and is missing; `undetect` was measured without an
echo: zero rain, the floor of a reflectivity, and missing for quantities that only an echo has (a velocity).
[EUMETNET OPERA weather radar information model for implementation with the HDF5 file format, versions 2.0 to 2.4]
"""

import posixpath
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.fields.earth_map import Projection, projected
from diffview.fields.radar import Site
from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import Coordinate, Decoded
from diffview.readers.cf import CFVariable
from diffview.readers.opening import group_in
from diffview.readers.packing import Packing, as_packed, native, packed_type
from diffview.readers.polar import site_of, sweep_coordinates

FLOOR_DBZ = -32.0  # of no echo, where the code of undetect itself decodes to no reflectivity
_PLAUSIBLE_FLOOR = (-100.0, 0.0)  # dBZ

_UNITS = {
    "dBZ": ("TH", "TV", "DBZH", "DBZV", "DBZ", "DBZHC", "DBZVC", "CCORH", "CCORV"),
    "dB": ("ZDR", "LDR", "SNR", "SNRH", "SNRV", "SNRHC", "SNRVC", "CCOR"),
    "mm/h": ("RATE",),
    "mm": ("ACRR",),
    "kg/m2": ("VIL",),
    "km": ("HGHT",),
    "degrees": ("PHIDP", "UPHIDP"),
    "degrees/km": ("KDP",),
    "m/s": ("VRAD", "VRADH", "VRADV", "VRADDH", "WRAD", "WRADH", "WRADV", "UWND", "VWND", "WSP", "UWIND"),
    "1": ("RHOHV", "SQI", "SQIH", "SQIV", "QIND", "POR", "PMI"),
}
UNITS_OF = {quantity: units for units, quantities in _UNITS.items() for quantity in quantities}
NO_ECHO_IS_ZERO = ("mm/h", "mm", "kg/m2")  # units of amounts of rain


def claims(file: h5py.File) -> bool:
    """Files with Conventions of ODIM at the root, or with a version in `what`."""
    if text_attribute(file, "Conventions").startswith("ODIM"):
        return True
    what = group_in(file["/"], "what")
    return what is not None and text_attribute(what, "version").startswith("H5rad")


def variable(dataset: h5py.Dataset) -> CFVariable:
    """Arrays named "data" by ODIM; the rest (legends, lists of rays) as plain numbers."""
    own = posixpath.basename(dataset.name or "") == "data" and len(dataset.shape or ()) > 1
    return OdimVariable(dataset) if own else CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class OdimVariable(CFVariable):
    """One array of a composite or of a sweep."""

    PLACED_BY_AXES = True

    @cached_property
    def _levels(self) -> list[h5py.Group]:
        """The group of the array and those above it, nearest first; a quality field inherits no quantity or gain."""
        group = self.dataset.parent
        levels = [group]
        while group.name != "/":
            group = group.parent
            levels.append(group)
        return levels

    def _numbers(self, group: str, name: str, inherited: bool = True) -> tuple[Any, ...]:
        """A numeric attribute of `what`, `where` or `how`, the nearest one found."""
        for level in self._levels if inherited else self._levels[:1]:
            owner = group_in(level, group)
            values = number_attributes(owner, name) if owner is not None else ()
            if values:
                return values
        return ()

    def _number(self, group: str, name: str, default: float, inherited: bool = True) -> float:
        values = self._numbers(group, name, inherited)
        return float(values[0]) if len(values) == 1 and np.isfinite(values[0]) else default

    @property
    def _is_quality(self) -> bool:
        return str(posixpath.basename(self.dataset.parent.name)).startswith("quality")

    @cached_property
    def quantity(self) -> str:
        """DBZH, RATE ..., "" if the file names none."""
        for level in self._levels[:1] if self._is_quality else self._levels:
            what = group_in(level, "what")
            if what is not None and text_attribute(what, "quantity"):
                return text_attribute(what, "quantity")
        return ""

    @property
    def name(self) -> str:
        """The quantity."""
        return self.quantity or ("quality" if self._is_quality else super().name)

    @property
    def units(self) -> str:
        """Units that ODIM prescribes for the quantity; "" of an unknown one."""
        return UNITS_OF.get(self.quantity, "")

    @cached_property
    def _is_polar(self) -> bool:
        return bool(self._numbers("where", "nbins")) and self._number("where", "rscale", 0.0) > 0

    @property
    def dims(self) -> tuple[str, ...]:
        """(azimuth, range) of a sweep, (y, x) of a composite."""
        last = ("azimuth", "range") if self._is_polar else ("y", "x")
        return (*(f"dim_{axis}" for axis in range(self.dataset.ndim - len(last))), *last)

    @cached_property
    def _codes(self) -> tuple[Any, Any]:
        """(nodata, undetect) in the packed type, None where not given."""
        dtype = packed_type(self.dataset)
        inherited = not self._is_quality
        numbers = [self._numbers("what", name, inherited)[:1] for name in ("nodata", "undetect")]
        nodata, undetect = (as_packed(values[0], dtype) if values else None for values in numbers)
        return nodata, undetect

    @cached_property
    def packing(self) -> Packing:
        """raw * gain + offset; a quality field inherits no gain."""
        gain, offset = (
            np.float64(self._number("what", name, default, not self._is_quality))
            for name, default in (("gain", 1.0), ("offset", 0.0))
        )
        nodata = self._codes[0]
        return Packing(packed_type(self.dataset), () if nodata is None else (nodata,), gain, offset)

    @cached_property
    def no_echo(self) -> float:
        """The physical value of no echo, NaN for quantities that only an echo has."""
        if self.units in NO_ECHO_IS_ZERO:
            return 0.0
        if self.units != "dBZ" or self._codes[1] is None:
            return float("nan")
        low, high = _PLAUSIBLE_FLOOR
        floor = float(self._codes[1] * self.packing.scale + self.packing.offset)
        return floor if low <= floor <= high else FLOOR_DBZ

    @property
    def remarks(self) -> tuple[str, ...]:
        """How no echo is shown, and the elevation of a sweep."""
        nodata, undetect = self._codes
        notes = []
        if self._is_polar and self._numbers("where", "elangle"):
            notes.append(f"The elevation of this sweep is {self._number('where', 'elangle', 0.0):.4g} degrees.")
        if undetect is not None:
            shown = "as missing" if np.isnan(self.no_echo) else f"as {self.no_echo:g} {self.units}"
            both = " (the file has one code for no echo and no data)" if nodata == undetect else ""
            notes.append(f"No echo is shown {shown}{both}.")
        return tuple(notes)

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...]) -> Decoded:
        """raw * gain + offset; NaN for no data, `no_echo` for no echo."""
        decoded, undetect = super().decode(raw, part), self._codes[1]
        if undetect is not None:
            decoded.values[native(raw, self.packing.dtype) == undetect] = self.no_echo
        return decoded

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """Azimuth and range of a sweep; metres from the lower left corner of a composite."""
        ny, nx = self.dataset.shape[-2:]
        axes = (self.dataset.ndim - 2, self.dataset.ndim - 1)
        if self._is_polar:
            first = self._number("where", "rstart", 0.0) * 1000.0  # km
            ranges = first + (np.arange(nx) + 0.5) * self._number("where", "rscale", 0.0)
            return sweep_coordinates(axes, self._azimuths(ny), ranges)
        height, width = (self._number("where", name, float("nan")) for name in ("yscale", "xscale"))
        if not (height > 0 and width > 0):
            return ()
        y = (ny - 0.5 - np.arange(ny)) * height
        x = (np.arange(nx) + 0.5) * width
        return Coordinate("y", "y", axes[:1], y, "m"), Coordinate("x", "x", axes[1:], x, "m")

    def _azimuths(self, count: int) -> NDArray[np.float64]:
        """The middle of every ray in degrees clockwise from north."""
        start, stop = (np.array(self._numbers("how", name), np.float64) for name in ("startazA", "stopazA"))
        if start.shape == stop.shape == (count,):
            return np.asarray((start + (stop - start) % 360.0 / 2.0) % 360.0)
        step = 360.0 / count
        return np.asarray((self._number("how", "astart", 0.0) + (np.arange(count) + 0.5) * step) % 360.0)

    def projection(self) -> Projection | Site | None:
        """The projection of a composite with the position of its lower left corner in it; the site of a sweep."""
        if self._is_polar:
            numbers = (self._number("where", name, np.nan) for name in ("lat", "lon", "height", "elangle"))
            return site_of(*numbers)
        where = next(filter(None, (group_in(level, "where") for level in self._levels)), None)
        text = text_attribute(where, "projdef") if where is not None else ""
        corner = self._number("where", "LL_lat", float("nan")), self._number("where", "LL_lon", float("nan"))
        if not text or not np.isfinite(corner).all():
            return None
        return Projection(text, origin=projected(text, *corner))
