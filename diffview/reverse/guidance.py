"""Wrappers of denoisers: guidance by observations, classifier-free mixing, clipping. Each is a denoiser itself.

They change x0_hat; eps_hat is (y - x0_hat)/s of the changed one, because samplers derive it so. What the model inside
offers beside x0_hat is kept where it still holds.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.fields.transforms import Transform, check_least
from diffview.forward.noise import cast_like
from diffview.params import Range
from diffview.reverse.operators import Blocks, Observations, Observed, Operator, Pixels
from diffview.reverse.samplers import POSTERIOR_MEAN
from diffview.reverse.solvers import SDA, Misfit, Solver

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


class Observation(Operator, Protocol):
    """An operator, and how far its values may be trusted.

    Attributes:
        std: standard deviation of the observed values, standardised.
        gamma: variance of x0_hat on the way, where it is not yet the field, over s^2.
    """

    @property
    def std(self) -> float: ...  # noqa: D102
    @property
    def gamma(self) -> float: ...  # noqa: D102


Std = Annotated[float, Range(1e-3, 10.0, log=True), "error of what is observed, in standard deviations of the field"]
Gamma = Annotated[
    float, Range(1e-3, 10.0, log=True), "variance of x̂₀ over s²: less leads harder; far below 1 a run can run away"
]


@dataclass(frozen=True)
class KnownPixels(Pixels):
    """A x = x where the field is known."""

    std: Std = 0.05
    gamma: Gamma = 1.0


@dataclass(frozen=True)
class BlockMean(Blocks):
    """A x: the mean over blocks of size x size pixels, in standardised units."""

    std: Std = 0.05
    gamma: Gamma = 1.0


OBSERVATIONS: dict[str, type[KnownPixels] | type[BlockMean]] = {"known": KnownPixels, "blocks": BlockMean}
"""What a run can be guided by alone, by SDA; see `operators.OPERATORS` for several at once."""


@dataclass(frozen=True, eq=False)
class Led:
    """How observations lead a run.

    Attributes:
        seen: what is observed.
        solver: what is made of it.
        strength: factor of what it adds to x0_hat; 1 is the solver's own.
        interval: noise levels between which it does.
        levels: of the run, where the solver asks for them.
    """

    seen: Observations
    solver: Solver
    strength: float = 1.0
    interval: tuple[float, float] = (0.0, math.inf)
    levels: tuple[float, ...] = ()

    @classmethod
    def by(cls, observation: Observation, observed: Array) -> "Led":
        """By one observation alone; `observed` has the shape of A x, NaN where there is nothing."""
        blocks = getattr(observation, "size", 1)
        field = observed.shape[0] * blocks, observed.shape[1] * blocks
        return cls(Observations([Observed(observation, observed, observation.std)], field), SDA(observation.gamma))

    def seeing(self, x0: Array, known: NDArray[np.bool_]) -> "Led":
        """The same instruments before another field [ny, nx]."""
        parts = [replace(part, values=part.operator.observed(x0, known)) for part in self.seen.parts]
        return replace(self, seen=Observations(parts, self.seen.field))

    def below(self, s: float) -> float:
        """The level that a step from s goes to."""
        return next((level for level in self.levels if level < s * (1 - 1e-9)), 0.0)


class Guided(Wrapper):
    """D' = D + strength times what a solver makes of observations; any denoiser with a vjp, see `solvers`.

    Only at noise levels inside the interval: at high ones the observations say little of x_0, at the lowest little is
    left to say [Kynkaanniemi et al. 2024, arXiv 2404.07724, of the condition's weight].
    """

    def __init__(self, inner: Any, led: Led) -> None:
        super().__init__(inner)
        self.led = led
        self._cast: dict[Any, Any] = {}

    def __call__(self, y: Any, s: float) -> Any:
        """D' of y [members, channels, ny, nx]."""
        led = self.led
        if not (led.interval[0] <= s <= led.interval[1] and led.strength):
            return self.inner(y, s)
        x0_hat, back = pulled(self.inner, y, s)
        r = self._like(y) - led.seen.of(x0_hat)
        change = led.solver(Misfit(led.seen, y, s, r, back, self.inner, led.below(s)))
        return x0_hat + (change if led.strength == 1 else led.strength * change)

    def embedded(self, circular: bool) -> Any:
        """Guided in its region, its prior on a larger torus; see `embedded` of this module."""
        inner = embedded(self.inner, circular)
        return self if inner is self.inner else Guided(inner, self.led)

    def _like(self, y: Any) -> Any:
        """What is observed, as an array or tensor like y; converted once."""
        key = (y.dtype, str(getattr(y, "device", "")))
        if key not in self._cast:
            self._cast[key] = cast_like(self.led.seen.values, y)
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
