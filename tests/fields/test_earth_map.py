"""Where pixels lie on Earth: each of the three kinds of coordinates against the others, and against real coasts."""

from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pyproj
import pytest
from readers_twins import SHARED, attach, write
from scipy.ndimage import binary_dilation

from diffview.fields.earth_map import EarthMap, coastlines, map_of, position, unit_vectors
from diffview.readers.places import read_map
from diffview.readers.slices import read_slice

STEREO = "+proj=stere +lat_0=90 +lon_0=-35 +R=6371000"
NY, NX = 80, 120


def stereographic(ny=NY, nx=NX, step=40e3):
    """(y, x) in metres of a picture from Greenland to Spain."""
    return -1e6 - np.arange(ny) * step, -1e6 + np.arange(nx) * step


def degrees_of(y, x):
    grid_y, grid_x = np.meshgrid(y, x, indexing="ij")
    turn = pyproj.Transformer.from_crs(pyproj.CRS(STEREO).geodetic_crs, STEREO, always_xy=True)
    lon, lat = turn.transform(grid_x, grid_y, direction="INVERSE")
    return lat, lon


def test_a_side_is_read_backwards_and_beyond_its_ends():
    side = np.array([40.0, 30.0, 10.0])
    np.testing.assert_allclose(position(np.array([40.0, 35.0, 20.0, 10.0, 45.0, -10.0]), side),
                               [0.5, 1.0, 2.0, 2.5, 0.0, 3.5])  # fmt: skip


def test_a_regular_grid_tells_every_place_and_passes_the_date_line():
    lat, lon = np.linspace(39.5, 20.5, 20), np.array([178.0, 179.0, -180.0, -179.0])
    found = map_of({"latitude": lat, "longitude": lon}, (20, 4))
    assert found.units == "degrees"
    assert found.at(0.5, 0.5) == pytest.approx((39.5, 178.0))
    assert found.at(1.0, 2.0) == pytest.approx((39.0, 179.5), abs=1e-2)
    assert found.at(10.0, 3.5)[1] == pytest.approx(-179.0)
    np.testing.assert_allclose(np.diff(found.x), 1.0)


@pytest.mark.parametrize("step", [1, 2])
def test_the_map_of_a_coarse_field_is_refined_and_every_place_stays_where_it_is(step):
    lat, lon = np.linspace(56, 49, 8), np.linspace(178.0, 185.0, 8)
    grid = np.meshgrid(lat[::step], (lon[::step] + 180) % 360 - 180, indexing="ij")
    coarse = EarthMap(*(values.astype(np.float32) for values in grid), step, np.array([[2.0, 3.0]], np.float32), lat)
    fine = coarse.refined(4)
    for row, column in ((0.5, 0.5), (1.0, 2.0), (3.25, 4.75)):
        place = fine.at(4 * row, 4 * column)
        assert place == pytest.approx(coarse.at(row, column), abs=2e-2)
    np.testing.assert_array_equal(fine.coast, [[8.0, 12.0]])
    np.testing.assert_allclose(fine.y.reshape(8, 4).mean(axis=1), lat)


def test_coasts_lie_where_their_degrees_say_on_a_regular_grid():
    lat, lon = np.linspace(70, 30, 400), np.linspace(-20, 40, 600)
    found = map_of({"latitude": lat, "longitude": lon}, (400, 600))
    real = found.coast[np.isfinite(found.coast[:, 0])]
    inside = real[((real >= 0.5) & (real <= (399.5, 599.5))).all(axis=1)][::50]
    assert len(inside) > 50
    every = coastlines()
    for row, column in inside:
        here = np.interp(row - 0.5, np.arange(400), lat), np.interp(column - 0.5, np.arange(600), lon)
        assert np.nanmin(np.hypot(*(every - np.array(here)).T)) < 1e-3


