"""Densities over ln s: how much of t, of a run's steps and of a training's draws falls on each noise level.

    p(ln s) = d share_below/d ln s

Each is given by its distribution function, the share that lies below a level, and returned as its mean over the cells
between given edges: exact, so that times the widths of the cells it sums to the share within them. The share of a
schedule below s is t itself, so its density is dt/d ln s. A training's also has its quantile function, which makes
draws from uniform numbers; with `Scheduled` the schedule IS the training density.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.forward.schedules import Schedule, make_schedule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Density:
    """Base of all training densities.

    Attributes:
        lowest, highest: noise levels s, 0 < lowest < highest.
        schedule: for `Scheduled`, which draws t on it.
    """

    lowest: float
    highest: float
    schedule: Schedule

    def log_s(self, u: ArrayLike) -> Array:
        """Draws of ln s, made of u, uniform in (0, 1)."""
        raise TypeError(f"{type(self).__name__} has no quantiles")

    def share_below(self, log_s: ArrayLike) -> Array:
        """Share of the draws below ln s, 0 to 1; rising."""
        raise TypeError(f"{type(self).__name__} has no distribution function")


@dataclass(frozen=True)
class Uniform(Density):
    """ln s uniform between the lowest and the highest level."""

    def log_s(self, u: ArrayLike) -> Array:
        """A straight line."""
        low, high = np.log(self.lowest), np.log(self.highest)
        return np.asarray(low + np.asarray(u, dtype=np.float64) * (high - low))

    def share_below(self, log_s: ArrayLike) -> Array:
        """The straight line back, 0 and 1 outside."""
        low, high = np.log(self.lowest), np.log(self.highest)
        return np.asarray(((np.asarray(log_s, dtype=np.float64) - low) / (high - low)).clip(0, 1))


@dataclass(frozen=True)
class Normal(Density):
    """ln s normal around -1.2 (sd 1.2), whatever the limits [Karras et al. 2022, arXiv 2206.00364, table 1]."""

    centre: ClassVar[float] = -1.2
    sd: ClassVar[float] = 1.2

    def log_s(self, u: ArrayLike) -> Array:
        """Centre + sd Phi^-1(u)."""
        from scipy.special import ndtri

        return np.asarray(self.centre + self.sd * ndtri(np.asarray(u, dtype=np.float64)))

    def share_below(self, log_s: ArrayLike) -> Array:
        """Phi((ln s - centre)/sd); math's erf, as scipy would stall the window that draws this while it is imported."""
        z = (np.asarray(log_s, dtype=np.float64) - self.centre) / (self.sd * math.sqrt(2))
        return np.asarray([(1 + math.erf(value)) / 2 for value in z.ravel().tolist()]).reshape(z.shape)


@dataclass(frozen=True)
class Middle(Normal):
    """The other half of `Broad`: normal around -0.5 (sd 1.2)."""

    centre: ClassVar[float] = -0.5


@dataclass(frozen=True)
class LogitNormal(Normal):
    """t = s/(1 + s) logit-normal: ln s normal around 0 (sd 1) [Esser et al. 2024, arXiv 2403.03206, eq. 19]."""

    centre: ClassVar[float] = 0.0
    sd: ClassVar[float] = 1.0


@dataclass(frozen=True)
class Straight(Density):
    """t = s/(1 + s) uniform between those of both limits: times of flow matching [Lipman et al. 2023]."""

    @cached_property
    def _span(self) -> tuple[float, float]:
        low, high = (s / (1 + s) for s in (self.lowest, self.highest))
        return low, high

    def log_s(self, u: ArrayLike) -> Array:
        """Ln t/(1 - t)."""
        low, high = self._span
        t = low + np.asarray(u, dtype=np.float64) * (high - low)
        return np.asarray(np.log(t) - np.log1p(-t))

    def share_below(self, log_s: ArrayLike) -> Array:
        """The share of those t that are below."""
        low, high = self._span
        t = 1 / (1 + np.exp(-np.asarray(log_s, dtype=np.float64)))
        return np.asarray(((t - low) / (high - low)).clip(0, 1))


