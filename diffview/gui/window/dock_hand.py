"""What the user has done to the docks: moved, opened and closed them, and which lie in front."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QDockWidget, QWidget


class DockHand(QObject):
    """Watches the docks of a window.

    Attributes:
        moved: whether the user has moved docks since a layout was taken.
        chosen: whether the user has opened or closed some since then.
        behind: the docks that are open behind others.

    Signals:
        changed: other docks are open or in front, by the user or by program.
    """

    changed = Signal()

    def __init__(self, window: QWidget, docks: Iterable[QDockWidget]) -> None:
        super().__init__(window)
        self._window, self._arranging = window, False
        self.moved = self.chosen = False
        self.behind: set[QDockWidget] = set()
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.changed)
        for dock in docks:
            dock.dockLocationChanged.connect(self._take_note)
            dock.topLevelChanged.connect(self._take_note)
            dock.toggleViewAction().triggered.connect(lambda on, dock=dock: self._ask(dock, on))
            dock.visibilityChanged.connect(lambda seen, dock=dock: self._note_front(dock, seen))
            dock.installEventFilter(self)

    def begin_anew(self) -> None:
        """A layout is taken in its original form."""
        self.moved = self.chosen = False
        self._soon.start()

    @contextmanager
    def by_program(self) -> Iterator[None]:
        """Docks that move in here are not moved by the user."""
        before, self._arranging = self._arranging, True
        try:
            yield
        finally:
            self._arranging = before

    def _take_note(self) -> None:
        self.moved = self.moved or not self._arranging

    def _note_front(self, dock: QDockWidget, seen: bool) -> None:
        """Note whether a dock is behind others; one that is hidden stays what it was."""
        if seen:
            self.behind.discard(dock)
        elif not dock.isHidden():
            self.behind.add(dock)
        self._soon.start()

    def _ask(self, dock: QDockWidget, on: bool) -> None:
        """Bring a dock that is asked for to the front; only one that is in front is closed."""
        self.chosen = True
        if on or dock in self.behind:
            dock.show()
            dock.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch docks that the user closes."""
        if event.type() is QEvent.Type.Close and self._window.isVisible():
            self.chosen = True
        return super().eventFilter(watched, event)
