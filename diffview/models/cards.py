"""Model cards: what a network is, what it was trained on and how good it is, as plain JSON beside its weights."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.fields.together import ALONE, Together
from diffview.fields.transforms import Transform
from diffview.models.card_rules import KINDS, card_parts
from diffview.models.conditions import shown_count
from diffview.models.plain import Unfit
from diffview.params import json_text
from diffview.paths import read_json, sample_models, user_folder, write_text

MASK = "diffview.mask"
"""Name of the tensor beside the weights that is True where the fields have no data."""

SEASON = "diffview.season"
"""Name of that with the seasonal cycle of which the fields are departures: its numbers, then its standard deviation."""


@dataclass(frozen=True)
class Card:
    """The card of a model: everything about it but its weights.

    Attributes:
        name: for people, and the key in lists.
        kind: "posterior mean" or "consistency".
        quantity, units: what its fields are.
        transform: from physical units to those the network sees.
        shape: (channels, ny, nx) it was trained on; frames of a sequence are in `together`.
        noise_range: the s between 0.1 and 99.9 % of its training draws.
        coarsen: side in pixels of the blocks whose means it is conditioned on; 0: unconditional.
        conditions: other variables that it is given, channel by channel.
        together: what it makes beside its first field, further variables and times.
        network: the numbers of UNetConfig.
        weights: sha256, dtype, parameters.
        data: source, licence, split, number of fields.
        training: loss, density, steps, batch, seconds, machine, ...
        scores: the result of `diffview verify model`, and the command that gives it.
        file: the card's own path, without suffix; not part of the JSON.
    """

    name: str
    quantity: str
    units: str
    transform: Transform
    shape: tuple[int, int, int]
    noise_range: tuple[float, float]
    kind: str = KINDS[0]
    coarsen: int = 0
    conditions: tuple[Channel, ...] = ()
    together: Together = ALONE
    network: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    file: Path = field(default=Path(), compare=False)

    def to_json(self) -> str:
        """The card as JSON text."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "file"}
        plain["transform"] = self.transform.plain
        plain["conditions"] = [one.plain for one in self.conditions]
        if not self.conditions:  # cards without are what they were
            del plain["conditions"]
        plain["together"] = self.together.plain
        if not self.together.several:
            del plain["together"]
        return json_text({"diffview_model": 1, **plain}, ascii_only=False) + "\n"

    @property
    def shown(self) -> int:
        """Channels that the network is shown beside the noisy field, but for its mask."""
        return self.together.means + int(self.coarsen > 0) + shown_count(self.conditions)

    @property
    def made(self) -> tuple[int, ...]:
        """Shape of what it makes: (channels, ny, nx), of a sequence (channels, frames, ny, nx)."""
        return self.shape if self.together.frames == 1 else self.together.shape(*self.shape[1:])

    def stands_for(self, shape: tuple[int, ...]) -> int:
        """How many pixels a side each value of a picture may stand for, as the mean that it is given; 0 if none.

        So it is where the picture is smaller than the fields, and has as many values as they have blocks.
        """
        sides = list(zip(shape, self.shape[1:], strict=True))
        small, enough = any(n < m for n, m in sides), all(n * self.coarsen >= m for n, m in sides)
        return self.coarsen if small and enough and not self.conditions else 0

    @property
    def units_known(self) -> bool:
        """Whether it says what its fields are, which networks in the format of diffusers do not."""
        return "diffusers" not in self.network

    @property
    def limits_met(self) -> tuple[int, int] | None:
        """How many of how many limits were met in `diffview verify model`; None if it has not been run."""
        known = [v["ok"] for v in self.scores.get("verdicts", ()) if v["ok"] is not None]
        return (sum(known), len(known)) if known else None

    @classmethod
    def read(cls, file: Path) -> "Card":
        """The card NAME.json, or that of the folder of a model.

        Raises:
            UserError: if there is none, or it is not a card.
        """
        path = file / "model.json" if file.is_dir() else beside(_bare(file), ".json")
        if not path.exists():
            raise UserError(f"{file} has no card, {path.name}.", "A model is weights with a card beside them.")
        plain = read_json(path, "a card", "Copy the model again.")
        if plain.pop("diffview_model", None) != 1:
            raise UserError(f"{path} is not the card of a diffview model.", 'A card has "diffview_model": 1.')
        try:
            return cls(**card_parts(plain), file=_bare(path))
        except Unfit as error:
            raise UserError(f"The card {path} is damaged: {error}.", "Copy the model again.") from None

    def save(self) -> None:
        """Write the card where it was read."""
        write_text(beside(self.file, ".json"), self.to_json())


def beside(file: Path, suffix: str) -> Path:
    """FILE with a suffix more: the card ".json" or the weights ".safetensors" of a model; its name may have dots."""
    return file.with_name(file.name + suffix)


def _bare(file: Path) -> Path:
    return file.with_suffix("") if file.suffix in (".json", ".safetensors") else file


def find_card(name: str) -> Card:
    """The card of a sample model, of one of the user's own, or at a path.

    Raises:
        UserError: if there is no such model.
    """
    own = cards()
    if name in own:
        return Card.read(own[name])
    if name and (os.path.exists(name) or os.path.exists(f"{name}.json")):  # unlike Path.exists, for any text
        return Card.read(Path(name))
    known = ", ".join(sorted(own)) or "none yet"
    raise UserError(f"There is no model called {name!r}.", f"There are {known}; or name the folder of a model.")


def cards() -> dict[str, Path]:
    """Names and places of the sample models and of the user's own, which come first."""
    places = {path.stem: path for path in sorted(sample_models().glob("*.json"))}
    places |= {path.parent.name: path.parent for path in sorted(models_folder().glob("*/model.json"))}
    return places


def models_folder() -> Path:
    """The folder of the models that the user has trained."""
    return user_folder("data") / "models"


def read_cards(tell: Callable[[UserError], None] = lambda damaged: None) -> dict[str, Card]:
    """The cards of all models that can be read, by name; of each of the others `tell` is called with what is wrong."""
    read = {}
    for name, file in cards().items():
        try:
            read[name] = Card.read(file)
        except UserError as damaged:
            tell(damaged)
    return read
