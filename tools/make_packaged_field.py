"""Write the field that ships with the program into resources/.

    pip download iris-sample-data==2.5.2 --no-deps && unzip iris_sample_data-2.5.2-*.whl
    python tools/make_packaged_field.py iris_sample_data/sample_data/toa_brightness_stereographic.nc

The netCDF file is copied as it is; the .npy and .json beside it hold what the reader makes of it, so that the first
picture needs no reader.
"""

import json
import shutil

import numpy as np
from iris_sample import LICENCE_TEXT as IRIS_LICENCE
from iris_sample import source_named

from diffview.paths import resource
from diffview.readers.packaged import NAME
from diffview.readers.slices import read_slice

DATASET = "/data"
SHA256 = "67222b19c3fb0e2401bf44b009eb81e0db54c0ff95a18fb08d182ffa38f85a1c"  # of the file in iris-sample-data 2.5.2
LICENCE = "Open Government Licence v3.0, British Crown copyright 2018, the Met Office"
SOURCE = "iris-sample-data 2.5.2, toa_brightness_stereographic.nc (SEVIRI on MSG, EUMETSAT; Met Office, 2016-05-23)"
LICENCE_TEXT = f"""\
toa_brightness_temperature.nc, .npy and .json

Brightness temperature at the top of the atmosphere, infra-red channel of SEVIRI on Meteosat Second Generation,
stereographic grid, North Atlantic and Europe.

The netCDF file is the file toa_brightness_stereographic.nc of the package iris-sample-data, version 2.5.2
(https://github.com/SciTools/iris-sample-data), unchanged but for its name. The .npy file holds its values, the .json
file its units, pixel size and origin, both written by tools/make_packaged_field.py.

(C) British Crown copyright, 2018, the Met Office. Satellite data: EUMETSAT.

{IRIS_LICENCE}"""


def main() -> None:
    """Copy, read and write the four files."""
    source = source_named(__doc__, "toa_brightness_stereographic.nc", SHA256)
    field = read_slice(str(source), DATASET).field
    card = {
        "name": field.name,
        "units": field.units,
        "dims": field.dims,
        "pixel_km": field.pixel_km,
        "notes": field.notes,
        "provenance": {
            **{key: text for key, text in field.provenance.items() if key != "path"},
            "origin": SOURCE,
            "licence": LICENCE,
        },
    }
    shutil.copyfile(source, resource(f"{NAME}.nc"))
    np.save(resource(f"{NAME}.npy"), field.values, allow_pickle=False)
    resource(f"{NAME}.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    resource(f"{NAME}.LICENCE.txt").write_text(LICENCE_TEXT, encoding="utf-8")


if __name__ == "__main__":
    main()
