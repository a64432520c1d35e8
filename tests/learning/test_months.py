"""The days of a month from files, daily or monthly, in any calendar; what does not go together is refused."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray
from daily_twins import LAND, SHAPE, write_daily

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.learning.months import MonthAsked, make_month
from diffview.readers.field_series import read_field_series
from diffview.writers.saving import save_netcdf
from diffview.writers.sequences import days_content

CODER = xarray.coders.CFDatetimeCoder(use_cftime=True)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("months")
    for calendar in ("standard", "noleap", "360_day"):
        write_daily(folder / f"{calendar}.nc", 1100, "2010-01-01", calendar)
    write_daily(folder / "monthly.nc", 1100, "2010-01-01", "noleap", monthly=True)
    return folder


def test_a_series_has_its_days_north_up(there: Path) -> None:
    series = read_field_series(str(there / "noleap.nc"), "sst", Region(4, 2, 10, 12))
    assert series.values.shape == (1100, 10, 12) and series.calendar == "noleap" and series.step == 1
    assert series.span == "2010-01-01 to 2013-01-05"
    with netCDF4.Dataset(there / "noleap.nc") as file:
        np.testing.assert_allclose(series.values[7], file["sst"][7, ::-1].filled(np.nan)[4:14, 2:14])


@pytest.mark.parametrize(
    ("calendar", "month", "length"),
    [("standard", "2012-02", 29), ("noleap", "2012-02", 28), ("360_day", "2012-02", 30), ("360_day", "2011-07", 30)],
)
def test_a_month_is_made_and_written_with_its_days(
    there: Path, tmp_path: Path, calendar: str, month: str, length: int
) -> None:
    """The file opens in xarray with the dates of its calendar; the mean over its days is that of the source."""
    source = str(there / f"{calendar}.nc")
    made = make_month(MonthAsked((source, "sst"), month, members=2, days=None))
    assert made.values.shape == (2, length, *SHAPE) and made.kept < 1e-5
    assert made.fitted_to.endswith("without this month")
    save_netcdf(days_content(made), tmp_path / "made.nc")
    with xarray.open_dataset(tmp_path / "made.nc", decode_times=CODER) as file:
        assert file.sst.dims == ("member", "time", "latitude", "longitude")
        assert file.time.dt.calendar == ("standard" if calendar == "standard" else calendar)
        assert [str(day)[:10] for day in file.time.values[[0, -1]]] == [f"{month}-01", f"{month}-{length}"]
        with xarray.open_dataset(source, decode_times=CODER) as days:
            own = days.sst.sel(time=month).mean("time").values[::-1]
        np.testing.assert_allclose(file.sst.mean("time").values, np.broadcast_to(own, (2, *SHAPE)), atol=2e-4)
        np.testing.assert_array_equal(np.isnan(file.sst.values), np.broadcast_to(LAND[::-1], (2, length, *SHAPE)))
        assert "No day is one that was observed" in file.attrs["comment"]


def test_a_monthly_mean_is_given_and_the_law_is_of_daily_fields(there: Path) -> None:
    made = make_month(MonthAsked((str(there / "monthly.nc"), "sst"), "2011-05", (str(there / "noleap.nc"), "sst")))
    with xarray.open_dataset(there / "monthly.nc", decode_times=CODER) as file:
        own = file.sst.sel(time="2011-05").values[0, ::-1]
    np.testing.assert_allclose(made.values[0].mean(0), own, atol=2e-4)
    assert made.values.shape[1] == 31


REFUSED = [
    ({"month": "2014-02"}, "sst has no field of 2014-02-01 and 27 other days"),
    ({"month": "2011-05-03"}, "is a day and no month"),
    ({"month": "May"}, "is no day of the calendar noleap"),
    ({"month": "2011-05", "days": 40}, "has 31 days, and 40 are asked for"),
    ({"month": "2011-05", "fit": ("360_day.nc", "sst")}, "The calendar of sst is noleap, that of the daily"),
    ({"month": "2011-05", "fit": ("monthly.nc", "sst")}, "a field every 31 days"),
    ({"month": "2011-05", "fit": ("rain.nc", "rain")}, "unit of sst is degree_Celsius, that of the daily fields is mm"),
    ({"month": "2011-05", "fit": ("other.nc", "sst")}, "do not lie at the same place"),
    ({"month": "2010-10", "days": 7, "fit": ("spring.nc", "sst")}, "2010-01-01 to 2010-06-29, have no days at this"),
    ({"month": "2011-05", "fit": ("still.nc", "sst")}, "has no dimension of dates"),
    ({"means": ("rain.nc", "rain"), "month": "2011-05"}, "rain has no Gaussian law: a logarithm"),
]


@pytest.mark.parametrize(("changed", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_does_not_go_together_is_refused(there: Path, changed: dict, words: str) -> None:
    _make_odd_files(there)
    placed = {k: (str(there / v[0]), v[1]) if isinstance(v, tuple) else v for k, v in changed.items()}
    with pytest.raises(UserError, match=words):
        make_month(MonthAsked(**{"means": (str(there / "noleap.nc"), "sst"), **placed}))


def _make_odd_files(folder: Path) -> None:
    if (folder / "rain.nc").exists():
        return
    with xarray.open_dataset(folder / "noleap.nc", decode_times=CODER) as file:
        days = file.load()
    rain = days.rename(sst="rain")
    rain["rain"] = (days.sst - 15).clip(0) ** 3
    rain.rain.attrs = {"units": "mm day-1"}
    rain.to_netcdf(folder / "rain.nc")
    days.assign_coords(lat=days.lat + 20).to_netcdf(folder / "other.nc")
    days.isel(time=slice(0, 180)).to_netcdf(folder / "spring.nc")
    days.isel(time=0, drop=True).to_netcdf(folder / "still.nc")
