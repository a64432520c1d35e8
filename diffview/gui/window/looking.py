"""The actions that change the view, its layout, and the densities, for which a low window has no room."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from diffview.errors import UserError
from diffview.gui.actions import Actions
from diffview.gui.session import Message, Session
from diffview.gui.settings import Settings
from diffview.gui.show.reverse_modes import kind_of, turned_to
from diffview.gui.window.docking import Docks

PACES = {"paceThreeAction": 3.0, "paceTenAction": 10.0, "paceThirtyAction": 30.0, "paceFreeAction": 0.0}
TOGGLES = {
    "autoRunAction": "auto_run",
    "densitiesAction": "densities",
    "coastAction": "coast",
    "loopAction": "loop",
    "formulasAction": "formulas",
}
"""Values of the view that are on or off, by the name of their action."""


class Looking(QObject):
    """Keeps the checks of the actions, and the arrangement of the docks, in step with the view.

    The densities are hidden in a low window, and shown again in a higher one if they were shown.
    """

    def __init__(self, session: Session, actions: Actions, docks: Docks, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._actions, self._docks = session, actions, docks
        self._densities = True
        session.shows(self._show_view, "view.pace", "view.reverse", *(f"view.{name}" for name in TOGGLES.values()))
        session.shows(self._take_layout, "view.layout", "view.docks", at_once=False)
        docks.arranged.connect(self._note_layout)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions of the view, by name."""
        paces = {name: partial(self._session.look, pace=pace) for name, pace in PACES.items()}
        toggles = {name: partial(self._toggle, name) for name in TOGGLES}
        return {**toggles, **paces, "oneShotAction": self._turn}

    def _turn(self) -> None:
        """From the run to one shot, or back."""
        shown = self._session.view.reverse
        self._session.look(reverse=turned_to("run" if kind_of(shown) == "shot" else "shot", shown))

    def _toggle(self, name: str) -> None:
        self._session.look(**{TOGGLES[name]: self._actions[name].isChecked()})

    def _show_view(self) -> None:
        view = self._session.view
        self._actions["oneShotAction"].setChecked(kind_of(view.reverse) == "shot")
        for name, value in TOGGLES.items():
            self._actions[name].setChecked(getattr(view, value))
        for name, pace in PACES.items():
            self._actions[name].setChecked(view.pace == pace)

    def _take_layout(self) -> None:
        view = self._session.view
        try:
            self._docks.take(view.layout, view.docks)
        except UserError as error:
            self._session.tell(Message(error.sentence, error.hint, "warning"))
            self._note_layout()

    def _note_layout(self) -> None:
        self._session.look(layout=self._docks.layout, docks=self._docks.open)

    def follow_height(self, low: bool) -> None:
        """The window has become too low for the densities, or high enough again."""
        shown = self._session.view.densities
        self._densities = shown if low else self._densities or shown
        self._session.look(densities=self._densities and not low)

    def begin(self, remembered: bool, low: bool) -> None:
        """The window opens; `remembered`: whether the view holds what was wanted before, as one with a layout does."""
        asked = bool(self._session.view.layout)
        self._take_layout() if asked else self._note_layout()
        self._densities = self._session.view.densities if remembered or asked else True
        self._session.look(densities=self._densities and not low)

    def save(self, settings: Settings, low: bool) -> None:
        """Save the view, with densities that are hidden only because the window is low."""
        view = self._session.view
        settings.save_view(replace(view, densities=view.densities or (self._densities and low)))
