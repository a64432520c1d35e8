"""Curves of the schedule plot, and the schedules that drags in it make."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.numbers import number
from diffview.forward.schedules import S_CAP, Custom, Join, Schedule, SpectrumMatched, Tabulated, ZeroSnr, make_schedule
from diffview.gui.show.timescale import TimeScale
from diffview.learning.densities import grid_density, log_levels, schedule_density, training_density
from diffview.models.cards import Card
from diffview.models.formulas import FORMULAS
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import Course

Floats = NDArray[np.float64]

Levels = Sequence[float]

SAMPLES, CELLS = 256, 512
REFERENCES = ("linear", "cosine")
"""Schedules drawn dotted beside the one in force."""

DENSITY_TIP = """The share of each noise level, per unit of ln s, on either axis:
schedule: share of t, dt/d ln s
grid: share of the run's steps; the last one, to s = 0, has no end in ln s"""

HAND = "drag a point, or the playhead"

T_GAP, LOG_SNR_GAP = 0.005, 0.02
"""Least distance of neighbouring knots."""

HIGHEST = 40.0
"""log_snr above which no knot can be pulled: s = 2e-9."""


@dataclass(frozen=True)
class Quantity:
    """One quantity of the y axis: its values along a schedule, and its inverse, the noise level of a value."""

    of: Callable[[Schedule, Floats], Floats]
    level: Callable[[Schedule, float], float] | None


def _alpha_bar_level(schedule: Schedule, y: float) -> float:
    return sqrt(1 / y - 1) if 0 < y < 1 else 0.0 if y >= 1 else inf


def _sigma_level(schedule: Schedule, y: float) -> float:
    """s at which sigma = y: the inverse of s alpha(s) of the schedule's form."""
    if schedule.form == "ve":
        return max(y, 0.0)
    if y >= 1:
        return inf
    y = max(y, 0.0)
    return y / sqrt(1 - y * y) if schedule.form == "vp" else y / (1 - y)


def _beta(schedule: Schedule, t: Floats) -> Floats:
    """beta of a chain of T = 1000, however many points are drawn."""
    chain = schedule.discrete(1000)
    return np.interp(t, chain.t, chain.beta)


QUANTITIES: dict[str, Quantity] = {
    "alpha_bar": Quantity(lambda schedule, t: schedule.alpha_bar(t), _alpha_bar_level),
    "log_snr": Quantity(lambda schedule, t: schedule.log_snr(t), lambda _, y: exp(-min(max(y, -60.0), 60.0) / 2)),
    "sigma": Quantity(lambda schedule, t: schedule(t)[1], _sigma_level),
    "beta": Quantity(_beta, None),
}


def curve(schedule: Schedule, quantity: str, scale: TimeScale) -> tuple[Floats, Floats]:
    """The schedule's quantity over the axis, 256 samples from the first row of T = 1000 to t = 1."""
    x = np.linspace(scale.low, scale.high, SAMPLES)
    t = np.maximum(scale.t(x), 1e-3)
    return x, QUANTITIES[quantity].of(schedule, t)


def limits(schedule: Schedule, quantity: str) -> tuple[float | None, float | None]:
    """Range of y: the quantity's own (None), or as large as sigma and as low as log-SNR of the schedule become."""
    if quantity == "sigma" and schedule.form == "ve":
        return 0.0, schedule.s_max
    if quantity == "log_snr":
        return min(-12.0, -2 * log(schedule.s_max)), 12.0
    return None, None


def references(schedule: Schedule, quantity: str, scale: TimeScale) -> list[tuple[str, Floats, Floats]]:
    """Names and curves of other schedules, over t."""
    if scale.axis != "t":
        return []
    others = [make_schedule(key) for key in REFERENCES if key != schedule.key]
    return [(other.title.lower(), *curve(other, quantity, scale)) for other in others]


def band(card: Card, scale: TimeScale) -> tuple[float, float, str]:
    """The ends of a network's noise range on the axis, and a sentence about it."""
    low, high = card.noise_range
    ends = np.asarray(scale.x(scale.schedule.t_of(np.array([low, min(high, scale.schedule.s_max)]))))
    tip = f"{card.name} was trained for {number(low)} ≤ s ≤ {number(high)}"
    return float(ends.min()), float(ends.max()), tip


def density_words(card: Card | None, model: str, trained: bool) -> tuple[str, str]:
    """The tooltip of the densities, and what is said where that of the training should be."""
    if card is None or not trained:
        return DENSITY_TIP, "no training: a formula" if model in FORMULAS else "training: not known"
    training = card.training
    how = [training["density"], *([f"{training['loss']} loss"] if "loss" in training else [])]
    return f"{DENSITY_TIP}\ntraining: share of the network's draws ({', '.join(how)})", ""


