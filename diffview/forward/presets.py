"""Schedules that the literature gives by a formula, each with a few parameters of its own."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from diffview.errors import UserError
from diffview.forward.schedule import S_LIMIT, Array, Beta, ChainSteps, Schedule, SigmaMax, SigmaMin, Table
from diffview.params import Range

Centre = Annotated[float, Range(-20.0, 20.0), "log-SNR in the middle, at t = 1/2"]


@dataclass(frozen=True)
class Linear(Table):
    """beta rises linearly from beta_start to beta_end [Ho et al. 2020, section 4]."""

    key: ClassVar[str] = "linear"
    title: ClassVar[str] = "Linear"
    formula: ClassVar[str] = "beta_i from beta_start to beta_end, evenly"
    source: ClassVar[str] = "arXiv 2006.11239"
    beta_start: Beta = 1e-4
    beta_end: Beta = 0.02
    chain_steps: ChainSteps = 1000

    def betas(self) -> Array:
        """linspace(beta_start, beta_end)."""
        return np.linspace(self.beta_start, self.beta_end, self.chain_steps)


@dataclass(frozen=True)
class ScaledLinear(Table):
    """sqrt(beta) rises linearly [Rombach et al. 2022]; "quadratic" in the code of DDPM, "linear" in CompVis'."""

    key: ClassVar[str] = "scaled_linear"
    title: ClassVar[str] = "Scaled linear"
    formula: ClassVar[str] = "sqrt(beta_i) from sqrt(beta_start) to sqrt(beta_end), evenly"
    source: ClassVar[str] = "arXiv 2112.10752"
    beta_start: Beta = 0.00085
    beta_end: Beta = 0.012
    chain_steps: ChainSteps = 1000

    def betas(self) -> Array:
        """linspace(sqrt(beta_start), sqrt(beta_end))^2."""
        return np.asarray(np.linspace(self.beta_start**0.5, self.beta_end**0.5, self.chain_steps) ** 2)


@dataclass(frozen=True)
class Cosine(Table):
    """alpha_bar(t) = f(t)/f(0), f(t) = cos^2((t + offset)/(1 + offset) pi/2), with every beta at most max_beta.

    The betas are clipped first and alpha_bar is the product of what is left, so that the chain shown is the chain
    run [Nichol & Dhariwal 2021, eq. 17].
    """

    key: ClassVar[str] = "cosine"
    title: ClassVar[str] = "Cosine"
    formula: ClassVar[str] = "alpha_bar = f(t)/f(0), f = cos^2((t + offset)/(1 + offset) pi/2), beta <= max_beta"
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
    formula: ClassVar[str] = "alpha_bar = (S(e/tau) - S((t (e - b) + b)/tau))/(S(e/tau) - S(b/tau))"
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
class GeoDiff(Table):
    """beta = beta_start + (beta_end - beta_start) S(x), x from -6 to 6, S logistic [Xu et al. 2022, GeoDiff].

    The "sigmoid" of diffusers. Not to be confused with Chen's sigmoid in alpha_bar.
    """

    key: ClassVar[str] = "geodiff"
    title: ClassVar[str] = "Sigmoid (GeoDiff)"
    formula: ClassVar[str] = "beta_i = beta_start + (beta_end - beta_start) S(x_i), x_i from -6 to 6, evenly"
    source: ClassVar[str] = "arXiv 2203.02923"
    beta_start: Beta = 1e-4
    beta_end: Beta = 0.02
    chain_steps: ChainSteps = 1000

    def betas(self) -> Array:
        """beta_start + (beta_end - beta_start)/(1 + exp(-x))."""
        logistic = 1 / (1 + np.exp(-np.linspace(-6, 6, self.chain_steps)))
        return np.asarray(self.beta_start + (self.beta_end - self.beta_start) * logistic)


@dataclass(frozen=True)
class Laplace(Schedule):
    """log_snr follows a Laplace distribution: mu - b sgn(1/2 - t) ln(1 - 2|t - 1/2|) [Hang & Gu 2024, table 1].

    It has no end: alpha reaches 0 at t = 1.
    """

    key: ClassVar[str] = "laplace"
    title: ClassVar[str] = "Laplace in log-SNR"
    formula: ClassVar[str] = "log_snr = mu - b sgn(1/2 - t) ln(1 - 2|t - 1/2|)"
    source: ClassVar[str] = "arXiv 2407.03297"
    mu: Centre = 0.0
    b: Annotated[float, Range(0.1, 5.0, log=True), "width of the distribution"] = 0.5

    def noise_level(self, t: ArrayLike) -> Array:
        """exp(-mu/2) (2 t)^(b/2) up to t = 1/2, exp(-mu/2) (2 (1 - t))^(-b/2) beyond."""
        t = np.asarray(t, dtype=np.float64)
        with np.errstate(divide="ignore"):
            spread = np.where(t < 0.5, 2 * t, 1 / np.minimum(2 * (1 - t), 1.0))
        return np.asarray(np.exp(-self.mu / 2) * spread ** (self.b / 2))


