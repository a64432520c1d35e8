"""Races and scoreboards while the window lives; see `scores.race` and `scores.scoreboard` for what they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from diffview.errors import UserError
from diffview.fields.units import written
from diffview.gui.jobs.background import Background, Job
from diffview.gui.jobs.engine import load_engine
from diffview.gui.jobs.verifier import MakeSet, sets_of
from diffview.gui.show.training_order import Order, models_folder, sizes_that_fit
from diffview.models.cards import Card
from diffview.models.formulas import FORMULAS
from diffview.runs.plan import Plan
from diffview.scores.race import Point, error_size, even_end, plan_race, race_plan
from diffview.scores.scoreboard import BoardRow, Combination, Draw, Scoreboard
from diffview.scores.subject import Subject, formula, network, set_trained_on


@dataclass(frozen=True)
class RaceWish:
    """What to race: samplers, calls of the model, on the run's levels or (`even`) on log-uniform ones."""

    samplers: tuple[str, ...]
    evaluations: tuple[int, ...]
    exact: bool
    even: bool


class RaceRun(Job):
    """One race.

    Attributes:
        plan: whose model, start and levels it is about.
        points: the runs that have ended.
        lost: why samplers fell out, by key.
        end: noise level at which it ends; None: on the run's levels, at 0.
        units: what one standardised unit of error is, and in which units.
    """

    def __init__(self, plan: Plan, wish: RaceWish, units: str) -> None:
        super().__init__(plan.card is not None)
        self.plan, self.wish = plan, wish
        self.points: tuple[Point, ...] = ()
        self.lost: dict[str, str] = {}
        self.end = even_end(plan) if wish.even else None
        self.units = error_size(plan.made_in, written(units))

    @property
    def mark(self) -> Any:
        """What there is to show, and how many runs have ended."""
        return super().mark, len(self.points)

    def work(self) -> None:
        """Race; what has ended when it is stopped is kept."""
        race = plan_race(self.plan, self.wish.samplers, self.wish.evaluations, self.end)
        for done, point in race.run():
            self.lost = dict(race.lost)
            if point is not None:
                self.points = (*self.points, point)
            self.tell(done)


class RaceJob(Background[RaceRun]):
    """Races in their thread, one at a time."""

    def start(self, wish: RaceWish) -> None:
        """Race on the plan in force, of a fork on the run it leaves; none must be at work."""
        session = self._session
        recipe = session.recipe.but(model="gaussian") if wish.exact else session.recipe
        try:
            plan = race_plan(recipe, session.facts, session.plan.region)
        except UserError as error:
            session.tell_error(error)
        else:
            self.begin(RaceRun(plan, wish, session.facts.field.units if plan.card is None else plan.card.units))


class BoardRun(Job):
    """One scoreboard.

    Attributes:
        name: of the model.
        rows: those that are finished.
        units: of the field.
        split: how the held-out fields were kept apart.
    """

    def __init__(
        self, name: str, subject: Callable[[], Subject], ways: Sequence[Combination], draw: Draw, network: bool
    ) -> None:
        """`subject` cuts the fields, and fits or loads the model."""
        super().__init__(network)
        self.name = name
        self.rows: tuple[BoardRow, ...] = ()
        self.units = self.split = ""
        self._subject, self._ways, self._draw = subject, ways, draw

    @property
    def mark(self) -> Any:
        """What there is to show, and how many rows."""
        return super().mark, len(self.rows)

    def work(self) -> None:
        """Score; the rows that are finished when it is stopped are kept."""
        subject = self._subject()
        self.units, self.split = subject.data.units, subject.data.split
        for done, row in Scoreboard(subject, self._ways, self._draw).run():
            if row is not None:
                self.rows = (*self.rows, row)
            self.tell(done)


class BoardJob(Background[BoardRun]):
    """Scoreboards in their thread, one at a time."""

    def why_not(self) -> str:
        """Why nothing can be scored now; "" if it can."""
        session = self._session
        card, model = session.plan.card, session.recipe.denoiser.model
        if card is None and model not in FORMULAS:
            return "Your own denoiser is scored by `diffview.scores.scoreboard` from your own program."
        if card is not None and "diffusers" in card.network:
            return f"{card.name} does not say what its fields are."
        if card is None and not sizes_that_fit(session.facts):
            return "The field is too small, or has too many holes, for crops to fit to and others to hold out."
        return ""

    def start(self, ways: Sequence[Combination], draw: Draw, trained: Order | None = None) -> None:
        """Score the model in force; none must be at work. `trained` is the order of the newest training."""
        session = self._session
        card, recipe, facts = session.plan.card, session.recipe, session.facts
        subject: Callable[[], Subject]
        if card is not None:
            subject = partial(_network, card, sets_of(session, card, trained), recipe.denoiser.device)
        else:
            key, size = session.plan.transform.key, sizes_that_fit(facts)[0]
            order = Order(facts.field, key, recipe.course.schedule, models_folder(), size)
            subject = partial(_formula, recipe.denoiser.model, order)
        self.begin(BoardRun(recipe.denoiser.model, subject, ways, draw, card is not None))


def _formula(model: str, order: Order) -> Subject:
    return formula(model, order.data())


def _network(card: Card, sets: Sequence[MakeSet], device: str) -> Subject:
    return network(card, set_trained_on(card, sets), load_engine().device(device))
