"""Points that walk and a network that learns them, beside the window; torch only in the thread that learns."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.gui.jobs.background import Background
from diffview.models.mixture import Mixture
from diffview.runs.groups import Course
from diffview.runs.job import Job
from diffview.runs.point_runs import PointRun, Walker

if TYPE_CHECKING:
    from diffview.learning.points import Learnt

LEARN_S, EVERY_S = 20.0, 0.4
"""Seconds of a learning, and between two looks at what it has learnt."""

WALK_SHARE = 0.3
"""Share of the time that points may walk while the network learns."""


@dataclass(eq=False)
class PathsJob(Job):
    """The same starts once by the ODE and once by the SDE, one number each."""

    law: Mixture
    course: Course
    count: int

    def __post_init__(self) -> None:
        self.runs = tuple(PointRun(self.law, self.course, self.count, 1, walker) for walker in Walker.pair(self.course))

    def work(self) -> None:
        """Walk both."""
        for run in self.runs:
            run.work()
            self.tell(0.5)


class PathsBackground(Background[PathsJob]):
    """Paths in one dimension."""

    kind = "paths"

    def show(self, law: Mixture, course: Course, count: int) -> None:
        """Walk anew."""
        self.stop()
        self.begin(lambda: PathsJob(law, course, count))


class CloudBackground(Background[PointRun]):
    """Points in the plane."""

    kind = "walking"

    def show(self, denoise: Any, course: Course, members: int) -> None:
        """Walk anew."""
        self.stop()
        self.begin(lambda: PointRun(denoise, course, members, 2, Walker.of(course)))


@dataclass(eq=False)
class PointLearning(Job):
    """A network that learns points, and walks them by what it has learnt.

    Attributes:
        newest: what is learnt so far.
        walked: the newest run by it.
    """

    points: NDArray[np.floating]
    course: Course
    newest: "Learnt | None" = None
    walked: PointRun | None = None

    @property
    def network(self) -> bool:
        """Torch computes."""
        return True

    @property
    def mark(self) -> Any:
        """What is learnt, or walked, or the state, is another."""
        return self.state, None if self.newest is None else self.newest.step, self.walked

    def work(self) -> None:
        """Learn for a while; walk now and then, and at the end."""
        from diffview.learning.points import PointTrainer

        trainer, began, walking = PointTrainer(self.points, self.course.schedule), time.perf_counter(), 0.0
        while (passed := time.perf_counter() - began) < LEARN_S:
            trainer.learn(EVERY_S)
            self.newest = trainer.learnt()
            if walking <= WALK_SHARE * passed:
                walking += self._walk()
            self.tell(passed / LEARN_S)
        self._walk()

    def _walk(self) -> float:
        """All points from noise; gives the seconds it took back."""
        began = time.perf_counter()
        if self.newest is not None:
            run = PointRun(self.newest.net, self.course, len(self.points), 2, Walker.of(self.course))
            run.work()
            self.walked = run
        return time.perf_counter() - began


class PointLearner(Background[PointLearning]):
    """Learns points, one shape at a time."""

    kind = "learning"

    def start(self, points: NDArray[np.floating], course: Course) -> None:
        """Learn anew."""
        self.stop()
        self.begin(lambda: PointLearning(points, course))
