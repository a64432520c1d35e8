"""Samplers: one walk down a list of noise levels, and twelve ways to make a step of it.

    SAMPLERS[key].run(denoise, y, levels, noise, *, start=0, history=(), **params) -> Iterator[Step]

y = x/alpha = x_0 + s eps; denoise(y, s) -> x0_hat is the posterior mean; y' and s' are y and its level after the step,
d = (y - x0_hat)/s = eps_hat is the slope dy/ds of the probability-flow ODE, z are standard normals. The step into s = 0
takes y to x0_hat, without noise. A new sampler is one function under `@sampler`, from where it is to y' and what must
be remembered, with its settings as keywords. Coefficients are Python floats: arrays and tensors keep their dtype.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, expm1, log, sqrt
from typing import Annotated, Any

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.forward.ddpm import variance_limits
from diffview.forward.noise import JUMP, KNOWN, STEP
from diffview.params import Choice, Range, checked, parameters

POSTERIOR_MEAN = "posterior mean"
CONSISTENCY = "consistency"
VARIANCE_FRACTION = "variance_fraction"
KNOWN_PIXELS = "known pixels"

Denoise = Callable[[Any, float], Any]
NoiseFn = Callable[[int, int], Any]
Params = Mapping[str, Any]
History = tuple[Any, ...]
Moved = tuple[Any, History]  # y at the end of a step, and what the next one must know of it


@dataclass(frozen=True, eq=False)
class Step:
    """One state of a run; x0_hat and eps_hat are of the step's first evaluation, None at the start."""

    index: int  # how many steps were made; 0 is the start
    s: float  # the level y is at
    y: Any  # x/alpha at that level, [members, channels, ny, nx]
    x0_hat: Any = None
    eps_hat: Any = None
    s_eval: float | None = None  # the level of that evaluation, which is made on the y before the step
    evaluations: int = 0  # denoiser calls from level 0 of this run to here
    history: History = ()  # what a multistep sampler must remember to go on: floats and arrays like y


@dataclass(eq=False)
class Here:
    """Where a step is made. x0_hat and slope are of y and s, evaluated when first asked for."""

    y: Any
    s: float
    s_next: float  # the level to step to
    s_end: float  # the level that the walk goes on from: s_next, or higher where it jumps back up
    history: History  # what the step before this one remembered
    index: int  # how many steps were made
    steps: int  # how many levels the whole walk goes down
    denoise: Any
    noise: NoiseFn

    @cached_property
    def x0_hat(self) -> Any:
        """denoise(y, s)."""
        return self.denoise(self.y, self.s)

    @cached_property
    def slope(self) -> Any:
        """d = (y - x0_hat)/s, which is eps_hat."""
        return (self.y - self.x0_hat) / self.s

    def euler(self, s: float) -> Any:
        """y + (s' - s) d: along the slope to the level s'; x0_hat where the walk ends."""
        return self.y + (s - self.s) * self.slope if self.s_next else self.x0_hat

    def noised(self, y: Any, std: float, stream: int = STEP) -> Any:
        """y + std z; without a draw where std is 0."""
        return y + std * self.noise(stream, self.index) if std else y


