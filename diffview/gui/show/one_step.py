"""One step at the playhead, of the run and of the chain, and the pixel whose densities are drawn; without Qt."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.numbers import number
from diffview.forward.state import Forward
from diffview.forward.step_on import StepOn
from diffview.gui.show.lines import AxisMark, Line
from diffview.gui.show.moment import InForce
from diffview.gui.show.reverse_picture import RunOnScreen
from diffview.reverse.samplers import SAMPLERS, Step
from diffview.reverse.step_back import StepBack, bell, where_from

Array = NDArray[np.float32]

POINTS, REACH = 240, 4.5
"""Of a density: points, and standard deviations to either side of its middle."""

THINNED = "The step before this one is not kept in the record of so long a run: take fewer steps, or a smaller region."
NO_RUN = "Press Run (R): the steps back appear here"


class ChainState:
    """The forward state with the steps of a chain, whatever the pictures show: of one noise no step is a step."""

    def __init__(self) -> None:
        self._made: Forward | None = None
        self._seed = 0

    def of(self, session: InForce) -> Forward:
        """That of what is in force."""
        now, course = session.forward, session.recipe.course
        if now.mode == "chain":
            return now
        made = self._made
        if made is None or made.x0 is not now.x0 or made.schedule is not now.schedule or self._seed != course.seed:
            self._seed = course.seed
            self._made = made = Forward(now.x0, now.schedule, course.seed, "chain", None, made, course.noise)
        return made


@dataclass(frozen=True, eq=False)
class OneStep:
    """What is seen of one step.

    Attributes:
        on: x_{t-1} -> x_t of the chain.
        back: x_t -> x_{t-1} of the run on screen; None without one, and `why`.
        member: of the run, that is shown.
        rows: t and t - 1, as rows of the chain.
    """

    on: StepOn
    back: StepBack | None
    why: str
    member: int
    rows: tuple[float, float]
    x_0: Array

    def words_on(self) -> str:
        """The numbers of the step of the chain."""
        on = self.on
        return (
            f"t {self.rows[1]:.0f} → {self.rows[0]:.0f}:  xₜ = {on.kept:.3f} xₜ₋₁ + {on.std:.3f} ε"
            f"   (β = {number(on.std**2)})"
        )

    def words_back(self) -> str:
        """Those of the step back."""
        back = self.back
        if back is None:
            return self.why
        noise = f"μ + {back.std:.3f} z" if back.std else "μ, no noise is drawn"
        return f"t {self.rows[0]:.0f} → {self.rows[1]:.0f}:  xₜ₋₁ = {noise}"

    def forward_pictures(self) -> tuple[Array, Array, Array]:
        """x_{t-1}, the noise that is put in, and x_t."""
        return self.on.x_before, np.float32(self.on.std) * self.on.z, self.on.x_t

    def reverse_pictures(self) -> tuple[Array, ...]:
        """x_t, x0_hat, mu_theta and x_{t-1} of the member shown."""
        back = self.back
        if back is None:
            return ()
        return tuple(part[self.member, 0] for part in (back.x_t, back.x0_hat, back.mean, back.x_before))

    def densities(self, pixel: tuple[int, int], forward: Forward) -> tuple[list[Line], list[AxisMark]]:
        """q(x_{t-1} | x_t, x_0) of a pixel of the chain, and p_theta(x_{t-1} | x_t) of that of the run."""
        on, back = self.on, self.back
        x_0, x_t, x_before = (float(of[pixel]) for of in (forward.x0, on.x_t, on.x_before))
        lines, marks = [], []
        if np.isfinite(x_0) and on.s_before > 0:
            mean, std = where_from(x_t, x_0, on.s, on.s_before, forward.schedule)
            lines.append(_bell_line("q(xₜ₋₁ | xₜ, x₀), chain", "forward", mean, std))
            marks.append(AxisMark(x_before, "forward", "xₜ₋₁"))
        if back is not None and back.std and pixel < back.mean.shape[2:]:
            at = (self.member, 0, *pixel)
            lines.append(_bell_line("p(xₜ₋₁ | xₜ), run", "reverse", float(back.mean[at]), back.std))
            marks.append(AxisMark(float(back.x_before[at]), "reverse", "xₜ₋₁"))
        return lines, marks


def _bell_line(name: str, token: str, mean: float, std: float) -> Line:
    x = np.linspace(mean - REACH * std, mean + REACH * std, POINTS)
    return Line(name, token, x, bell(x, mean, std))


def one_step(session: InForce, live: RunOnScreen, chain: Forward) -> OneStep:
    """The step at the playhead: from the state of the run on screen back, and the same step of the chain on."""
    run, schedule = live.shown, session.recipe.course.schedule
    pair, why = (None, NO_RUN) if run is None or live.step is None else _pair(run, live.step)
    back, member = None, 0
    if pair is not None:
        member = min(session.view.member or 0, len(pair[0].y) - 1)
        try:
            plan = run.plan
            back = StepBack.of(*pair, plan.recipe.course.sampler, plan.params, plan.steps, schedule)
        except UserError as error:
            why = str(error)
        levels = pair[0].s, pair[1].s
    else:
        levels = _levels_at(session)
    rows = tuple(float(schedule.t_of(s)) * session.recipe.start.chain_length for s in levels)
    return OneStep(StepOn.of(chain, levels[1], levels[0]), back, why, member, (rows[0], rows[1]), chain.x0)


def _pair(run: Any, step: Step) -> tuple[tuple[Step, Step] | None, str]:
    """The state on screen and the one that it leads to; the last one stands for the step that led to it."""
    if run.recorded_by:
        return None, "The run was recorded: how its program steps is not known. Run one of diffview's own."
    if SAMPLERS[run.plan.recipe.course.sampler].path is not None:
        return None, "RePaint walks up and down: take DDPM or DDIM to see one step."
    last = len(run.trajectory) - 1
    if last < 1:
        return None, "The first step is computed…"
    index = min(step.index, last - 1)
    found = [run.trajectory.nearest(i) for i in (index, index + 1)]
    if [one.index for one in found] != [index, index + 1]:
        return None, THINNED
    return (found[0], found[1]), ""


def _levels_at(session: InForce) -> tuple[float, float]:
    """The two levels of the plan around the playhead."""
    schedule = session.recipe.course.schedule
    s = min(float(schedule.noise_level(session.view.playhead)), schedule.s_max)
    pairs = list(pairwise(session.plan.levels))
    return next((pair for pair in pairs if pair[1] < s), pairs[-1])
