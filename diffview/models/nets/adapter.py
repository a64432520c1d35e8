"""A trained network as a denoiser: y [members, channels, ny, nx] and s in, x0_hat out, as with every other model.

Of sequences y is [members, channels, frames, ny, nx]; a condition and a mask are those of all frames.
"""

import logging
import math
from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffview.fields.transforms import piecewise
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model
from diffview.models.nets.acceleration import CLOSE, Fast, Tensors
from diffview.models.nets.block_means import with_block_means
from diffview.models.nets.unet import UNet, laid_out, on_device

LOG = logging.getLogger(__name__)

Array = NDArray[np.float32]

Numbers = tuple[float, ...]


def _log_floor(x: Tensor, numbers: Numbers) -> Tensor:
    (floor,) = numbers
    below = math.log10(floor) + (x / floor - 1) / math.log(10)
    return torch.where(x < floor, below, torch.log10(x.clamp_min(floor)))


def _power_floor(z: Tensor, numbers: Numbers) -> Tensor:
    (floor,) = numbers
    u = z - math.log10(floor)
    return torch.where(u < 0, floor * (1 + math.log(10) * u), floor * 10 ** u.clamp_min(0))


def _knots(like: Tensor, numbers: Numbers) -> tuple[Tensor, ...]:
    return torch.tensor(numbers, dtype=like.dtype, device=like.device).chunk(2)


def _scores(x: Tensor, numbers: Numbers) -> Tensor:
    xs, zs = _knots(x, numbers)
    return piecewise(x.contiguous(), xs, zs)  # type: ignore[no-any-return]


def _quantiles(z: Tensor, numbers: Numbers) -> Tensor:
    xs, zs = _knots(z, numbers)
    return piecewise(z.contiguous(), zs, xs)  # type: ignore[no-any-return]


OnTensors = Callable[[Tensor, Numbers], Tensor]
SAME: OnTensors = lambda x, _: x  # noqa: E731

SHAPES: dict[str, tuple[OnTensors, OnTensors]] = {
    "standardise": (SAME, SAME),
    "anomaly": (SAME, SAME),
    "identity": (SAME, SAME),
    "log1p": (lambda x, _: torch.log1p(x), lambda z, _: torch.expm1(z)),
    "log10 floor": (_log_floor, _power_floor),
    "cbrt": (lambda x, _: x.sign() * x.abs() ** (1 / 3), lambda z, _: z**3),
    "quantile normal": (_scores, _quantiles),
}
"""The functions of `transforms.TRANSFORMS` on tensors: (forward, inverse), each of values and the fitted numbers."""


