"""The first screen: what can be begun, and what a beginner can try; over the picture of the field until it is done."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from diffview.gui.actions import EXAMPLE, Actions, names_in
from diffview.gui.jobs.files import Files
from diffview.gui.session import Session
from diffview.gui.settings import Settings
from diffview.gui.show.first_words import GO_ON, HINTS, Offer
from diffview.gui.theme import theme
from diffview.gui.widgets.small.first_card import FirstCard
from diffview.gui.window.keeping import Keeping
from diffview.runs.kept_work import KeptWork
from diffview.runs.recipe import Recipe

DONE = "hints_done"
"""Where the settings remember what was tried."""

CLOSED = "closed"
NOTHING = "No work of a window that has ended was found."
STARTS = ("lectureAction",)
"""Actions that have a button, as far as there are such."""

NARROWEST, WIDEST, MARGIN = 188, 300, 8


class FirstScreen(QObject):
    """Shows the card where nothing else was asked for, and remembers what was tried."""

    def __init__(
        self, session: Session, files: Files, keeping: Keeping, settings: Settings, actions: Actions, over: QWidget
    ) -> None:
        """`over` is the picture that the card lies over; in a narrow window it reaches beyond."""
        super().__init__(over)
        self._session, self._files, self._settings, self._over = session, files, settings, over
        self._actions, self._asked = actions, False
        self._work: KeptWork | None = None
        self._done = settings.text(DONE, "").split()
        self.card = FirstCard(GO_ON, HINTS, over.parentWidget() or over)
        for name in STARTS:
            if name in actions:
                self.card.add_start(actions[name])
        self.card.add_menu("Examples", "examplesButton", [actions[name] for name in names_in(EXAMPLE)])
        self.card.go_on.connect(self.go_on)
        self.card.closed.connect(self._close)
        actions.show("goOnAction", NOTHING)
        keeping.found.connect(self._take)
        over.installEventFilter(self)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions that begin something, by name."""
        return {"goOnAction": self.go_on}

    def begin(self) -> None:
        """Show the card: nothing was asked for, so that there is room for what could be."""
        session, before, self._asked = self._session, self._session.recipe, True
        if CLOSED not in self._done:
            self.card.show()
            self.card.set_open(self._open())
        session.shows(lambda: self._try("drag"), "course.schedule", at_once=False)
        session.shows(lambda: None if session.view.follow else self._try("slide"), "view.playhead", at_once=False)
        self._actions["runAction"].triggered.connect(lambda: self._try("run"))
        session.shows(lambda: self._begun(before), "recipe", "facts.field", at_once=False)
        self._settle()

    def leave(self, on: bool) -> None:
        """A lecture began: the card goes."""
        self.card.setVisible(self.card.isVisible() and not on)

    def go_on(self) -> None:
        """Open what the last window had, as it was looked at."""
        if self._work is not None:
            self._files.open_recipe(self._work.recipe)
            self.card.hide()

    def _take(self, work: KeptWork, offer: Offer) -> None:
        """Work was found: offer it, or say that its file has gone."""
        self._work = work
        self._actions.show("goOnAction", offer.why_not)
        self.card.offer(*offer)
        if self._asked:
            self.card.set_open(self._open())
            self.card.show()
        self._settle()

    def _open(self) -> list[str]:
        return [] if CLOSED in self._done else [key for key in HINTS if key not in self._done]

    def _try(self, key: str) -> None:
        """Something was tried: it goes; with the last of them the whole card."""
        if key not in self._done:
            self._done.append(key)
            self._settings.set_text(DONE, " ".join(self._done))
            self.card.set_open(self._open())
        if not self._open():
            self.card.hide()
        self._settle()

    def _begun(self, before: Recipe) -> None:
        """Other work has begun; what is still to be tried stays."""
        recipe = self._session.recipe
        if recipe != before and (not self._open() or recipe.source.path is not None):
            self.card.hide()

    def _close(self) -> None:
        self._done.append(CLOSED)
        self._settings.set_text(DONE, " ".join(dict.fromkeys(self._done)))
        self.card.hide()

    def _settle(self) -> None:
        QTimer.singleShot(0, self, self._place)

    def _place(self) -> None:
        """Lie at the foot of the picture, as wide as there is room."""
        card, over = self.card, self._over
        width = max(theme.px(NARROWEST), min(theme.px(WIDEST), over.width() - 2 * MARGIN))
        card.setFixedWidth(width)
        height = max(card.heightForWidth(width), card.minimumSizeHint().height())
        corner = over.geometry().bottomLeft()
        card.setGeometry(corner.x() + MARGIN, max(0, corner.y() - height - MARGIN + 1), width, height)
        card.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the picture."""
        if event.type() is QEvent.Type.Resize:
            self._settle()
        return super().eventFilter(watched, event)
