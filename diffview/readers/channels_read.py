"""Several variables of a file in all slices along one dimension: what fields that are made together are fitted to."""

from collections.abc import Sequence

import numpy as np

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.jointly import JointValues
from diffview.fields.picture import Picture
from diffview.readers.field_series import values_along
from diffview.readers.labels import Labels
from diffview.readers.process import ReaderProcess


def read_jointly(
    reader: ReaderProcess, path: str, picture: Picture, channels: Sequence[str], region: Region
) -> JointValues:
    """A region of a variable and others beside it, in all slices along time, or else along the longest dimension.

    Args:
        reader: that reads them.
        path: the file.
        picture: the open slice.
        channels: the other variables, on its grid.
        region: of it.

    Raises:
        UserError: if one cannot be read, lies on another grid, or there is a single slice, or no room for all of them.
    """
    labels: dict[str, Labels] = reader.call("read_labels", path=path, dataset=picture.dataset)
    dim = _dim_of(picture, labels)
    pictures = [picture, *(_beside(reader, path, picture, name) for name in channels)]
    count = len(pictures)
    values = [values_along(reader, path, one, dim, region, together=count) for one in pictures]
    name, size = picture.other_dims[dim]
    dated = labels.get(name)
    dates = dated is not None and dated.dates and dated.values is not None and bool(np.isfinite(dated.values).all())
    days = dated.values if dates and dated is not None and dated.values is not None else np.arange(size, dtype=float)
    return JointValues(
        np.stack(values, axis=1), tuple(one.field for one in pictures), region, days,
        dated.calendar if dates and dated is not None else "", picture.index[dim],
    )  # fmt: skip


def _dim_of(picture: Picture, labels: dict[str, Labels]) -> int:
    """The dimension that slices lie along: that of time, else the longest."""
    sizes = [size for _, size in picture.other_dims]
    if max(sizes, default=1) < 2:
        raise UserError(
            f"{picture.dataset} has a single slice.", "What makes several fields together is fitted to many slices."
        )
    dated = [dim for dim, (name, size) in enumerate(picture.other_dims) if name in labels and labels[name].dates]
    return dated[0] if dated and sizes[dated[0]] > 1 else sizes.index(max(sizes))


def _beside(reader: ReaderProcess, path: str, picture: Picture, name: str) -> Picture:
    """The same slice of another variable."""
    other: Picture = reader.call("read_slice", path=path, dataset=name, index=None)
    if (other.size, other.other_dims) != (picture.size, picture.other_dims):
        own, its = (_dims(one) for one in (picture, other))
        raise UserError(
            f"{name} has {its}, and {picture.dataset} has {own}.",
            "Fields that are made together lie on one grid at the same times: bring them there, as by cdo remapbil.",
        )
    return other


def _dims(picture: Picture) -> str:
    lines = [f"{name} {size}" for name, size in picture.other_dims]
    return ", ".join([*lines, f"{picture.size[0]} x {picture.size[1]} pixels"])
