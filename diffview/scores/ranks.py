"""Where the truth stands among the members, whether a perfect ensemble stands so, and spread over skill beside it.

The pixels of a field are not independent, so that chi-square from a table rejects perfect ensembles. What is certain
is that truth and members of a perfect ensemble can be exchanged: each member takes the place of the truth once, the
truth that of the member, and what comes of it is what the number may be by chance.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

CHANCE = 0.9
"""Share of the exchanges that lie within a band."""

AT_ONCE = 2**22
"""Values that are sorted together."""


class Ranks(NamedTuple):
    """How often the truth is above 0, 1, ... M of the members.

    Attributes:
        shares: of the points, [M + 1]; flat for a perfect ensemble; NaN where no point has all values.
        low, high: between which lie CHANCE of the shares when a member takes the place of the truth, [M + 1].
        chi_square: N (M + 1) sum (share - 1/(M + 1))^2 over N points.
        p: share of all M + 1 exchanges, none among them, whose chi-square is at least as large: small where the ranks
            are less flat than those of a perfect ensemble.
    """

    shares: Array
    low: Array
    high: Array
    chi_square: float
    p: float


def ranks(members: ArrayLike, truth: ArrayLike, seed: int = 0) -> Ranks:
    """The ranks of a truth [...] among members [M, ...]; ties are broken at random, by the seed.

    Points with missing values are left out.
    """
    pool = pooled(members, truth)
    size, points = pool.shape
    if not points:
        nothing = np.full(size, np.nan)
        return Ranks(nothing, nothing, nothing, float("nan"), float("nan"))
    rng, counts = np.random.default_rng(seed), np.zeros((size, size))
    for first in range(0, points, step := max(1, AT_ONCE // size)):
        part = pool[:, first : first + step]
        order = np.lexsort((rng.random(part.shape), part), axis=0)
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(size)[:, None], axis=0)
        counts += np.bincount((place + size * np.arange(size)[:, None]).ravel(), minlength=size**2).reshape(size, size)
    chi_square = size / points * ((counts - points / size) ** 2).sum(axis=1)
    low, high = np.quantile(counts[1:] / points, [(1 - CHANCE) / 2, (1 + CHANCE) / 2], axis=0)
    p = float(np.mean(chi_square >= chi_square[0] * (1 - 1e-12)))
    return Ranks(counts[0] / points, low, high, float(chi_square[0]), p)


def pooled(members: ArrayLike, truth: ArrayLike) -> Array:
    """The truth and the members at the points where none is missing, [M + 1, points]."""
    x, y = np.asarray(members, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    known = ~(np.isnan(x).any(axis=0) | np.isnan(y))
    return np.concatenate([y[known][None], x[:, known]])


def coverage(shares: ArrayLike, levels: Sequence[float] = (0.5, 0.9)) -> Array:
    """How often the truth lies in the central interval of each level, of the shares of its ranks, 0 to 1.

    Rank r of M + 1 is the probability [r, r + 1]/(M + 1), and counts by what of it lies in [(1 - p)/2, (1 + p)/2]: for
    a perfect ensemble the expectation is p for any number of members, and ties count as they should.
    """
    share = np.asarray(shares, dtype=np.float64)
    edges = np.arange(len(share) + 1) / len(share)
    found = []
    for level in levels:
        low, high = (1 - level) / 2, (1 + level) / 2
        inside = np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0, None) * len(share)
        found.append(float((inside * share).sum()))
    return np.array(found)


class Dispersion(NamedTuple):
    """Spread over skill, and what it is by chance.

    Attributes:
        spread: sqrt((M + 1)/M) sqrt(mean variance with M - 1), in units of the members.
        skill: RMSE of the mean of the members, in their units.
        ratio: spread over skill: 1 for a perfect ensemble of any size.
        low, high: between which lie CHANCE of the ratios when a member takes the place of the truth: how far from 1 a
            perfect ensemble may be by chance, for so few fields.
    """

    spread: float
    skill: float
    ratio: float
    low: float
    high: float


def dispersion(members: ArrayLike, truth: ArrayLike) -> Dispersion:
    """Spread and skill of members [M, ...], M at least 2, over all points where nothing is missing.

    With z the values less their mean over truth and members, A = mean sum z^2 and B = mean z_i^2 of whichever stands
    for the truth: skill^2 = B (1 + 1/M)^2, variance = (A - B (1 + 1/M))/(M - 1).
    """
    pool = pooled(members, truth)
    count = len(pool) - 1
    if count < 2:
        raise ValueError("one member has no spread")
    if not pool.shape[1]:
        return Dispersion(*[float("nan")] * 5)
    square = ((pool - pool.mean(axis=0)) ** 2).mean(axis=1)
    skill = np.sqrt(square) * (1 + 1 / count)
    variance = np.maximum((square.sum() - square * (1 + 1 / count)) / (count - 1), 0)
    spread = np.sqrt((count + 1) / count * variance)
    ratio = np.divide(spread, skill, out=np.full(count + 1, np.nan), where=skill > 0)
    low, high = (
        np.nanquantile(ratio[1:], [(1 - CHANCE) / 2, (1 + CHANCE) / 2]) if (skill[1:] > 0).any() else [np.nan] * 2
    )
    return Dispersion(float(spread[0]), float(skill[0]), float(ratio[0]), float(low), float(high))
