"""Training sets of fields that are made together: variables beside each other, and times that follow each other."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.fields.daily import day_named, year_fractions
from diffview.fields.field import Region
from diffview.fields.jointly import JointValues
from diffview.fields.seasons import SeasonalCycle
from diffview.fields.together import Together
from diffview.fields.transforms import Transform, choose_transform
from diffview.learning.sets import FEWEST, HELD_OUT, MULTIPLE, TrainingSet, held_slices
from diffview.readers.channels_read import read_jointly
from diffview.readers.process import ReaderProcess

Array = NDArray[np.float32]

REFUSED = {"coarsen": "A condition of block means", "given": "A condition", "at": "A fixed index"}
"""What of a cut is for single fields only, in words."""


@dataclass(frozen=True)
class SequencesAsked:
    """Which fields are learned together, of which slices.

    Attributes:
        channels: other variables of the file that are made with the first.
        sequence: times that follow each other; 1: single ones.
        mean: whether the network is given the mean over them, and keeps it.
        season: whether it learns departures from the seasonal cycle, in standard deviations of the pixel.
        held_out: share of the slices, the last ones, that is never trained on.
        test_from: day from which on they are held out, as 2010-01-01, instead of a share; "": by the share.
        region: part of the fields; None: all of them, cut to sides that a network can halve.

    Raises:
        UserError: if a mean or a season is asked for of single times, or there is no such share.
    """

    channels: tuple[str, ...] = ()
    sequence: int = 1
    mean: bool = False
    season: bool = False
    held_out: float = HELD_OUT
    test_from: str = ""
    region: Region | None = None

    def __post_init__(self) -> None:
        if (self.mean or self.season) and self.sequence == 1:
            raise UserError("A mean over times, and a season, are of sequences.", "Name a sequence of several times.")
        if self.season and self.channels:
            raise UserError("Departures from the season are of one variable.", "Leave the season or the channels out.")
        if not 0 <= self.held_out <= 0.9:
            raise UserError(f"A share of {self.held_out:g} cannot be held out.", "Choose 0 to 0.9.")

    @property
    def several(self) -> bool:
        """Whether it is more than single fields."""
        return bool(self.channels) or self.sequence > 1


def read_sequences(
    path: str, datasets: Sequence[str], asked: SequencesAsked, *, transform: str | None = None, **cut: Any
) -> TrainingSet:
    """The set of a file: all sequences of a variable and others beside it, along time or the longest dimension.

    Args:
        path: a file, or many as one set.
        datasets: the variable; none: the best one.
        asked: what is learned together.
        **cut: attributes of `Cut`, of which only the quantity is of use here.
        transform: key of the first variable's; None: the one that suits its values.

    Raises:
        UserError: as read_jointly and sequences_set.
    """
    if refused := [name for name in ("coarsen", "given", "at") if cut.get(name)] or list(datasets[1:]):
        raise UserError(
            f"{REFUSED.get(refused[0], refused[0])} goes with single fields, and several are learned together.",
            "Leave it out; other variables that are made with the first are named by channels.",
        )
    reader = ReaderProcess()
    try:
        picture = reader.call("read_slice", path=path, dataset=next(iter(datasets), None), index=None)
        ny, nx = picture.size
        region = asked.region or Region(0, 0, ny // MULTIPLE * MULTIPLE, nx // MULTIPLE * MULTIPLE)
        values = read_jointly(reader, path, picture, asked.channels, region)
    finally:
        reader.close()
    said = picture.field.provenance
    about = (said.get("title"), said.get("institution"), f"{said.get('path', '')} {picture.dataset}".strip())
    made = sequences_set(
        values, asked, transform, source="; ".join(filter(None, about)), licence=said.get("licence", ""),
        whole_width=region.nx == nx,
    )  # fmt: skip
    return replace(made, name=cut.get("quantity") or made.name)


def sequences_set(
    values: JointValues, asked: SequencesAsked, transform: str | None = None, **about: Any
) -> TrainingSet:
    """The set of all sequences in equal steps, one that begins at every slice.

    Args:
        values: all slices.
        asked: what is learned together.
        transform: as read_sequences.
        **about: source, licence and the like, as TrainingSet has them.

    Raises:
        UserError: if there are too few, or the season cannot be fitted.
    """
    n, frames = len(values.values), asked.sequence
    cut = _held_from(values, asked)
    train, held = (_firsts(values, first, last, frames) for first, last in ((0, cut), (cut, n)))
    if len(train) < FEWEST:
        raise UserError(
            f"{values.fields[0].name} has {len(train)} sequences of {frames} times to train on; a network needs at "
            f"least {FEWEST}.", "Ask for a shorter sequence, hold out less, or open a longer series.",
        )  # fmt: skip
    season, own = None, values.values
    if asked.season:
        fractions = _fractions(values)
        season = SeasonalCycle.fit(own[:cut, 0], fractions[:cut])
        own = season.anomalies(own[:, 0], fractions).astype(np.float32)[:, None]
        transform = "identity"
    z, transforms = _standardised(values, own, cut, transform)
    parts: dict[str, Any] = {"firsts": train, "firsts_held_out": held} if frames > 1 else {}
    if asked.channels:
        parts |= {"others": z[:cut, 1:], "others_held_out": z[cut:, 1:]}
    together = Together(_channels(values, transforms), frames, values.step, asked.mean, asked.season)
    return TrainingSet(
        z[:cut, 0], z[cut:, 0], transforms[0], values.fields[0].name, values.fields[0].units, season=season,
        together=together, split=_split(values, cut), slices=f"{n:,} slices in steps of {values.step:g}",
        **parts, **about,
    )  # fmt: skip


def _channels(values: JointValues, transforms: tuple[Transform, ...]) -> tuple[Channel, ...]:
    """The further variables, each with its transform."""
    return tuple(
        Channel(one.name, one.name, "", one.name, one.units, transform=through)
        for one, through in zip(values.fields[1:], transforms[1:], strict=True)
    )


def _held_from(values: JointValues, asked: SequencesAsked) -> int:
    """The first slice that is held out."""
    if not asked.test_from:
        return len(values.values) - held_slices(len(values.values), asked.held_out)
    if not values.calendar:
        raise UserError(f"The slices of {values.fields[0].name} have no dates.", "Hold out a share of them.")
    return int(np.searchsorted(values.days, day_named(asked.test_from, values.calendar)))


def _firsts(values: JointValues, first: int, last: int, frames: int) -> NDArray[np.intp]:
    """Where sequences begin in this part, counted from its first slice; the open variable is known in all of them."""
    found = values.firsts(frames)
    found = found[(found >= first) & (found + frames <= last)]
    empty = [bool(np.isnan(one).all(axis=(1, 2)).any()) for one in values.values]
    gone = np.concatenate([[0], np.cumsum(empty)])
    return np.asarray(found[gone[found + frames] == gone[found]] - first, np.intp)


def _fractions(values: JointValues) -> NDArray[np.float64]:
    if not values.calendar:
        raise UserError(
            f"The slices of {values.fields[0].name} have no dates, and a season needs them.", "Leave the season out."
        )
    return year_fractions(np.floor(values.days).astype(np.int64), values.calendar)


def _standardised(values: JointValues, own: Array, cut: int, key: str | None) -> tuple[Array, tuple[Transform, ...]]:
    """Every channel through a transform that is fitted to the slices before `cut`, and these transforms."""
    made, transforms = np.empty_like(own), []
    for i, field in enumerate(values.fields):
        train = own[:cut, i]
        chosen = key if key is not None and i == 0 else choose_transform(train, field.units)[0]
        transforms.append(Transform.fit(chosen, train, field.name or "The field"))
        made[:, i] = transforms[-1](own[:, i])
    return made, tuple(transforms)


def _split(values: JointValues, cut: int) -> str:
    return f"the last {len(values.values) - cut:,} slices held out" if cut < len(values.values) else "nothing held out"
