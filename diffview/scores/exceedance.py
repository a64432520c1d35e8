"""Ensembles as forecasts of an event, that a value lies above a threshold: reliability, and skill by neighbourhood."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Fields = NDArray[np.floating]

BINS = 10
"""Bins of the forecast probability, where there are more members than that."""


class Reliability(NamedTuple):
    """How often an event came that was forecast with a probability.

    Attributes:
        threshold: above which the value is, in units of the field.
        forecast: mean probability in each bin; NaN in empty ones.
        observed: how often it came; NaN in empty ones. The same as `forecast`, if the ensemble is reliable.
        counts: points in each bin.
        base_rate: how often it came at all.
    """

    threshold: float
    forecast: Array
    observed: Array
    counts: NDArray[np.intp]
    base_rate: float


def reliability(members: Fields, truth: Fields, threshold: float) -> Reliability:
    """Of members [M, ...] and truth [...]: the probability is the share of members above the threshold.

    With up to 10 members every probability has a bin of its own, else there are 11 round 0, 0.1, ... 1. Points with
    missing values are left out.
    """
    known = ~(np.isnan(members).any(axis=0) | np.isnan(truth))
    above = np.count_nonzero(members > threshold, axis=0)[known]
    came = (truth > threshold)[known]
    count = len(members)
    bins = min(count, BINS)
    place = np.floor(above * bins / count + 0.5).astype(np.intp)
    counts = np.bincount(place, minlength=bins + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        forecast = np.bincount(place, above / count, bins + 1) / counts
        observed = np.bincount(place, came, bins + 1) / counts
    return Reliability(threshold, forecast, observed, counts, float(came.mean()) if came.size else float("nan"))


class Neighbourhoods(NamedTuple):
    """Fractions skill score of one threshold over the width of the neighbourhood [Roberts & Lean 2008].

    Attributes:
        threshold: above which an event is, in units of the field.
        widths: of the square neighbourhoods, pixels.
        scores: FSS = 1 - sum (p - o)^2/(sum p^2 + sum o^2); NaN where there is no event at all.
        base_rate: f, how often the event came.
        useful: 0.5 + f/2, from which on a scale has skill.
    """

    threshold: float
    widths: tuple[int, ...]
    scores: Array
    base_rate: float
    useful: float


def widths_of(shape: Sequence[int]) -> tuple[int, ...]:
    """1, 3, 7, 15, ... pixels, as many as fit into a field."""
    return tuple(2**n - 1 for n in range(1, 32) if 2**n - 1 <= min(shape[-2:]))


def fractions_skill(members: Fields, truth: Fields, threshold: float, widths: Sequence[int] = ()) -> Neighbourhoods:
    """FSS of members [M, n, ny, nx] and truth [n, ny, nx]: of the share of all members' pixels above the threshold.

    p and o are the shares of pixels above it in the square round each pixel, p of all members together; missing pixels
    and what lies beyond the edge are no part of a square.
    """
    known = ~(np.isnan(members).any(axis=0) | np.isnan(truth))
    probability = np.where(known, (members > threshold).mean(axis=0), 0.0)
    came = np.where(known, truth > threshold, 0.0)
    widths = tuple(widths) or widths_of(truth.shape)
    scores = []
    for width in widths:
        there = box_sums(known.astype(np.float64), width)
        with np.errstate(divide="ignore", invalid="ignore"):
            p, o = (box_sums(values, width)[known] / there[known] for values in (probability, came))
        size = float((p * p + o * o).sum())
        scores.append(1 - float(((p - o) ** 2).sum()) / size if size > 0 else float("nan"))
    rate = float(came[known].mean()) if known.any() else float("nan")
    return Neighbourhoods(threshold, widths, np.array(scores), rate, 0.5 + rate / 2)


def box_sums(values: Array, width: int) -> Array:
    """Sums over the square of `width` pixels (odd) round every pixel of fields [..., ny, nx]; 0 beyond the edge."""
    half = width // 2
    for axis in (-2, -1):
        size = values.shape[axis]
        total = np.concatenate([np.zeros_like(np.take(values, [0], axis)), values.cumsum(axis)], axis)
        at = np.arange(size)
        above, below = np.minimum(at + half + 1, size), np.maximum(at - half, 0)
        values = np.take(total, above, axis) - np.take(total, below, axis)
    return values
