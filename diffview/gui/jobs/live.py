"""The state of REVERSE: the newest run, played at its pace, and the one shot at the playhead.

Pulls from the sampling thread by a timer at display rate that runs only while there is something to pull.
"""

import time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from diffview.errors import UserError
from diffview.forward.schedules import Schedule
from diffview.gui.errors import report
from diffview.gui.jobs.engine import Engine
from diffview.gui.jobs.sampling import FAILED, FINISHED, Replay, Run, SamplingRequests, Shot
from diffview.gui.session import Message, Session
from diffview.gui.show.moment import Change, View
from diffview.models.denoiser import Denoiser
from diffview.reverse.samplers import Step
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe

TICK_MS = 16
AUTO_RUN_MS = 200
REST_MS = 150
FRAME_S = 0.03
"""Least time between two steps of a computing run on screen: its thread needs the interpreter, too."""
MOST_LEFT = 3
"""Runs left by forks that are kept, to be shown again at once."""


class Live(QObject):
    """The run and the step on screen.

    Attributes:
        run: the newest run.
        left: the run that a fork leaves, while it is known.
        step, shown: the step on screen and the run it belongs to, which is an earlier one until the newest has a step.
        shot: the newest shot that has been taken.
        engine: the result of importing torch; None before it.

    Signals:
        stepped: `step` or `run` changed: draw.
        shot_taken: `shot` changed.
        run_changed: a run began or ended.
        engine_wanted, engine_loaded: torch is being imported; it has been.
    """

    stepped = Signal()
    shot_taken = Signal()
    run_changed = Signal()
    engine_wanted = Signal()
    engine_loaded = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._sampling = SamplingRequests(self)
        self._field = session.facts.field
        self.run: Run | None = None
        self.left: Run | None = None
        self._kept: list[Run] = []
        self.step: Step | None = None
        self.shown: Run | None = None
        self.shot: Shot | None = None
        self.engine: Engine | None = None
        self._asked_shot: Shot | None = None
        self._asked_replay: Replay | None = None
        self._missing: int | None = None
        self._first_shot = 0
        self._want_engine = False
        self._ran: object = None
        self._times: dict[Run, tuple[Schedule, NDArray[np.float64]]] = {}
        self._sweep = self._cut_short = self._computing_left = False
        self._play_from = self._drawn = 0.0
        self._was_active = False
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._auto = QTimer(self, singleShot=True, interval=AUTO_RUN_MS)
        self._auto.timeout.connect(self._auto_run)
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._replay_missing)
        session.changed.connect(self._on_changed)

    @property
    def active(self) -> bool:
        """Whether a run computes."""
        return self.run is not None and self.run.active

    @property
    def running(self) -> bool:
        """Whether a run computes, or is still being played, and can be stopped."""
        return self.active or self._sweep

    @property
    def idle(self) -> bool:
        """Whether nothing computes, plays or is about to."""
        moving = self.active or self._was_active or self._sweep or self._computing_left
        soon = self._auto.isActive() or self._rest.isActive()
        return not (moving or soon or self._asked_shot or self._asked_replay or self._want_engine)

    def start(self) -> None:
        """Run the plan and play it from its start; from the field, at the playhead if the user has put it there.

        A fork starts where the run it leaves started.
        """
        view, recipe = self._session.view, self._session.recipe
        level = min(self._level(), recipe.course.schedule.s_max)
        if recipe.start.origin == "field" and recipe.course.fork is None and not view.follow and level > 0:
            self._session.edit(level=level)
        self._session.end_merge()
        self._begin(sweep=True)

    def start_next_seed(self) -> None:
        """Run with the next seed."""
        self._session.edit(seed=self._session.recipe.course.seed + 1)
        self.start()

    def stop(self) -> None:
        """End the run; its record stays and can be scrubbed."""
        self._auto.stop()
        self._sampling.stop()
        self._sweep = False
        self._timer.start()
        self.run_changed.emit()

    def close(self) -> None:
        """End the sampling thread."""
        for timer in (self._timer, self._auto, self._rest):
            timer.stop()
        self._sampling.close()

    def load_engine(self) -> None:
        """Request the import of torch, once; the sampling thread does it when there is no other request."""
        if self.engine is not None or self._want_engine:
            return
        self._want_engine = True
        self.engine_wanted.emit()
        self._sampling.request_engine()
        self._timer.start()

    @property
    def fitted(self) -> Denoiser | None:
        """The denoiser of the plan in force, once the sampling thread has it."""
        return self._sampling.fitted(self._session.plan.model)

    def show_at(self, t: float) -> None:
        """Show the recorded step whose time on the schedule is nearest to t."""
        run = self.run
        if run is not None and len(run.trajectory):
            times = self.times(run)[: len(run.trajectory)]
            index = int(np.abs(times - t).argmin())
            step = run.trajectory.nearest(index)
            self._show(step, run)
            self._missing = None if run.active or step.index == index else index
            if self._missing is not None:
                self._rest.start()

    def _replay_missing(self) -> None:
        """Request a step that was thinned out of the record and is on screen: it is computed again, exactly."""
        if self.run is not None and self._missing is not None:
            self._asked_replay = self._sampling.request_replay(self.run, self._missing)
            self._timer.start()

    def _pull_replay(self) -> None:
        asked = self._asked_replay
        if asked is None or not (asked.step or asked.error or asked.dropped):
            return
        self._asked_replay = None
        self._tell(asked.error)
        if asked.step is not None and asked.run is self.run and asked.index == self._missing:
            self._show(asked.step, asked.run)

    def times(self, run: Run) -> NDArray[np.float64]:
        """The t of every level of a run on the schedule in force: recorded steps belong to a noise level."""
        schedule = self._session.recipe.course.schedule
        known = self._times.get(run)
        if known is None or known[0] is not schedule:
            kept = {r: at for r, at in self._times.items() if r in (self.run, self.left)}
            known = schedule, np.atleast_1d(schedule.t_of(np.array(run.plan.visited)))
            self._times = {**kept, run: known}
        return known[1]

    def _begin(self, sweep: bool) -> None:
        self._auto.stop()
        self._rest.stop()
        self._missing = None
        plan = self._session.plan
        if plan.refusal is not None:
            self._refuse(plan.refusal)
            return
        if self._session.view.one_shot or (sweep and self._session.view.beside):
            self._session.look(reverse="x_t")
            plan = self._session.plan
        self.run, self._ran = self._sampling.request(plan, self.left), self._wanted()
        self._sweep, self._cut_short = sweep, False
        self._play_from = time.perf_counter()
        self._was_active = True
        if sweep:
            self._session.look(follow=True)
        self._timer.start()
        self.run_changed.emit()

    def _refuse(self, refusal: UserError) -> None:
        complete = self._session.plan.complete
        action = None
        if complete is not None:
            action = ("Move the region", lambda: self._move_region(complete))
        self._session.tell_error(refusal, action)

    def _move_region(self, region: object) -> None:
        if self._session.edit(region=region):
            self.start()

    def _auto_run(self) -> None:
        """Run again after an edit; the playhead stays, so that the change is seen in place.

        Where another field replaced one whose run was being played, its own run is played.
        """
        if self._session.plan.refusal is None:
            self._begin(sweep=self._cut_short)

    def _drop(self) -> None:
        """Drop all results of the old field when another is opened."""
        self._sampling.stop()
        self._rest.stop()
        self._cut_short = self._sweep
        self._sweep = self._was_active = False
        self.run = self.left = self.step = self.shown = self.shot = self._ran = None
        self._kept = []
        self._asked_shot = self._asked_replay = self._missing = None
        self._first_shot = self._sampling.next_number
        self.run_changed.emit()

    def _on_changed(self, change: Change) -> None:
        if change.touched("view"):
            self._on_viewed(change.old.view, change.new.view)
        if not change.touched("recipe", "facts", "plan"):
            return
        if self._session.facts.field is not self._field:
            self._field = self._session.facts.field
            self._drop()
        if self._session.plan.card is not None:
            self.load_engine()
        self._find_parent()
        if self._session.view.one_shot:
            self.take_shot()
        elif self._wanted() != self._ran and self._session.view.auto_run:
            self._auto.start()
        elif self._session.view.follow and self.step is not None and self.shown is not None:
            self._move_playhead(self.step, self.shown)

    def _find_parent(self) -> None:
        """Keep the run that a fork leaves; show a finished run again if its plan is in force again."""
        plan, before = self._session.plan, self.left
        known = [run for run in (self.run, before, *self._kept) if run is not None]
        self.left = None if plan.parent is None else next((r for r in known if is_of(r, plan.parent)), None)
        if self.left is not None and self.left not in self._kept:
            self._kept = [self.left, *self._kept[: MOST_LEFT - 1]]
        again = next((run for run in self._kept if run.state == FINISHED and is_of(run, plan)), None)
        if again is not None and again is not self.run and not self._session.view.one_shot:
            self._sampling.stop()
            self._sweep = self._was_active = False
            self.run, self._ran = again, self._wanted()
            self.show_at(self._session.view.playhead)
            self.run_changed.emit()
        elif before is not self.left:
            self.run_changed.emit()

    def show_step(self, run: Run, step: Step) -> None:
        """Show a recorded step of any run, such as the one that a fork leaves; moves the playhead there."""
        self._session.look(playhead=float(self.times(run)[step.index]), follow=False)
        self._show(step, run)

    def _wanted(self) -> tuple[Recipe, object, str]:
        """What a run depends on: all but the length of the chain, which only counts rows."""
        plan = self._session.plan
        return self._session.recipe.but(chain_length=1), plan.model, plan.device

    def _level(self) -> float:
        """Noise level at the playhead."""
        return float(self._session.recipe.course.schedule.noise_level(self._session.view.playhead))

    def _on_viewed(self, old: View, new: View) -> None:
        if new.one_shot:
            self._auto.stop()
            self.take_shot()
        elif old.one_shot and self.run is None:
            self._auto.start()
        if new.playhead != old.playhead and not new.follow:
            self.show_at(new.playhead)

    def take_shot(self) -> None:
        """Request one call of the model on the forward x_t at the playhead."""
        session = self._session
        plan, forward = session.plan, session.forward
        s = min(self._level(), session.recipe.course.schedule.s_max)
        if plan.model is None or plan.refusal is not None or s <= 0:
            self.shot = self._asked_shot = None
            self._first_shot = self._sampling.next_number
            self.shot_taken.emit()
            return
        self._asked_shot = self._sampling.request_shot(plan, s, np.nan_to_num(forward.y(s)), forward.eps(s))
        self._timer.start()

    def tick(self) -> None:
        """Pull what is new and show it."""
        self._pull_shot()
        self._pull_replay()
        self._pull_engine()
        if self.run is not None:
            self._pull_run(self.run)
        self._pull_parent()
        if self.idle:
            self._timer.stop()

    def _pull_shot(self) -> None:
        taken = self._sampling.taken
        stale = taken is None or taken is self.shot or taken.number < self._first_shot
        if self._asked_shot is None or taken is None or stale:
            return
        if taken is self._asked_shot:
            self._asked_shot = None
        self._tell(taken.error)
        self.shot = taken
        self.shot_taken.emit()

    def _pull_engine(self) -> None:
        if self._want_engine and self._sampling.engine is not None:
            self._want_engine = False
            self.engine = self._sampling.engine
            self._session.learn(torch=self.engine.version, devices=tuple(self.engine.devices))
            self.engine_loaded.emit()
            if self.engine.fault:
                hint = "The formula models run without it; installing torch again may help."
                self._session.tell(Message(f"torch cannot be loaded: {self.engine.fault}.", hint, "error"))

    def _pull_run(self, run: Run) -> None:
        active = run.active
        made = len(run.trajectory)
        if made and (self._sweep or self._was_active):
            last = made - 1
            index = last if not self._sweep else min(last, self._position(run))
            self._show_played(run, index)
            if not active and index >= last and self._sweep:
                self._sweep = False
                self.run_changed.emit()
        if self._was_active and not active:
            self._was_active = False
            self._tell(run.error)
            self._sweep = self._sweep and run.state != FAILED
            self._run_parent(run)
            self.run_changed.emit()

    def _run_parent(self, run: Run) -> None:
        """Compute the run that a finished fork leaves if it is unknown, as it is where the fork was opened."""
        parent = run.plan.parent
        if parent is None or self.left is not None or run.state != FINISHED or not is_of(run, self._session.plan):
            return
        self.left = self._sampling.request(parent)
        self._kept = [self.left, *self._kept[: MOST_LEFT - 1]]
        self._computing_left = True

    def _pull_parent(self) -> None:
        """Show the run that a fork leaves once it is there."""
        if self._computing_left and (self.left is None or not self.left.active):
            self._computing_left = False
            self._tell(None if self.left is None else self.left.error)
            self.run_changed.emit()

    def _position(self, run: Run) -> int:
        """Index of the step that is due now in the playing."""
        pace = self._session.view.pace
        if pace <= 0:
            return run.plan.steps
        return int((time.perf_counter() - self._play_from) / pace * run.plan.steps)

    def _show_played(self, run: Run, index: int) -> None:
        view = self._session.view
        if view.follow and self._sweep:
            step = run.trajectory.nearest(index)
            early = time.perf_counter() - self._drawn < FRAME_S
            if step is not self.step and not (early and run.active and step.index > 1):
                self._drawn = time.perf_counter()
                self._move_playhead(step, run)
                self._show(step, run)
        else:
            self.show_at(view.playhead)

    def _move_playhead(self, step: Step, run: Run) -> None:
        self._session.look(playhead=float(self.times(run)[step.index]))

    def _show(self, step: Step, run: Run) -> None:
        if step is not self.step:
            self.step, self.shown = step, run
            self.stepped.emit()

    def _tell(self, error: Exception | None) -> None:
        if error is not None:
            report(error, self._session.tell, less="Try fewer members or a smaller region.")


def is_of(run: Run, plan: Plan) -> bool:
    """Whether a run is one of `plan`; the length of the chain, which only counts rows, may differ."""
    same = run.plan.recipe.but(chain_length=1) == plan.recipe.but(chain_length=1)
    return same and run.plan.model is plan.model and run.plan.device == plan.device
