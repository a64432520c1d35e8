"""Coordinates and site of radar sweeps, common to all their files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.radar import Site
from diffview.readers.base import Coordinate


def sweep_coordinates(
    axes: tuple[int, int], azimuth: NDArray[np.floating[Any]], ranges: NDArray[np.floating[Any]]
) -> tuple[Coordinate, ...]:
    """Azimuth of every ray in degrees clockwise from north, range of every gate in m, both of their middle."""
    return (
        Coordinate("azimuth", "azimuth", axes[:1], azimuth, "degrees"),
        Coordinate("range", "range", axes[1:], ranges, "m"),
    )


def site_of(latitude: float, longitude: float, height: float, elevation: float) -> Site | None:
    """The site of a sweep, at the height of the sea if no height is given; None if another of these is not known."""
    if not np.isfinite((latitude, longitude, elevation)).all() or abs(latitude) > 90:  # degrees
        return None
    return Site(latitude, longitude, height if np.isfinite(height) else 0.0, elevation)
