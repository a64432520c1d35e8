"""Work beside the window, one job at a time, each kind in a long-lived thread of its own.

The thread writes into the job and never signals; a timer of the window, which runs only while there is a job, pulls.
"""

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.gui.jobs import FAILED, FINISHED, RUNNING, STOPPED, WAITING, TrainingThread
from diffview.machine import cores

TICK_MS = 100


class Stopped(Exception):
    """The job is to end."""


class Job:
    """One piece of work: written by its thread, read by the window.

    Attributes:
        state: WAITING, RUNNING, FINISHED, STOPPED or FAILED.
        error: why it failed, or None.
        shared: whether something else computes meanwhile.
        stopping: whether it is to end.
    """

    def __init__(self) -> None:
        self.state = WAITING
        self.error: Exception | None = None
        self.shared = self.stopping = False

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING)

    @property
    def mark(self) -> Any:
        """What differs whenever there is something new to show."""
        return self.state

    def work(self) -> None:
        """In the thread: do it, calling `go_on` now and then."""
        raise NotImplementedError

    def go_on(self) -> None:
        """In the thread: end here if that is wanted.

        Raises:
            Stopped: then.
        """
        if self.stopping:
            raise Stopped

    def share_cores(self) -> None:
        """In the thread: torch takes one core while something else computes, else all but one."""
        import torch

        wanted = 1 if self.shared else max(1, cores() - 1)
        if torch.get_num_threads() != wanted:
            torch.set_num_threads(wanted)

    def run(self) -> None:
        """In the thread: do it, and leave its errors in it."""
        self.state, state = RUNNING, FINISHED
        try:
            self.work()
        except Stopped:
            state = STOPPED
        except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
            self.error, state = error, FAILED
        self.state = state


class Background(QObject):
    """Jobs in their thread, one at a time.

    Attributes:
        current: the newest job, or None.

    Signals:
        changed: it began, got on or ended.
    """

    changed = Signal()

    def __init__(self, name: str, busy: Callable[[], bool], parent: QObject | None = None) -> None:
        """`busy` says whether something else computes, with which it shares the cores."""
        super().__init__(parent)
        self._busy = busy
        self._box = threading.Condition()
        self._waiting: Job | None = None
        self._closing = False
        self._thread = TrainingThread(self._serve, name)
        self._seen: object = None
        self.current: Job | None = None
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)

    @property
    def active(self) -> bool:
        """Whether there is one that has not ended, or whose end has not been shown."""
        return self._timer.isActive()

    def begin(self, job: Job) -> bool:
        """Do a job; False if one is at work."""
        if self.active or self._closing:
            return False
        self.current, self._seen = job, None
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
        if self.current is not None:
            self.current.stopping = True
            self.changed.emit()

    def close(self) -> None:
        """End what is at work; returns when the thread has ended."""
        self._timer.stop()
        with self._box:
            self._closing = True
            if self.current is not None:
                self.current.stopping = True
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
        """Pull what is new and tell."""
        job = self.current
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

    def take(self, job: Any) -> None:
        """Show what an ended job has found."""
        raise NotImplementedError
