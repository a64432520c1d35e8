"""The network for a training set: its sizes, whether the fields fit it, and what it is shown beside y."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.nets.unet import UNetConfig
from diffview.training_sets import TrainingSet


def config_for(data: TrainingSet, **sizes: Any) -> UNetConfig:
    """A network whose condition and mask channels are those of the data."""
    return UNetConfig(cond_channels=int(bool(data.coarsen)), mask=data.mask is not None, **sizes)


def require_fit(data: TrainingSet, config: UNetConfig) -> None:
    """Refuse what does not go together.

    Raises:
        UserError: if the fields' sides are not multiples of the network's stride, or its channels not theirs.
    """
    if any(side % config.stride for side in data.shape):
        raise UserError(
            f"Fields of {data.shape[0]} x {data.shape[1]} pixels do not fit the network, which halves them "
            f"down to a {config.stride}th.",
            f"Take crops whose sides are multiples of {config.stride}, or fewer levels.",
        )
    wanted = (1, int(bool(data.coarsen)), data.mask is not None)
    if (config.channels, config.cond_channels, config.mask) != wanted:
        raise UserError(
            "The network's channels, of the field, the condition and the mask, are not those of the data.",
            "Set them alike.",
        )


def extra_channels(data: TrainingSet, config: UNetConfig) -> NDArray[np.float32] | None:
    """The channels beside y: the condition and the mask (1 where there are data), [n, channels, ny, nx]."""
    parts = []
    condition = data.condition(data.fields)
    if condition is not None:
        parts.append(np.nan_to_num(condition))
    if config.mask:
        parts.append((~np.isnan(data.fields))[:, None].astype(np.float32))
    return np.concatenate(parts, axis=1) if parts else None
