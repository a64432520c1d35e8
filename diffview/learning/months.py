"""The days of a month from its mean: which files are read, what is asked for, and what is refused."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.daily import FieldSeries, date_text, day_named, days_of_month, year_fractions
from diffview.fields.field import Region
from diffview.fields.transforms import choose_transform
from diffview.fields.units import same_units
from diffview.models.days import DaysLaw, DaysMade
from diffview.readers.field_series import read_field_series
from diffview.runs.job import Job
from diffview.runs.network_days import network_days

Progress = Callable[[float], None]
Place = tuple[str, str | None]

FORMULA = "gaussian"
"""The law of days that is fitted here; any other name is that of a network."""

MONTHLY = (27, 32)
"""Days from one field to the next of a monthly series."""

MOST_APART = 0.1
"""Share of a year that a day may lie from the next day of the year that the seasonal cycle was fitted to."""


@dataclass(frozen=True)
class MonthAsked:
    """Days that are asked for.

    Attributes:
        means: file and variable of monthly means, or of days of which the mean is taken.
        fit: those of the daily series that the law is fitted to; None: `means`, all but the month itself.
        month: as 2012-02.
        days: how many days are made; None: all of the month.
        members: sequences.
        seed: of the noise.
        first: number of the first member.
        region: the part of the fields; None: all of them.
        periodic: whether opposite edges of it are neighbours.
        model: "gaussian", the formula, or a network by its name or folder.
    """

    means: Place
    month: str
    fit: Place | None = None
    days: int | None = None
    members: int = 1
    seed: int = 0
    first: int = 0
    region: Region | None = None
    periodic: bool = False
    model: str = FORMULA


def make_month(asked: MonthAsked, progress: Progress = lambda share: None) -> DaysMade:
    """Read what is needed, fit the law, and make the days of a month.

    Raises:
        UserError: if a file cannot be read, has no such month, or does not go with the other.
    """
    if asked.model != FORMULA:
        return _by_network(asked, progress)
    means = read_field_series(*asked.means, asked.region, lambda share: progress(0.3 * share))
    daily = means if asked.fit is None else read_field_series(
        *asked.fit, asked.region, lambda share: progress(0.3 + 0.3 * share)
    )  # fmt: skip
    _require_alike(means, daily)
    days = _days_of(asked, means.calendar)
    mean = _mean_of(means, days)
    fitted = _without(daily, days) if daily is means else daily
    fractions = year_fractions(days, means.calendar)
    _require_season(fitted, fractions)
    law = DaysLaw.fit(fitted, len(days), asked.periodic)
    progress(0.8)
    values = law.members(mean, fractions, asked.members, asked.seed, asked.first).astype(np.float32)
    progress(1.0)
    span = f"{fitted.of.dataset}, {fitted.span}" + (", without this month" if daily is means else "")
    real = means.within(days) if means.step < 2 else None
    return DaysMade(
        means.of, means.region, mean, days, means.calendar, values, asked.first, asked.seed, law, span, real
    )  # fmt: skip


def _by_network(asked: MonthAsked, progress: Progress) -> DaysMade:
    """The days that a network makes, which brings its season; nothing is fitted."""
    if asked.fit is not None or asked.periodic:
        raise UserError(
            f"{asked.model} was trained already: no daily fields are fitted to, and its edges are as it learned them.",
            "Leave out what it is fitted to, and periodic; or leave the model out.",
        )
    means = read_field_series(*asked.means, asked.region, lambda share: progress(0.3 * share))
    days = _days_of(asked, means.calendar)
    law = network_days(asked.model, means.of.field, len(days))
    values = law.members(
        _mean_of(means, days), year_fractions(days, means.calendar), asked.members, asked.seed, asked.first
    )  # fmt: skip
    progress(1.0)
    data, real = law.work.card.data, means.within(days) if means.step < 2 else None
    span = "; ".join(filter(None, (str(data.get(key, "")) for key in ("source", "split"))))
    return DaysMade(
        means.of, means.region, _mean_of(means, days), days, means.calendar, values.astype(np.float32), asked.first,
        asked.seed, law, span, real,
    )  # fmt: skip


@dataclass(eq=False)
class MonthJob(Job):
    """The days of a month, made beside the window.

    Attributes:
        asked: what is made.
        made: it, once it is there.
    """

    asked: MonthAsked
    made: DaysMade | None = None

    def work(self) -> None:
        """Make them."""
        self.made = make_month(self.asked, self.tell)


def _days_of(asked: MonthAsked, calendar: str) -> NDArray[np.int64]:
    """The days that are made, from the first of the month."""
    first = day_named(asked.month, calendar)
    year, month = (int(part) for part in asked.month.split("-")[:2])
    days = days_of_month(year, month, calendar)
    if first != days[0]:
        raise UserError(f"{asked.month} is a day and no month.", f"Write a month as {asked.month[:7]}.")
    count = len(days) if asked.days is None else asked.days
    if not 2 <= count <= len(days):
        raise UserError(
            f"{asked.month} has {len(days)} days, and {count} are asked for.", "Ask for two or more of them."
        )
    return days[:count]


def _mean_of(means: FieldSeries, days: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean over these days: of daily fields, or the monthly one that lies in their month."""
    if means.step < 2:
        return np.asarray(means.within(days).mean(0, dtype=np.float64))
    if len(means) > 1 and not MONTHLY[0] <= means.step <= MONTHLY[1]:
        raise UserError(
            f"{means.of.field.name} has a field every {means.step:g} days.", "Give monthly means or daily fields."
        )
    wanted = date_text(int(days[0]), means.calendar)[:7]
    at = [i for i, date in enumerate(means.dates) if date.strftime("%Y-%m") == wanted]
    if len(at) != 1:
        raise UserError(f"{means.of.field.name} has {len(at) or 'no'} fields in {wanted}.", f"It has {means.span}.")
    return np.asarray(means.values[at[0]], np.float64)


