"""The network of a plan: its card, with the conditions that it is shown and the pixels that it makes."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from diffview.fields.coarse import coarse
from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.models.cards import Card
from diffview.models.choice import Trained
from diffview.models.conditions import groups_of, of_network
from diffview.runs.facts import Fits, x0_of
from diffview.runs.plan import Note
from diffview.runs.recipe import Recipe


class Sees(NamedTuple):
    """What a network sees of a field.

    Attributes:
        region: where its conditions are made of; None if nothing of the field goes into it.
        masked: whether it is told where the region has data.
        windows: of its size, laid beside each other; none if the region is as large.
        off: groups of conditions that are shown as missing.
    """

    region: Region | None = None
    masked: bool = False
    windows: tuple[Region, ...] = ()
    off: tuple[str, ...] = ()


def network(fits: Fits, card: Card, device: str, transform: Transform, seen: Sees) -> Trained:
    """The network of a card, with its conditions, and with where the region has data."""
    limits = card.network.get("limits")
    if seen.region is None:
        return Trained(card, device, limits=limits, windows=seen.windows)
    x0 = fits.of(x0_of, transform, seen.region)
    shown = [coarse(x0[None], transform, card.coarsen)[:, None]] if card.coarsen else []
    if card.conditions:
        shown.append(of_network(card.conditions, fits.beside, seen.region.slices, seen.off))
    condition = np.concatenate(shown, axis=1) if shown else None
    return Trained(card, device, condition, ~np.isnan(x0) if seen.masked else None, limits, seen.windows)


def off_of(recipe: Recipe, card: Card) -> tuple[str, ...]:
    """The groups of a network's conditions that a recipe switches off."""
    return tuple(group for group in groups_of(card.conditions) if group in recipe.conditions.off)


def limit_notes(card: Card) -> Iterator[Note]:
    """What is said of limits that other people's sampling puts on x0_hat, whose fields lie between -1 and 1."""
    if "limits" in card.data:
        why = f"The scheduler of {card.name} limits x̂₀; set that to false in its scheduler_config.json to run without."
        yield Note("x̂₀ as the network gives it", str(card.data["limits"]), why)
