"""Docks and jobs that are imported and made when they are first used.

The start is shorter by the import of all that trains, verifies and races.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QWidget

from diffview.gui.actions import Actions
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.window.earth import EarthJobs
from diffview.gui.window.teaching import Teaching

if TYPE_CHECKING:
    from diffview.gui.jobs.calibration import CalibrationJob, SolverJob
    from diffview.gui.jobs.rivals import ComparisonJob, RivalScoresJob
    from diffview.gui.jobs.scoring import BoardJob, LossCheckJob, RaceJob, VerifierJob
    from diffview.gui.jobs.trainer import TrainerJob
    from diffview.learning.orders import Order


class LateDock(QDockWidget):
    """A dock that makes its panel when it is first shown."""

    def __init__(self, title: str, make: Callable[[], QWidget], parent: QWidget) -> None:
        super().__init__(title, parent)
        self._make: Callable[[], QWidget] | None = make

    def made(self) -> QWidget:
        """The panel, which is made now if it was not."""
        make, self._make = self._make, None
        if make is not None:
            self.setWidget(make())
        return self.widget()

    def showEvent(self, event: QShowEvent) -> None:
        """Make the panel, once."""
        self.made()
        super().showEvent(event)


class LateJobs(EarthJobs):
    """The jobs that only such docks start, and the panels of these docks; a base class of the window."""

    session: Session
    live: Live
    jobs: Jobs
    actions_: Actions

    @cached_property
    def trainer(self) -> "TrainerJob":
        """Trains networks."""
        from diffview.gui.jobs.trainer import TrainerJob

        return TrainerJob(self.jobs)

    @cached_property
    def verifier(self) -> "VerifierJob":
        """Verifies networks on fields they never saw."""
        from diffview.gui.jobs.scoring import VerifierJob

        return VerifierJob(self.jobs)

    @cached_property
    def losses(self) -> "LossCheckJob":
        """Measures losses at every noise level."""
        from diffview.gui.jobs.scoring import LossCheckJob

        return LossCheckJob(self.jobs)

    @cached_property
    def race(self) -> "RaceJob":
        """Races samplers."""
        from diffview.gui.jobs.scoring import RaceJob

        return RaceJob(self.jobs)

    @cached_property
    def board(self) -> "BoardJob":
        """Scores schedules, grids and samplers."""
        from diffview.gui.jobs.scoring import BoardJob

        return BoardJob(self.jobs)

    @cached_property
    def calibration(self) -> "CalibrationJob":
        """Judges ensembles."""
        from diffview.gui.jobs.calibration import CalibrationJob

        return CalibrationJob(self.jobs, self.live)

    @cached_property
    def compared(self) -> "ComparisonJob":
        """Runs rivals side by side."""
        from diffview.gui.jobs.rivals import ComparisonJob

        return ComparisonJob(self.jobs)

    @cached_property
    def rival_scores(self) -> "RivalScoresJob":
        """Scores rivals."""
        from diffview.gui.jobs.rivals import RivalScoresJob

        return RivalScoresJob(self.jobs)

    @cached_property
    def solving(self) -> "SolverJob":
        """Holds solvers against the exact posterior."""
        from diffview.gui.jobs.calibration import SolverJob

        return SolverJob(self.jobs)

    def late_docks(self, window: QWidget) -> tuple[LateDock, ...]:
        """The docks that show them."""
        panels = {
            "Train": self.train_panel,
            "Model": self.model_panel,
            "Race": self.race_panel,
            "Scoreboard": self.scoreboard_panel,
            "Calibration": self.calibration_panel,
            "Rivals": self.rivals_panel,
            **Teaching(self.session, self.live, self.jobs).panels(),
            **self.earth_panels(),
        }
        return tuple(LateDock(title, make, window) for title, make in panels.items())

    def train_panel(self) -> QWidget:
        """The panel that trains a network."""
        from diffview.gui.panels.train import TrainPanel

        return TrainPanel(self.session, self.trainer)

    def model_panel(self) -> QWidget:
        """The panel about the model."""
        from diffview.gui.panels.model import ModelPanel

        return ModelPanel(self.session, self.live, self.verifier, self.losses, self.trainer)

    def race_panel(self) -> QWidget:
        """The panel that races samplers."""
        from diffview.gui.panels.race import RacePanel

        return RacePanel(self.session, self.race)

    def scoreboard_panel(self) -> QWidget:
        """The panel of the scoreboard."""
        from diffview.gui.panels.scoreboard import ScoreboardPanel

        return ScoreboardPanel(self.session, self.board, self._trained)

    def calibration_panel(self) -> QWidget:
        """The panel that judges the ensemble on screen."""
        from diffview.gui.panels.calibration import CalibrationPanel

        return CalibrationPanel(self.session, self.calibration, self.solving)

    def rivals_panel(self) -> QWidget:
        """The panel of the rivals."""
        from diffview.gui.panels.rivals import RivalsPanel

        return RivalsPanel(self.session, self.actions_, self.compared, self.rival_scores, self.losses, self._trained)

    def _trained(self) -> "Order | None":
        training = self.trainer.training
        return None if training is None else training.order
