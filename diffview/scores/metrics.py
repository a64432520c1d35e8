"""Scores of generated fields and of ensembles, as plain functions of arrays.

Samples are fields [n, ny, nx], ensembles [members, ...]. Missing values (NaN) are left out everywhere; sums run in
float64. What a score is worth shows only beside the same score of real fields: `diffview.scores.verify` gives both.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.forward.spectra import MOST_MISSING, power, rings
from diffview.runs.statistics import pair_distances

Array = NDArray[np.float64]

QUANTILES = (0.5, 0.9, 0.99, 0.999)


# -- samples


def spectra(fields: NDArray[np.floating], pixel_km: tuple[float, float] | None = None) -> Array:
    """P(k) = ring mean of |FFT2|^2 / N_pixels of every field, k = 1, 2, ... cycles per longest side, [n, n_k].

    In the square of the units of `fields`; white noise of standard deviation s has P = s^2. See
    forward.spectra for the window. NaN for fields of which more than 20 % are missing.
    """
    grid = rings(fields.shape[1], fields.shape[2], pixel_km)
    powers = np.full((len(fields), len(grid.k)), np.nan)
    for row, field in zip(powers, fields, strict=True):
        if np.isnan(field).mean() <= MOST_MISSING:
            row[:] = power(field.astype(np.float32, copy=False), grid)
    return powers


def mean_spectrum(fields: NDArray[np.floating], pixel_km: tuple[float, float] | None = None) -> Array:
    """Mean of the `spectra` of n fields, [n_k]; NaN where there is none."""
    return mean_of(spectra(fields, pixel_km))


def mean_of(powers: Array) -> Array:
    """Mean of spectra [n, n_k] without those that are NaN, [n_k]; NaN where none is left."""
    kept = powers[~np.isnan(powers[:, 0])]
    return np.asarray(kept.mean(axis=0)) if len(kept) else np.full(powers.shape[1], np.nan)


def log_spectral_distance(p: ArrayLike, q: ArrayLike) -> float:
    """10 sqrt(mean_k (log10 P(k)/Q(k))^2) in dB: 10 dB is a factor of ten at every k. Symmetric.

    Rings where one of both has no power or is NaN are left out; NaN where none is left.
    """
    a, b = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    good = (a > 0) & (b > 0) & np.isfinite(a) & np.isfinite(b)
    return float(10 * np.sqrt(np.mean(np.log10(a[good] / b[good]) ** 2))) if good.any() else float("nan")


def quantiles(fields: NDArray[np.floating], levels: Sequence[float] = QUANTILES) -> Array:
    """Quantiles of all pixels of all fields, in the units of `fields`; NaN where there are none."""
    known = fields[~np.isnan(fields)]
    return np.asarray(np.quantile(known, levels), dtype=np.float64) if known.size else np.full(len(levels), np.nan)


def relative_errors(values: ArrayLike, reference: ArrayLike) -> Array:
    """(value - reference)/|reference|, without units; 0 where both are 0, NaN where only the reference is."""
    a, b = np.asarray(values, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = (a - b) / np.abs(b)
    return np.where(b == 0, np.where(a == 0, 0.0, np.nan), error)


def wet_pixel_fraction(fields: NDArray[np.floating], threshold: float) -> float:
    """Share of the pixels that have data whose value is at or above the threshold, 0 to 1; NaN where there are none."""
    known = np.count_nonzero(~np.isnan(fields))
    return float(np.count_nonzero(fields >= threshold) / known) if known else float("nan")


def common_edges(samples: Sequence[NDArray[np.floating]], bins: int = 40, zero: float | None = None) -> Array:
    """Edges of `bins` bins that hold all values of all samples, in their units, [bins + 1].

    Without `zero` they lie evenly between the extremes. With it, for amounts, the first bin is the zero bin, all that
    lies below `zero`, and the others are evenly spaced in the logarithm from there to the maximum.
    """
    low = min(float(np.nanmin(x)) for x in samples)
    high = max(float(np.nanmax(x)) for x in samples)
    if zero is None:
        return np.linspace(low, high if high > low else low + 1.0, bins + 1)
    edges = np.geomspace(zero, max(high, 2 * zero), bins)
    return np.concatenate([[-np.inf], edges[:1], edges[1:-1], [max(float(edges[-1]), high)]])


def histogram(fields: NDArray[np.floating], edges: ArrayLike) -> Array:
    """Share of the pixels in every bin, 0 to 1, [bins]; a bin is [edge, next), the last one closed."""
    known = fields[~np.isnan(fields)]
    counts, _ = np.histogram(known, np.asarray(edges, dtype=np.float64))
    return counts / known.size if known.size else np.full(len(counts), np.nan)


def histogram_difference(p: ArrayLike, q: ArrayLike) -> float:
    """Sum |p - q| / 2 of two histograms of shares on common edges: the share of pixels to move, 0 to 1."""
    return float(np.abs(np.asarray(p) - np.asarray(q)).sum() / 2)


# -- ensembles


def crps(members: NDArray[np.floating], truth: ArrayLike, fair: bool = True) -> Array:
    """Continuous ranked probability score of every point, in units of the truth, [...] of members [M, ...].

        mean_i |x_i - y| - c sum_ij |x_i - x_j|,   c = 1/(2 M (M - 1)) if fair, else 1/(2 M^2)

    Fair: its expectation does not depend on M. O(M log M): sum_ij |x_i - x_j| is twice `pair_distances` of the sorted
    members. One member has no spread: the absolute error. NaN where the truth or a member is missing.
    """
    x = np.sort(np.asarray(members, dtype=np.float64), axis=0)
    count = len(x)
    error = np.abs(x - np.asarray(truth, dtype=np.float64)).mean(axis=0)
    if count == 1:
        return np.asarray(error)
    return np.asarray(error - pair_distances(x) / (count * (count - 1 if fair else count)))


def rank_histogram(members: NDArray[np.floating], truth: ArrayLike, ties: ArrayLike) -> Array:
    """Share of the points at which the truth is above 0, 1, ... M of the members [M, ...], [M + 1]; flat if it is one.

    Where it equals e members it takes one of the e + 1 ranks, by `ties` in [0, 1) of the shape of the truth. Points
    with missing values are left out; NaN where none is left.
    """
    x, y = np.asarray(members, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    known = ~(np.isnan(x).any(axis=0) | np.isnan(y))
    if not known.any():
        return np.full(len(x) + 1, np.nan)
    rank = (x < y).sum(axis=0) + np.floor(np.asarray(ties) * ((x == y).sum(axis=0) + 1)).astype(np.intp)
    return np.bincount(rank[known], minlength=len(x) + 1) / np.count_nonzero(known)


class SpreadSkill(NamedTuple):
    """Spread and skill of ensembles, in their units, and spread over skill: 1 for a perfect ensemble of any size."""

    spread: float
    skill: float
    ratio: float


def spread_skill(members: NDArray[np.floating], truth: ArrayLike) -> SpreadSkill:
    """Spread sqrt((M + 1)/M) sqrt(mean var), var with M - 1; skill the RMSE of the mean of members [M, ...].

    The factor is for the error of a mean of M members. Means are over all points without missing values; at least
    two members.
    """
    x = np.asarray(members, dtype=np.float64)
    count = len(x)
    if count < 2:
        raise ValueError("one member has no spread")
    square = (x.mean(axis=0) - np.asarray(truth, dtype=np.float64)) ** 2
    known = ~np.isnan(square)
    if not known.any():
        return SpreadSkill(*[float("nan")] * 3)
    spread = float(np.sqrt((count + 1) / count * x.var(axis=0, ddof=1)[known].mean()))
    skill = float(np.sqrt(square[known].mean()))
    return SpreadSkill(spread, skill, spread / skill if skill else float("nan"))
