"""The docks that teach, made when they are first shown: one step seen, densities, clouds, and a learning as a film."""

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from diffview.gui.jobs.live import Live
from diffview.gui.session import Session


class Teaching:
    """Makes their panels."""

    def __init__(self, session: Session, live: Live) -> None:
        self._session, self._live = session, live

    def panels(self) -> dict[str, Callable[[], QWidget]]:
        """By the titles of their docks."""
        return {"One step": self.step_panel}

    def step_panel(self) -> QWidget:
        """The panel of one step."""
        from diffview.gui.panels.one_step import OneStepPanel

        return OneStepPanel(self._session, self._live)
