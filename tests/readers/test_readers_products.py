"""Satellite and model products: twins with answers worked out by hand, real files against known places."""

from pathlib import Path

import h5py
import numpy as np
import products_twins as twins
import pytest
from readers_twins import SHARED, ramp

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.readers.describe import describe
from diffview.readers.rotated_pole import unrotated
from diffview.readers.slices import read_slice, reader_of
from diffview.readers.stacks import read_stack
from diffview.readers.tree import find_plottable, list_group

needs_files = pytest.mark.skipif(not (SHARED / "h5").is_dir(), reason="the folder of real files is not there")


def reader_name(path: str) -> str:
    """The last part of the name of the module that reads a file."""
    with h5py.File(path, "r") as file:
        return str(reader_of(file).__name__).rpartition(".")[2]  # type: ignore[attr-defined]


# --- GOES-R ABI ------------------------------------------------------------------------------------------------------


def abi_values() -> tuple[np.ndarray, np.ndarray]:
    """Packed radiance with its fill and values at or below zero radiance; flags of every kind."""
    raw = (ramp(10, 12) * 30 + 90).astype(np.uint16)  # the first value is -0.1, below zero
    raw[3, 3] = 4095
    dqf = np.zeros((10, 12), np.int8)
    dqf[1, :4] = 0, 1, 2, 3
    dqf[3, 3] = 3
    return raw, dqf


def test_an_emissive_band_is_brightness_temperature(tmp_path: Path) -> None:
    raw, dqf = abi_values()
    path = twins.abi(tmp_path / "a.nc", raw, dqf, emissive=True)
    field = read_slice(path).field
    light = raw * 0.01 - 1.0
    with np.errstate(invalid="ignore"):
        kelvin = (twins.FK2 / np.log(twins.FK1 / light + 1) - twins.BC1) / twins.BC2
    kelvin[(light <= 0) | (raw == 4095) | (dqf > 1)] = np.nan
    np.testing.assert_allclose(field.values, kelvin, rtol=1e-5)
    assert (reader_name(path), field.name, field.units) == ("abi", "brightness temperature, band 13", "K")
    assert field.notes[0] == "2 flagged values were masked."  # the third lies at the fill value already
    assert "Planck" in field.notes[1]
    assert field.notes[2] == "Pixels that DQF marks as out of range or no value are masked."


def test_planck_radiance_of_a_temperature_comes_back(tmp_path: Path) -> None:
    kelvin = 200 + ramp(10, 12, np.float64)
    light = twins.FK1 / (np.exp(twins.FK2 / (twins.BC1 + twins.BC2 * kelvin)) - 1)
    raw = np.round((light + 1.0) / 0.01).astype(np.uint16)
    path = twins.abi(tmp_path / "a.nc", np.minimum(raw, 20000), np.zeros((10, 12), np.int8), emissive=True)
    with h5py.File(path, "a") as file:
        file["Rad"].attrs["valid_range"] = np.array([0, 20001], np.int16)
    got = read_slice(path, "Rad").field.values
    step = 0.005 / np.gradient(light.ravel(), kelvin.ravel()).reshape(kelvin.shape)  # half a packing step in K
    keep = raw != 4095
    assert np.all(np.abs(got - kelvin)[keep] <= step[keep] * 1.05 + 1e-4)


def test_a_reflective_band_is_reflectance_in_km_of_the_projection(tmp_path: Path) -> None:
    raw, dqf = abi_values()
    path = twins.abi(tmp_path / "a.nc", raw, dqf, emissive=False)
    field = read_slice(path).field
    expected = np.where((raw == 4095) | (dqf > 1), np.nan, (raw * 0.01 - 1.0) * twins.KAPPA0)
    np.testing.assert_allclose(field.values, expected, rtol=1e-5, atol=1e-7)
    assert (field.name, field.units) == ("reflectance, band 1", "1")
    assert field.pixel_km == pytest.approx((5.6e-8 * twins.HEIGHT,) * 2, rel=1e-4)  # metres of y fall: north is up
    assert describe(path, "Rad")["missing"] == np.count_nonzero(np.isnan(expected))
    assert read_slice(path, "DQF").field.values[1, 3] == 3  # the flags themselves are not masked by the flags


