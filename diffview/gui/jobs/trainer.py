"""Training in the window; see `learning.watched` for the work in the thread."""

from PySide6.QtCore import Signal

from diffview.errors import UserError
from diffview.gui.jobs.background import Background
from diffview.gui.jobs.busy import Jobs
from diffview.gui.session import Message
from diffview.learning.orders import Order
from diffview.learning.watched import UNSAVED, Snapshot, Training
from diffview.models.cards import Card
from diffview.runs.job import FAILED, FINISHED, WAITING


class TrainerJob(Background[Training]):
    """Trainings in their thread, one at a time.

    Signals:
        advanced: there are newer values.
        changed: it began, paused, went on or ended.
    """

    kind = "training"
    advanced = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self._given_up: Training | None = None
        self._newest: Snapshot | None = None

    @property
    def training(self) -> Training | None:
        """The newest one, or None."""
        return self.job

    def start(self, order: Order) -> None:
        """Begin a training."""
        self.begin(lambda: Training(order))

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
        if self.training is not None and not self._worker.closing:
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
        if training.state == FAILED:
            super().take(training)
        elif (training.order.folder / "model.json").is_file():  # it was not stopped before its first step
            self._offer(training.order.folder.name, training)

    def _offer(self, name: str, training: Training) -> None:
        """Add the new model to the list, with a message to use it."""
        session, folder = self._session, training.order.folder
        try:
            session.learn(cards={**session.facts.cards, name: Card.read(folder)})
        except UserError as error:
            session.tell_error(error)
            return
        words, finding = f"{name} is trained." if training.state == FINISHED else f"{name} is kept as it is.", ""
        if training.newest.finding:
            words, finding = f"{name}: {training.newest.finding}", "warning"
        use = ("Use it anyway" if finding else "Use it", lambda: self._use(name))
        session.tell(Message(words, f"It lies in {folder}.", kind=finding or "info", action=use))

    def _use(self, name: str) -> None:
        from diffview.runs.sampling import scored_course

        self._session.edit(model=name, **scored_course(self._session.facts.cards[name]))
