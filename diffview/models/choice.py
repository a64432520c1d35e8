"""The source of a plan's denoiser: crops that a formula is fitted to, a trained network, or the user's own object."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError, cut
from diffview.fields.field import Field, Region
from diffview.fields.numbers import percent
from diffview.fields.seasons import SeasonalCycle
from diffview.fields.transforms import has_least
from diffview.fields.units import same_units, written
from diffview.machine import torch_is_missing
from diffview.models.cards import MASK, SEASON, Card, beside
from diffview.models.conditions import groups_of
from diffview.models.denoiser import Denoiser
from diffview.models.foreign import foreign_card, is_foreign
from diffview.models.formulas import FORMULAS, GAUSSIANS
from diffview.models.tiled import Tiled
from diffview.reverse.parametrisations import Threshold

Array = NDArray[np.float32]

QUANTITIES = (
    frozenset({"precipitation_rate", "precip_rate", "rainfall_rate", "rain_rate", "precipitation", "precip", "rain"}),
    frozenset({"sea_surface_temperature", "sst", "analysed_sst", "tos"}),
    frozenset({"toa_brightness_temperature", "brightness_temperature", "tb"}),
)
"""Groups of names that mean one quantity."""


def is_amount(name: str, transform: str) -> bool:
    """Whether values of this name, through this transform, are amounts of rain, which is never negative."""
    return name in QUANTITIES[0] or has_least(transform)


class Model(Protocol):
    """Where a run's denoiser comes from; two are the same if they are one object."""

    @property
    def label(self) -> str:
        """For the status line."""

    @property
    def sentence(self) -> str:
        """What it is made from, for the inspector."""

    def denoiser(self) -> Denoiser:
        """Fit or load it."""


@dataclass(frozen=True, eq=False)
class TrainingCrops:
    """The crops a formula denoiser is fitted to, in standardised units.

    Attributes:
        model: key of FORMULAS.
        source: the standardised field [rows, columns], or a stack of other slices [n, rows, columns].
        regions: where the crops lie; of a stack, in every slice.
        left_out: the crops share no pixel with the region worked on.
        slices: which slices of the stack are complete there.
        more: crops of another source, beside these; or None.
        shape: (ny, nx) of the fields if the crops are smaller, which only Gaussian priors allow; or None.
        place: path and dataset of the source if it is another than the open field; else two empty texts.
        limit: share of a crop's pixels that may be missing, which only Gaussian priors allow.
        held: complete fields of the same size that it is not fitted to; or None.
    """

    model: str
    source: Array
    regions: tuple[Region, ...]
    left_out: bool
    slices: tuple[int, ...] = ()
    more: "TrainingCrops | None" = None
    shape: tuple[int, int] | None = None
    place: tuple[str, str] = "", ""
    limit: float = 0.0
    held: "TrainingCrops | None" = None

    @property
    def count(self) -> int:
        """Number of crops."""
        own = len(self.regions) * (len(self.slices) if self.source.ndim == 3 else 1)
        return own + (0 if self.more is None else self.more.count)

    @property
    def label(self) -> str:
        """For the status line."""
        return f"{self.model} on {self.count} crops"

    @property
    def sentence(self) -> str:
        """How many crops of what."""
        slices, region = self.source.ndim == 3, self.regions[0]
        left_out = " None of them shares a pixel with the region." if self.left_out and not slices else ""
        kind = "other slices" if slices and len(self.regions) == 1 else "crops"
        own = self.count - (0 if self.more is None else self.more.count)
        beside = "" if self.more is None else f" and {self.more.count} other slices"
        path, dataset = self.place
        where = f" of {dataset} in {Path(path).name}" if path else ""
        gaps = f" Up to {percent(self.limit)} of a crop may be missing." if self.limit else ""
        apart = "" if self.held is None else f" {self.held.count} others are held out."
        return f"Fitted to {own} {kind}{beside} of {region.ny} × {region.nx} pixels{where}.{gaps}{left_out}{apart}"

    def crops(self) -> Array:
        """The crops, [n, ny, nx]."""
        if self.more is not None:
            return np.concatenate([replace(self, more=None).crops(), self.more.crops()])
        if self.source.ndim == 3:
            chosen = list(self.slices)
            return np.concatenate([self.source[(slice(None), *region.slices)][chosen] for region in self.regions])
        return np.stack([self.source[region.slices] for region in self.regions])

    def denoiser(self) -> Denoiser:
        """The denoiser fitted to the crops."""
        if self.shape is not None:
            return GAUSSIANS[self.model](self.crops(), self.shape)
        return FORMULAS[self.model](self.crops())


