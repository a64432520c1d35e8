"""What is done to a run's model: mixed with its unconditional partner, guided by what is observed, limited."""

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
from diffview.models.formulas import GAUSSIANS
from diffview.params import checked
from diffview.reverse.guidance import (
    OBSERVATIONS,
    Clipped,
    Guided,
    Led,
    Limits,
    Mixed,
    Observation,
    standardised_limits,
)
from diffview.reverse.operators import Observed
from diffview.reverse.samplers import POSTERIOR_MEAN
from diffview.reverse.solvers import SDA, SOLVERS, Solver
from diffview.runs.facts import Fits, x0_of
from diffview.runs.instruments import Operators
from diffview.runs.observing import observed_by, together
from diffview.runs.recipe import Guidance

Array = NDArray[np.float32]


def partner_of(card: Card, cards: Mapping[str, Card]) -> str | None:
    """The name of the unconditional network of the same fields as this conditional one; None if there is none.

    A network that is given other variables is its own, as it was trained to do without them. Else their
    transforms are one but for rounding, so that what both make of a state can be mixed as it is.
    """
    if card.conditions:
        return card.name
    if not card.coarsen:
        return None
    same = ("quantity", "units", "shape", "kind")
    for name, other in cards.items():
        plain = not other.coarsen and not other.network.get("cond_channels") and "diffusers" not in other.network
        alike = card.transform.is_like(other.transform) and all(getattr(card, k) == getattr(other, k) for k in same)
        if plain and alike:
            return name
    return None


def known_pixels(fits: Fits, transform: Transform, region: Region, hidden: tuple[Region, ...]) -> NDArray[np.bool_]:
    """Which pixels of a region a conditioned run is given [ny, nx]: those that are neither missing nor hidden."""
    return ~(np.isnan(fits.of(x0_of, transform, region)) | hidden_in(hidden, region))


@dataclass(frozen=True, eq=False)
class GuidedModel:
    """A model with wrappers around its denoiser: mixed innermost, then guided, then limited.

    Attributes:
        base: the model itself.
        partner: the unconditional one it is mixed with, or None.
        weight: of the condition.
        led: the observations that it is guided by, standardised, and how; or None.
        limits: of x0_hat, standardised.
    """

    base: Model
    partner: Model | None = None
    weight: float = 1.0
    led: Led | None = None
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
        done += ["guided"] if self.led is not None else []
        done += ["clipped"] if self.limits != (None, None) else []
        return ", ".join([self.base.label, *done])

    @property
    def sentence(self) -> str:
        """What the model itself is made from."""
        return self.base.sentence

    def around(self, base: Any, partner: Any = None) -> Any:
        """The denoiser around those of `parts`."""
        denoise = base if partner is None else Mixed(base, partner, self.weight)
        if self.led is not None:
            denoise = Guided(denoise, self.led)
        return denoise if self.limits == (None, None) else Clipped(denoise, *self.limits)

    def denoiser(self) -> Denoiser:
        """All of it, made anew."""
        made: Denoiser = self.around(*(part.denoiser() for part in self.parts))
        return made


def observation_of(asked: Guidance) -> Observation:
    """What a run is asked to be guided by, its parameters checked.

    Raises:
        UserError: if there is no such observation, or a parameter is unknown or not allowed.
    """
    kind = OBSERVATIONS.get(asked.observe)
    if kind is None:
        raise UserError(
            f"There is no observation called {asked.observe!r}.", f"Choose one of {', '.join(OBSERVATIONS)}."
        )
    return kind(**checked(kind, dict(asked.observe_params), asked.observe))


@dataclass(frozen=True)
class GuidanceAsked:
    """All that a recipe says of guidance.

    Attributes:
        guidance, operators: those groups.
        levels: of the run, where the solver hangs on them.
        seed: of the errors that are drawn, 0 if none are.
    """

    guidance: Guidance
    operators: Operators
    levels: tuple[float, ...] = ()
    seed: int = 0

    @classmethod
    def of(cls, guidance: Guidance, operators: Operators, levels: list[float], seed: int) -> "GuidanceAsked":
        """It, without what makes no difference: so that as many plans as can be share a model."""
        stepwise = operators.instruments and operators.solver == "dps"
        return cls(guidance, operators, tuple(levels) if stepwise else (), seed if operators.disturbed else 0)


def guided_model(
    fits: Fits,
    base: Model,
    partner: Model | None,
    asked: GuidanceAsked,
    region: Region,
    transform: Transform,
    made_in: Transform,
) -> GuidedModel:
    """The model that guidance asks to have made of `base`.

    Args:
        fits: of the field.
        base: the model itself.
        partner: the unconditional network beside it, or None.
        asked: weight, limits and observations.
        region: the region that is observed.
        transform: of the field.
        made_in: the transform of what the model makes.

    Raises:
        UserError: if there is no such observation, it does not fit the region, or the limits are none.
    """
    guidance = asked.guidance
    limits = standardised_limits(made_in, (guidance.clip_low, guidance.clip_high))
    return GuidedModel(base, partner, guidance.weight, _led(fits, asked, region, transform), limits)


def _led(fits: Fits, asked: GuidanceAsked, region: Region, transform: Transform) -> Led | None:
    """What the run is led by: the one observation of the guidance, the instruments, or all of them together."""
    guidance, operators = asked.guidance, asked.operators
    if not (guidance.observe or operators.instruments):
        return None
    x0, known = fits.of(x0_of, transform, region), fits.of(known_pixels, transform, region, guidance.hidden)
    parts = list(observed_by(operators, x0, known, region, transform, asked.seed))
    solver = solver_of(operators)
    if guidance.observe:
        observation = observation_of(guidance)
        parts.append(Observed(observation, observation.observed(x0, known).astype(np.float32), observation.std))
        solver = solver if operators.instruments else SDA(observation.gamma)
    interval = operators.led_to or 0.0, np.inf if operators.led_from is None else operators.led_from
    return Led(together(tuple(parts), region), solver, operators.strength, interval, asked.levels)


def solver_of(asked: Operators) -> Solver:
    """The solver that is asked for, its parameters checked.

    Raises:
        UserError: if a parameter is unknown or not allowed.
    """
    kind = SOLVERS[asked.solver]
    made: Solver = kind(**checked(kind, dict(asked.solver_params), asked.solver))
    return made


def unguidable(asked: GuidanceAsked, name: str, partner: object, capabilities: Collection[str]) -> UserError | None:
    """Why the model `name` cannot be guided as asked, with this partner and these capabilities; None if it can."""
    guidance, operators = asked.guidance, asked.operators
    if guidance.weight != 1 and partner is None:
        return UserError(
            "A guidance weight needs a network with conditions, or a conditional one and an unconditional one of the "
            f"same fields; {name} has no such partner.",
            "Set the guidance weight to 1.",
        )
    if (guidance.observe or operators.instruments) and not {VJP, POSTERIOR_MEAN} <= set(capabilities):
        return UserError(
            f"Guidance goes back through the model of a posterior mean, and {name} does not offer that.",
            "Guide by nothing, or choose another model.",
        )
    if operators.instruments and operators.solver == "exact" and name not in GAUSSIANS:
        return UserError(
            f"The exact posterior is known for a Gaussian prior, and {name} is none.",
            f"Choose another solver, such as MMPS, or one of {', '.join(GAUSSIANS)}.",
        )
    return None
