"""Pictures of a training: fields that the network makes from noise, beside the nearest training fields."""

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import out_of_memory
from diffview.forward.noise import START, Noise
from diffview.gui.show.training_state import Pictures, Training
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS

if TYPE_CHECKING:
    from diffview.learning.trainer import Trainer

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

PICTURES_S = 20.0
"""Least seconds between pictures."""

PICTURES, PICTURE_STEPS, REFERENCE = 4, 12, 48
"""Fields that are made, their steps, and held-out fields that are compared."""


class Painter:
    """Draws fields with the averaged weights, always from the same noise, and finds the nearest training fields."""

    def __init__(self, trainer: "Trainer") -> None:
        self._trainer = trainer
        self._next = 0.0
        fields = trainer.data.fields
        self._fields = fields.reshape(len(fields), -1)
        self._squares = np.einsum("ij,ij->i", self._fields, self._fields)
        held = trainer.data.held_out[:: max(1, len(trainer.data.held_out) // REFERENCE)]
        self._unseen = float(np.median(self._nearest(held)[1])) if len(held) else float("nan")

    @property
    def able(self) -> bool:
        """Whether memory has sufficed so far."""
        return self._next < math.inf

    def due(self) -> bool:
        """Whether it is time for new pictures."""
        return time.perf_counter() >= self._next

    def show(self, training: Training) -> None:
        """Make the pictures by twelve Heun steps; none if the training is to stop meanwhile."""
        began = time.perf_counter()
        try:
            made = self._made(training)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            training.remark("The device has no memory left for the pictures; the training goes on.", "warning")
            self._next = math.inf
            return
        if made is None:
            return
        index, distance = self._nearest(made)
        took = time.perf_counter() - began
        self._next = began + took + max(PICTURES_S, 10 * took)
        trainer = self._trainer
        training.put(pictures=Pictures(made, trainer.data.fields[index], distance, self._unseen, trainer.step))

    def _made(self, training: Training) -> Array | None:
        import torch

        trainer = self._trainer
        levels = make_levels(trainer.settings.schedule, "karras", PICTURE_STEPS, top=trainer.noise_range[1])
        noise = Noise(trainer.settings.seed, (PICTURES, 1, *trainer.data.shape))

        def denoise(y: Any, s: float) -> Any:
            level = torch.full((len(y),), s, dtype=torch.float32, device=y.device)
            return trainer.ema(y.contiguous(memory_format=torch.channels_last), level, None)[0].float()

        with torch.no_grad():
            y = torch.from_numpy(noise(START, 0)).to(trainer.device) * levels[0]
            for step in SAMPLERS["heun"].run(denoise, y, levels, noise):
                if training.stopping:
                    return None
                y = step.y
        made: Array = y[:, 0].cpu().numpy()
        return made

    def _nearest(self, fields: Array) -> tuple[NDArray[np.intp], Floats]:
        """Index of the nearest training field of each, and the root mean square difference."""
        flat = fields.reshape(len(fields), -1)
        square = np.einsum("ij,ij->i", flat, flat)[:, None] + self._squares - 2 * flat @ self._fields.T
        index = square.argmin(axis=1)
        least = square[np.arange(len(flat)), index].clip(min=0)
        return index, np.sqrt(least / flat.shape[1], dtype=np.float64)
