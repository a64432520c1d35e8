"""Statistics of an ensemble that streams: blocks of members go in, one after the other, and are forgotten.

Every sum is float64 [ny, nx] and in physical units; memory does not grow with the members. Blocks are merged in their
order, so that the same blocks give the same bits wherever each was made. A pixel that any member lacks is missing.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.transforms import Transform

Array = NDArray[np.float64]

BINS, FEWEST_BINS = 512, 32
"""Bins of a histogram of every pixel, and the fewest where pictures are large."""

HISTOGRAM_BYTES = 32 * 2**20
"""Bytes that the histograms of all pixels may take, as long as they have FEWEST_BINS."""

FARTHEST = 8.0
"""Standardised values between which the bins lie; those beyond are counted in two open bins."""

HINT = "Choose among mean, spread, p>5 (share above 5, in quotes for the shell), q0.9 and crps, with commas between."


class Statistic(NamedTuple):
    """One statistic that is asked for: a kind, "mean", "spread", "p>", "q" or "crps", and its number."""

    kind: str
    number: float = math.nan

    def __str__(self) -> str:
        return self.kind if math.isnan(self.number) else f"{self.kind}{self.number:g}"


def statistics_asked(text: str) -> tuple[Statistic, ...]:
    """The statistics that a text such as "mean,spread,p>5,q0.9" names, each once; none of "".

    Raises:
        UserError: if one is unknown, a number is missing, or a quantile lies outside 0 to 1.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    return tuple(dict.fromkeys(_statistic(word) for word in words))


def _statistic(word: str) -> Statistic:
    if word in ("mean", "spread", "crps"):
        return Statistic(word)
    parts = re.fullmatch(r"(p>|q)(.*)", word)
    try:
        number = float(parts[2]) if parts else math.nan
    except ValueError:
        number = math.nan
    if parts is None or not math.isfinite(number):
        raise UserError(f"There is no statistic {word!r}.", HINT)
    if parts[1] == "q" and not 0 <= number <= 1:
        raise UserError(f"The quantile {number:g} lies outside 0 to 1.", "The upper tenth begins at q0.9.")
    return Statistic(parts[1], number)


# -- what is summed


@dataclass(eq=False)
class Moments:
    """Count, mean and sum of squares of the deviations from it.

    Of two sets with counts a and b whose means differ by d: mean = mean_a + d b/(a + b),
    M2 = M2_a + M2_b + d^2 a b/(a + b) [Chan, Golub & LeVeque 1979].
    """

    count: int
    mean: Array
    squares: Array

    @classmethod
    def of(cls, x: Array) -> "Moments":
        """Of the members x [m, ...]."""
        mean = x.mean(axis=0)
        return cls(len(x), mean, np.square(x - mean).sum(axis=0))

    def merge(self, other: "Moments") -> None:
        """Take the members of another set in."""
        count, apart = self.count + other.count, other.mean - self.mean
        self.squares = self.squares + other.squares + np.square(apart) * (self.count * other.count / count)
        self.mean = self.mean + apart * (other.count / count)
        self.count = count

    @property
    def variance(self) -> Array:
        """sum (x - mean)^2/(M - 1); NaN of one member."""
        return self.squares / (self.count - 1) if self.count > 1 else np.full_like(self.squares, np.nan)

    @property
    def spread(self) -> Array:
        """The standard deviation over the members, with M - 1."""
        return np.sqrt(self.variance)


@dataclass(eq=False)
class Exceedance:
    """How many members lie above a threshold, NaN where one is missing."""

    threshold: float
    count: int
    above: Array

    @classmethod
    def of(cls, x: Array, threshold: float) -> "Exceedance":
        """Of the members x [m, ...]."""
        missing = np.where(np.isnan(x).any(axis=0), np.nan, 0.0)
        return cls(threshold, len(x), (x > threshold).sum(axis=0) + missing)

    def merge(self, other: "Exceedance") -> None:
        """Take the members of another set in."""
        self.count, self.above = self.count + other.count, self.above + other.above

    @property
    def share(self) -> Array:
        """Share of the members above the threshold, 0 to 1."""
        return self.above / self.count


def pair_distances(ranked: Array) -> Array:
    """sum_(i<j) |x_i - x_j| = sum_i (2 i - M - 1) x_(i), i from 1, of members x_(i) [M, ...] in rising order."""
    count = len(ranked)
    return np.asarray(np.tensordot(2.0 * np.arange(1, count + 1) - count - 1, ranked, axes=1))


