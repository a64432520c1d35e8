"""Fields in standardised units -> pixels: quantised to 256 steps, then coloured by a table."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from diffview.fields.colormaps import Rgb

BAND = 2**18
"""Pixels that are quantised at once: all of a picture of 512 x 512."""

STRIPES, STRIPE = 4, 0xFF8C939C
"""Pixels from one stripe to the next, and its colour, 0xAARRGGBB."""


class Quantised:
    """One picture whose numbers, limits and colours change often; its buffers are kept.

    Level i of 0..255 stands for values within half a step of low + i (high - low)/255; values outside are clipped.
    Missing pixels become transparent. Where nothing can be below the lowest colour, what is gets stripes.
    """

    def __init__(self) -> None:
        self._values: NDArray[np.float32] | None = None
        self._mask: NDArray[np.bool_] | None = None
        self._low, self._high, self._striped = -2.5, 2.5, False
        self._table = packed(np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1))
        self._scratch = np.empty((0, 0), np.float32)
        self._levels = np.empty((0, 0), np.uint8)
        self._pixels = np.empty((0, 0), np.uint32)
        self._quantised = self._coloured = False

    @property
    def values(self) -> NDArray[np.float32] | None:
        """The values, not a copy."""
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

    def set_limits(self, low: float, high: float, striped: bool = False) -> None:
        """Take the values of the first and the last colour; `striped`: those below the first get stripes."""
        if not low < high:
            raise ValueError(f"low must be below high, not {low} and {high}")
        if (low, high, striped) != (self._low, self._high, self._striped):
            self._low, self._high, self._striped = low, high, striped
            self._quantised = self._coloured = False

    def set_table(self, rgb: Rgb) -> None:
        """Take the colours, uint8 [256, 3]."""
        self._table = packed(rgb)
        self._coloured = False

    def levels(self) -> NDArray[np.uint8]:
        """The quantised picture, uint8 [ny, nx]; valid until the next change."""
        if not self._quantised and self._values is not None:
            if self._levels.shape != self._values.shape:
                self._levels = np.empty(self._values.shape, np.uint8)
                self._pixels = np.empty(self._values.shape, np.uint32)
            step = 255.0 / (self._high - self._low)
            for rows in _bands(self._values.shape):
                self._quantise(self._values, rows, np.float32(step))
            self._quantised = True
        return self._levels

    def _quantise(self, whole: NDArray[np.float32], rows: slice, step: np.float32) -> None:
        values, levels = whole[rows], self._levels[rows]
        if self._scratch.shape != values.shape:
            self._scratch = np.empty(values.shape, np.float32)
        np.multiply(values, step, out=self._scratch)
        self._scratch += np.float32(0.5 - self._low * float(step))
        np.clip(self._scratch, 0.0, 255.0, out=self._scratch)
        if self._mask is not None:
            self._scratch[self._mask[rows]] = 0.0
        np.copyto(levels, self._scratch, casting="unsafe")

    def pixels(self) -> NDArray[np.uint32]:
        """The coloured picture, 0xAARRGGBB [ny, nx], missing pixels 0; valid until the next change."""
        if not self._coloured and self._values is not None:
            levels = self.levels()
            for rows in _bands(levels.shape):
                self._table.take(levels[rows], out=self._pixels[rows], mode="clip")
            if self._striped:
                self._stripe(self._values)
            if self._mask is not None:
                self._pixels[self._mask] = 0
            self._coloured = True
        return self._pixels

    def _stripe(self, values: NDArray[np.float32]) -> None:
        """Every STRIPES-th diagonal of pixels below the lowest colour."""
        below = values < self._low - (self._high - self._low) / 255
        rows, columns = np.ogrid[: values.shape[0], : values.shape[1]]
        self._pixels[below & ((rows + columns) % STRIPES == 0)] = STRIPE

    def value_at(self, row: int, col: int) -> float | None:
        """The value of a pixel, or None where it is missing or there is none."""
        values, mask = self._values, self._mask
        if values is None or not (0 <= row < values.shape[0] and 0 <= col < values.shape[1]):
            return None
        return None if mask is not None and mask[row, col] else float(values[row, col])


def _bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Rows that are processed at once, so that temporary arrays stay small beside a large picture."""
    step = max(1, BAND // max(1, shape[1]))
    return (slice(start, start + step) for start in range(0, shape[0], step))


def packed(rgb: Rgb) -> NDArray[np.uint32]:
    """uint8 [256, 3] -> 0xffRRGGBB."""
    if rgb.shape != (256, 3):
        raise ValueError(f"a colour table has the shape (256, 3), not {rgb.shape}")
    wide = rgb.astype(np.uint32)
    return np.asarray(0xFF000000 | wide[:, 0] << 16 | wide[:, 1] << 8 | wide[:, 2], np.uint32)
