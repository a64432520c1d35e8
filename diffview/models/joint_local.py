"""`local` of several fields at once: a window of all channels and frames says which sequence a pixel takes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from diffview.arrays import namespace
from diffview.machine import one_blas_thread
from diffview.models.data import Data
from diffview.models.denoiser import Array, Formula
from diffview.models.local import LEAST_EXPONENT, WindowSums, window_radius


@dataclass(eq=False)
class JointLocal(Formula):
    """`Local` where y and the x_i have several components at each pixel, channels, frames or both.

    x0_hat_c(p) = sum_i w_i(p) x_i,c(p),  w(p) = softmax_i(-sum_{q in window(p)} |y(q) - x_i(q)|^2 / 2 s^2), |.|^2 over
    all components: one sequence of the file is taken at a pixel as a whole, so that its days go together. Like `Local`
    an approximation, and of one component the same.

    Attributes:
        crops: x_i, float32 [n, channels, ny, nx] or [n, channels, frames, ny, nx].
    """

    crops: Array

    def __post_init__(self) -> None:
        self._everywhere = Data(self.crops)

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, ny, nx) or (channels, frames, ny, nx)."""
        return self.crops.shape[1:]

    def _sees_all(self, s: float) -> bool:
        return bool(window_radius(s) >= max(self.crops.shape[-2:]) - 1)

    @one_blas_thread()
    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, *shape]."""
        if self._sees_all(s):
            return self._everywhere(y, s)
        made = [namespace(y).einsum("yxn,ncyx->cyx", w, x) for w, x in self._weights(y, s)]
        return namespace(y).stack(made).reshape(y.shape)

    @one_blas_thread()
    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v^T J: sum_i (x_i - x0_hat)_c(q) sum_{p in window(q)} w_i(p) v(p) . (x_i - x0_hat)(p) / s^2."""
        if self._sees_all(s):
            return self._everywhere.vjp(y, s, v)
        xp, products = namespace(y), []
        for (w, x), along in zip(self._weights(y, s), v, strict=True):
            apart = x - xp.einsum("yxn,ncyx->cyx", w, x)
            across = along.reshape(apart.shape[1:])
            pulled = w * xp.stack([(across * one).sum(0) for one in apart], -1)
            sums = WindowSums(pulled[..., 0], window_radius(s), 1 / (s * s))(pulled)
            products.append(xp.einsum("yxn,ncyx->cyx", sums, apart))
        return xp.stack(products).reshape(y.shape)

    @one_blas_thread()
    def variance(self, y: Any, s: float) -> Any:
        """s^2 diag J = sum_i w_i(p) (x_i - x0_hat)_c(p)^2."""
        if self._sees_all(s):
            return self._everywhere.variance(y, s)
        xp, spreads = namespace(y), []
        for w, x in self._weights(y, s):
            apart = x - xp.einsum("yxn,ncyx->cyx", w, x)
            spreads.append(xp.einsum("yxn,ncyx->cyx", w, apart * apart))
        return xp.stack(spreads).reshape(y.shape)

    def _weights(self, y: Any, s: float) -> Iterator[tuple[Any, Any]]:
        """Member by member: w [ny, nx, n], and the x_i [n, components, ny, nx] like y."""
        xp, (ny, nx) = namespace(y), self.crops.shape[-2:]
        x = self._like("crops", self.crops.reshape(len(self.crops), -1, ny, nx), y)
        for member in y.reshape(len(y), -1, ny, nx):
            apart = xp.stack([((member - one) ** 2).sum(0) for one in x], -1)  # in the order that the sums write in
            d = WindowSums(member[0], window_radius(s), 1 / (2 * s * s))(apart)
            w = xp.exp(xp.clip(xp.amin(d, -1)[..., None] - d, LEAST_EXPONENT, None))
            yield w / w.sum(-1)[..., None], x
