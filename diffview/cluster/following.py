"""A job that another process drives, followed from here: looked at now and then, or gone on with."""

import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffview.cluster.arriving import Arriving
from diffview.cluster.netcdf_parts import PARTS
from diffview.cluster.standing import Standing, at_work
from diffview.cluster.store import FIELDS, RECIPE, SAID, not_written, require_new
from diffview.errors import UserError
from diffview.paths import read_json, write_text
from diffview.runs.in_blocks import parts_of
from diffview.runs.job import Job
from diffview.runs.recipe import Recipe

LOOK_S = 0.5
"""Seconds between two looks."""


@dataclass(eq=False)
class Following(Job):
    """A job in a folder, until nobody wants to follow it.

    Attributes:
        folder: of its store.
        standing: how far it was when it was last looked at.
        driven: whether a driver was at work on it then, or has been started from here.
        begun: the driver that was started from here, as long as it runs.
        refused: why that could not begin, if it could not.
        arriving: its members, while a window shows them.
    """

    folder: Path
    standing: Standing
    driven: bool = False
    begun: "subprocess.Popen[bytes] | None" = None
    refused: str = ""
    arriving: Arriving | None = None

    @classmethod
    def of(cls, folder: Path) -> "Following":
        """That of the job in a folder.

        Raises:
            UserError: if there is none.
        """
        return cls(folder, Standing.read(folder), at_work(folder))

    @property
    def mark(self) -> Any:
        """What differs whenever there is something new to show."""
        return self.state, self.driven, self.standing, self.refused, self.arriving and self.arriving.run

    def work(self) -> None:
        """Look, until it is to end; whoever drives the job goes on."""
        while True:
            self.look()
            whole = max(1, self.standing.blocks)
            self.tell(self.standing.done_count / whole)
            if (arriving := self.arriving) is not None:
                arriving.take(LOOK_S)
            time.sleep(LOOK_S)

    def look(self) -> None:
        """See how far it is; a driver that was started from here is asked whether it has ended, or it stays a zombie.

        Raises:
            UserError: if the job cannot be read.
        """
        self.standing = Standing.read(self.folder)
        if self.begun is not None and self.begun.poll() is not None:
            self.refused = "" if self.standing.process == self.begun.pid else _last_words(self.folder)
            self.begun = None
        self.driven = self.begun is not None or at_work(self.folder)


def made_at(folder: Path) -> tuple[str, str]:
    """Where what a job makes may lie: its store, or its netCDF files."""
    return str(folder / FIELDS), str(folder / PARTS)


def shown_first(folder: Path) -> tuple[str, str | None]:
    """What is made of a job, and the field of it that tells most: the mean of its members where that is kept."""
    if (folder / PARTS).is_dir():
        return str(folder / PARTS), None
    store = folder / FIELDS
    kept = str(read_json(store / "zarr.json", "the store of a job").get("attributes", {}).get("diffview_members", ""))
    mean = f"{kept}_mean"
    return str(store), mean if (store / mean).is_dir() else None


def _last_words(folder: Path) -> str:
    """The sentence and the hint that a driver ended with before it could tell how far it is."""
    lines = (folder / SAID).read_text(encoding="utf-8", errors="replace").splitlines()
    return " ".join(line.strip() for line in lines[-2:]).removeprefix("diffview: ")


def begin_at(folder: Path, recipe: Recipe, on: str) -> Following:
    """Have the members of a recipe made into a folder, by a driver in a process of its own, which no window ends.

    Args:
        folder: that is empty, or will be made; all workers must see it.
        recipe: settled, of the run.
        on: where blocks are made, as `--on` takes it.

    Raises:
        UserError: if the folder holds something, or cannot be written.
    """
    folder = folder.absolute()
    require_new(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(folder, error) from None
    write_text(folder / RECIPE, recipe.to_json())
    words = "sample", "--recipe", str(folder / RECIPE), "--on", on, "-o", str(folder)
    asked = recipe.ensemble
    Standing(
        blocks=len(parts_of(asked)), members=asked.members, on=on, machine=socket.gethostname(), words=words,
        cwd=str(Path.cwd()),
    ).write(folder)  # fmt: skip
    job = Following.of(folder)
    go_on(job)
    return job


def go_on(job: Following) -> None:
    """Start the driver of a job again, in a process of its own, which no window ends.

    Raises:
        UserError: if its command line is none that makes a store, or its folder is gone.
    """
    standing = job.standing
    words = standing.words
    if "sample" not in words or "--on" not in (word.partition("=")[0] for word in words):
        raise UserError("The job does not say how it was begun.", "Give the command that began it once more.")
    try:
        with (job.folder / SAID).open("wb") as said:
            job.begun = subprocess.Popen(
                [sys.executable, "-m", "diffview", *words], cwd=standing.cwd, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            )  # fmt: skip
        job.driven, job.refused = True, ""
    except OSError as error:
        raise UserError(
            f"The job cannot be gone on with in {standing.cwd}: {error.strerror}.",
            "Give the command that began it once more.",
        ) from None
