"""Samplers that use what earlier steps found: PLMS, DPM-Solver++ 2M and 2M SDE, UniPC-2.

l = -ln s is half the log-SNR, h = l' - l the size of a step in it. What a sampler must remember to go on is in
Step.history, each array beside its level, so that a run can be split anywhere. Without history, and into s = 0, every
step is of first order.
"""

from collections.abc import Iterator, Sequence
from math import exp, expm1, log, sqrt
from typing import Annotated, Any

from diffview.forward.noise import STEP
from diffview.params import Range
from diffview.reverse.sampler_base import Denoise, NoiseFn, Step, interpolate, register

ADAMS_BASHFORTH = (
    (1.0,),
    (3 / 2, -1 / 2),
    (23 / 12, -16 / 12, 5 / 12),
    (55 / 24, -59 / 24, 37 / 24, -9 / 24),
)
"""Weights of the newest and older slopes, for one to four of them."""


@register("PLMS", order=2, extra=1)
def plms(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
) -> Iterator[Step]:
    """y' = y + (s' - s) e,  e = (55 d_i - 59 d_(i-1) + 37 d_(i-2) - 9 d_(i-3))/24,  d = (y - x0_hat)/s.

    Fewer slopes at first, and Heun's step, of two evaluations, as the first one [Liu et al. 2022, arXiv 2202.09778,
    eq. 12 and 13]. The weights suppose equal steps, and levels are not equally spaced: of second order in s.
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        d = (y - x0_hat) / s
        slopes = (d, *history)
        if not s_next:
            y = x0_hat
        elif history:
            e = sum(w * slope for w, slope in zip(ADAMS_BASHFORTH[len(slopes) - 1], slopes, strict=True))
            y = y + (s_next - s) * e
        else:
            euler_y = y + (s_next - s) * d
            y = y + ((s_next - s) / 2) * (d + (euler_y - denoise(euler_y, s_next)) / s_next)
        history = slopes[:3]
        yield Step(i + 1, s_next, y, x0_hat, d, s, i + 1 + (len(levels) > 2), history)


def _ahead(x0_hat: Any, s: float, h: float, history: tuple[Any, ...]) -> Any:
    """x0_hat in the middle of the step, (1 + 1/2r) x0_hat - (1/2r) x0_hat_before, r = h_before/h."""
    if not history:
        return x0_hat
    s_before, x0_before = history[:2]
    half = h / (2 * log(s_before / s))
    return (1 + half) * x0_hat - half * x0_before


@register("DPM-Solver++ 2M", order=2)
def dpmpp_2m(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
) -> Iterator[Step]:
    """y' = (s'/s) y - (e^(-h) - 1) D,  D = (1 + 1/2r) x0_hat_i - (1/2r) x0_hat_(i-1),  r = h_before/h.

    [Lu et al. 2022, arXiv 2211.01095, algorithm 2].
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        y = interpolate(y, _ahead(x0_hat, s, log(s / s_next), history), s_next / s) if s_next else x0_hat
        history = (s, x0_hat)
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1, history)


@register("DPM-Solver++ 2M SDE", order=2, stochastic=True, silent="eta")
def dpmpp_2m_sde(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    eta: Annotated[float, Range(0.0, 1.0), "0 is 2M without noise, 1 puts back as much as DDPM"] = 1.0,
) -> Iterator[Step]:
    """y' = q y + (1 - q) D + s' sqrt(1 - e^(-2 eta h)) z,  q = (s'/s) e^(-eta h),  D as in 2M.

    [Lu et al. 2022, arXiv 2211.01095, section 5; eta as in k-diffusion's sample_dpmpp_2m_sde, midpoint].
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        if s_next:
            h = log(s / s_next)
            y = interpolate(y, _ahead(x0_hat, s, h, history), s_next / s * exp(-eta * h))
            if eta:
                y = y + (s_next * sqrt(-expm1(-2 * eta * h))) * noise(STEP, i)
        else:
            y = x0_hat
        history = (s, x0_hat)
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1, history)


def _phi(z: float) -> tuple[float, float, float]:
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


def _corrected(x0_hat: Any, s: float, history: tuple[Any, ...]) -> Any:
    """The step that led to s, made again with the x0_hat found there: y = r y_0 + (1 - r)(m_0 + corrections)."""
    s_0, m_0, y_0, *older = history
    r, h = s / s_0, log(s_0 / s)
    newest = 0.5
    mean = m_0
    if older:
        s_1, m_1 = older
        phi_1, phi_2, phi_3 = _phi(-h)
        k = -log(s_1 / s_0) / h
        weight = (phi_2 - 2 * phi_3) / phi_1 / (1 - k)
        newest = phi_2 / phi_1 - weight
        mean = mean + (weight / k) * (m_1 - m_0)
    return r * y_0 + (1 - r) * (mean + newest * (x0_hat - m_0))


@register("UniPC-2", order=3)
def unipc(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
) -> Iterator[Step]:
    """Predicts as 2M does; each evaluation then corrects the step that led to it, at no extra cost.

    With m the x0_hat of a level, k = -h_before/h and B = e^(-h) - 1: y = r y_0 - B [m_0 + rho_1 (m_1 - m_0)/k +
    rho_2 (m - m_0)], rho_1 + rho_2 = phi_2/phi_1 and k rho_1 + rho_2 = 2 phi_3/phi_1 at -h; rho_2 = 1/2 alone for the
    first step [Zhao et al. 2023, arXiv 2302.04867, algorithms 1 and 2, B_2(h) = e^h - 1, data prediction]. The y of a
    Step is the predicted one, on which the next evaluation is made. Third order is measured.
    """
    yield Step(start, levels[start], y, history=history)
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        before = history[:2]
        if history:
            y = _corrected(x0_hat, s, history)
        history = (s, x0_hat, y, *before)
        y = interpolate(y, _ahead(x0_hat, s, log(s / s_next), before), s_next / s) if s_next else x0_hat
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1, history)
