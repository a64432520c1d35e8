"""Training densities: how the noise levels of a training are drawn, as distributions of ln s.

Each is given by a formula that makes draws of uniform numbers, and by the share of the draws below a level: its
distribution function. Both are exact, in float64. With `Scheduled` the schedule IS the training density.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.schedules import Schedule

if TYPE_CHECKING:
    from diffview.training_settings import Settings

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Density:
    """Base of all training densities.

    Attributes:
        lowest, highest: noise levels s, 0 < lowest < highest.
        schedule: for the one that is drawn on it.
    """

    lowest: float
    highest: float
    schedule: Schedule

    def log_s(self, u: ArrayLike) -> Array:
        """Draws of ln s, made of u, uniform in (0, 1)."""
        raise TypeError(f"{type(self).__name__} does not say what its quantiles are")

    def share_below(self, log_s: ArrayLike) -> Array:
        """Share of the draws below ln s, 0 to 1; rising."""
        raise TypeError(f"{type(self).__name__} does not say what lies below a level")


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
        """Phi((ln s - centre)/sd)."""
        from scipy.special import ndtr

        return np.asarray(ndtr((np.asarray(log_s, dtype=np.float64) - self.centre) / self.sd))


@dataclass(frozen=True)
class Middle(Normal):
    """The other half of `Broad`: normal around -0.5 (sd 1.2)."""

    centre: ClassVar[float] = -0.5


@dataclass(frozen=True)
class Broad(Density):
    """Half of the draws uniform between the lowest and the highest level, half normal around -0.5 (sd 1.2)."""

    @cached_property
    def _halves(self) -> tuple[Density, Density]:
        limits = self.lowest, self.highest, self.schedule
        return Uniform(*limits), Middle(*limits)

    def log_s(self, u: ArrayLike) -> Array:
        """The one half for u < 1/2, the other above; not rising in u, but the draws are the same."""
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
        """The t at both limits, or at the end of the schedule that comes first."""
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
    "schedule": Scheduled,
}


def training_density(settings: "Settings", highest: float, edges: ArrayLike) -> Array:
    """The density over ln s of the draws of a training: probability per unit of ln s, exact as a mean over each bin.

    Args:
        settings: of the training.
        highest: its highest noise level; where the settings say 0, what the trainer makes of the data.
        edges: rising ln s [n + 1].

    Returns:
        [n]; times the widths of the bins it sums to the share of the draws within the edges.

    Raises:
        UserError: if the schedule has no level between the limits.
    """
    edges = np.asarray(edges, dtype=np.float64)
    density = DENSITIES[settings.density](settings.lowest, highest, settings.schedule)
    return np.asarray(np.diff(density.share_below(edges)) / np.diff(edges))