@dataclass(frozen=True)
class Info:
    """A sampler: its step, and what it declares."""

    step: Callable[..., Moved]  # its name is the key, its keyword parameters are the settings
    title: str
    order: int  # of convergence: of the states of an ODE sampler, of the law of a stochastic one
    per_step: int = 1  # denoiser calls of a step that does not end at s = 0; that one takes one
    stochastic: bool = False  # it can draw noise on its way; see `draws`
    needs: tuple[str, ...] = (POSTERIOR_MEAN,)  # beside y and s, of the constants above; see `needed`
    silent: str = ""  # the parameter that at 0 leaves a stochastic sampler without noise
    also: tuple[tuple[str, Any, str], ...] = ()  # (parameter, value, need): needs that come with a setting
    extra: int = 0  # denoiser calls of a run of more than one step, beside those of its steps
    path: Callable[[int, Params], Sequence[int]] | None = None  # `places`, where the walk does not just go down

    def run(
        self, denoise: Denoise, y: Any, levels: Sequence[float], noise: NoiseFn, *, start: int = 0,
        history: History = (), **params: Any,
    ) -> Iterator[Step]:  # fmt: skip
        """The walk; whoever calls decides what to keep, draw or stop. It starts from y after `start` steps.

        `levels` is always the whole list, N + 1 falling Python floats, the last of them 0; noise(stream, index) gives
        standard normals like y. With y, start and history of a Step it goes on from there bit for bit.

        Raises:
            UserError: if known pixels are needed and none are given as `known`.
        """
        if KNOWN_PIXELS in self.needs and params.get("known") is None:
            raise UserError(f"{self.title} was given no known pixels.", "Hide a part of the region, not all of it.")
        places = self.places(len(levels) - 1, params)
        yield Step(start, levels[places[start]], y, history=history)
        for k in range(start, len(places) - 1):
            s, s_next, s_end = levels[places[k]], levels[places[k] + 1], levels[places[k + 1]]
            at = Here(y, s, s_next, s_end, history, k, len(levels) - 1, denoise, noise)
            y, history = self.step(at, **params)
            yield Step(k + 1, s_end, y, at.x0_hat, at.slope, at.s, self._calls(k + 1, places, not s_next), history)

    def places(self, steps: int, params: Params | None = None) -> Sequence[int]:
        """The place in `levels` of every state of a walk: 0, 1, ... N, or with jumps; `params` has defaults."""
        if self.path is None:
            return range(steps + 1)
        return self.path(steps, {**{p.name: p.default for p in parameters(self.step)}, **(params or {})})

    def evaluations(self, steps: int, params: Params | None = None) -> int:
        """Denoiser calls of a whole run down `steps` levels with these parameters."""
        places = self.places(steps, params)
        return self._calls(len(places) - 1, places, True)

    def _calls(self, made: int, places: Sequence[int], ended: bool) -> int:
        return self.per_step * made - (self.per_step - 1) * ended + self.extra * (len(places) > 2)

    def draws(self, params: Params) -> bool:
        """Whether a run with these parameters draws noise on its way."""
        return self.stochastic and not (self.silent and params.get(self.silent) == 0)

    def needed(self, params: Params) -> tuple[str, ...]:
        """What a run with these parameters needs."""
        return (*self.needs, *(need for name, value, need in self.also if params.get(name) == value))


SAMPLERS: dict[str, Info] = {}
"""Every sampler by its key, which is the name of its step."""


def sampler(title: str, order: int, **declared: Any) -> Callable[[Callable[..., Moved]], Callable[..., Moved]]:
    """Enter a step into SAMPLERS; `declared` as in Info."""

    def enter(step: Callable[..., Moved]) -> Callable[..., Moved]:
        SAMPLERS[step.__name__] = Info(step, title, order, **declared)
        return step

    return enter


def sampler_params(key: str, params: Params) -> dict[str, Any]:
    """All parameters of the sampler `key`, checked.

    Raises:
        UserError: if there is no such sampler, or a parameter is unknown or not allowed.
    """
    if key not in SAMPLERS:
        raise UserError(f"There is no sampler called {key!r}.", f"Choose one of {', '.join(SAMPLERS)}.")
    return checked(SAMPLERS[key].step, params, key)


def interpolate(y: Any, x0_hat: Any, r: float) -> Any:
    """r y + (1 - r) x0_hat; x0_hat itself at r = 0."""
    return r * y + (1 - r) * x0_hat if r else x0_hat


def reverse_std(at: Here, variance: str) -> Any:
    """Standard deviation of the noise that DDPM puts back on the way to s' > 0, a float or like y.

    The root of a limit ("small", "large"), or "learned" between them: var = exp(f ln large + (1 - f) ln small), f =
    denoise.variance_fraction(y, s) of the evaluation just made [Nichol & Dhariwal 2021, arXiv 2102.09672, eq. 15].
    """
    small, large = variance_limits(at.s, at.s_next)
    if variance != "learned":
        return sqrt(small if variance == "small" else large)
    return sqrt(small) * namespace(at.y).exp((0.5 * log(large / small)) * at.denoise.variance_fraction(at.y, at.s))