class Network:
    """A network, its condition and its mask, as the posterior mean E[x_0 | y].

    Attributes:
        kind, noise_range, shape: as of every denoiser.
        card: the network's.
        net, extra: the bare network, and its condition and mask as channels [1 or members, n, ny, nx]; None without.
    """

    def __init__(self, net: UNet, card: Card, device: str = "cpu") -> None:
        self.kind, self.noise_range, self.shape, self.card = card.kind, card.noise_range, card.made, card
        self.net, self._device = on_device(net, device).eval().requires_grad_(False), torch.device(device)
        self._half = torch.autocast(self._device.type, torch.float16, enabled=False)
        self._fast = Fast(self._forward)
        self.extra: Tensor | None = None
        self._known: Tensor | None = None
        self._coarse: Tensor | None = None
        self._last: tuple[Tensor, float, Tensor] | None = None

    @classmethod
    def of(
        cls,
        card: Card,
        device: str = "cpu",
        condition: Array | None = None,
        known: NDArray[np.bool_] | None = None,
    ) -> "Network":
        """The network of a card with its condition and its mask.

        Args:
            card: a card that was read from a file.
            device: torch device.
            condition: standardised [1 or members, channels, ny, nx], for a conditional model.
            known: where there are data [ny, nx], for a model with a mask; None: where the card's own data have them.

        Raises:
            UserError: if the weights cannot be loaded.
        """
        net, mask = load_model(card)
        network = cls(net, card, device)
        if net.config.mask:
            there = ~mask if mask is not None else torch.ones(card.shape[1:], dtype=torch.bool)
            there = there if known is None else torch.from_numpy(known)
            network._known = there[None, None].to(network._device, torch.float32)
        network._show(condition)
        if network._device.type == "cuda":  # a CPU is hardly faster with it
            network.take_half()
        return network

    def given(self, condition: Array | None) -> "Network":
        """The same network with another condition, standardised [1 or members, channels, ny, nx], or none."""
        other = copy(self)  # it shares the recorded calls, which know this network's precision: take_half comes before
        other._show(condition)
        return other

    def _show(self, condition: Array | None) -> None:
        shown = None if condition is None else torch.from_numpy(condition).to(self._device)
        self._coarse = shown[:, :1] if shown is not None and self.card.coarsen else None
        parts = [part for part in (shown, self._known) if part is not None]
        batch = max((len(part) for part in parts), default=0)
        self.extra = torch.cat([part.expand(batch, -1, -1, -1) for part in parts], dim=1) if parts else None

    def take_half(self) -> bool:
        """Compute in float16 from here on if that does not change the picture; returns whether it does so.

        At five noise levels of its range x0_hat of noise must stay within an eighth of a step of the colours, which
        divide 5 standard deviations by 256. Measured on the sample models: a whole run is off by 0.0003 to 0.0008
        standard deviations, in bfloat16 by 0.003 to 0.009, a visible step in one pixel of eight.
        """
        low, high = self.noise_range
        z = torch.randn(1, *self.card.made, generator=torch.Generator().manual_seed(0)).to(self._device)
        offs = []
        with torch.no_grad():
            for s in np.geomspace(max(low, 1e-3), high, 5).tolist():
                answers = []
                for half in (False, True):
                    self._half = torch.autocast(self._device.type, torch.float16, enabled=half)
                    answers.append(self._forward(*self._inputs(s * z, s))[0])
                offs.append(float((answers[0] - answers[1]).square().mean().sqrt()))
        off = float(np.max(offs))
        fine = off <= CLOSE / 4  # not so for NaN
        if not fine:
            self._half = torch.autocast(self._device.type, torch.float16, enabled=False)
            LOG.warning("%s is off by %g in float16 and is computed in float32", self.card.name, off)
        return fine

    @property
    def known(self) -> NDArray[np.bool_] | None:
        """Where the model's fields have data [ny, nx]; None if everywhere."""
        return None if self._known is None else self._known[0, 0].cpu().numpy() > 0.5

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx], an array or a tensor; the same kind and dtype back."""
        if isinstance(y, np.ndarray):
            tensor = torch.from_numpy(np.ascontiguousarray(y)).to(self._device, torch.float32)
            return self(tensor, s).cpu().numpy().astype(y.dtype, copy=False)
        with torch.no_grad():
            return self._estimate(y, s).to(y.dtype)

    def vjp(self, y: Tensor, s: float, v: Tensor) -> Tensor:
        """v^T times the Jacobian of x0_hat at y, [members, channels, ny, nx]."""
        return pulled_back(lambda x: self._estimate(x, s), y, v)

    def pullback(self, y: Tensor, s: float) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """x0_hat of y, and v -> v^T J there, through the one call that gave x0_hat."""
        return with_pullback(lambda x: self._estimate(x, s), y)

    def variance_fraction(self, y: Tensor, s: float) -> Tensor | None:
        """f in (0, 1), where a reverse step's log variance lies between its limits; None without a learned head.

        It costs no call right after x0_hat of the same y and s.
        """
        if not self.card.network.get("learned_variance"):
            return None
        if self._last is None or self._last[0] is not y or self._last[1] != s:
            self(y, s)
        assert self._last is not None
        return torch.sigmoid(self._last[2])

    def _forward(self, y: Tensor, level: Tensor, *extra: Tensor) -> Tensors:
        """x0_hat, and the logit of the variance fraction where it is learned."""
        with self._half:
            x0_hat, logit = self.net(y, level, *extra)
        return (x0_hat.float(),) if logit is None else (x0_hat.float(), logit.float())

    def _inputs(self, y: Tensor, s: float) -> Tensors:
        """Inputs of the network: y without missing pixels, the level, and condition and mask if it has them."""
        y = laid_out(y.to(torch.float32))
        if self._known is not None:
            y = y * self._known
        level = torch.full((len(y),), s, dtype=torch.float32, device=y.device)
        if (extra := self.extra) is None:
            return y, level
        return y, level, extra.expand(len(y), *extra.shape[1:]) if len(extra) == 1 else extra[: len(y)]

    def _estimate(self, y: Tensor, s: float) -> Tensor:
        x0_hat, *logit = self._fast(*self._inputs(y, s))
        if logit and not torch.is_grad_enabled():
            self._last = y, s, logit[0].clone()
        if self._known is not None:
            x0_hat = x0_hat * self._known
        return x0_hat

    def finished(self, x0: Tensor) -> Tensor:
        """The fields at the end of a run, with the block means they are conditioned on; see `with_block_means`."""
        if self._coarse is None:
            return x0
        transform, smallest = self.card.transform, float(self.card.data.get("smallest", 0.0))
        (forward, inverse), numbers = SHAPES[transform.key], transform.numbers
        physical, coarse = (inverse(z * transform.std + transform.mean, numbers) for z in (x0, self._coarse))
        held = with_block_means(physical, coarse, transform, self.card.coarsen, smallest)
        return (forward(held, numbers) - transform.mean) / transform.std


def pulled_back(estimate: Callable[[Tensor], Tensor], y: Tensor, v: Tensor) -> Tensor:
    """v^T times the Jacobian of `estimate` at y, by one backward pass."""
    with torch.enable_grad():
        y = y.detach().requires_grad_()
        (product,) = torch.autograd.grad(estimate(y), y, v)
    return product.detach()


def with_pullback(estimate: Callable[[Tensor], Tensor], y: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """`estimate` at y, and v -> v^T times its Jacobian there, by a backward pass through that one call.

    Any number of times: conjugate gradients ask again and again.
    """
    with torch.enable_grad():
        x = y.detach().requires_grad_()
        x0_hat = estimate(x)

    def back(v: Tensor) -> Tensor:
        (product,) = torch.autograd.grad(x0_hat, x, v.to(x0_hat.dtype), retain_graph=True)
        return product

    return x0_hat.detach().to(y.dtype), back
