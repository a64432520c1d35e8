"""What there is: the field, other slices of its variable, the machine (Facts), and what was computed of it (Fits)."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import ConditionValues
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Field, Region
from diffview.fields.jointly import JointValues
from diffview.fields.regions import starting_region, summed
from diffview.fields.transforms import Transform, check_least, choose_transform, has_least
from diffview.models.cards import Card
from diffview.models.choice import Given
from diffview.runs.recipe import AUTO, Recipe
from diffview.runs.recorded import Recorded

Array = NDArray[np.float32]
T = TypeVar("T")

FARTHEST = 1e15
"""Of a standardised value: the sum of the squares of a large field is still a number in float32."""

MOST_FITS = 64
"""Results that a store keeps; the one that was not asked for longest goes first."""


class Fits:
    """What was computed of one field and the other slices of its variable, each thing once.

    `of(make, *arguments)` is `make(fits, *arguments)`. As field, slices and arguments are all that it is made of, a
    full store gives what an empty one gives; while it is kept it is the same object, by which models are told apart.

    Attributes:
        field: the field.
        stack: the other slices [n, ny, nx], or None.
        beside: the conditions of the field, or None.
    """

    def __init__(self, field: Field, stack: Array | None = None, beside: ConditionValues | None = None) -> None:
        self.field, self.stack, self.beside = field, stack, beside
        self._made: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._made)

    def of(self, make: Callable[..., T], *arguments: Any) -> T:
        """What `make` gives for this field and these arguments, computed once."""
        key = make, *map(_identity, arguments)
        made: T = self._made.pop(key) if key in self._made else make(self, *arguments)
        while len(self._made) >= MOST_FITS:
            del self._made[next(iter(self._made))]
        self._made[key] = made
        return made


def _identity(argument: Any) -> Any:
    """What tells an argument from others; networks: name and weights, as a card that was given scores is the same.

    Other people's networks, whose weights have no checksum, are the same as long as nobody opens them again.
    """
    return (argument.name, argument.weights.get("sha256", id(argument))) if isinstance(argument, Card) else argument


def missing_table(fits: Fits) -> NDArray[np.int32]:
    """Summed-area table of the field's missing pixels."""
    return summed(fits.field.mask)


def suited(fits: Fits) -> tuple[str, str]:
    """The key of the transform that suits the field, and why."""
    return choose_transform(fits.field.values, fits.field.units)


def fitted_transform(fits: Fits, key: str) -> Transform:
    """The transform fitted to the field."""
    return Transform.fit(key, fits.field.values, fits.field.name or "The field")


def standardised(fits: Fits, transform: Transform) -> Array:
    """The field through a transform.

    Raises:
        UserError: if it has other numbers than this field by so much that squares of what it gives have none.
    """
    with np.errstate(over="ignore"):
        values = transform(fits.field.values)
    far = float(max(np.fmax.reduce(values, axis=None), -np.fmin.reduce(values, axis=None)))
    if far > FARTHEST:  # not so where all is missing
        raise UserError(
            f"Through {transform.key} with the mean {transform.mean:g} and the standard deviation "
            f"{transform.std:g} the field's values go up to {far:.1e}: nothing can be computed with them.",
            "Choose standardise, and let it be fitted to the field.",
        )
    return values


def standardised_stack(fits: Fits, transform: Transform) -> Array:
    """The other slices through a transform, [n, ny, nx]."""
    assert fits.stack is not None
    return transform(fits.stack)


def x0_of(fits: Fits, transform: Transform, region: Region) -> Array:
    """A region of the field through a transform, [ny, nx]."""
    return fits.of(standardised, transform)[region.slices]


def default_region(fits: Fits) -> Region:
    """The region where none is asked for."""
    return starting_region(fits.of(missing_table), fits.field.values)


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
        beside: the conditions of the slice, from other variables and files; or None.
        jointly: what fields that are made together are fitted to; or None.
        recorded: the run that the file holds, or None.
        fits: what was computed of field and stack; they bring a new store with them.
    """

    field: Field
    stack: Array | None = None
    earth: EarthMap | None = None
    torch: str | None = ""
    devices: tuple[str, ...] = ("cpu",)
    cards: Mapping[str, Card] = dataclasses.field(default_factory=dict)
    given: Mapping[str, Given] = dataclasses.field(default_factory=dict)
    beside: ConditionValues | None = None
    jointly: JointValues | None = None
    recorded: Recorded | None = None
    fits: Fits = dataclasses.field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fits", Fits(self.field, self.stack, self.beside))

    def learn(self, **facts: Any) -> "Facts":
        """The same facts with some replaced; what was computed stays unless the field's data are among them."""
        made = dataclasses.replace(self, **facts)
        if not facts.keys() & {"field", "stack", "beside"}:
            object.__setattr__(made, "fits", self.fits)
        return made

    @property
    def table(self) -> NDArray[np.int32]:
        """Summed-area table of the field's missing pixels."""
        return self.fits.of(missing_table)

    @property
    def chosen(self) -> tuple[str, str]:
        """The key of the transform that suits the field, and why."""
        return self.fits.of(suited)

    def key_of(self, recipe: Recipe) -> str:
        """The key of the transform that a recipe asks for."""
        return self.chosen[0] if recipe.source.transform == AUTO else recipe.source.transform

    def fitted(self, recipe: Recipe) -> Transform:
        """The transform that a recipe asks for, with the numbers it brings or fitted to the field.

        Raises:
            UserError: if it cannot be fitted, or is not meant for the field's values.
        """
        asked = recipe.source
        if asked.fitted is None or asked.transform not in (AUTO, asked.fitted.key):
            return self.fits.of(fitted_transform, self.key_of(recipe))
        if has_least(asked.fitted.key) and not self.field.mask.all():
            check_least(asked.fitted.key, float(np.nanmin(self.field.values)), self.field.name or "The field")
        return asked.fitted

    def through(self, transform: Transform) -> Array:
        """The whole field through a transform.

        Raises:
            UserError: as of `standardised`.
        """
        return self.fits.of(standardised, transform)
