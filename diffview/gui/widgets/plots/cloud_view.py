"""Points in the plane with their trails and arrows of the score; lines can be drawn by hand."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from pyqtgraph.Qt.internals import PrimitiveArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import CENTRE, write
from diffview.gui.widgets.plots.plot_axis import pen, plot_font
from diffview.gui.widgets.plots.plot_base import Overlay, PlotBase

MARGIN, POINT_PX, ARROW = 8, 2.6, 0.24
"""Design pixels beside the plane, the size of a point, and the length that no arrow reaches, in units of the plane."""

LARGEST = 560
HEAD = 0.35
"""Share of an arrow that is its head."""


class Swarm(Overlay):
    """Arrows, trails and points."""

    def __init__(self, plot: "CloudView") -> None:
        super().__init__(plot, z=10)
        self.points: Floats = np.empty((0, 2))
        self.trails: Floats = np.empty((0, 0, 2))
        self.arrows: tuple[Floats, Floats] | None = None
        self.token = "forward"

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """In this order, so that the points are seen."""
        painter.setClipRect(self.plot.plot_rect)
        self._draw_arrows(painter, palette)
        self._draw_trails(painter, palette)
        if len(self.points):
            self._draw_points(painter, palette)

    def _draw_points(self, painter: QPainter, palette: Palette) -> None:
        """Copies of one dot: to stroke each takes fifteen times as long."""
        ratio = self.plot.devicePixelRatioF()
        line = pen(palette, self.token)
        line.setWidthF(theme.px(POINT_PX))  # not stronger on a stage: points, not their union, are seen
        dot = dot_of(line, ratio)
        made = PrimitiveArray(QPainter.PixmapFragment, 10)
        made.resize(len(self.points))
        x, y = self.plot.pixel_arrays(self.points[:, 0], self.points[:, 1])
        side = np.full(len(x), dot.width())  # of the source, in pixels of the screen
        zero, scale = np.zeros(len(x)), np.full(len(x), 1 / ratio)
        made.ndarray()[:] = np.stack([x, y, zero, zero, side, side, scale, scale, zero, zero + 1], axis=1)
        drawn: tuple[Any, ...] = (*made.drawargs(), dot)
        painter.drawPixmapFragments(*drawn)

    def _draw_trails(self, painter: QPainter, palette: Palette) -> None:
        if self.trails.size:
            self._draw_lines(painter, pen(palette, self.token, 1.0, 80), self.trails[:, :-1], self.trails[:, 1:])

    def _draw_arrows(self, painter: QPainter, palette: Palette) -> None:
        if self.arrows is None:
            return
        at, way = self.arrows
        length = np.hypot(*way.T)[:, None]
        way = ARROW * way / (1 + length)
        tip, side = at + way, np.stack([-way[:, 1], way[:, 0]], axis=1)
        starts = np.stack([at, tip - HEAD * (way - 0.6 * side), tip - HEAD * (way + 0.6 * side)])
        self._draw_lines(painter, pen(palette, "text", 1.0, 150), starts, np.broadcast_to(tip, starts.shape))

    def _draw_lines(self, painter: QPainter, line: QPen, starts: Floats, ends: Floats) -> None:
        """Single segments between points [..., 2]: a path of them takes ten times as long to stroke."""
        line.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(line)
        both = np.stack([starts.reshape(-1, 2), ends.reshape(-1, 2)], axis=1)
        x, y = self.plot.pixel_arrays(both[..., 0], both[..., 1])
        made = PrimitiveArray(QLineF, 4)
        made.resize(len(both))
        made.ndarray()[:] = np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)
        painter.drawLines(*made.drawargs())


def dot_of(line: QPen, ratio: float) -> QPixmap:
    """A point as a pen draws it, for a screen with `ratio` pixels of its own to a pixel."""
    pixels = math.ceil((line.widthF() + 2) * ratio) | 1  # odd: its middle is that of a pixel
    dot = QPixmap(pixels, pixels)
    dot.setDevicePixelRatio(ratio)
    dot.fill(Qt.GlobalColor.transparent)
    painter = QPainter(dot)
    painter.setPen(line)
    painter.drawPoint(QPointF(pixels, pixels) / (2 * ratio))
    painter.end()
    return dot


class CloudView(PlotBase):
    """A square of the plane.

    Signals:
        drawn: the lines that were drawn by hand, once one is done, as tuples of (x, y).
    """

    drawn = Signal(object)

    def __init__(self, top: float, parent: QWidget | None = None) -> None:
        super().__init__("Points in the plane", (MARGIN, MARGIN, MARGIN, MARGIN), parent)
        for axis in (self.x_axis, self.y_axis):
            axis.labels = axis.grid = axis.line = False
        self.set_ranges((-top, top), (-top, top))
        self.swarm = Swarm(self)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.drawing = False
        self.lines: list[list[tuple[float, float]]] = []
        self.says = ""

    def show_points(
        self, points: Floats, trails: Floats | None, arrows: tuple[Floats, Floats] | None, token: str
    ) -> None:
        """Show points [n, 2], trails [n, states, 2] and arrows (places, directions [n, 2]) in the colour of a token."""
        swarm = self.swarm
        swarm.points, swarm.arrows, swarm.token = points, arrows, token
        swarm.trails = np.empty((0, 0, 2)) if trails is None else trails
        swarm.update()

    def set_drawing(self, on: bool, lines: Sequence[Sequence[tuple[float, float]]] = ()) -> None:
        """Let the mouse draw lines, after those that there are."""
        self.drawing, self.lines = on, [list(line) for line in lines]
        self.says = "Draw with the mouse" if on and not self.lines else ""
        self.viewport().setCursor(Qt.CursorShape.CrossCursor if on else Qt.CursorShape.ArrowCursor)
        self.redraw()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """The frame of the plane, and what is to be done in it."""
        painter.setPen(pen(palette, "line"))
        painter.drawRect(box)
        if self.says:
            painter.setFont(plot_font())
            write(painter, box, self.says, palette.colour("dim"), CENTRE)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """As wide as it is, with the same scale both ways."""
        if self._built:
            wide = self.y_axis.high * max(1.0, self.plot_rect.width() / self.plot_rect.height())
            self.x_axis.low, self.x_axis.high = -wide, wide
        super().resizeEvent(event)

    def heightForWidth(self, width: int) -> int:
        """A square, or lower where it would be too high."""
        return min(width, theme.px(LARGEST))

    # -- the mouse

    def _place(self, event: QMouseEvent) -> tuple[float, float]:
        """Where the mouse is in the plane: on its edge while the hand is beyond, however far."""
        x, y = self.from_pixel(event.position())
        wide, high = self.x_axis.high, self.y_axis.high
        return min(max(x, -wide), wide), min(max(y, -high), high)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a line."""
        if not self.drawing or event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.says = ""
        self.lines.append([self._place(event)])
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it, and show it as points."""
        if self.drawing and self.lines and event.buttons() & Qt.MouseButton.LeftButton:
            self.lines[-1].append(self._place(event))
            self.show_points(np.array([place for line in self.lines for place in line]), None, None, "text")
            self.redraw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tell what is drawn, of lines that are longer than a click."""
        if self.drawing and event.button() is Qt.MouseButton.LeftButton:
            self.lines = [line for line in self.lines if len(line) > 1]
            if self.lines:
                self.drawn.emit(tuple(tuple(line) for line in self.lines))

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """A press like any other."""
        self.mousePressEvent(event)
