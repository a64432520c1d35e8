"""What a run is told of the field beside its start, and what is done to its model: from the recipe to both."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in
from diffview.fields.transforms import Transform
from diffview.models.capabilities import VJP
from diffview.models.cards import Card
from diffview.models.choice import Model
from diffview.models.denoiser import Denoiser
from diffview.params import checked
from diffview.reverse.guidance import OBSERVATIONS, Clipped, Guided, Limits, Mixed, Observation, standardised_limits
from diffview.reverse.samplers import KNOWN_PIXELS, POSTERIOR_MEAN, SAMPLERS
from diffview.runs.recipe import Recipe

Array = NDArray[np.float32]


def is_told(recipe: Recipe) -> bool:
    """Whether a run is told pixels of the region on its way: by its sampler, or by what it is guided by."""
    info = SAMPLERS.get(recipe.course.sampler)
    return bool(recipe.guidance.observe) or (info is not None and KNOWN_PIXELS in info.needs)


def fills(recipe: Recipe) -> bool:
    """Whether a run is told the region pixel by pixel, so that it makes up what is missing or hidden."""
    info = SAMPLERS.get(recipe.course.sampler)
    return recipe.guidance.observe == "known" or (info is not None and KNOWN_PIXELS in info.needs)


def is_steered(recipe: Recipe) -> bool:
    """Whether anything is done to the model."""
    asked = recipe.guidance
    return bool(asked.observe) or asked.weight != 1 or (asked.clip_low, asked.clip_high) != (None, None)


def known_pixels(recipe: Recipe, region: Region, x0: Array) -> NDArray[np.bool_]:
    """Where a run may be told the region [ny, nx]: the pixels that are neither missing nor hidden."""
    return ~(np.isnan(x0) | hidden_in(recipe.guidance.hidden, region))


def partner_of(card: Card, cards: Mapping[str, Card]) -> str | None:
    """The name of the unconditional network of the same fields as this conditional one; None if there is none."""
    if not card.coarsen:
        return None
    same = ("quantity", "units", "transform", "shape", "kind")
    for name, other in cards.items():
        plain = not other.coarsen and not other.network.get("cond_channels") and "diffusers" not in other.network
        if plain and all(getattr(card, key) == getattr(other, key) for key in same):
            return name
    return None


@dataclass(frozen=True, eq=False)
class Steered:
    """A model with wrappers around its denoiser: mixed innermost, then guided, then clipped.

    Attributes:
        base: the model itself.
        partner: the unconditional one it is mixed with, or None.
        weight: of the condition.
        observation, observed: what it is guided by, standardised, or None.
        limits: of x0_hat, standardised.
    """

    base: Model
    partner: Model | None = None
    weight: float = 1.0
    observation: Observation | None = None
    observed: Array | None = None
    limits: Limits = (None, None)

    @property
    def parts(self) -> tuple[Model, ...]:
        """The models whose denoisers it is made around."""
        return (self.base,) if self.partner is None else (self.base, self.partner)

    @property
    def calls(self) -> int:
        """Evaluations of networks that one call takes."""
        return len(self.parts)

    @property
    def label(self) -> str:
        """For the status line."""
        done = [] if self.partner is None else [f"w = {self.weight:g}"]
        done += ["guided"] if self.observation is not None else []
        done += ["clipped"] if self.limits != (None, None) else []
        return ", ".join([self.base.label, *done])

    @property
    def sentence(self) -> str:
        """What the model itself is made from."""
        return self.base.sentence

    def around(self, base: Any, partner: Any = None) -> Any:
        """The denoiser around those of `parts`."""
        denoise = base if partner is None else Mixed(base, partner, self.weight)
        if self.observation is not None and self.observed is not None:
            denoise = Guided(denoise, self.observation, self.observed)
        return denoise if self.limits == (None, None) else Clipped(denoise, *self.limits)

    def denoiser(self) -> Denoiser:
        """All of it, made anew."""
        made: Denoiser = self.around(*(part.denoiser() for part in self.parts))
        return made


def observation_of(recipe: Recipe) -> Observation:
    """What the recipe wishes to be guided by, its parameters checked.

    Raises:
        UserError: if there is no such observation, or a parameter is unknown or not allowed.
    """
    kind = OBSERVATIONS.get(recipe.guidance.observe)
    if kind is None:
        raise UserError(
            f"There is no observation called {recipe.guidance.observe!r}.", f"Choose one of {', '.join(OBSERVATIONS)}."
        )
    return kind(**checked(kind, dict(recipe.guidance.observe_params), recipe.guidance.observe))


def steered(
    recipe: Recipe,
    base: Model,
    partner: Model | None,
    offers: Collection[str],
    transform: Transform,
    told: tuple[Array, NDArray[np.bool_]] | None,
) -> Steered:
    """The model that the recipe wishes to have made of `base`.

    Args:
        recipe: the wish.
        base: the model itself.
        partner: the unconditional network beside it, or None.
        offers: what the base offers; see `needs`.
        transform: of what the model makes.
        told: x_0 [ny, nx] and where it is known, for an observation.

    Raises:
        UserError: if it cannot be: no pair of networks, no way back through the model, limits that are none.
    """
    asked, name = recipe.guidance, recipe.denoiser.model
    if asked.weight != 1 and partner is None:
        raise UserError(
            "A guidance weight needs a conditional network and an unconditional one of the same fields; "
            f"{name} has no such partner.",
            "Set the guidance weight to 1.",
        )
    observation, observed = None, None
    if asked.observe:
        observation = observation_of(recipe)
        if not {VJP, POSTERIOR_MEAN} <= set(offers) or told is None:
            raise UserError(
                f"Guidance goes back through the model of a posterior mean, and {name} does not offer that.",
                "Guide by nothing, or choose another model.",
            )
        observed = observation.observed(*told).astype(np.float32)
    limits = standardised_limits(transform, (asked.clip_low, asked.clip_high))
    return Steered(base, partner if asked.weight != 1 else None, asked.weight, observation, observed, limits)


def sees_region(recipe: Recipe) -> bool:
    """Whether a run starts from the region of the field, or is told pixels of it."""
    return recipe.start.origin == "field" or is_told(recipe)
