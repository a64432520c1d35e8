"""What is asked of the sampling thread beside runs, and pulled when it is there: shots, replays, torch."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from diffview.gui.jobs.sampling import SamplingRequests
from diffview.gui.session import Message, Session
from diffview.runs.engine import Engine
from diffview.runs.job import FAILED, FINISHED
from diffview.runs.requests import Replay, Run, Shot

REST_MS = 150
"""Milliseconds that the playhead rests on a step before it is computed again."""

Wake = Callable[[], None]
"""Begins to pull."""


def level_at_playhead(session: Session) -> float:
    """The noise level at the playhead, as far as the schedule reaches."""
    schedule = session.recipe.course.schedule
    return min(float(schedule.noise_level(session.view.playhead)), schedule.s_max)


class Shots(QObject):
    """Single calls of the model on the forward x_t at the playhead.

    Attributes:
        shot: the newest one that has been taken, or None.

    Signals:
        taken: `shot` changed.
    """

    taken = Signal()

    def __init__(self, session: Session, sampling: SamplingRequests, wake: Wake, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._sampling, self._wake = session, sampling, wake
        self._awaited: list[Shot] = []
        self.shot: Shot | None = None

    @property
    def active(self) -> bool:
        """Whether one is awaited."""
        return bool(self._awaited)

    def take(self) -> None:
        """Ask for one."""
        session, plan, forward = self._session, self._session.plan, self._session.forward
        s = level_at_playhead(session)
        if plan.model is None or plan.refusal is not None or s <= 0:
            self.clear()
            self.taken.emit()
            return
        self._awaited.append(self._sampling.request_shot(plan, s, np.nan_to_num(forward.y(s)), forward.eps(s)))
        self._wake()

    def clear(self) -> None:
        """Forget it, and those that are awaited."""
        self.shot = None
        self._awaited.clear()

    def pull(self) -> Shot | None:
        """The newest one, if it has come since the last call."""
        taken = [shot for shot in self._awaited if shot.state in (FINISHED, FAILED)]
        self._awaited = [shot for shot in self._awaited if shot.active]
        if not taken:
            return None
        self.shot = taken[-1]
        self.taken.emit()
        return self.shot


class Replays(QObject):
    """Steps that were thinned out of a record and on which the playhead rests: computed again, exactly."""

    def __init__(self, sampling: SamplingRequests, wake: Wake, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sampling, self._wake = sampling, wake
        self._missing: tuple[Run, int] | None = None
        self._asked: Replay | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._ask)

    @property
    def active(self) -> bool:
        """Whether one is awaited, or about to be asked for."""
        return self._rest.isActive() or self._asked is not None

    def want(self, run: Run, index: int | None) -> None:
        """The step that is missing on screen; None: there is none."""
        self._missing = None if index is None else (run, index)
        if index is not None:
            self._rest.start()

    def rest(self) -> None:
        """Ask for none."""
        self._rest.stop()
        self._missing = None

    def clear(self) -> None:
        """Ask for none, and forget the one that is awaited."""
        self.rest()
        self._asked = None

    def _ask(self) -> None:
        if self._missing is not None:
            self._asked = self._sampling.request_replay(*self._missing)
            self._wake()

    def pull(self) -> Replay | None:
        """The one that was asked for, once it has ended."""
        asked = self._asked
        if asked is None or asked.active:
            return None
        self._asked = None
        return asked

    def is_wanted(self, replay: Replay) -> bool:
        """Whether its step is still missing."""
        return self._missing == (replay.of, replay.index)


class TorchImport(QObject):
    """The import of torch, which takes seconds.

    Attributes:
        engine: its result; None before it.

    Signals:
        wanted: it begins.
        loaded: it has ended.
    """

    wanted = Signal()
    loaded = Signal()

    def __init__(self, session: Session, sampling: SamplingRequests, wake: Wake, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._sampling, self._wake = session, sampling, wake
        self.engine: Engine | None = None
        self.active = False

    def load(self) -> None:
        """Request it, once; the sampling thread does it when there is no other request."""
        if self.engine is None and not self.active:
            self.active = True
            self.wanted.emit()
            self._sampling.request_engine()
            self._wake()

    def pull(self) -> None:
        """Take the result when it is there."""
        engine = self._sampling.models.engine
        if not self.active or engine is None:
            return
        self.active, self.engine = False, engine
        self._session.learn(torch=engine.version, devices=tuple(engine.devices))
        self.loaded.emit()
        if engine.fault:
            hint = "The formula models run without it; installing torch again may help."
            self._session.tell(Message(f"torch cannot be loaded: {engine.fault}.", hint, "error"))
