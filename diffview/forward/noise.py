"""Noise: standard normals that depend on seed, stream, index and member, and on nothing else."""

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.forward.normals import VERSIONS, Drawn

if TYPE_CHECKING:
    from concurrent.futures import Executor

Array = NDArray[np.float32]

START, STEP, JUMP, KNOWN, FORWARD, TREE, TIES, ERRORS = range(8)
"""Noise streams: start of a run, its steps, jumps upwards, known pixels, anchors and bridges of a path, ties,
errors of what is observed."""

DRAWING = "draw"
"""Name of the threads that draw."""


def draw(
    seed: int, stream: int, index: int, member: int, shape: tuple[int, ...], fork: int = 0, version: int = 1
) -> Array:
    """Standard normals, float32 [*shape], that depend on nothing but the arguments.

    Counter-based: Philox with key (seed, fork) and counter (0, stream, index, member). Word 0 counts the draws
    within one call, so that no two streams ever overlap. `version`: how normals are made of its bits, see `VERSIONS`.
    """
    return finished(drawn(seed, stream, index, member, shape, fork, version), shape, version)


def drawn(
    seed: int, stream: int, index: int, member: int, shape: tuple[int, ...], fork: int = 0, version: int = 1
) -> Drawn:
    """What `draw` makes its normals of: the part that a thread can make beside a window without being in its way."""
    bits = np.random.Philox(key=[seed, fork], counter=[0, stream, index, member])
    return VERSIONS[version].drawn(bits, math.prod(shape))


def finished(drawn: Drawn, shape: tuple[int, ...], version: int = 1) -> Array:
    """The normals of what was drawn, float32 [*shape]."""
    return VERSIONS[version].normals([drawn], math.prod(shape)).reshape(shape)


@dataclass(frozen=True)
class Noise:
    """The noise of a run: `noise(stream, index)` is [members, channels, ny, nx], like `like` in type and device.

    Drawn as float32 on the CPU and then cast, so that every device and every dtype sees the same numbers. A member's
    noise depends neither on how many members there are nor on how they are batched.
    """

    seed: int
    shape: tuple[int, ...]
    first_member: int = 0
    fork: int = 0
    like: Any = None
    version: int = 1

    def __call__(self, stream: int, index: int) -> Any:
        """Standard normals of this stream and index."""
        members, shape = range(self.first_member, self.first_member + self.shape[0]), self.shape[1:]
        each = [drawn(self.seed, stream, index, member, shape, self.fork, self.version) for member in members]
        z = VERSIONS[self.version].normals(each, math.prod(shape))
        return cast_like(z.reshape(self.shape), self.like)


def cast_like(values: NDArray[Any], like: Any) -> Any:
    """`values` as an array or tensor of the kind, dtype and device of `like` (None: as it is)."""
    if like is None:
        return values
    if isinstance(like, np.ndarray):
        return values.astype(like.dtype, copy=False)
    import torch

    return torch.from_numpy(np.ascontiguousarray(values)).to(like.device, like.dtype)


@cache
def drawing_threads() -> "Executor":
    """Two threads that draw side by side (standard_normal holds no lock); they end with the program."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(2, DRAWING, _take_own_name)


def _take_own_name() -> None:
    """Linux gives a thread the name of the one that started it, which may have ended long ago while this one draws."""
    with suppress(OSError), open("/proc/thread-self/comm", "w") as name:
        name.write(DRAWING)
