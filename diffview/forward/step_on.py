"""One step of the chain seen: x_{t-1}, the noise that is put in, and x_t.

    x_t = r x_{t-1} + c z,   r = alpha_t/alpha_{t-1},   c^2 = alpha_t^2 (s_t^2 - s_{t-1}^2)

of every schedule; where it preserves the variance r^2 = 1 - beta_t and c^2 = beta_t [Ho et al. 2020, eq. 2]. "t - 1" is
any earlier state: a step of a run takes many rows of the chain at once.
"""

from dataclasses import dataclass

import numpy as np

from diffview.forward.state import Array, Forward


@dataclass(frozen=True, eq=False)
class StepOn:
    """x_{t-1} -> x_t, [ny, nx] standardised; NaN where missing.

    Attributes:
        s_before, s: noise levels of both.
        kept, std: r and c.
        x_before, z, x_t: the state, the standard normals of this step, and the state after it.
    """

    s_before: float
    s: float
    kept: float
    std: float
    x_before: Array
    z: Array
    x_t: Array

    @classmethod
    def of(cls, forward: Forward, s_before: float, s: float) -> "StepOn":
        """The step between two noise levels, s_before < s, on a path whose increments are independent: a chain's."""
        schedule = forward.schedule
        alpha_before, alpha = (float(schedule.scale(level)) for level in (s_before, s))
        grown = float(np.sqrt(s * s - s_before * s_before))
        before, after = forward.path(s_before), forward.path(s)
        x_before, x_t = (np.float32(a) * (forward.x0 + w) for a, w in ((alpha_before, before), (alpha, after)))
        z = (after - before) / np.float32(grown)
        return cls(s_before, s, alpha / alpha_before, alpha * grown, x_before, np.asarray(z), x_t)
