"""A whole series of fields from a file, with the day of each: what laws over days are fitted to."""

import math
from collections.abc import Callable

import numpy as np

from diffview.errors import UserError
from diffview.fields.daily import FieldSeries
from diffview.fields.field import Array, Region
from diffview.fields.picture import Picture
from diffview.readers.labels import Labels
from diffview.readers.process import ReaderProcess

AT_ONCE = 2**27
"""Bytes of fields that are read together."""

MOST_BYTES = 2**31
"""The longest series, as float32."""


def read_field_series(
    path: str,
    dataset: str | None = None,
    region: Region | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> FieldSeries:
    """All fields of a variable along its dimension of time, at its first index of any other.

    Args:
        path: the file.
        dataset: the variable; None: the best one of the file.
        region: the part of each field, in pixels with north up; None: all of it.
        progress: called with the share that is read; it may raise to end it.

    Raises:
        UserError: if it cannot be read, has no dates or too many fields for memory.
    """
    reader = ReaderProcess()
    try:
        picture: Picture = reader.call("read_slice", path=path, dataset=dataset, index=None)
        labels: dict[str, Labels] = reader.call("read_labels", path=path, dataset=picture.dataset)
        dim, dated = time_of(picture, labels, path)
        part = region or Region(0, 0, *picture.size)
        values = values_along(reader, path, picture, dim, part, progress)
    finally:
        reader.close()
    assert dated.values is not None
    if not np.isfinite(dated.values).all():
        raise UserError(f"Some times of {picture.dataset} are missing.", "Mend its time, or choose another variable.")
    days = np.floor(dated.values).astype(np.int64)
    return FieldSeries(values, days, dated.calendar, picture, part)


def time_of(picture: Picture, labels: dict[str, Labels], path: str) -> tuple[int, Labels]:
    """Which of the other dimensions is time, and its dates.

    Raises:
        UserError: if none is.
    """
    for dim, (name, _) in enumerate(picture.other_dims):
        if name in labels and labels[name].dates:
            return dim, labels[name]
    others = ", ".join(f"{name} {size}" for name, size in picture.other_dims) or "none but rows and columns"
    raise UserError(
        f"{picture.dataset} in {path} has no dimension of dates; its dimensions are {others}.",
        "Choose a variable with one field a day, and a time that counts from a date.",
    )


def values_along(
    reader: ReaderProcess,
    path: str,
    picture: Picture,
    dim: int,
    region: Region,
    progress: Callable[[float], None] = lambda share: None,
    together: int = 1,
) -> Array:
    """A region in all slices along one of the other dimensions of a picture, [n, ny, nx].

    Args:
        reader: that reads them.
        path: the file.
        picture: one of the slices.
        dim: which of its other dimensions.
        region: of it.
        progress: called with the share that is read; it may raise to end it.
        together: as many variables are read as large, all of which must have room.

    Raises:
        UserError: if they cannot be read, or have no room in memory.
    """
    size = picture.other_dims[dim][1]
    each = 4 * region.ny * region.nx
    if (total := size * together * each) > MOST_BYTES:
        raise UserError(
            f"{size * together:,} fields of {region.ny} x {region.nx} pixels take {total / 2**30:.1f} GB.",
            f"There is room for {MOST_BYTES / 2**30:.0f} GB: name a region.",
        )
    every, parts = max(1, AT_ONCE // each), []
    for part in range(math.ceil(size / every)):
        numbers = range(part * every, min((part + 1) * every, size))
        parts.append(np.asarray(reader.call(
            "read_stack", path=path, dataset=picture.dataset, axes=picture.axes, index=picture.index, dim=dim,
            region=region, limit=numbers,
        )))  # fmt: skip
        progress(numbers.stop / size)
    return np.concatenate(parts)
