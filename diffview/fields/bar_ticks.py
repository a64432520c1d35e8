"""Round numbers beside a scale of colours, which may be bent."""

import math
from collections.abc import Callable, Iterator

from diffview.fields.numbers import multiples, round_up

BAR_MANTISSAS = (1.0, 2.0, 2.5, 5.0)
STRAIGHT = 0.02
"""A scale that bends less than this share of its length has even ticks."""


def bar_ticks(low: float, high: float, pixel_of: Callable[[float], float], room: float) -> list[float]:
    """Round numbers within low..high whose pixels are at least `room` apart, ascending; none where there is no scale.

    Args:
        low: the least physical value.
        high: the largest physical value, above `low`.
        pixel_of: a monotone function from a physical value to pixels.
        room: the least distance of two ticks in pixels.
    """
    ends = pixel_of(low), pixel_of(high)
    length = abs(ends[1] - ends[0])
    if not (math.isfinite(length) and length > 0 and high > low):
        return []
    bends = (pixel_of(low + f * (high - low)) - ends[0] - f * (ends[1] - ends[0]) for f in (0.25, 0.5, 0.75))
    if max(abs(bend) for bend in bends) <= STRAIGHT * length:
        step = round_up((high - low) / max(int(length / room), 1), BAR_MANTISSAS)
        if ticks := multiples(step, low, high):
            return ticks
    kept: dict[float, float] = {}
    for value, least in _roundest_first(low, high):
        at = pixel_of(value)
        if math.isfinite(at) and all(abs(at - other) >= least * room for other in kept.values()):
            kept[value] = at
    return sorted(kept)


def _roundest_first(low: float, high: float) -> Iterator[tuple[float, float]]:
    """Round numbers in low..high and the room each wants: 0, powers of ten, 5 and 2 times these, the rest."""
    top = math.floor(math.log10(max(abs(low), abs(high))))
    sizes = [mantissa * 10.0**k for mantissa in (1, 5, 2) for k in range(top, top - 7, -1)]
    yield from ((value, 1.0) for value in (0.0, *(sign * v for v in sizes for sign in (1, -1))) if low <= value <= high)
    for unit in (10.0**top, 10.0 ** (top - 1)):
        whole = range(math.ceil(low / unit), math.floor(high / unit) + 1)
        yield from ((i * unit, 1.6) for fine in (5, 2, 1) for i in whole if i % fine == 0)
