"""Ticks of linear and log axes: their values and labels, which never overlap."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

MINUS = "\N{MINUS SIGN}"
GROUP = "\N{THIN SPACE}"
SUPERSCRIPT = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
MANTISSAS = ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,))
DECADES_APART = (2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
PLAIN_DECADES = (-3.0, 5.0)
MINOR_PX = 3.0
ONE_DECADE = 1.5


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


def number(value: float, decimals: int = 0) -> str:
    """`value` with a true minus sign and thin spaces between thousands from 10 000 on."""
    text = f"{abs(value):,.{decimals}f}"
    text = text.replace(",", "" if abs(value) < 10_000 else GROUP)
    return f"{MINUS}{text}" if value < 0 and float(f"{value:.{decimals}f}") != 0 else text


def power(mantissa: int, exponent: int, plain: bool) -> str:
    """mantissa * 10**exponent, written out or with a superscript."""
    if plain or exponent in (0, 1):
        return number(mantissa * 10.0**exponent, max(0, -exponent))
    ten = "10" + str(exponent).translate(SUPERSCRIPT)
    return ten if mantissa == 1 else f"{mantissa}\N{MIDDLE DOT}{ten}"


def nice_steps(smallest: float) -> Iterator[tuple[float, int]]:
    """Steps 1, 2, 5 x 10^n from `smallest` upwards, each with its decimals."""
    exponent = math.floor(math.log10(smallest))
    while True:
        for mantissa in (1, 2, 5):
            step = mantissa * 10.0**exponent
            if step >= smallest * (1 - 1e-9):
                yield step, max(0, -exponent)
        exponent += 1


def multiples(step: float, low: float, high: float) -> Iterable[float]:
    """The multiples of `step` in [low, high], with a hair of tolerance at both ends."""
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return (i * step for i in range(first, last + 1))


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
    for step, decimals in nice_steps(max(smallest, 1.0) if integers else smallest):
        ticks = [Tick(v, number(v, decimals if round(v / step) else 0)) for v in multiples(step, low, high)]
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
    ticks = (Tick(e + math.log10(m), power(m, e, plain)) for e in decades if e % apart == 0 for m in mantissas)
    return [t for t in ticks if low - 1e-9 <= t.value <= high + 1e-9]


def _linear_on_log(low: float, high: float, room: AxisRoom) -> list[Tick]:
    bottom, top = 10.0**low, 10.0**high
    for step, decimals in nice_steps((top - bottom) / 20):
        if step > top:
            return []
        ticks = [Tick(math.log10(v), number(v, decimals)) for v in multiples(step, bottom, top) if v > 0]
        if room.holds(ticks):
            return ticks
    return []
