"""One step back seen, as the sampler made it: x_t, x0_hat, the mean of the step, its noise, and x_{t-1}.

    x_t -> x0_hat -> mu_theta -> + sigma z -> x_{t-1}

For DDPM the mean is mu_theta of `forward.ddpm` [Ho et al. 2020, eq. 11 and algorithm 2]. Every other sampler that draws
noise has its own: where it goes without. One that draws none goes to its mean. "t - 1" is the next level of the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.forward.schedules import Schedule
from diffview.reverse.samplers import SAMPLERS, Here, Step

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class StepBack:
    """x_t -> x_{t-1} of all members, [members, channels, ny, nx] standardised.

    Attributes:
        s, s_before: noise levels of x_t and of x_{t-1}, the lower one.
        x_t, x0_hat, mean, noise, x_before: the states, the estimate, mu_theta, and sigma z = x_{t-1} - mu_theta.
        std: sigma; 0 where no noise is drawn.
    """

    s: float
    s_before: float
    x_t: Array
    x0_hat: Array
    mean: Array
    noise: Array
    x_before: Array
    std: float

    @classmethod
    def of(
        cls, start: Step, end: Step, sampler: str, params: Mapping[str, Any], steps: int, schedule: Schedule
    ) -> "StepBack":
        """The step between two states of a run of `steps` steps that follow each other.

        Raises:
            UserError: if the sampler puts its noise in before it steps, or is told pixels: it has no such mean.
        """
        if start.index + 1 != end.index or end.x0_hat is None:
            raise UserError("These are not two states that follow each other.", "Take a step of the run.")
        info, y = SAMPLERS[sampler], to_numpy(end.y)
        mean, std = y, 0.0
        if info.draws(params) and end.s:
            if info.per_step > 1 or info.path is not None:
                raise UserError(
                    f"{info.title} puts its noise in before it steps, or is told pixels: its step has no mean.",
                    "Take DDPM, DDIM or Ancestral to see one step.",
                )
            mean = _moved(start, end, info.step, params, steps, 0.0)
            std = float(np.sqrt(np.mean((_moved(start, end, info.step, params, steps, 1.0) - mean) ** 2)))
        alpha, alpha_before = (np.float32(schedule.scale(at.s)) for at in (start, end))
        return cls(
            start.s, end.s, alpha * to_numpy(start.y), to_numpy(end.x0_hat), alpha_before * mean,
            alpha_before * (y - mean), alpha_before * y, float(alpha_before) * std,
        )  # fmt: skip


class _Known:
    """A denoiser that gives the estimate that was recorded, whatever it is asked."""

    def __init__(self, x0_hat: Any) -> None:
        self._x0_hat = to_numpy(x0_hat)

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat."""
        return self._x0_hat

    def variance_fraction(self, y: Any, s: float) -> Any:
        """In the middle: what the network said is not recorded, and it leaves the mean as it is."""
        return np.float32(0.5)


def _moved(start: Step, end: Step, step: Any, params: Mapping[str, Any], steps: int, noise: float) -> Array:
    """Where the sampler's own step leads from y with this number in place of every normal."""
    history = tuple(one if isinstance(one, float) else to_numpy(one) for one in start.history)
    at = Here(
        to_numpy(start.y), start.s, end.s, end.s, history, start.index, steps, _Known(end.x0_hat),
        lambda stream, index: np.float32(noise),
    )  # fmt: skip
    moved: Array = step(at, **params)[0]
    return moved


def where_from(x_t: float, x_0: float, s: float, s_before: float, schedule: Schedule) -> tuple[float, float]:
    """Mean and standard deviation of q(x_{t-1} | x_t, x_0) of one pixel: where it came from if x_0 is known.

    That of `ddpm.posterior_mean`, in y = x/alpha = x_0 + s eps, where nothing is divided by 1 - alpha_bar, which is 0
    in double precision while s is below 1e-8: y_{t-1} = x_0 + r (y_t - x_0) with variance s_{t-1}^2 (1 - r), r =
    s_{t-1}^2/s_t^2.
    """
    alpha, alpha_before = (float(schedule.scale(level)) for level in (s, s_before))
    r = (s_before / s) ** 2
    return alpha_before * (x_0 + r * (x_t / alpha - x_0)), alpha_before * s_before * (1 - r) ** 0.5


def bell(x: Sequence[float] | NDArray[np.float64], mean: float, std: float) -> NDArray[np.float64]:
    """The density of a Gaussian at x."""
    z = (np.asarray(x) - mean) / std
    return np.asarray(np.exp(-0.5 * z * z) / (std * np.sqrt(2 * np.pi)))
