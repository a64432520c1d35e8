"""The base of every plot: a pyqtgraph view with fixed ranges, painted axes and the colours of the theme.

Axes, grid and everything else that stands still are painted into the view's cached background, so that a frame costs
only its curves. Ranges change only by call; there is no menu, no mouse zoom, no autoscale.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView, QStyleOptionGraphicsItem, QWidget

from diffview.gui.show.lines import Floats
from diffview.gui.theme import Palette, theme
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.plots.plot_axis import Axis, paint_message, pen
from diffview.gui.widgets.plots.staged_view import StagedView


class Curve(pg.PlotCurveItem):  # type: ignore[misc]
    """A curve that changes every frame: single antialiased segments (half the cost of a stroked path), a plain area."""

    def __init__(self, fast: bool) -> None:
        """A `fast` curve is made of segments; the brush `area` fills the ground below it down to 0."""
        self._ground = QRectF()
        super().__init__(antialias=True, skipFiniteCheck=True)
        self.fast = fast
        self.area: QBrush | None = None
        self.setSegmentedLineMode("on" if fast else "off")

    def lie_between(self, x: Axis, y: Axis) -> None:
        """Lie somewhere between two axes: where exactly takes as long to find out as to draw."""
        across, up = x.high - x.low, y.high - y.low
        ground = QRectF(x.low - 0.1 * across, y.low - 0.1 * up, 1.2 * across, 1.2 * up)
        if ground != self._ground:
            self.prepareGeometryChange()
            self._ground = ground

    def boundingRect(self) -> QRectF:
        """All of the view, with a margin for the width of a line."""
        return self._ground

    @property
    def filled(self) -> bool:
        """Whether it has points."""
        return self.xData is not None and len(self.xData) > 0

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Fill, then draw the line."""
        if self.area is not None and self.filled:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            ink(painter, None, self.area)
            x, y = self.xData, self.yData
            ends = np.array([x[-1], x[0]]), np.zeros(2)
            painter.drawPath(pg.arrayToQPath(np.append(x, ends[0]), np.append(y, ends[1])))
        super().paint(painter, option, widget)


@dataclass(frozen=True)
class CurveStyle:
    """A curve with the token of its colour, its width in pixels and the opacity of its area."""

    curve: Curve
    token: str
    width: float
    fill: int

    def apply(self, ratio: float) -> None:
        """Colour it from the palette in force, for a screen with `ratio` device pixels to a pixel."""
        line = pen(theme.palette, self.token, self.width * ratio)
        line.setCosmetic(True)
        if self.curve.fast:  # Qt strokes round ends three times slower
            line.setCapStyle(Qt.PenCapStyle.FlatCap)
        self.curve.setPen(line)
        if self.fill:
            self.curve.area = QBrush(theme.palette.colour(self.token, self.fill))
            self.curve.update()


class Overlay(QGraphicsItem):
    """A layer in pixel coordinates over the curves, painted by `draw` within `bounds`."""

    def __init__(self, plot: "PlotBase", z: float) -> None:
        super().__init__()
        self.plot = plot
        plot.layers.append(self)
        self.setZValue(z)
        plot.scene().addItem(self)

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Paint the layer."""
        raise NotImplementedError

    def bounds(self) -> QRectF:
        """The pixels it may touch."""
        return QRectF(self.plot.rect())

    def boundingRect(self) -> QRectF:
        """Qt's name for `bounds`."""
        with theme.on_stage(self.plot.stage_scale):
            return self.bounds()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw with antialiasing in the palette in force."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        self.draw(painter, theme.palette)

    def refresh(self) -> None:
        """Paint again, perhaps elsewhere."""
        self.prepareGeometryChange()
        self.update()


Paint = Callable[[QPainter, QRectF, Palette], None]
"""Draws with a painter, in the rectangle between the axes, in a palette."""


