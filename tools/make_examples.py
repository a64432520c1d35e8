"""Write the fields of File > Examples into resources/: sea surface temperature, and rain that a network drew.

pip download iris-sample-data==2.5.2 --no-deps && unzip iris_sample_data-2.5.2-*.whl
python tools/make_examples.py iris_sample_data/sample_data/ostia_monthly.nc
"""

from pathlib import Path

import numpy as np
import xarray
from iris_sample import LICENCE_TEXT as IRIS_LICENCE
from iris_sample import source_named

import diffview
from diffview.paths import resource
from diffview.runs.examples import RAIN, SEA

SHA256 = "e40d33fef22eabae985dae0fcee7643e127394195cef55a2e40e1f5416d57f98"  # of the file in iris-sample-data 2.5.2
MONTHS = 36
STEP = 0.01
"""Kelvin between two values that are stored."""

DRAWN = {"model": "rain64", "seed": 11, "members": 8}
WETTEST = 0.6
"""Of what was drawn the member is taken whose wet share is nearest to this."""

SEA_LICENCE = f"""\
{SEA}

Monthly means of surface temperature over the tropical oceans, from OSTIA analyses of the Met Office.

Cut by tools/make_examples.py from the file ostia_monthly.nc of the package iris-sample-data, version 2.5.2
(https://github.com/SciTools/iris-sample-data): the first {MONTHS} months, rounded to {STEP} K and packed as integers,
land as missing values.

(C) British Crown copyright, the Met Office.

{IRIS_LICENCE}"""


def write_sea(source: Path) -> None:
    """The first months, packed."""
    with xarray.open_dataset(source, engine="h5netcdf") as file:
        months = file[["surface_temperature"]].isel(time=slice(0, MONTHS)).load()
    field = months["surface_temperature"]
    field = field.where(field < 1e10)
    field.attrs = {"standard_name": "sea_surface_temperature", "units": "K", "long_name": "sea surface temperature"}
    kept = field.drop_vars([name for name in field.coords if name not in field.dims]).to_dataset(name="sst")
    kept.attrs = {
        "Conventions": "CF-1.8",
        "title": "Sea surface temperature of the tropics, monthly means",
        "source": "iris-sample-data 2.5.2, ostia_monthly.nc (OSTIA, Met Office)",
        "license": "Open Government Licence v3.0, British Crown copyright, the Met Office",
    }
    packed = {"dtype": "i2", "scale_factor": STEP, "add_offset": 300.0, "_FillValue": -32768, "zlib": True}
    kept.to_netcdf(resource(SEA), engine="h5netcdf", encoding={"sst": packed})
    resource(SEA).with_suffix(".LICENCE.txt").write_text(SEA_LICENCE, encoding="utf-8")


def write_rain() -> None:
    """One field of a network, told so in its name and its title."""
    drawn = diffview.sample(**DRAWN)
    rain = drawn["precipitation_rate"]
    wet = (rain > 0.1).mean(("y", "x"))
    member = int(np.abs(wet.values - WETTEST).argmin())
    field = rain.isel(member=member, drop=True).clip(min=0.0).astype(np.float32)
    field.attrs |= {"standard_name": "rainfall_rate", "long_name": "rain that the network rain64 drew"}
    field.encoding = {}
    kept = field.to_dataset(name="rain_drawn_by_rain64")
    kept.attrs = {
        "Conventions": "CF-1.8",
        "title": "Rain that the network rain64 drew: the truth of a twin experiment, and no observation",
        "source": f"diffview {diffview.__version__}, rain64, seed {DRAWN['seed']}, member {member}",
        "license": "CC0 1.0",
    }
    kept.to_netcdf(resource(RAIN), engine="h5netcdf", encoding={"rain_drawn_by_rain64": {"zlib": True}})


def main() -> None:
    """Write both files."""
    write_sea(source_named(__doc__, "ostia_monthly.nc", SHA256))
    write_rain()


if __name__ == "__main__":
    main()
