"""Dates in other spellings, values that nobody declared missing, amplitudes, and what is shown first."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from readers_twins import attach, ramp, write

from diffview.cli import main
from diffview.readers.dates import decoded_dates, is_time
from diffview.readers.describe import describe
from diffview.readers.labels import read_labels
from diffview.readers.slices import read_slice


@pytest.mark.parametrize(
    ("values", "units", "texts"),
    [
        ([20190701, 20190702], "", ("2019-07-01", "2019-07-02")),
        ([20190701.25, 20190701.75], "day as %Y%m%d.%f", ("2019-07-01 06:00", "2019-07-01 18:00")),
        ([2019070106, 2019070118], "YYYYMMDDHH", ("2019-07-01 06:00", "2019-07-01 18:00")),
        ([201907, 201908], "yyyymm", ("2019-07-01", "2019-08-01")),
        ([0, 1, 13], "months since 2019-01-31", ("2019-01-31", "2019-02-28", "2020-02-29")),
        ([0, 2], "years since 2000-03-01", ("2000-03-01", "2002-03-01")),
        ([0, 1.5], "days since 2000-02-28", ("2000-02-28 00:00", "2000-02-29 12:00")),
    ],
)
def test_a_time_is_a_date_however_it_is_spelt(values: list[float], units: str, texts: tuple[str, ...]) -> None:
    numbers = np.array(values, np.float64)
    assert is_time("time", units, numbers)
    found = decoded_dates(numbers, units, "standard")
    assert found is not None and found[0] == texts
    exact = np.array(texts, "datetime64[s]") - np.datetime64("1970-01-01T00:00:00")
    np.testing.assert_allclose(found[1], exact.astype(float) / 86400, atol=1e-6)


@pytest.mark.parametrize(("name", "values"), [("time", [20190732.0]), ("time", [3.0, 4.0]), ("level", [20190701.0])])
def test_other_numbers_are_no_dates(name: str, values: list[float]) -> None:
    assert not is_time(name, "", np.array(values))


def stack_of_days(path: Path) -> str:
    """Three days of 10 x 12 values whose times are written as digits."""
    name = write(path, np.stack([ramp() + 1000 * day for day in range(3)]), {"units": "K"})
    days = np.array([20190630, 20190701, 20190702])
    y, x = np.arange(10.0), np.arange(12.0)
    return attach(
        name, "v", time=(days, {"units": "1"}), lat=(y, {"units": "degrees_north"}), lon=(x, {"units": "degrees_east"})
    )


def test_each_step_of_digits_has_its_own_label_and_an_export_keeps_its_time(tmp_path: Path) -> None:
    path = stack_of_days(tmp_path / "days.h5")
    assert read_labels(path, "v")["time"].texts == ("2019-06-30", "2019-07-01", "2019-07-02")
    out = tmp_path / "out.nc"
    assert main(["noise", path, "v", "--index", "1", "--s", "0.1", "-o", str(out)]) == 0
    with xarray.open_dataset(out) as found:
        assert found["time"].values == np.datetime64("2019-07-01") and found["time"].ndim == 0
        assert "time" in found["x_t"].coords


def test_a_value_far_from_all_others_is_told_and_masked_if_asked(tmp_path: Path) -> None:
    values = ramp()
    values[2, 3:6] = -9999
    path = write(tmp_path / "rain.h5", values, {"units": "mm h-1"})
    shown = read_slice(path, "v")
    assert shown.suspects == (-9999.0,) and np.nanmin(shown.field.values) == -9999
    assert any("3 values are -9999 mm h-1" in note for note in shown.field.notes)
    masked = read_slice(path, "v", mask=shown.suspects)
    assert masked.suspects == () and int(np.isnan(masked.field.values).sum()) == 3
    assert describe(path, "v")["min"] == -9999
    assert (describe(path, "v", mask=(-9999.0,))["min"], describe(path, "v", mask=(-9999.0,))["missing"]) == (0, 3)


@pytest.mark.parametrize("last", [119.0, 150.0, 333.0])
def test_what_may_have_been_measured_is_not_suspected(tmp_path: Path, last: float) -> None:
    values = ramp()
    values[-1, -1] = last
    values[0, 0] = 0
    if last == 333:  # one digit three times, but near the others
        values *= 3
        values[-1, -1] = last
    assert read_slice(write(tmp_path / "v.h5", values), "v").suspects == ()


def test_complex_values_show_their_amplitude(tmp_path: Path) -> None:
    z = (3 + 4j) * ramp().astype(np.complex64)
    shown = read_slice(write(tmp_path / "slc.h5", z), "v")
    np.testing.assert_allclose(shown.field.values, 5 * ramp(), rtol=1e-6)


def test_maps_with_a_standard_name_come_before_larger_tables_and_housekeeping(tmp_path: Path) -> None:
    path = tmp_path / "many.h5"
    write(path, ramp(60, 80), name="table")
    write(path, ramp(40, 50), name="housekeeping/echo")
    y, x = {"units": "degrees_north"}, {"units": "degrees_east"}
    write(path, ramp(), {"units": "K", "standard_name": "sea_surface_temperature"}, name="sst")
    attach(str(path), "sst", lat=(np.arange(10.0), y), lon=(np.arange(12.0), x))
    assert read_slice(str(path)).dataset == "/sst"
    with h5py.File(path, "a") as file:
        del file["sst"]
    assert read_slice(str(path)).dataset == "/table"
