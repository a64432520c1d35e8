"""Work beside the window, one job at a time, each kind in a long-lived thread of its own.

The thread writes into the job; a timer of the window, which runs only while there is a job, pulls.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.errors import UserError
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.worker import Worker
from diffview.gui.session import Message
from diffview.runs.job import Job

TICK_MS = 100
J = TypeVar("J", bound=Job)


class Background(QObject, Generic[J]):
    """Jobs of one kind in their thread, one at a time.

    Attributes:
        kind: of work, a key of BUSY.
        subject: what a job is about, as `Session.shows` names it; see `about`.
        job: the newest one, or None.

    Signals:
        changed: it began, got on or ended.
    """

    kind = ""
    subject: tuple[str, ...] = ()
    changed = Signal()

    def __init__(self, jobs: Jobs) -> None:
        super().__init__(jobs)
        self._jobs, self._session = jobs, jobs.session
        self._worker = Worker(self.kind)
        self._seen: object = None
        self._about: object = None
        self.job: J | None = None
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self.tick)
        jobs.hold(self.kind, self)
        if self.subject:
            self._session.shows(self._follow, *self.subject, at_once=False)

    @property
    def active(self) -> bool:
        """Whether there is one that has not ended, or whose end has not been shown."""
        return self._timer.isActive()

    @property
    def ended(self) -> J | None:
        """The newest job, once it has ended and while what it has found is wanted."""
        job = self.job
        return None if job is None or job.active or job.dropped else job

    @property
    def why_busy(self) -> str:
        """Why none can begin now, because of what is at work; "" if one can."""
        return str(self._jobs.refusal(self.kind) or "")

    def begin(self, make: Callable[[], J]) -> bool:
        """Make a job and do it; False, with a message, if it cannot be made or has to wait for another one."""
        if self._worker.closing:
            return False
        try:
            if (refusal := self._jobs.refusal(self.kind)) is not None:
                raise refusal
            job = make()
        except UserError as error:
            self._session.tell_error(error)
            return False
        self.job, self._seen, self._about = job, None, self.about()
        self._worker.put(job)
        self._timer.start()
        self.tick()
        return True

    def stop(self) -> None:
        """End what is at work, soon."""
        if self.job is not None:
            self.job.stopping = True
            self.changed.emit()

    def drop(self) -> None:
        """Forget the job: end it if it is at work, and show nothing of it."""
        if self.job is not None:
            self.job.stopping = self.job.dropped = True
            self.job = self.job if self.active else None
            self.changed.emit()

    def put_aside(self) -> Callable[[], None]:
        """Be as if there had been no job: one at work is ended. Gives what shows the newest one again."""
        before = self.job
        if self.active:
            said = f"{self.kind.capitalize()} was stopped for the lecture."
            self._session.tell(Message(said, "What it has found comes back with the window."))
            self.stop()
        self._show_again(None)
        return lambda: self._show_again(before)

    def _show_again(self, job: J | None) -> None:
        """Have this job in the place of the one there is."""
        self.job, self._seen = job, None
        self._timer.start() if job is not None and job.active else self._timer.stop()
        self.changed.emit()

    def about(self) -> object:
        """What a job is about, of the session: one that was begun about something else is dropped."""
        return None

    def _follow(self) -> None:
        if self.job is not None and not self.job.dropped and self.about() != self._about:
            self.drop()

    def close(self) -> None:
        """End what is at work; returns when the thread has ended."""
        self._timer.stop()
        if self.job is not None:
            self.job.stopping = True
        self._worker.close()

    def tick(self) -> None:
        """Pull what is new and emit `changed`."""
        job = self.job
        if job is None or self._worker.closing:
            return
        job.shared = self._jobs.shares(self.kind)
        ended = not job.active
        if ended:
            self._timer.stop()
            self._take(job)
        if ended or self._seen != job.mark:
            self._seen = job.mark
            self.changed.emit()

    def _take(self, job: J) -> None:
        """Show what an ended job has found, or why there is nothing."""
        if job.dropped:
            self.job = None
        else:
            self.take(job)

    def take(self, job: J) -> None:
        """Show how a job has ended that is still wanted."""
        self._jobs.tell_error(self.kind, job.error)
