"""Grids: which noise levels a run of N steps visits.

Each grid gives N + 1 falling levels s_0 > ... > s_N = 0. A step goes from its own level to the next one on the grid.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Annotated

import numpy as np

from diffview.errors import UserError
from diffview.forward.schedules import Array, Schedule
from diffview.params import Choice, Numbers, Range, checked


def uniform(
    schedule: Schedule,
    steps: int,
    top: float,
    *,
    spacing: Annotated[str, Choice(("trailing", "leading", "linspace")), "which end of t is hit exactly"] = "trailing",
) -> Array:
    """Uniform in t below t(top): trailing t_top (1 - i/N), leading t_top (1 - (i + 1)/N) + 1/T, linspace to 1/T.

    T = 1000. Only trailing and linspace start at the top [Lin et al. 2024, arXiv 2305.08891, table 2].
    """
    i = np.arange(steps)
    t_top = 1.0 if top >= schedule.s_max else float(schedule.t_of(top))
    t = {
        "trailing": t_top * (1 - i / steps),
        "leading": t_top * (1 - (i + 1) / steps) + 1e-3,
        "linspace": np.linspace(t_top, 1e-3, steps) if steps > 1 else np.array([t_top]),
    }[spacing]
    return np.minimum(schedule.noise_level(np.minimum(t, 1.0)), top)


def karras(
    schedule: Schedule, steps: int, top: float, *, rho: Annotated[float, Range(1.0, 20.0), "7 is EDM's"] = 7.0
) -> Array:
    """s^(1/rho) falls linearly from the top to s_min [Karras et al. 2022, eq. 5]."""
    high, low = top ** (1 / rho), schedule.s_min ** (1 / rho)
    return np.asarray(np.linspace(high, low, steps) ** rho if steps > 1 else np.array([top]))


def log_snr(schedule: Schedule, steps: int, top: float) -> Array:
    """Uniform in log_snr: s falls geometrically from the top to s_min [Lu et al. 2022, arXiv 2206.00927]."""
    return np.asarray(np.geomspace(top, schedule.s_min, steps) if steps > 1 else np.array([top]))


def custom(
    schedule: Schedule,
    steps: int,
    top: float,
    *,
    levels: Annotated[tuple[float, ...], Numbers(1e-12, 1e12), "noise levels, the highest first"] = (),
) -> Array:
    """The levels given, drawn by hand or found by a search; without any, as log_snr.

    Another number of steps, or a start below the highest, takes the curve through them: ln s is linear between
    neighbours, as Sabour et al. do with theirs [arXiv 2404.14507].

    Raises:
        UserError: if the levels do not fall.
    """
    given = np.array(levels or (top, schedule.s_min) if steps > 1 or levels else (top,))
    rises = np.flatnonzero(np.diff(given) >= 0)
    if len(rises):
        i = int(rises[0])
        raise UserError(
            f"The levels of the grid rise from {given[i]:g} to {given[i + 1]:g}.", "List them from the highest down."
        )
    if len(given) == steps and given[0] <= top:
        return given
    places = np.arange(len(given))
    first = float(np.interp(-np.log(top), -np.log(given), places))
    curve = np.exp(np.interp(np.linspace(first, len(given) - 1, steps), places, np.log(given)))
    curve[0] = min(top, given[0])
    return np.asarray(curve)


GRIDS: dict[str, Callable[..., Array]] = {"uniform": uniform, "karras": karras, "log_snr": log_snr, "custom": custom}

MAX_STEPS = 10_000


def make_levels(schedule: Schedule, key: str, steps: int, top: float | None = None, **params: object) -> list[float]:
    """The noise levels of a run: `steps` levels of the grid `key` from `top` (s_max by default) down, then 0.

    Raises:
        UserError: if there is no such grid, `steps` is not in 1..10000, or a parameter is unknown or not allowed.
    """
    if key not in GRIDS:
        raise UserError(f"There is no grid called {key!r}.", f"Choose one of {', '.join(GRIDS)}.")
    if not 1 <= steps <= MAX_STEPS:
        raise UserError(f"A run of {steps} steps cannot be made.", f"Choose 1 to {MAX_STEPS} steps.")
    given = checked(GRIDS[key], params, key)
    highest = schedule.s_max if top is None else min(top, schedule.s_max)
    levels = [*GRIDS[key](schedule, steps, highest, **given).tolist(), 0.0]
    if any(b >= a for a, b in pairwise(levels)):
        raise UserError(
            f"The levels of the grid {key!r} do not fall.", "Take fewer steps, another grid or a higher start."
        )
    return levels
