"""The denoiser of a finite set of fields: the softmax average over them."""

from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np

from diffview.arrays import is_torch, namespace
from diffview.models.denoiser import Array, Formula


@dataclass(eq=False)
class Data(Formula):
    """The exact posterior mean of a finite set of fields x_i, all equally likely.

    x0_hat = sum_i w_i x_i,  w = softmax_i(-|y - x_i|^2 / 2 s^2). It can only give back the fields it was fitted to.

    Attributes:
        crops: x_i, float32 [n, ny, nx].
    """

    crops: Array

    def __post_init__(self) -> None:
        flat = self.crops.reshape(len(self.crops), -1)
        self._half_norms = 0.5 * np.einsum("np,np->n", flat, flat, dtype=np.float64)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, ny, nx)."""
        return 1, *self.crops.shape[1:]

    def _points(self, y: Any) -> Any:
        """The crops as points [n, pixels], like y."""
        return self._like("crops", self.crops.reshape(len(self.crops), -1), y)

    def weights(self, y: Any, s: float) -> Any:
        """softmax_i(-|y - x_i|^2 / 2 s^2), [members, n]; |y|^2 is common to all i and drops out."""
        xp = namespace(y)
        half_norm = self._like("half norms", self._half_norms, y)
        log_w = (y.reshape(len(y), -1) @ self._points(y).T - half_norm) / (s * s)
        w = xp.exp(log_w - (log_w.max(-1).values if is_torch(y) else log_w.max(-1))[:, None])
        return w / w.sum(-1)[:, None]

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, 1, ny, nx]."""
        return (self.weights(y, s) @ self._points(y)).reshape(y.shape)

    def log_density(self, y: Any, s: float) -> Any:
        """ln p_s(y) of y = x_0 + s eps: a normal of width s about every field, nats, [members]."""
        xp = namespace(y)
        apart = [((self._points(y) - one) ** 2).sum(-1) / (-2 * s * s) for one in y.reshape(len(y), -1)]
        top = [one.max() for one in apart]
        total = xp.stack([most + xp.log(xp.exp(one - most).mean()) for one, most in zip(apart, top, strict=True)])
        return total - 0.5 * self.crops[0].size * log(2 * pi * s * s)

    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """Cov_w[x] v / s^2 = sum_i w_i ((x_i - x0_hat).v) x_i / s^2."""
        x, w = self._points(y), self.weights(y, s)
        along = v.reshape(len(v), -1) @ x.T
        along = along - (w * along).sum(-1)[:, None]
        return ((w * along) @ x).reshape(y.shape) / (s * s)

    def variance(self, y: Any, s: float) -> Any:
        """sum_i w_i (x_i - x0_hat)^2; about the mean, as the difference of two large sums would lose it."""
        x, w = self._points(y), self.weights(y, s)
        variances = [one @ (x - one @ x) ** 2 for one in w]
        return namespace(y).stack(variances).reshape(y.shape)
