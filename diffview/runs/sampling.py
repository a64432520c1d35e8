"""How a network draws from noise: as its card says that its scored fields were drawn, or the usual way."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from diffview.errors import UserError
from diffview.forward.schedules import Edm
from diffview.models.capabilities import card_capabilities, lacks
from diffview.models.cards import Card
from diffview.reverse.samplers import CONSISTENCY, SAMPLERS, sampler_params


@dataclass(frozen=True)
class Sampling:
    """How fields are drawn from a model to be scored.

    On the Karras grid between the ends of the model's noise range. A consistency model takes one step, or as many as
    are asked for with its own sampler, uniform in t of EDM's schedule: the Karras grid ends at s_min, where no jump is.

    Attributes:
        samples: fields; of a conditional model there are 16 for each of the first 64 held-out fields instead.
        steps: of a run.
        seed: of its noise. Member i of a seed is the same in any batch.
        sampler: its key.
        params: settings of the sampler; what is not named has its default.
    """

    samples: int = 256
    steps: int = 18
    seed: int = 0
    sampler: str = "heun"
    params: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.samples < 1:
            raise UserError(f"{self.samples} samples cannot be drawn.", "Draw at least one; 256 give steady scores.")
        object.__setattr__(self, "params", sampler_params(self.sampler, self.params))

    @classmethod
    def scored(cls, card: Card) -> "Sampling":
        """As the scores of a card were drawn; the usual way where it does not say, or says what there is not."""
        settings = card.scores.get("settings", {})
        try:
            return cls(
                steps=int(settings["steps"]), sampler=str(settings["sampler"]), params=settings.get("params", {})
            ).of(card)
        except (KeyError, TypeError, ValueError, AttributeError, UserError):
            return USUAL.of(card)

    def of(self, card: Card) -> "Sampling":
        """The same for a model: one that jumps to the end of the path does so, whatever the sampler.

        Raises:
            UserError: if the sampler needs what the model does not offer.
        """
        if card.kind == CONSISTENCY:
            return self if self.sampler == "consistency" else replace(self, steps=1, sampler="consistency", params={})
        if (refusal := lacks(SAMPLERS[self.sampler], self.params, card.name, card_capabilities(card))) is not None:
            raise refusal
        return self

    @property
    def words(self) -> str:
        """The options of `diffview verify model` that say the same."""
        usual = sampler_params(self.sampler, {})
        params = [f" --sampler-param {key}={value}" for key, value in self.params.items() if value != usual[key]]
        options = f"--samples {self.samples} --steps {self.steps} --seed {self.seed}"
        return f"{options} --sampler {self.sampler}{''.join(params)}"

    def course(self, card: Card) -> dict[str, Any]:
        """The parts of a recipe that make a run of the model's network go the same way."""
        return {
            "schedule": noise_schedule(card), "grid": grid_of(card), "grid_params": (), "steps": self.steps,
            "sampler": self.sampler, "sampler_params": tuple(self.params.items()), "origin": "noise", "fork": None,
        }  # fmt: skip


USUAL = Sampling()


def grid_of(card: Card) -> str:
    """The grid on which fields are drawn from a model to be scored."""
    return "uniform" if card.kind == CONSISTENCY else "karras"


def noise_schedule(card: Card) -> Edm:
    """The schedule between the ends of the model's noise range."""
    low, high = card.noise_range
    return Edm(sigma_min=max(low, min(2e-3, high / 10)), sigma_max=high)


def scored_course(card: Card) -> dict[str, Any]:
    """The parts of a recipe that draw as a card's scored fields were drawn; none where it has not been scored.

    A consistency model that has not been scored jumps, as no other way is open to it. The window offers them for a
    network, the command line and the library take them where nothing else is asked for.
    """
    usual = "settings" in card.scores or card.kind == CONSISTENCY
    return Sampling.scored(card).course(card) if usual else {}
