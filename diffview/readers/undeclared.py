"""Values that look like fill values though nothing in the file calls them so, and datasets read without them."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

from diffview.fields.field import Array
from diffview.readers.base import Decoded, Variable

ENDLESS = 1e15
"""Nothing that is measured is as large."""

LIMITS = (255, 32767, -32768, -32767, 65535, 65534, 2147483647, -2147483648, -2147483647, 4294967295)
"""The ends of the integer types."""

MOST = 4
"""Values that are asked about."""

_ALIKE = re.compile(r"-?([1-9])\1{2,}(\.\1+)?$")  # -9999, 999.9, 8888


class Suspect(NamedTuple):
    """A value far from all others that looks like a fill value.

    Attributes:
        value: as it is decoded.
        times: how often it is there.
    """

    value: float
    times: int


Ranged = Callable[[tuple[float, ...]], tuple[int, float, float]]
"""Gives (count, least, greatest) of the values that are none of these."""


def suspects(ranged: Ranged) -> tuple[Suspect, ...]:
    """Values at the ends that are made of one digit, or the end of a type, or endless, and far from all the others.

    Far: by more than half of what the others span. They may be measured all the same: the user is asked.
    """
    far: list[Suspect] = []
    count, low, high = ranged(())
    while count and len(far) < MOST:
        for end in {low, high}:
            if looks_like_fill(end):
                left, least, most = ranged((*(one.value for one in far), end))
                if left and max(least - end, end - most) > (most - least) / 2:
                    far.append(Suspect(end, count - left))
                    count, low, high = left, least, most
                    break
        else:
            break
    return tuple(far)


def looks_like_fill(value: float) -> bool:
    """Whether nobody would measure just that: -9999, 999.9, 65535, 1e35."""
    return abs(value) >= ENDLESS or value in LIMITS or bool(_ALIKE.match(f"{value:.6g}"))


def of_picture(values: Array) -> tuple[Suspect, ...]:
    """Those of an array, NaN missing."""

    def ranged(mask: tuple[float, ...]) -> tuple[int, float, float]:
        if not mask:  # without a copy: most pictures have nothing to ask about
            return values.size, float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))
        left = values[~np.isnan(values) & ~np.isin(values, np.array(mask, np.float32))]
        return left.size, float(left.min(initial=np.inf)), float(left.max(initial=-np.inf))

    found = (one.value for one in suspects(ranged))
    return tuple(Suspect(value, int(np.count_nonzero(values == np.float32(value)))) for value in found)


def note(suspect: Suspect, units: str) -> str:
    """A sentence about one."""
    what, are = f"{suspect.value:g} {units}".strip(), "value is" if suspect.times == 1 else "values are"
    return f"{suspect.times:,} {are} {what}, far from all others: nothing calls that missing, but it can be masked."


class Masked:
    """A variable without values that the user calls missing; all else is as it was."""

    def __init__(self, of: Variable, mask: tuple[float, ...]) -> None:
        self._of, self._mask = of, np.array(mask, np.float32)

    def read(self, part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of one part, NaN where they are one of the mask in single precision."""
        decoded = self._of.read(part)
        with np.errstate(over="ignore"):
            decoded.values[np.isin(decoded.values.astype(np.float32), self._mask)] = np.nan
        return decoded

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


def without(variable: Variable, mask: tuple[float, ...]) -> Variable:
    """The variable itself where there is no mask."""
    return cast(Variable, Masked(variable, mask)) if mask else variable