@sampler("DDPM", order=1, stochastic=True, also=(("variance", "learned", VARIANCE_FRACTION),))
def ddpm(
    at: Here,
    *,
    variance: Annotated[
        str, Choice(("small", "large", "learned")), "small is the posterior's, large beta's, learned the network's own"
    ] = "small",
) -> Moved:
    """y' = r^2 y + (1 - r^2) x0_hat + sqrt(var) z,  r = s'/s  [Ho et al. 2020, eq. 7 and section 3.2].

    For the variance see `reverse_std`. No noise on the last step.
    """
    mean = interpolate(at.y, at.x0_hat, (at.s_next / at.s) ** 2)
    return (mean + reverse_std(at, variance) * at.noise(STEP, at.index) if at.s_next else mean), ()


@sampler("DDIM", order=1, stochastic=True, silent="eta")
def ddim(
    at: Here, *, eta: Annotated[float, Range(0.0, 1.0), "0 is deterministic, 1 is DDPM with the small variance"] = 0.0
) -> Moved:
    """y' = r y + (1 - r) x0_hat + c z,  c = eta s' sqrt(s^2 - s'^2)/s,  r = sqrt(s'^2 - c^2)/s.

    [Song et al. 2021, eq. 12 and 16].
    """
    s, s_next = at.s, at.s_next
    c = eta * s_next * sqrt(s**2 - s_next**2) / s
    r = sqrt(max(0.0, s_next**2 - c**2)) / s  # c may round to above s'
    return at.noised(interpolate(at.y, at.x0_hat, r), c), ()


@sampler("Ancestral", order=1, stochastic=True, silent="eta")
def ancestral(
    at: Here, *, eta: Annotated[float, Range(0.0, 2.0), "0 is Euler, 1 is DDPM, above 1 more of the noise is new"] = 1.0
) -> Moved:
    """Euler's step down to s_down, then new noise up to s': y' = y + (s_down - s) d + s_up z.

    s_up = min(s', eta s' sqrt(s^2 - s'^2)/s),  s_down = sqrt(s'^2 - s_up^2) [k-diffusion's Euler ancestral].
    """
    s, s_next = at.s, at.s_next
    s_up = min(s_next, eta * s_next * sqrt(s**2 - s_next**2) / s)
    s_down = sqrt(s_next**2 - s_up**2)
    return at.noised(at.euler(s_down), s_up), ()


@sampler("Euler", order=1)
def euler(at: Here) -> Moved:
    """y' = y + (s' - s) d: the probability-flow ODE in s [Karras et al. 2022, arXiv 2206.00364, eq. 3]."""
    return at.euler(at.s_next), ()


@sampler("Heun", order=2, per_step=2)
def heun(at: Here) -> Moved:
    """Euler's step, then the mean of the slopes at both ends: y' = y + (s' - s)(d + d')/2 [Karras et al. 2022]."""
    s, s_next, y = at.s, at.s_next, at.euler(at.s_next)
    if s_next:
        y = at.y + ((s_next - s) / 2) * (at.slope + (y - at.denoise(y, s_next)) / s_next)
    return y, ()


@sampler("Heun with churn (EDM)", order=2, per_step=2, stochastic=True, silent="S_churn")
def churn(
    at: Here,
    *,
    S_churn: Annotated[float, Range(0.0, 1000.0), "how much noise is put in during the run; 0 is Heun"] = 10.0,
    S_min: Annotated[float, Range(0.0, 1e6, log=True), "lowest noise level at which noise is put in"] = 0.05,
    S_max: Annotated[float, Range(0.0, 1e6, log=True), "highest noise level at which noise is put in"] = 50.0,
    S_noise: Annotated[float, Range(0.5, 1.5), "size of the noise put in; above 1 makes up for lost detail"] = 1.0,
) -> Moved:
    """Noise up from s to s^, then Heun's step from there down to s' [Karras et al. 2022, algorithm 2].

    s^ = s (1 + gamma),  y^ = y + sqrt(s^^2 - s^2) S_noise z,  gamma = min(S_churn/N, sqrt 2 - 1) where
    S_min <= s <= S_max, else 0. The first evaluation is made at s^ on y^. S_min and S_max are EDM's for ImageNet-64.
    """
    gamma = min(S_churn / at.steps, sqrt(2) - 1)
    if gamma and S_min <= at.s <= S_max:
        s, at.s = at.s, at.s * (1 + gamma)
        at.y = at.noised(at.y, S_noise * sqrt(at.s**2 - s**2))
    return heun(at)


