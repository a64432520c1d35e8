"""Searching the levels of a run while the window lives; see `scores.level_search` for how."""

from diffview.gui.jobs.background import Background
from diffview.runs.rivals import added
from diffview.scores.level_search import JudgedGrid, LevelSearch, levels_apart


class LevelSearchJob(Background[LevelSearch]):
    """Searches in their thread, one at a time."""

    kind = "searching"
    subject = ("recipe",)

    def start(self) -> None:
        """Search the levels of the plan in force."""
        self.begin(lambda: LevelSearch(self._session.plan))

    def about(self) -> object:
        """All of the recipe but the grid."""
        return levels_apart(self._session.recipe)

    def accept(self) -> None:
        """Take the levels found as the grid; it can be undone."""
        if (found := self._found) is not None:
            self._session.edit(grid="custom", grid_params=(("levels", found.levels[:-1]),))

    def offer_rival(self) -> None:
        """Make a rival with the levels found, in force; it can be undone."""
        if (found := self._found) is not None:
            levels = (("levels", found.levels[:-1]),)
            self._session.edit_checked(lambda: added(self._session.recipe, grid="custom", grid_params=levels))

    def dismiss(self) -> None:
        """Forget what was found."""
        if not self.active:
            self.drop()

    @property
    def _found(self) -> JudgedGrid | None:
        return next((row for row in self.rows if row.title == "found"), None)

    @property
    def rows(self) -> tuple[JudgedGrid, ...]:
        """The grids, judged, for the recipe in force; empty if there are none."""
        return () if (job := self.ended) is None else job.rows