@dataclass(frozen=True)
class Broad(Density):
    """Half of the draws uniform between the lowest and the highest level, half normal around -0.5 (sd 1.2)."""

    @cached_property
    def _halves(self) -> tuple[Density, Density]:
        limits = self.lowest, self.highest, self.schedule
        return Uniform(*limits), Middle(*limits)

    def log_s(self, u: ArrayLike) -> Array:
        """One half for u < 1/2, the other above; not monotonic in u, but the draws have the same distribution."""
        u = np.asarray(u, dtype=np.float64)
        uniform, middle = self._halves
        return np.where(u < 0.5, uniform.log_s(2 * u), middle.log_s(np.maximum(2 * u - 1, 1e-6)))  # finite at 1/2

    def share_below(self, log_s: ArrayLike) -> Array:
        """The mean of both halves."""
        uniform, middle = self._halves
        return (uniform.share_below(log_s) + middle.share_below(log_s)) / 2


@dataclass(frozen=True)
class Scheduled(Density):
    """t uniform on the part of the schedule that lies between the lowest and the highest level."""

    def __post_init__(self) -> None:
        if self._span[0] >= self._span[1]:
            raise UserError(
                f"The schedule {self.schedule.key} has no noise level between {self.lowest:g} and {self.highest:g}.",
                "Choose other limits, or another schedule.",
            )

    @cached_property
    def _span(self) -> tuple[float, float]:
        """t at both limits, or at an end of the schedule that lies between them."""
        low, high = self.schedule.t_of([self.lowest, self.highest]).tolist()
        return low, high

    def log_s(self, u: ArrayLike) -> Array:
        """The level at t(lowest) + u (t(highest) - t(lowest))."""
        low, high = self._span
        return np.asarray(np.log(self.schedule.noise_level(low + np.asarray(u, dtype=np.float64) * (high - low))))

    def share_below(self, log_s: ArrayLike) -> Array:
        """The share of those t at which the schedule is below the level."""
        low, high = self._span
        t = self.schedule.t_of(np.exp(np.asarray(log_s, dtype=np.float64)))
        return np.asarray(((t - low) / (high - low)).clip(0, 1))


DENSITIES: dict[str, Callable[[float, float, Schedule], Density]] = {
    "broad": Broad,
    "uniform": Uniform,
    "edm": Normal,
    "flow": Straight,
    "logit-normal": LogitNormal,
    "schedule": Scheduled,
}


def training_density(training: Mapping[str, Any], edges: ArrayLike) -> Array:
    """The share of a training's draws per unit of ln s, in the cells between rising ln s [n + 1]: [n].

    Args:
        training: of a card: density, lowest, highest, and the schedule's key and parameters.
        edges: rising ln s [n + 1].

    Raises:
        UserError: if it lacks how the noise levels were drawn, or the schedule has none between the limits.
    """
    try:
        params = dict(training["schedule"])
        schedule = make_schedule(params.pop("key"), params)
        density = DENSITIES[training["density"]](training["lowest"], training["highest"], schedule)
        if not 0 < training["lowest"] < training["highest"]:
            raise ValueError(training["lowest"])
    except (KeyError, TypeError, ValueError):
        raise UserError(
            "The card does not say how the noise levels of the training were drawn.",
            "It needs density, lowest, highest and schedule.",
        ) from None
    return mean_density(density.share_below(edges), edges)


def mean_density(share_below: ArrayLike, edges: ArrayLike) -> Array:
    """The density over the cells between `edges` [n + 1] from the shares below them [n + 1]: [n]; 0 if infinite."""
    with np.errstate(invalid="ignore", divide="ignore"):
        density = np.diff(share_below) / np.diff(edges)
    return np.asarray(np.nan_to_num(density, nan=0.0, posinf=0.0))


def schedule_density(schedule: Schedule, t: ArrayLike) -> Array:
    """dt/d ln s between rising t [n + 1]: the share of t per unit of ln s, [n].

    An infinite level is taken as s_max, where a run starts.
    """
    return mean_density(t, log_levels(schedule, t))


def log_levels(schedule: Schedule, t: ArrayLike) -> Array:
    """ln s at t, at most ln s_max; -inf at t = 0."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.minimum(schedule.noise_level(t), schedule.s_max)))


def grid_density(levels: Sequence[float], edges: ArrayLike) -> Array:
    """The share of a run's steps per unit of ln s, in the cells between rising ln s [n + 1]: [n].

    Each of N steps counts 1/N, spread over the ln s between its levels. The last one, down to s = 0, has no end in
    ln s: the density holds (N - 1)/N.

    Args:
        levels: N + 1 falling noise levels, the last one 0.
        edges: rising ln s [n + 1].
    """
    rising = np.log(np.asarray(levels, dtype=np.float64)[-2::-1])
    share = np.arange(1, len(rising) + 1) / len(rising)
    return mean_density(np.interp(np.asarray(edges, dtype=np.float64), rising, share), edges)
