"""File, Open job, of a training: how far one is that another process does, and what it makes; closing stops nothing."""

from pathlib import Path

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.choosing import choose_model
from diffview.gui.jobs.following import TrainingFollower
from diffview.gui.show.training_words import followed_details, followed_headline
from diffview.gui.widgets.plots.loss_plot import LossPlot
from diffview.gui.widgets.small.parts import Heading, line, named, progress_bar, push_button, say, words
from diffview.gui.widgets.small.text import set_tip
from diffview.learning.followed import FollowedTraining

SHOW_TIP = "Choose the model so far: REVERSE shows what it makes, and again after each checkpoint"
NO_MODEL = "The training has written no model as yet"


class TrainingWindow(QDialog):
    """One training, which another process does."""

    def __init__(self, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("trainingDialog")
        self.setMinimumWidth(420)
        self._session, self._follower = jobs.session, TrainingFollower(jobs)
        self._known = ""
        self._headline, self._detail = (words("", name) for name in ("followedHeadline", "followedDetail"))
        self._bar = progress_bar("Share of the training that is done")
        self._loss = named(LossPlot(), "followedLoss")
        self._use = push_button("followedShow", "Show what it makes", tip=SHOW_TIP)
        self._use.clicked.connect(self._show_model)
        layout = QVBoxLayout(self)
        for part in (self._headline, self._bar, Heading("Loss"), self._loss, self._detail):
            layout.addWidget(part)
        layout.addLayout(line(self._use))
        self._follower.changed.connect(self._show)
        self.finished.connect(self._follower.stop)  # of the looking, not of the training

    def follow(self, folder: Path) -> None:
        """Follow the training in a folder."""
        self._follower.stop()
        self._known = ""
        self._loss.clear()
        if self._follower.begin(lambda: FollowedTraining.of(folder)):
            self.setWindowTitle(f"Training {folder.name}")
            self.show()
            self.raise_()

    def _show(self) -> None:
        job = self._follower.job
        if job is None:
            return
        say(self._headline, followed_headline(job))
        say(self._detail, followed_details(job))
        self._bar.setVisible(job.share == job.share)  # NaN: its end is not known
        self._bar.setValue(round(100 * job.share) if job.share == job.share else 0)
        self._loss.set_curve(*job.curve)
        self._use.setEnabled(bool(job.weights))
        set_tip(self._use, SHOW_TIP if job.weights else NO_MODEL)
        if job.weights and str(job.folder) == self._session.recipe.denoiser.model and job.weights != self._known:
            self._learn(job)

    def _show_model(self) -> None:
        """Choose the model so far."""
        job = self._follower.job
        if job is not None and job.card is not None:
            self._learn(job)
            choose_model(self._session, str(job.folder))

    def _learn(self, job: FollowedTraining) -> None:
        """Take the newest weights: what is shown is made by them."""
        if job.card is not None:
            self._known = job.weights
            self._session.learn(cards={**self._session.facts.cards, str(job.folder): job.card})
