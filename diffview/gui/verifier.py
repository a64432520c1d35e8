"""Verifying a network while the window lives: the very fields it was trained on, the work in its own thread.

What was held out is known only of the set the network was trained on, so that nothing else is taken: of the sets that
can be made of the open field, the one whose fingerprint the card has.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from diffview.errors import UserError
from diffview.gui.background import Background, Job
from diffview.gui.engine import load_engine
from diffview.gui.errors import report
from diffview.gui.session import Message, Session
from diffview.gui.train_order import Order, models_folder
from diffview.learning.sets import TrainingSet
from diffview.models.cards import Card

HELD_OUT = 0.2
"""Share that `diffview train` holds out."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where the training set of a network may come from: orders of the window, and a file."""

    orders: tuple[Order, ...]
    path: str = ""
    dataset: str = ""

    def sets(self, card: Card) -> Iterator[TrainingSet]:
        """Those that can be made; what is too small or cannot be read is none."""
        from diffview.learning.from_files import read_training_set

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


def place_of(session: Session, card: Card, trained: Order | None = None) -> Place:
    """The sets that can be made of the open field, as the training dock and `diffview train` make them.

    `trained` is the order of the newest training, if there is one.
    """
    facts, plan = session.facts, session.plan
    schedule, folder, key = session.recipe.course.schedule, models_folder(), card.transform.key
    orders = [
        Order(facts.field, key, schedule, folder, size=card.shape[1]),
        Order(facts.field, key, schedule, folder, size=0, stack=facts.stack, region=plan.region),
    ]
    if trained is not None and trained.folder == card.file.parent:
        orders.insert(0, trained)
    path = str(facts.field.provenance.get("path", ""))
    return Place(tuple(orders), path, session.recipe.source.dataset or str(facts.field.provenance.get("dataset", "")))


class Verification(Job):
    """One verification."""

    def __init__(self, name: str, card: Card, place: Place, device: str) -> None:
        super().__init__()
        self.name, self.card, self.place, self.device = name, card, place, device
        self.done, self.of = 0, 0
        self.found: dict[str, Any] | None = None

    @property
    def mark(self) -> Any:
        """State and progress."""
        return self.state, self.done

    def tell(self, done: int, of: int) -> None:
        """In the thread: a batch is done."""
        self.done, self.of = done, of
        self.share_cores()
        self.go_on()

    def work(self) -> None:
        """Find the set and verify."""
        from diffview.scores.verify import Sampling, verify_model

        data = self.place.set_of(self.card)
        engine = load_engine()
        if engine.version is None:
            raise UserError(engine.fault or "torch is not installed.", "Networks need torch; formula models do not.")
        device = self.device if self.device in engine.devices else "cuda" if "cuda" in engine.devices else "cpu"
        self.tell(0, 0)
        self.found = verify_model(self.card, data, Sampling.told(self.card), device, self.tell)
        self.found["settings"]["command"] = "Verify in the Model dock"


class VerifierJob(Background):
    """Verifications in their thread, one at a time."""

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether a run or a training computes, with which it shares the cores."""
        super().__init__("verifying", busy, parent)
        self._session = session

    @property
    def job(self) -> Verification | None:
        """The newest one, or None."""
        return self.current if isinstance(self.current, Verification) else None

    def start(self, name: str, card: Card, place: Place, device: str) -> None:
        """Verify the network of a card, which the session knows by `name`; none must be at work."""
        self.begin(Verification(name, card, place, device))

    def take(self, job: Verification) -> None:
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
