"""The step on screen, and the playing of a run at its pace."""

import time
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from diffview.forward.schedules import Schedule
from diffview.gui.session import Session
from diffview.reverse.samplers import Step
from diffview.runs.requests import Run

FRAME_S = 0.03
"""Least time between two steps of a computing run on screen: its thread needs the interpreter, too."""


class Playback(QObject):
    """Shows a step of a run, at the playhead or at the pace of the view.

    Attributes:
        run: the newest run.
        step, shown: the step on screen and the run it belongs to, which is an earlier one until the newest has a step.
        playing: whether the newest run is played from its start.

    Signals:
        stepped: `step` or `shown` changed, or what is counted of its members: draw.
        missed: (run, index): the step at the playhead, which was thinned out of the record; None if it is there.
    """

    stepped = Signal()
    missed = Signal(object, object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.run: Run | None = None
        self.step: Step | None = None
        self.shown: Run | None = None
        self.playing = False
        self._times: WeakKeyDictionary[Run, tuple[Schedule, NDArray[np.float64]]] = WeakKeyDictionary()
        self._play_from = self._drawn = 0.0

    def play(self, run: Run, playing: bool) -> None:
        """Take another run, and play it from its start if it is to be `playing`."""
        self.run, self.playing, self._play_from = run, playing, time.perf_counter()

    def clear(self) -> None:
        """Show no run."""
        self.run = self.step = self.shown = None
        self.playing = False

    def times(self, run: Run) -> NDArray[np.float64]:
        """The t of every level of a run on the schedule in force: recorded steps belong to a noise level."""
        schedule = self._session.recipe.course.schedule
        known = self._times.get(run)
        if known is None or known[0] is not schedule:
            known = self._times[run] = schedule, np.atleast_1d(schedule.t_of(np.array(run.plan.visited)))
        return known[1]

    def show(self, step: Step, run: Run) -> None:
        """Show a step; the playhead stays."""
        if step is not self.step:
            self.step, self.shown = step, run
            self.stepped.emit()

    def show_step(self, run: Run, step: Step) -> None:
        """Show a recorded step of any run, such as the one that a fork leaves; moves the playhead there."""
        self._session.look(playhead=float(self.times(run)[step.index]), follow=False)
        self.show(step, run)

    def show_at(self, t: float) -> None:
        """Show the recorded step of the newest run whose time on the schedule is nearest to t.

        Where the run was there several times, as RePaint is, that is the last time, or the one that is on screen.
        """
        run = self.run
        if run is not None and len(run.trajectory):
            times = self.times(run)[: len(run.trajectory)]
            away = np.abs(times - t)
            index = len(away) - 1 - int(away[::-1].argmin())
            if self.shown is run and self.step is not None and times[self.step.index] == times[index]:
                index = self.step.index
            step = run.trajectory.nearest(index)
            self.show(step, run)
            there = run.active or step.index == index or bool(run.recorded_by)
            self.missed.emit(run, None if there else index)

    def follow(self) -> None:
        """Move the playhead to the step on screen."""
        if self.step is not None and self.shown is not None:
            self._session.look(playhead=float(self.times(self.shown)[self.step.index]))

    def advance(self, active: bool) -> bool:
        """Show what is due now of the newest run; whether its playing has come to its end.

        `active` says whether it was computing before its newest step was looked for.
        """
        last = -1 if self.run is None else len(self.run.trajectory) - 1
        if self.run is None or last < 0:
            return False
        index = min(last, self._due(self.run)) if self.playing else last
        if self.playing and self._session.view.follow:
            self._show_due(self.run, index)
        else:
            self.show_at(self._session.view.playhead)
        if not self.playing or active or index < last:
            return False
        self.playing = False
        return True

    def _due(self, run: Run) -> int:
        """Index of the step that is due now."""
        pace = self._session.view.pace
        return run.plan.steps if pace <= 0 else int((time.perf_counter() - self._play_from) / pace * run.plan.steps)

    def _show_due(self, run: Run, index: int) -> None:
        step = run.trajectory.nearest(index)
        early = time.perf_counter() - self._drawn < FRAME_S
        if step is not self.step and not (early and run.active and step.index > 1):
            self._drawn = time.perf_counter()
            self._session.look(playhead=float(self.times(run)[step.index]))
            self.show(step, run)
