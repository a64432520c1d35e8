"""Thin lines over a picture, such as coasts: drawn once for each zoom, then kept."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from diffview.gui.show.outlines import pieces, thinned
from diffview.gui.show.viewport import Viewport
from diffview.gui.theme import theme
from diffview.gui.widgets.ink import KeptPicture

HALO, LINE = QColor(0, 0, 0, 110), QColor(255, 255, 255, 215)
"""Readable on every colour of every map."""


FULL_PX, THINNEST = 240, 0.4
"""Shorter side of a picture from which lines have their full width, and the least share of it on smaller ones."""


class LineOverlay:
    """Lines in pixels of an image."""

    def __init__(self) -> None:
        self._lines: NDArray[np.float32] | None = None
        self._strength = 1.0
        self._drawn = KeptPicture()

    def lines(self) -> NDArray[np.float32] | None:
        """The lines drawn."""
        return self._lines

    def set_lines(self, lines: NDArray[np.float32] | None, strength: float = 1.0) -> bool:
        """Take lines [n, 2], (row, column) with NaN between them, or None; returns whether they have changed.

        `strength` is their opacity; none are drawn at 0.
        """
        if lines is not None and (not len(lines) or not strength):
            lines = None
        faded, self._strength = strength != self._strength, strength
        return self._take(lines) or faded

    def strength(self) -> float:
        """The opacity of the lines; 0 if there are none."""
        return 0.0 if self._lines is None else self._strength

    def _take(self, lines: NDArray[np.float32] | None) -> bool:
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
        key = port.rect, port.widget, bounds.getRect(), theme.stroke(1.0)
        drawn = self._drawn.of(key, bounds.size(), ratio, lambda own: self._draw(own, lines, port, bounds))
        of_picture = painter.opacity()
        painter.setOpacity(of_picture * self._strength)
        painter.drawPixmap(bounds.topLeft(), drawn)
        painter.setOpacity(of_picture)

    def _draw(self, painter: QPainter, lines: NDArray[np.float32], port: Viewport, bounds: QRectF) -> None:
        x, y = port.to_widget((0, 0))
        points = lines * port.pixel() + np.array([y - bounds.top(), x - bounds.left()])
        lines_seen = [QLineF(*ends) for ends in pieces(thinned(points, (bounds.height(), bounds.width())))]
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        full = min(theme.stroke(1.0), 2.0)
        width = full * min(1.0, max(THINNEST, min(bounds.width(), bounds.height()) / FULL_PX))
        painter.setPen(QPen(Qt.GlobalColor.black, 2.4 * width))
        painter.drawLines(lines_seen)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        painter.fillRect(QRectF(QPointF(), bounds.size()), HALO)  # one veil, also where pieces meet
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        painter.setPen(QPen(LINE, width))
        painter.drawLines(lines_seen)
