"""The loss of the model in force on the open region, and its bound, measured while the window lives."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from diffview.errors import UserError
from diffview.gui.background import Background, Job
from diffview.gui.engine import load_engine
from diffview.gui.errors import report
from diffview.gui.session import Session
from diffview.learning.loss_by_level import Bound, errors_by_level, exact_bound, variational_bound, walked
from diffview.models.choice import Trained, TrainingCrops
from diffview.models.gaussian import Gaussian
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.scores.scoreboard import picked

Array = NDArray[np.float64]
Fields = NDArray[np.float32]

DRAWS = 8
"""Noises that the region is seen with."""

MOST_LEVELS, FEWEST_LEVELS = 64, 17
"""Levels of a longer run are thinned to so many; between those of a shorter one others are looked at for the curve."""


@dataclass(frozen=True, eq=False)
class Found:
    """What was measured.

    Attributes:
        levels: falling.
        loss: mean |eps - eps_hat|^2 at each, over the pixels and the draws.
        bound: over the levels of the run, in nats per pixel of the standardised field.
        physical: its total for densities per unit of the field; NaN where a pixel has none.
        law: what a Gaussian field of the model's own law would give at each level; None of other models.
        law_bound: the bound of such a field, nats per pixel.
        what: it was measured on.
    """

    levels: Array
    loss: Array
    bound: Bound
    physical: float
    law: Array | None = None
    law_bound: float | None = None
    what: str = "this region"


def loss_recipe(recipe: Recipe) -> Recipe:
    """The recipe that a loss belongs to: without what changes a run and not what the model says of the region.

    It starts from the field, so that `data` and `local` leave out the crops that share a pixel with the region.
    """
    return recipe.but(sampler="ddim", sampler_params=(), seed=0, members=1, path_mode="closed", origin="field",
        level=None, chain_length=1000, fork=None,
    )  # fmt: skip


def loss_plan(recipe: Recipe, facts: Facts) -> Plan:
    """The plan whose region, levels and model a loss is measured with.

    Raises:
        UserError: if there can be none.
    """
    plan = resolve(loss_recipe(recipe), facts)
    if plan.refusal is not None:
        raise plan.refusal
    if plan.model is None:
        raise UserError("The model has nothing it could be fitted to.", "Choose another region.")
    return plan


def held_fields(plan: Plan) -> Fields | None:
    """Fields that the model of a plan is not fitted to, standardised, evenly picked; None if nothing is held out."""
    held = plan.model.held if isinstance(plan.model, TrainingCrops) else None
    return None if held is None else picked(held.crops(), DRAWS)


def looked_at(plan: Plan) -> Fields:
    """What a loss is measured on: held-out fields, each under its own noise, else the region under several."""
    held = held_fields(plan)
    return np.repeat(plan.x0[None], DRAWS, axis=0) if held is None else held


class LossCheck(Job):
    """One measurement.

    Attributes:
        plan: of what.
        done: share of it that is done.
        found: what it gave, or None.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan, self.done = plan, 0.0
        self.found: Found | None = None

    @property
    def mark(self) -> tuple[str, int]:
        """State and per cent."""
        return self.state, round(100 * self.done)

    @property
    def walk(self) -> tuple[float, ...]:
        """The levels of the bound: those of the run, evenly thinned if they are many."""
        levels = walked(self.plan.levels)
        picked = np.linspace(0, len(levels) - 1, min(MOST_LEVELS, len(levels))).round().astype(int)
        return tuple(levels[i] for i in picked)

    def tell(self, done: float) -> None:
        """In the thread: so much is done."""
        self.done = done
        if isinstance(self.plan.model, Trained):
            self.share_cores()
        self.go_on()

    def work(self) -> None:
        """Look at the region under noise of every level."""
        plan, walk = self.plan, self.walk
        assert plan.model is not None
        if isinstance(plan.model, Trained):
            load_engine()
        denoise = plan.model.denoiser()
        between = np.geomspace(walk[0], walk[-1], FEWEST_LEVELS) if len(walk) < FEWEST_LEVELS else ()
        levels = sorted({*walk, *(float(s) for s in between)}, reverse=True)
        fields = looked_at(plan)
        errors = errors_by_level(denoise, fields, levels, go_on=self.tell)
        squares = np.nanmean(np.square(fields, dtype=np.float64), axis=(1, 2))
        known = fields[~np.isnan(fields)].astype(np.float64)
        bound = variational_bound(errors[[levels.index(s) for s in walk]], squares, walk)
        slope = plan.made_in.log_slope(plan.made_in.inverse(known)).mean()
        s = np.array(levels)
        law = law_bound = None
        if isinstance(denoise, Gaussian):
            nothing = np.zeros((1, *denoise.shape))
            law = np.array([denoise.variance(nothing, x).mean() for x in levels]) / s**2
            law_bound = exact_bound(denoise, walk).total
        physical = bound.total - float(slope) if np.isfinite(slope) else np.nan
        what = "this region" if held_fields(plan) is None else "held out"
        self.found = Found(s, errors.mean(axis=1) / s**2, bound, physical, law, law_bound, what)


class LossCheckJob(Background):
    """Measurements in their thread, one at a time."""

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether something else computes, with which it shares the cores."""
        super().__init__("losses", busy, parent)
        self._session = session
        self._for: tuple[Recipe, object] | None = None
        session.changed.connect(lambda old, new: self._forget())

    @property
    def job(self) -> LossCheck | None:
        """The newest one, or None."""
        return self.current if isinstance(self.current, LossCheck) else None

    def start(self) -> None:
        """Measure the model in force on the open region; none must be at work."""
        session = self._session
        try:
            plan = loss_plan(session.recipe, session.facts)
        except UserError as error:
            session.tell_error(error)
            return
        self._for = self._now()
        self.begin(LossCheck(plan))

    def _now(self) -> tuple[Recipe, object]:
        return loss_recipe(self._session.recipe), self._session.facts.field

    def _forget(self) -> None:
        """What was measured for another model, region or walk is not shown for this one."""
        if self.job is None or self._for == self._now():
            return
        self._for = None
        if self.job.active:
            self.job.stopping = True
        else:
            self.current = None
        self.changed.emit()

    @property
    def found(self) -> Found | None:
        """What was measured for the recipe in force, or None."""
        return None if self.job is None or self._for is None or self.job.active else self.job.found

    def take(self, job: LossCheck) -> None:
        """Say why there is nothing."""
        if self._for is None:
            self.current = None
        elif isinstance(job.error, UserError):
            self._session.tell_error(job.error)
        elif job.error is not None:
            report(job.error, self._session.tell)
