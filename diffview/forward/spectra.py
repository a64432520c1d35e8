"""Radial power spectra of fields and of the forward process, and the signal-to-noise ratio of every scale.

P(k) is the mean of |FFT2(window (x - mean))|^2 / (N_pixels mean(window^2)) over the ring of wavenumber k, in
standardised units squared: white noise of standard deviation s has P = s^2, in the first ring about 7 % less, because
the mean is taken out before the window. k counts cycles per domain along the longer side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.forward.noise import drawing_threads

if TYPE_CHECKING:
    from concurrent.futures import Future

Array = NDArray[np.float64]
Rfft2 = Callable[[NDArray[np.float32]], Any]

LARGE = 2**16
"""Pixels from which on another FFT than numpy's is worth its import."""

MOST_MISSING = 0.2
"""Above this share of missing pixels there is no spectrum."""


@dataclass(frozen=True, eq=False)
class Rings:
    """The rings of a rectangle of pixels.

    Attributes:
        k: wavenumber of each ring, cycles per longest side, [n].
        wavelength_km: longest side / k in km, or None where the pixel size is unknown.
        window: Hann window [ny, nx].
        index: ring of every mode of rfft2, [ny, nx//2 + 1]; n for modes beyond the last ring.
        weight: how many modes of fft2 each mode of rfft2 stands for, over the number in its ring.
    """

    k: Array
    wavelength_km: Array | None
    window: NDArray[np.float32]
    index: NDArray[np.intp]
    weight: Array

    @cached_property
    def scaled_window(self) -> NDArray[np.float32]:
        """The window over the root of the sum of its squares."""
        scale = np.float32(1 / np.sqrt(np.sum(self.window.astype(np.float64) ** 2)))
        return np.asarray(self.window * scale)

    def mean(self, power: NDArray[np.floating]) -> Array:
        """Ring means of a power on the modes of rfft2, [n]."""
        sums = np.bincount(self.index.ravel(), (power * self.weight).ravel())
        return np.asarray(sums[: len(self.k)], dtype=np.float64)


@lru_cache(maxsize=16)
def rings(ny: int, nx: int, pixel_km: tuple[float, float] | None = None) -> Rings:
    """The rings of ny x nx pixels; circles in physical wavenumber where pixels are not square."""
    height, width = pixel_km or (1.0, 1.0)
    longest = max(ny * height, nx * width)
    ky, kx = np.fft.fftfreq(ny, height / longest), np.fft.rfftfreq(nx, width / longest)
    k = np.hypot(ky[:, None], kx[None, :])
    # the last ring inside both axes; 1e-9: pixel sizes like 19.81 km make an integer wavenumber 55.999...
    count = int(min(ky.max() if ny > 1 else np.inf, kx.max() if nx > 1 else np.inf) + 1e-9)
    index = np.rint(k).astype(np.intp) - 1
    index[(index < 0) | (index >= count)] = count
    twice = np.full(nx // 2 + 1, 2.0)
    twice[0] = 1.0
    if nx % 2 == 0:
        twice[-1] = 1.0
    modes = np.broadcast_to(twice, index.shape)
    in_ring = np.bincount(index.ravel(), modes.ravel())  # the mean of the field, k = 0, lies beyond the last
    weight = modes / in_ring[index]
    window = np.outer(_hann(ny), _hann(nx)).astype(np.float32)
    wavenumber = np.arange(1, count + 1, dtype=np.float64)
    return Rings(wavenumber, longest / wavenumber if pixel_km else None, window, index, weight)


def _hann(n: int) -> Array:
    """Periodic Hann window over n pixels whose first sample is not 0."""
    return np.asarray(np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2)


def transform(x: NDArray[np.float32], grid: Rings, rfft2: Rfft2 = np.fft.rfft2) -> NDArray[np.complex64]:
    """Windowed rfft2 of x [ny, nx] about its own mean, scaled so that |.|^2 has white noise at its variance.

    Missing pixels (NaN) are filled with the mean of the others first.
    """
    missing = np.isnan(x)
    filled = np.where(missing, np.nanmean(x), x) if missing.any() else x
    centred = filled - filled.mean()
    centred *= grid.scaled_window
    modes: NDArray[np.complex64] = rfft2(centred).astype(np.complex64, copy=False)
    return modes


def power(x: NDArray[np.float32], grid: Rings) -> Array:
    """P(k) of one field [ny, nx], [n]."""
    return grid.mean(np.abs(transform(x, grid)) ** 2)


def seen_power(x: NDArray[np.float32], grid: Rings) -> Array:
    """P(k) for the screen, at every frame of a scrub: `power` but for the last bits of float32.

    By scipy's FFT, which takes a tenth of the time of numpy's, once it has been imported aside.
    """
    loading = _scipy_fft() if x.size >= LARGE else None
    quick = loading is not None and loading.done()
    modes = transform(x, grid, loading.result().rfft2 if loading and quick else np.fft.rfft2)
    parts = modes.view(np.float32)
    parts *= parts
    return grid.mean(parts[:, ::2] + parts[:, 1::2])


@cache
def _scipy_fft() -> "Future[Any]":
    """scipy.fft, imported at the first call by a thread that draws: it takes longer than a frame may."""
    return drawing_threads().submit(import_module, "scipy.fft")


@dataclass(frozen=True, eq=False)
class ForwardSpectrum:
    """The spectrum of x_t = alpha x_0 + sigma eps for every t without an FFT per frame.

    P_t = alpha^2 P_xx + 2 alpha sigma P_xe + sigma^2 P_ee.
    """

    xx: Array
    xe: Array
    ee: Array

    @classmethod
    def of(cls, x0: NDArray[np.float32], eps: NDArray[np.float32], grid: Rings) -> "ForwardSpectrum":
        """The three ring-mean (cross-)spectra of x_0 and eps."""
        fx, fe = transform(x0, grid), transform(eps, grid)
        return cls(grid.mean(np.abs(fx) ** 2), grid.mean((fx * fe.conj()).real), grid.mean(np.abs(fe) ** 2))

    def at(self, alpha: float, sigma: float) -> Array:
        """P_t(k) at these coefficients, [n]."""
        return np.asarray(alpha**2 * self.xx + 2 * alpha * sigma * self.xe + sigma**2 * self.ee)


def log10_snr(p: Array, s: Array) -> Array:
    """log10 SNR(k, t) = log10 P(k)/s_t^2, [n_k, n_t]; P and s above 0."""
    return np.asarray(np.log10(p)[:, None] - 2 * np.log10(s)[None, :])


def noise_floor_crossing(log10_snr: NDArray[np.floating], k: NDArray[np.floating]) -> Array:
    """The wavenumber above which every scale lies below the noise floor (SNR < 1), [n_t], from log10 SNR [n_k, n_t].

    log10 SNR is linear in ln k between the last ring above the floor and the next. k[0] where every ring lies below it,
    NaN where the smallest scale stands above it.
    """
    above = log10_snr >= 0
    any_above, last = above.any(axis=0), len(k) - 1 - above[::-1].argmax(axis=0)
    crosses = any_above & (last < len(k) - 1)
    last = np.where(crosses, last, 0)
    following = np.minimum(last + 1, len(k) - 1)
    columns = np.arange(log10_snr.shape[1])
    high, low = log10_snr[last, columns], log10_snr[following, columns]
    share = high / np.where(crosses, high - low, 1.0)
    return np.where(crosses, k[last] * (k[following] / k[last]) ** share, np.where(any_above, np.nan, k[0]))
