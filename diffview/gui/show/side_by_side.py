"""Runs side by side: their pictures at one noise level, and the lines of their errors, as data."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import number
from diffview.gui.show.moment import InForce
from diffview.gui.show.reverse_modes import MODES, kind_of
from diffview.reverse.samplers import Step
from diffview.scores.compare import ComparedRun

Array = NDArray[np.float32]


RISES = (
    "The error of x̂₀ rises on the way, and that is right: a draw of the posterior is up to √2 times as far from the "
    "truth as the first estimate, its mean."
)


class SideView(NamedTuple):
    """The picture of one run at the playhead: its step, its values [ny, nx] or None, and what is said of it."""

    step: Step | None
    values: Array | None
    words: str = ""


def mode_beside(session: InForce) -> str:
    """The mode of the pictures: that of REVERSE where it shows a run, else x0_hat."""
    key = session.view.reverse
    return key if kind_of(key) == "run" else "x0_hat"


def step_at(side: ComparedRun, session: InForce) -> Step | None:
    """The recorded step of a run whose time on the schedule in force is nearest to the playhead."""
    made = len(side.trajectory)
    if not made:
        return None
    t = np.atleast_1d(session.recipe.course.schedule.t_of(np.array(side.plan.visited[:made])))
    return side.trajectory.nearest(int(np.abs(t - session.view.playhead).argmin()))


def views(sides: Sequence[ComparedRun], session: InForce, difference: int | None) -> list[SideView]:
    """The pictures of runs at the playhead; with `difference` what each has more than the run at that place.

    There are no differences where no run has that place.
    """
    mode = MODES[mode_beside(session)]
    steps = [step_at(side, session) for side in sides]
    pictures = [None if step is None else mode.picture(step, session) for step in steps]
    if difference is None:
        return [SideView(step, picture, _words(side, step)) for side, step, picture in
                zip(sides, steps, pictures, strict=True)]  # fmt: skip
    other = pictures[difference] if difference < len(pictures) else None
    made = []
    for place, (step, picture) in enumerate(zip(steps, pictures, strict=True)):
        if place == difference:
            made.append(SideView(step, None, "all others minus this"))
        elif picture is None or other is None:
            made.append(SideView(step, None))
        elif picture.shape != other.shape or sides[place].plan.made_in != sides[difference].plan.made_in:
            made.append(SideView(step, None, "other pixels or units: no difference"))
        else:
            apart = picture - other
            made.append(SideView(step, apart, f"rms {number(float(np.sqrt(np.nanmean(apart * apart))))} std"))
    return made


def _words(side: ComparedRun, step: Step | None) -> str:
    return "" if step is None else f"step {step.index}/{side.plan.steps} · s {number(step.s)}"


class ErrorCurve(NamedTuple):
    """A line of errors over s, of the run at a place; `ideal`: as a perfect sampler has it."""

    place: int
    s: NDArray[np.float64]
    error: NDArray[np.float64]
    ideal: bool = False


def curves(sides: Sequence[ComparedRun], to_truth: bool, size: float) -> list[ErrorCurve]:
    """The errors along runs, to the truth with those of a perfect sampler, or to a fine run; `size` of one unit."""
    found = []
    for place, side in enumerate(sides):
        if not to_truth:
            count = len(side.fine)
            found.append(ErrorCurve(place, np.array(side.plan.levels[:count]), size * np.array(side.fine)))
            continue
        if any(map(math.isfinite, side.rmse)):
            found.append(ErrorCurve(place, np.array(side.s[: len(side.rmse)]), size * np.array(side.rmse)))
        if side.expected is not None:
            found.append(ErrorCurve(place, np.array(side.s), size * side.expected, True))
    return found


def has_truth(sides: Sequence[ComparedRun]) -> bool:
    """Whether one of the runs has a truth."""
    return any(side.truth is not None for side in sides)


def said(sides: Sequence[ComparedRun], to_truth: bool) -> str:
    """What the errors are, and why there is no line where there is none."""
    if not sides:
        return ""
    if to_truth:
        if not has_truth(sides):
            return "Runs from noise have no truth: start from the field, or hide a gap."
        ideals = dict.fromkeys(side.ideal for side in sides if side.ideal)
        named = {ideal: ", ".join(side.name for side in sides if side.ideal == ideal) for ideal in ideals}
        return " ".join([RISES, *(f"Dashed beside {names}: {ideal}." for ideal, names in named.items())])
    return " ".join(f"{side.name}: {side.why_not_fine}" for side in sides if side.why_not_fine)
