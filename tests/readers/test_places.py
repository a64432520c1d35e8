"""Where pixels lie, in files that say it in their own way: every case is its own answer, a picture of its latitudes."""

from pathlib import Path
from typing import Any

import h5py
import netCDF4
import numpy as np
import pyproj
import pytest
from numpy.typing import NDArray
from readers_twins import attach, write

from diffview.fields.earth_map import EarthMap
from diffview.readers.places import read_map
from diffview.readers.slices import read_slice

Floats = NDArray[np.floating[Any]]
NY, NX = 20, 30


def tilted(ny: int = NY, nx: int = NX) -> tuple[Floats, Floats]:
    """Latitude and longitude of a grid that is turned against the meridians, its first row in the south."""
    i, j = np.meshgrid(np.arange(ny), np.arange(nx), indexing="ij")
    return 40 + 0.2 * i + 0.05 * j, 5 + 0.25 * j - 0.06 * i


def netcdf(path: Path, dims: dict[str, int], variables: dict[str, tuple[Any, ...]]) -> str:
    """A file with these dimensions; variables by path: (dims, values, attributes)."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in dims.items():
            file.createDimension(name, size)
        for name, (along, values, attributes) in variables.items():
            variable = file.createVariable(name, np.asarray(values).dtype, along)
            variable.setncatts(attributes)
            variable[...] = values
    return str(path)


def agrees(path: str, dataset: str, wrong: Floats | None = None) -> EarthMap:
    """The map of a dataset that holds its own latitudes, north up, wherever `wrong` does not take the place away."""
    picture = read_slice(path, dataset)
    found = read_map(path, dataset, picture.axes)
    assert found is not None
    values, mean = picture.field.values, np.nanmean(picture.field.values, axis=1)
    assert mean[0] > mean[-1]
    known = np.isfinite(found.latitude)
    assert known.sum() == values.size - (0 if wrong is None else np.count_nonzero(wrong))
    np.testing.assert_allclose(found.latitude[known], values[known], atol=1e-4)
    return found


# --- latitude and longitude of every pixel --------------------------------------------------------------------------


def test_wrf_writes_its_places_for_every_time(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"Time": 3, "south_north": NY, "west_east": NX}
    all_of = tuple(dims)
    path = netcdf(tmp_path / "wrfout.nc", dims, {
        "T2": (all_of, np.stack([lat, lat, lat]).astype("f4"), {"units": "K"}),
        "XLAT": (all_of, np.stack([lat] * 3), {"units": "degree_north"}),
        "XLONG": (all_of, np.stack([lon] * 3), {"units": "degree_east"}),
    })  # fmt: skip
    found = agrees(path, "T2")
    np.testing.assert_allclose(found.longitude, lon[::-1], atol=1e-4)
    assert not any("slice to slice" in note for note in read_slice(path, "T2").field.notes)


def test_a_nest_that_moves_is_said(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"Time": 2, "south_north": NY, "west_east": NX}
    path = netcdf(tmp_path / "wrfout.nc", dims, {
        "T2": (tuple(dims), np.stack([lat, lat + 1]).astype("f4"), {"units": "K"}),
        "XLAT": (tuple(dims), np.stack([lat, lat + 1]), {}),
        "XLONG": (tuple(dims), np.stack([lon, lon]), {}),
    })  # fmt: skip
    agrees(path, "T2")
    assert "XLAT changes from slice to slice: that of the first is used." in read_slice(path, "T2").field.notes


@pytest.mark.parametrize(
    ("names", "sides"),
    [
        (("lat_rho", "lon_rho"), ("eta_rho", "xi_rho")),
        (("TLAT", "TLONG"), ("nj", "ni")),
        (("nav_lat", "nav_lon"), ("y", "x")),
        (("gphit", "glamt"), ("y", "x")),
        (("XLAT_M", "XLONG_M"), ("south_north", "west_east")),
        (("Latitude of Observation Point for 89A", "Longitude of Observation Point for 89A"), ("a", "b")),
    ],
)
def test_places_are_known_by_name_without_an_attribute(
    tmp_path: Path, names: tuple[str, str], sides: tuple[str, str]
) -> None:
    lat, lon = tilted()
    dims = {"t": 2, sides[0]: NY, sides[1]: NX, "u": NX - 1}
    along = ("t", *sides)
    path = netcdf(tmp_path / "a.nc", dims, {
        "temp": (along, np.stack([lat, lat]).astype("f4"), {}),
        names[0]: (sides, lat, {}), names[1]: (sides, lon, {}),
        "lat_u": ((sides[0], "u"), lat[:, 1:] + 7, {}), "lon_u": ((sides[0], "u"), lon[:, 1:], {}),
    })  # fmt: skip
    agrees(path, "temp")


def test_ocean_colour_keeps_its_places_in_a_sister_group(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"number_of_lines": NY, "pixels_per_line": NX}
    path = netcdf(tmp_path / "PACE_OCI.L2.nc", dims, {
        "geophysical_data/chlor_a": (tuple(dims), lat.astype("f4"), {"units": "mg m^-3"}),
        "navigation_data/latitude": (tuple(dims), lat, {"units": "degrees_north"}),
        "navigation_data/longitude": (tuple(dims), lon, {"units": "degrees_east"}),
        "other/lat": (tuple(dims), lat + 5, {}), "other/lon": (tuple(dims), lon, {}),
    })  # fmt: skip
    agrees(path, "geophysical_data/chlor_a")


def test_true_places_count_before_nominal_axes(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"yh": NY, "xh": NX}
    axes = {
        "yh": (("yh",), np.linspace(0, 90, NY), {"units": "degrees_north"}),
        "xh": (("xh",), np.linspace(-280, 80, NX), {"units": "degrees_east"}),
    }
    places = {"geolat": (tuple(dims), lat, {"units": "degrees_north"}),
              "geolon": (tuple(dims), lon, {"units": "degrees_east"})}  # fmt: skip
    named = netcdf(tmp_path / "mom6.nc", dims, {
        **axes, **places, "sst": (tuple(dims), lat.astype("f4"), {"coordinates": "geolat geolon"}),
    })  # fmt: skip
    found = agrees(named, "sst")
    assert found.units == ""
    field = read_slice(named, "sst").field
    assert field.pixel_km == pytest.approx((22.7, 21.0), rel=0.05)  # not 4.7 degrees


def test_places_that_are_only_near_do_not_count_before_the_axes(tmp_path: Path) -> None:
    lat, lon = np.linspace(40, 44, NY), np.linspace(0, 6, NX)
    flat = np.meshgrid(lat + 3, lon, indexing="ij")  # of another grid of the same size
    dims = {"lat": NY, "lon": NX}
    path = netcdf(tmp_path / "a.nc", dims, {
        "lat": (("lat",), lat, {"units": "degrees_north"}), "lon": (("lon",), lon, {"units": "degrees_east"}),
        "v": (tuple(dims), np.repeat(lat[:, None], NX, 1).astype("f4"), {}),
        "latitude": (tuple(dims), flat[0], {}), "longitude": (tuple(dims), flat[1], {}),
    })  # fmt: skip
    agrees(path, "v")


@pytest.mark.parametrize(("bad_lat", "bad_lon"), [(-999.9, -999.9), (-9999.0, -9999.0), (9.96921e36, 9.96921e36)])
def test_fills_of_places_that_nobody_declared_are_no_places(tmp_path: Path, bad_lat: float, bad_lon: float) -> None:
    lat, lon = tilted()
    gap = np.zeros(lat.shape, bool)
    gap[NY // 2 - 2 : NY // 2 + 2], gap[:, 3] = True, True
    dims = {"scan": NY, "ray": NX}
    path = netcdf(tmp_path / "a.nc", dims, {
        "v": (tuple(dims), lat.astype("f4"), {"coordinates": "lat lon"}),
        "lat": (tuple(dims), np.where(gap, bad_lat, lat), {}), "lon": (tuple(dims), np.where(gap, bad_lon, lon), {}),
    })  # fmt: skip
    agrees(path, "v", gap)
    field = read_slice(path, "v").field
    assert np.isnan(field.coords["latitude"]).sum() == np.isnan(field.coords["longitude"]).sum() == gap.sum()
    assert field.pixel_km == pytest.approx((22.7, 21.0), rel=0.05)  # though the middle has no place
    if abs(bad_lat) < 1e30:  # netCDF's own fill is masked before
        said = f"{gap.sum()} pixels have no place: what the file gives there is no latitude and longitude."
        assert said in field.notes


def test_one_pixel_may_lie_at_no_degrees_many_may_not(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"scan": NY, "ray": NX}
    for name, count in (("one.nc", 1), ("many.nc", 60)):
        gap = np.zeros(lat.shape, bool)
        gap.flat[:count] = True
        path = netcdf(tmp_path / name, dims, {
            "v": (tuple(dims), np.where(gap, 0, lat).astype("f4"), {"coordinates": "lat lon"}),
            "lat": (tuple(dims), np.where(gap, 0, lat), {}), "lon": (tuple(dims), np.where(gap, 0, lon), {}),
        })  # fmt: skip
        found = read_map(path, "v", (0, 1))
        assert found is not None
        assert np.isnan(found.latitude).sum() == (60 if count > 1 else 0)


def test_places_in_radians(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"scan": NY, "ray": NX}
    path = netcdf(tmp_path / "a.nc", dims, {
        "v": (tuple(dims), lat.astype("f4"), {"coordinates": "lat lon"}),
        "lat": (tuple(dims), np.radians(lat), {"units": "radians"}),
        "lon": (tuple(dims), np.radians(lon), {"units": "radian"}),
    })  # fmt: skip
    np.testing.assert_allclose(agrees(path, "v").longitude, lon[::-1], atol=1e-4)
    write(tmp_path / "b.nc", np.repeat(lat[:, :1], NX, 1).astype("f4"), {})
    line = attach(str(tmp_path / "b.nc"), "v", lat=(np.radians(lat[:, 0]), {"units": "rad"}),
                  lon=(np.radians(lon[0]), {"units": "rad"}))  # fmt: skip
    agrees(line, "v")


def test_a_gap_at_nadir_is_no_pixel(tmp_path: Path) -> None:
    """Two sides of a swath, 25 km cells, 700 km apart: the neighbours of the middle are no measure."""
    i, j = np.meshgrid(np.arange(40), np.arange(21), indexing="ij")
    km = 25.0 * j + np.where(j >= 10, 700.0, 0.0)
    lat, lon = 25.0 / 111.195 * (i - 20), km / 111.195
    dims = {"row": 40, "cell": 21}
    path = netcdf(tmp_path / "ascat.nc", dims, {
        "wind": (tuple(dims), lat.astype("f4"), {"coordinates": "lat lon"}),
        "lat": (tuple(dims), lat, {}), "lon": (tuple(dims), lon, {}),
    })  # fmt: skip
    assert read_slice(path, "wind").field.pixel_km == pytest.approx((25.0, 25.0), rel=1e-3)


# --- projections ----------------------------------------------------------------------------------------------------

LAMBERT = {
    "grid_mapping_name": "lambert_conformal_conic", "standard_parallel": [25.0, 60.0], "earth_radius": 6371229.0,
    "latitude_of_projection_origin": 42.5, "longitude_of_central_meridian": 10.0,
}  # fmt: skip
METRES = {"units": "m"}


def projected(
    path: Path, own: dict[str, Any], mappings: dict[str, dict[str, Any]], y: dict[str, Any], x: dict[str, Any]
) -> str:
    """A field of its own latitudes, 20 km pixels, south first."""
    north, east = 20000.0 * (np.arange(NY) - 10), 20000.0 * (np.arange(NX) - 15)
    turn = pyproj.Transformer.from_crs(pyproj.CRS.from_cf(LAMBERT), "+proj=longlat +R=6371229", always_xy=True)
    _, lat = turn.transform(*np.meshgrid(east, north))
    return netcdf(path, {"y": NY, "x": NX}, {
        "y": (("y",), north, y), "x": (("x",), east, x), "v": (("y", "x"), lat.astype("f4"), own),
        **{name: ((), np.int32(0), attributes) for name, attributes in mappings.items()},
    })  # fmt: skip


@pytest.mark.parametrize(
    ("own", "mappings", "note"),
    [
        ({"grid_mapping": "crs"}, {"crs": LAMBERT}, ""),
        ({"grid_mapping": "crs: x y"}, {"crs": LAMBERT}, ""),
        ({"grid_mapping": "crs: x y wgs: lat lon"}, {"crs": LAMBERT, "wgs": {}}, ""),
        ({"grid_mapping": "wgs: latitude longitude crs: x y"},
         {"wgs": {"grid_mapping_name": "latitude_longitude"}, "crs": LAMBERT}, ""),
        ({"grid_mapping": "wgs: latitude longitude crs: x y"}, {"crs": LAMBERT}, ""),
        ({"grid_mapping": "projection"}, {"crs": LAMBERT},
         "grid_mapping names projection, which is not there: crs, the only one of the file, was taken."),
        ({}, {"Lambert": LAMBERT}, "Its grid mapping is not named: Lambert, the only one of the file, was taken."),
    ],
)  # fmt: skip
def test_the_mapping_of_the_sides_is_found(
    tmp_path: Path, own: dict[str, Any], mappings: dict[str, dict[str, Any]], note: str
) -> None:
    path = projected(tmp_path / "a.nc", own, mappings, METRES, METRES)
    assert agrees(path, "v").units == "km"
    notes = read_slice(path, "v").field.notes
    assert note in (notes or ("",))
    assert bool(note) == any("grid mapping" in said or "grid_mapping" in said for said in notes)


def test_two_mappings_of_which_none_is_named_are_not_chosen_from(tmp_path: Path) -> None:
    other = {**LAMBERT, "longitude_of_central_meridian": 20.0}
    path = projected(tmp_path / "a.nc", {}, {"a": LAMBERT, "b": other}, METRES, METRES)
    assert read_map(path, "v", (0, 1)) is None


def test_sides_without_units_are_metres_and_that_is_said(tmp_path: Path) -> None:
    path = projected(tmp_path / "a.nc", {"grid_mapping": "crs"}, {"crs": LAMBERT}, {}, {})
    agrees(path, "v")
    field = read_slice(path, "v").field
    assert field.pixel_km == (20.0, 20.0)
    assert {"y has no units: metres were taken.", "x has no units: metres were taken."} <= set(field.notes)


HEIGHT = 35786023.0
GEOS = {
    "grid_mapping_name": "geostationary", "perspective_point_height": HEIGHT, "semi_major_axis": 6378137.0,
    "semi_minor_axis": 6356752.31414, "latitude_of_projection_origin": 0.0, "longitude_of_projection_origin": -75.0,
}  # fmt: skip


@pytest.mark.parametrize("sweep", [{"sweep_angle_axis": "x"}, {"fixed_angle_axis": "y"}])
@pytest.mark.parametrize(
    ("units", "each"),
    [("rad", 1.0), ("radians", 1.0), ("microradian", 1e-6), ("mrad", 1e-3), ("degrees", np.pi / 180), ("", 1.0)],
)
def test_scanning_angles_of_any_unit_are_places(tmp_path: Path, units: str, each: float, sweep: dict[str, str]) -> None:
    """A grid of lightning on the disk of GOES, packed, with north first: not only ABI has scanning angles."""
    angle_y, angle_x = 0.1 - 0.000224 * np.arange(NY), -0.05 + 0.000224 * np.arange(NX)
    crs = pyproj.CRS.from_proj4(f"+proj=geos +h={HEIGHT} +lon_0=-75 +sweep=x +a=6378137.0 +b=6356752.31414")
    turn = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    lon, lat = turn.transform(*np.meshgrid(angle_x * HEIGHT, angle_y * HEIGHT))
    told = {"units": units} if units else {}
    lines = {
        name: (np.arange(n, dtype="i2"), {**told, "scale_factor": step / each, "add_offset": start / each})
        for name, n, step, start in (("y", NY, -0.000224, 0.1), ("x", NX, 0.000224, -0.05))
    }
    path = write(tmp_path / "glm.nc", lat.astype("f4"), {"grid_mapping": "goes"})
    attach(path, "v", **lines)
    write(tmp_path / "glm.nc", np.int32(0), {**GEOS, **sweep}, "goes")
    found = agrees(path, "v")
    np.testing.assert_allclose(found.longitude, lon, atol=1e-4)
    pixel = 0.000224 * HEIGHT / 1e3
    assert read_slice(path, "v").field.pixel_km == pytest.approx((pixel, pixel), rel=1e-6)


# --- radar ----------------------------------------------------------------------------------------------------------


def test_a_sweep_in_a_group_has_the_radar_in_the_root(tmp_path: Path) -> None:
    path = tmp_path / "cfrad2.nc"
    with h5py.File(path, "w") as file:
        file.attrs["Conventions"] = "Cf/Radial"
        for name, value in (("latitude", 50.73), ("longitude", 7.07), ("altitude", 99.0)):
            file[name] = value
        sweep = file.create_group("sweep_0")
        sweep["azimuth"], sweep["range"] = np.arange(360) + 0.5, 500.0 + 1000.0 * np.arange(60)
        sweep["elevation"] = np.full(360, 0.5)
        sweep["DBZH"] = np.tile(np.arange(60, dtype="f4"), (360, 1))
        for axis, name in enumerate(("azimuth", "range")):
            sweep[name].make_scale(name)
            sweep["DBZH"].dims[axis].attach_scale(sweep[name])
    found = read_map(str(path), "sweep_0/DBZH", (0, 1))
    assert found is not None
    expected = pyproj.Geod(ellps="WGS84").fwd(7.07, 50.73, 90.5, 49500.0)
    assert found.at(90.5, 49.5) == pytest.approx((expected[1], expected[0]), abs=2e-3)


def test_a_swath_is_as_it_was_where_all_places_are_known(tmp_path: Path) -> None:
    lat, lon = tilted()
    dims = {"scan": NY, "ray": NX}
    path = netcdf(tmp_path / "a.nc", dims, {
        "v": (tuple(dims), lat.astype("f4"), {"coordinates": "lat lon"}),
        "lat": (tuple(dims), lat, {}), "lon": (tuple(dims), lon, {}),
    })  # fmt: skip
    field = read_slice(path, "v").field
    np.testing.assert_array_equal(field.coords["latitude"], lat[::-1])
    np.testing.assert_array_equal(field.coords["longitude"], lon[::-1])
    assert not any("place" in note for note in field.notes)
