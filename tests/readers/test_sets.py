"""Many files as one set: the joined time axis, what is refused and told, the index, netCDF-3 and Zarr as HDF5."""

import datetime
import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.readers import set_index
from diffview.readers.describe import describe
from diffview.readers.labels import read_labels, read_series
from diffview.readers.many import files_of, is_data, is_many, last_name, one_name
from diffview.readers.preview import preview
from diffview.readers.set_times import days_of_name, missing_steps
from diffview.readers.slices import read_slice
from diffview.readers.stacks import read_stack
from diffview.readers.tree import find_plottable

NY, NX = 12, 16


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own, and no set open from another test."""
    place = tmp_path.parent / f"{tmp_path.name}-cache"
    monkeypatch.setattr(set_index, "user_folder", lambda kind: place)
    return place / "sets"


def values_of(day: int) -> np.ndarray:
    return np.random.default_rng(day).normal(280, 5, (NY, NX)).astype(np.float32)


def daily(
    path: Path, days: list[int], units: str = "K", calendar: str = "standard", ny: int = NY, **encoding: Any
) -> Path:
    """A file of fields at days since 2001-01-01."""
    stack = np.stack([values_of(day)[:ny] for day in days])
    made = xarray.Dataset(
        {"sst": (("time", "lat", "lon"), stack, {"units": units}),
         "land": (("lat", "lon"), (values_of(0)[:ny] > 280).astype(np.float32), {"units": "1"})},
        {"time": ("time", np.array(days, float), {"units": "days since 2001-01-01", "calendar": calendar}),
         "lat": ("lat", np.linspace(-10.0, 10.0, ny), {"units": "degrees_north"}),
         "lon": ("lon", np.linspace(0.0, 30.0, NX), {"units": "degrees_east"})},
    )  # fmt: skip
    made.to_netcdf(path, engine="h5netcdf", encoding={"sst": encoding} if encoding else {})
    return path


def year(folder: Path, days: int = 6) -> Path:
    folder.mkdir(exist_ok=True)
    for day in reversed(range(days)):
        daily(folder / f"sst_{day:03}.nc", [day])
    return folder


# -- one time axis


def test_a_folder_is_one_variable_along_the_times_of_its_files(tmp_path: Path) -> None:
    folder = year(tmp_path / "data")
    picture = read_slice(str(folder), "/sst", (3,))
    np.testing.assert_array_equal(picture.field.values, values_of(3)[::-1])
    assert picture.other_dims == (("time", 6),) and picture.shape == (6, NY, NX)
    assert picture.field.provenance["path"] == str(folder) and picture.field.units == "K"
    assert read_labels(str(folder), "/sst")["time"].texts == tuple(f"2001-01-0{day + 1}" for day in range(6))
    static = read_slice(str(folder), "/land")
    assert static.other_dims == () and static.shape == (NY, NX)


def test_slices_series_and_previews_lie_in_the_files_where_they_belong(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    daily(folder / "b.nc", [4, 5, 6, 7])
    daily(folder / "a.nc", [0, 1, 2, 3])
    whole = np.stack([values_of(day)[::-1] for day in range(8)])
    asked: dict[str, Any] = {"axes": (1, 2), "index": (0,), "dim": 0}
    for steps in (range(8), range(1, 8, 3), range(2, 6), range(5, 6)):
        stack = read_stack(str(folder), "/sst", **asked, region=Region(2, 3, 5, 6), limit=steps)
        np.testing.assert_array_equal(stack, whole[list(steps), 2:7, 3:9])
    series = read_series(str(folder), "/sst", **asked, row=1, column=4)
    np.testing.assert_array_equal(series.values, whole[:, 1, 4])
    assert preview(str(folder), "/sst").physical == (whole[4].min(), whole[4].max())
    told = describe(str(folder), "/sst")
    assert told["shape"] == [8, NY, NX] and told["missing"] == 0
    assert told["mean"] == pytest.approx(whole.mean(dtype=float), rel=1e-9)


def test_every_file_is_decoded_by_its_own_packing(tmp_path: Path) -> None:
    daily(tmp_path / "a_1.nc", [0], dtype="i2", scale_factor=0.01, add_offset=270.0, _FillValue=-9999)
    daily(tmp_path / "a_2.nc", [1], dtype="i2", scale_factor=0.02, add_offset=290.0, _FillValue=-32768)
    stack = read_stack(str(tmp_path), "/sst", axes=(1, 2), index=(0,), dim=0, region=Region(0, 0, NY, NX))
    for day, step in ((0, 0.01), (1, 0.02)):
        assert np.abs(stack[day] - values_of(day)[::-1]).max() <= step / 2 + 1e-4


def test_files_without_a_time_axis_get_one_from_their_names(tmp_path: Path) -> None:
    for day in (2, 0, 1):
        one = xarray.Dataset({"rain": (("y", "x"), values_of(day))})
        one.to_netcdf(tmp_path / f"radar_201912{30 + day if day < 2 else 28}T1200.nc", engine="h5netcdf")
    picture = read_slice(str(tmp_path), "/rain", (0,))
    np.testing.assert_array_equal(picture.field.values, values_of(2))
    assert read_labels(str(tmp_path), "/rain")["time"].texts == (
        "2019-12-28 12:00", "2019-12-30 12:00", "2019-12-31 12:00",
    )  # fmt: skip


def test_files_without_any_time_keep_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("feb", "apr", "jan"):
        xarray.Dataset({"rain": (("y", "x"), values_of(len(name)))}).to_netcdf(
            tmp_path / f"{name}.nc", engine="h5netcdf"
        )
    assert read_labels(str(tmp_path), "/rain")["file"].texts == ("apr", "feb", "jan")


@pytest.mark.parametrize(
    ("name", "days"),
    [("target_20180102030405.nc", (2018, 1, 2, 3, 4, 5)),
     ("3B.IMERG.20000601-S000000-E002959.0000.V07A.HDF5", (2000, 6, 1, 0, 0, 0)),
     ("tas_1850-02.nc", (1850, 2, 1, 0, 0, 0)), ("a_12345678901234.nc", None), ("x9.nc", None)],
)  # fmt: skip
def test_dates_in_names(name: str, days: tuple[int, ...] | None) -> None:
    found = days_of_name(name)
    if days is None:
        assert found is None
    else:
        span = datetime.datetime(*days) - datetime.datetime(1970, 1, 1)
        assert found == span.total_seconds() / 86400


def test_kinds_of_files_become_groups_as_in_the_layout_of_satrain(tmp_path: Path) -> None:
    for hour in range(3):
        place = tmp_path / "satrain" / "gmi" / "training" / "xs" / "gridded" / "2018" / "01" / "05"
        place.mkdir(parents=True, exist_ok=True)
        for kind, dims, shape in (
            ("target", ("latitude", "longitude"), (16, 16)),
            ("gmi", ("latitude", "longitude", "channels"), (16, 16, 4)),
            ("geo_ir_t", ("time", "latitude", "longitude"), (5, 16, 16)),
        ):  # fmt: skip
            rng = np.random.default_rng(hour + 10 * len(kind))
            name = {"target": "surface_precip"}.get(kind, "observations")
            made = xarray.Dataset({name: (dims, rng.normal(size=shape).astype(np.float32))})
            made.to_netcdf(place / f"{kind}_2018010500{hour}000.nc", engine="h5netcdf")
    nodes = {node.path: node for node in find_plottable(str(tmp_path))}
    assert set(nodes) == {"/target/surface_precip", "/gmi/observations", "/geo_ir_t/observations"}
    assert nodes["/gmi/observations"].shape == (3, 16, 16, 4)
    picture = read_slice(str(tmp_path), "/gmi/observations", (2, 3))
    expected = np.random.default_rng(2 + 30).normal(size=(16, 16, 4)).astype(np.float32)[..., 3]
    np.testing.assert_array_equal(picture.field.values, expected)


# -- what does not go together, and what is missing


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        read_slice(str(path))
    assert refused.value.hint
    return refused.value.sentence


def test_files_that_differ_are_refused_with_the_list_of_them(tmp_path: Path) -> None:
    folder = year(tmp_path / "data", 3)
    daily(folder / "sst_003.nc", [3], units="degC")
    daily(folder / "sst_004.nc", [4], ny=10)
    daily(folder / "sst_005.nc", [5], calendar="noleap")
    (folder / "sst_006.nc").write_bytes(b"notes")
    with xarray.open_dataset(folder / "sst_000.nc", decode_times=False) as first:
        moved = first.assign_coords(lat=first.lat + 0.5, time=first.time + 7).load()
    moved.to_netcdf(folder / "sst_007.nc", engine="h5netcdf")
    said = refusal(folder)
    assert said.startswith(f"5 of the 8 files of {folder} do not go together with sst_000.nc: ")
    for part in (
        "sst_003.nc has /sst in degC, not K", f"sst_004.nc has /sst of 10 x {NX}, not {NY} x {NX}",
        "sst_005.nc counts its days in the calendar noleap, not standard", "sst_006.nc is a text file",
        "sst_007.nc lies on another grid (/lat)",
    ):  # fmt: skip
        assert part in said


def test_two_files_of_one_time_are_refused(tmp_path: Path) -> None:
    daily(tmp_path / "a_1.nc", [0, 1])
    daily(tmp_path / "a_2.nc", [1, 2])
    assert refusal(tmp_path) == "a_1.nc and a_2.nc are both of 2001-01-02."


def test_files_that_overlap_are_refused_and_entwined_ones_told(tmp_path: Path) -> None:
    daily(tmp_path / "a_1.nc", [59, 60, 61], calendar="360_day")
    daily(tmp_path / "a_2.nc", [60, 62], calendar="360_day")
    assert refusal(tmp_path) == "a_1.nc and a_2.nc are both of 2001-03-01."
    daily(tmp_path / "a_2.nc", [58, 62], calendar="360_day")
    told = "Times are not in order: those of a_2.nc and a_1.nc lie between each other."
    assert told in read_slice(str(tmp_path), "/sst").field.notes


def test_swaths_at_other_places_are_refused(tmp_path: Path) -> None:
    east, north = np.meshgrid(np.linspace(0, 3, NX), np.linspace(0, 2, NY))
    for day, moved in enumerate((0, 0, 1)):
        places = {"lat": (("y", "x"), north + moved), "lon": (("y", "x"), east)}
        made = xarray.Dataset({"rain": (("y", "x"), values_of(day))}, places)
        made.to_netcdf(tmp_path / f"swath_2018010{day + 1}.nc", engine="h5netcdf")
    assert "swath_20180103.nc lies on another grid (/lat)" in refusal(tmp_path)
    os.remove(tmp_path / "swath_20180103.nc")
    assert read_slice(str(tmp_path), "/rain").shape == (2, NY, NX)


def test_missing_days_are_told(tmp_path: Path) -> None:
    for day in (0, 1, 2, 3, 6, 7, 8, 9, 10, 12):
        daily(tmp_path / f"sst_{day:03}.nc", [day])
    told = "3 days are missing on the time axis: 2 after 2001-01-04, 1 after 2001-01-11."
    assert told in read_slice(str(tmp_path), "/sst").field.notes
    (kind,) = describe(str(tmp_path))["files"]
    assert kind["missing"] == [told] and kind["steps"] == kind["count"] == 10
    assert (kind["from"], kind["to"]) == ("2001-01-01", "2001-01-13")


@pytest.mark.parametrize(("calendar", "last"), [("noleap", "2005-01-01"), ("360_day", "2005-01-21")])
def test_calendars_of_climate_models_have_no_missing_days(tmp_path: Path, calendar: str, last: str) -> None:
    for start in range(0, 1461, 365):
        daily(tmp_path / f"tas_{start}.nc", list(range(start, min(start + 365, 1461))), calendar=calendar)
    (kind,) = describe(str(tmp_path))["files"]
    assert kind["missing"] == [] and kind["calendar"] == calendar and kind["to"] == last


def test_months_are_equal_steps_and_irregular_times_no_axis() -> None:
    months = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    assert missing_steps(months, "standard") == ()
    assert missing_steps(np.delete(months, 5), "standard")[0].startswith("1 step is missing")
    assert missing_steps([0.0, 0.3, 5.0, 5.1, 9.0, 20.0], "standard") == ()


# -- names


def test_names_of_many_files(tmp_path: Path) -> None:
    folder = year(tmp_path / "data", 3)
    (folder / "notes.txt").write_text("no data")
    (folder / ".hidden.nc").write_text("none")
    files = [str(folder / f"sst_00{n}.nc") for n in range(3)]
    assert files_of(folder) == files_of(str(folder / "*.nc")) == tuple(files)
    assert one_name(files[:1]) == files[0]
    listed = one_name([files[2], files[0]])
    assert listed == str(folder / "{sst_002.nc,sst_000.nc}") and files_of(listed) == (files[2], files[0])
    assert last_name(listed) == "2 files, sst_002.nc …" and last_name(f"{folder}/") == "data"
    assert is_many(folder) and is_many(listed) and is_many(f"{folder}/*.nc") and not is_many(files[0])
    np.testing.assert_array_equal(read_slice(listed, "/sst", (1,)).field.values, values_of(2)[::-1])
    with pytest.raises(UserError, match="comma"):
        one_name([files[0], str(folder / "a,b.nc")])
    with pytest.raises(UserError, match=r"sst_9\*\.nc fits no file"):
        files_of(str(folder / "sst_9*.nc"))
    with pytest.raises(UserError, match="does not exist"):
        files_of(str(folder / "{sst_000.nc,gone.nc}"))


def test_folders_of_models_are_no_data(tmp_path: Path) -> None:
    assert not is_data(tmp_path)
    (tmp_path / "weights.h5").write_bytes(b"")
    assert is_data(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    assert not is_data(tmp_path)


# -- the index


def test_the_index_is_kept_until_a_file_changes(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = year(tmp_path / "data")
    read_slice(str(folder))
    (kept,) = cache.glob("*.json")
    assert json.loads(kept.read_text())["kinds"][0]["days"] == [11323.0 + day for day in range(6)]
    looked: list[str] = []
    monkeypatch.setattr(set_index, "joined", lambda name, files, called: looked.append(called) or pytest.fail("anew"))
    set_index.OPEN.clear()
    assert read_slice(str(folder), "/sst").shape[0] == 6 and not looked
    monkeypatch.undo()
    daily(folder / "sst_006.nc", [6])
    assert read_slice(str(folder), "/sst").shape[0] == 7
    os.remove(folder / "sst_000.nc")
    assert read_slice(str(folder), "/sst", (0,)).shape[0] == 6


def test_an_index_made_by_a_relative_name_is_used_from_any_folder(tmp_path: Path, monkeypatch: Any) -> None:
    folder = year(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert read_slice("data", "/sst").shape == (6, NY, NX)
    set_index.OPEN.clear()
    monkeypatch.chdir("/")
    assert read_slice(str(folder), "/sst").shape == (6, NY, NX)


def test_a_damaged_index_is_made_again(tmp_path: Path, cache: Path) -> None:
    folder = year(tmp_path / "data")
    read_slice(str(folder))
    (kept,) = cache.glob("*.json")
    kept.write_text("{")
    set_index.OPEN.clear()
    assert read_slice(str(folder), "/sst").shape == (6, NY, NX)


# -- other formats as HDF5


@pytest.fixture(params=["netCDF-3", "zarr 2", "zarr 3"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, np.ndarray]:
    """A file of another format, and the values in it."""
    values = np.random.default_rng(0).normal(280, 5, (40, 200, 120)).astype(np.float32)
    values[3, 4, 5] = np.nan
    made = xarray.Dataset(
        {"sst": (("time", "lat", "lon"), values, {"units": "K"})},
        {"time": ("time", np.arange(40.0), {"units": "days since 2001-01-01"}),
         "lat": ("lat", np.linspace(-10.0, 10.0, 200), {"units": "degrees_north"}),
         "lon": ("lon", np.linspace(0.0, 30.0, 120), {"units": "degrees_east"})},
    )  # fmt: skip
    path = str(tmp_path / "data.nc") if request.param == "netCDF-3" else str(tmp_path / "data.zarr")
    if request.param == "netCDF-3":
        made.to_netcdf(path, engine="scipy", unlimited_dims=["time"])
    else:
        pytest.importorskip("zarr")
        made.to_zarr(path, zarr_format=int(request.param[-1]), consolidated=False)
    return path, values[:, ::-1]


def test_other_formats_are_read_slice_by_slice(stored: tuple[str, np.ndarray]) -> None:
    path, values = stored
    np.testing.assert_array_equal(read_slice(path, "/sst", (3,)).field.values, values[3])
    part = read_stack(path, "/sst", axes=(1, 2), index=(0,), dim=0, region=Region(9, 8, 7, 6), limit=range(1, 40, 5))
    np.testing.assert_array_equal(part, values[1:40:5, 9:16, 8:14])
    assert read_labels(path, "/sst")["time"].texts[:2] == ("2001-01-01", "2001-01-02")
    told = describe(path, "/sst")
    assert told["missing"] == 1 and told["units"] == "K" and told["dims"] == ["time", "lat", "lon"]
    assert read_slice(path).field.provenance["path"] == path


def test_other_formats_are_members_of_sets(tmp_path: Path) -> None:
    for day in range(3):
        with xarray.open_dataset(daily(tmp_path / "one.nc", [day]), decode_times=False) as one:
            one.load().to_netcdf(tmp_path / f"sst_{day}.cdf", engine="scipy")
    os.remove(tmp_path / "one.nc")
    np.testing.assert_array_equal(read_slice(str(tmp_path), "/sst", (2,)).field.values, values_of(2)[::-1])


def test_a_netcdf3_file_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    xarray.Dataset({"v": (("t", "y", "x"), np.ones((4, 30, 30)))}).to_netcdf(path, engine="scipy")
    path.write_bytes(path.read_bytes()[:9000])
    assert refusal(path) == f"{path} is a netCDF-3 file but damaged or cut off."


def test_without_zarr_a_store_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text("{}")
    monkeypatch.setattr("diffview.readers.zarr_store.find_spec", lambda name: None)
    with pytest.raises(UserError) as refused:
        read_slice(str(tmp_path / "a.zarr"))
    assert refused.value.sentence == f"{tmp_path / 'a.zarr'} is a Zarr store, and zarr is not installed."
    assert refused.value.hint == 'pip install "diffview[zarr]"'


def test_a_file_whose_root_is_damaged_is_no_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = year(tmp_path)
    read_slice(str(folder))  # a set is open: files are asked which one they are

    def damaged(_: object) -> None:
        raise RuntimeError("incorrect metadata checksum")

    monkeypatch.setattr(h5py.h5o, "get_info", damaged)
    with h5py.File(next(folder.glob("*.nc")), "r") as file:
        assert set_index.open_set(file) is None
