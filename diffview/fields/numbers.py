"""Numbers as people read and write them: a true minus sign, thin spaces, no needless digits, and round steps."""

import math
from collections.abc import Iterator, Sequence

MINUS = "\N{MINUS SIGN}"
GROUP = "\N{THIN SPACE}"
NONE = "\N{EM DASH}"
SUPERSCRIPT = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")
ROUND = (1.0, 2.0, 5.0)
"""Mantissas of round numbers."""


def decimal(value: float, decimals: int = 0) -> str:
    """`value` with so many decimals, and thin spaces between thousands from 10 000 on."""
    text = f"{abs(value):,.{decimals}f}"
    text = text.replace(",", "" if abs(value) < 10_000 else GROUP)
    return f"{MINUS}{text}" if value < 0 and float(f"{value:.{decimals}f}") != 0 else text


def number(value: float) -> str:
    """A number with about three significant figures: 0.42, 15.30, 273.1, 1013, 1.2e5."""
    if not math.isfinite(value):
        return NONE if math.isnan(value) else "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size and (size >= 1e5 or size < 1e-3):
        return compact(value, 2, at_least=True)
    return f"{value:.{0 if size >= 1000 else 1 if size >= 100 else 2}f}".replace("-", MINUS)


def figures(value: float | None, digits: int = 3) -> str:
    """So many significant digits as printf's %g writes them: 0.735, 15, 9.1e−07; a dash for None."""
    return NONE if value is None else f"{value:.{digits}g}".replace("-", MINUS)


def compact(value: float, digits: int = 6, small: float = 1e-3, at_least: bool = False) -> str:
    """At most so many significant digits: 0.02, 80, 1.5e−4, 2e7; a power of ten below `small`.

    `at_least` keeps the zeros at the end of a mantissa, and always writes the power.
    """
    text = f"{value:.{digits}g}"
    if at_least or "e" in text or (value and abs(value) < small):
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa and not at_least else mantissa
        text = f"{mantissa}e{int(power)}"
    return text.replace("-", MINUS)


def two_figures(value: float, most: int = 300, trim: bool = True) -> str:
    """Two significant digits, at most so many decimals: 0.37, 3.7, 37, 370; `trim`: 3 and not 3.0."""
    rounded = float(f"{value:.2g}")
    decimals = min(max(0, 1 - math.floor(math.log10(rounded))), most) if rounded > 0 else 0
    return decimal(rounded if trim else value, 0 if trim and rounded == round(rounded) else decimals)


def percent(share: float, digits: int = 3) -> str:
    """A share as text with so many significant digits: 10 %, 0.25 %, 100 %."""
    return f"{float(f'{100 * share:.{digits}g}'):g} %"


def power_text(mantissa: int, exponent: int, plain: bool) -> str:
    """mantissa * 10**exponent, written out or with a superscript."""
    if plain or exponent in (0, 1):
        return decimal(mantissa * 10.0**exponent, max(0, -exponent))
    ten = "10" + str(exponent).translate(SUPERSCRIPT)
    return ten if mantissa == 1 else f"{mantissa}\N{MIDDLE DOT}{ten}"


def typed(text: str) -> float:
    """The number that somebody typed, also with a true minus sign or a decimal comma.

    Raises:
        ValueError: if it is none.
    """
    return float(plain(text))


def plain(text: str) -> str:
    """A typed number in the spelling of Python."""
    return text.strip().replace(MINUS, "-").replace(",", ".")


def round_steps(least: float, mantissas: Sequence[float] = ROUND) -> Iterator[tuple[float, int]]:
    """The round numbers from `least` > 0 upwards, each with the decimals of its power of ten."""
    exponent = math.floor(math.log10(least))
    while True:
        for mantissa in mantissas:
            step = mantissa * 10.0**exponent
            if step >= least * (1 - 1e-9):
                yield step, max(0, -exponent)
        exponent += 1


def round_up(least: float, mantissas: Sequence[float] = ROUND) -> float:
    """The smallest round number that is not below `least` > 0."""
    return next(step for step, _ in round_steps(least, mantissas))


def multiples(step: float, low: float, high: float, slack: float = 1e-6) -> list[float]:
    """The multiples of `step` in [low, high], with a hair of tolerance at both ends."""
    first, last = math.ceil(low / step - slack), math.floor(high / step + slack)
    return [i * step for i in range(first, last + 1)]


def degree_text(value: float, latitude: bool, decimals: int = 0) -> str:
    """A latitude or longitude with its hemisphere."""
    if not latitude:
        value = (value + 180.0) % 360.0 - 180.0
    sides = "NS" if latitude else "EW"
    shown = f"{abs(value):.{decimals}f}"
    half = "" if float(shown) in (0.0, 180.0) else f" {sides[0] if value > 0 else sides[1]}"
    return f"{shown}°{half}"


def position_text(latitude: float, longitude: float, decimals: int = 2) -> str:
    """A position as text: 61.25° N, 12.40° W."""
    return f"{degree_text(latitude, True, decimals)}, {degree_text(longitude, False, decimals)}"
