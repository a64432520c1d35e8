"""Exact answers on twins: packing, orientation, slices, trees, and one sentence for every bad input."""

import json
import pickle
from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
from readers_twins import attach, linked_tree, ramp, write

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.readers.blocks import blocks
from diffview.readers.describe import describe
from diffview.readers.labels import read_labels
from diffview.readers.slices import read_slice
from diffview.readers.stacks import read_stack
from diffview.readers.tree import find_plottable, list_group

NORTH = {"units": "degrees_north"}
EAST = {"units": "degrees_east"}
NAN = np.float32("nan")


def picture(path: Path, values: Any, attributes: dict[str, Any]) -> tuple[np.ndarray, tuple[str, ...]]:
    """(values, notes) of a file with one dataset."""
    field = read_slice(write(path, values, attributes), "v").field
    return field.values, field.notes


# --- packing ---------------------------------------------------------------------------------------------------------


def test_scale_and_offset_are_applied_in_physical_units(tmp_path: Path) -> None:
    raw = ramp(dtype=np.int16)
    got, _ = picture(tmp_path / "a.h5", raw, {"scale_factor": np.float32(0.01), "add_offset": np.float32(273.15)})
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, raw * 0.01 + 273.15, rtol=1e-6)


def test_a_negative_scale_without_offset_keeps_the_valid_range_the_right_way_round(tmp_path: Path) -> None:
    raw = ramp(dtype=np.int16)
    attributes = {"scale_factor": -0.5, "valid_range": np.array([10, 20], np.int16)}
    got, notes = picture(tmp_path / "a.h5", raw, attributes)
    expected = np.where((raw < 10) | (raw > 20), NAN, raw * -0.5).astype(np.float32)
    np.testing.assert_array_equal(got, expected)
    assert notes[0] == "109 out-of-range values were masked."


