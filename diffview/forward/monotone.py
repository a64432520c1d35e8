"""The monotone cubic through points (PCHIP): it overshoots nowhere, so that a falling schedule stays falling.

Written out for the few knots of a curve under the hand: scipy's takes a second to import, in the window's thread at the
first pull, and a quarter of a millisecond at each. The numbers are the same to the bit.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def pchip(x: Sequence[float], y: Sequence[float]) -> Array:
    """The cubics between points, highest power of x - x_k first, float64 [4, n - 1]; x rises, two points at least.

    Source: Fritsch & Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984); ends by Moler, Numerical Computing with
    MATLAB (2004), section 3.6.
    """
    widths = [b - a for a, b in pairwise(x)]
    slopes = [(b - a) / h for (a, b), h in zip(pairwise(y), widths, strict=True)]
    tangents = _tangents(widths, slopes)
    rows = []
    for h, m, (left, right), start in zip(widths, slopes, pairwise(tangents), y[:-1], strict=True):
        bend = (left + right - 2 * m) / h
        rows.append((bend / h, (m - left) / h - bend, left, start))
    return np.array(rows).T


def _tangents(h: list[float], m: list[float]) -> list[float]:
    """The slope at every point: the weighted harmonic mean of those on either side, 0 where they disagree in sign."""
    if len(h) == 1:
        return [m[0], m[0]]
    inner = []
    for (h0, h1), (m0, m1) in zip(pairwise(h), pairwise(m), strict=True):
        w0, w1 = 2 * h1 + h0, h1 + 2 * h0
        inner.append(1.0 / ((w0 / m0 + w1 / m1) / (w0 + w1)) if m0 and m1 and (m0 > 0) == (m1 > 0) else 0.0)
    return [_end(h[0], h[1], m[0], m[1]), *inner, _end(h[-1], h[-2], m[-1], m[-2])]


def _end(h0: float, h1: float, m0: float, m1: float) -> float:
    """The slope at an end by three points, kept from turning back."""
    slope = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
    if np.sign(slope) != np.sign(m0):
        return 0.0
    return 3.0 * m0 if np.sign(m0) != np.sign(m1) and abs(slope) > 3.0 * abs(m0) else slope
