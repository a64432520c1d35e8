"""Training while the window lives: what to train on, the work in its own thread, and what the window pulls from it.

The thread writes whole, frozen states into one Training and never signals; a timer of the window, which runs only
while there is a training, pulls the newest. torch is imported in the thread.
"""

import math
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from diffview.cards import Card
from diffview.errors import UserError, out_of_memory
from diffview.grids import make_levels
from diffview.gui.errors import report
from diffview.gui.jobs import (
    FAILED,
    FINISHED,
    RUNNING,
    STOPPED,
    WAITING,
    TrainingThread,
    load_engine,
    no_search_for_garbage,
)
from diffview.gui.session import Message, Session
from diffview.gui.train_order import Order
from diffview.machine import cores
from diffview.process import START, Noise
from diffview.sampler_ode import heun

if TYPE_CHECKING:
    from diffview.training import Progress, Trainer

    Steps = Generator[Progress, None, None]

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

PAUSED = "paused"
COMPILER = "torch._dynamo"
"""Imported by torch's optimisers, at their first use: a second or two, and a hundred thousand objects."""

TICK_MS = 100
REPORT_S, PICTURES_S = 0.25, 20.0
"""Seconds between reports, and between pictures."""

PICTURES, PICTURE_STEPS, REFERENCE, CURVE_POINTS = 4, 12, 48, 2000

# -- the shared object


@dataclass(frozen=True, eq=False)
class Pictures:
    """What the model makes from noise now, each beside the nearest field it was trained on; standardised.

    Attributes:
        made, nearest: float32 [n, ny, nx].
        distance: root mean square difference of each pair.
        unseen: median of that distance for fields held out; NaN if there are none.
    """

    made: Array
    nearest: Array
    distance: Floats
    unseen: float
    step: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The newest of a training.

    Attributes:
        share: of the training that is done.
        speed: steps a second lately.
        curve: steps, losses.
        levels: noise levels s, mean |eps - eps_hat|^2 there.
        spread: standard deviation of the data.
        fields, held_out: how many.
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


class Training:
    """One training: written by its thread, read by the window; each write replaces a whole value."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.lock = threading.Condition()
        self.state = WAITING
        self.newest = Snapshot()
        self.error: Exception | None = None
        self.shared = False
        self._remarks: list[tuple[str, str]] = []
        self._pause = self._stop = False

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING, PAUSED)

    def ask(self, pause: bool | None = None, stop: bool = False) -> None:
        """Tell the thread to pause, go on or stop after the step it is in."""
        with self.lock:
            self._pause = self._pause if pause is None else pause
            self._stop = self._stop or stop
            self.lock.notify_all()

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self._stop

    @property
    def pausing(self) -> bool:
        """Whether it is to pause, or does."""
        return self._pause and not self._stop

    def hold(self) -> None:
        """In the thread: wait while it is to pause."""
        with self.lock:
            while self._pause and not self._stop:
                self.state = PAUSED
                self.lock.wait()
            self.state = RUNNING

    def put(self, **values: Any) -> None:
        """In the thread: the newest values."""
        with self.lock:
            self.newest = replace(self.newest, **values)

    def remark(self, text: str, kind: str = "info") -> None:
        """In the thread: something to say, and the kind of message."""
        with self.lock:
            self._remarks.append((text, kind))

    def remarks(self) -> list[tuple[str, str]]:
        """What there is to say since the last call."""
        with self.lock:
            said, self._remarks = self._remarks, []
            return said


# -- the work, in the thread


def work(training: Training) -> None:
    """Do a training from its data to its last checkpoint; errors are left in it."""
    state = FINISHED
    training.state = RUNNING
    try:
        trainer = _trainer(training)
        _go(training, trainer)
        state = STOPPED if training.stopping else FINISHED
    except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
        training.error, state = error, FAILED
    training.state = state


def _trainer(training: Training) -> "Trainer":
    order = training.order
    data = order.data()
    training.put(fields=len(data.fields), held_out=len(data.held_out), spread=float(data.fields.std()))
    engine = load_engine()
    if engine.version is None:
        raise UserError(engine.fault or "torch is not installed.", "Networks need torch; formula models do not.")
    with no_search_for_garbage(COMPILER):
        import_module(COMPILER)
    from diffview.training import Trainer
    from diffview.training_network import config_for
    from diffview.training_settings import Settings

    device = order.device
    if device not in engine.devices:
        device = "cuda" if "cuda" in engine.devices else "cpu"
    if order.again:
        trainer = Trainer.resume(order.folder, data, device)
        spent = trainer.done() >= 1
        minutes = order.minutes + (trainer.seconds / 60 if spent else 0)
        trainer.settings = replace(trainer.settings, minutes=minutes, steps=10**8)
        training.remark(f"Going on with {order.folder.name} at step {trainer.step}, as it was begun.")
        return trainer
    settings = Settings(
        loss=order.loss, density=order.density, steps=10**8, minutes=order.minutes, batch=order.batch,
        schedule=order.schedule, flips=order.turned, rotations=order.turned and data.shape[0] == data.shape[1],
    )  # fmt: skip
    if order.origin is not None:
        return Trainer.begin_from(order.origin, data, settings, device)
    return Trainer(data, config_for(data, width=order.width, sigma_data=training.newest.spread), settings, device)


def _go(training: Training, trainer: "Trainer") -> None:
    """Train; first a few single steps, which tell how many make a report."""
    from diffview.training import train

    folder = training.order.folder
    painter = _Painter(trainer)
    every = 1
    for last in (3, None):
        began = time.perf_counter(), trainer.step
        with closing(cast("Steps", train(trainer, folder, every))) as steps:
            _follow(training, trainer, steps, painter, None if last is None else trainer.step + last)
        each = (time.perf_counter() - began[0]) / max(1, trainer.step - began[1])
        every = int(min(max(REPORT_S / max(each, 1e-6), 1), 200))
        if training.stopping:
            return
    if painter.able:
        painter.show(training)


def _follow(training: Training, trainer: "Trainer", steps: "Steps", painter: "_Painter", until: int | None) -> None:
    from diffview.training import keep

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
            painter.show(training)
        _share_cores(training)
        if training.pausing:
            if words := keep(trainer, training.order.folder):
                training.remark(words, "warning")
            training.hold()
        if training.stopping:
            return
        seen = time.perf_counter(), trainer.step


def _share_cores(training: Training) -> None:
    """All cores but the window's own; one while a run computes."""
    import torch

    wanted = 1 if training.shared else max(1, cores() - 1)
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)


