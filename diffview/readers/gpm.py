"""Products of the Global Precipitation Measurement mission and of TRMM, versions 4 to 7: IMERG, DPR, GMI, 1C, 2A, 2B.

CF decodes most of them. Beyond CF: `DimensionNames` decides which latitude and longitude belong to an array,
`CodeMissingValue` is text, and the radar has codes of its own beside the fill value.
[PPS, File Specification for GPM Products; JAXA, GPM/DPR L2 product format]
"""

from dataclasses import dataclass
from functools import cached_property

import h5py

from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import EVERY, Coordinate, Take
from diffview.readers.cf import CFVariable
from diffview.readers.opening import dataset_in
from diffview.readers.packing import Packing, packed_type, packing_of

FIRST = (
    "precipitation", "precipitationCal", "precipRateNearSurface", "surfacePrecipitation", "surfacePrecipRate",
    "nearSurfPrecipTotRate", "precipTotRate", "latentHeating", "Tc", "Tb",
)  # fmt: skip

# Not applicable (no rain, no bright band), below the noise of the radar, not measured: none is a physical value.
_CODES = {"f": (-1111.1, -28888.0, -29999.0), "i": (-1111,)}


def claims(file: h5py.File) -> bool:
    """Files with the header that PPS writes into every product."""
    header = text_attribute(file, "FileHeader")
    return "AlgorithmID=" in header and ("GPM" in header or "TRMM" in header)


def variable(dataset: h5py.Dataset) -> "GpmVariable":
    """The dataset by the conventions of PPS."""
    return GpmVariable(dataset)


@dataclass(frozen=True, eq=False)
class GpmVariable(CFVariable):
    """An array of a grid or a swath."""

    @cached_property
    def packing(self) -> Packing:
        """The packing with the codes of PPS as fill values."""
        codes = _CODES.get(packed_type(self.dataset).kind, ())
        return packing_of(self.dataset, (*number_attributes(self.dataset, "CodeMissingValue"), *codes))

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """Latitude and longitude of the swath, if they lie on the same two dimensions."""
        coordinates = super().plane_coordinates(axes, take)
        names = [self.dims[axis] for axis in axes]
        for coordinate in coordinates:
            lies_on = self._dims_of(coordinate.name)
            if lies_on and sorted(lies_on) != sorted(names):
                return ()
        return coordinates

    def _dims_of(self, name: str) -> list[str]:
        """Dimensions of the nearest dataset of that name above this one, [] if it names none."""
        group = self.dataset.parent
        while name not in group and group.name != "/":
            group = group.parent
        found = dataset_in(group, name) if name in group else None
        text = "" if found is None else text_attribute(found, "DimensionNames")
        return [part.strip() for part in text.split(",") if part.strip()]
