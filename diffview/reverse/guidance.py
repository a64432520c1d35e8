"""Wrappers of denoisers: guidance by an observation, classifier-free mixing, clipping. Each is a denoiser itself.

They change x0_hat; eps_hat is (y - x0_hat)/s of the changed one, because samplers derive it so. What the model inside
offers beside x0_hat is kept where it still holds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import corner, namespace, surrounded
from diffview.errors import UserError
from diffview.fields.transforms import Transform, check_least
from diffview.forward.noise import cast_like
from diffview.params import Range
from diffview.reverse.samplers import POSTERIOR_MEAN

Array = NDArray[np.floating]
Limits = tuple[float | None, float | None]

KEPT = ("card", "transform", "channels", "known", "finished", "variance_fraction", "learned_variance")
"""What a wrapper hands on from the model inside."""


class Wrapper:
    """A denoiser around another.

    Attributes:
        inner: the one inside.
        kind, noise_range, shape: as of the one inside.
        calls: evaluations of networks that one call takes.
    """

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.kind = str(getattr(inner, "kind", POSTERIOR_MEAN))
        self.noise_range: tuple[float, float] = getattr(inner, "noise_range", (0.0, math.inf))
        self.shape: tuple[int, int, int] | None = getattr(inner, "shape", None)
        self.calls: int = inner.calls if isinstance(inner, Wrapper) else 1

    def __getattr__(self, name: str) -> Any:
        if name in KEPT:
            return getattr(self.inner, name)
        raise AttributeError(name)


class Observation(Protocol):
    """A linear operator A of fields [..., ny, nx], and how far its values may be trusted.

    Attributes:
        std: standard deviation of the observed values, standardised.
        gamma: variance of x0_hat on the way, where it is not yet the field, over s^2.
        share: largest eigenvalue of A A^T: how much of that variance is left in an observed value.
    """

    @property
    def std(self) -> float: ...  # noqa: D102
    @property
    def gamma(self) -> float: ...  # noqa: D102
    @property
    def share(self) -> float: ...  # noqa: D102

    def of(self, x: Any) -> Any:
        """A x."""

    def adjoint(self, r: Any) -> Any:
        """A^T r, [..., ny, nx]."""

    def observed(self, x0: Array, known: NDArray[np.bool_]) -> Array:
        """A x_0 of a field [ny, nx], NaN where a pixel that it needs is not known.

        Raises:
            UserError: if the operator does not fit the field, or nothing is observed.
        """


Std = Annotated[float, Range(1e-3, 10.0, log=True), "error of what is observed, in standard deviations of the field"]
Gamma = Annotated[
    float, Range(1e-3, 10.0, log=True), "variance of x̂₀ over s²: less leads harder; far below 1 a run can run away"
]


@dataclass(frozen=True)
class KnownPixels:
    """A x = x where the field is known."""

    std: Std = 0.05
    gamma: Gamma = 1.0
    title: ClassVar[str] = "known pixels"

    @property
    def share(self) -> float:
        """Largest eigenvalue of A A^T: 1."""
        return 1.0

    def of(self, x: Any) -> Any:
        """A x = x."""
        return x

    def adjoint(self, r: Any) -> Any:
        """A^T r = r."""
        return r

    def observed(self, x0: Array, known: NDArray[np.bool_]) -> Array:
        """x_0 where it is known, NaN elsewhere."""
        if not known.any():
            raise UserError("No pixel of the region is known.", "Hide less of it, or move the region.")
        return np.where(known, x0, np.nan)


@dataclass(frozen=True)
class BlockMean:
    """A x: the mean over blocks of size x size pixels, in standardised units."""

    size: Annotated[int, Range(2, 128), "pixels along the side of a block"] = 8
    std: Std = 0.05
    gamma: Gamma = 1.0
    title: ClassVar[str] = "block means"

    @property
    def share(self) -> float:
        """Largest eigenvalue of A A^T: 1/size^2."""
        return 1 / self.size**2

    def of(self, x: Any) -> Any:
        """A x [..., ny/size, nx/size]: the mean of every block."""
        *outer, ny, nx = x.shape
        return x.reshape(*outer, ny // self.size, self.size, nx // self.size, self.size).mean((-3, -1))

    def adjoint(self, r: Any) -> Any:
        """A^T r [..., ny, nx]: every value over its block, divided by size^2."""
        ones = np.full((1,) * (r.ndim - 2) + (self.size, self.size), 1 / self.size**2)
        return namespace(r).kron(r, cast_like(ones, r))

    def observed(self, x0: Array, known: NDArray[np.bool_]) -> Array:
        """Block means of x_0; NaN for a block with a pixel that is not known."""
        if any(n % self.size for n in x0.shape):
            raise UserError(
                f"The region's {x0.shape[0]} x {x0.shape[1]} pixels cannot be divided into blocks of {self.size}.",
                "Choose a size that divides both.",
            )
        means: Array = self.of(np.where(known, x0, np.nan))
        if np.isnan(means).all():
            raise UserError("Every block has a pixel that is not known.", "Choose smaller blocks, or hide less.")
        return means


OBSERVATIONS: dict[str, type[KnownPixels] | type[BlockMean]] = {"known": KnownPixels, "blocks": BlockMean}
"""What a run can be guided by; parameters are declared as those of samplers are."""


class Guided(Wrapper):
    """D' = D + s^2 grad_y ln N(obs; A D(y, s), std^2 + g s^2): any denoiser with a vjp, led by an observation.

    The gradient is J^T A^T (obs - A D)/(std^2 + g s^2), J the Jacobian of D [Rozet & Louppe 2023, arXiv 2306.10574, eq.
    16]. Two things differ from theirs: their g is gamma itself, whatever A is, here g = gamma share, share the largest
    eigenvalue of A A^T (1 for known pixels, 1/size^2 for block means), so that one gamma means the same for every A;
    and they take 0.01 and correct every step by Langevin dynamics, which is not done here. Without that, known pixels
    run away at 0.01 on a Gaussian field and at 0.3 on `rain64`; 1, the default, holds on both, and 0.3 leads formulas
    nearer to what is observed.
    """

    def __init__(
        self, inner: Any, observation: Observation, observed: Array, region: tuple[int, int] | None = None
    ) -> None:
        """A guided `inner`; `observed` has the shape of A x, NaN where there is nothing.

        With `region` (ny, nx) only so many of the first rows and columns of y are observed.
        """
        super().__init__(inner)
        self._observation, self._region = observation, region
        self._there, self._observed = ~np.isnan(observed), np.nan_to_num(observed)
        self._cast: dict[Any, tuple[Any, Any]] = {}

    def __call__(self, y: Any, s: float) -> Any:
        """D' of y [members, channels, ny, nx]."""
        x0_hat, back = pulled(self.inner, y, s)
        there, observed = self._like(y)
        size = x0_hat.shape[-2:]
        r = (observed - self._observation.of(corner(x0_hat, *(self._region or size)))) * there
        variance = self._observation.std**2 + self._observation.gamma * self._observation.share * s * s
        return x0_hat + (s * s / variance) * back(surrounded(self._observation.adjoint(r), *size))

    def embedded(self, circular: bool) -> Any:
        """Guided in its region, its prior on a larger torus; see `embedded` of this module."""
        inner = embedded(self.inner, circular)
        if inner is self.inner:
            return self
        observed = np.where(self._there, self._observed, np.nan)
        return Guided(inner, self._observation, observed, self.inner.shape[1:])

    def _like(self, y: Any) -> tuple[Any, Any]:
        """Where there is something (1 or 0), and what, as arrays or tensors like y; converted once."""
        key = (y.dtype, str(getattr(y, "device", "")))
        if key not in self._cast:
            self._cast[key] = cast_like(self._there, y), cast_like(self._observed, y)
        return self._cast[key]


