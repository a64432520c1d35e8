"""Searching the levels of a run while the window lives; see `scores.level_search` for how."""

import math
from collections.abc import Callable

from PySide6.QtCore import QObject

from diffview.gui.jobs.background import Background, Job, Stopped
from diffview.gui.session import Session
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.run import denoiser_of
from diffview.scores.level_search import JudgedGrid, Search, levels_apart, standard_grids


class LevelSearch(Job):
    """One search.

    Attributes:
        plan: whose levels are sought.
        rows: the grids, judged, the best first; empty until then.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.card is not None)
        self.plan = plan
        self.rows: tuple[JudgedGrid, ...] = ()

    def work(self) -> None:
        """Search, and judge what was found; a search that is stopped is judged too."""
        search = Search(self.plan, denoiser_of(self.plan), standard_grids(self.plan))
        try:
            for done in search.run():
                self.tell(done)
        except Stopped:
            if not math.isfinite(search.error):
                raise
        self.rows = tuple(search.judge())

    def answers(self, recipe: Recipe) -> bool:
        """Whether its levels are for this recipe: all but the grid is as it was."""
        return levels_apart(recipe) == levels_apart(self.plan.recipe)


class LevelSearchJob(Background[LevelSearch]):
    """Searches in their thread, one at a time."""

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__("searching", session, busy, parent)
        session.shows(self._forget, "recipe")

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
            self.job = None
            self.changed.emit()

    @property
    def rows(self) -> tuple[JudgedGrid, ...]:
        """The grids, judged, for the recipe in force; empty if there are none."""
        return () if self.job is None or self.job.active else self.job.rows

    def _forget(self) -> None:
        """What was found for another recipe is not offered for this one."""
        if self.job is not None and not self.job.answers(self._session.recipe):
            if self.job.active:
                self.job.stopping = True
            self.job.rows = ()
            self.dismiss()

    def take(self, job: LevelSearch) -> None:
        """Say why there is nothing."""
        if not job.answers(self._session.recipe):
            self.job = None
        else:
            super().take(job)
