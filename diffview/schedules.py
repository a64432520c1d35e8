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

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.params import Choice, Range, checked, parameters

Array = NDArray[np.float64]

S_CAP = 1e4
"""Least noise level at which a walk starts where alpha reaches 0 (its own is infinite)."""

S_LIMIT = 1e12
"""No table of betas may end at a larger noise level: float64 could not tell its rows apart."""

FORMS: dict[str, Callable[[Array], Array]] = {
    "vp": lambda s: 1 / np.sqrt(1 + s * s),
    "ve": np.ones_like,
    "flow": lambda s: 1 / (1 + s),
}

ChainSteps = Annotated[int, Range(1, 100_000, log=True), "number of betas; fewer of the same betas leave more signal"]
Beta = Annotated[float, Range(1e-9, 1 - 1e-9, log=True), "variance of the noise added by one step"]
SigmaMin = Annotated[float, Range(1e-6, 10.0, log=True), "smallest noise level"]
SigmaMax = Annotated[float, Range(1e-3, 1e6, log=True), "largest noise level"]


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
    source: ClassVar[str] = ""

    def __post_init__(self) -> None:
        checked(type(self), {p.name: getattr(self, p.name) for p in parameters(type(self))}, self.key)

    def noise_level(self, t: ArrayLike) -> Array:
        """s(t) = sigma_t/alpha_t; 0 at t = 0, rising; infinite where alpha reaches 0."""
        raise TypeError(f"{type(self).__name__} does not say what its noise level is")

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
        """The t at which the noise level is s, in [0, 1]; the nearest end for an s that is never reached."""
        s = np.asarray(s, dtype=np.float64)
        low, high = np.zeros_like(s), np.ones_like(s)
        for _ in range(54):  # halvings of [0, 1] down to the last bit of a float64
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
        return Chain(t, _betas(s), 1 / (1 + s * s), *self(t), self.log_snr(t))

    @cached_property
    def s_max(self) -> float:
        """Noise level at which a walk starts: s(1), or max(1e4, 10 times the largest finite level of T = 1000)."""
        s = self.noise_level(np.linspace(0, 1, 1001))
        finite = s[np.isfinite(s)]
        return float(s[-1]) if len(finite) == len(s) else max(S_CAP, 10 * float(finite[-1]))

    @cached_property
    def s_min(self) -> float:
        """Smallest noise level above 0 of the chain of T = 1000."""
        return float(self.noise_level(1e-3))


def _betas(s: Array) -> Array:
    """beta_i = (s_i^2 - s_{i-1}^2)/(1 + s_i^2) with s_0 = 0: 1 - alpha_bar_i/alpha_bar_{i-1} without cancellation."""
    v = s * s
    with np.errstate(invalid="ignore"):
        beta = np.diff(v, prepend=0.0) / (1 + v)
    return np.asarray(np.where(np.isinf(v), 1.0, beta))


