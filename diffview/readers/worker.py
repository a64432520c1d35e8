"""The child of `readers.process`: a loop that reads requests from stdin and writes replies to stdout.

Started as `python -P -m diffview.readers.worker FOLDER PATIENCE`. Replies are pickled; arrays of more than a few
kilobytes are left in FOLDER as .npy files and only named in the reply. Before the reply to a long request come pairs
(ticket, share done).
"""

import contextlib
import importlib
import io
import os
import pickle
import shutil
import signal
import sys
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from diffview.errors import UserError
from diffview.machine import give_memory_back
from diffview.readers import FUNCTIONS
from diffview.readers.alive import listen, watch

UNWATCHED = frozenset({"read_stack", "read_beside"})  # reads a thousand slices in one call of the library
LARGE = 16 * 2**10  # bytes; smaller arrays travel in the pipe
REPORT_S = 0.1  # seconds between two reports of the share that is done


LONGEST = 1000
"""Characters of a text that leaves this process: a longer one of a damaged file would freeze the window."""

MEMORY = 2 * 2**30
"""Bytes of address space that a request may take: numbers of a damaged file ask for any."""


class ReplyPickler(pickle.Pickler):
    """Pickles a reply; large arrays become files of `folder`, named in the stream, and long texts are cut."""

    def __init__(self, stream: BinaryIO, folder: Path) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._folder = folder

    def persistent_id(self, item: Any) -> tuple[str, str] | None:
        """("file", the name of the one that holds an array), ("text", a cut one), or None: pickled in place."""
        if type(item) is str and len(item) > LONGEST:
            return "text", item[: LONGEST - 1] + "…"
        if type(item) is not np.ndarray or item.nbytes < LARGE or item.dtype.hasobject:
            return None
        name = f"{uuid.uuid4().hex}.npy"
        np.save(self._folder / name, item, allow_pickle=False)
        return "file", name


def answer(name: str, arguments: dict[str, Any]) -> tuple[Any, UserError | None, bytes]:
    """(value, error, traceback) of one request; every failure comes back as a sentence."""
    try:
        module, _, function = name.rpartition(":")
        module = module or f"diffview.readers.{FUNCTIONS[name]}"
        with limited_memory(MEMORY if name in FUNCTIONS else None):
            return getattr(importlib.import_module(module), function)(**arguments), None, b""
    except UserError as error:
        return None, UserError(error.sentence, error.hint), b""
    except MemoryError:
        where = arguments.get("path", "The file")
        said = f"{where} needs more memory than a file is given ({MEMORY / 2**30:.0f} GB), or than there is."
        return None, UserError(said, "Choose a smaller dataset."), b""
    except Exception as error:  # noqa: BLE001 (the last resort of a process: no request stays unanswered)
        where = arguments.get("path", "The file")
        sentence = f"{where} could not be read: the reader met an error of its own ({type(error).__name__}: {error})."
        hint = "This is a fault of diffview, or the file is damaged in an unusual way: please report it."
        return None, UserError(sentence, hint), traceback.format_exc().encode()


def packed_reply(ticket: int, reply: tuple[Any, UserError | None, bytes], folder: Path) -> bytes:
    """The reply as bytes; if its arrays find no room on the disk, an error instead."""
    for content in (reply, None):
        stream = io.BytesIO()
        try:
            ReplyPickler(stream, folder).dump((ticket, *(content or _no_room(folder))))
        except OSError:
            continue
        return stream.getvalue()
    raise AssertionError("an error holds no arrays and always fits")


def _no_room(folder: Path) -> tuple[None, UserError, bytes]:
    sentence = f"The picture could not be handed over: {folder} has no room or may not be written."
    return None, UserError(sentence, "Free some space there, or set TMPDIR to another folder."), b""


def load_functions() -> None:
    """Import every module that answers requests, and h5py with them."""
    for name in dict.fromkeys(FUNCTIONS.values()):
        importlib.import_module(f"diffview.readers.{name}")


def warm_up() -> None:
    """Import xarray (most of a second, pandas with it) while nobody waits; lists of groups do not need it."""
    importlib.import_module("diffview.readers.packing").load_xarray()


@contextlib.contextmanager
def limited_memory(most: int | None) -> Iterator[None]:
    """Allow this process `most` more bytes of address space than it has; no limit where the system has none.

    Beyond the limit come MemoryErrors and errors of the library; without it the machine would swap.
    """
    statm = Path("/proc/self/statm")
    if most is None or not statm.exists():
        yield
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = int(statm.read_text().split()[0]) * resource.getpagesize() + most
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def reporter(ticket: int, replies: BinaryIO) -> Callable[[float], None]:
    """A function that reports the share of a request that is done to the window, now and then."""
    last = time.monotonic()

    def report(share: float) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= REPORT_S:
            last = now
            replies.write(pickle.dumps((ticket, share)))
            replies.flush()

    return report


def serve(requests: BinaryIO, replies: BinaryIO, folder: Path, patience: float) -> None:
    """Answer requests until the parent closes the pipe or dies, or one of them makes no progress."""
    while True:
        try:
            ticket, name, arguments = pickle.load(requests)
        except (EOFError, OSError, pickle.UnpicklingError):
            return
        watch(0.0 if name in UNWATCHED else patience)
        listen(reporter(ticket, replies))
        reply = packed_reply(ticket, answer(name, arguments), folder)
        listen(None)
        watch(0.0)
        replies.write(reply)
        replies.flush()
        give_memory_back()


def main() -> None:
    """Run the reader process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in the terminal is for the window, which ends this process
    folder, patience = Path(sys.argv[1]), float(sys.argv[2])
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # output of libraries to stdout must not get between the replies
    load_functions()
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
    try:
        serve(requests, replies, folder, patience)
    except BrokenPipeError:
        pass
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)  # the warm-up may still be inside an import


if __name__ == "__main__":
    main()
