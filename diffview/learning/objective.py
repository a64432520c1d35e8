"""The losses of a training, and what a network with a second output learns beside them.

    y = x_0 + s eps,   eps_hat = (y - x0_hat)/s,   L = mean of w(s) |eps - eps_hat|^2

x0_hat is the network's answer to y and s. Two choices make a loss: how the noise levels s are drawn (`densities`), and
the weight w. With w = 1 it is forward.ddpm.loss, that of Ho et al.; with others it is the plain square error of
v = alpha eps - sigma x_0 or of the flow u = eps - x_0, whose estimates follow from x0_hat at y. The second output is
the variance of a reverse step.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from diffview.forward.ddpm import variance_limits

if TYPE_CHECKING:
    from torch import Tensor

LOSSES: dict[str, Callable[[Any, float], Any]] = {
    "edm": lambda s, sd: 1 + (s / sd) ** 2,
    "plain": lambda s, sd: 1.0,
    "v": lambda s, sd: 1 + s * s,
    "flow": lambda s, sd: (1 + s) ** 2,
}
"""w(s) for data of standard deviation sd; EDM's makes the loss of an untrained network 1 at every level.

As a weight of |x0_hat - x_0|^2 EDM's is (s^2 + sd^2)/(s sd)^2 [Karras et al. 2022, arXiv 2206.00364, table 1]. That of
v makes it |v - v_hat|^2 [Salimans & Ho 2022, arXiv 2202.00512], that of flow |u - u_hat|^2, the loss of flow matching
[Lipman et al. 2023, arXiv 2210.02747]: v - v_hat = sqrt(1 + s^2) (eps - eps_hat), u - u_hat = (1 + s) (eps - eps_hat).
"""

JUMP = "consistency"
"""The further objective of a network that learns to jump; see `distillation`."""

PREDICTED = {"edm": "edm", "plain": "edm", "v": "v_prediction", "flow": "flow"}
"""By loss: what a network that is begun for it predicts, a key of nets.unet.OUTPUTS, unless another is asked for."""

VARIANCE_WEIGHT = 0.01
"""Weight of the loss of the variance beside that of the field: it must not disturb what x0_hat learns."""


def mean_known(values: "Tensor", known: "Tensor | None") -> "Tensor":
    """Means [batch] of values [batch, ...] over the pixels where `known` is 1; over all without it."""
    over = tuple(range(1, values.ndim))
    if known is None:
        return values.mean(dim=over)
    return (values * known).sum(dim=over) / known.expand_as(values).sum(dim=over).clamp_min(1)


def noise_error(x0: "Tensor", x0_hat: "Tensor", s: "Tensor", known: "Tensor | None" = None) -> "Tensor":
    """|eps - eps_hat|^2 = |x0_hat - x_0|^2/s^2 of each field, [batch], mean over its known pixels; s: [batch]."""
    return mean_known((x0_hat - x0) ** 2, known) / (s * s)


def variance_bound(x0: "Tensor", x0_hat: "Tensor", logit: "Tensor", s: "Tensor", ratio: "Tensor") -> "Tensor":
    """The bound of one reverse step to s' = ratio s, pixel by pixel, as a loss of its variance alone.

    The variance is low^(1-f) high^f, f = sigmoid(logit) [Nichol & Dhariwal 2021, arXiv 2102.09672, eq. 15]. s, ratio:
    [batch, 1, 1, 1].
    """
    low, high = variance_limits(s, ratio * s)
    log_variance = low.log().lerp(high.log(), logit.sigmoid())
    gap = ((1 - ratio * ratio) * (x0 - x0_hat)) ** 2
    bound: Tensor = 0.5 * (log_variance - low.log() + (low + gap) / log_variance.exp() - 1)
    return bound
