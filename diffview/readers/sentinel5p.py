"""Sentinel-5P TROPOMI, level 2: CF in the group PRODUCT, and a note on its qa_value.

S5P Product User Manuals: qa_value above 0.75 is recommended, above 0.5 still usable (NO2; others differ slightly).
"""

from dataclasses import dataclass

import h5py
import numpy as np

from diffview.readers.attributes import text_attribute
from diffview.readers.cf import CFVariable
from diffview.readers.opening import dataset_in, group_in
from diffview.readers.quality import percent, rated

RECOMMENDED, USABLE = 0.75, 0.5


def claims(file: h5py.File) -> bool:
    """Level 2 files of TROPOMI."""
    sensor = text_attribute(file, "sensor") == "TROPOMI" or text_attribute(file, "id").startswith("S5P")
    return sensor and group_in(file, "PRODUCT") is not None


def variable(dataset: h5py.Dataset) -> "TropomiVariable":
    """The dataset with the quality of its file."""
    return TropomiVariable(dataset)


@dataclass(frozen=True, eq=False)
class TropomiVariable(CFVariable):
    """A CF variable beside a qa_value."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """The share of the picture that the provider recommends; nothing is masked."""
        quality = dataset_in(self.dataset.parent, "qa_value")
        if quality is None or quality.shape != self.dataset.shape or quality == self.dataset:
            return super().remarks
        marks = rated(self, CFVariable(quality))
        if marks is None or not marks.size:
            return super().remarks
        good, fair = (percent(int(np.count_nonzero(marks > limit)), marks.size) for limit in (RECOMMENDED, USABLE))
        said = f"qa_value exceeds {RECOMMENDED} for {good} and {USABLE} for {fair} of the {marks.size:,} values; "
        return (said + "all are shown.", *super().remarks)
