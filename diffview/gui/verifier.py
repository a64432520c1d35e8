"""Verifying a network while the window lives: the very fields it was trained on, the work in its own thread.

What was held out is known only of the set the network was trained on, so that nothing else is taken: of the sets that
can be made of the open field, the one whose fingerprint the card has.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.cards import Card
from diffview.errors import UserError
from diffview.gui.errors import report
from diffview.gui.jobs import FAILED, FINISHED, RUNNING, STOPPED, WAITING, TrainingThread, load_engine
from diffview.gui.session import Message, Session
from diffview.gui.train_order import Order, models_folder
from diffview.plan import cores
from diffview.training_sets import TrainingSet

TICK_MS = 100
HELD_OUT = 0.2
"""Share that `diffview train` holds out."""


class _Stop(Exception):
    """It is to end."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where the training set of a network may come from: orders of the window, and a file."""

    orders: tuple[Order, ...]
    path: str = ""
    dataset: str = ""

    def sets(self, card: Card) -> Iterator[TrainingSet]:
        """Those that can be made; what is too small or cannot be read is none."""
        from diffview.training_data import read_training_set

        def read() -> TrainingSet:
            names = (self.dataset,) if self.dataset else ()
            return read_training_set(
                self.path, names, size=max(card.shape[1:]), transform=card.transform.key, held_out=HELD_OUT,
                coarsen=card.coarsen,
            )  # fmt: skip

        makers: list[Callable[[], TrainingSet]] = [order.data for order in self.orders]
        for make in [*makers, *([read] if self.path else [])]:
            try:
                yield make()
            except UserError:
                continue

    def set_of(self, card: Card) -> TrainingSet:
        """The set that the network was trained on.

        Raises:
            UserError: if it is none of them.
        """
        for found in self.sets(card):
            if found.fingerprint == card.data.get("sha256"):
                return found
        command = str(card.scores.get("settings", {}).get("command", ""))
        raise UserError(
            f"The open field, as it is cut here, is not what {card.name} was trained on, so that nobody knows what of "
            "it the network has never seen.",
            f"Its scores come from: {command}" if command else "Open the file, slice and region it was trained on.",
        )


class Verification:
    """One verification: written by its thread, read by the window."""

    def __init__(self, name: str, card: Card, place: Place, device: str) -> None:
        self.name, self.card, self.place, self.device = name, card, place, device
        self.state = WAITING
        self.done, self.of = 0, 0
        self.found: dict[str, Any] | None = None
        self.error: Exception | None = None
        self.shared = self.stopping = False

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING)

    def tell(self, done: int, of: int) -> None:
        """In the thread: a batch is done."""
        import torch

        self.done, self.of = done, of
        torch.set_num_threads(1 if self.shared else max(1, cores() - 1))
        if self.stopping:
            raise _Stop


def work(job: Verification) -> None:
    """Verify; errors are left in it."""
    job.state, state = RUNNING, FINISHED
    try:
        from diffview.verify import verify_model

        data = job.place.set_of(job.card)
        engine = load_engine()
        if engine.version is None:
            raise UserError(engine.fault or "torch is not installed.", "Networks need torch; formula models do not.")
        device = job.device if job.device in engine.devices else "cuda" if "cuda" in engine.devices else "cpu"
        job.tell(0, 0)
        job.found = verify_model(job.card, data, device=device, progress=job.tell)
        job.found["settings"]["command"] = "Verify in the Model dock"
    except _Stop:
        state = STOPPED
    except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
        job.error, state = error, FAILED
    job.state = state


class VerifierJob(QObject):
    """Verifications in their thread, one at a time.

    Attributes:
        job: the newest one, or None.

    Signals:
        changed: it began, got on or ended.
    """

    changed = Signal()

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether a run or a training computes, with which it shares the cores."""
        super().__init__(parent)
        self._session, self._busy = session, busy
        self._box = threading.Condition()
        self._waiting: Verification | None = None
        self._closing = False
        self._thread = TrainingThread(self._serve, "verifying")
        self._seen: tuple[str, int] | None = None
        self.job: Verification | None = None
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def active(self) -> bool:
        """Whether there is one that has not ended, or whose end has not been shown."""
        return self._timer.isActive()

    def start(self, name: str, card: Card, place: Place, device: str) -> None:
        """Verify the network of a card, which the session knows by `name`; none must be at work."""
        if self.active or self._closing:
            return
        self.job = Verification(name, card, place, device)
        with self._box:
            self._waiting = self.job
            if not self._thread.isRunning():
                self._thread.start()
            self._box.notify()
        self._timer.start()
        self.tick()

    def stop(self) -> None:
        """End it after the batch it is in; nothing is kept of it."""
        if self.job is not None:
            self.job.stopping = True
            self.changed.emit()

    def close(self) -> None:
        """End what is at work; returns when the thread has ended."""
        self._timer.stop()
        with self._box:
            self._closing = True
            if self.job is not None:
                self.job.stopping = True
            self._box.notify()
        self._thread.wait()

    def _serve(self) -> None:
        """The thread's loop."""
        while True:
            with self._box:
                while self._waiting is None and not self._closing:
                    self._box.wait()
                job, self._waiting = self._waiting, None
            if self._closing or job is None:
                return
            work(job)

    def tick(self) -> None:
        """Pull what is new and tell."""
        job = self.job
        if job is None or self._closing:
            return
        job.shared = self._busy()
        ended = not job.active
        if ended:
            self._timer.stop()
            self._take(job)
        if ended or self._seen != (job.state, job.done):
            self._seen = job.state, job.done
            self.changed.emit()

    def _take(self, job: Verification) -> None:
        """Show what was found; it is kept in the card of the user's own models, never in one that was shipped."""
        session = self._session
        if isinstance(job.error, UserError):
            session.tell_error(job.error)
        elif job.error is not None:
            report(job.error, session.tell)
        elif job.found is not None:
            card = replace(job.card, scores=job.found)
            own = is_own(card.file)
            try:
                if own:
                    card.save()
            except UserError as error:
                session.tell_error(error)
            session.learn(cards={**session.facts.cards, job.name: card})
            where = f"The scores lie in its card, {card.file}.json." if own else "Its shipped card is left as it is."
            session.tell(Message(f"{card.name} is verified.", where))


def is_own(file: Path) -> bool:
    """Whether a model lies where the user's own are kept."""
    return file.resolve().is_relative_to(models_folder().resolve())
