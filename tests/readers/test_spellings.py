"""Packings that are not written as CF writes them, and fill values under names, types and files of their own."""

from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pytest
from readers_twins import ramp, write

from diffview.errors import UserError
from diffview.readers.describe import describe
from diffview.readers.slices import read_slice

NAN = np.float32("nan")


def shown(path: Path, raw: Any, attributes: dict[str, Any]) -> tuple[np.ndarray, str, tuple[str, ...]]:
    """(values, units, notes) of a file with one dataset."""
    field = read_slice(write(path, raw, attributes), "v").field
    return field.values, field.units, field.notes


def counts(dtype: Any, *codes: int) -> np.ndarray:
    """10 to 129, the first of them replaced by `codes`."""
    raw = (ramp() + 10).astype(dtype)
    raw.flat[: len(codes)] = codes
    return raw


def right(raw: np.ndarray, codes: int, scale: float, offset: float = 0.0) -> np.ndarray:
    """raw * scale + offset, the first ones missing."""
    values = (raw * scale + offset).astype(np.float32)
    values.flat[:codes] = np.nan
    return values


@pytest.mark.parametrize(
    ("kind", "attributes", "codes", "scale", "offset", "units", "said"),
    [
        ("u2", {"SCALE FACTOR": np.float32([0.5]), "UNIT": np.bytes_("K")}, (65535, 65534), 0.5, 0.0, "K",
         "A value is stored * SCALE FACTOR + OFFSET, as AMSR2 writes it."),
        ("i2", {"SCALE FACTOR": [0.5], "UNIT": "mm"}, (-32768, -32767), 0.5, 0.0, "mm",
         "A value is stored * SCALE FACTOR + OFFSET, as AMSR2 writes it."),
        ("i2", {"SCALING_FACTOR": 100.0, "OFFSET": 5.0, "MISSING_VALUE": np.int32(-8000), "UNITS": np.bytes_("Celsius"),
                "CAL_SLOPE": 999.0}, (-8000,), 0.01, 5.0, "Celsius",
         "A value is stored / SCALING_FACTOR + OFFSET, as LSA SAF writes it."),
        ("u1", {"SCALE": 250.0, "OFFSET": 20.0, "NO_DATA": 255}, (255,), 0.004, -0.08, "",
         "A value is (stored - OFFSET) / SCALE, as PROBA-V writes it."),
        ("u2", {"Slope": np.float32([0.25]), "Offset": np.float32([2]), "Error_DN": np.uint16([65535]), "Unit": "W",
                "Minimum_valid_DN": np.uint16([12]), "Maximum_valid_DN": np.uint16([65000])},
         (65535, 11), 0.25, 2.0, "W",
         "A value is stored * Slope + Offset, as SGLI writes it."),
        ("u2", {"Slope": np.float32([0.25]), "Intercept": np.float32([2]), "FillValue": np.uint16([65535]),
                "units": "K", "valid_range": np.int32([12, 25000])}, (65535, 30000), 0.25, 2.0, "K",
         "A value is stored * Slope + Intercept, as FY-3 writes it."),
    ],
)  # fmt: skip
def test_a_packing_in_the_words_of_its_provider(
    tmp_path: Path, kind: str, attributes: dict[str, Any], codes: tuple[int, ...], scale: float, offset: float,
    units: str, said: str,
) -> None:  # fmt: skip
    raw = counts(kind, *codes)
    expected = right(raw, len(codes), scale, offset)
    if "Minimum_valid_DN" in attributes or "valid_range" in attributes:
        expected[raw < 12] = np.nan
    got, got_units, notes = shown(tmp_path / "a.h5", raw, attributes)
    np.testing.assert_allclose(got, expected, rtol=1e-6)
    assert got_units == units
    assert said in notes and not any(note.startswith("Plain") for note in notes)


def test_each_band_has_its_own_slope(tmp_path: Path) -> None:
    raw = np.stack([counts("u2"), counts("u2") * 2, counts("u2") * 3])
    slopes, intercepts = np.float32([0.5, 0.25, 2.0]), np.float32([1, 2, 3])
    path = write(tmp_path / "a.h5", raw, {"Slope": slopes, "Intercept": intercepts, "FillValue": np.uint16(65535)})
    for band in range(3):
        got = read_slice(path, "v", (band,)).field.values
        np.testing.assert_array_equal(got, raw[band] * slopes[band] + intercepts[band])
    assert describe(path, "v")["max"] == (129 * 3) * 2.0 + 3
    across = read_slice(path, "v", (1,), axes=(0, 2)).field.values
    np.testing.assert_array_equal(across, raw[:, 1] * slopes[:, None] + intercepts[:, None])


