"""The talk and the stage, imported and made when a lecture, or one view alone, is first asked for."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMainWindow, QVBoxLayout

from diffview.gui.actions import PANES
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.live import Live
from diffview.gui.panels.images import ReversePanel
from diffview.gui.session import Session
from diffview.gui.settings import Settings
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.window.first_screen import FirstScreen
from diffview.gui.window.keeping import Keeping
from diffview.gui.window.opening import Opening
from diffview.gui.window.scales import StageScales
from diffview.gui.window.stage_parts import StageParts, card_of

if TYPE_CHECKING:
    from diffview.gui.window.lecturing import Lecturing
    from diffview.gui.window.staging import Staging

PLACE = "talk.json"
"""Beside the settings: where a talk was when it was cut short."""


class Hall(NamedTuple):
    """What plays a lecture, and what shows it."""

    lecturing: "Lecturing"
    staging: "Staging"


class HallWindow(QMainWindow):
    """A window in which talks are given; the base class of the one there is.

    Attributes:
        parts: the views that can be on the stage.
    """

    session: Session
    settings: Settings
    live: Live
    files: Files
    keeping: Keeping
    first_screen: FirstScreen
    reverse: ReversePanel
    jobs: Jobs
    opening: Opening
    parts: StageParts
    _rows: QVBoxLayout

    @cached_property
    def hall(self) -> Hall:
        """The talk and the stage."""
        from diffview.gui.jobs.handout import HandoutMaker
        from diffview.gui.window.lecturing import Keep, Lecturing
        from diffview.gui.window.staging import Staging

        handouts, keep = HandoutMaker(self.jobs), Keep(self.settings.beside(PLACE), self.opening.remember)
        lecturing = Lecturing(self.session, self.live, self.files, handouts, keep, self)
        for follow in (self.keeping.rest, self.first_screen.leave):
            lecturing.talk.switched.connect(follow)
        scales = partial(StageScales, self.session, self.live, self.reverse)
        staging = Staging(self.session, self.live, lecturing.talk, self.parts, scales, self)
        self._rows.insertWidget(self._rows.count() - 1, staging.line)
        return Hall(lecturing, staging)

    @property
    def lecturing(self) -> "Lecturing":
        """Begins and ends talks."""
        return self.hall.lecturing

    @property
    def staging(self) -> "Staging":
        """Puts views on the stage."""
        return self.hall.staging

    def hall_handlers(self) -> dict[str, Callable[[], object]]:
        """The actions of the lecture, and those that show one view alone, by name."""
        return {
            "lectureAction": self._toggle_lecture,
            "writeLectureAction": self._write_lecture,
            "exportLectureAction": self._export_lecture,
            **{f"{name}PaneAction": partial(self._show_alone, name) for name in PANES},
        }

    def _toggle_lecture(self) -> None:
        self.lecturing.toggle()

    def _write_lecture(self) -> None:
        self.lecturing.write()

    def _export_lecture(self) -> None:
        self.lecturing.export(self)

    def follow_double_clicks(self) -> None:
        """A double click on a view, or on the title of its card, shows it alone."""
        for name, view in self.parts.made.items():
            alone = partial(self._show_alone, name)
            for picture in (view, *view.findChildren(ImageView)):
                if isinstance(picture, ImageView):
                    picture.largeAsked.connect(alone)
            if (card := card_of(view)) is not None:
                card.largeAsked.connect(alone)

    def _show_alone(self, name: str) -> None:
        """Show a view alone in the next turn of the event loop: it must not move under a press of the mouse."""
        QTimer.singleShot(0, self, lambda: self.staging.toggle_pane(name))

    def offer_talk(self) -> None:
        """Offer to go on with a talk that was cut short, if one was."""
        if self.settings.beside(PLACE).exists():
            self.lecturing.offer()

    def close_hall(self) -> None:
        """The window is closed: a talk ends in order, and the views come back."""
        if "hall" in vars(self):
            self.lecturing.close()
            self.staging.close()
