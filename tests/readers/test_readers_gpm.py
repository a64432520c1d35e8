"""Products of GPM: hand calculation of whole fields, on twins and on real files."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from readers_twins import SHARED, ramp

from diffview.errors import UserError
from diffview.readers.describe import describe
from diffview.readers.slices import read_slice
from diffview.readers.tree import find_plottable, list_group

HEADER = np.bytes_("DOI=10.5067/GPM/IMERG/3B-HH/07;\nAlgorithmID=3IMERGHH;\n")
FILL = np.float32(-9999.9)
REAL = sorted(path for pattern in ("*GPM*", "1A.TRMM*", "1C.F13*", "3B-HHR*") for path in SHARED.glob(f"h5/{pattern}"))


def put(file: h5py.File, name: str, values: Any, dims: str, **attributes: Any) -> None:
    """A dataset as PPS writes it, without dimension scales."""
    file[name] = values
    texts = {key: np.bytes_(text) if isinstance(text, str) else text for key, text in attributes.items()}
    file[name].attrs.update({"DimensionNames": np.bytes_(dims), "CodeMissingValue": np.bytes_("-9999.9"), **texts})


@pytest.fixture
def imerg(tmp_path: Path) -> str:
    rain = np.arange(12 * 10, dtype=np.float32).reshape(1, 12, 10)
    rain[0, 3, 4] = FILL
    with h5py.File(tmp_path / "imerg.h5", "w") as file:
        file.attrs["FileHeader"] = HEADER
        put(file, "Grid/precipitation", rain, "time,lon,lat", Units="mm/hr", LongName="complete precipitation")
        put(file, "Grid/aPriori", rain + 1, "time,lon,lat", units="K")
        put(file, "Grid/lon", np.arange(12, dtype=np.float32) - 0.95, "lon", units="degrees_east")
        put(file, "Grid/lat", np.arange(10, dtype=np.float32) + 40.05, "lat", units="degrees_north")
    return str(tmp_path / "imerg.h5")


@pytest.fixture
def dpr(tmp_path: Path) -> str:
    lat, lon = np.meshgrid(np.linspace(10, 12, 20), np.linspace(100, 101, 9), indexing="ij")
    height = ramp(20, 9) + 1
    height[0, :4] = -1111.1, -28888.0, -29999.0, FILL
    with h5py.File(tmp_path / "dpr.h5", "w") as file:
        file.attrs["FileHeader"] = HEADER
        put(file, "FS/Latitude", lat.astype(np.float32), "nscan,nray", units="degrees", _FillValue=FILL)
        put(file, "FS/Longitude", lon.astype(np.float32), "nscan,nray", units="degrees", _FillValue=FILL)
        put(file, "FS/CSF/heightBB", height, "nscan,nray", units="m")
        put(file, "FS/CSF/typePrecip", np.where(height < 0, -1111, 10).astype(np.int32), "nscan,nray")
        put(file, "FS/SLV/precipRate", np.stack([height] * 12, -1), "nscan,nray,nbin", units="mm/hr")
        put(file, "FS/SLV/precipRateNearSurface", np.abs(height), "nscan,nray", units="mm/hr")
        put(file, "FS/calibration", ramp(20, 9), "nscan,nsample", units="K")
    return str(tmp_path / "dpr.h5")


def test_imerg_is_transposed_north_up_and_its_rain_comes_first(imerg: str) -> None:
    picture = read_slice(imerg)
    expected = np.arange(120.0).reshape(12, 10).T[::-1]
    expected[expected == 34] = np.nan
    np.testing.assert_array_equal(picture.field.values, expected.astype(np.float32))
    assert (picture.dataset, picture.axes, picture.field.units) == ("/Grid/precipitation", (2, 1), "mm/hr")
    assert picture.field.dims == ("lat", "lon")
    np.testing.assert_allclose(picture.field.coords["latitude"], np.arange(10)[::-1] + 40.05, rtol=1e-6)
    assert picture.field.pixel_km == pytest.approx((111.195, 111.195 * np.cos(np.radians(45.05))), rel=1e-5)


def test_imerg_is_listed_with_its_dimensions_and_units(imerg: str) -> None:
    node = next(node for node in list_group(imerg, "Grid") if node.name == "precipitation")
    assert (node.dims, node.units, node.long_name) == (("time", "lon", "lat"), "mm/hr", "complete precipitation")
    facts = describe(imerg, "Grid/precipitation")
    assert (facts["missing"], facts["min"], facts["max"], facts["units"]) == (1, 0.0, 119.0, "mm/hr")


def test_every_code_of_the_radar_is_missing(dpr: str) -> None:
    field = read_slice(dpr, "FS/CSF/heightBB").field
    expected = (ramp(20, 9) + 1)[::-1].copy()
    expected[-1, :4] = np.nan
    np.testing.assert_array_equal(field.values, expected)  # the pass goes north: its last scan is on top
    assert describe(dpr, "FS/CSF/typePrecip")["missing"] == 4


def test_the_rain_at_the_ground_comes_first_and_has_its_place(dpr: str) -> None:
    picture = read_slice(dpr)
    assert picture.dataset == "/FS/SLV/precipRateNearSurface"
    assert picture.field.coords["latitude"].shape == (20, 9)
    assert np.all(np.diff(picture.field.coords["latitude"], axis=0) < 0)
    assert next(node.name for node in find_plottable(dpr)) == "precipRateNearSurface"
    profile = read_slice(dpr, "FS/SLV/precipRate", [3])
    assert (profile.axes, profile.other_dims) == ((0, 1), (("nbin", 12),))


def test_an_array_of_the_same_shape_on_other_dimensions_has_no_place(dpr: str) -> None:
    field = read_slice(dpr, "FS/calibration").field
    assert not field.coords
    assert field.notes[-1] == "Shown by index: no coordinate says where north is."


@pytest.mark.skipif(not REAL, reason="the folder of real files is not there")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name[:24])
def test_real_fields_are_what_the_file_stores(path: Path) -> None:
    """Whole fields, every code masked by hand; swaths turned by their own latitude."""
    with h5py.File(path) as file:
        for node in find_plottable(str(path)):
            stored = file[node.path][...]
            codes = np.array([-1111.1, -28888.0, -29999.0], np.float32) if stored.dtype.kind == "f" else [-1111]
            missing = np.isin(stored, codes)
            missing |= stored == file[node.path].attrs.get("_FillValue", np.nan)
            values = np.where(missing, np.nan, stored.astype(np.float32))
            assert describe(str(path), node.path)["missing"] == np.count_nonzero(missing), node.path
            try:
                picture = read_slice(str(path), node.path)
            except UserError as error:
                assert "every value" in error.sentence
                continue
            others = [axis for axis in range(values.ndim) if axis not in picture.axes]
            plane = np.transpose(values, [*others, *picture.axes])[picture.index]
            latitude = picture.field.coords.get("latitude")
            if latitude is not None:
                assert np.nanmean(latitude[0]) > np.nanmean(latitude[-1])
            turned = [plane[::i, ::j] for i in (1, -1) for j in (1, -1)]
            assert any(np.array_equal(picture.field.values, way, equal_nan=True) for way in turned), node.path


@pytest.mark.skipif(not REAL, reason="the folder of real files is not there")
def test_the_radar_pass_over_brisbane_is_on_the_coast_of_queensland() -> None:
    field = read_slice(str(next(path for path in REAL if path.name.startswith("2A-CS")))).field
    assert (field.name, field.units) == ("precipRateNearSurface", "mm/hr")
    latitude, longitude = field.coords["latitude"], field.coords["longitude"]
    distance = np.hypot(latitude + 27.47, (longitude - 153.03) * np.cos(np.radians(27.47)))
    assert distance.min() * 111.2 < 5
    assert field.pixel_km == pytest.approx((4.93, 5.12), abs=0.02)  # the footprint of the radar is 5 km below it
