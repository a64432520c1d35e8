"""Work is kept: a second after the hand rests and at the end, beside the window; and found again by the next start."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from diffview.errors import UserError
from diffview.gui.session import Message, Session
from diffview.gui.settings import Settings
from diffview.gui.show.first_words import Offer, offer_of
from diffview.runs.kept_work import MOST, KeptWork, files_of, new_name, read_work, write_work
from diffview.runs.recipe import GIVEN, Recipe

AFTER_MS = 1000
"""Milliseconds after the last change until it is kept: nothing is written while a hand drags."""

LONGEST_S = 8.0
"""Seconds after which it is kept though changes go on, as those of a run that plays do."""

LOOK_MS = 20
AT_END_S = 3.0
"""Seconds that the end of the window waits for its work to be written: a folder may be on a machine that is away."""


class _Aside(Thread):
    """One call beside the window; `result` or `error` is there when it has ended."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(name="keeping", daemon=True)  # the end of the program does not wait for a folder
        self._work, self.result = work, None
        self.error: UserError | None = None
        self.start()

    def run(self) -> None:
        """Do it."""
        try:
            self.result = self._work()
        except UserError as error:
            self.error = error


class Keeping(QObject):
    """Keeps the work of one window in a file of its own, and finds that of windows which have ended.

    A window in which nothing was done keeps nothing, so that what was there before is offered again.

    Signals:
        found: the KeptWork of the window that ended last, and the Offer to go on with it.
    """

    found = Signal(object, object)

    def __init__(self, session: Session, settings: Settings, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._folder = session, settings.work_folder
        self._file = self._folder / new_name()
        self._lock = QLockFile(str(self._file) + ".lock")
        self._lock.setStaleLockTime(0)
        self._kept: object = None
        self._resting = False
        self._writing: _Aside | None = None
        self._looking: _Aside | None = None
        self._told, self._since = bool(settings.unkept), 0.0
        self._soon = QTimer(self, singleShot=True, interval=AFTER_MS)
        self._soon.timeout.connect(self._keep)
        self._look = QTimer(self, interval=LOOK_MS)
        self._look.timeout.connect(self._pull)

    def begin(self) -> None:
        """The window is there: what it shows now is nobody's work yet; look for work that was."""
        self._kept = self._state()
        self._session.shows(self._on_changed, "recipe", "view", at_once=False)
        own = self._file
        self._looking = _Aside(lambda: _newest(self._folder, own))
        self._look.start()

    def rest(self, on: bool) -> None:
        """What a lecture shows is nobody's work: meanwhile nothing is kept, and what was stays."""
        if on and self._kept is not None and self._state() != self._kept:
            self._write()
        self._resting = on

    def close(self) -> None:
        """Keep what was done last, and let the file go."""
        self._look.stop()
        self._soon.stop()
        if self._kept is not None and self._state() != self._kept:
            self._write()
        if self._writing is not None:
            self._writing.join(AT_END_S)
        if self._writing is None or not self._writing.is_alive():
            self._lock.unlock()

    def _state(self) -> object:
        """What counts as work: not where a run has taken the playhead, nor which dock is in front of another."""
        view = self._session.view
        seen = self._session.kept.but(docks=tuple(sorted(view.docks or ())))
        return seen.but(playhead=1.0) if view.follow else seen

    def _on_changed(self) -> None:
        if not self._soon.isActive():
            self._since = time.monotonic()
        if not self._soon.isActive() or time.monotonic() - self._since < LONGEST_S:
            self._soon.start()

    def _keep(self) -> None:
        if self._writing is not None and self._writing.is_alive():
            self._soon.start()
        elif self._state() != self._kept:
            self._tell()
            self._write()
            self._look.start()

    def _write(self) -> None:
        recipe, file = self._session.kept, self._file
        if self._resting or recipe.source.path == GIVEN:  # an array that only its program has
            return
        self._kept = self._state()
        recipe, lock = recipe.but(path=_absolute(recipe)), self._lock
        self._writing = _Aside(lambda: _written(recipe, file, lock))

    def _pull(self) -> None:
        """Say what was found, or that nothing can be kept, once it is known."""
        if self._looking is not None and not self._looking.is_alive():
            result, self._looking = self._looking.result, None
            if result is not None:
                self.found.emit(*result)
        writing = self._writing is not None and self._writing.is_alive()
        if self._looking is None and not writing:
            self._look.stop()
            self._tell()

    def _tell(self) -> None:
        """Say once that work cannot be kept."""
        error = None if self._writing is None else self._writing.error
        if error is not None and not self._told:
            self._told = True
            self._session.tell(Message(f"The work of this window is not kept: {error.sentence}", error.hint, "warning"))


def _absolute(recipe: Recipe) -> str | None:
    path = recipe.source.path
    return None if path is None else os.path.abspath(os.path.expanduser(path))


def _written(recipe: Recipe, file: Path, lock: QLockFile) -> None:
    """Keep a recipe; of windows that have ended only the last few stay."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
    if not lock.isLocked():
        lock.tryLock(0)
    write_work(recipe, file)
    for old in [old for old in files_of(file.parent) if old != file and _is_free(old)][MOST:]:
        old.unlink(missing_ok=True)


def _is_free(file: Path) -> bool:
    """Whether the window of a file has ended."""
    lock = QLockFile(f"{file}.lock")
    lock.setStaleLockTime(0)
    return lock.tryLock(0)  # it goes with this name; one that a kill left is stale


def _newest(folder: Path, own: Path) -> tuple[KeptWork, Offer] | None:
    """The work of the window that ended last, and what is said of it: its file may be on a machine that is away."""
    for file in files_of(folder):
        if file != own and _is_free(file) and (work := read_work(file)) is not None:
            return work, offer_of(work, time.time())
    return None
