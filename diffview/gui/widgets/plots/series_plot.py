"""One pixel along a dimension: a small curve with dates or levels below it; a click chooses a slice."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.fields.numbers import decimal
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.small.text import set_tip

HEIGHT_PX, LEFT_PX, BOTTOM_PX, PAD_PX = 96, 46, 16, 6
MARKS = 60
"""The most points that are drawn with marks."""

Floats = NDArray[np.floating]


class SeriesPlot(QWidget):
    """Values at indices of a dimension.

    Signals:
        indexChosen: a click at that index.
    """

    indexChosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: Floats = np.empty(0)
        self._at: NDArray[np.integer] = np.empty(0, int)
        self._x: Floats = np.empty(0)
        self._texts: Sequence[str] = ()
        self._units = ""
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
        self._values, self._at, self._units, self._texts = values, at, units, texts
        self._x = at.astype(np.float64)
        if x is not None and len(x) > at[-1] and np.isfinite(x[at]).all() and np.ptp(x[at]) > 0:
            self._x = np.asarray(x, np.float64)[at]
        self._hover = None
        known = values[np.isfinite(values)]
        span = f"from {known.min():g} to {known.max():g} {units}" if known.size else "without a value"
        self.setAccessibleDescription(f"{len(values)} values {span}".strip())
        self.update()

    def values(self) -> Floats:
        """The values drawn."""
        return self._values

    def set_shown(self, index: int | None) -> None:
        """Mark the slice that is on screen."""
        if index != self._shown:
            self._shown = index
            self.update()

    def sizeHint(self) -> QSize:
        """Small."""
        return QSize(theme.px(200), theme.px(HEIGHT_PX))

    def text_at(self, index: int) -> str:
        """The label of an index."""
        return self._texts[index] if index < len(self._texts) else str(index)

    def pixel_of(self, index: int) -> QPointF:
        """The pixel of the value at an index of the dimension, or of the nearest one that was read."""
        k = int(np.abs(self._at - index).argmin())
        return self._point(k)

    # Inside

    def _box(self) -> QRectF:
        left, bottom, pad = theme.px(LEFT_PX), theme.px(BOTTOM_PX), theme.px(PAD_PX)
        return QRectF(left, pad, max(1, self.width() - left - pad), max(1, self.height() - bottom - pad))

    def _limits(self) -> tuple[float, float]:
        known = self._values[np.isfinite(self._values)]
        if not known.size:
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        room = 0.06 * (high - low) or max(1.0, abs(low)) * 0.01
        return low - room, high + room

    def _point(self, k: int) -> QPointF:
        x, y = self._points()
        return QPointF(float(x[k]), float(y[k]))

    def _points(self) -> tuple[Floats, Floats]:
        """(x, y) of every value; missing ones lie on the axis."""
        box, (low, high) = self._box(), self._limits()
        first, last = float(self._x.min()), float(self._x.max())
        share = (self._x - first) / (last - first) if last > first else np.full(self._x.shape, 0.5)
        y = box.bottom() - (self._values.astype(np.float64) - low) / (high - low) * box.height()
        return box.left() + share * box.width(), np.where(np.isfinite(self._values), y, box.bottom())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw axes, curve, the slice on screen and the value under the pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = self._box()
        if not self._values.size:
            return
        self._paint_axes(painter, box)
        self._paint_curve(painter)
        if self._shown is not None:
            self._paint_mark(painter, box, int(np.abs(self._at - self._shown).argmin()), "forward")
        if self._hover is not None:
            self._paint_mark(painter, box, self._hover, "reverse")

    def _paint_curve(self, painter: QPainter) -> None:
        """Lines between neighbours that have a value; few points have marks."""
        points = [QPointF(x, y) for x, y in zip(*(side.tolist() for side in self._points()), strict=True)]
        painter.setPen(QPen(theme.colour("text"), 1.2))
        piece: list[QPointF] = []
        for point, value in zip([*points, QPointF()], [*self._values, np.nan], strict=True):
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
            for point, value in zip(points, self._values, strict=True):
                if np.isfinite(value):
                    painter.drawEllipse(point, 1.6, 1.6)

    def _paint_axes(self, painter: QPainter, box: QRectF) -> None:
        font = theme.font(SMALL_PX - 1, tabular=True)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QPen(theme.colour("line"), 1.0))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        painter.setPen(theme.colour("dim"))
        low, high = self._limits()
        step = 10 ** math.floor(math.log10(max((high - low) / 2, 1e-300)))
        decimals = max(0, -round(math.log10(step)))
        room = 0.06 / 1.12 * (high - low)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in (low + room, high - room):
            y = box.bottom() - (value - low) / (high - low) * box.height()
            text = decimal(value, decimals) if 1e-4 < step < 1e5 else f"{value:.2g}"
            painter.drawText(QRectF(0, y - metrics.height() / 2, box.left() - 4, metrics.height()), right, text)
        if self._units:
            across = QRectF(0, box.center().y() - metrics.height() / 2, box.left() - 4, metrics.height())
            painter.drawText(
                across, right, metrics.elidedText(self._units, Qt.TextElideMode.ElideRight, across.width())
            )
        end = -math.inf
        for k, align in ((0, 0.0), (len(self._at) - 1, 1.0), (len(self._at) // 2, 0.5)):
            text = self.text_at(int(self._at[k]))
            width = metrics.horizontalAdvance(text)
            left = box.left() + (box.width() - width) * align if align != 0.5 else self._point(k).x() - width / 2
            if align == 0.5 and (left < end or left + width > box.right() - self._last_width(metrics) - 8):
                continue
            painter.drawText(
                QRectF(left, box.bottom() + 2, width + 1, metrics.height()), Qt.AlignmentFlag.AlignTop, text
            )
            end = max(end, left + width + 8) if align == 0.0 else end

    def _last_width(self, metrics: QFontMetricsF) -> float:
        return metrics.horizontalAdvance(self.text_at(int(self._at[-1])))

    def _paint_mark(self, painter: QPainter, box: QRectF, k: int, token: str) -> None:
        point = self._point(k)
        painter.setPen(QPen(theme.colour(token), 1.0))
        painter.drawLine(QPointF(point.x(), box.top()), QPointF(point.x(), box.bottom()))
        if math.isfinite(float(self._values[k])):
            painter.setBrush(theme.colour(token))
            painter.drawEllipse(point, 3.0, 3.0)

    def _nearest(self, x: float) -> int | None:
        if not self._values.size:
            return None
        box = self._box()
        first, last = float(self._x.min()), float(self._x.max())
        wanted = first + (x - box.left()) / box.width() * (last - first)
        return int(np.abs(self._x - wanted).argmin())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the value under the pointer."""
        self._hover = self._nearest(event.position().x())
        if self._hover is not None:
            value = float(self._values[self._hover])
            said = f"{value:.6g} {self._units}".strip() if math.isfinite(value) else "no data"
            set_tip(self, f"{self.text_at(int(self._at[self._hover]))}: {said}")
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the slice under the pointer."""
        k = self._nearest(event.position().x())
        if k is not None and event.button() == Qt.MouseButton.LeftButton:
            self.indexChosen.emit(int(self._at[k]))

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer went away."""
        self._hover = None
        self.update()