@dataclass(frozen=True)
class _Table(Schedule):
    """A schedule given by its betas at i/chain_steps; log_snr linear in t between, s^2 linear in t before the first."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if -self._log_snr_table[-1] / 2 > np.log(S_LIMIT):
            raise UserError(
                f"{self.key}: {len(self._log_snr_table)} such betas end at a noise level above {S_LIMIT:g}.",
                "Take smaller betas or fewer chain_steps.",
            )

    def betas(self) -> Array:
        """beta_1..beta_T of the table."""
        raise TypeError(f"{type(self).__name__} does not say what its betas are")

    @cached_property
    def _log_snr_table(self) -> Array:
        log_alpha_bar = np.cumsum(np.log1p(-self.betas()))
        return np.asarray(log_alpha_bar - np.log(-np.expm1(log_alpha_bar)))

    def noise_level(self, t: ArrayLike) -> Array:
        """exp(-log_snr/2) from the table."""
        t, table = np.asarray(t, dtype=np.float64), self._log_snr_table
        row = t * len(table)
        log_snr = np.interp(row, np.arange(1, len(table) + 1), table)
        return np.asarray(np.where(row < 1, np.sqrt(row.clip(0, 1)), 1.0) * np.exp(-log_snr / 2))

    def t_of(self, s: ArrayLike) -> Array:
        """The t at which the noise level is s, by the inverse of the table."""
        s, table = np.asarray(s, dtype=np.float64), self._log_snr_table
        first = np.exp(-table[0] / 2)
        with np.errstate(divide="ignore"):
            row = np.interp(2 * np.log(s), -table, np.arange(1, len(table) + 1))
        return np.asarray(np.where(s < first, (s / first).clip(0) ** 2, row) / len(table))


@dataclass(frozen=True)
class Linear(_Table):
    """beta rises linearly from beta_start to beta_end [Ho et al. 2020, section 4]."""

    key: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear"
    source: ClassVar[str] = "arXiv 2006.11239"
    beta_start: Beta = 1e-4
    beta_end: Beta = 0.02
    chain_steps: ChainSteps = 1000

    def betas(self) -> Array:
        """linspace(beta_start, beta_end)."""
        return np.linspace(self.beta_start, self.beta_end, self.chain_steps)


@dataclass(frozen=True)
class ScaledLinear(_Table):
    """sqrt(beta) rises linearly [Rombach et al. 2022]; "quadratic" in the code of DDPM, "linear" in CompVis'."""

    key: ClassVar[str] = "scaled_linear"
    title: ClassVar[str] = "Scaled linear"
    source: ClassVar[str] = "arXiv 2112.10752"
    beta_start: Beta = 0.00085
    beta_end: Beta = 0.012
    chain_steps: ChainSteps = 1000

    def betas(self) -> Array:
        """linspace(sqrt(beta_start), sqrt(beta_end))^2."""
        return np.asarray(np.linspace(self.beta_start**0.5, self.beta_end**0.5, self.chain_steps) ** 2)


@dataclass(frozen=True)
class Cosine(_Table):
    """alpha_bar(t) = f(t)/f(0), f(t) = cos^2((t + offset)/(1 + offset) pi/2), with every beta at most max_beta.

    The betas are clipped first and alpha_bar is the product of what is left, so that the chain shown is the chain
    run [Nichol & Dhariwal 2021, eq. 17].
    """

    key: ClassVar[str] = "cosine"
    title: ClassVar[str] = "Cosine"
    source: ClassVar[str] = "arXiv 2102.09672"
    offset: Annotated[float, Range(0.0, 0.1), "keeps the first steps from being too small"] = 0.008
    max_beta: Annotated[float, Range(0.01, 1 - 1e-9), "no beta is larger"] = 0.999
    chain_steps: ChainSteps = 1000

    def betas(self) -> Array:
        """min(1 - f(i/T)/f((i-1)/T), max_beta)."""
        t = np.arange(self.chain_steps + 1) / self.chain_steps
        f = np.cos((t + self.offset) / (1 + self.offset) * np.pi / 2) ** 2
        return np.asarray(np.minimum(1 - f[1:] / f[:-1], self.max_beta))


