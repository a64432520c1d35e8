"""Crops of large files kept on disk: a training that begins again finds them, and reads no slice twice.

They lie in the folder `crops` of the cache, one file of plain numbers for each cut, by the names, sizes and times of
change of what it was cut from. A file is whole or not there. All together they are bounded; what was not used for
longest goes first.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.errors import NotWrittenError, UserError
from diffview.paths import user_folder, written_whole
from diffview.readers.many import files_of, is_many

Array = NDArray[np.float32]

VERSION = 1
"""Of how crops are cut: those of another one are not found."""

LEAST = 2**24
"""Bytes from which on crops are kept: smaller ones are read as fast again."""

MOST = 2**32
"""Bytes of all that is kept."""


class Readers(Protocol):
    """The processes that read one set together, seen from one of them."""

    @property
    def keeps(self) -> bool:
        """Whether this one keeps on the disk of its machine what all have read."""

    def mine(self, number: int) -> bool:
        """Whether a part of so many is this one's to read."""

    def gathered(self, parts: Sequence[Array | None]) -> list[Array]:
        """All parts, of which each has read its own; None: another has it."""

    def all_have(self, this: bool) -> bool:
        """Whether it is so in all of them."""


class Alone:
    """One process, which reads everything."""

    keeps = True

    def mine(self, number: int) -> bool:
        """Every part is."""
        return True

    def gathered(self, parts: Sequence[Array | None]) -> list[Array]:
        """The parts."""
        return [part for part in parts if part is not None]

    def all_have(self, this: bool) -> bool:
        """Whether it is so here."""
        return this


def kept_crops(path: str, cut: object, make: Callable[[], Array], readers: Readers | None = None) -> Array:
    """The crops that `make` gives, [n, ny, nx]: made, or as they were kept when it was called for the same before.

    Args:
        path: a file, or many as one set.
        cut: what they are cut by: its text tells one from another.
        make: reads and cuts them, together with the other processes.
        readers: those; what one of them lacks all read again. None: this one is alone.
    """
    readers, signature = readers or Alone(), _signature(path)
    name = hashlib.sha256(f"{VERSION}\n{signature}\n{cut!r}".encode()).hexdigest()
    place = user_folder("cache") / "crops" / f"{name}.npy"
    known = None if signature is None else _found(place)
    if readers.all_have(known is not None) and known is not None:
        return known
    made = make()
    kept = readers.keeps and signature is not None and LEAST <= made.nbytes <= MOST
    if kept and _signature(path) == signature:  # nothing was written while it was read
        _keep(place, made)
    return made


def _signature(path: str) -> str | None:
    """Names, sizes and times of the files; None where these do not tell whether what is in them changed."""
    lines = []
    try:
        for one in files_of(path) if is_many(path) else (path,):
            status = os.stat(one)
            if not stat.S_ISREG(status.st_mode):  # the folder of a Zarr store is as old as its oldest chunk
                return None
            lines.append(f"{os.path.abspath(one)}\0{status.st_size}\0{status.st_mtime_ns}")
    except (OSError, UserError):
        return None
    return "\n".join(lines)


def _found(place: Path) -> Array | None:
    """The crops in a file, which are read as they are used; None if it is not there, or damaged."""
    with contextlib.suppress(OSError, ValueError, EOFError):
        made = np.load(place, mmap_mode="r", allow_pickle=False)
        if made.ndim == 3 and made.dtype == np.float32:
            os.utime(place)  # it was used now
            return np.asarray(made)
    return None


def _keep(place: Path, made: Array) -> None:
    """Write crops, where there is room."""
    with contextlib.suppress(OSError, NotWrittenError):  # a full disk: they are read again
        place.parent.mkdir(parents=True, exist_ok=True)
        _make_room(place.parent, MOST - made.nbytes)
        with written_whole(place) as temporary, temporary.open("wb") as file:
            np.save(file, made, allow_pickle=False)


def _make_room(folder: Path, most: int) -> None:
    """Leave files of at most so many bytes together, those that were used last."""
    total = 0
    for path in sorted(folder.glob("*.npy"), key=lambda one: one.stat().st_mtime, reverse=True):
        total += path.stat().st_size
        if total > most:
            path.unlink(missing_ok=True)
