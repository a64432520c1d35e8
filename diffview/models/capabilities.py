"""Capabilities: what a model can do beside denoise(y, s), and the refusal of a sampler that needs one it lacks."""

from collections.abc import Collection
from typing import Any

from diffview.errors import UserError
from diffview.models.cards import Card
from diffview.reverse.samplers import CONSISTENCY, KNOWN_PIXELS, POSTERIOR_MEAN, VARIANCE_FRACTION, Info, Params

VJP = "vjp"
FORMULA_CAPABILITIES = frozenset({POSTERIOR_MEAN, VJP})
"""Those of every formula; see `denoiser.Formula`."""


def card_capabilities(card: Card) -> frozenset[str]:
    """Those of the network of a card."""
    return frozenset({card.kind, VJP, *([VARIANCE_FRACTION] if card.network.get("learned_variance") else [])})


def capabilities_of(denoise: Any) -> frozenset[str]:
    """Those of a denoiser: its kind (a posterior mean if it does not say), and the optional methods it has."""
    kind = str(getattr(denoise, "kind", POSTERIOR_MEAN))
    methods = {name for name in (VJP, VARIANCE_FRACTION) if callable(getattr(denoise, name, None))}
    return frozenset({kind, *methods} - (set() if getattr(denoise, "learned_variance", True) else {VARIANCE_FRACTION}))


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
        "{title} with a learned variance needs a network that was trained to give it, on a region of its size; here "
        "{name} does not.",
        "Choose the variance small or large.",
    ),
    KNOWN_PIXELS: (
        "{title} fills the missing or hidden pixels of the region from what is around them; here there are none.",
        "Hide a part of the region, or move it over missing pixels.",
    ),
}
"""By capability: the sentence and the hint where it is missing."""


def lacks(info: Info, params: Params, name: str, capabilities: Collection[str]) -> UserError | None:
    """Why the sampler cannot run with these parameters on the model `name` with these capabilities; None if it can."""
    for capability in info.needed(params):
        if capability not in capabilities:
            sentence, hint = (text.format(name=name, title=info.title) for text in SENTENCES[capability])
            return UserError(sentence[0].upper() + sentence[1:], hint)
    return None
