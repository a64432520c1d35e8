"""A run on a torus larger than its region: the size of the torus, its noise, and what its steps have of the region.

The region is the first rows and columns of the torus. What lies around it is unknown, goes through the run as a gap
does, and is cut off every step.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import corner, surrounded
from diffview.forward.noise import KNOWN, Noise
from diffview.reverse.samplers import Step
from diffview.runs.plan import Plan

Array = NDArray[np.float32]

AROUND = 2**63
"""Bit of the fork number that the noise around a region has: the forks of runs are below it."""


def torus_of(plan: Plan, denoise: Any) -> tuple[int, ...]:
    """Rows and columns that a run works on: those of its region, unless its denoiser is of a larger torus."""
    shape = getattr(denoise, "shape", None)
    return plan.shape[-2:] if plan.known is None or shape is None else shape[-2:]


@dataclass(frozen=True)
class NoiseAround:
    """Noise [members, channels, rows, columns] whose region is that of a run without anything around it.

    Attributes:
        region: the noise of the region, [members, channels, ny, nx].
        rows, columns: of the torus.
    """

    region: Noise
    rows: int
    columns: int

    def __call__(self, stream: int, index: int) -> Array:
        """Standard normals of this stream and index; those of known pixels are 0 around, where none is known."""
        z = self.region(stream, index)
        whole: Array = surrounded(z, self.rows, self.columns)
        return whole if stream == KNOWN else self.around(z, stream, index)

    def around(self, z: Array, stream: int, index: int, std: float = 1.0) -> Array:
        """A state z of the region with normals of the standard deviation `std` around it."""
        *outer, ny, nx = z.shape
        beside, below = (ny, self.columns - nx), (self.rows - ny, self.columns)
        at = beside[0] * beside[1]
        noise = replace(self.region, shape=(*outer, at + below[0] * below[1]), fork=self.region.fork | AROUND)
        normals = np.float32(std) * noise(stream, index)
        whole: Array = surrounded(z, self.rows, self.columns)
        whole[..., :ny, nx:] = normals[..., :at].reshape(*outer, *beside)
        whole[..., ny:, :] = normals[..., at:].reshape(*outer, *below)
        return whole


def of_region(step: Step, ny: int, nx: int) -> Step:
    """What a step has of its region; its whole state comes first in what it remembers."""
    seen: dict[str, Any] = {"y": step.y, "x0_hat": step.x0_hat, "eps_hat": step.eps_hat}
    parts = {name: corner(values, ny, nx) for name, values in seen.items() if values is not None}
    return replace(step, **parts, history=(step.y, *step.history))
