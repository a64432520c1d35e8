"""Work beside the window, one job at a time, each kind in a long-lived thread of its own.

The thread writes into the job and never signals; a timer of the window, which runs only while there is a job, pulls.
"""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.gui.errors import report
from diffview.gui.jobs.engine import load_engine
from diffview.gui.jobs.sampling import FAILED, FINISHED, RUNNING, STOPPED, WAITING, TrainingThread
from diffview.gui.session import Session
from diffview.machine import cores

TICK_MS = 100
J = TypeVar("J", bound="Job")


class Stopped(Exception):
    """The job is to end."""


class Job:
    """One piece of work: written by its thread, read by the window.

    Attributes:
        network: whether torch computes, which is imported before it begins.
        state: WAITING, RUNNING, FINISHED, STOPPED or FAILED.
        done: share of it that is done.
        error: why it failed, or None.
        shared: whether something else computes meanwhile.
        stopping: whether it is to end.
    """

    def __init__(self, network: bool = False) -> None:
        self.network, self.state, self.done = network, WAITING, 0.0
        self.error: Exception | None = None
        self.shared = self.stopping = False

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING)

    @property
    def mark(self) -> Any:
        """What differs whenever there is something new to show: state and per cent."""
        return self.state, round(100 * self.done)

    def work(self) -> None:
        """In the thread: do it, calling `tell` now and then."""
        raise NotImplementedError

    def tell(self, done: float) -> None:
        """In the thread: so much is done.

        Raises:
            Stopped: if it is to end.
        """
        self.done = done
        if self.network:
            self.share_cores()
        if self.stopping:
            raise Stopped

    def share_cores(self) -> None:
        """In the thread: torch takes one core while something else computes, else all but one."""
        import torch

        wanted = 1 if self.shared else max(1, cores() - 1)
        if torch.get_num_threads() != wanted:
            torch.set_num_threads(wanted)

    def run(self) -> None:
        """In the thread: do the work; its error is kept in `error`."""
        self.state, state = RUNNING, FINISHED
        try:
            if self.network:
                load_engine()
            self.work()
        except Stopped:
            state = STOPPED
        except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
            self.error, state = error, FAILED
        self.state = state


class Background(QObject, Generic[J]):
    """Jobs of one kind in their thread, one at a time.

    Attributes:
        job: the newest one, or None.

    Signals:
        changed: it began, got on or ended.
    """

    changed = Signal()

    def __init__(self, name: str, session: Session, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether something else computes, with which it shares the cores."""
        super().__init__(parent)
        self._session, self._busy = session, busy
        self._box = threading.Condition()
        self._waiting: J | None = None
        self._closing = False
        self._thread = TrainingThread(self._serve, name)
        self._seen: object = None
        self.job: J | None = None
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def active(self) -> bool:
        """Whether there is one that has not ended, or whose end has not been shown."""
        return self._timer.isActive()

    def begin(self, job: J) -> bool:
        """Do a job; False if one is at work."""
        if self.active or self._closing:
            return False
        self.job, self._seen = job, None
        with self._box:
            self._waiting = job
            if not self._thread.isRunning():
                self._thread.start()
            self._box.notify()
        self._timer.start()
        self.tick()
        return True

    def stop(self) -> None:
        """End what is at work, soon."""
        if self.job is not None:
            self.job.stopping = True
            self.changed.emit()

    def close(self) -> None:
        """End what is at work; returns when the thread has ended."""
        self._timer.stop()
        with self._box:
            self._closing = True
            if self.job is not None:
                self.job.stopping = True
            self._box.notify()
        self._thread.wait()

    def _serve(self) -> None:
        """The thread's loop."""
        while True:
            with self._box:
                while self._waiting is None and not self._closing:
                    self._box.wait()
                job, self._waiting = self._waiting, None
            if self._closing or job is None:
                return
            job.run()

    def tick(self) -> None:
        """Pull what is new and emit `changed`."""
        job = self.job
        if job is None or self._closing:
            return
        job.shared = self._busy()
        ended = not job.active
        if ended:
            self._timer.stop()
            self.take(job)
        if ended or self._seen != job.mark:
            self._seen = job.mark
            self.changed.emit()

    def take(self, job: J) -> None:
        """Show what an ended job has found, or why there is nothing."""
        if job.error is not None:
            report(job.error, self._session.tell)


AnyBackground = Background[Any]
