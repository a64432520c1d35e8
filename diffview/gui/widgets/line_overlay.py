"""Thin lines over a picture, such as coasts: drawn once for each zoom, then kept."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap, QTransform

from diffview.gui.widgets.viewport import Viewport

HALO, LINE = QColor(0, 0, 0, 110), QColor(255, 255, 255, 215)
"""Readable on every colour of every map."""


class LineOverlay:
    """Lines in pixels of an image."""

    def __init__(self) -> None:
        self._lines: NDArray[np.float32] | None = None
        self._path = QPainterPath()
        self._drawn: tuple[object, QPixmap] | None = None

    def lines(self) -> NDArray[np.float32] | None:
        """What is drawn."""
        return self._lines

    def set_lines(self, lines: NDArray[np.float32] | None) -> bool:
        """Take lines [n, 2], (row, column) with NaN between them, or None; whether they are others than before."""
        if lines is not None and not len(lines):
            lines = None
        if lines is self._lines:
            return False
        self._lines, self._drawn = lines, None
        self._path = QPainterPath()
        if lines is not None:
            x, y = lines[:, 1].astype(np.float64), lines[:, 0].astype(np.float64)
            self._path = pg.arrayToQPath(x, y, connect="finite")
        return True

    def paint(self, painter: QPainter, port: Viewport, bounds: QRectF) -> None:
        """Draw what lies in `bounds` of the widget."""
        if self._lines is None or bounds.isEmpty():
            return
        ratio = painter.device().devicePixelRatioF()
        key = (QRectF(port.rect), QSizeF(port.widget), QRectF(bounds), ratio)
        if self._drawn is None or self._drawn[0] != key:
            self._drawn = key, self._draw(port, bounds, ratio)
        painter.drawPixmap(bounds.topLeft(), self._drawn[1])

    def _draw(self, port: Viewport, bounds: QRectF, ratio: float) -> QPixmap:
        size = (QSizeF(bounds.size()) * ratio).toSize()
        picture = QPixmap(max(1, size.width()), max(1, size.height()))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        origin, pixel = port.to_widget(QPointF()) - bounds.topLeft(), port.pixel()
        turned = QTransform.fromTranslate(origin.x(), origin.y()).scale(pixel, pixel).map(self._path)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for colour, width in ((HALO, 2.4), (LINE, 1.0)):
            painter.setPen(QPen(colour, width, j=Qt.PenJoinStyle.RoundJoin))
            painter.drawPath(turned)
        painter.end()
        return picture
