"""What a model offers beside y and s in and x0_hat out, what a sampler needs of it, and the sentence if it lacks it."""

from collections.abc import Collection
from typing import Any

from diffview.errors import UserError
from diffview.models.cards import Card
from diffview.reverse.samplers import CONSISTENCY, KNOWN_PIXELS, POSTERIOR_MEAN, VARIANCE_FRACTION, Info, Params

VJP = "vjp"
FORMULA_OFFERS = frozenset({POSTERIOR_MEAN, VJP})
"""What every formula offers; see denoisers.Formula."""


def offers_of_card(card: Card) -> frozenset[str]:
    """What the network of a card offers."""
    return frozenset({card.kind, VJP, *([VARIANCE_FRACTION] if card.network.get("learned_variance") else [])})


def offers_of(denoise: Any) -> frozenset[str]:
    """What a denoiser offers: its kind (a posterior mean if it does not say), and what it can be asked."""
    found = {str(getattr(denoise, "kind", POSTERIOR_MEAN))}
    found |= {name for name in (VJP, VARIANCE_FRACTION) if callable(getattr(denoise, name, None))}
    return frozenset(found if getattr(denoise, "learned_variance", True) else found - {VARIANCE_FRACTION})


SENTENCES = {
    POSTERIOR_MEAN: (
        "{name} is a consistency model: it jumps to the end of the path instead of giving a mean to step by.",
        "{title} needs a posterior mean; choose the sampler Consistency, or another model.",
    ),
    CONSISTENCY: (
        "{title} needs a consistency model, which jumps to the end of the path; {name} gives a posterior mean.",
        "Choose another sampler, such as Heun.",
    ),
    VARIANCE_FRACTION: (
        "{title} with a learned variance needs a network that was trained to give it; {name} does not.",
        "Choose the variance small or large.",
    ),
    KNOWN_PIXELS: (
        "{title} fills the pixels of the region that are missing or hidden from what is around them; here are none.",
        "Hide a part of the region, or move it over missing pixels.",
    ),
}
"""What is said, and the hint, where a need is not met."""


def unmet(info: Info, params: Params, name: str, offers: Collection[str]) -> UserError | None:
    """Why the sampler cannot run with these parameters on the model `name`, which offers `offers`; None if it can."""
    for need in info.needed(params):
        if need not in offers:
            sentence, hint = (text.format(name=name, title=info.title) for text in SENTENCES[need])
            return UserError(sentence[0].upper() + sentence[1:], hint)
    return None
