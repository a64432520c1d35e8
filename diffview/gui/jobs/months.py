"""The days of a month, made beside the window; see `learning.months`."""

from diffview.gui.jobs.background import Background
from diffview.learning.months import MonthAsked, MonthJob
from diffview.models.days import DaysMade


class MonthRunner(Background[MonthJob]):
    """Makes days of the open file, one month at a time."""

    kind = "months"
    subject = ("source.path", "source.dataset")

    def about(self) -> object:
        """The variable that days are made of."""
        source = self._session.recipe.source
        return source.path, source.dataset

    def why_not(self) -> str:
        """Why no days can be made of what is open; "" if they may be."""
        return "" if self._session.recipe.source.path else "Open a file with daily fields, or with monthly means."

    def start(self, month: str, members: int, periodic: bool) -> None:
        """Make the days of a month."""
        source = self._session.recipe.source
        seed = self._session.recipe.course.seed
        if source.path is not None:
            place = source.path, source.dataset
            self.begin(lambda: MonthJob(MonthAsked(place, month, members=members, seed=seed, periodic=periodic)))

    @property
    def made(self) -> DaysMade | None:
        """The days that were made, or None."""
        return None if (job := self.ended) is None else job.made
