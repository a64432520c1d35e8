"""What a filled gap is worth, while the window lives: kriging of the same gap, and scores of both; see `scores.gap`."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from diffview.errors import UserError
from diffview.fields.numbers import number
from diffview.fields.units import written
from diffview.gui.jobs.background import Background, Job
from diffview.gui.jobs.live import Live, is_of
from diffview.gui.jobs.sampling import FINISHED, Run
from diffview.gui.session import Session
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.scores.gap import KrigedGap, Score, krige_gap, kriging_plan, kriging_score, run_score

REST_MS = 150
"""Milliseconds without an edit or a run after which the gap is kriged."""


class Judging(Job):
    """Kriging of the gap of a plan, if it is not there yet, and the scores.

    Attributes:
        plan: that fills the gap.
        of: the finished run to score, or None.
        kriged, kriging, model: what is found.
    """

    def __init__(self, plan: Plan, law: Plan, facts: Facts, run: Run | None, kriged: KrigedGap | None) -> None:
        super().__init__()
        self.plan, self._law, self._facts, self.of, self.kriged = plan, law, facts, run, kriged
        self.kriging: Score | None = None
        self.model: Score | None = None

    def work(self) -> None:
        """The scores of the run first, which are quick."""
        last = None if self.of is None else self.of.trajectory.last
        if last is not None:
            self.model = run_score(self.plan, self._facts, last.y)
        if self.kriged is None:
            self.kriged = krige_gap(self.plan, self._law, progress=self.tell)
        self.kriging = kriging_score(self.plan, self._facts, self.kriged)


class Judge(Background[Judging]):
    """Judges the gap in force whenever window and run are at rest.

    Signals:
        judged: kriging or scores are there, or no longer hold.
    """

    judged = Signal()

    def __init__(self, session: Session, live: Live, parent: QObject | None = None) -> None:
        super().__init__("kriging", session, lambda: live.active, parent)
        self._live = live
        self.kriged: KrigedGap | None = None
        self._kriged_of: object = None
        self._x0 = session.plan.x0
        self._scored: tuple[Run | None, object] = (None, None)
        self.model: Score | None = None
        self.kriging: Score | None = None
        self.fault = ""
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._begin)
        live.run_changed.connect(self._look)
        session.shows(self._look, "plan")

    @property
    def busy(self) -> bool:
        """Whether it works or is about to."""
        return self.active or self._rest.isActive()

    def close(self) -> None:
        """End it."""
        self._rest.stop()
        super().close()

    @property
    def gap(self) -> NDArray[np.bool_] | None:
        """The pixels that the plan in force fills [ny, nx]; None if there are none."""
        plan = self._session.plan
        filled = plan.filled
        return filled if filled is not None and filled.any() and plan.refusal is None else None

    @property
    def run(self) -> Run | None:
        """The run that was judged last; None if there is none."""
        return self._scored[0]

    @property
    def has_truth(self) -> bool:
        """Whether a pixel of the gap has a value that was hidden."""
        gap, plan = self.gap, self._session.plan
        return gap is not None and bool((gap & ~np.isnan(plan.x0)).any())

    @property
    def unjudged(self) -> bool:
        """Whether a pixel of the gap has none."""
        gap, plan = self.gap, self._session.plan
        return gap is not None and bool((gap & np.isnan(plan.x0)).any())

    @property
    def units(self) -> str:
        """Of the scores."""
        plan = self._session.plan
        return written(self._session.facts.field.units if plan.card is None else plan.card.units)

    @property
    def sentence(self) -> str:
        """The scores in few words; "" while there are none."""
        if self.gap is not None and not self.has_truth:
            return "no truth in the gap: its pixels are missing"
        found = [f"{name} {number(score.rmse)}" for name, score in self._named() if score is not None]
        return f"gap RMSE: {', '.join(found)} {self.units}".strip() if found else ""

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Scores inside the gap: name, what it says, model, kriging; a head first. None where there is no truth."""
        if self.gap is None or not self.has_truth or (self.model is None and self.kriging is None):
            return []
        unit = f", {self.units}" if self.units else ""
        found = [score for _, score in self._named()]
        made = ["" if score is None else f"{score.members}" for score in found]
        head = (f"in the gap{unit}", "Against the values that were hidden", "model", "kriging")
        rows = [
            (
                "RMSE", "Of the mean of the members. One member alone has up to √2 times the error of their mean.",
                *(number(score.rmse) if score else "…" for score in found),
            ),
            ("CRPS", "Fair continuous ranked probability score; of one member its absolute error",
             *(number(score.crps) if score else "…" for score in found)),
            ("spread/skill", "1 for a reliable ensemble, below 1 for one that is too sure",
             *(("—" if score.ratio is None else number(score.ratio)) if score else "…" for score in found)),
            ("members", "Of the run, and draws of the kriging law", *made),
        ]  # fmt: skip
        return [head, *rows]  # type: ignore[list-item]

    def _named(self) -> tuple[tuple[str, Score | None], ...]:
        return ("model", self.model), ("kriging", self.kriging)

    def _key(self) -> object:
        """What kriging depends on."""
        plan, gap = self._session.plan, self.gap
        recipe, chosen = plan.recipe, plan.recipe.denoiser
        fit = (chosen.fit_set, chosen.missing_limit, chosen.held_out, recipe.guidance.hidden, recipe.course.seed)
        return None if gap is None else (plan.transform, plan.region, gap.tobytes(), fit)

    def _run(self) -> Run | None:
        """The finished run of the plan in force, or None."""
        run = self._live.run
        return run if run is not None and run.state == FINISHED and is_of(run, self._session.plan) else None

    def _look(self) -> None:
        """What was found for another gap does not hold for this one."""
        key, run, x0 = self._key(), self._run(), self._session.plan.x0
        idle = key is None and self._kriged_of is None and x0 is self._x0  # no gap, now or before: nothing to show
        if key != self._kriged_of or x0 is not self._x0:
            self.kriged, self._kriged_of, self._x0, self.kriging, self.fault = None, key, x0, None, ""
            self.stop()
        if run is not self._scored[0]:
            self.model = None
        if key is not None and (self.kriged is None or (run, key) != self._scored) and not self.fault:
            self._rest.start()
        if not idle:
            self.judged.emit()

    def _begin(self) -> None:
        plan, run = self._session.plan, self._run()
        if self.gap is None:
            return
        if self.active or self._live.active:
            self._rest.start()
            return
        facts = self._session.facts
        self._scored = (run, self._kriged_of)
        self.begin(Judging(plan, kriging_plan(plan, facts), facts, run, self.kriged))

    def take(self, job: Judging) -> None:
        """Keep what was found for the gap in force."""
        if job.stopping or self._scored[1] != self._kriged_of or job.state != FINISHED:
            if isinstance(job.error, UserError):
                self.fault = str(job.error)
            elif job.error is not None:
                super().take(job)
                self.fault = "Kriging failed."
            elif self.gap is not None:
                self._rest.start()
            self.judged.emit()
            return
        self.kriged, self.kriging = job.kriged, job.kriging
        self.model = job.model if job.of is self._run() else None
        self.judged.emit()
        if job.of is not self._run():
            self._look()
