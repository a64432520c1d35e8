"""GK-2A AMI, MTG FCI and gridded Himawari: twins with answers worked out by hand, and places by pyproj."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyproj
import pytest
from readers_twins import attach, ramp, write

from diffview.readers.places import read_map
from diffview.readers.slices import read_slice, reader_of

H, C, K = 6.62606957e-34, 2.997924580e8, 1.3806488e-23
AMI = {
    "satellite_name": "GK-2A", "sub_longitude": 2.23751210105673, "nominal_satellite_height": 42164000.0,
    "earth_equatorial_radius": 6378137.0, "earth_polar_radius": 6356752.3, "Radiance_to_Albedo_c": 0.0019,
    "DN_to_Radiance_Gain": -0.0144806550815701, "DN_to_Radiance_Offset": 118.050903320312,
    "Teff_to_Tbb_c0": -0.141418528203155, "Teff_to_Tbb_c1": 1.00052232906885, "Teff_to_Tbb_c2": -3.6287276076109e-07,
    "light_speed": C, "Boltzmann_constant_k": K, "Plank_constant_h": H,
}  # fmt: skip
SIDE = 20


def reader_name(path: str) -> str:
    with h5py.File(path, "r") as file:
        return str(reader_of(file).__name__).rpartition(".")[2]  # type: ignore[attr-defined]


def ami(path: Path, counts: np.ndarray, channel: str, bits: int, **attributes: Any) -> str:
    """A full disk of few pixels: 0.9 degrees each, the Earth (17.4 degrees wide) in its middle."""
    factor = 2.0**16 / 0.9
    grid = {"cfac": factor, "lfac": -factor, "coff": SIDE / 2 + 0.5, "loff": SIDE / 2 + 0.5}
    written = write(path, counts, {"channel_name": channel, "number_of_valid_bits_per_pixel": np.uint8(bits)},
                    "image_pixel_values")  # fmt: skip
    with h5py.File(written, "a") as file:
        file.attrs.update({**AMI, **grid, **attributes})
    return written


def ami_counts(first: int, step: int = 1) -> np.ndarray:
    counts = (first + step * np.arange(SIDE * SIDE).reshape(SIDE, SIDE)).astype(np.uint16)
    counts[0, :4] += np.array([0, 1, 2, 3], np.uint16) << 14
    return counts


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


FCI_PLANCK = {"coefficient_wavenumber": 954.5, "coefficient_a": 0.9976, "coefficient_b": 0.564,
              "constant_c1": 1.19104e-5, "constant_c2": 1.43877}  # fmt: skip
FCI_HEIGHT, FCI_STEP = 35786400.0, 0.0156


def fci(path: Path, counts: np.ndarray, channel: str, thermal: bool, **attributes: Any) -> str:
    """A disk of few pixels: first row in the south, x positive towards the west, as the reference grid has it."""
    place = f"data/{channel}/measured"
    packing = {"scale_factor": 0.05, "add_offset": -1.0, "_FillValue": np.uint16(65535),
               "units": "mW.m-2.sr-1.(cm-1)-1", "ancillary_variables": "pixel_quality", **attributes}  # fmt: skip
    name = f"{place}/effective_radiance"
    write(path, counts, packing, name)
    for key, value in FCI_PLANCK.items():
        write(path, np.float32(value if thermal else 9.96921e36), {}, f"{place}/radiance_to_bt_conversion_{key}")
    write(path, np.float32(9.96921e36 if thermal else 1500.0), {}, f"{place}/channel_effective_solar_irradiance")
    write(path, np.array([152e6, 152e6]), {}, "state/celestial/earth_sun_distance")
    write(path, np.int32(0), {
        "grid_mapping_name": "geostationary", "perspective_point_height": FCI_HEIGHT, "semi_major_axis": 6378137.0,
        "inverse_flattening": 298.257223563, "longitude_of_projection_origin": 0.0, "sweep_angle_axis": "y",
    }, "data/mtg_geos_projection")  # fmt: skip
    half = FCI_STEP * (len(counts) - 1) / 2
    line = np.arange(len(counts), dtype=np.int16)
    with h5py.File(path, "a") as file:
        for axis, (side, sign) in enumerate((("y", 1), ("x", -1))):
            file[f"{place}/{side}"] = line
            scale = file[f"{place}/{side}"]
            scale.attrs.update({"scale_factor": sign * FCI_STEP, "add_offset": -sign * half, "units": "rad",
                                "standard_name": f"projection_{side}_coordinate"})  # fmt: skip
            scale.make_scale(side)
            file[name].dims[axis].attach_scale(scale)
    return str(path)


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
