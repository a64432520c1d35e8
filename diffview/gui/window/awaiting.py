"""A picture that takes long to be read: it is named at once, and the old pictures are drawn faintly meanwhile."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from diffview.gui.jobs.files import Files
from diffview.gui.panels.base import PictureCard
from diffview.gui.panels.toolbar import ToolbarPanel
from diffview.gui.show.field_words import awaited_text

PATIENCE_MS = 250
"""Milliseconds of reading after which the old pictures fade; with shorter reads they would flicker."""


ANOTHER = "reading another…"


class Awaiting(QObject):
    """Follows what is being read.

    Attributes:
        shown: whether the old pictures are drawn faintly.
    """

    def __init__(self, files: Files, toolbar: ToolbarPanel, cards: Sequence[PictureCard], window: QWidget) -> None:
        """`cards` are those of the pictures, that of the field first."""
        super().__init__(window)
        self._reading, self._toolbar, self._cards, self._window = files.reading, toolbar, cards, window
        self.shown = False
        self._patience = QTimer(self, interval=PATIENCE_MS, singleShot=True)
        self._patience.timeout.connect(self._begin)
        files.reading.busy_changed.connect(lambda _: self._follow())
        files.reading.failed.connect(lambda *_: self._follow())
        files.opened.connect(self._arrive)

    def show_title(self, awaited: str = "") -> None:
        """Name the open field in the title of the window and in the toolbar, or what is being read."""
        self._toolbar.show_field(awaited)
        self._window.setWindowTitle(f"{self._toolbar.field.text()} · diffview")

    def _follow(self) -> None:
        """Begin to wait when a picture is asked for, and end when none is."""
        if not self._reading.picture:
            self._arrive()
        elif not self.shown and not self._patience.isActive():
            self._patience.start()

    def _arrive(self) -> None:
        """A picture is there, or given up; another one may be on its way."""
        self._patience.stop()
        if self.shown:
            self._show("")
        if self._reading.picture:
            self._patience.start()

    def _begin(self) -> None:
        self._show(self._reading.picture)

    def _show(self, what: str) -> None:
        self.shown = bool(what)
        self.show_title(awaited_text(what) if what else "")
        for card in self._cards:
            card.set_awaited(self.shown)
        self._cards[0].view.set_badge(ANOTHER if what else "")  # the others have badges of their own
