"""The rows of a film strip: which steps have a thumbnail and where it lies. No painting, no widget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage

from diffview.gui.theme import theme
from diffview.gui.widgets.film.film_layout import arranged, chosen

Picture = NDArray[np.uint8] | QImage
FORWARD, REVERSE, PARENT = 0, 1, 2
"""Rows; PARENT is there while the run in REVERSE is a fork, between the two others."""

GUTTER_PX, GAP_PX = 10, 6
"""Above a row, where its lines to the axis begin; and between rows, and thumbnails."""


@dataclass
class FilmRow:
    """The pictures of one row, and their layout."""

    values: list[float] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    current: int | None = None
    empty: str = ""
    shown: list[int] = field(default_factory=list)
    boxes: list[QRectF] = field(default_factory=list)


class FilmRows:
    """Rows of pictures along an axis, in an area whose size is given by a function."""

    def __init__(self, empty: tuple[str, ...], size: Callable[[], QSize]) -> None:
        """`empty`: the text of every row without pictures; `size`: gives that of the area."""
        self._rows = tuple(FilmRow(empty=text) for text in empty)
        self.axis: tuple[float, float, float, float] | None = None
        self._size = size
        self._dirty = True

    def __getitem__(self, row: int) -> FilmRow:
        """One row; after a change of it call `changed`."""
        return self._rows[row]

    def changed(self) -> None:
        """Lay the rows out anew before the next query."""
        self._dirty = True

    def pictures(self) -> list[Picture]:
        """The pictures of all rows."""
        return [picture for row in self._rows for picture in row.pictures]

    @property
    def order(self) -> tuple[int, ...]:
        """The rows from the top."""
        return (FORWARD, PARENT, REVERSE) if self._rows[PARENT].pictures else (FORWARD, REVERSE)

    def height_of(self, row_px: int) -> int:
        """The height of the area with rows of a height."""
        count = len(self.order)
        return count * theme.px(row_px + GUTTER_PX) + (count - 1) * theme.px(GAP_PX)

    def x_of(self, value: float) -> float:
        """The pixel of a value on the axis."""
        left, right, low, high = self.axis or (0.0, float(self._size().width()), 0.0, 1.0)
        return left + (value - low) / ((high - low) or 1.0) * (right - left)

    def band(self, row: int) -> QRectF:
        """The row without its gutter."""
        gutter, gap, count = theme.px(GUTTER_PX), theme.px(GAP_PX), len(self.order)
        height = (self._size().height() - (count - 1) * gap - count * gutter) / count
        index = self.order.index(row) if row in self.order else 0
        return QRectF(0, gutter + index * (height + gutter + gap), self._size().width(), max(height, 4.0))

    def arrange(self) -> None:
        """Choose the thumbnails and place them, if anything has changed."""
        if not self._dirty:
            return
        self._dirty = False
        for row, state in enumerate(self._rows):
            band = self.band(row)
            if not state.pictures:
                state.shown, state.boxes = [], []
                continue
            whole = self._size().width()
            side = min(int(band.height()) - 2, whole // 3)
            ny, nx = _shape(state.pictures[0])
            width = max(round(side * min(max(nx / max(ny, 1), 0.5), 2.0)), 4)
            gap = theme.px(GAP_PX) - 2
            ends = [self.x_of(value) for value in (state.values[0], state.values[-1])]
            span = abs(ends[1] - ends[0]) + 2 * width  # a picture lies near its value, or it is left out
            room = max(int((min(whole - 2, span) + gap) // (width + gap)), 1)
            state.shown = chosen(len(state.pictures), room, state.current)
            wanted = [self.x_of(state.values[i]) for i in state.shown]
            low, high = 1 + width / 2, whole - 1 - width / 2
            centres = arranged(wanted, width + gap, low, high)
            state.boxes = [QRectF(round(c - width / 2), round(band.y()) + 1, width, side) for c in centres]

    def index_at(self, row: int, x: float, scrub: Sequence[tuple[float, int]] = ()) -> int | None:
        """The step under `x`, between thumbnails too: every step can be reached by dragging."""
        self.arrange()
        state = self._rows[row]
        if not state.shown:
            return None
        centres = scrub or self.centres(row)
        between = round(float(np.interp(x, [p for p, _ in centres], [i for _, i in centres])))
        inside = (i for box, i in zip(state.boxes, state.shown, strict=True) if box.left() <= x <= box.right())
        return between if scrub else next(inside, between)

    def centres(self, row: int) -> list[tuple[float, int]]:
        """(x, step) of the thumbnails, from the left; x is that of the middle."""
        self.arrange()
        state = self[row]
        return sorted(zip((box.center().x() for box in state.boxes), state.shown, strict=True))

    def row_at(self, y: float) -> int:
        """The row at a height."""
        above = theme.px(GUTTER_PX)
        return next(
            row for row in (*reversed(self.order), FORWARD) if row == FORWARD or y >= self.band(row).y() - above
        )


def _shape(picture: Picture) -> tuple[int, int]:
    return (picture.height(), picture.width()) if isinstance(picture, QImage) else picture.shape