@dataclass(eq=False)
class Crps:
    """The fair CRPS against a truth, mean |x_i - y| - 1/2 mean_(i<j) |x_i - x_j|, with pairs inside blocks alone.

    Pairs of one block are as good as any: its expectation is the same, and of a single block it is the fair CRPS of
    Ferro [2014] itself. Each member is compared with those of its block, so that nothing else need be kept.
    """

    truth: Array
    count: int
    errors: Array
    pairs: int
    apart: Array

    @classmethod
    def of(cls, x: Array, truth: Array) -> "Crps":
        """Of the members x [m, ...] against truth [...]."""
        count = len(x)
        return cls(
            truth, count, np.abs(x - truth).sum(axis=0), count * (count - 1) // 2, pair_distances(np.sort(x, axis=0))
        )

    def merge(self, other: "Crps") -> None:
        """Take the members of another set in."""
        self.count, self.pairs = self.count + other.count, self.pairs + other.pairs
        self.errors, self.apart = self.errors + other.errors, self.apart + other.apart

    @property
    def score(self) -> Array:
        """In units of the truth; the absolute error of one member, NaN where the truth is missing."""
        return self.errors / self.count - (self.apart / (2 * self.pairs) if self.pairs else 0.0)


@dataclass(eq=False)
class Histograms:
    """The histogram of every pixel over the members, on edges that are fixed before anything is made.

    Attributes:
        edges: rising, in physical units; below the first and from the last on there is an open bin each.
        count: members.
        counts: [bins, ...], the open bins first and last.
        low, high: the least and the largest value of every pixel; NaN where one is missing.
    """

    edges: Array
    count: int
    counts: NDArray[np.unsignedinteger]
    low: Array
    high: Array

    @classmethod
    def of(cls, x: Array, edges: Array) -> "Histograms":
        """Of the members x [m, ...]."""
        shape = x.shape[1:]
        counts = np.zeros((len(edges) + 1, math.prod(shape)), np.uint32)
        pixels = np.arange(counts.shape[1])
        for member in x.reshape(len(x), -1):
            counts[np.searchsorted(edges, member, side="right"), pixels] += 1  # NaN lies in the last bin
        return cls(edges, len(x), counts.reshape(-1, *shape), x.min(axis=0), x.max(axis=0))

    def merge(self, other: "Histograms") -> None:
        """Take the members of another set in; its edges are the same."""
        self.count, self.counts = self.count + other.count, np.add(self.counts, other.counts, out=self.counts)
        self.low, self.high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)

    def quantile(self, q: float) -> Array:
        """The q-quantile, straight inside a bin and between the least and the largest value: exact to one bin."""
        shape, wanted = self.low.shape, q * self.count
        below = np.zeros(shape)  # members below the bin that is looked at
        value = np.array(self.high)
        open_ = np.ones(shape, bool)
        borders = np.concatenate([[-np.inf], self.edges, [np.inf]])
        for i, count in enumerate(self.counts):
            here = open_ & (below + count >= wanted) & (count > 0)
            if here.any():
                low = np.maximum(borders[i], self.low[here])
                high = np.minimum(borders[i + 1], self.high[here])
                value[here] = low + (high - low) * (wanted - below[here]) / count[here]
                open_ &= ~here
            below += count
        return value

    def above(self, threshold: float) -> Array:
        """Share of the members above a threshold [...], 0 to 1, straight inside a bin: exact at an edge."""
        i = int(np.searchsorted(self.edges, threshold, side="right"))
        borders = np.concatenate([[-np.inf], self.edges, [np.inf]])
        low, high = np.maximum(borders[i], self.low), np.minimum(borders[i + 1], self.high)
        with np.errstate(invalid="ignore", divide="ignore"):
            part = np.where(high > low, (high - threshold) / (high - low), (low > threshold) * 1.0)
        inside = self.counts[i] * np.clip(part, 0.0, 1.0)
        share = (self.counts[i + 1 :].sum(axis=0, dtype=np.int64) + inside) / self.count
        return np.where(np.isnan(self.low), np.nan, share)

    def at(self, row: int, column: int, bins: int) -> tuple[Array, NDArray[np.intp]]:
        """Edges and counts of one pixel [ny, nx] where it has members, in at most about as many bins."""
        counts = self.counts[:, row, column].astype(np.intp)
        borders = np.concatenate([[self.low[row, column]], self.edges, [self.high[row, column]]])
        first, last = (int(i) for i in np.flatnonzero(counts)[[0, -1]])
        every = -(-(last + 1 - first) // bins)
        starts = np.arange(first, last + 1, every)
        edges = np.append(borders[starts], borders[min(starts[-1] + every, len(borders) - 1)])
        edges[[0, -1]] = max(edges[0], self.low[row, column]), min(edges[-1], self.high[row, column])
        if edges[-1] <= edges[0]:
            edges[[0, -1]] = edges[0] - 0.5, edges[0] + 0.5
        return edges, np.add.reduceat(counts[: last + 1], starts)


def fixed_edges(transform: Transform, pixels: int) -> Array:
    """Edges in physical units, evenly spaced in standardised ones, as many as a picture of `pixels` leaves room for."""
    bins = max(FEWEST_BINS, min(BINS, HISTOGRAM_BYTES // (4 * max(1, pixels))))
    return np.unique(transform.inverse(np.linspace(-FARTHEST, FARTHEST, bins + 1)))


# -- all that is asked for


class Streamed:
    """The statistics that are asked for, of the members so far.

    Attributes:
        asked: which.
        count: members so far.
        low, high: the least and the largest value of all members and pixels.
    """

    def __init__(self, asked: Iterable[Statistic], edges: Array, truth: NDArray[np.floating] | None = None) -> None:
        """Of nothing yet.

        Args:
            asked: which.
            edges: of the histograms, from which quantiles come.
            truth: what was to be made [ny, nx], for the CRPS.

        Raises:
            UserError: if a CRPS is asked for without a truth.
        """
        self.asked, self.count, self.low, self.high = tuple(asked), 0, math.inf, -math.inf
        self._edges, self._truth = edges, None if truth is None else truth.astype(np.float64)
        self._parts: dict[Statistic, Moments | Exceedance | Crps | Histograms] = {}
        if truth is None and Statistic("crps") in self.asked:
            raise UserError(
                "A CRPS needs a truth, and what is made here has none.",
                "Start from a field, condition on one or fill one; or leave crps out.",
            )

    def add(self, members: NDArray[np.floating]) -> None:
        """Take a block of members in, physical [m, ny, nx]."""
        x = members.astype(np.float64)
        for kind in dict.fromkeys(_source(statistic) for statistic in self.asked):
            part = self._of(kind, x)
            if kind in self._parts:
                self._parts[kind].merge(part)  # type: ignore[arg-type]  # both are of one kind
            else:
                self._parts[kind] = part
        self.count += len(x)
        if not np.isnan(x).all():
            self.low, self.high = min(self.low, float(np.nanmin(x))), max(self.high, float(np.nanmax(x)))

    def _of(self, kind: Statistic, x: Array) -> Moments | Exceedance | Crps | Histograms:
        if kind.kind == "mean":
            return Moments.of(x)
        if kind.kind == "p>":
            return Exceedance.of(x, kind.number)
        if kind.kind == "q":
            return Histograms.of(x, self._edges)
        assert self._truth is not None
        return Crps.of(x, self._truth)

    def result(self, statistic: Statistic) -> Array:
        """One of those that were asked for [ny, nx].

        Raises:
            UserError: if a spread is asked for, and there is one member.
        """
        part = self._parts[_source(statistic)]
        if isinstance(part, Moments):
            check_spread(statistic, part.count)
            return part.spread if statistic.kind == "spread" else part.mean
        if isinstance(part, Exceedance):
            return part.share
        return part.score if isinstance(part, Crps) else part.quantile(statistic.number)

    def state(self) -> dict[str, NDArray[Any]]:
        """All that it holds as arrays by name, from which `go_on` goes on to the same bits."""
        plain = {"count": np.array(self.count), "low": np.array(self.low), "high": np.array(self.high)}
        for kind, part in self._parts.items():
            plain |= {f"{kind}/{f.name}": np.asarray(getattr(part, f.name)) for f in fields(part)}
        return plain

    def go_on(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Take the place of those whose `state` it is, which were asked for the same.

        Raises:
            KeyError: if they were not.
        """
        self.count, self.low, self.high = int(state["count"]), float(state["low"]), float(state["high"])
        for kind in dict.fromkeys(_source(statistic) for statistic in self.asked) if self.count else ():
            made = _PARTS[kind.kind]
            values = {f.name: state[f"{kind}/{f.name}"] for f in fields(made)}
            self._parts[kind] = made(**{name: v if v.ndim else v.item() for name, v in values.items()})

    @property
    def histograms(self) -> Histograms | None:
        """Those of every pixel, if a quantile was asked for and there is a member."""
        found = self._parts.get(_source(Statistic("q", 0.0)))
        return found if isinstance(found, Histograms) else None


_PARTS: dict[str, Any] = {"mean": Moments, "p>": Exceedance, "q": Histograms, "crps": Crps}
"""What is summed for each kind of sum."""


def _source(statistic: Statistic) -> Statistic:
    """What is summed for a statistic: mean and spread come from one sum, all quantiles from one histogram."""
    return {"spread": Statistic("mean"), "q": Statistic("q")}.get(statistic.kind, statistic)


def check_spread(statistic: Statistic, members: int) -> None:
    """Refuse the spread of one member.

    Raises:
        UserError: then.
    """
    if statistic.kind == "spread" and members < 2:
        raise UserError("One member has no spread.", "Make at least two members; 16 give a first impression.")
