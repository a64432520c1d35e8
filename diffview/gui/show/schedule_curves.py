"""Curves of the schedule plot, and the schedules that drags in it make."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.numbers import number
from diffview.forward.edits import QUANTITIES, drawn, moved, moved_in_level, points_of, stroked, stroked_in_level
from diffview.forward.schedules import (
    BetaCurve,
    Custom,
    Join,
    Schedule,
    SpectrumMatched,
    Tabulated,
    ZeroSnr,
    make_schedule,
)
from diffview.gui.show.timescale import TimeScale
from diffview.learning.densities import grid_density, log_levels, schedule_density, training_density
from diffview.models.cards import Card
from diffview.models.formulas import FORMULAS
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import Course, Rival

if TYPE_CHECKING:
    from diffview.forward.level_settings import Imported

Floats = NDArray[np.float64]

Levels = Sequence[float]

SAMPLES, CELLS = 256, 512
REFERENCES = ("linear", "cosine")
"""Schedules drawn dotted beside the one in force."""

DENSITY_TIP = """The share of each noise level, per unit of ln s, on either axis:
schedule: share of t, dt/d ln s
grid: share of the run's steps; the last one, to s = 0, has no end in ln s"""

HAND = "drag a point or the playhead; a double click adds a point"
ALONG = "drag a point along the curve to give its t another level"


def curve(schedule: Schedule, quantity: str, scale: TimeScale) -> tuple[Floats, Floats]:
    """The schedule's quantity over the axis, 256 samples from the first row of T = 1000 to t = 1."""
    x = np.linspace(scale.first, scale.last, SAMPLES)
    t = np.maximum(scale.t(x), 1e-3)
    return x, QUANTITIES[quantity].of(schedule, t)


def limits(schedule: Schedule, quantity: str) -> tuple[float | None, float | None]:
    """Range of y: the quantity's own (None), or as large as sigma and as low as log-SNR of the schedule become."""
    if quantity == "sigma" and schedule.form == "ve":
        return 0.0, schedule.s_max
    if quantity == "log_snr":
        return min(-12.0, -2 * log(schedule.s_max)), 12.0
    return None, None


def references(
    schedule: Schedule, quantity: str, scale: TimeScale, rivals: Sequence[Rival] = ()
) -> list[tuple[str, Floats, Floats]]:
    """Names and curves of other schedules: of the rivals that are not in force, else of presets.

    Over ln s only the betas of rivals are others: all else is the same there for every schedule.
    """
    if scale.axis != "t" and not (rivals and quantity == "beta"):
        return []
    others = {make_schedule(key).title.lower(): make_schedule(key) for key in REFERENCES if key != schedule.key}
    if rivals:
        others = {rival.name: rival.course.schedule for rival in rivals}
    return [
        (name, *curve(other, quantity, scale.of_other(other))) for name, other in others.items() if other != schedule
    ]


def levels_along(
    rivals: Sequence[tuple[Rival, Levels]], quantity: str, scale: TimeScale
) -> list[tuple[Floats, Floats]]:
    """Where the levels that rivals visit lie on their curves; nothing where there are none, see `references`."""
    if scale.axis != "t" and quantity != "beta":
        return []
    found = []
    for rival, levels in rivals:
        schedule = rival.course.schedule
        t = np.asarray(schedule.t_of(np.array([s for s in levels if s > 0])))
        y = QUANTITIES[quantity].of(schedule, np.maximum(t, 1e-3))
        found.append((np.asarray(scale.of_other(schedule).x(t)), y))
    return found


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
    return f"√ᾱ left at T: {number(left)} · {ALONG if axis != 't' and QUANTITIES[quantity].level else HAND}"


def densities(scale: TimeScale, levels: Levels, card: Card | None) -> tuple[Floats, Floats, dict[str, Floats]]:
    """Densities of schedule, grid and, if the card has it, training per unit of ln s, in cells along the axis.

    The cells are about equally wide on either axis; their values are exact, so none has to be placed at a level.

    Returns:
        Edges of the cells on the axis and ln s there [513], from the first row of T = 1000; the densities [512].
    """
    t = np.linspace(1e-3, 1.0, CELLS + 1)
    if scale.axis != "t":
        rows = np.linspace(1e-3, 1.0, 8 * CELLS)
        t = np.interp(np.linspace(scale.first, scale.last, CELLS + 1), log_levels(scale.schedule, rows), rows)
    log_s = log_levels(scale.schedule, t)
    curves = {"schedule": schedule_density(scale.schedule, t), "grid": grid_density(levels, log_s)}
    with suppress(UserError):
        curves["training"] = training_density({} if card is None else card.training, log_s)
    return t if scale.axis == "t" else log_s, log_s, curves


