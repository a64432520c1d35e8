"""The field that ships with the program, without h5py, xarray or a reader process: it is on screen first."""

import json

import numpy as np

from diffview.fields.field import Field
from diffview.paths import resource

NAME = "toa_brightness_temperature"


def packaged_field() -> Field:
    """Brightness temperature at the top of the atmosphere over the North Atlantic and Europe, 160 x 256, K.

    Exactly the result of `read_slice` on the netCDF file beside it, without the coordinates; see
    tools/make_packaged_field.py.
    """
    card = json.loads(resource(f"{NAME}.json").read_text(encoding="utf-8"))
    return Field(
        values=np.load(resource(f"{NAME}.npy"), allow_pickle=False),
        name=card["name"],
        units=card["units"],
        dims=(card["dims"][0], card["dims"][1]),
        pixel_km=(card["pixel_km"][0], card["pixel_km"][1]),
        coords={},
        provenance={**card["provenance"], "path": str(resource(f"{NAME}.nc"))},
        notes=tuple(card["notes"]),
    )
