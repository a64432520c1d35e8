"""What the members of the step on screen say together: computed beside the window, the newest step first."""

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.fields.field import Region
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.live import Live
from diffview.gui.jobs.worker import Worker
from diffview.gui.show.reverse_modes import kind_of, members_shown
from diffview.runs.summary import CountedSummary, Summary

TICK_MS = 16
KIND = "summing"

OF_THE_END = "x_t"
"""What is shown of a run whose members are counted: their ends."""


class Summaries(QObject):
    """Summaries of the members of a run, as REVERSE shows them.

    Attributes:
        summary: of the step on screen, or of the one before of that region until it is there; None of a single member.

    Signals:
        summed: `summary` changed.
    """

    summed = Signal()

    def __init__(self, jobs: Jobs, live: Live) -> None:
        super().__init__(jobs)
        self._jobs, self._session, self._live = jobs, jobs.session, live
        self._worker = Worker(KIND)
        self._asked: Summary | None = None
        self._region: Region | None = None
        self.summary: Summary | None = None
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        jobs.hold(KIND, self)
        live.stepped.connect(self.ask)
        live.run_changed.connect(self.ask)
        self._session.shows(self.ask, "view.reverse", "course.schedule", "plan.x0")

    @property
    def active(self) -> bool:
        """Whether one is awaited."""
        return self._timer.isActive()

    def ask(self) -> None:
        """Ask for the summary of the step on screen, unless that is there or awaited."""
        session, step, run = self._session, self._live.step, self._live.shown
        key = session.view.reverse
        if step is None or run is None or len(step.y) < 2 or kind_of(key) != "run":
            self._forget()
            return
        counted = run.counted if step.index == run.plan.steps and key == OF_THE_END else None
        of = (step, key, session.recipe.course.schedule.form, session.forward.rings, counted)
        if self._asked is not None and self._asked.of == of:
            return
        shown = members_shown(key, step, session, run.plan)
        if shown is None:  # before the first call of the model
            self._forget()
            return
        if run.plan.region != self._region:  # the truth and what was given lie elsewhere
            self._forget()
            self._region = run.plan.region
        rings = session.forward.rings
        fits = rings is not None and rings.window.shape == step.y.shape[-2:]
        about = (*shown, rings if fits else None, of)
        self._asked = Summary(*about) if counted is None else CountedSummary(*about, counted=counted)
        self._worker.put(self._asked)
        self._timer.start()

    def _forget(self) -> None:
        self._asked = None
        if self.summary is not None:
            self.summary = None
            self.summed.emit()

    def tick(self) -> None:
        """Take what has been computed."""
        asked = self._asked
        if asked is not None and asked.active:
            return
        self._timer.stop()
        if asked is not None:
            self._jobs.tell_error(KIND, asked.error)
            self.summary = asked if asked.error is None else None
            self.summed.emit()

    def close(self) -> None:
        """End it; returns when its thread has ended."""
        self._timer.stop()
        self._worker.close()
