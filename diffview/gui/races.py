"""Races and scoreboards while the window lives; see `race` and `scoreboard` for what they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.units import written
from diffview.forward.schedules import Schedule
from diffview.gui.background import Background, Job
from diffview.gui.engine import load_engine
from diffview.gui.errors import report
from diffview.gui.session import Session
from diffview.gui.train_order import Order, models_folder, sizes_that_fit
from diffview.gui.verifier import Place, place_of
from diffview.models.cards import Card
from diffview.models.choice import Trained
from diffview.models.formulas import FORMULAS
from diffview.runs.plan import Plan
from diffview.runs.resolve import resolve
from diffview.runs.run import on_device, start_state
from diffview.scores.race import Point, Race, Track
from diffview.scores.scoreboard import BoardRow, Draw, Scoreboard, combinations
from diffview.scores.subject import Subject, formula, network

RACERS = 4
"""Fields that race at once."""

RACE_SIDES = 64, 32, 16
"""Their sides, where the model does not say: larger ones race the same, slowly; smaller ones where land leaves few."""

EVEN_END = 0.05
"""Noise level at which a race without the last jump ends, where the schedule goes that low."""


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
        done: share of it that is done.
        points: the runs that have ended.
        lost: why samplers fell out, by key.
        end: noise level at which it ends.
    """

    def __init__(self, plan: Plan, wish: RaceWish, units: str) -> None:
        super().__init__()
        self.plan, self.wish, self.done, self._units = plan, wish, 0.0, units
        self.points: tuple[Point, ...] = ()
        self.lost: dict[str, str] = {}
        lowest = max(
            EVEN_END, plan.recipe.course.schedule.s_min, 0.0 if plan.card is None else plan.card.noise_range[0]
        )
        self.end = min(lowest, plan.levels[0] / 2) if wish.even else 0.0

    @property
    def mark(self) -> Any:
        """State, per cent, and how many runs have ended."""
        return self.state, round(100 * self.done), len(self.points)

    @property
    def units(self) -> tuple[float, str]:
        """What one standardised unit of error is, and in which units."""
        made_in = self.plan.made_in
        return (made_in.std, written(self._units)) if made_in.linear and self._units else (1.0, "standard deviations")

    def work(self) -> None:
        """Race; what has ended when it is stopped is kept."""
        plan = self.plan
        if plan.refusal is not None:
            raise plan.refusal
        if plan.model is None:
            raise UserError("The model has nothing it could be fitted to.", "Choose another region.")
        if isinstance(plan.model, Trained):
            load_engine()
        y = start_state(plan)
        y = y.astype(np.float64) if plan.recipe.denoiser.model == "gaussian" and plan.device == "numpy" else y
        course, top = plan.recipe.course, plan.levels[0]
        track = Track(
            on_device(y, plan.device), top, course.schedule, course.grid, course.grid_params, course.seed,
            self.end or None,
        )  # fmt: skip
        race = Race(plan.model.denoiser(), track, {key: {} for key in self.wish.samplers}, self.wish.evaluations)
        for progress in race.run():
            self.done, self.lost = progress.done, dict(race.lost)
            if progress.point is not None:
                self.points = (*self.points, progress.point)
            if isinstance(plan.model, Trained):
                self.share_cores()
            self.go_on()


