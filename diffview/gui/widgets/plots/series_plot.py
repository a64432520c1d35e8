"""One pixel along a dimension: a small curve with dates or levels below it; a click chooses a slice."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.show.boxes import Box
from diffview.gui.show.lines import Floats
from diffview.gui.show.series import PlottedSeries
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.ink import RIGHT, write
from diffview.gui.widgets.small.text import set_tip

HEIGHT_PX, LEFT_PX, BOTTOM_PX, PAD_PX = 96, 46, 16, 6
MARKS = 60
"""The most points that are drawn with marks."""


class SeriesPlot(QWidget):
    """Values at indices of a dimension.

    Signals:
        indexChosen: a click at that index.
    """

    indexChosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series = PlottedSeries(np.empty(0), np.empty(0, int))
        self._shown: int | None = None
        self._hover: int | None = None
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def set_series(
        self,
        values: Floats,
        at: NDArray[np.integer],
        units: str,
        texts: Sequence[str] = (),
        x: Floats | None = None,
    ) -> None:
        """Take physical values at indices; `texts` and `x` (axis values) of every index of the dimension."""
        self._series, self._hover = PlottedSeries(values, at, units, texts, x), None
        self.setAccessibleDescription(self._series.about())
        self.update()

    def text_at(self, index: int) -> str:
        """The label of an index: its time, or its number."""
        return self._series.text_at(index)

    def values(self) -> Floats:
        """The values drawn."""
        return self._series.values

    def set_shown(self, index: int | None) -> None:
        """Mark the slice that is on screen."""
        if index != self._shown:
            self._shown = index
            self.update()

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(theme.px(200), theme.px(HEIGHT_PX))

    def pixel_of(self, index: int) -> QPointF:
        """The pixel of the value at an index of the dimension, or of the nearest one that was read."""
        return self._point(self._series.nearest(index))

    # Inside

    def _box(self) -> Box:
        left, bottom, pad = theme.px(LEFT_PX), theme.px(BOTTOM_PX), theme.px(PAD_PX)
        return Box(left, pad, max(1, self.width() - left - pad), max(1, self.height() - bottom - pad))

    def _point(self, k: int) -> QPointF:
        x, y = self._series.points(self._box())
        return QPointF(float(x[k]), float(y[k]))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, curve, the slice on screen and the value under the pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._series.values.size:
            return
        box = QRectF(*self._box())
        self._paint_axes(painter, box)
        self._paint_curve(painter)
        if self._shown is not None:
            self._paint_mark(painter, box, self._series.nearest(self._shown), "forward")
        if self._hover is not None:
            self._paint_mark(painter, box, self._hover, "reverse")

    def _paint_curve(self, painter: QPainter) -> None:
        """Lines between neighbours that have a value; few points have marks."""
        points = [
            QPointF(x, y) for x, y in zip(*(side.tolist() for side in self._series.points(self._box())), strict=True)
        ]
        painter.setPen(QPen(theme.colour("text"), 1.2))
        piece: list[QPointF] = []
        for point, value in zip([*points, QPointF()], [*self._series.values, np.nan], strict=True):
            if np.isfinite(value):
                piece.append(point)
                continue
            if len(piece) > 1:
                painter.drawPolyline(QPolygonF(piece))
            elif piece:
                painter.drawPoint(piece[0])
            piece = []
        if len(points) <= MARKS:
            painter.setBrush(theme.colour("text"))
            for point, value in zip(points, self._series.values, strict=True):
                if np.isfinite(value):
                    painter.drawEllipse(point, 1.6, 1.6)

    def _paint_axes(self, painter: QPainter, box: QRectF) -> None:
        font = theme.font(SMALL_PX - 1, tabular=True)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QPen(theme.colour("line"), 1.0))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        height, dim = metrics.height(), theme.colour("dim")
        (low, high), units = self._series.limits(), self._series.units
        beside = QRectF(0, -height / 2, box.left() - 4, height)
        for value, text in self._series.ends():
            y = box.bottom() - (value - low) / (high - low) * box.height()
            write(painter, beside.translated(0, y), text, dim, RIGHT)
        units = metrics.elidedText(units, Qt.TextElideMode.ElideRight, beside.width())
        write(painter, beside.translated(0, box.center().y()), units, dim, RIGHT)
        self._paint_labels(painter, box, metrics)

    def _paint_labels(self, painter: QPainter, box: QRectF, metrics: QFontMetricsF) -> None:
        """The first and the last label, and the middle one where it has room between them."""
        count = len(self._series.at)
        texts = [self._series.label(k) for k in (0, count - 1, count // 2)]
        first, last, own = (metrics.horizontalAdvance(text) for text in texts)
        middle, end = self._point(count // 2).x() - own / 2, box.right() - last
        places = [box.left(), end, middle]
        if middle < box.left() + first + 8 or middle + own > end - 8:
            places.pop()
        for left, text in zip(places, texts, strict=False):
            room = QRectF(left, box.bottom() + 2, metrics.horizontalAdvance(text) + 1, metrics.height())
            write(painter, room, text, theme.colour("dim"), Qt.AlignmentFlag.AlignTop)

    def _paint_mark(self, painter: QPainter, box: QRectF, k: int, token: str) -> None:
        point = self._point(k)
        painter.setPen(QPen(theme.colour(token), 1.0))
        painter.drawLine(QPointF(point.x(), box.top()), QPointF(point.x(), box.bottom()))
        if math.isfinite(float(self._series.values[k])):
            painter.setBrush(theme.colour(token))
            painter.drawEllipse(point, 3.0, 3.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the value under the pointer."""
        self._hover = self._series.under(event.position().x(), self._box())
        if self._hover is not None:
            set_tip(self, self._series.said(self._hover))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the slice under the pointer."""
        k = self._series.under(event.position().x(), self._box())
        if k is not None and event.button() == Qt.MouseButton.LeftButton:
            self.indexChosen.emit(int(self._series.at[k]))

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer went away."""
        self._hover = None
        self.update()
