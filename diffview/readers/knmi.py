"""KNMI radar composites (the HDF5 data format of KNMI, version 3.5): value by a formula in text, "GEO=0.01*PV+0.0"."""

import re
from dataclasses import dataclass, replace
from functools import cached_property

import h5py
import numpy as np

from diffview.fields.earth_map import Projection
from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import Coordinate
from diffview.readers.cf import CFVariable
from diffview.readers.opening import group_in
from diffview.readers.packing import Packing, packing_of

_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)"
_FORMULA = re.compile(rf"GEO={_NUMBER}\*PV(?:\+?{_NUMBER})?$", re.IGNORECASE)
_PARAMETER = re.compile(r"(.*?)_?\[(.*)\]$")
_UNITS = {"MM": "mm", "DBZ": "dBZ", "MM/H": "mm/h", "MM/HR": "mm/h", "KM": "km", "M": "m", "K": "K"}


def claims(file: h5py.File) -> bool:
    """Files with the group `overview`, a product name in it, beside a first image."""
    groups = [group_in(file["/"], name) for name in ("overview", "image1")]
    return None not in groups and bool(text_attribute(groups[0], "product_group_name"))


def variable(dataset: h5py.Dataset) -> CFVariable:
    """The images; the rest as plain numbers."""
    own = (dataset.name or "").endswith("/image_data") and len(dataset.shape or ()) > 1
    return KnmiImage(dataset) if own else CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class KnmiImage(CFVariable):
    """One image with its calibration."""

    PLACED_BY_AXES = True

    @cached_property
    def _calibration(self) -> h5py.Group | None:
        return group_in(self.dataset.parent, "calibration")

    @cached_property
    def formula(self) -> tuple[float, float] | None:
        """(slope, offset) of the calibration, None if there is none that can be read."""
        text = text_attribute(self._calibration, "calibration_formulas") if self._calibration is not None else ""
        match = _FORMULA.match(text.replace(" ", "").replace("+-", "-"))
        return (float(match[1]), float(match[2] or 0.0)) if match else None

    @cached_property
    def _parameter(self) -> tuple[str, str]:
        match = _PARAMETER.match(text_attribute(self.dataset.parent, "image_geo_parameter"))
        return (match[1].lower(), _UNITS.get(match[2].upper(), match[2])) if match else ("", "")

    @property
    def name(self) -> str:
        """The parameter ("accumulated_precipitation"), else the name of the array."""
        return self._parameter[0] or super().name

    @property
    def units(self) -> str:
        """Units after calibration; "" without a formula."""
        return self._parameter[1] if self.formula else ""

    @property
    def dims(self) -> tuple[str, ...]:
        """(y, x)."""
        return (*(f"dim_{axis}" for axis in range(self.dataset.ndim - 2)), "y", "x")

    @cached_property
    def packing(self) -> Packing:
        """slope * raw + offset; missing data and pixels outside the image are NaN."""
        codes = tuple(
            code for name in ("calibration_missing_data", "calibration_out_of_image") if self._calibration is not None
            for code in number_attributes(self._calibration, name)
        )  # fmt: skip
        scale, offset = map(np.float64, self.formula or (1.0, 0.0))
        return replace(packing_of(self.dataset, codes), scale=scale, offset=offset)

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence where the numbers are not calibrated."""
        return () if self.formula else ("The calibration formula cannot be read: stored values are shown.",)

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """Projection coordinates of the middle of the pixels, in km; the offsets count pixels from the pole."""
        geographic = group_in(self.dataset.file["/"], "geographic")
        if geographic is None:
            return ()
        lines: list[Coordinate] = []
        for axis, (role, side) in enumerate((("y", "row"), ("x", "column")), self.dataset.ndim - 2):
            step = number_attributes(geographic, f"geo_pixel_size_{role}")
            offset = number_attributes(geographic, f"geo_{side}_offset")
            if not (step and offset and step[0]):
                return ()
            values = (float(offset[0]) + np.arange(self.dataset.shape[axis]) + 0.5) * float(step[0])
            lines.append(Coordinate(role, "y" if role == "y" else "x", (axis,), values, "km"))
        return tuple(lines)

    def projection(self) -> Projection | None:
        """The projection of the file, whose axes of the Earth are in km, as y and x are."""
        geographic = group_in(self.dataset.file["/"], "geographic")
        group = group_in(geographic, "map_projection") if geographic is not None else None
        text = text_attribute(group, "projection_proj4_params") if group is not None else ""
        return Projection(text, km=1.0) if text else None
