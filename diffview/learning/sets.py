"""Training sets: fields in standardised units, fields held out, and their condition if there is one."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.fields.coarse import block_mean, coarse
from diffview.fields.seasons import SeasonalCycle
from diffview.fields.together import ALONE, Together
from diffview.fields.transforms import Transform, check_least
from diffview.models.conditions import fitted, shown_count, standardised

Array = NDArray[np.float32]
Places = NDArray[np.intp]
A = TypeVar("A", bound=NDArray[Any])

FEWEST = 8
"""The fewest fields that make a training set."""

HELD_OUT = 0.2
"""Share of the slices, or of the columns of a single picture, that is never trained on, unless another is asked for."""

MULTIPLE = 4
"""The sides of the fields are cut to multiples of this, which a network of three levels needs."""

MOST_BYTES = 2**30
"""Memory of the crops that are kept."""

MOST_MISSING = 0.5
"""Share of missing pixels up to which a field is trained on."""

DRY = 1e-6
"""An amount up to which nothing fell, through a transform and back."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Fields to train on and fields never trained on, both through one transform fitted to the former.

    Attributes:
        fields: float32 [n, ny, nx], standardised; NaN where missing.
        held_out: the same, never trained on; may be empty.
        transform: from physical units to standardised ones.
        name, units: the quantity.
        source, licence, split: where the fields come from, their terms, and how the two parts were divided.
        chosen: why its transform was chosen, where nobody named one.
        slices: which slices of the files they are of, and how many.
        coarsen: the condition is the mean over blocks of this many pixels a side, of the physical field; 0: none.
        whole_width: whether the fields are as wide as the slices they were cut from.
        channels: what the fields are given of other variables, channel by channel, with fitted transforms.
        given, given_held_out: those, standardised [n, channels, ny, nx], NaN missing; None without any.
        together: what is made together: further variables, and times that follow each other.
        others, others_held_out: the further variables, standardised [n, channels, ny, nx], NaN missing; None without.
        firsts, firsts_held_out: of which fields sequences begin, [m]; None of single times.
        season: the cycle of which the fields are departures, in its standard deviations; None without one.
    """

    fields: Array
    held_out: Array
    transform: Transform
    name: str
    units: str
    source: str = ""
    licence: str = ""
    split: str = ""
    slices: str = ""
    chosen: str = ""
    coarsen: int = 0
    whole_width: bool = True
    channels: tuple[Channel, ...] = ()
    given: Array | None = None
    given_held_out: Array | None = None
    together: Together = ALONE
    others: Array | None = None
    others_held_out: Array | None = None
    firsts: Places | None = None
    firsts_held_out: Places | None = None
    season: SeasonalCycle | None = None

    @classmethod
    def fit(
        cls, key: str, train: Array, held_out: Array, name: str, units: str, beside: "GivenFields | None" = None,
        **about: object,
    ) -> "TrainingSet":  # fmt: skip
        """The set of physical fields [n, ny, nx], with the transform `key` fitted to `train`, and what is given beside.

        Raises:
            UserError: if fewer than 8 usable fields are left, all values are equal or missing, or the transform or
                the blocks of the condition do not fit them.
        """
        count = len(train)
        kept = _usable(train), _usable(held_out)
        train, held_out = (_finite(fields[use]) for fields, use in zip((train, held_out), kept, strict=True))
        if len(train) < FEWEST:
            without = f", {count - len(train)} more lack most of their pixels" if count > len(train) else ""
            held = f", {len(held_out)} are held out" if len(held_out) else ""
            raise UserError(
                f"{name} has {len(train)} fields to train on{without}{held}; a network needs at least {FEWEST}.",
                f"{'Hold out fewer, take' if held else 'Take'} more slices, smaller crops, or a formula denoiser.",
            )
        if held_out.size and held_out.shape[1:] != train.shape[1:]:
            raise UserError(
                f"The held-out fields have {held_out.shape[1]} x {held_out.shape[2]} pixels, "
                f"those to train on {train.shape[1]} x {train.shape[2]}.",
                "Cut both to one size.",
            )
        transform = Transform.fit(key, train, name)
        if np.nanmin(train) == np.nanmax(train):
            raise UserError(
                f"{name} has the same value, {np.nanmin(train):g}, everywhere: there is nothing to learn from it.",
                "Choose another dataset.",
            )
        if held_out.size:
            check_least(key, float(np.nanmin(held_out)), f"the held-out part of {name}")
        if beside is not None:
            about |= beside.kept(*kept).fitted()
        made = cls(transform(train), transform(held_out), transform, name, units, **about)  # type: ignore[arg-type]
        if made.coarsen:
            block_mean(made.fields[:1], made.coarsen)
        return made

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        return self.fields.shape[1], self.fields.shape[2]

    @cached_property
    def mask(self) -> NDArray[np.bool_] | None:
        """Where most fields have no data [ny, nx]; None if no pixel is ever missing."""
        missing = np.isnan(self.fields)
        if self.others is not None:  # a pixel is learned from where all channels have data
            missing |= np.isnan(self.others).any(axis=1)
        return missing.mean(axis=0) >= 0.5 if missing.any() else None

    @cached_property
    def smallest(self) -> float:
        """The smallest amount above 0, in physical units, to four digits; 0 of what is dry nowhere, or negative."""
        physical = self.transform.inverse(self.fields)
        wet = physical[physical > DRY]
        if not (np.abs(physical) <= DRY).any() or np.nanmin(physical) < -DRY or not wet.size:
            return 0.0
        return float(f"{wet.min():.4g}")

    @cached_property
    def largest_power(self) -> float:
        """max P(k) of the standardised fields, k = 0 included: mean |FFT|^2/N of at most 500 of them.

        Of sequences it is over time too, about the mean where that is given; of further variables it is not.
        """
        some = self._some(500)
        axes = tuple(range(1, some.ndim))
        power = np.mean(np.abs(np.fft.rfftn(some, axes=axes)) ** 2, axis=0) / math.prod(some.shape[1:])
        return float(power.max())

    @property
    def spread(self) -> float:
        """Standard deviation of what is learned: of the fields, or of sequences about the mean that is given."""
        return float(np.std(self._some(500)) if self.together.mean else np.nanstd(self.fields))

    def _some(self, most: int) -> Array:
        """At most so many fields or sequences, evenly picked, 0 where missing; about their mean where it is given."""
        if self.firsts is None:
            return np.nan_to_num(self.fields[:: max(1, len(self.fields) // most)])
        firsts = self.firsts[:: max(1, len(self.firsts) // most)]
        some: Array = np.nan_to_num(self.fields[firsts[:, None] + np.arange(self.together.frames)])
        return some - some.mean(1, keepdims=True) if self.together.mean else some

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the fields trained on."""
        digest = hashlib.sha256(np.ascontiguousarray(self.fields).tobytes())
        for more in (self.given, self.others, self.firsts):
            if more is not None:
                digest.update(np.ascontiguousarray(more).tobytes())
        return digest.hexdigest()

    @property
    def count(self) -> int:
        """How many fields, or sequences of them, are trained on."""
        return len(self.fields if self.firsts is None else self.firsts)

    @property
    def count_held_out(self) -> int:
        """How many are held out."""
        return len(self.held_out if self.firsts_held_out is None else self.firsts_held_out)

    @property
    def shown(self) -> int:
        """Channels that a network is shown beside the noisy field, but for its mask."""
        return self.together.means + int(self.coarsen > 0) + shown_count(self.channels)

    def condition(self, fields: Array) -> Array | None:
        """The condition of standardised fields [n, ny, nx] as [n, 1, ny, nx], or None without one."""
        return None if not self.coarsen else coarse(fields, self.transform, self.coarsen)[:, None]


