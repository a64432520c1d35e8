"""Rivals at work beside the window: their runs side by side, and their scores on held-out fields."""

from collections.abc import Sequence
from functools import partial

from diffview.errors import UserError
from diffview.gui.jobs.background import Background
from diffview.gui.session import Session
from diffview.learning.orders import Order
from diffview.runs.rivals import rivals_of, shared
from diffview.scores.compare import ComparedRun, Comparison, plans_of, recorded_side
from diffview.scores.rival_facts import RivalFacts
from diffview.scores.rival_scores import RivalBoard, Verdict, draw_of, ways_of
from diffview.scores.subject import open_subject, unscored


def about_rivals(session: Session) -> object:
    """What is said of rivals is about: them, what they share, and the field; not which of them is in force."""
    return rivals_of(session.recipe), shared(session.recipe), session.facts.field


class ComparisonJob(Background[Comparison]):
    """Runs side by side in their thread, one comparison at a time."""

    kind = "comparing"
    subject = ("recipe", "facts.field")
    _measured: tuple[object, ComparedRun | None] = (None, None)

    @property
    def recorded(self) -> ComparedRun | None:
        """The recorded run of the open file, which stands beside the rivals; None where there is none."""
        facts = self._session.facts
        if self._measured[0] is not facts.field:
            self._measured = facts.field, recorded_side(facts, self._session.plan)
        return self._measured[1]

    def start(self) -> None:
        """Run all rivals."""
        session = self._session
        self.begin(lambda: Comparison(plans_of(session.recipe, session.facts)))

    def about(self) -> object:
        """The rivals."""
        return about_rivals(self._session)

    @property
    def sides(self) -> Sequence[ComparedRun]:
        """The runs that have begun, of the rivals as they are."""
        job = self.job
        return () if job is None or job.dropped else job.sides


class RivalScoresJob(Background[RivalBoard]):
    """Scores of rivals in their thread, one at a time."""

    kind = "ranking"
    subject = ("recipe", "facts.field")

    def why_not(self) -> str:
        """Why they cannot be scored; "" if they can."""
        refusal = unscored(self._session.plan, self._session.facts)
        try:
            if refusal is None:
                ways_of(rivals_of(self._session.recipe))
        except UserError as error:
            refusal = error
        return "" if refusal is None else f"{refusal.sentence} {refusal.hint}".strip()

    def start(self, known: Sequence[RivalFacts], fields: int, trained: Order | None) -> None:
        """Score the rivals that these facts are of; `trained` is the order of the newest training."""
        session = self._session
        plan = session.plan
        subject = partial(open_subject, plan, session.facts, trained)

        def make() -> RivalBoard:
            ways, draw = ways_of([of.rival for of in known]), draw_of(known[0].plan, fields)
            return RivalBoard(plan.recipe.denoiser.model, subject, ways, draw, plan.card is not None, known=known)

        self.begin(make)

    def about(self) -> object:
        """The rivals."""
        return about_rivals(self._session)

    @property
    def found(self) -> Verdict | None:
        """Which of the rivals as they are is best; None while that is not told."""
        return None if (job := self.ended) is None else job.found