def pulled(denoise: Any, y: Any, s: float) -> tuple[Any, Callable[[Any], Any]]:
    """x0_hat, and v -> v^T J there; a network goes back through the very call that gave x0_hat."""
    if (pullback := getattr(denoise, "pullback", None)) is not None:
        result: tuple[Any, Callable[[Any], Any]] = pullback(y, s)
        return result
    return denoise(y, s), partial(denoise.vjp, y, s)


class Mixed(Wrapper):
    """eps = eps_u + w (eps_c - eps_u), that is x0_hat = x0_u + w (x0_c - x0_u) [Ho & Salimans 2022, arXiv 2207.12598].

    w = 1 is the plain conditional model, 0 the unconditional one; the paper's own weight is w - 1. What is done to a
    finished field, and the variance of a step, are the conditional model's.
    """

    def __init__(self, conditional: Any, unconditional: Any, weight: float) -> None:
        super().__init__(conditional)
        self._other, self._weight = unconditional, weight
        other: tuple[float, float] = getattr(unconditional, "noise_range", (0.0, math.inf))
        self.noise_range = max(self.noise_range[0], other[0]), min(self.noise_range[1], other[1])
        self.calls += 1

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""
        return self._between(self._other(y, s), self.inner(y, s))

    def _between(self, u: Any, c: Any) -> Any:
        return u + self._weight * (c - u)

    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v^T J, mixed as x0_hat is."""
        return self._between(self._other.vjp(y, s, v), self.inner.vjp(y, s, v))

    def pullback(self, y: Any, s: float) -> tuple[Any, Callable[[Any], Any]]:
        """x0_hat, and v -> v^T J there."""
        (u, back_u), (c, back_c) = pulled(self._other, y, s), pulled(self.inner, y, s)
        return self._between(u, c), lambda v: self._between(back_u(v), back_c(v))


class Clipped(Wrapper):
    """x0_hat held between two limits, in the model's standardised units; None where there is none."""

    def __init__(self, inner: Any, low: float | None, high: float | None) -> None:
        super().__init__(inner)
        self.limits = low, high

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""
        x0_hat = self.inner(y, s)
        return namespace(x0_hat).clip(x0_hat, *self.limits)

    def embedded(self, circular: bool) -> Any:
        """Limited, its prior on a larger torus; see `embedded` of this module."""
        inner = embedded(self.inner, circular)
        return self if inner is self.inner else Clipped(inner, *self.limits)