@dataclass(frozen=True, eq=False)
class Trained:
    """A network by its card, with its condition and its mask.

    Attributes:
        card: of the network.
        device: torch device.
        condition: standardised [1, channels, ny, nx], or None.
        known: where the field has data [ny, nx], or None: where the model's own data have them.
        limits: x0_hat is held between these, as the sampling of its own scheduler does it; or None.
        windows: of its size, from the corner of a larger region that they cover; none: the region has its size.
    """

    card: Card
    device: str
    condition: Array | None = None
    known: NDArray[np.bool_] | None = None
    limits: Threshold | None = None
    windows: tuple[Region, ...] = ()

    @property
    def label(self) -> str:
        """For the status line."""
        return f"{self.card.name} on {self.device}"

    @cached_property
    def makes(self) -> NDArray[np.bool_] | None:
        """Where it makes values [ny, nx], those of its mask; None if everywhere."""
        return own_mask(self.card) if self.known is None and self.card.network.get("mask") else self.known

    @property
    def sentence(self) -> str:
        """The card at a glance."""
        card = self.card
        size = " × ".join(str(n) for n in card.shape[1:])
        if "diffusers" in card.network:
            origin = [card.data[key] for key in ("source", "weights", "limits") if key in card.data]
            from_where = "; ".join(origin) or "an unknown source"
            return f"A network for fields of {size} pixels in units of its own, from {from_where}."
        low, high = card.noise_range
        parts = [
            f"A network of {card.weights.get('parameters', 0) / 1e6:.2g} million weights for fields of {size} pixels, "
            f"in {card.units or 'no units'}; trained for {low:.2g} ≤ s ≤ {high:.3g} on {card.data.get('fields', '?')} "
            f"fields: {card.data.get('source') or 'unknown source'} ({card.data.get('licence') or 'terms unknown'}; "
            f"{card.data.get('split') or 'nothing held out'})."
        ]
        if card.together.several:
            parts.append(card.together.sentence)
        if card.coarsen:
            parts.append(f"It is conditioned on means over {card.coarsen} × {card.coarsen} pixels of the region.")
        if self.windows:
            parts.append(f"{len(self.windows)} windows of it cover the region; x̂₀ is their mean where they overlap.")
        if card.conditions:
            parts.append(f"It is given {', '.join(groups_of(card.conditions))}, which can be switched off.")
        if met := card.limits_met:
            parts.append(f"On held-out fields it meets {met[0]} of {met[1]} limits.")
        return " ".join(parts)

    def denoiser(self) -> Denoiser:
        """The network, loaded and checked.

        Raises:
            UserError: if torch is missing, or the weights are not what the card says.
        """
        if find_spec("torch") is None:
            raise torch_is_missing(self.card.name)
        if "diffusers" in self.card.network:
            from diffview.models.nets.discrete import load_discrete

            discrete = load_discrete(self.card, self.device, self.limits)
            return Tiled(dict.fromkeys(self.windows, discrete)) if self.windows else discrete
        from diffview.models.nets.adapter import Network

        if not self.windows:
            return Network.of(self.card, self.device, self.condition, self.known)
        given = self.condition
        parts = [None if given is None else given[..., *window.slices] for window in self.windows]
        first = Network.of(self.card, self.device, parts[0])
        windows = {window: first.given(part) for window, part in zip(self.windows, parts, strict=True)}
        return Tiled(windows, first.given(given).finished)


def own_mask(card: Card) -> NDArray[np.bool_] | None:
    """Where the fields that a network was trained on have data [ny, nx], from its weights; None if they have no mask.

    Damaged weights count as none: loading the network says so.
    """
    mask = _beside_weights(card, MASK)
    return None if mask is None else mask == 0


def own_season(card: Card) -> SeasonalCycle | None:
    """The seasonal cycle that a network's fields are departures from, from its weights; None if they are of none."""
    season = _beside_weights(card, SEASON) if card.together.seasonal else None
    return None if season is None else SeasonalCycle.unstacked(season)


def _beside_weights(card: Card, name: str) -> NDArray[Any] | None:
    """An array that lies beside the weights; None if there is none, or the file is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(beside(card.file, ".safetensors"), "numpy") as file:
            return np.asarray(file.get_tensor(name)) if name in file.keys() else None  # noqa: SIM118
    except (OSError, SafetensorError):
        return None


@dataclass(frozen=True, eq=False)
class Given:
    """The user's own denoiser, as it was given to diffview.show.

    Attributes:
        own: any object that is called as `denoise(y, s)`; see `models.own`.
        name: for people.
    """

    own: Callable[[Any, float], Any]
    name: str = "yours"

    @property
    def label(self) -> str:
        """For the status line."""
        return self.name

    @property
    def sentence(self) -> str:
        """Where it comes from."""
        own = getattr(self.own, "code", self.own)
        return f"Your own denoiser, {getattr(own, '__name__', type(own).__name__)}, as it was given."

    def denoiser(self) -> Any:
        """The object itself."""
        return self.own


def mismatch(card: Card, field: Field) -> str:
    """Why the field is not of the model's quantity and units, as a finished sentence; "" if it is."""
    if not card.units_known:
        return f"{card.name} does not say what its fields are."
    if not same_units(card.units, field.units):
        own, other = written(card.units) or "1", written(field.units) or "1"
        return f"{card.name} makes {card.quantity} in {own}; the open field is in {other}."
    names = {field.name, field.provenance.get("standard_name", ""), field.provenance.get("dataset", "").split("/")[-1]}
    if not any(_same_quantity(card.quantity, name) for name in names):
        return f"{card.name} makes {card.quantity}; the open field is {field.name or 'without a name'}."
    return ""


def _same_quantity(one: str, other: str) -> bool:
    """Whether two names are of one quantity."""
    return one == other or any(one in group and other in group for group in QUANTITIES)


def open_card(folder: Path) -> Card:
    """The card of a model's folder or file: our own, or one made from a diffusers folder.

    Raises:
        UserError: if it is neither.
    """
    try:
        if folder.is_dir() and not (folder / "model.json").is_file() and is_foreign(folder):
            return foreign_card(folder)
        return Card.read(folder)
    except OSError as error:  # of a name that no file can have
        name = cut(str(folder), 200)
        raise UserError(f"{name} cannot be opened: {error.strerror}.", "Name the folder of a model.") from None
