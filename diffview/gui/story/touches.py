"""Touches in the middle of a talk: what somebody changes, and not the script."""

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.moment import Change
from diffview.gui.story.scenery import Scenery


class Touches(QObject):
    """Notes whether somebody has touched something since the script was last followed, and what came of it.

    Signals:
        left: after a touch, something else is seen than the script has.
    """

    left = Signal()

    def __init__(self, session: Session, live: Live, scenery: Scenery) -> None:
        super().__init__(scenery)
        self._live, self._scenery = live, scenery
        self._touched = False
        session.changed.connect(self._note_change)
        live.run_changed.connect(self._note_run)

    def touch(self) -> None:
        """Somebody has touched something: what changes from now on leaves the script."""
        self._touched = True

    def forget(self) -> None:
        """The script is followed from now on."""
        self._touched = False

    def leave(self) -> None:
        """Something else is seen; without a touch, or by the script itself, that is no reason to leave it."""
        if self._touched and not self._scenery.at_work:
            self.left.emit()

    def _note_change(self, change: Change) -> None:
        old, new = change.old.view, change.new.view
        moved = replace(old, playhead=new.playhead) if new.follow else old  # a run may go on moving the playhead
        if change.touched("recipe", "facts.field") or moved != new:
            self.leave()

    def _note_run(self) -> None:
        if self._live.playing:
            self.leave()
