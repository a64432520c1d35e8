"""Painting over and beside the picture of an image view."""

import math
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap

from diffview.gui.theme import MEDIUM, SEMIBOLD, SMALL_PX, TITLE_PX, Palette, theme
from diffview.gui.widgets.ink import dashed, ink, write

RADIUS = 6
_HATCH_PX = 6
_ROOM_FOR_CELL = 5
LINES = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)


def no_data(painter: QPainter, rect: QRectF) -> None:
    """The ground that shows through missing pixels: a colour of no map, with a faint hatch."""
    ratio = painter.device().devicePixelRatioF()
    edges = (rect.left(), rect.top(), rect.right(), rect.bottom())
    left, top, right, bottom = (round(v * ratio) / ratio for v in edges)
    whole = QRectF(left, top, right - left, bottom - top)
    painter.drawTiledPixmap(whole, _hatch(theme.palette, theme.px(_HATCH_PX), ratio))


@lru_cache(maxsize=4)
def _hatch(p: Palette, step: int, ratio: float) -> QPixmap:
    """One tile of the hatch."""
    tile = QPixmap(round(step * ratio), round(step * ratio))
    tile.setDevicePixelRatio(ratio)
    tile.fill(p.colour("no_data"))
    painter = QPainter(tile)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(p.blend("dim", "no_data", 0.22), 1.0))
    for x in (-step, 0, step):
        painter.drawLine(QPointF(x, step), QPointF(x + step, 0))
    painter.end()
    return tile


def crosshair(painter: QPainter, cell: QRectF, bounds: QRectF) -> None:
    """Lines through a pixel that leave it free, readable on any colour."""
    mid, gap = cell.center(), max(cell.width() / 2, 4.0)
    lines = [
        (QPointF(bounds.left(), mid.y()), QPointF(mid.x() - gap, mid.y())),
        (QPointF(mid.x() + gap, mid.y()), QPointF(bounds.right(), mid.y())),
        (QPointF(mid.x(), bounds.top()), QPointF(mid.x(), mid.y() - gap)),
        (QPointF(mid.x(), mid.y() + gap), QPointF(mid.x(), bounds.bottom())),
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, shift in ((QColor(0, 0, 0, 120), 1.0), (QColor(255, 255, 255, 210), 0.0)):
        painter.setPen(QPen(colour, 1.0))
        for a, b in lines:
            off = QPointF(0, shift) if a.y() == b.y() else QPointF(shift, 0)
            if QPointF.dotProduct(b - a, QPointF(1, 1)) > 0:
                painter.drawLine(a + off, b + off)
        if cell.width() >= _ROOM_FOR_CELL:
            painter.drawRect(cell.adjusted(-shift, -shift, shift - 1, shift - 1))


def frame(painter: QPainter, rect: QRectF, token: str, active: bool, size: tuple[int, int] | None) -> None:
    """The frame of the region, with handles when it can be grabbed, and its size while it changes."""
    rect = QRectF(round(rect.x()) + 0.5, round(rect.y()) + 0.5, round(rect.width()) - 1, round(rect.height()) - 1)
    colour = theme.colour(token)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink(painter, QPen(QColor(0, 0, 0, 75), 4.0, j=Qt.PenJoinStyle.MiterJoin))
    painter.drawRect(rect)
    painter.setPen(QPen(colour, 2.0, j=Qt.PenJoinStyle.MiterJoin))
    painter.drawRect(rect)
    if active:
        half = 4.0
        ink(painter, QPen(QColor(0, 0, 0, 150), 1.0), colour)
        for corner in (rect.topLeft(), rect.topRight(), rect.bottomLeft(), rect.bottomRight()):
            box = QRectF(corner.x() - half, corner.y() - half, 2 * half, 2 * half)
            painter.drawRoundedRect(box, 2, 2)
    if size is not None:
        pill(painter, rect.center(), f"{size[0]} × {size[1]}", Qt.AlignmentFlag.AlignCenter)


def pill(
    painter: QPainter, at: QPointF, text: str, align: Qt.AlignmentFlag, dot: str | None = None, room: float = math.inf
) -> QRectF:
    """A small label on a veil of the panel's colour, its corner (or centre) at `at`; no wider than `room`."""
    font = theme.font(SMALL_PX - 1, MEDIUM, tabular=True)
    metrics = QFontMetricsF(font)
    mark = metrics.height() * 0.8 if dot else 0.0
    beside, wide, high = theme.px(14) + mark, metrics.horizontalAdvance(text), metrics.height()
    if wide + beside > room:
        words = metrics.boundingRect(QRectF(0, 0, room - beside, 1e6), LINES, text)
        wide, high = words.width(), words.height()
    width, height = wide + beside, high + theme.px(5)
    box = QRectF(at.x(), at.y(), width, height)
    if align == Qt.AlignmentFlag.AlignCenter:
        box.moveCenter(at)
    box = QRectF(round(box.x()), round(box.y()), round(width), round(height))
    round_by = (min(high, metrics.height()) + theme.px(5)) / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink(painter, None, theme.colour("panel", 225))
    painter.drawRoundedRect(box, round_by, round_by)
    if dot:
        painter.setBrush(theme.colour(dot))
        centre = QPointF(box.x() + theme.px(6) + mark / 3, box.center().y())
        painter.drawEllipse(centre, mark / 4, mark / 4)
    painter.setFont(font)
    side = theme.px(14) / 2 - 1  # no wider than it was measured, or its words would find another place
    write(painter, box.adjusted(mark + side, 0, -side, 0), text, theme.colour("text"), LINES)
    return box


def badge(painter: QPainter, rect: QRectF, text: str, token: str | None) -> None:
    """The label at the upper left; a long one takes more lines, so that none of it is cut."""
    if text:
        inset = theme.px(8)
        at, room = QPointF(rect.x() + inset, rect.y() + inset), rect.width() - 2 * inset
        pill(painter, at, text, Qt.AlignmentFlag.AlignLeft, token, room)


def placeholder(painter: QPainter, rect: QRectF, text: str) -> None:
    """An empty view: a dashed ground, a title and what to do."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ink(painter, dashed(QPen(theme.colour("line"), 1.0), 4, 4))
    inset = theme.px(8) + 0.5
    painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), RADIUS, RADIUS)
    title, _, rest = text.partition("\n")
    wrap = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
    room = rect.adjusted(3 * inset, 0, -3 * inset, 0)
    parts = [(title, theme.font(TITLE_PX, SEMIBOLD), "text"), (rest, theme.font(SMALL_PX), "dim")]
    boxes = [QFontMetricsF(font).boundingRect(room, wrap, words) for words, font, _ in parts]
    gap = theme.px(4) if rest else 0
    if boxes[0].height() + gap + boxes[1].height() > rect.height() - 3 * inset:
        parts, boxes, rest = parts[:1], boxes[:1], ""
    y = rect.center().y() - (boxes[0].height() + (gap + boxes[1].height() if rest else 0)) / 2
    for (words, font, token), box in zip(parts, boxes, strict=True):
        painter.setFont(font)
        write(painter, QRectF(room.x(), y, room.width(), box.height()), words, theme.colour(token), wrap)
        y += box.height() + gap


def edge(painter: QPainter, rect: QRectF, focused: bool) -> None:
    """Round the corners in the panel's colour; a ring shows the keyboard's focus."""
    corners = QPainterPath()
    corners.addRect(rect)
    corners.addRoundedRect(rect, RADIUS, RADIUS)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(corners, QBrush(theme.colour("panel")))
    if focused:
        ink(painter, QPen(theme.colour("reverse"), 2.0))
        painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), RADIUS - 1, RADIUS - 1)
