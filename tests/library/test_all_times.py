"""Every time of a set: each is what its index alone gives, to the bit; what cannot be made is told."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray

import diffview
from diffview import cli
from diffview.errors import UserError
from diffview.library.making import NotAsAsked

DAYS, SIZE, GONE = 4, 20, 2
RUN = {"model": "gaussian", "steps": 3, "members": 2, "seed": 5, "region": (1, 2, 16, 16)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of one file a day in the calendar noleap; of the third day the region is not complete."""
    folder = tmp_path_factory.mktemp("days")
    rng = np.random.default_rng(3)
    for day in range(DAYS):
        with netCDF4.Dataset(folder / f"sst_{day}.nc", "w") as file:
            for name, size in (("time", 1), ("lat", SIZE), ("lon", SIZE)):
                file.createDimension(name, size)
                file.createVariable(name, "f8", (name,))
            file["time"].units, file["time"].calendar = "days since 2001-02-27", "noleap"
            file["lat"].units, file["lon"].units = "degrees_north", "degrees_east"
            file["time"][:], file["lat"][:], file["lon"][:] = day, np.arange(SIZE), np.arange(SIZE)
            sst = file.createVariable("sst", "f4", ("time", "lat", "lon"), fill_value=np.float32(-9))
            sst.units, values = "degC", 15 + rng.standard_normal((SIZE, SIZE))
            values[10, 10] = -9 if day == GONE else values[10, 10]
            sst[0] = values
    return folder


def test_every_time_is_what_its_index_gives_and_a_lacking_one_is_told(folder: Path) -> None:
    with pytest.warns(NotAsAsked, match=r"1 of 4 times stay missing: 2001-03-01.*1 missing"):
        made = diffview.sample_times(path=folder, dataset="sst", level=1.0, **RUN)
    assert made.sst.dims == ("time", "member", "latitude", "longitude") and made.sst_mean.dims[0] == "time"
    assert [str(day)[:10] for day in made.time.values] == ["2001-02-27", "2001-02-28", "2001-03-01", "2001-03-02"]
    assert made.sst[GONE].isnull().all() and made.sst_truth.dims == ("time", "latitude", "longitude")
    for day in {*range(DAYS)} - {GONE}:
        alone = diffview.sample(path=folder, dataset="sst", index=(day,), level=1.0, **RUN)
        for name in ("sst", "sst_mean", "sst_spread", "sst_truth"):
            np.testing.assert_array_equal(made[name][day], alone[name])


def test_the_command_writes_the_same_into_a_file(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    words = [
        "--model",
        "gaussian",
        "--s",
        "1",
        "--steps",
        "3",
        "--members",
        "2",
        "--seed",
        "5",
        "--region",
        "1,2,16,16",
        "--all-times",
    ]
    out = tmp_path / "all.nc"
    assert cli.main(["sample", "--start", str(folder), "sst", *words, "-o", str(out)]) == 0
    said = capsys.readouterr().err
    assert "1 of 4 times stay missing" in said and "4 times, 2001-02-27 to 2001-03-02" in said
    with pytest.warns(NotAsAsked):
        made = diffview.sample_times(path=folder, dataset="sst", level=1.0, **RUN)
    with xarray.open_dataset(out, decode_times=xarray.coders.CFDatetimeCoder(use_cftime=True)) as file:
        assert file.time.dt.calendar == "noleap" and file.sst.dims == made.sst.dims
        np.testing.assert_array_equal(file.sst, made.sst)
        assert "with the same seed" in file.attrs["comment"] and file.attrs["diffview_recipe"]


def test_the_region_of_all_times_is_that_of_the_first(folder: Path) -> None:
    """No region is asked for: each field alone would have its own."""
    asked = {**RUN, "region": None, "members": 1}
    with pytest.warns(NotAsAsked, match="stay missing"):
        made = diffview.sample_times(path=folder, dataset="sst", level=1.0, **asked)
    first = diffview.sample(path=folder, dataset="sst", index=(0,), level=1.0, **asked)
    np.testing.assert_array_equal(made.latitude, first.latitude)
    np.testing.assert_array_equal(made.sst[0], first.sst)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"path": None}, "has a single time"),
        ({"fill": "guidance", "region": None}, "one at a time"),
        ({"model": "rain64", "path": "folder"}, "every time would be the same"),
        ({"members": 1_000_000, "statistics": "", "path": "folder"}, "take .* GB"),
    ],
)
def test_what_gives_no_series_is_refused(folder: Path, values: dict, sentence: str) -> None:
    asked = {"path": folder, **RUN, **values}
    asked["path"] = folder if asked["path"] == "folder" else asked["path"]
    pytest.importorskip("torch") if asked["model"] == "rain64" else None
    with pytest.raises(UserError, match=sentence) as error:
        diffview.sample_times(**asked)
    assert error.value.hint


def test_no_time_that_can_be_made_says_why(folder: Path) -> None:
    with pytest.raises(UserError, match="missing pixels"):
        diffview.sample_times(path=folder / f"sst_{GONE}.nc", dataset="sst", level=1.0, **RUN)
