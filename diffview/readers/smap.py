"""SMAP level 3 and 4 on the global EASE-Grid 2.0: latitude and longitude follow from row and column.

The files store both as 2-D arrays that are missing wherever the satellite did not look; the grid has no holes.
[Brodzik et al. 2012, EASE-Grid 2.0, ISPRS Int. J. Geo-Inf. 1, 32; Snyder 1987, equations 3-12, 3-18 and 10-15]
"""

import itertools

import h5py
import numpy as np

from diffview.readers.base import Coordinate
from diffview.readers.cf import CFVariable

# (rows, columns): side of a pixel in m on the projection, true at 30 degrees
_GRIDS = {(406, 964): 36032.220840584, (1624, 3856): 9008.055210146, (4872, 11568): 3002.6850700487}
_MEMBERS = 100  # of the root that are searched
_A, _F = 6378137.0, 1 / 298.257223563  # WGS 84


def claims(file: h5py.File) -> bool:
    """Files with groups of soil moisture or freeze and thaw at the root."""
    names = itertools.islice(file, _MEMBERS)
    return any(name.startswith(("Soil_Moisture_Retrieval_Data", "Freeze_Thaw_Retrieval_Data")) for name in names)


def variable(dataset: h5py.Dataset) -> CFVariable:
    """The dataset on the grid."""
    on_grid = dataset.shape is not None and tuple(dataset.shape[:2]) in _GRIDS
    return SmapVariable(dataset) if on_grid else CFVariable(dataset)


def ease2_latitude(rows: int, side: float) -> np.ndarray:
    """Latitude of the middle of every row in degrees, north first."""
    e2 = _F * (2 - _F)
    e = np.sqrt(e2)
    sine = np.sin(np.radians(30.0))
    k0 = np.cos(np.radians(30.0)) / np.sqrt(1 - e2 * sine**2)
    q_pole = 1 - (1 - e2) / (2 * e) * np.log((1 - e) / (1 + e))
    y = ((rows - 1) / 2 - np.arange(rows)) * side
    beta = np.arcsin(2 * y * k0 / (_A * q_pole))
    series = (
        (e2 / 3 + 31 * e2**2 / 180 + 517 * e2**3 / 5040) * np.sin(2 * beta)
        + (23 * e2**2 / 360 + 251 * e2**3 / 3780) * np.sin(4 * beta)
        + 761 * e2**3 / 45360 * np.sin(6 * beta)
    )
    return np.asarray(np.degrees(beta + series))


class SmapVariable(CFVariable):
    """An array over the whole grid, rows first."""

    PLACED_BY_AXES = True

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """Latitude of every row and longitude of every column."""
        rows, columns = self.dataset.shape[:2]
        longitude = (np.arange(columns) + 0.5) * 360.0 / columns - 180.0
        latitude = ease2_latitude(rows, _GRIDS[rows, columns])
        return (
            Coordinate("latitude", "latitude", (0,), latitude, "degrees_north"),
            Coordinate("longitude", "longitude", (1,), longitude, "degrees_east"),
        )
