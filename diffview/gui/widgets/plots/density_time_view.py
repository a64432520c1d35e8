"""A density of one number over time as a picture with paths over it, and at its left the bells that it begins with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtWidgets import QWidget

from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.images.raster import indexed_image
from diffview.gui.widgets.ink import ink, inside
from diffview.gui.widgets.plots.plot_axis import paint_legend, pen
from diffview.gui.widgets.plots.plot_base import Overlay, Still
from diffview.gui.widgets.plots.time_plot import TimePlot

SIDE_PX, LABELS_PX, RIGHT_PX = 84, 36, 14
"""Width of the part with the bells, of the numbers between it and the picture, and the margin at the right."""

GRIP_PX, HANDLE_PX = 12.0, 5.5
LEAST_WEIGHT, LEAST_STD, MOST_STD = 0.03, 0.03, 2.0
SHARPNESS = 0.7
"""Exponent of the colours: below 1, so that what is faint is seen."""


class BellGrip(NamedTuple):
    """A handle: of which bell, and whether it is that of its width."""

    bell: int
    wide: bool


class Bells(Overlay):
    """The density at t = 0, lying on its side, and a round handle on each bell with a square one for its width."""

    def __init__(self, plot: "DensityTimeView") -> None:
        super().__init__(plot, z=40)
        self.bells: list[tuple[float, float, float]] = []
        self.held: BellGrip | None = None
        self.top = 1.0

    @property
    def base(self) -> float:
        """The pixel at which a density is 0."""
        return float(self.plot.plot_rect.left() - theme.px(LABELS_PX))

    @property
    def room(self) -> float:
        """Pixels of the highest density."""
        return self.base - theme.px(8)

    def set_bells(self, bells: Sequence[tuple[float, float, float]]) -> None:
        """Take weights, means and standard deviations; the scale stays while one is held."""
        self.bells = list(bells)
        if self.held is None and self.bells:
            self.top = 1.1 * float(self.density(np.linspace(*self.span, 400)).max())
        self.refresh()

    @property
    def span(self) -> tuple[float, float]:
        """The lowest and the highest value shown."""
        return self.plot.y_axis.low, self.plot.y_axis.high

    def density(self, x: Floats) -> Floats:
        """Of the bells, weighted; as high as it is drawn while one is held."""
        total = sum(w for w, _, _ in self.bells)
        parts = [w / total * np.exp(-0.5 * ((x - m) / d) ** 2) / (d * np.sqrt(2 * np.pi)) for w, m, d in self.bells]
        return np.asarray(sum(parts, np.zeros_like(x)))

    def handles(self) -> dict[BellGrip, QPointF]:
        """Where they are, in pixels."""
        total = sum(w for w, _, _ in self.bells)
        found = {}
        for i, (w, m, d) in enumerate(self.bells):
            high = min(w / total / (d * np.sqrt(2 * np.pi)) / self.top, 1.0) * self.room
            found[BellGrip(i, False)] = QPointF(self.base - high, self.plot.to_pixel(0, m).y())
            found[BellGrip(i, True)] = QPointF(self.base - 0.6 * high, self.plot.to_pixel(0, m + d).y())
        return found

    def under(self, point: QPointF) -> BellGrip | None:
        """The handle under a point."""
        near = {grip: (at - point).manhattanLength() for grip, at in self.handles().items()}
        best = min(near, key=lambda grip: near[grip], default=None)
        return best if best is not None and near[best] <= theme.px(GRIP_PX) else None

    def pulled(self, point: QPointF) -> list[tuple[float, float, float]]:
        """The bells with the held one pulled to a point; as they are without one."""
        if self.held is None:
            return self.bells
        i, wide = self.held
        w, m, d = self.bells[i]
        y = min(max(self.plot.from_pixel(point)[1], self.span[0]), self.span[1])
        if wide:
            d = min(max(y - m, LEAST_STD), MOST_STD)
        else:
            m, others = y, sum(one[0] for one in self.bells) - w
            share = (self.base - point.x()) / self.room * self.top * d * np.sqrt(2 * np.pi)
            w = w if not others else others * min(max(share, LEAST_WEIGHT), 0.95) / (1 - min(max(share, 0.03), 0.95))
        total = w + sum(one[0] for k, one in enumerate(self.bells) if k != i)
        moved = [(w, m, d) if k == i else one for k, one in enumerate(self.bells)]
        return [(float(a / total), float(b), float(c)) for a, b, c in moved]

    def bounds(self) -> QRectF:
        """Left of the picture."""
        return QRectF(0, 0, self.base + 2, self.plot.height())

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Curve, then handles."""
        if not self.bells:
            return
        x = np.linspace(*self.span, 300)
        high = np.minimum(self.density(x) / self.top, 1.0) * self.room
        points = [QPointF(self.base - h, self.plot.to_pixel(0, v).y()) for h, v in zip(high, x, strict=True)]
        ink(painter, None, palette.colour("forward", 60))
        painter.drawPolygon([QPointF(self.base, points[0].y()), *points, QPointF(self.base, points[-1].y())])
        painter.setPen(pen(palette, "forward", 1.6))
        painter.drawPolyline(points)
        for grip, at in self.handles().items():
            ink(painter, pen(palette, "forward", 1.6), palette.colour("panel" if grip != self.held else "forward"))
            size = theme.px(HANDLE_PX)
            if grip.wide:
                painter.drawRect(QRectF(at.x() - size + 1, at.y() - size + 1, 2 * size - 2, 2 * size - 2))
            else:
                painter.drawEllipse(at, size, size)