class Still(Overlay):
    """A layer between background and curves that changes seldom: drawn by `refresh`, then kept as it is.

    What changes under the hand lies here rather than in the background, whose axes need not be drawn anew then.
    """

    def __init__(self, plot: "PlotBase", paint: Paint) -> None:
        super().__init__(plot, z=-100)
        self._paint = paint
        self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Paint, unless a message is shown instead of the plot."""
        if not self.plot.message:
            painter.setClipRect(self.plot.plot_rect)
            self._paint(painter, self.plot.plot_rect, palette)


class PlotBase(StagedView):
    """A view box between two painted axes; subclasses add curves and overlays."""

    axisChanged = Signal()
    _built = False  # pyqtgraph calls resizeEvent while it builds its view

    def __init__(
        self, name: str, margins: tuple[int, int, int, int], parent: QWidget | None = None, height: int = 0
    ) -> None:
        """Name it for accessibility; margins are left, top, right, bottom of the plot in design pixels.

        It is `height` design pixels high, whatever its container, if that is not 0.
        """
        super().__init__(parent, useOpenGL=False, background=None)
        self.setAccessibleName(name)
        self.margins, self.fixed_px = margins, height
        self._rect: tuple[object, QRectF] = None, QRectF()
        self.x_axis, self.y_axis = Axis("bottom"), Axis("left", plain=(-3.0, 3.0))
        self.message = ""
        self.layers: list[Overlay] = []
        self._styled: list[CurveStyle] = []
        self._ratio = self.devicePixelRatioF()
        self.setCentralItem(None)
        self.box = pg.ViewBox(enableMouse=False, enableMenu=False, defaultPadding=0.0)
        self.box.disableAutoRange()
        self.addItem(self.box)
        self.setMinimumSize(160, 80)
        self.viewport().setMouseTracking(True)
        self.setBackground(theme.palette.colour("panel"))
        self.hold_height()
        theme.changed.connect(self.follow_theme)
        self._built = True

    # -- geometry

    @property
    def plot_rect(self) -> QRectF:
        """The pixels between the axes; computed once for each size, as a frame asks for it some forty times."""
        key = self.width(), self.height(), self.margins, self.stage_scale or theme.scale
        if key != self._rect[0]:
            left, top, right, bottom = (self.px(m) for m in self.margins)
            wide, high = max(key[0] - left - right, 1), max(key[1] - top - bottom, 1)
            self._rect = key, QRectF(left, top, wide, high)
        return self._rect[1]

    def set_ranges(self, x: tuple[float, float] | None = None, y: tuple[float, float] | None = None) -> None:
        """Fix the ranges of the axes, in view coordinates."""
        for axis, span in ((self.x_axis, x), (self.y_axis, y)):
            if span is not None:
                axis.low, axis.high = span
        self.lay_out()

    def lay_out(self) -> None:
        """Place box and ticks after a change of size, range or axis."""
        rect, bounds = self.plot_rect, QRectF(self.rect())
        self.box.setGeometry(rect)
        self.box.setRange(
            xRange=(self.x_axis.low, self.x_axis.high), yRange=(self.y_axis.low, self.y_axis.high), padding=0
        )
        self.x_axis.lay_out(rect, bounds)
        self.y_axis.lay_out(rect, bounds)
        for style in self._styled:
            style.curve.lie_between(self.x_axis, self.y_axis)
        for layer in self.layers:
            layer.refresh()
        self.redraw()

    def to_pixel(self, x: float, y: float) -> QPointF:
        """Widget coordinates of a point in view coordinates."""
        rect, xa, ya = self.plot_rect, self.x_axis, self.y_axis
        return QPointF(
            rect.left() + (x - xa.low) / (xa.high - xa.low) * rect.width(),
            rect.bottom() - (y - ya.low) / (ya.high - ya.low) * rect.height(),
        )

    def from_pixel(self, point: QPointF) -> tuple[float, float]:
        """View coordinates of a point in widget coordinates."""
        rect, xa, ya = self.plot_rect, self.x_axis, self.y_axis
        return (
            xa.low + (point.x() - rect.left()) / rect.width() * (xa.high - xa.low),
            ya.low + (rect.bottom() - point.y()) / rect.height() * (ya.high - ya.low),
        )

    def pixel_arrays(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """`to_pixel` for many points."""
        origin, end = self.to_pixel(0.0, 0.0), self.to_pixel(1.0, 1.0)
        return (
            origin.x() + np.asarray(x) * (end.x() - origin.x()),
            origin.y() + np.asarray(y) * (end.y() - origin.y()),
        )

    def pixel_path(self, x: Floats, y: Floats) -> QPainterPath:
        """A polyline in widget coordinates, broken where a point is not finite."""
        path: QPainterPath = pg.arrayToQPath(*self.pixel_arrays(x, y), connect="finite")
        return path

    def axis_pixels(self) -> tuple[float, float]:
        """The x pixels, in this widget, of the low and the high end of the x axis."""
        return self.plot_rect.left(), self.plot_rect.right()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay out again; pyqtgraph itself calls this with None."""
        super().resizeEvent(event)
        if self._built:
            self.lay_out()
            self.axisChanged.emit()

    def close(self) -> bool:
        """Close as any widget does; pyqtgraph's own would tear the scene down and crash here and there."""
        return QGraphicsView.close(self)

    # -- curves and colours

    def add_curve(self, token: str, width: float = 1.0, fill: int = 0, fast: bool = True) -> Curve:
        """A curve in the colour `token`; `fill` is the opacity of the area below it down to 0."""
        curve = Curve(fast)
        curve.lie_between(self.x_axis, self.y_axis)
        self.box.addItem(curve, ignoreBounds=True)
        self._styled.append(CurveStyle(curve, token, width, fill))
        self._styled[-1].apply(self.devicePixelRatioF())
        return curve

    def restyle(self) -> None:
        """Take colours, fonts and zoom of the theme."""
        self.setBackground(theme.palette.colour("panel"))
        self._ratio = self.devicePixelRatioF()
        self.hold_height()
        for style in self._styled:
            style.apply(self._ratio)
        for item in self.scene().items():
            item.update()
        self.lay_out()
        self.axisChanged.emit()

    def hold_height(self) -> None:
        """Keep to the height that does not depend on the container."""
        if self.fixed_px:
            self.setFixedHeight(theme.px(self.fixed_px))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Curves have cosmetic pens, in device pixels: follow the window to a screen of another density."""
        if self.devicePixelRatioF() != self._ratio:
            self.restyle()
        super().paintEvent(event)

    # -- the background

    def redraw(self) -> None:
        """Paint the background anew."""
        self.resetCachedContent()
        self.viewport().update()

    def show_message(self, text: str) -> None:
        """Show a message instead of the plot; "" shows the plot again."""
        if text != self.message:
            self.message = text
            self.box.setVisible(not text)
            self.setAccessibleDescription(text)
            for layer in self.layers:
                layer.refresh()
            self.redraw()

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """Fill, then draw axes and the `paint_background` of a subclass."""
        super().drawBackground(painter, rect)
        painter.save()
        box, bounds, palette = self.plot_rect, QRectF(self.rect()), theme.palette
        self.paint_background(painter, box, palette)
        for axis in (self.y_axis, self.x_axis):
            axis.paint(painter, box, bounds, palette)
        if self.message:
            paint_message(painter, box, self.message, palette)
        painter.restore()

    def paint_background(self, painter: QPainter, box: QRectF, palette: Palette) -> None:
        """Draw below the axes; for subclasses."""

    # -- the mouse: plots do not zoom; whoever contains them may scroll

    def mousePressEvent(self, event: Any) -> None:
        """Leave it to the parent."""
        event.ignore()

    mouseMoveEvent = mouseReleaseEvent = mouseDoubleClickEvent = wheelEvent = mousePressEvent