@dataclass(frozen=True, eq=False)
class GivenFields:
    """What is given beside fields, physical [n, channels, ny, nx], of those to train on and of those held out.

    Attributes:
        asked: keys of transforms, by the name of the condition; the one that suits its values where none is named.
    """

    channels: tuple[Channel, ...]
    train: Array
    held_out: Array
    asked: Mapping[str, str]

    def kept(self, train: NDArray[np.bool_], held_out: NDArray[np.bool_]) -> "GivenFields":
        """Of the fields that are used."""
        return replace(self, train=self.train[train], held_out=self.held_out[held_out])

    def fitted(self) -> dict[str, object]:
        """It as values of a training set, through transforms fitted to the part that is trained on."""
        channels = fitted(self.channels, self.train, self.asked)
        both = (standardised(channels, values) for values in (self.train, self.held_out))
        return {"channels": channels, **dict(zip(("given", "given_held_out"), both, strict=True))}


def _usable(fields: Array) -> NDArray[np.bool_]:
    """Which fields have enough data; infinite values count as missing."""
    return np.asarray((~np.isfinite(fields)).mean(axis=(1, 2)) <= MOST_MISSING)


def _finite(fields: Array) -> Array:
    """Fields whose infinite values are missing."""
    infinite = np.isinf(fields)
    return np.where(infinite, np.float32(np.nan), fields) if infinite.any() else fields


def held_columns(columns: int, side: int, share: float = HELD_OUT) -> int:
    """How many columns at the right of a picture are held out: a share, but no fewer than a crop has; 0 of none."""
    return max(side, round(share * columns)) if share else 0


def held_slices(count: int, share: float = HELD_OUT) -> int:
    """How many slices, the last ones, are held out: a share, but one at least, and never all; 0 of none."""
    return min(count - 1, max(1, round(share * count))) if share else 0


def crops_of(stack: Array, sides: tuple[int, int], stride: int, most: int = MOST_BYTES) -> Array:
    """All crops of these sides at multiples of stride, float32 [n, *sides]; evenly spread ones if they are too many.

    Args:
        stack: pictures [n, ny, nx], or one [ny, nx]; if they are smaller than a crop there is none.
        sides: rows and columns of a crop.
        stride: pixels between crops, down and across.
        most: bytes that the crops may take, to within one crop.
    """
    stack = stack[None] if stack.ndim == 2 else stack
    if not len(stack) or stack.shape[1] < sides[0] or stack.shape[2] < sides[1]:
        return np.empty((0, *sides), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(stack, sides, axis=(1, 2))[:, ::stride, ::stride]
    starts = windows.shape[:3]
    pick = np.arange(0, math.prod(starts), max(1, math.ceil(math.prod(starts) * 4 * math.prod(sides) / most)))
    return np.ascontiguousarray(windows[np.unravel_index(pick, starts)], dtype=np.float32)


def evenly(fields: A, most: int) -> A:
    """At most so many of the fields [n, ny, nx], evenly picked."""
    picked: A = fields[np.linspace(0, len(fields) - 1, min(most, len(fields))).astype(int)]
    return picked


def complete(fields: Array) -> NDArray[np.bool_]:
    """Which of the fields [n, ny, nx] have no missing pixel."""
    return np.asarray(~np.isnan(fields).any(axis=(1, 2)))
