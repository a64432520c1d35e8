"""File, Open job: how far a job of a cluster is, and what may be asked of it; closing it stops nothing."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from diffview.cluster.following import Following, go_on
from diffview.cluster.standing import CANCEL, RETRY, ask
from diffview.errors import UserError
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.following import JobFollower
from diffview.gui.show.job_words import failures, headline, speed
from diffview.gui.widgets.small.parts import line, progress_bar, push_button, say, words
from diffview.runs.job import FINISHED


class JobWindow(QDialog):
    """One job, which another process drives."""

    def __init__(self, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("jobDialog")
        self.setMinimumWidth(420)
        self._session, self._follower = jobs.session, JobFollower(jobs)
        self._bar = progress_bar("Share of the blocks that is made")
        self._told = [words("", name) for name in ("jobHeadline", "jobSpeed", "jobFailures")]
        for label in self._told:
            label.setWordWrap(True)
        self._cancel = push_button("jobCancel", "Cancel", tip="Blocks that are begun are made; no other is begun")
        self._again = push_button("jobAgain", "Go on", tip="Make the blocks that are missing")
        self._cancel.clicked.connect(lambda: self._do(lambda job: ask(job.folder, CANCEL)))
        self._again.clicked.connect(lambda: self._do(_once_more))
        layout = QVBoxLayout(self)
        for part in (self._told[0], self._bar, *self._told[1:]):
            layout.addWidget(part)
        layout.addLayout(line(self._cancel, self._again))
        self._follower.changed.connect(self._show)
        self.finished.connect(self._follower.stop)  # of the looking, not of the job

    def follow(self, folder: Path) -> None:
        """Follow the job in a folder."""
        self._follower.stop()
        if self._follower.begin(lambda: Following.of(folder)):
            self.setWindowTitle(f"Job {folder.name}")
            self.show()
            self.raise_()

    def _do(self, what: Callable[[Following], None]) -> None:
        job = self._follower.job
        if job is None:
            return
        try:
            what(job)
        except UserError as error:
            self._session.tell_error(error)

    def _show(self) -> None:
        job = self._follower.job
        if job is None:
            return
        standing, driven = job.standing, job.driven
        self._bar.setValue(round(100 * standing.done_count / max(1, standing.blocks)))
        texts = headline(standing, driven), speed(standing, driven), job.refused or failures(standing)
        for label, text in zip(self._told, texts, strict=True):
            say(label, text)
        self._cancel.setEnabled(driven)
        self._again.setText("Retry" if driven or standing.failed else "Go on")
        self._again.setEnabled(bool(standing.failed) if driven else standing.state != FINISHED)


def _once_more(job: Following) -> None:
    """Have the blocks that failed made again: by the driver that is at work, or by a new one."""
    if job.driven:
        ask(job.folder, RETRY)
    else:
        go_on(job)
