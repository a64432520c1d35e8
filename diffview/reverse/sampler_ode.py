"""Samplers that follow the probability-flow ODE dy/ds = (y - x0_hat)/s in one step at a time: Euler, Heun, churn."""

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Annotated, Any

from diffview.forward.noise import STEP
from diffview.params import Range
from diffview.reverse.sampler_base import Denoise, NoiseFn, Step, register


@register("Euler", order=1)
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


def _heun_step(denoise: Denoise, y: Any, d: Any, s: float, s_next: float) -> Any:
    """Euler's step along d, then the mean of the slopes at both ends; s' > 0."""
    euler_y = y + (s_next - s) * d
    d_next = (euler_y - denoise(euler_y, s_next)) / s_next
    return y + ((s_next - s) / 2) * (d + d_next)


@register("Heun", order=2, per_step=2)
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
        y = _heun_step(denoise, y, d, s, s_next) if s_next else x0_hat
        yield Step(i + 1, s_next, y, x0_hat, d, s, 2 * (i + 1) - (s_next == 0))


@register("Heun with churn (EDM)", order=2, per_step=2, stochastic=True, silent="S_churn")
def churn(  # noqa: PLR0913 - four settings are EDM's own
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    S_churn: Annotated[float, Range(0.0, 1000.0), "how much noise is put in during the run; 0 is Heun"] = 10.0,
    S_min: Annotated[float, Range(0.0, 1e6, log=True), "lowest noise level at which noise is put in"] = 0.05,
    S_max: Annotated[float, Range(0.0, 1e6, log=True), "highest noise level at which noise is put in"] = 50.0,
    S_noise: Annotated[
        float, Range(0.5, 1.5), "size of the noise put in; 1 keeps the law, more makes up for lost detail"
    ] = 1.0,
) -> Iterator[Step]:
    """Noise up from s to s^, then Heun's step from there down to s' [Karras et al. 2022, algorithm 2].

    s^ = s (1 + gamma),  y^ = y + sqrt(s^^2 - s^2) S_noise z,  gamma = min(S_churn/N, sqrt 2 - 1) where
    S_min <= s <= S_max, else 0. The first evaluation is made at s^ on y^. S_min and S_max are EDM's for ImageNet-64.
    """
    yield Step(start, levels[start], y, history=history)
    gamma = min(S_churn / (len(levels) - 1), sqrt(2) - 1)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        if gamma and S_min <= s <= S_max:
            s, s_before = s * (1 + gamma), s
            y = y + (S_noise * sqrt(s**2 - s_before**2)) * noise(STEP, i)
        x0_hat = denoise(y, s)
        d = (y - x0_hat) / s
        y = _heun_step(denoise, y, d, s, s_next) if s_next else x0_hat
        yield Step(i + 1, s_next, y, x0_hat, d, s, 2 * (i + 1) - (s_next == 0))
