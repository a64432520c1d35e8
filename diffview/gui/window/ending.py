"""Signals of the system that end the window: Ctrl+C in the terminal, SIGTERM, a terminal that is closed."""

import contextlib
import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier

ENDING = tuple(
    number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None
)


class Ending(QObject):
    """Closes the window as its button does when the system asks for it.

    Python runs its handlers between two instructions, and none runs while the window is idle: the system writes the
    number of the signal to a socket that wakes it.

    Attributes:
        status: exit status, 128 and the number of the signal that came last; 0 while none did.
    """

    def __init__(self, close: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._close, self.status = close, 0
        self._here, self._there = socket.socketpair()
        for end in (self._here, self._there):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._here.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._end)
        self._before = signal.set_wakeup_fd(self._there.fileno(), warn_on_full_buffer=False)
        self._handlers = [(number, signal.signal(number, lambda *_: None)) for number in ENDING]

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            for number in self._here.recv(16):
                if number in ENDING:
                    self.status = 128 + number
                    self._close()

    def restore(self) -> None:
        """Give the signals back."""
        for number, handler in self._handlers:
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before)
        self._notifier.setEnabled(False)
        self._here.close()
        self._there.close()
