"""Times of the files of a set: by their names, as texts, and what is missing among them."""

import datetime
import re
from collections.abc import Sequence

import numpy as np

from diffview.readers.dates import decoded_dates

CALENDARS = {"gregorian": "standard", "proleptic_gregorian": "standard", "": "standard", "365_day": "noleap",
             "366_day": "all_leap"}  # fmt: skip
"""Names of one calendar, as far as they are counted alike."""

STAMP = re.compile(
    r"(?<!\d)(?P<Y>1[6-9]\d\d|2[01]\d\d)[-_.]?(?P<M>0[1-9]|1[0-2])(?:[-_.]?(?P<D>0[1-9]|[12]\d|3[01])"
    r"(?:[-_.TtSs]{0,2}(?P<h>[01]\d|2[0-3])[-:_]?(?P<m>[0-5]\d)(?:[-:_]?(?P<s>[0-5]\d))?)?)?(?!\d)"
)
"""A date in the name of a file: 20010203, 2001-02, 20010203T0405, 20180101123456."""


def calendar_named(name: str) -> str:
    """A calendar by one of its names, "" being the standard one."""
    return CALENDARS.get(name.lower(), name.lower())


def days_of_name(name: str) -> float | None:
    """Days since 1970-01-01 of the last date in a name, None if it has none."""
    for match in reversed(list(STAMP.finditer(name))):
        parts = {key: int(text) for key, text in match.groupdict().items() if text}
        try:
            when = datetime.datetime(
                parts["Y"], parts["M"], parts.get("D", 1), parts.get("h", 0), parts.get("m", 0), parts.get("s", 0)
            )
        except ValueError:
            continue
        return (when - datetime.datetime(1970, 1, 1)).total_seconds() / 86400
    return None


def date_text(day: float, calendar: str = "standard") -> str:
    """A time as text."""
    decoded = decoded_dates(np.array([day]), "days since 1970-01-01", calendar)
    return f"{day:g}" if decoded is None else decoded[0][0]


def missing_steps(days: Sequence[float], calendar: str) -> tuple[str, ...]:
    """A sentence about the gaps of a time axis, which else has equal steps; months count as equal."""
    times = np.asarray(days)
    steps = np.diff(times)
    if len(steps) < 2 or (steps <= 0).any():
        return ()
    usual = float(np.median(steps))
    lacking = np.round(steps / usual).astype(int) - 1
    gaps = np.flatnonzero(steps > 1.6 * usual)
    if not len(gaps) or (np.abs(steps / usual - np.maximum(lacking, 0) - 1) > 0.3).mean() > 0.2:  # no regular axis
        return ()
    spans = [
        f"{count} after {date_text(float(times[at]), calendar)}" for at, count in zip(gaps, lacking[gaps], strict=True)
    ]
    told = ", ".join(spans[:6]) + (f" and in {len(spans) - 6} more places" if len(spans) > 6 else "")
    count = int(lacking[gaps].sum())
    what = f"{'day' if usual == 1 else 'step'}{' is' if count == 1 else 's are'}"
    return (f"{count} {what} missing on the time axis: {told}.",)
