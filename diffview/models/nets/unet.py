"""A compact UNet that estimates x0_hat from y = x_0 + s eps, at every noise level s.

    y / sqrt(s^2 + sd^2) ->  fold -> [blocks] -> down ... [blocks + attention] ... up -> [blocks] -> unfold  ->  F

with what F predicts around it (OUTPUTS):

    x0_hat = c_skip y + c_out F(c_in y; ln(s)/4)

EDM's preconditioning makes F see and give fields of unit variance whatever s is: at small s it estimates the noise, at
large s the field. Of a consistency model the same x0_hat is where its jump f leads, in a straight line as far as s_min:

    f(y, s) = y + (1 - s_min/s)(x0_hat - y),   so that f(y, s_min) = y

Every block sees [batch, channels, ny, nx]. Of sequences [batch, channels, frames, ny, nx] the frames are folded into
the batch around the blocks, and mixed between them along their own axis (`frames`). A network that is given the mean
over the frames, m, gives x0_hat with exactly this mean: of y it sees only y - mean y, for the rest of it is noise,

    x0_hat = m + c_skip (y - mean y) + c_out (F - mean F),   F of c_in (y - mean y) and m
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from diffview.errors import UserError
from diffview.models.nets.frames import GROUP, AcrossFrames
from diffview.params import Choice, Range, checked, parameters

Coefficients = tuple[Tensor, Tensor, Tensor]


def _edm(s: Tensor, sd: float) -> Coefficients:
    """c_skip = sd^2/(s^2 + sd^2), c_out = s sd/sqrt(s^2 + sd^2), c_in = 1/sqrt(s^2 + sd^2) [Karras et al. 2022]."""
    total = (s * s + sd * sd).rsqrt()
    return sd * sd * total * total, s * sd * total, total


def _epsilon(s: Tensor, sd: float) -> Coefficients:
    """F = eps_hat of x = alpha y, variance preserving: x0_hat = y - s F [Ho et al. 2020, arXiv 2006.11239]."""
    return torch.ones_like(s), -s, (s * s + 1).rsqrt()


def _v(s: Tensor, sd: float) -> Coefficients:
    """F = v = alpha eps - sigma x_0 there: x0_hat = alpha^2 y - sigma F [Salimans & Ho 2022, arXiv 2202.00512]."""
    alpha = (s * s + 1).rsqrt()
    return alpha * alpha, -s * alpha, alpha


def _flow(s: Tensor, sd: float) -> Coefficients:
    """F = u = eps - x_0 at (1 - t) x_0 + t eps, t = s/(1 + s): x0_hat = (1 - t) y - t F [Lipman et al. 2023]."""
    left = 1 / (1 + s)
    return left, -s * left, left


OUTPUTS: dict[str, Callable[[Tensor, float], Coefficients]] = {
    "edm": _edm, "epsilon": _epsilon, "v_prediction": _v, "flow": _flow,
}  # fmt: skip
"""What F predicts: c_skip, c_out and c_in from s and sd, shaped as s; as parametrisations has it for other networks."""

MOST_FRAMES = 366

WIDEST = 4096
"""The most channels that a level may have."""


@dataclass(frozen=True)
class UNetConfig:
    """The few numbers that size a UNet.

    Attributes:
        channels: channels of the field.
        cond_channels: channels of the condition, appended to y; 0 without one.
        mask: whether a further input channel is 1 where the field has data and 0 where it has none.
        width: channels of the first level.
        multipliers: channels of each level, as multiples of width; each level halves the resolution.
        blocks: residual blocks a level, on the way down and on the way up.
        attention: self-attention at the lowest resolution.
        fold: pixels a side that are folded into channels before the first level (1: none); saves time, not detail.
        padding: "zeros", or "circular": the left and right edges meet, as on a global map.
        learned_variance: one more output a channel, the variance fraction of a reverse step.
        sigma_data: sd, standard deviation of the standardised data.
        prediction: key of OUTPUTS.
        least: s_min of a consistency model, where its jump ends; 0: it is none, and gives x0_hat itself.
        frames: times that are made together; 1: single fields.
        mean: whether it is given the mean over the frames, as the first channels of the condition, and keeps it.
    """

    channels: Annotated[int, Range(1, 64)] = 1
    cond_channels: Annotated[int, Range(0, 64)] = 0
    mask: Annotated[bool, "an input channel is 1 where there are data"] = False
    width: Annotated[int, Range(8, 512)] = 32
    multipliers: tuple[int, ...] = (1, 2, 3)
    blocks: Annotated[int, Range(1, 8)] = 1
    attention: Annotated[bool, "at the lowest resolution"] = True
    fold: Annotated[int, Range(1, 8)] = 1
    padding: Annotated[str, Choice(("zeros", "circular"))] = "zeros"
    learned_variance: Annotated[bool, "of a reverse step"] = False
    sigma_data: Annotated[float, Range(1e-3, 1e3)] = 1.0
    prediction: Annotated[str, Choice(tuple(OUTPUTS)), "what the network predicts"] = "edm"
    least: Annotated[float, Range(0.0, 1e6)] = 0.0
    frames: Annotated[int, Range(1, MOST_FRAMES)] = 1
    mean: Annotated[bool, "given, and kept"] = False

    def __post_init__(self) -> None:
        typed = checked(type(self), {p.name: getattr(self, p.name) for p in parameters(type(self))}, "A UNet")
        for name, value in typed.items():
            object.__setattr__(self, name, value)
        if not 1 <= len(self.multipliers) <= 8 or not all(1 <= m <= 64 and m == int(m) for m in self.multipliers):
            raise UserError("A UNet has 1 to 8 levels, of 1 to 64 times its width.", "Choose multipliers like 1, 2, 3.")
        object.__setattr__(self, "multipliers", tuple(int(m) for m in self.multipliers))
        if self.mean and (self.frames == 1 or self.cond_channels < self.channels):
            raise UserError(
                "A UNet that keeps a mean has several frames, and the mean of each channel in its condition.",
                "Leave the mean out, or give it frames.",
            )
        if self.width % GROUP:
            raise UserError(f"A UNet cannot have the width {self.width}.", f"Choose a multiple of {GROUP}.")
        if self.width * max(self.multipliers) > WIDEST:
            raise UserError(
                f"A UNet cannot have a level of {self.width * max(self.multipliers)} channels; {WIDEST} are the most.",
                "Choose a smaller width, or smaller multipliers.",
            )

    @property
    def stride(self) -> int:
        """The sides of a field must be multiples of this."""
        return self.fold << (len(self.multipliers) - 1)


class Conv(nn.Module):
    """A convolution of odd size that keeps ny and nx; beyond the edges are zeros, or the other edge in longitude."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, padding: str = "zeros") -> None:
        super().__init__()
        self.reach = size // 2
        self.circular = padding == "circular" and self.reach > 0
        across = 0 if self.circular else self.reach
        self.conv = nn.Conv2d(inputs, outputs, size, padding=(self.reach, across))

    def forward(self, x: Tensor) -> Tensor:
        """[batch, inputs, ny, nx] to [batch, outputs, ny, nx]."""
        if self.circular:
            x = F.pad(x, (self.reach, self.reach, 0, 0), mode="circular")
        out: Tensor = self.conv(x)
        return out


