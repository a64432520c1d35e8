"""Measuring the loss of the model in force on the open region while the window lives; see `scores.loss`."""

from collections.abc import Callable

from PySide6.QtCore import QObject

from diffview.errors import UserError
from diffview.gui.jobs.background import Background, Job
from diffview.gui.session import Session
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.scores.loss import Loss, loss_plan, loss_recipe, plan_loss


class LossCheck(Job):
    """One measurement.

    Attributes:
        plan: of what.
        found: what it gave, or None.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan.card is not None)
        self.plan = plan
        self.found: Loss | None = None

    def work(self) -> None:
        """Look at the region under noise of every level."""
        self.found = plan_loss(self.plan, self.tell)


class LossCheckJob(Background[LossCheck]):
    """Measurements in their thread, one at a time."""

    def __init__(self, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__("losses", session, busy, parent)
        self._for: tuple[Recipe, object] | None = None
        session.shows(self._forget, "recipe", "facts")

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
            self.job = None
        self.changed.emit()

    @property
    def found(self) -> Loss | None:
        """What was measured for the recipe in force, or None."""
        return None if self.job is None or self._for is None or self.job.active else self.job.found

    def take(self, job: LossCheck) -> None:
        """Say why there is nothing."""
        if self._for is None:
            self.job = None
        else:
            super().take(job)
