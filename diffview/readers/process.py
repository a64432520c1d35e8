"""The reader process, seen from the window or the command line. No Qt, no h5py and no xarray here.

HDF5 has one global lock and can crash on a damaged file: both stay in a process of their own. It is a plain
`python -m` child and not one of multiprocessing's, because `spawn` runs the main script of the parent again: a script
that ends with `diffview.show(array)` would open a second window, and one that imports torch would load it twice.
"""

import contextlib
import pickle
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from os import environ, pathsep
from pathlib import Path
from typing import IO, Any

import numpy as np

from diffview.errors import UserError
from diffview.readers import FUNCTIONS
from diffview.readers.alive import PATIENCE

GRACE = 1.0
"""Seconds that a request which was withdrawn may still be read before its process is ended, which starts another."""

LEAST_MAPPED = 4 * 2**20
"""Bytes from which an array is mapped: a mapping holds a file open, of which a process may have as few as 256."""

_PACKAGE_FOLDER = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Reply:
    """The reply to one request.

    Attributes:
        ticket: the number that `submit` gave.
        value: of the function; large arrays in it are read-only and mapped from a file.
        error: why there is no value, or None.
        traceback: of a fault of the reader itself, for the log; "" of an error that the user can mend.
        cancelled: whether `cancel` ended the request; then there is neither value nor error.
    """

    ticket: int
    value: Any = None
    error: UserError | None = None
    traceback: str = ""
    cancelled: bool = False


@dataclass(frozen=True)
class _Request:
    ticket: int
    name: str
    arguments: dict[str, Any]


class _ReplyUnpickler(pickle.Unpickler):
    """Reads replies; arrays that were left as files are read or mapped and their files unlinked, texts come cut."""

    def __init__(self, stream: IO[bytes], folder: Path) -> None:
        super().__init__(stream)
        self._folder = folder

    def persistent_load(self, named: tuple[str, str]) -> Any:
        kind, name = named
        if kind == "text":
            return name
        path = self._folder / name
        large = path.stat().st_size >= LEAST_MAPPED
        array = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
        array.flags.writeable = False
        with contextlib.suppress(OSError):  # Windows keeps mapped files; they go with their folder
            path.unlink()
        return np.asarray(array)


