"""Fields that are made together: variables beside each other, and times that follow each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.fields.field import Array, Field, Region

UNEVEN = 0.3
"""Share of the usual step by which two times that follow each other may be nearer or farther; months are so."""

Whole = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class JointValues:
    """A region of several variables in all slices along one dimension.

    Attributes:
        values: float32 [n, channels, ny, nx], physical, north up, NaN missing.
        fields: a slice of each channel, whole, for names and units; the first is the open one.
        region: of it, that the values are.
        days: of each slice, days since 1970-01-01 in `calendar`; its number where the slices have no dates, [n].
        calendar: as CF has it; "" where there are no dates.
        at: the slice that is open.
    """

    values: Array
    fields: tuple[Field, ...]
    region: Region
    days: NDArray[np.float64]
    calendar: str
    at: int

    @property
    def step(self) -> float:
        """The usual step from slice to slice, in days where they have dates."""
        return float(np.median(np.diff(self.days))) if len(self.days) > 1 else 1.0

    def firsts(self, frames: int) -> Whole:
        """Where sequences of so many slices begin that follow each other in equal steps; none spans a missing one."""
        count = len(self.days) - frames + 1
        if count < 1:
            return np.empty(0, np.intp)
        even = np.abs(np.diff(self.days) / self.step - 1) <= UNEVEN
        broken = np.concatenate([[0], np.cumsum(~even)])
        return np.flatnonzero(broken[frames - 1 :] == broken[:count])

    def others(self, frames: int) -> Whole:
        """Those to fit to: a quarter of a sequence apart, and none that shares a slice with the open one."""
        apart = [first for first in self.firsts(frames) if abs(int(first) - self.at) >= frames]
        kept, following = [], -1
        for first in apart:
            if first >= following:
                kept.append(first)
                following = first + max(1, frames // 4)
        return np.array(kept, np.intp)

    def sequences(self, firsts: Whole, frames: int) -> Array:
        """Sequences [n, channels, frames, ny, nx], or [n, channels, ny, nx] of single frames."""
        if frames == 1:
            return self.values[firsts]
        return np.moveaxis(self.values[firsts[:, None] + np.arange(frames)], 1, 2)
