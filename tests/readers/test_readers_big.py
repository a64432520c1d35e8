"""Pictures too large to be shown value by value: overviews and windows against the whole array; time and memory."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from products_twins import rotated, viirs
from readers_twins import attach, linked_tree, ramp, write

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.readers import planes, sides, slices, stacks
from diffview.readers.blocks import blocks
from diffview.readers.process import ReaderProcess
from diffview.readers.sides import Side, block_of
from diffview.readers.slices import read_slice
from diffview.readers.stacks import read_stack

NORTH, EAST = {"units": "degrees_north"}, {"units": "degrees_east"}


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has more than 400 pixels is large, and its overview has at most 100."""
    monkeypatch.setattr(sides, "LARGEST_PICTURE", 400)
    monkeypatch.setattr(slices, "LARGEST_PICTURE", 400)
    monkeypatch.setattr(sides, "OVERVIEW", 100)


def means(values: np.ndarray, block: int) -> np.ndarray:
    """Means over blocks by a loop; the last block takes what is left over, if that is less than half of one."""
    sizes = [max(1, int(size / block + 0.5)) for size in values.shape]
    cuts = [[*(block * i for i in range(count)), size] for count, size in zip(sizes, values.shape, strict=True)]
    found = np.full(sizes, np.nan, np.float64)
    for i, j in np.ndindex(*sizes):
        part = values[cuts[0][i] : cuts[0][i + 1], cuts[1][j] : cuts[1][j + 1]]
        if not np.isnan(part).all():
            found[i, j] = np.nanmean(part)
    return found


def large(path: Path, values: np.ndarray, **more: Any) -> str:
    """A cube with latitude rising from row to row."""
    written = write(path, values, {"_FillValue": np.float32(-1), "units": "K"}, **more)
    lines = {"lat": (np.arange(values.shape[1], dtype=np.float64), NORTH),
             "lon": (np.arange(values.shape[2], dtype=np.float64), EAST)}  # fmt: skip
    return attach(written, "v", time=(np.arange(float(len(values))), {}), **lines)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("chunks", [None, (1, 7, 9), (1, 61, 5), (2, 16, 53)])