def handles(schedule: Schedule, quantity: str, scale: TimeScale) -> list[tuple[float, float]]:
    """Positions in the plot of the schedule's points, or of those it would get."""
    t, y = points_of(schedule, quantity)
    return list(zip(np.asarray(scale.x(t)).tolist(), y.tolist(), strict=True))


def pulled(schedule: Schedule, quantity: str, scale: TimeScale, index: int, at: tuple[float, float]) -> Schedule:
    """The schedule with a point pulled to a position in the plot."""
    x, y = at
    if scale.axis == "t":
        return moved(schedule, quantity, index, x, y)
    low = scale.low if quantity == "beta" else scale.least
    return moved_in_level(schedule, quantity, index, exp(min(max(x, low), scale.high)), y)


def stroked_on(schedule: Schedule, quantity: str, scale: TimeScale, x: Floats, y: Floats) -> Schedule:
    """The schedule along a stroke in the plot: of any quantity over t, or of beta over the level.

    Raises:
        UserError: if it goes back, or not far.
    """
    if scale.axis == "t":
        return stroked(schedule, quantity, x, y)
    return stroked_in_level(schedule, np.exp(x), y)


def companion(schedule: Schedule, quantity: str, scale: TimeScale) -> tuple[str, Floats, Floats]:
    """Name and curve of what is shown beside beta, which makes it: alpha_bar; "" beside all else."""
    if quantity != "beta":
        return "", np.empty(0), np.empty(0)
    return "ᾱ, 0 to 1", *curve(schedule, "alpha_bar", scale)


def chosen(key: str, schedule: Schedule, match: Callable[[], Schedule]) -> Schedule:
    """The schedule of a list entry: a preset, or one made from the one in force or, by `match`, from the field.

    Raises:
        UserError: if it cannot be made.
    """
    made: dict[str, Callable[[], Schedule]] = {
        Custom.key: lambda: drawn(schedule, "alpha_bar"),
        BetaCurve.key: lambda: drawn(schedule, "beta"),
        Tabulated.key: lambda: Tabulated.like(schedule),
        ZeroSnr.key: lambda: ZeroSnr(schedule),
        Join.key: lambda: Join.above(schedule.of if isinstance(schedule, ZeroSnr) else schedule),
        SpectrumMatched.key: match,
    }
    return make_schedule(key) if key not in made else made[key]()


def taken(found: "Imported") -> dict[str, Any]:
    """What a file changes in a recipe: the schedule, and the levels of the run where it says which it executes."""
    changes: dict[str, Any] = {"schedule": found.schedule}
    levels = [min(s, found.schedule.s_max) for s in found.levels if s > 0]
    if found.levels and all(b < a for a, b in pairwise(levels)):
        changes |= {"grid": "custom", "grid_params": (("levels", tuple(levels)),), "steps": len(levels)}
    return changes


def levels_note(found: "Imported") -> str:
    """What becomes of the levels that a file says it executes, as a finished sentence; "" where it says none."""
    if not found.levels:
        return ""
    highest, reached = max(found.levels), found.schedule.s_max
    above = f"s = {highest:.4g}, above the schedule's highest noise level, s = {reached:.4g}"
    if "steps" not in (changes := taken(found)):
        return f"The levels that it executes are not taken: they reach {above}."
    note = f"The {changes['steps']} levels that it executes are custom ticks now"
    return f"{note}; the first is lowered from {above}." if highest > reached * (1 + 1e-6) else f"{note}."


TICK_GAP = 1e-3
"""Least distance in ln s of neighbouring levels."""


def tick_dragged(levels: list[float], index: int, s: float, low: float, high: float) -> tuple[float, ...]:
    """The levels with one pulled to s; it stops at its neighbours, the first at `high`, the last at `low`."""
    above = levels[index - 1] * exp(-TICK_GAP) if index > 0 else high
    below = levels[index + 1] * exp(TICK_GAP) if index + 1 < len(levels) else low
    return (*levels[:index], max(min(s, above), min(below, above)), *levels[index + 1 :])
