"""File, Open job: how far a job of a cluster is, and what may be asked of it; closing it stops nothing."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from diffview.cluster.arriving import Arriving, recipe_of_job
from diffview.cluster.driver import SAVE_S
from diffview.cluster.following import Following, go_on, made_at, shown_first
from diffview.cluster.standing import CANCEL, RETRY, ask
from diffview.cluster.store import Store
from diffview.errors import UserError
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.following import JobFollower
from diffview.gui.jobs.live import Live
from diffview.gui.show.job_words import failures, headline, speed
from diffview.gui.widgets.small.parts import line, progress_bar, push_button, say, words
from diffview.runs.job import FINISHED
from diffview.runs.recipe import Recipe
from diffview.runs.requests import Run

SHOW_TIP = "Open what is there: the mean of the members so far, read again while blocks arrive"
MEMBERS_TIP = (
    "Open the run of this job: Reverse shows its members, their mean, spread, share above a threshold and quantile, "
    "which fill while blocks arrive"
)


class JobWindow(QDialog):
    """One job, which another process drives."""

    def __init__(self, live: Live, jobs: Jobs, files: Files, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("jobDialog")
        self.setMinimumWidth(420)
        self._session, self._files, self._follower = jobs.session, files, JobFollower(jobs)
        self._live, self._seen, self._read = live, 0, 0.0
        self._awaited: Recipe | None = None
        self._taken: Run | None = None
        self._bar = progress_bar("Share of the blocks that is made")
        self._told = [words("", name) for name in ("jobHeadline", "jobSpeed", "jobFailures")]
        for label in self._told:
            label.setWordWrap(True)
        self._cancel = push_button("jobCancel", "Cancel", tip="Blocks that are begun are made; no other is begun")
        self._again = push_button("jobAgain", "Go on", tip="Make the blocks that are missing")
        self._fields = push_button("jobShow", "Show fields", tip=SHOW_TIP)
        self._fields.clicked.connect(lambda: self._do(self._open_fields))
        self._members = push_button("jobMembers", "Show members", tip=MEMBERS_TIP)
        self._members.clicked.connect(lambda: self._do(self._open_members))
        self._cancel.clicked.connect(lambda: self._do(lambda job: ask(job.folder, CANCEL)))
        self._again.clicked.connect(lambda: self._do(_once_more))
        layout = QVBoxLayout(self)
        for part in (self._told[0], self._bar, *self._told[1:]):
            layout.addWidget(part)
        layout.addLayout(line(self._cancel, self._again))
        layout.addLayout(line(self._members, self._fields))
        self._follower.changed.connect(self._show)
        self._session.shows(self._fill, "recipe", "plan.x0", at_once=False)
        self.finished.connect(self._follower.stop)  # of the looking, not of the job

    def follow(self, folder: Path, begin: Callable[[Path], Following] = Following.of) -> bool:
        """Follow the job in a folder, which may be begun with that; False, with a message, if there is none."""
        self._follower.stop()
        self._awaited = self._taken = None  # of the job before
        begun = self._follower.begin(lambda: begin(folder))
        if begun:
            self.setWindowTitle(f"Job {folder.name}")
            self.show()
            self.raise_()
        return begun

    def _open_fields(self, job: Following) -> None:
        """Open what is there of its members."""
        self._files.open(*shown_first(job.folder))
        self._seen, self._read = job.standing.done_count, time.monotonic()

    def _open_members(self, job: Following) -> None:
        """Open the run of the job, whose members are shown as soon as it is in force."""
        recipe = recipe_of_job(job.folder, job.standing.cwd)
        job.arriving, self._taken, self._awaited = None, None, recipe
        if self._session.plan.settled.of_run() != recipe.of_run():
            self._files.open_recipe(recipe)
        self._fill()

    def _fill(self) -> None:
        """Have REVERSE show the members that came, as long as their run is in force and no other is asked for."""
        session, asked, job = self._session, self._awaited, self._follower.job
        if job is None:
            return
        if asked is None or session.plan.settled.of_run() != asked.of_run():
            if self._taken is not None:  # something was edited
                self._awaited = self._taken = job.arriving = None
            return
        if job.arriving is None:
            job.arriving = Arriving(Store(job.folder), session.plan, f"the job {job.folder.name}")
        if self._taken is not None and self._live.run is not self._taken:  # Run was pressed
            self._awaited = self._taken = job.arriving = None
        elif (run := job.arriving.run) is not None and run is not self._taken:
            if session.view.one_shot:
                session.look(reverse="x_t")
            self._taken = run
            self._live.take(run)

    def _refresh(self, job: Following) -> None:
        """Read the field of the job that is on screen again, once more of it is counted."""
        source, now = self._session.recipe.source, time.monotonic()
        there = source.path in made_at(job.folder) and job.standing.done_count != self._seen
        if there and (now - self._read >= SAVE_S or not job.driven):
            self._seen, self._read = job.standing.done_count, now
            self._files.open(str(source.path), source.dataset, source.index, merge="job")

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
        self._refresh(job)
        self._fill()
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
