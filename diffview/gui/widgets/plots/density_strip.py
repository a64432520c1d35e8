"""Densities over ln s as thin filled curves under a timeline: schedule, grid and training on one axis."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.show.density_cells import TOKENS, DensityCells
from diffview.gui.show.lines import Floats
from diffview.gui.theme import MEDIUM, Palette, theme
from diffview.gui.widgets.ink import LEFT, RIGHT, write
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, pen, plot_font

FILLS = {"schedule": 30, "training": 44, "grid": 0}
_HEIGHT_PX, _HEAD_PX, _FOOT_PX = 56, 16, 5


class DensityStrip(QWidget):
    """Up to three densities in cells along an axis that the caller sets; their values under the pointer are shown.

    Heights are per unit of ln s whatever the axis. It is painted when its content changes, never for a playhead.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = (0.0, 1.0, 0.0, 1.0)
        self._cells = DensityCells(np.empty(0), np.empty(0), {})
        self._hover: float | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Density over ln s of schedule, grid and training")
        theme.follow(self)

    # -- what is shown

    def set_axis(self, left_px: float, right_px: float, low: float, high: float) -> None:
        """The axis value `low` lies at x = left_px, `high` at x = right_px, both in pixels of this widget."""
        if (left_px, right_px, low, high) != self._axis:
            self._axis = (left_px, right_px, low, high)
            self.update()

    def set_densities(self, edges: Floats, log_s: Floats, densities: Mapping[str, Floats], missing: str = "") -> None:
        """Show densities [n] over cells.

        Args:
            edges: rising edges of the cells on the axis [n + 1].
            log_s: ln s there [n + 1].
            densities: "schedule", "grid", "training", each per unit of ln s [n]; absent ones are not drawn.
            missing: text of the legend instead of an absent one.
        """
        self._cells = DensityCells(edges, log_s, densities, missing)
        self._tell()
        self.update()

    def density(self, key: str) -> Floats | None:
        """The density `key`, or None."""
        return self._cells.densities.get(key)

    @property
    def top(self) -> float:
        """The density at the upper end of the y axis."""
        return self._cells.top

    def readout(self) -> str:
        """The values under the pointer, as words."""
        return self._cells.readout(self._cell())

    # -- geometry

    def sizeHint(self) -> QSize:
        """A row of words above a low plot."""
        return QSize(theme.px(480), theme.px(_HEIGHT_PX))

    def minimumSizeHint(self) -> QSize:
        """A row of words above a low plot."""
        return QSize(theme.px(160), theme.px(_HEIGHT_PX))

    def plot_rect(self) -> QRectF:
        """Where the curves are drawn."""
        left, right, _, _ = self._axis
        head = theme.px(_HEAD_PX)
        return QRectF(left, head, right - left, self.height() - head - theme.px(_FOOT_PX))

    def x_of(self, value: Any) -> Any:
        """The pixel of a position on the axis, or of many."""
        left, right, low, high = self._axis
        return left + (value - low) / (high - low) * (right - left)

    # -- the pointer

    def _cell(self) -> int | None:
        """The cell under the pointer."""
        left, right, low, high = self._axis
        if self._hover is None or not left <= self._hover <= right:
            return None
        return self._cells.cell_at(low + (self._hover - left) / (right - left) * (high - low))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read the densities under the pointer."""
        self._point_at(event.position().x())

    def leaveEvent(self, event: QEvent) -> None:
        """Show the names alone again."""
        self._point_at(None)

    def _point_at(self, x: float | None) -> None:
        self._hover = x
        self._tell()
        self.update()

    def _tell(self) -> None:
        self.setAccessibleDescription(self.readout() or self._cells.missing)

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Words, base line, areas, curves, and the position of the pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, box, cell = theme.palette, self.plot_rect(), self._cell()
        painter.setFont(plot_font())
        self._paint_scale(painter, palette, box)
        for key in self._cells.densities:
            self._paint_curve(painter, palette, box, key)
        if cell is not None and self._hover is not None:
            painter.setPen(pen(palette, "dim"))
            x = round(self._hover) + 0.5
            painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))
        self._paint_words(painter, palette, box, cell)

    def _paint_scale(self, painter: QPainter, palette: Palette, box: QRectF) -> None:
        """Base line, the line of the top, and their values, where a plot above has its own."""
        height = painter.fontMetrics().height()
        for y, value in ((box.bottom(), 0.0), (box.top(), self.top)):
            painter.setPen(pen(palette, "edge" if not value else "line"))
            painter.drawLine(QPointF(box.left(), round(y) + 0.5), QPointF(box.right(), round(y) + 0.5))
            text = QRectF(0, min(y - height / 2, self.height() - height), box.left() - 6, height)
            write(painter, text, f"{value:g}", palette.colour("dim"), RIGHT)

    def _paint_curve(self, painter: QPainter, palette: Palette, box: QRectF, key: str) -> None:
        x, y = self._cells.curve(key)
        rows = box.bottom() - y / self.top * box.height()
        line: QPainterPath = pg.arrayToQPath(self.x_of(x), rows)
        if FILLS[key]:
            area = QPainterPath(line)
            area.lineTo(box.right(), box.bottom())
            area.lineTo(box.left(), box.bottom())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.fillPath(area, palette.colour(TOKENS[key], FILLS[key]))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.setPen(pen(palette, TOKENS[key]))  # any wider and Qt strokes it ten times slower
        painter.drawPath(line)

    def _paint_words(self, painter: QPainter, palette: Palette, box: QRectF, cell: int | None) -> None:
        """At the left the title, or the noise level under the pointer; at the right the names with their values."""
        painter.setFont(plot_font(AXIS_PX, MEDIUM))
        metrics, right = QFontMetricsF(painter.font()), box.right()
        row = QRectF(0, 0, self.width(), theme.px(_HEAD_PX) - 2)
        for text, token in reversed(self._cells.legend(cell)):
            left = right - metrics.horizontalAdvance(text)
            write(painter, QRectF(left, row.top(), right - left + 2, row.height()), text, palette.colour(token), LEFT)
            if token != "dim":
                painter.fillRect(QRectF(left - 18, row.center().y() - 1, 12, 2), palette.colour(token))
                left -= 18
            right = left - 14
        title = self._cells.title(cell)
        if box.left() + metrics.horizontalAdvance(title) <= right:
            write(painter, row.adjusted(box.left(), 0, 0, 0), title, palette.colour("dim"), LEFT)
