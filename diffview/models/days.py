"""From a month's mean to its days, in closed form: the law of sequences of days, given what their mean is.

Days are departures from the seasonal cycle in standard deviations of their pixel. A sequence of them is Gaussian with a
frame-by-frame covariance at every wavenumber (`models.joint`), on a torus of the size of the region or, where edges do
not meet, on one twice as large. What is known is the mean where the field is: on the torus that mean is a Gaussian
field itself, whose part beyond, land or padding, is drawn given the part that is known. Given all of it the days follow
wavenumber by wavenumber. So both steps are exact, and the mean is kept to rounding.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.daily import FieldSeries, date_text
from diffview.fields.field import Region
from diffview.fields.picture import Picture
from diffview.fields.seasons import SeasonalCycle
from diffview.forward.noise import ERRORS, START, draw
from diffview.models.gaussian import Gaussian
from diffview.models.joint import Conditioned, JointGaussian, fit_joint
from diffview.models.posterior import GaussianPosterior
from diffview.reverse.operators import Observations, Observed, Pixels, TimeMean

Array = NDArray[np.float64]

EVERY = 7
"""Days from one window to the next: neighbours tell little more than one of them."""

ERROR = 1e-3
"""Standard deviation of the error with which the mean beyond what is known is fitted to it, in those of the mean."""

DAYS, MEAN = 0, 1
"""Draws of a member: its days, and the mean where it is not known."""


class LawOfDays(Protocol):
    """Whatever makes days for their mean: the formula here, or a network."""

    @property
    def cycle(self) -> SeasonalCycle:
        """The seasonal cycle of the region."""

    @property
    def frames(self) -> int:
        """Days of a sequence."""

    @property
    def windows(self) -> int:
        """How many sequences it was fitted to."""

    @property
    def said(self) -> str:
        """How it makes days, for the file."""

    def members(
        self, mean: NDArray[np.floating], fractions: Array, members: int, seed: int = 0, first: int = 0
    ) -> Array:
        """Sequences of days whose mean is the one that is given, physical [members, frames, ny, nx]."""

    def noise(self, seed: int, member: int) -> NDArray[np.float32]:
        """The normals of which a member was made [frames, rows, columns]; its first rows and columns are the region."""


@dataclass(frozen=True, eq=False)
class DaysLaw:
    """The law of sequences of days.

    Attributes:
        cycle: the seasonal cycle of the region.
        joint: of the departures, [1, frames, rows, columns] on a torus whose first rows and columns are the region.
        windows: how many sequences it was fitted to.
    """

    cycle: SeasonalCycle
    joint: JointGaussian
    windows: int

    @classmethod
    def fit(cls, series: FieldSeries, frames: int, periodic: bool = False) -> "DaysLaw":
        """The law of all windows of so many consecutive days, one every week.

        Args:
            series: daily fields.
            frames: days of a sequence.
            periodic: whether opposite edges of the region are neighbours; otherwise only the left and right ones are,
                and only of a region that goes once around the Earth.

        Raises:
            UserError: if the series is not daily, too short, or too large.
        """
        if not series.step < 2:
            raise UserError(
                f"{series.of.field.name} has a field every {series.step:g} days."
                if len(series) > 1 else f"{series.of.field.name} has a single field.",
                "A law of days is fitted to daily fields.",
            )  # fmt: skip
        if frames < 2:
            raise UserError(f"A sequence of {frames} days has no change from day to day.", "Ask for at least two.")
        cycle = SeasonalCycle.fit(series.values, series.fractions)
        departures = replace(series, values=cycle.anomalies(series.values, series.fractions).astype(np.float32))
        windows = departures.windows(frames, EVERY)
        ny, nx = windows.shape[2:]
        torus = None if periodic else (2 * ny, nx if series.circular else 2 * nx)
        return cls(cycle, fit_joint(windows[:, None], torus), len(windows))

    @property
    def frames(self) -> int:
        """Days of a sequence."""
        return self.joint.outer[1]

    @property
    def said(self) -> str:
        """How it makes days, for the file."""
        torus = "periodic" if self.joint.shape[1:] == self.cycle.std.shape else "not periodic"
        return f"a formula: a Gaussian law of sequences of {self.frames} days, {torus} in space"

    def noise(self, seed: int, member: int) -> NDArray[np.float32]:
        """The normals of which a member was made, on the torus [frames, rows, columns]."""
        return draw(seed, START, DAYS, member, self.joint.shape[1:])

    @cached_property
    def given_mean(self) -> Conditioned:
        """The law given the mean over its days at every pixel of the torus."""
        return self.joint.given(TimeMean(self.frames).weights)

    @cached_property
    def of_mean(self) -> Gaussian:
        """The law of the mean over its days: a Gaussian field on the torus."""
        return self.joint.along(TimeMean(self.frames).weights[0])

    def part(self, days: int) -> "DaysLaw":
        """The law of fewer days."""
        return self if days == self.frames else replace(self, joint=self.joint.part(days))

    def members(
        self, mean: NDArray[np.floating], fractions: Array, members: int, seed: int = 0, first: int = 0
    ) -> Array:
        """Sequences of days whose mean is the one that is given.

        Args:
            mean: physical [ny, nx], NaN where it is not known; no day is made there.
            fractions: of the year at every day, [frames].
            members: how many sequences.
            seed: of the noise.
            first: number of the first member; each has its own noise, however many there are.

        Returns:
            Physical days [members, frames, ny, nx], in float64.

        Raises:
            UserError: if the mean is of another region, or known nowhere.
        """
        known = ~np.isnan(mean) & self.cycle.known if mean.shape == self.cycle.std.shape else None
        if known is None or not known.any():
            raise UserError(
                "The mean is not of the region that the law is fitted to." if known is None
                else "The mean is known at no pixel of the region.",
                "Give the mean of the same grid." if known is None
                else "A mean is known where every one of its days is: choose another month or region.",
            )  # fmt: skip
        departure = (mean - self.cycle.at(fractions).mean(0)) / self.cycle.std
        drawn = range(first, first + members)
        torus = self.joint.shape[1:]
        z = np.stack([draw(seed, START, DAYS, member, torus) for member in drawn]).astype(np.float64)
        means = self._means(np.where(known, departure, np.nan), drawn, seed)
        made = self.given_mean.samples(means[:, None], z)[..., : len(mean), : mean.shape[1]]
        return self.cycle.values(np.where(known, made, np.nan), fractions)

    def _means(self, known: Array, drawn: range, seed: int) -> Array:
        """The mean on the whole torus for every member [members, rows, columns]; what is known [ny, nx] is kept."""
        (ny, nx), torus = known.shape, self.of_mean.shape[1:]
        there = ~np.isnan(known)
        if torus == known.shape and there.all():
            return np.broadcast_to(known, (len(drawn), ny, nx))
        std = ERROR * float(np.sqrt(np.fft.irfft2(self.of_mean.power, s=torus)[0, 0]))
        posterior = self._posterior(there, std)
        normals = np.stack([draw(seed, START, MEAN, member, torus) for member in drawn]).astype(np.float64)
        errors = np.stack([draw(seed, ERRORS, MEAN, member, (len(posterior.seen),)) for member in drawn])
        means = posterior.everywhere(normals, errors.astype(np.float64), known[there])
        means[:, :ny, :nx] = np.where(there, known, means[:, :ny, :nx])
        return means

    def _posterior(self, there: NDArray[np.bool_], std: float) -> GaussianPosterior:
        """The mean where it is known, as a system that is solved once for all means known at the same pixels."""
        key = there.tobytes()
        if key not in self._solved:
            self._solved.clear()
            seen = Observed(Pixels(), np.where(there, 0.0, np.nan), std)
            self._solved[key] = GaussianPosterior(self.of_mean, Observations([seen], (len(there), there.shape[1])))
        return self._solved[key]

    @cached_property
    def _solved(self) -> dict[bytes, GaussianPosterior]:
        return {}


@dataclass(frozen=True, eq=False)
class DaysMade:
    """Sequences of days made for a mean.

    Attributes:
        of: the picture of which the mean is, for name, units and coordinates.
        region: of it.
        mean: that was given [ny, nx], physical.
        days: since 1970-01-01 in `calendar`, [frames].
        calendar: as CF has it.
        values: physical [members, frames, ny, nx], NaN where nothing was given or fitted.
        first: number of the first member.
        seed: of the noise.
        law: they are drawn from.
        fitted_to: the series that the law was fitted to, as a sentence.
        real: the days themselves, where the mean was taken of them [frames, ny, nx]; else None.
    """

    of: Picture
    region: Region
    mean: NDArray[np.floating]
    days: NDArray[np.int64]
    calendar: str
    values: NDArray[np.float32]
    first: int
    seed: int
    law: LawOfDays
    fitted_to: str
    real: NDArray[np.float32] | None = None

    @property
    def dates(self) -> list[str]:
        """Every day as 2012-02-29."""
        return [date_text(int(day), self.calendar) for day in self.days]

    @property
    def noise(self) -> NDArray[np.float32]:
        """The normals of which the first member was made [frames, ny, nx]."""
        return self.law.noise(self.seed, self.first)[:, : self.region.ny, : self.region.nx]

    @property
    def kept(self) -> float:
        """Largest departure of a member's mean from the one that was given, in standard deviations."""
        return float(np.nanmax(np.abs(self.values.mean(1, dtype=np.float64) - self.mean) / self.law.cycle.std))
