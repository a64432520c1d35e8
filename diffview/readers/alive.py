"""A read that makes no progress ends the reader process: on some damaged files the HDF5 library never returns.

It loops inside C with Python's lock held, so that no thread could step in; a timer of the system can. Its signal
ends the process, and `process` answers with a sentence. Where there are no such timers (Windows), the user cancels.
"""

import signal

PATIENCE = 5.0  # seconds of processor time for one block or one member of a group; waiting for a disk is free

_watched = False


def watch(watched: bool) -> None:
    """Start or stop watching this process."""
    global _watched  # noqa: PLW0603 (there is one process, and one timer in it)
    _watched = watched and hasattr(signal, "setitimer")
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, PATIENCE if watched else 0.0)


def progress() -> None:
    """Say that something was read: the patience begins anew. Does nothing in a process that is not watched."""
    if _watched:
        signal.setitimer(signal.ITIMER_PROF, PATIENCE)
