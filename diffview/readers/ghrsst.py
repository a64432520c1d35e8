"""Sea surface temperature of GHRSST (L2P, L3C, L3U, L4): CF, and a note on its quality levels.

GHRSST Data Specification 2.0, section 9.14: quality_level is 0 no data, 1 bad, 2 worst, 3 low, 4 acceptable, 5 best.
"""

import re
from dataclasses import dataclass

import h5py

from diffview.readers.attributes import text_attribute
from diffview.readers.cf import CFVariable
from diffview.readers.opening import dataset_in
from diffview.readers.quality import rated, shares_of_levels

_TEMPERATURE = re.compile(r"sst|sea_surface|sea_water_temperature", re.IGNORECASE)
WORDS = {5: "best", 4: "acceptable", 3: "low", 2: "worst", 1: "bad", 0: "no data"}


def claims(file: h5py.File) -> bool:
    """Files that state their GHRSST data specification."""
    return bool(text_attribute(file, "gds_version_id")) or "GHRSST" in text_attribute(file, "Conventions")


def variable(dataset: h5py.Dataset) -> "SSTVariable":
    """The dataset with the quality of its file."""
    return SSTVariable(dataset)


@dataclass(frozen=True, eq=False)
class SSTVariable(CFVariable):
    """A CF variable beside a quality level."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """The quality of the temperatures; none is masked."""
        level = dataset_in(self.dataset.parent, "quality_level")
        rates = level is not None and level.shape == self.dataset.shape and level != self.dataset
        if not rates or not _TEMPERATURE.search(self.dataset.name):
            return super().remarks
        levels = rated(self, CFVariable(level))
        if levels is None:
            said = "quality_level rates every value from 1 (bad) to 5 (best); all are shown."
        elif not levels.size:
            said = "quality_level rates no value of this picture."
        else:
            said = f"quality_level of the {levels.size:,} values: {shares_of_levels(levels, WORDS)}; all are shown."
        return (said, *super().remarks)
