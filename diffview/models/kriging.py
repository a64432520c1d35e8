"""Gaps filled exactly under a Gaussian prior: simple kriging, which oceanographers call optimal interpolation.

The prior is a stationary, periodic Gaussian random field with known mean m and covariance C (spectrum), as `gaussian`
has it. Given known pixels z_K (with white noise of standard deviation `noise`, if they have any), its posterior has

    mean      m + C_{.K} (C_KK + noise^2 I)^-1 (z_K - m)
    variance  diag(C - C_{.K} (C_KK + noise^2 I)^-1 C_{K.})

[Matheron 1963; Gandin 1963]. C is never formed: it is a product in Fourier space, and the system is solved by
preconditioned conjugate gradients [Hestenes & Stiefel 1952]; the residual is returned. A sample of the posterior is a
sample of the prior plus the kriging of its misfit at the known pixels [Journel & Huijbregts 1978]. No method can do
better under that prior: it is the baseline of every other filling.

Without noise and for a gap g of few pixels the variance has a shorter way: with the precision Q = C^-1, which is
circulant too, it is diag((Q_gg)^-1) [Rue & Held 2005, theorem 2.5].
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.models.gaussian import Gaussian

Array = NDArray[np.float64]

TOLERANCE, MOST_ITERATIONS = 1e-8, 2000
BATCH = 64
"""Systems that are solved side by side."""

DENSE = 2500
"""Pixels of a gap up to which its precision matrix is inverted: 50 MB and about a second."""

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
            UserError: if the sizes differ or the noise is not a number of at least 0.
        """
        if prior.shape[1:] != known.shape:
            raise UserError(
                f"The field has {_by(known.shape)} pixels and the Gaussian prior {_by(prior.shape[1:])}.",
                "Fit the prior to fields of the same size.",
            )
        if not (np.isfinite(noise) and noise >= 0):
            raise UserError(f"The noise of known pixels cannot be {noise:g}.", "Choose 0 or more.")
        self.known, self.noise = known, float(noise)
        self._prior, self._mean, self._watch = prior, prior.mean, watch
        self._power = prior.power
        total = prior.power + noise * noise
        # the inverse of the circulant C + noise^2 I, restricted to the known pixels, is nearly that of the system
        self._inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)

    def _through(self, power: Array, x: Array) -> Array:
        return np.fft.irfft2(np.fft.rfft2(x) * power, s=self.known.shape)

    def _system(self, x: Array) -> Array:
        """(C_KK + noise^2 I) x for x [n, ny, nx] that is 0 where nothing is known."""
        self._watch()
        return (self._through(self._power, x) + self.noise**2 * x) * self.known

    def _precondition(self, r: Array) -> Array:
        return self._through(self._inverse, r) * self.known

    def solve(self, b: Array, tolerance: float = TOLERANCE) -> tuple[Array, int, float]:
        """(C_KK + noise^2 I)^-1 b for every b [n, ny, nx] that is 0 where nothing is known; iterations and residual.

        Raises:
            UserError: if the residual is above `tolerance` after MOST_ITERATIONS.
        """
        x, done = conjugate_gradients(self._system, self._precondition, b, tolerance, MOST_ITERATIONS)
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
        mean = self._mean + self._through(self._power, x)
        if not self.noise:
            mean = np.where(self.known, z, mean)
        return mean, iterations, residual

    def std(self, tolerance: float = 1e-5, progress: Callable[[int, int], None] = lambda done, of: None) -> Array:
        """The posterior standard deviation [ny, nx], exactly, by one system for each unknown pixel.

        With noise also for each known one. `progress(done, of)` counts pixels and may raise to end it. A gap of at most
        DENSE pixels among known ones without noise is solved at once, by its precision matrix.
        """
        if not self.noise and self.known.any() and self.dense:
            return self._std_of_gap()
        wanted = np.argwhere(np.ones_like(self.known) if self.noise else ~self.known)
        covariance = self._through(self._power, _unit((0, 0), self.known.shape))
        variance = np.zeros(self.known.shape)
        for first in range(0, len(wanted), BATCH):
            pixels = wanted[first : first + BATCH]
            to = np.stack([np.roll(covariance, tuple(pixel), (0, 1)) for pixel in pixels]) * self.known
            explained = _dot(to, self.solve(to, tolerance)[0])
            variance[tuple(pixels.T)] = covariance[0, 0] - explained
            progress(first + len(pixels), len(wanted))
        return np.sqrt(np.maximum(variance, 0.0))  # rounding can leave -1e-17

    @property
    def dense(self) -> bool:
        """Whether the gap is small enough, and the spectrum flat enough, for the precision matrix of the gap."""
        low, high = float(self._power.min()), float(self._power.max())
        return bool(np.count_nonzero(~self.known) <= DENSE and low > 0 and high / low <= WORST_CONDITION)

    def _std_of_gap(self) -> Array:
        """sqrt(diag((Q_gg)^-1)) in the gap, 0 elsewhere."""
        ny, nx = self.known.shape
        precision = np.fft.irfft2(1 / self._power, s=(ny, nx))
        row, column = np.nonzero(~self.known)
        q = precision[(row[:, None] - row) % ny, (column[:, None] - column) % nx]
        std = np.zeros(self.known.shape)
        std[row, column] = np.sqrt(np.diag(np.linalg.inv(q)))
        return std

    def samples(self, z: Array, normals: Array, tolerance: float = TOLERANCE) -> Array:
        """Fields of the posterior given the known pixels of z [ny, nx], [n, ny, nx].

        Args:
            z: standardised; unknown pixels are ignored.
            normals: standard normals [n, ny, nx]; with noise [n, 2, ny, nx], the second for the noise.
            tolerance: of the residual.
        """
        fields, errors = (normals[:, 0], normals[:, 1] * self.noise) if self.noise else (normals, 0.0)
        free = self._prior.sample(fields)
        misfit = np.where(self.known, z - free - errors, 0.0)
        moved = free + self._through(self._power, self.solve(misfit, tolerance)[0])
        return moved if self.noise else np.where(self.known, z, moved)


def krige(field: ArrayLike, prior: Gaussian, noise: float = 0.0, std: bool = False) -> Kriged:
    """Fill the missing pixels of one field by simple kriging, also called optimal interpolation.

    Args:
        field: standardised [ny, nx], NaN where missing.
        prior: mean and spectrum of such fields; `fit_gaussian` and `Gaussian.power_law` give one.
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


def _unit(pixel: tuple[int, int], shape: tuple[int, ...]) -> Array:
    unit = np.zeros(shape)
    unit[pixel] = 1.0
    return unit


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)
