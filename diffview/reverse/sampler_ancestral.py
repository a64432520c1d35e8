"""Samplers of first order that put noise back: DDPM, DDIM, ancestral in s."""

from collections.abc import Iterator, Sequence
from math import log, sqrt
from typing import Annotated, Any

from diffview.arrays import namespace
from diffview.forward.noise import STEP
from diffview.params import Choice, Range
from diffview.reverse.sampler_base import VARIANCE_FRACTION, Denoise, NoiseFn, Step, interpolate, register

VARIANCES = Choice(("small", "large", "learned"))


def reverse_std(denoise: Any, y: Any, s: float, s_next: float, variance: str) -> Any:
    """Standard deviation of the noise that DDPM puts back on the way from s to s' > 0, a float or like y.

    var = r^2 (s^2 - s'^2), r = s'/s, is the posterior's ("small"); (s^2 - s'^2)(1 + s'^2)/(1 + s^2) is beta's
    ("large"); "learned" is exp(f ln large + (1 - f) ln small) with f = denoise.variance_fraction(y, s), which belongs
    to the evaluation just made [Nichol & Dhariwal 2021, arXiv 2102.09672, eq. 15]. The step into s = 0 has no noise:
    the logarithm of its small variance, 0, is never taken.
    """
    step = s**2 - s_next**2
    small, large = (s_next / s) ** 2 * step, (1 + s_next**2) / (1 + s**2) * step
    if variance != "learned":
        return sqrt(small if variance == "small" else large)
    return sqrt(small) * namespace(y).exp((0.5 * log(large / small)) * denoise.variance_fraction(y, s))


@register("DDPM", order=1, stochastic=True, also=(("variance", "learned", VARIANCE_FRACTION),))
def ddpm(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    variance: Annotated[
        str, VARIANCES, "small is the posterior's, large is beta's, learned is a network's own between them"
    ] = "small",
) -> Iterator[Step]:
    """y' = r^2 y + (1 - r^2) x0_hat + sqrt(var) z,  r = s'/s  [Ho et al. 2020, eq. 7 and section 3.2, in y = x/alpha].

    For the variance see `reverse_std`. No noise on the last step.
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        std = reverse_std(denoise, y, s, s_next, variance) if s_next else 0.0
        y = interpolate(y, x0_hat, (s_next / s) ** 2)
        if s_next:
            y = y + std * noise(STEP, i)
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1)


@register("DDIM", order=1, stochastic=True, silent="eta")
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
        y = interpolate(y, x0_hat, sqrt(max(0.0, s_next**2 - c**2)) / s)  # c may round to above s'
        if c:
            y = y + c * noise(STEP, i)
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1)


@register("Ancestral", order=1, stochastic=True, silent="eta")
def ancestral(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    eta: Annotated[float, Range(0.0, 2.0), "0 is Euler, 1 is DDPM, above 1 more of the noise is new"] = 1.0,
) -> Iterator[Step]:
    """Euler's step down to s_down, then new noise up to s': y' = y + (s_down - s) d + s_up z,  d = (y - x0_hat)/s.

    s_up = min(s', eta s' sqrt(s^2 - s'^2)/s),  s_down = sqrt(s'^2 - s_up^2) [k-diffusion's Euler ancestral].
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        d = (y - x0_hat) / s
        s_up = min(s_next, eta * s_next * sqrt(s**2 - s_next**2) / s)
        s_down = sqrt(s_next**2 - s_up**2)
        y = y + (s_down - s) * d if s_next else x0_hat
        if s_up:
            y = y + s_up * noise(STEP, i)
        yield Step(i + 1, s_next, y, x0_hat, d, s, i + 1)
