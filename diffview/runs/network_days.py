"""The days of a month from its mean by a network, in place of the formula of `models.days`."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.seasons import SeasonalCycle
from diffview.fields.units import same_units, written
from diffview.forward.brownian import ForwardPath
from diffview.machine import train_device
from diffview.models.cards import Card, find_card
from diffview.models.choice import Trained, own_season
from diffview.runs.in_blocks import last_steps
from diffview.runs.network_together import NetworkAt, network_plan, of_season, times_refused
from diffview.runs.plan import Jointly
from diffview.runs.recipe import Recipe
from diffview.runs.sampling import scored_course
from diffview.runs.visited import visited

Array = NDArray[np.float64]

MOST_AT_ONCE = 16
"""Members that are made together: sequences of them are large."""


@dataclass(frozen=True, eq=False)
class NetworkDays:
    """A network that makes days for their mean, as departures from the seasonal cycle that its weights bring.

    Attributes:
        work: the network, its device, and the levels of a run.
        recipe: how it is run, which its card says.
        cycle: the seasonal cycle.
        of: a field of the series that it makes, for its name.
        frames: days of a sequence.
    """

    work: NetworkAt
    recipe: Recipe
    cycle: SeasonalCycle
    of: Field
    frames: int

    @property
    def windows(self) -> int:
        """How many sequences it was trained on."""
        return int(self.work.card.data.get("fields", 0))

    @property
    def said(self) -> str:
        """How days are made, for the file."""
        return f"a network, {self.work.card.name}, trained on sequences of {self.work.card.together.frames} days"

    @cached_property
    def _network(self) -> Any:
        ny, nx = self.cycle.std.shape
        return Trained(self.work.card, self.work.device, np.zeros((1, 1, ny, nx), np.float32)).denoiser()

    def members(
        self, mean: NDArray[np.floating], fractions: Array, members: int, seed: int = 0, first: int = 0
    ) -> Array:
        """Sequences of days whose mean is the one that is given; as DaysLaw.members has it.

        Raises:
            UserError: if the mean is of another region, or far from the season.
        """
        _require_size(self.work.card, mean.shape)
        z = of_season(self.cycle, mean, fractions, self.work.card.name)
        there = ~np.isnan(z)
        fields = Jointly(
            (self.of,), (self.work.card.transform,), 1, (1, self.frames, *z.shape), None, there[None],
            np.arange(float(self.frames)), "", True, mean=z[None].astype(np.float32),
        )  # fmt: skip
        block = math.gcd(first, MOST_AT_ONCE)  # blocks of members begin at multiples of their size
        recipe = self.recipe.but(members=members, seed=seed, first_member=first, block=block)
        plan = network_plan(recipe, self.work, Region(0, 0, *z.shape), fields)
        ends = last_steps(plan, self._network.given(np.nan_to_num(z)[None, None].astype(np.float32)))
        y = np.concatenate([np.asarray(end.y, np.float64)[:, 0] for end in ends])
        about = y - y.mean(1, keepdims=True) + np.nan_to_num(z)  # to rounding of float64, not of float32
        return self.cycle.values(np.where(there, about, np.nan), fractions)

    def noise(self, seed: int, member: int) -> NDArray[np.float32]:
        """The noise that a member began with, in its standard deviations [frames, ny, nx]."""
        path = ForwardPath(seed, (1, self.frames, *self.cycle.std.shape), "closed", member, self.recipe.course.noise)
        s = self.work.levels[0]
        return np.asarray(path(s)[0] / np.float32(s), np.float32)


def network_days(name: str, of: Field, frames: int, device: str = "auto") -> NetworkDays:
    """The network of this name, for so many days of a field's series.

    Raises:
        UserError: if there is none, it makes no days from a mean, or others than these.
    """
    card = find_card(name)
    if not (card.together.mean and card.together.seasonal):
        raise UserError(
            f"{card.name} makes no days from their mean.",
            "Choose a network that was trained with --sequence, --mean and --season, or leave the model out.",
        )
    if (refusal := times_refused(card, frames)) is not None:
        raise refusal
    if not same_units(card.units, of.units):
        own, other = written(card.units) or "1", written(of.units) or "1"
        raise UserError(f"{card.name} makes {card.quantity} in {own}; the mean is in {other}.", "Convert it first.")
    cycle = own_season(card)
    if cycle is None or cycle.std.shape != card.shape[1:]:
        raise UserError(f"The weights of {card.name} bring no season of its fields.", "Copy the model again.")
    recipe = Recipe.of(model=name, sequence=frames, **scored_course(card))
    work = NetworkAt(card, train_device(device), visited(recipe.course, recipe.start, card))
    return NetworkDays(work, recipe, cycle, of, frames)


def _require_size(card: Card, size: tuple[int, ...]) -> None:
    if size != card.shape[1:]:
        raise UserError(
            f"{card.name} makes {card.shape[1]} x {card.shape[2]} pixels, and the mean has {size[0]} x {size[1]}.",
            "Name the region that it was trained on.",
        )
