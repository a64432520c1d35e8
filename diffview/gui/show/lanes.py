"""Races of samplers as a plot draws them: error against calls, log-log, with the slopes of the orders expected."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Guide = tuple[int, tuple[float, float], tuple[float, float]]
"""An order and the two ends of its line, in log10 of calls and error."""


@dataclass(frozen=True)
class RaceMark:
    """One run: calls and error, and its tooltip."""

    x: float
    y: float
    tip: str

    @property
    def at(self) -> tuple[float, float]:
        """log10 of calls and error."""
        return math.log10(self.x), math.log10(self.y)


@dataclass(frozen=True)
class Lane:
    """The runs of one sampler.

    Attributes:
        name: in the legend.
        order: of convergence, whose slope is drawn; 0: none.
        style: index of its colour and of the shape of its dots.
        marks: its runs; errors of 0 are off the log axis and left out.
    """

    name: str
    order: int
    style: int
    marks: tuple[RaceMark, ...]

    @property
    def shown(self) -> tuple[RaceMark, ...]:
        """The runs that a log axis can show."""
        return tuple(mark for mark in self.marks if mark.y > 0 and math.isfinite(mark.y))


def ranges(lanes: Sequence[Lane]) -> tuple[tuple[float, float], tuple[float, float]]:
    """The log10 of calls and errors that hold all runs."""
    points = [mark.at for lane in lanes for mark in lane.shown]
    x, y = ([at[i] for at in points] for i in (0, 1))
    x, y = x or [0.5, 2.5], y or [-3.0, 1.0]
    return (min(x) - 0.08, max(x) + 0.12), (min(y) - 0.2, max(y) + 0.25)


def guides(lanes: Sequence[Lane], low: float, high: float) -> list[Guide]:
    """The slope of each order over log10 calls low..high: through the middle run of its first sampler."""
    found = []
    for order in sorted({lane.order for lane in lanes if lane.order > 0}):
        marks = [mark for mark in next(lane for lane in lanes if lane.order == order).marks if mark.y > 0]
        if len(marks) > 1:
            at, height = marks[len(marks) // 2].at
            found.append((order, (low, height + order * (at - low)), (high, height - order * (high - at))))
    return found
