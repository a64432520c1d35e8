"""Measurements of what grows with the size of the work, without a window: raw numbers, no budgets.

`python -m diffview.bench.sizes MODEL SIDE` fits a formula in a process of its own, as its memory is looked at.
"""

import json
import sys
from collections.abc import Callable
from functools import partial

import numpy as np

from diffview.bench.core import Numbers, memory, reset_peak, synthetic_field, timed
from diffview.fields.field import Region
from diffview.forward.schedules import Linear
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

FIELD_SIDE = 900


def plan_of(model: str, side: int, members: int = 1) -> Plan:
    """A run of 18 steps on side x side pixels of a large field."""
    recipe = Recipe.of(model=model, region=Region(40, 60, side, side), members=members)
    return resolve(recipe, Facts(synthetic_field(FIELD_SIDE)))


def fit(model: str, side: int) -> Numbers:
    """Milliseconds and bytes at most of a fit and one call, and how many crops it takes; a small one goes before."""
    for size in (32, side):
        plan = plan_of(model, size)
        if plan.model is None:
            raise RuntimeError(f"there is no {model} for {size} x {size} pixels")
        y = np.zeros(plan.shape, np.float32)
        reset_peak()
        before, source = memory()[0], plan.model
        time = timed(lambda source=source, y=y: source.denoiser()(y, 1.0))  # type: ignore[misc]
        taken = memory()[1] - before
    return {"time": time, "bytes": taken, "count": getattr(source, "count", 0)}


def per_pixel(sides: tuple[int, ...], rounds: int) -> list[list[float]]:
    """Microseconds a pixel of runs of `gaussian` on regions of these sides."""
    return [[1000 * t / side**2 for t in _runs("gaussian", side, 1, rounds)] for side in sides]


def per_member(members: tuple[int, ...], rounds: int) -> list[list[float]]:
    """Milliseconds a member of runs of `gaussian` on 128 x 128 pixels with so many."""
    return [[t / n for t in _runs("gaussian", 128, n, rounds)] for n in members]


def per_row(lengths: tuple[int, ...], rounds: int) -> list[list[float]]:
    """Microseconds a row of chains of these lengths."""
    return [[1000 * t / rows for t in _times(partial(Linear().discrete, rows), rounds)] for rows in lengths]


def _runs(model: str, side: int, members: int, rounds: int) -> list[float]:
    plan = plan_of(model, side, members)
    denoise = None if plan.model is None else plan.model.denoiser()
    return _times(lambda: [None for _ in run(plan, denoise)], rounds)


def _times(action: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each of some rounds, after one that warms up."""
    return [timed(action) for _ in range(rounds + 1)][1:]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(fit(sys.argv[1], int(sys.argv[2]))) + "\n")
