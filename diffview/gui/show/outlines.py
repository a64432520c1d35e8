"""Pixels and lines as pieces to draw: the border and the rows of a mask, and long lines thinned to what is seen."""

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Points = NDArray[np.floating]
Segment = tuple[tuple[int, int], tuple[int, int]]
"""Two ends (x, y)."""

STEP, MARGIN = 0.5, 4.0
"""Pixels of the widget: closer points are one; a margin beyond the edge from which lines may reach in."""


def runs(mask: Mask) -> list[tuple[int, int, int]]:
    """(row, first column, column after the last) of every run of marked pixels."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    (rows, begins), (_, ends) = np.nonzero(steps == 1), np.nonzero(steps == -1)
    return list(zip(rows.tolist(), begins.tolist(), ends.tolist(), strict=True))


def border(mask: Mask) -> list[Segment]:
    """The border of the marked pixels, as long straight pieces."""
    padded = np.pad(mask, 1).astype(np.int8)
    across = runs((np.diff(padded, axis=0) != 0)[:, 1:-1])
    down = runs((np.diff(padded, axis=1) != 0).T[:, 1:-1])
    return [((first, y), (last, y)) for y, first, last in across] + [((x, first), (x, last)) for x, first, last in down]


def thinned(points: Points, size: tuple[float, float]) -> Points:
    """Lines [n, 2] in pixels, NaN between them, without coinciding points and pieces outside 0..size.

    The coasts of the Earth in a small picture are a hundred thousand points in a few thousand pixels; to stroke them
    all took a quarter of a second.
    """
    cells = np.floor(points / STEP)
    kept = np.ones(len(points), bool)
    kept[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    kept[:-1] |= np.isnan(points[1:, 0])  # where a line ends
    points = points[kept]
    low, high = np.minimum(points[1:], points[:-1]), np.maximum(points[1:], points[:-1])
    inside = ((high >= -MARGIN) & (low <= np.add(size, MARGIN))).all(axis=1)  # pieces; NaN is none
    seen = np.zeros(len(points), bool)
    seen[1:] |= inside
    seen[:-1] |= inside
    points = np.where(seen[:, None], points, np.nan)
    gap = ~seen
    gap[1:] &= ~seen[:-1]
    return np.asarray(points[~gap])


def pieces(points: Points) -> list[list[float]]:
    """The straight pieces [x, y, x, y] of lines [n, 2], (y, x) with NaN between them.

    Qt strokes a path with all of them as one shape: 45 ms for the coasts of the Earth, of which 3 ms are left so.
    """
    y, x = points.T
    ends = np.stack((x[:-1], y[:-1], x[1:], y[1:]), axis=-1)
    found: list[list[float]] = ends[np.isfinite(ends).all(axis=-1)].tolist()
    return found