def embedded(denoise: Any, circular: bool = False) -> Any:
    """What restores a region of which pixels are observed: the prior on a larger torus, whose rest is unknown.

    A Gaussian prior is periodic, and on a torus of the size of the region a gap at one edge would be filled from the
    other (`Gaussian.embedded`). All other denoisers stay as they are, as nothing in them wraps: the crops of `data` and
    `local` end at the edges of the region, and so do the windows of `local`; a network pads with zeros, or wraps from
    left to right if it was trained so; what the user's own does is the user's.

    Args:
        denoise: any denoiser.
        circular: whether the left and right edges of the region do meet.
    """
    wider = getattr(denoise, "embedded", None)
    return denoise if wider is None else wider(circular)


def standardised_limits(transform: Transform, limits: Limits) -> Limits:
    """Limits in physical units through the transform, as Python floats.

    Raises:
        UserError: if the lower one is not below the upper one, or the transform is not defined there.
    """
    low, high = limits
    if low is not None and high is not None and not low < high:
        raise UserError(
            f"The lower limit {low:g} is not below the upper one, {high:g}.", "Exchange them, or leave one out."
        )
    for limit in limits:
        if limit is not None:
            check_least(transform.key, limit, "A limit")
    return tuple(None if limit is None else float(transform(limit)) for limit in limits)  # type: ignore[return-value]
