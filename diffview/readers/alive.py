"""A read that makes no progress ends the reader process: on some damaged files the HDF5 library never returns.

It loops inside C with Python's lock held, so that no thread could step in; a timer of the system can. Its signal
ends the process, and `readers.process` replies with a sentence. Without such timers (Windows) the user cancels.
"""

import signal
from collections.abc import Callable

PATIENCE = 10.0  # seconds of processor time for one block or one member of a group; waiting for a disk is free

_patience = 0.0
_listener: Callable[[float], None] | None = None


def watch(patience: float) -> None:
    """Give this process so many seconds of processor time for every step; 0 stops watching."""
    global _patience  # noqa: PLW0603 (there is one process, and one timer in it)
    _patience = patience if hasattr(signal, "setitimer") else 0.0
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, patience)


def listen(listener: Callable[[float], None] | None) -> None:
    """Set the listener to the share of the work that is done."""
    global _listener  # noqa: PLW0603 (as above)
    _listener = listener


def progress(share: float | None = None) -> None:
    """Report that something was read, perhaps the share of the whole: the patience begins anew.

    Does nothing in a process that is not watched.
    """
    if _patience:
        signal.setitimer(signal.ITIMER_PROF, _patience)
    if share is not None and _listener is not None:
        _listener(share)
