"""Pictures in a row, each above the one that it is compared with."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from diffview.fields.colormaps import Rgb
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.images.framed import GAP, WORDS, FramedPictures, paint_framed
from diffview.gui.widgets.images.raster import indexed_image
from diffview.gui.widgets.ink import write

Array = NDArray[np.float32]

LARGEST = 112
"""Pixels: longest side of a picture."""


class PairGrid(FramedPictures):
    """Two rows of pictures with words below each pair; titles stand above the rows."""

    def __init__(self, titles: tuple[str, str], columns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._titles, self._columns = titles, columns
        self._images: list[tuple[QImage, QImage]] = []
        self._words: list[tuple[str, str]] = []

    @property
    def count(self) -> int:
        """Pairs shown."""
        return len(self._images)

    def clear(self) -> None:
        """Show empty frames."""
        self._images, self._words = [], []
        self.setAccessibleDescription("")
        self.update()

    def set_pairs(
        self, above: Array, below: Array, words: list[tuple[str, str]], limits: tuple[float, float], rgb: Rgb
    ) -> None:
        """Show [n, ny, nx] pairs in one map with its ends at `limits`; words are (text, token of its colour)."""
        low, high = limits

        def image(values: Array) -> QImage:
            levels = np.clip((values - low) * (255 / (high - low)) + 0.5, 0, 255)
            return indexed_image(levels.astype(np.uint8), rgb)

        self._images = [(image(a), image(b)) for a, b in zip(above, below, strict=True)]
        self._words = words
        self.setAccessibleDescription(", ".join(text for text, _ in words))
        self.update()

    @property
    def shape(self) -> float:
        """Width over height of all of it, where pictures are as large as in a dock."""
        width = self._columns * LARGEST + (self._columns - 1) * GAP
        return width / (2 * LARGEST + 3 * WORDS + GAP)

    def _side(self, width: int) -> float:
        """The side of a picture: in front of an audience as large as there is room."""
        across = (width - (self._columns - 1) * theme.px(GAP)) / self._columns
        if self.stage_scale:
            return min(across, (self.height() - 3 * theme.px(WORDS) - theme.px(GAP)) / 2)
        return min(across, float(theme.px(LARGEST)))

    def heightForWidth(self, width: int) -> int:
        """Two rows of squares, their titles and the words."""
        return round(2 * self._side(width)) + 3 * theme.px(WORDS) + theme.px(GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Titles, pictures or empty frames, words."""
        painter = QPainter(self)
        painter.setFont(theme.font(SMALL_PX, tabular=True))
        side, line = self._side(self.width()), theme.px(WORDS)
        step = side + theme.px(GAP)
        for row, title in enumerate(self._titles):
            top = row * (side + line + theme.px(GAP) / 2)
            write(
                painter, QRectF(0, top, self.width(), line), title, theme.colour("dim"), Qt.AlignmentFlag.AlignVCenter
            )
            for column in range(self._columns):
                image = self._images[column][row] if column < len(self._images) else None
                paint_framed(painter, QRectF(column * step, top + line, side, side), image)
        top = 2 * (side + line) + theme.px(GAP) / 2
        for column, (text, token) in enumerate(self._words):
            write(painter, QRectF(column * step, top, step, line), text, theme.colour(token))
