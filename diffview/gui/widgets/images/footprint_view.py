"""A small picture of the weights of one observation in its region, with its width beside it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.theme import theme
from diffview.gui.widgets.images.framed import paint_framed
from diffview.gui.widgets.images.raster import indexed_image
from diffview.gui.widgets.small.parts import line, words
from diffview.gui.widgets.small.text import set_tip

SIDE = 72
"""Pixels of the longer side of a picture."""

COLOURS = "viridis"


class _Weights(QWidget):
    """The picture alone."""

    def __init__(self) -> None:
        super().__init__()
        self.image = QImage()
        theme.follow(self)

    def sizeHint(self) -> QSize:
        """Of the picture's shape."""
        ny, nx = max(1, self.image.height()), max(1, self.image.width())
        scale = theme.px(SIDE) / max(ny, nx)
        return QSize(max(1, round(nx * scale)), max(1, round(ny * scale)))

    def show_image(self, image: QImage) -> None:
        """Show another picture."""
        self.image = image
        self.setFixedSize(self.sizeHint())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture."""
        paint_framed(QPainter(self), QRectF(self.rect()), self.image)


class FootprintView(QWidget):
    """Picture and width of one footprint; hidden where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: NDArray[np.uint8] | None = None
        self.picture, self.text = _Weights(), words()
        row = line(self.picture, self.text, wide=(self.text,))
        row.setContentsMargins(0, 0, 0, 0)
        self.setLayout(row)
        self.hide()

    def show_footprint(self, shown: tuple[NDArray[np.uint8], str, str] | None) -> None:
        """Show weights [ny, nx], 0 to 255, their width in words, and what they are as the tooltip; None hides it."""
        self.levels = None if shown is None else shown[0]
        self.setVisible(shown is not None)
        if shown is None:
            return
        levels, says, tip = shown
        self.picture.show_image(indexed_image(levels, COLORMAPS[COLOURS]))
        self.picture.setAccessibleName(f"Footprint: {says}")
        self.text.setText(says)
        set_tip(self, tip)
