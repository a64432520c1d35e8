"""Rain from channels as one sheet: channels, members, mean, spread and truth of held-out fields, judged together.

Sensors are switched on and off: the law is fitted once to rain and all channels, and given those that are on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.learning.from_files import read_training_set
from diffview.models.conditions import groups_of
from diffview.runs.conditions_asked import Condition
from diffview.runs.job import Job
from diffview.scores import metrics
from diffview.scores.calibration import Calibration
from diffview.scores.channel_scores import ChannelTask, Progress, calibration, made_of
from diffview.scores.curves import histogram_curves

Array = NDArray[np.floating]

CASES, MEMBERS = 8, 128
"""Held-out fields, and members of each."""

HELD_OUT = 0.3
"""Share of the fields that is held out."""

BINS = 24
"""Of the histogram, beside its zero bin."""


@dataclass(frozen=True)
class SheetAsked:
    """What a sheet is of.

    Attributes:
        path, dataset: rain.
        given: real channels, matched by time; none: synthetic ones.
        off: sensors that are switched off; of synthetic channels each is one.
        cases, members: held-out fields, and members of each.
        seed: of all noise.
        size: largest side of a field, pixels.
    """

    path: str
    dataset: str | None = None
    given: tuple[Condition, ...] = ()
    off: tuple[str, ...] = ()
    cases: int = CASES
    members: int = MEMBERS
    seed: int = 0
    size: int = 64

    @property
    def fitted(self) -> tuple[object, ...]:
        """What the law hangs on: sheets that share it share a task."""
        return self.path, self.dataset, self.given, self.cases, self.members, self.seed, self.size


@dataclass(frozen=True, eq=False)
class ChannelSheet:
    """What a sheet shows.

    Attributes:
        task: rain and channels.
        off: sensors that are switched off.
        members: physical [M, n, ny, nx].
        found: all that is known of them.
    """

    task: ChannelTask
    off: tuple[str, ...]
    members: Array
    found: Calibration

    @property
    def names(self) -> tuple[str, ...]:
        """The channels that are given."""
        return channels_on(self.task, self.off)

    @cached_property
    def spread(self) -> float:
        """Standard deviation of rain given what is on, in those of rain through its transform."""
        return float(self.task.given(self.names).std[0])

    @cached_property
    def least_spread(self) -> float:
        """The same with every sensor on."""
        return float(self.task.law.std[0])

    def histogram(self) -> dict[str, Any]:
        """Shares of the pixels of members, their mean and the truth; see `shares_of`."""
        return shares_of(self.task, self.members)


def shares_of(task: ChannelTask, members: Array) -> dict[str, Any]:
    """Shares of the pixels of members, their mean and the truth on common edges, as `histogram_curves` has them.

    Amounts have a zero bin, below the smallest that rain is measured by, and edges that are even in the logarithm.
    """
    fields = {"members": members, "mean": members.mean(0), "truth": task.truth}
    edges = metrics.common_edges([*fields.values()], BINS, task.data.smallest or None)
    return histogram_curves({name: metrics.histogram(x, edges) for name, x in fields.items()}, edges)


def sensors_of(task: ChannelTask) -> tuple[str, ...]:
    """What is switched on and off together."""
    return task.names if task.synthetic else groups_of([task.data.channels[place] for place in task.places])


def channels_on(task: ChannelTask, off: Sequence[str]) -> tuple[str, ...]:
    """The channels of a task that are given when some sensors are off.

    Raises:
        UserError: if there is no such sensor.
    """
    if unknown := [name for name in off if name not in sensors_of(task)]:
        raise UserError(f"There is no sensor {unknown[0]!r} to switch off.", f"They are {', '.join(sensors_of(task))}.")
    if task.synthetic:
        return tuple(name for name in task.names if name not in off)
    groups = [task.data.channels[place].group for place in task.places]
    return tuple(name for name, group in zip(task.names, groups, strict=True) if group not in off)


def make_sheet(task: ChannelTask, off: Sequence[str] = (), progress: Progress = lambda share: None) -> ChannelSheet:
    """The sheet of a task with some sensors off.

    Raises:
        UserError: as in `calibrate` and `channels_on`.
    """
    members = made_of(task, channels_on(task, off), progress)
    return ChannelSheet(task, tuple(off), members, calibration(task, members, ()))


@dataclass(eq=False)
class SheetJob(Job):
    """A sheet, made beside the window.

    Attributes:
        asked: of what.
        before: that of the same rain and channels, whose law is taken over; None: it is read and fitted.
        sheet: what was found, once it is there.
    """

    asked: SheetAsked
    before: ChannelTask | None = None
    sheet: ChannelSheet | None = None

    def work(self) -> None:
        """Read, fit, make and judge."""
        task = self.before or self._read()
        self.tell(0.3)
        _ = task.law  # fitted once
        self.tell(0.5)
        self.sheet = make_sheet(task, self.asked.off, lambda share: self.tell(0.5 + 0.3 * share))
        self.tell(1.0)

    def _read(self) -> ChannelTask:
        asked = self.asked
        data = read_training_set(
            asked.path, [] if asked.dataset is None else [asked.dataset], size=asked.size, held_out=HELD_OUT,
            given=asked.given,
        )  # fmt: skip
        self.tell(0.2)
        return ChannelTask(data, (), asked.cases, asked.members, asked.seed)
