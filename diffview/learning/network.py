"""The network for a training set: its sizes, whether the fields fit it, and its input channels beside y."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.learning.sets import TrainingSet
from diffview.models import conditions
from diffview.models.nets.unet import UNetConfig
from diffview.params import checked

OF_THE_DATA = ("channels", "cond_channels", "mask", "least", "frames", "mean")
"""Numbers of a network that follow from the data, or from the model it is distilled from, and cannot be chosen."""


def sizes_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes for `config_for` from the words of a command line: {"width": "48", "multipliers": "1,2,2"}.

    Raises:
        UserError: if a network has no such size, it follows from the data, or a word is not a value of it.
    """
    known = [f.name for f in fields(UNetConfig) if f.name not in OF_THE_DATA]
    if unknown := words.keys() - set(known):
        raise UserError(f"Of a network, {min(unknown)} cannot be chosen.", f"Choose {', '.join(known)}.")
    plain = dict(words)
    levels = {"multipliers": _multipliers(plain.pop("multipliers"))} if "multipliers" in words else {}
    values = checked(UNetConfig, plain, "A network")
    return {name: values[name] for name in plain} | levels


def _multipliers(words: Any) -> tuple[float, ...]:
    try:
        return tuple(float(word) for word in (words.split(",") if isinstance(words, str) else words))
    except (TypeError, ValueError):
        raise UserError(f"A network: multipliers cannot be {words!r}.", "Write them as 1,2,3.") from None


def config_for(data: TrainingSet, **sizes: Any) -> UNetConfig:
    """A network whose channels, frames, condition and mask are those of the data."""
    together = data.together
    own = {
        "channels": 1 + len(together.channels), "cond_channels": data.shown, "mask": data.mask is not None,
        "frames": together.frames, "mean": together.mean,
    }  # fmt: skip
    return UNetConfig(**{**own, **sizes})


def require_fit(data: TrainingSet, config: UNetConfig) -> None:
    """Refuse a network that does not fit the data.

    Raises:
        UserError: if the fields' sides are not multiples of the network's stride, its channels are not theirs, or its
            padding is circular and their edges do not meet.
    """
    if any(side % config.stride for side in data.shape):
        raise UserError(
            f"Fields of {data.shape[0]} x {data.shape[1]} pixels do not fit the network, which halves them "
            f"down to a {config.stride}th.",
            f"Take crops whose sides are multiples of {config.stride}, or fewer levels.",
        )
    if config.padding == "circular" and not data.whole_width:
        raise UserError(
            "The left and right edges of these fields do not meet: they are parts of their slices.",
            "Take fields as wide as the slices, or the padding zeros.",
        )
    names = [name for name in OF_THE_DATA if name != "least"]
    if any(getattr(config, name) != getattr(config_for(data), name) for name in names):
        raise UserError(
            "The network's channels and frames, of the field, the condition and the mask, are not those of the data.",
            "Set them alike.",
        )


def extra_channels(
    data: TrainingSet, shown: NDArray[np.float32], config: UNetConfig, given: NDArray[np.float32] | None = None
) -> NDArray[np.float32] | None:
    """The channels beside y: conditions and the mask (1 where there are data) of fields, [n, channels, ny, nx]."""
    parts = []
    condition = data.condition(shown)
    if condition is not None:
        parts.append(np.nan_to_num(condition))
    if given is not None:
        parts.append(conditions.shown(data.channels, given))
    if config.mask:
        parts.append((~np.isnan(shown))[:, None].astype(np.float32))
    return np.concatenate(parts, axis=1) if parts else None
