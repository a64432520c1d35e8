"""Model cards: what a network is, what it was trained on and how good it is, as plain JSON beside its weights."""

import contextlib
import json
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.paths import sample_models, user_folder, write_text

MASK = "diffview.mask"
"""Name of the tensor beside the weights that is True where the fields have no data."""

VERDICT = {"what", "value", "limit", "units", "at_least", "ok"}
"""The keys of every verdict of a card."""

KINDS = ("posterior mean", "consistency")


@dataclass(frozen=True)
class Card:
    """The card of a model: everything about it but its weights.

    Attributes:
        name: for people, and the key in lists.
        kind: "posterior mean" or "consistency".
        quantity, units: what its fields are.
        transform: from physical units to those the network sees.
        shape: (channels, ny, nx) it was trained on.
        noise_range: the s between 0.1 and 99.9 % of its training draws.
        coarsen: side in pixels of the blocks whose means it is conditioned on; 0: unconditional.
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
    kind: str = "posterior mean"
    coarsen: int = 0
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
        text = json.dumps({"diffview_model": 1, **plain}, indent=2, ensure_ascii=False) + "\n"
        # numbers of a list on one line; only structure has line ends, so no string is touched
        return re.sub(r"\[\n[^][{}\"]*\]", lambda found: re.sub(r"\s+", " ", found[0]), text)

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
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UserError(
                f"{file} has no card, {path.name}.", "A model is weights with a card beside them."
            ) from None
        except OSError as error:
            raise UserError(f"The card {path} cannot be read: {error.strerror}.", "Copy the model again.") from None
        except (ValueError, RecursionError) as error:
            raise UserError(f"The card {path} is damaged: {error}.", "Copy the model again.") from None
        if not isinstance(plain, dict) or plain.pop("diffview_model", None) != 1:
            raise UserError(f"{path} is not the card of a diffview model.", 'A card has "diffview_model": 1.')
        try:
            return cls(**_typed(plain), file=_bare(path))
        except KeyError as error:
            raise UserError(f"The card {path} lacks {error}.", "Copy the model again.") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise UserError(
                f"The card {path} has a value of the wrong kind: {error}.", "Copy the model again."
            ) from None

    def save(self) -> None:
        """Write the card where it was read."""
        write_text(beside(self.file, ".json"), self.to_json())


def beside(file: Path, suffix: str) -> Path:
    """FILE with a suffix more: the card ".json" or the weights ".safetensors" of a model; its name may have dots."""
    return file.with_name(file.name + suffix)


def _bare(file: Path) -> Path:
    return file.with_suffix("") if file.suffix in (".json", ".safetensors") else file


def _check_parts(plain: dict[str, Any]) -> None:
    """Raise KeyError, TypeError, ValueError or OverflowError for texts and tables of a card that are none."""
    for key in ("name", "quantity", "units"):
        if not isinstance(plain[key], str):
            raise ValueError(f"{key} {plain[key]!r}")
    for key in ("network", "weights", "data", "training", "scores"):
        if not isinstance(plain.get(key, {}), dict):
            raise ValueError(f"{key} {plain[key]!r}")
    float(plain.get("weights", {}).get("parameters") or 0)
    for verdict in plain.get("scores", {}).get("verdicts") or ():
        if not isinstance(verdict, dict) or not verdict.keys() >= VERDICT:
            raise ValueError(f"verdict {str(verdict)[:200]}")


def _typed(plain: dict[str, Any]) -> dict[str, Any]:
    """The values of a card in the types they have here."""
    _check_parts(plain)
    transform = Transform.of(plain["transform"])
    low, high = (float(s) for s in plain["noise_range"])
    if not 0 <= low < high < math.inf:
        raise ValueError(f"noise_range {plain['noise_range']}")
    if plain.get("kind", KINDS[0]) not in KINDS:
        raise ValueError(f"kind {plain['kind']!r}")
    channels, ny, nx = (int(n) for n in plain["shape"])
    if min(channels, ny, nx) < 1:
        raise ValueError(f"shape {plain['shape']}")
    coarsen = int(plain.get("coarsen", 0))
    if coarsen < 0 or (coarsen and (ny % coarsen or nx % coarsen)):
        raise ValueError(f"coarsen {coarsen}")
    return {
        **plain, "transform": transform, "noise_range": (low, high), "shape": (channels, ny, nx), "coarsen": coarsen,
    }  # fmt: skip


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
    found = {path.stem: path for path in sorted(sample_models().glob("*.json"))}
    own = user_folder("data") / "models"
    found |= {path.parent.name: path.parent for path in sorted(own.glob("*/model.json"))}
    return found


def read_cards() -> dict[str, Card]:
    """The cards of all models that can be read, by name; a damaged one is left out."""
    found = {}
    for name, file in cards().items():
        with contextlib.suppress(UserError):
            found[name] = Card.read(file)
    return found
