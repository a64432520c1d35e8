"""Files of `diffview.record`, whose values are standardised: they are shown in physical units, x = mean + std y."""

from dataclasses import dataclass, replace
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.readers.attributes import short
from diffview.readers.base import EVERY, Coordinate, Decoded, Take
from diffview.readers.cf import CFVariable
from diffview.readers.run_files import RECORD, STATES, run_kind

DIMS = ("step", "member", "channel", "row", "column")


def claims(file: h5py.File) -> bool:
    """Files that say so."""
    return run_kind(file) == RECORD


def variable(dataset: h5py.Dataset) -> CFVariable:
    """States, estimates and truth in physical units; the rest as plain numbers."""
    own = (dataset.name or "").strip("/") in (*STATES, "truth")
    return RecordVariable(dataset) if own and len(dataset.shape) <= len(DIMS) else CFVariable(dataset)


@dataclass(frozen=True, eq=False)
class RecordVariable(CFVariable):
    """States [step, member, channel, row, column], or the true field [channel, row, column]."""

    @property
    def name(self) -> str:
        """The quantity that the file names, else its own name."""
        return short(str(self.dataset.file.attrs.get("quantity", ""))) or super().name

    @property
    def units(self) -> str:
        """Those of the file."""
        return short(str(self.dataset.file.attrs.get("units", "")))

    @property
    def dims(self) -> tuple[str, ...]:
        """The last of DIMS."""
        return DIMS[len(DIMS) - len(self.dataset.shape) :]

    @property
    def remarks(self) -> tuple[str, ...]:
        """Who recorded it."""
        program = short(str(self.dataset.file.attrs.get("program", "")))
        return (f"Recorded by {program}." if program else "A recorded run.",)

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...]) -> Decoded:
        """mean + std y."""
        decoded, about = super().decode(raw, part), self.dataset.file.attrs
        mean, std = (np.float64(about.get(name, usual)) for name, usual in (("mean", 0.0), ("std", 1.0)))
        return replace(decoded, values=mean + std * decoded.values)

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """A record has none."""
        return ()

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """A record has none."""
        return ()
