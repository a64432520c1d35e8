"""Layers that mix the frames of a sequence at every pixel, between blocks that mix the pixels of every frame.

Together they are a factorised space-time network: its blocks see [batch x frames, channels, ny, nx], so that every
frame passes through them by itself, and these layers bring the frames of a pixel together. All of them are residuals
that begin at 0: a new network treats each frame as that of single fields does. Neither layer knows the number of a
frame, only how far two of them are apart: a network can be given a few frames more or fewer than it was trained on.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUP = 8
"""Channels that are normalised together."""


class FrameConv(nn.Module):
    """A convolution over a frame and its two neighbours, pixel by pixel; beyond the ends of a sequence are zeros."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(channels // GROUP, channels)
        self.conv = nn.Conv2d(channels, channels, (3, 1), padding=(1, 0))
        nn.init.zeros_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """[batch x frames, channels, ny, nx] to the same shape."""
        h = self.conv(_along(F.silu(self.norm(x)), frames).permute(0, 3, 1, 2))
        out: Tensor = x + _back(h.permute(0, 2, 3, 1), x)
        return out


class FrameAttention(nn.Module):
    """Self-attention over the frames at a pixel, heads of about 32 channels, by content and by distance in time.

    softmax_j(q_i k_j/sqrt(d) + b(j - i)): b is learned for every distance up to that of the first and last frame it is
    trained on; of greater ones it is that of the greatest.
    """

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.heads = next(heads for heads in range(max(1, channels // 32), 0, -1) if channels % heads == 0)
        self.reach = frames - 1
        self.norm = nn.GroupNorm(channels // GROUP, channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.distance = nn.Parameter(torch.zeros(self.heads, 2 * self.reach + 1))
        self.out = nn.Linear(channels, channels)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """[batch x frames, channels, ny, nx] to the same shape."""
        tokens = _along(self.norm(x), frames)  # [batch, frames, pixels, channels]
        batch, _, pixels, channels = tokens.shape
        parts = self.qkv(tokens).reshape(batch, frames, pixels, 3, self.heads, channels // self.heads)
        q, k, v = (part.reshape(-1, *part.shape[2:]) for part in parts.permute(3, 0, 2, 4, 1, 5))
        at = torch.arange(frames, device=x.device)
        apart = (at - at[:, None]).clamp(-self.reach, self.reach) + self.reach
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=self.distance[:, apart].to(q.dtype))
        joined = mixed.reshape(batch, pixels, self.heads, frames, -1).permute(0, 3, 1, 2, 4).reshape(tokens.shape)
        out: Tensor = x + _back(self.out(joined), x)
        return out


class AcrossFrames(nn.Module):
    """What mixes the frames at one resolution: the convolution, and below the top level attention."""

    def __init__(self, channels: int, frames: int, attention: bool) -> None:
        super().__init__()
        self.near = FrameConv(channels)
        self.far = FrameAttention(channels, frames) if attention else None

    def forward(self, x: Tensor, frames: int) -> Tensor:
        """[batch x frames, channels, ny, nx] to the same shape."""
        x = self.near(x, frames)
        return x if self.far is None else self.far(x, frames)


def _along(x: Tensor, frames: int) -> Tensor:
    """[batch x frames, channels, ny, nx] as [batch, frames, pixels, channels]; channels last, nothing is copied."""
    return x.permute(0, 2, 3, 1).reshape(-1, frames, x.shape[2] * x.shape[3], x.shape[1])


def _back(h: Tensor, like: Tensor) -> Tensor:
    """[batch, frames, pixels, channels] in the shape of `like`."""
    channels, ny, nx = like.shape[1:]
    return h.reshape(-1, ny, nx, channels).permute(0, 3, 1, 2)
