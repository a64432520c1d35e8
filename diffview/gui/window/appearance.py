"""How the window looks: dark or light, and the size of its text, as far as the screen has room."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, QTimer
from PySide6.QtWidgets import QMainWindow

from diffview.gui.actions import PANES, Actions
from diffview.gui.session import Message, Session
from diffview.gui.settings import Settings
from diffview.gui.theme import theme
from diffview.gui.window.docking import Docks

ZOOM_CHECK_MS = 50
CLOSE = "Close a dock to make room. "
MODES = {"darkAction": "dark", "lightAction": "light", "systemAction": "system"}


class Appearance(QObject):
    """Chooses the theme and the zoom."""

    def __init__(
        self, window: QMainWindow, session: Session, settings: Settings, actions: Actions, docks: Docks
    ) -> None:
        super().__init__(window)
        self._window, self._session, self._settings = window, session, settings
        self._actions, self._docks = actions, docks
        self._enlarged = self._reduced = False
        self._least = QSize()
        self._soon = QTimer(self, singleShot=True, interval=ZOOM_CHECK_MS)
        self._soon.timeout.connect(self._hold)
        docks.arranged.connect(self._soon.start)
        window.installEventFilter(self)
        theme.changed.connect(self._show_mode)
        self._show_mode()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions of theme and zoom, by name."""
        return {
            "zoomInAction": self.zoom_in,
            "zoomOutAction": partial(theme.zoom, -1),
            "zoomResetAction": partial(theme.zoom, 0),
            **{name: partial(self._choose, mode) for name, mode in MODES.items()},
        }

    def _choose(self, mode: str) -> None:
        theme.use(mode)
        self._settings.set_text("theme", mode)
        self._show_mode()

    def _show_mode(self) -> None:
        for name, mode in MODES.items():
            self._actions[name].setChecked(theme.mode == mode)

    def zoom_in(self) -> None:
        """Larger text, as long as the window still fits its screen."""
        before = theme.scale
        self._enlarged = True
        theme.zoom(1)
        QTimer.singleShot(ZOOM_CHECK_MS, self, lambda: self._check(before))

    def _check(self, before: float) -> None:
        """Return to the zoom before if the window needs more room than there is."""
        if not self._fits():
            theme.set_scale(before)
            QTimer.singleShot(ZOOM_CHECK_MS, self, self._fit)  # until then the larger text keeps the window wide
            self._tell("The text cannot be larger on this screen.")

    def _fits(self) -> bool:
        """Whether the window has room on its screen."""
        room, needed = self._window.screen().availableGeometry(), self._window.minimumSizeHint()
        return needed.width() <= room.width() and needed.height() <= room.height()

    def _tell(self, sentence: str) -> None:
        hint = CLOSE if {*self._docks.open} - {"plots"} else ""
        hint += f"One pane alone has large text: press 1 to {len(PANES)}."
        self._session.tell(Message(sentence, hint))

    def _hold(self) -> None:
        """Larger text, taken in one state, becomes smaller where a layout, a dock or a gap leaves no room for it."""
        least = self._window.minimumSizeHint()
        if not self._enlarged or self._window.isFullScreen():
            return
        if least != self._least:  # not yet arranged
            self._least = least
            self._soon.start()
        elif theme.scale > 1 and not self._fits():
            self._reduced = True
            theme.zoom(-1)
            self._soon.start()
        elif self._reduced:
            self._reduced = False
            self._fit()
            self._tell("The text is smaller: what is shown has no room on the screen for larger.")

    def _fit(self) -> None:
        """Make the window as small as its screen."""
        window = self._window
        size = window.size().boundedTo(window.screen().availableGeometry().size())
        self._docks.follow(size)
        if (layout := window.layout()) is not None:
            layout.activate()  # the minimum size is then that of the new arrangement
        window.resize(size)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch how much room the window needs, while its text is larger."""
        if event.type() is QEvent.Type.LayoutRequest and self._enlarged and theme.scale > 1:
            self._soon.start()
        return super().eventFilter(watched, event)
