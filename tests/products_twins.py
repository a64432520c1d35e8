"""Small products with known answers, one for each family that a reader claims."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from readers_twins import attach, ramp, write

FK1, FK2, BC1, BC2 = 10803.3, 1392.74, 0.0755, 0.99975  # band 13 of GOES-16
KAPPA0 = 0.0015839
HEIGHT = 35786023.0


def abi(path: Path, radiance: NDArray[np.uint16], dqf: NDArray[np.int8], *, emissive: bool) -> str:
    """A level 1b file: packed radiance 0.01 per step from -1, the constants of the other kind of band at fill."""
    ny, nx = radiance.shape
    packing = {"_Unsigned": "true", "scale_factor": np.float32(0.01), "add_offset": np.float32(-1.0)}
    write(path, radiance.view(np.int16), {
        **packing, "_FillValue": np.int16(4095), "valid_range": np.array([0, 4094], np.int16), "coordinates": "t y x",
        "units": "mW m-2 sr-1 (cm-1)-1", "ancillary_variables": "DQF", "grid_mapping": "goes_imager_projection",
    }, "Rad")  # fmt: skip
    meanings = "good_pixel_qf conditionally_usable_pixel_qf out_of_range_pixel_qf no_value_pixel_qf"
    flags = {"_FillValue": np.int8(-1), "_Unsigned": "true", "flag_values": np.arange(4, dtype=np.int8)}
    write(path, dqf, {**flags, "flag_meanings": meanings}, "DQF")
    missing = np.float32(-999)
    for names, values, given in (
        (("planck_fk1", "planck_fk2", "planck_bc1", "planck_bc2"), (FK1, FK2, BC1, BC2), emissive),
        (("kappa0",), (KAPPA0,), not emissive),
    ):
        for name, value in zip(names, values, strict=True):
            write(path, np.float32(value) if given else missing, {"_FillValue": missing}, name)
    write(path, np.array([13 if emissive else 1], np.int8), {}, "band_id")
    write(path, np.int32(0), {"grid_mapping_name": "geostationary", "perspective_point_height": HEIGHT},
          "goes_imager_projection")  # fmt: skip
    angle = {"units": "rad", "scale_factor": np.float32(5.6e-5), "add_offset": np.float32(-0.1)}
    y = {**angle, "standard_name": "projection_y_coordinate", "scale_factor": np.float32(-5.6e-5)}
    x = {**angle, "standard_name": "projection_x_coordinate"}
    with h5py.File(path, "a") as file:
        file.attrs["title"] = "ABI L1b Radiances"
    attach(str(path), "Rad", y=(np.arange(ny, dtype=np.int16), y), x=(np.arange(nx, dtype=np.int16), x))
    return str(path)


def viirs(path: Path, raw: NDArray[Any], factors: Any, kind: str = "BrightnessTemperature", band: str = "M15") -> str:
    """An aggregated SDR with its terrain-corrected geolocation; the first line lies in the south."""
    place, geo = f"All_Data/VIIRS-{band}-SDR_All", "All_Data/VIIRS-MOD-GEO-TC_All"
    write(path, raw, {}, f"{place}/{kind}")
    if factors is not None:
        write(path, np.asarray(factors, np.float32), {}, f"{place}/{kind}Factors")
    write(path, np.zeros(raw.shape, np.uint8), {}, f"{place}/QF1_VIIRSMBANDSDR")
    lat, lon = np.meshgrid(10 + 0.01 * np.arange(raw.shape[0]), 0.02 * np.arange(raw.shape[1]), indexing="ij")
    lat[0, 0] = -999.3
    write(path, lat.astype(np.float32), {}, f"{geo}/Latitude")
    return write(path, lon.astype(np.float32), {}, f"{geo}/Longitude")


def ghrsst(path: Path, sst: NDArray[np.int16], level: NDArray[np.int8]) -> str:
    """An L2P granule with winds as large as its temperature."""
    where = {"coordinates": "lon lat"}
    packing = {"scale_factor": np.float32(0.01), "add_offset": np.float32(273.15), "_FillValue": np.int16(-32768)}
    write(path, sst[None], {**where, **packing, "units": "kelvin"}, "sea_surface_temperature")
    write(path, level[None], {**where, "_FillValue": np.int8(-128)}, "quality_level")
    write(path, sst[None] % 100, {**where, "units": "m s-1", "standard_name": "wind_speed"}, "analysis_wind")
    lat, lon = np.meshgrid(50 - 0.1 * np.arange(sst.shape[0]), 0.1 * np.arange(sst.shape[1]), indexing="ij")
    write(path, lat, {"units": "degrees_north"}, "lat")
    write(path, lon, {"units": "degrees_east"}, "lon")
    with h5py.File(path, "a") as file:
        file.attrs["gds_version_id"] = "2.0"
    return str(path)


def tropomi(path: Path, values: NDArray[np.float32], qa: NDArray[np.uint8]) -> str:
    """A level 2 file: groups, time = 1, scanlines from the south."""
    column = {"units": "mol m-2", "_FillValue": np.float32(9.96921e36), "coordinates": "longitude latitude"}
    write(path, values[None], column, "PRODUCT/nitrogendioxide_tropospheric_column")
    write(path, qa[None], {"scale_factor": np.float32(0.01), "_FillValue": np.uint8(255)}, "PRODUCT/qa_value")
    lat, lon = np.meshgrid(0.05 * np.arange(values.shape[0]), 0.05 * np.arange(values.shape[1]), indexing="ij")
    write(path, lat[None], {"units": "degrees_north"}, "PRODUCT/latitude")
    write(path, lon[None], {"units": "degrees_east"}, "PRODUCT/longitude")
    with h5py.File(path, "a") as file:
        file.attrs["sensor"] = "TROPOMI"
    return str(path)


def sentinel3(folder: Path, values: NDArray[np.float32], name: str, beside: str, end: str = "") -> str:
    """One band of a product folder, and the file of coordinates beside it; rows from the south."""
    for path, title in ((folder / f"{name}.nc", "S3A_OL_1_EFR"), (folder / beside, "S3A_OL_1_EFR")):
        with h5py.File(path, "w") as file:
            file.attrs["product_name"] = f"{title}____20200101T000000.SEN3"
    write(folder / f"{name}.nc", values, {"units": "K"}, name)
    lat, lon = np.meshgrid(0.1 * np.arange(values.shape[0]), 0.1 * np.arange(values.shape[1]), indexing="ij")
    packed = {"scale_factor": 1e-6}
    write(folder / beside, np.round(lat * 1e6).astype(np.int32), packed, f"latitude{end}")
    write(folder / beside, np.round(lon * 1e6).astype(np.int32), packed, f"longitude{end}")
    return str(folder / f"{name}.nc")


def matlab(path: Path, matrix: NDArray[Any], **vectors: NDArray[Any]) -> str:
    """A file as MATLAB writes it: `matrix` as seen in MATLAB, axes reversed in the file; vectors are n x 1."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in {"A": matrix, **{k: v[:, None] for k, v in vectors.items()}}.items():
            file[name] = np.ascontiguousarray(value.T)
            file[name].attrs["MATLAB_class"] = np.bytes_("double")
        file["words"] = np.arange(100, dtype=np.uint16).reshape(10, 10)
        file["words"].attrs["MATLAB_class"] = np.bytes_("char")
        file["nothing"] = np.array([[0, 0]], np.uint64)
        file["nothing"].attrs.update({"MATLAB_class": np.bytes_("double"), "MATLAB_empty": np.uint8(1)})
    content = path.read_bytes()
    path.write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + content[512:])
    return str(path)


