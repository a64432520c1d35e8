"""Denoisers: the posterior mean x0_hat = E[x_0 | y], y = x_0 + s eps, as formulas fitted to crops of a field.

    gaussian   a Wiener gain per wavenumber; exact for a Gaussian random field
    data       the softmax average over the crops; exact for the finite set, so it can only give the crops back
    local      the same per pixel over a window that shrinks with s; an approximation that composes new fields from
               local pieces

All of them are called as `denoise(y, s)` with y [members, channels, ny, nx], finite, and s a Python float, and answer
with an array or tensor of the same kind and dtype.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import is_torch, namespace
from diffview.errors import UserError
from diffview.process import cast_like
from diffview.spectra import rings, transform

Array = NDArray[np.float32]


class Denoiser(Protocol):
    """What every model is reduced to.

    Attributes:
        kind: "posterior mean", or "consistency" for a model that jumps along the probability-flow ODE.
        noise_range: smallest and largest s the model answers for.
        shape: (channels, ny, nx) it is fitted to, or None for any size.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def noise_range(self) -> tuple[float, float]: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, int, int] | None: ...  # noqa: D102

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y at the noise level s."""


@dataclass(eq=False)
class _Formula:
    kind: ClassVar[str] = "posterior mean"
    noise_range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    _cast: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def _like(self, name: str, values: NDArray[Any], y: Any) -> Any:
        """A constant as an array or tensor like y, converted once per kind, dtype and device."""
        key = (name, y.dtype, str(getattr(y, "device", "")))
        if key not in self._cast:
            self._cast[key] = cast_like(values, y)
        return self._cast[key]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cast": {}}


@dataclass(eq=False)
class Gaussian(_Formula):
    """The exact posterior mean of a stationary, periodic Gaussian random field.

    x0_hat(k) = mean + P(k)/(P(k) + s^2) (y(k) - mean): a Wiener gain per wavenumber.

    Attributes:
        mean: the field's mean.
        power: P on the modes of rfft2, [ny, nx//2 + 1]; white noise of variance v has P = v.
        nx: number of columns.
    """

    mean: float
    power: NDArray[np.float64]
    nx: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, ny, nx)."""
        return 1, self.power.shape[0], self.nx

    def gain(self, s: float) -> NDArray[np.float64]:
        """P/(P + s^2) on the modes of rfft2; 0 where P is 0, also at s = 0."""
        return np.divide(self.power, self.power + s * s, out=np.zeros_like(self.power), where=self.power > 0)

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""
        xp = namespace(y)
        if is_torch(y):
            power = self._like("power", self.power, y)
            gain = xp.nan_to_num(power / (power + s * s))
        else:
            gain = self.gain(s).astype(y.dtype)
        return self.mean + xp.fft.irfft2(xp.fft.rfft2(y - self.mean) * gain, s=y.shape[-2:])

    def sample(self, z: NDArray[np.floating]) -> NDArray[np.floating]:
        """A field of this law from standard normals z [..., ny, nx]."""
        return np.asarray(self.mean + np.fft.irfft2(np.fft.rfft2(z) * np.sqrt(self.power), s=z.shape[-2:]))


@dataclass(eq=False)
class Data(_Formula):
    """The exact posterior mean of a finite set of fields x_i, all equally likely.

    x0_hat = sum_i w_i x_i,  w = softmax_i(-|y - x_i|^2 / 2 s^2). It can only give back the fields it was fitted to.

    Attributes:
        crops: x_i, float32 [n, ny, nx].
    """

    crops: Array

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, ny, nx)."""
        return 1, *self.crops.shape[1:]

    def weights(self, y: Any, s: float) -> Any:
        """softmax_i(-|y - x_i|^2 / 2 s^2), [members, n]; |y|^2 is common to all i and drops out."""
        xp = namespace(y)
        x = self._like("crops", self.crops.reshape(len(self.crops), -1), y)
        half_norm = (x * x).sum(-1) / 2
        log_w = (y.reshape(len(y), -1) @ x.T - half_norm) / (s * s)
        w = xp.exp(log_w - (log_w.max(-1).values if is_torch(y) else log_w.max(-1))[:, None])
        return w / w.sum(-1)[:, None]

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, 1, ny, nx]."""
        x = self._like("crops", self.crops.reshape(len(self.crops), -1), y)
        return (self.weights(y, s) @ x).reshape(y.shape)


def window_radius(s: float) -> int:
    """Half-width in pixels of `local`'s window: 31 px at s = 10, 15 at 3, 7 at 1, 3 at 0.3, 1 at 0.05 and below.

    log-log linear between these points, and on along the last line above them, so that at large noise every window
    is the whole domain. Tried on rain and cloud fields of 64 x 64.
    """
    if s > 10:
        return int(31 * (s / 10) ** (math.log(31 / 15) / math.log(10 / 3)))
    log_s = math.log(max(s, 1e-9))
    return round(math.exp(np.interp(log_s, np.log([0.05, 0.3, 1.0, 3.0, 10.0]), np.log([1.0, 3.0, 7.0, 15.0, 31.0]))))


