"""Painting a film strip: names, thumbnails tied to their values, the line of a fork."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPixmap

from diffview.fields.colormaps import Rgb
from diffview.gui.show.boxes import Box
from diffview.gui.show.film_rows import GUTTER_PX, PARENT, REVERSE, FilmRows
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.images.raster import indexed_image
from diffview.gui.widgets.ink import dashed, ink, write

Picture = NDArray[np.uint8] | QImage
"""Quantised levels [ny, nx], or a picture."""

TOKENS = ("forward", "reverse", "reverse")
NAME_PX = 10


class Thumbnails:
    """Pictures at the size at which they are shown, made once."""

    def __init__(self) -> None:
        self._rgb: Rgb = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        self._made: dict[tuple[int, int, int], tuple[Picture, QPixmap]] = {}

    def set_colormap(self, rgb: Rgb) -> None:
        """Take the colours of quantised pictures, uint8 [256, 3]."""
        self._rgb = rgb
        self.clear()

    def clear(self) -> None:
        """Make all anew."""
        self._made.clear()

    def keep(self, pictures: list[Picture]) -> None:
        """Forget those of other pictures."""
        kept = {id(picture) for picture in pictures}
        self._made = {key: known for key, known in self._made.items() if key[0] in kept}

    def of(self, picture: Picture, box: Box, ratio: float) -> QPixmap:
        """A picture for a box, at `ratio` device pixels each."""
        width, height = round(box.width * ratio), round(box.height * ratio)
        key = (id(picture), width, height)
        known = self._made.get(key)
        if known is None:
            image = picture if isinstance(picture, QImage) else indexed_image(picture, self._rgb)
            small = image.width() < width
            mode = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
            made = QPixmap.fromImage(image.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
            made.setDevicePixelRatio(ratio)
            known = self._made[key] = (picture, made)
        return known[1]


def caption(rows: FilmRows, row: int) -> tuple[str, float]:
    """The name that stands at a row, and its length."""
    return rows.caption(row, QFontMetricsF(theme.font(NAME_PX)).horizontalAdvance)


def paint_fork(painter: QPainter, rows: FilmRows, fork: int | None) -> None:
    """Where the fork leaves its parent: from the step they share to the first of its own."""
    parent, own = rows[PARENT], rows[REVERSE]
    if fork is None or fork not in parent.shown or not own.boxes:
        return
    start = parent.boxes[parent.shown.index(fork)]
    end = own.boxes[own.shown.index(0)] if 0 in own.shown else own.boxes[0]
    painter.setPen(dashed(QPen(theme.colour("reverse"), 1.5), 2, 2))
    low, high = QPointF(start.centre[0], start.bottom), QPointF(end.centre[0], end.y)
    painter.drawLine(low, high)
    ink(painter, None, theme.colour("reverse"))
    painter.drawEllipse(low, theme.px(3), theme.px(3))


def paint_name(painter: QPainter, rows: FilmRows, row: int, height: int) -> None:
    """The row's name, upright at the left edge, where it or its short form fits."""
    band, font = rows.band(row), theme.font(NAME_PX)
    name, length = caption(rows, row)
    if not name:
        return
    painter.save()
    painter.setFont(font)
    painter.setPen(theme.colour(TOKENS[row]))
    painter.translate(0, min(band.centre[1], height - length / 2 - 1))  # the lowest ends at the edge
    painter.rotate(-90)
    room = QRectF(-band.height, 0, 2 * band.height, theme.px(NAME_PX + 3))
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, name)
    painter.restore()


def paint_row(painter: QPainter, rows: FilmRows, row: int, pixmap: Callable[[Picture, Box], QPixmap]) -> None:
    """Thumbnails, each with a line to its value; the highlighted one last."""
    accent, state = theme.colour(TOKENS[row]), rows[row]
    top = rows.band(row).y - theme.px(GUTTER_PX)
    for pass_current in (False, True):
        for box, index in zip(state.boxes, state.shown, strict=True):
            if (index == state.current) != pass_current:
                continue
            pen = QPen(accent, 1.5) if pass_current else QPen(theme.colour(TOKENS[row], 110), 1.0)
            painter.setPen(pen)
            x = rows.x_of(state.values[index])
            painter.drawLine(QPointF(x, top), QPointF(x, top + 2))
            painter.drawLine(QPointF(x, top + 2), QPointF(box.centre[0], box.y))
            painter.drawPixmap(QRectF(*box).toRect(), pixmap(state.pictures[index], box))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if pass_current:
                painter.setPen(QPen(accent, 2.0))
                painter.drawRoundedRect(QRectF(*box), 3, 3)


def paint_jumps(painter: QPainter, rows: FilmRows, row: int) -> None:
    """Between two thumbnails an arrow, where the run jumped back and walked a stretch again before the second."""
    state, accent = rows[row], theme.colour(TOKENS[row])
    boxes = dict(zip(state.shown, state.boxes, strict=True))
    lift, tip = theme.px(12), theme.px(4)
    for before, after in state.jumped():
        start, end = (QPointF(boxes[index].centre[0], boxes[index].y) for index in (before, after))
        arc = QPainterPath(start)
        arc.quadTo((start + end) / 2 - QPointF(0, lift), end)
        ink(painter, QPen(accent, 1.4))
        painter.drawPath(arc)
        ink(painter, None, accent)
        painter.drawPolygon([end, end - QPointF(tip, tip) / 2, end - QPointF(-tip, tip) / 2])


def paint_focus(painter: QPainter, rows: FilmRows, row: int) -> None:
    """A faint frame around the row that the keys move in."""
    painter.setPen(QPen(theme.colour(TOKENS[row], 130), 1.0))
    painter.drawRoundedRect(QRectF(*rows.band(row)).adjusted(0.5, -0.5, -0.5, 0.5), 4, 4)


def paint_empty(painter: QPainter, rows: FilmRows, row: int, whole: int) -> None:
    """A dashed frame with what to do."""
    left, right = (rows.axis[0], rows.axis[1]) if rows.axis else (1.0, whole - 1.0)
    box = QRectF(*rows.band(row)).adjusted(0, 1, 0, -1)
    box = QRectF(left + 0.5, round(box.y()) + 0.5, right - left - 1, round(box.height()) - 1)
    ink(painter, dashed(QPen(theme.colour("line"), 1.0), 4, 4))
    painter.drawRoundedRect(box, 4, 4)
    font = theme.font(SMALL_PX)
    painter.setFont(font)
    width = QFontMetricsF(font).horizontalAdvance(rows[row].empty)
    radius = theme.px(3)
    ink(painter, None, theme.colour(TOKENS[row], 170))
    painter.drawEllipse(QPointF(box.center().x() - width / 2 - 3 * radius, box.center().y()), radius, radius)
    write(painter, box, rows[row].empty, theme.colour("dim"))
