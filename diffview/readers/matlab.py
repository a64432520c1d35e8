"""MATLAB v7.3: HDF5 with the axes in reverse order, MATLAB_class on every array, vectors of two dimensions.

MATLAB stores columns first: A(i, j, k) lies in the file as [k, j, i]. The first two dimensions of MATLAB that are long
enough become the rows and columns, as imagesc(A) shows them.
"""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property

import h5py
import numpy as np

from diffview.readers.attributes import text_attribute
from diffview.readers.base import Coordinate, Role
from diffview.readers.cf import CFVariable
from diffview.readers.layout import SMALLEST_SIDE
from diffview.readers.naming import coordinate_role
from diffview.readers.opening import H5PY_ERRORS, dataset_in

_MAGIC = b"MATLAB 7.3"
_MEMBERS = 100  # of the first group that are searched for a MATLAB_class
_SIDES = ("row", "column")


def claims(file: h5py.File) -> bool:
    """Files with the MATLAB header, or, where that was lost, with MATLAB_class on the members of the first group."""
    try:
        with open(file.filename, "rb") as stream:
            if stream.read(len(_MAGIC)) == _MAGIC:
                return True
        names = list(itertools.islice(file, _MEMBERS))
    except (UnicodeError, *H5PY_ERRORS):
        return False
    return any(text_attribute(item, "MATLAB_class") for item in (dataset_in(file, name) for name in names) if item)


def variable(dataset: h5py.Dataset) -> "MatlabVariable":
    """The dataset as MATLAB shows it."""
    return MatlabVariable(dataset)


@dataclass(frozen=True, eq=False)
class MatlabVariable(CFVariable):
    """An array of MATLAB; NaN is its only missing value."""

    @cached_property
    def _sides(self) -> dict[int, str]:
        """The stored axes that become rows and columns: the last two that are long enough, the last one first."""
        axes = list(reversed(range(len(self.dataset.shape))))  # in the order of MATLAB
        wide = [axis for axis in axes if self.dataset.shape[axis] >= SMALLEST_SIDE]
        return dict(zip(wide if len(wide) >= len(_SIDES) else axes, _SIDES, strict=False))

    @property
    def dims(self) -> tuple[str, ...]:
        """Row, column, "dimension 3" and so on, counted as MATLAB does, unless the file names them."""
        named = super().dims
        if not all(name.startswith("dim_") for name in named):
            return named
        count = len(self.dataset.shape)
        return tuple(self._sides.get(axis, f"dimension {count - axis}") for axis in range(count))

    @property
    def remarks(self) -> tuple[str, ...]:
        """How the axes are shown, where there are no coordinates."""
        if self.axis_coordinates():
            return super().remarks
        return (
            "Shown as MATLAB shows it, its first dimension running down: swap the axes if that is longitude.",
            *super().remarks,
        )

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """Vectors named latitude or longitude beside the array, where their lengths decide which axis is theirs."""
        given = super().axis_coordinates()
        if given:
            return given
        shape = self.dataset.shape
        matched = []
        for role, values in self._vectors().items():
            axes = [axis for axis in self._sides if shape[axis] == values.values.size]
            if len(axes) == 1:  # two axes of the same length leave it open which is meant
                matched.append(replace(values, role=role, axes=(axes[0],)))
        return tuple(matched) if len(matched) == len(_SIDES) and matched[0].axes != matched[1].axes else ()

    def _vectors(self) -> dict[Role, Coordinate]:
        """Latitude and longitude beside the array, flattened."""
        vectors: dict[Role, Coordinate] = {}
        for name in self.dataset.parent:
            role = coordinate_role(name, "", "")
            item = dataset_in(self.dataset.parent, name) if role in ("latitude", "longitude") else None
            if item is None or item.dtype.kind not in "iuf" or item.size != max(item.shape or (0,)):
                continue
            vectors.setdefault(role, Coordinate(name, role, (0,), np.asarray(item[...], np.float64).ravel(), "degrees"))
        return vectors
