"""How sure the order of scores is: paired, field by field, at the number of fields there are.

A score is a function of a mean over fields: of their spectra for the log-spectral distance, of their CRPS for the CRPS.
Two ways to run that draw from the same noise are paired: their i-th fields have the same noise, and the same truth if
there is one. If both ways were equally good, each pair could as well be the other way round; so p is the share of all
such swaps after which the scores lie at least as far apart [Fisher 1935; exact, whatever the score], corrected for all
pairs of ways that are looked at [Holm 1979]: at 95 % no two equals are told to differ, in 95 of 100 cases. Standard
errors are those of the jackknife [Efron & Tibshirani 1993, ch. 11].
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError

Array = NDArray[np.float64]
Score = Callable[[Array], Array]
"""Scores [...] of means over fields [..., m]; lower is better."""

SURE = 0.05
"""p below which two ways are told to differ."""

FEWEST_PAIRS = 10
"""Fields below which nothing is told: of n fields no p is below 2^(1 - n), before it is corrected for six pairs."""

SWAPS = 10_000
"""Choices of the pairs that are swapped, drawn where there are more in all."""


def spectral_score(real: Array) -> Score:
    """The log-spectral distance to the spectrum [n_k] of real fields, of mean spectra, dB."""
    good = np.isfinite(real) & (real > 0)
    return partial(_distance, real[good], good)


def _distance(real: Array, good: NDArray[np.bool_], means: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.sqrt(np.mean(np.log10(means[..., good] / real) ** 2, axis=-1)))


def mean_score(means: Array) -> Array:
    """The mean itself, of one number a field."""
    return np.asarray(means[..., 0])


def swap_p(one: Array, other: Array, score: Score, seed: int = 0) -> float:
    """How likely scores of n paired fields [n, m] so far apart are, if each pair could as well be the other way round.

    Exact where there are at most 10,000 choices of pairs to swap, else of as many drawn ones, none swapped included.
    """
    count, middle, half = len(one), (one + other).mean(axis=0) / 2, (one - other) / 2
    if 2**count <= SWAPS:
        signs = 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
    else:
        drawn = np.random.default_rng(seed).integers(0, 2, (SWAPS - 1, count))
        signs = np.vstack([np.ones(count), 1.0 - 2.0 * drawn])
    means = signs @ half / count
    far = np.abs(score(middle + means) - score(middle - means))
    return float(np.mean(far >= far[0] * (1 - 1e-9)))


def jackknife(parts: Array, score: Callable[[Array], Array]) -> Array:
    """What the score of n fields [n, m] is without each of them, [n]."""
    return score((parts.sum(axis=0) - parts) / (len(parts) - 1))


def jackknife_error(without: Array) -> float:
    """The standard error of a score from what it is without each field."""
    return float(np.sqrt((len(without) - 1) * np.mean((without - without.mean()) ** 2)))


def holm(p: Sequence[float]) -> list[float]:
    """p of several tests, corrected so that the chance that any of the true ones falls below a bound is that bound."""
    made, so_far = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        so_far = max(so_far, min(1.0, (len(p) - rank) * p[i]))
        made[i] = so_far
    return made


@dataclass(frozen=True)
class Gap:
    """What lies between two ways to run: how far apart their scores are, the standard error, and the corrected p."""

    better: str
    worse: str
    apart: float
    error: float
    p: float

    @property
    def told(self) -> bool:
        """Whether they are told to differ."""
        return self.p < SURE


@dataclass(frozen=True)
class Ranking:
    """Ways to run by their scores, the best first.

    Attributes:
        names: of them.
        scores: theirs, lower is better.
        errors: standard errors of the scores.
        gaps: of all pairs.
        fields: that each has.
    """

    names: tuple[str, ...]
    scores: tuple[float, ...]
    errors: tuple[float, ...]
    gaps: tuple[Gap, ...]
    fields: int

    def gap(self, one: str, other: str) -> Gap:
        """What lies between two of them."""
        return next(gap for gap in self.gaps if {gap.better, gap.worse} == {one, other})

    def needed(self, gap: Gap) -> float:
        """About how many fields would tell a pair apart that stays as far apart as it is; inf if it is not at all."""
        return math.inf if gap.apart == 0 else self.fields * (2 * gap.error / gap.apart) ** 2


def ranked(parts: Mapping[str, Array], score: Score, seed: int = 0) -> Ranking:
    """The order of ways to run by their scores, with how sure it is.

    Args:
        parts: of each way what its score is the mean of, paired [n, m]; a field that has none of one (NaN) is left out.
        score: of such means.
        seed: of the swaps that are drawn.

    Raises:
        UserError: if there are fewer than two ways, or too few fields to tell anything.
    """
    if len(parts) < 2:
        raise UserError("One way to run has no order.", "Add a rival, then score both.")
    if len({len(own) for own in parts.values()}) != 1:
        raise UserError("The rivals have different numbers of fields, which are no pairs.", "Score them together.")
    known = np.all([np.isfinite(own).all(axis=1) for own in parts.values()], axis=0)
    parts = {name: own[known] for name, own in parts.items()}
    fields = int(known.sum())
    if fields < FEWEST_PAIRS:
        raise UserError(
            f"{fields} fields cannot tell rivals apart, whatever their scores.",
            f"Score at least {FEWEST_PAIRS}; 32 tell a good schedule from a bad one.",
        )
    scores = {name: float(score(own.mean(axis=0))) for name, own in parts.items()}
    without = {name: jackknife(own, score) for name, own in parts.items()}
    names = sorted(parts, key=lambda name: scores[name])
    pairs = list(combinations(names, 2))
    corrected = holm([swap_p(parts[better], parts[worse], score, seed) for better, worse in pairs])
    gaps = (
        Gap(better, worse, scores[worse] - scores[better], jackknife_error(without[worse] - without[better]), p)
        for (better, worse), p in zip(pairs, corrected, strict=True)
    )
    errors = tuple(jackknife_error(without[name]) for name in names)
    return Ranking(tuple(names), tuple(scores[name] for name in names), errors, tuple(gaps), fields)
