"""A diffusers network of discrete times as a denoiser of continuous noise levels."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffview.errors import UserError
from diffview.models.cards import Card
from diffview.models.checkpoints import load_tensors, require_same
from diffview.models.nets.acceleration import Fast, Tensors
from diffview.models.nets.adapter import pulled_back, with_pullback
from diffview.reverse.parametrisations import Adapted, Threshold


class Discrete:
    """x0_hat of a UNet2DModel; see `reverse.parametrisations` for its inputs and how x0_hat follows from its output."""

    def __init__(self, net: nn.Module, card: Card, device: str, limits: Threshold | None = None) -> None:
        self.kind, self.noise_range, self.shape, self.card = card.kind, card.noise_range, card.shape, card
        self._net = net.to(device).eval().requires_grad_(False)
        self._net = self._net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = torch.device(device)
        self._asked: Tensor | None = None
        self._last: tuple[Tensor, float, Tensor] | None = None
        self._table = card.network["diffusers"].get("time_embedding_type") == "learned"  # of whole times
        trained, learned = card.network, bool(card.network["learned_variance"])
        self._fast = Fast(self._forward)
        self._adapted = Adapted(self._out, trained["prediction"], trained["times"], card.shape, learned, limits)

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


TODAY = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
"""Names in the attention of diffusers before March 2023, and those of today."""

NOT_BUILT = (RuntimeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError)
"""What building or calling a network raises whose config contradicts itself."""

TRIED_AT = 1.0
"""Noise level of the one small field that a network is tried on."""


def load_discrete(card: Card, device: str, limits: Threshold | None = None) -> Discrete:
    """The network of a diffusers folder, its x0_hat held between limits if there are any.

    Raises:
        UserError: if diffusers is not installed, or the weights are damaged, not finite or do not fit the config.
    """
    try:
        from diffusers import UNet2DModel
    except ImportError:
        raise UserError(
            f"{card.name} is a diffusers network, and diffusers is not installed.", 'pip install "diffview[diffusers]"'
        ) from None
    tensors: dict[str, Tensor] = {}
    for name in card.network["weights"]:
        tensors |= load_tensors(Path(card.network["folder"]) / name)
    config = dict(card.network["diffusers"])
    try:
        with torch.device("meta"):  # no memory for numbers that may be absurd
            wanted = UNet2DModel.from_config(config).state_dict()  # type: ignore[no-untyped-call]
        tensors = under_todays_names(tensors, wanted)
        require_same(card.name, tensors, wanted)
        net = UNet2DModel.from_config(config)  # type: ignore[no-untyped-call]
        net.load_state_dict(tensors)
        side = 2 ** len(config.get("block_out_channels", range(4)))
        Discrete(net, card, "cpu")(torch.ones(1, 1, side, side), TRIED_AT)
    except NOT_BUILT as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"The network of {card.name} cannot be built: {first}.", "Correct its config.json.") from None
    return Discrete(net, card, device, limits)


def under_todays_names(tensors: Mapping[str, Tensor], names: Collection[str]) -> dict[str, Tensor]:
    """Tensors by the names of a network, where theirs have a prefix, as wrappers and averages give it, or old words.

    Of several copies under prefixes the moving average (ema) is taken, and what is not under its prefix left out.
    """
    anchor = next(iter(names))
    prefixes = sorted(
        (name.removesuffix(anchor) for name in tensors if name == anchor or name.endswith(f".{anchor}")),
        key=lambda prefix: (prefix != "", "ema" not in prefix, len(prefix)),
    )
    prefix = prefixes[0] if prefixes else ""
    bare = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}

    def today(name: str) -> str:
        new = re.sub(rf"(attentions\.\d+)\.({'|'.join(TODAY)})\.", lambda m: f"{m[1]}.{TODAY[m[2]]}.", name)
        return new if name not in names and new in names else name

    return {today(name): tensor for name, tensor in bare.items()}
