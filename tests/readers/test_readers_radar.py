"""ODIM_H5 and KNMI radar files: hand calculation of whole fields, on twins and on real files."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from readers_twins import SHARED

from diffview.fields.earth_map import coastlines
from diffview.fields.radar import Site
from diffview.readers.describe import describe
from diffview.readers.places import read_map
from diffview.readers.slices import read_slice
from diffview.readers.tree import find_plottable

RAW = (np.arange(12 * 20) % 256).astype(np.uint8).reshape(12, 20)
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real files is not there")


def odim(path: Path, quantity: str, raw: Any, where: dict[str, Any], **what: Any) -> str:
    """An ODIM_H5 file with one array; gain and offset stand one level above the quantity."""
    with h5py.File(path, "w") as file:
        file.attrs["Conventions"] = np.bytes_("ODIM_H5/V2_2")
        file["dataset1/data1/data"] = raw
        file.create_group("dataset1/data1/what").attrs["quantity"] = np.bytes_(quantity)
        file.create_group("dataset1/what").attrs.update(what)
        file.create_group("dataset1/how")
        file.create_group("where").attrs.update(where)
        file["dataset1/data1/quality1/data"] = raw
        file.create_group("dataset1/data1/quality1/what").attrs["gain"] = 1 / 255
    return str(path)


COMPOSITE = {"projdef": np.bytes_("+proj=stere"), "xscale": 2000.0, "yscale": 1000.0, "xsize": 20, "ysize": 12}
SWEEP = {"nbins": 20, "nrays": 12, "rscale": 250.0, "rstart": 1.0, "elangle": 0.5, "lat": 50.0, "lon": 5.0}


@pytest.mark.parametrize(
    ("quantity", "units", "offset", "no_echo"),
    [
        ("RATE", "mm/h", 0.0, 0.0),
        ("ACRR", "mm", 0.0, 0.0),
        ("DBZH", "dBZ", -32.5, -32.0),  # 10 * 0.5 - 32.5 is -27.5: the code itself is a reflectivity
        ("TH", "dBZ", 40.0, -32.0),  # 45 dBZ cannot mean that there was no echo
        ("VRADH", "m/s", -60.0, np.nan),
        ("QIND", "1", 0.0, np.nan),
        ("SOMETHING", "", 0.0, np.nan),
    ],
)
def test_no_data_is_missing_and_no_echo_is_not(
    tmp_path: Path, quantity: str, units: str, offset: float, no_echo: float
) -> None:
    path = odim(tmp_path / "a.h5", quantity, RAW, COMPOSITE, gain=0.5, offset=offset, nodata=20.0, undetect=10.0)
    field = read_slice(path, "dataset1/data1/data").field
    expected = RAW * 0.5 + offset
    expected[RAW == 20] = np.nan
    expected[RAW == 10] = -27.5 if quantity == "DBZH" else no_echo
    np.testing.assert_allclose(field.values, expected, rtol=1e-6)
    assert (field.name, field.units) == (quantity, units)
    assert any(note.startswith("No echo is shown as") for note in field.notes)


def test_a_composite_is_north_up_with_pixels_in_km(tmp_path: Path) -> None:
    path = odim(tmp_path / "a.h5", "RATE", RAW, COMPOSITE, gain=1.0, offset=0.0, nodata=255.0, undetect=254.0)
    field = read_slice(path).field
    np.testing.assert_array_equal(field.values, RAW)  # row 0 of the file is the northern edge
    assert (field.dims, field.pixel_km) == (("y", "x"), (1.0, 2.0))
    np.testing.assert_allclose(field.coords["y"][[0, -1]], [11500.0, 500.0])
    np.testing.assert_allclose(field.coords["x"][[0, -1]], [1000.0, 39000.0])


def test_a_quality_field_inherits_neither_gain_nor_codes(tmp_path: Path) -> None:
    path = odim(tmp_path / "a.h5", "DBZH", RAW, COMPOSITE, gain=0.5, offset=-32.0, nodata=20.0, undetect=10.0)
    field = read_slice(path, "dataset1/data1/quality1/data").field
    np.testing.assert_allclose(field.values, RAW / 255, rtol=1e-6)
    assert (field.name, field.units) == ("quality", "")


def test_one_code_for_both_is_no_echo_and_said(tmp_path: Path) -> None:
    path = odim(tmp_path / "a.h5", "DBZH", RAW, SWEEP, gain=0.5, offset=-32.0, nodata=0.0, undetect=0.0)
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, RAW * 0.5 - 32.0)
    assert "No echo is shown as -32 dBZ (the file has one code for no echo and no data)." in field.notes


def test_a_sweep_has_azimuths_and_ranges(tmp_path: Path) -> None:
    path = odim(tmp_path / "a.h5", "DBZH", RAW, SWEEP, gain=0.5, offset=-32.0, nodata=255.0, undetect=0.0)
    field = read_slice(path).field
    assert field.dims == ("azimuth", "range")
    np.testing.assert_allclose(field.coords["azimuth"], np.arange(12) * 30.0 + 15.0)
    np.testing.assert_allclose(field.coords["range"], 1000.0 + 250.0 * (np.arange(20) + 0.5))
    assert field.pixel_km is None  # a ray grows wider with range
    assert "The elevation of this sweep is 0.5 degrees." in field.notes
    with h5py.File(path, "r+") as file:
        start = (np.arange(12) * 30.0 - 10.0) % 360.0  # the first ray lies across north
        file["dataset1/how"].attrs.update({"startazA": start, "stopazA": (start + 30.0) % 360.0})
    np.testing.assert_allclose(read_slice(path).field.coords["azimuth"], (start + 15.0) % 360.0)


def test_the_gates_of_a_sweep_lie_on_earth(tmp_path: Path) -> None:
    raw = np.zeros((360, 400), np.uint8)
    raw[::2] = 50
    where = {"nbins": 400, "nrays": 360, "rscale": 500.0, "rstart": 0.0, "elangle": 2.0, "lat": 50.0, "lon": 5.0}
    path = odim(tmp_path / "a.h5", "DBZH", raw, {**where, "height": 200.0}, gain=0.5, offset=-32.0, undetect=0.0)
    field, place = read_slice(path).field, read_map(path, "dataset1/data1/data", (0, 1))
    assert place is not None and place.units == "sweep"
    far = 4 / 3 * 6371e3 * np.arcsin(99750 * np.cos(np.radians(2)) / (4 / 3 * 6371e3 + beam_height(99750, 2.0, 200.0)))
    for row, (north, east) in {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}.items():  # half a degree further
        angle = np.radians(row + 0.5)
        latitude, longitude = place.at(row + 0.5, 199.5)
        assert abs(latitude - 50 - np.cos(angle) * far / 111.23e3) < 0.01  # a degree of latitude at 50 N: 111.23 km
        assert abs(longitude - 5 - np.sin(angle) * far / 71.70e3) < 0.02  # of longitude: 71.70 km
        assert np.sign(latitude - 50).round() == north or east
    np.testing.assert_allclose(place.x[[0, -1]], [0.25, 199.75])
    np.testing.assert_allclose(place.y[[0, -1]], [0.5, 359.5])
    assert len(place.coast), "the North Sea is within 200 km"
    rows, columns = (line[np.isfinite(line)] for line in place.coast.T)
    assert rows.min() >= 0 and rows.max() <= 360 and columns.min() >= 0 and columns.max() <= 400
    vertex = place.coast[np.isfinite(place.coast[:, 0])][0]
    latitude, longitude = place.at(*vertex)
    ours = np.array([latitude, longitude])
    assert np.nanmin(np.abs(coastlines() - ours).max(axis=1)) < 0.02, "where a coast is drawn there is one"
    assert "gates are 500 m long, rays 1° and at the far end 3.5 km apart" in field.notes[-1]
    turned = read_slice(path, axes=(1, 0))
    assert turned.field.coords == {} and read_map(path, "dataset1/data1/data", (1, 0)) is None
    assert "shown by index" in turned.field.notes[-1]


def beam_height(r: float, elevation: float, h: float) -> float:
    """Above the sea, by the law of cosines in the triangle of radar, gate and middle of the effective Earth."""
    radius = 4 / 3 * 6371e3
    return float(np.sqrt(r**2 + (radius + h) ** 2 + 2 * r * (radius + h) * np.sin(np.radians(elevation))) - radius)


def test_a_site_finds_its_gates_again() -> None:
    site = Site(-27.7, 153.2, 175.0, 0.5)
    azimuth, ranges = np.arange(0.0, 360.0, 7.0), np.array([1e3, 5e4, 1.5e5])
    back = site.polar(*site.geographic(azimuth, ranges))
    np.testing.assert_allclose(back[0], np.broadcast_to(azimuth[:, None], back[0].shape), atol=1e-6)
    np.testing.assert_allclose(back[1], np.broadcast_to(site.ground(ranges), back[1].shape), rtol=1e-9)
    assert np.isnan(site.polar(np.array([np.nan]), np.array([0.0]))).all()


@pytest.mark.parametrize("lost", ["lat", "lon", "elangle"])
def test_a_sweep_without_a_site_has_no_place(tmp_path: Path, lost: str) -> None:
    where = {name: value for name, value in SWEEP.items() if name != lost}
    path = odim(tmp_path / "a.h5", "DBZH", RAW, where, gain=0.5, offset=-32.0, undetect=0.0)
    assert read_map(path, "dataset1/data1/data", (0, 1)) is None
    assert set(read_slice(path).field.coords) == {"azimuth", "range"}


def test_floating_codes_and_a_file_known_by_its_version(tmp_path: Path) -> None:
    values = np.linspace(0, 5, 240).reshape(12, 20)
    values[0, :5], values[1, :5] = -9999000.0, -8888000.0
    path = odim(tmp_path / "a.h5", "RATE", values, COMPOSITE, nodata=-9999000.0, undetect=-8888000.0)
    with h5py.File(path, "r+") as file:
        del file.attrs["Conventions"]
        file.create_group("what").attrs["version"] = np.bytes_("H5rad 2.0")
    expected = values.copy()
    expected[0, :5], expected[1, :5] = np.nan, 0.0
    np.testing.assert_allclose(read_slice(path).field.values, expected, rtol=1e-6)
    facts = describe(path, "dataset1/data1/data")
    assert (facts["units"], facts["dims"], facts["missing"], facts["min"]) == ("mm/h", ["y", "x"], 5, 0.0)
    node = next(node for node in find_plottable(path) if node.path == "/dataset1/data1/data")
    assert (node.long_name, node.units, node.dims) == ("RATE", "mm/h", ("y", "x"))


# --- KNMI ------------------------------------------------------------------------------------------------------------


def knmi(path: Path, formula: str, parameter: str = "REFLECTIVITY_[DBZ]") -> str:
    raw = RAW.astype(np.uint16)
    raw[0], raw[1, 0] = 65535, 65534
    with h5py.File(path, "w") as file:
        file.create_group("overview").attrs["product_group_name"] = np.bytes_("RAD_NL25_PCP_NA")
        file["image1/image_data"] = raw
        file["image1"].attrs["image_geo_parameter"] = np.bytes_(parameter)
        file.create_group("image1/calibration").attrs.update({
            "calibration_formulas": np.bytes_(formula),
            "calibration_missing_data": [65534], "calibration_out_of_image": [65535],
        })  # fmt: skip
        file.create_group("geographic").attrs.update({
            "geo_pixel_size_x": [2.5], "geo_pixel_size_y": [-2.5], "geo_column_offset": [0.0],
            "geo_row_offset": [1490.9],
        })  # fmt: skip
    return str(path)


@pytest.mark.parametrize(
    ("formula", "slope", "offset"),
    [("GEO=0.5*PV-32.0", 0.5, -32.0), ("GEO = 0.01*PV+0.0", 0.01, 0.0), ("GEO=2*PV", 2.0, 0.0),
     ("GEO=0.500000*PV+-31.500000", 0.5, -31.5), ("GEO=1e-2*PV+1E1", 0.01, 10.0)],
)  # fmt: skip
def test_the_calibration_formula_of_knmi(tmp_path: Path, formula: str, slope: float, offset: float) -> None:
    field = read_slice(knmi(tmp_path / "a.h5", formula)).field
    expected = RAW * slope + offset
    expected[0] = expected[1, 0] = np.nan
    np.testing.assert_allclose(field.values, expected, rtol=1e-6)
    assert (field.name, field.units, field.pixel_km) == ("reflectivity", "dBZ", (2.5, 2.5))
    np.testing.assert_allclose(field.coords["y"][:2], [-(1490.9 + 0.5) * 2.5, -(1490.9 + 1.5) * 2.5])


def test_a_formula_that_cannot_be_read_is_said_and_takes_the_units_away(tmp_path: Path) -> None:
    field = read_slice(knmi(tmp_path / "a.h5", "GEO=PV^2")).field
    assert field.units == ""
    assert "The calibration formula cannot be read: stored values are shown." in field.notes


# --- real files ------------------------------------------------------------------------------------------------------


def one(pattern: str) -> str:
    return str(next((SHARED / "h5").glob(pattern)))


@real
def test_the_composite_of_opera() -> None:
    path = one("T_PAAH21*")
    with h5py.File(path) as file:
        raw = file["dataset1/data1/data"][...]
    picture = read_slice(path)
    expected = np.where(raw == -9999000.0, np.nan, np.where(raw == -8888000.0, 0.0, raw))
    np.testing.assert_allclose(picture.field.values, expected, rtol=1e-6)
    assert picture.dataset == "/dataset1/data1/data"
    assert (picture.field.units, picture.field.pixel_km) == ("mm/h", (2.0, 2.0))


def laea_place(lat: float, lon: float, lat_0: float, lon_0: float) -> tuple[float, float]:
    """(x, y) in m on a sphere: Lambert azimuthal equal-area, Snyder 24-2 to 24-4."""
    phi, phi_0, lam = np.radians([lat, lat_0, lon - lon_0])
    k = np.sqrt(2 / (1 + np.sin(phi_0) * np.sin(phi) + np.cos(phi_0) * np.cos(phi) * np.cos(lam)))
    x = k * np.cos(phi) * np.sin(lam)
    y = k * (np.cos(phi_0) * np.sin(phi) - np.sin(phi_0) * np.cos(phi) * np.cos(lam))
    return 6371e3 * float(x), 6371e3 * float(y)


@real
@pytest.mark.parametrize(
    ("lat", "lon", "seen"),
    [(47.3, 8.5, True), (51.0, 10.0, True), (64.1, -21.9, True), (65.0, -28.0, False), (52.0, -15.0, False)],
    ids=["Zurich", "Thuringia", "Reykjavik", "west of Iceland", "Atlantic"],
)
def test_the_composite_of_opera_lies_where_its_radars_are(lat: float, lon: float, seen: bool) -> None:
    """The radars named in the file are Swiss, German, Icelandic ...; none stands in the Atlantic."""
    field = read_slice(one("T_PAAH21*")).field
    x, y = laea_place(lat, lon, 55.0, 10.0)
    row = int(np.abs(field.coords["y"] - (4.4e6 - 2.1e6 + y)).argmin())
    column = int(np.abs(field.coords["x"] - (x + 1.95e6)).argmin())
    around = field.values[row - 5 : row + 6, column - 5 : column + 6]
    assert bool(np.isfinite(around).mean() > 0.9) is seen


@real
@pytest.mark.parametrize("dataset", [1, 7, 14])
def test_the_sweeps_of_brisbane(dataset: int) -> None:
    path = one("IDR66*")
    with h5py.File(path) as file:
        raw = file[f"dataset{dataset}/data1/data"][...]
    field = read_slice(path, f"dataset{dataset}/data1/data").field
    np.testing.assert_allclose(field.values, raw * 0.5 - 32.0)
    np.testing.assert_allclose(field.coords["azimuth"], np.arange(360.0))
    np.testing.assert_allclose(field.coords["range"][[0, -1]], [125.0, 149875.0])
    assert (field.name, field.units) == ("DBZH", "dBZ")


@real
@pytest.mark.parametrize(
    ("data", "name", "offset", "undetect", "no_echo"),
    [(1, "DBZH", -40.0, 0, -40.0), (2, "TH", -40.0, 0, -40.0), (3, "VRADH", -60.0, 254, np.nan)],
)
def test_the_sweep_of_avesnes(data: int, name: str, offset: float, undetect: int, no_echo: float) -> None:
    path = one("T_PAZA63*")
    with h5py.File(path) as file:
        raw = file[f"dataset1/data{data}/data"][...]
    field = read_slice(path, f"dataset1/data{data}/data").field
    expected = np.where(raw == 255, np.nan, np.where(raw == undetect, no_echo, raw * 0.5 + offset))
    np.testing.assert_allclose(field.values, expected)
    np.testing.assert_allclose(field.coords["azimuth"], np.arange(360.0))
    assert field.name == name


def stereographic(lat: float, lon: float) -> tuple[float, float]:
    """(x, y) in km: polar stereographic, true at 60 N, on the ellipsoid of the file: Snyder 15-9, 21-33 and 21-34."""
    a, b = 6378.137, 6356.752
    e = np.sqrt(1 - (b / a) ** 2)

    def t(phi: float) -> float:
        twist = ((1 - e * np.sin(phi)) / (1 + e * np.sin(phi))) ** (e / 2)
        return float(np.tan(np.pi / 4 - phi / 2) / twist)

    phi, lam, true = np.radians([lat, lon, 60.0])
    r = a * np.cos(true) / np.sqrt(1 - (e * np.sin(true)) ** 2) * t(phi) / t(true)
    return float(r * np.sin(lam)), float(-r * np.cos(lam))


@real
def test_the_composite_of_knmi_is_a_circle_around_de_bilt() -> None:
    """Only that radar contributes; it sees 200 km, 209 km on this projection."""
    path = one("RAD_NL25*")
    with h5py.File(path) as file:
        raw = file["image1/image_data"][...]
        lon, lat = file["radar1"].attrs["radar_location"]
        corners = file["geographic"].attrs["geo_product_corners"]  # (lon, lat) from the lower left one, clockwise
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, np.where(raw == 65535, np.nan, raw * 0.01), rtol=1e-6)
    assert (field.units, field.pixel_km) == ("mm", (1.0, 1.0))
    x, y = stereographic(float(lat), float(lon))
    distance = np.hypot(field.coords["x"][None, :] - x, field.coords["y"][:, None] - y)
    assert np.isfinite(field.values[distance < 206]).all()
    assert np.isnan(field.values[distance > 212]).all()
    upper_left, lower_right = (stereographic(float(corners[i + 1]), float(corners[i])) for i in (2, 6))
    ends = [
        (field.coords["x"][0] - 0.5, field.coords["y"][0] + 0.5),
        (field.coords["x"][-1] + 0.5, field.coords["y"][-1] - 0.5),
    ]
    np.testing.assert_allclose(ends, [upper_left, lower_right], atol=0.2)
