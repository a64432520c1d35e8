"""Crops kept on disk: found again as they were, made again when a file changes, bounded, whole or not at all."""

import os
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from diffview.learning import crops_kept
from diffview.learning.crops_kept import kept_crops
from diffview.learning.from_files import read_training_set
from diffview.readers.process import ReaderProcess


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(crops_kept, "user_folder", lambda kind: tmp_path / kind)
    monkeypatch.setattr(crops_kept, "LEAST", 1)
    return tmp_path / "cache" / "crops"


@pytest.fixture
def daily(tmp_path: Path) -> Path:
    path = tmp_path / "daily.nc"
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", 40), ("y", 16), ("x", 24)):
            file.createDimension(name, size)
        values = file.createVariable("t", "f4", ("time", "y", "x"))
        values.units, values[:] = "K", 280 + np.random.default_rng(1).standard_normal((40, 16, 24))
    return path


def crops(seed: int, n: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, 8, 8)).astype(np.float32)


class Maker:
    def __init__(self, made: np.ndarray) -> None:
        self.made, self.calls = made, 0

    def __call__(self) -> np.ndarray:
        self.calls += 1
        return self.made


def test_a_training_that_begins_again_reads_no_slice(
    daily: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the same fields to the bit; of another size they are cut anew; a file that changed is read."""
    asked: list[str] = []
    call = ReaderProcess.call

    def noted(self: ReaderProcess, what: str, **more: object) -> object:
        asked.append(what)
        return call(self, what, **more)

    monkeypatch.setattr(ReaderProcess, "call", noted)
    first = read_training_set(str(daily), ["t"], size=16)
    assert asked.count("read_stack") == 2 and len([*folder.iterdir()]) == 2
    asked.clear()
    again = read_training_set(str(daily), ["t"], size=16)
    assert "read_stack" not in asked
    np.testing.assert_array_equal(again.fields, first.fields)
    np.testing.assert_array_equal(again.held_out, first.held_out)
    assert again.transform == first.transform
    read_training_set(str(daily), ["t"], size=8)
    assert asked.count("read_stack") == 2
    with netCDF4.Dataset(daily, "a") as file:
        file["t"][0] = 270
    os.utime(daily, (1, 1))
    changed = read_training_set(str(daily), ["t"], size=16)
    assert changed.transform.mean < first.transform.mean


def test_what_is_cut_otherwise_is_made(daily: Path) -> None:
    make = Maker(crops(1))
    for cut in ("a", "a", "b"):
        np.testing.assert_array_equal(kept_crops(str(daily), cut, make), make.made)
    assert make.calls == 2


def test_all_together_are_bounded_and_the_oldest_goes(
    daily: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crops_kept, "MOST", 3000)  # each has 1024 bytes of numbers and 128 of a head
    makes = {cut: Maker(crops(i)) for i, cut in enumerate("abcd")}
    for age, cut in enumerate("ab"):
        kept_crops(str(daily), cut, makes[cut])
        newest = max(folder.iterdir(), key=lambda one: one.stat().st_mtime_ns)
        os.utime(newest, (1000 + age, 1000 + age))
    kept_crops(str(daily), "a", makes["a"])  # used: the other is the oldest now
    kept_crops(str(daily), "c", makes["c"])
    assert sum(one.stat().st_size for one in folder.iterdir()) <= 3000
    kept_crops(str(daily), "a", makes["a"])
    kept_crops(str(daily), "b", makes["b"])
    assert (makes["a"].calls, makes["b"].calls, makes["c"].calls) == (1, 2, 1)
    assert kept_crops(str(daily), "d", Maker(crops(9, 40))).shape == (40, 8, 8), "more than all that is kept"
    assert all(one.stat().st_size < 3000 for one in folder.iterdir())


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY\x01\x00", b"not numbers"])
def test_a_damaged_file_is_made_again(daily: Path, folder: Path, damage: bytes) -> None:
    make = Maker(crops(1))
    kept_crops(str(daily), "a", make)
    (file,) = folder.iterdir()
    file.write_bytes(damage)
    np.testing.assert_array_equal(kept_crops(str(daily), "a", make), make.made)
    np.testing.assert_array_equal(kept_crops(str(daily), "a", make), make.made)
    assert make.calls == 2


def test_what_cannot_be_written_or_told_is_made_every_time(
    daily: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, store = Maker(crops(1)), tmp_path / "store.zarr"
    store.mkdir()
    (store / ".zgroup").write_text("{}")
    for _ in range(2):
        kept_crops(str(store), "a", make)
    assert make.calls == 2, "the time of a Zarr store does not say whether its chunks changed"
    folder.parent.mkdir(exist_ok=True)
    folder.write_text("in the way")
    for _ in range(2):
        np.testing.assert_array_equal(kept_crops(str(daily), "a", make), make.made)
    assert make.calls == 4 and folder.read_text() == "in the way"


def test_a_file_that_is_written_meanwhile_is_not_kept(daily: Path, folder: Path) -> None:
    def make() -> np.ndarray:
        os.utime(daily, (5, 5))
        return crops(1)

    kept_crops(str(daily), "a", make)
    assert not folder.exists() or not [*folder.iterdir()]