def test_an_overview_is_the_mean_of_blocks_north_up(
    tmp_path: Path, chunks: tuple[int, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "__defaults__", (100, None))  # many parts, which end inside the blocks
    cube = np.random.default_rng(0).integers(0, 999, (2, 61, 53)).astype(np.float32)
    cube[1, 6:14, 11:20] = -1
    got = read_slice(large(tmp_path / "a.nc", cube, chunks=chunks), "v", [1])
    assert (got.block, got.window, got.size) == (6, None, (61, 53))
    expected = means(np.where(cube[1] < 0, np.nan, cube[1]), 6)
    np.testing.assert_allclose(got.field.values, expected[::-1], rtol=1e-6)
    assert got.field.notes[0] == "An overview: each pixel is the mean of 6 x 6 values, of 61 x 53 in the file."
    assert got.field.provenance["overview"] == "6 x 6 values a pixel"
    np.testing.assert_array_equal(got.field.coords["latitude"], means(np.arange(61.0)[:, None], 6)[::-1, 0])
    assert got.field.pixel_km is not None and got.field.pixel_km[0] == pytest.approx(6 * 111.195)


@pytest.mark.usefixtures("small_limits")
def test_undeclared_fills_are_found_before_they_go_into_the_means_of_an_overview(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mean over a block with one -9999 in it looks like nothing that anybody would write for missing."""
    monkeypatch.setattr(blocks, "__defaults__", (100, None))
    cube = np.random.default_rng(0).uniform(270, 300, (1, 61, 53)).astype(np.float32)
    cube[0, 3, 3] = cube[0, 40:43, 20] = -9999
    path = large(tmp_path / "a.nc", cube)
    got = read_slice(path, "v", [0])
    assert got.block == 6 and got.suspects == (-9999.0,)
    said = "4 values are -9999 K, far from all others: nothing calls that missing, but it can be masked; "
    assert f"{said}until then the means here are made with it." in got.field.notes
    masked = read_slice(path, "v", [0], mask=got.suspects)
    expected = means(np.where(cube[0] < 0, np.nan, cube[0]), 6)
    np.testing.assert_allclose(masked.field.values, expected[::-1], rtol=1e-6)
    assert masked.suspects == () and masked.field.values.min() > 270
    assert read_slice(path, "v", [0], window=Region(41, 0, 20, 20)).suspects == (-9999.0,)


@pytest.mark.usefixtures("small_limits")
def test_columns_stored_first_are_turned(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(53, 61)).astype(np.float32)
    path = write(tmp_path / "a.nc", values, {"units": "K"}, chunks=(10, 10))
    attach(path, "v", lon=(np.arange(53.0), EAST), lat=(np.arange(61.0)[::-1].copy(), NORTH))
    np.testing.assert_allclose(read_slice(path, "v").field.values, means(values.T, 6), rtol=1e-5, atol=1e-6)
    got = read_slice(path, "v", window=Region(3, 5, 15, 20)).field
    np.testing.assert_array_equal(got.values, values.T[3:18, 5:25])


@pytest.mark.usefixtures("small_limits")
def test_flags_have_no_mean(tmp_path: Path) -> None:
    flags = np.random.default_rng(0).integers(0, 5, (61, 53)).astype(np.uint8)
    meanings = {"flag_values": np.arange(5, dtype=np.uint8), "flag_meanings": "a b c d e"}
    got = read_slice(write(tmp_path / "a.nc", flags, meanings, chunks=(7, 9)), "v")
    np.testing.assert_array_equal(got.field.values, flags[2::6, 2::6][:10, :9])
    assert "the value in the middle of 6 x 6" in got.field.notes[0]


@given(size=st.integers(8, 3000), block=st.integers(1, 99))
def test_every_value_belongs_to_one_pixel_and_its_middle_lies_in_it(size: int, block: int) -> None:
    block = min(block, size // 8)
    side = Side(5, 5 + size, block)
    middles = np.arange(size + 5)[side.middle]
    assert len(middles) == side.pixels
    ends = np.append(side.starts[1:], side.stop)
    assert np.all((side.starts <= middles) & (middles < ends))
    assert block / 2 <= ends[-1] - side.starts[-1] <= 1.5 * block


def test_the_date_line_has_no_middle_at_zero() -> None:
    longitude = np.array([178.5, 179.5, -179.5, -178.5, -177.5, -176.5])
    np.testing.assert_array_equal(Side(1, 5, 2).at_pixels(longitude), [179.5, -178.0])


@pytest.mark.usefixtures("small_limits")
def test_a_window_is_a_part_of_the_whole_at_full_resolution(tmp_path: Path) -> None:
    cube = np.random.default_rng(0).normal(size=(2, 61, 53)).astype(np.float32)
    path = large(tmp_path / "a.nc", cube, chunks=(1, 16, 16))
    got = read_slice(path, "v", [1], window=Region(2, 30, 19, 21))
    np.testing.assert_array_equal(got.field.values, cube[1, ::-1][2:21, 30:51])
    np.testing.assert_array_equal(got.field.coords["latitude"], np.arange(61.0)[::-1][2:21])
    assert (got.block, got.window) == (1, Region(2, 30, 19, 21))
    assert got.field.notes[0] == "A window at full resolution: rows 2 to 20, columns 30 to 50 of 61 x 53."
    stack = read_stack(path, "v", axes=got.axes, index=got.index, dim=0, region=Region(2, 30, 9, 11))
    np.testing.assert_array_equal(stack[1], got.field.values[:9, :11])


@pytest.mark.usefixtures("small_limits")
def test_places_in_two_dimensions_follow_overviews_and_windows(tmp_path: Path) -> None:
    raw = (ramp(48, 50) % 800).astype(np.uint16)
    path = viirs(tmp_path / "a.h5", raw, [0.01, 150.0, 0.02, 100.0])
    kelvin = (raw * np.repeat([0.01, 0.02], 24)[:, None] + np.repeat([150.0, 100.0], 24)[:, None])[::-1]
    whole = read_slice(path)
    assert whole.block == 5
    np.testing.assert_allclose(whole.field.values, means(kelvin[::-1], 5)[::-1], rtol=1e-5)
    lat = (10 + 0.01 * np.arange(48.0))[2::5][::-1]
    np.testing.assert_allclose(whole.field.coords["latitude"][:, 0], lat, rtol=1e-6)
    window = read_slice(path, window=Region(10, 20, 18, 20)).field
    np.testing.assert_allclose(window.values, kelvin[10:28, 20:40], rtol=1e-6)
    np.testing.assert_allclose(window.coords["latitude"][:, 3], (10 + 0.01 * np.arange(48))[::-1][10:28], rtol=1e-6)
    np.testing.assert_allclose(window.coords["longitude"][3], 0.02 * np.arange(20, 40), rtol=1e-6)


@pytest.mark.usefixtures("small_limits")
def test_a_rotated_pole_has_its_places_in_a_window(tmp_path: Path) -> None:
    path = rotated(tmp_path / "a.nc", ramp(31, 33), (37.5, 177.5))
    whole, window = read_slice(path).field, read_slice(path, window=Region(10, 10, 11, 13)).field
    np.testing.assert_array_equal(window.values, ramp(31, 33)[::-1][10:21, 10:23])
    assert whole.coords["latitude"].shape == whole.values.shape
    assert window.coords["latitude"].shape == (11, 13)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("window", [Region(50, 0, 20, 10), Region(0, 0, 0, 5), Region(-1, 0, 5, 5)])
def test_a_window_outside_is_refused(tmp_path: Path, window: Region) -> None:
    with pytest.raises(UserError, match="does not lie inside"):
        read_slice(write(tmp_path / "a.h5", ramp(61, 53)), "v", window=window)


@pytest.mark.usefixtures("small_limits")
def test_a_window_too_large_and_a_picture_too_long_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp(61, 53))
    with pytest.raises(UserError, match="A window of 30 x 30 pixels of v"):
        read_slice(path, "v", window=Region(0, 0, 30, 30))
    with pytest.raises(UserError, match="too long for a picture: 900 x 9 pixels"):
        read_slice(write(tmp_path / "b.h5", ramp(900, 9)), "v")


@pytest.mark.parametrize("chunks", [None, (1, 16, 16), (5, 8, 12), (23, 3, 4)])
@pytest.mark.parametrize("limit", [100, 6, 1])
def test_a_stack_read_in_portions_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunks: Any, limit: int
) -> None:
    cube = np.random.default_rng(0).normal(size=(23, 16, 18)).astype(np.float32)
    path = large(tmp_path / "a.nc", cube, chunks=chunks)
    wish: dict[str, Any] = {"axes": (1, 2), "index": (0,), "dim": 0, "region": Region(1, 2, 8, 9)}
    wanted = range(0, 23, max(1, -(-23 // limit)))
    monkeypatch.setattr(stacks, "AT_ONCE", 200)
    got = read_stack(path, "v", limit=limit, **wish)
    np.testing.assert_array_equal(got, cube[wanted, ::-1][:, 1:9, 2:11])


def test_full_disks_are_shown_value_by_value_and_larger_ones_are_not() -> None:
    assert [block_of(size) for size in ((5424, 5424), (10848, 10848), (21600, 10800), (20000, 20000))] == [1, 6, 8, 10]
    assert block_of((4_000_000, 12)) == 1  # too narrow for blocks


# --- in the reader process -------------------------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[ReaderProcess]:
    """A reader process that has read something."""
    process = ReaderProcess()
    process.call("read_slice", path=linked_tree(tmp_path / "warm.h5"))
    yield process
    process.close()


def huge(path: Path) -> str:
    """21,600 x 10,800 packed values, of which few are stored."""
    with h5py.File(path, "w") as file:
        data = file.create_dataset("v", (10800, 21600), "i2", chunks=(540, 1080), compression="gzip", fillvalue=-1)
        data.attrs["_FillValue"], data.attrs["scale_factor"] = np.int16(-1), np.float32(0.5)
        data[5400:5940, 1080:2160] = ramp(540, 1080) % 300
    return str(path)


def peak(pid: int | None) -> float:
    """The highest memory of a process in MB since `/proc/PID/clear_refs` was written."""
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not tell the memory")
def test_a_huge_picture_takes_little_memory_and_tells_how_far_it_is(reader: ReaderProcess, tmp_path: Path) -> None:
    path = huge(tmp_path / "huge.nc")
    with h5py.File(tmp_path / "small.nc", "w") as file:
        file["v"] = ramp(20, 20)
    reader.call("read_slice", path=str(tmp_path / "small.nc"), dataset="v")  # what reading imports is not counted
    Path(f"/proc/{reader.pid}/clear_refs").write_text("5")
    before = peak(reader.pid)
    ticket, shares, replies = reader.submit("read_slice", path=path, dataset="v"), [0.0], []
    while not replies:
        shares.append(reader.share)
        time.sleep(0.005)
        replies = reader.poll()
    picture = replies[0].value
    assert (replies[0].ticket, picture.field.values.shape, picture.block) == (ticket, (1350, 2700), 8)
    assert np.count_nonzero(~picture.field.mask) == 68 * 135  # 540 rows begin in the middle of a pixel of 8
    assert shares == sorted(shares) and 0.0 <= max(shares) < 1.0
    assert reader.share == 0.0
    assert peak(reader.pid) - before < 10800 * 21600 * 2 / 2**20 / 4  # of all packed values at once
    window = reader.call("read_slice", path=path, dataset="v", window=Region(5400, 1080, 540, 540))
    np.testing.assert_array_equal(window.field.values, (ramp(540, 1080) % 300)[:, :540] * 0.5)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not tell the memory")
def test_a_stack_takes_little_more_memory_than_itself(reader: ReaderProcess, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.nc", "w") as file:
        data = file.create_dataset("v", (300, 256, 256), "i2", chunks=(1, 256, 256))
        data.attrs["scale_factor"] = 0.5  # a double: values are decoded as float64
        data[150] = 3
    Path(f"/proc/{reader.pid}/clear_refs").write_text("5")
    before = peak(reader.pid)
    wish = {"axes": (1, 2), "index": (0,), "dim": 0, "region": Region(0, 0, 256, 256)}
    stack = reader.call("read_stack", path=str(tmp_path / "a.nc"), dataset="v", **wish)
    assert stack.shape == (300, 256, 256) and (stack[150] == 1.5).all()
    assert peak(reader.pid) - before < 2 * stack.nbytes / 2**20  # as doubles at once they would take thrice as much


def test_an_overview_can_be_given_up(reader: ReaderProcess, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", (60000, 60000), "f4", chunks=(1000, 1000))
    reader.submit("read_slice", path=str(tmp_path / "a.h5"), dataset="v")
    end = time.monotonic() + 60
    while not reader.share and time.monotonic() < end:
        time.sleep(0.01)
    assert 0 < reader.share < 0.5
    reader.cancel()
    assert [reply.cancelled for reply in reader.poll()] == [True]
    assert reader.call("read_slice", path=write(tmp_path / "b.h5", ramp())).block == 1


def test_decoded_values_are_not_copied_twice() -> None:
    values = np.zeros(3, np.float32)
    assert planes.float32(values) is values
    np.testing.assert_array_equal(planes.float32(np.array([1e300, 1.0])), [np.nan, 1.0])