class Picked(Overlay):
    """The value of x_t that is picked, on the playhead."""

    def bounds(self) -> QRectF:
        """A dot."""
        return QRectF(-8, -8, 16, 16)

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """A dot with a rim."""
        ink(painter, pen(palette, "panel", 2), palette.colour("text"))
        painter.drawEllipse(QPointF(0, 0), 5, 5)


class DensityTimeView(TimePlot):
    """Click to scrub and to pick a value of x_t; pull a round handle for mean and weight, a square one for the width.

    Signals:
        bellsMoved: they are being pulled, as (weight, mean, standard deviation).
        picked: a value of x_t.
    """

    bellsMoved = Signal(object)
    picked = Signal(float)
    _complete = False  # TimePlot places its playhead before there is anything else

    def __init__(self, top: float, parent: QWidget | None = None) -> None:
        margins = (SIDE_PX + LABELS_PX, 24, RIGHT_PX, 36)
        super().__init__("A density over time", margins, tagged=True, parent=parent)
        self.y_axis.label, self.x_axis.label = "", "t"
        self.x_axis.grid = self.y_axis.grid = False
        self.setMinimumHeight(theme.px(220))
        self.set_ranges(y=(-top, top))
        self._levels: np.ndarray | None = None
        self._image: QImage | None = None
        self._paths: list[tuple[str, Floats, Floats]] = []
        self.names: list[tuple[str, str]] = []
        self.value = 0.0
        self._map, self._lines = Still(self, self._paint_map), Still(self, self._paint_paths)
        self._lines.setZValue(-50)
        self.bells, self.dot = Bells(self), Picked(self, z=60)
        self._complete = True

    # -- what is shown

    def set_density(self, shares: Floats) -> None:
        """A density [rows, columns] over the whole of the time axis, its largest values above; shares of 1."""
        self._levels = (255 * np.clip(shares, 0, 1) ** SHARPNESS).astype(np.uint8)
        self._image = None
        self._map.refresh()

    def set_paths(self, paths: Sequence[tuple[str, Floats, Floats]], names: Sequence[tuple[str, str]]) -> None:
        """Paths in the colours of tokens: x on the time axis [states], values [states, paths]; and their names."""
        self._paths, self.names = list(paths), list(names)
        self._lines.refresh()

    @property
    def path_count(self) -> int:
        """Paths shown."""
        return sum(values.shape[1] for _, _, values in self._paths)

    def set_value(self, value: float) -> None:
        """The value of x_t that is picked."""
        self.value = value
        self.dot.setPos(self.to_pixel(self.playhead_x, value))

    def set_playhead(self, x: float) -> None:
        """Move the playhead, and the mark of the value with it."""
        super().set_playhead(x)
        if self._complete:
            self.set_value(self.value)

    def restyle(self) -> None:
        """The picture has the colours of the theme."""
        self._image = None
        super().restyle()

    def _paint_map(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        if self._levels is None:
            return
        if self._image is None:
            share = np.linspace(0, 1, 256)[:, None]
            ends = (palette.colour(token) for token in ("panel", "forward"))
            low, high = (np.array([end.red(), end.green(), end.blue()]) for end in ends)
            self._image = indexed_image(self._levels, np.round(low + 0.8 * share * (high - low)).astype(np.uint8))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(box, self._image)

    def _paint_paths(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        with inside(painter, box):
            for token, x, values in self._paths:
                painter.setPen(pen(palette, token, 1.3, 110 if token == "text" else 230))
                for path in values.T:
                    painter.drawPath(self.pixel_path(x, path))
        rows = 15 * len(self.names)
        painter.fillRect(QRectF(box.right() - 126, box.top() + 2, 124, rows + 4), palette.colour("panel", 170))
        paint_legend(painter, box.right() - 6, box.top() + 4, self.names, palette, column=True)

    # -- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hold a handle, or pick a place."""
        point = event.position()
        grip = self.bells.under(point) if event.button() is Qt.MouseButton.LeftButton else None
        if grip is not None:
            self.bells.held = grip
            event.accept()
        elif point.x() >= self.plot_rect.left() - 4:
            super().mousePressEvent(event)
            self._pick(point)
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pull what is held."""
        point = event.position()
        if self.bells.held is not None:
            self.bells.set_bells(self.bells.pulled(point))
            self.bellsMoved.emit(tuple(self.bells.bells))
        elif event.buttons() & Qt.MouseButton.LeftButton:
            self.scrub(point)
            self._pick(point)
        else:
            self.hover(point)
            if self.bells.under(point) is not None:
                self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self.bells.held is not None:
            self.bells.held = None
            self.bells.set_bells(self.bells.bells)
        super().mouseReleaseEvent(event)

    def _pick(self, point: QPointF) -> None:
        value = min(max(self.from_pixel(point)[1], self.y_axis.low), self.y_axis.high)
        self.set_value(value)
        self.picked.emit(value)
