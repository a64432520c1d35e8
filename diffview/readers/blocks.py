"""Reading an array in parts of bounded size that respect how it is chunked."""

import itertools
import math
from collections.abc import Iterator, Sequence

from diffview.readers.alive import progress

BLOCK = 2**20  # values decoded at once: 8 MB as float64, a few times over


def blocks(shape: Sequence[int], chunks: Sequence[int] | None, limit: int = BLOCK) -> Iterator[tuple[slice, ...]]:
    """Slices that cover an array of `shape` once, each of about `limit` values at most.

    A block is made of whole chunks, so that none is decompressed twice; one chunk may exceed the limit.
    """
    extent = [min(c, s) for c, s in zip(chunks or [1] * len(shape), shape, strict=True)]
    for axis in reversed(range(len(shape))):
        others = math.prod(extent) // extent[axis] if extent[axis] else 1
        times = max(1, limit // max(1, others * extent[axis]))
        extent[axis] = min(shape[axis], extent[axis] * times)
    ranges = [range(0, size, max(1, step)) for size, step in zip(shape, extent, strict=True)]
    for starts in itertools.product(*ranges):
        progress()
        yield tuple(
            slice(start, min(start + step, size)) for start, step, size in zip(starts, extent, shape, strict=True)
        )