def _without(daily: FieldSeries, days: NDArray[np.int64]) -> FieldSeries:
    """The series without these days, which are not to be learned by heart."""
    return daily.part(~np.isin(daily.days, days))


def _require_season(fitted: FieldSeries, fractions: NDArray[np.float64]) -> None:
    """Refuse a time of the year that the daily fields do not reach, where their seasonal cycle would be made up."""
    apart = np.abs((fractions[:, None] - fitted.fractions + 0.5) % 1 - 0.5)
    if len(fitted) and apart.min(1).max() > MOST_APART:
        raise UserError(
            f"The daily fields, {fitted.span}, have no days at this time of the year.",
            "Give daily fields of a whole year, or ask for a month of their season.",
        )


def _require_alike(means: FieldSeries, daily: FieldSeries) -> None:
    """Refuse series of two units, grids or calendars, and amounts, whose law is not Gaussian."""
    one, other = means.of.field, daily.of.field
    for what, a, b, same in (
        ("unit", one.units or "1", other.units or "1", same_units(one.units, other.units)),
        ("size", f"{means.region.ny} x {means.region.nx}", f"{daily.region.ny} x {daily.region.nx}",
         means.values.shape[1:] == daily.values.shape[1:]),
        ("calendar", means.calendar, daily.calendar, _plain(means.calendar) == _plain(daily.calendar)),
    ):  # fmt: skip
        if not same:
            raise UserError(
                f"The {what} of {one.name} is {a}, that of the daily fields is {b}.",
                "Take both from one product, or bring them together first.",
            )
    if not _same_place(means, daily):
        raise UserError("The two files do not lie at the same place.", "Give fields of one grid.")
    key, why = choose_transform(daily.values[:: max(1, len(daily) // 50)], other.units)
    if key != "standardise":
        raise UserError(
            f"{other.name} has no Gaussian law: {why[0].lower()}{why[1:].rstrip('.')}.",
            "Days of amounts, such as rain, need a network; this formula is for fields like temperature.",
        )


def _same_place(one: FieldSeries, other: FieldSeries) -> bool:
    a, b = one.of.field.coords, other.of.field.coords
    return all(
        a[name].shape != b[name].shape or np.allclose(a[name], b[name], atol=1e-3) for name in a.keys() & b.keys()
    )


def _plain(calendar: str) -> str:
    """One name of a calendar that has several."""
    return {"gregorian": "standard", "proleptic_gregorian": "standard", "365_day": "noleap"}.get(calendar, calendar)
