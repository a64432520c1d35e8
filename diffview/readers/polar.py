"""What radar sweeps share, whatever file they come in."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.readers.base import Coordinate


def sweep_coordinates(
    axes: tuple[int, int], azimuth: NDArray[np.floating[Any]], ranges: NDArray[np.floating[Any]]
) -> tuple[Coordinate, ...]:
    """Azimuth of every ray in degrees clockwise from north, range of every gate in m, both of their middle."""
    return (
        Coordinate("azimuth", "azimuth", axes[:1], azimuth, "degrees"),
        Coordinate("range", "range", axes[1:], ranges, "m"),
    )