def test_a_projection_and_its_places_pixel_by_pixel_agree():
    y, x = stereographic()
    lat, lon = degrees_of(y, x)
    flat = map_of({"y": y, "x": x}, (NY, NX), SimpleNamespace(crs=STEREO, metres=1.0, origin=(0.0, 0.0), km=1e-3))
    plane = map_of({"latitude": lat, "longitude": lon, "y": y, "x": x}, (NY, NX))
    np.testing.assert_allclose(flat.latitude, lat, atol=1e-4)
    np.testing.assert_allclose(flat.longitude, lon, atol=1e-4)
    assert flat.x[-1] == pytest.approx((NX - 1) * 40.0)
    for row, column in ((10.2, 20.7), (60.0, 100.0)):
        apart = unit_vectors(*flat.at(row, column)) - unit_vectors(*plane.at(row, column))
        assert np.linalg.norm(apart) * 6371 < 0.1, "100 m of pixels of 40 km"
    mine = flat.coast[np.isfinite(flat.coast[:, 0])]
    mine = mine[((mine > 1) & (mine < (NY - 1, NX - 1))).all(axis=1)]
    theirs = plane.coast[np.isfinite(plane.coast[:, 0])]
    assert len(mine) > 200
    distance = [np.hypot(*(theirs - vertex).T).min() for vertex in mine]
    assert max(distance) < 0.02, "pixels"


def test_coordinates_that_say_nothing_of_the_earth_give_no_map():
    y, x = stereographic()
    assert map_of({}, (NY, NX)) is None
    assert map_of({"y": y, "x": x}, (NY, NX)) is None
    assert map_of({"azimuth": np.arange(NY), "range": np.arange(NX)}, (NY, NX)) is None


def test_places_with_gaps_keep_their_coasts():
    y, x = stereographic()
    lat, lon = degrees_of(y, x)
    whole = map_of({"latitude": lat, "longitude": lon}, (NY, NX))
    lat[:10], lon[:10] = -9999.0, -9999.0
    cut = map_of({"latitude": lat, "longitude": lon}, (NY, NX))
    assert 0 < np.isfinite(cut.coast[:, 0]).sum() < np.isfinite(whole.coast[:, 0]).sum()
    assert np.nanmin(cut.coast[:, 0]) > 8


