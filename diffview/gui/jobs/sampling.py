"""The sampling thread: one long-lived QThread, one slot for the newest request, results that the window pulls.

The window writes a request and never waits; the thread writes into the request's own Run or Shot and never signals.
A newer request, or `stop`, is the cancel signal. Only this module names QThread.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QThread

from diffview.arrays import to_numpy
from diffview.gui.jobs.engine import Engine, load_engine
from diffview.models.choice import Model, Trained
from diffview.models.denoiser import Denoiser
from diffview.reverse.samplers import Step
from diffview.reverse.trajectory import Trajectory
from diffview.runs.guiding import GuidedModel
from diffview.runs.plan import Plan
from diffview.runs.run import on_device, run

Array = NDArray[np.float32]

KEPT_MODELS = 3
"""Denoisers that are kept beside the newest: a mixed one is made around two."""

STACK_BYTES = 16 * 2**20
"""Stack of the thread: macOS gives 512 kB, too little for torch."""

WAITING, RUNNING, FINISHED, STOPPED, FAILED = "waiting", "running", "finished", "stopped", "failed"


@dataclass(eq=False)
class Run:
    """One reverse run: written by the sampling thread, read by the window.

    `left` is the run that a fork leaves, if it is known.
    """

    number: int
    plan: Plan
    left: "Run | None" = None
    trajectory: Trajectory = field(default_factory=Trajectory)
    state: str = WAITING
    error: Exception | None = None
    started: float = 0.0
    seconds: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING)

    @property
    def shared(self) -> list[Step]:
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


@dataclass(eq=False)
class Shot:
    """One call of the model on the forward state: y = x_0 + s eps, and x0_hat."""

    number: int
    plan: Plan
    s: float
    y: Array
    eps: Array
    x0_hat: Array | None = None
    error: Exception | None = None

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


@dataclass(eq=False)
class Replay:
    """A step of an ended run that was thinned out of its record, computed again."""

    run: Run
    index: int
    step: Step | None = None
    error: Exception | None = None
    dropped: bool = False


class _Dropped(Exception):
    """A replay is not wanted any more."""


class _Thread(QThread):
    """Serves the boxes of one SamplingRequests until it is closed."""

    def __init__(self, boxes: "SamplingRequests") -> None:
        super().__init__()
        self.setObjectName("sampling")
        self.setStackSize(STACK_BYTES)
        self._boxes = boxes

    def run(self) -> None:
        """Wait for requests and do them."""
        self._boxes.serve()


class SamplingRequests(QObject):
    """Requests to the sampling thread and their results.

    Attributes:
        taken: the newest shot that has been taken.
        engine: the result of importing torch, once it has been requested.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Condition()
        self._run: Run | None = None
        self._shot: Shot | None = None
        self._replay: Replay | None = None
        self._replaying: Replay | None = None
        self._want_engine = False
        self._closing = False
        self._number = 0
        self._current = 0
        self._fitted: list[tuple[Model, Denoiser]] = []
        self.engine: Engine | None = None
        self.taken: Shot | None = None
        self._thread = _Thread(self)

    def _wake(self) -> None:
        """Wake the thread, which is started by the first request; the lock is held."""
        if not self._thread.isRunning() and not self._closing:
            self._thread.start()
        self._lock.notify()

    @property
    def next_number(self) -> int:
        """The number of the next request."""
        return self._number + 1

    def request(self, plan: Plan, left: Run | None = None) -> Run:
        """Run `plan`, for a fork with the run it leaves; ends the current run."""
        with self._lock:
            self._number += 1
            self._current = self._number
            if self._run is not None:
                self._run.state = STOPPED
            self._run = Run(self._number, plan, left)
            self._wake()
            return self._run

    def stop(self) -> None:
        """End the current run after its current call of the model; its record is kept."""
        with self._lock:
            self._current, self._replaying = 0, None
            if self._replay is not None:
                self._replay.dropped, self._replay = True, None
            if self._run is not None:
                self._run.state = STOPPED
                self._run = None

    def request_shot(self, plan: Plan, s: float, y: Array, eps: Array) -> Shot:
        """Ask for one call of the model; a newer request replaces one not yet begun."""
        with self._lock:
            self._number += 1
            self._shot = Shot(self._number, plan, s, y, eps)
            self._wake()
            return self._shot

    def request_replay(self, run: Run, index: int) -> Replay:
        """Ask for the exact step `index` of a run; a newer request replaces one not yet begun."""
        with self._lock:
            if self._replay is not None:
                self._replay.dropped = True
            self._replay = self._replaying = Replay(run, index)
            self._wake()
            return self._replay

    def request_engine(self) -> None:
        """Import torch when there is no other request; the result comes in `engine`."""
        with self._lock:
            self._want_engine = True
            self._wake()

    @property
    def closing(self) -> bool:
        """Whether the thread is to end, or has."""
        return self._closing

    def close(self) -> None:
        """End the thread; returns when it has ended."""
        with self._lock:
            self._closing, self._current = True, 0
            if self._run is not None:
                self._run.state = STOPPED
            self._run = self._shot = None
            self._wake()
        self._thread.wait()

    def serve(self) -> None:
        """The thread's loop."""
        while True:
            with self._lock:
                while not (self._closing or self._run or self._shot or self._replay or self._want_engine):
                    self._lock.wait()
                if self._closing:
                    return
                asked, self._run = self._run, None
                replay, self._replay = (None, self._replay) if asked else (self._replay, None)
                want_engine = self._want_engine and not (asked or replay or self._shot)
                self._want_engine = self._want_engine and not want_engine
            if asked is not None:
                self._do_run(asked)
            elif replay is not None:
                self._do_replay(replay)
            elif want_engine:
                self.engine = load_engine()
            else:
                self._do_shot()

    def _do_run(self, asked: Run) -> None:
        asked.started, asked.state = time.perf_counter(), RUNNING
        state = FINISHED
        try:
            with _recording(asked) as keep:
                for step in self._steps(asked):
                    keep(step)
                    if asked.number != self._current:
                        state = STOPPED
                        break
                    if self._shot is not None:
                        self._do_shot()
        except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
            asked.error, state = error, FAILED
        asked.seconds = time.perf_counter() - asked.started
        asked.state = state

    def _steps(self, asked: Run) -> Iterator[Step]:
        """The steps of a run; what a fork shares with the run it leaves is recorded without computing it again."""
        plan, shared = asked.plan, asked.shared
        denoise = self._denoiser(plan)
        for step in shared:
            asked.trajectory.append(step)
        steps = run(plan, denoise, shared[-1] if shared else None)
        if shared:
            next(steps)
        yield from steps

    def _do_replay(self, replay: Replay) -> None:
        plan = replay.run.plan

        def go_on(step: Step, index: int) -> Step:
            for made in run(plan, self._denoiser(plan), step):
                if made.index == index:
                    return made
                if self._closing or self._run is not None or replay is not self._replaying:
                    raise _Dropped
            raise IndexError(index)

        try:
            record = Trajectory()
            record.append(replay.run.trajectory.at(replay.index, go_on))
            replay.step = record.last
        except _Dropped:
            replay.dropped = True
        except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
            replay.error = error

    def _do_shot(self) -> None:
        with self._lock:
            shot, self._shot = self._shot, None
        if shot is None:
            return
        try:
            denoise: Any = self._denoiser(shot.plan)
            shot.x0_hat = to_numpy(denoise(on_device(shot.y, shot.plan.device), shot.s))[0, 0]
        except Exception as error:  # noqa: BLE001
            shot.error = error
        self.taken = shot

    def _denoiser(self, plan: Plan) -> Denoiser | None:
        """The plan's denoiser, fitted or loaded once per model; a network has torch imported first."""
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
                self._want_engine = False
            made = model.denoiser()
        self._fitted = [(model, made), *self._fitted[:KEPT_MODELS]]
        return made


def _recording(asked: Run) -> AbstractContextManager[Callable[[Step], None]]:
    """A context that gives a function to record steps; those of a GPU come at display rate, without stopping it."""
    if asked.plan.device != "cuda":
        return nullcontext(asked.trajectory.append)
    from diffview.models.nets.acceleration import Pages

    return Pages(asked.trajectory.append)


class TrainingThread(QThread):
    """The thread of the training, and that of verifying: runs `serve` until it returns."""

    def __init__(self, serve: Callable[[], None], name: str = "training") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setStackSize(STACK_BYTES)
        self._serve = serve

    def run(self) -> None:
        """Wait for orders and do them."""
        self._serve()
