"""What can be asked of the models of one window: a run, one call of the model, a step computed again, torch itself."""

import copy
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.models.choice import Model, Trained
from diffview.models.denoiser import Denoiser
from diffview.reverse.samplers import Denoise, Step
from diffview.reverse.trajectory import Trajectory
from diffview.runs.engine import Engine, load_engine
from diffview.runs.guiding import GuidedModel
from diffview.runs.in_blocks import counted_for, kept_of, last_steps, of_members, physical_of, together
from diffview.runs.job import Job, Stopped
from diffview.runs.plan import Plan
from diffview.runs.run import on_device
from diffview.runs.statistics import Streamed

Array = NDArray[np.float32]

KEPT_MODELS = 3
"""Denoisers that are kept beside the newest: a mixed one is made around two."""


class Models:
    """The denoisers that have been fitted or loaded, each once for what it is fitted to; asked by one thread alone.

    Attributes:
        engine: the result of importing torch, once it has been.
    """

    def __init__(self) -> None:
        self._fitted: list[tuple[Model, Denoiser]] = []
        self.engine: Engine | None = None

    def denoiser(self, plan: Plan) -> Denoiser | None:
        """The plan's denoiser; a network has torch imported first."""
        return None if plan.model is None else self._made(plan.model)

    def fitted(self, model: Model | None) -> Denoiser | None:
        """The denoiser of a model if it has been fitted or loaded already, else None; never waits."""
        if isinstance(model, GuidedModel):
            model = model.base
        return next((denoiser for known, denoiser in self._fitted if known is model), None)

    def _made(self, model: Model) -> Denoiser:
        for known, denoiser in self._fitted:
            if model is known:
                return denoiser
        if isinstance(model, GuidedModel):
            made: Denoiser = model.around(*(self._made(part) for part in model.parts))
        else:
            if isinstance(model, Trained) and self.engine is None:
                self.engine = load_engine()
            made = model.denoiser()
        self._fitted = [(model, made), *self._fitted[:KEPT_MODELS]]
        return made


@dataclass(eq=False)
class EngineImport(Job):
    """The import of torch."""

    models: Models

    def work(self) -> None:
        """Import it, unless a network has had it imported meanwhile."""
        self.models.engine = self.models.engine or load_engine()


