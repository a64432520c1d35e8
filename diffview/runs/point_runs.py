"""Points of a few numbers on the way of a run: the schedule, grid, sampler and noise of the recipe, as for fields.

What is taught in one and two dimensions is what the fields do: y is [members, 1, 1, d], and the walk is the sampler's.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.forward.noise import START, Noise
from diffview.forward.schedules import Schedule
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import CONSISTENCY, KNOWN_PIXELS, SAMPLERS, VARIANCE_FRACTION, Info, sampler_params
from diffview.runs.groups import Course
from diffview.runs.job import Job

Array = NDArray[np.float32]

OF_FIELDS = {CONSISTENCY, KNOWN_PIXELS, VARIANCE_FRACTION}
"""What only networks and gaps offer a sampler: points have a posterior mean."""

STEADY, NOISY = "heun", "ddpm"
"""The sampler that draws no noise and the one that does, where the recipe's own is of the other kind."""


@dataclass(frozen=True, eq=False)
class Walker:
    """How points walk: a sampler with its parameters, and what is to be said of it."""

    info: Info
    params: dict[str, Any]

    @property
    def noisy(self) -> bool:
        """Whether it draws noise: the reverse SDE; else the ODE."""
        return self.info.draws(self.params)

    @classmethod
    def of(cls, course: Course) -> "Walker":
        """The sampler of a course; DDPM in the place of one that needs what points do not have."""
        info, params = SAMPLERS[course.sampler], dict(course.sampler_params)
        full = sampler_params(course.sampler, params)
        if OF_FIELDS & set(info.needed(full)):
            return cls.named(NOISY)
        return cls(info, full)

    @classmethod
    def named(cls, key: str) -> "Walker":
        """A sampler with its usual parameters."""
        return cls(SAMPLERS[key], sampler_params(key, {}))

    @classmethod
    def pair(cls, course: Course) -> tuple["Walker", "Walker"]:
        """One for the ODE and one for the SDE; the recipe's own is one of them."""
        own = cls.of(course)
        return (cls.named(STEADY), own) if own.noisy else (own, cls.named(NOISY))


def levels_of(course: Course) -> list[float]:
    """The noise levels of a run on this course."""
    return make_levels(course.schedule, course.grid, course.steps, **dict(course.grid_params))


@dataclass(eq=False)
class PointRun(Job):
    """Points from noise to x_0; written step by step, and read meanwhile.

    Attributes:
        denoise: x0_hat(y, s) of y [members, 1, 1, d].
        levels: of the states.
        states: y [members, d] of every state so far.
    """

    denoise: Callable[[Any, float], Any]
    course: Course
    members: int
    d: int
    walker: Walker
    levels: list[float] = field(default_factory=list)
    states: list[Array] = field(default_factory=list)

    def work(self) -> None:
        """Walk."""
        course, members, d = self.course, self.members, self.d
        whole = Noise(course.seed, (1, members, d), version=course.noise)

        def noise(stream: int, index: int) -> Any:
            """All points are one member: their noise is that of a field of them."""
            return whole(stream, index).reshape(members, 1, 1, d)

        self.levels = levels_of(course)
        y = noise(START, 0) * np.float32(self.levels[0])
        steps = self.walker.info.run(self.denoise, y, self.levels, noise, **self.walker.params)
        for step in steps:
            self.states.append(np.asarray(step.y, np.float32).reshape(members, d))
            self.tell(step.index / len(self.levels))

    def times(self, schedule: Schedule) -> NDArray[np.float64]:
        """t of every state."""
        return np.atleast_1d(schedule.t_of(np.array(self.levels)))

    def at(self, index: int, schedule: Schedule) -> Array:
        """x_t [members, d] of a state: alpha y."""
        return np.float32(schedule.scale(self.levels[index])) * self.states[index]
