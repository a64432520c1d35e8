"""A ruler along one side of a picture: degrees, km or pixels, for the visible part of it."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.fields.earth_map import position
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.plots.plot_ticks import number

DEGREES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0)
THICK_PX, WIDE_PX, TICK_PX = 15, 40, 3
APART = {True: 58.0, False: 26.0}
"""Pixels from label to label, across and down."""


def position_text(latitude: float, longitude: float, decimals: int = 2) -> str:
    """A position as text: 61.25° N, 12.40° W."""
    return f"{degree_text(latitude, True, decimals)}, {degree_text(longitude, False, decimals)}"


def degree_text(value: float, latitude: bool, decimals: int = 0) -> str:
    """A latitude or longitude with its hemisphere."""
    if not latitude:
        value = (value + 180.0) % 360.0 - 180.0
    sides = "NS" if latitude else "EW"
    shown = f"{abs(value):.{decimals}f}"
    half = "" if float(shown) in (0.0, 180.0) else f" {sides[0] if value > 0 else sides[1]}"
    return f"{shown}°{half}"


class Ruler(QWidget):
    """Follows the zoom of one image view; `horizontal` lies below it, else it stands at its left."""

    def __init__(self, view: ImageView, horizontal: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view, self._horizontal = view, horizontal
        self._side: NDArray[np.float64] = np.empty(0)
        self._stride, self._kind = 1, "index"
        self._seen: object = None
        fixed, wide = QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred
        self.setSizePolicy(wide if horizontal else fixed, fixed if horizontal else wide)
        view.installEventFilter(self)
        theme.changed.connect(self.updateGeometry)

    def set_side(self, side: NDArray[np.floating], stride: int, kind: str) -> None:
        """Take the coordinate of the middle of every pixel of the field, the view showing every `stride`-th.

        `kind` is "latitude", "longitude", "azimuth", "km" or "index".
        """
        if (stride, kind) == (self._stride, self._kind) and np.array_equal(side, self._side):
            return
        self._side, self._stride, self._kind = np.asarray(side, np.float64), stride, kind
        self.setAccessibleName(f"{'Horizontal' if self._horizontal else 'Vertical'} axis: {kind}")
        self.update()

    def sizeHint(self) -> QSize:
        """As thick as its labels."""
        return QSize(0, theme.px(THICK_PX)) if self._horizontal else QSize(theme.px(WIDE_PX), 0)

    def ticks(self) -> list[tuple[float, str]]:
        """(pixel along the ruler, text) of the labels."""
        n = len(self._side)
        if n < 2 or not np.isfinite(self._side).all():
            return []
        ends = [self._view.to_image(point) for point in (QPointF(), QPointF(self._view.width(), self._view.height()))]
        first, last = ((e.x() if self._horizontal else e.y()) * self._stride for e in ends)
        seen = np.clip((first, last), 0, n)
        low, high = sorted(self._value(at) for at in seen)
        pixels = (seen[1] - seen[0]) / self._stride * self._view.pixel_size()
        if not high > low or pixels < 8:
            return []
        step = self._step((high - low) / pixels * theme.px(APART[self._horizontal]))
        values = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
        pixels = position(values, self._side) / self._stride
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        return [(self._along(pixel), self._text(value, decimals)) for value, pixel in zip(values, pixels, strict=True)]

    def _value(self, at: float) -> float:
        """The coordinate at a position in pixels of the field, also beyond the middles of its outer pixels."""
        middles = np.arange(len(self._side)) + 0.5
        inside = float(np.interp(at, middles, self._side))
        if at < 0.5:
            return inside + (at - 0.5) * float(self._side[1] - self._side[0])
        over = at - middles[-1]
        return inside + max(over, 0.0) * float(self._side[-1] - self._side[-2])

    def _along(self, pixel: float) -> float:
        point = self._view.to_widget(QPointF(pixel, pixel))
        return point.x() if self._horizontal else point.y()

    def _step(self, least: float) -> float:
        if self._kind in ("latitude", "longitude", "azimuth"):
            return next((step for step in DEGREES if step >= least), DEGREES[-1])
        ten = 10.0 ** math.floor(math.log10(least))
        step = next(m * ten for m in (1, 2, 5, 10) if m * ten >= least * (1 - 1e-9))
        return max(1.0, step) if self._kind == "index" else step

    def _text(self, value: float, decimals: int) -> str:
        if self._kind in ("latitude", "longitude"):
            return degree_text(value, self._kind == "latitude", decimals)
        if self._kind == "azimuth":
            return f"{value % 360.0:.{decimals}f}°"
        return number(value, decimals)

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
        metrics, end = QFontMetricsF(font), -math.inf
        tick = theme.px(TICK_PX)
        for at, text in sorted(self.ticks()):
            if not self._horizontal:
                painter.setPen(QPen(theme.colour("faint"), 1.0))
                painter.drawLine(QPointF(self.width() - tick, at), QPointF(self.width(), at))
                box = QRectF(0, at - metrics.height() / 2, self.width() - tick - 2, metrics.height())
                if box.top() >= end and box.top() >= 0 and box.bottom() <= self.height():
                    painter.setPen(theme.colour("dim"))
                    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
                    end = box.bottom()
                continue
            painter.setPen(QPen(theme.colour("faint"), 1.0))
            painter.drawLine(QPointF(at, 0), QPointF(at, tick))
            width = metrics.horizontalAdvance(text)
            left = min(max(at - width / 2, 0.0), self.width() - width)
            if left >= end:
                painter.setPen(theme.colour("dim"))
                painter.drawText(QRectF(left, tick, width + 1, self.height() - tick), Qt.AlignmentFlag.AlignTop, text)
                end = left + width + theme.px(6)
