"""Error against calls of the model, log-log, one line a sampler, with guide lines of the orders expected."""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from diffview.gui.show.lanes import Guide, Lane, RaceMark, guides, ranges
from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import dashed, ink, inside, write
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, pen, plot_font
from diffview.gui.widgets.plots.plot_base import PlotBase
from diffview.gui.widgets.small.text import literal

MARGINS = (58, 10, 14, 38)
TOKENS = ("reverse", "forward", "good", "text", "warn", "bad")
NEAR_PX = 14
DOT = 3.5
FINE = 16
"""Places of a line between two runs that are looked at for what it crosses."""


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
        self._paint_legend(painter, palette)

    def _paint_guides(self, painter: QPainter, palette: Palette) -> None:
        painter.setFont(plot_font())
        painter.setPen(dashed(pen(palette, "dim", 1.0), 4, 4))
        for _, start, end in self.guides():
            painter.drawLine(self.to_pixel(*start), self.to_pixel(*end))
        for text, rect in self.guide_labels():
            write(painter, rect, text, palette.colour("dim"))

    def guide_labels(self) -> list[tuple[str, QRectF]]:
        """The name of each guide and where it is written: beside its lower end, or further up, clear of all lines.

        Where there is no such place, it is one that few lines cross.
        """
        taken, found = [rect for _, rect in self.legend_labels()], list[tuple[str, QRectF]]()
        lines = {order: (self.to_pixel(*start), self.to_pixel(*end)) for order, start, end in self.guides()}
        for order, (a, b) in lines.items():
            places = self._places(f"order {order}", a, b)
            apart = [rect for rect in places if not any(rect.intersects(other) for other in taken)] or places
            others = [np.array([at.toTuple() for at in ends]) for other, ends in lines.items() if other != order]
            found.append((f"order {order}", min(apart, key=partial(self._crossed, others=others))))
            taken.append(found[-1][1])
        return found

    def _places(self, text: str, a: QPointF, b: QPointF) -> list[QRectF]:
        """Where a name can be written beside its line, which falls from a to b: from its lower end upwards."""
        box, metrics = self.plot_rect, QFontMetricsF(plot_font())
        width, height = metrics.horizontalAdvance(text) + 4, metrics.height() + 2
        low = min(0.96, (box.bottom() - height - a.y()) / max(b.y() - a.y(), 1.0))
        steps = max(1, round(2 * math.hypot(*(b - a).toTuple()) * low / height))
        at = [a + (b - a) * low * (1 - i / steps) for i in range(steps)]
        rects = [QRectF(point.x() - width, point.y() + 2, width, height - 2) for point in at]
        rects += [QRectF(point.x() + 4, point.y() - height, width, height - 2) for point in at]
        return [rect for rect in rects if box.contains(rect)] or rects[:1]

    def legend_labels(self) -> list[tuple[Lane, QRectF]]:
        """Each sampler, and where its dot and its name are: in the corner, of two, that fewer lines cross."""
        box, metrics = self.plot_rect, QFontMetricsF(plot_font(AXIS_PX))
        step, gap = metrics.height() + 1, theme.px(4)
        before, high = theme.px(10) + theme.px(DOT), step * len(self.lanes)
        wide = [before + metrics.horizontalAdvance(lane.name) for lane in self.lanes]
        most, below = max(wide, default=0.0), box.bottom() - gap - high
        right = QRectF(box.right() - gap - most, box.top() + metrics.descent(), most, high)
        left = QRectF(box.left() + gap, below, most, high)
        corner = min(right, left, key=self._crossed)
        sides = [corner.right() - w if corner is right else corner.left() for w in wide]
        rects = [
            QRectF(x, corner.top() + i * step, w, step - 1) for i, (x, w) in enumerate(zip(sides, wide, strict=True))
        ]
        return list(zip(self.lanes, rects, strict=True))

    def _crossed(self, rect: QRectF, others: Sequence[Floats] = ()) -> int:
        """How much of the lines, and of `others` by their corners [n, 2] in pixels, lies in a rectangle."""
        inside = 0
        lanes = (np.array([self.position(mark).toTuple() for mark in lane.shown]).reshape(-1, 2) for lane in self.lanes)
        for at in (*lanes, *others):
            along = np.linspace(0, len(at) - 1, FINE * len(at))
            x, y = (np.interp(along, np.arange(len(at)), axis) if len(at) else axis for axis in at.T)
            across = (x >= rect.left()) & (x <= rect.right())
            inside += int((across & (y >= rect.top()) & (y <= rect.bottom())).sum())
        return inside

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

    def _paint_legend(self, painter: QPainter, palette: Palette) -> None:
        painter.setFont(plot_font(AXIS_PX))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        ascent = QFontMetricsF(plot_font(AXIS_PX)).ascent()
        for lane, rect in self.legend_labels():
            token = TOKENS[lane.style % len(TOKENS)]
            ink(painter, QPen(palette.colour(token), 1.0), palette.colour(token))
            y = rect.top() + ascent
            dot(painter, QPointF(rect.left() + theme.px(DOT), y - ascent / 3), lane.style // len(TOKENS))
            painter.drawText(QPointF(rect.left() + theme.px(DOT) + theme.px(10), y), lane.name)

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
