"""What is taught in one and two dimensions, as arrays: laws from the view, a density over t, steps back, points."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.forward.schedules import Schedule
from diffview.forward.state import Forward
from diffview.models.mixture import Mixture
from diffview.models.shapes import SHAPES, Bell, along, shape_law
from diffview.runs.point_runs import PointRun
from diffview.runs.recipe import Recipe

Floats = NDArray[np.float64]
TOP = 3.2
"""Values shown, from -TOP to TOP, in units of the standard deviation that the schedule leads to."""

ROWS, COLUMNS = 160, 200
"""Of the picture of a density."""

LARGE = 60
"""Per cent of t that the large step goes back at first."""


def law_of(bells: Sequence[Bell]) -> Mixture:
    """The mixture of bells."""
    weights, means, stds = np.array(bells).T
    return Mixture(weights, means, stds**2)


def plane_law(shape: str, drawn: Sequence[Sequence[tuple[float, float]]]) -> Mixture:
    """The law of a shape by its name, or of the lines that were drawn by hand.

    Raises:
        UserError: if nothing is drawn.
    """
    return shape_law(SHAPES[shape]() if shape in SHAPES else along([np.array(line) for line in drawn]))


def unit(alpha: Any, sigma: Any) -> Any:
    """The standard deviation of x_t of data with variance 1: by it x_t is divided on screen, and by 1 in VP form."""
    return np.sqrt(np.square(alpha) + np.square(sigma))


def density_picture(law: Mixture, schedule: Schedule, t: Floats) -> Floats:
    """p_t(x) [ROWS, len(t)], the largest x above, as a share of the most that it is at that t."""
    alpha, sigma = schedule(t)
    x = np.linspace(TOP, -TOP, ROWS)[:, None] * unit(alpha, sigma)
    density = law.seen(x, np.broadcast_to(alpha, x.shape), np.broadcast_to(sigma, x.shape))
    return np.asarray(density / density.max(axis=0))


def paths(run: PointRun, schedule: Schedule, shown: int) -> tuple[Floats, Floats]:
    """t [states] and x_t [states, shown] of the first of its points, in units of the screen."""
    states = len(run.states)
    t = run.times(schedule)[:states]
    alpha, sigma = schedule(t)
    values = np.stack([run.at(i, schedule)[:shown, 0] for i in range(states)]) / unit(alpha, sigma)[:, None]
    return t, np.asarray(values, np.float64)


def columns(low: float, high: float) -> Floats:
    """Where on the time axis a density is computed: its columns, from end to end."""
    return np.linspace(low, high, COLUMNS)


class FromHere(NamedTuple):
    """A value of x_t at a noise level, and the lower levels that a small and a large step go down to."""

    x_t: float
    s: float
    before: tuple[float, float]


def steps_back(recipe: Recipe, t: float, value: float, share: float) -> FromHere | None:
    """One row of the chain, and a share of the way down from t to 0; `value` in units of the screen. None at t = 0."""
    schedule, row = recipe.course.schedule, 1 / recipe.start.chain_length
    if t < row:
        return None
    s, *before = (min(float(schedule.noise_level(at)), schedule.s_max) for at in (t, t - row, (1 - share) * t))
    small = min(before[0], s * (1 - 1e-4))
    scale = float(schedule.scale(s))
    return FromHere(value * float(unit(scale, scale * s)), s, (small, min(before[1], small)))


# -- clouds

TRAIL, TRAILED = 4, 200
"""Earlier states behind a point, and points that have them."""

GRID = 15
"""Score arrows a side."""

EVERY = 48
"""Places of t at which the way of the forward points is known for their trails."""


def arrows(denoise: Any, schedule: Schedule, t: float) -> tuple[Floats, Floats] | None:
    """Places on a grid and sigma times the score there, -eps_hat, [GRID^2, 2]; None at t = 0, without noise."""
    alpha, sigma = (float(c) for c in schedule(t))
    s = min(float(schedule.noise_level(t)), schedule.s_max)
    if s <= 0:
        return None
    side = np.linspace(-TOP, TOP, GRID + 2)[1:-1]
    at = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    y = (at * unit(alpha, sigma) / float(schedule.scale(s))).astype(np.float32).reshape(-1, 1, 1, 2)
    return at, np.asarray((denoise(y, s) - y) / s, np.float64).reshape(-1, 2)


def spread(forward: Forward, t: float, way: Floats) -> tuple[Floats, Floats]:
    """Points at t, and the trails of some of them [points, states, 2], on the way out; `way` is of `forward_way`."""
    frame = forward.at(t)
    at = frame.x_t / unit(frame.alpha, frame.sigma)
    last = int(t * EVERY)
    trail = [*way[max(0, last - TRAIL) : last + 1], at[:TRAILED]]
    return at, np.stack(trail, axis=1)


def forward_way(forward: Forward) -> Floats:
    """Where the points that have trails are at EVERY + 1 even times, [EVERY + 1, points, 2]."""
    frames = [forward.at(j / EVERY) for j in range(EVERY + 1)]
    return np.stack([frame.x_t[:TRAILED] / unit(frame.alpha, frame.sigma) for frame in frames])


def returned(run: PointRun, schedule: Schedule, t: float) -> tuple[Floats, Floats]:
    """Points of a run at the state nearest to t, and the trails of some of them, on the way back."""
    states = len(run.states)
    index = int(np.abs(run.times(schedule)[:states] - t).argmin())
    shown = range(max(0, index - TRAIL), index + 1)
    units = [float(unit(*schedule(schedule.t_of(run.levels[i])))) for i in shown]
    at = [run.at(i, schedule) / one for i, one in zip(shown, units, strict=True)]
    return np.asarray(at[-1], np.float64), np.stack([one[:TRAILED] for one in at], axis=1)