def test_level_2_imagery_is_only_masked_by_its_flags(tmp_path: Path) -> None:
    raw, dqf = abi_values()
    path = twins.abi(tmp_path / "a.nc", raw, dqf, emissive=True)
    with h5py.File(path, "a") as file:
        file.move("Rad", "CMI")
        file["CMI"].attrs["units"] = "K"
        file.attrs["title"] = "ABI L2 Cloud and Moisture Imagery"
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, np.where((raw == 4095) | (dqf > 1), np.nan, raw * 0.01 - 1.0), rtol=1e-5)
    assert (field.name, field.units) == ("CMI", "K")


@needs_files
def test_a_real_abi_file_by_hand_over_the_whole_field() -> None:
    path = next((SHARED / "h5").glob("OR_ABI*"))
    with h5py.File(path) as file:
        raw, dqf = file["Rad"][...].view(np.uint16), file["DQF"][...]
        scale, offset = (np.float64(file["Rad"].attrs[name][0]) for name in ("scale_factor", "add_offset"))
        kappa = np.float64(file["kappa0"][()])
        extent = dict(file["geospatial_lat_lon_extent"].attrs)
    field = read_slice(str(path)).field
    expected = np.where((raw > 1022) | np.isin(dqf, (2, 3)), np.nan, (raw * scale + offset) * kappa)
    np.testing.assert_allclose(field.values, expected, rtol=1e-5, atol=1e-6)
    x = field.coords["x"].astype(np.float64)
    north, south = (fixed_grid_latitude(field.coords["y"][rows, None], x) for rows in (slice(20), slice(-20, None)))
    np.testing.assert_array_equal(np.isnan(field.values[:20]), np.isnan(north))  # missing where the Earth ends
    assert np.nanmax(north) == pytest.approx(float(extent["geospatial_northbound_latitude"][0]), abs=0.2)
    assert np.nanmin(south) == pytest.approx(float(extent["geospatial_southbound_latitude"][0]), abs=0.2)


