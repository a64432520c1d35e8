"""The layout of a film strip: which steps get a picture, and where."""

from collections.abc import Sequence

import numpy as np


def chosen(count: int, room: int, current: int | None = None) -> list[int]:
    """Every k-th of `count` steps, k as small as room for `room` of them allows; `current` replaces its neighbour.

    First and last are always among them, if there is room for two.
    """
    if count <= room:
        return list(range(count))
    if room == 1:
        return [current or 0]
    stride = -(-(count - 1) // (room - 1))
    kept = list(range(0, count, stride))
    if kept[-1] != count - 1:
        if len(kept) < room and count - 1 - kept[-1] > stride // 2:
            kept.append(count - 1)
        else:
            kept[-1] = count - 1
    if current is not None and current not in kept:
        near = min(range(len(kept)), key=lambda i: abs(kept[i] - current))
        if 0 < near < len(kept) - 1 or len(kept) >= room:
            kept[near] = current
        else:
            kept = sorted([*kept, current])
    return kept


def furthest(values: Sequence[float]) -> list[float]:
    """How far a walk along the axis has come at each of its steps: RePaint jumps back, and walks a stretch again."""
    falls = len(values) > 1 and values[-1] < values[0]
    walk = np.minimum if falls else np.maximum
    return [] if not len(values) else walk.accumulate(np.asarray(values, dtype=float)).tolist()


def arrivals(values: Sequence[float]) -> list[int]:
    """The steps at which a walk is as far as it has ever been: all of them, unless it jumps back."""
    return [i for i, (value, far) in enumerate(zip(values, furthest(values), strict=True)) if value == far]


def arranged(wanted: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """The positions nearest to `wanted` (least squares) that keep their order, `distance` and low..high.

    `wanted` must be monotone, either way. With x_i = z_i + i d the task is isotonic regression, solved by pooling.
    """
    count = len(wanted)
    if count > 1 and wanted[0] > wanted[-1]:
        return arranged(list(reversed(wanted)), distance, low, high)[::-1]
    offsets = np.arange(count) * distance
    pools: list[tuple[float, int]] = []
    for one in np.asarray(wanted, dtype=float) - offsets:
        mean, size = float(one), 1
        while pools and pools[-1][0] >= mean:
            before, n = pools.pop()
            mean, size = (before * n + mean * size) / (n + size), n + size
        pools.append((mean, size))
    positions = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    return list(np.clip(positions, low, max(low, high - offsets[-1])) + offsets) if count else []
