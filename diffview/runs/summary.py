"""What all members of one step of a run say together, pixel by pixel, in physical units."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.forward.spectra import Rings, power
from diffview.forward.state import density
from diffview.runs.job import Job
from diffview.runs.statistics import Histograms, Statistic, Streamed

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

OUTER = 0.05
"""Share of the members that lies below a band of curves, and above it."""

OF_CURVES = 128
"""Members of whose curves a band is made; more change nothing of it that could be seen."""


BINS = 24
"""Bins of the histogram at one place."""


class MemberBand(NamedTuple):
    """Curves of members: nine tenths of them lie between low and high; `mean` is the curve of the mean of all."""

    low: Floats
    high: Floats
    mean: Floats

    @classmethod
    def of(cls, curves: list[Floats], mean: Floats) -> "MemberBand":
        """Of the curves of the members, and that of their mean."""
        low, high = np.quantile(np.stack(curves), (OUTER, 1 - OUTER), axis=0)
        return cls(low, high, mean)


class Sample(NamedTuple):
    """Members at one place: counts between edges, in physical units, and their mean and spread there; how many."""

    edges: Floats
    counts: NDArray[np.intp]
    mean: float
    spread: float
    members: int


@dataclass(eq=False)
class Summary(Job):
    """Members of one step.

    Attributes:
        members: standardised [m, ny, nx]; NaN where nothing is made.
        back: the transform whose inverse makes them physical; identity of a noise.
        rings: of their spectra, or None.
        of: what they are members of, for who asked.
        mean, spread: in physical units [ny, nx].
        physical: the members in physical units, float32 [m, ny, nx].
        ordered: the same, sorted at every pixel.
        spectrum, values: bands of their spectra and of their densities, in standardised units; None of a noise.
    """

    members: Array
    back: Transform
    rings: Rings | None = None
    of: object = None
    mean: Floats = field(default_factory=lambda: np.empty((0, 0)))
    spread: Floats = field(default_factory=lambda: np.empty((0, 0)))
    physical: Array = field(default_factory=lambda: np.empty((0, 0, 0), np.float32))
    ordered: Array = field(default_factory=lambda: np.empty((0, 0, 0), np.float32))
    spectrum: MemberBand | None = None
    values: MemberBand | None = None

    @property
    def count(self) -> int:
        """How many members it is of."""
        return len(self.members)

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest value of all members and pixels, in physical units."""
        return float(np.nanmin(self.ordered[0])), float(np.nanmax(self.ordered[-1]))

    def moments(self, physical: Floats) -> tuple[Floats, Floats]:
        """Mean and spread [ny, nx] of the members [m, ny, nx]."""
        return physical.mean(axis=0), physical.std(axis=0, ddof=1)

    def work(self) -> None:
        """Compute all of it."""
        physical = self.back.inverse(self.members)
        self.mean, self.spread = self.moments(physical)
        self.physical = physical.astype(np.float32)
        self.ordered = np.sort(self.physical, axis=0)
        self.tell(0.5)
        mean, some = self.back(self.mean), self.members[:OF_CURVES]
        self.values = MemberBand.of([density(member) for member in some], density(mean))
        if self.rings is not None:
            rings = self.rings
            self.spectrum = MemberBand.of([power(member, rings) for member in some], power(mean, rings))

    def above(self, threshold: float) -> Array:
        """Share of the members above a threshold [ny, nx], 0 to 1; NaN where nothing is made."""
        share = (self.ordered > threshold).mean(axis=0, dtype=np.float32)
        return np.where(np.isnan(self.mean), np.float32(np.nan), share)

    def quantile(self, q: float) -> Floats:
        """The q-quantile over the members [ny, nx], straight between two of them."""
        place = q * (len(self.ordered) - 1)
        below = int(place)
        above = min(below + 1, len(self.ordered) - 1)
        low, high = (self.ordered[i].astype(np.float64) for i in (below, above))
        return np.asarray(low + (place - below) * (high - low))

    def sample(self, box: Region, bins: int = BINS) -> Sample | None:
        """The members' means over a rectangle of pixels, or their values at one; None where nothing is made."""
        ny, nx = self.mean.shape
        if box.row + box.ny > ny or box.column + box.nx > nx:
            return None
        parts = self.physical[(slice(None), *box.slices)].astype(np.float64)
        values = np.nanmean(parts, axis=(1, 2)) if not np.isnan(parts[0]).all() else parts[:, 0, 0]
        if not np.isfinite(values).all():
            return None
        low, high = float(values.min()), float(values.max())
        counts, edges = np.histogram(values, bins, (low, high) if high > low else (low - 0.5, high + 0.5))
        spread = float(values.std(ddof=1)) if len(values) > 1 else np.nan
        return Sample(edges, counts, float(values.mean()), spread, len(values))


@dataclass(eq=False)
class CountedSummary(Summary):
    """Members that were made in blocks and counted, of which the first alone are kept.

    Attributes:
        counted: statistics of all of them: COUNTED of `runs.in_blocks`.
    """

    counted: Streamed = field(kw_only=True)

    @property
    def count(self) -> int:
        """How many members it is of."""
        return self.counted.count

    @property
    def span(self) -> tuple[float, float]:
        """The least and the largest value of all members and pixels."""
        return self.counted.low, self.counted.high

    @property
    def histograms(self) -> Histograms:
        """Of every pixel."""
        found = self.counted.histograms
        assert found is not None, "quantiles are among what is counted"
        return found

    def moments(self, _: Floats) -> tuple[Floats, Floats]:
        """Mean and spread [ny, nx] of all members that were counted."""
        return self.counted.result(Statistic("mean")), self.counted.result(Statistic("spread"))

    def above(self, threshold: float) -> Array:
        """Share of the members above a threshold [ny, nx], to a bin of the histogram of each pixel."""
        return self.histograms.above(threshold).astype(np.float32)

    def quantile(self, q: float) -> Floats:
        """The q-quantile over the members [ny, nx], to a bin of the histogram of each pixel."""
        return self.histograms.quantile(q)

    def sample(self, box: Region, bins: int = BINS) -> Sample | None:
        """Of one pixel the histogram of all members; of an area the means of those that are kept."""
        kept = super().sample(box, bins)
        if kept is None or box.ny * box.nx > 1:
            return kept
        at = box.row, box.column
        return Sample(*self.histograms.at(*at, bins), float(self.mean[at]), float(self.spread[at]), self.count)
