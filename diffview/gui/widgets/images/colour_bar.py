"""The colour scale of the pictures, labelled in physical units."""

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QSizePolicy

from diffview.fields.bar_ticks import bar_ticks
from diffview.fields.colormaps import Rgb
from diffview.fields.numbers import MINUS, compact
from diffview.fields.quantised import STRIPE
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.images import image_paint as paint
from diffview.gui.widgets.images.raster import indexed_image
from diffview.gui.widgets.ink import LEFT, ink, write
from diffview.gui.widgets.staged import Staged

_BAR_PX = 12
_TICK_PX = 4

Transform = Callable[[float], float]


def label(value: float) -> str:
    """A number of the scale as text."""
    return compact(value, small=1e-4)


class ColourBar(Staged):
    """A vertical gradient over low..high in standardised units, with ticks at round physical numbers."""

    def __init__(self, accent: str = "") -> None:
        """`accent`: token of the colour that its units are written in, that of the pictures it is for."""
        super().__init__()
        self._accent = accent
        self._low, self._high = -2.5, 2.5
        self._to: Transform = float
        self._from: Transform = float
        self._units = ""
        self._marker: float | None = None
        self._no_data = False
        self._striped = False
        self._gradient = QImage()
        self.set_colormap(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Colour scale")
        theme.changed.connect(self._resize)

    def set_scale(
        self, low: float, high: float, to_physical: Transform, from_physical: Transform, units: str = ""
    ) -> None:
        """Label the standardised limits low..high through a monotone transform and its inverse."""
        self._low, self._high = low, high
        self._to, self._from, self._units = to_physical, from_physical, units
        self.setAccessibleDescription(f"{label(to_physical(low))} to {label(to_physical(high))} {units}".strip())
        self._resize()

    def set_accent(self, token: str) -> None:
        """Write the units in the colour of the pictures that the scale is for; "" where it is for all."""
        if token != self._accent:
            self._accent = token
            self.update()

    def set_colormap(self, rgb: Rgb) -> None:
        """Take the colours, uint8 [256, 3]."""
        self._gradient = indexed_image(np.arange(255, -1, -1, dtype=np.uint8)[:, None], rgb)
        self.update()

    def set_marker(self, value: float | None) -> None:
        """Mark a standardised value on the scale, as the one under the pointer; None removes it."""
        if value != self._marker:
            self._marker = value
            self.update()

    def set_no_data_shown(self, shown: bool) -> None:
        """Explain the colour of missing pixels under the scale."""
        if shown != self._no_data:
            self._no_data = shown
            self.update()

    def no_data_shown(self) -> bool:
        """Whether it explains the colour of missing pixels."""
        return self._no_data

    def set_striped(self, striped: bool) -> None:
        """Show that what is below the scale gets stripes: no value of the quantity is."""
        if striped != self._striped:
            self._striped = striped
            self.update()

    def ticks(self) -> list[tuple[float, float]]:
        """The labelled (physical value, y in pixels), from the lowest value up."""
        low, high = sorted((self._to(self._low), self._to(self._high)))
        ticks = bar_ticks(low, high, self._y_of, QFontMetricsF(self._font()).height() * 2.0)
        return [(value, self._y_of(value)) for value in ticks]

    def bar_rect(self) -> QRectF:
        """Where the gradient lies."""
        cap, line = theme.px(7), QFontMetricsF(self._font()).height()
        top = (line + theme.px(6) if self._units else 0) + cap + theme.px(2)
        bottom = cap + theme.px(2) + (line + theme.px(8) if self._no_data else 0)
        return QRectF(theme.px(2), round(top), theme.px(_BAR_PX), max(round(self.height() - top - bottom), 1))

    def sizeHint(self) -> QSize:
        """Wide enough for the labels."""
        with theme.on_stage(self.stage_scale):
            return self._hint()

    def _hint(self) -> QSize:
        metrics = QFontMetricsF(self._font())
        texts = [label(value) for value, _ in self.ticks()] or [f"{MINUS}0.00"]
        widest = max(metrics.horizontalAdvance(text) for text in texts)
        width = theme.px(2 + _BAR_PX + _TICK_PX + 6) + widest + theme.px(2)
        return QSize(math.ceil(max(width, metrics.horizontalAdvance(self._units) + theme.px(4), theme.px(56))), 160)

    def minimumSizeHint(self) -> QSize:
        """Narrower cuts labels off."""
        return QSize(self.sizeHint().width(), self.px(80))

    def _font(self) -> QFont:
        return theme.font(SMALL_PX - 1, tabular=True)

    def _resize(self) -> None:
        self.updateGeometry()
        self.update()

    def _y_of(self, physical: float) -> float:
        bar = self.bar_rect()
        share = (self._from(physical) - self._low) / (self._high - self._low)
        return bar.bottom() - share * bar.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the scale."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        bar = self.bar_rect()
        self._paint_bar(painter, bar)
        painter.setFont(self._font())
        height = QFontMetricsF(self._font()).height()
        units = QRectF(bar.x(), 0, self.width(), height)
        write(painter, units, self._units, theme.colour(self._accent or "dim"), Qt.AlignmentFlag.AlignLeft)
        left = bar.right() + theme.px(_TICK_PX + 5)
        beside = QRectF(left, -height / 2, self.width() - left, height)
        for value, y in self.ticks():
            painter.setPen(QPen(theme.colour("edge"), 1.0))
            mark = round(y - 0.5) + 0.5
            painter.drawLine(QPointF(bar.right() + 2, mark), QPointF(bar.right() + 2 + theme.px(_TICK_PX), mark))
            write(painter, beside.translated(0, y), label(value), theme.colour("dim"), LEFT)
        if self._no_data:
            self._paint_no_data(painter, bar, height)
        if self._marker is not None and math.isfinite(self._marker):
            share = min(max((self._marker - self._low) / (self._high - self._low), 0.0), 1.0)
            self._paint_marker(painter, bar, bar.bottom() - share * bar.height())

    def _paint_bar(self, painter: QPainter, bar: QRectF) -> None:
        """The gradient, with a pointed cap at either end: values beyond the limits are clipped to the end colours."""
        cap = theme.px(7)
        middle, shape = bar.center().x(), QPainterPath()
        upper = [bar.topLeft(), QPointF(middle, bar.top() - cap), QPointF(bar.right(), bar.top())]
        lower = [QPointF(bar.right(), bar.bottom()), QPointF(middle, bar.bottom() + cap), bar.bottomLeft()]
        shape.addPolygon(QPolygonF([*upper, *lower, bar.topLeft()]))
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(bar.adjusted(0, -cap, 0, 1), QColor(self._gradient.pixel(0, 0)))
        below = QRectF(bar.left(), bar.bottom(), bar.width(), cap)
        painter.fillRect(below, QColor(self._gradient.pixel(0, 255)))
        if self._striped:
            painter.fillRect(below, QBrush(QColor.fromRgb(STRIPE), Qt.BrushStyle.BDiagPattern))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(bar, self._gradient)
        painter.restore()
        ink(painter, QPen(theme.colour("edge"), 1.0))
        painter.drawPath(shape)

    def _paint_no_data(self, painter: QPainter, bar: QRectF, height: float) -> None:
        box = QRectF(bar.x(), self.height() - height - 1, bar.width(), height)
        paint.no_data(painter, box)
        painter.setPen(QPen(theme.colour("edge"), 1.0))
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
        start = bar.right() + theme.px(6)
        room = QRectF(start, box.y(), self.width() - start, height)
        write(painter, room, "none", theme.colour("dim"), LEFT)

    def _paint_marker(self, painter: QPainter, bar: QRectF, y: float) -> None:
        size = theme.px(5)
        arrow = QPainterPath(QPointF(bar.right() - 1, y))
        arrow.lineTo(bar.right() + size, y - size * 0.8)
        arrow.lineTo(bar.right() + size, y + size * 0.8)
        arrow.closeSubpath()
        ink(painter, QPen(theme.colour("panel"), 1.0), theme.colour("text"))
        painter.drawPath(arrow)
