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


def p95(what: str, clock: str, times: Sequence[float], budget: float, detail: str = "") -> Row:
    """The row of the value below which 95 per cent of the times lie."""
    detail = detail or f"p50 {percentile(times, 50):.1f}, max {max(times):.1f} ms"
    return Row(f"{what}, p95", clock, percentile(times, 95), "ms", budget, len(times), detail)


def median(what: str, clock: str, times: Sequence[float], budget: float | None, detail: str = "") -> Row:
    """The row of the median of some times."""
    return Row(what, clock, statistics.median(times), "ms", budget, len(times), detail or spread(times))


def gap_rows(what: str, clock: str, times: Sequence[float], idle: float, detail: str = "") -> Rows:
    """The rows of the gaps of the event loop: at most 8 ms over an idle window's p99, and at most 50 ms rarely."""
    detail = f"p50 {percentile(times, 50):.2f}, max {max(times):.1f} ms{detail}"
    return [
        Row(f"event-loop gap, {what}, p99", clock, percentile(times, 99), "ms", idle + 8, len(times), detail),
        Row(f"event-loop gap, {what}, p99.9", clock, percentile(times, 99.9), "ms", 50.0, len(times), detail),
    ]


def ratio(
    what: str, clock: str, budget: float, ours: Sequence[float], theirs: Sequence[float], name: str = "bare"
) -> Row:
    """The row of the median of our times over that of others, which are called `name`."""
    value, other = statistics.median(ours), statistics.median(theirs)
    return Row(
        what, clock, value / other, f"x {name}", budget, len(ours), f"ours {value:.3g} ms, {name} {other:.3g} ms"
    )


def percentile(times: Sequence[float], share: float) -> float:
    """The value below which `share` per cent lie."""
    return float(np.percentile(times, share))


def spread(times: Sequence[float], unit: str = "ms") -> str:
    """Least, median and greatest."""
    return f"min {min(times):.3g}, median {statistics.median(times):.3g}, max {max(times):.3g} {unit}"
