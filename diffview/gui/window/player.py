"""Plays the forward process: the playhead moves from x_0 to noise at the pace of the view."""

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from diffview.gui.session import Session
from diffview.gui.show.moment import Change

TICK_MS = 16
DEFAULT_SECONDS = 3.0


class Player(QObject):
    """Moves the playhead by a clock; `changed` when it starts or ends."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._from = 0.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._moving = False
        session.changed.connect(self._on_changed)

    @property
    def playing(self) -> bool:
        """Whether the playhead moves."""
        return self._timer.isActive()

    def toggle(self) -> None:
        """Play on from the playhead, from the start if it stands at the end; or pause."""
        if self.playing:
            self.stop()
            return
        playhead = self._session.view.playhead
        self._from = 0.0 if playhead >= 1 else playhead
        self._clock.start()
        self._timer.start()
        self.changed.emit()

    def stop(self) -> None:
        """Pause."""
        if self.playing:
            self._timer.stop()
            self.changed.emit()

    def _tick(self) -> None:
        seconds = self._session.view.pace or DEFAULT_SECONDS
        length = self._session.recipe.start.chain_length
        t = min(1.0, self._from + self._clock.elapsed() / 1000 / seconds)
        self._moving = True
        self._session.look(playhead=round(t * length) / length, follow=False)
        self._moving = False
        if t >= 1:
            self.stop()

    def _on_changed(self, change: Change) -> None:
        """Stop when the user or a run moves the playhead."""
        old, new = change.old.view, change.new.view
        if not self._moving and (new.playhead != old.playhead or (new.follow and not old.follow)):
            self.stop()