def caption(course: Course, quantity: str, axis: str) -> str:
    """What is to be said of a schedule and of what can be dragged, or of the fork that a run is."""
    if (fork := course.fork) is not None:
        fresh = f" · noise {fork.number}" if fork.number else ""
        return f"fork at step {fork.step} of {SAMPLERS[fork.parent.sampler].title}, seed {fork.parent.seed}{fresh}"
    left = float(np.sqrt(course.schedule.alpha_bar(1.0)))
    return f"√ᾱ left at T: {number(left)} · {where_points_are(quantity, axis) or HAND}"


def where_points_are(quantity: str, axis: str) -> str:
    """What to choose to see the points that can be dragged; "" where they are on screen."""
    if axis != "t":
        return "choose t to drag points"
    return "choose ᾱ to drag points" if QUANTITIES[quantity].level is None else ""


def densities(scale: TimeScale, levels: Levels, card: Card | None) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Densities of schedule, grid and, if the card has it, training per unit of ln s, in cells along the axis.

    The cells are about equally wide on either axis; their values are exact, so none has to be placed at a level.

    Returns:
        Edges of the cells on the axis and ln s there [513], from the first row of T = 1000; the densities [512].
    """
    t = np.linspace(1e-3, 1.0, CELLS + 1)
    if scale.axis != "t":
        rows = np.linspace(1e-3, 1.0, 8 * CELLS)
        t = np.interp(np.linspace(scale.low, scale.high, CELLS + 1), log_levels(scale.schedule, rows), rows)
    log_s = log_levels(scale.schedule, t)
    curves = {"schedule": schedule_density(scale.schedule, t), "grid": grid_density(levels, log_s)}
    with suppress(UserError):
        curves["training"] = training_density({} if card is None else card.training, log_s)
    return t if scale.axis == "t" else log_s, log_s, curves


def handles(schedule: Schedule, quantity: str, scale: TimeScale) -> list[tuple[float, float]]:
    """Positions in the plot of the schedule's knots, or of those it would get."""
    t = np.array([knot[0] for knot in as_custom(schedule).knots])
    y = QUANTITIES[quantity].of(schedule, t)
    return list(zip(np.asarray(scale.x(t)).tolist(), y.tolist(), strict=True))


def as_custom(schedule: Schedule) -> Custom:
    """The schedule itself if it has knots, else the custom curve through it."""
    return schedule if isinstance(schedule, Custom) else Custom.like(schedule)


def chosen(key: str, schedule: Schedule, match: Callable[[], Schedule]) -> Schedule:
    """The schedule of a list entry: a preset, or one made from the one in force or, by `match`, from the field.

    Raises:
        UserError: if it cannot be made.
    """
    made: dict[str, Callable[[], Schedule]] = {
        Custom.key: lambda: as_custom(schedule),
        Tabulated.key: lambda: Tabulated.like(schedule),
        ZeroSnr.key: lambda: ZeroSnr(schedule),
        Join.key: lambda: Join.above(schedule.of if isinstance(schedule, ZeroSnr) else schedule),
        SpectrumMatched.key: match,
    }
    return make_schedule(key) if key not in made else made[key]()


TICK_GAP = 1e-3
"""Least distance in ln s of neighbouring levels."""


def tick_dragged(levels: list[float], index: int, s: float, low: float, high: float) -> tuple[float, ...]:
    """The levels with one pulled to s; it stops at its neighbours, the first at `high`, the last at `low`."""
    above = levels[index - 1] * exp(-TICK_GAP) if index > 0 else high
    below = levels[index + 1] * exp(TICK_GAP) if index + 1 < len(levels) else low
    return (*levels[:index], max(min(s, above), min(below, above)), *levels[index + 1 :])


def _between(value: float, low: float, high: float, gap: float) -> float:
    """`value`, but at least `gap` (or a third of the room) away from both ends."""
    gap = min(gap, (high - low) / 3)
    return min(max(value, low + gap), high - gap)


def dragged(schedule: Schedule, index: int, t: float, y: float, quantity: str) -> Custom:
    """The custom curve with knot `index` pulled to (t, y); it stops at its neighbours, so the curve stays monotone."""
    custom = as_custom(schedule)
    level = QUANTITIES[quantity].level
    knots = list(custom.knots)
    s = 1.0 if level is None else level(custom, y)
    wanted = -2 * log(s) if 0 < s < inf else inf if s == 0 else -inf
    last = index == len(knots) - 1
    lowest = min(-2 * log(S_CAP), knots[-1][1])
    left = knots[index - 1] if index > 0 else (0.0, HIGHEST)
    right = (1.0, lowest - LOG_SNR_GAP) if last else knots[index + 1]
    t = 1.0 if last else _between(t, left[0], right[0], T_GAP)
    log_snr = _between(wanted, right[1], left[1], LOG_SNR_GAP)
    knots[index] = (t, log_snr)
    return replace(custom, knots=tuple(knots))
