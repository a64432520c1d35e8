"""A job that another process drives, followed from here: looked at now and then, or gone on with."""

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diffview.cluster.standing import Standing, at_work
from diffview.errors import UserError
from diffview.runs.job import Job

LOOK_S = 0.5
"""Seconds between two looks."""


@dataclass(eq=False)
class Following(Job):
    """A job in a folder, until nobody wants to follow it.

    Attributes:
        folder: of its store.
        standing: how far it was when it was last looked at.
        driven: whether a driver was at work on it then.
    """

    folder: Path
    standing: Standing
    driven: bool = False

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
        return self.state, self.driven, self.standing

    def work(self) -> None:
        """Look, until it is to end; whoever drives the job goes on."""
        while True:
            self.standing, self.driven = Standing.read(self.folder), at_work(self.folder)
            whole = max(1, self.standing.blocks)
            self.tell(self.standing.done_count / whole)
            time.sleep(LOOK_S)


def go_on(standing: Standing) -> None:
    """Start the driver of a job again, in a process of its own, which no window ends.

    Raises:
        UserError: if its command line is none that makes a store, or its folder is gone.
    """
    words = standing.words
    if "sample" not in words or "--on" not in (word.partition("=")[0] for word in words):
        raise UserError("The job does not say how it was begun.", "Give the command that began it once more.")
    try:
        subprocess.Popen(
            [sys.executable, "-m", "diffview", *words], cwd=standing.cwd, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise UserError(
            f"The job cannot be gone on with in {standing.cwd}: {error.strerror}.",
            "Give the command that began it once more.",
        ) from None
