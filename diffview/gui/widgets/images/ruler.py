"""A ruler along one side of a picture: degrees, km or pixels, for the visible part of it."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.show.ticks import RulerSide
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.ink import write

THICK_PX, WIDE_PX, TICK_PX = 15, 40, 3
LEAST_PX = 8
"""A shorter ruler has no labels."""

APART = {True: 58.0, False: 26.0}
"""Pixels from label to label, across and down."""

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Ruler(QWidget):
    """Follows the zoom of one image view; `horizontal` lies below it, else it stands at its left."""

    def __init__(self, view: ImageView, horizontal: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._horizontal = view, horizontal
        self._side, self._stride = RulerSide(np.empty(0), "index"), 1
        self._seen: object = None
        fixed, wide = QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred
        self.setSizePolicy(wide if horizontal else fixed, fixed if horizontal else wide)
        view.installEventFilter(self)
        theme.changed.connect(self.updateGeometry)

    def set_side(self, side: NDArray[np.floating], stride: int, kind: str) -> None:
        """Take the coordinate of the middle of every pixel of the field, the view showing every `stride`-th.

        `kind` is "latitude", "longitude", "azimuth", "km" or "index".
        """
        if (stride, kind) == (self._stride, self._side.kind) and np.array_equal(side, self._side.middles):
            return
        self._side, self._stride = RulerSide(np.asarray(side, np.float64), kind), stride
        self.setAccessibleName(f"{'Horizontal' if self._horizontal else 'Vertical'} axis: {kind}")
        self.update()

    def sizeHint(self) -> QSize:
        """As thick as its labels."""
        return QSize(0, theme.px(THICK_PX)) if self._horizontal else QSize(theme.px(WIDE_PX), 0)

    def ticks(self) -> list[tuple[float, str]]:
        """(pixel along the ruler, text) of the labels."""
        ends = [self._view.to_image(point) for point in (QPointF(), QPointF(self._view.width(), self._view.height()))]
        first, last = sorted(min(max(self._along(end) * self._stride, 0.0), len(self._side.middles)) for end in ends)
        pixels = (last - first) / self._stride * self._view.pixel_size()
        most = pixels / theme.px(APART[self._horizontal]) if pixels >= LEAST_PX else 0.0
        ticks = ((pixel / self._stride, text) for pixel, text in self._side.ticks(first, last, most))
        return [(self._along(self._view.to_widget(QPointF(pixel, pixel))), text) for pixel, text in ticks]

    def _along(self, point: QPointF) -> float:
        return point.x() if self._horizontal else point.y()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the view: whatever moves it paints it."""
        if event.type() is QEvent.Type.Paint:
            seen = (self._view.view_rect(), self._view.size())
            if seen != self._seen:
                self._seen = seen
                self.update()
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ticks and labels that stay apart."""
        painter = QPainter(self)
        font = theme.font(SMALL_PX - 1, tabular=True)
        painter.setFont(font)
        metrics, end, tick = QFontMetricsF(font), -math.inf, theme.px(TICK_PX)
        wide, high = float(self.width()), float(self.height())
        flags = Qt.AlignmentFlag.AlignTop if self._horizontal else _RIGHT
        for at, text in sorted(self.ticks()):
            if self._horizontal:
                length, mark = metrics.horizontalAdvance(text), (QPointF(at, 0), QPointF(at, tick))
                box = QRectF(min(max(at - length / 2, 0.0), wide - length), tick, length + 1, high - tick)
                start, stop, fits = box.left(), box.left() + length + theme.px(6), True
            else:
                mark = QPointF(wide - tick, at), QPointF(wide, at)
                box = QRectF(0, at - metrics.height() / 2, wide - tick - 2, metrics.height())
                start, stop, fits = box.top(), box.bottom(), box.top() >= 0 and box.bottom() <= high
            painter.setPen(QPen(theme.colour("faint"), 1.0))
            painter.drawLine(*mark)
            if start >= end and fits:
                write(painter, box, text, theme.colour("dim"), flags)
                end = stop
