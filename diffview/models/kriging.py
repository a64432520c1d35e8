"""Gaps filled exactly under a Gaussian prior: simple kriging, which oceanographers call optimal interpolation.

The prior is a stationary Gaussian random field with known mean m and covariance C (spectrum), as `gaussian` has it, on
a torus. If that is of the size of the field, opposite edges of the field are neighbours; if it is larger
(`Gaussian.embedded`), the field is its first rows and columns, the rest is unknown, and a gap at one edge learns
nothing from the other. Given known pixels z_K (with white noise of standard deviation `noise`, if they have any), the
posterior has

    mean      m + C_{.K} (C_KK + noise^2 I)^-1 (z_K - m)
    variance  diag(C - C_{.K} (C_KK + noise^2 I)^-1 C_{K.})

[Matheron 1963; Gandin 1963]. C is never formed: it is a product in Fourier space, and the system is solved by
preconditioned conjugate gradients [Hestenes & Stiefel 1952]; the residual is returned. A sample of the posterior is a
sample of the prior plus the kriging of its misfit at the known pixels [Journel & Huijbregts 1978]. No method can do
better under that prior: it is the baseline of every other filling.

There are two shorter ways for what is small. On a torus of its size, without noise and for a gap g of few pixels, the
variance is diag((Q_gg)^-1) with the precision Q = C^-1, which is circulant too [Rue & Held 2005, theorem 2.5]. And few
known pixels of a larger torus are solved for by Cholesky's factors of C_KK.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.models.gaussian import Gaussian
from diffview.reverse.solvers import BATCH, DENSE, MOST_ITERATIONS, TOLERANCE

Array = NDArray[np.float64]

WORST_CONDITION = 1e8
"""Ratio of the largest power to the least up to which that is done; beyond, too many digits are lost."""


@dataclass(frozen=True, eq=False)
class Kriged:
    """A filled field, standardised.

    Attributes:
        mean: the posterior mean, float64 [ny, nx]; without noise the known pixels are as they were.
        std: the posterior standard deviation [ny, nx], 0 at known pixels without noise; None if not asked for.
        iterations: of the conjugate gradients for the mean.
        residual: |b - A x|/|b| they ended at, computed anew.
    """

    mean: Array
    std: Array | None
    iterations: int
    residual: float


class Kriging:
    """A prior and which pixels are known; the system is set up once and solved for any values at these pixels.

    Attributes:
        known: where there are values, [ny, nx].
    """

    def __init__(
        self, prior: Gaussian, known: NDArray[np.bool_], noise: float = 0.0, watch: Callable[[], None] = lambda: None
    ) -> None:
        """`noise` is the standard deviation of white noise in the known values, in standardised units.

        `watch` is called at every iteration and may raise to end it.

        Raises:
            UserError: if the prior is smaller than the field, or the noise is not a number of at least 0.
        """
        if any(whole < part for whole, part in zip(prior.shape[1:], known.shape, strict=True)):
            raise UserError(
                f"The field has {_by(known.shape)} pixels and the Gaussian prior {_by(prior.shape[1:])}.",
                "Fit the prior to fields of the same size.",
            )
        if not (np.isfinite(noise) and noise >= 0):
            raise UserError(f"The noise of known pixels cannot be {noise:g}.", "Choose 0 or more.")
        self.known, self.noise = known, float(noise)
        self._prior, self._mean, self._watch = prior, prior.mean, watch
        self._power = prior.power
        self._embedded = prior.shape[1:] != known.shape
        total = (_mirrored(prior, known.shape) if self._embedded else prior.power) + noise * noise
        self._inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)

    def _through(self, x: Array) -> Array:
        """C x for x [n, ny, nx]; what lies around the field on the torus is 0 before, and cut off after."""
        ny, nx = self.known.shape
        _, rows, columns = self._prior.shape
        z = np.fft.fft(np.fft.rfft(x, columns), rows, axis=-2) * self._power
        return np.fft.irfft(np.fft.ifft(z, axis=-2)[..., :ny, :], columns)[..., :nx]

    def _system(self, x: Array) -> Array:
        """(C_KK + noise^2 I) x for x [n, ny, nx] that is 0 where nothing is known."""
        self._watch()
        return (self._through(x) + self.noise**2 * x) * self.known

    def _precondition(self, r: Array) -> Array:
        """Nearly its inverse: that of C + noise^2 I, of a field mirrored at its edges if it is a part of the torus."""
        if not self._embedded:
            return np.fft.irfft2(np.fft.rfft2(r) * self._inverse, s=self.known.shape) * self.known
        from scipy.fft import dctn, idctn  # where it is needed

        waves = dctn(r, axes=(-2, -1), norm="ortho") * self._inverse
        return np.asarray(idctn(waves, axes=(-2, -1), norm="ortho") * self.known)

    def solve(self, b: Array, tolerance: float = TOLERANCE) -> tuple[Array, int, float]:
        """(C_KK + noise^2 I)^-1 b for every b [n, ny, nx] that is 0 where nothing is known; iterations and residual.

        Raises:
            UserError: if the residual is above `tolerance` after MOST_ITERATIONS.
        """
        if self._factors is None:
            x, done = conjugate_gradients(self._system, self._precondition, b, tolerance, MOST_ITERATIONS)
        else:
            from scipy.linalg import cho_solve

            x, done = np.zeros_like(b), 0
            x[:, self.known] = cho_solve(self._factors, b[:, self.known].T).T
        size = np.sqrt(_dot(b, b))
        residual = np.sqrt(_dot(left := b - self._system(x), left)) / np.where(size > 0, size, 1.0)
        worst = float(residual.max(initial=0.0))
        if worst > 100 * tolerance:
            raise UserError(
                f"Kriging did not converge: a residual of {worst:.1g} is left after {done} iterations.",
                "A spectrum that spans too many decades is the reason; allow the known pixels some noise.",
            )
        return x, done, worst

    def moved(self, z: Array, tolerance: float = TOLERANCE) -> tuple[Array, int, float]:
        """The posterior means [n, ny, nx] of fields z whose known pixels are used; iterations and residual."""
        b = np.where(self.known, z - self._mean, 0.0)
        x, iterations, residual = self.solve(b, tolerance)
        mean = self._mean + self._through(x)
        if not self.noise:
            mean = np.where(self.known, z, mean)
        return mean, iterations, residual

    def std(self, tolerance: float = 1e-5, progress: Callable[[int, int], None] = lambda done, of: None) -> Array:
        """The posterior standard deviation [ny, nx], exactly, by one system for each unknown pixel.

        With noise also for each known one. `progress(done, of)` counts pixels and may raise to end it. A gap of at most
        DENSE pixels among known ones without noise is solved at once on a torus, by its precision matrix.
        """
        if not self.noise and self.known.any() and self.dense and not self._embedded:
            return self._std_of_gap()
        wanted = np.argwhere(np.ones_like(self.known) if self.noise else ~self.known)
        covariance, part = self._covariance, np.s_[: self.known.shape[0], : self.known.shape[1]]
        variance = np.zeros(self.known.shape)
        for first in range(0, len(wanted), BATCH):
            pixels = wanted[first : first + BATCH]
            to = np.stack([np.roll(covariance, tuple(pixel), (0, 1))[part] for pixel in pixels]) * self.known
            explained = _dot(to, self.solve(to, tolerance)[0])
            variance[tuple(pixels.T)] = covariance[0, 0] - explained
            progress(first + len(pixels), len(wanted))
        return np.sqrt(np.maximum(variance, 0.0))  # rounding can leave -1e-17

    @property
    def dense(self) -> bool:
        """Whether there are so few pixels, and the spectrum is so flat, that matrices give the standard deviation."""
        if self._embedded:
            return self._factors is not None
        low, high = float(self._power.min()), float(self._power.max())
        return bool(np.count_nonzero(~self.known) <= DENSE and low > 0 and high / low <= WORST_CONDITION)

    @cached_property
    def _covariance(self) -> Array:
        """C of the first pixel with every pixel of the torus."""
        return np.asarray(np.fft.irfft2(self._power, s=self._prior.shape[1:]))

    @cached_property
    def _factors(self) -> Any:
        """Cholesky's factors of C_KK + noise^2 I where the torus is larger and few pixels are known; else None."""
        if not self._embedded or not 0 < np.count_nonzero(self.known) <= DENSE:
            return None
        from scipy.linalg import cho_factor  # where it is needed

        matrix = _between(self._covariance, self.known)
        matrix[np.diag_indices_from(matrix)] += self.noise**2
        try:
            return cho_factor(matrix, lower=True, overwrite_a=True)
        except np.linalg.LinAlgError:  # not positive to rounding
            return None

    def _std_of_gap(self) -> Array:
        """sqrt(diag((Q_gg)^-1)) in the gap, 0 elsewhere."""
        gap = ~self.known
        q = _between(np.fft.irfft2(1 / self._power, s=gap.shape), gap)
        std = np.zeros(gap.shape)
        std[gap] = np.sqrt(np.diag(np.linalg.inv(q)))
        return std

    def samples(self, z: Array, normals: Array, tolerance: float = TOLERANCE) -> Array:
        """Fields of the posterior given the known pixels of z [ny, nx], [n, ny, nx].

        Args:
            z: standardised; unknown pixels are ignored.
            normals: standard normals [n, rows, columns] of the prior; with noise [n, 2, ...], the second for the noise.
            tolerance: of the residual.
        """
        ny, nx = self.known.shape
        fields, errors = (normals[:, 0], normals[:, 1, :ny, :nx] * self.noise) if self.noise else (normals, 0.0)
        free = self._prior.sample(fields)[:, :ny, :nx]
        misfit = np.where(self.known, z - free - errors, 0.0)
        moved = free + self._through(self.solve(misfit, tolerance)[0])
        return moved if self.noise else np.where(self.known, z, moved)