@dataclass(frozen=True)
class Sigmoid(Schedule):
    """alpha_bar(t) = (S(e/tau) - S((t(e - b) + b)/tau))/(S(e/tau) - S(b/tau)), S logistic [Chen 2023, section 2.2].

    alpha_bar ends at exactly 0. Not to be confused with the sigmoid in beta of GeoDiff.
    """

    key: ClassVar[str] = "sigmoid"
    title: ClassVar[str] = "Sigmoid (Chen)"
    source: ClassVar[str] = "arXiv 2301.10972"
    begin: Annotated[float, Range(-20.0, 0.0), "where on the logistic curve t = 0 lies"] = -3.0
    end: Annotated[float, Range(0.1, 20.0), "where on the logistic curve t = 1 lies"] = 3.0
    tau: Annotated[float, Range(0.05, 10.0), "width of the logistic curve"] = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.end - self.begin > 2 * np.log(S_LIMIT) * self.tau:
            raise UserError(
                f"sigmoid: from {self.begin:g} to {self.end:g} at tau = {self.tau:g}, a step would leave no signal.",
                "Take a larger tau, or begin and end nearer to 0.",
            )

    def noise_level(self, t: ArrayLike) -> Array:
        """sqrt((1 - alpha_bar)/alpha_bar); both are differences of the logistic curve, so neither cancels."""
        t = np.asarray(t, dtype=np.float64)
        begin, end = self.begin / self.tau, self.end / self.tau
        rise, rest = t * (end - begin) / 2, (1 - t) * (end - begin) / 2  # (u - b)/2 and (e - u)/2, exactly 0 at an end
        # S(u) - S(b) = sinh((u - b)/2)/(2 cosh(u/2) cosh(b/2)): the common factor 1/cosh(u/2) drops out of the ratio
        with np.errstate(divide="ignore"):
            ratio = np.sinh(rise) * np.cosh(end / 2) / (np.sinh(rest) * np.cosh(begin / 2))
        return np.asarray(np.sqrt(ratio))


@dataclass(frozen=True)
class VarianceExploding(Schedule):
    """s(t) = sigma_min (sigma_max/sigma_min)^t, alpha = 1 [Song et al. 2021, eq. 9]; s(0) = 0 by definition."""

    key: ClassVar[str] = "ve"
    title: ClassVar[str] = "Variance exploding"
    form: ClassVar[str] = "ve"
    source: ClassVar[str] = "arXiv 2011.13456"
    sigma_min: SigmaMin = 0.01
    sigma_max: SigmaMax = 50.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _rising(self.key, self.sigma_min, self.sigma_max)

    def noise_level(self, t: ArrayLike) -> Array:
        """Geometric in t."""
        t = np.asarray(t, dtype=np.float64)
        return np.where(t > 0, self.sigma_min * (self.sigma_max / self.sigma_min) ** t, 0.0)


@dataclass(frozen=True)
class Edm(Schedule):
    """s(t) = (a + t (b - a))^rho with a, b = sigma_min^(1/rho), sigma_max^(1/rho); alpha = 1.

    [Karras et al. 2022, eq. 5]. s(0) = 0 by definition.
    """

    key: ClassVar[str] = "edm"
    title: ClassVar[str] = "EDM"
    form: ClassVar[str] = "ve"
    source: ClassVar[str] = "arXiv 2206.00364"
    sigma_min: SigmaMin = 0.002
    sigma_max: SigmaMax = 80.0
    rho: Annotated[float, Range(1.0, 20.0), "larger gives more time to small noise"] = 7.0

    def __post_init__(self) -> None:
        super().__post_init__()
        _rising(self.key, self.sigma_min, self.sigma_max)

    def noise_level(self, t: ArrayLike) -> Array:
        """The rho-th power of a straight line."""
        t = np.asarray(t, dtype=np.float64)
        low, high = self.sigma_min ** (1 / self.rho), self.sigma_max ** (1 / self.rho)
        return np.where(t > 0, (low + t * (high - low)) ** self.rho, 0.0)