class _Told(Background):
    """Jobs whose errors are told."""

    def __init__(self, name: str, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether something else computes, with which it shares the cores."""
        super().__init__(name, busy, parent)
        self._session = session

    def take(self, job: Job) -> None:
        """Say why there is nothing."""
        if isinstance(job.error, UserError):
            self._session.tell_error(job.error)
        elif job.error is not None:
            report(job.error, self._session.tell)


class RaceJob(_Told):
    """Races in their thread, one at a time."""

    @property
    def job(self) -> RaceRun | None:
        """The newest one, or None."""
        return self.current if isinstance(self.current, RaceRun) else None

    def start(self, wish: RaceWish) -> None:
        """Race on the plan in force, of a fork on the run it leaves; none must be at work."""
        try:
            plan = self._plan("gaussian" if wish.exact else self._session.recipe.denoiser.model)
        except UserError as error:
            self._session.tell_error(error)
        else:
            units = self._session.facts.field.units if plan.card is None else plan.card.units
            self.begin(RaceRun(plan, wish, units))

    def _plan(self, model: str) -> Plan:
        """On the middle of the region, of at most 64 x 64 pixels, or of less where no larger crops can be fitted to.

        Raises:
            UserError: if there are none at all.
        """
        session = self._session
        fault: UserError | None = None
        for side in RACE_SIDES:
            racing = session.recipe.but(model=model, members=RACERS, fork=None, region=self._region(side))
            try:
                plan = resolve(racing, session.facts)
            except UserError as error:
                fault = error
                continue
            if plan.refusal is None:
                return plan
            fault = plan.refusal
        assert fault is not None
        raise fault

    def _region(self, side: int) -> Region:
        """The middle of the region in force, of at most side x side pixels."""
        region = self._session.plan.region
        ny, nx = min(region.ny, side), min(region.nx, side)
        return Region(region.row + (region.ny - ny) // 2, region.column + (region.nx - nx) // 2, ny, nx)


@dataclass(frozen=True)
class BoardWish:
    """What to score: all combinations, and how many fields each makes."""

    schedules: tuple[Schedule, ...]
    grids: tuple[str, ...]
    samplers: tuple[str, ...]
    steps: tuple[int, ...]
    samples: int
    start_level: float | None = None


class BoardRun(Job):
    """One scoreboard.

    Attributes:
        name: of the model.
        done: share of it that is done.
        rows: those that are finished.
        units: of the field.
    """

    def __init__(self, name: str, wish: BoardWish, place: Place, card: Card | None, device: str, seed: int) -> None:
        super().__init__()
        self.name, self.wish, self.done = name, wish, 0.0
        self.rows: tuple[BoardRow, ...] = ()
        self.units = ""
        self.split = ""
        self._place, self._card, self._device, self._seed = place, card, device, seed

    @property
    def mark(self) -> Any:
        """State, per cent, and how many rows there are."""
        return self.state, round(100 * self.done), len(self.rows)

    def work(self) -> None:
        """Cut the fields, fit or load, score; the rows that are finished when it is stopped are kept."""
        wish = self.wish
        ways = combinations(wish.schedules, wish.grids, wish.samplers, wish.steps)
        found = self._scored()
        self.units, self.split = found.data.units, found.data.split
        draw = Draw(
            wish.samples, start_level=wish.start_level, noise_range=found.noise_range, seed=self._seed, like=found.like
        )
        for progress in Scoreboard(found.make, found.data, ways, draw).run():
            self.done = progress.done
            if progress.row is not None:
                self.rows = (*self.rows, progress.row)
            if self._card is not None:
                self.share_cores()
            self.go_on()

    def _scored(self) -> Subject:
        if self._card is None:
            return formula(self.name, self._place.orders[0].data())
        data = self._place.set_of(self._card)
        engine = load_engine()
        if engine.version is None:
            raise UserError(engine.fault or "torch is not installed.", "Networks need torch; formula models do not.")
        device = self._device if self._device in engine.devices else "cuda" if "cuda" in engine.devices else "cpu"
        return network(self._card, data, device)


class BoardJob(_Told):
    """Scoreboards in their thread, one at a time."""

    @property
    def job(self) -> BoardRun | None:
        """The newest one, or None."""
        return self.current if isinstance(self.current, BoardRun) else None

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

    def start(self, wish: BoardWish, trained: Order | None = None) -> None:
        """Score the model in force; none must be at work."""
        session = self._session
        card, recipe, facts = session.plan.card, session.recipe, session.facts
        if card is not None:
            place = place_of(session, card, trained)
        else:
            key = session.plan.transform.key
            size = sizes_that_fit(facts)[0]
            place = Place((Order(facts.field, key, recipe.course.schedule, models_folder(), size=size),))
        self.begin(BoardRun(recipe.denoiser.model, wish, place, card, recipe.denoiser.device, recipe.course.seed))


def counts(text: str, what: str) -> tuple[int, ...]:
    """Whole numbers from a text such as "9, 18".

    Raises:
        UserError: if it is none.
    """
    words: Sequence[str] = text.replace(",", " ").split()
    try:
        found = tuple(int(word) for word in words)
    except ValueError:
        found = ()
    if not found or min(found) < 1:
        raise UserError(f"{text!r} is no list of {what}.", "Write whole numbers from 1 on: 9, 18.")
    return found
