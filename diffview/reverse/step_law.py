"""The law of one step back where the law of the data is known: why steps must be small.

q(x_{t-1} | x_t) has no x_0 in it and is no Gaussian; for a mixture it is a mixture [`models.mixture.Mixture.before`].
The smaller beta is, the nearer it comes to one bell, which is all that p_theta(x_{t-1} | x_t) can be.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.forward.schedules import Schedule
from diffview.reverse.step_back import bell

Floats = NDArray[np.float64]

POINTS, REACH, FAINT = 600, 4.0, 1e-3
"""Of the density: points, standard deviations to either side, and the share of its top below which no hump counts."""


class Law(Protocol):
    """A law of numbers whose steps back are laws of the same kind."""

    @property
    def weights(self) -> Floats: ...  # noqa: D102
    @property
    def means(self) -> Floats: ...  # noqa: D102
    @property
    def covariances(self) -> Floats: ...  # noqa: D102
    def before(self, y: Floats, s: float, s_before: float) -> "Law":
        """q(y_{s'} | y_s)."""

    def seen(self, x: Floats, alpha: float, sigma: float) -> Floats:
        """p_t(x)."""


@dataclass(frozen=True, eq=False)
class StepLaw:
    """q(x_{t-1} | x_t) of one number.

    Attributes:
        x, density: over the values where it is not 0.
        beta: of the step, variance preserving.
        humps: how many it has.
        missed: half the area between it and the Gaussian of its mean and variance: 0 of a bell, at most 1.
    """

    x: Floats
    density: Floats
    beta: float
    humps: int
    missed: float


def step_law(law: Law, x_t: float, s: float, s_before: float, schedule: Schedule) -> StepLaw:
    """q(x_{t-1} | x_t) from the noise level s down to s_before."""
    alpha, alpha_before = (float(schedule.scale(level)) for level in (s, s_before))
    back = law.before(np.array([x_t / alpha]), s, s_before)
    w, m, v = back.weights, back.means[:, 0], back.covariances[:, 0, 0]
    mean = float(w @ m)
    std = float(np.sqrt(w @ (v + (m - mean) ** 2)))
    counts = w > FAINT
    low, high = (m - REACH * np.sqrt(v))[counts].min(), (m + REACH * np.sqrt(v))[counts].max()
    x = np.linspace(min(low, mean - REACH * std), max(high, mean + REACH * std), POINTS)
    density = back.seen(x, 1.0, 0.0)
    missed = 0.5 * float(np.abs(density - bell(x, mean, std)).sum() * (x[1] - x[0]))
    beta = 1 - (1 + s_before**2) / (1 + s**2)
    return StepLaw(alpha_before * x, density / alpha_before, beta, humps(density), missed)


def humps(density: Floats) -> int:
    """How many local maxima a density has, faint ones left out."""
    inner = density[1:-1]
    top = (inner > density[:-2]) & (inner >= density[2:]) & (inner > FAINT * density.max())
    return int(top.sum())
