"""One line of the bench."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Row:
    """One budget and its measurement.

    Attributes:
        what: the thing measured.
        clock: what was timed, from where to where.
        value, unit: the result; None where it could not be measured.
        budget: the most it may be, in the same unit; None where there is none.
        count: repetitions.
        detail: further numbers.
        error: why there is no value.
    """

    what: str
    clock: str
    value: float | None = None
    unit: str = "ms"
    budget: float | None = None
    count: int = 0
    detail: str = ""
    error: str = ""

    @property
    def verdict(self) -> str:
        """ok, missed, failed, or "" where there is no budget."""
        if self.value is None:
            return "failed"
        if self.budget is None:
            return ""
        return "ok" if self.value <= self.budget else "missed"


Rows = list[Row]


def percentile(times: Sequence[float], share: float) -> float:
    """The value below which `share` per cent lie."""
    return float(np.percentile(times, share))


def spread(times: Sequence[float], unit: str = "ms") -> str:
    """Least, median and greatest."""
    return f"min {min(times):.3g}, median {statistics.median(times):.3g}, max {max(times):.3g} {unit}"
