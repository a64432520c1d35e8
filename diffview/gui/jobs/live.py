"""The state of REVERSE: the newest run, played at its pace, and the one shot at the playhead.

Pulls from the sampling thread by a timer at display rate that runs only while there is something to pull.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal

from diffview.gui.jobs.asked import Replays, Shots, TorchImport, level_at_playhead
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.playback import Playback
from diffview.gui.jobs.sampling import SamplingRequests
from diffview.gui.session import Session
from diffview.gui.show.moment import Change
from diffview.models.denoiser import Denoiser
from diffview.runs.in_blocks import too_large
from diffview.runs.job import FAILED, FINISHED
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.recorded_run import recorded_run
from diffview.runs.requests import Run, Shot
from diffview.runs.view import View

TICK_MS = 16
TELL_S = 0.2
"""Seconds between two words on how far a run has come whose step on screen stays."""
AUTO_RUN_MS = 200
CHOSEN = ("denoiser.model", "course.sampler", "start.origin", "facts.field")
"""Choices after which it is said again why nothing can be run, though that is so for the same reason as before."""

MOST_LEFT = 4
"""Runs left by forks and of rivals that are kept, to be shown again at once."""


def wanted(session: Session) -> tuple[Recipe, object, str]:
    """What a run depends on."""
    return session.recipe.of_run(), session.plan.model, session.plan.device


def tell_refusal(session: Session, start: Callable[[], None], refine: Callable[[int], None]) -> None:
    """Say why nothing can be run, and offer what helps, and to start then: another region, or blocks for values."""
    plan = session.plan

    def move() -> None:
        if session.edit(region=plan.complete):
            start()

    def let_stand() -> None:
        refine(plan.refinable)
        if session.plan.refusal is None:
            start()

    action = None if plan.complete is None else ("Move the region", move)
    if k := plan.refinable:
        action = f"Each for {k} × {k} pixels", let_stand
    if plan.refusal is not None:
        session.tell_error(plan.refusal, action)


class LeftRuns:
    """The run that a fork leaves, and the last few of such runs.

    Attributes:
        recorded: the run that the open file holds, which stands beside every run that is no fork; or None.
        left: the run that the fork in force leaves, while it is known, or the recorded one.
        computing: whether it is computed for that reason alone.
    """

    def __init__(self, recorded: Run | None = None) -> None:
        self.recorded = self.left = recorded
        self.computing = False
        self._kept: list[Run] = []

    def find(self, plan: Plan, newest: Run | None) -> bool:
        """Find the run that a fork of `plan` leaves, and keep it; whether it is another one than before."""
        before = self.left
        known = [run for run in (newest, before, *self._kept) if run is not None]
        parent = plan.parent
        self.left = self.recorded if parent is None else next((run for run in known if run.is_of(parent)), None)
        if parent is not None and self.left is not None and self.left not in self._kept:
            self.keep(self.left)
        return self.left is not before

    def keep(self, run: Run) -> None:
        """Keep a run that a fork leaves."""
        self.left, self._kept = run, [run, *self._kept[: MOST_LEFT - 1]]

    def remember(self, run: Run | None) -> None:
        """Keep the run of a rival that another one takes the place of."""
        if run is not None and run.state == FINISHED and run not in self._kept:
            self._kept = [run, *self._kept[: MOST_LEFT - 1]]

    def request(self, sampling: SamplingRequests, run: Run, plan: Plan) -> None:
        """Compute the run that a finished fork leaves if it is unknown, as it is where the fork was opened."""
        if run.plan.parent is not None and self.left is None and run.state == FINISHED and run.is_of(plan):
            self.keep(sampling.request(run.plan.parent))
            self.computing = True

    def pull(self) -> bool:
        """Whether the run that was computed has just ended."""
        ended = self.computing and (self.left is None or not self.left.active)
        self.computing = self.computing and not ended
        return ended

    def finished(self, plan: Plan) -> Run | None:
        """A finished run of `plan` among them."""
        return next((run for run in self._kept if run.state == FINISHED and run.is_of(plan)), None)


class Live(Playback):
    """Runs the plan in force, and shows the run, a shot, or a step computed again.

    Attributes:
        torch: its import.

    Signals:
        shot_taken: `shot` changed.
        run_changed: a run began or ended.
        came_on: a run has come further, while the step on screen stayed.
        refine_asked: each value of the field is to stand for so many pixels a side.
    """

    shot_taken = Signal()
    run_changed = Signal()
    came_on = Signal()
    refine_asked = Signal(int)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs.session, jobs)
        session, self._jobs = jobs.session, jobs
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        self._auto = QTimer(self, singleShot=True, interval=AUTO_RUN_MS)
        self._auto.timeout.connect(self._auto_run)
        self._opened = QTimer(self, singleShot=True, interval=0)
        self._opened.timeout.connect(self.take)
        self._sampling, wake = SamplingRequests(), self._timer.start
        self._shots, self._replays = Shots(session, self._sampling, wake, self), Replays(self._sampling, wake, self)
        self.torch = TorchImport(session, self._sampling, wake, self)
        self._forks = LeftRuns()
        self._field = session.facts.field
        self._ran: object = None
        self._counted: object = None
        self._cut_short = self._watched = False
        self._told = 0.0
        self.missed.connect(self._replays.want)
        self._shots.taken.connect(self.shot_taken)
        session.changed.connect(self._on_changed)
        jobs.hold("sampling", self)

    @property
    def shot(self) -> Shot | None:
        """The newest shot that has been taken."""
        return self._shots.shot

    @property
    def left(self) -> Run | None:
        """The run that a fork leaves, while it is known; or the recorded one of the open file."""
        return self._forks.left

    @property
    def fitted(self) -> Denoiser | None:
        """The denoiser of the plan in force, once the sampling thread has it."""
        return self._sampling.models.fitted(self._session.plan.model)

    @property
    def active(self) -> bool:
        """Whether a run computes."""
        return self.run is not None and self.run.active

    @property
    def running(self) -> bool:
        """Whether a run computes, or is still being played, and can be stopped."""
        return self.active or self.playing

    @property
    def idle(self) -> bool:
        """Whether nothing computes, plays or is about to."""
        moving = self.running or self._watched or self._forks.computing
        moving = moving or self._auto.isActive() or self._opened.isActive()
        return not (moving or self._shots.active or self._replays.active or self.torch.active)

    def start(self, *, played: bool = True) -> None:
        """Run the plan and play it from its start; from the field, at the playhead if the user has put it there.

        A fork starts where the run it leaves started. Not `played` is what a view of its own asks for as the window
        opens: the run at the playhead, or a shot.
        """
        if not played:
            self._shots.take() if self._session.view.one_shot else self._begin(playing=False)
            return
        view, recipe, level = self._session.view, self._session.recipe, level_at_playhead(self._session)
        if recipe.start.origin == "field" and recipe.course.fork is None and not view.follow and level > 0:
            self._session.edit(level=level)
        self._session.end_merge()
        self._begin(playing=True)

    def start_next_seed(self) -> None:
        """Run with the next seed."""
        self._session.edit(seed=self._session.recipe.course.seed + 1)
        self.start()

    def stop(self) -> None:
        """End the run; its record stays and can be scrubbed."""
        self._auto.stop()
        self._sampling.stop()
        self.playing = False
        self._timer.start()
        self.run_changed.emit()

    def close(self) -> None:
        """End the sampling thread."""
        for timer in (self._timer, self._auto, self._opened):
            timer.stop()
        self._replays.clear()
        self._sampling.close()

    def _begin(self, playing: bool) -> None:
        self._auto.stop()
        self._replays.rest()
        plan, view = self._session.plan, self._session.view
        if plan.refusal is not None:
            tell_refusal(self._session, self.start, self.refine_asked.emit)
            return
        if (refusal := too_large(plan)) is not None:
            self._session.tell_error(refusal)
            return
        if view.one_shot or (playing and view.beside):
            self._session.look(reverse="x_t")
            plan = self._session.plan
        self.play(self._sampling.request(plan, self.left), playing)
        self._ran, self._cut_short, self._watched = wanted(self._session), False, True
        if playing:
            self._session.look(follow=True)
        self._timer.start()
        self.run_changed.emit()

    def _auto_run(self) -> None:
        """Run again after an edit; the playhead stays, so that the change is seen in place.

        Where another field replaced one whose run was being played, its own run is played, unless it came with a view
        that has its own playhead.
        """
        if self._session.plan.refusal is None:
            self._begin(playing=self._cut_short)

    def take(self, elsewhere: Run | None = None) -> None:
        """Show a run that is made elsewhere, as far as it has come; without one, play that of the open file.

        None of ours is made until something is edited, or Run is pressed.
        """
        run = elsewhere or self._forks.recorded
        if run is None or self._session.view.one_shot:
            return
        self._auto.stop()
        self._sampling.stop()
        self.play(run, playing=elsewhere is None)
        self._ran, self._watched = wanted(self._session), True
        if elsewhere is None:
            self._session.look(follow=True)
        self._timer.start()
        self.run_changed.emit()

    def _drop(self, watched: bool) -> None:
        """Drop all results of the old field when another is opened; `watched`: whether its run is played then."""
        self._sampling.stop()
        self._shots.clear()
        self._replays.clear()
        self._forks = LeftRuns(recorded_run(self._session.facts, self._session.plan))
        self._cut_short, self._watched, self._ran = watched, False, None
        self.clear()
        if self._forks.recorded is not None:
            self._opened.start()
        self.run_changed.emit()

    def _on_changed(self, change: Change) -> None:
        session = self._session
        if change.touched("view"):
            self._on_viewed(change.old.view, change.new.view)
        if not change.touched("recipe", "facts", "plan"):
            return
        if session.facts.field is not self._field:
            self._field = session.facts.field
            self._drop(watched=self.playing and (session.view.follow or not change.touched("view")))
        self._follow_plan(change)
        if session.view.one_shot:
            self._shots.take()
        elif wanted(self._session) != self._ran and session.view.auto_run:
            if not self._opened.isActive():
                self._auto.start()
        elif change.touched("course"):
            self.follow() if session.view.follow else self.show_at(session.view.playhead)

    def _follow_plan(self, change: Change) -> None:
        """Keep the run that a fork leaves; show a finished run again if its plan is in force again."""
        session = self._session
        if str(change.old.plan.refusal) != str(session.plan.refusal) or change.touched(*CHOSEN):
            tell_refusal(self._session, self.start, self.refine_asked.emit)
        if session.plan.card is not None:
            self.torch.load()
        if change.touched("rivals"):
            self._forks.remember(self.run)
        other = self._forks.find(self._session.plan, self.run)
        again = self._forks.finished(self._session.plan)
        if again is not None and again is not self.run and not self._session.view.one_shot:
            self._sampling.stop()
            self._watched = False
            self.play(again, playing=False)
            self._ran = wanted(self._session)
            self.show_at(self._session.view.playhead)
            other = True
        if other:
            self.run_changed.emit()

    def _on_viewed(self, old: View, new: View) -> None:
        if new.one_shot:
            self._auto.stop()
            self._shots.take()
        elif old.one_shot and self.run is None:
            (self._auto if self._forks.recorded is None else self._opened).start()
        if new.playhead != old.playhead and not new.follow:
            self.show_at(new.playhead)

    def tick(self) -> None:
        """Pull what is new and show it."""
        if (shot := self._shots.pull()) is not None:
            self._jobs.tell_error("sampling", shot.error)
        if (replay := self._replays.pull()) is not None:
            self._jobs.tell_error("sampling", replay.error)
            if replay.step is not None and replay.of is self.run and self._replays.is_wanted(replay):
                self.show(replay.step, replay.of)
        self.torch.pull()
        self._pull_runs()
        if self.idle:
            self._timer.stop()

    def _pull_runs(self) -> None:
        """The newest run, and the run that a fork leaves once it is there."""
        run, forks = self.run, self._forks
        changed = False
        if run is not None and run.counted is not self._counted:
            self._counted = run.counted
            self.stepped.emit()
        if run is not None and (self.playing or self._watched):
            active, before, now = run.active, self.step, time.perf_counter()
            changed = self.advance(active)
            if active and self.step is before and now - self._told >= TELL_S:
                self._told = now
                self.came_on.emit()
            if self._watched and not active:
                self._watched, changed = False, True
                self._jobs.tell_error("sampling", run.error)
                self.playing = self.playing and run.state != FAILED
                forks.request(self._sampling, run, self._session.plan)
        if forks.pull():
            changed = True
            self._jobs.tell_error("sampling", None if forks.left is None else forks.left.error)
        if changed:
            self.run_changed.emit()
