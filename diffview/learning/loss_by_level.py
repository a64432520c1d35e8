"""The error and the loss of a model at every noise level, and the bound on -ln p that follows from them.

For fields x_0 and y = x_0 + s eps, per pixel:

    error   E|x0_hat - x_0|^2, standardised units squared: the weighting of a network that predicts x_0
    loss    E|eps_hat - eps|^2 = error/s^2, without units: the weighting of one that predicts the noise, DDPM's "simple"
            loss; 1 for x0_hat = E x_0 at large s, 0 for x0_hat = x_0

A run through s_0 > ... > s_(N-1) > 0 with the posterior's variance bounds the likelihood in nats per pixel
[Ho et al. 2020, eq. 5, in y = x/alpha; Kingma et al. 2021, eq. 11-14]:

    -ln p(x_0) <= L_T + sum_t L_(t-1) + L_0
    L_T      KL(q(x_T | x_0) || N(0, 1)) of x_T = alpha x_0 + sigma eps at s_0, variance preserving
    L_(t-1)  (s'^-2 - s^-2)/2 x error(s) for the step from s to s'
    L_0      -ln N(x_0; x0_hat, s_(N-1)^2)

With ever finer steps the sum becomes the area under the loss over ln s: weighted with 1 per unit of ln s, the loss IS
the bound. It is a bound even for an exact denoiser, which equals its closed form (`exact_bound`) and not the entropy.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.forward.noise import FORWARD, Noise
from diffview.models.gaussian import Gaussian

Fields = NDArray[np.floating]
Array = NDArray[np.float64]
Denoise = Callable[[Any, float], Any]

BATCH = 32


def errors_by_level(
    denoise: Denoise,
    fields: Fields,
    levels: Sequence[float],
    seed: int = 0,
    progress: Callable[[float], None] = lambda done: None,
) -> Array:
    """mean |x0_hat - x_0|^2 over the pixels of each field that has data, for y = x_0 + s eps; [levels, n].

    Every level sees the same eps; a field without any data gives NaN.

    Args:
        denoise: y float32 [m, 1, ny, nx] and s to x0_hat.
        fields: standardised [n, ny, nx]; NaN where missing, which enters as 0.
        levels: noise levels above 0.
        seed: of eps.
        progress: called with the share that is done; may raise to end it.
    """
    errors = np.full((len(levels), len(fields)), np.nan)
    for first in range(0, len(fields), BATCH):
        some = slice(first, first + BATCH)
        x0 = fields[some, None].astype(np.float32)
        known = ~np.isnan(x0)
        x0 = np.where(known, x0, np.float32(0))
        eps = Noise(seed, x0.shape, first)(FORWARD, 0)
        count = known.sum(axis=(1, 2, 3))
        for index, s in enumerate(levels):
            x0_hat = np.asarray(denoise(x0 + np.float32(s) * eps, float(s)))
            square = np.square(x0_hat - x0, dtype=np.float64).sum(axis=(1, 2, 3), where=known)
            errors[index, some] = np.divide(square, count, out=np.full(len(x0), np.nan), where=count > 0)
            progress((first + len(x0) * (index + 1) / len(levels)) / len(fields))
    return errors


@dataclass(frozen=True, eq=False)
class Bound:
    """The terms of a variational bound on -ln p, in nats per pixel of a standardised field.

    Attributes:
        levels: s_0 > ... > s_(N-1), without the 0.
        prior: L_T.
        steps: L_(t-1) of every step from s_i to s_(i+1), [N - 1].
        last: L_0.
        spread: standard error of the total over the fields; NaN of one.
    """

    levels: tuple[float, ...]
    prior: float
    steps: tuple[float, ...]
    last: float
    spread: float = math.nan

    @property
    def total(self) -> float:
        """The bound, nats per pixel."""
        return self.prior + sum(self.steps) + self.last

    @property
    def plain(self) -> dict[str, Any]:
        """The bound as JSON values; null where there is no number."""
        terms = {"L_T": self.prior, "sum of L_t-1": sum(self.steps), "L_0": self.last, "total": self.total}
        spread = self.spread if math.isfinite(self.spread) else None
        return {**terms, "standard error": spread, "unit": "nats per pixel, standardised", "steps": len(self.levels)}


def walked(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels of a run without its last 0.

    Raises:
        UserError: if they do not fall, or one is not a number above 0.
    """
    walk = tuple(float(s) for s in levels[: -1 if len(levels) and levels[-1] == 0 else None])
    falls = all(a > b for a, b in pairwise(walk))
    if not walk or not falls or not (walk[-1] > 0 and math.isfinite(walk[0])):
        raise UserError("The bound needs noise levels that fall to 0.", "Choose another schedule or grid.")
    return walk


def variational_bound(errors: Array, squares: Array, levels: Sequence[float]) -> Bound:
    """The bound from errors [N, n] at the N levels of a run above 0, and the mean square [n] of each field.

    Fields whose errors are NaN are left out.
    """
    s = np.asarray(walked(levels))
    there = ~np.isnan(errors).any(axis=0)
    if not there.any():
        raise UserError("No field has a pixel that is not missing.", "Choose other fields.")
    error, square = errors[:, there], squares[there]
    sigma2 = s[0] ** 2 / (1 + s[0] ** 2)
    prior = 0.5 * (square / (1 + s[0] ** 2) + sigma2 - 1 - math.log(sigma2))
    weights = 0.5 * (s[1:] ** -2 - s[:-1] ** -2)
    steps = weights[:, None] * error[:-1]
    last = 0.5 * math.log(2 * math.pi * s[-1] ** 2) + error[-1] / (2 * s[-1] ** 2)
    totals = prior + steps.sum(axis=0) + last
    spread = float(totals.std(ddof=1) / math.sqrt(len(totals))) if len(totals) > 1 else math.nan
    means = tuple(float(v) for v in steps.mean(axis=1))
    return Bound(tuple(s.tolist()), float(prior.mean()), means, float(last.mean()), spread)


def exact_bound(prior: Gaussian, levels: Sequence[float]) -> Bound:
    """The bound of a Gaussian prior's exact denoiser on its own fields."""
    return variational_bound(exact_errors(prior, walked(levels))[:, None], np.array([mean_square(prior)]), levels)


def exact_errors(prior: Gaussian, levels: Sequence[float]) -> Array:
    """E|x0_hat - x_0|^2 of a pixel of a Gaussian prior's exact denoiser on its own fields: mean of s^2 P/(P + s^2)."""
    nothing = np.zeros((1, *prior.shape))
    return np.array([prior.variance(nothing, s).mean() for s in levels])


def mean_square(prior: Gaussian) -> float:
    """E x_0^2 of a pixel."""
    covariance = np.fft.irfft2(prior.power, s=prior.shape[1:])
    return float(covariance[0, 0]) + prior.mean**2


def loss_by_level(denoise: Denoise, fields: Fields, levels: Sequence[float], seed: int = 0) -> list[float]:
    """mean |eps - eps_hat|^2 over all pixels that have data at each noise level, without units; see errors_by_level."""
    count = (~np.isnan(fields)).sum(axis=(1, 2))
    errors = np.nan_to_num(errors_by_level(denoise, fields, levels, seed))
    losses = errors @ count / max(int(count.sum()), 1) / np.square(np.asarray(levels, dtype=np.float64))
    return [float(value) for value in losses]
