"""The denoiser of a finite set of fields: the softmax average over them."""

from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import is_torch, namespace
from diffview.models.denoiser import Array, Formula


@dataclass(eq=False)
class Data(Formula):
    """The exact posterior mean of a finite set of fields x_i, all equally likely.

    x0_hat = sum_i w_i x_i,  w = softmax_i(-|y - x_i|^2 / 2 s^2). It can only give back the fields it was fitted to.

    Attributes:
        crops: x_i, float32 [n, ny, nx]; of several fields together [n, channels, ny, nx] or [n, channels, frames, ny,
            nx].
    """

    crops: Array

    def __post_init__(self) -> None:
        flat = self.crops.reshape(len(self.crops), -1)
        self._half_norms = 0.5 * np.einsum("np,np->n", flat, flat, dtype=np.float64)

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, ny, nx) or (channels, frames, ny, nx)."""
        return self.crops.shape[1:] if self.crops.ndim > 3 else (1, *self.crops.shape[1:])

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


def nearest(fields: Array, others: Array) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Of every field the nearest of `others`, which has all the weight as s goes to 0: its index and distance, [n].

    The distance is sqrt(mean_pixels (a - b)^2) in their units over the pixels that both have; NaN where a field shares
    none with any. One matrix product finds the nearest, [a^2, m_a, -2a] [m_b, b^2, b]^T with m = 1 where there are
    data, and the distance to it is then taken directly: that of a copy is 0 exactly.
    """
    if not len(others):
        return np.zeros(len(fields), np.intp), np.full(len(fields), np.nan)
    a, b = fields.reshape(len(fields), -1), others.reshape(len(others), -1)
    whole = ~(np.isnan(a).all(axis=0) | np.isnan(b).all(axis=0))
    if not whole.all():
        a, b = a[:, whole], b[:, whole]
    mask_a, mask_b = ~np.isnan(a), ~np.isnan(b)
    zero_a, zero_b = (np.nan_to_num(x).astype(np.float32, copy=False) for x in (a, b))
    if mask_a.all() and mask_b.all():  # |a|^2 is the same for all of b
        square = np.einsum("ij,ij->i", zero_b, zero_b)[None] - 2 * (zero_a @ zero_b.T)
    else:
        m_a, m_b = mask_a.astype(np.float32), mask_b.astype(np.float32)
        total = np.hstack([zero_a**2, m_a, -2 * zero_a]) @ np.hstack([m_b, zero_b**2, zero_b]).T
        shared = m_a @ m_b.T
        square = np.divide(total, shared, out=np.full_like(total, np.inf), where=shared > 0)
    index = square.argmin(axis=1) if square.shape[1] else np.zeros(len(a), dtype=np.intp)
    difference = (a.astype(np.float64) - b[index]) ** 2
    known = ~np.isnan(difference)
    count = known.sum(axis=1)
    mean = np.where(known, difference, 0.0).sum(axis=1) / np.maximum(count, 1)
    return index, np.where(count > 0, np.sqrt(mean), np.nan)
