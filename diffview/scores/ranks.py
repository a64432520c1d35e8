"""Where the truth stands among the members, whether a perfect ensemble stands so, and spread over skill beside it.

The pixels of a field are not independent, so that chi-square from a table rejects perfect ensembles. What is certain
is that truth and members of a perfect ensemble can be exchanged, in every case by itself: what comes of it is what a
number may be by chance. Of one case there are M exchanges; of several, EXCHANGES are drawn.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

CHANCE = 0.9
"""Share of the exchanges that lie within a band."""

EXCHANGES = 499
"""Exchanges that are drawn where there are several cases."""

AT_ONCE = 2**22
"""Values that are sorted together."""


class Ranks(NamedTuple):
    """How often the truth is above 0, 1, ... M of the members.

    Attributes:
        shares: of the points, [M + 1]; flat for a perfect ensemble; NaN where no point has all values.
        low, high: between which lie CHANCE of the shares when members take the place of the truth, [M + 1].
        chi_square: N (M + 1) sum (share - 1/(M + 1))^2 over N points.
        p: share of the exchanges, the ensemble as it is among them, whose chi-square is at least as large: small where
            the ranks are less flat than those of a perfect ensemble.
        least: the smallest p that so few exchanges can give.
    """

    shares: Array
    low: Array
    high: Array
    chi_square: float
    p: float
    least: float


def ranks(members: ArrayLike, truth: ArrayLike, seed: int = 0, by_case: bool = False) -> Ranks:
    """The ranks of a truth [...] among members [M, ...]; points with missing values are left out.

    Args:
        members: at least one.
        truth: of the same points.
        seed: of ties, which are broken at random, and of the exchanges.
        by_case: the first dimension of the truth is that of independent cases.
    """
    rng, size, points = np.random.default_rng(seed), len(np.asarray(members)) + 1, 0
    several = _several(truth, by_case)
    own, exchanged = np.zeros(size), np.zeros((EXCHANGES if several else size - 1, size))
    for pool in _pools(members, truth, by_case):
        counts = _counts(pool, rng)
        own, points = own + counts[0], points + pool.shape[1]
        exchanged += counts[_picks(rng, several, len(exchanged), size)]
    if not points:
        nothing = np.full(size, np.nan)
        return Ranks(nothing, nothing, nothing, *[float("nan")] * 3)

    def uneven(counts: Array) -> Array:
        return np.asarray(size / points * ((counts - points / size) ** 2).sum(axis=-1))

    low, high = np.quantile(exchanged / points, [(1 - CHANCE) / 2, (1 + CHANCE) / 2], axis=0)
    chi_square, least = float(uneven(own)), 1 / (len(exchanged) + 1)
    p = least * (1 + np.count_nonzero(uneven(exchanged) >= chi_square * (1 - 1e-12)))
    return Ranks(own / points, low, high, chi_square, float(p), least)


def _several(truth: ArrayLike, by_case: bool) -> bool:
    return by_case and len(np.asarray(truth)) > 1


def _picks(rng: np.random.Generator, several: bool, count: int, size: int) -> NDArray[np.intp]:
    """Which of a pool stands for the truth in each of `count` exchanges: drawn, or of one case each member once."""
    return rng.integers(0, size, count) if several else np.arange(size - count, size)


def _counts(pool: Array, rng: np.random.Generator) -> Array:
    """How often each of a pool [size, points] has each rank among all of it, [size, size]."""
    size, points = pool.shape
    counts = np.zeros((size, size))
    for first in range(0, points, step := max(1, AT_ONCE // size)):
        part = pool[:, first : first + step]
        order = np.lexsort((rng.random(part.shape), part), axis=0)
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(size)[:, None], axis=0)
        counts += np.bincount((place + size * np.arange(size)[:, None]).ravel(), minlength=size**2).reshape(size, size)
    return counts


def _pools(members: ArrayLike, truth: ArrayLike, by_case: bool) -> Iterator[Array]:
    """Of each case the truth and the members at the points where none is missing, [M + 1, points]."""
    x, y = np.asarray(members, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    for part, wanted in ((x[:, c], y[c]) for c in range(len(y))) if by_case else ((x, y),):
        known = ~(np.isnan(part).any(axis=0) | np.isnan(wanted))
        yield np.concatenate([wanted[known][None], part[:, known]])


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
        low, high: between which lie CHANCE of the ratios when a member is the truth of the others, by which every
            ensemble is calibrated: how far from 1 such a one may be by chance, for so few fields. NaN of two members.
    """

    spread: float
    skill: float
    ratio: float
    low: float
    high: float

    def by_chance(self, written: Callable[[float], str], unknown: str = "-") -> str:
        """The words "low to high", each number as `written` says it; `unknown` of two members."""
        return unknown if np.isnan(self.low) else f"{written(self.low)} to {written(self.high)}"


def dispersion(members: ArrayLike, truth: ArrayLike, seed: int = 0, by_case: bool = False) -> Dispersion:
    """Spread and skill of members [M, ...], M at least 2, over all points where nothing is missing.

    With K = M - 1 others, z the members less their mean, A = sum z^2 of all of them and B that of the one which is the
    truth: skill^2 = B (1 + 1/K)^2 and variance = (A - B (1 + 1/K))/(K - 1), each over the points.
    """
    count, several = len(np.asarray(members)), _several(truth, by_case)
    if count < 2:
        raise ValueError("one member has no spread")
    rng = np.random.default_rng(seed)
    variance = error = 0.0
    points, all_, one = 0, 0.0, np.zeros(EXCHANGES if several else count)
    for pool in _pools(members, truth, by_case):
        y, mean = pool[0], pool[1:].mean(axis=0)
        square = ((pool[1:] - mean) ** 2).sum(axis=1)
        variance, error = variance + float(square.sum()) / (count - 1), error + float(((mean - y) ** 2).sum())
        points, all_ = points + len(y), all_ + float(square.sum())
        one += square[_picks(rng, several, len(one), count)]
    if not points:
        return Dispersion(*[float("nan")] * 5)
    spread, skill = np.sqrt((count + 1) / count * variance / points), np.sqrt(error / points)
    ratio = float(spread / skill) if skill > 0 else float("nan")
    return Dispersion(float(spread), float(skill), ratio, *_by_chance(all_, one, count - 1))


def _by_chance(total: float, one: Array, others: int) -> tuple[float, float]:
    """Between which lie CHANCE of the ratios of `others` members; see `dispersion`."""
    one = one[one > 0]
    if others < 2 or not len(one):
        return float("nan"), float("nan")
    more = 1 + 1 / others
    ratios = np.sqrt(more * np.maximum(total - one * more, 0) / (others - 1) / one) / more
    low, high = np.quantile(ratios, [(1 - CHANCE) / 2, (1 + CHANCE) / 2])
    return float(low), float(high)
