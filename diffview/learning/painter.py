"""Pictures of a training: fields that the network makes from noise, beside the nearest training fields."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.forward.noise import START, Noise
from diffview.learning.sets import evenly
from diffview.models.data import nearest
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS

if TYPE_CHECKING:
    from diffview.learning.trainer import Trainer

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

PICTURES_S = 20.0
"""Least seconds between pictures."""

COMPARED, TINY = 500, 1e-12
"""Training fields whose small scales are taken, and the least power that is divided by."""

NOISY = 4.0
"""Power of small scales, as a multiple of that of the training fields, from which on pictures are noise."""

PICTURES, PICTURE_STEPS, REFERENCE = 4, 12, 48
"""Fields that are made, their steps, and held-out fields that are compared."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Fields that the model makes from noise, each beside the nearest training field; standardised.

    Attributes:
        made, nearest: float32 [n, ny, nx].
        distance: root mean square difference of each pair.
        unseen: median of that distance for held-out fields; NaN if there are none.
        roughness: their power at small scales, as a multiple of that of the training fields.
    """

    made: Array
    nearest: Array
    distance: Floats
    unseen: float
    step: int
    roughness: float = 1.0

    @property
    def finding(self) -> str:
        """That they are noise as yet, or ""."""
        if self.roughness <= NOISY:
            return ""
        return (
            f"What it makes is noise as yet: after {self.step} steps small scales have {self.roughness:.0f} times the "
            "power that they have in the fields it learns. Train it longer."
        )


def small_scales(fields: Array) -> float:
    """Mean power of standardised fields [n, ny, nx] at wavelengths below four pixels along either axis."""
    power = np.abs(np.fft.rfft2(np.nan_to_num(fields))) ** 2
    ny, nx = fields.shape[1:]
    fast = (np.abs(np.fft.fftfreq(ny)) > 0.25)[:, None] | (np.fft.rfftfreq(nx) > 0.25)
    return float(power[:, fast].mean())


class Painter:
    """Draws fields with the averaged weights, always from the same noise, and finds the nearest training fields."""

    def __init__(self, trainer: "Trainer") -> None:
        self._trainer, self._next = trainer, 0.0
        held = trainer.data.held_out[:: max(1, len(trainer.data.held_out) // REFERENCE)]
        self._fast = small_scales(evenly(trainer.data.fields, COMPARED))
        self._unseen = float(np.median(nearest(held, trainer.data.fields)[1])) if len(held) else math.nan

    def due(self) -> bool:
        """Whether it is time for new pictures."""
        return time.perf_counter() >= self._next

    def pictures(self, stopped: Callable[[], bool]) -> Pictures | None:
        """Make them by twelve Heun steps, or one jump; None if it is to stop, or once memory has not sufficed.

        Raises:
            RuntimeError: if memory does not suffice.
        """
        if self._next == math.inf or stopped():
            return None
        began, self._next = time.perf_counter(), math.inf
        made, fields = self._made(stopped), self._trainer.data.fields
        took = time.perf_counter() - began
        self._next = began + took + max(PICTURES_S, 10 * took)
        if made is None:
            return None
        index, distance = nearest(made, fields)
        roughness = small_scales(made) / max(self._fast, TINY)
        return Pictures(made, fields[index], distance, self._unseen, self._trainer.step, roughness)

    def _made(self, stopped: Callable[[], bool]) -> Array | None:
        import torch

        trainer = self._trainer
        top, jumps = trainer.noise_range[1], trainer.settings.jumps
        levels = [top, 0.0] if jumps else make_levels(trainer.settings.schedule, "karras", PICTURE_STEPS, top=top)
        noise = Noise(trainer.settings.seed, (PICTURES, 1, *trainer.data.shape))

        def denoise(y: Any, s: float) -> Any:
            level = torch.full((len(y),), s, dtype=torch.float32, device=y.device)
            return trainer.ema(y.contiguous(memory_format=torch.channels_last), level, None)[0].float()

        with torch.no_grad():
            y = torch.from_numpy(noise(START, 0)).to(trainer.device) * levels[0]
            for step in SAMPLERS["consistency" if jumps else "heun"].run(denoise, y, levels, noise):
                if stopped():
                    return None
                y = step.y
        made: Array = y[:, 0].cpu().numpy()
        return made
