"""Samplers: generators that walk y = x/alpha down a list of noise levels.

    sampler(denoise, y, levels, noise, *, start=0, history=(), **params) -> Iterator[Step]

`denoise(y, s) -> x0_hat` is the posterior mean; `levels` is always the whole list of N + 1 falling floats whose last
is 0; `noise(stream, index)` gives standard normals like y. Step 0 is the start. Whoever calls decides what to keep,
draw or stop: `sampler(denoise, st.y, levels, noise, start=st.index, history=st.history)` continues bit for bit.
The same lines run on numpy arrays and torch tensors; every coefficient is a Python float, so dtypes stay.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Annotated, Any

from diffview.errors import UserError
from diffview.params import Choice, Range, checked
from diffview.process import STEP


@dataclass(frozen=True, eq=False)
class Step:
    """One state of a run.

    Attributes:
        index: number of steps made; 0 is the start.
        s: the level y is at.
        y: x/alpha at that level, [members, channels, ny, nx].
        x0_hat, eps_hat: of the step's first evaluation, made at s_eval on the y before the step; None at the start.
        s_eval: the level of that evaluation.
        evaluations: denoiser calls from level 0 of this run to here.
        history: what a multistep sampler must remember to go on.
    """

    index: int
    s: float
    y: Any
    x0_hat: Any = None
    eps_hat: Any = None
    s_eval: float | None = None
    evaluations: int = 0
    history: tuple[Any, ...] = ()


Denoise = Callable[[Any, float], Any]
NoiseFn = Callable[[int, int], Any]
Sampler = Callable[..., Iterator[Step]]


@dataclass(frozen=True)
class Info:
    """What a sampler declares: its order of convergence, its denoiser calls per step, and whether it draws noise."""

    run: Sampler
    title: str
    order: int
    per_step: int
    stochastic: bool

    def evaluations(self, steps: int) -> int:
        """Denoiser calls of a whole run: a step into s = 0 is always of first order and takes one."""
        return self.per_step * (steps - 1) + 1


SAMPLERS: dict[str, Info] = {}


def _sampler(title: str, order: int, per_step: int = 1, stochastic: bool = False) -> Callable[[Sampler], Sampler]:
    def register(run: Sampler) -> Sampler:
        SAMPLERS[run.__name__] = Info(run, title, order, per_step, stochastic)
        return run

    return register


def _interpolate(y: Any, x0_hat: Any, r: float) -> Any:
    """r y + (1 - r) x0_hat; x0_hat itself at r = 0."""
    return r * y + (1 - r) * x0_hat if r else x0_hat


@_sampler("DDPM", order=1, stochastic=True)
def ddpm(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    variance: Annotated[str, Choice(("small", "large")), "small is the posterior's, large is beta's"] = "small",
) -> Iterator[Step]:
    """y' = r^2 y + (1 - r^2) x0_hat + sqrt(var) z,  r = s'/s  [Ho et al. 2020, eq. 7 and section 3.2, in y = x/alpha].

    var = r^2 (s^2 - s'^2) is the posterior's ("small"); (s^2 - s'^2)(1 + s'^2)/(1 + s^2) is beta's ("large").
    No noise on the last step.
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        r2 = (s_next / s) ** 2
        y = _interpolate(y, x0_hat, r2)
        if s_next:
            var = r2 if variance == "small" else (1 + s_next**2) / (1 + s**2)
            y = y + sqrt(var * (s**2 - s_next**2)) * noise(STEP, i)
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1)


@_sampler("DDIM", order=1)
def ddim(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    eta: Annotated[float, Range(0.0, 1.0), "0 is deterministic, 1 is DDPM with the posterior's variance"] = 0.0,
) -> Iterator[Step]:
    """y' = r y + (1 - r) x0_hat + c z,  c = eta s' sqrt(s^2 - s'^2)/s,  r = sqrt(s'^2 - c^2)/s.

    [Song et al. 2021, eq. 12 and 16, in y = x/alpha].
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        c = eta * s_next * sqrt(s**2 - s_next**2) / s
        y = _interpolate(y, x0_hat, sqrt(max(0.0, s_next**2 - c**2)) / s)  # c may round to above s'
        if c:
            y = y + c * noise(STEP, i)
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1)


@_sampler("Euler", order=1)
def euler(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
) -> Iterator[Step]:
    """y' = y + (s' - s) d,  d = (y - x0_hat)/s: the probability-flow ODE in s [Karras et al. 2022, eq. 3]."""
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        d = (y - x0_hat) / s
        y = y + (s_next - s) * d if s_next else x0_hat
        yield Step(i + 1, s_next, y, x0_hat, d, s, i + 1)


@_sampler("Heun", order=2, per_step=2)
def heun(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
) -> Iterator[Step]:
    """Euler's step, then the mean of the slopes at both ends; the step into s = 0 is Euler's [Karras et al. 2022]."""
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        d = (y - x0_hat) / s
        if s_next:
            euler_y = y + (s_next - s) * d
            d_next = (euler_y - denoise(euler_y, s_next)) / s_next
            y = y + ((s_next - s) / 2) * (d + d_next)
        else:
            y = x0_hat
        yield Step(i + 1, s_next, y, x0_hat, d, s, 2 * (i + 1) - (s_next == 0))


def sampler_params(key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the sampler `key`, checked.

    Raises:
        UserError: if there is no such sampler, or a parameter is unknown or not allowed.
    """
    if key not in SAMPLERS:
        raise UserError(f"There is no sampler called {key!r}.", f"Choose one of {', '.join(SAMPLERS)}.")
    return checked(SAMPLERS[key].run, params, key)
