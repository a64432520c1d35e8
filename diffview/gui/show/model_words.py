"""Models in words: name, one sentence, and fitted numbers."""

from typing import Any, NamedTuple

from diffview.fields.numbers import number
from diffview.gui.show.moment import InForce
from diffview.models.cards import Card
from diffview.models.choice import Model, Trained, TrainingCrops, mismatch
from diffview.models.gaussian import PowerLaw
from diffview.runs.facts import Facts
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


class ModelRow(NamedTuple):
    """A row of the list of models: its key, None for the heading of a group; title, tooltip, and why it is grey."""

    key: str | None
    title: str
    tip: str = ""
    why: str = ""


def model_rows(facts: Facts) -> list[ModelRow]:
    """The models in groups: what can be fitted to the open field, the networks for it, and those that are not."""
    networks = [(key, card, mismatch(card, facts.field)) for key, card in facts.cards.items()]
    rows = [(key, card, why if card.units_known else "") for key, card, why in networks]
    groups = {
        "Formulas for this field": [ModelRow(key, model.title, model.sentence) for key, model in MODELS.items()],
        "From your program": [ModelRow(key, f"{key} · yours", own.sentence) for key, own in facts.given.items()],
        "Networks for this field": [_network_row(*row) for row in rows if row[1].units_known and not row[2]],
        "Networks without units": [_network_row(*row) for row in rows if not row[1].units_known],
        "Networks for other fields": [_network_row(*row) for row in rows if row[2]],
    }
    return [row for heading, own in groups.items() if own for row in (ModelRow(None, heading), *own)]


def _network_row(key: str, card: Card, why: str) -> ModelRow:
    return ModelRow(key, network_title(card), why or Trained(card, "cpu").sentence, why)


def offered(session: InForce) -> tuple[str, Card] | None:
    """A network, by its key, that draws fields of the open quantity, while a formula is in force; None without one."""
    facts = session.facts
    if session.recipe.denoiser.model not in MODELS or facts.torch is None:
        return None
    fit = ((key, card) for key, card in facts.cards.items() if not card.coarsen and not mismatch(card, facts.field))
    return next(fit, None)
