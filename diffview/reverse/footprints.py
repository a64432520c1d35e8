"""What one observation sees of a field: the weights that its operator's adjoint gives it, and how wide they are."""

import numpy as np
from numpy.typing import NDArray

from diffview.reverse.operators import Observed

Array = NDArray[np.float64]


def weights_of_one(seen: Observed, shape: tuple[int, int]) -> Array:
    """A^T e [ny, nx], e being 1 at one observation and 0 at all others: the row of A that gives its value.

    It is the observation nearest to the middle of what the instrument sees.
    """
    there = np.argwhere(~np.isnan(seen.values))
    middle = (np.array(seen.values.shape) - 1) / 2
    one = np.zeros(seen.values.shape)
    one[tuple(there[np.square(there - middle).sum(axis=1).argmin()])] = 1.0
    return np.broadcast_to(np.asarray(seen.operator.adjoint(one), dtype=np.float64), shape)


def widths(weights: Array) -> tuple[float, float]:
    """Full width at half maximum of weights [ny, nx], (down, across), in pixels.

    Of their sums along the other side; 0 is next to the field's edge. Between the middles of pixels the sums fall as a
    Gaussian does, whose width is found exactly, or in a straight line to 0: a block of n equal weights is n wide.
    """
    down, across = (_width(np.abs(weights).sum(axis=axis)) for axis in (1, 0))
    return down, across


def _width(profile: Array) -> float:
    """From the first to the last crossing of half of the largest value."""
    around = np.concatenate([[0.0], profile, [0.0]])
    peak = _peak(around)
    inside = np.flatnonzero(around >= min(peak / 2, around.max()))  # of a narrow one, no pixel may have half of it
    first, last = inside[0], inside[-1]
    ends = _crossing(peak, around[first], around[first - 1]), _crossing(peak, around[last], around[last + 1])
    return float(last - first + sum(ends))


def _peak(around: Array) -> float:
    """The largest value, also where it lies between pixels: of the Gaussian through the largest three."""
    at = int(around.argmax())
    near = around[at - 1 : at + 2]
    if near.min() > 0:
        before, middle, after = np.log(near)
        if (bend := before - 2 * middle + after) < 0:
            return float(np.exp(middle - (before - after) ** 2 / (8 * bend)))
    return float(near.max())


def _crossing(peak: float, inside: float, outside: float) -> float:
    """How far beyond the middle of the pixel inside the sums are half of the peak, in pixels."""
    if outside <= 0:
        return (inside - peak / 2) / inside
    near, half, far = np.sqrt(np.log(peak / np.array([inside, peak / 2, outside])))
    return float((half - near) / (far - near))
