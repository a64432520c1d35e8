"""Training in the window: the work in its own thread, and the job that pulls its state.

The thread writes whole, frozen states into one Training and never signals; a timer of the window, which runs only
while there is a training, pulls the newest. torch is imported in the thread.
"""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, cast

import numpy as np
from PySide6.QtCore import QObject, Signal

from diffview.errors import NotWrittenError, UserError
from diffview.gui.errors import report
from diffview.gui.jobs.background import Background
from diffview.gui.jobs.engine import load_engine, no_search_for_garbage
from diffview.gui.jobs.sampling import FINISHED, WAITING
from diffview.gui.session import Message, Session
from diffview.gui.show.training_order import Order
from diffview.gui.show.training_pictures import Painter
from diffview.gui.show.training_state import UNSAVED, Snapshot, Training
from diffview.models.cards import Card

if TYPE_CHECKING:
    from diffview.learning.progress import TrainingReport
    from diffview.learning.trainer import Trainer

    Steps = Generator[TrainingReport, None, None]

COMPILER = "torch._dynamo"
"""A module that torch's optimisers import at their first use: a second or two, a hundred thousand objects."""

TICK_MS = 100
REPORT_S, CURVE_POINTS, FIRST_STEPS = 0.25, 2000, 3
"""Seconds between reports, points of a curve, and single steps timed first to choose the steps per report."""

# -- the work, in the thread


def work(training: Training) -> None:
    """Do a training from its data to its last checkpoint."""
    _go(training, _trainer(training))


def _trainer(training: Training) -> "Trainer":
    order = training.order
    data = order.data()
    training.put(fields=len(data.fields), held_out=len(data.held_out), spread=float(data.fields.std()))
    device = load_engine().device(order.device)
    with no_search_for_garbage(COMPILER):
        import_module(COMPILER)
    from diffview.learning.network import config_for
    from diffview.learning.settings import TrainingSettings
    from diffview.learning.trainer import Trainer
    from diffview.learning.training import resumed

    if order.again:
        trainer = resumed(order.folder, data, device)
        spent = trainer.done() >= 1
        minutes = order.minutes + (trainer.seconds / 60 if spent else 0)
        trainer.settings = replace(trainer.settings, minutes=minutes, steps=10**8)
        training.remark(f"Going on with {order.folder.name} at step {trainer.step}, as it was begun.")
        return trainer
    settings = TrainingSettings(
        loss=order.loss, density=order.density, steps=10**8, minutes=order.minutes, batch=order.batch,
        schedule=order.schedule, flips=order.turned, rotations=order.turned and data.shape[0] == data.shape[1],
    )  # fmt: skip
    if order.origin is not None:
        return Trainer.begin_from(order.origin, data, settings, device)
    return Trainer(data, config_for(data, width=order.width, sigma_data=training.newest.spread), settings, device)


def _go(training: Training, trainer: "Trainer") -> None:
    """Train; first a few single steps, by whose time the steps per report are chosen."""
    from diffview.learning.training import train

    folder = training.order.folder
    painter = Painter(trainer)
    every = 1
    until: int | None = trainer.step + FIRST_STEPS
    while trainer.done() < 1 and not training.stopping:
        began = time.perf_counter(), trainer.step
        try:
            with closing(cast("Steps", train(trainer, folder, every))) as steps:
                _follow(training, trainer, steps, painter, until)
        except NotWrittenError as error:
            _write_later(training, trainer, error)
        each = (time.perf_counter() - began[0]) / max(1, trainer.step - began[1])
        every, until = int(min(max(REPORT_S / max(each, 1e-6), 1), 200)), None
    if painter.able and not training.stopping:
        painter.show(training)


def _write_later(training: Training, trainer: "Trainer", error: NotWrittenError) -> None:
    """Keep the model in memory until it is written: the user makes room, and asks again.

    Raises:
        NotWrittenError: if the window was closed.
    """
    from diffview.learning.training import save

    while True:
        name = training.order.folder.name
        again = f"{name} is still in memory: make room, then press Stop to write it, or Resume to go on."
        training.remark(f"{error.sentence} {again}", "error")
        if not training.hold_unsaved():
            raise error
        try:
            save(trainer, training.order.folder)
        except NotWrittenError as once_more:
            error = once_more
        else:
            return


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
            painter.show(training)
        training.share_cores()
        if training.pausing:
            if words := keep(trainer, training.order.folder):
                training.remark(words, "warning")
            training.hold()
        if training.stopping:
            return
        seen = time.perf_counter(), trainer.step


# -- the window's side


class TrainerJob(Background[Training]):
    """Trainings in their thread, one at a time.

    Signals:
        advanced: there are newer values.
        changed: it began, paused, went on or ended.
    """

    advanced = Signal()

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether a run computes, with which a training shares the cores."""
        super().__init__("training", session, busy, parent)
        self._given_up: Training | None = None
        self._newest: Snapshot | None = None

    @property
    def training(self) -> Training | None:
        """The newest one, or None."""
        return self.job

    def start(self, order: Order) -> None:
        """Begin a training; there must be none."""
        self.begin(Training(order, work))

    def pause(self) -> None:
        """Pause after the current step; the model so far is written to disk."""
        self._ask(pause=True)

    def resume(self) -> None:
        """Go on with a paused training."""
        self._ask(pause=False)

    def stop(self) -> None:
        """End it after the current step; the model so far is kept on disk."""
        self._ask(stop=True)

    def _ask(self, **what: bool) -> None:
        self._given_up = None
        if self.training is not None:
            self.training.ask(**what)
            self.tick()

    def settle(self) -> bool:
        """Save and end the training; False the first time that it cannot be written."""
        training = self.training
        if training is None or training.state == WAITING or training is self._given_up:
            return True
        training.ask(stop=True)
        if training.rest() != UNSAVED:
            return True
        self.tick()
        self._given_up = training
        words = f"The window stays open, since {training.order.folder.name} could not be written."
        self._session.tell(Message(words, "Make room and press Stop, or close once more to give it up.", "error"))
        return False

    def close(self) -> None:
        """Save and end the training; returns when the thread has ended. A model that cannot be written is given up."""
        if self.training is not None:
            self.training.ask(stop=True, leave=True)
        super().close()

    def tick(self) -> None:
        """Pull what is new and emit signals."""
        if self.training is not None and not self._closing:
            self._pull(self.training)
        super().tick()

    def _pull(self, training: Training) -> None:
        for remark, kind in training.remarks():
            self._session.tell(Message(remark, kind=kind))
        if training.newest is not self._newest:
            self._newest = training.newest
            self.advanced.emit()

    def take(self, training: Training) -> None:
        """Say how it ended; a new model can be used at once."""
        self._pull(training)  # the values since this tick
        error, name = training.error, training.order.folder.name
        if error is not None:
            report(error, self._session.tell, less="Choose a smaller batch, smaller crops or a smaller width.")
        else:
            self._offer(name, training)

    def _offer(self, name: str, training: Training) -> None:
        """Add the new model to the list, with a message to use it."""
        session, folder = self._session, training.order.folder
        if not (folder / "model.json").is_file():  # stopped before its first step
            return
        try:
            session.learn(cards={**session.facts.cards, name: Card.read(folder)})
        except UserError as error:
            session.tell_error(error)
            return
        words = f"{name} is trained." if training.state == FINISHED else f"{name} is kept as it is."
        session.tell(Message(words, f"It lies in {folder}.", action=("Use it", lambda: self._use(name))))

    def _use(self, name: str) -> None:
        self._session.edit(model=name)
