"""CF/Radial radar sweeps: CF values, rays along time, with azimuth and range."""

import h5py
import numpy as np

from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site
from diffview.readers.attributes import text_attribute
from diffview.readers.base import Coordinate
from diffview.readers.cf import CFVariable
from diffview.readers.opening import H5PY_ERRORS, find_nearby, member
from diffview.readers.packing import packing_of
from diffview.readers.polar import site_of, sweep_coordinates

STEEPEST = 85.0  # degrees of elevation of a sweep; above it the beam points to the zenith and rays are times
MOST_SPREAD = 2.0  # degrees of elevation within one sweep around the vertical; more is a cut through height


def claims(file: h5py.File) -> bool:
    """Files whose Conventions say so."""
    words = f"{text_attribute(file, 'Conventions')} {text_attribute(file, 'Sub_conventions')}".lower()
    return "cf/radial" in words or "cf-radial" in words or "cfradial" in words


def variable(dataset: h5py.Dataset) -> CFVariable:
    """The dataset with its rays."""
    return RadialVariable(dataset)


class RadialVariable(CFVariable):
    """An array over rays and gates if there are azimuths that turn, else a plain CF variable."""

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """Azimuth and range of a sweep around the vertical."""
        axes = (self.dataset.ndim - 2, self.dataset.ndim - 1)
        lines = [self._line(name, axis) for name, axis in (("azimuth", axes[0]), ("range", axes[1]))]
        elevation = self._line("elevation", axes[0])
        if lines[0] is None or lines[1] is None or self.dims[-1] != "range":
            return super().axis_coordinates()
        if elevation is not None and (np.ptp(elevation) > MOST_SPREAD or np.median(elevation) > STEEPEST):
            return super().axis_coordinates()
        return sweep_coordinates(axes, lines[0], lines[1])

    def projection(self) -> Projection | Site | None:
        """The site of the radar of a sweep; None of a moving radar, which has no single site."""
        lines = {c.role for c in self.axis_coordinates()}
        elevation = self._line("elevation", self.dataset.ndim - 2)
        if "azimuth" not in lines or elevation is None:
            return super().projection()
        latitude, longitude, height = map(self._number, ("latitude", "longitude", "altitude"))
        return site_of(latitude, longitude, height, float(np.median(elevation)))

    def _number(self, name: str) -> float:
        """A dataset of one value beside this one or above it, as CfRadial 2 has it; NaN if there is none."""
        dataset = find_nearby(self.dataset, name)
        if dataset is None or dataset.size != 1 or dataset.dtype.kind not in "iuf":
            return float("nan")
        return float(packing_of(dataset).decode(dataset[...].reshape(1)).values[0])

    def _line(self, name: str, axis: int) -> np.ndarray | None:
        """A 1-D dataset beside this one, decoded, if it is as long as an axis."""
        if axis < 0:
            return None
        dataset, _ = member(self.dataset.parent, name) if name in self.dataset.parent else (None, "")
        if not isinstance(dataset, h5py.Dataset) or dataset.shape != (self.dataset.shape[axis],):
            return None
        try:
            values = packing_of(dataset).decode(dataset[...]).values
        except H5PY_ERRORS:
            return None
        return values if np.isfinite(values).all() else None
