"""Likelihood: ln p_s(y) of a model, in nats, by the probability-flow ODE [Song et al. 2021, arXiv 2011.13456, eq. 39].

Along dy/ds = (y - x0_hat)/s from s to s_max the density changes by the divergence of the flow alone:

    ln p_s(y) = ln p_smax(y(s_max)) + int_s^smax (N - div x0_hat)/s ds,    N numbers a field.

Exact for an exact posterior mean; `gaussian`, `data` and `mixture` have closed forms to hold it against. The level s is
above 0: a field is seen with white noise of that size, as an instrument sees it. A density at s = 0 need not exist:
that of `data` is infinite at its fields, that of a smooth spectrum hardly finite.
"""

from math import exp, log
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.fields.transforms import Transform

Array = NDArray[np.float64]

STEPS = 128
"""Steps of the integration; its error falls with their fourth power."""


class Tractable(Protocol):
    """A denoiser with a divergence, and a density that is known at the highest level."""

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat."""

    def divergence(self, y: Any, s: float) -> Any:
        """trace of d x0_hat/dy, [members]."""

    def log_density(self, y: Any, s: float) -> Any:
        """ln p_s(y), [members]."""


def log_density(denoise: Tractable, y: ArrayLike, s: float, s_max: float = 1e3, steps: int = STEPS) -> Array:
    """ln p_s(y), nats, float64 [members], by the classical Runge-Kutta method of fourth order in ln s.

    Args:
        denoise: a denoiser with `divergence`; its `log_density` is asked at s_max only.
        y: standardised [members, channels, ny, nx].
        s: the level y is at, above 0.
        s_max: where the integration ends.
        steps: of the integration.

    Raises:
        UserError: if s is not above 0 and below s_max, or there is no step.
    """
    if not 0 < s < s_max or steps < 1:
        raise UserError(
            f"The likelihood cannot be integrated from s = {s:g} to {s_max:g} in {steps} steps.",
            "Choose 0 < s < s_max and at least one step.",
        )
    y = np.asarray(y, dtype=np.float64)
    size = y[0].size

    def slope(at: Array, log_s: float) -> tuple[Array, Array]:
        level = exp(log_s)
        return at - denoise(at, level), size - np.asarray(denoise.divergence(at, level))

    total = np.zeros(len(y))
    h = log(s_max / s) / steps
    for i in range(steps):
        now = log(s) + i * h
        k1, d1 = slope(y, now)
        k2, d2 = slope(y + h / 2 * k1, now + h / 2)
        k3, d3 = slope(y + h / 2 * k2, now + h / 2)
        k4, d4 = slope(y + h * k3, now + h)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        total += h / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
    return np.asarray(denoise.log_density(y, s_max)) + total


def in_physical_units(log_p: ArrayLike, x: ArrayLike, transform: Transform) -> Array:
    """ln of the density of fields x in physical units from that of transform(x): + sum ln |d transform/dx|, [members].

    Args:
        log_p: ln p of the standardised fields, [members].
        x: physical [members, ...], without missing pixels.
        transform: between the two.
    """
    slopes = transform.log_slope(x)
    return np.asarray(np.asarray(log_p) + slopes.reshape(len(slopes), -1).sum(axis=-1))
