"""Writing files in the background: a thread that waits for a process of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from diffview.errors import UserError
from diffview.gui.jobs.background import TICK_MS, Background
from diffview.gui.jobs.busy import Jobs
from diffview.gui.session import Message, Session
from diffview.runs.job import FINISHED, STOPPED, Job

if TYPE_CHECKING:
    from diffview.writers.exports import Content


def save(session: Session, path: Path, write: Callable[[], None]) -> None:
    """Write a small file at once, and say that it is there, or why not."""
    try:
        write()
    except UserError as error:
        session.tell_error(error)
    else:
        session.tell(Message(f"Saved {path}."))


@dataclass(eq=False)
class Writing(Job):
    """One file.

    Attributes:
        make: gathers the content in the thread; it must use nothing that the window changes.
        path: of the file.
    """

    make: "Callable[[], Content]"
    path: Path

    def work(self) -> None:
        """Gather the content, and have it written."""
        from diffview.writers.saving import save_netcdf

        save_netcdf(self.make(), self.path, self.tell)


class Writer(Background[Writing]):
    """Writes one file at a time.

    Signals:
        progressed: text on the file being written, for the status line; "" if none is.
    """

    kind = "writing"
    progressed = Signal(str)

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self.changed.connect(self._tell_progress)

    def write(self, make: "Callable[[], Content]", path: Path) -> None:
        """Write a file, or say that another one is being written."""
        self.begin(lambda: Writing(make, path))

    def close(self) -> None:
        """End once the current file is written: it is wanted also by a user who closes the window."""
        while self.job is not None and self.job.active:
            time.sleep(TICK_MS / 1000)
        super().close()

    def take(self, job: Writing) -> None:
        """Show how the job ended."""
        if job.state == FINISHED:
            self._session.tell(Message(f"Saved {job.path}."))
        elif job.state == STOPPED:
            self._session.tell(Message(f"{job.path.name} was not written.", "An older file of that name is as it was."))
        else:
            super().take(job)

    def _tell_progress(self) -> None:
        job = self.job
        if job is not None and job.active:
            self.progressed.emit(f"Writing {job.path.name}, {100 * job.done:.0f} % (Esc gives up)")
        else:
            self.progressed.emit("")
