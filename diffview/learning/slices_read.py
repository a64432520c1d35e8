"""Slices of a dataset, read a part at a time or by several processes in turn, and cut into fields; or as kept."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Channel, ConditionValues
from diffview.fields.field import Region
from diffview.fields.picture import Picture
from diffview.learning.crops_kept import Readers, kept_crops
from diffview.learning.sets import HELD_OUT, MULTIPLE, crops_of
from diffview.readers.process import ReaderProcess
from diffview.runs.conditions_asked import Condition

Array = NDArray[np.float32]

AT_ONCE = 2**27
"""Bytes of slices that are read together."""


@dataclass(frozen=True)
class Cut:
    """How the slices of datasets become fields to train on and fields held out.

    Attributes:
        size: largest side of a field in pixels; larger slices are cut into crops at multiples of size/4.
        held_out: share of the slices, or of the width of a single picture, that is held out, 0 to 0.9.
        coarsen: the condition is the mean over blocks of this many pixels a side; 0: none.
        at: {dimension: index} of the dimensions that stay fixed; all slices along the others are used.
        quantity: what the datasets are together if their own names differ.
        given: other variables that the fields are given beside, matched by time.

    Raises:
        UserError: if there is no such size, share or block.
    """

    size: int = 64
    held_out: float = HELD_OUT
    coarsen: int = 0
    at: Mapping[str, int] = field(default_factory=dict)
    quantity: str = ""
    given: Sequence[Condition] = ()

    def __post_init__(self) -> None:
        if not MULTIPLE <= self.size <= 4096:
            raise UserError(f"Fields of {self.size} pixels a side cannot be trained on.", f"Choose {MULTIPLE} to 4096.")
        if not 0 <= self.held_out <= 0.9:
            raise UserError(f"A share of {self.held_out:g} cannot be held out.", "Choose 0 to 0.9.")
        if not 0 <= self.coarsen <= self.size:
            raise UserError(
                f"Blocks of {self.coarsen} pixels do not fit into {self.size}.",
                f"Choose 2 to {self.size}, or 0 for none.",
            )
        if wrong := [f"{name}={index}" for name, index in self.at.items() if not str(index).isdecimal()]:
            raise UserError(f"{wrong[0]} is no index of a dimension.", "Write a whole number, as level=3.")
        object.__setattr__(self, "at", {name: int(index) for name, index in self.at.items()})

    def sides(self, ny: int, nx: int) -> tuple[int, int]:
        """Rows and columns of a field of pictures of ny x nx pixels."""
        multiple = math.lcm(MULTIPLE, max(1, self.coarsen))
        sides = (min(ny, self.size) // multiple * multiple, min(nx, self.size) // multiple * multiple)
        if not min(sides):
            raise UserError(
                f"Slices of {ny} x {nx} pixels are too small: the sides of fields are multiples of {multiple}.",
                "Choose other data, or other blocks.",
            )
        return sides

    def crops(self, stack: Array, sides: tuple[int, int], most: int) -> Array:
        """The fields of `sides` in pictures [n, ny, nx], evenly picked ones if they take more than `most` bytes."""
        return crops_of(stack, sides, max(1, self.size // 4), most)


@dataclass(frozen=True, eq=False)
class ReadFrom:
    """A file or a set, the process that touches it, and those that read it together."""

    reader: ReaderProcess
    path: str
    readers: Readers


@dataclass(frozen=True, eq=False)
class CutFields:
    """Fields [n, ny, nx], what is given beside them [n, channels, ny, nx], and how many slices had none of it."""

    fields: Array
    given: Array | None = None
    channels: tuple[Channel, ...] = ()
    lost: int = 0

    def none(self) -> "CutFields":
        """None of them."""
        return replace(self, fields=self.fields[:0], given=None if self.given is None else self.given[:0], lost=0)


def beside_of(
    reader: ReaderProcess, path: str, picture: Picture, cut: Cut, index: tuple[int, ...], dim: int | None = None,
    numbers: range = range(0),
) -> ConditionValues:  # fmt: skip
    """The conditions of slices."""
    found: ConditionValues = reader.call(
        "read_beside", path=path, dataset=picture.dataset, rows=tuple(cut.given), axes=picture.axes, index=index,
        dim=dim, numbers=tuple(numbers),
    )  # fmt: skip
    return found


@dataclass(frozen=True, eq=False)
class SlicesAlong:
    """The slices of a dataset: along one dimension, at every index of the `others`, {dimension: size}."""

    source: ReadFrom
    picture: Picture
    index: tuple[int, ...]
    along: int
    others: Mapping[int, int]

    def fields(self, start: int, stop: int, cut: Cut, most: int) -> CutFields:
        """The fields of the slices from `start` to `stop`, of `most` bytes together, as they were kept or read."""
        if cut.given:
            return self._read(start, stop, cut, most)
        of = self.picture.dataset, self.picture.axes, self.index, self.along, sorted(self.others.items())
        by = start, stop, cut.sides(*self.picture.field.values.shape), cut.size, most
        source = self.source
        kept = kept_crops(source.path, (of, by), lambda: self._read(start, stop, cut, most).fields, source.readers)
        return CutFields(kept)

    def _read(self, start: int, stop: int, cut: Cut, most: int) -> CutFields:
        """The same, read a part at a time, by several processes in turn."""
        ny, nx = self.picture.field.values.shape
        channels: tuple[Channel, ...] = ()
        if cut.given:
            channels = self._beside(self.index, range(start, start + 1), cut).channels
        every = max(1, AT_ONCE // (4 * ny * nx * (1 + len(channels))))
        share = max(1, most // math.prod(self.others.values()))
        read: list[list[Array | None]] = []
        turns = product(product(*(range(size) for size in self.others.values())), range(start, stop, every))
        for number, (at, first) in enumerate(turns):
            if not self.source.readers.mine(number):
                read.append([None, None, None])
                continue
            index = list(self.index)
            for dim, place in zip(self.others, at, strict=True):
                index[dim] = place
            numbers = range(first, min(first + every, stop))
            read.append(self._crops(tuple(index), numbers, cut, max(1, share * len(numbers) // (stop - start))))
        arrays = list(zip(*read, strict=True))[: 3 if cut.given else 1]
        crops, *beside = (self.source.readers.gathered(parts) for parts in arrays)
        fields = CutFields(np.concatenate(crops))
        if not beside:
            return fields
        given, lost = map(np.concatenate, beside)
        return replace(fields, given=given, channels=channels, lost=int(lost.sum()))

    def _crops(self, index: tuple[int, ...], numbers: range, cut: Cut, most: int) -> list[Array | None]:
        """The crops of some slices, what is given beside them, and how many of the slices have none of it [1]."""
        ny, nx = self.picture.field.values.shape
        sides, whole = cut.sides(ny, nx), Region(0, 0, ny, nx)
        values = np.asarray(
            self.source.reader.call(
                "read_stack", path=self.source.path, dataset=self.picture.dataset, axes=self.picture.axes,
                index=list(index), dim=self.along, region=whole, limit=numbers,
            )
        )  # fmt: skip
        if not cut.given:
            return [cut.crops(values, sides, most), None, None]
        found = self._beside(index, numbers, cut)
        most = max(1, most // (1 + len(found.channels)))
        own = cut.crops(values[found.matched], sides, most)
        given = [cut.crops(one[found.matched], sides, most) for one in np.moveaxis(found.values, 1, 0)]
        return [own, np.stack(given, axis=1), np.array([(~found.matched).sum()], np.float32)]

    def _beside(self, index: tuple[int, ...], numbers: range, cut: Cut) -> ConditionValues:
        """The conditions of some slices."""
        return beside_of(self.source.reader, self.source.path, self.picture, cut, index, self.along, numbers)
