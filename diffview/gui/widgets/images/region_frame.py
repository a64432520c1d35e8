"""The geometry of a frame over an image: grabbing, moving and resizing. No painting, no widget."""

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QPointF, QRect, QSize

MIN_SIDE = 16
MAX_SIDE = 512


@dataclass(frozen=True)
class Grip:
    """The part that a press grabs: a corner (dx, dy in -1, +1), an edge (one of them 0) or the whole frame (0, 0)."""

    dx: int
    dy: int


def grip_at(frame: QRect, point: QPointF, reach: float) -> Grip | None:
    """The part at `point` (image pixels): corners within `reach` pixels, edges within half of it."""
    left, top = frame.x(), frame.y()
    right, bottom = left + frame.width(), top + frame.height()
    for dx, x in ((-1, left), (1, right)):
        for dy, y in ((-1, top), (1, bottom)):
            if abs(point.x() - x) <= reach and abs(point.y() - y) <= reach:
                return Grip(dx, dy)
    near = reach / 2
    if top <= point.y() <= bottom:
        for dx, x in ((-1, left), (1, right)):
            if abs(point.x() - x) <= near:
                return Grip(dx, 0)
    if left <= point.x() <= right:
        for dy, y in ((-1, top), (1, bottom)):
            if abs(point.y() - y) <= near:
                return Grip(0, dy)
    inside = left <= point.x() < right and top <= point.y() < bottom
    return Grip(0, 0) if inside else None


def moved(frame: QRect, shift: QPoint, bounds: QSize) -> QRect:
    """The frame moved by `shift`, kept inside an image of size `bounds`."""
    x = min(max(frame.x() + shift.x(), 0), max(bounds.width() - frame.width(), 0))
    y = min(max(frame.y() + shift.y(), 0), max(bounds.height() - frame.height(), 0))
    return QRect(QPoint(x, y), frame.size())


def resized(
    frame: QRect,
    grip: Grip,
    shift: QPoint,
    bounds: QSize,
    square: bool,
    limits: tuple[int, int] = (MIN_SIDE, MAX_SIDE),
) -> QRect:
    """The frame with a corner or an edge dragged by `shift`; the opposite side stays, sides stay within `limits`."""
    room_x = frame.x() + frame.width() if grip.dx < 0 else bounds.width() - frame.x()
    room_y = frame.y() + frame.height() if grip.dy < 0 else bounds.height() - frame.y()
    width = frame.width() + grip.dx * shift.x()
    height = frame.height() + grip.dy * shift.y()
    if square:
        width = height = max([side for side, way in ((width, grip.dx), (height, grip.dy)) if way])
        room_x = room_y = min(room_x, room_y)
    width, height = _held(width, room_x, limits), _held(height, room_y, limits)
    x = frame.x() + frame.width() - width if grip.dx < 0 else frame.x()
    y = frame.y() + frame.height() - height if grip.dy < 0 else frame.y()
    return QRect(x, y, width, height)


def drawn(
    start: QPoint, end: QPoint, bounds: QSize, square: bool, limits: tuple[int, int] = (MIN_SIDE, MAX_SIDE)
) -> QRect:
    """The frame from one corner to the other, in any direction; sides stay within `limits`, all of it inside."""
    width, height = abs(end.x() - start.x()), abs(end.y() - start.y())
    most_x, most_y = bounds.width(), bounds.height()
    if square:
        width = height = max(width, height)
        most_x = most_y = min(most_x, most_y)
    width, height = _held(width, most_x, limits), _held(height, most_y, limits)
    x = start.x() - width if end.x() < start.x() else start.x()
    y = start.y() - height if end.y() < start.y() else start.y()
    return moved(QRect(x, y, width, height), QPoint(), bounds)


def grown(step: QPoint, square: bool, grow: bool) -> QPoint:
    """The shift of the lower right corner by an arrow; a square grows and shrinks on both sides."""
    if not (grow and square):
        return step
    both = step.x() + step.y()
    return QPoint(both, both)


def _held(side: int, room: int, limits: tuple[int, int]) -> int:
    least, most = limits
    return max(min(side, room, most), min(least, room))
