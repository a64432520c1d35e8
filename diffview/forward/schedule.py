"""Noise schedules: x_t = alpha_t x_0 + sigma_t eps for t in [0, 1].

A schedule is a value. It is given by its noise level s(t) = sigma_t / alpha_t, strictly rising from s(0) = 0, and
by a form that says how alpha follows from s:

    vp    alpha = 1/sqrt(1 + s^2)   variance preserving: alpha^2 + sigma^2 = 1
    ve    alpha = 1                 variance exploding
    flow  alpha = 1/(1 + s)         straight line between data and noise: alpha + sigma = 1

For every form alpha_bar := 1/(1 + s^2) and beta_i := 1 - alpha_bar_i/alpha_bar_{i-1}, the variance-preserving
equivalent, so that all of them share one axis. t = 0 is x_0, and row i of a chain of T steps is t = i/T.
Presets that the literature gives by their betas are exact at i/chain_steps; between, log_snr is linear in t.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.params import Choice, Range, checked, parameters

Array = NDArray[np.float64]

S_CAP = 1e4
"""Least noise level at which a run starts where alpha reaches 0 (s is infinite there)."""

S_LIMIT = 1e12
"""No table of betas may end at a larger noise level: float64 could not tell its rows apart."""

FORMS: dict[str, Callable[[Array], Array]] = {
    "vp": lambda s: 1 / np.sqrt(1 + s * s),
    "ve": np.ones_like,
    "flow": lambda s: 1 / (1 + s),
}

MOST_STEPS = 100_000
"""Rows of the longest chain."""

ChainSteps = Annotated[
    int, Range(1, MOST_STEPS, log=True), "number of betas; fewer of the same betas leave more signal"
]
Beta = Annotated[float, Range(1e-9, 1 - 1e-9, log=True), "variance of the noise added by one step"]
SigmaMin = Annotated[float, Range(1e-6, 10.0, log=True), "smallest noise level"]
SigmaMax = Annotated[float, Range(1e-3, 1e6, log=True), "largest noise level"]
Form = Annotated[str, Choice(tuple(FORMS)), "how alpha follows from s"]


@dataclass(frozen=True)
class Chain:
    """A schedule at the rows i = 1..T of a chain, float64 [T] each."""

    t: Array
    beta: Array
    alpha_bar: Array
    alpha: Array
    sigma: Array
    log_snr: Array


@dataclass(frozen=True)
class Schedule:
    """Base of all schedules: a subclass gives `noise_level(t)`; everything else follows from it."""

    key: ClassVar[str] = ""
    title: ClassVar[str] = ""
    form: ClassVar[str] = "vp"
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    def __post_init__(self) -> None:
        checked(type(self), {p.name: getattr(self, p.name) for p in parameters(type(self))}, self.key)

    @property
    def parts(self) -> "dict[str, Schedule]":
        """The schedules that this one is made of, by parameter."""
        return {p.name: getattr(self, p.name) for p in parameters(type(self)) if p.type is Schedule}

    @property
    def rows(self) -> int:
        """Rows of the chain that the schedule was written for: its own betas, else 1000."""
        return 1000

    def noise_level(self, t: ArrayLike) -> Array:
        """s(t) = sigma_t/alpha_t; 0 at t = 0, rising; infinite where alpha reaches 0."""
        raise TypeError(f"{type(self).__name__} has no noise_level")

    def scale(self, s: ArrayLike) -> Array:
        """alpha at the noise level s."""
        s = np.asarray(s, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            return np.asarray(FORMS[self.form](s), dtype=np.float64)

    def __call__(self, t: ArrayLike) -> tuple[Array, Array]:
        """(alpha_t, sigma_t), float64, of the shape of t."""
        s = self.noise_level(t)
        alpha = self.scale(s)
        with np.errstate(invalid="ignore"):
            sigma = np.where(np.isinf(s), 1.0, alpha * s)
        return alpha, sigma

    def log_snr(self, t: ArrayLike) -> Array:
        """ln(alpha_t^2/sigma_t^2) = -2 ln s, strictly falling; infinite at t = 0."""
        with np.errstate(divide="ignore"):
            return np.asarray(-2 * np.log(self.noise_level(t)))

    def alpha_bar(self, t: ArrayLike) -> Array:
        """1/(1 + s^2), 1 at t = 0."""
        return np.asarray(1 / (1 + self.noise_level(t) ** 2))

    def t_of(self, s: ArrayLike) -> Array:
        """The t at which the noise level is s, in [0, 1]; the nearest end for an s that is never reached.

        It is the first of the t whose noise level rounds to s: many, where the schedule is flat. Where it is steep,
        s(t_of(s)) differs from s by no more than s does between neighbouring floats of t.
        """
        s = np.asarray(s, dtype=np.float64)
        low, width = np.zeros_like(s), 1.0
        if not s.size:
            return low
        while s.size <= FEW and width > 2.0**-48:  # a call for few values takes as long for fifteen times as many
            inner = low[..., None] + width * SIXTEENTHS
            width /= 16
            low = low + width * (self.noise_level(inner) < s[..., None]).sum(axis=-1)
        high = low + width
        while width > 2.0**-54:  # halvings down to the last bit of a float64
            width /= 2
            middle = (low + high) / 2
            below = self.noise_level(middle) < s
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return np.where(s <= 0, 0.0, np.where(s >= self.noise_level(1.0), 1.0, high))

    def discrete(self, steps: int) -> Chain:
        """The chain of T = `steps` rows, t = i/T for i = 1..T.

        Raises:
            UserError: if `steps` is below 1.
        """
        if steps < 1:
            raise UserError(f"A chain of T = {steps} steps has no rows.", "T must be 1 or more.")
        t = np.arange(1, steps + 1) / steps
        s = self.noise_level(t)
        return Chain(t, betas_of(s), 1 / (1 + s * s), *self(t), self.log_snr(t))

    @cached_property
    def s_max(self) -> float:
        """Noise level at which a run starts: s(1), or max(1e4, 10 times the largest finite level of T = 1000)."""
        s = self.noise_level(np.linspace(0, 1, 1001))
        finite = s[np.isfinite(s)]
        return float(s[-1]) if len(finite) == len(s) else max(S_CAP, 10 * float(finite[-1]))

    @cached_property
    def s_min(self) -> float:
        """Smallest noise level above 0: a schedule's sigma_min if it has one, else row 1 of the chain of T = 1000."""
        return float(getattr(self, "sigma_min", self.noise_level(1e-3)))


