"""Ticks of axes, colour bars and rulers: their values and labels, which never overlap."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from diffview.fields.earth_map import position
from diffview.fields.numbers import decimal, degree_text, multiples, power_text, round_steps, round_up

MANTISSAS = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,))
DECADES_APART = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
PLAIN_DECADES = (-3.0, 5.0)
MINOR_PX = 3.0
ONE_DECADE = 1.5

ANGLES = ("latitude", "longitude", "azimuth")
DEGREES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 45.0, 60.0, 90.0)
"""Steps of angles."""


@dataclass(frozen=True)
class Tick:
    """A tick at `value`, in displayed units (log10 of them on a log axis); a minor tick has no text."""

    value: float
    text: str = ""


@dataclass(frozen=True)
class AxisRoom:
    """The pixels of an axis: position of a displayed value, length of a text, and the bounds of the labels."""

    position: Callable[[float], float]
    measure: Callable[[str], float]
    bounds: tuple[float, float]
    gap: float
    spacing: float
    plain: tuple[float, float] = PLAIN_DECADES

    def span(self, tick: Tick) -> tuple[float, float]:
        """First and last pixel of the label, centred on its tick but pushed inside the bounds."""
        width = self.measure(tick.text)
        start = self.position(tick.value) - width / 2
        start = max(min(start, self.bounds[1] - width), self.bounds[0])
        return start, start + width

    def holds(self, ticks: Sequence[Tick], spacing: float | None = None) -> bool:
        """Whether the labels of `ticks` stay apart."""
        need = self.spacing if spacing is None else spacing
        spans = sorted(self.span(t) for t in ticks)
        places = sorted(self.position(t.value) for t in ticks)
        apart = all(b[0] - a[1] >= self.gap for a, b in pairwise(spans))
        return apart and all(b - a >= need for a, b in pairwise(places))


def linear_ticks(low: float, high: float, room: AxisRoom, integers: bool = False) -> list[Tick]:
    """The densest 1-2-5 ticks of [low, high] whose labels stay apart; closer than `room` prefers if else only one."""
    pixels = abs(room.position(high) - room.position(low))
    if not high > low or pixels < 1:
        return []
    ticks = _even_ticks(low, high, room, integers)
    if len(ticks) < 2 and room.spacing > 1:
        return _even_ticks(low, high, replace(room, spacing=1.0), integers)
    return ticks


def _even_ticks(low: float, high: float, room: AxisRoom, integers: bool) -> list[Tick]:
    pixels = abs(room.position(high) - room.position(low))
    smallest = (high - low) * room.spacing / pixels
    for step, decimals in round_steps(max(smallest, 1.0) if integers else smallest):
        ticks = [Tick(v, decimal(v, decimals if round(v / step) else 0)) for v in multiples(step, low, high)]
        if room.holds(ticks):
            return ticks
    raise AssertionError("unreachable: one label always holds")


def log_ticks(low: float, high: float, room: AxisRoom) -> list[Tick]:
    """Ticks of 10**low .. 10**high: the densest labels that stay apart, and the other 2..9 as minor ticks."""
    if not high > low:
        return []
    plain = low >= room.plain[0] - 1e-9 and high <= room.plain[1] + 1e-9
    labelled = next((t for t in _log_candidates(low, high, plain) if t and room.holds(t)), [])
    if len(labelled) < 2 and high - low < ONE_DECADE:  # the decades alone give too few labels
        labelled = _linear_on_log(low, high, room) or labelled
    taken = {round(t.value, 9) for t in labelled}
    minor = [t for t in _decade_ticks(low, high, MANTISSAS[0], plain) if round(t.value, 9) not in taken]
    per_decade = abs(room.position(high) - room.position(low)) / (high - low)
    if per_decade * math.log10(10 / 9) < MINOR_PX:
        minor = [t for t in minor if abs(t.value - round(t.value)) < 1e-9 and per_decade > MINOR_PX]
    return labelled + [Tick(t.value) for t in minor]


def _log_candidates(low: float, high: float, plain: bool) -> Iterator[list[Tick]]:
    for mantissas in MANTISSAS:
        yield _decade_ticks(low, high, mantissas, plain)
    for apart in DECADES_APART:
        yield _decade_ticks(low, high, (1,), plain, apart)


def _decade_ticks(low: float, high: float, mantissas: Sequence[int], plain: bool, apart: int = 1) -> list[Tick]:
    decades = range(math.floor(low), math.ceil(high) + 1)
    ticks = (Tick(e + math.log10(m), power_text(m, e, plain)) for e in decades if e % apart == 0 for m in mantissas)
    return [t for t in ticks if low - 1e-9 <= t.value <= high + 1e-9]


def _linear_on_log(low: float, high: float, room: AxisRoom) -> list[Tick]:
    bottom, top = 10.0**low, 10.0**high
    for step, decimals in round_steps((top - bottom) / 20):
        if step > top:
            return []
        ticks = [Tick(math.log10(v), decimal(v, decimals)) for v in multiples(step, bottom, top) if v > 0]
        if room.holds(ticks):
            return ticks
    return []


@dataclass(frozen=True, eq=False)
class RulerSide:
    """One side of a field: the coordinate of the middle of each of its pixels.

    `kind` is "latitude", "longitude", "azimuth", "km" or "index".
    """

    middles: NDArray[np.float64]
    kind: str

    def value(self, at: float) -> float:
        """The coordinate at a position in pixels, also beyond the middles of the outer ones."""
        middles = np.arange(len(self.middles)) + 0.5
        inside = float(np.interp(at, middles, self.middles))
        if at < 0.5:
            return inside + (at - 0.5) * float(self.middles[1] - self.middles[0])
        return inside + max(at - middles[-1], 0.0) * float(self.middles[-1] - self.middles[-2])

    def ticks(self, first: float, last: float, most: float) -> list[tuple[float, str]]:
        """(position in pixels, text) of at most about `most` ticks between two positions."""
        n = len(self.middles)
        if n < 2 or not np.isfinite(self.middles).all():
            return []
        low, high = sorted(self.value(min(max(at, 0.0), n)) for at in (first, last))
        if not (high > low and most > 0):
            return []
        step = self._step((high - low) / most)
        values = multiples(step, low, high, 1e-9)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        at = position(np.array(values), self.middles).tolist() if values else []
        return [(pixel, self._text(value, decimals)) for value, pixel in zip(values, at, strict=True)]

    def _step(self, least: float) -> float:
        if self.kind in ANGLES:
            return next((step for step in DEGREES if step >= least), DEGREES[-1])
        return max(1.0, round_up(least)) if self.kind == "index" else round_up(least)

    def _text(self, value: float, decimals: int) -> str:
        if self.kind == "azimuth":
            return f"{value % 360.0:.{decimals}f}°"
        return (
            degree_text(value, self.kind == "latitude", decimals) if self.kind in ANGLES else decimal(value, decimals)
        )
