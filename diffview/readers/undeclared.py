"""Values that look like fill values though nothing in the file calls them so, and datasets read without them."""

import re
from collections import Counter
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

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


class Ends:
    """Values that come block by block: the ends that look like fill values are kept apart from all the others."""

    def __init__(self) -> None:
        self._low, self._high = np.inf, -np.inf
        self._ends: Counter[float] = Counter()

    def add(self, values: NDArray[np.floating[Any]]) -> None:
        """Take a block, NaN missing."""
        for _ in range(MOST):
            low, high = _range(values)
            odd = [end for end in {low, high} if looks_like_fill(end)]
            if not odd:
                break
            for end in odd:
                self._ends[end] += int(np.count_nonzero(values == end))
            values = values[~np.isin(values, odd)]
        low, high = _range(values)
        self._low, self._high = min(self._low, low), max(self._high, high)

    def suspects(self) -> tuple[Suspect, ...]:
        """Ends that are made of one digit, or the end of a type, or endless, and far from all other values.

        Far: by more than half of what the others span. They may be measured all the same: the user is asked.
        """
        low, high, far = self._low, self._high, []
        for end in sorted(self._ends, key=lambda one: max(low - one, one - high)):
            if max(low - end, end - high) > (high - low) / 2 and np.isfinite(high - low):
                far.append(Suspect(end, self._ends[end]))
            else:
                low, high = min(low, end), max(high, end)
        return tuple(far[:MOST])


def _range(values: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """The least and the greatest value, NaN missing; (inf, -inf) of none."""
    if not values.size or np.isnan(low := float(np.fmin.reduce(values, axis=None))):
        return np.inf, -np.inf
    return low, float(np.fmax.reduce(values, axis=None))


def looks_like_fill(value: float) -> bool:
    """Whether nobody would measure just that: -9999, 999.9, 65535, 1e35."""
    return ENDLESS <= abs(value) < np.inf or value in LIMITS or bool(_ALIKE.match(f"{value:.6g}"))


def of_picture(values: Array) -> tuple[Suspect, ...]:
    """Those of an array, NaN missing."""
    ends = Ends()
    ends.add(values)
    return ends.suspects()


def note(suspect: Suspect, units: str, averaged: bool = False) -> str:
    """A sentence about one; `averaged`: it goes into the means of an overview."""
    what, are = f"{suspect.value:g} {units}".strip(), "value is" if suspect.times == 1 else "values are"
    end = "; until then the means here are made with it." if averaged else "."
    return f"{suspect.times:,} {are} {what}, far from all others: nothing calls that missing, but it can be masked{end}"


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
