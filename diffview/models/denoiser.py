"""The denoiser, which every model is reduced to, and the base class of formulas."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.forward.noise import cast_like
from diffview.reverse.parametrisations import score_from_x0

Array = NDArray[np.float32]


class Denoiser(Protocol):
    """A function denoise(y, s) -> x0_hat, which every model is reduced to.

    A model may have further methods: `vjp(y, s, v)`, `divergence(y, s)`, `variance(y, s)`, `score(y, s)` (see
    `Formula`), and `variance_fraction(y, s)` of a network that learned it; see `models.capabilities`.

    Attributes:
        kind: "posterior mean", or "consistency" for a model that jumps along the probability-flow ODE.
        noise_range: smallest and largest s that the model is made for.
        shape: (channels, ny, nx) or (channels, frames, ny, nx) it is fitted to, or None for any size.
    """

    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def noise_range(self) -> tuple[float, float]: ...  # noqa: D102
    @property
    def shape(self) -> tuple[int, ...] | None: ...  # noqa: D102

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y at the noise level s."""


@dataclass(eq=False)
class Formula(ABC):
    """A denoiser in closed form: its derivatives are closed forms too, on arrays and tensors alike, for s > 0.

    With J = d x0_hat/dy the Jacobian, of which an exact posterior mean has J = Cov[x_0 | y]/s^2, symmetric (Tweedie's
    formula, second order): `vjp` is v^T J, `variance` s^2 diag J, `divergence` trace J.
    """

    kind: ClassVar[str] = "posterior mean"
    noise_range: ClassVar[tuple[float, float]] = (0.0, math.inf)
    _cast: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @abstractmethod
    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""

    @abstractmethod
    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v^T J at y, [members, channels, ny, nx] as y and v are."""

    @abstractmethod
    def variance(self, y: Any, s: float) -> Any:
        """Var[x_0 | y] of every pixel, [members, channels, ny, nx]."""

    def divergence(self, y: Any, s: float) -> Any:
        """trace J at y, [members]."""
        return self.variance(y, s).reshape(len(y), -1).sum(-1) / (s * s)

    def score(self, y: Any, s: float) -> Any:
        """grad_y ln p_s(y) = (x0_hat - y)/s^2, [members, channels, ny, nx]."""
        return score_from_x0(y, self(y, s), s)

    def _like(self, name: Any, values: NDArray[Any] | Callable[[], NDArray[Any]], y: Any) -> Any:
        """A constant, or what makes it, as an array or tensor like y: once per kind, dtype and device."""
        key = (name, y.dtype, str(getattr(y, "device", "")))
        if key not in self._cast:
            self._cast[key] = cast_like(values() if callable(values) else values, y)
        return self._cast[key]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_cast": {}}
