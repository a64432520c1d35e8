"""Forking a run at one of its steps: an edit of the recipe, so that it is undone and saved as any other."""

from collections.abc import Callable
from functools import partial

from diffview.gui.actions import Actions
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import Course, Fork


class Forking:
    """The actions that fork a run and return, grey where they cannot."""

    def __init__(self, session: Session, live: Live, actions: Actions) -> None:
        self._session, self._live, self._actions = session, live, actions
        for event in (live.run_changed, live.torch.loaded, live.stepped):
            event.connect(self.show_forks)
        session.shows(self.show_forks, "course.fork", "course.sampler", "plan.params")

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Those actions, by name."""
        session, live = self._session, self._live
        return {
            "forkAction": partial(fork_here, session, live),
            "forkNoiseAction": partial(fork_here, session, live, True),
            "goBackAction": partial(go_back, session),
        }

    def show_forks(self) -> None:
        """Enable them, or say why not."""
        why = why_not(self._live)
        self._actions.show("forkAction", why)
        self._actions.show("forkNoiseAction", why or why_no_noise(self._session))
        self._actions.show("goBackAction", "" if self._session.recipe.course.fork else "The run is no fork.")


def why_not(live: Live, step: int | None = None) -> str:
    """Why the run on screen cannot be forked at a step, by default the one on screen; "" if it can."""
    run = live.shown
    if run is None or live.step is None:
        return "There is no run yet: run one first."
    if run.recorded_by:
        return "A recorded run cannot be gone on with: what made it is not here. Run one of diffview's own."
    at = live.step.index if step is None else step
    if at >= run.plan.steps:
        return "The run ends here: choose a step before its last."
    info = SAMPLERS[run.plan.recipe.course.sampler]
    if info.path is not None:
        return f"{info.title} also steps upwards, so that its steps are no steps of a run down."
    return ""


def why_no_noise(session: Session) -> str:
    """Why fresh noise would change nothing; "" if it would."""
    info = SAMPLERS[session.recipe.course.sampler]
    if info.draws(session.plan.params):
        return ""
    return f"{info.title} draws no noise with these settings: fork here, then choose a sampler that does."


def fork_here(session: Session, live: Live, fresh: bool = False) -> None:
    """Fork the run on screen at the step on screen, with `fresh` noise or with its own.

    From there on the settings in force hold; while they are those of the run, the fork repeats it.
    """
    run, step = live.shown, live.step
    if run is None or step is None or why_not(live):
        return
    number = number_at(run.plan.recipe.course, step.index)
    if fresh:
        number = 1 + max(number, 0 if session.recipe.course.fork is None else session.recipe.course.fork.number)
    session.end_merge()
    session.edit(fork=Fork(step.index, run.plan.recipe.course, number))


def number_at(course: Course, step: int) -> int:
    """The fork number of the noise that a run has after a step."""
    fork = course.fork
    if fork is None:
        return 0
    return fork.number if step >= fork.step else number_at(fork.parent, step)


def go_back(session: Session) -> None:
    """Return to the run that the fork leaves."""
    fork = session.recipe.course.fork
    if fork is not None:
        session.end_merge()
        session.edit(course=fork.parent)
