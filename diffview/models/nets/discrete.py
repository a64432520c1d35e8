"""A diffusers network of discrete times as a denoiser of continuous noise levels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffview.errors import UserError
from diffview.models.cards import Card
from diffview.models.checkpoints import load_tensors
from diffview.models.foreign import WEIGHTS, times_of
from diffview.models.nets.acceleration import Fast, Tensors
from diffview.models.nets.adapter import pulled_back, with_pullback
from diffview.reverse.parametrisations import Adapted


class Discrete:
    """x0_hat of a UNet2DModel; see `reverse.parametrisations` for its inputs and how x0_hat follows from its output."""

    kind = "posterior mean"

    def __init__(self, net: nn.Module, card: Card, device: str) -> None:
        self.noise_range, self.shape, self.card = card.noise_range, card.shape, card
        self._net = net.to(device).eval().requires_grad_(False)
        self._net = self._net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = torch.device(device)
        self._asked: Tensor | None = None
        self._last: tuple[Tensor, float, Tensor] | None = None
        self._table = card.network["diffusers"].get("time_embedding_type") == "learned"  # of whole times
        learned = bool(card.network.get("learned_variance"))
        self._fast = Fast(self._forward)
        self._adapted = Adapted(self._out, str(card.network["prediction"]), times_of(card), card.shape, learned)

    def _out(self, x: Tensor, time: float) -> Tensor:
        times = torch.full((len(x),), time, device=x.device)  # of a Python float diffusers takes the whole part
        if self._table:
            times = times.round().long()
        asked, last = self._asked, self._last
        if asked is not None and last is not None and last[0] is asked and last[1] == time:
            return last[2]  # x0_hat and the variance that belongs to it are one call
        output = self._fast(x.contiguous(memory_format=torch.channels_last), times)[0]
        self._last = None if asked is None else (asked, time, output)
        return output

    def _remembering(self, ask: Callable[[Tensor, float], Tensor | None], y: Tensor, s: float) -> Tensor | None:
        """ask(y, s); the network's output is kept for the variance where one is learned."""
        self._asked = y if self._adapted.learned_variance else None
        try:
            with torch.no_grad():
                return ask(y.to(torch.float32), s)
        finally:
            self._asked = None

    def _forward(self, x: Tensor, times: Tensor) -> Tensors:
        outputs: Tensors = self._net(x, times, return_dict=False)
        return outputs

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, 1, ny, nx], an array or a tensor; the same kind and dtype back."""
        if isinstance(y, np.ndarray):
            tensor = torch.from_numpy(np.ascontiguousarray(y)).to(self._device, torch.float32)
            return self(tensor, s).cpu().numpy().astype(y.dtype, copy=False)
        x0_hat = self._remembering(self._adapted, y, s)
        assert x0_hat is not None
        return x0_hat.to(y.dtype)

    def vjp(self, y: Tensor, s: float, v: Tensor) -> Tensor:
        """v^T times the Jacobian of x0_hat at y, [members, channels, ny, nx]."""
        return pulled_back(lambda x: self._adapted(x.to(torch.float32), s), y, v)

    def pullback(self, y: Tensor, s: float) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """x0_hat of y, and v -> v^T J there, through the one call that gave x0_hat."""
        return with_pullback(lambda x: self._adapted(x.to(torch.float32), s), y)

    def variance_fraction(self, y: Tensor, s: float) -> Tensor | None:
        """f, where a reverse step's log variance lies between its limits; None without a learned variance."""
        return self._remembering(self._adapted.variance_fraction, y, s)


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
