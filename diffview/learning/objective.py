"""What a batch of noised fields teaches a network.

    y = x_0 + s eps,    loss = weight(s) |x0_hat(y, s) - x_0|^2

Two choices make a loss: how the noise levels are drawn (`densities`) and how they are weighted (`LOSSES`, in
`settings`). A network with a second output, the variance of a reverse step, learns that beside.
"""

from typing import Any

import torch
from torch import Tensor

VARIANCE_WEIGHT = 0.01
"""Weight of the loss of the variance beside that of the field: it must not disturb what x0_hat learns."""


def turned(fields: Tensor, turns: int, flips: bool, rotations: bool) -> Tensor:
    """Fields [batch, channels, ny, nx], mirrored and turned as a whole as far as that is allowed; turns: 0 to 7."""
    if flips and turns & 1:
        fields = fields.flip(3)
    if flips and turns & 2:
        fields = fields.flip(2)
    if rotations and not flips:
        return torch.rot90(fields, turns % 4, [2, 3])
    if rotations and turns & 4:
        fields = fields.transpose(2, 3)
    return fields


def mean_known(values: Tensor, known: Tensor | None) -> Tensor:
    """Means [batch] of values [batch, 1, ny, nx] over the pixels where `known` is 1; over all without it."""
    if known is None:
        return values.mean(dim=(1, 2, 3))
    return (values * known).sum(dim=(1, 2, 3)) / known.sum(dim=(1, 2, 3)).clamp_min(1)


def variance_limits(s: Any, s_next: Any) -> tuple[Any, Any]:
    """Least and greatest variance of a reverse step from s to s', in y: s'^2 (s^2-s'^2)/s^2, and the forward one."""
    gap = s * s - s_next * s_next
    return s_next * s_next * gap / (s * s), gap * (1 + s_next * s_next) / (1 + s * s)


def variance_bound(x0: Tensor, x0_hat: Tensor, logit: Tensor, s: Tensor, ratio: Tensor) -> Tensor:
    """The bound of one reverse step to s' = ratio s, pixel by pixel, as a loss of its variance alone.

    The variance is low^(1-f) high^f, f = sigmoid(logit) [arXiv 2102.09672]. s, ratio: [batch, 1, 1, 1].
    """
    low, high = variance_limits(s, ratio * s)
    log_variance = torch.lerp(low.log(), high.log(), torch.sigmoid(logit))
    gap = ((1 - ratio * ratio) * (x0 - x0_hat)) ** 2
    bound: Tensor = 0.5 * (log_variance - low.log() + (low + gap) / log_variance.exp() - 1)
    return bound
