"""Thin lines over a picture, such as coasts: drawn once for each zoom, then kept."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from diffview.gui.show.outlines import pieces, thinned
from diffview.gui.show.viewport import Viewport
from diffview.gui.widgets.ink import KeptPicture

HALO, LINE = QColor(0, 0, 0, 110), QColor(255, 255, 255, 215)
"""Readable on every colour of every map."""


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
        lines_seen = [QLineF(*ends) for ends in pieces(thinned(points, (bounds.height(), bounds.width())))]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(Qt.GlobalColor.black, 2.4))
        painter.drawLines(lines_seen)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.fillRect(QRectF(QPointF(), bounds.size()), HALO)  # one veil, also where pieces meet
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setPen(QPen(LINE, 1.0))
        painter.drawLines(lines_seen)
