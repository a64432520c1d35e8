"""Where what a job makes are netCDF files: a folder of them, which is a set, and a mark for each that is there.

    OUT/parts/00012.nc          what was made of part 12
    OUT/marks/00012.json        its checksum; or why there is none; and what is to be said of it
    OUT/pieces/00012-003.npz    block 3 of its members, where there are several, until all are there
    OUT/job.json                what tells the job from others
    OUT/status.json             how far the job is, for whoever looks (`standing`)

Piece, part and mark are each written whole, in that order, so that a kill leaves a block that is there or one that is
not. Whoever finds all pieces of a part makes it: two that do so at once write the same.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.cluster.pieces import PIECES, Pieces
from diffview.cluster.store import VISIBLE_S, not_written, require_new, require_same
from diffview.errors import UserError
from diffview.paths import read_json, write_text
from diffview.runs.statistics import Streamed
from diffview.writers.exports import Content
from diffview.writers.saving import save_netcdf

PARTS, MARKS, JOB = "parts", "marks", "job.json"


class NetcdfParts:
    """The parts of a job on disk, opened by its driver and by every worker.

    Attributes:
        folder: of the job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pieces(self) -> Pieces:
        """Blocks that each part is made in; how many is known once the job has begun."""
        job = read_json(self.folder / JOB, "what began a job")
        return Pieces(self.folder / PIECES, int(job.get("pieces", 1)))

    def place(self, number: int) -> tuple[int, int]:
        """The part that a block belongs to, and its number there."""
        return divmod(number, self.pieces.each)

    def _part(self, part: int) -> Path:
        return self.folder / PARTS / f"{part:05d}.nc"

    def _mark(self, part: int) -> Path:
        return self.folder / MARKS / f"{part:05d}.json"

    def begin(self, job: Mapping[str, Any]) -> None:
        """Make the folder, or go on with it, if the same job began it: what could not be made then is tried again.

        Args:
            job: what tells the job from others, as JSON can hold it.

        Raises:
            UserError: if it cannot be made, or another job began it.
        """
        if known := (self.folder / JOB).is_file():
            require_same(self.folder, read_json(self.folder / JOB, "what began a job"), job)
            for number, mark in self.marks():
                if "lacking" in mark:
                    self._mark(number).unlink(missing_ok=True)
        else:
            require_new(self.folder)
        try:
            for name in (PARTS, MARKS, PIECES) if job.get("pieces", 1) > 1 else (PARTS, MARKS):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(self.folder, error) from None
        if not known:
            write_text(self.folder / JOB, json.dumps(job))

    # -- blocks

    def _known(self, part: int) -> bool:
        """Whether a part is there, or cannot be made."""
        return self._mark(part).is_file()

    def done(self) -> set[int]:
        """The numbers of the blocks that are there, those that could not be made among them."""
        each = self.pieces.each
        return {part * each + piece for part, _ in self.marks() for piece in range(each)} | self.pieces.numbers()

    def marks(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """What is said of every part that is there, in order."""
        for path in sorted((self.folder / MARKS).glob("*.json")):
            if path.stem.isdecimal():
                yield int(path.stem), read_json(path, "the mark of a part")

    def has(self, number: int) -> bool:
        """Whether a block is there, awaited for a moment: disks that machines share show it late."""
        until = time.monotonic() + VISIBLE_S
        while self.awaits(number):
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def awaits(self, number: int) -> bool:
        """Whether a block is to be made: neither it nor its part is there."""
        part, piece = self.place(number)
        return not self._known(part) and not self.pieces.has(part, piece)

    def ready(self, part: int) -> bool:
        """Whether a part can be made: all of its blocks are there, and it is not."""
        return not self._known(part) and self.pieces.whole(part)

    def write(self, part: int, content: Content, said: Sequence[str]) -> None:
        """Write a part, whole or not at all; its pieces are wanted no longer.

        Raises:
            UserError: if there is no room for it.
        """
        save_netcdf(content, self._part(part))
        self._say(part, {"sha256": _sum(self._part(part)), "said": list(said)})

    def lack(self, part: int, why: str) -> None:
        """Write down why a part cannot be made.

        Raises:
            UserError: if there is no room for it.
        """
        self._say(part, {"lacking": why})

    def _say(self, part: int, mark: Mapping[str, Any]) -> None:
        write_text(self._mark(part), json.dumps(mark))
        self.pieces.forget(part)

    def read(self, number: int) -> NDArray[Any] | None:
        """Nothing to count of a block that is there; None if it is damaged, and then it is no longer there.

        A part is looked at with the last of its blocks, of which all others are there then; with the first, too, as
        those of a part that is damaged are all made again.
        """
        part, piece = self.place(number)
        last = piece == self.pieces.each - 1
        if not self._known(part):
            return None if last or not self.pieces.has(part, piece) else np.empty(0)
        if not last and piece:
            return np.empty(0)
        try:
            mark = read_json(self._mark(part), "the mark of a part")
            if "lacking" in mark or mark["sha256"] == _sum(self._part(part)):
                return np.empty(0)
        except (OSError, KeyError, UserError):
            pass
        self._mark(part).unlink(missing_ok=True)
        return None

    # -- statistics: each part has its own

    def save(self, streamed: Streamed, through: int, names: Mapping[str, str]) -> None:
        """Nothing is counted across parts."""

    def saved(self, streamed: Streamed) -> int:
        """Every part is looked at again."""
        return 0

    def close(self) -> None:
        """What two workers made of one part at once may be there yet; all else was asked for."""
        shutil.rmtree(self.folder / PIECES, ignore_errors=True)


def _sum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
