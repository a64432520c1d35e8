"""GK-2A AMI, MTG FCI and gridded Himawari: twins with answers worked out by hand, and places by pyproj."""

from pathlib import Path

import h5py
import numpy as np
import pyproj
import pytest
from geostationary_twins import AMI, FCI_HEIGHT, FCI_PLANCK, FCI_STEP, SIDE, C, H, K, ami, ami_counts, fci
from readers_twins import attach, ramp, write

from diffview.readers.places import read_map
from diffview.readers.slices import read_slice, reader_of


def reader_name(path: str) -> str:
    with h5py.File(path, "r") as file:
        return str(reader_of(file).__name__).rpartition(".")[2]  # type: ignore[attr-defined]


def test_ami_counts_become_the_temperatures_that_satpy_publishes(tmp_path: Path) -> None:
    counts = ami_counts(7000)
    field = read_slice(path := ami(tmp_path / "a.nc", counts, "IR087", 13)).field
    assert (reader_name(path), field.name, field.units) == ("ami", "brightness temperature, IR087", "K")
    # its test of this channel, by Planck's law without the correction of the band, which is within 0.04 K
    published = [238.34385135, 238.31443527, 238.28500087, 238.25554813, 238.22607701, 238.1965875, 238.16707956]
    np.testing.assert_allclose(field.values[0, :2], published[:2], atol=0.04)
    np.testing.assert_allclose(field.values[0, 4:7], published[4:], atol=0.04)
    assert np.isnan(field.values[0, 2:4]).all() and np.isnan(field.values).sum() == 2
    radiance = ((counts & 0x1FFF) * AMI["DN_to_Radiance_Gain"] + AMI["DN_to_Radiance_Offset"]) * 1e-5
    nu = 1e6 / 8.59
    e = H * C * nu / K / np.log(2 * H * C**2 * nu**3 / radiance + 1)
    expected = AMI["Teff_to_Tbb_c0"] + AMI["Teff_to_Tbb_c1"] * e + AMI["Teff_to_Tbb_c2"] * e**2
    expected[0, 2:4] = np.nan
    np.testing.assert_allclose(field.values, expected, rtol=1e-6)
    assert field.notes[0] == "2 flagged values were masked."


def test_ami_reflectance_and_a_channel_without_constants(tmp_path: Path) -> None:
    counts = ami_counts(100)
    field = read_slice(ami(tmp_path / "a.nc", counts, "VI006", 12)).field
    radiance = (counts & 0xFFF) * AMI["DN_to_Radiance_Gain"] + AMI["DN_to_Radiance_Offset"]
    np.testing.assert_allclose(field.values[1:], radiance[1:] * AMI["Radiance_to_Albedo_c"], rtol=1e-6)
    assert (field.name, field.units) == ("reflectance, VI006", "1")
    path = ami(tmp_path / "b.nc", counts, "IR105", 12)
    with h5py.File(path, "a") as file:
        del file.attrs["DN_to_Radiance_Gain"]
    bare = read_slice(path).field
    assert (bare.units, bare.name) == ("", "counts, IR105")
    assert "The file has no calibration: counts are shown." in bare.notes
    np.testing.assert_array_equal(bare.values[1:], counts[1:] & 0xFFF)


def test_ami_has_its_places_on_earth(tmp_path: Path) -> None:
    path = ami(tmp_path / "a.nc", ami_counts(7000), "IR087", 13)
    place = read_map(path, "image_pixel_values", (0, 1))
    assert place is not None
    found = place.at(SIDE / 2, SIDE / 2)
    assert found == pytest.approx((0.0, 128.2), abs=0.01)
    north, east = place.at(SIDE / 2 - 4, SIDE / 2), place.at(SIDE / 2, SIDE / 2 + 4)
    assert north is not None and north[0] > 15
    assert east is not None and east[1] > 145
    height = AMI["nominal_satellite_height"] - AMI["earth_equatorial_radius"]
    field = read_slice(path).field
    assert field.pixel_km == pytest.approx((np.radians(0.9) * height / 1e3,) * 2)


def test_fci_is_turned_north_up_and_east_is_right(tmp_path: Path) -> None:
    counts = (ramp(SIDE, SIDE) + 500).astype(np.uint16)
    counts[0, 0] = 65535
    path = fci(tmp_path / "a.nc", counts, "ir_105", thermal=True)
    got = read_slice(path)
    radiance = np.where(counts == 65535, np.nan, counts * 0.05 - 1.0)
    nu, a, b, c1, c2 = FCI_PLANCK.values()
    kelvin = c2 * nu / (a * np.log(1 + c1 * nu**3 / radiance)) - b / a
    np.testing.assert_allclose(got.field.values, kelvin[::-1], rtol=1e-5)  # rows turned, columns not
    assert (reader_name(path), got.field.name, got.field.units) == ("fci", "brightness temperature, ir_105", "K")
    assert got.field.pixel_km == pytest.approx((FCI_STEP * FCI_HEIGHT / 1e3,) * 2, rel=1e-4)
    place = read_map(path, got.dataset, got.axes)
    assert place is not None
    turn = pyproj.Transformer.from_crs("EPSG:4326", f"+proj=geos +h={FCI_HEIGHT} +sweep=y +ellps=WGS84")
    x, y = turn.transform(45.0, 20.0)  # the Black Sea's west: right of and above the middle
    step = FCI_STEP * FCI_HEIGHT
    found = place.at(SIDE / 2 - y / step, SIDE / 2 + x / step)
    assert found == pytest.approx((45.0, 20.0), abs=3.0)  # between places 16 degrees apart


def test_fci_reflectance_and_the_warm_scale_of_its_fire_channel(tmp_path: Path) -> None:
    counts = (ramp(SIDE, SIDE) * 10 + 500).astype(np.uint16)
    field = read_slice(fci(tmp_path / "a.nc", counts, "vis_06", thermal=False)).field
    expected = (counts * 0.05 - 1.0) * np.pi * (152e6 / 149597870.7) ** 2 / 1500.0
    np.testing.assert_allclose(field.values, expected[::-1], rtol=1e-5)
    assert (field.name, field.units) == ("reflectance, vis_06", "1")
    warm = {"warm_scale_factor": 0.4, "warm_add_offset": -1300.0}
    field = read_slice(fci(tmp_path / "b.nc", counts, "ir_38", thermal=True, **warm)).field
    light = np.where(counts > 4095, counts * 0.4 - 1300.0, counts * 0.05 - 1.0)
    nu, a, b, c1, c2 = FCI_PLANCK.values()
    np.testing.assert_allclose(field.values, (c2 * nu / (a * np.log(1 + c1 * nu**3 / light)) - b / a)[::-1], rtol=1e-5)


def test_gridded_himawari_is_cf(tmp_path: Path) -> None:
    raw = ramp(30, 40, np.int16)
    raw[3, 3] = -32768
    packing = {"scale_factor": np.float32(0.01), "add_offset": np.float32(273.15), "_FillValue": np.int16(-32768),
               "units": "K", "long_name": "Brightness temperature of band 13"}  # fmt: skip
    path = write(tmp_path / "NC_H08_20230801_0200_R21_FLDK.nc", raw, packing, "tbb_13")
    attach(path, "tbb_13", latitude=(60 - 0.05 * np.arange(30.0), {"units": "degrees_north"}),
           longitude=(85 + 0.05 * np.arange(40.0), {"units": "degrees_east"}))  # fmt: skip
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, np.where(raw < 0, np.nan, raw * 0.01 + 273.15), rtol=1e-6)
    assert (field.coords["latitude"][0], field.units) == (60.0, "K")
