"""Files of other formats as HDF5: their structure in memory, their large values lent by another library on demand.

So every reader, and all that is done with a file, knows one format alone. What is lent lies in no file: a dataset that
is read past the lender raises an error of the HDF5 library, never zeros.
"""

import contextlib
import math
import posixpath
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

LENDER = "values lent by another library"
"""Stands for the file in which lent values would lie."""

KEPT = 2**20
"""Bytes up to which the values of a variable are copied into memory, 16 times as many of a line: coordinates."""

BARE = "This is a netCDF dimension but not a netCDF variable"

Part = Any
Values = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Lent:
    """A variable of another format.

    Attributes:
        shape: length of every dimension.
        dtype: of the stored values.
        dims: names of the dimensions, "dim_0" where there is none.
        attributes: as stored: texts and numbers.
        read: the stored values of a part of it, a tuple of indices and slices.
        copied: whether its values are copied; None: if they are few.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    dims: tuple[str, ...]
    attributes: Mapping[str, Any]
    read: Callable[[Part], Values]
    copied: bool | None = None

    @property
    def small(self) -> bool:
        """Whether its values are copied."""
        if self.copied is not None:
            return self.copied
        size = math.prod(self.shape) * self.dtype.itemsize
        return size <= (16 * KEPT if len(self.shape) < 2 else KEPT) or self.dtype.hasobject


@dataclass(frozen=True, eq=False)
class LentGroup:
    """A group of another format: its attributes and variables by name."""

    attributes: Mapping[str, Any]
    variables: Mapping[str, Lent]


class LentFile(h5py.File):  # type: ignore[misc]
    """An HDF5 file in memory that is called as the one whose contents it has."""

    def __init__(self, bind: Any, called: str) -> None:
        super().__init__(bind)
        self._called = called

    @property
    def filename(self) -> str:
        """The name of the file that was asked for."""
        return self._called


class LentDataset(h5py.Dataset):  # type: ignore[misc]
    """A dataset whose values are read by another library."""

    def __init__(self, bind: Any, read: Callable[[Part], Values]) -> None:
        super().__init__(bind)
        self._read = read

    def __getitem__(self, args: Part, new_dtype: Any = None) -> Any:
        part = args if isinstance(args, tuple) else (args,)
        return self._read(_whole(part, len(self.shape)))


_LENT: dict[int, Mapping[str, Lent]] = {}


def lent(node: Any) -> Any:
    """A dataset with its lender where it has one; anything else as it is."""
    if not _LENT or not isinstance(node, h5py.Dataset) or isinstance(node, LentDataset):
        return node
    one = _LENT.get(h5py.h5o.get_info(node.id).fileno, {}).get(node.name)
    return node if one is None else LentDataset(node.id, one.read)


def is_lent(dataset: h5py.Dataset) -> bool:
    """Whether a dataset stands for values of another library."""
    return any(name == LENDER for name, _, _ in dataset.external or ())


@contextlib.contextmanager
def as_hdf5(called: str, groups: Mapping[str, LentGroup]) -> Iterator[LentFile]:
    """An HDF5 file in memory with these groups, by their paths; those above are named before those in them."""
    file = made_of(called, groups)
    try:
        yield file
    finally:
        closed(file)


def made_of(called: str, groups: Mapping[str, LentGroup]) -> LentFile:
    """As `as_hdf5`, to be ended by `closed`."""
    plain = h5py.File(uuid.uuid4().hex, "w", driver="core", backing_store=False)
    file = LentFile(plain.id, called)
    kept: dict[str, Lent] = {}
    for path, group in groups.items():
        place = file.require_group(path)
        _write_attributes(place, group.attributes)
        for name, one in group.variables.items():
            where = posixpath.join(path, name)
            _make(place, name, one)
            if not one.small and 0 not in one.shape:
                kept[where] = one
    for path, group in groups.items():
        for name, one in group.variables.items():
            _name_dimensions(file, path, name, one)
    _LENT[h5py.h5o.get_info(file["/"].id).fileno] = kept
    return file


def closed(file: LentFile) -> None:
    """End such a file."""
    _LENT.pop(h5py.h5o.get_info(file["/"].id).fileno, None)
    file.close()


def _make(group: h5py.Group, name: str, one: Lent) -> None:
    if one.small:
        values = one.read((slice(None),) * len(one.shape))
        dataset = group.create_dataset(name, data=values, dtype=h5py.string_dtype() if one.dtype.hasobject else None)
    elif 0 in one.shape:
        dataset = group.create_dataset(name, one.shape, one.dtype)
    else:
        size = math.prod(one.shape) * one.dtype.itemsize
        dataset = group.create_dataset(name, one.shape, one.dtype, external=[(LENDER, 0, size)])
    _write_attributes(dataset, one.attributes)


def _write_attributes(item: h5py.Group | h5py.Dataset, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        with contextlib.suppress(TypeError, ValueError, OSError, RuntimeError):  # no HDF5 type for it, or too long
            item.attrs[name] = value


def _name_dimensions(file: h5py.File, path: str, name: str, one: Lent) -> None:
    """Attach the scale of every dimension that has a name, from its group or one above."""
    dataset = file[posixpath.join(path, name)]
    if one.dims == (name,):
        dataset.make_scale(name)
        return
    for axis, dim in enumerate(one.dims):
        if (scale := _scale(file, path, dim, one.shape[axis])) is not None and scale != dataset:
            dataset.dims[axis].attach_scale(scale)


def _scale(file: h5py.File, path: str, dim: str, size: int) -> h5py.Dataset | None:
    """The dataset of a dimension, made without values where none has its name."""
    if dim.startswith("dim_"):
        return None
    place = path
    while True:
        found = file[place].get(dim)
        if isinstance(found, h5py.Dataset):
            if found.shape != (size,):
                return None
            if not h5py.h5ds.is_scale(found.id):
                found.make_scale(dim)
            return found
        if place == "/":
            break
        place = posixpath.dirname(place)
    made = file[path].create_dataset(dim, (size,), "i1")
    made.make_scale(f"{BARE}{size:10d}")
    return made


def _whole(part: tuple[Any, ...], count: int) -> tuple[Any, ...]:
    """A part with a slice for every dimension that it leaves out."""
    if Ellipsis in part:
        at = part.index(Ellipsis)
        rest = count - len(part) + 1
        part = (*part[:at], *(slice(None),) * rest, *part[at + 1 :])
    return (*part, *(slice(None),) * (count - len(part)))
