"""One pixel along a dimension: values at indices, where they lie in a box, and what is said of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import compact, decimal
from diffview.gui.show.boxes import Box

Floats = NDArray[np.floating]
MARGIN = 0.06
"""Of the range of the values, above and below."""


@dataclass(frozen=True, eq=False)
class PlottedSeries:
    """Physical values at indices of a dimension; `texts` and `axis` (its values) belong to every index of it."""

    values: Floats
    at: NDArray[np.integer]
    units: str = ""
    texts: Sequence[str] = ()
    axis: Floats | None = None

    @property
    def x(self) -> Floats:
        """The values of the axis where they are known and differ, else the indices."""
        x, at = self.axis, self.at
        if x is not None and len(x) > at[-1] and np.isfinite(x[at]).all() and np.ptp(x[at]) > 0:
            return np.asarray(x, np.float64)[at]
        return at.astype(np.float64)

    def text_at(self, index: int) -> str:
        """The label of an index."""
        return self.texts[index] if index < len(self.texts) else str(index)

    def label(self, k: int) -> str:
        """The label of the k-th value."""
        return self.text_at(int(self.at[k]))

    def nearest(self, index: int) -> int:
        """Which value was read at an index of the dimension, or next to it."""
        return int(np.abs(self.at - index).argmin())

    def limits(self) -> tuple[float, float]:
        """The range shown: the values with a margin."""
        known = self.values[np.isfinite(self.values)]
        if not known.size:
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        room = MARGIN * (high - low) or max(1.0, abs(low)) * 0.01
        return low - room, high + room

    def ends(self) -> list[tuple[float, str]]:
        """The least and the largest value, and their texts."""
        low, high = self.limits()
        step = 10 ** math.floor(math.log10(max((high - low) / 2, 1e-300)))
        room = MARGIN / (1 + 2 * MARGIN) * (high - low)
        decimals = max(0, -round(math.log10(step)))
        plain = 1e-4 < step < 1e5
        return [(v, decimal(v, decimals) if plain else f"{v:.2g}") for v in (low + room, high - room)]

    def points(self, box: Box) -> tuple[Floats, Floats]:
        """(x, y) in a box of every value; missing ones lie on the axis."""
        (low, high), x = self.limits(), self.x
        first, last = float(x.min()), float(x.max())
        share = (x - first) / (last - first) if last > first else np.full(x.shape, 0.5)
        y = box.bottom - (self.values.astype(np.float64) - low) / (high - low) * box.height
        return box.x + share * box.width, np.where(np.isfinite(self.values), y, box.bottom)

    def under(self, x: float, box: Box) -> int | None:
        """The value nearest to a pixel, None without any."""
        if not self.values.size:
            return None
        first, last = float(self.x.min()), float(self.x.max())
        return int(np.abs(self.x - (first + (x - box.x) / box.width * (last - first))).argmin())

    def said(self, k: int) -> str:
        """The label and the value of the k-th value."""
        value = float(self.values[k])
        return f"{self.label(k)}: " + (f"{value:.6g} {self.units}".strip() if math.isfinite(value) else "no data")

    def about(self) -> str:
        """How many values there are, and their range."""
        known = self.values[np.isfinite(self.values)]
        span = (
            f"from {compact(known.min())} to {compact(known.max())} {self.units}" if known.size else "without a value"
        )
        return f"{len(self.values)} values {span}".strip()