class _Child:
    """One running worker with its folder of temporary files and the thread that collects its replies."""

    def __init__(self, patience: float) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="diffview-reader-"))
        self.replies: queue.SimpleQueue[Reply | None] = queue.SimpleQueue()  # None: the child has ended
        self.shares: deque[tuple[int, float]] = deque(maxlen=1)  # (ticket, share done), the newest
        path = pathsep.join([str(_PACKAGE_FOLDER), *filter(None, [environ.get("PYTHONPATH")])])
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "diffview.readers.worker", str(self.folder), str(patience)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr else subprocess.DEVNULL,  # a program without a console has none
            env={**environ, "PYTHONPATH": path},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._discard = weakref.finalize(self, _end, self.process, self.folder)
        threading.Thread(
            target=_collect,
            args=(self.process.stdout, self.folder, self.replies, self.shares),
            name="reader replies",
            daemon=True,
        ).start()

    def send(self, request: _Request) -> None:
        """Write a request; a child that has ended is noticed by the thread that reads its replies."""
        stream = self.process.stdin
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.write(pickle.dumps((request.ticket, request.name, request.arguments)))
                stream.flush()

    def kill(self) -> None:
        """End the process and remove its files."""
        self._discard()


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Kill a child, wait for it and remove its files; arrays already mapped stay valid."""
    process.kill()
    process.wait()
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    shutil.rmtree(folder, ignore_errors=True)


def _collect(
    stream: IO[bytes], folder: Path, replies: "queue.SimpleQueue[Reply | None]", shares: deque[tuple[int, float]]
) -> None:
    """Move replies from the pipe into the queue, and progress beside it, until the child ends, however it ends."""
    with stream:
        while True:
            try:
                ticket, *said = _ReplyUnpickler(stream, folder).load()
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                break
            if len(said) == 1:
                shares.append((ticket, said[0]))
            else:
                value, error, traceback = said
                replies.put(Reply(ticket, value, error, traceback.decode()))
    replies.put(None)


class ReaderProcess:
    """A long-lived process that reads files; for use from one thread.

    Requests are answered in order, one at a time. If the process dies, the request it worked on gets an error and
    the next one a fresh process.

    Args:
        patience: seconds of processor time after which a request that makes no progress ends the process.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._child: _Child | None = None
        self._waiting: deque[_Request] = deque()
        self._active: _Request | None = None
        self._withdrawn: float | None = None  # when the active one was
        self._done: list[Reply] = []
        self._last_ticket = 0

    @property
    def pid(self) -> int | None:
        """Process id of the child, None while there is none."""
        return self._child.process.pid if self._child else None

    @property
    def folder(self) -> Path | None:
        """Where the child leaves large arrays, None while there is none."""
        return self._child.folder if self._child else None

    @property
    def busy(self) -> bool:
        """Whether a request is being read or waits."""
        return self._active is not None or bool(self._waiting)

    @property
    def share(self) -> float:
        """Share of the current request that is done, 0 to 1, as last reported."""
        shares = list(self._child.shares) if self._child else []
        return next((share for ticket, share in shares if self._active and ticket == self._active.ticket), 0.0)

    def start(self) -> None:
        """Start the process if there is none; returns at once."""
        if self._child is None:
            self._child = _Child(self._patience)

    def submit(self, function_name: str, **kwargs: Any) -> int:
        """Ask for a function of `FUNCTIONS` and return the number of the request; never waits.

        Raises:
            KeyError: if there is no such function.
        """
        if function_name not in FUNCTIONS and ":" not in function_name:
            raise KeyError(function_name)
        self._last_ticket += 1
        self._waiting.append(_Request(self._last_ticket, function_name, kwargs))
        self._pump()
        return self._last_ticket

    def withdraw(self, ticket: int) -> bool:
        """Forget a request, no reply to which comes; False if it was answered.

        One that is being read is given a second to end; then `poll` or the next request ends its process.
        """
        if self._active is not None and self._active.ticket == ticket:
            if self._withdrawn is None:
                self._withdrawn = time.monotonic()
            return True
        waiting = next((request for request in self._waiting if request.ticket == ticket), None)
        if waiting is not None:
            self._waiting.remove(waiting)
        return waiting is not None

    def poll(self) -> list[Reply]:
        """The replies that have come since the last call; never waits."""
        self._pump()
        done, self._done = self._done, []
        return done

    def call(self, function_name: str, **kwargs: Any) -> Any:
        """Ask and wait for the value; replies to other requests are kept for `poll`.

        Raises:
            UserError: why there is no value.
        """
        ticket = self.submit(function_name, **kwargs)
        while True:
            for reply in self._done:
                if reply.ticket == ticket:
                    self._done.remove(reply)
                    if reply.error is not None:
                        raise reply.error
                    return reply.value
            self._pump(wait=True)

    def cancel(self) -> None:
        """Kill the process, answer every open request as cancelled, and start a fresh process."""
        dropped = [*([self._active] if self._active else []), *self._waiting]
        self._done += [Reply(request.ticket, cancelled=True) for request in dropped]
        self.close()
        self.start()

    def close(self) -> None:
        """End the process and remove its files; a later request starts another."""
        self._active = self._withdrawn = None
        self._waiting.clear()
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _pump(self, wait: bool = False) -> None:
        """Take the replies that have come and send the next request; with `wait`, sleep until a reply comes."""
        if self._withdrawn is not None and time.monotonic() - self._withdrawn >= GRACE and self._child is not None:
            self._child.kill()
            self._child = self._active = self._withdrawn = None
        self._send_next()
        while self._child is not None:
            try:
                reply = self._child.replies.get(block=wait)
            except queue.Empty:
                return
            self._take(reply)
            self._send_next()
            wait = False

    def _take(self, reply: Reply | None) -> None:
        """Note a reply, or the end of the child; one to a request that was withdrawn is dropped."""
        if self._withdrawn is None and reply is not None:
            self._done.append(reply)
        elif self._withdrawn is None and self._active is not None:
            self._done.append(Reply(self._active.ticket, error=_stopped(self._active)))
        self._active = self._withdrawn = None
        if reply is None and self._child is not None:
            self._child.kill()
            self._child = None

    def _send_next(self) -> None:
        """Send the child its next request if it has none; a child that died while idle is replaced silently."""
        if self._active is None and self._waiting:
            if self._child is not None and self._child.process.poll() is not None:
                self._child.kill()
                self._child = None
            self._active = self._waiting.popleft()
            self.start()
            if self._child is not None:
                self._child.send(self._active)


def _stopped(request: _Request) -> UserError:
    """The error of the request during which the child died."""
    return UserError(
        f"The reader stopped while reading {request.arguments.get('path', 'a file')}.",
        "The file may be damaged, or memory ran out; choose another dataset or another file.",
    )
