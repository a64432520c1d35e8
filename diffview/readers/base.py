"""The values that readers return, and the interface of a reader of one family of files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site

if TYPE_CHECKING:
    import h5py

Kind = Literal["group", "dataset", "link", "other"]
Role = Literal["latitude", "longitude", "y", "x", "azimuth", "range", ""]
Take = tuple[slice, slice]
EVERY: Take = (slice(None), slice(None))


KM_PER_UNIT = {
    "m": 1e-3, "metre": 1e-3, "metres": 1e-3, "meter": 1e-3, "meters": 1e-3,
    "km": 1.0, "kilometre": 1.0, "kilometres": 1.0, "kilometer": 1.0, "kilometers": 1.0,
}  # fmt: skip
"""Units of projection coordinates."""


@dataclass(frozen=True)
class Node:
    """One member of a group, as plain values.

    Attributes:
        path: full path in the file, "/Grid/precipitation".
        name: last part of the path.
        kind: group, dataset, link (soft, external, user-defined: never followed) or other (a named type, damage).
        shape: length of every dimension; () for anything that has none.
        dims: names of the dimensions, "dim_0" where the file gives none.
        dtype: the stored type ("int16", ">f4", "text", "compound").
        units: as written in the file, or "".
        long_name: long_name or standard_name, or "".
        plottable: whether `read_slice` can make a picture of it.
        why: why it is not plottable, one finished sentence; "" if it is.
        attributes: all attributes as text, without references.
        chunks: sides of a chunk, () if the values are stored in one piece.
        filters: names of the filters that the chunks go through, in their order.
        fill: the stored value that means missing, or "".
    """

    path: str
    name: str
    kind: Kind
    shape: tuple[int, ...] = ()
    dims: tuple[str, ...] = ()
    dtype: str = ""
    units: str = ""
    long_name: str = ""
    plottable: bool = False
    why: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    chunks: tuple[int, ...] = ()
    filters: tuple[str, ...] = ()
    fill: str = ""


@dataclass(frozen=True, eq=False)
class Coordinate:
    """A coordinate of one or two dimensions of a variable, decoded, in the order of the file.

    Attributes:
        name: its own name in the file.
        role: latitude, longitude, y, x, ...; "" if unknown.
        axes: the axes of the variable that it runs along.
        values: floating, one dimension for each of `axes`.
        units: as written in the file.
        note: what was assumed, as a finished sentence, or "".
    """

    name: str
    role: Role
    axes: tuple[int, ...]
    values: NDArray[np.floating[Any]]
    units: str
    note: str = ""


@dataclass(frozen=True, eq=False)
class Decoded:
    """Decoded values, and how many were masked.

    Attributes:
        values: floating, NaN where missing; never infinite.
        outside: how many values lay outside valid_range, valid_min, valid_max.
        infinite: how many were infinite.
        flagged: how many are no measurement by the file's own quality flags.
    """

    values: NDArray[np.floating[Any]]
    outside: int = 0
    infinite: int = 0
    flagged: int = 0


class Variable(Protocol):
    """A dataset that one reader understands."""

    @property
    def dataset(self) -> h5py.Dataset:
        """The dataset as it lies in the file."""

    @property
    def name(self) -> str:
        """Name for display."""

    @property
    def units(self) -> str:
        """Physical units after decoding, or ""."""

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions, "dim_0" where the file gives none."""

    @property
    def remarks(self) -> tuple[str, ...]:
        """How the values were made, and what could not be honoured, one finished sentence each."""

    def read(self, part: tuple[int | slice, ...]) -> Decoded:
        """Physical values of one part of the dataset, axes in the order of the file.

        It takes the part and not only its stored values, since a quality flag or a scale may differ from part to part.
        """

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """The 1-D coordinates of the dimensions; cheap."""

    def plane_coordinates(self, axes: tuple[int, int], take: Take = EVERY) -> tuple[Coordinate, ...]:
        """The 2-D latitude and longitude over two axes (in that order), or nothing; `take` of them is read."""

    def projection(self) -> Projection | Site | None:
        """The projection of y and x, or the site of azimuth and range; None if the file has neither."""


class Reader(Protocol):
    """The module of one family of files."""

    def claims(self, file: h5py.File) -> bool:
        """Whether this file belongs to the family."""

    def variable(self, dataset: h5py.Dataset) -> Variable:
        """The dataset as a variable."""
