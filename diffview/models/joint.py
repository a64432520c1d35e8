"""The denoiser of several stationary Gaussian fields at once, channels or the days of a sequence: exact, by wavenumber.

Fields of c components have, at every wavenumber, a c x c covariance instead of a power: its diagonal holds the spectra,
its other entries the cross-spectra, of which the phase says how one component is displaced against another. Frames of a
sequence are components like channels, and so time is not periodic: first and last day are as far apart as they are.

What is linear in the components and the same at every pixel, a channel that is known or the mean over the frames, is
conditioned on in closed form, wavenumber by wavenumber: x | B x = v is Gaussian again, with the mean m + G (v - B m)
and the covariance S - G B S, where G = S B^T (B S B^T + R)^-1 [Wiener 1949; Rasmussen & Williams 2006, eq. A.6].
"""

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.forward.noise import cast_like
from diffview.forward.spectra import rings
from diffview.models.denoiser import Formula
from diffview.models.gaussian import Gaussian, twice, wavenumbers

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

MOST_BYTES = 2**31
"""The largest covariances that are formed, all wavenumbers together."""

PART = 2**25
"""Bytes of windows that are transformed together."""

NEGLIGIBLE = 1e-12
"""Share of the largest eigenvalue of what is observed below which it counts as none."""


@dataclass(eq=False)
class JointGaussian(Formula):
    """The exact posterior mean of stationary Gaussian fields that are correlated with each other, on a torus.

    x0_hat(k) = m + S(k) (S(k) + s^2)^-1 (y(k) - m), S(k) the covariance of the components at the wavenumber k.

    Attributes:
        mean: of every component [c, 1, 1], or of every pixel of them [c, ny, nx].
        spectrum: S on the modes of rfft2, Hermitian [ny, nx//2 + 1, c, c]; white noise of the covariance V has S = V.
        nx: number of columns.
        outer: shape of the components, of which there are c: (channels,) or (channels, frames).
    """

    mean: Array
    spectrum: Complex
    nx: int
    outer: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """(channels, ny, nx) or (channels, frames, ny, nx)."""
        return *self.outer, len(self.spectrum), self.nx

    @cached_property
    def _modes(self) -> tuple[Array, Complex]:
        """Eigenvalues [ny, nx//2 + 1, c] and eigenvectors of S; rounding can leave eigenvalues of -1e-17."""
        values, vectors = np.linalg.eigh(self.spectrum)
        return np.maximum(values, 0.0), vectors

    def gain(self, s: float) -> Array:
        """w/(w + s^2) of the eigenvalues w of S; 0 where w is 0, also at s = 0."""
        values, _ = self._modes
        return np.divide(values, values + s * s, out=np.zeros_like(values), where=values > 0)

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx] or [members, channels, frames, ny, nx]."""
        mean = self._like("mean", self._mean, y)
        return mean + self.vjp(y, s, y - mean)

    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v through S (S + s^2)^-1: J is symmetric and does not depend on y."""
        return self._through(v, self.gain(s))

    def variance(self, y: Any, s: float) -> Any:
        """The mean of s^2 diag(S (S + s^2)^-1) over all modes: the same for every pixel and every y."""
        _, vectors = self._modes
        each = self._mean_of((np.abs(vectors) ** 2 * self.gain(s)[..., None, :]).sum(-1))
        return y * 0 + s * s * cast_like(each.reshape(*self.outer, 1, 1), y)

    def sample(self, z: NDArray[np.floating]) -> Array:
        """Random fields [n, *outer, ny, nx], made from standard normals z of that shape."""
        values, _ = self._modes
        return np.asarray(self._mean + self._through(z, np.sqrt(values)))

    def given(self, weights: Array, std: Array | float = 0.0) -> "Conditioned":
        """What is known of these fields where B x + e is seen at every pixel, e white noise.

        Args:
            weights: B [q, c]: rows of the identity for known channels, 1/frames for a mean over the frames.
            std: of e, [q] or one number.
        """
        across = self.spectrum @ weights.T  # S B^T
        seen = weights @ across + np.diag(np.broadcast_to(np.square(std), len(weights)))
        return Conditioned(self, weights, across @ np.linalg.pinv(seen, rcond=NEGLIGIBLE, hermitian=True), across)

    def along(self, weights: Array) -> Gaussian:
        """The law of one linear combination w x of the components, w [c]: a Gaussian field."""
        power = np.einsum("i,yxij,j->yx", weights, self.spectrum, weights).real
        means = np.einsum("i,iyx->yx", weights, self.mean)
        return Gaussian(float(means.mean()), np.maximum(power, 0.0), self.nx)

    def part(self, first: int) -> "JointGaussian":
        """The law of the first so many components, as a sequence of fewer frames."""
        outer = (*self.outer[:-1], first // prod(self.outer[:-1]))
        return replace(self, mean=self.mean[:first], spectrum=self.spectrum[..., :first, :first], outer=outer)

    @property
    def _mean(self) -> Array:
        return self.mean.reshape(*self.outer, *self.mean.shape[-2:])

    def _mean_of(self, values: Array) -> Array:
        """The mean over all modes of fft2 of values [ny, nx//2 + 1, ...] on those of rfft2."""
        weight = twice(self.nx) / (len(self.spectrum) * self.nx)
        return np.asarray(np.einsum("yx...,x->...", values, weight))

    def _through(self, v: Any, gains: Array) -> Any:
        """V diag(gains) V^H v at every wavenumber, V the eigenvectors of S."""
        vectors = self._vectors(v)
        turned = namespace(v).moveaxis(vectors.conj(), -1, -2)
        return through(v, lambda z: vectors @ (self._gains(gains, v) * (turned @ z)), self.outer)

    def _gains(self, gains: Array, v: Any) -> Any:
        return cast_like(gains[..., None], v)

    def _vectors(self, v: Any) -> Any:
        """The eigenvectors, complex, of the precision and on the device of v."""
        key = ("vectors", v.dtype, str(getattr(v, "device", "")))
        if key not in self._cast:
            real, imaginary = (cast_like(part, v) for part in (self._modes[1].real, self._modes[1].imag))
            both = real + 1j * imaginary if isinstance(v, np.ndarray) else namespace(v).complex(real, imaginary)
            self._cast[key] = both
        return self._cast[key]


@dataclass(frozen=True, eq=False)
class Conditioned:
    """Gaussian fields of which linear combinations B x + e are seen at every pixel.

    Attributes:
        prior: of all components.
        weights: B [q, c].
        gain: G = S B^T (B S B^T + R)^-1 on the modes of rfft2, [ny, nx//2 + 1, c, q].
        across: S B^T.
    """

    prior: JointGaussian
    weights: Array
    gain: Complex
    across: Complex

    def mean(self, values: NDArray[np.floating]) -> Array:
        """The posterior mean [n, c, ny, nx] of values [n, q, ny, nx]."""
        return np.asarray(self.prior.mean + self._moved(values - self._seen(self.prior.mean)))

    @cached_property
    def spectrum(self) -> Complex:
        """S - G B S: the posterior covariance, which does not depend on the values."""
        left = self.prior.spectrum - self.gain @ np.conj(np.swapaxes(self.across, -1, -2))
        return np.asarray((left + np.conj(np.swapaxes(left, -1, -2))) / 2)

    @cached_property
    def std(self) -> Array:
        """The posterior standard deviation of every component, [c]."""
        variance = self.prior._mean_of(np.diagonal(self.spectrum, axis1=-2, axis2=-1).real)
        return np.sqrt(np.maximum(variance, 0.0))

    def law(self, values: NDArray[np.floating]) -> JointGaussian:
        """The law of the fields given values [q, ny, nx]: a denoiser of its own."""
        return replace(self.prior, mean=self.mean(values[None])[0], spectrum=self.spectrum)

    def samples(self, values: NDArray[np.floating], z: NDArray[np.floating], errors: Array | float = 0.0) -> Array:
        """Fields of the posterior [n, c, ny, nx]: those of the prior, moved as their own misfit asks.

        Args:
            values: [q, ny, nx] or [n, q, ny, nx].
            z: standard normals [n, c, ny, nx].
            errors: drawn errors e, of the shape of the values; 0 where there is none.
        """
        free = self.prior.sample(z.reshape(len(z), *self.prior.outer, *z.shape[-2:])).reshape(z.shape)
        return np.asarray(free + self._moved(values - self._seen(free) - errors))

    def _seen(self, x: Array) -> Array:
        """B x of x [..., c, ny, nx]."""
        return np.asarray(np.einsum("qc,...cyx->...qyx", self.weights, x))

    def _moved(self, misfit: Array) -> Array:
        """G times a misfit [n, q, ny, nx], [n, c, ny, nx]."""
        return np.asarray(through(misfit, lambda z: self.gain @ z, misfit.shape[1:2]))


def through(v: Any, system: Any, outer: tuple[int, ...]) -> Any:
    """What a matrix at every wavenumber makes of v [n, *outer, ny, nx]: [n, *outer', ny, nx].

    `system` takes [ny, nx//2 + 1, c, n] to [ny, nx//2 + 1, c', n]; of as many components, they keep their shape.
    """
    xp, (ny, nx) = namespace(v), v.shape[-2:]
    modes = xp.fft.rfft2(v.reshape(len(v), -1, ny, nx))
    out = xp.moveaxis(system(xp.moveaxis(modes, (2, 3, 1, 0), (0, 1, 2, 3))), (0, 1, 2, 3), (2, 3, 1, 0))
    made = xp.fft.irfft2(out, s=(ny, nx))
    return made.reshape(len(v), *outer, ny, nx) if made.shape[1] == prod(outer) else made


# -- fitted


def fit_joint(windows: NDArray[np.floating], torus: tuple[int, int] | None = None) -> JointGaussian:
    """The law of windows [n, channels, ny, nx] or [n, channels, frames, ny, nx].

    Its torus has the size of the windows and S(k) is their mean covariance at k, so that what moves or lies displaced
    keeps its direction. On a larger `torus` (rows, columns), of which windows are a part, their edges do not meet: S
    comes from means over rings of the Hann-windowed ones, between and below whose wavenumbers the logarithm of its
    spectra and its coherences are linear, and it knows no direction; the covariance of the components at a pixel is
    then made that of the windows.

    Missing pixels (NaN) count as the mean of the others of their window, and a covariance is divided by the share that
    is known: exact for white noise; gaps smear a steep spectrum a little. Subtract what differs from pixel to pixel, a
    seasonal cycle, before. Windows that lack a whole component are left out.

    Raises:
        UserError: if there are too few windows for so many components, the covariances are too large, or windows
            without neighbours at their edges are too small.
    """
    _, *outer, ny, nx = windows.shape
    components = prod(outer)
    _require_room(components, torus or (ny, nx))
    if torus is not None and (max(ny, nx) == 1 or 2 in (ny, nx)):
        raise UserError(
            f"Fields of {ny} x {nx} pixels are too small for a law in space.",
            "Take a larger region, or let opposite edges be neighbours.",
        )
    flat = windows.reshape(-1, components, ny, nx)
    flat = flat[~np.isnan(flat).all((2, 3)).any(1)]
    n = len(flat)
    if n <= components:
        raise UserError(
            f"{n} windows are too few for a law of {components} fields each.",
            "Give a longer series, or ask for fewer days or channels.",
        )
    mean = np.asarray(np.nanmean(flat, axis=(0, 2, 3), dtype=np.float64))
    spectrum, domain = _covariances(flat, mean, None if torus is None else rings(ny, nx).window)
    if torus is not None:
        wider = _alike_at_a_pixel(_wider(spectrum, domain, (ny, nx), torus), torus[1], flat - mean[:, None, None])
        return JointGaussian(mean[:, None, None], wider, torus[1], tuple(outer))
    spectrum[0, 0] = domain
    return JointGaussian(mean[:, None, None], spectrum, nx, tuple(outer))


def _require_room(components: int, torus: tuple[int, int]) -> None:
    needed = 16 * torus[0] * (torus[1] // 2 + 1) * components**2
    if needed > MOST_BYTES:
        raise UserError(
            f"The covariances of {components} fields of {torus[0]} x {torus[1]} pixels take {needed / 2**30:.1f} GB.",
            f"There is room for {MOST_BYTES / 2**30:.0f} GB: take a smaller region, coarser pixels, or fewer frames.",
        )


def _covariances(
    windows: NDArray[np.floating], mean: Array, taper: NDArray[np.float32] | None
) -> tuple[Complex, Array]:
    """Mean covariances at every wavenumber about each window's own means, and those of these means, N times."""
    n, c, ny, nx = windows.shape
    total = np.zeros((ny, nx // 2 + 1, c, c), np.complex128)
    domain = np.zeros((c, c))
    square = np.ones((ny, nx)) if taper is None else taper.astype(np.float64) ** 2
    root = np.sqrt(square / square.sum())
    for first in range(0, n, max(1, PART // (8 * c * ny * nx))):
        part = windows[first : first + max(1, PART // (8 * c * ny * nx))].astype(np.float64) - mean[:, None, None]
        missing = np.isnan(part)
        own = np.nanmean(part, axis=(2, 3))
        known = np.sqrt((square * ~missing).sum((2, 3)) / square.sum())  # of a window's component
        part = np.where(missing, 0.0, part - own[..., None, None]) * root
        modes = np.fft.rfft2(part / known[..., None, None]).transpose(2, 3, 1, 0)
        total += modes @ modes.conj().swapaxes(-1, -2)
        domain += own.T @ own
    return total / n, domain * (ny * nx / n)


def _wider(spectrum: Complex, domain: Array, window: tuple[int, int], torus: tuple[int, int]) -> Complex:
    """S on a larger torus, from covariances of windows and those of their means; real, for it is isotropic."""
    ny, nx = window
    grid, c = rings(ny, nx), len(domain)
    means = [grid.mean(spectrum[..., i, j].real) for i in range(c) for j in range(c)]
    every = np.concatenate([domain[None], np.stack(means, -1).reshape(-1, c, c)])
    power = np.maximum(np.diagonal(every, axis1=1, axis2=2), 1e-30)
    coherence = every / np.sqrt(power[:, :, None] * power[:, None, :])
    knots = _place(np.concatenate([[0.0], grid.k]))
    k = wavenumbers(*torus) * (max(window) / max(torus))  # in cycles per longest side of a window
    at = np.minimum(_place(k), knots[-1])
    low = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(knots) - 2)
    share = ((at - knots[low]) / (knots[low + 1] - knots[low]))[..., None]
    std = np.exp(((1 - share) * np.log(power[low]) + share * np.log(power[low + 1])) / 2)
    between = (1 - share[..., None]) * coherence[low] + share[..., None] * coherence[low + 1]
    return np.asarray(between * std[..., :, None] * std[..., None, :], np.complex128)


def _alike_at_a_pixel(spectrum: Complex, nx: int, windows: Array) -> Complex:
    """T S T with the symmetric T nearest to 1 for which the components have the covariance of `windows` at a pixel.

    T = C^(-1/2) (C^(1/2) V C^(1/2))^(1/2) C^(-1/2) takes C, the mean of S, to V [Olkin & Pukelsheim 1982]. A taper sees
    the middle of the windows more than their edges, and would leave its spread.
    """
    known = ~np.isnan(windows)
    filled = np.where(known, windows, 0.0)
    wanted = np.einsum("niyx,njyx->ij", filled, filled, optimize=True) / np.einsum(
        "niyx,njyx->ij", known.astype(np.float64), known.astype(np.float64), optimize=True
    )
    weight = twice(nx) / (len(spectrum) * nx)
    values, vectors = np.linalg.eigh(np.einsum("yxij,x->ij", spectrum, weight).real)
    root, back = ((vectors * np.maximum(values, NEGLIGIBLE * values[-1]) ** power) @ vectors.T for power in (0.5, -0.5))
    values, vectors = np.linalg.eigh(root @ wanted @ root)
    turned = back @ ((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T) @ back
    return np.asarray(turned @ spectrum @ turned)


def _place(k: Array) -> Array:
    """Where wavenumbers lie on an axis that is linear below 1 and logarithmic above."""
    return np.where(k < 1, k, 1 + np.log(np.maximum(k, 1.0)))
