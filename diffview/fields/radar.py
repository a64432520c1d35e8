"""Where the gates of a radar sweep lie: a beam that rises and is bent by the air, above a round Earth.

A beam at the elevation e, from a radar at the height h, is a straight line over an Earth of the effective radius
k R, k = 4/3 [Doviak & Zrnic 1993, eq. 2.28]. Its slant range r stands above the distance along the ground

    d(r) = k R atan2(r cos e, k R + h + r sin e)

and the gate lies at that distance from the radar along the geodesic that leaves at the azimuth of the ray.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

EFFECTIVE_RADIUS = 4.0 / 3.0 * 6371e3
"""k R in m: the bending of a beam in a standard atmosphere."""


@dataclass(frozen=True)
class Site:
    """Where a radar stands, and how steeply one of its sweeps rises.

    Attributes:
        latitude, longitude: degrees.
        height: of the antenna, m above the sea.
        elevation: of the sweep, degrees.
    """

    latitude: float
    longitude: float
    height: float = 0.0
    elevation: float = 0.0

    def ground(self, ranges: Floats) -> NDArray[np.float64]:
        """Distance along the ground in m below slant ranges in m."""
        e, r = np.radians(self.elevation), np.asarray(ranges, np.float64)
        distance = EFFECTIVE_RADIUS * np.arctan2(r * np.cos(e), EFFECTIVE_RADIUS + self.height + r * np.sin(e))
        return np.asarray(distance)

    def geographic(self, azimuth: Floats, ranges: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(latitude, longitude) in degrees of every gate, [rays, gates], on the ellipsoid WGS84."""
        from pyproj import Geod

        shape = len(azimuth), len(ranges)
        turned = np.broadcast_to(np.asarray(azimuth, np.float64)[:, None], shape)
        far = np.broadcast_to(self.ground(ranges), shape)
        lon, lat = np.full(shape, self.longitude), np.full(shape, self.latitude)
        longitude, latitude, _ = Geod(ellps="WGS84").fwd(lon, lat, turned, far)
        return np.asarray(latitude), np.asarray(longitude)

    def polar(self, latitude: Floats, longitude: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(azimuth in degrees from 0 to 360, distance along the ground in m) of places; NaN stays NaN."""
        from pyproj import Geod

        latitude, longitude = (np.asarray(v, np.float64) for v in (latitude, longitude))
        known = np.isfinite(latitude) & np.isfinite(longitude)
        lat, lon = (np.where(known, v, 0.0) for v in (latitude, longitude))
        here_lon, here_lat = np.full(lat.shape, self.longitude), np.full(lat.shape, self.latitude)
        azimuth, _, distance = Geod(ellps="WGS84").inv(here_lon, here_lat, lon, lat)
        return np.where(known, np.asarray(azimuth) % 360.0, np.nan), np.where(known, distance, np.nan)
