"""Verifications, losses, races and scoreboards while the window lives; see `scores` for what they are."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from diffview.errors import UserError
from diffview.gui.jobs.background import Background
from diffview.gui.session import Message
from diffview.learning.orders import Order, is_own, sets_of
from diffview.models.cards import Card
from diffview.scores.loss import Loss, LossCheck, loss_plan, loss_recipe
from diffview.scores.race import RaceRequest, RaceRun
from diffview.scores.scoreboard import BoardRun, Combination, Draw
from diffview.scores.subject import open_subject, unscored
from diffview.scores.verify import Verification


class VerifierJob(Background[Verification]):
    """Verifications in their thread, one at a time, on the very fields that a network was trained on."""

    kind = "verifying"

    def start(self, card: Card, trained: Order | None) -> None:
        """Verify the network in force; `trained` is the order of the newest training."""
        session, chosen = self._session, self._session.recipe.denoiser
        sets = sets_of(session.facts, session.plan, card, trained)
        self.begin(lambda: Verification(chosen.model, card, sets, chosen.device))

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


class LossCheckJob(Background[LossCheck]):
    """Measurements of the loss in their thread, one at a time."""

    kind = "losses"
    subject = ("recipe", "facts")

    def start(self) -> None:
        """Measure the model in force on the open region."""
        session = self._session
        self.begin(lambda: LossCheck(loss_plan(session.recipe, session.facts)))

    def about(self) -> object:
        """The model, the region and the walk."""
        return loss_recipe(self._session.recipe), self._session.facts.field

    @property
    def found(self) -> Loss | None:
        """What was measured for the recipe in force, or None."""
        return None if (job := self.ended) is None else job.found


class RaceJob(Background[RaceRun]):
    """Races in their thread, one at a time."""

    kind = "racing"

    def start(self, request: RaceRequest) -> None:
        """Race on the plan in force, of a fork on the run it leaves."""
        session = self._session
        self.begin(lambda: RaceRun.of(request, session.recipe, session.facts, session.plan.region))


class BoardJob(Background[BoardRun]):
    """Scoreboards in their thread, one at a time."""

    kind = "scoring"

    def why_not(self) -> str:
        """Why nothing can be scored now; "" if it can."""
        refusal = unscored(self._session.plan, self._session.facts)
        return "" if refusal is None else refusal.sentence

    def start(self, ways: Sequence[Combination], draw: Draw, trained: Order | None = None) -> None:
        """Score the model in force; `trained` is the order of the newest training."""
        plan, facts = self._session.plan, self._session.facts
        subject, model = partial(open_subject, plan, facts, trained), plan.recipe.denoiser.model
        self.begin(lambda: BoardRun(model, subject, ways, draw, plan.card is not None))