ADAMS_BASHFORTH = ((3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))
"""Weights of the newest and older slopes, for two to four of them."""


@sampler("PLMS", order=2, extra=1)
def plms(at: Here) -> Moved:
    """y' = y + (s' - s) e,  e = (55 d_i - 59 d_(i-1) + 37 d_(i-2) - 9 d_(i-3))/24.

    Fewer slopes at first, and Heun's step, of two evaluations, as the first one [Liu et al. 2022, arXiv 2202.09778,
    eq. 12 and 13]. The weights suppose equal steps, and levels are not equally spaced: of second order in s.
    """
    slopes = (at.slope, *at.history)
    if at.history and at.s_next:
        e = sum(w * d for w, d in zip(ADAMS_BASHFORTH[len(at.history) - 1], slopes, strict=True))
        return at.y + (at.s_next - at.s) * e, slopes[:3]
    return heun(at)[0], slopes[:3]


def ahead(at: Here) -> Any:
    """D = (1 + 1/2r) x0_hat - (1/2r) x0_hat_before,  r = h_before/h: x0_hat in the middle of a step h in -ln s."""
    if not (at.history and at.s_next):
        return at.x0_hat
    s_before, x0_before = at.history[:2]
    half = log(at.s / at.s_next) / (2 * log(s_before / at.s))
    return (1 + half) * at.x0_hat - half * x0_before


@sampler("DPM-Solver++ 2M", order=2)
def dpmpp_2m(at: Here) -> Moved:
    """y' = (s'/s) y - (e^(-h) - 1) D,  D = `ahead` [Lu et al. 2022, arXiv 2211.01095, algorithm 2]."""
    return interpolate(at.y, ahead(at), at.s_next / at.s), (at.s, at.x0_hat)


@sampler("DPM-Solver++ 2M SDE", order=2, stochastic=True, silent="eta")
def dpmpp_2m_sde(
    at: Here, *, eta: Annotated[float, Range(0.0, 1.0), "0 is 2M without noise, 1 puts back as much as DDPM"] = 1.0
) -> Moved:
    """y' = q y + (1 - q) D + s' sqrt(1 - e^(-2 eta h)) z,  q = (s'/s) e^(-eta h),  D = `ahead`.

    [Lu et al. 2022, arXiv 2211.01095, section 5; eta as in k-diffusion's sample_dpmpp_2m_sde, midpoint].
    """
    y, s, s_next = at.x0_hat, at.s, at.s_next
    if s_next:
        h = log(s / s_next)
        y = interpolate(at.y, ahead(at), s_next / s * exp(-eta * h))
        y = at.noised(y, s_next * sqrt(-expm1(-2 * eta * h)))
    return y, (s, at.x0_hat)


def phi(z: float) -> tuple[float, float, float]:
    """phi_1 = (e^z - 1)/z, phi_2 = (phi_1 - 1)/z, phi_3 = (phi_2 - 1/2)/z; by their series where |z| < 1."""
    if abs(z) < 1:
        rest = 0.0
        for k in range(18, 3, -1):  # Horner's rule for 3! phi_3 = 1 + z/4 (1 + z/5 (1 + ...))
            rest = z / k * (1 + rest)
        phi_3 = (1 + rest) / 6
        phi_2 = 0.5 + z * phi_3
        return 1 + z * phi_2, phi_2, phi_3
    phi_1 = expm1(z) / z
    phi_2 = (phi_1 - 1) / z
    return phi_1, phi_2, (phi_2 - 0.5) / z


