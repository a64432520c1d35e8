"""Real products: against the netCDF4 library, and every file opens or says in one sentence why not."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from readers_twins import SHARED, real_files

from diffview.errors import UserError
from diffview.readers.describe import describe
from diffview.readers.slices import read_slice
from diffview.readers.tree import find_plottable, list_group

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the folder of real files is not there")
netCDF4 = pytest.importorskip("netCDF4")

H5 = real_files("h5")
ODD = real_files("h5/odd", "h5/odd/vds1")
LARGEST = 16 * 2**20  # values of an array that is compared whole

# The netCDF4 library compares floating limits of packed integers with the packed values; see packing._valid_range.
COMPARED = {path.name: path for path in H5 if path.suffix == ".nc"}
OTHER_RULE = {
    ("ESACCI-SOILMOISTURE-L3S-SSMV-COMBINED-20000101000000-fv02.2.nc", name) for name in ("sm", "sm_uncertainty")
} | {(path.name, "Rad") for path in H5 if path.name.startswith("OR_ABI")}  # turned into reflectance


def stored_plane(array: np.ndarray, axes: tuple[int, int], index: tuple[int, ...]) -> np.ndarray:
    """The plane of a whole array that a picture shows, rows first, in stored direction."""
    others = [axis for axis in range(array.ndim) if axis not in axes]
    moved = np.transpose(array, [*others, *axes])
    return moved[index]


@pytest.mark.parametrize("name", COMPARED)
def test_pictures_agree_with_the_netcdf4_library(name: str) -> None:
    path = COMPARED[name]
    with netCDF4.Dataset(path) as dataset:
        dataset.set_always_mask(True)
        for node in find_plottable(str(path))[:6]:
            if (name, node.name) in OTHER_RULE or np.prod(node.shape) > LARGEST:
                continue
            try:
                picture = read_slice(str(path), node.path)
            except UserError as error:
                assert "every value" in error.sentence  # either outcome is right
                continue
            theirs = np.ma.filled(np.ma.asarray(dataset[node.path][...]).astype(np.float64), np.nan)
            plane = stored_plane(theirs, picture.axes, picture.index)
            plane[~np.isfinite(plane)] = np.nan
            ours = picture.field.values
            turned = [plane[::i, ::j] for i in (1, -1) for j in (1, -1)]
            assert any(np.allclose(ours, way, rtol=1e-5, atol=1e-6, equal_nan=True) for way in turned), node.path


CHOSEN = {
    "19910916120000-ESACCI": "wind_speed", "1A.TRMM.TMI": "S1/earthView",
    "2A-CS-151E24S": "NS/SLV/precipRateNearSurface", "2A.GPM.DPR": "FS/SLV/precipRateNearSurface",
    "2B.GPM.DPRGMI": "Swath/surfacePrecipRate",
    "ESACCI-OZONE": "atmosphere_mole_content_of_ozone", "ESACCI-SOILMOISTURE": "sm", "IDR66": "dataset1/data1/data",
    "OR_ABI": "Rad", "RAD_NL25": "image1/image_data", "SS_AMSR2": "sea_surface_temperature",
    "SS_VIIRS": "sea_surface_temperature", "Z__C_RJTD": "DBZH", "coads": "SST", "dt_med": "adt", "era5": "t2m",
    "example_cfradial": "reflectivity_horizontal", "issue671": "soil_moisture", "nc4uvt": "T", "nemo_1m": "tos",
    "orca2": "votemper", "ostia": "surface_temperature", "rotated_pole": "air_pressure_at_sea_level",
    "sgpxsapr": "reflectivity", "sit_monthly": "cdr_sea_ice_thickness", "woa18": "t_an",
}  # fmt: skip
"""By the beginning of a file's name, the dataset that somebody who opens it wants to see first."""

