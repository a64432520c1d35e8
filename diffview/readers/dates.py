"""Times of a file as dates: counted from a date in any calendar, or written as digits, 20190701."""

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.daily import EPOCH

HALF_SECOND = timedelta(microseconds=500_000)

DIGITS = {
    **dict.fromkeys(("%y%m%d.%f", "%y%m%d", "yyyymmdd", "yyyymmdd.f", "yyyymmdd.fraction"), 8),
    **dict.fromkeys(("%y%m%d%h", "yyyymmddhh"), 10),
    **dict.fromkeys(("%y%m", "yyyymm"), 6),
}
"""How many digits before the point a time has whose units say how it is written, by the units in small letters."""

_FIRST, _LAST = 18000101, 21991231
"""Between them a whole number without units is taken for a date."""

_SINCE = re.compile(r"(months?|years?)\s+since\s+(.*)$", re.IGNORECASE)
MONTHS_IN_A_YEAR = 12


def is_time(name: str, units: str, values: NDArray[np.floating[Any]]) -> bool:
    """Whether a coordinate is one of times: by its units, or by numbers called time that read as dates."""
    if " since " in units or _digits_of(units):
        return True
    good = values[np.isfinite(values)]
    called = name.lower() in ("time", "date", "day") and units in ("", "1", "-")
    in_range = good.size > 0 and bool(np.all((good >= _FIRST) & (good <= _LAST) & (good == np.floor(good))))
    return called and in_range and _written(good, 8, "standard") is not None


def decoded_dates(
    values: NDArray[np.float64], units: str, calendar: str
) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
    """(texts, days since 1970-01-01 in the same calendar) of times; None if the units are not understood.

    A text has only the parts in which the times differ: days have no hours, months no days only if the file says so.
    It is rounded to a second: a time in float64 days falls some microseconds short of a midnight.
    """
    import cftime

    good = np.isfinite(values)
    if not good.any():
        return None
    try:
        exact = _dates(values[good], units, calendar)
        if exact is None:
            return None
        days = np.atleast_1d(cftime.date2num(exact, EPOCH, calendar)).astype(np.float64)
        dates = [(d + HALF_SECOND).replace(microsecond=0) if d.microsecond else d for d in exact]
    except (ValueError, TypeError, OverflowError):
        return None
    pattern = "%Y-%m-%d" if all((d.hour, d.minute, d.second) == (0, 0, 0) for d in dates) else "%Y-%m-%d %H:%M"
    if any(d.second for d in dates):
        pattern = "%Y-%m-%d %H:%M:%S"
    texts, numbers = np.full(values.shape, "missing", object), np.full(values.shape, np.nan)
    texts[good] = [date.strftime(pattern) for date in dates]
    numbers[good] = days
    return tuple(texts.tolist()), numbers


def _digits_of(units: str) -> int:
    """How many digits times of these units are written with, 0 if they are counted."""
    return DIGITS.get(units.strip().lower().removeprefix("day as "), 0)


def _dates(values: NDArray[np.float64], units: str, calendar: str) -> Sequence[Any] | None:
    """The date of every value, None where the units are not understood."""
    import cftime

    if " since " not in units:
        return _written(values, _digits_of(units) or 8, calendar)
    months = _SINCE.match(units.strip())
    if months is not None and np.all(values == np.round(values)):  # a unit of varying length, which cftime refuses
        each = 1 if months[1].lower().startswith("month") else MONTHS_IN_A_YEAR
        start = cftime.num2date(0, f"days since {months[2]}", calendar, only_use_cftime_datetimes=True)
        return [_later(start, int(value) * each) for value in values]
    return list(np.atleast_1d(cftime.num2date(values, units, calendar, only_use_cftime_datetimes=True)))


def _later(start: Any, months: int) -> Any:
    """The same day so many months later, or the last one before it that there is."""
    years, month = divmod(start.month - 1 + months, MONTHS_IN_A_YEAR)
    for day in range(start.day, 0, -1):
        try:
            return start.replace(year=start.year + years, month=month + 1, day=day)
        except ValueError:
            continue
    raise ValueError(start)


def _written(values: NDArray[np.float64], digits: int, calendar: str) -> Sequence[Any] | None:
    """Dates written as digits, 20190701.25 for six in the morning; None where one is no date."""
    import cftime

    dates = []
    for value in values.tolist():
        text, fraction = f"{int(value):0{digits}d}".ljust(8, "?"), value - int(value)
        year, month, day, hour = text[:4], text[4:6], text[6:8].replace("??", "01"), text[8:] or "0"
        try:
            date = cftime.datetime(int(year), int(month), int(day), int(hour), calendar=calendar)
        except ValueError:
            return None
        dates.append(date + timedelta(days=fraction))
    return dates
