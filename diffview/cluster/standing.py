"""How far a job is, for whoever looks: written by its driver once a second, read by the window or another program.

What is asked of a job goes the other way, as a file too: so a window may be closed, or opened on another machine that
sees the same disk, and nothing stops.
"""

import json
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from diffview.errors import UserError
from diffview.paths import is_running, read_json, write_text
from diffview.runs.job import RUNNING

STATUS, ASKED = "status.json", "asked.json"
CANCEL, RETRY = "cancel", "retry"
"""What may be asked of a job: to make no block that is not begun; to try again those that failed."""

SILENT_S = 60.0
"""Seconds without a word after which a driver on another machine is taken to have ended."""


@dataclass(frozen=True)
class Standing:
    """How far a job is.

    Attributes:
        state: RUNNING, FINISHED, STOPPED or FAILED.
        blocks: how many there are; members: fields in all of them.
        done: those that are there, as [first, last] of every run of numbers.
        at_work: those that an engine has been given.
        failed: why a block failed, by its number.
        made: members of the blocks that are there.
        rate: members a second, of the last minute.
        left: seconds left at this rate; None where that is not known.
        workers: how many there are.
        on: where it is made, as it was asked for.
        process, machine: of its driver.
        words, cwd: the command line that goes on with it, and the folder that it was given in.
        said: why it ended, if that is to be said.
    """

    state: str = RUNNING
    blocks: int = 0
    members: int = 0
    done: tuple[tuple[int, int], ...] = ()
    at_work: tuple[int, ...] = ()
    failed: Mapping[int, str] = field(default_factory=dict)
    made: int = 0
    rate: float = 0.0
    left: float | None = None
    workers: int = 0
    on: str = ""
    process: int = 0
    machine: str = ""
    words: tuple[str, ...] = ()
    cwd: str = ""
    said: str = ""

    @property
    def done_count(self) -> int:
        """Blocks that are there."""
        return sum(last - first + 1 for first, last in self.done)

    def write(self, folder: Path) -> None:
        """Write it, whole.

        Raises:
            NotWrittenError: if it cannot be written.
        """
        write_text(folder / STATUS, json.dumps(asdict(self), ensure_ascii=False, indent=1))

    @classmethod
    def read(cls, folder: Path) -> "Standing":
        """That of the job in a folder.

        Raises:
            UserError: if there is none, or it cannot be read.
        """
        if not (folder / STATUS).is_file():
            raise UserError(
                f"{folder} holds no job.", "Choose the folder that `diffview sample --on` was given with -o."
            )
        plain = read_json(folder / STATUS, "the status of a job")
        try:
            kept = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
            kept["done"] = tuple((int(first), int(last)) for first, last in plain["done"])
            kept["failed"] = {int(number): str(why) for number, why in plain["failed"].items()}
            return cls(**kept | {name: tuple(plain[name]) for name in ("at_work", "words")})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"The status of the job in {folder} is damaged: {error}.", "Start it again.") from None


def runs_of(numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Numbers as [first, last] of every run of neighbours."""
    groups = groupby(enumerate(sorted(numbers)), lambda pair: pair[1] - pair[0])
    runs = ([number for _, number in group] for _, group in groups)
    return tuple((run[0], run[-1]) for run in runs)


def at_work(folder: Path) -> bool:
    """Whether a driver is at work on the job in a folder: its process runs here, or elsewhere it wrote lately."""
    if not (folder / STATUS).is_file():
        return False
    there = Standing.read(folder)
    if there.state != RUNNING:
        return False
    if there.machine == socket.gethostname():
        return is_running(there.process)
    return time.time() - (folder / STATUS).stat().st_mtime < SILENT_S


def ask(folder: Path, what: str) -> None:
    """Ask something of the job in a folder: CANCEL or RETRY.

    Raises:
        NotWrittenError: if it cannot be asked.
    """
    write_text(folder / ASKED, json.dumps({"asked": what}))


def asked(folder: Path) -> str:
    """What was asked of the job since the last call; "" if nothing was."""
    path = folder / ASKED
    try:
        plain: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    path.unlink(missing_ok=True)
    return str(plain.get("asked", ""))
