"""Models on disk: weights as NAME.safetensors, their card as NAME.json. Data, never code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from diffview.errors import UserError
from diffview.models.cards import MASK, SEASON, Card, beside
from diffview.models.nets.unet import UNet, UNetConfig
from diffview.paths import new_file, plain_size, write_bytes, written_whole

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def save_model(path: Path, net: UNet, card: Card, mask: Any = None, dtype: str = "float16", season: Any = None) -> Card:
    """Write the weights to PATH.safetensors and the card, with their checksum, to PATH.json; gives the card back.

    Weights that the dtype cannot hold are written as float32; beside them lie the mask of the fields, where they have
    one, and the seasonal cycle [numbers + 1, ny, nx] that they are departures from.

    Raises:
        UserError: if they cannot be written.
    """
    import safetensors.torch

    state = {name: t.detach().cpu().contiguous() for name, t in net.state_dict().items()}
    if dtype == "float16" and any(t.abs().max() > torch.finfo(torch.float16).max for t in state.values()):
        dtype = "float32"
    tensors = {name: t.to(DTYPES[dtype]) for name, t in state.items()}
    if mask is not None:
        tensors[MASK] = torch.as_tensor(mask).to(torch.uint8).contiguous()
    if season is not None:
        tensors[SEASON] = torch.as_tensor(season).to(torch.float32).contiguous()
    data = safetensors.torch.save(tensors)
    parameters = sum(p.numel() for p in net.parameters())
    weights = {"sha256": hashlib.sha256(data).hexdigest(), "dtype": dtype, "parameters": parameters}
    config = {**asdict(net.config), "multipliers": list(net.config.multipliers)}
    card = replace(card, weights=weights, network=config)
    with written_whole(beside(path, ".json")) as temporary:  # no weights are replaced whose card then finds no room
        new_file(temporary, card.to_json().encode())
        write_bytes(beside(path, ".safetensors"), data)
    return card


def load_model(card: Card) -> tuple[UNet, Tensor | None]:
    """The network of a card that was read from a file, float32 on the CPU, and its mask.

    Raises:
        UserError: if the weights are missing, damaged, not those of the card, or do not fit its network.
    """
    tensors = load_tensors(beside(card.file, ".safetensors"), str(card.weights.get("sha256", "")))
    mask, _ = tensors.pop(MASK, None), tensors.pop(SEASON, None)
    config = _config_of(card)
    with torch.device("meta"):  # no memory for numbers that may be absurd
        wanted = UNet(config).state_dict()
    require_same(card.name, tensors, wanted)
    if mask is not None and tuple(mask.shape) != card.shape[1:]:
        raise UserError(
            f"The mask of {card.name} does not have the shape of its fields.",
            "Weights and card do not belong together.",
        )
    net = UNet(config)
    net.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return net.eval(), None if mask is None else mask.bool()


def network_config(plain: Mapping[str, Any]) -> UNetConfig:
    """The numbers of a network from JSON.

    Raises:
        TypeError, KeyError, ValueError: if they are not those of a network.
        UserError: if one is outside its range.
    """
    for name in ("mask", "attention", "learned_variance", "mean"):
        if not isinstance(plain.get(name, False), bool):
            raise ValueError(f"{name} is {plain[name]!r}")
    return UNetConfig(**{**plain, "multipliers": tuple(plain["multipliers"])})


def _config_of(card: Card) -> UNetConfig:
    try:
        config = network_config(card.network)
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise UserError(
            f"The card {card.file.name} describes a network that is unknown here: {error}.",
            "It may come from a newer diffview.",
        ) from None
    _, ny, nx = card.shape
    fits = not ny % config.stride and not nx % config.stride
    own = (card.shape[0], card.shown, card.together.frames, card.together.mean)
    if not fits or own != (config.channels, config.cond_channels, config.frames, config.mean):
        raise UserError(
            f"The card {card.file.name} describes fields that do not fit its network.", "Copy the model again."
        )
    return config


def require_same(model: str, tensors: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Refuse weights that do not fit a network.

    Raises:
        UserError: if they lack a tensor, have one too many, one of another shape, or one that is not finite.
    """
    if lacking := [name for name in wanted if name not in tensors]:
        more = f" and {len(lacking) - 1} more of {len(wanted)}" if len(lacking) > 1 else ""
        raise UserError(
            f"The weights of {model} do not fit its network: they lack {lacking[0]}{more}.",
            "Weights and card do not belong together.",
        )
    for name, tensor in wanted.items():
        if tensors[name].shape != tensor.shape:
            has, needs = "x".join(map(str, tensors[name].shape)), "x".join(map(str, tensor.shape))
            raise UserError(
                f"The weights of {model} do not fit its network: {name} has the shape {has}, not {needs}.",
                "Weights and card do not belong together.",
            )
        if not torch.isfinite(tensors[name]).all():
            raise UserError(
                f"The weights of {model} are not all numbers: see {name}.", "Train it again, or copy it again."
            )
    if extra := tensors.keys() - wanted.keys():
        raise UserError(
            f"The weights of {model} have {min(extra)}, which its network does not have.",
            "Weights and card do not belong together.",
        )


def load_tensors(path: Path, sha256: str = "") -> dict[str, Tensor]:
    """All tensors of a safetensors file.

    Raises:
        UserError: if it cannot be read, is damaged, or has another checksum.
    """
    import safetensors
    import safetensors.torch

    try:
        plain_size(path, "weights", "Copy them again.")
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"The weights {path} cannot be read: {error.strerror}.", "Card and weights lie together."
        ) from None
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise UserError(
            f"The weights {path.name} are damaged or not those of the card: their checksum differs.",
            "Copy both files again.",
        )
    try:
        tensors: dict[str, Tensor] = safetensors.torch.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise UserError(f"{path.name} is not a whole safetensors file: {error}.", "Copy it again.") from None
    return tensors


@dataclass(frozen=True)
class State:
    """Everything a training needs to go on: tensors by name, and plain numbers and settings."""

    tensors: Mapping[str, Tensor]
    plain: Mapping[str, Any] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write one file, whole or not at all.

        Raises:
            UserError: if it cannot be written; the file that was there stays.
        """
        import safetensors.torch

        tensors = {name: t.detach().cpu().contiguous().clone() for name, t in self.tensors.items()}
        write_bytes(path, safetensors.torch.save(tensors, {"diffview_training": json.dumps(self.plain)}))

    @classmethod
    def load(cls, path: Path) -> "State":
        """Read it back.

        Raises:
            UserError: if it cannot be read, is damaged, or is not the state of a training.
        """
        import safetensors

        tensors = load_tensors(path)
        with safetensors.safe_open(str(path), "pt") as file:
            text = (file.metadata() or {}).get("diffview_training")
        if text is None:
            raise UserError(f"{path} is not the state of a training.", "Choose the training.safetensors of a model.")
        try:
            plain = json.loads(text)
        except (ValueError, RecursionError):
            plain = None
        if not isinstance(plain, dict):
            raise UserError(f"The settings in {path} are damaged.", "Copy it again, or train anew in another folder.")
        return cls(tensors, plain)
