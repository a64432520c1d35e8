"""Searching the levels of a run while the window lives; see `optimise` for how."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject

from diffview.errors import UserError
from diffview.gui.background import Background, Job, Stopped
from diffview.gui.engine import load_engine
from diffview.gui.errors import report
from diffview.gui.session import Session
from diffview.reverse.grids import GRIDS, make_levels
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.scores.level_search import JudgedGrid, Search

DRAWN_GRIDS = ("custom",)
"""Grids that the search is not judged beside: they are what it makes."""


class LevelSearch(Job):
    """One search.

    Attributes:
        plan: whose levels are sought.
        done: share of it that is done.
        rows: the grids, judged, the best first; empty until then.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan, self.done = plan, 0.0
        self.rows: tuple[JudgedGrid, ...] = ()

    @property
    def mark(self) -> tuple[str, int]:
        """State and per cent."""
        return self.state, round(100 * self.done)

    def work(self) -> None:
        """Search, and judge what was found; a search that is stopped is judged too."""
        plan = self.plan
        if plan.refusal is not None:
            raise plan.refusal
        if plan.model is None:
            raise UserError("The model has nothing it could be fitted to.", "Choose another region.")
        if plan.card is not None:
            load_engine()
        search = Search(plan, plan.model.denoiser(), standard_grids(plan))
        try:
            for progress in search.run():
                self.done = progress.done
                if plan.card is not None:
                    self.share_cores()
                self.go_on()
        except Stopped:
            if not np.isfinite(search.error):
                raise
        self.rows = tuple(search.judge())

    def answers(self, recipe: Recipe) -> bool:
        """Whether its levels are for this recipe: all but the grid is as it was."""
        return levels_apart(recipe) == levels_apart(self.plan.recipe)


def levels_apart(recipe: Recipe) -> Recipe:
    """The recipe without what says which levels are visited, and without the seed, which the search chooses."""
    return recipe.but(grid="uniform", grid_params=(), seed=0, members=1, path_mode="closed")


def standard_grids(plan: Plan) -> dict[str, list[float]]:
    """Every grid that a formula gives, as the plan would start on it, by key."""
    recipe = plan.recipe
    keys = [key for key in GRIDS if key not in DRAWN_GRIDS]
    return {key: make_levels(recipe.course.schedule, key, plan.steps, plan.levels[0]) for key in keys}


class LevelSearchJob(Background):
    """Searches in their thread, one at a time."""

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether something else computes, with which it shares the cores."""
        super().__init__("searching", busy, parent)
        self._session = session
        session.changed.connect(lambda old, new: self._forget(new))

    @property
    def job(self) -> LevelSearch | None:
        """The newest one, or None."""
        return self.current if isinstance(self.current, LevelSearch) else None

    def start(self) -> None:
        """Search the levels of the plan in force; none must be at work."""
        self.begin(LevelSearch(self._session.plan))

    def accept(self) -> None:
        """Take the levels found as the grid; it can be undone."""
        found = next((row for row in self.rows if row.title == "found"), None)
        if found is not None:
            self._session.edit(grid="custom", grid_params=(("levels", found.levels[:-1]),))

    def dismiss(self) -> None:
        """Forget what was found."""
        if not self.active:
            self.current = None
            self.changed.emit()

    @property
    def rows(self) -> tuple[JudgedGrid, ...]:
        """The grids, judged, for the recipe in force; empty if there are none."""
        return () if self.job is None or self.job.active else self.job.rows

    def _forget(self, new: Recipe) -> None:
        """What was found for another recipe is not offered for this one."""
        if self.job is not None and not self.job.answers(new):
            if self.job.active:
                self.job.stopping = True
            self.job.rows = ()
            self.dismiss()

    def take(self, job: LevelSearch) -> None:
        """Say why there is nothing."""
        if not job.answers(self._session.recipe):
            self.current = None
        elif isinstance(job.error, UserError):
            self._session.tell_error(job.error)
        elif job.error is not None:
            report(job.error, self._session.tell)
