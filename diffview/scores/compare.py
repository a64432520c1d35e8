"""Two to four runs side by side on the same noise: how far each is from the truth or a fine run, at what cost."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.forward.noise import Noise
from diffview.models.denoiser import Denoiser
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import CONSISTENCY, SAMPLERS, Step
from diffview.reverse.trajectory import Trajectory
from diffview.runs.facts import Facts
from diffview.runs.job import Job
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe, Rival
from diffview.runs.recorded_run import recorded_run
from diffview.runs.requests import Models
from diffview.runs.resolve import resolve
from diffview.runs.rivals import MOST, alone, rivals_of
from diffview.runs.run import run
from diffview.scores.expected import expected_squares, measured_squares

Array = NDArray[np.float32]
Tell = Callable[[float], None]

FINE, FEWEST_FINE = 4, 128
"""Steps of a fine run for each of the run, and at least."""

TRAJECTORY_BYTES = 64 * 2**20
"""Memory that the recorded steps of one run may take."""

BELOW = 1 / 64
"""The lowest level of a fine run, of the lowest of the run: where that jumps to 0, it goes on in small steps."""


@dataclass(eq=False)
class ComparedRun:
    """The run of one rival: written by its thread, read by the window.

    Attributes:
        rival, plan: which it is.
        trajectory: its recorded steps.
        s, rmse: of every x0_hat: the level it was made at, and its rms error to the truth; NaN without one.
        expected: the same as a perfect sampler has it, [n]; None where that is not known.
        fine: rms difference of the state to a fine run of every step, the start included; empty where there is none.
        why_not_fine: why there is none.
        ideal: what the expected error is that of, as "a perfect sampler of the posterior"; or why there is none.
        evaluations, seconds: what it took.
        truth: whether there is one.
    """

    rival: Rival
    plan: Plan
    trajectory: Trajectory = field(default_factory=lambda: Trajectory(TRAJECTORY_BYTES))
    s: tuple[float, ...] = ()
    rmse: tuple[float, ...] = ()
    expected: NDArray[np.float64] | None = None
    fine: tuple[float, ...] = ()
    why_not_fine: str = ""
    ideal: str = ""
    evaluations: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What it is called."""
        return self.rival.name

    @property
    def truth(self) -> NDArray[np.bool_] | None:
        """The pixels whose value is to be found again, and is known [ny, nx]; None where there is no truth."""
        plan = self.plan
        if not plan.has_truth or plan.x0.shape != plan.shape[2:]:
            return None
        asked = ~np.isnan(plan.x0) if plan.filled is None else plan.filled & ~np.isnan(plan.x0)
        return asked if asked.any() else None

    @property
    def to_truth(self) -> float | None:
        """The error of its last x0_hat to the truth; None without one."""
        return self.rmse[-1] if self.rmse and math.isfinite(self.rmse[-1]) else None

    @property
    def to_fine(self) -> float | None:
        """How far its end is from that of the fine run; None without one."""
        return self.fine[-1] if self.fine else None


def recorded_side(facts: Facts, now: Plan) -> ComparedRun | None:
    """The recorded run of the open file, measured as one of ours; None where there is none."""
    made = recorded_run(facts, now)
    if made is None:
        return None
    side = ComparedRun(Rival(name=made.recorded_by), made.plan, made.trajectory)
    for step in made.trajectory.kept:
        _measure(side, step, None)
    return side


def plans_of(recipe: Recipe, facts: Facts) -> list[tuple[Rival, Plan]]:
    """The rivals of a recipe, each with the plan of its run.

    Raises:
        UserError: if there are fewer than two, beside a recorded run fewer than one, or more than four, or one of them
            cannot be run.
    """
    rivals = rivals_of(recipe)
    if not 2 - (facts.recorded is not None) <= len(rivals) <= MOST:
        raise UserError(f"{len(rivals)} run cannot be compared.", f"Add a rival: 2 to {MOST} stand side by side.")
    planned = []
    for rival in rivals:
        try:
            plan = resolve(alone(recipe, rival), facts)
            if plan.refusal is not None:
                raise plan.refusal
        except UserError as error:
            raise UserError(f"{rival.name}: {error.sentence}", error.hint) from None
        planned.append((rival, plan))
    return planned


def same_noise(plans: Sequence[Plan]) -> str:
    """Whether the runs have the same noise, to the bit: what of it differs, or "" if nothing does."""
    seeds = {plan.recipe.course.seed for plan in plans}
    if len(seeds) > 1:
        return f"other noise: seeds {', '.join(str(seed) for seed in sorted(seeds))}"
    versions = {plan.recipe.course.noise for plan in plans}
    if len(versions) > 1:
        return f"other noise: versions {', '.join(str(version) for version in sorted(versions))}"
    if len({plan.shape for plan in plans}) > 1:
        return "other noise: fields of different size"
    forks = {plan.recipe.course.fork.number if plan.recipe.course.fork else 0 for plan in plans}
    return "other noise after a fork" if len(forks) > 1 else ""


