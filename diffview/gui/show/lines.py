"""Named lines, marks and ranges that plots of scores draw, and those of a verified card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Band = tuple[Floats, Floats, Floats]
"""x, one side, the other."""

Names = Sequence[tuple[str, str, str]]
"""Lines: the name on screen, the key in the card, the token of the colour."""

QUANTILES = ("0.5", "0.9", "0.99", "0.999")
SAMPLES: Names = (("samples", "samples", "reverse"), ("held-out", "held_out", "text"), ("training", "train", "dim"))
MEMBERS: Names = (("members", "members", "reverse"), ("truth", "truth", "text"), ("block means", "told", "dim"))
SCALES: Names = (("spread of the members", "spread", "reverse"), ("error of their mean", "error", "text"))
SMOOTHING = 0.03
"""Share of a curve over which its smooth version averages."""


@dataclass(frozen=True, eq=False)
class Line:
    """A named line in the colour of a token ("dim": dashed); `steps` has one more x than y: the edges of bins.

    Attributes:
        x, y: in data units; values that cannot be shown (NaN, 0 on a log axis) break a line and empty a bin.
        below: share of the zero bin, or None.
        told: whether the legend names it.
    """

    name: str
    token: str
    x: Floats
    y: Floats
    steps: bool = False
    below: float | None = None
    told: bool = True

    def corners(self) -> tuple[Floats, Floats]:
        """The points to draw, in data units: of bins both ends of each, and the ground at either side."""
        x, y = np.asarray(self.x, dtype=float), np.asarray(self.y, dtype=float)
        return (np.repeat(x, 2), np.concatenate([[np.nan], np.repeat(y, 2), [np.nan]])) if self.steps else (x, y)


@dataclass(frozen=True)
class AxisMark:
    """A value on the x axis: written at the top if it has a text, else a tick on the axis in the colour of a token."""

    x: float
    token: str
    text: str = ""


@dataclass(frozen=True)
class QuantileBar:
    """A row: its name, the token of its colour, and the quantiles 0.05, 0.25, 0.5, 0.75, 0.95 or only the median."""

    name: str
    token: str
    quantiles: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return self.quantiles[len(self.quantiles) // 2]


def array(values: Sequence[float | None]) -> Floats:
    """Numbers of a card; NaN where it has none."""
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def log10(values: Floats) -> Floats:
    """log10; -inf at 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log10(values))


def finite(values: Floats, low: float, high: float) -> Floats:
    """`values` with infinities and overshoots brought just outside [low, high]; NaN goes below."""
    margin = high - low
    return np.asarray(np.minimum(np.fmax(values, low - margin), high + margin))


def span_of(values: Sequence[Floats], log: bool) -> tuple[float, float]:
    """Least and largest value that can be shown, log10 if `log`; (0, 1) without any."""
    all_ = np.concatenate([np.asarray(v, dtype=float) for v in values]) if values else np.empty(0)
    shown = all_[np.isfinite(all_) & ((all_ > 0) | (not log))]
    if not shown.size:
        return 0.0, 1.0
    low, high = float(shown.min()), float(shown.max())
    if log:
        low, high = np.log10(low), np.log10(high)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def decades(values: Floats) -> tuple[float, float]:
    """log10 of whole decades around the positive values."""
    known = np.log10(values[values > 0])
    low, high = float(np.floor(known.min())), float(np.ceil(known.max()))
    return low, max(high, low + 1)


def smooth(values: Floats) -> Floats:
    """Running mean of log values; geometric, so that outliers weigh less."""
    half = max(1, round(SMOOTHING * len(values)))
    sums = np.concatenate([[0.0], np.cumsum(np.log(values))])
    at = np.arange(len(values))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(values))
    return np.asarray(np.exp((sums[high] - sums[low]) / (high - low)))


def smooth_evenly(values: Floats) -> Floats:
    """Running mean of log values for a log axis of their places: over an eighth of the way to either side."""
    sums = np.concatenate([[0.0], np.cumsum(np.log(values))])
    at = np.arange(len(values))
    low, high = at - at // 8, np.minimum(at + at // 8 + 1, len(values))
    return np.asarray(np.exp((sums[high] - sums[low]) / (high - low)))


# -- of a card


def lines_of(curve: Mapping[str, Any], names: Names, x: str, steps: bool = False) -> list[Line]:
    """The lines of a curve of the card, those that it has."""
    below = curve.get("below") or {}
    return [
        Line(name, token, array(curve[x]), array(curve[key]), steps, below.get(key))
        for name, key, token in names
        if key in curve
    ]


def band_of(curve: Mapping[str, Any]) -> Band | None:
    """The band between the spectra of the two blocks."""
    return (array(curve["k"]), array(curve["one"]), array(curve["two"])) if {"one", "two"} <= curve.keys() else None


def quantile_marks(scores: Mapping[str, Any]) -> list[AxisMark]:
    """Marks at the quantiles: with text for those of the held-out fields, ticks for the others."""
    values = {row["what"]: row for row in scores.get("rows", ())}
    marks = []
    for level in QUANTILES:
        row = values.get(f"quantile {level}", {})
        if row.get("held_out") is not None:
            marks.append(AxisMark(row["held_out"], "text", level))
            others = [(row.get(key), token) for _, key, token in SAMPLES if key != "held_out"]
            marks += [AxisMark(value, token) for value, token in others if value is not None]
    return marks


def nearest_bars(scores: Mapping[str, Any]) -> list[QuantileBar]:
    """Distances to the nearest training field; an older card has the medians only."""
    nearest = scores.get("curves", {}).get("nearest")
    if nearest is None:
        row: Mapping[str, Any] = next((row for row in scores["rows"] if row["what"] == "nearest neighbour"), {})
        keys = {"samples": "samples_train", "held_out": "train_held_out", "blocks": "blocks"}
        nearest = {name: [row[key]] for name, key in keys.items() if row.get(key) is not None}
    names = (*SAMPLES[:2], ("two blocks", "blocks", "dim"))
    return [QuantileBar(name, token, tuple(nearest[key])) for name, key, token in names if key in nearest]


def rank_lines(ranks: Sequence[float | None]) -> list[Line]:
    """How often the truth has each rank among the members, beside what a perfect ensemble has."""
    shares = array(ranks)
    edges = np.arange(len(shares) + 1) - 0.5
    flat = Line("perfect", "dim", edges[[0, -1]], np.full(2, 1 / len(shares)))
    return [Line("truth", "reverse", edges, shares, steps=True), flat]
