"""The reader of a set of files: each slice is read by the reader of the file that it lies in."""

import importlib
from dataclasses import dataclass, replace
from functools import cached_property

import h5py
import numpy as np

from diffview.fields.daily import EPOCH
from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site
from diffview.readers.base import EVERY, Coordinate, Decoded, Take, Variable
from diffview.readers.joining import NEW, Joined, Part, parts_of, together
from diffview.readers.opening import find_dataset, open_file
from diffview.readers.set_index import OpenSet, open_set

MASKED = ("outside", "infinite", "flagged")
"""What is counted of masked values."""


def claims(file: h5py.File) -> bool:
    """Whether a file stands for a set of them."""
    return open_set(file) is not None


def variable(dataset: h5py.Dataset) -> "JoinedVariable":
    """A variable of a set."""
    found = open_set(dataset.file)
    assert found is not None
    return JoinedVariable(dataset, found, *found.place_of(dataset.name))


@dataclass(frozen=True, eq=False)
class JoinedVariable:
    """A variable that lies in every file of a set, or only in the first if it has no time.

    Attributes:
        dataset: of the set, without values.
        of: the open set.
        joined: the files.
        inside: path in each of them.
    """

    dataset: h5py.Dataset
    of: OpenSet
    joined: Joined
    inside: str

    @cached_property
    def first(self) -> Variable:
        """The variable in the first file."""
        return _variable(self.of.first(self.joined), self.inside, self.joined)

    @property
    def axis(self) -> int | None:
        """The axis along which files follow each other, NEW if they have none of their own; None of a static one."""
        return self.joined.axes.get(self.inside)

    @property
    def _new(self) -> bool:
        return self.axis == NEW

    @property
    def name(self) -> str:
        """Name for display."""
        return self.first.name

    @property
    def units(self) -> str:
        """Physical units after decoding."""
        return self.first.units

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions."""
        return (self.joined.dim, *self.first.dims) if self._new else self.first.dims

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the files say, and what is missing among them."""
        return (*self.first.remarks, *(self.joined.notes if self.axis is not None else ()))

    def read(self, part: Part) -> Decoded:
        """Physical values of one part, each file decoded by its own packing."""
        found = []
        for path, local in parts_of(self.joined, self.inside, part):
            with open_file(path) as file:
                found.append(_variable(file, self.inside, self.joined).read(local))
        values = together(self.joined, self.inside, part, [one.values for one in found])
        return Decoded(values, *(sum(getattr(one, name) for one in found) for name in MASKED))

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """The times, and the lines of the first file."""
        lines = self.first.axis_coordinates()
        if self.axis is None:
            return lines
        at = 0 if self._new else self.axis
        moved = [replace(one, axes=tuple(axis + 1 for axis in one.axes)) for one in lines] if self._new else lines
        kept = tuple(one for one in moved if one.axes != (at,))
        if not self.joined.days:
            return kept
        return (Coordinate(self.joined.dim, "", (at,), np.array(self.joined.days), EPOCH), *kept)

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """Latitude and longitude of the first file."""
        if not self._new:
            return self.first.plane_coordinates(axes, take)
        found = self.first.plane_coordinates((axes[0] - 1, axes[1] - 1), take)
        return tuple(replace(one, axes=tuple(axis + 1 for axis in one.axes)) for one in found)

    def projection(self) -> Projection | Site | None:
        """That of the first file."""
        return self.first.projection()


def _variable(file: h5py.File, inside: str, joined: Joined) -> Variable:
    found: Variable = importlib.import_module(f"diffview.readers.{joined.reader}").variable(find_dataset(file, inside))
    return found
