"""Rain from channels, made and judged beside the window; see `scores.channel_sheet`."""

from diffview.gui.jobs.background import Background
from diffview.learning.synthetic import CHANNELS
from diffview.scores.channel_scores import ChannelTask
from diffview.scores.channel_sheet import ChannelSheet, SheetAsked, SheetJob


class ChannelRunner(Background[SheetJob]):
    """Makes a sheet of the open file at a time; of the same rain and channels the law is fitted once."""

    kind = "channels"
    subject = ("source.path", "source.dataset", "conditions.given")
    _fitted: tuple[object, ChannelTask] | None = None

    def about(self) -> object:
        """The rain, and what lies beside it."""
        recipe = self._session.recipe
        return recipe.source.path, recipe.source.dataset, recipe.conditions.given

    def why_not(self) -> str:
        """Why no sheet can be made of what is open; "" if one may be."""
        return "" if self._session.recipe.source.path else "Open a file with many fields of rain."

    @property
    def sensors(self) -> tuple[str, ...]:
        """What is switched on and off together: of the conditions of the Data panel, or the synthetic channels."""
        given = self._session.recipe.conditions.given
        return tuple(dict.fromkeys(one.sensor for one in given)) if given else tuple(CHANNELS)

    @property
    def synthetic(self) -> bool:
        """Whether the channels would be computed from the rain."""
        return not self._session.recipe.conditions.given

    def start(self, off: tuple[str, ...], members: int, cases: int) -> None:
        """Make the sheet with some sensors off."""
        recipe = self._session.recipe
        path, dataset, given = recipe.source.path, recipe.source.dataset, recipe.conditions.given
        if path is None:
            return
        asked = SheetAsked(path, dataset, given, off, cases, members, recipe.course.seed)
        before = self._fitted
        known = before[1] if before is not None and before[0] == asked.fitted else None
        self.begin(lambda: SheetJob(asked, known))

    def take(self, job: SheetJob) -> None:
        """Keep the law of what was made."""
        if job.sheet is not None:
            self._fitted = job.asked.fitted, job.sheet.task
        super().take(job)

    @property
    def sheet(self) -> ChannelSheet | None:
        """What was made, or None."""
        return None if (job := self.ended) is None else job.sheet
