"""Reading an array in parts of bounded size that respect how it is chunked."""

import itertools
import math
from collections.abc import Iterator, Sequence

from diffview.readers.alive import progress

BLOCK = 2**18  # values decoded at once: 2 MB as float64, a few times over


def blocks(
    shape: Sequence[int],
    chunks: Sequence[int] | None,
    limit: int = BLOCK,
    within: Sequence[slice] | None = None,
) -> Iterator[tuple[slice, ...]]:
    """Slices that cover an array of `shape`, or the part `within` it, once, each of about `limit` values at most.

    A block is made of whole chunks, so that none is decompressed twice; one chunk may exceed the limit.
    """
    extent = [min(c, s) for c, s in zip(chunks or [1] * len(shape), shape, strict=True)]
    for axis in reversed(range(len(shape))):
        others = math.prod(extent) // extent[axis] if extent[axis] else 1
        times = max(1, limit // max(1, others * extent[axis]))
        extent[axis] = min(shape[axis], extent[axis] * times)
    parts = within or [slice(0, size) for size in shape]
    steps = [max(1, step) for step in extent]
    ranges = [range(part.start - part.start % step, part.stop, step) for part, step in zip(parts, steps, strict=True)]
    count = math.prod(len(line) for line in ranges)
    for number, starts in enumerate(itertools.product(*ranges)):
        progress(number / count)
        yield tuple(
            slice(max(start, part.start), min(start + step, part.stop))
            for start, step, part in zip(starts, steps, parts, strict=True)
        )
