"""What is known of rivals before anything is run: where they spend their time and their steps, and what they leave out.

A scale of power P drowns at s = sqrt(P): there its signal-to-noise ratio P/s^2 is 1. P is that of the region as it is:
of a field with twice as many pixels a side the same scale has four times the power and drowns at twice the noise level,
so that what is said of scales holds for this resolution and size of region alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diffview.fields.units import written
from diffview.forward.lint import Case, Finding, Signal, idle_steps, left_out, lint
from diffview.forward.state import Forward
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Rival
from diffview.scores.loss import Loss

Array = NDArray[np.float64]

DECADES = (0.0, 0.01, 0.1, 1.0, 10.0, 100.0, math.inf)
"""Noise levels between which the time is counted."""


@dataclass(frozen=True)
class Octave:
    """One octave of scale, from k to 2 k cycles per longest side.

    Attributes:
        low, high: its wavenumbers.
        low_s, high_s: noise levels between which it drowns.
        time: share of t that the schedule spends there.
        steps: share of the steps of the run there, each spread over the ln s that it crosses.
    """

    low: float
    high: float
    low_s: float
    high_s: float
    time: float
    steps: float


@dataclass(frozen=True, eq=False)
class RivalFacts:
    """What is known of one rival on the open region.

    Attributes:
        rival: it.
        plan: of its run.
        case: what its lint looks at.
        km: of the longest side of the region; None where that is not known.
        loss: of its model by noise level, where that has been measured.
    """

    rival: Rival
    plan: Plan
    case: Case
    km: float | None = None
    loss: Loss | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.rival.name

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Those of the lint that are questionable."""
        return tuple(finding for finding in lint(self.case) if not finding.ok)

    @property
    def signal(self) -> Signal | None:
        """The power of the region at every scale; None where it has none."""
        return self.case.signal

    @property
    def start(self) -> float:
        """Noise level at which its run starts."""
        return self.case.levels[0]

    @property
    def steps(self) -> int:
        """Steps of its run."""
        return len(self.case.levels) - 1

    @property
    def alpha_bar_end(self) -> float:
        """alpha_bar at t = 1."""
        return float(self.rival.course.schedule.alpha_bar(1.0))

    @cached_property
    def end_snr(self) -> float:
        """Terminal signal-to-noise ratio of white data of unit variance at t = 1, dB; -inf where nothing is left."""
        return _decibels(1.0, float(self.rival.course.schedule.noise_level(1.0)))

    @property
    def largest_snr(self) -> float | None:
        """The same of the largest scale of the region, P/s^2: it depends on the resolution and the region."""
        if self.signal is None or not len(self.signal.power):
            return None
        return _decibels(float(self.signal.power[0]), float(self.rival.course.schedule.noise_level(1.0)))

    @property
    def left_out(self) -> float | None:
        """The largest share of a scale's amplitude, the mean's included, that a start from noise leaves out."""
        if self.signal is None or not self.case.from_noise:
            return None
        return float(np.max(left_out(self.signal.powers, self.start)))

    @cached_property
    def decades(self) -> tuple[float, ...]:
        """Shares of t that lie in each decade of s between DECADES."""
        t = self.rival.course.schedule.t_of(np.array(DECADES[1:-1]))
        return tuple(np.diff([0.0, *t.tolist(), 1.0]).tolist())

    @cached_property
    def octaves(self) -> tuple[Octave, ...]:
        """Every octave of scale that the region has, the largest scale first, by the falling envelope of P."""
        return () if self.signal is None else tuple(self._octaves(self.signal.power))

    def _octaves(self, power: Array) -> list[Octave]:
        k = np.arange(1, len(power) + 1, dtype=np.float64)
        envelope = np.minimum.accumulate(np.maximum(power, 1e-30))
        edges = 2.0 ** np.arange(int(math.log2(len(k) + 1)) + 1)
        s = np.sqrt(np.exp(np.interp(np.log(edges), np.log(k), np.log(envelope))))
        t, done = self.rival.course.schedule.t_of(s), _share_below(self.case.levels, s)
        return [
            Octave(float(edges[i]), float(edges[j]), float(s[j]), float(s[i]), float(t[i] - t[j]), done[i] - done[j])
            for i, j in pairwise(range(len(edges)))
        ]

    @property
    def idle(self) -> float | None:
        """The share of its steps during which nothing drowns: every scale is lost in noise, or none is touched yet."""
        found = idle_steps(self.case)
        return None if found is None else sum(found) / self.steps

    @cached_property
    def cost(self) -> float | None:
        """The loss-weighted cost of its steps, nats per pixel; None where the loss of its model is not known.

        The bound's sum over its levels of (s'^-2 - s^-2)/2 E|x0 - x0_hat(s)|^2, minus what infinitely many levels
        between the same ends have: what its steps cost, by the loss that was measured.
        """
        return None if self.loss is None else steps_cost(self.loss, self.case.levels)


def steps_cost(loss: Loss, levels: Sequence[float]) -> float:
    """`RivalFacts.cost` of falling levels, of which a last 0 is left out.

    Between the levels at which it was measured the error is a power of s; beyond the highest it stays, below the lowest
    it falls as s^2.
    """
    s = np.array([level for level in levels if level > 0])
    known, error = np.log(loss.levels[::-1]), np.log(loss.error[::-1])
    fine = np.interp(np.linspace(0, len(s) - 1, 64 * len(s)), np.arange(len(s)), np.log(s))

    def loss_at(log_s: Array) -> Array:
        return np.asarray(np.exp(np.interp(log_s, known, error) - 2 * np.maximum(log_s, known[0])))

    at = loss_at(np.log(s))
    steps = 0.5 * ((s[:-1] / s[1:]) ** 2 - 1) * at[:-1]
    finest = np.sum(-np.diff(fine) * (loss_at(fine)[1:] + loss_at(fine)[:-1]) / 2)
    return float(steps.sum() - finest)


def facts_of(rival: Rival, plan: Plan, facts: Facts, loss: Loss | None = None) -> RivalFacts:
    """What is known of a rival, whose run is planned, on the region of the open field."""
    field, course = facts.field, rival.course
    power = Forward(plan.x0, course.schedule, course.seed, plan.recipe.start.path_mode, field.pixel_km).spectrum_x0()
    signal = Signal.of(plan.x0, power, plan.transform, written(field.units))
    noise_range = None if plan.card is None else plan.card.noise_range
    recipe = plan.recipe
    case = Case(
        course.schedule, recipe.start.chain_length, plan.levels, signal, noise_range, recipe.start.origin == "noise"
    )
    size = field.pixel_km
    km = None if size is None else max(plan.region.ny * size[0], plan.region.nx * size[1])
    return RivalFacts(rival, plan, case, km, loss)


def _decibels(power: float, s: float) -> float:
    return -math.inf if math.isinf(s) or power <= 0 else 10 * math.log10(power) - 20 * math.log10(s)


def _share_below(levels: Sequence[float], s: Array) -> list[float]:
    """The share of the steps of a run that lies below each of the levels s; the last step, to 0, below all of them."""
    rising = np.log(np.array([level for level in levels if level > 0])[::-1])
    share = np.arange(1, len(rising) + 1) / len(rising)
    return [float(part) for part in np.interp(np.log(s), rising, share)]
