"""What there is (Facts), what will be done (Plan), and what is not done as asked (Note)."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Field, Region
from diffview.fields.regions import summed
from diffview.fields.transforms import Transform, check_least, choose_transform, has_least
from diffview.models.capabilities import lacks
from diffview.models.cards import Card
from diffview.models.choice import Given, Model, Trained
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.conditioning import Steered, fills, sees_region
from diffview.runs.recipe import AUTO, Recipe

Array = NDArray[np.float32]


class Note(NamedTuple):
    """A wish that could not be met as asked; a quiet one is said in the status line only."""

    asked: str
    given: str
    why: str
    quiet: bool = False

    def __str__(self) -> str:
        return f"{self.why} Asked: {self.asked}; given: {self.given}."


FARTHEST = 1e15
"""Of a standardised value: the sum of the squares of a large field is still a number in float32."""

CACHED = 64
"""Results that Facts remembers; the oldest goes first."""


@dataclass(frozen=True, eq=False)
class Facts:
    """What is there: the open field, other slices of its variable, and the devices of this machine.

    Attributes:
        field: the slice, in physical units.
        stack: the same picture in other slices of the variable [n, ny, nx], the shown one left out; or None.
        place: where its pixels lie on Earth; None where that is not known, or not yet.
        torch: version of torch, "" while it is not loaded, None if it is not installed.
        devices: torch devices that can be used ("cpu", "cuda", "mps"), known once torch is loaded.
        cards: the networks that can be chosen, by name.
        given: denoisers that the user's own program brought, by name.
    """

    field: Field
    stack: Array | None = None
    place: EarthMap | None = None
    torch: str | None = ""
    devices: tuple[str, ...] = ("cpu",)
    cards: Mapping[str, Card] = dataclasses.field(default_factory=dict)
    given: Mapping[str, Given] = dataclasses.field(default_factory=dict)
    _cache: dict[Any, Any] = dataclasses.field(default_factory=dict, repr=False)

    def cached(self, key: tuple[Any, ...], make: Any) -> Any:
        """What `make` gives, computed once for this field."""
        if key not in self._cache:
            while len(self._cache) >= CACHED:
                self._cache.pop(next(iter(self._cache)))
            self._cache[key] = make()
        return self._cache[key]

    @property
    def table(self) -> NDArray[np.int32]:
        """Summed-area table of the field's missing pixels."""
        table: NDArray[np.int32] = self.cached(("table",), lambda: summed(self.field.mask))
        return table

    def learn(self, **facts: Any) -> "Facts":
        """The same facts with some replaced; what was computed from the field stays unless the field's data change."""
        if facts.keys() & {"field", "stack"}:
            facts["_cache"] = {}
        return dataclasses.replace(self, **facts)

    @property
    def chosen(self) -> tuple[str, str]:
        """The key of the transform that suits the field, and why."""
        made: tuple[str, str] = self.cached(("chosen",), lambda: choose_transform(self.field.values, self.field.units))
        return made

    def key_of(self, recipe: Recipe) -> str:
        """The key of the transform that a recipe wishes."""
        return self.chosen[0] if recipe.source.transform == AUTO else recipe.source.transform

    def fitted(self, recipe: Recipe) -> tuple[Transform, Array]:
        """The transform that a recipe wishes, with the numbers it brings or fitted to the field; the field through it.

        Raises:
            UserError: if it cannot be fitted, or is not meant for the field's values.
        """
        name = self.field.name or "The field"
        if recipe.source.fitted is not None and recipe.source.transform in (AUTO, recipe.source.fitted.key):
            if has_least(recipe.source.fitted.key) and not self.field.mask.all():
                check_least(recipe.source.fitted.key, float(np.nanmin(self.field.values)), name)
            return self.through(recipe.source.fitted)
        key = self.key_of(recipe)
        fit = self.cached(("transform", key), lambda: Transform.fit(key, self.field.values, name))
        return self.through(fit)

    def through(self, transform: Transform) -> tuple[Transform, Array]:
        """The whole field through a transform.

        Raises:
            UserError: if it has other numbers than this field by so much that squares of what it gives have none.
        """

        def made() -> tuple[Transform, Array]:
            with np.errstate(over="ignore"):
                values = transform(self.field.values)
            far = float(max(np.fmax.reduce(values, axis=None), -np.fmin.reduce(values, axis=None)))
            if far > FARTHEST:  # not so where all is missing
                raise UserError(
                    f"Through {transform.key} with the mean {transform.mean:g} and the standard deviation "
                    f"{transform.std:g} the field's values go up to {far:.1e}: nothing can be computed with them.",
                    "Choose standardise, and let it be fitted to the field.",
                )
            return transform, values

        found: tuple[Transform, Array] = self.cached(("through", transform), made)
        return found


@dataclass(frozen=True, eq=False)
class Plan:
    """What will be done: everything a run needs, and the notes of what was changed from the wish.

    Attributes:
        region: the region shown and worked on.
        transform: the transform of the field.
        standardised: the whole field through it; NaN where missing.
        x0: the region of it, float32 [ny, nx].
        levels: noise levels of the run, falling to 0.
        params: all parameters of the sampler.
        device: "numpy", or the torch device.
        model: what the denoiser is made from; None if it cannot be.
        offers: what that model, and this field, offer a sampler; see `needs`.
        card: the network's card, or None.
        notes: wishes not met as asked.
        refusal: why a run cannot be made, or None.
        complete: the nearest complete region where missing pixels are the reason, or None.
        parent: the plan of the run that this one leaves at a step, or None.
        known: the pixels of the region that the run is told [ny, nx], or None if it is told none.
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
    offers: frozenset[str]
    card: Card | None = None
    notes: tuple[Note, ...] = ()
    refusal: UserError | None = None
    complete: Region | None = None
    parent: "Plan | None" = None
    known: NDArray[np.bool_] | None = None

    @property
    def filled(self) -> NDArray[np.bool_] | None:
        """The pixels of the region that the run makes up beside known ones [ny, nx]; None if it fills nothing."""
        if self.known is None or not fills(self.recipe):
            return None
        return ~self.known if self.makes is None else self.makes & ~self.known

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[members, channels, ny, nx]."""
        if self.card is not None:
            return self.recipe.ensemble.members, *self.card.shape
        return self.recipe.ensemble.members, 1, self.region.ny, self.region.nx

    @property
    def placed(self) -> bool:
        """Whether what a run makes lies where the region does: it starts from it, or is told of it."""
        told = self.card is not None and self.card.coarsen > 0
        return sees_region(self.recipe) or told

    @property
    def base(self) -> Model | None:
        """The model without what is done to it: a formula, a network or the user's own."""
        return self.model.base if isinstance(self.model, Steered) else self.model

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

    def lacks(self, sampler: str, params: Mapping[str, Any] | None = None) -> UserError | None:
        """Why a sampler, with these parameters or its defaults, cannot run on the model; None if it can."""
        given = sampler_params(sampler, params or {})
        return lacks(SAMPLERS[sampler], given, self.recipe.denoiser.model, self.offers)
