"""Errors become messages; a bug is logged with its traceback, and the window keeps running."""

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, Slot

from diffview import __version__
from diffview.errors import LESS, UserError, explained
from diffview.gui.session import Message
from diffview.paths import plain_target, user_folder

_log = logging.getLogger("diffview")


def log_file() -> str:
    """Where mistakes are written: the path of the log, which is opened at its first entry, or the terminal."""
    folder = user_folder("log")
    if not _log.handlers:
        from logging.handlers import RotatingFileHandler  # here, for the sake of the start

        handler: logging.Handler = logging.StreamHandler()  # where the log cannot be written
        with contextlib.suppress(OSError, UserError):
            file = plain_target(folder / "diffview.log")  # opening a pipe would wait for somebody who reads
            handler = RotatingFileHandler(file, maxBytes=1_000_000, backupCount=2, encoding="utf-8")
        handler.setFormatter(logging.Formatter(f"%(asctime)s diffview {__version__} %(levelname)s %(message)s"))
        _log.addHandler(handler)
    return str(getattr(_log.handlers[0], "baseFilename", "the terminal"))


def report(error: BaseException, tell: Callable[[Message], None], less: str = LESS) -> None:
    """Show an error as one sentence and a hint; what cannot be explained is a bug, and is logged.

    Args:
        error: whatever was raised.
        tell: shows the message.
        less: hint how to take less memory.
    """
    told = explained(error, less) or UserError(
        f"diffview made a mistake: {type(error).__name__}: {error}.",
        f"Nothing is lost. The details are in {log_bug(error)}.",
    )
    tell(Message(told.sentence, told.hint, "error"))


def log_bug(error: BaseException) -> str:
    """Write an error and its traceback to the log; the path of the log."""
    path = log_file()
    _log.error("".join(traceback.format_exception(error)))
    return path


class ErrorHook(QObject):
    """Takes over sys.excepthook and threading.excepthook: a failure in any thread is shown by the window's thread."""

    raised = Signal(object)

    def __init__(self, tell: Callable[[Message], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tell = tell
        self.raised.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._old = sys.excepthook, threading.excepthook
        sys.excepthook = self._hook
        threading.excepthook = lambda args: self.raised.emit(args.exc_value)

    def restore(self) -> None:
        """Give the hooks back."""
        sys.excepthook, threading.excepthook = self._old

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt) or self.thread().loopLevel() == 0:  # nobody would show it
            self._old[0](kind, error, trace)
            return
        self.raised.emit(error)

    @Slot(object)
    def _show(self, error: BaseException) -> None:
        report(error, self._tell)
