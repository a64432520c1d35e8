"""Docks and jobs that are imported and made when they are first used.

The start is shorter by the import of all that trains, verifies and races.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDockWidget, QWidget

from diffview.gui.jobs.live import Live
from diffview.gui.session import Session

if TYPE_CHECKING:
    from diffview.gui.jobs.background import AnyBackground
    from diffview.gui.jobs.loss_check import LossCheckJob
    from diffview.gui.jobs.races import BoardJob, RaceJob
    from diffview.gui.jobs.trainer import TrainerJob
    from diffview.gui.jobs.verifier import VerifierJob
    from diffview.gui.show.training_order import Order


class LateDock(QDockWidget):
    """A dock that makes its panel when it is first shown."""

    def __init__(self, title: str, make: Callable[[], QWidget], parent: QWidget) -> None:
        super().__init__(title, parent)
        self._make: Callable[[], QWidget] | None = make

    def showEvent(self, event: QShowEvent) -> None:
        """Make the panel, once."""
        make, self._make = self._make, None
        if make is not None:
            self.setWidget(make())
        super().showEvent(event)


class LateJobs:
    """The jobs that only such docks start, and the panels of these docks; a base class of the window."""

    session: Session
    live: Live

    @cached_property
    def trainer(self) -> "TrainerJob":
        """Trains networks."""
        from diffview.gui.jobs.trainer import TrainerJob

        return TrainerJob(self.session, lambda: self.live.active, cast(QObject, self))

    @cached_property
    def verifier(self) -> "VerifierJob":
        """Verifies networks on fields they never saw."""
        from diffview.gui.jobs.verifier import VerifierJob

        return VerifierJob("verifying", self.session, self._computes, cast(QObject, self))

    @cached_property
    def losses(self) -> "LossCheckJob":
        """Measures losses at every noise level."""
        from diffview.gui.jobs.loss_check import LossCheckJob

        return LossCheckJob(self.session, self._computes, cast(QObject, self))

    @cached_property
    def race(self) -> "RaceJob":
        """Races samplers."""
        from diffview.gui.jobs.races import RaceJob

        return RaceJob("racing", self.session, lambda: self.live.active, cast(QObject, self))

    @cached_property
    def board(self) -> "BoardJob":
        """Scores schedules, grids and samplers."""
        from diffview.gui.jobs.races import BoardJob

        return BoardJob("scoring", self.session, self._computes, cast(QObject, self))

    def late_docks(self, window: QWidget) -> tuple[LateDock, ...]:
        """The docks that show them."""
        panels = {
            "Train": self.train_panel,
            "Model": self.model_panel,
            "Race": self.race_panel,
            "Scoreboard": self.scoreboard_panel,
        }
        return tuple(LateDock(title, make, window) for title, make in panels.items())

    @property
    def late_jobs(self) -> "Iterator[AnyBackground]":
        """The jobs that have been made; the others are not at work."""
        return (vars(self)[name] for name in ("trainer", "verifier", "losses", "race", "board") if name in vars(self))

    def _computes(self) -> bool:
        return self.live.active or ("trainer" in vars(self) and self.trainer.active)

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

    def _trained(self) -> "Order | None":
        training = self.trainer.training
        return None if training is None else training.order
