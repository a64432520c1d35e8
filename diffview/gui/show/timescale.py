"""The axis that timeline, film strip and SNR map share: t, or ln s."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from diffview.forward.schedules import Schedule
from diffview.gui.show.moment import InForce


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
        schedule = session.recipe.course.schedule
        if session.view.axis == "t":
            return cls("t", schedule, 0.0, 1.0)
        return cls("ln_s", schedule, float(np.log(schedule.s_min)), float(np.log(schedule.s_max)))

    def x(self, t: Any) -> Any:
        """The position of t on the axis; t below the first row lies at its left end."""
        if self.axis == "t":
            return t
        with np.errstate(divide="ignore"):
            ln_s = np.clip(np.log(self.schedule.noise_level(t)), self.low, self.high)
        return float(ln_s) if np.ndim(t) == 0 else ln_s

    def t(self, x: Any) -> Any:
        """The t at a position on the axis."""
        t = np.clip(x, 0.0, 1.0) if self.axis == "t" else self.schedule.t_of(np.exp(x))
        return float(t) if np.ndim(x) == 0 else t
