"""Gaps of a field made by hand: rectangles that are hidden from a run, added and erased by dragging."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region

MOST_GAPS = 500
"""The most rectangles that a recipe may hold when they are painted."""

MOST_RECTANGLES = 20_000
"""The most rectangles that a mask may fall into."""

Rectangles = tuple[Region, ...]


def hidden_in(hidden: Iterable[Region], region: Region, stride: int = 1) -> NDArray[np.bool_]:
    """Where a region is hidden, [ny, nx]; of every `stride`-th row and column if it is above 1."""
    mask = np.zeros((-(-region.ny // stride), -(-region.nx // stride)), dtype=bool)
    for rectangle in hidden:
        top, left = rectangle.row - region.row, rectangle.column - region.column
        edges = (max(0, -(-edge // stride)) for edge in (top, top + rectangle.ny, left, left + rectangle.nx))
        first, last, begin, end = edges
        mask[first:last, begin:end] = True
    return mask


def rectangles_of(mask: NDArray[np.bool_]) -> Rectangles:
    """Rectangles that do not overlap and cover what is true of a mask [ny, nx], in reading order of their corners.

    Raises:
        UserError: if there are more than MOST_RECTANGLES.
    """
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    open_: dict[tuple[int, int], int] = {}
    made: list[Region] = []
    for row in range(len(mask) + 1):
        ends = zip(*(np.flatnonzero(edges[row] == sign) for sign in (1, -1)), strict=True) if row < len(mask) else ()
        runs = {(int(begin), int(end)) for begin, end in ends}
        for begin, end in [run for run in open_ if run not in runs]:
            first = open_.pop((begin, end))
            made.append(Region(first, begin, row - first, end - begin))
        open_ |= dict.fromkeys(sorted(runs - open_.keys()), row)
    if len(made) > MOST_RECTANGLES:
        raise UserError(
            f"The mask falls into {len(made)} rectangles; {MOST_RECTANGLES} can be kept.",
            "Take a smaller window of the slice, or a smoother mask.",
        )
    return tuple(sorted(made, key=lambda part: (part.row, part.column)))


def with_gap(hidden: Rectangles, new: Region) -> Rectangles:
    """The rectangles and one more; those inside it are dropped.

    Raises:
        UserError: if there are too many.
    """
    if any(_holds(old, new) for old in hidden):
        return hidden
    made = (*(old for old in hidden if not _holds(new, old)), new)
    if len(made) > MOST_GAPS:
        raise UserError(f"There are {MOST_GAPS} gaps, and no more can be painted.", "Paint over them, or erase some.")
    return made


def without_gap(hidden: Rectangles, erased: Region) -> Rectangles:
    """What is left of the rectangles outside of `erased`: up to four pieces of each.

    Raises:
        UserError: if there are too many.
    """
    made = tuple(piece for old in hidden for piece in _outside(old, erased))
    if len(made) > max(MOST_GAPS, len(hidden)):
        raise UserError(f"That would leave more than {MOST_GAPS} gaps.", "Erase larger parts.")
    return made


def _holds(outer: Region, inner: Region) -> bool:
    return (
        outer.row <= inner.row
        and outer.column <= inner.column
        and inner.row + inner.ny <= outer.row + outer.ny
        and inner.column + inner.nx <= outer.column + outer.nx
    )


def _outside(old: Region, erased: Region) -> Rectangles:
    """The parts of a rectangle above, below, left and right of another."""
    if not old.overlaps(erased):
        return (old,)
    top, bottom = max(old.row, erased.row), min(old.row + old.ny, erased.row + erased.ny)
    left, right = max(old.column, erased.column), min(old.column + old.nx, erased.column + erased.nx)
    pieces = (
        Region(old.row, old.column, top - old.row, old.nx),
        Region(bottom, old.column, old.row + old.ny - bottom, old.nx),
        Region(top, old.column, bottom - top, left - old.column),
        Region(top, right, bottom - top, old.column + old.nx - right),
    )
    return tuple(piece for piece in pieces if piece.ny and piece.nx)
