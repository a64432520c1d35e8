"""The days of a month in a program: what the command writes, with the dates of the calendar."""

from pathlib import Path

import numpy as np
import pytest
import xarray
from daily_twins import LAND, SHAPE, write_daily

import diffview
from diffview import cli
from diffview.errors import UserError


@pytest.mark.parametrize(("calendar", "length"), [("noleap", 28), ("360_day", 30)])
def test_days_are_those_of_the_command(tmp_path: Path, calendar: str, length: int) -> None:
    path, out = tmp_path / "daily.nc", tmp_path / "days.nc"
    write_daily(path, 900, "2010-01-01", calendar)
    shares: list[float] = []
    made = diffview.days(path, "sst", month="2012-02", members=2, seed=3, progress=shares.append)
    words = ["days", str(path), "sst", "--month", "2012-02", "--members", "2", "--seed", "3", "-o", str(out)]
    assert cli.main(words) == 0 and shares[-1] == 1
    assert made.sst.dims == ("member", "time", "latitude", "longitude") and made.sst.shape == (2, length, *SHAPE)
    with xarray.open_dataset(out, decode_times=xarray.coders.CFDatetimeCoder(use_cftime=True)) as file:
        assert file.time.dt.calendar == calendar and str(made.time.values[-1])[:10] == f"2012-02-{length}"
        np.testing.assert_array_equal(file.sst, made.sst)
        np.testing.assert_array_equal(file.latitude, made.latitude)
    np.testing.assert_array_equal(np.isnan(made.sst[0, 0]), LAND[::-1])
    np.testing.assert_allclose(made.sst.mean("time"), np.broadcast_to(made.sst_mean, (2, *SHAPE)), atol=2e-4)


def test_days_by_another_series_of_a_part(tmp_path: Path) -> None:
    write_daily(tmp_path / "daily.nc", 900, "2010-01-01", "noleap")
    write_daily(tmp_path / "monthly.nc", 900, "2010-01-01", "noleap", monthly=True)
    asked = {"month": "2011-05", "days": 6, "region": (0, 6, 16, 14), "periodic": True, "seed": 1}
    made = diffview.days(tmp_path / "monthly.nc", "sst", fit=tmp_path / "daily.nc", **asked)
    same = diffview.days(tmp_path / "monthly.nc", "sst", fit=(tmp_path / "daily.nc", "sst"), **asked)
    assert made.sst.shape == (1, 6, 16, 14)
    np.testing.assert_array_equal(made.sst, same.sst)
    with pytest.raises(TypeError):
        diffview.days(tmp_path / "daily.nc", "sst", month="2011-05", moths=3)  # type: ignore[call-arg]
    with pytest.raises(UserError, match="no day of the calendar") as error:
        diffview.days(tmp_path / "daily.nc", "sst", month="2011-15")
    assert error.value.hint
