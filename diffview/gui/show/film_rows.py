"""The rows of a film strip: which steps have a thumbnail, where it lies, and what is said of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from diffview.fields.numbers import compact
from diffview.gui.show.boxes import Box
from diffview.gui.show.film_layout import arranged, arrivals, chosen, furthest

FORWARD, REVERSE, PARENT = 0, 1, 2
"""Rows; PARENT is there while the run in REVERSE is a fork, or stands beside a recorded one: between the two others."""

NAMES = ("forward", "reverse", "parent")
RECORDED = "recorded"
SHORT = {"forward": "fwd", "reverse": "rev", "parent": "run", RECORDED: "rec"}
"""Names in rows too low for the full ones."""

EMPTY = ("The region with ever more noise comes here", "Run to record the reverse steps", "")
GUTTER_PX, GAP_PX = 10, 6
"""Above a row, where its lines to the axis begin; and between rows, and thumbnails."""

NAME_COLUMN_PX = 15
"""At the left of the rows, where their names stand."""


@dataclass
class FilmRow:
    """The pictures of one row, whose shape is (height, width), and their layout.

    Attributes:
        values, numbers: where each lies on the axis, and which step of its run it is.
        total: the last step of its run.
    """

    values: list[float] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    total: int = 0
    pictures: list[Any] = field(default_factory=list)
    shape: tuple[int, int] = (1, 1)
    current: int | None = None
    empty: str = ""
    shown: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def stepped(self, right: bool) -> int:
        """The step after the highlighted one towards the right or the left."""
        step = 1 if right == (self.values[-1] >= self.values[0]) else -1
        return min(max(0 if self.current is None else self.current + step, 0), len(self.pictures) - 1)

    def choose(self, room: int) -> None:
        """Choose the thumbnails: those where the run is as far as it ever was, and the highlighted one."""
        among = sorted({*arrivals(self.values), *(() if self.current is None else (self.current,))})
        at = None if self.current is None else among.index(self.current)
        self.shown = [among[i] for i in chosen(len(among), room, at)]

    def jumped(self) -> list[tuple[int, int]]:
        """Pairs of neighbours in `shown` between which the run jumped back, and walked here again."""
        behind = [value != far for value, far in zip(self.values, furthest(self.values), strict=True)]
        return [(a, b) for a, b in pairwise(self.shown) if any(behind[a + 1 : b + 1])]


class FilmRows:
    """Rows of pictures along an axis, in an area."""

    def __init__(self, size: Callable[[], tuple[int, int]], px: Callable[[float], int]) -> None:
        """`size` gives width and height of the area, `px` a length of the design in pixels."""
        self._rows = tuple(FilmRow(empty=text) for text in EMPTY)
        self.axis: tuple[float, float, float, float] | None = None
        self.names: tuple[str, ...] = NAMES
        self._size, self._px = size, px
        self._dirty = True

    def __getitem__(self, row: int) -> FilmRow:
        """One row; after a change of it call `changed`."""
        return self._rows[row]

    def changed(self) -> None:
        """Lay the rows out anew before the next query."""
        self._dirty = True

    def pictures(self) -> list[Any]:
        """The pictures of all rows."""
        return [picture for row in self._rows for picture in row.pictures]

    @property
    def order(self) -> tuple[int, ...]:
        """The rows from the top."""
        return (FORWARD, PARENT, REVERSE) if self._rows[PARENT].pictures else (FORWARD, REVERSE)

    def beside(self, row: int, way: int) -> int:
        """The row below (`way` 1) or above (-1), or the same at the end."""
        return self.order[min(max(self.order.index(row) + way, 0), len(self.order) - 1)]

    def height_of(self, row_px: int) -> int:
        """The height of the area with rows of a height."""
        count = len(self.order)
        return count * self._px(row_px + GUTTER_PX) + (count - 1) * self._px(GAP_PX)

    def x_of(self, value: float) -> float:
        """The pixel of a value on the axis."""
        left, right, low, high = self.axis or (0.0, float(self._size()[0]), 0.0, 1.0)
        return left + (value - low) / ((high - low) or 1.0) * (right - left)

    def band(self, row: int) -> Box:
        """The row without its gutter."""
        gutter, gap, count = self._px(GUTTER_PX), self._px(GAP_PX), len(self.order)
        height = (self._size()[1] - (count - 1) * gap - count * gutter) / count
        index = self.order.index(row) if row in self.order else 0
        return Box(0, gutter + index * (height + gutter + gap), self._size()[0], max(height, 4.0))

    def arrange(self) -> None:
        """Choose the thumbnails and place them, if anything has changed."""
        if not self._dirty:
            return
        self._dirty = False
        for row, state in enumerate(self._rows):
            if not state.pictures:
                state.shown, state.boxes = [], []
                continue
            band, whole, name = self.band(row), self._size()[0], self._px(NAME_COLUMN_PX)
            side = min(int(band.height) - 2, whole // 3)
            ny, nx = state.shape
            width = max(round(side * min(max(nx / max(ny, 1), 0.5), 2.0)), 4)
            gap = self._px(GAP_PX) - 2
            ends = [self.x_of(value) for value in (state.values[0], state.values[-1])]
            span = abs(ends[1] - ends[0]) + 2 * width  # a picture lies near its value, or it is left out
            room = max(int((min(whole - 2 - name, span) + gap) // (width + gap)), 1)
            state.choose(room)
            far = furthest(state.values)
            wanted = [self.x_of(far[i]) for i in state.shown]
            low, high = name + 1 + width / 2, whole - 1 - width / 2
            centres = arranged(wanted, width + gap, low, high)
            state.boxes = [Box(round(c - width / 2), round(band.y) + 1, width, side) for c in centres]

    def box_of(self, row: int, index: int) -> Box:
        """The thumbnail of a shown step."""
        self.arrange()
        return self[row].boxes[self[row].shown.index(index)]

    def index_at(self, row: int, x: float, scrub: Sequence[tuple[float, int]] = ()) -> int | None:
        """The step under `x`, between thumbnails too: every step can be reached by dragging."""
        self.arrange()
        state = self._rows[row]
        if not state.shown:
            return None
        centres = scrub or self.centres(row)
        between = round(float(np.interp(x, [p for p, _ in centres], [i for _, i in centres])))
        inside = (i for box, i in zip(state.boxes, state.shown, strict=True) if box.x <= x <= box.right)
        return between if scrub else next(inside, between)

    def centres(self, row: int) -> list[tuple[float, int]]:
        """(x, step) of the thumbnails, from the left; x is that of the middle."""
        self.arrange()
        return sorted(zip((box.centre[0] for box in self[row].boxes), self[row].shown, strict=True))

    def row_at(self, y: float) -> int:
        """The row at a height."""
        above = self._px(GUTTER_PX)
        return next(row for row in (*reversed(self.order), FORWARD) if row == FORWARD or y >= self.band(row).y - above)

    # -- words

    def name(self, row: int) -> str:
        """What a row is called."""
        forked = row == REVERSE and PARENT in self.order and self.names == NAMES
        return "fork" if forked else self.names[row]

    def caption(self, row: int, measure: Callable[[str], float]) -> tuple[str, float]:
        """The name that stands at a row, "" where it is too low for any, and its length."""
        long, room = self.name(row), self.band(row).height + self._px(GUTTER_PX)
        lengths = ((name, measure(name)) for name in (long, SHORT.get(long, long)))
        return next(((name, length) for name, length in lengths if length <= room), ("", 0.0))

    def tip(self, x: float, y: float, scrub: Sequence[tuple[float, int]] = ()) -> str:
        """What a point shows: the step and, where steps are left out, how many are shown."""
        row = self.row_at(y)
        state, index = self[row], self.index_at(row, x, scrub)
        if index is None:
            return state.empty
        count, numbers = len(state.pictures), state.numbers or range(len(state.pictures))
        number, last = numbers[index], state.total or numbers[-1]
        text = f"{self.name(row).capitalize()} step {number} of {last}, at {compact(state.values[index])}"
        if len(arrivals(state.values)) < count:
            return f"{text}\nThe run jumps back: shown are steps that are as far as it had come. Drag to reach others."
        if len(state.shown) < last + 1:
            shown = [numbers[i] for i in state.shown]
            text += f"\nShown: {_share(shown, last + 1)}. Drag to reach {'every step' if count > last else 'others'}."
        return text


def _share(shown: Sequence[int], count: int) -> str:
    """How much of a row is shown, in words."""
    every = max(round((count - 1) / max(len(shown) - 1, 1)), 1)
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(every % 10 if every % 100 not in (11, 12, 13) else 0, "th")
    return f"every {every}{suffix} of {count} steps" if every > 1 else f"{len(shown)} of {count} steps"