def test_a_scale_of_nothing_is_not_applied(tmp_path: Path) -> None:
    """FY-3B VIRR writes 0 where it means 1."""
    got, _, notes = shown(tmp_path / "a.h5", counts("i2"), {"Slope": [0.0], "Intercept": [0.0], "units": "K"})
    np.testing.assert_array_equal(got, counts("i2"))
    assert "Slope is 0, which would make every value the same, and was not applied." in notes


def test_cf_counts_before_the_words_of_a_provider(tmp_path: Path) -> None:
    both = {"scale_factor": 0.5, "Slope": 3.0, "units": "K", "UNITS": "counts"}
    got, units, _ = shown(tmp_path / "a.h5", counts("i2"), both)
    np.testing.assert_array_equal(got, counts("i2") * 0.5)
    assert units == "K"


def test_an_offset_of_another_meaning_is_left_alone(tmp_path: Path) -> None:
    got, _, _ = shown(tmp_path / "a.h5", counts("i2"), {"Offset": 4096.0, "units": "K"})
    np.testing.assert_array_equal(got, counts("i2"))


@pytest.mark.parametrize("limits", [np.int16([0, 255]), np.int8([0, -1]), np.uint8([0, 200])])
def test_a_range_that_signed_bytes_do_not_have_makes_them_unsigned(tmp_path: Path, limits: np.ndarray) -> None:
    raw = (ramp() + 80).astype(np.uint8)  # 80 to 199
    attributes = {"valid_range": limits, "_FillValue": np.int8(80), "units": "1"}
    got, _, notes = shown(tmp_path / "a.h5", raw.view(np.int8), attributes)
    expected = raw.astype(np.float32)
    expected[0, 0] = np.nan
    np.testing.assert_array_equal(got, expected)
    assert not any("range" in note for note in notes)


def test_signed_bytes_within_their_range_stay_signed(tmp_path: Path) -> None:
    raw = (ramp() - 60).astype(np.int8)
    got, _, _ = shown(tmp_path / "a.h5", raw, {"valid_range": np.int8([-60, 59]), "units": "1"})
    np.testing.assert_array_equal(got, raw)


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_what_netcdf_never_wrote_stays_missing_under_a_fill_of_nan(tmp_path: Path, kind: str) -> None:
    raw = ramp(dtype=kind)
    raw[0, :3] = netCDF4.default_fillvals[kind]
    raw[1, 0] = np.nan
    expected = ramp()
    expected[0, :3] = expected[1, 0] = np.nan
    got, _, _ = shown(tmp_path / "a.nc", raw, {"_FillValue": np.array([np.nan], kind), "units": "m"})
    np.testing.assert_array_equal(got, expected)


def test_a_file_may_declare_the_fill_of_all_its_variables(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nc", counts("f4", 1e35), {"units": "C"})
    write(tmp_path / "a.nc", counts("f4", 7, 1e35), {"units": "C", "missing_value": np.float32(7)}, "own")
    with h5py.File(path, "a") as file:
        file.attrs["missing_value"] = np.float32([1e35])
    assert describe(path, "v")["missing"] == 1 and describe(path, "v")["max"] == 129
    assert describe(path, "own")["missing"] == 1 and describe(path, "own")["max"] == np.float32(1e35)


def test_a_slice_outside_its_valid_range_is_refused_by_that_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.nc", counts("i2"), {"valid_range": np.int16([300, 310]), "scale_factor": 0.01})
    with pytest.raises(UserError, match=r"all 120 values lie outside the valid range that the file declares\.") as e:
        read_slice(path, "v")
    assert "valid_range" in e.value.hint


def test_numbers_too_close_for_single_precision_are_not_called_the_same(tmp_path: Path) -> None:
    raw = 2**53 + np.arange(120, dtype=np.int64).reshape(10, 12) * 2
    with pytest.raises(UserError, match=r"from 9007199254740992 to 9007199254741230, too close together") as e:
        read_slice(write(tmp_path / "a.nc", raw, {}), "v")
    assert "same" not in str(e.value)
    seconds = 1.6e9 + ramp(dtype=np.float64) / 4
    with pytest.raises(UserError, match=r"from 1600000000 to 1600000029.75 s, too close together"):
        read_slice(write(tmp_path / "b.nc", seconds, {"units": "s"}), "v")