FEW = 64
"""Values up to which an inverse is searched by sixteenths first."""

SIXTEENTHS = np.arange(1, 16) / 16


def betas_of(s: Array) -> Array:
    """beta_i = (s_i^2 - s_{i-1}^2)/(1 + s_i^2) with s_0 = 0: 1 - alpha_bar_i/alpha_bar_{i-1} without cancellation."""
    v = s * s
    with np.errstate(invalid="ignore"):
        beta = np.diff(v, prepend=0.0) / (1 + v)
    return np.asarray(np.where(np.isinf(v), 1.0, beta))


@dataclass(frozen=True)
class Table(Schedule):
    """A schedule given by its betas at the rows i/T of one chain; log_snr linear in t between.

    Before the first row s^2 is linear in t, and before a last row without signal alpha falls linearly to 0.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        finite = self._log_snr_table[np.isfinite(self._log_snr_table)]
        if -finite.min(initial=0.0) / 2 > np.log(S_LIMIT):
            raise UserError(
                f"{self.key}: {len(self._log_snr_table)} such betas end at a noise level above {S_LIMIT:g}.",
                "Take smaller betas or fewer chain_steps.",
            )

    @property
    def rows(self) -> int:
        """How many betas there are."""
        return len(self._log_snr_table)

    def discrete(self, steps: int) -> Chain:
        """As of every schedule, but the table's own rows are given back to the last bit."""
        chain = super().discrete(steps)
        return replace(chain, beta=self.betas(), log_snr=self._log_snr_table) if steps == self.rows else chain

    def betas(self) -> Array:
        """beta_1..beta_T of the table."""
        raise TypeError(f"{type(self).__name__} has no betas")

    @cached_property
    def _log_snr_table(self) -> Array:
        with np.errstate(divide="ignore"):  # where the last beta is 1
            log_alpha_bar = np.cumsum(np.log1p(-self.betas()))
            return np.asarray(log_alpha_bar - np.log(-np.expm1(log_alpha_bar)))

    def noise_level(self, t: ArrayLike) -> Array:
        """exp(-log_snr/2) from the table."""
        t, table = np.asarray(t, dtype=np.float64), self._log_snr_table
        row, last = t * len(table), len(table) - 1
        if np.isfinite(table[-1]):
            log_snr = np.interp(row, np.arange(1, len(table) + 1), table)
            return np.asarray(np.where(row < 1, np.sqrt(row.clip(0, 1)), 1.0) * np.exp(-log_snr / 2))
        log_snr = np.interp(row, np.arange(1, last + 1), table[:-1])
        s = np.where(row < 1, np.sqrt(row.clip(0, 1)), 1.0) * np.exp(-log_snr / 2)
        share = (row - last).clip(0, 1)  # of the way from the last row with signal to the one without
        with np.errstate(divide="ignore"):
            # alpha = (1 - share)/sqrt(1 + v): s^2 = (v + share (2 - share))/(1 - share)^2, without cancellation
            return np.asarray(np.where(share > 0, np.sqrt(s * s + share * (2 - share)) / (1 - share), s))

    def t_of(self, s: ArrayLike) -> Array:
        """The t at which the noise level is s, by the inverse of the table."""
        table = self._log_snr_table
        if np.isinf(table[-1]):
            return super().t_of(s)
        s = np.asarray(s, dtype=np.float64)
        first = np.exp(-table[0] / 2)
        with np.errstate(divide="ignore"):
            row = np.interp(2 * np.log(s), -table, np.arange(1, len(table) + 1))
        return np.asarray(np.where(s < first, (s / first).clip(0) ** 2, row) / len(table))
