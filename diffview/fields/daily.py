"""A series of fields in time: its days in any calendar, its months, and windows of consecutive days."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Array, Region
from diffview.fields.picture import Picture

Days = NDArray[np.int64]

EPOCH = "days since 1970-01-01"
"""What days are counted from, in the calendar of the file."""

MONTHS = range(28, 32)
"""How many days a month may have; 30 all of them in the calendar 360_day."""


@dataclass(frozen=True, eq=False)
class FieldSeries:
    """Fields in the order of time, at most one a day.

    Attributes:
        values: float32 [n, ny, nx], physical, north up, NaN missing.
        days: of each, days since 1970-01-01 in `calendar`, [n].
        calendar: as CF has it: "standard", "noleap", "360_day", ...
        of: one of them whole, for name, units, coordinates and provenance.
        region: of it, that the others are.

    Raises:
        UserError: if two fields are of one day, or a later one comes before an earlier one.
    """

    values: Array
    days: Days
    calendar: str
    of: Picture
    region: Region

    def __post_init__(self) -> None:
        steps = np.diff(self.days)
        if len(steps) and steps.min() < 1:
            at = int(steps.argmin())
            what = "are two fields of one day" if steps[at] == 0 else "does the time go back"
            raise UserError(
                f"At {date_text(int(self.days[at + 1]), self.calendar)} {what}.",
                "Give daily means in the order of time, one a day.",
            )

    def __len__(self) -> int:
        return len(self.days)

    @cached_property
    def dates(self) -> Sequence[Any]:
        """The day of each as a cftime date."""
        return dates_of(self.days, self.calendar)

    @cached_property
    def fractions(self) -> NDArray[np.float64]:
        """How much of its year has gone at each, 0 to 1, [n]."""
        return year_fractions(self.days, self.calendar)

    @property
    def step(self) -> float:
        """Usual days from one field to the next; nan for a single one."""
        return float(np.median(np.diff(self.days))) if len(self) > 1 else float("nan")

    @property
    def circular(self) -> bool:
        """Whether the fields go once around the Earth, so that their left and right edges meet."""
        return self.of.field.circular and self.region.nx == self.of.field.values.shape[1]

    @property
    def span(self) -> str:
        """Its first and last day, as 1982-01-01 to 2009-12-31."""
        return f"{date_text(int(self.days[0]), self.calendar)} to {date_text(int(self.days[-1]), self.calendar)}"

    def part(self, which: slice | NDArray[Any]) -> "FieldSeries":
        """Some of the fields."""
        return replace(self, values=self.values[which], days=self.days[which])

    def since(self, day: int) -> tuple["FieldSeries", "FieldSeries"]:
        """The fields before a day, and those from it on."""
        at = int(np.searchsorted(self.days, day))
        return self.part(slice(0, at)), self.part(slice(at, None))

    def firsts(self, frames: int, every: int) -> NDArray[np.intp]:
        """Where windows of so many consecutive days begin, `every` days apart; none spans a day that is not there."""
        if len(self) < frames:
            return np.empty(0, np.intp)
        whole = self.days[frames - 1 :] - self.days[: len(self) - frames + 1] == frames - 1
        found, next_day = [], self.days[0]
        for first in np.flatnonzero(whole):
            if self.days[first] >= next_day:
                found.append(int(first))
                next_day = self.days[first] + every
        return np.array(found, np.intp)

    def windows(self, frames: int, every: int) -> Array:
        """These windows, [n, frames, ny, nx]."""
        return np.asarray(self.values[self.firsts(frames, every)[:, None] + np.arange(frames)])

    def within(self, days: Days) -> Array:
        """The fields of these days, [n, ny, nx].

        Raises:
            UserError: if one of them is not there.
        """
        at = np.searchsorted(self.days, days)
        there = (at < len(self)) & (self.days[np.minimum(at, len(self) - 1)] == days)
        if not there.all():
            lacking = date_text(int(days[~there][0]), self.calendar)
            more = f" and {(~there).sum() - 1} other days" if (~there).sum() > 1 else ""
            raise UserError(
                f"{self.of.field.name} has no field of {lacking}{more}.",
                f"It has {self.span}.",
            )
        return np.asarray(self.values[at])


def dates_of(days: Sequence[int] | Days, calendar: str) -> Sequence[Any]:
    """Days since 1970-01-01 in a calendar as cftime dates."""
    import cftime

    return list(np.atleast_1d(cftime.num2date(np.asarray(days), EPOCH, calendar, only_use_cftime_datetimes=True)))


def date_text(day: int, calendar: str) -> str:
    """A day as 2012-02-29."""
    return str(dates_of([day], calendar)[0].strftime("%Y-%m-%d"))


def year_fractions(days: Days, calendar: str) -> NDArray[np.float64]:
    """How much of its year has gone at the beginning of each day, 0 to 1, [n]: by the length of that year."""
    import cftime

    dates = dates_of(days, calendar)
    lengths = {year: _length(cftime, year, calendar) for year in {date.year for date in dates}}
    return np.array([(date.dayofyr - 1) / lengths[date.year] for date in dates])


def _length(cftime: Any, year: int, calendar: str) -> int:
    first, next_first = (cftime.datetime(y, 1, 1, calendar=calendar) for y in (year, year + 1))
    return int((next_first - first).days)


def days_of_month(year: int, month: int, calendar: str) -> Days:
    """The days of a month, since 1970-01-01 in its calendar: 30 of any in 360_day, 28 of every February in noleap."""
    import cftime

    first = cftime.datetime(year, month, 1, calendar=calendar)
    day = round(float(cftime.date2num(first, EPOCH, calendar)))
    return np.arange(day, day + first.daysinmonth, dtype=np.int64)


def day_named(text: str, calendar: str) -> int:
    """A day written as 2012-02-29, or a month as 2012-02: its first day, since 1970-01-01 in a calendar.

    Raises:
        UserError: if it is none in that calendar.
    """
    import cftime

    try:
        year, month, day = (*(int(part) for part in text.split("-")), 1)[:3]
        return round(float(cftime.date2num(cftime.datetime(year, month, day, calendar=calendar), EPOCH, calendar)))
    except (ValueError, TypeError):
        raise UserError(
            f"{text!r} is no day of the calendar {calendar}.", "Write a day as 2012-02-28, or a month as 2012-02."
        ) from None
