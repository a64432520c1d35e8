"""Quantiles far out in the tail, and how sure they are: whole fields are drawn again, as pixels hang together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LEVELS = (0.5, 0.9, 0.99, 0.999)
DRAWS = 200
CONFIDENCE = 0.9


class Tail(NamedTuple):
    """Quantiles of all pixels.

    Attributes:
        levels: 0 to 1.
        values: in units of the fields; NaN where there is no pixel.
        low, high: between which lie CONFIDENCE of the values when the fields are drawn again; NaN of a single field.
        fields: how many have a pixel at all.
    """

    levels: tuple[float, ...]
    values: Array
    low: Array
    high: Array
    fields: int


def tail(fields: NDArray[np.floating], levels: Sequence[float] = LEVELS, draws: int = DRAWS, seed: int = 0) -> Tail:
    """The quantiles of fields [n, ...] with what a bootstrap over fields makes of them; missing pixels are left out.

    A quantile is the least value below or at which lies that share of the pixels.
    """
    parts = (np.asarray(field, dtype=np.float64)[~np.isnan(field)] for field in fields)
    kept = [part for part in parts if part.size]
    values = np.concatenate(kept) if kept else np.empty(0)
    nothing = np.full(len(levels), np.nan)
    if not values.size:
        return Tail(tuple(levels), nothing, nothing, nothing, len(kept))
    order = np.argsort(values, kind="stable")
    values, owner = values[order], np.repeat(np.arange(len(kept)), [part.size for part in kept])[order]

    def weighted(weights: NDArray[np.intp]) -> Array:
        below = np.cumsum(weights[owner])
        at = np.searchsorted(below, np.asarray(levels) * below[-1] * (1 - 1e-12))
        return np.asarray(values[np.minimum(at, len(values) - 1)])

    found = weighted(np.ones(len(kept), np.intp))
    if len(kept) < 2:
        return Tail(tuple(levels), found, nothing, nothing, len(kept))
    rng = np.random.default_rng(seed)
    drawn = [np.bincount(rng.integers(0, len(kept), len(kept)), minlength=len(kept)) for _ in range(draws)]
    again = np.array([weighted(weights) for weights in drawn])
    low, high = np.quantile(again, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return Tail(tuple(levels), found, low, high, len(kept))