@pytest.mark.filterwarnings("ignore:endian-ness of dtype")
@pytest.mark.parametrize("kind", ["f4", "f8", "i2", "i4", "i8", "u2", "u4", "u8", ">f4", ">i2"])
def test_what_netcdf_never_wrote_is_missing_though_no_attribute_says_so(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("y", 10)
        file.createDimension("x", 12)
        v = file.createVariable("v", kind[-2:], ("y", "x"), endian="big" if kind[0] == ">" else "native")
        v.scale_factor = 0.5
        v[:5] = ramp(5)
        expected = np.ma.filled(v[:].astype(np.float32), np.nan)
    assert np.isnan(expected).sum() == 60
    np.testing.assert_array_equal(read_slice(str(path), "v").field.values, expected)


def test_numbers_that_netcdf_would_fill_with_count_where_the_file_does_not(tmp_path: Path) -> None:
    """Bytes have no fill value of netCDF's, and plain HDF5 fills with what it likes."""
    raw = ramp(dtype=np.int16)
    raw[0, 0] = -32767
    assert picture(tmp_path / "a.h5", raw, {})[0][0, 0] == -32767
    dim = {"fillvalue": np.uint8(255)}
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("v", data=np.clip(ramp(), 0, 200).astype(np.uint8) + np.uint8(136), **dim)
    assert not np.isnan(read_slice(str(tmp_path / "b.h5"), "v").field.values).any()


def test_unsigned_is_seen_before_fill_range_and_scale(tmp_path: Path) -> None:
    packed = np.linspace(0, 65535, 120).astype(np.uint16).reshape(10, 12)
    attributes = {
        "_Unsigned": "true",
        "_FillValue": np.int16(-1),
        "valid_range": np.array([0, -5536], np.int16),  # 0 to 60000
        "scale_factor": np.array([0.1], np.float32),
        "add_offset": np.array([-5.0], np.float32),
    }
    got, notes = picture(tmp_path / "a.h5", packed.view(np.int16), attributes)
    expected = np.where(packed > 60000, np.nan, packed * 0.1 - 5.0)
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert np.isnan(got[-1, -1])
    assert notes[0].startswith(f"{np.count_nonzero(packed > 60000) - 1} out-of-range values")


def test_the_fill_is_compared_packed_and_not_after_scaling(tmp_path: Path) -> None:
    raw = ramp(dtype=np.int16)
    raw[0, 0] = -999
    got, _ = picture(tmp_path / "a.h5", raw, {"_FillValue": np.float64(-999.0), "scale_factor": 0.1})
    assert np.isnan(got[0, 0])
    assert np.count_nonzero(np.isnan(got)) == 1


def test_the_offset_of_the_dsp_is_added_and_said(tmp_path: Path) -> None:
    facts = {"scale_factor": np.float32(0.125), "add_off": np.float32(-4.0)}
    field = read_slice(write(tmp_path / "a.h5", ramp(dtype=np.uint32), facts), "v").field
    np.testing.assert_array_equal(field.values, ramp() * 0.125 - 4)
    assert "A value is stored * scale_factor + add_off, as DSP writes it." in field.notes
    both = read_slice(write(tmp_path / "b.h5", ramp(dtype=np.uint32), {**facts, "add_offset": 1.0}), "v").field
    np.testing.assert_array_equal(both.values, ramp() * 0.125 + 1)  # the word of CF counts


def test_a_double_fill_of_a_float_field_is_met(tmp_path: Path) -> None:
    values = ramp()
    values[2, 3] = -9999.9
    got, _ = picture(tmp_path / "a.h5", values, {"_FillValue": np.float64(-9999.9), "missing_value": "-9999.9"})
    assert np.flatnonzero(np.isnan(got)).tolist() == [2 * 12 + 3]


def test_missing_value_may_be_several_and_a_senseless_fill_is_passed_over(tmp_path: Path) -> None:
    attributes = {"_FillValue": np.float32("nan"), "missing_value": np.array([3, 5], np.int32)}
    got, _ = picture(tmp_path / "a.h5", ramp(dtype=np.int16), attributes)
    assert np.flatnonzero(np.isnan(got)).tolist() == [3, 5]


def test_floating_limits_of_packed_integers_are_physical(tmp_path: Path) -> None:
    raw = ramp(dtype=np.int16) * 100
    attributes = {"scale_factor": np.float32(0.0001), "valid_range": np.array([0.0, 1.0], np.float32)}
    got, _ = picture(tmp_path / "a.h5", raw, attributes)
    np.testing.assert_array_equal(np.isnan(got), raw > 10000)


@pytest.mark.parametrize(("low", "high"), [(None, -3.0), (-3.0, None)])
def test_one_physical_limit_and_a_negative_scale(tmp_path: Path, low: float | None, high: float | None) -> None:
    limits = {key: np.float32(v) for key, v in (("valid_min", low), ("valid_max", high)) if v is not None}
    raw = ramp(dtype=np.int16)
    got, _ = picture(tmp_path / "a.h5", raw, {"scale_factor": -1.0, **limits})
    expected = (-raw < low) if low is not None else (-raw > (high or 0))
    np.testing.assert_array_equal(np.isnan(got), expected)


def test_infinite_values_become_missing_and_are_counted(tmp_path: Path) -> None:
    values = ramp(dtype=np.float64)
    values[0, :3] = np.inf, -np.inf, 1e300
    got, notes = picture(tmp_path / "a.h5", values, {})
    assert np.flatnonzero(np.isnan(got)).tolist() == [0, 1, 2]
    assert notes[0] == "3 infinite values were masked."


@pytest.mark.parametrize("dtype", ["?", "i1", ">i4", ">u2", "u8", "f2", ">f4", "f8", "g"])
def test_every_numeric_type_is_read(tmp_path: Path, dtype: str) -> None:
    values = (ramp() % 100).astype(dtype)
    got, _ = picture(tmp_path / "a.h5", values, {})
    np.testing.assert_array_equal(got, values.astype(np.float32))


def test_a_scale_that_is_a_list_is_not_applied_and_said(tmp_path: Path) -> None:
    got, notes = picture(tmp_path / "a.h5", ramp(), {"scale_factor": np.array([1.0, 2.0])})
    np.testing.assert_array_equal(got, ramp())
    assert "scale_factor is not one finite number and was not applied." in notes


# --- orientation -----------------------------------------------------------------------------------------------------


def test_ascending_latitude_is_flipped_with_its_coordinate(tmp_path: Path) -> None:
    lat, lon = np.arange(10.0) + 40, np.arange(12.0)
    path = attach(write(tmp_path / "a.nc", ramp()), "v", lat=(lat, NORTH), lon=(lon, EAST))
    field = read_slice(path, "v").field
    np.testing.assert_array_equal(field.values, ramp()[::-1])
    np.testing.assert_array_equal(field.coords["latitude"], lat[::-1])
    assert field.dims == ("lat", "lon")
    assert field.pixel_km == pytest.approx((111.195, 111.195 * np.cos(np.radians(45.0))))
    assert not field.notes


def test_longitude_before_latitude_is_transposed(tmp_path: Path) -> None:
    stored = np.stack([ramp(12, 10)])
    path = write(tmp_path / "a.nc", stored)
    scales = {"lon": (np.arange(12.0), EAST), "lat": (-np.arange(10.0), NORTH)}
    attach(path, "v", time=(np.zeros(1), {"units": "days since 2000-01-01"}), **scales)
    got = read_slice(path, "v")
    np.testing.assert_array_equal(got.field.values, stored[0].T)
    assert (got.axes, got.index, got.other_dims) == ((2, 1), (0,), (("time", 1),))


def test_descending_longitude_and_projection_coordinates(tmp_path: Path) -> None:
    y = {"standard_name": "projection_y_coordinate", "units": "m"}
    x = {"standard_name": "projection_x_coordinate", "units": "km"}
    path = attach(write(tmp_path / "a.nc", ramp()), "v", n=(np.arange(10.0) * 2000, y), m=(-np.arange(12.0) * 3, x))
    field = read_slice(path, "v").field
    np.testing.assert_array_equal(field.values, ramp()[::-1, ::-1])
    assert field.pixel_km == pytest.approx((2.0, 3.0))


def test_a_swath_is_turned_by_its_2d_latitude_and_longitude(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(np.arange(10.0), 181 - np.arange(12.0), indexing="ij")
    lon[lon > 180] -= 360  # one column lies beyond the date line
    path = write(
        tmp_path / "a.h5", np.stack([ramp(), ramp() + 1], axis=-1), {"DimensionNames": "nscan,nray,channel"}, "S/v"
    )
    write(tmp_path / "a.h5", lat, {"units": "degrees", "_FillValue": -9999.9}, "S/Latitude")
    write(tmp_path / "a.h5", lon, {"units": "degrees"}, "S/Longitude")
    got = read_slice(path, "S/v", [1])
    np.testing.assert_array_equal(got.field.values, ramp()[::-1, ::-1] + 1)
    np.testing.assert_array_equal(got.field.coords["longitude"], lon[::-1, ::-1])
    assert got.field.pixel_km == pytest.approx((111.195, 111.195 * np.cos(np.radians(5.0))), rel=2e-3)


def test_a_rotated_pole_gives_a_size_but_no_place_on_earth(tmp_path: Path) -> None:
    y = {"standard_name": "grid_latitude", "units": "degrees"}
    x = {"standard_name": "grid_longitude", "units": "degrees"}
    path = attach(write(tmp_path / "a.nc", ramp()), "v", rlat=(np.arange(10.0) - 5, y), rlon=(np.arange(12.0), x))
    field = read_slice(path, "v").field
    np.testing.assert_array_equal(field.values, ramp()[::-1])
    assert list(field.coords) == ["y", "x"]
    assert field.pixel_km == pytest.approx((111.195, 111.195), rel=1e-3)


def test_latitude_and_longitude_beside_a_bare_dataset_are_found_by_their_length(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", np.stack([ramp()] * 3))
    write(tmp_path / "a.h5", np.arange(10.0), NORTH, "lat")
    write(tmp_path / "a.h5", np.arange(12.0), EAST, "lon")
    np.testing.assert_array_equal(read_slice(path, "v").field.values, ramp()[::-1])


def test_a_dimension_without_a_name_is_called_time_where_that_is_as_long(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", np.stack([ramp()] * 3) + np.arange(3, dtype=np.float32)[:, None, None])
    write(Path(path), np.linspace(50, 41, 10), {}, "lat")
    write(Path(path), np.linspace(0, 11, 12), {}, "lon")
    write(Path(path), np.arange(3.0), {"units": "days since 2000-01-01"}, "time")
    picture = read_slice(path, "v")
    assert picture.other_dims == (("time", 3),)
    assert set(picture.field.coords) == {"latitude", "longitude"}, "these are still found by their length"
    assert find_plottable(path)[0].dims == ("time", "dim_1", "dim_2")
    assert read_labels(path, "v")["time"].texts == ("2000-01-01", "2000-01-02", "2000-01-03")


def test_a_stack_outside_the_picture_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", np.stack([ramp()] * 3))
    with pytest.raises(UserError, match="does not lie inside"):
        read_stack(path, "v", axes=(1, 2), index=(0,), dim=0, region=Region(5, 0, 6, 6))
    with pytest.raises(UserError, match="no other dimension"):
        read_stack(path, "v", axes=(1, 2), index=(0,), dim=1, region=Region(0, 0, 6, 6))


def test_without_coordinates_it_is_shown_by_index(tmp_path: Path) -> None:
    field = read_slice(write(tmp_path / "a.h5", ramp()), "v").field
    assert field.dims == ("row", "column")
    assert field.pixel_km is None
    assert field.notes == (
        "Plain numbers: nothing in the file says what they are.",
        "Shown by index: no coordinate says where north is.",
    )


# --- slices ----------------------------------------------------------------------------------------------------------


def test_a_slice_of_many_dimensions_and_its_stack(tmp_path: Path) -> None:
    values = np.arange(3 * 4 * 10 * 12, dtype=np.float32).reshape(3, 4, 10, 12)
    path = attach(
        write(tmp_path / "a.nc", values, chunks=(1, 2, 5, 12)), "v",
        time=(np.arange(3.0), {}), lev=(np.arange(4.0), {}), lat=(np.arange(10.0), NORTH), lon=(np.arange(12.0), EAST),
    )  # fmt: skip
    got = read_slice(path, "v", (2, 1))
    np.testing.assert_array_equal(got.field.values, values[2, 1, ::-1])
    assert got.other_dims == (("time", 3), ("lev", 4))
    assert got.field.provenance["index"] == "time = 2, lev = 1"
    region = Region(1, 2, 4, 5)
    stack = read_stack(path, "v", axes=got.axes, index=got.index, dim=1, region=region)
    expected = values[2][:, ::-1][:, *region.slices]
    np.testing.assert_array_equal(stack, expected)
    few = read_stack(path, "v", axes=got.axes, index=got.index, dim=1, region=region, limit=2)
    np.testing.assert_array_equal(few, values[2, [0, 2]][:, ::-1][:, *region.slices])


def test_without_an_index_the_first_slice_that_holds_data_is_taken(tmp_path: Path) -> None:
    values = np.full((5, 10, 12), np.nan, np.float32)
    values[2] = ramp()
    assert read_slice(write(tmp_path / "a.h5", values)).index == (2,)


def test_the_best_dataset_is_the_measurement_and_not_its_flags_or_bounds(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp(40, 40), {}, "DQF")
    write(tmp_path / "a.h5", ramp(50, 50), {"units": "degrees_north"}, "lat")
    write(tmp_path / "a.h5", ramp(60, 9), {}, "time_bnds")
    write(tmp_path / "a.h5", ramp(20, 20), {"units": "K"}, "tb")
    write(tmp_path / "a.h5", ramp(10, 10), {"units": "K"}, "small")
    assert [node.name for node in find_plottable(path)] == ["tb", "small", "DQF"]
    assert read_slice(path).dataset == "/tb"


def test_blocks_cover_an_array_once_in_whole_chunks() -> None:
    seen = np.zeros((7, 11, 5), int)
    for part in blocks(seen.shape, (2, 4, 5), limit=40):
        seen[part] += 1
        assert all(piece.start % chunk == 0 for piece, chunk in zip(part, (2, 4, 5), strict=True))
    assert (seen == 1).all()


def test_a_file_behind_a_user_block_opens(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", userblock_size=2048) as file:
        file["v"] = ramp()
    np.testing.assert_array_equal(read_slice(str(tmp_path / "a.h5")).field.values, ramp())


def test_describe_decodes_all_of_a_dataset(tmp_path: Path) -> None:
    raw = np.arange(1000, dtype=np.int16).reshape(10, 10, 10)
    attributes = {"scale_factor": 0.5, "add_offset": 1.0, "_FillValue": np.int16(0), "units": "K"}
    path = write(tmp_path / "a.h5", raw, attributes, chunks=(3, 3, 3))
    assert describe(path, "/v") == {
        "path": "/v", "shape": [10, 10, 10], "dims": ["dim_0", "dim_1", "dim_2"], "dtype": "int16", "units": "K",
        "min": 1.5, "max": 500.5, "mean": 251.0, "missing": 1,
    }  # fmt: skip
    tree = json.loads(json.dumps(describe(path)))
    assert (tree["path"], tree["tree"][0]["name"], tree["tree"][0]["shape"]) == (path, "v", [10, 10, 10])


# --- trees -----------------------------------------------------------------------------------------------------------


def test_a_tree_of_oddities_is_listed_with_a_reason_for_each(tmp_path: Path) -> None:
    nodes = {node.name: node for node in list_group(linked_tree(tmp_path / "a.h5"))}
    plottable = {name for name, node in nodes.items() if node.plottable}
    assert plottable == {"enum", "quad", "complex"}
    assert all(node.why.endswith(".") for node in nodes.values() if not node.plottable)
    assert {node.kind for name, node in nodes.items() if name in ("soft", "broken", "loop", "external")} == {"link"}
    assert "other.h5" in nodes["external"].why
    assert "other.h5" in nodes["virtual"].why
    assert "raw.bin" in nodes["elsewhere"].why
    assert nodes["type"].kind == "other"
    assert pickle.loads(pickle.dumps(nodes)) == nodes
    assert {node.path for node in find_plottable(str(tmp_path / "a.h5"))} == {"/enum", "/quad", "/complex", "/g/v"}
    assert len(describe(str(tmp_path / "a.h5"))["tree"]) < 40
    np.testing.assert_array_equal(read_slice(str(tmp_path / "a.h5"), "soft").field.values, ramp())


def test_thousands_of_members_are_listed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        for i in range(3000):
            file.create_group(f"g{i}")
    assert len(list_group(str(tmp_path / "a.h5"))) == 3000


# --- bad input -------------------------------------------------------------------------------------------------------

LINKED = {
    "g": "is a group", "line": "one dimension", "text": "text, not numbers", "compound": "compound, not numbers",
    "zero": "is empty", "null": "no dataspace", "opaque": "opaque, not numbers",
    "lists": "lists of varying length", "regions": "references", "scalar": "a single value", "external": "other.h5",
    "virtual": "other.h5", "elsewhere": "raw.bin", "type": "named type", "broken": "no dataset",
    "loop": "link to /loop", "g/w": "no dataset",
}  # fmt: skip


@pytest.mark.parametrize(("dataset", "says"), LINKED.items())
def test_a_dataset_that_cannot_be_shown_is_one_sentence(tmp_path: Path, dataset: str, says: str) -> None:
    path = linked_tree(tmp_path / "a.h5")
    with pytest.raises(UserError) as caught:
        read_slice(path, dataset)
    assert says in caught.value.sentence
    assert path in caught.value.sentence
    assert caught.value.sentence.endswith(".")
    assert caught.value.hint


def test_a_wrong_name_suggests_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        read_slice(linked_tree(tmp_path / "a.h5"), "/g/V")
    assert "/g/v" in caught.value.hint


@pytest.mark.parametrize(
    ("head", "says", "hint"),
    [
        (b"", "empty", "again"),
        (b"CDF\x01" + b"\xff" * 99, "netCDF-3 file but damaged", "again"),
        (b"CDF\x02" + b"\xff" * 99, "netCDF-3 file but damaged", "again"),
        (b"CDF\x05" + bytes(99), "netCDF-3", "nccopy -k nc4 in.nc in_nc4.nc"),
        (b"\x0e\x03\x13\x01" + bytes(99), "HDF4", "in.nc"),
        (b"GRIB" + bytes(99), "GRIB", "cdo"),
        (b"II*\x00" + bytes(99), "TIFF", "gdal_translate"),
        (b"lat,lon,value\n1,2,3\n", "text", "HDF5"),
        (b"<!DOCTYPE html>", "HTML", "again"),
        (bytes(2000), "zeros", "repeat"),
        (b"\x89HDF\n\x1a\n" + bytes(99), "signature is broken", "again"),
        (b"\x01\x02\x80" * 50, "not an HDF5 file", "netCDF"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "damaged", "again"),
        (b"\x1f\x8b" + bytes(99), "gzip", "gunzip in.nc"),
        (b"PK\x03\x04" + bytes(99), "zip", "unzip in.nc"),
        (b"\xfd7zXZ\x00" + bytes(99), "xz", "unxz in.nc"),
        (b"\x28\xb5\x2f\xfd" + bytes(99), "Zstandard", "unzstd in.nc"),
        (b"in/a.nc".ljust(257, b"\0") + b"ustar" + bytes(250), "tar archive", "tar -xf in.nc"),
        (b"MATLAB 5.0 MAT-file", "7.2 or older", "v7.3"),
        (b"\x93NUMPY" + bytes(99), "NumPy", "diffview.show"),
        (b"SIMPLE  =" + bytes(99), "FITS", "gdal_translate"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"),
    ],
)
def test_another_kind_of_file_is_named_with_what_to_do(tmp_path: Path, head: bytes, says: str, hint: str) -> None:
    (tmp_path / "in.nc").write_bytes(head)
    with pytest.raises(UserError) as caught:
        read_slice(str(tmp_path / "in.nc"))
    assert says in caught.value.sentence
    assert hint in caught.value.hint


def test_a_damaged_zarr_store_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "zarr.json").write_text("{")
    with pytest.raises(UserError, match=r"is a Zarr store that cannot be read.*write it again"):
        read_slice(str(tmp_path))


def test_missing_folder_and_truncated(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        read_slice(str(tmp_path / "no.h5"))
    with pytest.raises(UserError, match="hold no file that could be opened"):
        read_slice(str(tmp_path))
    path = Path(write(tmp_path / "a.h5", ramp(200, 200)))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(UserError, match="its end is missing"):
        read_slice(str(path))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.full((9, 9), np.nan), "every value of this slice is missing"),
        (np.full((9, 9), 273.0), r"the same \(273 K\)"),
    ],
)
def test_nothing_to_see_is_refused(tmp_path: Path, values: np.ndarray, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_slice(write(tmp_path / "a.h5", values, {"units": "K"}), "v")


def test_the_only_slice_is_not_answered_with_another_one(tmp_path: Path) -> None:
    with pytest.raises(UserError) as one:
        read_slice(write(tmp_path / "a.h5", np.zeros((1, 10, 12))), "v")
    assert one.value.hint == "It has no other slice: choose another dataset."
    with pytest.raises(UserError) as more:
        read_slice(write(tmp_path / "b.h5", np.zeros((2, 10, 12))), "v")
    assert more.value.hint == "Choose another slice."


@pytest.mark.parametrize("index", [(3,), (-1,), (), (0, 0)])
def test_an_index_outside_is_refused_with_what_is_allowed(tmp_path: Path, index: tuple[int, ...]) -> None:
    with pytest.raises(UserError) as caught:
        read_slice(write(tmp_path / "a.h5", np.stack([ramp()] * 3)), "v", index)
    assert "dim_0 (0 to 2)" in caught.value.hint


# --- axes chosen by hand ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_places_turn_with_the_axes_of_a_square_swath(tmp_path: Path, named: bool) -> None:
    """Its shape does not tell which way a square plane lies: its dimensions do, or the order of the file."""
    values = np.random.default_rng(0).normal(size=(2, 12, 12)).astype(np.float32)
    lat, lon = np.meshgrid(60.0 - np.arange(12), 5.0 + np.arange(12), indexing="ij")
    path = write(tmp_path / "a.h5", values, {"coordinates": "lat lon"})
    write(tmp_path / "a.h5", lat, NORTH, "lat")
    write(tmp_path / "a.h5", lon, EAST, "lon")
    if named:
        with h5py.File(path, "a") as file:
            for name, size in (("time", 2), ("down", 12), ("along", 12)):
                file[name] = np.arange(size)
                file[name].make_scale(name)
            for name, dims in (
                ("v", ("time", "down", "along")),
                ("lat", ("down", "along")),
                ("lon", ("down", "along")),
            ):
                for axis, dim in enumerate(dims):
                    file[name].dims[axis].attach_scale(file[dim])
    for axes in ((1, 2), (2, 1)):
        field = read_slice(path, "v", (1,), axes=axes).field
        rows = 60 - field.coords["latitude"].round().astype(int)
        columns = field.coords["longitude"].round().astype(int) - 5
        np.testing.assert_array_equal(field.values, values[1][rows, columns])
