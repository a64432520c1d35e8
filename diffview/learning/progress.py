"""How a training gets on: its loss on fields that it never sees, and the log that is written beside the model."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

from diffview.errors import NotWrittenError, UserError
from diffview.learning.objective import LOSSES, noise_error
from diffview.learning.picked import Examples
from diffview.learning.sets import TrainingSet, evenly
from diffview.learning.settings import LOG
from diffview.models.nets.unet import along, laid_out

if TYPE_CHECKING:
    from diffview.learning.densities import Density
    from diffview.models.nets.unet import UNet, UNetConfig

WATCHED, ANOTHER_SEED = 32, 2_000_003
"""Fields whose loss is followed, and what keeps their noise apart from that of the training."""

LEARNT = 0.9
"""Share of the loss of an untrained network from which on something is learnt."""

COLUMNS = ("step", "seconds", "samples", "loss", "held_out", "rate")
BOARD = "tensorboard"


@dataclass(frozen=True)
class TrainingReport:
    """Progress of a training.

    Attributes:
        step, seconds, samples: steps made, seconds they took, fields they saw.
        loss: its mean since the last report.
        rate: the learning rate.
        left: seconds left.
        held_out: the loss on held-out fields, NaN without any.
        remark: what there is to say, or "".
    """

    step: int
    seconds: float
    loss: float
    rate: float
    left: float
    samples: int = 0
    held_out: float = math.nan
    remark: str = ""


class Watched:
    """Some fields with noise that stays the same, so that only what is learnt changes their loss.

    They are held-out fields if there are any, else fields of the training; the levels are the middles of equal parts of
    the density, one a field.

    Attributes:
        held_out: whether they are never trained on.
        x0, extra, known: the fields, the channels beside them (None without) and where they have data (None: all over).
        eps, s: their noise, and its levels [n].
    """

    def __init__(
        self, data: TrainingSet, config: "UNetConfig", density: "Density", weight: str, device: torch.device
    ) -> None:
        """`config` is of the network that is shown them; `weight`: of LOSSES."""
        self.held_out = bool(data.count_held_out)
        number = data.count_held_out if self.held_out else data.count
        chosen = evenly(np.arange(number), WATCHED)
        examples, n = Examples(data, config, device, held_out=self.held_out, among=chosen), len(chosen)
        shown, self.known = examples.picked(torch.arange(n))
        self.x0, self.extra = examples.split(shown)
        generator = torch.Generator().manual_seed(ANOTHER_SEED)
        self.eps = torch.randn(self.x0.shape, generator=generator).to(device)
        self.s = torch.from_numpy(np.exp(density.log_s((np.arange(n) + 0.5) / n))).float().to(device)
        self._weight = weight

    def loss(self, net: "UNet | None", sigma_data: float) -> float:
        """Mean of w(s) |eps - eps_hat|^2; without a network that of x0_hat = y sd^2/(sd^2 + s^2), as all begin."""
        x0, s = self.x0, self.s
        y = x0 + along(s, x0) * self.eps
        if self.known is not None:
            y = y * self.known
        with torch.no_grad():
            if net is None:
                x0_hat = y * along(sigma_data**2 / (sigma_data**2 + s * s), y)
            else:
                x0_hat = net(laid_out(y), s, self.extra)[0]
        return float((LOSSES[self._weight](s, sigma_data) * noise_error(x0, x0_hat.float(), s, self.known)).mean())


class Follower(Protocol):
    """Whatever is told each report."""

    def add(self, report: TrainingReport) -> None:
        """Take one."""


class CsvLog:
    """A table of reports beside the model, a line at a time; a training that goes on goes on with it."""

    def __init__(self, folder: Path, step: int) -> None:
        """Its lines up to `step`, from which the training goes on, are kept."""
        self._path, self._step, self._begun = folder / LOG, step, False

    def add(self, report: TrainingReport) -> None:
        """A line more.

        Raises:
            NotWrittenError: if it cannot be written.
        """
        line = [str(report.step), *(f"{getattr(report, name):.6g}" for name in COLUMNS[1:])]
        rows = [line] if self._begun else [list(COLUMNS), *self._kept(), line]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a" if self._begun else "w", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows(rows)
        except OSError as error:
            raise NotWrittenError(f"{self._path} cannot be written: {error.strerror}.", "Make room.") from None
        self._begun = True

    def _kept(self) -> list[list[str]]:
        try:
            rows = list(csv.reader(io.StringIO(self._path.read_text(encoding="utf-8"))))[1:] if self._step else []
        except (OSError, ValueError):
            return []
        return [row for row in rows if len(row) == len(COLUMNS) and row[0].isdecimal() and int(row[0]) <= self._step]


class Board:
    """The same numbers as scalars for TensorBoard."""

    def __init__(self, folder: Path, step: int) -> None:
        """Write into the folder BOARD; what was written there of later steps than `step` is not shown any more.

        Raises:
            UserError: if TensorBoard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            raise UserError("TensorBoard is not installed.", "Install it: pip install tensorboard.") from None
        self._folder = folder / BOARD
        try:
            self._writer = SummaryWriter(str(self._folder), purge_step=step + 1 if step else None)
        except OSError as error:
            raise UserError(f"{self._folder} cannot be made: {error.strerror}.", "Choose another folder.") from None

    def add(self, report: TrainingReport) -> None:
        """The numbers that there are, at this step.

        Raises:
            NotWrittenError: if they cannot be written; its thread says so when it is next called.
        """
        try:
            for name in ("loss", "held_out", "rate"):
                if math.isfinite(value := getattr(report, name)):
                    self._writer.add_scalar(name, value, report.step)
            self._writer.flush()
        except OSError as error:
            raise NotWrittenError(f"{self._folder} cannot be written: {error.strerror}.", "Make room.") from None