def corrected(at: Here) -> Any:
    """The step that led to s, made again with the x0_hat found there: y = r y_0 + (1 - r)(m_0 + corrections)."""
    s_0, m_0, y_0, *older = at.history
    r, h = at.s / s_0, log(s_0 / at.s)
    newest, mean = 0.5, m_0
    if older:
        s_1, m_1 = older
        phi_1, phi_2, phi_3 = phi(-h)
        k = -log(s_1 / s_0) / h
        weight = (phi_2 - 2 * phi_3) / phi_1 / (1 - k)
        newest = phi_2 / phi_1 - weight
        mean = mean + (weight / k) * (m_1 - m_0)
    return r * y_0 + (1 - r) * (mean + newest * (at.x0_hat - m_0))


@sampler("UniPC-2", order=3)
def unipc(at: Here) -> Moved:
    """Predicts as 2M does; each evaluation then corrects the step that led to it, at no extra cost.

    With m the x0_hat of a level, k = -h_before/h and B = e^(-h) - 1: y = r y_0 - B [m_0 + rho_1 (m_1 - m_0)/k +
    rho_2 (m - m_0)], rho_1 + rho_2 = phi_2/phi_1 and k rho_1 + rho_2 = 2 phi_3/phi_1 at -h; rho_2 = 1/2 alone for the
    first step [Zhao et al. 2023, arXiv 2302.04867, algorithms 1 and 2, B_2(h) = e^h - 1, data prediction]. The y of a
    Step is the predicted one, on which the next evaluation is made. Third order is measured.
    """
    y = corrected(at) if at.history else at.y
    return interpolate(y, ahead(at), at.s_next / at.s), (at.s, at.x0_hat, y, *at.history[:2])


@sampler("Consistency", order=0, stochastic=True, needs=(CONSISTENCY,))
def consistency(at: Here) -> Moved:
    """y' = f(y, s) + sqrt(s'^2 - s_min^2) z, where f jumps along the probability-flow ODE to s_min.

    f is `denoise` of a consistency model, s_min the lower end of its noise_range (0 if it has none). More steps trade
    calls for quality, with no order of convergence [Song et al. 2023, arXiv 2303.01469, algorithm 1].
    """
    s_min = float(getattr(at.denoise, "noise_range", (0.0,))[0])
    return at.noised(at.x0_hat, sqrt(max(0.0, at.s_next**2 - s_min**2))), ()


def turns(steps: int, params: Params) -> list[int]:
    """0, 1, ... N, but the first `resamplings - 1` times that a turning point is reached, `jump` places back up.

    Turning points are the last place but one and every `jump` places before it, as long as there is room to jump
    [RePaint's get_schedule_jump]. A turn costs no state of its own: the walk goes on from where it jumped to.
    """
    jump, again = params["jump"], params["resamplings"] - 1
    left = dict.fromkeys(range(steps - 1, jump - 1, -jump), again)
    places, place = [0], 0
    while place < steps:
        place += 1
        if left.get(place, 0) > 0:
            left[place] -= 1
            place -= jump
        places.append(place)
    return places


@sampler("RePaint", order=1, stochastic=True, needs=(POSTERIOR_MEAN, KNOWN_PIXELS), path=turns)
def repaint(
    at: Here,
    *,
    known: tuple[Any, Any],
    jump: Annotated[int, Range(1, 1000), "steps that a jump goes back up"] = 5,
    resamplings: Annotated[int, Range(1, 100), "times that each stretch is walked; 1 never jumps"] = 4,
) -> Moved:
    """DDPM's step in the unknown pixels, y_known + s' z in the known ones; jumps back up, so that both fit together.

    A jump is y + sqrt(s_end^2 - s'^2) z, made at the end of the step that reaches a turning point, so that every Step
    has one evaluation; `turns` says where [Lugmayr et al. 2022, arXiv 2201.09865, algorithm 1]. `known` is (mask,
    values), both broadcastable to y: true where a pixel is known, and the clean values, finite everywhere.
    """
    mask, values = known
    y = namespace(at.y).where(mask, at.noised(values, at.s_next, KNOWN), ddpm(at)[0])
    return at.noised(y, sqrt(at.s_end**2 - at.s_next**2), JUMP), ()
