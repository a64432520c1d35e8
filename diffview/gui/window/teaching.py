"""The docks that teach, made when they are first shown: one step seen, densities, clouds, and a learning as a film."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session


class Teaching:
    """Makes their panels."""

    def __init__(self, session: Session, live: Live, jobs: Jobs) -> None:
        self._session, self._live, self._jobs = session, live, jobs

    def panels(self) -> dict[str, Callable[[], QWidget]]:
        """By the titles of their docks."""
        return {
            "One step": self.step_panel,
            "Density": self.density_panel,
            "Cloud": self.cloud_panel,
            "Learning": self.learning_panel,
        }

    def step_panel(self) -> QWidget:
        """The panel of one step."""
        from diffview.gui.panels.one_step import OneStepPanel

        return OneStepPanel(self._session, self._live)

    def density_panel(self) -> QWidget:
        """The panel of one dimension."""
        from diffview.gui.jobs.points import PathsBackground
        from diffview.gui.panels.density import DensityPanel

        return DensityPanel(self._session, PathsBackground(self._jobs))

    def cloud_panel(self) -> QWidget:
        """The panel of the plane."""
        from diffview.gui.jobs.points import CloudBackground, PointLearner
        from diffview.gui.panels.cloud import CloudPanel

        return CloudPanel(self._session, CloudBackground(self._jobs), PointLearner(self._jobs))

    def learning_panel(self) -> QWidget:
        """The panel of a learning as a film."""
        from diffview.gui.jobs.film_run import FilmRunner
        from diffview.gui.panels.learning import LearningPanel

        return LearningPanel(self._session, FilmRunner(self._jobs))
