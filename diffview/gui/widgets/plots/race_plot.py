"""Error against calls of the model, log-log, one line a sampler, with guide lines of the orders expected."""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from diffview.gui.show.lanes import Guide, Lane, RaceMark, guides, ranges
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import dashed, ink, inside, write
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, pen, plot_font
from diffview.gui.widgets.plots.plot_base import PlotBase
from diffview.gui.widgets.small.text import literal

MARGINS = (58, 10, 14, 38)
TOKENS = ("reverse", "forward", "good", "text", "warn", "bad")
NEAR_PX = 14
DOT = 3.5


class RacePlot(PlotBase):
    """Lines with dots; hovering one shows its numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Error against calls of the model", MARGINS, parent)
        self.lanes: tuple[Lane, ...] = ()
        self.x_axis.log = self.y_axis.log = True
        self.x_axis.label = "calls of the model"
        self._at: tuple[Lane, RaceMark] | None = None
        self.setMinimumHeight(theme.px(240))
        self.show_lanes((), "", "")

    def sizeHint(self) -> QSize:
        """Low; its container gives it the remaining room."""
        return QSize(theme.px(240), theme.px(240))

    def show_lanes(self, lanes: Sequence[Lane], y_label: str, empty: str) -> None:
        """Draw lanes; `empty` is the message without any."""
        self.lanes = tuple(lanes)
        self.y_axis.label = y_label
        self._at = None
        self.show_message("" if any(lane.shown for lane in lanes) else empty)
        x, y = ranges(lanes)
        self.set_ranges(x=x, y=y)
        self.setAccessibleDescription(", ".join(lane.name for lane in lanes) or empty)

    def position(self, mark: RaceMark) -> QPointF:
        """The pixel of a run."""
        return self.to_pixel(*mark.at)

    def guides(self) -> list[Guide]:
        """The slopes of the orders over the plot."""
        return guides(self.lanes, self.x_axis.low, self.x_axis.high)

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Guides below lines below dots, and the legend."""
        if self.message:
            return
        with inside(painter, box):
            self._paint_guides(painter, palette)
            for lane in self.lanes:
                self._paint_lane(painter, lane, palette)
        self._paint_legend(painter, box, palette)

    def _paint_guides(self, painter: QPainter, palette: Palette) -> None:
        painter.setFont(plot_font())
        painter.setPen(dashed(pen(palette, "dim", 1.0), 4, 4))
        for _, start, end in self.guides():
            painter.drawLine(self.to_pixel(*start), self.to_pixel(*end))
        for text, rect in self.guide_labels():
            write(painter, rect, text, palette.colour("dim"))

    def guide_labels(self) -> list[tuple[str, QRectF]]:
        """The name of each guide and where it is written: left of its lower end, or further up beside another name."""
        box, metrics = self.plot_rect, QFontMetricsF(plot_font())
        found: list[tuple[str, QRectF]] = []
        for order, start, end in self.guides():
            text, a, b = f"order {order}", self.to_pixel(*start), self.to_pixel(*end)
            width, height = metrics.horizontalAdvance(text) + 4, metrics.height()
            drop = max(b.y() - a.y(), 1.0)
            y = min(a.y() + 0.96 * drop, box.bottom() - 10)
            while True:
                x = a.x() + (b.x() - a.x()) * (y - a.y()) / drop
                rect = QRectF(x - width - 6, y - height, width, height)
                if y < box.top() + height or not any(rect.intersects(other) for _, other in found):
                    break
                y -= height / 2
            found.append((text, rect))
        return found

    def _paint_lane(self, painter: QPainter, lane: Lane, palette: Palette) -> None:
        token = TOKENS[lane.style % len(TOKENS)]
        if not lane.shown:
            return
        ink(painter, pen(palette, token, 1.6))
        at = np.array([mark.at for mark in lane.shown])
        painter.drawPath(self.pixel_path(at[:, 0], at[:, 1]))
        painter.setBrush(palette.colour(token))
        for mark in lane.shown:
            dot(painter, self.position(mark), lane.style // len(TOKENS))

    def _paint_legend(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        painter.setFont(plot_font(AXIS_PX))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        metrics = QFontMetricsF(plot_font(AXIS_PX))
        y = box.top() + metrics.height()
        for lane in self.lanes:
            token = TOKENS[lane.style % len(TOKENS)]
            width = metrics.horizontalAdvance(lane.name)
            ink(painter, QPen(palette.colour(token), 1.0), palette.colour(token))
            left = box.right() - width - theme.px(4)
            dot(painter, QPointF(left - theme.px(10), y - metrics.ascent() / 3), lane.style // len(TOKENS))
            painter.drawText(QPointF(left, y), lane.name)
            y += metrics.height() + 1

    def nearest(self, point: QPointF) -> tuple[Lane, RaceMark] | None:
        """The run at a point of this widget."""
        places = [
            (math.hypot(*(self.position(mark) - point).toTuple()), lane, mark)
            for lane in self.lanes
            for mark in lane.shown
        ]
        distance, lane, mark = min(places, key=lambda found: found[0], default=(math.inf, None, None))
        return (lane, mark) if lane is not None and mark is not None and distance <= theme.px(NEAR_PX) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show the numbers of the run under the pointer."""
        hovered = self.nearest(event.position())
        if hovered != self._at:
            self._at = hovered
            if hovered is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPosition().toPoint(), literal(hovered[1].tip), self)
        event.ignore()


def dot(painter: QPainter, at: QPointF, shape: int) -> None:
    """A circle, a square or a triangle."""
    size = theme.px(DOT)
    if shape % 3 == 0:
        painter.drawEllipse(at, size, size)
    elif shape % 3 == 1:
        painter.drawRect(QRectF(at.x() - size, at.y() - size, 2 * size, 2 * size))
    else:
        path = QPainterPath(at + QPointF(0, -size))
        path.lineTo(at + QPointF(size, size))
        path.lineTo(at + QPointF(-size, size))
        path.closeSubpath()
        painter.drawPath(path)