@dataclass(frozen=True)
class Flow(Schedule):
    """alpha = 1 - t, sigma = t: the straight line of flow matching [Lipman et al. 2023; Liu et al. 2023]."""

    key: ClassVar[str] = "flow"
    title: ClassVar[str] = "Flow"
    form: ClassVar[str] = "flow"
    source: ClassVar[str] = "arXiv 2210.02747"

    def noise_level(self, t: ArrayLike) -> Array:
        """t/(1 - t)."""
        t = np.asarray(t, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return np.asarray(t / (1 - t))


@dataclass(frozen=True, kw_only=True)
class Custom(Schedule):
    """log_snr(t) through knots (t, log_snr), monotone (PCHIP); s^2 linear in t before the first knot.

    Keyword arguments only: `form`, declared by the base, would otherwise come first.

    Args:
        knots: pairs (t, log_snr) with t rising from above 0 to 1 and log_snr falling.
        form: "vp", "ve" or "flow".

    Raises:
        UserError: if the knots do not rise in t, fall in log_snr and end at t = 1.
    """

    key: ClassVar[str] = "custom"
    title: ClassVar[str] = "Custom curve"
    source: ClassVar[str] = "Fritsch & Butland 1984"
    knots: tuple[tuple[float, float], ...] = ((0.02, 5.0), (0.25, 1.0), (0.5, -2.0), (0.75, -6.0), (1.0, -10.0))
    form: Annotated[str, Choice(tuple(FORMS)), "how alpha follows from s"] = "vp"  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            t, log_snr = np.array([(float(a), float(b)) for a, b in self.knots]).T
        except (TypeError, ValueError):
            raise UserError("custom: the knots are not pairs of numbers.", "Give (t, log_snr) pairs.") from None
        fine = len(t) >= 2 and (np.abs(log_snr) < 60).all() and t[0] > 0 and t[-1] == 1
        if not (fine and (np.diff(t) > 0).all() and (np.diff(log_snr) < 0).all()):
            raise UserError(
                "custom: the curve is not monotone.", "t must rise from above 0 to 1 and log_snr must fall all the way."
            )
        object.__setattr__(self, "knots", tuple(zip(t.tolist(), log_snr.tolist(), strict=True)))

    @cached_property
    def _pieces(self) -> tuple[Array, Array]:
        """Knots' t, and the coefficients of the cubic that starts at each of them, highest power first [4, n - 1]."""
        from scipy.interpolate import PchipInterpolator

        curve = PchipInterpolator(*np.array(self.knots).T)
        return curve.x, curve.c

    def _curve(self, t: Array) -> Array:
        """log_snr at t in [first knot, 1]; the window asks for it fifty times an inverse, many times a drag."""
        knots, c = self._pieces
        piece = np.searchsorted(knots[1:-1], t, side="right")
        u, c = t - knots[piece], c[:, piece]
        return np.asarray(((c[0] * u + c[1]) * u + c[2]) * u + c[3])

    def noise_level(self, t: ArrayLike) -> Array:
        """exp(-log_snr/2) along the curve."""
        t = np.asarray(t, dtype=np.float64)
        first = self.knots[0][0]
        ramp = np.where(t < first, np.sqrt((t / first).clip(0)), 1.0)
        return np.asarray(ramp * np.exp(-self._curve(np.maximum(t, first)) / 2))

    @classmethod
    def like(cls, schedule: Schedule, t: tuple[float, ...] = (0.02, 0.25, 0.5, 0.75, 1.0)) -> "Custom":
        """The custom curve through `schedule` at the given t; an infinite level is taken as its s_max."""
        s = np.minimum(schedule.noise_level(t), schedule.s_max)
        return cls(knots=tuple(zip(t, (-2 * np.log(s)).tolist(), strict=True)), form=schedule.form)


def _rising(key: str, low: float, high: float) -> None:
    if low >= high:
        raise UserError(f"{key}: sigma_min = {low:g} is not below sigma_max = {high:g}.", "Make sigma_max larger.")


SCHEDULES: dict[str, type[Schedule]] = {
    cls.key: cls for cls in (Linear, ScaledLinear, Cosine, Sigmoid, VarianceExploding, Edm, Flow, Custom)
}


def make_schedule(key: str, params: Mapping[str, Any] | None = None) -> Schedule:
    """The schedule `key` of SCHEDULES with the given parameters.

    Raises:
        UserError: if there is no such schedule or a parameter is unknown or not allowed.
    """
    if key not in SCHEDULES:
        raise UserError(f"There is no schedule called {key!r}.", f"Choose one of {', '.join(SCHEDULES)}.")
    cls = SCHEDULES[key]
    given = dict(params or {})
    plain = {"knots": given.pop("knots")} if cls is Custom and "knots" in given else {}
    return cls(**checked(cls, given, key), **plain)


def schedule_params(schedule: Schedule) -> dict[str, Any]:
    """The parameters of a schedule as plain data; `make_schedule(schedule.key, ...)` gives it back."""
    return asdict(schedule)
