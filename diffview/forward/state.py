"""The forward state at any t: x_t of a field, its noise, its histogram and its spectrum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.forward.brownian import ForwardPath
from diffview.forward.schedules import Schedule
from diffview.forward.spectra import MOST_MISSING, ForwardSpectrum, Rings, power, rings, seen_power

Array = NDArray[np.float32]

EDGES = np.linspace(-5, 5, 101)
"""Bins of the histograms, in standardised units."""


@dataclass(frozen=True, eq=False)
class Frame:
    """x_t at one t, [ny, nx] standardised (missing pixels are NaN), and the coefficients that made it."""

    t: float
    alpha: float
    sigma: float
    s: float
    x_t: Array


class Forward:
    """x_t = alpha_t (x_0 + W(s_t^2)) of a field x_0 [ny, nx]; keeps its Brownian path across schedule edits.

    Attributes:
        x0: the field in standardised units, NaN where missing.
        missing: where x0 is missing.
        rings: the rings of its spectrum; None where too much is missing.
    """

    def __init__(
        self,
        x0: Array,
        schedule: Schedule,
        seed: int = 0,
        mode: str = "closed",
        pixel_km: tuple[float, float] | None = None,
        like: "Forward | None" = None,
        noise: int = 1,
    ) -> None:
        """The path of `like` is kept if seed, size, mode and version of the noise are; its spectrum if x_0 is, too."""
        self.x0, self.schedule, self.mode = x0, schedule, mode
        self.missing = np.isnan(x0)
        self._some_missing = bool(self.missing.any())
        self._filled = np.nan_to_num(x0, nan=0.0) if self._some_missing else x0
        self._key = (seed, x0.shape, mode, noise)
        same = like is not None and like._key == self._key
        own = ForwardPath(seed, x0.shape, mode, noise=noise)
        self.path: ForwardPath = like.path if like is not None and same else own
        self.rings: Rings | None = None
        if self.missing.mean() <= MOST_MISSING and min(x0.shape) >= 4:
            self.rings = rings(*x0.shape, pixel_km)
        self._spectrum: ForwardSpectrum | None = None
        self._p0: NDArray[np.float64] | None = None
        if like is not None and same and like.x0 is x0 and like.rings is self.rings:
            self._spectrum, self._p0 = like._spectrum, like._p0

    def at(self, t: float) -> Frame:
        """The frame at t in [0, 1]."""
        alpha, sigma = (float(c) for c in self.schedule(t))
        s = float(self.schedule.noise_level(t))
        if alpha == 0:  # s is infinite there: x_t is the path's eps alone
            x_t = self.path.eps_at(self.schedule.s_max) * np.float32(sigma)
        else:
            x_t = np.float32(alpha) * (self._filled + self.path(s))
        if self._some_missing:
            x_t[self.missing] = np.nan
        return Frame(t, alpha, sigma, s, x_t)

    def foresee(self, t: float) -> None:
        """Begin to draw aside the noise at t, where the playhead will be next."""
        if 0 < t <= 1 and self.mode == "chain" and self.schedule(t)[0] > 0:
            self.path.foresee(float(self.schedule.noise_level(t)))

    def y(self, s: float) -> Array:
        """y = x_0 + W(s^2), the input of a model: missing pixels are 0, float32 [1, 1, ny, nx]."""
        return (self._filled + self.path(s))[None, None]

    def eps(self, s: float) -> Array:
        """The true accumulated noise W(s^2)/s, [ny, nx]."""
        return self.path.eps_at(s)

    def spectrum(self, frame: Frame) -> NDArray[np.float64] | None:
        """P(k) of x_t per ring; by the closed form without an FFT where the path has one eps. None without rings.

        It is for the screen, see `seen_power`.
        """
        if self.rings is None:
            return None
        if self.mode == "chain" or self._some_missing:
            return seen_power(frame.x_t, self.rings)
        if self._spectrum is None:
            self._spectrum = ForwardSpectrum.of(self.x0, self.path.eps(), self.rings)
        return self._spectrum.at(frame.alpha, frame.sigma)

    def spectrum_x0(self) -> NDArray[np.float64] | None:
        """P(k) of x_0 per ring; None without rings."""
        if self._p0 is None and self.rings is not None:
            self._p0 = power(self.x0, self.rings)
        return self._p0


def density(x: Array) -> NDArray[np.float64]:
    """Histogram of x over EDGES as a density; missing values are left out, those outside count in the total.

    The bins are even, so that a value's bin is computed and nothing is sorted: half a millisecond at 512 x 512.
    """
    missing = np.isnan(x)
    known = x[~missing] if missing.any() else x.ravel()
    bins, width = len(EDGES) - 1, float(EDGES[1] - EDGES[0])
    position = known - np.float32(EDGES[0])
    position *= np.float32(1 / width)
    np.floor(position, out=position)
    np.clip(position, -1, bins, out=position)
    position += 1  # a bin more on either side, of what is left out
    counts = np.bincount(position.astype(np.intp), minlength=bins + 2)[1:-1]
    return np.asarray(counts / (max(1, known.size) * width))


def moments(x: Array) -> tuple[float, float]:
    """Mean and variance of the values that are not missing."""
    known = x[~np.isnan(x)] if np.isnan(x).any() else x
    if not known.size:
        return np.nan, np.nan
    mean = float(known.mean(dtype=np.float64))
    centred = known.ravel() - np.float32(mean)
    return mean, float(np.dot(centred, centred)) / known.size
