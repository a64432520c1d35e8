"""Quantised fields and tables of colours as pictures of Qt."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from diffview.fields.colormaps import Rgb
from diffview.fields.quantised import Quantised, packed


class Raster(Quantised):
    """A field as a picture."""

    def image(self) -> QImage:
        """The coloured picture; it shares this object's buffer, so draw it before the next change."""
        if self.values is None:
            return QImage()
        clear = self.mask is not None
        return _shared(
            self.pixels(), QImage.Format.Format_ARGB32_Premultiplied if clear else QImage.Format.Format_RGB32
        )


def indexed_image(levels: NDArray[np.uint8], rgb: Rgb) -> QImage:
    """A picture of its own from quantised values [ny, nx] and a table [256, 3]."""
    return _shared(np.ascontiguousarray(packed(rgb)[levels]), QImage.Format.Format_RGB32).copy()


def _shared(pixels: NDArray[np.uint32], kind: QImage.Format) -> QImage:
    ny, nx = pixels.shape
    return QImage(pixels.data, nx, ny, 4 * nx, kind)