@dataclass(eq=False)
class Run(Job):
    """One reverse run: of all members where they fit into memory, else of the first block, and the others are counted.

    Attributes:
        left: the run that a fork leaves, if it is known.
        recorded_by: what program made a run that was recorded, so that nothing of it can be computed again; "" of ours.
        between: called after each step, for what is more urgent than the run.
        started, seconds: when it began, on the clock of time.perf_counter, and how long the recorded steps took.
        counted: statistics of the members so far, another object after each block; None where all are kept.
    """

    plan: Plan
    models: Models
    left: "Run | None" = None
    between: Callable[[], None] = lambda: None
    trajectory: Trajectory = field(default_factory=Trajectory)
    started: float = 0.0
    seconds: float = 0.0
    recorded_by: str = ""
    counted: Streamed | None = None

    @cached_property
    def kept(self) -> Plan:
        """The plan of the members whose steps are recorded: of all where they fit into memory."""
        return kept_of(self.plan)

    @property
    def shared_steps(self) -> list[Step]:
        """The steps that a fork shares with the run it leaves; none where that run was thinned."""
        fork, left = self.plan.recipe.course.fork, self.left
        if fork is None or left is None or left.trajectory.stride > 1 or len(left.trajectory) <= fork.step:
            return []
        return left.trajectory.kept[: fork.step + 1]

    @property
    def steps_per_second(self) -> float:
        """Mean speed so far."""
        seconds = self.seconds or (time.perf_counter() - self.started if self.started else 0.0)
        return (len(self.trajectory) - 1) / seconds if seconds > 0 and len(self.trajectory) > 1 else 0.0

    def is_of(self, plan: Plan) -> bool:
        """Whether it is a run of `plan`; what makes no other run may differ."""
        same = self.plan.recipe.of_run() == plan.recipe.of_run()
        return same and not self.recorded_by and self.plan.model is plan.model and self.plan.device == plan.device

    def work(self) -> None:
        """Record the steps, and count the members that are not kept; what there is when it is stopped stays."""
        self.started = time.perf_counter()
        part = self.kept.shape[0] / self.plan.shape[0]
        try:
            with self._recording() as keep:
                for step in self._steps():
                    keep(step)
                    self.tell(part * step.index / max(1, self.plan.steps))
                    self._breathe()
        finally:
            self.seconds = time.perf_counter() - self.started
        if part < 1:
            self._count(part)

    def _count(self, part: float) -> None:
        """Count the members of the record, and make and count all others block by block."""
        first, last = self.kept.shape[0], self.trajectory.last
        assert last is not None
        streamed = counted_for(self.plan)
        streamed.add(physical_of(self.plan, last.y))
        self.counted = copy.deepcopy(streamed)  # the window reads it while the next block is taken in
        rest = of_members(self.plan, self.plan.recipe.ensemble.first_member + first, self.plan.shape[0] - first)

        def tell(share: float) -> None:
            self.tell(part + (1 - part) * share)
            self._breathe()

        for end in last_steps(rest, self.models.denoiser(self.plan), tell):
            streamed.add(physical_of(self.plan, end.y))
            self.counted = copy.deepcopy(streamed)

    def _steps(self) -> Iterator[Step]:
        """The steps; what a fork shares with the run it leaves is recorded without computing it again."""
        shared, denoise = self.shared_steps, self.models.denoiser(self.plan)
        for step in shared:
            self.trajectory.append(step)
        steps = together(self.kept, denoise, shared[-1] if shared else None, self._breathe)
        if shared:
            next(steps)
        yield from steps

    def _breathe(self) -> None:
        """Do what is more urgent than the run, and end it if it is to end."""
        self.between()
        if self.stopping:
            raise Stopped

    def _recording(self) -> AbstractContextManager[Callable[[Step], None]]:
        """A context with a function to record steps; those of a GPU come at display rate, without stopping it."""
        if self.plan.device != "cuda":
            return nullcontext(self.trajectory.append)
        from diffview.models.nets.acceleration import Pages

        return Pages(self.trajectory.append)


@dataclass(eq=False)
class Shot(Job):
    """One call of the model on the forward state: y = x_0 + s eps, and x0_hat."""

    plan: Plan
    models: Models
    s: float
    y: Array
    eps: Array
    x0_hat: Array | None = None

    @property
    def eps_hat(self) -> Array | None:
        """(y - x0_hat)/s, [ny, nx]."""
        return None if self.x0_hat is None else (self.y[0, 0] - self.x0_hat) / np.float32(self.s)

    @property
    def loss(self) -> float | None:
        """Mean of |eps - eps_hat|^2 over the pixels: the noise-prediction loss at this t on this field."""
        eps_hat = self.eps_hat
        if eps_hat is None:
            return None
        return float(np.mean((self.eps - eps_hat)[~np.isnan(self.plan.x0)] ** 2, dtype=np.float64))

    def work(self) -> None:
        """Call the model."""
        denoise: Denoise | None = self.models.denoiser(self.plan)
        assert denoise is not None, "nobody asks for a shot without a model"
        self.x0_hat = to_numpy(denoise(on_device(self.y, self.plan.device), self.s))[0, 0]


@dataclass(eq=False)
class Replay(Job):
    """The step `index` of an ended run, which was thinned out of its record, computed again."""

    of: Run
    index: int
    step: Step | None = None

    def work(self) -> None:
        """Go on from the last recorded step before it."""
        record = Trajectory()
        record.append(self.of.trajectory.at(self.index, self._go_on))
        self.step = record.last

    def _go_on(self, step: Step, index: int) -> Step:
        plan = self.of.kept
        for made in together(plan, self.of.models.denoiser(plan), step):
            if made.index == index:
                return made
            self.tell(made.index / index)
        raise IndexError(index)