def test_a_coarser_picture_keeps_its_places():
    y, x = stereographic()
    projection = SimpleNamespace(crs=STEREO, metres=1.0, origin=(0.0, 0.0), km=1e-3)
    fine = map_of({"y": y, "x": x}, (NY, NX), projection)
    coarse = fine.coarsened(4)
    assert coarse.latitude.shape == (NY // 4, NX // 4)
    apart = unit_vectors(*fine.at(42.0, 62.0)) - unit_vectors(*coarse.at(10.5, 15.5))
    assert np.linalg.norm(apart) * 6371 < 40, "within a pixel of the fine picture"
    np.testing.assert_allclose(coarse.coast, fine.coast / 4)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_a_coarser_picture_lies_where_the_middle_of_its_pixels_does(k):
    """A block of an even side has its middle between pixels, also across the date line and off the Earth."""
    latitude = 50.0 - 0.5 * np.arange(60)
    longitude = (170.0 + 0.25 * np.arange(90) + 180.0) % 360.0 - 180.0
    fine = map_of({"latitude": latitude, "longitude": longitude}, (60, 90))
    coarse = fine.coarsened(k)
    assert coarse.latitude.shape == (60 // k, 90 // k)
    middle = (np.arange(90 // k) + 0.5) * k - 0.5
    turns = (coarse.longitude[0] - (170.0 + 0.25 * middle)) / 360.0
    np.testing.assert_allclose(turns, np.round(turns), atol=1e-7)
    np.testing.assert_allclose(coarse.latitude[:, 0], 50.0 - 0.5 * ((np.arange(60 // k) + 0.5) * k - 0.5), atol=2e-3)
    np.testing.assert_allclose(coarse.latitude[:, 0], coarse.y, atol=2e-3)
    holed = EarthMap(fine.latitude.copy(), fine.longitude.copy(), 1, fine.coast)
    holed.latitude[: k + 1] = np.nan
    lost = np.isnan(holed.coarsened(k).latitude).any(axis=1)
    assert lost[:1].all() and not lost[2:].any()


def test_a_file_names_its_projection_by_a_grid_mapping_or_by_a_text(tmp_path):
    y, x = stereographic()
    lat, _ = degrees_of(y, x)
    values = np.random.default_rng(0).normal(280, 5, (NY, NX)).astype(np.float32)
    units = {"units": "km"}
    cf = {"grid_mapping_name": "polar_stereographic", "latitude_of_projection_origin": 90.0,
          "straight_vertical_longitude_from_pole": -35.0, "scale_factor_at_projection_origin": 1.0,
          "earth_radius": 6371000.0, "false_easting": 0.0, "false_northing": 0.0}  # fmt: skip
    wkt = {"spatial_ref": pyproj.CRS(STEREO).to_wkt()}
    for name, own, mapping in (("cf", {"grid_mapping": "crs"}, cf), ("text", {"crs": STEREO}, None),
                               ("wkt", {"grid_mapping": "crs"}, wkt)):  # fmt: skip
        path = attach(write(tmp_path / f"{name}.nc", values, own), "v", y=(y / 1e3, units), x=(x / 1e3, units))
        if mapping is not None:
            write(tmp_path / f"{name}.nc", np.int32(0), mapping, "crs")
        found = read_map(path, "v", (0, 1))
        np.testing.assert_allclose(found.latitude, lat, atol=2e-4, err_msg=name)
        assert found.units == "km"


# -- real files: the edge of missing values of an ocean field is the coast

OCEANS = ["dt_med_allsat_phy_l4_2005T2.nc", "nemo_1m_20150101-20150201_grid-T.nc", "orca2_votemper.nc"]


@pytest.mark.parametrize("name", OCEANS)
def test_the_coast_runs_where_an_ocean_ends(name):
    path = SHARED / "h5" / name
    if not path.exists():
        pytest.skip("the folder of real files is not there")
    picture = read_slice(str(path))
    found = read_map(str(path), picture.dataset, picture.axes)
    missing = picture.field.mask | (picture.field.values == 0 if "nemo" in name or "orca" in name else False)
    ny, nx = missing.shape
    edge = binary_dilation(missing) & binary_dilation(~missing)
    near = np.zeros_like(missing)
    line = found.coast[np.isfinite(found.coast[:, 0])].astype(int)
    line = line[((line >= 0) & (line < (ny, nx))).all(axis=1)]
    near[tuple(line.T)] = True
    near = binary_dilation(near, iterations=2)
    assert near[edge].mean() > 0.75
    assert near[edge].mean() > 2 * near.mean(), "better than by chance"


def test_the_fixed_grid_of_a_geostationary_satellite():
    """CONUS of GOES-16: its file states its centre, and its users' guide the way from angles to degrees."""
    found = sorted(Path(SHARED / "h5").glob("OR_ABI*.nc"))
    if not found:
        pytest.skip("the folder of real files is not there")
    picture = read_slice(str(found[0]))
    earth = read_map(str(found[0]), picture.dataset, picture.axes)
    ny, nx = picture.field.values.shape
    assert earth.at(ny / 2, nx / 2) == pytest.approx((30.08, -87.10), abs=0.02)  # geospatial_lat_center, lon_center
    with h5py.File(found[0]) as file:
        x, y = (file[name][-1:] * file[name].attrs["scale_factor"] + file[name].attrs["add_offset"] for name in "xy")
        constants = file["goes_imager_projection"].attrs
        names = ("semi_major_axis", "semi_minor_axis", "perspective_point_height", "longitude_of_projection_origin")
        major, minor, height, meridian = (float(np.ravel(constants[name])[0]) for name in names)
    assert earth.at(ny - 0.5, nx - 0.5) == pytest.approx(
        fixed_grid_place(float(x[0]), float(y[0]), major, minor, height + major, meridian), abs=2e-2
    )


def fixed_grid_place(x, y, major, minor, height, meridian):
    """(latitude, longitude) of scanning angles [GOES-R Product Definition and Users' Guide, 5.1.2.8.1]."""
    ratio = (major / minor) ** 2
    a = np.sin(x) ** 2 + np.cos(x) ** 2 * (np.cos(y) ** 2 + ratio * np.sin(y) ** 2)
    b = -2 * height * np.cos(x) * np.cos(y)
    r = (-b - np.sqrt(b * b - 4 * a * (height**2 - major**2))) / (2 * a)
    s = r * np.cos(x) * np.cos(y), -r * np.sin(x), r * np.cos(x) * np.sin(y)
    latitude = np.degrees(np.arctan(ratio * s[2] / np.hypot(height - s[0], s[1])))
    return latitude, meridian - np.degrees(np.arctan(s[1] / (height - s[0])))
