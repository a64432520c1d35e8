"""Every time of a set: each is what its index alone gives, to the bit; what cannot be made is told."""

import shlex
import shutil
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import xarray

import diffview
from diffview import cli
from diffview.cluster.netcdf_parts import MARKS, PARTS
from diffview.cluster.pieces import PIECES, Pieces
from diffview.cluster.standing import Standing
from diffview.errors import UserError
from diffview.library.all_times import times_of
from diffview.library.making import NotAsAsked
from diffview.runs.recipe import Recipe

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


# -- on several processes


def on_here(folder: Path, out: Path, *more: str, on: str = "here") -> int:
    words = shlex.split("--model gaussian --s 1 --steps 3 --members 2 --seed 5 --region 1,2,16,16 --all-times")
    return cli.main(["sample", "--start", str(folder), "sst", *words, *more, "--on", on, "-o", str(out)])


def together(out: Path) -> xarray.Dataset:
    """The parts of a job along their times."""
    coder = xarray.coders.CFDatetimeCoder(use_cftime=True)
    files = [xarray.open_dataset(path, decode_times=coder) for path in sorted((out / PARTS).glob("*.nc"))]
    return xarray.concat(files, "time", join="exact")


@pytest.mark.parametrize(
    "more", [(), ("--statistics", "mean,q0.5"), ("--block", "1")], ids=["all", "counted", "blocks"]
)
def test_times_as_blocks_are_the_same_files_to_the_bit_and_a_lacking_one_is_told(
    more: tuple[str, ...], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = shlex.split("--model gaussian --s 1 --steps 3 --members 2 --seed 5 --region 1,2,16,16 --all-times")
    whole = tmp_path / "all.nc"
    assert cli.main(["sample", "--start", str(folder), "sst", *words, *more, "-o", str(whole)]) == 0
    capsys.readouterr()
    assert on_here(folder, tmp_path / "job", *more) == 0
    said = capsys.readouterr().err
    blocks = 2 * DAYS if "--block" in more else DAYS
    assert f"{blocks} of {blocks} blocks" in said and said.count("2001-03-01 (") == 1
    assert "1 of 4 times stay missing: 2001-03-01 (" in said
    made = together(tmp_path / "job")
    coder = xarray.coders.CFDatetimeCoder(use_cftime=True)
    with xarray.open_dataset(whole, decode_times=coder) as expected:
        there = expected.isel(time=[day for day in range(DAYS) if day != GONE])
        assert set(made.variables) == set(expected.variables) and made.time.dt.calendar == "noleap"
        for name in there.variables:
            np.testing.assert_array_equal(made[name], there[name], err_msg=name)
            assert made[name].dims == there[name].dims


def test_parts_are_a_set_that_opens_and_is_gone_on_with(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """The mark of one is lost, and another is damaged: these two are made again, and nothing else."""
    out = tmp_path / "job"
    assert on_here(folder, out) == 0
    parts = sorted((out / PARTS).glob("*.nc"))
    assert [part.name for part in parts] == ["00000.nc", "00001.nc", "00003.nc"]
    before, times = [part.read_bytes() for part in parts], [part.stat().st_mtime_ns for part in parts]
    assert times_of(Recipe().but(path=str(out / PARTS), dataset="sst")).texts == (
        "2001-02-27", "2001-02-28", "2001-03-02",
    )  # fmt: skip
    (out / MARKS / "00000.json").unlink()
    parts[1].write_bytes(before[1][:-9])
    assert on_here(folder, out) == 0
    again = [part.stat().st_mtime_ns != then for part, then in zip(parts, times, strict=True)]
    assert again == [True, True, False] and parts[2].read_bytes() == before[2]
    assert Standing.read(out).state == "finished" and Standing.read(out).done == ((0, 3),)
    capsys.readouterr()
    assert on_here(folder, out, "--seed", "6") == 2 and "seed is 5 there and 6 here" in capsys.readouterr().err


def test_a_time_that_was_mended_is_made_by_the_same_command(folder: Path, tmp_path: Path) -> None:
    days, out = tmp_path / "days", tmp_path / "job"
    shutil.copytree(folder, days)
    assert on_here(days, out) == 0 and not (out / PARTS / "00002.nc").exists()
    with netCDF4.Dataset(days / "sst_2.nc", "a") as file:
        file["sst"][0, 10, 10] = 15.0
    assert on_here(days, out) == 0 and (out / PARTS / "00002.nc").exists()


def test_the_first_time_too_once_it_was_mended(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """What tells the job from others is of no time alone; what was asked for of all times is."""
    days, out = tmp_path / "days", tmp_path / "job"
    days.mkdir()
    for number, day in enumerate((GONE, 3)):
        shutil.copy(folder / f"sst_{day}.nc", days / f"{number}.nc")
    assert on_here(days, out) == 0 and not (out / PARTS / "00000.nc").exists()
    before = (out / PARTS / "00001.nc").read_bytes()
    with netCDF4.Dataset(days / "0.nc", "a") as file:
        file["sst"][0, 10, 10] = 15.0
    assert on_here(days, out) == 0 and (out / PARTS / "00000.nc").exists()
    assert (out / PARTS / "00001.nc").read_bytes() == before
    capsys.readouterr()
    assert on_here(days, out, "--transform", "identity") == 2 and "by another job" in capsys.readouterr().err


def test_the_region_of_the_parts_is_that_of_the_first_time(folder: Path, tmp_path: Path) -> None:
    words = [
        "sample",
        "--start",
        str(folder),
        "sst",
        *shlex.split("--model gaussian --s 1 --steps 3 --seed 5 --all-times"),
    ]
    assert cli.main([*words, "-o", str(tmp_path / "all.nc")]) == 0
    assert cli.main([*words, "--on", "here", "-o", str(tmp_path / "job")]) == 0
    made = together(tmp_path / "job")
    with xarray.open_dataset(tmp_path / "all.nc", decode_times=False) as whole:
        np.testing.assert_array_equal(made.sst[0], whole.sst[0])
        np.testing.assert_array_equal(made.latitude, whole.latitude)


def test_times_on_a_cluster_that_give_no_series_make_no_folder(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    bad = folder / f"sst_{GONE}.nc"
    assert on_here(bad, tmp_path / "job") == 2 and "missing pixels" in capsys.readouterr().err
    assert not (tmp_path / "job").exists()


def test_two_workers_make_the_same_parts(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    assert on_here(folder, tmp_path / "one") == 0 and on_here(folder, tmp_path / "two", on="local:2") == 0
    one, two = together(tmp_path / "one"), together(tmp_path / "two")
    assert one.sst.shape[0] == DAYS - 1
    xarray.testing.assert_equal(one, two)


def test_members_of_one_time_are_made_by_several_workers_and_are_those_of_one(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    one, words = folder / "sst_0.nc", ("--members", "5", "--block", "1")
    assert on_here(one, tmp_path / "one", *words) == 0 and on_here(one, tmp_path / "two", *words, on="local:2") == 0
    standing = Standing.read(tmp_path / "two")
    assert (standing.blocks, standing.members, standing.done) == (5, 5, ((0, 4),))
    xarray.testing.assert_equal(together(tmp_path / "one"), together(tmp_path / "two"))
    assert not (tmp_path / "two" / PIECES).exists()


def test_blocks_of_a_time_that_are_there_are_not_made_again_and_a_damaged_one_is(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job ends after two of the three blocks of its time, one of which is damaged then."""
    days, words, out = folder / "sst_0.nc", ("--members", "3", "--block", "1"), tmp_path / "cut"
    made, whole = Pieces.keep, tmp_path / "whole"
    kept: list[int] = []

    def keep(pieces: Pieces, part: int, piece: int, y: np.ndarray) -> None:
        made(pieces, part, piece, y)
        kept.append(piece)
        if kept == [0, 1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(Pieces, "keep", keep)
    assert on_here(days, out, *words) == 130 and kept == [0, 1]
    pieces = sorted((out / PIECES).iterdir())
    assert [piece.name for piece in pieces] == ["00000-000.npz", "00000-001.npz"]
    pieces[1].write_bytes(pieces[1].read_bytes()[:-40])
    assert on_here(days, out, *words) == 0 and kept == [0, 1, 2]
    assert on_here(days, whole, *words) == 0 and not (whole / PIECES).exists()
    xarray.testing.assert_equal(together(out), together(whole))


def test_a_damaged_file_of_a_time_that_is_made_in_blocks_is_made_again(folder: Path, tmp_path: Path) -> None:
    words, out = ("--members", "3", "--block", "1"), tmp_path / "job"
    assert on_here(folder / "sst_[01].nc", out, *words) == 0
    part = out / PARTS / "00001.nc"
    before = together(out).load()
    part.write_bytes(part.read_bytes()[:-9])
    assert on_here(folder / "sst_[01].nc", out, *words) == 0
    xarray.testing.assert_equal(together(out), before)
