"""What a command says: its result on stdout; notes, details and one line of progress by time on stderr."""

import errno
import os
import sys
import time
from collections.abc import Callable
from typing import Self, TextIO

from diffview.errors import UserError

TERMINAL, LOG = 0.1, 10.0
"""Seconds between two states of the line of progress: where it is rewritten, and where each is a line of its own."""


class Report:
    """Notes and progress, on a terminal as in a log; what cannot be written is not said, and the work goes on.

    Args:
        loudness: -1: nothing but errors; 0: notes and progress; 1: details too.
        clock: seconds.
    """

    def __init__(self, loudness: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.loudness, self.clock = loudness, clock
        self._live, self._drawn, self._last = sys.stderr.isatty(), 0, clock()

    def note(self, text: str) -> None:
        """Say what the user should know of the result."""
        if self.loudness >= 0:
            self._write(f"{self._cleared()}{text}\n")

    def detail(self, text: str) -> None:
        """Say what was chosen, or how long it took."""
        if self.loudness > 0:
            self.note(text)

    def refuse(self, error: UserError) -> None:
        """Say what was wrong with the input and what to do, however quiet the command is; details show where."""
        if self.loudness > 0:
            import traceback

            self.note("".join(traceback.format_exception(error)))
        hint = f"  {error.hint}\n" if error.hint else ""
        self._write(f"{self._cleared()}diffview: {error.sentence}\n{hint}")

    def progress(self, what: str) -> "Progress":
        """The line of progress of one stage."""
        self._last = self.clock()
        return Progress(self, what)

    def show(self, text: str) -> None:
        """Show this on the line of progress, unless that was renewed a moment ago."""
        now = self.clock()
        if self.loudness < 0 or now - self._last < (TERMINAL if self._live else LOG):
            return
        self._last = now
        if not self._live:
            self._write(f"{text}\n")
            return
        from shutil import get_terminal_size  # not at every start of the window

        text = text[: get_terminal_size().columns - 1]
        self._write(self._cleared() + text)
        self._drawn = len(text)

    def clear(self) -> None:
        """Leave no line of progress on a terminal."""
        self._write(self._cleared())

    def _cleared(self) -> str:
        """What takes the line of progress away."""
        width, self._drawn = self._drawn, 0
        return f"\r{' ' * width}\r" if width else ""

    def _write(self, text: str) -> None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            self.loudness = -1
            _discard(sys.stderr)


class Progress:
    """Progress of one stage, called with its share from 0 to 1."""

    def __init__(self, report: Report, what: str) -> None:
        self._report, self._what, self._began = report, what, report.clock()

    def __call__(self, share: float) -> None:
        """Show a share, and the time that is left if it goes on like this."""
        spent = self._report.clock() - self._began
        left = f", {spoken(spent * (1 - share) / share)} left" if 0 < share < 1 else ""
        self._report.show(f"{self._what}: {share:.0%}{left}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Take the line away, and say how long it took where details are wanted."""
        self._report.clear()
        self._report.detail(f"{self._what}: {self._report.clock() - self._began:.3g} s")


def spoken(seconds: float) -> str:
    """A time to wait as people say it: 42 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    for unit, size, below, smaller in (("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {below}"
    return f"{whole} s"


def write_result(text: str) -> None:
    """Write to stdout what a command is asked for.

    Raises:
        SystemExit: with status 0, if whoever read it has enough of it.
        UserError: if it cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        _discard(sys.stdout)
        if error.errno in (errno.EPIPE, errno.EINVAL):  # the latter on Windows
            raise SystemExit(0) from None
        raise UserError(
            f"The result cannot be written: {error.strerror}.", "Make room, or write it elsewhere."
        ) from None


def _discard(stream: TextIO) -> None:
    """Let a stream go nowhere, with what it still holds, or Python would fail once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def open_closed_streams() -> None:
    """Give stdout and stderr where they are closed, as in a window without a console, or after `>&-`."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as the process
