"""Work of other processes and machines: opened by its folder, a job or a training; begun on a cluster by address."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.live import Live

if TYPE_CHECKING:
    from diffview.gui.window.cluster_window import ClusterWindow
    from diffview.gui.window.job_window import JobWindow
    from diffview.gui.window.training_window import TrainingWindow


class Elsewhere(QObject):
    """The actions that open and begin it; the windows that follow it are made when they are first needed."""

    def __init__(self, live: Live, jobs: Jobs, files: Files, window: QWidget) -> None:
        super().__init__(window)
        self._live, self._jobs, self._files, self._window = live, jobs, files, window

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions, by name."""
        return {"openJobAction": self._open, "connectAction": self._connect}

    def _open(self) -> None:
        """Ask for the folder of a job or a training, and follow it."""
        from diffview.learning.followed import is_training

        if folder := QFileDialog.getExistingDirectory(self._window, "Open job or training"):
            where = Path(folder)
            self.training.follow(where) if is_training(where) else self.job.follow(where)

    def _connect(self) -> None:
        """Show the dialog that asks for the address of a cluster."""
        self.cluster.show()
        self.cluster.raise_()

    @cached_property
    def cluster(self) -> "ClusterWindow":
        """Who works at an address, and what is made there."""
        from diffview.gui.window.cluster_window import ClusterWindow

        return ClusterWindow(self._jobs, self.job, self._window)

    @cached_property
    def job(self) -> "JobWindow":
        """A job of a cluster; with it comes all that follows it."""
        from diffview.gui.window.job_window import JobWindow

        return JobWindow(self._live, self._jobs, self._files, self._window)

    @cached_property
    def training(self) -> "TrainingWindow":
        """A training of another process."""
        from diffview.gui.window.training_window import TrainingWindow

        return TrainingWindow(self._jobs, self._window)
