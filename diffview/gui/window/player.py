"""Moves the playhead: plays forward, or back from noise, at the pace of the view, and scrubs by the keys."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from diffview.gui.session import Session
from diffview.gui.show.moment import Change

TICK_MS = 16
DEFAULT_SECONDS = 3.0
FORTH, BACK = (0.0, 1.0), (1.0, 0.0)
"""From t and to t."""


class Player(QObject):
    """Moves the playhead by a clock; `changed` when it starts or ends."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._from, self._way = 0.0, FORTH
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._moving = False
        session.changed.connect(self._on_changed)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions that move the playhead, by name."""
        return {
            "playAction": self.toggle,
            "playBackAction": partial(self.toggle, BACK),
            "forwardStepAction": partial(self.scrub, 1),
            "backStepAction": partial(self.scrub, -1),
            "forwardPageAction": lambda: self.scrub(self._page()),
            "backPageAction": lambda: self.scrub(-self._page()),
            "homeAction": lambda: self.scrub(-self._length),
            "endAction": lambda: self.scrub(self._length),
        }

    @property
    def _length(self) -> int:
        return self._session.recipe.start.chain_length

    def _page(self) -> int:
        return max(1, self._length // 20)

    def scrub(self, rows: int) -> None:
        """Move the playhead by rows of the chain."""
        row = min(max(round(self._session.view.playhead * self._length) + rows, 0), self._length)
        self._session.look(playhead=row / self._length, follow=False)

    @property
    def playing(self) -> bool:
        """Whether the playhead moves."""
        return self._timer.isActive()

    def toggle(self, way: tuple[float, float] = FORTH) -> None:
        """Play on from the playhead, from the start if it stands at the end; or pause."""
        if self.playing:
            self.stop()
            return
        self._way = first, last = way
        playhead = self._session.view.playhead
        self._begin(first if playhead == last else playhead)
        self._timer.start()
        self.changed.emit()

    def _begin(self, t: float) -> None:
        self._from = t
        self._clock.start()

    def stop(self) -> None:
        """Pause."""
        if self.playing:
            self._timer.stop()
            self.changed.emit()

    def _tick(self) -> None:
        seconds = self._session.view.pace or DEFAULT_SECONDS
        first, last = self._way
        t = min(max(self._from + (last - first) * self._clock.elapsed() / 1000 / seconds, 0.0), 1.0)
        self._moving = True
        self._session.look(playhead=round(t * self._length) / self._length, follow=False)
        self._moving = False
        if t == last:
            self._begin(first) if self._session.view.loop else self.stop()

    def _on_changed(self, change: Change) -> None:
        """Stop when the user or a run moves the playhead; another pace holds from where it is."""
        old, new = change.old.view, change.new.view
        if new.pace != old.pace:
            self._begin(new.playhead)
        if not self._moving and (new.playhead != old.playhead or (new.follow and not old.follow)):
            self.stop()
