"""One still picture as wide as there is room, which tells what lies under the pointer."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from diffview.fields.colormaps import Rgb
from diffview.gui.theme import theme
from diffview.gui.widgets.images.framed import FramedPictures, paint_framed
from diffview.gui.widgets.images.raster import Raster

MOST = 300
"""Pixels: its greatest height."""


class SheetView(FramedPictures):
    """Missing pixels are clear.

    Signals:
        pointed: (row, column) of the picture under the pointer, (-1, -1) outside.
        picked: (row, column) that was clicked on.
    """

    pointed = Signal(int, int)
    picked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._raster = Raster()
        self.setMouseTracking(True)

    def show_values(self, values: NDArray[np.float32], limits: tuple[float, float], rgb: Rgb) -> None:
        """Show values [ny, nx] in a colour map with its ends at the limits."""
        self._raster.set_limits(*limits)
        self._raster.set_table(rgb)
        self._raster.set_values(values)
        self.updateGeometry()
        self.update()

    @property
    def values(self) -> NDArray[np.float32] | None:
        """What is shown."""
        return self._raster.values

    def heightForWidth(self, width: int) -> int:
        """By the shape of the picture."""
        if self.values is None:
            return 0
        ny, nx = self.values.shape
        return min(theme.px(MOST), max(1, round(width * ny / nx)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture from the left."""
        painter = QPainter(self)
        if self.values is not None:
            paint_framed(painter, QRectF(self.rect()), self._raster.image())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell which pixel is under the pointer."""
        if self.values is not None:
            self.pointed.emit(*self._at(event))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A pixel is picked."""
        if self.values is not None and event.button() == Qt.MouseButton.LeftButton and (at := self._at(event))[0] >= 0:
            self.picked.emit(*at)

    def _at(self, event: QMouseEvent) -> tuple[int, int]:
        """The pixel under the pointer, (-1, -1) outside."""
        assert self.values is not None
        ny, nx = self.values.shape
        scale = min(self.width() / nx, self.height() / ny)
        row, column = int(event.position().y() // scale), int(event.position().x() // scale)
        return (row, column) if 0 <= row < ny and 0 <= column < nx else (-1, -1)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is."""
        self.pointed.emit(-1, -1)
