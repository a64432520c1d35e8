"""Verifying a network while the window lives, on the very fields it was trained on; see `scores.verify`."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from diffview.errors import UserError
from diffview.gui.jobs.background import Background, Job
from diffview.gui.jobs.engine import load_engine
from diffview.gui.session import Message, Session
from diffview.gui.show.training_order import Order, models_folder
from diffview.learning.from_files import read_training_set
from diffview.learning.sets import TrainingSet
from diffview.models.cards import Card
from diffview.runs.sampling import Sampling
from diffview.scores.subject import set_trained_on
from diffview.scores.verify import verify_model

HELD_OUT = 0.2
"""Share that `diffview train` holds out."""

MakeSet = Callable[[], TrainingSet]


def sets_of(session: Session, card: Card, trained: Order | None = None) -> list[MakeSet]:
    """The sets that can be made of the open field, as the training dock and `diffview train` make them.

    `trained` is the order of the newest training, if there is one.
    """
    facts = session.facts
    schedule, folder, key = session.recipe.course.schedule, models_folder(), card.transform.key
    orders = [
        Order(facts.field, key, schedule, folder, size=card.shape[1]),
        Order(facts.field, key, schedule, folder, size=0, stack=facts.stack, region=session.plan.region),
    ]
    if trained is not None and trained.folder == card.file.parent:
        orders.insert(0, trained)
    makers: list[MakeSet] = [order.data for order in orders]
    path = str(facts.field.provenance.get("path", ""))
    dataset = session.recipe.source.dataset or str(facts.field.provenance.get("dataset", ""))
    if path:
        makers.append(
            partial(
                read_training_set, path, (dataset,) if dataset else (), size=max(card.shape[1:]),
                transform=card.transform.key, held_out=HELD_OUT, coarsen=card.coarsen,
            )
        )  # fmt: skip
    return makers


class Verification(Job):
    """One verification."""

    def __init__(self, name: str, card: Card, sets: list[MakeSet], device: str) -> None:
        """The network of a card, which the session knows by `name`; `sets` make what it may have been trained on."""
        super().__init__(network=True)
        self.name, self.card, self._sets, self._device = name, card, sets, device
        self.found: dict[str, Any] | None = None

    def work(self) -> None:
        """Find the set and verify."""
        data = set_trained_on(self.card, self._sets)
        device = load_engine().device(self._device)
        self.found = verify_model(self.card, data, Sampling.scored(self.card), device, self.tell)
        self.found["settings"]["command"] = "Verify in the Model dock"


class VerifierJob(Background[Verification]):
    """Verifications in their thread, one at a time."""

    def take(self, job: Verification) -> None:
        """Show what was found; it is kept in the card of the user's own models, never in one that was shipped."""
        session = self._session
        if job.found is None:
            super().take(job)
            return
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
