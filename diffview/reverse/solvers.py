"""Solvers: what observations y_obs = A x_0 + e, e ~ N(0, R), R = diag(std^2), make of x0_hat on the way.

Each adds an estimate of s^2 grad_y ln p(y_obs | y) to x0_hat = D(y, s). With J = dD/dy, r = y_obs - A x0_hat and
Cov[x_0 | y] = s^2 J (Tweedie), and p(x_0 | y) taken to be Gaussian, that is

    s^2 J^T A^T (R + s^2 A J A^T)^-1 r,

exact where the prior is Gaussian. They differ in what they put in the place of s^2 J inside the brackets, and are
declared as samplers are, by frozen dataclasses in SOLVERS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.forward.noise import cast_like
from diffview.params import Range
from diffview.reverse.operators import Observations

Array = NDArray[np.float64]

DENSE = 2500
"""Observed values up to which the exact solver forms their covariance: 50 MB."""

WORTH_FACTORS = 50
"""Observed values for each member up to which factors, that all members share, are quicker than iterations."""

BATCH = 64
"""Columns of it that are computed side by side."""

TOLERANCE, MOST_ITERATIONS = 1e-8, 4000
"""Where iterations that solve to rounding end: at this |residual|/|b|, or after so many."""


@dataclass(frozen=True, eq=False)
class Misfit:
    """What a solver is given at a step.

    Attributes:
        seen: the observations.
        y: the state [members, channels, ny, nx].
        s: its noise level.
        r: y_obs - A x0_hat [members, channels, m].
        back: v -> J^T v at y.
        prior: the denoiser inside.
        s_next: the level that the step goes to.
    """

    seen: Observations
    y: Any
    s: float
    r: Any
    back: Callable[[Any], Any]
    prior: Any
    s_next: float

    def lifted(self, u: Any) -> Any:
        """A^T u, of the shape of y."""
        return self.seen.adjoint(u, (self.y.shape[-2], self.y.shape[-1]))

    def pulled(self, u: Any) -> Any:
        """J^T A^T u."""
        return self.back(self.lifted(u))

    def like(self, values: NDArray[Any]) -> Any:
        """Numbers of the kind of y."""
        return cast_like(values, self.y)


@dataclass(frozen=True)
class SDA:
    """Independent errors of x0_hat: gamma s^2 share in the place of s^2 A J A^T, share the largest eigenvalue of A A^T.

    [Rozet & Louppe 2023, arXiv 2306.10574, eq. 16]. Their variance of x0_hat is gamma s^2 whatever A is; here it is
    that of an observed value, so that one gamma means the same for every A. They take 0.01 and correct every step by
    Langevin dynamics, which is not done here: without it known pixels run away at 0.01 on a Gaussian field.
    """

    gamma: Annotated[
        float, Range(1e-3, 10.0, log=True), "variance of x̂₀ over s²: less leads harder; far below 1 a run can run away"
    ] = 1.0
    title: ClassVar[str] = "SDA"
    source: ClassVar[str] = "Rozet & Louppe 2023, arXiv 2306.10574"

    def __call__(self, at: Misfit) -> Any:
        """s^2 J^T A^T r/(std^2 + gamma share s^2)."""
        variance = at.seen.std**2 + self.gamma * at.seen.share * at.s * at.s
        least = float(variance.min())
        return (at.s * at.s / least) * at.pulled(at.r * at.like(least / variance))


@dataclass(frozen=True)
class DPS:
    """No error of x0_hat at all, and steps of a length of their own: -zeta grad_x |r| after every step.

    [Chung et al. 2023, arXiv 2209.14687, algorithm 1, with the gradient of the norm as their code has it]. In the
    field's units that is a change of zeta (1 + s^2) J^T A^T r/|r| in y; a step of DDIM takes 1 - s'/s of what is added
    to x0_hat. It hangs on the number of steps: theirs is 1,000.
    """

    zeta: Annotated[float, Range(1e-3, 100.0, log=True), "length of the step along the gradient"] = 1.0
    title: ClassVar[str] = "DPS"
    source: ClassVar[str] = "Chung et al. 2023, arXiv 2209.14687"

    def __call__(self, at: Misfit) -> Any:
        """zeta (1 + s^2)/(1 - s'/s) J^T A^T r/|r|."""
        size = (at.r * at.r).sum(-1)[..., None] ** 0.5 + 1e-12
        return (self.zeta * (1 + at.s * at.s) / (1 - at.s_next / at.s)) * at.pulled(at.r / size)


@dataclass(frozen=True)
class PiGDM:
    """White errors of x0_hat: s^2/(1 + s^2) in the place of s^2 J, as of fields without structure and of variance 1.

    [Song et al. 2023, "Pseudoinverse-guided diffusion models for inverse problems", ICLR, eq. 7 and section 3.1].
    """

    title: ClassVar[str] = "ΠGDM"
    source: ClassVar[str] = "Song et al. 2023, ICLR (Pseudoinverse-guided diffusion models)"

    def __call__(self, at: Misfit) -> Any:
        """s^2 J^T A^T (R + s^2/(1 + s^2) A A^T)^-1 r."""
        variance, noise = at.s * at.s / (1 + at.s * at.s), at.like(at.seen.std**2)
        u = conjugate_gradients(lambda u: noise * u + variance * at.seen.of(at.lifted(u)), at.r, 1e-5, 200)
        return (at.s * at.s) * at.pulled(u)


@dataclass(frozen=True)
class MMPS:
    """The model's own covariance of x_0: s^2 J itself, by conjugate gradients with the model's vjp.

    [Rozet et al. 2024, "Learning diffusion priors from observations by expectation maximization", arXiv 2405.13712,
    section 4.2]. Every iteration goes back through the model once.
    """

    iterations: Annotated[int, Range(1, 200, log=True), "of the conjugate gradients, each back through the model"] = 5
    title: ClassVar[str] = "MMPS"
    source: ClassVar[str] = "Rozet et al. 2024, arXiv 2405.13712"

    def __call__(self, at: Misfit) -> Any:
        """s^2 J^T A^T (R + s^2 A J A^T)^-1 r."""
        noise, variance = at.like(at.seen.std**2), at.s * at.s
        u = conjugate_gradients(lambda u: noise * u + variance * at.seen.of(at.pulled(u)), at.r, 1e-5, self.iterations)
        return variance * at.pulled(u)


@dataclass(frozen=True)
class Exact:
    """The posterior itself: J of a Gaussian prior does not depend on y, and the system is solved to rounding.

    Only for `gaussian` and `power_law`, in float64 on the CPU. Up to DENSE observed values it is factorised.
    """

    title: ClassVar[str] = "exact"
    source: ClassVar[str] = "Gaussian conditioning, as kriging and optimal interpolation"
    _factors: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __call__(self, at: Misfit) -> Any:
        """s^2 J^T A^T (R + s^2 A J A^T)^-1 r, like y."""
        shape, s = at.y.shape[-2:], at.s

        def through(v: Array) -> Array:
            """V v; J does not depend on y."""
            return np.asarray(s * s * at.prior.vjp(v, s, v))

        r = to_numpy(at.r).astype(np.float64)
        key = at.seen, shape, s, len(at.y)
        if key not in self._factors:
            while len(self._factors) >= 3:
                del self._factors[next(iter(self._factors))]
            few = len(at.seen) <= WORTH_FACTORS * len(at.y)
            self._factors[key] = factorised(at.seen, through, shape) if few else None
        u = solved(at.seen, through, shape, r, self._factors[key])
        return cast_like(through(at.seen.adjoint(u, shape)), at.y)


SOLVERS: dict[str, type[SDA] | type[DPS] | type[PiGDM] | type[MMPS] | type[Exact]] = {
    "sda": SDA, "dps": DPS, "pigdm": PiGDM, "mmps": MMPS, "exact": Exact,
}  # fmt: skip
"""What observations can be met by; parameters are declared as those of samplers are."""

Solver = Callable[[Misfit], Any]


def conjugate_gradients(system: Callable[[Any], Any], b: Any, tolerance: float, most: int) -> Any:
    """x of system(x) = b for vectors b [..., m], all of them side by side, on arrays or tensors.

    It ends after `most` iterations, or where |residual| <= tolerance |b| for all; where one is met already, nothing
    more is added to it [Hestenes & Stiefel 1952].
    """
    x, r, p = b * 0, b, b
    rr = (r * r).sum(-1)[..., None]
    enough = tolerance * tolerance * rr
    for _ in range(most):
        if not bool((rr > enough).any()):
            break
        a_p = system(p)
        down = (p * a_p).sum(-1)[..., None]
        open_ = (rr > enough) & (down > 0)
        step = open_ * rr / (down + ~open_)
        x, r = x + step * p, r - step * a_p
        rr_next = (r * r).sum(-1)[..., None]
        p = r + (open_ * rr_next / (rr + ~open_)) * p
        rr = rr_next * open_
    return x


def factorised(seen: Observations, through: Callable[[Array], Array], torus: Sequence[int]) -> Any:
    """Cholesky's factors of R + A V A^T, V = `through`; None where there are too many values for that."""
    if len(seen) > DENSE:
        return None
    from scipy.linalg import cho_factor  # where it is needed

    size = (int(torus[0]), int(torus[1]))
    matrix = np.empty((len(seen), len(seen)))
    for first in range(0, len(seen), BATCH):
        columns = np.eye(len(seen))[first : first + BATCH][:, None]
        matrix[first : first + BATCH] = seen.of(through(seen.adjoint(columns, size)))[:, 0]
    matrix[np.diag_indices_from(matrix)] += seen.std**2
    return cho_factor(matrix, lower=True, overwrite_a=True)


def solved(
    seen: Observations, through: Callable[[Array], Array], torus: Sequence[int], r: Array, factors: Any
) -> Array:
    """(R + A V A^T)^-1 r for r [members, channels, m], by the factors or by conjugate gradients.

    Raises:
        UserError: if these do not converge.
    """
    if factors is not None:
        from scipy.linalg import cho_solve

        return np.asarray(cho_solve(factors, r.reshape(-1, len(seen)).T).T.reshape(r.shape))
    size, std = (int(torus[0]), int(torus[1])), seen.std

    def system(u: Array) -> Array:
        """The system of unit errors, so that values of all kinds count by what they are worth."""
        return np.asarray(u + seen.of(through(seen.adjoint(u / std, size))) / std)

    b = r / std
    whitened = conjugate_gradients(system, b, TOLERANCE, MOST_ITERATIONS)
    left, asked = (np.linalg.norm(v, axis=-1) for v in (b - system(whitened), b))
    worst = float((left / np.where(asked > 0, asked, 1.0)).max())
    if worst > 100 * TOLERANCE:
        raise UserError(
            f"The exact posterior did not converge: a residual of {worst:.1g} is left after {MOST_ITERATIONS} "
            "iterations.",
            "Give the observations a larger error, observe less, or choose MMPS as the solver.",
        )
    return np.asarray(whitened / std)
