"""Training sets from files: all slices of one or more datasets, cut to one size, some of them held out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.fields.picture import Picture
from diffview.fields.transforms import choose_transform
from diffview.fields.units import same_units
from diffview.learning.crops_kept import Alone, Readers
from diffview.learning.sets import (
    MOST_BYTES,
    GivenFields,
    TrainingSet,
    held_columns,
    held_slices,
)
from diffview.learning.slices_read import Cut, ReadFrom, SlicesAlong, beside_of
from diffview.models.cards import Card
from diffview.models.conditions import groups_of
from diffview.readers.process import ReaderProcess
from diffview.runs.groups import AUTO

Array = NDArray[np.float32]

LONG = 5
"""Slices from which on time is the dimension whose last part is held out, though another is longer."""


def read_training_set(
    path: str, datasets: Sequence[str] = (), *, transform: str | None = None, readers: Readers | None = None, **cut: Any
) -> TrainingSet:
    """The slices of datasets along all their other dimensions, as fields to train on and fields held out.

    Held out are the last slices along the dimension of time, or else along the longest one, and the right part of a
    single picture: the two parts share no pixel. If they are too many for memory, fewer crops of every slice are taken.

    Args:
        path: an HDF5 or netCDF-4 file.
        datasets: variables of one quantity, concatenated; none: the best one of the file.
        transform: key of TRANSFORMS, fitted to the part that is trained on; None: the one that suits its values.
        readers: the processes that read it together: each reads a part of the slices, and all get the same set.
        cut: attributes of `Cut`.

    Raises:
        UserError: if they cannot be read, do not go together, or are too few, too small or all the same.
    """
    how = Cut(**cut)
    source = ReadFrom(ReaderProcess(), path, readers or Alone())
    try:
        parts = [_Part.read(source, dataset, how, len(datasets) or 1) for dataset in datasets or (None,)]
    finally:
        source.reader.close()
    _require_alike([part.picture for part in parts], how.quantity)
    if how.given and len(parts) > 1:
        raise UserError("Conditions lie beside one dataset, and several are named.", "Name one dataset.")
    if len({fields.shape[1:] for part in parts for fields in (part.train, part.held_out) if len(fields)}) > 1:
        raise UserError("The datasets give fields of several sizes.", "Choose a smaller size, which all of them have.")
    train, kept = (np.concatenate([getattr(part, name) for part in parts]) for name in ("train", "held_out"))
    shown = parts[0].picture.field
    key, why = (transform, "") if transform is not None else choose_transform(train, shown.units)
    return TrainingSet.fit(
        key, train, kept, how.quantity or shown.name, shown.units, source=_source(parts),
        licence=shown.provenance.get("licence", ""), coarsen=how.coarsen,
        whole_width=all(part.picture.field.values.shape[1] == train.shape[2] for part in parts),
        split=f"{parts[0].split} held out, {how.held_out:.0%}" if how.held_out else "nothing held out",
        slices="; ".join(dict.fromkeys(part.slices for part in parts)), chosen=why, beside=_given(parts[0], how),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Part:
    """The fields of one dataset: a picture of it, what is trained on, what is held out, and what slices they are of."""

    picture: Picture
    train: Array
    held_out: Array
    split: str
    slices: str
    channels: tuple[Channel, ...] = ()
    given: tuple[Array, Array] | None = None

    @classmethod
    def read(cls, source: ReadFrom, dataset: str | None, cut: Cut, among: int) -> "_Part":
        """The fields of all its slices, each dataset `among` so many taking its share of the memory."""
        reader, path = source.reader, source.path
        picture: Picture = reader.call("read_slice", path=path, dataset=dataset, index=None)
        names = [name for name, _ in picture.other_dims]
        if unknown := set(cut.at) - set(names):
            raise UserError(
                f"{picture.dataset} has no dimension {min(unknown)} beside those of its pictures.",
                f"It has {', '.join(names)}." if names else "It is a single picture.",
            )
        index = [cut.at.get(name, shown) for name, shown in zip(names, picture.index, strict=True)]
        if cut.at:
            picture = reader.call("read_slice", path=path, dataset=picture.dataset, index=index, axes=picture.axes)
        sizes = {n: size for n, (name, size) in enumerate(picture.other_dims) if size > 1 and name not in cut.at}
        if not sizes:
            beside = beside_of(reader, path, picture, cut, tuple(index)) if cut.given else None
            halves = _halves(np.asarray(picture.field.values), cut)
            given = None if beside is None else _together([_halves(own, cut) for own in beside.values[0]])
            channels = () if beside is None else beside.channels
            return cls(picture, *halves, "the right part", "one picture", channels, given)
        along = max(sizes, key=lambda n: (_is_time(names[n]) and sizes[n] >= LONG, sizes[n]))
        count = sizes[along]
        last = held_slices(count, cut.held_out)
        whole = SlicesAlong(source, picture, tuple(index), along, {n: s for n, s in sizes.items() if n != along})
        most = MOST_BYTES // among
        train = whole.fields(0, count - last, cut, most * (count - last) // count)
        held = whole.fields(count - last, count, cut, most * last // count) if last else train.none()
        said = " x ".join(f"{names[n]} {sizes[n]}" for n in sorted(sizes))
        fixed = [f"{name} = {number}" for name, number in cut.at.items()]
        slices = ", ".join([f"{math.prod(sizes.values()):,} slices ({said})", *fixed])
        given = None if train.given is None or held.given is None else (train.given, held.given)
        if train.lost + held.lost:
            slices += f", {train.lost + held.lost} left out for want of a condition"
        way = f"the last slices along {names[along]}"
        return cls(picture, train.fields, held.fields, way, slices, train.channels, given)


def _together(channels: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
    """Both parts of every channel as [n, channels, ny, nx]."""
    train, held = (np.stack(part, axis=1) for part in zip(*channels, strict=True))
    return train, held


def _given(part: _Part, cut: Cut) -> GivenFields | None:
    """What is given beside the fields of a dataset."""
    if part.given is None:
        return None
    asked = {one.name: one.transform for one in cut.given if one.transform != AUTO}
    return GivenFields(part.channels, *part.given, asked)


def _is_time(name: str) -> bool:
    return "time" in name.lower()


def _require_alike(pictures: Sequence[Picture], quantity: str) -> None:
    first = pictures[0]
    for other in pictures[1:]:
        if other.dataset == first.dataset or other.field.units != first.field.units:
            what = (
                "is named twice" if other.dataset == first.dataset else f"is not in {first.field.units or 'no units'}"
            )
            raise UserError(
                f"{other.dataset} {what}, as {first.dataset} is.", "Name datasets of one quantity, once each."
            )
        if not quantity and other.field.name != first.field.name:
            raise UserError(
                f"{first.dataset} is {first.field.name}, {other.dataset} is {other.field.name}: a network is of one "
                "quantity.",
                "Train one for each, or name the quantity that they are together: --quantity NAME.",
            )


def _halves(picture: Array, cut: Cut) -> tuple[Array, Array]:
    """Fields of the left part of a picture to train on, and those of its right part."""
    nx, sides = picture.shape[1], cut.sides(*picture.shape)
    kept = held_columns(nx, sides[1], cut.held_out)
    if nx - kept < sides[1]:
        raise UserError(
            f"A picture of {nx} columns has no two parts of {sides[1]} columns, one to train on and one to hold out.",
            "Choose a smaller size, or hold nothing out.",
        )
    left, right = (cut.crops(part[None], sides, MOST_BYTES // 2) for part in np.split(picture, [nx - kept], axis=1))
    return left, right


def _source(parts: Sequence[_Part]) -> str:
    """File, datasets and title, for the card."""
    said = parts[0].picture.field.provenance
    names = ", ".join(part.picture.dataset for part in parts)
    about = (said.get("title"), said.get("institution"), said.get("source"), f"{said.get('path', '')} {names}".strip())
    return "; ".join(filter(None, about))


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
        UserError: if they cannot be read, have another unit than the card, or the network is given other variables.
    """
    _require_nothing_given(card)
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


def _require_nothing_given(card: Card) -> None:
    """Refuse a network that is given other variables, or makes several fields together."""
    if card.together.several:
        raise UserError(
            f"{card.name} makes several fields together, and single ones are verified here.",
            "Verify days: diffview verify days --model.",
        )
    if card.conditions:
        raise UserError(
            f"{card.name} is given {', '.join(groups_of(card.conditions))}, which are not read where networks are "
            "verified.",
            "Sample it beside its conditions: diffview sample --given.",
        )
