"""The axis that timeline, film strip and SNR map share: t, or ln s.

That of ln s ends at powers of sqrt(10), so that it stands still while the ends of a schedule are pulled.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffview.forward.schedules import Schedule
from diffview.gui.show.moment import InForce

HALF_DECADE = math.log(10) / 2
"""ln s, of a factor of sqrt(10)."""


@dataclass(frozen=True)
class TimeScale:
    """x(t) and t(x) on the axis "t" or "ln_s", over [low, high]."""

    axis: str
    schedule: Schedule
    low: float
    high: float

    @classmethod
    def of(cls, session: InForce) -> "TimeScale":
        """The axis of the session's view."""
        return cls.along(session.view.axis, session.recipe.course.schedule)

    @classmethod
    def along(cls, axis: str, schedule: Schedule) -> "TimeScale":
        """The axis of that name, as long as the schedule needs it."""
        if axis == "t":
            return cls("t", schedule, 0.0, 1.0)
        low, high = np.log(schedule.s_min) / HALF_DECADE, np.log(schedule.s_max) / HALF_DECADE
        return cls(axis, schedule, float(np.floor(low)) * HALF_DECADE, float(np.ceil(high)) * HALF_DECADE)

    def of_other(self, schedule: Schedule) -> "TimeScale":
        """The same axis, as another schedule lies on it."""
        return TimeScale(self.axis, schedule, self.low, self.high)

    @property
    def first(self) -> float:
        """Where the first row of a chain of 1000 lies."""
        return self.low if self.axis == "t" else float(np.log(self.schedule.s_min))

    @property
    def last(self) -> float:
        """Where the schedule ends."""
        return self.high if self.axis == "t" else float(np.log(self.schedule.s_max))

    @property
    def least(self) -> float:
        """How low in ln s the first point of a curve can be pulled, at t = 0.02, if the axis is to stay.

        Before it s^2 is linear in t.
        """
        return self.low + math.log(20) / 2

    def x(self, t: Any) -> Any:
        """The position of t on the axis; t below the first row lies at its left end."""
        if self.axis == "t":
            return t
        with np.errstate(divide="ignore"):
            ln_s = np.clip(np.log(self.schedule.noise_level(t)), self.first, self.last)
        return float(ln_s) if np.ndim(t) == 0 else ln_s

    def t(self, x: Any) -> Any:
        """The t at a position on the axis."""
        t = np.clip(x, 0.0, 1.0) if self.axis == "t" else self.schedule.t_of(np.exp(x))
        return float(t) if np.ndim(x) == 0 else t
