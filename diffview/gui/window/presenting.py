"""Presenting: full screen and larger, with only what an audience needs."""

from collections.abc import Iterable

from PySide6.QtCore import QObject, QSize, QTimer
from PySide6.QtWidgets import QMainWindow, QWidget

from diffview.gui.theme import theme
from diffview.gui.window.docking import Docks

ZOOMS = (1.25, 1.2, 1.15, 1.1, 1.05)
"""Zooms, the first at which the whole window fits on the screen is taken; if none does, the zoom stays."""

SETTLE_MS = 60
"""Milliseconds between two checks of the least size of the window, which shrinks layout by layout."""


class Presentation(QObject):
    """Full screen and back."""

    def __init__(self, window: QMainWindow, docks: Docks, furniture: Iterable[QWidget]) -> None:
        """`furniture` are the widgets that an audience does not need: the visible ones are hidden meanwhile."""
        super().__init__(window)
        self._window, self._docks, self._furniture = window, docks, furniture
        self._before: tuple[list[QWidget], bool, float] | None = None
        self._least = QSize()
        self._soon = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._soon.timeout.connect(self._enlarge)

    @property
    def on(self) -> bool:
        """Whether the presentation is on."""
        return self._before is not None

    def toggle(self) -> None:
        """Begin, or end and restore everything."""
        if self._before is None:
            self._window.setUpdatesEnabled(False)  # until it is arranged: a half-built window is never seen
            hidden = [widget for widget in self._furniture if not widget.isHidden()]
            self._before = hidden, self._window.isMaximized(), theme.scale
            for widget in hidden:
                widget.hide()
            self._docks.present(True)
            self._window.showFullScreen()
            self._least = QSize()
            self._soon.start()
        else:
            hidden, maximized, scale = self._before
            self._before = None
            self._soon.stop()
            self._window.setUpdatesEnabled(True)
            theme.set_scale(scale)
            self._window.showMaximized() if maximized else self._window.showNormal()
            for widget in hidden:
                widget.show()
            self._docks.present(False)

    def _enlarge(self) -> None:
        """Enlarge as far as the screen has room, once the least size of the window is stable."""
        least = self._window.minimumSizeHint()
        if self._before is None:
            return
        if least != self._least:
            self._least = least
            self._soon.start()
            return
        room, scale = self._window.screen().size(), theme.scale
        width, height = least.width() / scale, least.height() / scale
        fits = (zoom for zoom in ZOOMS if zoom * width <= room.width() and zoom * height <= room.height())
        theme.set_scale(max(next(fits, 1.0), self._before[2]))
        QTimer.singleShot(SETTLE_MS, self, lambda: self._window.setUpdatesEnabled(True))
