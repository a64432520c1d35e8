"""What a filled gap is worth, while the window lives: kriging of the same gap, and scores of both; see `scores.gap`."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal

from diffview.errors import UserError
from diffview.gui.jobs.background import Background
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.live import Live
from diffview.gui.show.gap_words import Rows, score_rows, score_sentence
from diffview.runs.job import FINISHED
from diffview.runs.requests import Run
from diffview.scores.gap import GapScoring, KrigedGap, Score, gap_key, gap_of, kriging_plan

REST_MS = 150
"""Milliseconds without an edit or a run after which the gap is kriged."""


class GapScores(Background[GapScoring]):
    """Scores the gap in force whenever window and run are at rest.

    Attributes:
        kriged: the gap filled by kriging, or None.
        model, kriging: the scores of the run and of kriging, or None.
        run: that was scored last, or None.
        fault: why there is no kriging, or "".

    Signals:
        scored: kriging or scores are there, or no longer hold.
    """

    kind = "kriging"
    subject = ("plan",)
    scored = Signal()

    def __init__(self, jobs: Jobs, live: Live) -> None:
        super().__init__(jobs)
        self._live = live
        self.kriged: KrigedGap | None = None
        self.model: Score | None = None
        self.kriging: Score | None = None
        self.run: Run | None = None
        self.fault = ""
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._score)
        live.run_changed.connect(self._follow)
        self._follow()

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
        return gap_of(self._session.plan)

    @property
    def sentence(self) -> str:
        """The scores in few words; "" while there are none."""
        return score_sentence(self._session.plan, self._session.facts, self.model, self.kriging)

    def rows(self) -> Rows:
        """The scores as a table; none where there is no truth."""
        return score_rows(self._session.plan, self._session.facts, self.model, self.kriging)

    def about(self) -> object:
        """What kriging depends on; None without a gap."""
        return gap_key(self._session.plan, self._session.facts)

    def _finished(self) -> Run | None:
        """The finished run of the plan in force, or None."""
        run = self._live.run
        return run if run is not None and run.state == FINISHED and run.is_of(self._session.plan) else None

    def _follow(self) -> None:
        """What was found for another gap or run does not hold for this one."""
        about, before, run = self.about(), self._about, self._finished()
        if about != before:
            self._about, self.kriged, self.kriging, self.fault = about, None, None, ""
            self.drop()
        if run is not self.run:
            self.model = None
        if about is not None and (self.kriged is None or run is not self.run) and not self.fault:
            self._rest.start()
        if about is not None or before is not None:
            self.scored.emit()

    def _score(self) -> None:
        """Score the gap once nothing computes."""
        if self.gap is None:
            return
        if self._jobs.refusal(self.kind) is not None:
            self._rest.start()
            return
        plan, facts, self.run = self._session.plan, self._session.facts, self._finished()
        last = None if self.run is None else self.run.trajectory.last
        end = None if last is None else last.y
        self.begin(lambda: GapScoring(plan, kriging_plan(plan, facts), facts, end, self.kriged))

    def take(self, job: GapScoring) -> None:
        """Keep what was found for the gap in force."""
        if job.state == FINISHED:
            self.kriged, self.kriging = job.kriged, job.kriging
            self.model = job.model if self.run is self._finished() else None
        elif isinstance(job.error, UserError):
            self.fault = str(job.error)
        elif job.error is not None:
            super().take(job)
            self.fault = "Kriging failed."
        self._follow()
