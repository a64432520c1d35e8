"""What will be done (Plan), and what of it is not as asked (Note)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.daily import year_fractions
from diffview.fields.field import Field, Region
from diffview.fields.seasons import SeasonalCycle
from diffview.fields.transforms import Transform
from diffview.models.capabilities import lacks
from diffview.models.cards import Card
from diffview.models.choice import Model, Trained, mismatch
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.conditioning import Conditioning
from diffview.runs.guiding import GuidedModel
from diffview.runs.recipe import Recipe

Array = NDArray[np.float32]


DRAWN_APART = "The network draws fields of its own, from noise."
"""What follows where a network is of another quantity than the field."""


class Note(NamedTuple):
    """Something that cannot be done as asked; a quiet one is said in the status line only."""

    asked: str
    given: str
    why: str
    quiet: bool = False

    def __str__(self) -> str:
        return f"{self.why} Asked: {self.asked}; given: {self.given}."


class Back(Protocol):
    """What takes standardised values to physical ones."""

    def inverse(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """The physical values."""


@dataclass(frozen=True, eq=False)
class OfSeason:
    """The way back from departures from a season, at fractions of the year [frames]."""

    season: SeasonalCycle
    fractions: NDArray[np.float64]

    def inverse(self, z: NDArray[np.floating]) -> NDArray[np.float64]:
        """Physical values of departures [..., frames, ny, nx]."""
        return self.season.values(z, self.fractions)


@dataclass(frozen=True, eq=False)
class Jointly:
    """Fields that are made together.

    Attributes:
        fields: a slice of each channel, whole, for names and units.
        transforms: of each channel.
        made: how many of the first channels are made; the others are given.
        shape: (channels, ny, nx) or (channels, frames, ny, nx).
        x0: the open fields, standardised, of that shape; None where they are not all there.
        there: where a channel has values at some time, [channels, ny, nx].
        days: of the frames, days since 1970-01-01; without dates the number of each, [frames].
        calendar: of the days; "" without dates.
        placed: whether anything of the open fields goes into the run.
        season: the cycle of which the fields are departures; None without one.
        mean: over the frames, which a network is given, standardised [channels, ny, nx]; None where it is not.
    """

    fields: tuple[Field, ...]
    transforms: tuple[Transform, ...]
    made: int
    shape: tuple[int, ...]
    x0: Array | None
    there: NDArray[np.bool_]
    days: NDArray[np.float64]
    calendar: str
    placed: bool
    season: SeasonalCycle | None = None
    mean: Array | None = None

    @property
    def fractions(self) -> NDArray[np.float64]:
        """Of the year, of the frames."""
        return year_fractions(np.floor(self.days).astype(np.int64), self.calendar)

    def standardised(self, values: Array) -> Array:
        """Values [channels, ..., ny, nx] in their own units as the run has them."""
        if self.season is not None:
            return self.season.anomalies(values[0], self.fractions)[None].astype(np.float32)
        return np.stack([one(values[i]) for i, one in enumerate(self.transforms)]).astype(np.float32)

    def but(self, x0: Array | None, mean: Array | None) -> "Jointly":
        """The same with these open fields and their mean."""
        return replace(self, x0=x0, mean=mean)

    @property
    def backs(self) -> tuple[Back, ...]:
        """What takes standardised values of each channel back to its own units."""
        return self.transforms if self.season is None else (OfSeason(self.season, self.fractions),)


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be done: everything a run needs, and notes of what is not as asked.

    Attributes:
        region: the region shown and worked on.
        transform: the transform of the field.
        standardised: the whole field through it; NaN where missing.
        x0: the region of it, float32 [ny, nx].
        levels: noise levels of the run, falling to 0.
        params: all parameters of the sampler.
        device: "numpy", or the torch device.
        model: what the denoiser is made from; None if it cannot be.
        capabilities: what that model, and this field, offer a sampler.
        conditioning: what of the region goes into the run, and whether anything is done to the model.
        card: the network's card, or None.
        notes: what is not as asked.
        refusal: why a run cannot be made, or None.
        complete: the nearest complete region where missing pixels are the reason, or None.
        parent: the plan of the run that this one leaves at a step, or None.
        known: the pixels of the region that the run is given [ny, nx], or None if it is given none.
        filled: those that it makes up beside known ones [ny, nx], or None if it fills nothing.
        jointly: the fields that are made together, or None where single ones are.
        floor: what stands for 0 of an amount, which is never negative, in the units of the run; else None.
        windows: of a network's size, from the corner of a larger region that they cover; none: it has that size.
        circular: whether the left and right edges of the region meet: it goes once around the Earth.
    """

    recipe: Recipe
    region: Region
    transform: Transform
    standardised: Array
    x0: Array
    levels: list[float]
    params: Mapping[str, Any]
    device: str
    model: Model | None
    capabilities: frozenset[str]
    conditioning: Conditioning
    card: Card | None = None
    notes: tuple[Note, ...] = ()
    refusal: UserError | None = None
    complete: Region | None = None
    parent: "Plan | None" = None
    known: NDArray[np.bool_] | None = None
    filled: NDArray[np.bool_] | None = None
    circular: bool = False
    windows: tuple[Region, ...] = ()
    floor: float | None = None
    jointly: Jointly | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """[members, channels, ny, nx], of a sequence [members, channels, frames, ny, nx]."""
        if self.jointly is not None:
            return self.recipe.ensemble.members, *self.jointly.shape
        if self.card is not None and not self.windows:
            return self.recipe.ensemble.members, *self.card.shape
        return self.recipe.ensemble.members, 1, self.region.ny, self.region.nx

    @property
    def placed(self) -> bool:
        """Whether what a run makes lies where the region does: it starts from it, or is conditioned on it."""
        if self.jointly is not None:
            return self.jointly.placed
        return self.conditioning.sees_region or (self.card is not None and self.card.coarsen > 0)

    @property
    def has_truth(self) -> bool:
        """Whether what a run makes can be judged by the field: it lies where that does, and that is no coarse one."""
        return self.placed and self.recipe.source.refine == 1

    @property
    def refinable(self) -> int:
        """How many pixels a side each value of the field may stand for, so that the network has its condition; or 0."""
        card = self.card
        if card is None or self.recipe.source.refine > 1 or self.transform != card.transform:
            return 0
        return card.stands_for(self.standardised.shape)

    @property
    def base(self) -> Model | None:
        """The model without what is done to it: a formula, a network or the user's own."""
        return self.model.base if isinstance(self.model, GuidedModel) else self.model

    @property
    def makes(self) -> NDArray[np.bool_] | None:
        """Where a run makes values [ny, nx]; elsewhere there is nothing to see. None: everywhere."""
        return self.base.makes if isinstance(self.base, Trained) else None

    @property
    def settled(self) -> Recipe:
        """The recipe with the region and the fitted numbers in force: what gives the same again."""
        own = self.card is not None and self.transform == self.card.transform
        fitted = self.recipe.source.fitted if own else self.transform
        return self.recipe.but(region=self.region, fitted=fitted)

    @property
    def made_in(self) -> Transform:
        """The transform of what the run makes: the model's own."""
        return self.transform if self.card is None else self.card.transform

    @property
    def visited(self) -> list[float]:
        """The level of every state of the run: `levels`, unless the sampler walks upwards on its way."""
        info = SAMPLERS[self.recipe.course.sampler]
        return [self.levels[i] for i in info.places(len(self.levels) - 1, self.params)]

    @property
    def steps(self) -> int:
        """Steps of the run."""
        return len(self.levels) - 1 if SAMPLERS[self.recipe.course.sampler].path is None else len(self.visited) - 1

    @property
    def evaluations(self) -> int:
        """Evaluations of the model, or of both where two are mixed, that the run takes."""
        info, fork, made = SAMPLERS[self.recipe.course.sampler], self.recipe.course.fork, len(self.levels) - 1
        if self.parent is None or fork is None:
            return self.calls * info.evaluations(made, self.params)
        return self.calls * (self.parent.evaluations_until(fork.step) + self._after_fork(made - fork.step))

    @property
    def calls(self) -> int:
        """Evaluations of networks that one call of the denoiser takes: two where two are mixed."""
        return getattr(self.model, "calls", 1)

    def evaluations_until(self, step: int) -> int:
        """Denoiser calls of its first `step` steps, none of which ends at s = 0."""
        info, fork = SAMPLERS[self.recipe.course.sampler], self.recipe.course.fork
        if self.parent is None or fork is None:
            return info.evaluations(step + 1, self.params) - 1 if step else 0
        if step <= fork.step:
            return self.parent.evaluations_until(step)
        return self.parent.evaluations_until(fork.step) + self._after_fork(step - fork.step + 1) - 1

    def _after_fork(self, steps: int) -> int:
        """Denoiser calls of the last `steps` steps; a sampler that goes on from its own history needs none to begin."""
        info, fork = SAMPLERS[self.recipe.course.sampler], self.recipe.course.fork
        assert self.parent is not None and fork is not None
        goes_on = fork.step > 0 and self.parent.recipe.course.sampler == self.recipe.course.sampler
        return info.evaluations(steps, self.params) - (info.extra if goes_on and steps > 1 else 0)

    def made_apart(self, field: Field) -> str:
        """Why what a network makes is of another quantity than the field; "" if it is not, or is not known to be.

        Where the field would go into its run, that is refused with the same sentence.
        """
        if self.card is None or not self.card.units_known or self.placed or self.refusal is not None:
            return ""
        return mismatch(self.card, field)

    def lacks(self, sampler: str, params: Mapping[str, Any] | None = None) -> UserError | None:
        """Why a sampler, with these parameters or its defaults, cannot run on the model; None if it can."""
        given = sampler_params(sampler, params or {})
        return lacks(SAMPLERS[sampler], given, self.recipe.denoiser.model, self.capabilities)
