"""A diffusers network of discrete times as a denoiser of continuous noise levels."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffview.cards import Card
from diffview.checkpoints import load_tensors
from diffview.errors import UserError
from diffview.foreign import WEIGHTS, time_of


class Discrete:
    """x0_hat of a UNet2DModel: x_t = alpha y at the training step whose noise level is s.

    Between two training steps the time is interpolated in ln s; see foreign.time_of.
    """

    kind = "posterior mean"

    def __init__(self, net: nn.Module, card: Card, device: str) -> None:
        self.noise_range, self.shape, self.card = card.noise_range, card.shape, card
        self._net = net.to(device).eval().requires_grad_(False)
        self._net = self._net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = torch.device(device)
        self._alpha_bar = np.asarray(card.network["alpha_bar"], dtype=np.float64)
        self._prediction = str(card.network["prediction"])

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, 1, ny, nx], an array or a tensor; the same kind and dtype back."""
        if isinstance(y, np.ndarray):
            tensor = torch.from_numpy(np.ascontiguousarray(y)).to(self._device, torch.float32)
            return self(tensor, s).cpu().numpy().astype(y.dtype, copy=False)
        with torch.no_grad():
            return self._estimate(y, s).to(y.dtype)

    def _estimate(self, y: Tensor, s: float) -> Tensor:
        alpha = 1 / math.sqrt(1 + s * s)
        sigma = s * alpha
        x = (alpha * y.to(torch.float32)).contiguous(memory_format=torch.channels_last)
        out: Tensor = self._net(x, time_of(s, self._alpha_bar), return_dict=False)[0]
        if self._prediction == "sample":
            return out
        if self._prediction == "v_prediction":
            return alpha * x - sigma * out
        return (x - sigma * out) / alpha


def load_discrete(card: Card, device: str) -> Discrete:
    """The network of a diffusers folder.

    Raises:
        UserError: if diffusers is not installed, or the weights are damaged or do not fit the config.
    """
    try:
        from diffusers import UNet2DModel
    except ImportError:
        raise UserError(
            f"{card.name} is a diffusers network, and diffusers is not installed.", 'pip install "diffview[diffusers]"'
        ) from None
    tensors = load_tensors(Path(card.network["folder"]) / WEIGHTS)
    try:
        net = UNet2DModel.from_config(dict(card.network["diffusers"]))  # type: ignore[no-untyped-call]
        net.load_state_dict(tensors)
    except (RuntimeError, ValueError, TypeError, KeyError) as error:
        first = str(error).splitlines()[0]
        raise UserError(f"The weights of {card.name} do not fit: {first}.", "Copy the model again.") from None
    return Discrete(net.float(), card, device)
