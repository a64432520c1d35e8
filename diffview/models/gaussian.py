"""The denoiser of a stationary Gaussian random field: a Wiener gain per wavenumber.

A field on a torus is periodic: pixels at opposite edges are neighbours. That is how `gaussian` and `power_law` restore
and make fields when they know nothing but y. Where pixels of a region are observed it would be wrong, as a gap at one
edge would be filled from the other: then the field is embedded in a larger torus, of which nothing else is known.
"""

from dataclasses import dataclass
from itertools import count
from math import log, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import is_torch, namespace
from diffview.forward.spectra import rings, transform
from diffview.models.denoiser import Array, Formula

UNCORRELATED = 0.01
"""Correlation of pixels that count as independent of each other."""


@dataclass(eq=False)
class Gaussian(Formula):
    """The exact posterior mean of a stationary, periodic Gaussian random field.

    x0_hat(k) = mean + P(k)/(P(k) + s^2) (y(k) - mean): a Wiener gain per wavenumber, on a torus of the size of y, on
    which opposite edges meet. `embedded` is the same field where they do not.

    Attributes:
        mean: the field's mean.
        power: P on the modes of rfft2, [ny, nx//2 + 1]; white noise of variance v has P = v.
        nx: number of columns.
    """

    mean: float
    power: NDArray[np.float64]
    nx: int

    @classmethod
    def power_law(
        cls, ny: int, nx: int, beta: float, k0: float, variance: float = 1.0, mean: float = 0.0
    ) -> "Gaussian":
        """The field of ny x nx pixels with P(k) = A (k0^2 + k^2)^(-beta/2): red above k0, flat below.

        Its covariance is Matern's with smoothness beta/2 - 1 [Whittle 1954; Lindgren, Rue & Lindstrom 2011].

        Args:
            ny: rows.
            nx: columns.
            beta: slope of the power on log axes: 0 is white; 8/3 where one-dimensional spectra fall as k^-5/3.
            k0: where it bends, cycles per longest side.
            variance: of a pixel; it sets A.
            mean: of the field.
        """
        shape = (k0 * k0 + wavenumbers(ny, nx) ** 2) ** (-beta / 2)
        return cls(mean, shape * (variance * ny * nx / float((shape * twice(nx)).sum())), nx)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, ny, nx)."""
        return 1, self.power.shape[0], self.nx

    def gain(self, s: float) -> NDArray[np.float64]:
        """P/(P + s^2) on the modes of rfft2; 0 where P is 0, also at s = 0."""
        return np.divide(self.power, self.power + s * s, out=np.zeros_like(self.power), where=self.power > 0)

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""
        return self.mean + self.vjp(y, s, y - self.mean)

    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v through the Wiener gain: J is symmetric and does not depend on y."""
        xp = namespace(v)
        if is_torch(v):
            power = self._like("power", self.power, v)
            gain = xp.nan_to_num(power / (power + s * s))
        else:
            gain = self.gain(s).astype(v.dtype)
        return xp.fft.irfft2(xp.fft.rfft2(v) * gain, s=v.shape[-2:])

    def flow(self, y: NDArray[np.floating], s: float, s_to: float) -> NDArray[np.float64]:
        """Where the probability-flow ODE takes y from s > 0 to s_to, exactly, in float64.

        y'(k) = mean + sqrt((P(k) + s'^2)/(P(k) + s^2)) (y(k) - mean): dy/ds = (y - x0_hat)/s per wavenumber.
        """
        gain = np.sqrt((self.power + s_to * s_to) / (self.power + s * s))
        z = np.fft.rfft2(np.asarray(y, dtype=np.float64) - self.mean)
        return np.asarray(self.mean + np.fft.irfft2(z * gain, s=y.shape[-2:]))

    def variance(self, y: Any, s: float) -> Any:
        """The mean of s^2 P/(P + s^2) over all modes: the same for every pixel and every y."""
        return y * 0 + s * s * self._mean_of(self.gain(s))

    def divergence(self, y: Any, s: float) -> Any:
        """The sum of P/(P + s^2) over all modes, of every channel."""
        return y[:, 0, 0, 0] * 0 + self._mean_of(self.gain(s)) * (y[0].size if not is_torch(y) else y[0].numel())

    def log_density(self, y: Any, s: float) -> NDArray[np.float64]:
        """ln p_s(y) of y = x_0 + s eps, nats, [members], in float64: its modes are independent with variance P + s^2.

        -inf where a mode that has no variance at all (P = 0, s = 0) is not at its mean.
        """
        z = np.fft.rfft2(np.asarray(y, dtype=np.float64) - self.mean, norm="ortho")
        variance, weight = self.power + s * s, twice(self.nx)
        none = variance <= 0
        square = np.where(none, np.where(np.abs(z) > 0, np.inf, 0.0), np.abs(z) ** 2 / np.where(none, 1.0, variance))
        log_variance = np.log(2 * pi * np.where(none, 1 / (2 * pi), variance))
        return np.asarray(-0.5 * ((square + log_variance) * weight).sum(axis=(-1, -2)).sum(axis=-1))

    def entropy(self, s: float = 0.0) -> float:
        """-E ln p_s(y), nats per pixel; -inf if a mode has no variance at all."""
        with np.errstate(divide="ignore"):
            mean_log = self._mean_of(np.log(self.power + s * s))
        return 0.5 * (1 + log(2 * pi) + mean_log)

    def _mean_of(self, values: NDArray[np.float64]) -> float:
        """The mean over all modes of fft2 of values on those of rfft2."""
        return float((values * twice(self.nx)).sum() / (len(self.power) * self.nx))

    def sample(self, z: NDArray[np.floating]) -> NDArray[np.floating]:
        """Random fields [..., ny, nx], made from standard normals z of that shape."""
        return np.asarray(self.mean + np.fft.irfft2(np.fft.rfft2(z) * np.sqrt(self.power), s=z.shape[-2:]))

    def power_at(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """P at wavenumbers in cycles per pixel; between the modes of this field, k = 0 included, ln P is linear in k.

        So the scales larger than the field lie between its largest one and its domain mean, whose variance is P(0)/N.
        """
        modes, first = np.unique(_cycles_per_pixel(len(self.power), self.nx), return_index=True)
        return np.asarray(np.exp(np.interp(k, modes, _log(self.power).ravel()[first])))

    def embedded(self, circular: bool = False) -> "Gaussian":
        """The field of this spectrum on a larger torus, whose first ny x nx pixels are this field without its wrapping.

        Along either side it is larger by the correlation length, the distance from which on |C|/C(0) stays below
        UNCORRELATED, or twice as large if that is less: no distance inside the region is cut short then.

        Args:
            circular: whether the left and right edges do meet, as on whole latitude circles: only rows are added.
        """
        ny, nx = self.shape[1:]
        wide = 2 * ny, nx if circular else 2 * nx
        covariance = np.fft.irfft2(self.power_at(_cycles_per_pixel(*wide)), s=wide)
        rows = _quick(ny + _correlation_length(covariance[: ny + 1, 0]))
        columns = nx if circular else _quick(nx + _correlation_length(covariance[0, : nx + 1]))
        return Gaussian(self.mean, self.power_at(_cycles_per_pixel(rows, columns)), columns)


@dataclass(eq=False)
class PowerLaw(Gaussian):
    """A Gaussian field whose spectrum is fitted by A (k0^2 + k^2)^(-beta/2).

    Attributes:
        amplitude: A, in standardised units squared.
        k0: where it bends, cycles per longest side of the crops it was fitted to.
        beta: its slope for the small scales.
        side: the longest side of those crops in pixels; 0: that of the field.
    """

    amplitude: float
    k0: float
    beta: float
    side: int = 0

    def power_at(self, k: NDArray[np.float64]) -> NDArray[np.float64]:
        """A (k0^2 + k^2)^(-beta/2) at wavenumbers in cycles per pixel, also below those of the field."""
        k = k * (self.side or max(self.shape))
        return np.asarray(self.amplitude * (self.k0**2 + k * k) ** (-self.beta / 2))


def wavenumbers(ny: int, nx: int) -> NDArray[np.float64]:
    """k of the modes of rfft2 in cycles per longest side, [ny, nx//2 + 1]."""
    ky, kx = np.fft.fftfreq(ny, 1 / max(ny, nx)), np.fft.rfftfreq(nx, 1 / max(ny, nx))
    return np.asarray(np.hypot(ky[:, None], kx[None, :]))


def _cycles_per_pixel(ny: int, nx: int) -> NDArray[np.float64]:
    """k of the modes of rfft2 in cycles per pixel, [ny, nx//2 + 1]; equal ones are equal to the last bit."""
    return np.round(wavenumbers(ny, nx) / max(ny, nx), 12)


def _correlation_length(covariance: NDArray[np.float64]) -> int:
    """Pixels from which on |C|/C(0) stays below UNCORRELATED; n, if it does not, of C at the distances 0, 1, ... n."""
    correlated = np.abs(covariance[:-1]) >= UNCORRELATED * covariance[0]
    return int(np.flatnonzero(correlated)[-1]) + 1


def _quick(n: int) -> int:
    """The least number from n on without prime factors above 5, whose powers 30^64 has all: quick to transform."""
    return next(m for m in count(n) if 30**64 % m == 0)


def _log(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln P, with a floor for what has none."""
    return np.asarray(np.log(np.maximum(power, max(float(power.max()) * 1e-12, 1e-30))))


def twice(nx: int) -> NDArray[np.float64]:
    """How many modes of fft2 each column of rfft2 stands for, [nx//2 + 1]."""
    modes = np.full(nx // 2 + 1, 2.0)
    modes[0] = 1.0
    if nx % 2 == 0:
        modes[-1] = 1.0
    return modes


def fit_gaussian(crops: Array, shape: tuple[int, int] | None = None) -> Gaussian:
    """The Gaussian field with the mean and the ring-mean spectrum of crops [n, ny, nx].

    The spectrum is the mean over the Hann-windowed crops; the power of the domain mean is its variance over crops. With
    `shape` (ny, nx) the field is larger than the crops: P is a density over cycles per pixel, and for what is larger
    than a crop ln P is linear in k between the domain mean of the crops and their largest scale.

    Missing pixels (NaN) count as the mean of the others, and the power of a crop is divided by the share of its window
    that is known: exact for white noise; gaps smear a steep spectrum a little.
    """
    n, ny, nx = crops.shape
    rings_k, log_p = _ring_spectrum(crops)
    k, columns = _wavenumbers_of(crops, shape)
    power = np.exp(np.interp(np.log(np.maximum(k, 1.0)), np.log(rings_k), log_p))
    domain_means = np.nanmean(crops, axis=(1, 2), dtype=np.float64)
    power[0, 0] = ny * nx * float(domain_means.var()) if n > 1 else power.max()
    larger = (k > 0) & (k < 1)
    log_of_mean = _log(power)[0, 0]
    power[larger] = np.exp(log_of_mean + k[larger] * (log_p[0] - log_of_mean))
    return Gaussian(float(np.nanmean(crops, dtype=np.float64)), power, columns)


def fit_power_law(crops: Array, shape: tuple[int, int] | None = None) -> PowerLaw:
    """The Gaussian field with the mean of crops [n, ny, nx] and the power law that fits their ring-mean spectrum best.

    A, k0 and beta by least squares in ln P, every ring weighted by its number of modes: for each of many k0 the other
    two are a straight line. Three numbers instead of a spectrum: smooth also where crops are few, and P(0) follows from
    them. `shape` and missing pixels are as in `fit_gaussian`.
    """
    k, log_p = _ring_spectrum(crops)
    root = np.sqrt(k)  # a ring of radius k has about 2 pi k modes
    best: tuple[float, float, NDArray[np.float64]] | None = None
    for k0 in np.geomspace(0.1, max(2.0, float(k[-1]) / 2), 200):
        lines = np.stack([np.ones_like(k), -0.5 * np.log(k0 * k0 + k * k)], axis=1)
        line = np.linalg.lstsq(lines * root[:, None], log_p * root, rcond=None)[0]
        misfit = float((((lines @ line - log_p) * root) ** 2).sum())
        if best is None or misfit < best[0]:
            best = misfit, float(k0), line
    assert best is not None
    _, k0, (log_a, beta) = best
    wanted, columns = _wavenumbers_of(crops, shape)
    power = np.exp(log_a - 0.5 * beta * np.log(k0 * k0 + wanted**2))
    mean = float(np.nanmean(crops, dtype=np.float64))
    return PowerLaw(mean, power, columns, float(np.exp(log_a)), k0, float(beta), max(crops.shape[1:]))


def _wavenumbers_of(crops: Array, shape: tuple[int, int] | None) -> tuple[NDArray[np.float64], int]:
    """k of the modes of the field in cycles per longest side of a crop, and the columns of the field."""
    rows, columns = shape or crops.shape[1:]
    return wavenumbers(rows, columns) * (max(crops.shape[1:]) / max(rows, columns)), columns


def _ring_spectrum(crops: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """k of the rings, and ln of the mean power over the Hann-windowed crops."""
    grid = rings(*crops.shape[1:])
    square = np.square(grid.window, dtype=np.float64)
    gaps = np.isnan(crops)
    whole = np.sum(square, where=np.ones_like(square, bool)) / square.sum()  # 1 but for the last bit
    known = [np.sum(square, where=~gap) / square.sum() if gap.any() else whole for gap in gaps]
    powers = [grid.mean(np.abs(transform(crop, grid)) ** 2) / share for crop, share in zip(crops, known, strict=True)]
    return grid.k, _log(np.mean(powers, axis=0))
