"""Fields in standardised units -> pictures: quantised to 256 steps, then coloured by a table."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

Rgb = NDArray[np.uint8]


class Raster:
    """One picture whose numbers, limits and colours change often; its buffers are kept.

    Level i of 0..255 stands for values within half a step of low + i (high - low)/255; what lies outside is clipped.
    Missing pixels become transparent.
    """

    def __init__(self) -> None:
        self._values: NDArray[np.float32] | None = None
        self._mask: NDArray[np.bool_] | None = None
        self._low, self._high = -2.5, 2.5
        self._table = _packed(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
        self._scratch = np.empty((0, 0), np.float32)
        self._levels = np.empty((0, 0), np.uint8)
        self._pixels = np.empty((0, 0), np.uint32)
        self._quantised = self._coloured = False

    @property
    def values(self) -> NDArray[np.float32] | None:
        """What is shown, not a copy."""
        return self._values

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """True where a pixel is missing, or None if none is."""
        return self._mask

    @property
    def limits(self) -> tuple[float, float]:
        """The values of the first and the last colour."""
        return self._low, self._high

    def set_values(self, values: NDArray[np.float32] | None, mask: NDArray[np.bool_] | None = None) -> None:
        """Take values [ny, nx]; without a mask, NaN is missing."""
        if values is not None and mask is None:
            mask = np.isnan(values)
        self._values = values
        self._mask = mask if mask is not None and mask.any() else None
        self._quantised = self._coloured = False

    def set_limits(self, low: float, high: float) -> None:
        """Take the values of the first and the last colour."""
        if not low < high:
            raise ValueError(f"low must be below high, not {low} and {high}")
        if (low, high) != (self._low, self._high):
            self._low, self._high = low, high
            self._quantised = self._coloured = False

    def set_table(self, rgb: Rgb) -> None:
        """Take the colours, uint8 [256, 3]."""
        self._table = _packed(rgb)
        self._coloured = False

    def levels(self) -> NDArray[np.uint8]:
        """The quantised picture, uint8 [ny, nx]; valid until the next change."""
        if not self._quantised and self._values is not None:
            if self._levels.shape != self._values.shape:
                self._scratch = np.empty(self._values.shape, np.float32)
                self._levels = np.empty(self._values.shape, np.uint8)
                self._pixels = np.empty(self._values.shape, np.uint32)
            step = 255.0 / (self._high - self._low)
            np.multiply(self._values, np.float32(step), out=self._scratch)
            self._scratch += np.float32(0.5 - self._low * step)
            np.clip(self._scratch, 0.0, 255.0, out=self._scratch)
            if self._mask is not None:
                self._scratch[self._mask] = 0.0
            np.copyto(self._levels, self._scratch, casting="unsafe")
            self._quantised = True
        return self._levels

    def image(self) -> QImage:
        """The coloured picture; it shares this object's buffer, so draw it before the next change."""
        if self._values is None:
            return QImage()
        if not self._coloured:
            self._table.take(self.levels(), out=self._pixels, mode="clip")
            if self._mask is not None:
                self._pixels[self._mask] = 0
            self._coloured = True
        ny, nx = self._pixels.shape
        kind = QImage.Format.Format_RGB32 if self._mask is None else QImage.Format.Format_ARGB32_Premultiplied
        return QImage(self._pixels.data, nx, ny, 4 * nx, kind)


def _packed(rgb: Rgb) -> NDArray[np.uint32]:
    """uint8 [256, 3] -> 0xffRRGGBB."""
    if rgb.shape != (256, 3):
        raise ValueError(f"a colour table has the shape (256, 3), not {rgb.shape}")
    wide = rgb.astype(np.uint32)
    return np.asarray(0xFF000000 | wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], np.uint32)


def indexed_image(levels: NDArray[np.uint8], rgb: Rgb) -> QImage:
    """A picture of its own from quantised values [ny, nx] and a table [256, 3]."""
    pixels = np.ascontiguousarray(_packed(rgb)[levels])
    ny, nx = levels.shape
    return QImage(pixels.data, nx, ny, 4 * nx, QImage.Format.Format_RGB32).copy()