class _Painter:
    """Draws fields with the averaged weights, always from the same noise, and finds what they are nearest to."""

    def __init__(self, trainer: "Trainer") -> None:
        self._trainer = trainer
        self._next = 0.0
        fields = trainer.data.fields
        self._fields = fields.reshape(len(fields), -1)
        self._squares = np.einsum("ij,ij->i", self._fields, self._fields)
        held = trainer.data.held_out[:: max(1, len(trainer.data.held_out) // REFERENCE)]
        self._unseen = float(np.median(self._nearest(held)[1])) if len(held) else float("nan")

    @property
    def able(self) -> bool:
        """Whether memory has sufficed so far."""
        return self._next < math.inf

    def due(self) -> bool:
        """Whether it is time for new pictures."""
        return time.perf_counter() >= self._next

    def show(self, training: Training) -> None:
        """Twelve Heun steps, a few members; nothing if it is to stop meanwhile."""
        began = time.perf_counter()
        try:
            made = self._made(training)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            training.remark(
                "The device has no memory left for pictures of what is made; the training goes on.", "warning"
            )
            self._next = math.inf
            return
        if made is None:
            return
        index, distance = self._nearest(made)
        took = time.perf_counter() - began
        self._next = began + took + max(PICTURES_S, 10 * took)
        trainer = self._trainer
        training.put(pictures=Pictures(made, trainer.data.fields[index], distance, self._unseen, trainer.step))

    def _made(self, training: Training) -> Array | None:
        import torch

        trainer = self._trainer
        levels = make_levels(trainer.settings.schedule, "karras", PICTURE_STEPS, top=trainer.noise_range[1])
        noise = Noise(trainer.settings.seed, (PICTURES, 1, *trainer.data.shape))

        def denoise(y: Any, s: float) -> Any:
            level = torch.full((len(y),), s, dtype=torch.float32, device=y.device)
            return trainer.ema(y.contiguous(memory_format=torch.channels_last), level, None)[0].float()

        with torch.no_grad():
            y = torch.from_numpy(noise(START, 0)).to(trainer.device) * levels[0]
            for step in heun(denoise, y, levels, noise):
                if training.stopping:
                    return None
                y = step.y
        made: Array = y[:, 0].cpu().numpy()
        return made

    def _nearest(self, fields: Array) -> tuple[NDArray[np.intp], Floats]:
        """Index of the nearest training field of each, and the root mean square difference."""
        flat = fields.reshape(len(fields), -1)
        square = np.einsum("ij,ij->i", flat, flat)[:, None] + self._squares - 2 * flat @ self._fields.T
        index = square.argmin(axis=1)
        least = square[np.arange(len(flat)), index].clip(min=0)
        return index, np.sqrt(least / flat.shape[1], dtype=np.float64)


# -- the window's side


class TrainerJob(QObject):
    """Trainings in their thread, one at a time.

    Attributes:
        training: the newest one, or None.

    Signals:
        advanced: it has newer values.
        changed: it began, paused, went on or ended.
    """

    advanced = Signal()
    changed = Signal()

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether a run computes, with which a training shares the cores."""
        super().__init__(parent)
        self._session, self._busy = session, busy
        self._box = threading.Condition()
        self._waiting: Training | None = None
        self._closing = False
        self._thread = TrainingThread(self._serve)
        self.training: Training | None = None
        self._shown: tuple[str, bool, bool] | None = None
        self._newest: Snapshot | None = None
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def active(self) -> bool:
        """Whether there is a training that has not ended, or whose end has not been shown."""
        return self._timer.isActive()

    def start(self, order: Order) -> None:
        """Begin a training; there must be none."""
        if self.active or self._closing:
            return
        self.training = Training(order)
        with self._box:
            self._waiting = self.training
            if not self._thread.isRunning():
                self._thread.start()
            self._box.notify()
        self._timer.start()
        self.tick()

    def pause(self) -> None:
        """Pause after the step it is in; what is learned is written to disk."""
        self._ask(pause=True)

    def resume(self) -> None:
        """Go on with a paused training."""
        self._ask(pause=False)

    def stop(self) -> None:
        """End it after the step it is in; what is learned is kept on disk."""
        self._ask(stop=True)

    def _ask(self, **what: bool) -> None:
        if self.training is not None:
            self.training.ask(**what)
            self.tick()

    def close(self) -> None:
        """Save and end what trains; returns when the thread has ended."""
        self._timer.stop()
        if self.training is not None:
            self.training.ask(stop=True)
        with self._box:
            self._closing = True
            self._box.notify()
        self._thread.wait()

    def _serve(self) -> None:
        """The thread's loop."""
        while True:
            with self._box:
                while self._waiting is None and not self._closing:
                    self._box.wait()
                training, self._waiting = self._waiting, None
            if self._closing or training is None:
                return
            work(training)

    def tick(self) -> None:
        """Pull what is new and tell."""
        training = self.training
        if training is None or self._closing:
            return
        ended = not training.active
        training.shared = self._busy()
        for remark, kind in training.remarks():
            self._session.tell(Message(remark, kind=kind))
        if training.newest is not self._newest:
            self._newest = training.newest
            self.advanced.emit()
        shown = training.state, training.pausing, training.stopping
        if ended:
            self._timer.stop()
        if shown != self._shown or ended:
            self._shown = shown
            self.changed.emit()
        if ended:
            self._tell_end(training)

    def _tell_end(self, training: Training) -> None:
        error, name = training.error, training.order.folder.name
        if isinstance(error, UserError):
            self._session.tell_error(error)
        elif error is not None and out_of_memory(error):
            hint = "Choose a smaller batch, smaller crops or a smaller width."
            self._session.tell(Message("The device ran out of memory.", hint, "error"))
        elif error is not None:
            report(error, self._session.tell)
        else:
            self._offer(name, training)

    def _offer(self, name: str, training: Training) -> None:
        """The new model stands in the list, and can be used at once."""
        session, folder = self._session, training.order.folder
        if not (folder / "model.json").is_file():  # stopped before its first step
            return
        try:
            session.learn(cards={**session.facts.cards, name: Card.read(folder)})
        except UserError as error:
            session.tell_error(error)
            return
        words = f"{name} is trained." if training.state == FINISHED else f"{name} is kept as it is now."
        session.tell(Message(words, f"It lies in {folder}.", action=("Use it", lambda: self._use(name))))

    def _use(self, name: str) -> None:
        self._session.edit(model=name)
