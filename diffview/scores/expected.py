"""The error of x0_hat to the truth along a run that starts from a noised field, as a perfect sampler has it.

y_0 = x_0 + s_0 eps is given, x_0 is to be found again. A perfect sampler of the posterior p(x_0 | y_0) ends with a draw
of it, which knows nothing of the truth but y_0. On its way, at s, its state is one of p(y_s | y_0), so that with the
variance V(s) = E|x_0 - x0_hat(y_s, s)|^2 of the posterior at s

    E|x0_hat - x_0|^2 = 2 V(s_0) - V(s)

which RISES from V(s_0), that of the best estimate, to 2 V(s_0): a draw is sqrt 2 times as far from the truth as the
mean is. That is no fault of the sampler: the mean is smooth, and no draw of the posterior.

A sampler that draws no noise follows the probability-flow ODE instead, whose end is a function of y_0: of a Gaussian
field y_s(k) = sqrt((P + s^2)/(P + s_0^2)) y_0(k), and per mode

    E|x0_hat - x_0|^2 = P^2/(P + s^2) - 2 P^2/sqrt((P + s^2)(P + s_0^2)) + P

Both are exact for a `Gaussian` prior. Of one field that is known, E is over the noise alone: |x_0(k)|^2 is in the place
of P where that stands for the field itself.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from diffview.learning.loss_by_level import errors_by_level
from diffview.models.denoiser import Denoiser
from diffview.models.gaussian import Gaussian, twice

Array = NDArray[np.float64]
Fields = NDArray[np.floating]

DRAWS, MOST_LEVELS = 4, 13
"""Noises, and noise levels, at which V of a model that is no formula is measured on the field."""


def expected_squares(
    prior: Gaussian, start: float, levels: Sequence[float], draws: bool, x0: Fields | None = None
) -> Array:
    """E|x0_hat - x_0|^2 of a pixel at levels s from s_0 = `start` down, [n]; standardised units squared.

    Args:
        prior: the Gaussian field.
        start: s_0.
        levels: at which x0_hat is looked at, at most s_0.
        draws: whether the sampler draws noise: of the posterior, else of the ODE.
        x0: the field that was noised [ny, nx]; None: any field of the prior, E is over those too.
    """
    p, nx = prior.power, prior.nx
    own = p if x0 is None else _power_of(x0, prior)
    start2 = start * start
    gain0 = _share(p, start2)
    squares = []
    for s in levels:
        if draws:  # the mean of p(x_0 | y_0) misses x_0, and x0_hat scatters around that mean
            missed = (1 - gain0) ** 2 * own + gain0**2 * start2
            made = missed + start2 * gain0 - s * s * _share(p, s * s)
        else:  # x0_hat = c (x_0 + s_0 eps) per mode
            c = _share(p, s * s) * np.sqrt((p + s * s) / (p + start2))
            made = (1 - c) ** 2 * own + c * c * start2
        squares.append(float((made * twice(nx)).sum() / (len(p) * nx)))
    return np.array(squares)


def measured_squares(
    denoise: Denoiser, start: float, levels: Sequence[float], x0: Fields, tell: Callable[[float], None] = lambda _: None
) -> Array:
    """2 V(s_0) - V(s) with V of any model, measured on the field itself [ny, nx]: [n], standardised units squared.

    Between the levels at which it is measured V is a power of s.
    """
    s = np.geomspace(start, min(level for level in levels if level > 0), MOST_LEVELS)
    fields = np.repeat(x0[None].astype(np.float32), DRAWS, axis=0)
    v = np.nanmean(errors_by_level(denoise, fields, s.tolist(), progress=tell), axis=1)
    at = np.exp(np.interp(np.log(np.asarray(levels)), np.log(s[::-1]), np.log(np.maximum(v[::-1], 1e-30))))
    return np.asarray(np.maximum(2 * v[0] - at, 0.0))


def _share(p: Array, s2: float) -> Array:
    """P/(P + s^2), 0 where P is 0."""
    return np.divide(p, p + s2, out=np.zeros_like(p), where=p > 0)


def _power_of(x0: Fields, prior: Gaussian) -> Array:
    """|FFT2(x_0 - mean)|^2/N on the modes of rfft2."""
    z = np.fft.rfft2(np.asarray(x0, dtype=np.float64) - prior.mean)
    return np.asarray(np.abs(z) ** 2 / x0.size)
