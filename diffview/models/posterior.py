"""The exact posterior of a Gaussian prior given what linear operators see: kriging for any operators, several at once.

With prior mean m and covariance C, y_obs = A x_0 + e and R = diag(std^2), the posterior is Gaussian with

    mean      m + C A^T (A C A^T + R)^-1 (y_obs - A m)
    variance  diag(C - C A^T (A C A^T + R)^-1 A C)

C is a product in Fourier space. A sample is one of the prior, moved as its own misfit asks [Journel & Huijbregts 1978].
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import corner
from diffview.errors import UserError
from diffview.models.gaussian import Gaussian
from diffview.reverse.operators import Observations
from diffview.reverse.solvers import BATCH, DENSE, factorised, solved

Array = NDArray[np.float64]


class GaussianPosterior:
    """A Gaussian prior and what was seen of a field.

    Attributes:
        prior: on a torus of the size of the field or on a larger one (`Gaussian.embedded`).
        seen: the observations, standardised.
    """

    def __init__(self, prior: Gaussian, seen: Observations) -> None:
        """The system is set up once.

        Raises:
            UserError: if the prior is smaller than the field.
        """
        self.prior, self.seen, self._torus = prior, seen, prior.shape[1:]
        if any(whole < part for whole, part in zip(self._torus, seen.field, strict=True)):
            raise UserError("The Gaussian prior is smaller than the field.", "Fit it to fields of the same size.")
        self._factors = factorised(seen, self._through, self._torus)

    def _through(self, x: Array) -> Array:
        """C x."""
        return np.asarray(np.fft.irfft2(np.fft.rfft2(x) * self.prior.power, s=self._torus))

    def _moved(self, r: Array) -> Array:
        """C A^T (A C A^T + R)^-1 r of r [members, 1, m]."""
        u = solved(self.seen, self._through, self._torus, r, self._factors)
        return self._through(self.seen.adjoint(u, self._torus))

    @cached_property
    def mean(self) -> Array:
        """The posterior mean [ny, nx]."""
        prior = np.full((1, 1, *self._torus), self.prior.mean)
        moved = prior + self._moved(self.seen.values - self.seen.of(prior))
        return np.asarray(corner(moved, *self.seen.field)[0, 0])

    @cached_property
    def std(self) -> Array:
        """The posterior standard deviation [ny, nx].

        Raises:
            UserError: if there are more than DENSE observed values.
        """
        if self._factors is None:
            raise UserError(
                f"{len(self.seen)} values are observed: the standard deviation is computed up to {DENSE}.",
                "Take that of samples.",
            )
        explained = np.zeros(self._torus)
        for first in range(0, len(self.seen), BATCH):
            some = np.eye(len(self.seen))[first : first + BATCH][:, None]
            across = self._through(self.seen.adjoint(some, self._torus))
            explained += (across * self._moved(some)).sum((0, 1))
        variance = float(np.fft.irfft2(self.prior.power, s=self._torus)[0, 0]) - explained
        return np.asarray(np.sqrt(np.maximum(corner(variance, *self.seen.field), 0.0)))  # rounding can leave -1e-17

    def samples(self, normals: Array, errors: Array) -> Array:
        """Fields of the posterior [n, ny, nx].

        Args:
            normals: standard normals [n, rows, columns] of the prior's torus.
            errors: standard normals [n, m], of the observations.
        """
        return np.asarray(corner(self.everywhere(normals, errors), *self.seen.field))

    def everywhere(self, normals: Array, errors: Array, values: Array | None = None) -> Array:
        """Fields of the posterior on the prior's whole torus [n, rows, columns], as `samples` draws them.

        `values` [m] are seen in the place of those of `seen`, by the same operators: the system stays set up.
        """
        seen = self.seen.values if values is None else values
        free = self.prior.sample(normals)[:, None]
        misfit = seen - self.seen.of(free) - (errors * self.seen.std)[:, None]
        return np.asarray((free + self._moved(misfit))[:, 0])
