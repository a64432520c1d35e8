"""Requests to the reader process, whose replies are pulled by a timer while any is awaited."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from diffview.gui.session import Session
from diffview.readers.many import last_name
from diffview.readers.process import ReaderProcess

POLL_MS = 2
"""Interval of the timer that takes replies: half of it is lost with every slice, which is read in 13 ms."""


PICTURES = ("read_slice", "read_stack")
"""Requests for what becomes the picture on screen."""


class _Wanted(NamedTuple):
    """The use of a reply; a quiet one fails without a message."""

    then: Callable[[Any], None]
    quiet: bool
    path: str
    what: str
    request: tuple[str, dict[str, Any]]


class Reading(QObject):
    """What is being read, and what becomes of it.

    Signals:
        busy_changed: reading began or ended.
        failed: the UserError that says why something could not be read, and the file.
    """

    busy_changed = Signal(bool)
    failed = Signal(object, str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._reader = ReaderProcess()
        self._wanted: dict[int, _Wanted] = {}
        self._left: list[_Wanted] = []  # quiet requests of a file that another one was opened instead of
        self._told = 0.0
        self._timer = QTimer(self, interval=POLL_MS)
        self._timer.timeout.connect(self._poll)

    @property
    def busy(self) -> bool:
        """Whether something is being read."""
        return bool(self._wanted)

    @property
    def opening(self) -> bool:
        """Whether a slice is being read."""
        return any(not wanted.quiet for wanted in self._wanted.values())

    @property
    def what(self) -> str:
        """The file and dataset that is being read, as text; "" if none is."""
        return next((wanted.what for wanted in self._wanted.values() if not wanted.quiet), "")

    @property
    def picture(self) -> str:
        """The file and dataset whose picture is being read, as text; "" if none is."""
        return next((wanted.what for wanted in self._wanted.values() if wanted.request[0] in PICTURES), "")

    @property
    def share(self) -> float:
        """Share of the current slice that is read, 0 to 1, as last reported."""
        return self._reader.share

    def start(self) -> None:
        """Start the reader process ahead of the first request."""
        self._reader.start()

    def close(self) -> None:
        """End the reader process."""
        self._timer.stop()
        self._wanted.clear()
        self._reader.close()

    def ask(
        self, then: Callable[[Any], None], function: str, quiet: bool = False, instead: int | None = None,
        **arguments: Any,
    ) -> int:  # fmt: skip
        """Ask the reader process, and call `then` with the value when it comes; the number of the request.

        `instead` is the number of one that is withdrawn for it.
        """
        if instead is not None and self._reader.withdraw(instead):
            self._wanted.pop(instead, None)
        ticket = self._reader.submit(function, **arguments)
        path = str(arguments["path"])
        what = " of ".join(filter(None, (arguments.get("dataset") or "", last_name(path))))
        self._wanted[ticket] = _Wanted(then, quiet, path, what, (function, arguments))
        self._timer.start()
        self.busy_changed.emit(self.opening)
        return ticket

    def withdraw(self, ticket: int) -> None:
        """Withdraw a request; one that is being read has a second to end, then its process is ended."""
        if self._reader.withdraw(ticket):
            self._wanted.pop(ticket, None)
            self._settle()

    def leave_for(self, path: str) -> None:
        """Withdraw what was asked of other files than `path`; quiet requests are made again if that is not opened."""
        others = [(ticket, wanted) for ticket, wanted in self._wanted.items() if wanted.path != path]
        self._left += [wanted for _, wanted in others if wanted.quiet]
        for ticket, _ in others:
            self.withdraw(ticket)

    def cancel(self) -> None:
        """Give up the slice that is being read; quiet requests are made again."""
        if self.busy:
            quiet = [wanted for wanted in self._wanted.values() if wanted.quiet]
            self._wanted.clear()
            self._reader.cancel()
            self._reader.poll()
            left, self._left = self._left, []
            self._ask_again([*left, *quiet])
            self._settle()

    def _ask_again(self, quiet: Iterable[_Wanted]) -> None:
        for wanted in quiet:
            self.ask(wanted.then, wanted.request[0], quiet=True, **wanted.request[1])

    def _poll(self) -> None:
        for reply in self._reader.poll():
            wanted = self._wanted.pop(reply.ticket, None)
            if wanted is None or reply.cancelled:
                continue
            if not wanted.quiet:
                left, self._left = self._left, []
                self._ask_again(() if reply.error is None else left)
            if reply.error is None:
                wanted.then(reply.value)
            elif not wanted.quiet:
                self._session.tell_error(reply.error)
                self.failed.emit(reply.error, wanted.path)
        share = round(self._reader.share, 2)
        if self.opening and share and share != self._told:
            self.busy_changed.emit(True)
        self._told = share
        self._settle()

    def _settle(self) -> None:
        if not self._wanted:
            self._timer.stop()
            self.busy_changed.emit(False)
