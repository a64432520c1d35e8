"""Dragging a frame over an image: what a press grabs, and what a drag and an arrow make of it; in its pixels."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from diffview.gui.show.boxes import Point

MIN_SIDE = 16
MAX_SIDE = 512

Whole = tuple[int, int]
"""A shift or a size (x, y) in whole pixels."""


class RegionFrame(NamedTuple):
    """A rectangle of whole pixels: its upper left corner and its size."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Grip:
    """The part that a press grabs: a corner (dx, dy in -1, +1), an edge (one of them 0) or the whole frame (0, 0)."""

    dx: int
    dy: int


WHOLE, LOWER_RIGHT = Grip(0, 0), Grip(1, 1)


@dataclass(frozen=True)
class Rules:
    """What a frame may be: inside an image of size `bounds`, a square or not, sides within `limits`."""

    bounds: Whole
    square: bool = True
    limits: tuple[int, int] = (MIN_SIDE, MAX_SIDE)

    def moved(self, frame: RegionFrame, shift: Whole) -> RegionFrame:
        """The frame moved by `shift`, kept inside the image."""
        room = self.bounds[0] - frame.width, self.bounds[1] - frame.height
        x, y = (min(max(at + way, 0), max(most, 0)) for at, way, most in zip(frame[:2], shift, room, strict=True))
        return frame._replace(x=x, y=y)

    def resized(self, frame: RegionFrame, grip: Grip, shift: Whole) -> RegionFrame:
        """The frame with a corner or an edge dragged by `shift`; the opposite side stays."""
        room_x = frame.x + frame.width if grip.dx < 0 else self.bounds[0] - frame.x
        room_y = frame.y + frame.height if grip.dy < 0 else self.bounds[1] - frame.y
        width, height = frame.width + grip.dx * shift[0], frame.height + grip.dy * shift[1]
        if self.square:
            width = height = max([side for side, way in ((width, grip.dx), (height, grip.dy)) if way])
            room_x = room_y = min(room_x, room_y)
        width, height = self._held(width, room_x), self._held(height, room_y)
        x = frame.x + frame.width - width if grip.dx < 0 else frame.x
        y = frame.y + frame.height - height if grip.dy < 0 else frame.y
        return RegionFrame(x, y, width, height)

    def drawn(self, start: Whole, end: Whole) -> RegionFrame:
        """The frame from one corner to the other, in any direction, all of it inside."""
        width, height = abs(end[0] - start[0]), abs(end[1] - start[1])
        most_x, most_y = self.bounds
        if self.square:
            width = height = max(width, height)
            most_x = most_y = min(most_x, most_y)
        width, height = self._held(width, most_x), self._held(height, most_y)
        x = start[0] - width if end[0] < start[0] else start[0]
        y = start[1] - height if end[1] < start[1] else start[1]
        return self.moved(RegionFrame(x, y, width, height), (0, 0))

    def _held(self, side: int, room: int) -> int:
        least, most = self.limits
        return max(min(side, room, most), min(least, room))


def grip_at(frame: RegionFrame, point: Point, reach: float) -> Grip | None:
    """The part at `point`: corners within `reach` pixels, edges within half of it."""
    px, py = point
    left, top, right, bottom = frame.x, frame.y, frame.x + frame.width, frame.y + frame.height
    xs, ys = ((-1, left), (1, right)), ((-1, top), (1, bottom))
    corners = (Grip(dx, dy) for dx, x in xs for dy, y in ys if abs(px - x) <= reach and abs(py - y) <= reach)
    sides = (Grip(dx, 0) for dx, x in xs if top <= py <= bottom and abs(px - x) <= reach / 2)
    ends = (Grip(0, dy) for dy, y in ys if left <= px <= right and abs(py - y) <= reach / 2)
    inside = WHOLE if left <= px < right and top <= py < bottom else None
    return next((grip for found in (corners, sides, ends) for grip in found), inside)


def grown(step: Whole, square: bool, grow: bool) -> Whole:
    """The shift of the lower right corner by an arrow; a square grows and shrinks on both sides."""
    return (sum(step), sum(step)) if grow and square else step


class FrameHand:
    """One frame, and its changes by press, drag and arrow.

    Attributes:
        frame: its rectangle, or None.
        square: whether it stays a square.
        limits: its shortest and its longest side.
        drawing: whether a press draws a new frame instead of grabbing this one.
        grip: the part that is grabbed, or None.
        nudged: whether arrows have moved it since its last release.
    """

    def __init__(self) -> None:
        self.frame: RegionFrame | None = None
        self.square, self.limits = True, (MIN_SIDE, MAX_SIDE)
        self.drawing = self.nudged = False
        self.grip: Grip | None = None
        self._corner: Whole | None = None
        self._start = RegionFrame(0, 0, 0, 0)

    @property
    def draws(self) -> bool:
        """Whether a drag draws a new frame, now or at the next press."""
        return self.drawing or self._corner is not None

    @property
    def changing(self) -> bool:
        """Whether it is grabbed or nudged."""
        return self.grip is not None or self.nudged

    def under(self, point: Point, reach: float) -> Grip | None:
        """The part that a press at `point` would grab, within `reach`."""
        return None if self.frame is None else grip_at(self.frame, point, reach)

    def press(self, point: Point, reach: float, anew: bool) -> None:
        """Grab the part there, or begin a new frame."""
        self._start = self.frame or RegionFrame(0, 0, 0, 0)
        if self.drawing or (anew and self.frame is not None):
            self.grip, self._corner = LOWER_RIGHT, _whole(point)
        else:
            self.grip, self._corner = self.under(point, reach), None

    def drag(self, point: Point, way: Point, bounds: Whole) -> bool:
        """Follow a drag that is at `point` now, `way` from where it began; returns whether the frame changed."""
        if self.grip is None:
            return False
        if self._corner is not None:
            return self._take(self._rules(bounds).drawn(self._corner, _whole(point)))
        return self._move(self.grip, self._start, _whole(way), bounds)

    def release(self) -> bool:
        """Release; returns whether the frame has changed since it was grabbed."""
        held, self.grip, self._corner = self.grip, None, None
        return held is not None and self.frame is not None and self.frame != self._start

    def nudge(self, step: Whole, grow: bool, bounds: Whole) -> bool:
        """Move it, or its lower right corner, by an arrow; returns whether it changed."""
        if self.frame is None:
            return False
        self.nudged = True
        return self._move(LOWER_RIGHT if grow else WHOLE, self.frame, grown(step, self.square, grow), bounds)

    def _rules(self, bounds: Whole) -> Rules:
        return Rules(bounds, self.square, self.limits)

    def _move(self, grip: Grip, start: RegionFrame, shift: Whole, bounds: Whole) -> bool:
        rules = self._rules(bounds)
        return self._take(rules.moved(start, shift) if grip == WHOLE else rules.resized(start, grip, shift))

    def _take(self, new: RegionFrame) -> bool:
        changed = new != self.frame
        self.frame = new
        return changed


def _whole(point: Point) -> Whole:
    """The nearest whole pixel, halves away from 0."""
    x, y = (int(math.copysign(math.floor(abs(v) + 0.5), v)) for v in point)
    return x, y
