"""What networks predict and what they are told, reduced to the posterior mean x0_hat(y, s), in one place.

A network sees x = alpha y and a time, and predicts one of PREDICTIONS. Which time means the noise level s is said by
`TableTimes`, the training steps of a chain of betas, `FlowTimes`, a straight line between data and noise, or
`LevelTimes`, where it is told s itself. So any network takes any noise level, and any schedule runs it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import hypot
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.forward.schedule import S_CAP

Array = NDArray[np.float64]


def x0_from_eps(x: Any, eps: Any, alpha: float, sigma: float) -> Any:
    """x0 = (x - sigma eps)/alpha."""
    return (x - sigma * eps) / alpha


def eps_from_x0(x: Any, x0: Any, alpha: float, sigma: float) -> Any:
    """eps = (x - alpha x0)/sigma."""
    return (x - alpha * x0) / sigma


def v_from_x0_eps(x0: Any, eps: Any, alpha: float, sigma: float) -> Any:
    """v = alpha eps - sigma x0 [Salimans & Ho 2022, arXiv 2202.00512]."""
    return alpha * eps - sigma * x0


def x0_from_v(x: Any, v: Any, alpha: float, sigma: float) -> Any:
    """x0 = (alpha x - sigma v)/(alpha^2 + sigma^2)."""
    return (alpha * x - sigma * v) / (alpha**2 + sigma**2)


def flow_from_x0_eps(x0: Any, eps: Any) -> Any:
    """u = eps - x0, the velocity of x_t = (1 - t) x0 + t eps [Lipman et al. 2023, arXiv 2210.02747]."""
    return eps - x0


def x0_from_flow(x: Any, u: Any, alpha: float, sigma: float) -> Any:
    """x0 = (x - sigma u)/(alpha + sigma), with alpha + sigma = 1 of flow matching: x - t u."""
    return (x - sigma * u) / (alpha + sigma)


def score_from_x0(y: Any, x0_hat: Any, s: float) -> Any:
    """grad_y ln p(y) = (x0_hat - y)/s^2 (Tweedie's formula)."""
    return (x0_hat - y) / s**2


PREDICTIONS: dict[str, Callable[[Any, Any, float, float], Any]] = {
    "epsilon": x0_from_eps,
    "sample": lambda x, out, alpha, sigma: out,
    "v_prediction": x0_from_v,
    "flow": x0_from_flow,
}
"""x0_hat from x = alpha x_0 + sigma eps, a network's output, alpha and sigma; named as diffusers names them."""

Coefficients = tuple[float, float, float, float]


def edm_coefficients(s: float, sd: float, low: float) -> Coefficients:
    """c_skip, c_out, c_in and c_noise of EDM [Karras et al. 2022, arXiv 2206.00364, table 1]."""
    return sd**2 / (s**2 + sd**2), s * sd / hypot(s, sd), 1 / hypot(s, sd), math.log(s) / 4


def edm_v_coefficients(s: float, sd: float, low: float) -> Coefficients:
    """The same with v = -F, as diffusers has it."""
    c_skip, c_out, c_in, c_noise = edm_coefficients(s, sd, low)
    return c_skip, -c_out, c_in, c_noise


def consistency_coefficients(s: float, sd: float, low: float) -> Coefficients:
    """Those with f(y, low) = y, times in thousandths [Song et al. 2023, arXiv 2303.01469, appendix C]."""
    return sd**2 / ((s - low) ** 2 + sd**2), (s - low) * sd / hypot(s, sd), 1 / hypot(s, sd), 250 * math.log(s)


def score_coefficients(s: float, sd: float, low: float) -> Coefficients:
    """Those of F = -eps/s, the score of variance exploding [Song et al. 2021, arXiv 2011.13456]."""
    return 1.0, s**2, 1.0, s


PRECONDITIONS: dict[str, Callable[[float, float, float], Coefficients]] = {
    "edm": edm_coefficients,
    "edm_v": edm_v_coefficients,
    "consistency": consistency_coefficients,
    "score": score_coefficients,
}
"""x0_hat = c_skip y + c_out F(c_in y, c_noise), from s, the standard deviation sd of the data and the least level."""

SNAP = 1e-6
"""A time nearer than this to a whole one is that: the table is looked up in floating point."""


class Times(ABC):
    """Where a network has been trained, and what it was told there."""

    @property
    @abstractmethod
    def noise_range(self) -> tuple[float, float]:
        """Least and greatest s of its training."""

    @abstractmethod
    def at(self, s: float) -> tuple[float, float, float]:
        """alpha and sigma of what the network sees at the noise level s, and the time it is told."""

    def x0_hat(self, prediction: str, y: Any, out: Any, s: float) -> Any:
        """x0_hat from y and what the network made of alpha y at the noise level s."""
        alpha, sigma, _ = self.at(s)
        return PREDICTIONS[prediction](alpha * y, out, alpha, sigma)


@dataclass(frozen=True, eq=False)
class TableTimes(Times):
    """The training steps 0, ..., T - 1 of a variance-preserving chain with the given alpha_bar.

    Between two steps the time is linear in ln s; within 1e-6 of a whole number it is that; beyond either end it is
    held, and `noise_range` says where that is. A last step without any signal (alpha_bar = 0) counts as the level
    max(1e4, 10 x the largest finite one), as a walk starts there.

    Attributes:
        alpha_bar: of every step, falling, float64 [T].
    """

    alpha_bar: Array

    def __post_init__(self) -> None:
        table = np.asarray(self.alpha_bar, dtype=np.float64)
        falls = table.ndim == 1 and len(table) >= 1 and bool((np.diff(table) < 0).all())
        if not (falls and table[0] < 1 and table[-1] >= 0 and (len(table) > 1 or table[0] > 0)):
            raise UserError(
                "A table of alpha_bar must fall from below 1 to at least 0.", "Take that of the network's own training."
            )
        object.__setattr__(self, "alpha_bar", table)

    @cached_property
    def _log_s(self) -> Array:
        with np.errstate(divide="ignore"):
            log_s = 0.5 * (np.log1p(-self.alpha_bar) - np.log(self.alpha_bar))
        if np.isinf(log_s[-1]):
            log_s[-1] = max(math.log(S_CAP), log_s[-2] + math.log(10))
        return log_s

    @property
    def noise_range(self) -> tuple[float, float]:
        """s of the first and the last training step."""
        return math.exp(self._log_s[0]), math.exp(self._log_s[-1])

    def time_of(self, s: float) -> float:
        """The (fractional) training step with the noise level s."""
        log_s = self._log_s
        t = float(np.interp(math.log(max(s, 1e-300)), log_s, np.arange(len(log_s))))
        return float(round(t)) if abs(t - round(t)) < SNAP else t

    def at(self, s: float) -> tuple[float, float, float]:
        """alpha = 1/sqrt(1 + s^2), sigma = s alpha, and the training step."""
        alpha = 1 / math.sqrt(1 + s * s)
        return alpha, s * alpha, self.time_of(s)


@dataclass(frozen=True)
class FlowTimes(Times):
    """Times of a straight line between data and noise: t = s/(1 + s), told as `scale` t.

    Attributes:
        scale: what the network is told at t = 1; 1000 in diffusers.
    """

    scale: float = 1.0

    @property
    def noise_range(self) -> tuple[float, float]:
        """t from 1/1000 on, up to where a walk starts."""
        return 1 / 999, S_CAP

    def at(self, s: float) -> tuple[float, float, float]:
        """alpha = 1 - t, sigma = t, and the time."""
        t = s / (1 + s)
        return 1 / (1 + s), t, self.scale * t


@dataclass(frozen=True)
class LevelTimes(Times):
    """Noise levels that are told themselves, by a rule of PRECONDITIONS, which the network's prediction names.

    Attributes:
        rule: its key.
        low, high: least and greatest s of its training.
        sigma_data: standard deviation of the data.
    """

    rule: str
    low: float
    high: float
    sigma_data: float = 0.5

    @property
    def noise_range(self) -> tuple[float, float]:
        """From low to high."""
        return self.low, self.high

    def _coefficients(self, s: float) -> tuple[float, float, float, float]:
        return PRECONDITIONS[self.rule](max(s, self.low), self.sigma_data, self.low)

    def at(self, s: float) -> tuple[float, float, float]:
        """alpha = c_in, sigma = s alpha, and c_noise; below the least level as there."""
        _, _, c_in, c_noise = self._coefficients(s)
        return c_in, s * c_in, c_noise

    def x0_hat(self, prediction: str, y: Any, out: Any, s: float) -> Any:
        """c_skip y + c_out F."""
        c_skip, c_out, _, _ = self._coefficients(s)
        return c_skip * y + c_out * out


@dataclass(frozen=True)
class Threshold:
    """x0_hat held between -reach and reach, as schedulers of images do, whose fields lie between -1 and 1.

    With a quantile q it is dynamic thresholding [Saharia et al. 2022, arXiv 2205.11487, section 2.3]: c is the quantile
    q of a member's |x0_hat|, but at least 1 and at most `reach`; x0_hat is held between -c and c and divided by c.

    Attributes:
        reach, quantile: as above; quantile 0 is plain clipping.
    """

    reach: float = 1.0
    quantile: float = 0.0

    def __call__(self, x0_hat: Any) -> Any:
        """x0_hat [members, channels, ny, nx], held."""
        numbers = namespace(x0_hat)
        if not self.quantile:
            return numbers.clip(x0_hat, -self.reach, self.reach)
        sizes = numbers.quantile(abs(x0_hat).reshape(len(x0_hat), -1), self.quantile, 1)
        c = numbers.clip(sizes, 1.0, self.reach).reshape(-1, 1, 1, 1)
        return numbers.clip(x0_hat, -c, c) / c

    @property
    def words(self) -> str:
        """For people."""
        if not self.quantile:
            return f"x\u0302\u2080 is held to ±{self.reach:g}"
        return f"x\u0302\u2080 is held to its {self.quantile:g} quantile, at most {self.reach:g}, and divided by it"


@dataclass(frozen=True, eq=False)
class Adapted:
    """A network `network(x, time) -> prediction` as a denoiser, on whatever arrays it works.

    Attributes:
        network: called with x = alpha y [members, channels, ny, nx] and a Python float.
        prediction: key of PREDICTIONS, or of PRECONDITIONS with LevelTimes.
        times: what it was trained on.
        shape: (channels, ny, nx), or None for any size.
        learned_variance: its output has a second half of channels, v in about [-1, 1], that says where the log variance
            of a reverse step lies between its limits: f = (v + 1)/2 [Nichol & Dhariwal 2021, eq. 15].
        limits: x0_hat is held between these; eps_hat follows from what is held, as samplers derive it.
    """

    network: Callable[[Any, float], Any]
    prediction: str
    times: Times
    shape: tuple[int, int, int] | None = None
    learned_variance: bool = False
    limits: Threshold | None = None
    kind: ClassVar[str] = "posterior mean"

    def __post_init__(self) -> None:
        if self.prediction not in (PRECONDITIONS if isinstance(self.times, LevelTimes) else PREDICTIONS):
            raise UserError(
                f"A network that predicts {self.prediction!r} is unknown here.", f"Known are {', '.join(PREDICTIONS)}."
            )
        if self.prediction == "epsilon" and isinstance(self.times, TableTimes) and self.times.alpha_bar[-1] == 0:
            raise UserError(
                "A network that predicts the noise cannot be used where no signal is left: x says nothing of x_0 "
                "there, and x_0 = (x - sigma eps)/alpha divides by 0.",
                "Such a schedule needs a network that predicts v_prediction or sample.",
            )

    @property
    def noise_range(self) -> tuple[float, float]:
        """Least and greatest s of its training."""
        return self.times.noise_range

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""
        alpha, _, time = self.times.at(s)
        out = self.network(alpha * y, time)
        if self.learned_variance:
            out = out[:, : y.shape[1]]
        x0_hat = self.times.x0_hat(self.prediction, y, out, s)
        return x0_hat if self.limits is None else self.limits(x0_hat)

    def variance_fraction(self, y: Any, s: float) -> Any:
        """f = (v + 1)/2 of every pixel, where a reverse step's log variance lies between its limits; None without."""
        if not self.learned_variance:
            return None
        alpha, _, time = self.times.at(s)
        return (self.network(alpha * y, time)[:, y.shape[1] :] + 1) / 2


def adapt(
    network: Callable[[Any, float], Any], prediction: str, alpha_bar: ArrayLike | None = None, scale: float = 1.0
) -> Adapted:
    """Your own network as a denoiser, for diffview.show(field, denoiser=adapt(...)).

    Args:
        network: network(x_t, t) -> what it predicts.
        prediction: "epsilon", "sample", "v_prediction" or "flow".
        alpha_bar: of its training steps 0, ..., T - 1; None for times of flow matching.
        scale: of those, what it is told at t = 1.

    Raises:
        UserError: if the prediction is unknown, the table does not fall, or noise is predicted at zero terminal SNR.
    """
    times: Times = FlowTimes(scale) if alpha_bar is None else TableTimes(np.asarray(alpha_bar, dtype=np.float64))
    return Adapted(network, prediction, times)