class Block(nn.Module):
    """A residual block: norm, SiLU, convolution, twice; the noise level scales and shifts the second norm."""

    def __init__(self, inputs: int, outputs: int, embedded: int, padding: str) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(inputs // GROUP, inputs)
        self.conv1 = Conv(inputs, outputs, 3, padding)
        self.level = nn.Linear(embedded, 2 * outputs)
        self.norm2 = nn.GroupNorm(outputs // GROUP, outputs)
        self.conv2 = zeroed(Conv(outputs, outputs, 3, padding))
        self.skip = Conv(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor, level: Tensor) -> Tensor:
        """x [batch, inputs, ny, nx] and the embedded level [batch, embedded] to [batch, outputs, ny, nx]."""
        h = self.conv1(F.silu(self.norm1(x)))
        scale, shift = self.level(level)[:, :, None, None].chunk(2, dim=1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        out: Tensor = self.skip(x) + h
        return out


class Attention(nn.Module):
    """Self-attention over all pixels, heads of about 32 channels, as a residual."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = next(heads for heads in range(max(1, channels // 32), 0, -1) if channels % heads == 0)
        self.norm = nn.GroupNorm(channels // GROUP, channels)
        self.qkv = Conv(channels, 3 * channels, 1)
        self.out = zeroed(Conv(channels, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        """[batch, channels, ny, nx] to the same shape."""
        batch, channels, ny, nx = x.shape
        qkv = self.qkv(self.norm(x)).reshape(batch, 3, self.heads, channels // self.heads, ny * nx)
        q, k, v = qkv.transpose(-1, -2).unbind(1)  # [batch, heads, pixels, channels a head]
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(-1, -2).reshape(batch, channels, ny, nx)
        out: Tensor = x + self.out(mixed)
        return out


class LevelEmbedding(nn.Module):
    """ln(s)/4 as sines and cosines of rising frequency, then a small network."""

    def __init__(self, features: int, embedded: int) -> None:
        super().__init__()
        self.frequencies: Tensor
        # from Python numbers: arithmetic of tensors on the meta device imports a compiler, which takes 2 s
        frequencies = [2.0 ** (-2 + 7 * i / (features // 2 - 1)) * math.pi / 4 for i in range(features // 2)]
        self.register_buffer("frequencies", torch.tensor(frequencies), persistent=False)
        self.mlp = nn.Sequential(nn.Linear(features, embedded), nn.SiLU(), nn.Linear(embedded, embedded), nn.SiLU())

    def forward(self, c_noise: Tensor) -> Tensor:
        """[batch] to [batch, embedded]."""
        angles = c_noise[:, None] * self.frequencies
        out: Tensor = self.mlp(torch.cat([angles.sin(), angles.cos()], dim=1).to(c_noise.dtype))
        return out


class UNet(nn.Module):
    """The preconditioned network; see the module for the formula."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = c = config
        widths = [c.width * m for m in c.multipliers]
        embedded = 4 * c.width
        inputs = (c.channels + c.cond_channels + c.mask) * c.fold**2
        outputs = c.channels * (2 if c.learned_variance else 1) * c.fold**2
        self.embedding = LevelEmbedding(32, embedded)
        self.first = Conv(inputs, widths[0], 3, c.padding)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.shrink, self.grow = nn.ModuleList(), nn.ModuleList()
        for width in widths:
            self.down.append(nn.ModuleList(Block(width, width, embedded, c.padding) for _ in range(c.blocks)))
            self.up.append(
                nn.ModuleList(
                    Block(2 * width if i == 0 else width, width, embedded, c.padding) for i in range(c.blocks)
                )
            )
        for fine, coarse in pairwise(widths):
            self.shrink.append(Conv(fine, coarse, 1))
            self.grow.append(Conv(coarse, fine, 1))
        self.middle = Block(widths[-1], widths[-1], embedded, c.padding)
        self.attention = Attention(widths[-1]) if c.attention else nn.Identity()
        self.norm = nn.GroupNorm(widths[0] // GROUP, widths[0])
        self.last = zeroed(Conv(widths[0], outputs, 3, c.padding))
        if c.frames > 1:
            levels = [(width, c.attention and depth > 0) for depth, width in enumerate(widths)]
            self.across_down, self.across_up = (
                nn.ModuleList(AcrossFrames(width, c.frames, mixes) for width, mixes in levels) for _ in range(2)
            )

    def forward(self, y: Tensor, s: Tensor, extra: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        """x0_hat, or f of a consistency model, and the logit of the variance fraction if it is learned.

        Args:
            y: [batch, channels, ny, nx], or [batch, channels, frames, ny, nx]; ny and nx multiples of config.stride.
            s: noise levels [batch], > 0.
            extra: condition and mask channels [batch, cond_channels + mask, ny, nx], standardised, the same for all
                frames, or [batch, cond_channels + mask, frames, ny, nx].
        """
        s = along(s, y)
        if extra is not None and extra.ndim < y.ndim:
            extra = extra[:, :, None].expand(-1, -1, y.shape[2], -1, -1)
        seen = about_mean(y) if self.config.mean else y
        c_skip, c_out, c_in = OUTPUTS[self.config.prediction](s, self.config.sigma_data)
        raw = self.raw((seen * c_in).to(y.dtype), (s.reshape(-1).log() / 4).to(y.dtype), extra)
        f, *variance = raw.chunk(2, dim=1) if self.config.learned_variance else (raw,)
        x0_hat = c_skip.to(y.dtype) * seen + c_out.to(y.dtype) * f
        if self.config.mean and extra is not None:
            x0_hat = about_mean(x0_hat) + extra[:, : self.config.channels, :1]
        if self.config.least:
            x0_hat = y + (1 - self.config.least / s).clamp_min(0).to(y.dtype) * (x0_hat - y)
        return x0_hat, variance[0] if variance else None

    def raw(self, x: Tensor, c_noise: Tensor, extra: Tensor | None) -> Tensor:
        """F of the scaled input c_in y, of the shape of y, at c_noise = ln(s)/4 [batch]."""
        if extra is not None:
            x = torch.cat([x, extra], dim=1)
        level = self.embedding(c_noise)
        if self.config.frames == 1:
            return self._through(x, level, 1)
        frames = x.shape[2]
        folded = x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        made = self._through(folded, level.repeat_interleave(frames, 0), frames)
        return made.reshape(-1, frames, *made.shape[1:]).transpose(1, 2)

    def _through(self, x: Tensor, level: Tensor, frames: int) -> Tensor:
        """All levels, of fields [batch x frames, channels, ny, nx] and an embedded noise level for each."""
        x = self.first(F.pixel_unshuffle(x, self.config.fold))
        kept = []
        for depth, blocks in enumerate(self.down):
            for block in cast(nn.ModuleList, blocks):
                x = block(x, level)
            x = self.across_down[depth](x, frames) if self.config.frames > 1 else x
            kept.append(x)
            if depth < len(self.shrink):
                x = self.shrink[depth](F.avg_pool2d(x, 2))
        x = self.attention(self.middle(x, level))
        for depth in reversed(range(len(self.up))):
            if depth < len(self.grow):
                x = F.interpolate(self.grow[depth](x), scale_factor=2.0, mode="nearest")
            x = torch.cat([x, kept[depth]], dim=1)
            for block in cast(nn.ModuleList, self.up[depth]):
                x = block(x, level)
            x = self.across_up[depth](x, frames) if self.config.frames > 1 else x
        return F.pixel_shuffle(self.last(F.silu(self.norm(x))), self.config.fold)


def along(s: Tensor, x: Tensor) -> Tensor:
    """A number for each field [batch] in the shape [batch, 1, ...] that goes with fields x."""
    return s.reshape(-1, *(1 for _ in x.shape[1:]))


def about_mean(x: Tensor) -> Tensor:
    """Sequences [batch, channels, frames, ny, nx] about their own mean over the frames."""
    return x - x.mean(2, keepdim=True)


def laid_out(x: Tensor) -> Tensor:
    """Fields as a network takes them: channels last, the layout in which convolutions are fastest; sequences plain."""
    return x.contiguous(memory_format=torch.channels_last if x.ndim == 4 else torch.contiguous_format)


def zeroed(conv: Conv) -> Conv:
    """The convolution with weights 0, so that a new block changes nothing and a new network gives c_skip y."""
    nn.init.zeros_(conv.conv.weight)
    nn.init.zeros_(conv.conv.bias)  # type: ignore[arg-type]
    return conv


def on_device(net: UNet, device: torch.device | str) -> UNet:
    """The network on a device, channels last, the layout in which convolutions are fastest."""
    moved: UNet = net.to(device)
    return moved.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
