"""The numbers that stand in an equation at the playhead: what each is, how it is written, and its value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from diffview.fields.numbers import MINUS
from diffview.forward import ddpm
from diffview.forward.schedule import Schedule, betas_of

UNKNOWN = "\N{EM DASH}"
"""What stands where there is no number, as of a step before the first."""


@dataclass(frozen=True)
class LiveNumber:
    """A number in a formula.

    Attributes:
        meaning: what it is.
        decimals: how many there always are; None: three figures, and a power of ten never.
        widest: the widest text, which its slot has room for; a wider one is drawn smaller.
    """

    meaning: str
    decimals: int | None = 2
    widest: str = "0.00"

    def text(self, value: float) -> str:
        """The number in the glyphs of a formula; a dash for NaN."""
        if math.isnan(value):
            return UNKNOWN
        if math.isinf(value):
            return "∞" if value > 0 else f"{MINUS}∞"
        decimals = self.decimals
        if decimals is None:
            size = abs(value)
            decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
        return f"{value:.{decimals}f}".replace("-", MINUS) if round(value, decimals) else f"{0:.{decimals}f}"


FREE = "00.00"
NUMBERS: dict[str, LiveNumber] = {
    "signal": LiveNumber("the weight of the clean field"),
    "noise": LiveNumber("the weight of the noise"),
    "alpha_bar": LiveNumber("what is left of the signal's variance"),
    "signal_power": LiveNumber("the variance of the signal for one of the clean field"),
    "noise_power": LiveNumber("the variance of the noise"),
    "beta": LiveNumber("the share of variance that this step replaces by noise", 4, "0.0000"),
    "alpha_step": LiveNumber("what this step leaves of the variance", 4, "0.0000"),
    "keep": LiveNumber("what this step leaves of the field", 4, "0.0000"),
    "add": LiveNumber("the weight of the noise that this step adds", 4, "0.0000"),
    "take": LiveNumber("the share of the predicted noise that the step back takes away", 4, "0.0000"),
    "to_x0": LiveNumber("the weight of the clean field in the mean of the step back", 4, "0.0000"),
    "to_xt": LiveNumber("the weight of the noisy field in the mean of the step back", 4, "0.0000"),
    "beta_tilde": LiveNumber("the variance of the step back when the clean field is known", 4, "0.0000"),
    "s": LiveNumber("the noise level", None, FREE),
    "s2": LiveNumber("the noise level squared", None, FREE),
    "two_s2": LiveNumber("twice the noise level squared", None, FREE),
    "log_snr": LiveNumber("signal to noise on a logarithmic axis", 1, f"{MINUS}00.0"),
    "loss": LiveNumber("the mean squared error of the predicted noise", 3, "0.000"),
}
"""The numbers by name."""

OF_STEP = ("beta", "alpha_step", "keep", "add", "take", "to_x0", "to_xt", "beta_tilde")
"""Those of one step of the chain."""


def numbers_at(schedule: Schedule, t: float, chain_length: int, loss: float = math.nan) -> dict[str, float]:
    """The numbers at time t of a chain of so many steps; `loss` is that of one shot.

    beta_t and what follows from it are those of the step to t, whose length is 1/chain_length; NaN at t = 0,
    and as long as alpha_bar is 1 in double precision.
    """
    signal, noise = (float(part) for part in schedule(t))
    s = float(schedule.noise_level(t))
    numbers = {
        "signal": signal, "noise": noise, "signal_power": signal**2, "noise_power": noise**2,
        "alpha_bar": float(schedule.alpha_bar(t)), "s": s, "s2": s**2, "two_s2": 2 * s**2,
        "log_snr": -2 * math.log(s) if s > 0 else math.inf, "loss": loss,
    }  # fmt: skip
    return numbers | _of_step(schedule, round(t * chain_length), chain_length)


def _of_step(schedule: Schedule, row: int, chain_length: int) -> dict[str, float]:
    """The numbers of the step to a row of the chain."""
    if row < 1:
        return dict.fromkeys(OF_STEP, math.nan)
    t = np.array([row - 1, row]) / chain_length
    before, now = (float(part) for part in schedule.alpha_bar(t))
    if now == 1:
        return dict.fromkeys(OF_STEP, math.nan)
    beta = float(betas_of(schedule.noise_level(t))[1])
    keep = math.sqrt(ddpm.alpha(beta))
    values = (
        beta, ddpm.alpha(beta), keep, math.sqrt(beta), -keep * ddpm.mu_theta(0.0, 1.0, now, before) if keep else 1.0,
        ddpm.posterior_mean(0.0, 1.0, now, before), ddpm.posterior_mean(1.0, 0.0, now, before),
        ddpm.posterior_variance(now, before),
    )  # fmt: skip
    return dict(zip(OF_STEP, values, strict=True))


def texts(values: Mapping[str, float]) -> dict[str, str]:
    """The numbers as they are written."""
    return {name: NUMBERS[name].text(value) for name, value in values.items()}