EMPTY = {"1C.GPM.GMI": ("S1/incidenceAngle", "S1/Tc"), "2A.GPM.GMI": ("S1/sunGlintAngle", "S1/surfacePrecipitation")}
"""Of files whose main dataset holds nothing, what is shown in its place, and that."""


@pytest.mark.parametrize("begin", CHOSEN)
def test_the_dataset_that_is_shown_first(begin: str) -> None:
    (path,) = (path for path in H5 if path.name.startswith(begin))
    picture = read_slice(str(path))
    assert picture.dataset == f"/{CHOSEN[begin]}"
    assert not any("is shown." in note for note in picture.field.notes)


@pytest.mark.parametrize("begin", EMPTY)
def test_it_is_said_why_the_main_dataset_is_not_shown(begin: str) -> None:
    (path,) = (path for path in H5 if path.name.startswith(begin))
    picture, (shown, main) = read_slice(str(path)), EMPTY[begin]
    why = f"/{main} cannot be shown: every value of this slice is missing. So /{shown} is shown."
    assert picture.dataset == f"/{shown}" and picture.field.notes[0] == why


@pytest.mark.parametrize("path", [*H5, *ODD], ids=lambda path: path.name[:40])
def test_every_file_opens_or_says_why_not(path: Path) -> None:
    try:
        nodes = list_group(str(path))
        tree = describe(str(path))["tree"]
    except UserError as error:
        assert path.suffix == ".dat"  # the only one that is no HDF5 file
        assert str(path) in error.sentence
        return
    json.dumps(tree)
    assert len(tree) >= len(nodes)
    for node in tree[:150]:
        assert node["plottable"] or node["why"].endswith("."), node
        try:
            picture = read_slice(str(path), node["path"])
        except UserError as error:
            assert str(path) in error.sentence
            assert error.sentence.endswith(".")
        else:
            assert picture.field.values.dtype == np.float32
            assert np.isfinite(picture.field.values).any()


def test_the_trap_that_ends_other_programs_is_read() -> None:
    """h5py's Dataset.dims crashes on this file; latitude ascends from row to row in it or falls, north is up."""
    picture = read_slice(str(SHARED / "h5" / "f97182070958.h5"))
    assert picture.field.values.shape == (1024, 1024)
    assert np.all(np.diff(picture.field.coords["latitude"]) < 0)
    with h5py.File(SHARED / "h5" / "f97182070958.h5") as file:
        slope, offset = file["dsp_band_1"].attrs["dsp_cal_coeffs"]  # its own second statement of the calibration
        stored = file["dsp_band_1"][...].astype(np.float64)
    ours = picture.field.values
    assert any(np.allclose(ours, way, rtol=1e-6) for way in (stored * slope + offset, (stored * slope + offset)[::-1]))


def test_imerg_is_transposed_and_turned(tmp_path: Path) -> None:
    path = tmp_path / "imerg.h5"
    path.write_bytes(next(path for path in H5 if "3IMERG" in path.name).read_bytes())
    stored = np.arange(100, dtype=np.float32).reshape(1, 10, 10)  # the small part that was cut out holds no rain
    with h5py.File(path, "r+") as file:
        file["Grid/precipitation"][...] = stored
        lat = file["Grid/lat"][...].astype(np.float64)
    picture = read_slice(str(path))
    assert (picture.dataset, picture.axes, picture.field.units) == ("/Grid/precipitation", (2, 1), "mm/hr")
    np.testing.assert_array_equal(picture.field.values, stored[0].T[::-1])
    np.testing.assert_array_equal(picture.field.coords["latitude"], lat[::-1])


def test_soil_moisture_with_physical_limits_keeps_its_values() -> None:
    path = next(path for path in H5 if "SOILMOISTURE" in path.name)
    with h5py.File(path) as file:
        raw = file["sm"][0]
    values = read_slice(str(path), "sm").field.values
    assert np.count_nonzero(~np.isnan(values)) == np.count_nonzero((raw >= 0) & (raw <= 10000))
