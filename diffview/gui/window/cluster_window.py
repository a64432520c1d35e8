"""File, Connect to a cluster: who works at an address, and the members of the run made there, as a job of its own."""

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QDialog, QFileDialog, QLineEdit, QVBoxLayout, QWidget

from diffview.cluster.connecting import Connecting
from diffview.cluster.following import begin_at
from diffview.errors import UserError
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.following import Connector
from diffview.gui.show.job_words import answer
from diffview.gui.widgets.small.parts import line, named, primary, push_button, say, words
from diffview.gui.widgets.small.text import set_tip
from diffview.gui.window.job_window import JobWindow
from diffview.runs.job import FINISHED
from diffview.runs.recipe import GIVEN, NOT_KEPT

TEACH = (
    "The members of this run are made in blocks by the workers of a Dask scheduler, into a folder that all of "
    "them see. Closing the window stops nothing."
)
ADDRESS_TIP = "Of a Dask scheduler, as tcp://HOST:8786; or local:2, two workers on this machine"
MAKE_TIP = "Choose an empty folder, and have the members made into it"
FIRST = "Connect first"


class ClusterWindow(QDialog):
    """The address of a cluster, and what can be asked of it."""

    def __init__(self, jobs: Jobs, job: JobWindow, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("clusterDialog")
        self.setWindowTitle("Connect to a cluster")
        self.setMinimumWidth(420)
        self._session, self._job, self._connector = jobs.session, job, Connector(jobs)
        self._address = named(QLineEdit(), "clusterAddress", "Address of the scheduler", ADDRESS_TIP)
        self._address.setPlaceholderText("tcp://HOST:8786")
        self._connect = primary(push_button("clusterConnect", "Connect"))
        self._answer = words("", "clusterAnswer")
        self._make = push_button("clusterMake", "Make the members there…")
        layout, teach = QVBoxLayout(self), words(TEACH)
        for label in (teach, self._answer):
            label.setWordWrap(True)
        layout.addWidget(teach)
        layout.addLayout(line(self._address, self._connect, wide=(self._address,)))
        layout.addWidget(self._answer)
        layout.addLayout(line(self._make))
        self._connect.clicked.connect(self._ask)
        self._make.clicked.connect(self._choose)
        self._address.textChanged.connect(self._show)
        self._connector.changed.connect(self._show)
        self.finished.connect(self._connector.stop)
        self._show()

    def _ask(self) -> None:
        """Ask who works there."""
        address, network = self._address.text().strip(), self._session.plan.card is not None
        self._connector.begin(lambda: Connecting(address, network))

    @property
    def _asked(self) -> Connecting | None:
        """What was asked of the address that stands there."""
        job = self._connector.job
        return job if job is not None and job.address == self._address.text().strip() else None

    def _show(self) -> None:
        job = self._asked
        say(self._answer, "" if job is None else answer(job))
        self._connect.setEnabled(bool(self._address.text().strip()) and not self._connector.active)
        there = job is not None and job.state == FINISHED
        self._make.setEnabled(there)
        set_tip(self._make, MAKE_TIP if there else FIRST)

    def _choose(self) -> None:
        """Ask for a folder, and begin the job."""
        plan, session = self._session.plan, self._session
        refusal = NOT_KEPT if session.recipe.source.path == GIVEN else plan.refusal
        if plan.jointly is not None:
            refusal = UserError("Blocks of members are of single fields.", "Choose one channel and one time.")
        if refusal is not None:
            session.tell_error(refusal)
            return
        if folder := QFileDialog.getExistingDirectory(self, "An empty folder that all workers see"):
            begin = partial(begin_at, recipe=plan.settled, on=self._address.text().strip())
            if self._job.follow(Path(folder), begin):
                self.accept()
