"""Training sets from files: all slices of one or more datasets, cut to one size, some of them held out."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.picture import Picture
from diffview.fields.units import same_units
from diffview.learning.sets import MOST_BYTES, MULTIPLE, TrainingSet, crops_of
from diffview.models.cards import Card
from diffview.readers.process import ReaderProcess

Array = NDArray[np.float32]


def read_training_set(
    path: str,
    datasets: Sequence[str] = (),
    *,
    size: int = 64,
    transform: str = "standardise",
    held_out: float = 0.2,
    coarsen: int = 0,
) -> TrainingSet:
    """The slices of datasets along their first other dimension of more than 1, as fields of at most size x size pixels.

    Larger slices are cut into all crops at multiples of size/4. Of several slices the last are held out, of a single
    picture the right part: the two parts share no pixel.

    Args:
        path: an HDF5 or netCDF-4 file.
        datasets: variables of one quantity, concatenated; none: the best one of the file.
        size: largest side in pixels.
        transform: key of TRANSFORMS, fitted to the part that is trained on.
        held_out: share of the slices, or of the width of a single picture, that is held out, 0 to 0.9.
        coarsen: the condition is the mean over blocks of this many pixels a side; 0: none.

    Raises:
        UserError: if they cannot be read, do not go together, or are too few, too small or all the same.
    """
    _require_sizes(size, held_out, coarsen)
    pictures, stacks = _read_all(path, datasets)
    parts = [_parted(stack, size, math.lcm(MULTIPLE, max(1, coarsen)), held_out) for stack in stacks]
    if len({part.shape[1:] for part in chain(*parts) if len(part)}) > 1:
        raise UserError("The datasets give fields of several sizes.", "Choose a smaller size, which all of them have.")
    train, kept = (_thinned(np.concatenate(part)) for part in zip(*parts, strict=True))
    field = pictures[0].field
    how = "the right part" if max(len(stack) for stack in stacks) == 1 else "the last slices in order"
    return TrainingSet.fit(
        transform, train, kept, field.name, field.units, source=_source(pictures),
        licence=field.provenance.get("licence", ""), coarsen=coarsen,
        whole_width=all(stack.shape[2] == train.shape[2] for stack in stacks),
        split=f"{how} held out, {held_out:.0%}" if held_out else "nothing held out",
    )  # fmt: skip


def _require_sizes(size: int, held_out: float, coarsen: int) -> None:
    if not MULTIPLE <= size <= 4096:
        raise UserError(f"Fields of {size} pixels a side cannot be trained on.", f"Choose {MULTIPLE} to 4096.")
    if not 0 <= held_out <= 0.9:
        raise UserError(f"A share of {held_out:g} cannot be held out.", "Choose 0 to 0.9.")
    if not 0 <= coarsen <= size:
        raise UserError(f"Blocks of {coarsen} pixels do not fit into {size}.", f"Choose 2 to {size}, or 0 for none.")


def _read_all(path: str, datasets: Sequence[str]) -> tuple[list[Picture], list[Array]]:
    """A picture and all slices of each dataset; of the best one of the file if none is named."""
    reader = ReaderProcess()
    try:
        pictures, stacks = zip(*(_read(reader, path, dataset) for dataset in datasets or (None,)), strict=True)
    finally:
        reader.close()
    _require_alike(pictures)
    return list(pictures), list(stacks)


def _read(reader: ReaderProcess, path: str, dataset: str | None) -> tuple[Picture, Array]:
    """A picture of the dataset, and all slices [n, ny, nx]; of very many, evenly spread ones."""
    picture: Picture = reader.call("read_slice", path=path, dataset=dataset, index=None)
    ny, nx = picture.field.values.shape
    if not picture.other_dims:
        return picture, np.asarray(picture.field.values)[None]
    sizes = [size for _, size in picture.other_dims]
    along = next((dim for dim, size in enumerate(sizes) if size > 1), 0)
    stack = reader.call(
        "read_stack", path=path, dataset=picture.dataset, axes=picture.axes, index=picture.index, dim=along,
        region=Region(0, 0, ny, nx), limit=sizes[along],
    )  # fmt: skip
    return picture, np.asarray(stack)


def _require_alike(pictures: Sequence[Picture]) -> None:
    first = pictures[0]
    for other in pictures[1:]:
        if other.dataset == first.dataset or other.field.units != first.field.units:
            what = (
                "is named twice" if other.dataset == first.dataset else f"is not in {first.field.units or 'no units'}"
            )
            raise UserError(
                f"{other.dataset} {what}, as {first.dataset} is.", "Name datasets of one quantity, once each."
            )


def _parted(stack: Array, size: int, multiple: int, share: float) -> tuple[Array, Array]:
    """Fields to train on and fields held out, float32 [n, ny, nx] of one size."""
    n, ny, nx = stack.shape
    sides = (min(ny, size) // multiple * multiple, min(nx, size) // multiple * multiple)
    if not min(sides):
        raise UserError(
            f"Slices of {ny} x {nx} pixels are too small: the sides of fields are multiples of {multiple}.",
            "Choose other data, or other blocks.",
        )
    every = max(1, size // 4)
    if n > 1:
        kept = min(n - 1, max(1, round(share * n))) if share else 0
        return crops_of(stack[: n - kept], sides, every), crops_of(stack[n - kept :], sides, every)
    kept = max(sides[1], round(share * nx)) if share else 0
    if nx - kept < sides[1]:
        raise UserError(
            f"A picture of {nx} columns has no two parts of {sides[1]} columns, one to train on and one to hold out.",
            "Choose a smaller size, or hold nothing out.",
        )
    return crops_of(stack[:, :, : nx - kept], sides, every), crops_of(stack[:, :, nx - kept :], sides, every)


def _thinned(fields: Array) -> Array:
    return fields[:: max(1, math.ceil(fields.nbytes / MOST_BYTES))]


def _source(pictures: Sequence[Picture]) -> str:
    """File, datasets and title, for the card."""
    said = pictures[0].field.provenance
    names = ", ".join(picture.dataset for picture in pictures)
    parts = (said.get("title"), said.get("institution"), said.get("source"), f"{said.get('path', '')} {names}".strip())
    return "; ".join(filter(None, parts))


def read_parted_set(path: str, datasets: Sequence[str], held_out: float, *, size: int = 64) -> TrainingSet:
    """The fields a formula is fitted to and those held out, through one transform fitted to the former.

    Of two datasets the second is held out, of one its last share; see read_training_set.

    Raises:
        UserError: as in read_training_set, or if the second dataset is of another unit.
    """
    if len(datasets) != 2:
        return read_training_set(path, datasets, size=size, held_out=held_out)
    train, other = (read_training_set(path, [name], size=size, held_out=0.0) for name in datasets)
    if not same_units(train.units, other.units):
        raise UserError(
            f"{datasets[1]} is in {other.units or '1'}, {datasets[0]} in {train.units or '1'}.",
            "Hold out a dataset of the same quantity.",
        )
    return replace(train, held_out=train.transform(other.transform.inverse(other.fields)))


def read_verification_set(card: Card, path: str, datasets: Sequence[str], held_out: float) -> TrainingSet:
    """The fields a network was trained on and those it never saw, through the transform of its card.

    Args:
        card: the network's card.
        path: an HDF5 or netCDF-4 file.
        datasets: of two, the first was trained on and the second is held out; of one, the last share is.
        held_out: that share.

    Raises:
        UserError: if they cannot be read, or have another unit than the card.
    """
    size, key = max(card.shape[1:]), card.transform.key

    def read(names: Sequence[str], share: float) -> TrainingSet:
        data = read_training_set(path, names, size=size, transform=key, held_out=share, coarsen=card.coarsen)
        if not same_units(card.units, data.units):
            raise UserError(
                f"{card.name} makes {card.quantity} in {card.units or '1'}; these fields are in {data.units or '1'}.",
                "Choose a variable of that quantity.",
            )
        return data

    if len(datasets) == 2:
        train, other = read(datasets[:1], 0.0), read(datasets[1:], 0.0)
        held, back = other.fields, other.transform
    else:
        train = read(datasets, held_out)
        held, back = train.held_out, train.transform
    return replace(
        train,
        fields=card.transform(train.transform.inverse(train.fields)),
        held_out=card.transform(back.inverse(held)),
        transform=card.transform,
        name=card.quantity,
        units=card.units,
    )