def rotated(path: Path, values: NDArray[Any], pole: tuple[float, float]) -> str:
    """A limited area around rotated (0, 0), rows from the south, without latitude and longitude."""
    write(path, values, {"units": "K", "grid_mapping": "crs"}, "t2m")
    write(path, np.int32(0), {"grid_mapping_name": "rotated_latitude_longitude",
          "grid_north_pole_latitude": pole[0], "grid_north_pole_longitude": pole[1]}, "crs")  # fmt: skip
    y, x = ({"standard_name": f"grid_{name}", "units": "degrees"} for name in ("latitude", "longitude"))
    ny, nx = values.shape
    return attach(str(path), "t2m", rlat=(np.arange(ny) - ny // 2, y), rlon=(np.arange(nx) - nx // 2, x))


def nemo(path: Path, values: NDArray[np.float32]) -> str:
    """A curvilinear ocean: dimensions y and x without coordinates, nav_lat and nav_lon over both."""
    write(
        path, values[None], {"units": "degC", "coordinates": "nav_lat nav_lon", "_FillValue": np.float32(1e20)}, "tos"
    )
    lat, lon = np.meshgrid(np.arange(values.shape[0]) - 5.0, 60.0 + np.arange(values.shape[1]), indexing="ij")
    lat += 0.2 * np.sin(lon)  # rows are no parallels
    write(path, lat, {"units": "degrees_north"}, "nav_lat")
    return write(path, lon, {"units": "degrees_east"}, "nav_lon")


def altimetry(path: Path, adt: NDArray[np.int32]) -> str:
    """A daily map: fill -2147483648, latitude ascends."""
    packing = {"units": "m", "scale_factor": 1e-4, "_FillValue": np.int32(-2147483648)}
    write(path, adt[None], packing, "adt")
    ny, nx = adt.shape
    return attach(str(path), "adt", time=(np.zeros(1), {"units": "days since 1950-01-01"}),
                  latitude=(np.arange(ny) + 0.125, {"units": "degrees_north"}),
                  longitude=(np.arange(nx) + 0.125, {"units": "degrees_east"}))  # fmt: skip


def ugrid(path: Path) -> str:
    """A mesh with values on its faces at several times, and one ordinary picture."""
    write(path, np.int32(0), {"cf_role": "mesh_topology", "topology_dimension": 2}, "mesh2d")
    write(path, ramp(20, 300), {"mesh": "mesh2d", "location": "face", "units": "m"}, "water_level")
    return write(path, ramp(12, 9), {"units": "m"}, "overview")