def fixed_grid_latitude(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Latitude of fixed grid metres, GOES-R PUG volume 3, 5.1.2.8.1, for the axis in the field of view."""
    height, major, minor = twins.HEIGHT, 6378137.0, 6356752.31414
    total, y, x = height + major, y / height, x / height
    a = np.sin(x) ** 2 + np.cos(x) ** 2 * (np.cos(y) ** 2 + (major / minor) ** 2 * np.sin(y) ** 2)
    b, c = -2 * total * np.cos(x) * np.cos(y), total**2 - major**2
    with np.errstate(invalid="ignore"):
        r = (-b - np.sqrt(b**2 - 4 * a * c)) / (2 * a)
    sx, sy, sz = r * np.cos(x) * np.cos(y), -r * np.sin(x) * np.ones_like(y), r * np.cos(x) * np.sin(y)
    return np.degrees(np.arctan((major / minor) ** 2 * sz / np.hypot(total - sx, sy)))


# --- VIIRS -----------------------------------------------------------------------------------------------------------


def test_viirs_lines_are_scaled_by_the_factors_of_their_granule(tmp_path: Path) -> None:
    raw = (ramp(16, 12) * 100).astype(np.uint16)
    raw[5, :8] = np.arange(65528, 65536)
    path = twins.viirs(tmp_path / "a.h5", raw, [0.01, 150.0, 0.02, 100.0])
    got = read_slice(path)
    scale = np.repeat([0.01, 0.02], 8)[:, None]
    offset = np.repeat([150.0, 100.0], 8)[:, None]
    expected = np.where(raw > 65527, np.nan, raw * scale + offset)
    np.testing.assert_allclose(got.field.values, expected[::-1], rtol=1e-6)  # its first line lies in the south
    assert (reader_name(path), got.dataset.rsplit("/", 1)[1]) == ("viirs", "BrightnessTemperature")
    assert (got.field.units, got.field.dims) == ("K", ("line", "pixel"))
    assert got.field.notes == ("Scaled by the factors of 2 granules.",)
    assert np.isnan(got.field.coords["latitude"]).sum() == 1
    assert got.field.pixel_km == pytest.approx((1.112, 2.19), rel=1e-2)
    assert describe(path, got.dataset)["max"] == pytest.approx(np.nanmax(expected))


def test_viirs_granules_without_factors_are_missing_and_odd_factors_are_said(tmp_path: Path) -> None:
    raw = (ramp(16, 12) * 100).astype(np.uint16)
    values = read_slice(twins.viirs(tmp_path / "a.h5", raw, [-999.3, -999.3, 0.02, 100.0])).field.values
    assert np.isnan(values[8:]).all() and not np.isnan(values[:8]).any()
    field = read_slice(twins.viirs(tmp_path / "b.h5", raw, [0.01, 1.0] * 3)).field
    assert "not applied" in field.notes[0]
    np.testing.assert_array_equal(field.values, raw[::-1])


def test_viirs_floats_need_no_factors(tmp_path: Path) -> None:
    raw = ramp(16, 12) + 200
    raw[2, 2] = -999.5
    field = read_slice(twins.viirs(tmp_path / "a.h5", raw, None, "Radiance", "DNB")).field
    np.testing.assert_array_equal(field.values, np.where(raw < -999, np.nan, raw)[::-1])
    assert field.units == "W cm-2 sr-1"


# --- sea surface temperature, Sentinel -------------------------------------------------------------------------------


def test_the_temperature_comes_first_and_its_quality_levels_are_said(tmp_path: Path) -> None:
    sst = ramp(10, 12, np.int16)
    sst[0, :] = -32768
    level = np.full((10, 12), 5, np.int8)
    level[1:4] = 2
    path = twins.ghrsst(tmp_path / "a.nc", sst, level)
    got = read_slice(path)
    assert (reader_name(path), got.dataset) == ("ghrsst", "/sea_surface_temperature")
    np.testing.assert_allclose(got.field.values, np.where(sst < 0, np.nan, sst * 0.01 + 273.15), rtol=1e-6)
    assert got.field.notes == ("quality_level of the 108 values: 5 (best): 67 %, 2 (worst): 33 %; all are shown.",)
    assert not read_slice(path, "analysis_wind").field.notes


def test_tropomi_says_what_its_quality_recommends(tmp_path: Path) -> None:
    values, qa = ramp(10, 12), np.full((10, 12), 100, np.uint8)
    values[0, 0], qa[1], qa[2] = 9.96921e36, 60, 10
    path = twins.tropomi(tmp_path / "a.nc", values, qa)
    got = read_slice(path)
    assert (reader_name(path), got.dataset) == ("sentinel5p", "/PRODUCT/nitrogendioxide_tropospheric_column")
    np.testing.assert_array_equal(got.field.values[:-1], values[:0:-1])  # scanlines run northward
    assert np.isnan(got.field.values[-1, 0])
    assert got.field.notes[0] == "qa_value exceeds 0.75 for 80 % and 0.5 for 90 % of the 119 values; all are shown."
    assert got.field.coords["latitude"].shape == (10, 12)


@pytest.mark.parametrize(
    ("name", "beside", "end"),
    [("Oa01_radiance", "geo_coordinates.nc", ""), ("S8_BT_in", "geodetic_in.nc", "_in")],
)
def test_sentinel_3_finds_its_coordinates_beside_it(tmp_path: Path, name: str, beside: str, end: str) -> None:
    path = twins.sentinel3(tmp_path, ramp(), name, beside, end)
    field = read_slice(path).field
    np.testing.assert_array_equal(field.values, ramp()[::-1])
    np.testing.assert_allclose(field.coords["latitude"][:, 0], 0.1 * np.arange(10)[::-1], atol=1e-6)
    assert (reader_name(path), field.notes[0]) == (
        "sentinel3", f"Latitude and longitude are those of {beside} beside it.",
    )  # fmt: skip
    (tmp_path / beside).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99))  # a damaged neighbour costs only the coordinates
    np.testing.assert_array_equal(read_slice(path).field.values, ramp())
    (tmp_path / beside).unlink()
    assert read_slice(path).field.notes[0] == f"Latitude and longitude lie in {beside}, which is not beside it."


# --- MATLAB ----------------------------------------------------------------------------------------------------------


def test_matlab_is_shown_as_matlab_shows_it(tmp_path: Path) -> None:
    matrix = np.stack([ramp(), ramp() + 1000], axis=-1).astype(np.float64)  # A(10, 12, 2)
    path = twins.matlab(tmp_path / "a.mat", matrix)
    got = read_slice(path, "A", [1])
    np.testing.assert_array_equal(got.field.values, matrix[:, :, 1])
    assert (reader_name(path), got.other_dims, got.field.dims) == ("matlab", (("dimension 3", 2),), ("row", "column"))
    assert "MATLAB" in got.field.notes[0]
    stack = read_stack(path, "A", axes=got.axes, index=got.index, dim=0, region=Region(1, 2, 8, 9))
    np.testing.assert_array_equal(stack, np.moveaxis(matrix, -1, 0)[:, 1:9, 2:11])


def test_channels_before_the_picture_are_no_side_of_it_in_matlab(tmp_path: Path) -> None:
    matrix = np.stack([ramp(), ramp() + 1000])  # A(2, 10, 12)
    np.testing.assert_array_equal(
        read_slice(twins.matlab(tmp_path / "a.mat", matrix), "A", [0]).field.values, matrix[0]
    )


def test_vectors_of_latitude_turn_a_matlab_array_north_up(tmp_path: Path) -> None:
    path = twins.matlab(tmp_path / "a.mat", ramp(12, 10), lon=np.arange(12.0), lat=np.arange(10.0))  # A(lon, lat)
    field = read_slice(path, "A").field
    np.testing.assert_array_equal(field.values, ramp(12, 10).T[::-1])
    assert not field.notes


def test_planes_of_latitude_lie_on_the_pixels_of_a_square_matlab_array(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(60.0 - np.arange(12), 5.0 + np.arange(12), indexing="ij")
    path = twins.matlab(tmp_path / "a.mat", ramp(12, 12))
    with h5py.File(path, "a") as file:
        for name, plane in (("lat", lat), ("lon", lon)):
            file[name] = plane.T
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
    field = read_slice(path, "A").field
    np.testing.assert_array_equal(field.values, ramp(12, 12))
    np.testing.assert_array_equal(field.coords["latitude"], lat)
    np.testing.assert_array_equal(field.coords["longitude"], lon)


ROLES = ("latitude", "longitude")


@pytest.mark.parametrize("family", ["viirs", "sentinel3"])
def test_swapped_axes_take_the_places_of_a_swath_along(tmp_path: Path, family: str) -> None:
    """Where latitude and longitude lie in a group or a file of their own."""
    if family == "viirs":
        path = twins.viirs(tmp_path / "a.h5", ramp(12, 12, np.uint16), (0.01, 180.0))
    else:
        path = twins.sentinel3(tmp_path, ramp(12, 12), "Oa08_radiance", "geo_coordinates.nc")
    straight, swapped = (read_slice(path, axes=axes).field for axes in ((0, 1), (1, 0)))
    places = [
        {
            float(value): (round(float(lat), 3), round(float(lon), 3))
            for value, lat, lon in zip(f.values.flat, *(f.coords[name].flat for name in ROLES), strict=True)
            if np.isfinite(lat)
        }
        for f in (straight, swapped)
    ]
    assert places[0] == places[1] and len(places[0]) > 100


def test_matlab_text_and_empty_arrays_are_no_pictures(tmp_path: Path) -> None:
    path = twins.matlab(tmp_path / "a.mat", ramp())
    nodes = {node.name: node for node in list_group(path)}
    assert nodes["words"].why == "Its values are text, not numbers."
    assert "empty array of MATLAB" in nodes["nothing"].why
    assert [node.name for node in find_plottable(path)] == ["A"]


@needs_files
def test_a_real_matlab_file_holds_the_tasman_sea_of_the_pack() -> None:
    pack = SHARED / "packs" / "oisst_tasman_daily.h5"
    if not pack.is_file():
        pytest.skip("the pack is not there")
    with h5py.File(pack) as file:
        day = int(np.flatnonzero(file["time"][...] == 10227)[0])  # 1 January 1998
        north_up = np.where(file["sst"][day] == file["sst"].attrs["_FillValue"], np.nan, file["sst"][day] * 0.01)[::-1]
    got = read_slice(str(SHARED / "h5" / "sst_1998.mat"), index=[0])
    turned = got.field.values.T[::-1]  # in MATLAB it is (longitude, latitude, time), from the south: swapped, it agrees
    np.testing.assert_allclose(turned, north_up, atol=1e-5)


# --- models ----------------------------------------------------------------------------------------------------------


def by_rotation(rlat: float, rlon: float, pole_lat: float, pole_lon: float) -> tuple[float, float]:
    """A place of a rotated grid by turning vectors: tilt the pole down, then turn it to its meridian."""
    b, along = np.radians([rlat, rlon])
    vector = np.array([np.cos(b) * np.cos(along), np.cos(b) * np.sin(along), np.sin(b)])
    tilt, turn = np.radians([90.0 - pole_lat, pole_lon + 180.0])
    # the rotated pole leans away from the meridian of rlon = 0
    lean = np.array([[np.cos(tilt), 0, -np.sin(tilt)], [0, 1, 0], [np.sin(tilt), 0, np.cos(tilt)]])
    spin = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    x, y, z = spin @ lean @ vector
    return float(np.degrees(np.arcsin(z))), float(np.degrees(np.arctan2(y, x)))


@pytest.mark.parametrize("pole", [(37.5, 177.5), (39.25, -162.0), (90.0, 180.0), (-10.0, 20.0)])
def test_a_rotated_grid_by_vectors(pole: tuple[float, float]) -> None:
    rlat, rlon = np.meshgrid(np.linspace(-80, 80, 9), np.linspace(-170, 170, 9), indexing="ij")
    lat, lon = unrotated(rlat, rlon, *pole)
    for i in np.ndindex(rlat.shape):
        by_hand = by_rotation(float(rlat[i]), float(rlon[i]), *pole)
        assert lat[i] == pytest.approx(by_hand[0], abs=1e-9)
        assert (lon[i] - by_hand[1] + 180) % 360 - 180 == pytest.approx(0, abs=1e-7)


def test_a_rotated_pole_knows_its_places(tmp_path: Path) -> None:
    path = twins.rotated(tmp_path / "a.nc", ramp(11, 13), (37.5, 177.5))
    field = read_slice(path).field
    np.testing.assert_array_equal(field.values, ramp(11, 13)[::-1])
    assert (reader_name(path), set(field.coords)) == ("rotated_pole", {"latitude", "longitude", "y", "x"})
    assert field.coords["latitude"][5, 6] == pytest.approx(52.5)  # rotated (0, 0): 90 degrees from the pole
    assert field.coords["longitude"][5, 6] == pytest.approx(-2.5)
    assert field.pixel_km == pytest.approx((111.195, 111.195), rel=1e-3)


def test_a_curvilinear_ocean_is_north_up(tmp_path: Path) -> None:
    values = ramp(11, 12)
    values[4, 4] = 1e20
    field = read_slice(twins.nemo(tmp_path / "a.nc", values)).field
    np.testing.assert_array_equal(field.values, np.where(values > 1e19, np.nan, values)[::-1])
    assert field.coords["latitude"][0].mean() > field.coords["latitude"][-1].mean()


def test_altimetry_is_north_up_in_metres(tmp_path: Path) -> None:
    adt = (ramp(10, 12) * 10).astype(np.int32)
    adt[0, 0] = -2147483648
    field = read_slice(twins.altimetry(tmp_path / "a.nc", adt)).field
    np.testing.assert_allclose(field.values, np.where(adt < 0, np.nan, adt * 1e-4)[::-1], rtol=1e-6)
    assert (field.units, field.coords["latitude"][0]) == ("m", 9.125)


def test_a_mesh_is_no_picture_and_says_what_to_do(tmp_path: Path) -> None:
    path = twins.ugrid(tmp_path / "a.nc")
    assert read_slice(path).dataset == "/overview"
    with pytest.raises(UserError, match=r"unstructured mesh.*cdo remapnn"):
        read_slice(path, "water_level")
    with h5py.File(path, "r+") as file:
        del file["overview"]
    with pytest.raises(UserError, match="lies on an unstructured mesh") as nothing_else:
        read_slice(path)
    assert "cdo remapnn" in nothing_else.value.hint


# (file, dataset, latitude, longitude, least and greatest value there in the units of the file; None: land, missing)
PLACES = [
    ("dt_med_allsat_phy_l4_2005T2.nc", "adt", 45.0, 10.0, None),  # the plain of the Po
    ("dt_med_allsat_phy_l4_2005T2.nc", "adt", 36.0, 18.0, (-0.5, 0.5)),  # the Ionian Sea
    ("nemo_1m_20150101-20150201_grid-T.nc", "tos", 20.0, 10.0, None),  # the Sahara
    ("nemo_1m_20150101-20150201_grid-T.nc", "tos", 0.0, -150.0, (24.0, 31.0)),  # the Pacific on the equator
    ("nemo_1m_20150101-20150201_grid-T.nc", "tos", -65.0, 0.0, (-2.0, 3.0)),  # the Southern Ocean
    ("orca2_votemper.nc", "votemper", 60.0, -30.0, (3.0, 10.0)),
    ("orca2_votemper.nc", "votemper", 0.0, -150.0, (24.0, 31.0)),
    ("orca2_votemper.nc", "votemper", -65.0, 0.0, (-2.0, 3.0)),
    ("era5_1995-07-14T12.nc", "sp", 39.5, -106.0, (60000.0, 80000.0)),  # the Rocky Mountains
    ("coads_climatology_subset.nc", "SST", 20.0, 10.0, None),
    ("coads_climatology_subset.nc", "SST", 1.0, -149.0, (24.0, 31.0)),
    ("woa18_decav_t01_04.nc", "t_an", None, None, (-3.0, 33.0)),
]  # fmt: skip


@needs_files
@pytest.mark.parametrize(("name", "dataset", "latitude", "longitude", "limits"), PLACES)
def test_known_places_lie_where_they_should(
    name: str, dataset: str, latitude: float | None, longitude: float | None, limits: tuple[float, float] | None
) -> None:
    field = read_slice(str(SHARED / "h5" / name), dataset).field
    lat, lon = field.coords["latitude"], field.coords["longitude"]
    if lat.ndim == 1:
        lat, lon = np.meshgrid(lat, lon, indexing="ij")
    at = (latitude, longitude) if latitude is not None else (float(lat[0, 0]), float(lon[0, 0]))
    east = (lon - at[1] + 180) % 360 - 180
    distance = np.hypot(lat - at[0], east * np.cos(np.radians(at[0])))
    nearest = np.unravel_index(np.nanargmin(distance), distance.shape)
    assert distance[nearest] < 2.0  # degrees: the place is on the map
    value = field.values[nearest]
    assert np.isnan(value) if limits is None else limits[0] < value < limits[1]
    filled = np.isfinite(lat).any(axis=1)
    assert np.nanmean(lat[filled][0]) > np.nanmean(lat[filled][-1])