def walk(side: ComparedRun, denoise: Denoiser, tell: Tell = lambda _: None) -> None:
    """Run one side, and measure it along the way.

    Args:
        side: is written.
        denoise: the denoiser of its plan.
        tell: called with the share that is done; it may raise to end it.
    """
    plan = side.plan
    reference = _reference(side, denoise)
    started, spent, steps = time.perf_counter(), 0.0, plan.steps
    for step in run(plan, denoise):
        spent += time.perf_counter() - started
        side.trajectory.append(step)
        _measure(side, step, reference)
        side.evaluations, side.seconds = step.evaluations, spent
        tell(0.5 * step.index / max(1, steps))
        started = time.perf_counter()
    _expect(side, denoise, lambda share: tell(0.5 + share / 2))
    tell(1.0)


def _measure(side: ComparedRun, step: Step, reference: "Iterator[Any] | None") -> None:
    """Take the errors of one step."""
    if step.x0_hat is not None and step.s_eval is not None:
        truth, error = side.truth, math.nan
        if truth is not None:
            apart = to_numpy(step.x0_hat)[:, 0] - np.nan_to_num(side.plan.x0)
            error = math.sqrt(float(np.square(apart[:, truth], dtype=np.float64).mean()))
        side.s, side.rmse = (*side.s, step.s_eval), (*side.rmse, error)
    if reference is not None:
        apart = to_numpy(step.y).astype(np.float64) - next(reference)
        side.fine = (*side.fine, math.sqrt(float(np.square(apart).mean())))


def _reference(side: ComparedRun, denoise: Denoiser) -> "Iterator[Any] | None":
    """The states of a fine run at every level of the run; None, with the reason kept, where there is none."""
    plan = side.plan
    info = SAMPLERS[plan.recipe.course.sampler]
    if info.path is not None:
        side.why_not_fine = f"{info.title} walks up and down its levels."
    elif info.draws(plan.params):
        side.why_not_fine = f"{info.title} draws noise at every step: more steps end elsewhere."
    elif plan.parent is not None or plan.conditioning.conditioned or getattr(denoise, "kind", "") == CONSISTENCY:
        side.why_not_fine = "Its end is not that of an ODE from its start."
    else:
        return _states(plan, denoise)
    return None


def _states(plan: Plan, denoise: Denoiser) -> Iterator[Any]:
    """The states along the probability-flow ODE at every level of a plan, from its own start."""
    levels = plan.levels
    start = next(run(plan, denoise)).y
    if isinstance(denoise, Gaussian):
        for s in levels:
            yield denoise.flow(to_numpy(start), levels[0], s)
        return
    parts = max(FINE, -(-FEWEST_FINE // plan.steps))
    inner = [np.geomspace(high, low, parts + 1)[1:] for high, low in pairwise(levels[:-1])]
    last = np.geomspace(levels[-2], levels[-2] * BELOW, parts + 1)[1:]
    fine = [levels[0], *np.concatenate([*inner, last]).tolist(), 0.0]
    for step in SAMPLERS["heun"].run(denoise, start, fine, Noise(0, tuple(start.shape), like=start)):
        if step.index % parts == 0 and step.index < parts * len(levels[:-1]):
            yield to_numpy(step.y)
    yield to_numpy(step.y)


def _expect(side: ComparedRun, denoise: Denoiser, tell: Tell) -> None:
    """The error that a perfect sampler has at the same levels."""
    plan, truth = side.plan, side.truth
    if truth is None:
        return
    if plan.recipe.start.origin != "field" or plan.conditioning.conditioned or plan.conditioning.guided:
        side.ideal = "nothing, as a perfect sampler is known for a plain start from the field alone"
        return
    draws = SAMPLERS[plan.recipe.course.sampler].draws(plan.params)
    if isinstance(denoise, Gaussian):
        x0 = plan.x0 if truth.all() else None
        squares = expected_squares(denoise, plan.levels[0], side.s, draws, x0)
        side.ideal = "a perfect sampler of the posterior, exactly" if draws else "the exact ODE"
    else:
        squares = measured_squares(denoise, plan.levels[0], side.s, plan.x0, tell)
        side.ideal = "a perfect sampler of the posterior, by the error measured of the model"
    side.expected = np.sqrt(squares)


@dataclass(eq=False)
class Comparison(Job):
    """Runs side by side.

    Attributes:
        planned: the rivals with their plans.
        sides: those that have begun.
    """

    planned: Sequence[tuple[Rival, Plan]]
    sides: tuple[ComparedRun, ...] = ()

    @property
    def network(self) -> bool:
        """Whether one of the models is a network."""
        return any(plan.card is not None for _, plan in self.planned)

    @property
    def mark(self) -> Any:
        """What there is to show, and how many steps there are of it."""
        return super().mark, sum(len(side.trajectory) for side in self.sides)

    def work(self) -> None:
        """Run them, one after another; what is there when it is stopped stays."""
        models, count = Models(), len(self.planned)
        for number, (rival, plan) in enumerate(self.planned):
            denoise = models.denoiser(plan)
            if denoise is None:
                raise UserError(f"{rival.name}: its model has nothing it could be fitted to.", "Choose another region.")
            side = ComparedRun(rival, plan)
            self.sides = (*self.sides, side)
            walk(side, denoise, partial(self._tell_part, number, count))

    def _tell_part(self, number: int, count: int, share: float) -> None:
        self.tell((number + share) / count)
