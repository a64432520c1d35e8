"""Small full disks with known answers: GK-2A AMI and MTG FCI."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from readers_twins import write

H, C, K = 6.62606957e-34, 2.997924580e8, 1.3806488e-23
AMI = {
    "satellite_name": "GK-2A", "sub_longitude": 2.23751210105673, "nominal_satellite_height": 42164000.0,
    "earth_equatorial_radius": 6378137.0, "earth_polar_radius": 6356752.3, "Radiance_to_Albedo_c": 0.0019,
    "DN_to_Radiance_Gain": -0.0144806550815701, "DN_to_Radiance_Offset": 118.050903320312,
    "Teff_to_Tbb_c0": -0.141418528203155, "Teff_to_Tbb_c1": 1.00052232906885, "Teff_to_Tbb_c2": -3.6287276076109e-07,
    "light_speed": C, "Boltzmann_constant_k": K, "Plank_constant_h": H,
}  # fmt: skip
SIDE = 20


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
