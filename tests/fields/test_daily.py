"""Days in any calendar, windows that span no gap, and the seasonal cycle."""

import numpy as np
import pytest
from daily_twins import LAND, SHAPE, daily_series, daily_values

from diffview.errors import UserError
from diffview.fields.daily import date_text, day_named, days_of_month, year_fractions
from diffview.fields.seasons import SeasonalCycle


@pytest.mark.parametrize(
    ("calendar", "year", "month", "length"),
    [("standard", 2012, 2, 29), ("standard", 2013, 2, 28), ("noleap", 2012, 2, 28), ("360_day", 2012, 2, 30),
     ("360_day", 2012, 1, 30), ("365_day", 2012, 12, 31), ("proleptic_gregorian", 2012, 2, 29)],
)  # fmt: skip
def test_a_month_has_the_days_of_its_calendar(calendar: str, year: int, month: int, length: int) -> None:
    days = days_of_month(year, month, calendar)
    assert len(days) == length and (np.diff(days) == 1).all()
    assert date_text(int(days[0]), calendar) == f"{year}-{month:02d}-01"
    assert date_text(int(days[-1]), calendar) == f"{year}-{month:02d}-{length}"
    assert date_text(int(days[-1]) + 1, calendar)[8:] == "01"
    assert day_named(f"{year}-{month:02d}", calendar) == days[0]


def test_the_fraction_of_a_year_is_that_of_its_own_length() -> None:
    for calendar, length in (("noleap", 365), ("360_day", 360)):
        np.testing.assert_allclose(
            year_fractions(np.arange(2 * length), calendar), np.tile(np.arange(length), 2) / length
        )
    leap = year_fractions(
        np.arange(day_named("1972-01-01", "standard"), day_named("1973-01-01", "standard")), "standard"
    )
    np.testing.assert_allclose(leap, np.arange(366) / 366)


@pytest.mark.parametrize("text", ["2012-02-30", "summer", "2012", "2012-13"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no day of the calendar noleap"):
        day_named(text, "noleap")


def test_windows_span_no_missing_day() -> None:
    days = np.delete(np.arange(40), [11, 12, 30])
    series = daily_series(37, days=days)
    firsts = series.firsts(5, 3)
    assert days[firsts].tolist() == [0, 3, 6, 13, 16, 19, 22, 25, 31, 34]
    windows = series.windows(5, 3)
    assert windows.shape == (10, 5, *SHAPE)
    np.testing.assert_array_equal(windows[3], series.values[firsts[3] : firsts[3] + 5])
    assert len(series.firsts(41, 1)) == 0 and len(series.firsts(38, 1)) == 0
    before, after = series.since(13)
    assert before.days[-1] == 10 and after.days[0] == 13 and len(before) + len(after) == len(series)


def test_days_that_are_not_there_are_named() -> None:
    series = daily_series(10, days=np.delete(np.arange(11), 4))
    np.testing.assert_array_equal(series.within(np.array([2, 5])), series.values[[2, 4]])
    with pytest.raises(UserError, match="sst has no field of 1970-01-05 and 2 other days"):
        series.within(np.array([3, 4, 20, 21]))


@pytest.mark.parametrize(("days", "words"), [([0, 1, 1], "two fields of one day"), ([0, 2, 1], "the time go back")])
def test_days_twice_or_out_of_order_are_refused(days: list[int], words: str) -> None:
    with pytest.raises(UserError, match=words):
        daily_series(3, days=np.array(days))


def test_a_cycle_is_found_pixel_by_pixel_where_enough_is_known() -> None:
    rng, f = np.random.default_rng(0), np.arange(720) / 360 % 1
    numbers = rng.standard_normal((5, 4, 6))
    angles = 2 * np.pi * f
    waves = np.stack([np.ones(720), np.cos(angles), np.sin(angles), np.cos(2 * angles), np.sin(2 * angles)], 1)
    noise = 0.5 * rng.standard_normal((720, 4, 6))
    values = np.tensordot(waves, numbers, 1) + noise
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, 0, 0], values[:500, 0, 1] = np.nan, np.nan
    cycle = SeasonalCycle.fit(values.astype(np.float32), f)
    assert (~cycle.known == (np.arange(24).reshape(4, 6) < 2)).all()
    np.testing.assert_allclose(cycle.numbers[:, 1:], numbers[:, 1:], atol=5 * 0.5 * np.sqrt(2 / 570))
    np.testing.assert_allclose(cycle.std[1:], 0.5, rtol=0.15)
    back = cycle.values(cycle.anomalies(values, f), f)
    np.testing.assert_allclose(back[:, 1:], values[:, 1:], atol=1e-10)


def test_a_cycle_of_whole_years_is_the_least_squares_fit() -> None:
    """Beside numpy's own solver, for one pixel."""
    values, f = daily_values(730), year_fractions(np.arange(730), "noleap")
    cycle = SeasonalCycle.fit(values, f, 1)
    waves = np.stack([np.ones(730), np.cos(2 * np.pi * f), np.sin(2 * np.pi * f)], 1)
    np.testing.assert_allclose(
        cycle.numbers[:, 9, 9], np.linalg.lstsq(waves, values[:, 9, 9], rcond=None)[0], rtol=1e-8
    )
    np.testing.assert_array_equal(cycle.known, ~LAND)


def test_no_cycle_without_data_or_variation() -> None:
    with pytest.raises(UserError, match="No pixel is known"):
        SeasonalCycle.fit(np.full((50, 3, 3), np.nan, np.float32), np.arange(50) / 50)
    with pytest.raises(UserError, match="the same every day"):
        SeasonalCycle.fit(np.zeros((50, 3, 3), np.float32), np.arange(50) / 50)