@dataclass(eq=False)
class Local(_Formula):
    """`data` taken per pixel over a window that shrinks with s [Kamb & Ganguli 2024, arXiv 2412.20292].

    x0_hat(p) = sum_i w_i(p) x_i(p),  w(p) = softmax_i(-sum_{q in window(p)} (y(q) - x_i(q))^2 / 2 s^2), over crops at
    the same place. An approximation, never an oracle: it composes new fields from local pieces.

    Attributes:
        crops: x_i, float32 [n, ny, nx].
    """

    crops: Array
    _chunks: list[Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # [ny, nx, CHUNK] each: small enough for the cache, and the softmax runs along memory
        starts = range(0, len(self.crops), CHUNK)
        self._chunks = [np.ascontiguousarray(np.moveaxis(self.crops[i : i + CHUNK], 0, -1)) for i in starts]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, ny, nx)."""
        return 1, *self.crops.shape[1:]

    def __call__(self, y: Array, s: float) -> Array:
        """x0_hat of y [members, 1, ny, nx]."""
        if is_torch(y):
            raise UserError("`local` runs on the CPU only.", "Choose the device CPU.")
        x0_hat: Array = np.empty_like(y)
        for member, noisy in zip(x0_hat, y, strict=True):
            member[0] = self._one(noisy[0], s)
        return x0_hat

    def _one(self, y: Array, s: float) -> Array:
        radius = window_radius(s)
        distances = [self._distance(y, chunk, s, radius) for chunk in self._chunks]
        least = np.minimum.reduce([d.min(axis=-1) for d in distances])[..., None]
        total, average = np.zeros_like(y), np.zeros_like(y)
        for d, chunk in zip(distances, self._chunks, strict=True):
            w = np.exp(np.subtract(least, d, out=d), out=d)
            total += w.sum(axis=-1)
            average += np.einsum("yxn,yxn->yx", w, chunk)
        return np.asarray(average / total)

    def _distance(self, y: Array, chunk: Array, s: float, radius: int) -> Array:
        """sum_{q in window(p)} (y(q) - x_i(q))^2 / 2 s^2, [ny, nx, chunk]: a running sum is a banded product."""
        d = (y[:, :, None] - chunk) * np.float32(1 / (math.sqrt(2) * s))
        d *= d
        if radius >= max(y.shape) - 1:  # every window is the whole domain
            return np.broadcast_to(d.sum(axis=(0, 1)), d.shape).copy()
        return _window_sums(d, radius)


CHUNK = 128
"""Crops that `local` does at once, so that its temporary arrays stay in the cache."""


BLOCK = 16
"""Rows or columns of sums that one banded product makes."""


def _window_sums(d: Array, radius: int) -> Array:
    """Sums of d [ny, nx, n] over windows of 2 radius + 1 pixels a side, cut at the edges; d is written over."""
    ny, nx, n = d.shape
    along_y = np.empty_like(d)
    for (first, last), (low, high), band in _bands(ny, radius):
        np.matmul(band, d[low:high].reshape(high - low, nx * n), out=along_y[first:last].reshape(last - first, nx * n))
    for (first, last), (low, high), band in _bands(nx, radius):
        np.matmul(band, along_y[:, low:high], out=d[:, first:last])
    return d


@lru_cache(maxsize=128)
def _bands(n: int, radius: int) -> tuple[tuple[tuple[int, int], tuple[int, int], Array], ...]:
    """Blocks of sums first..last over n pixels: the pixels low..high they need, and the matrix of ones between them."""
    i = np.arange(n)
    blocks = []
    for first in range(0, n, BLOCK):
        last = min(first + BLOCK, n)
        low, high = max(0, first - radius), min(n, last + radius)
        band = np.abs(i[first:last, None] - i[None, low:high]) <= radius
        blocks.append(((first, last), (low, high), band.astype(np.float32)))
    return tuple(blocks)


def fit_gaussian(crops: Array) -> Gaussian:
    """The Gaussian field with the mean and the ring-mean spectrum of crops [n, ny, nx].

    The spectrum is the mean over the Hann-windowed crops; the power of the domain mean is its variance over crops.
    """
    n, ny, nx = crops.shape
    grid = rings(ny, nx)
    mean = float(crops.mean(dtype=np.float64))
    radial = np.mean([grid.mean(np.abs(transform(crop, grid)) ** 2) for crop in crops], axis=0)
    ky, kx = np.fft.fftfreq(ny, 1 / max(ny, nx)), np.fft.rfftfreq(nx, 1 / max(ny, nx))
    k = np.hypot(ky[:, None], kx[None, :])
    floor = max(float(radial.max()) * 1e-12, 1e-30)
    log_p = np.interp(np.log(np.maximum(k, 1.0)), np.log(grid.k), np.log(np.maximum(radial, floor)))
    power = np.exp(log_p)
    domain_means = crops.mean(axis=(1, 2), dtype=np.float64)
    power[0, 0] = ny * nx * float(domain_means.var()) if n > 1 else power.max()
    return Gaussian(mean, power, nx)


FORMULAS: dict[str, Callable[[Array], Denoiser]] = {"gaussian": fit_gaussian, "data": Data, "local": Local}
"""Fits of the formula denoisers to crops [n, ny, nx] in standardised units."""