@dataclass(frozen=True)
class Cauchy(Schedule):
    """log_snr follows a Cauchy distribution: mu + gamma tan(pi (1 - 2u)/2) [Hang & Gu 2024, table 1].

    u = tail + (1 - 2 tail) t leaves out the outermost share `tail` at either end, where s is no float64 (at t = 0.001
    and gamma = 1 the paper's log_snr, u = t, is 318). s(0) = 0 by definition.
    """

    key: ClassVar[str] = "cauchy"
    title: ClassVar[str] = "Cauchy in log-SNR"
    formula: ClassVar[str] = "log_snr = mu + gamma tan(pi (1 - 2u)/2), u = tail + (1 - 2 tail) t"
    source: ClassVar[str] = "arXiv 2407.03297"
    mu: Centre = 0.0
    gamma: Annotated[float, Range(0.01, 10.0, log=True), "half width of the distribution"] = 1.0
    tail: Annotated[float, Range(1e-3, 0.25, log=True), "share of the distribution left out at either end"] = 0.02

    def __post_init__(self) -> None:
        super().__post_init__()
        if abs(self.mu) + self.gamma / np.tan(np.pi * self.tail) > 2 * np.log(S_LIMIT):
            raise UserError(
                f"cauchy: with gamma = {self.gamma:g} and tail = {self.tail:g} the noise levels leave float64.",
                "Take a larger tail or a smaller gamma.",
            )

    def noise_level(self, t: ArrayLike) -> Array:
        """exp(-log_snr/2), 0 at t = 0."""
        t = np.asarray(t, dtype=np.float64)
        u = self.tail + (1 - 2 * self.tail) * t
        return np.where(t > 0, np.exp(-(self.mu + self.gamma * np.tan(np.pi * (0.5 - u))) / 2), 0.0)


@dataclass(frozen=True)
class VariancePreserving(Schedule):
    """alpha_bar = exp(-t beta_min - t^2 (beta_max - beta_min)/2), the linear schedule of infinitely many steps.

    [Song et al. 2021, eq. 33]. beta_min and beta_max are rates: variance per unit of t, so they may exceed 1.
    """

    key: ClassVar[str] = "vp"
    title: ClassVar[str] = "Variance preserving"
    formula: ClassVar[str] = "alpha_bar = exp(-t beta_min - t^2 (beta_max - beta_min)/2)"
    source: ClassVar[str] = "arXiv 2011.13456"
    beta_min: Annotated[float, Range(1e-4, 100.0, log=True), "rate at which noise is added at t = 0"] = 0.1
    beta_max: Annotated[float, Range(1e-4, 100.0, log=True), "rate at which noise is added at t = 1"] = 20.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.beta_min + self.beta_max) / 2 > 2 * np.log(S_LIMIT):
            raise UserError(
                f"vp: beta_min = {self.beta_min:g} and beta_max = {self.beta_max:g} end at a noise level above "
                f"{S_LIMIT:g}.",
                "Take smaller rates.",
            )

    def noise_level(self, t: ArrayLike) -> Array:
        """sqrt(1/alpha_bar - 1), without cancellation."""
        t = np.asarray(t, dtype=np.float64)
        return np.asarray(np.sqrt(np.expm1(t * (self.beta_min + t * (self.beta_max - self.beta_min) / 2))))


@dataclass(frozen=True)
class VarianceExploding(Schedule):
    """s(t) = sigma_min (sigma_max/sigma_min)^t, alpha = 1 [Song et al. 2021, eq. 9]; s(0) = 0 by definition."""

    key: ClassVar[str] = "ve"
    title: ClassVar[str] = "Variance exploding"
    form: ClassVar[str] = "ve"
    formula: ClassVar[str] = "s = sigma_min (sigma_max/sigma_min)^t, alpha = 1"
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
    formula: ClassVar[str] = "s = (sigma_min^(1/rho) + t (sigma_max^(1/rho) - sigma_min^(1/rho)))^rho, alpha = 1"
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
    """alpha = 1 - u, sigma = u, the straight line of flow matching [Lipman et al. 2023; Liu et al. 2023].

    u = shift t/(1 + (shift - 1) t): a shift above 1 gives more time to large noise [Esser et al. 2024, section 5.3.2].
    """

    key: ClassVar[str] = "flow"
    title: ClassVar[str] = "Flow"
    form: ClassVar[str] = "flow"
    formula: ClassVar[str] = "alpha = 1 - u, sigma = u, u = shift t/(1 + (shift - 1) t)"
    source: ClassVar[str] = "arXiv 2210.02747, 2403.03206"
    shift: Annotated[float, Range(0.01, 100.0, log=True), "factor of every noise level; 1 is the plain line"] = 1.0

    def noise_level(self, t: ArrayLike) -> Array:
        """shift t/(1 - t)."""
        t = np.asarray(t, dtype=np.float64)
        with np.errstate(divide="ignore"):
            return np.asarray(self.shift * (t / (1 - t)))


def _rising(key: str, low: float, high: float) -> None:
    if low >= high:
        raise UserError(f"{key}: sigma_min = {low:g} is not below sigma_max = {high:g}.", "Make sigma_max larger.")
