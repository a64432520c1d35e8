"""Where the blocks of a job are netCDF files: a folder of them, which is a set, and a mark for each that is there.

    OUT/parts/00012.nc     what block 12 made
    OUT/marks/00012.json   its checksum; or why there is none; and what is to be said of it
    OUT/job.json           what tells the job from others
    OUT/status.json        how far the job is, for whoever looks (`standing`)

Part and mark are each written whole, in that order, so that a kill leaves a block that is there or one that is not.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

    def _part(self, number: int) -> Path:
        return self.folder / PARTS / f"{number:05d}.nc"

    def _mark(self, number: int) -> Path:
        return self.folder / MARKS / f"{number:05d}.json"

    def begin(self, job: Mapping[str, Any]) -> None:
        """Make the folder, or go on with it, if the same job began it: what could not be made then is tried again.

        Args:
            job: what tells the job from others, as JSON can hold it.

        Raises:
            UserError: if it cannot be made, or another job began it.
        """
        if (self.folder / JOB).is_file():
            require_same(self.folder, read_json(self.folder / JOB, "what began a job"), job)
            for number, mark in self.marks():
                if "lacking" in mark:
                    self._mark(number).unlink(missing_ok=True)
            return
        require_new(self.folder)
        try:
            for name in (PARTS, MARKS):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise not_written(self.folder, error) from None
        write_text(self.folder / JOB, json.dumps(job))

    # -- blocks

    def done(self) -> set[int]:
        """The numbers of the blocks that are there, those that could not be made among them."""
        return {int(path.stem) for path in (self.folder / MARKS).glob("*.json") if path.stem.isdecimal()}

    def marks(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """What is said of every block that is there, in order."""
        for number in sorted(self.done()):
            yield number, read_json(self._mark(number), "the mark of a part")

    def has(self, number: int) -> bool:
        """Whether a block is there, awaited for a moment: disks that machines share show it late."""
        until = time.monotonic() + VISIBLE_S
        while not self._mark(number).is_file():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def write(self, number: int, content: Content, said: Sequence[str]) -> None:
        """Write a block, whole or not at all.

        Raises:
            UserError: if there is no room for it.
        """
        save_netcdf(content, self._part(number))
        write_text(self._mark(number), json.dumps({"sha256": _sum(self._part(number)), "said": list(said)}))

    def lack(self, number: int, why: str) -> None:
        """Write down why a block cannot be made.

        Raises:
            UserError: if there is no room for it.
        """
        write_text(self._mark(number), json.dumps({"lacking": why}))

    def read(self, number: int) -> NDArray[Any] | None:
        """Nothing to count of a block that is there; None if it is damaged, and then it is no longer there."""
        try:
            mark = read_json(self._mark(number), "the mark of a part")
            if "lacking" in mark or mark["sha256"] == _sum(self._part(number)):
                return np.empty(0)
        except (OSError, KeyError, UserError):
            pass
        self._mark(number).unlink(missing_ok=True)
        return None

    # -- statistics: each part has its own

    def save(self, streamed: Streamed, through: int, names: Mapping[str, str]) -> None:
        """Nothing is counted across parts."""

    def saved(self, streamed: Streamed) -> int:
        """Every part is looked at again."""
        return 0

    def close(self) -> None:
        """All that is there was asked for."""


def _sum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
