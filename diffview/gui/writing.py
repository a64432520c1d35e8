"""Files that are written while the window lives: in a thread that has a process of its own do it."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from diffview.errors import UserError
from diffview.gui.background import TICK_MS, Background, Job, Stopped
from diffview.gui.errors import report
from diffview.gui.jobs import FINISHED, STOPPED
from diffview.gui.session import Message, Session
from diffview.writers.exports import Content
from diffview.writers.saving import save_netcdf


class Writing(Job):
    """One file.

    Attributes:
        path: where.
        done: share of it that is done.
    """

    def __init__(self, make: Callable[[], Content], path: Path) -> None:
        """`make` gathers what the file will hold, in the thread: it touches nothing that the window changes."""
        super().__init__()
        self._make, self.path, self.done = make, path, 0.0

    @property
    def mark(self) -> tuple[str, int]:
        """State and per cent."""
        return self.state, round(100 * self.done)

    def work(self) -> None:
        """Gather, and have it written."""

        def told(share: float) -> None:
            self.done = share

        if not save_netcdf(self._make(), self.path, told, lambda: self.stopping):
            raise Stopped


class Writer(Background):
    """Writes one file at a time.

    Signals:
        progressed: what is being written, for the status line; "" when nothing is.
    """

    progressed = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__("writing", lambda: False, parent)
        self._session = session
        self.changed.connect(self._tell_progress)

    def write(self, make: Callable[[], Content], path: Path) -> None:
        """Write a file, or say that another one is being written."""
        if not self.begin(Writing(make, path)):
            self._session.tell_error(UserError("Another file is being written.", "Wait for it, or press Esc."))

    def close(self) -> None:
        """End, once the file that is being written is there: who closes the window wants it all the same."""
        while self.current is not None and self.current.active:
            time.sleep(TICK_MS / 1000)
        super().close()

    def take(self, job: Writing) -> None:
        """Say how it ended."""
        if job.state == FINISHED:
            self._session.tell(Message(f"Saved {job.path}."))
        elif job.state == STOPPED:
            self._session.tell(Message(f"{job.path.name} was not written.", "An older file of that name is as it was."))
        elif job.error is not None:
            report(job.error, self._session.tell)

    def _tell_progress(self) -> None:
        job = self.current
        writing = isinstance(job, Writing) and job.active
        text = f"Writing {job.path.name}, {100 * job.done:.0f} % (Esc gives up)" if writing else ""  # type: ignore[union-attr]
        self.progressed.emit(text)
