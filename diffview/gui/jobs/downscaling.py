"""One coarse field brought back, beside the window; see `scores.ways_back`."""

from dataclasses import replace

from diffview.gui.jobs.background import Background
from diffview.gui.jobs.busy import Jobs
from diffview.scores.ways_back import CoarseTask, GoingBack, Offered, TriedLevel, WayBack, WaysBack

FEWEST = 2
USUAL = 16
"""Members where the run in force makes one."""


class DownscaleJob(Background[GoingBack]):
    """Ways back, one job at a time; what was found is of the recipe in force.

    Attributes:
        ways: by key, the coarse field first.
        tried, offered: noise levels of SDEdit.
        refused: why a way cannot be gone, by its key.
        task: what they are of; None before the first.
    """

    kind = "downscaling"
    subject = ("recipe", "facts.field")

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self._forget()

    def _forget(self) -> None:
        self.ways: dict[str, WayBack] = {}
        self.tried: tuple[TriedLevel, ...] = ()
        self.offered: tuple[Offered, ...] = ()
        self.refused: dict[str, str] = {}
        self.task: CoarseTask | None = None

    def about(self) -> object:
        """The run's recipe and its field."""
        return self._session.recipe.of_run(), self._session.facts.field

    def drop(self) -> None:
        """Forget what was found, too: it is of another recipe or field."""
        self._forget()
        super().drop()

    def start(self, factor: int) -> bool:
        """Make the region coarse and go every way."""
        self._forget()
        plan, facts = self._session.plan, self._session.facts
        members = plan.recipe.ensemble.members
        task = CoarseTask(plan, facts, factor, members if members >= FEWEST else USUAL)

        def make() -> GoingBack:
            if plan.refusal is not None:
                raise plan.refusal
            task.check()
            return GoingBack(WaysBack(task))

        self.task = task
        return self.begin(make)

    def from_level(self, s: float) -> None:
        """Go SDEdit's way again, from another level."""
        if self.task is not None and not self.active:
            task = self.task = replace(self.task, level=s)
            self.begin(lambda: GoingBack(WaysBack(task, ("sdedit",), self.tried)))

    def tick(self) -> None:
        """Take what has come, then tell."""
        job = self.job
        if job is not None and not job.dropped:
            back = job.back
            self.ways |= {one.key: one for one in back.ways}
            self.tried, self.offered = back.tried or self.tried, back.offered or self.offered
            self.refused |= dict(back.refused)
        super().tick()
