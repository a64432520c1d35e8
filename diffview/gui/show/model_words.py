"""Models in words: name, one sentence, and fitted numbers."""

from typing import Any, NamedTuple

from diffview.fields.numbers import number
from diffview.gui.show.moment import InForce
from diffview.models.cards import Card
from diffview.models.choice import Model, TrainingCrops, mismatch
from diffview.models.gaussian import PowerLaw
from diffview.runs.guiding import GuidedModel


class ModelText(NamedTuple):
    """Name in the list, and a sentence about it."""

    title: str
    sentence: str


MODELS: dict[str, ModelText] = {
    "local": ModelText(
        "local · composes",
        "Averages crops of your field, weighted per pixel by how well a window around it fits; the window shrinks with "
        "the noise. An approximation: it composes new fields from local pieces.",
    ),
    "data": ModelText(
        "data · memorises",
        "The exact answer for a finite set of crops: their average, weighted by how well each one fits as a whole. "
        "It can only give the crops back.",
    ),
    "gaussian": ModelText(
        "gaussian · smooths",
        "The exact answer for a Gaussian random field with the spectrum of your field: a Wiener gain for each "
        "wavenumber. Right variance at every scale, no structure. Opposite edges of the region meet, except where "
        "pixels of it are given, as to fill a gap.",
    ),
    "power_law": ModelText(
        "power law · three numbers",
        "The exact answer for a Gaussian random field whose spectrum is three numbers, A (k₀² + k²)^(−β/2), fitted to "
        "that of your field: flat for the largest scales, a straight slope for the small ones. Opposite edges of the "
        "region meet, except where pixels of it are given.",
    ),
}


def power_law_text(denoiser: Any, model: Model, pixel_km: tuple[float, float] | None) -> str:
    """The three numbers of a fitted power law, as a sentence; "" of any other model, or before it is fitted."""
    base = model.base if isinstance(model, GuidedModel) else model
    if not isinstance(denoiser, PowerLaw) or not isinstance(base, TrainingCrops):
        return ""
    bend, crop = f"bends at k₀ = {number(denoiser.k0)} cycles per crop", base.regions[0]
    if denoiser.k0 < 1:
        bend = f"does not bend within a crop (k₀ = {number(denoiser.k0)})"
    elif pixel_km is not None:
        bend += f", {number(max(crop.ny * pixel_km[0], crop.nx * pixel_km[1]) / denoiser.k0)} km"
    return f"Its slope is β = {number(denoiser.beta)}, its amplitude A = {number(denoiser.amplitude)} std²; it {bend}. "


def network_title(card: Card) -> str:
    """A network in the list: its name and what it makes, "rain64 · precipitation rate"."""
    made = card.quantity.replace("_", " ") or "network"
    return f"{card.name} · {made}"


def offered(session: InForce) -> tuple[str, Card] | None:
    """A network, by its key, that draws fields of the open quantity, while a formula is in force; None without one."""
    facts = session.facts
    if session.recipe.denoiser.model not in MODELS or facts.torch is None:
        return None
    fit = ((key, card) for key, card in facts.cards.items() if not card.coarsen and not mismatch(card, facts.field))
    return next(fit, None)