def krige(field: ArrayLike, prior: Gaussian, noise: float = 0.0, std: bool = False) -> Kriged:
    """Fill the missing pixels of one field by simple kriging, also called optimal interpolation.

    Args:
        field: standardised [ny, nx], NaN where missing.
        prior: mean and spectrum of such fields, on a torus of the size of the field or on a larger one (`embedded`).
        noise: standard deviation of white noise in the known values, standardised; 0: they are exact.
        std: whether to compute the posterior standard deviation too: one system for each missing pixel.

    Raises:
        UserError: if sizes differ, a value is infinite, or the system cannot be solved.
    """
    z = np.asarray(field, dtype=np.float64)
    if z.ndim != 2 or np.isinf(z).any():
        raise UserError("Kriging takes one field of rows and columns, whose values are finite or missing.")
    kriging = Kriging(prior, ~np.isnan(z), noise)
    mean, iterations, residual = kriging.moved(np.nan_to_num(z)[None])
    return Kriged(mean[0], kriging.std() if std else None, iterations, residual)


def conjugate_gradients(
    system: Callable[[Array], Array],
    precondition: Callable[[Array], Array],
    b: Array,
    tolerance: float,
    most: int,
) -> tuple[Array, int]:
    """x of system(x) = b for every b [n, ny, nx], and how many iterations the slowest of them took.

    `system` and `precondition` are symmetric, positive and linear. A system with |residual| <= tolerance |b| is
    left alone while the others go on.
    """
    x, r = np.zeros_like(b), b
    enough = tolerance * np.sqrt(_dot(b, b))
    z = precondition(r)
    p, rz = z, _dot(r, z)
    for done in range(most):
        open_ = np.sqrt(_dot(r, r)) > enough
        if not open_.any():
            return x, done
        a_p = system(p)
        down = _dot(p, a_p)
        step = np.divide(rz, down, out=np.zeros_like(rz), where=open_ & (down > 0))[:, None, None]
        x = x + step * p
        r = r - step * a_p
        z = precondition(r)
        rz_next = _dot(r, z)
        p = z + np.divide(rz_next, rz, out=np.zeros_like(rz), where=rz > 0)[:, None, None] * p
        rz = rz_next
    return x, most


def _dot(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("nyx,nyx->n", a, b))


def _mirrored(prior: Gaussian, shape: tuple[int, ...]) -> Array:
    """P on the cosine modes of a field of ny x nx pixels, whose wavenumbers are i/2ny and j/2nx cycles per pixel."""
    ky, kx = (np.arange(n) / (2 * n) for n in shape)
    return prior.power_at(np.hypot(ky[:, None], kx))


def _between(values: Array, pixels: NDArray[np.bool_]) -> Array:
    """The matrix between pixels of a field [ny, nx], of values [rows, columns] by their distance on a torus."""
    (row, column), (rows, columns) = np.nonzero(pixels), values.shape
    return np.asarray(values[(row[:, None] - row) % rows, (column[:, None] - column) % columns])


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)
