"""A training that is watched: its state is written by its thread and read by the window; requests go the other way.

It is done step by step: paused and stopped between two steps, with pictures on the way, and kept in memory where it
cannot be written.
"""

import threading
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from diffview.errors import NotWrittenError, out_of_memory
from diffview.learning.orders import Order
from diffview.learning.painter import Painter, Pictures
from diffview.runs.engine import load_engine, no_search_for_garbage
from diffview.runs.job import RUNNING, WAITING, Job, Stopped

if TYPE_CHECKING:
    from diffview.learning.progress import TrainingReport
    from diffview.learning.trainer import Trainer

    Steps = Generator[TrainingReport, None, None]

Floats = NDArray[np.float64]

PAUSED, UNSAVED = "paused", "unsaved"
"""Further states: paused on request; waiting because the model could not be written."""

COMPILER = "torch._dynamo"
"""A module that torch's optimisers import at their first use: a second or two, a hundred thousand objects."""

REPORT_S, CURVE_POINTS, FIRST_STEPS = 0.25, 2000, 3
"""Seconds between reports, points of a curve, and single steps timed first to choose the steps per report."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The newest values of a training.

    Attributes:
        share: of the training that is done.
        speed: recent steps a second.
        curve: steps, losses.
        levels: noise levels s, mean |eps - eps_hat|^2 there.
        spread: standard deviation of the data.
        fields, held_out: how many.
        finding: what is to be said of the model at the end, or "".
    """

    step: int = 0
    share: float = 0.0
    left: float = float("inf")
    speed: float = 0.0
    curve: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
    levels: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
    spread: float = 1.0
    fields: int = 0
    held_out: int = 0
    pictures: Pictures | None = None
    finding: str = ""


class Training(Job):
    """One training: written by its thread, read by the window; each write replaces a whole value."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.lock = threading.Condition()
        self.newest = Snapshot()
        self._remarks: list[tuple[str, str]] = []
        self._pause = self._asked = self._leave = False

    def run(self) -> None:
        """In the thread: do the work, and wake who waits for its end."""
        super().run()
        self.turn(self.state)

    def work(self) -> None:
        """In the thread: train, from the data to the last checkpoint."""
        carry_out(self)
        if self.stopping:
            raise Stopped

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING, PAUSED, UNSAVED)

    @property
    def mark(self) -> Any:
        """A value that changes with the state of the buttons."""
        return self.state, self.pausing, self.stopping

    def ask(self, pause: bool | None = None, stop: bool = False, leave: bool = False) -> None:
        """Ask the thread to pause, go on or stop after the current step; `leave`: the window closes."""
        with self.lock:
            self._pause = self._pause if pause is None else pause
            self.stopping, self._leave, self._asked = self.stopping or stop, self._leave or leave, True
            if self.state == UNSAVED:  # the thread tries to write again when it wakes
                self.state = RUNNING
            self.lock.notify_all()

    @property
    def pausing(self) -> bool:
        """Whether it is pausing or paused."""
        return self._pause and not self.stopping

    def turn(self, state: str) -> None:
        """In the thread: take another state."""
        with self.lock:
            self.state = state
            self.lock.notify_all()

    def rest(self) -> str:
        """In the window: wait until it has ended or needs the user; returns its state."""
        with self.lock:
            self.lock.wait_for(lambda: not self.active or self.state == UNSAVED)
            return self.state

    def hold(self) -> None:
        """In the thread: wait while it is paused."""
        with self.lock:
            while self._pause and not self.stopping:
                self.state = PAUSED
                self.lock.wait()
            self.state = RUNNING

    def hold_unsaved(self, error: NotWrittenError) -> bool:
        """In the thread: say why the model is not written, and wait for a request; False if the window has closed."""
        name = self.order.folder.name
        again = f"{name} is still in memory: make room, then press Stop to write it, or Resume to go on."
        self.remark(f"{error.sentence} {again}", "error")
        with self.lock:
            if self._leave:
                return False
            self.stopping = self._pause = self._asked = False
            self.turn(UNSAVED)
            self.lock.wait_for(lambda: self._asked)
            return True

    def put(self, **values: Any) -> None:
        """In the thread: set the newest values."""
        with self.lock:
            self.newest = replace(self.newest, **values)

    def remark(self, text: str, kind: str = "info") -> None:
        """In the thread: add a message of some kind."""
        with self.lock:
            self._remarks.append((text, kind))

    def remarks(self) -> list[tuple[str, str]]:
        """The messages since the last call."""
        with self.lock:
            said, self._remarks = self._remarks, []
            return said


# -- the work, in the thread


def carry_out(training: Training) -> None:
    """Train; first a few single steps, by whose time the steps per report are chosen."""
    from diffview.learning.training import save_later, train

    trainer, folder = _trainer(training), training.order.folder
    painter = Painter(trainer)
    every = 1
    until: int | None = trainer.step + FIRST_STEPS
    while trainer.done() < 1 and not training.stopping:
        began = time.perf_counter(), trainer.step
        try:
            with closing(cast("Steps", train(trainer, folder, every))) as steps:
                _follow(training, trainer, steps, painter, until)
        except NotWrittenError as error:
            save_later(trainer, folder, error, training.hold_unsaved)
        each = (time.perf_counter() - began[0]) / max(1, trainer.step - began[1])
        every, until = int(min(max(REPORT_S / max(each, 1e-6), 1), 200)), None
    _paint(training, painter)
    finding, pictures = trainer.finding() if trainer.step else "", training.newest.pictures
    if not finding and pictures is not None and pictures.step == trainer.step:
        finding = pictures.finding
    training.put(finding=finding)


def _trainer(training: Training) -> "Trainer":
    order = training.order
    data = order.data()
    training.put(fields=len(data.fields), held_out=len(data.held_out), spread=float(data.fields.std()))
    device = load_engine().device(order.device)
    with no_search_for_garbage(COMPILER):
        import_module(COMPILER)
    trainer = order.trainer(data, device)
    if order.again:
        training.remark(f"Going on with {order.folder.name} at step {trainer.step}, as it was begun.")
    return trainer


def _paint(training: Training, painter: Painter) -> None:
    """Make new pictures, unless it is to stop or memory has not sufficed once."""
    try:
        pictures = painter.pictures(lambda: training.stopping)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        training.remark("The device has no memory left for the pictures; the training goes on.", "warning")
        return
    if pictures is not None:
        training.put(pictures=pictures)


def _follow(training: Training, trainer: "Trainer", steps: "Steps", painter: Painter, until: int | None) -> None:
    from diffview.learning.training import keep

    seen = time.perf_counter(), trainer.step
    for progress in steps:
        now = time.perf_counter(), trainer.step
        curve = np.array(trainer.curve[:: max(1, len(trainer.curve) // CURVE_POINTS)], dtype=np.float64).reshape(-1, 2)
        training.put(
            step=progress.step, share=trainer.done(), left=progress.left, levels=trainer.loss_by_level(),
            speed=(now[1] - seen[1]) / max(now[0] - seen[0], 1e-6), curve=(curve[:, 0], curve[:, 1]),
        )  # fmt: skip
        if progress.remark:
            training.remark(progress.remark, "warning")
        if training.stopping or (until is not None and trainer.step >= until):
            return
        if painter.due():
            _paint(training, painter)
        training.share_cores()
        if training.pausing:
            if words := keep(trainer, training.order.folder):
                training.remark(words, "warning")
            training.hold()
        if training.stopping:
            return
        seen = time.perf_counter(), trainer.step
