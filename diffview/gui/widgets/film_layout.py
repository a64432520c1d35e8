"""Which steps of a film strip get a picture, and where it lies. No painting, no widget."""

from collections.abc import Sequence

import numpy as np


def chosen(count: int, room: int, current: int | None = None) -> list[int]:
    """Every k-th of `count` steps, k as small as `room` places allow; `current` takes the place of its neighbour.

    First and last are always among them, where there is room for two.
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


def arranged(wishes: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """The places nearest to `wishes` (least squares) that keep their order, `distance` and low..high.

    Wishes must be monotone, either way. With x_i = z_i + i d the task is isotonic regression, solved by pooling.
    """
    count = len(wishes)
    if count > 1 and wishes[0] > wishes[-1]:
        return arranged(list(reversed(wishes)), distance, low, high)[::-1]
    offsets = np.arange(count) * distance
    pools: list[tuple[float, int]] = []
    for wish in np.asarray(wishes, dtype=float) - offsets:
        mean, size = float(wish), 1
        while pools and pools[-1][0] >= mean:
            before, n = pools.pop()
            mean, size = (before * n + mean * size) / (n + size), n + size
        pools.append((mean, size))
    places = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    return list(np.clip(places, low, max(low, high - offsets[-1])) + offsets) if count else []
