"""HDF-EOS5 grids and swaths, SMAP, and CF/Radial sweeps: exact answers on twins, real files by hand."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyproj
import pytest
from readers_twins import SHARED, attach, ramp, write

from diffview.readers.describe import describe
from diffview.readers.places import read_map
from diffview.readers.slices import read_slice

real = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real files is not there")
GRID = """GROUP=SwathStructure
END_GROUP=SwathStructure
GROUP=GridStructure
	GROUP=GRID_1
		GridName="other"
		XDim=2
		UpperLeftPointMtrs=(1.0,2.0)
		LowerRightMtrs=(3.0,4.0)
	END_GROUP=GRID_1
	GROUP=GRID_2
		GridName="tile"
		XDim=12
		YDim=10
		UpperLeftPointMtrs=({left},{top})
		LowerRightMtrs=({right},{bottom})
		Projection=HE5_GCTP_{projection}
		{more}
		GROUP=DataField
			OBJECT=DataField_1
				DataFieldName="v"
				DimList={dims}
			END_OBJECT=DataField_1
		END_GROUP=DataField
	END_GROUP=GRID_2
END_GROUP=GridStructure
END
"""


def grid(path: Path, values: Any, dims: str = '("YDim","XDim")', more: str = "", **corners: Any) -> str:
    """A file with the grid `tile` and a field v."""
    text = GRID.format(dims=dims, more=more, **corners)
    with h5py.File(path, "w") as file:
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_(text.encode().ljust(4000, b"\0"))
        file["HDFEOS/GRIDS/tile/Data Fields/v"] = values
    return str(path)


FIELD = "HDFEOS/GRIDS/tile/Data Fields/v"
DEGREES = {"left": -10030000.0, "right": 1030000.0, "top": 60000000.0, "bottom": 50000000.0, "projection": "GEO"}


def test_a_grid_in_degrees_has_its_corners_in_packed_angles(tmp_path: Path) -> None:
    field = read_slice(grid(tmp_path / "a.he5", ramp(), **DEGREES)).field  # 10 degrees 30 minutes west to 1.5 east
    np.testing.assert_array_equal(field.values, ramp())
    np.testing.assert_allclose(field.coords["longitude"], np.arange(12) - 10.0)
    np.testing.assert_allclose(field.coords["latitude"], 59.5 - np.arange(10.0))
    assert field.dims == ("YDim", "XDim")
    assert not field.notes


def test_a_grid_that_begins_in_the_south_is_turned(tmp_path: Path) -> None:
    path = grid(tmp_path / "a.he5", ramp(), more="GridOrigin=HE5_HDFE_GD_LL", **DEGREES)
    field = read_slice(path).field
    np.testing.assert_array_equal(field.values, ramp()[::-1])
    np.testing.assert_allclose(field.coords["latitude"], 59.5 - np.arange(10.0))


@pytest.mark.parametrize(("corner", "rows"), [("UR", 1), ("LR", -1)])
def test_a_grid_that_begins_in_the_east_is_turned(tmp_path: Path, corner: str, rows: int) -> None:
    field = read_slice(grid(tmp_path / "a.he5", ramp(), more=f"GridOrigin=HE5_HDFE_GD_{corner}", **DEGREES)).field
    np.testing.assert_array_equal(field.values, ramp()[::rows, ::-1])
    np.testing.assert_allclose(field.coords["longitude"], np.arange(12) - 10.0)
    np.testing.assert_allclose(field.coords["latitude"], 59.5 - np.arange(10.0))


def test_a_projected_grid_with_x_first_and_a_band(tmp_path: Path) -> None:
    stored = np.stack([ramp().T, ramp().T + 1])
    corners = {"left": -6000.0, "right": 6000.0, "top": 20000.0, "bottom": 0.0, "projection": "SNSOID"}
    picture = read_slice(grid(tmp_path / "a.he5", stored, dims='("Band","XDim","YDim")', **corners), FIELD, [1])
    np.testing.assert_array_equal(picture.field.values, ramp() + 1)
    assert (picture.axes, picture.other_dims) == ((2, 1), (("Band", 2),))
    assert picture.field.pixel_km == (2.0, 1.0)
    np.testing.assert_allclose(picture.field.coords["y"], 19000.0 - 2000.0 * np.arange(10))


@pytest.mark.parametrize(
    ("projection", "more", "corner", "right"),
    [
        ("SNSOID", "ProjParams=(6371007.181000,0,0,0,0,0,0,0,0,0,0,0,0)\n\t\tSphereCode=-1", (0.0, 6671703.118),
         "+proj=sinu +lon_0=0 +R=6371007.181"),  # tile h18v03 of MODIS and VIIRS
        ("PS", "ProjParams=(6378273,-0.006694,0,0,-45000000,70000000,0,0,0,0,0,0,0)", (-3850000.0, 5850000.0),
         "EPSG:3411"),  # sea ice of the NSIDC
        ("PS", "ProjParams=(6378273,-0.006694,0,0,0,-70000000,0,0,0,0,0,0,0)", (-3950000.0, 4350000.0), "EPSG:3412"),
        ("LAMAZ", "ProjParams=(6371228,0,0,0,0,90000000,0,0,0,0,0,0,0)", (-9036842.76, 9036842.76), "EPSG:3408"),
        ("BCEA", "ProjParams=(6371228,0,0,0,0,30000000,0,0,0,0,0,0,0)", (-17334193.54, 7344784.83), "EPSG:3410"),
        ("CEA", "ProjParams=(6378137,6356752.314245,0,0,0,30000000,0,0,0,0,0,0,0)", (-17367530.45, 7314540.83),
         "EPSG:6933"),
        ("UTM", "ZoneCode=33\n\t\tSphereCode=12", (300000.0, 5600000.0), "EPSG:32633"),
        ("UTM", "ZoneCode=-33\n\t\tSphereCode=12", (300000.0, 8600000.0), "EPSG:32733"),
        ("LAMCC", "ProjParams=(6371229,0,25000000,60000000,10000000,42030000,0,0,0,0,0,0,0)", (-100000.0, 900000.0),
         "+proj=lcc +lat_1=25 +lat_2=60 +lon_0=10 +lat_0=42.5 +R=6371229"),
    ],
)  # fmt: skip
def test_a_projected_grid_lies_where_its_projection_says(
    tmp_path: Path, projection: str, more: str, corner: tuple[float, float], right: str
) -> None:
    left, top = corner
    corners = {"left": left, "right": left + 12 * 25000.0, "top": top, "bottom": top - 10 * 25000.0}
    path = grid(tmp_path / "a.he5", ramp(), more=more, projection=projection, **corners)
    place = read_map(path, FIELD, (0, 1))
    assert place is not None
    crs = pyproj.CRS(right)
    turn = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    x, y = np.meshgrid(left + 12500.0 + 25000.0 * np.arange(12), top - 12500.0 - 25000.0 * np.arange(10))
    longitude, latitude = turn.transform(x, y)
    on_earth = np.isfinite(longitude) & np.isfinite(latitude)
    assert on_earth.any()
    np.testing.assert_allclose(place.latitude[on_earth], latitude[on_earth], atol=2e-5)
    np.testing.assert_allclose(place.longitude[on_earth], longitude[on_earth], atol=2e-5)


def test_a_grid_of_an_unknown_projection_is_shown_by_km(tmp_path: Path) -> None:
    corners = {"left": 0.0, "right": 12000.0, "top": 10000.0, "bottom": 0.0, "projection": "ISINUS"}
    path = grid(tmp_path / "a.he5", ramp(), **corners)
    assert read_map(path, FIELD, (0, 1)) is None
    assert read_slice(path).field.pixel_km == (1.0, 1.0)


def test_attributes_with_the_names_of_hdf_eos(tmp_path: Path) -> None:
    raw = ramp(dtype=np.int16)
    path = grid(tmp_path / "a.he5", raw, **DEGREES)
    with h5py.File(path, "r+") as file:
        file[FIELD].attrs.update({
            "Units": np.bytes_("DU"), "ScaleFactor": [0.5], "Offset": [3.0],
            "_FillValue": np.int16([0]), "MissingValue": np.int16([7]),
        })  # fmt: skip
    expected = raw * 0.5 + 3.0
    expected[(raw == 0) | (raw == 7)] = np.nan
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, expected)
    assert field.units == "DU"
    assert describe(path, FIELD)["missing"] == 2


@pytest.mark.parametrize(("dtype", "fill", "scale"), [(np.uint16, 65535, 0.1), (np.float32, -999.9, 1.0)])
def test_a_tile_of_black_marble(tmp_path: Path, dtype: Any, fill: float, scale: float) -> None:
    raw = ramp(dtype=dtype)
    raw[4, 5] = fill
    path = grid(tmp_path / "VNP46A2.A2023001.h17v03.h5", raw, **DEGREES)
    with h5py.File(path, "r+") as file:
        file[FIELD].attrs.update({
            "_FillValue": np.array([fill], dtype), "scale_factor": np.float32([scale]), "add_offset": np.float32([0.0]),
            "units": np.bytes_("nWatts/(cm^2 sr)"), "long_name": np.bytes_("DNB BRDF-corrected night-time light"),
        })  # fmt: skip
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, np.where(raw == dtype(fill), np.nan, raw * scale), rtol=1e-6)
    assert (field.units, field.coords["latitude"][0]) == ("nWatts/(cm^2 sr)", 59.5)


def test_a_swath_is_placed_by_its_geolocation_fields(tmp_path: Path) -> None:
    lat, lon = np.meshgrid(np.linspace(10, 12, 10), np.linspace(100, 101, 12), indexing="ij")
    with h5py.File(tmp_path / "a.he5", "w") as file:
        file["HDFEOS INFORMATION/StructMetadata.0"] = np.bytes_(
            'GROUP=SwathStructure\n\tGROUP=SWATH_1\n\t\tSwathName="s"\n\t\t\tDataFieldName="v"\n'
            '\t\t\tDimList=("nTimes","nXtrack")\n\tEND_GROUP=SWATH_1\nEND_GROUP=SwathStructure\n'
        )
        file["HDFEOS/SWATHS/s/Data Fields/v"] = ramp()
        file["HDFEOS/SWATHS/s/Geolocation Fields/Latitude"] = lat
        file["HDFEOS/SWATHS/s/Geolocation Fields/Longitude"] = lon
    field = read_slice(str(tmp_path / "a.he5")).field
    np.testing.assert_array_equal(field.values, ramp()[::-1])
    np.testing.assert_array_equal(field.coords["latitude"], lat[::-1])
    assert field.dims == ("nTimes", "nXtrack")


@real
def test_the_real_polar_grids_are_where_their_corners_say() -> None:
    path = str(SHARED / "h5" / "odd" / "grid_2_2d_ps.h5")
    for name, rows, columns, first in (("NPGrid", 5, 4, 5850000 - 1120000), ("SPGrid", 4, 3, 4350000 - 1037500)):
        dataset = f"HDFEOS/GRIDS/{name}/Data Fields/Temperature"
        with h5py.File(path) as file:
            stored = file[dataset][...]
        field = read_slice(path, dataset).field
        np.testing.assert_array_equal(field.values, stored)
        assert (field.values.shape, field.dims, field.units) == ((rows, columns), ("YDim", "XDim"), "C")
        assert field.coords["y"][0] == pytest.approx(first)


# --- CF/Radial -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("elevation", "sweeps"),
    [(np.full(10, 0.7), True), (np.arange(10.0) * 9, False), (np.full(10, 90.0), False)],
    ids=["sweep", "cut through height", "zenith"],
)
def test_rays_of_cf_radial_have_azimuth_and_range(tmp_path: Path, elevation: Any, sweeps: bool) -> None:
    path = write(tmp_path / "a.nc", ramp(dtype=np.int16), {"units": "dBZ", "scale_factor": 0.5, "add_offset": -32.0})
    attach(path, "v", time=(np.arange(10.0), {"units": "seconds since 2020-01-01"}), range=(np.arange(12.0) * 250, {}))
    with h5py.File(path, "r+") as file:
        file.attrs["Conventions"] = "CF/Radial instrument_parameters"
        file["azimuth"] = np.arange(10.0) * 36
        file["elevation"] = elevation
    field = read_slice(path).field
    np.testing.assert_allclose(field.values, ramp() * 0.5 - 32.0)
    assert ("azimuth" in field.coords) is sweeps
    if sweeps:
        np.testing.assert_allclose(field.coords["azimuth"], np.arange(10.0) * 36)
        np.testing.assert_allclose(field.coords["range"], np.arange(12.0) * 250)


# --- SMAP ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("half", ["AM", "PM"])
def test_smap_has_a_place_where_its_own_latitude_is_missing(tmp_path: Path, half: str) -> None:
    """First row and column of the 36 km grid as NSIDC lists them: 83.63197 N, 179.8133 W."""
    end = "" if half == "AM" else "_pm"
    values = np.linspace(0, 0.5, 406 * 964, dtype=np.float32).reshape(406, 964)
    values[:3] = -9999.0
    group = f"Soil_Moisture_Retrieval_Data_{half}"
    path = write(
        tmp_path / "a.h5", values, {"_FillValue": np.float32(-9999), "units": "cm**3/cm**3"}, f"{group}/sm{end}"
    )
    hole = np.full((406, 964), -9999.0, np.float32)
    for name in ("latitude", "longitude"):
        write(tmp_path / "a.h5", hole, {"_FillValue": np.float32(-9999)}, f"{group}/{name}{end}")
    field = read_slice(path, f"{group}/sm{end}").field
    np.testing.assert_array_equal(field.values, np.where(values == -9999, np.nan, values))
    latitude, longitude = field.coords["latitude"], field.coords["longitude"]
    assert latitude[0] == pytest.approx(83.63197, abs=1e-4)
    assert longitude[0] == pytest.approx(-179.8133, abs=1e-4)
    np.testing.assert_allclose(latitude, -latitude[::-1], atol=1e-9)
    assert field.pixel_km is not None and field.pixel_km[1] == pytest.approx(41.52, abs=0.05)  # at the equator
