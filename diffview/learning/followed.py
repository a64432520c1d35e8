"""A training that another process does, followed from here by what it leaves in its folder: its log and its card."""

import csv
import io
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.learning.settings import LOG
from diffview.models.cards import Card
from diffview.runs.job import Job

CARD = "model.json"
LOOK_S = 1.0
"""Seconds between two looks."""

RECENT = 20
"""Reports whose steps tell the speed."""

MOST_BYTES = 64 * 2**20
"""Of a log that is read: its end."""


class LogLine(NamedTuple):
    """A report of a training."""

    step: int
    seconds: float
    loss: float
    held_out: float


@dataclass(eq=False)
class FollowedTraining(Job):
    """A training in a folder, until nobody wants to follow it.

    Attributes:
        folder: of its model.
        lines: its reports, in order.
        card: of the model so far; None before its first checkpoint.
        silent: seconds since it was last heard of.
    """

    folder: Path
    lines: tuple[LogLine, ...] = ()
    card: Card | None = None
    silent: float = 0.0

    @classmethod
    def of(cls, folder: Path) -> "FollowedTraining":
        """That of a folder.

        Raises:
            UserError: if none was begun there, or its card is damaged.
        """
        if not is_training(folder):
            raise UserError(
                f"{folder} holds no training.", "Choose the folder that `diffview train` was given with -o."
            )
        made = cls(folder)
        made.look()
        return made

    @property
    def mark(self) -> Any:
        """What differs whenever there is something new to show."""
        return self.state, len(self.lines), self.weights, round(self.silent / 5)

    @property
    def weights(self) -> str:
        """The checksum of the weights so far; "" before there are any."""
        return "" if self.card is None else str(self.card.weights.get("sha256", ""))

    @property
    def share(self) -> float:
        """Share of the training that is done; NaN while its end is not known."""
        if self.card is None or not self.lines:
            return math.nan
        last, asked = self.lines[-1], self.card.training
        by_steps = last.step / max(1, int(asked.get("planned_steps", 0)) or math.inf)
        minutes = float(asked.get("minutes", 0.0))
        return min(1.0, max(by_steps, last.seconds / (60 * minutes) if minutes else 0.0))

    @property
    def speed(self) -> float:
        """Steps a second, of the last reports."""
        some = self.lines[-RECENT:]
        spent = some[-1].seconds - some[0].seconds if some else 0.0
        return (some[-1].step - some[0].step) / spent if spent > 0 else 0.0

    @property
    def left(self) -> float:
        """Seconds left at the mean speed so far; infinite where that is not known."""
        share = self.share
        return self.lines[-1].seconds * (1 - share) / share if share > 0 else math.inf

    @property
    def curve(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Steps, losses."""
        return np.array([line.step for line in self.lines], float), np.array([line.loss for line in self.lines], float)

    def work(self) -> None:
        """Look, until it is to end; whoever trains goes on."""
        while True:
            self.look()
            self.tell(0.0 if math.isnan(self.share) else self.share)
            time.sleep(LOOK_S)

    def look(self) -> None:
        """See how far it is.

        Raises:
            UserError: if its card is damaged, or the folder is gone.
        """
        self.lines = read_log(self.folder)
        if (self.folder / CARD).is_file():
            self.card = Card.read(self.folder)
        written = [path.stat().st_mtime for name in (LOG, CARD) if (path := self.folder / name).is_file()]
        self.silent = max(0.0, time.time() - max(written, default=time.time()))


def is_training(folder: Path) -> bool:
    """Whether a training was begun in a folder."""
    return (folder / LOG).is_file() or (folder / "training.safetensors").is_file()


def read_log(folder: Path) -> tuple[LogLine, ...]:
    """The reports of a training; a line that is being written, and any other that is none, is left out.

    Raises:
        UserError: if the log cannot be read.
    """
    path = folder / LOG
    try:
        with path.open("rb") as file:
            head = file.readline().decode("utf-8", errors="replace")
            file.seek(max(file.tell(), path.stat().st_size - MOST_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.", "Look after the disk that it lies on.") from None
    names, whole, lines = head.strip().split(","), text[: text.rfind("\n") + 1], []
    for row in csv.reader(io.StringIO(whole)):
        at = dict(zip(names, row, strict=False))
        try:
            numbers = (float(at[name]) for name in ("seconds", "loss", "held_out"))
            lines.append(LogLine(int(at["step"]), *numbers))
        except (KeyError, ValueError):
            continue
    return tuple(lines)
