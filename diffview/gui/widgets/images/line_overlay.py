"""Thin lines over a picture, such as coasts: drawn once for each zoom, then kept."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from diffview.gui.show.viewport import Viewport
from diffview.gui.widgets.ink import KeptPicture

HALO, LINE = QColor(0, 0, 0, 110), QColor(255, 255, 255, 215)
"""Readable on every colour of every map."""

STEP, MARGIN = 0.5, 4.0
"""Pixels of the widget: closer points are one; a margin beyond the edge from which lines may reach in."""


def thinned(points: NDArray[np.float64], size: tuple[float, float]) -> NDArray[np.float64]:
    """Lines [n, 2] in pixels, NaN between them, without coinciding points and pieces outside 0..size.

    The coasts of the Earth in a small picture are a hundred thousand points in a few thousand pixels; to stroke them
    all took a quarter of a second.
    """
    cells = np.floor(points / STEP)
    kept = np.ones(len(points), bool)
    kept[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    kept[:-1] |= np.isnan(points[1:, 0])  # where a line ends
    points = points[kept]
    low, high = np.minimum(points[1:], points[:-1]), np.maximum(points[1:], points[:-1])
    inside = ((high >= -MARGIN) & (low <= np.add(size, MARGIN))).all(axis=1)  # pieces; NaN is none
    seen = np.zeros(len(points), bool)
    seen[1:] |= inside
    seen[:-1] |= inside
    points = np.where(seen[:, None], points, np.nan)
    gap = ~seen
    gap[1:] &= ~seen[:-1]
    return np.asarray(points[~gap])


def _pieces(points: NDArray[np.float64]) -> list[QLineF]:
    """The straight pieces of lines [n, 2], (y, x) with NaN between them.

    Qt strokes a path with all of them as one shape: 45 ms for the coasts of the Earth, of which 3 ms are left so.
    """
    y, x = points.T
    ends = np.stack((x[:-1], y[:-1], x[1:], y[1:]), axis=-1)
    return [QLineF(*end) for end in ends[np.isfinite(ends).all(axis=-1)].tolist()]


class LineOverlay:
    """Lines in pixels of an image."""

    def __init__(self) -> None:
        self._lines: NDArray[np.float32] | None = None
        self._drawn = KeptPicture()

    def lines(self) -> NDArray[np.float32] | None:
        """The lines drawn."""
        return self._lines

    def set_lines(self, lines: NDArray[np.float32] | None) -> bool:
        """Take lines [n, 2], (row, column) with NaN between them, or None; returns whether they have changed."""
        if lines is not None and not len(lines):
            lines = None
        if lines is self._lines or (
            lines is not None and self._lines is not None and np.array_equal(lines, self._lines, equal_nan=True)
        ):
            return False  # from slice to slice the coast stays where it is
        self._lines = lines
        self._drawn.forget()
        return True

    def paint(self, painter: QPainter, port: Viewport, bounds: QRectF) -> None:
        """Draw the lines in `bounds` of the widget."""
        if self._lines is None or bounds.isEmpty():
            return
        lines, ratio = self._lines, painter.device().devicePixelRatioF()
        key = port.rect, port.widget, bounds.getRect()
        drawn = self._drawn.of(key, bounds.size(), ratio, lambda own: self._draw(own, lines, port, bounds))
        painter.drawPixmap(bounds.topLeft(), drawn)

    def _draw(self, painter: QPainter, lines: NDArray[np.float32], port: Viewport, bounds: QRectF) -> None:
        x, y = port.to_widget((0, 0))
        points = lines * port.pixel() + np.array([y - bounds.top(), x - bounds.left()])
        pieces = _pieces(thinned(points, (bounds.height(), bounds.width())))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(Qt.GlobalColor.black, 2.4))
        painter.drawLines(pieces)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.fillRect(QRectF(QPointF(), bounds.size()), HALO)  # one veil, also where pieces meet
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setPen(QPen(LINE, 1.0))
        painter.drawLines(pieces)
