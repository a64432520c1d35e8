"""The denoiser of a mixture of Gaussians over points of a few numbers: exact, for teaching and as an oracle."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.arrays import is_torch, namespace
from diffview.errors import UserError
from diffview.models.denoiser import Formula


@dataclass(eq=False)
class Mixture(Formula):
    """x_0 ~ sum_k weights_k N(means_k, covariances_k), points of d numbers: y is [members, 1, 1, d].

    With r_k(y) the share of component k in p_s(y), C_k = S_k (S_k + s^2 I)^-1:
    x0_hat = sum_k r_k m_k,  m_k = mu_k + C_k (y - mu_k), and
    J = sum_k r_k C_k + sum_k r_k (m_k - x0_hat)(m_k - x0_hat)^T / s^2.

    Attributes:
        weights: positive, [components]; their sum is made 1.
        means: [components, d]; a list of numbers for d = 1.
        covariances: [components, d, d], symmetric, no negative eigenvalue; variances [components] for d = 1 or for
            multiples of the unit matrix.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]

    def __post_init__(self) -> None:
        self.weights, self.means, self.covariances = _checked(self.weights, self.means, self.covariances)
        eigen = np.linalg.eigh(self.covariances)
        self._spread, self._axes = np.maximum(eigen.eigenvalues, 0.0), eigen.eigenvectors
        rows = {"means": self.means.T, "axes": self._axes.transpose(1, 2, 0), "spread": self._spread.T}
        self._rows = {name: np.ascontiguousarray(values) for name, values in rows.items()}
        self._rows["logs"] = np.log(self.weights)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, 1, d)."""
        return 1, 1, self.means.shape[1]

    def _parts(self, y: Any, s: float) -> tuple[Any, Any, Any]:
        """ln(weights_k p_s(y | k)) [members, k]; along the axes of k, C_k (y - mu_k) [d, members, k] and C_k [d, k].

        The few numbers come before the components: a sum over them is one of long rows, and ten times as fast.
        """
        xp = namespace(y)
        means, axes, spread, log_w = (self._row(name, y) for name in self._rows)
        variance = spread + s * s
        apart = xp.einsum("dmk,dek->emk", y.reshape(len(y), -1).T[:, :, None] - means[:, None], axes)
        log_p = log_w - 0.5 * ((apart * apart / variance[:, None]).sum(0) + xp.log(2 * np.pi * variance).sum(0))
        gain = spread / variance
        return log_p, gain[:, None] * apart, gain

    def _row(self, name: str, y: Any) -> Any:
        """The means [d, k], the axes [d, axis, k], the variances along them [axis, k], or ln weights_k, like y."""
        return self._like(name, self._rows[name], y)

    def shares(self, y: Any, s: float) -> Any:
        """r_k(y), [members, components]."""
        log_p = self._parts(y, s)[0]
        return _softmax(log_p)

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, 1, 1, d]."""
        log_p, moved, _ = self._parts(y, s)
        r = _softmax(log_p)
        back = namespace(y).einsum("emk,dek->md", r * moved, self._row("axes", y))
        return (r @ self._row("means", y).T + back).reshape(y.shape)

    def jacobian(self, y: Any, s: float) -> Any:
        """J at y, symmetric [members, d, d]."""
        xp, axes = namespace(y), self._row("axes", y)
        log_p, moved, gain = self._parts(y, s)
        r = _softmax(log_p)
        m = self._row("means", y).T + xp.einsum("emk,dek->mkd", moved, axes)
        apart = m - xp.einsum("mk,mkd->md", r, m)[:, None]
        between = xp.einsum("mk,mkd,mke->mde", r, apart, apart)
        within = xp.einsum("mk,kdf->mdf", r, xp.einsum("dek,ek,fek->kdf", axes, gain, axes))
        return within + between / (s * s)

    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v^T J."""
        product = namespace(y).einsum("md,mde->me", v.reshape(len(v), -1), self.jacobian(y, s))
        return product.reshape(y.shape)

    def variance(self, y: Any, s: float) -> Any:
        """s^2 diag J."""
        return s * s * namespace(y).einsum("mdd->md", self.jacobian(y, s)).reshape(y.shape)

    def log_density(self, y: Any, s: float) -> Any:
        """ln p_s(y) of y = x_0 + s eps, nats, [members]."""
        log_p = self._parts(y, s)[0]
        top = _most(log_p)
        return top[:, 0] + namespace(y).log(namespace(y).exp(log_p - top).sum(-1))

    def before(self, y: ArrayLike, s: float, s_before: float) -> "Mixture":
        """q(y_{s'} | y_s) of one point y [d], s' < s, exact: a mixture again, which no Gaussian need be like.

        Component k of y_{s'} is N(mu_k, S_k + s'^2 I), and y_s = y_{s'} + sqrt(s^2 - s'^2) z: by Bayes' rule it has the
        weight r_k(y), the mean mu_k + K (y - mu_k) and the covariance (s^2 - s'^2) K, K = (S_k + s'^2 I)(S_k + s^2
        I)^-1. Both noise levels near each other leave one bell, far apart as many as there are components.
        """
        y = np.asarray(y, np.float64).reshape(-1)
        gain = (self._spread + s_before * s_before) / (self._spread + s * s)
        apart = np.einsum("kd,kde->ke", y - self.means, self._axes)
        means = self.means + np.einsum("ke,kde->kd", apart * gain, self._axes)
        variances = np.einsum("kde,ke,kfe->kdf", self._axes, gain * (s * s - s_before * s_before), self._axes)
        weights = np.maximum(self.shares(y[None], s)[0], np.finfo(float).tiny)  # those that underflow weigh nothing
        return Mixture(weights, means, variances)

    def seen(self, x: ArrayLike, alpha: ArrayLike, sigma: ArrayLike) -> NDArray[np.float64]:
        """p_t(x) of x_t = alpha x_0 + sigma eps, d = 1, as x: sum_k weights_k N(x; alpha mu_k, alpha^2 S_k + sigma^2).

        Finite for alpha = 0 too, where it is N(0, sigma^2) whatever x_0 is. All may be arrays of shapes that fit.
        """
        x, alpha, sigma = (np.asarray(values, np.float64)[..., None] for values in (x, alpha, sigma))
        variance = alpha * alpha * self.covariances[:, 0, 0] + sigma * sigma
        z2 = (x - alpha * self.means[:, 0]) ** 2 / variance
        return np.asarray((self.weights * np.exp(-0.5 * z2) / np.sqrt(2 * np.pi * variance)).sum(-1))

    def sample(self, count: int, seed: int = 0) -> NDArray[np.float64]:
        """Random points of the mixture, [count, 1, 1, d]."""
        rng = np.random.default_rng(seed)
        k = rng.choice(len(self.weights), count, p=self.weights)
        z = rng.standard_normal((count, self.means.shape[1])) * np.sqrt(self._spread[k])
        return np.asarray(self.means[k] + np.einsum("me,mde->md", z, self._axes[k]))[:, None, None]


def _most(log_p: Any) -> Any:
    return (log_p.max(-1).values if is_torch(log_p) else log_p.max(-1))[:, None]


def _softmax(log_p: Any) -> Any:
    w = namespace(log_p).exp(log_p - _most(log_p))
    return w / w.sum(-1)[:, None]


def _checked(
    weights: ArrayLike, means: ArrayLike, covariances: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Weights, means and covariances in the shapes they have here."""
    w, mu, cov = (np.asarray(values, dtype=np.float64) for values in (weights, means, covariances))
    mu = mu[:, None] if mu.ndim == 1 else mu
    if cov.ndim == 1:
        cov = cov[:, None, None] * np.eye(mu.shape[-1])
    if w.ndim != 1 or mu.ndim != 2 or len(mu) != len(w) or cov.shape != (len(w), mu.shape[1], mu.shape[1]):
        raise UserError(
            f"A mixture of {w.size} weights cannot have means {mu.shape} and covariances {cov.shape}.",
            "Give weights [k], means [k, d] and covariances [k, d, d].",
        )
    if not (np.isfinite(w).all() and np.isfinite(mu).all() and np.isfinite(cov).all() and len(w) and (w > 0).all()):
        raise UserError("A mixture needs positive weights and finite means and covariances.", "Leave out the others.")
    least = -1e-10 * max(1.0, float(np.abs(cov).max()))
    if not np.allclose(cov, cov.swapaxes(1, 2)) or np.linalg.eigvalsh(cov).min() < least:
        raise UserError("A covariance must be symmetric and have no negative eigenvalue.", "Check the covariances.")
    return w / w.sum(), mu, cov
