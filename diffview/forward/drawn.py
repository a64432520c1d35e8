"""Schedules through points that are drawn by hand: log_snr over t, or beta over t."""

from bisect import insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from diffview.errors import UserError
from diffview.forward.monotone import pchip
from diffview.forward.schedule import Array, ChainSteps, Form, Schedule, Table

MOST_KNOTS = 64
"""Points of one curve."""

FITTED_KNOTS = 12
"""The most points that a fit chooses by itself."""

APART = 0.004
"""How near to each other such points come, as a share of all, so that a hand can take each."""

FIT = 0.05
"""How near a curve through chosen points comes: in ln beta, or in ln s; less so in the first tenth of t."""


def fitted(missed: Callable[[list[int]], Array], count: int, tolerance: float) -> list[int]:
    """Few of `count` points, rising, the first and the last among them, so that a curve through them misses no other.

    Args:
        missed: by how much the curve through the points of these indices misses each of all [count].
        count: of points.
        tolerance: a miss that is small enough; else the worst missed is taken too, up to FITTED_KNOTS.
    """
    chosen, apart = [0, count - 1], round(APART * count)
    while True:
        off = np.abs(missed(chosen))
        for taken in chosen:
            off[max(taken - apart, 0) : taken + apart + 1] = 0
        worst = int(np.argmax(off))
        if off[worst] <= tolerance or len(chosen) == FITTED_KNOTS:
            return chosen
        insort(chosen, worst)


def missed_by(t: Array, value: Array) -> Callable[[list[int]], Array]:
    """By how much a monotone cubic through some of the points (t, value) misses each, less in the first tenth of t."""
    weight = np.minimum(10 * t, 1.0)
    return lambda at: weight * (along(pieces(list(zip(t[at].tolist(), value[at].tolist(), strict=True))), t) - value)


def pieces(knots: Sequence[tuple[float, float]]) -> tuple[Array, Array]:
    """Knots' t, and the coefficients of the monotone cubic (PCHIP) from each, highest power first [4, n - 1]."""
    t, value = zip(*knots, strict=True)
    return np.array(t), pchip(t, value)


def along(curve: tuple[Array, Array], t: Array) -> Array:
    """The cubics at t in [first knot, 1]; a drag evaluates them thousands of times, which is why it is written out."""
    knots, c = curve
    piece = np.searchsorted(knots[1:-1], t, side="right")
    u, c = t - knots[piece], c[:, piece]
    return np.asarray(((c[0] * u + c[1]) * u + c[2]) * u + c[3])


def points(knots: Any, key: str, what: str) -> tuple[Array, Array]:
    """The columns of pairs (t, value), of which t rises from above 0 to 1.

    Raises:
        UserError: if they are no such pairs, or too few or too many.
    """
    try:
        t, value = np.array([(float(a), float(b)) for a, b in knots]).reshape(-1, 2).T
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{key}: the knots are not pairs of numbers.", f"Give (t, {what}) pairs.") from None
    if not 2 <= len(t) <= MOST_KNOTS:
        raise UserError(f"{key}: {len(t)} knots make no curve.", f"Give 2 to {MOST_KNOTS}.")
    if not (t[0] > 0 and t[-1] == 1 and (np.diff(t) > 0).all()):
        raise UserError(f"{key}: the curve goes back, or does not end at t = 1.", "t must rise from above 0 to 1.")
    return t, value


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
    formula: ClassVar[str] = "log_snr(t) through knots, monotone piecewise cubic (PCHIP)"
    source: ClassVar[str] = "Fritsch & Butland 1984"
    knots: tuple[tuple[float, float], ...] = ((0.02, 5.0), (0.25, 1.0), (0.5, -2.0), (0.75, -6.0), (1.0, -10.0))
    form: Form = "vp"  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        t, log_snr = points(self.knots, self.key, "log_snr")
        if not ((np.abs(log_snr) < 60).all() and (np.diff(log_snr) < 0).all()):
            raise UserError("custom: the curve is not monotone.", "log_snr must fall all the way, between 60 and -60.")
        object.__setattr__(self, "knots", tuple(zip(t.tolist(), log_snr.tolist(), strict=True)))

    @cached_property
    def _pieces(self) -> tuple[Array, Array]:
        return pieces(self.knots)

    def noise_level(self, t: ArrayLike) -> Array:
        """exp(-log_snr/2) along the curve."""
        t = np.asarray(t, dtype=np.float64)
        first = self.knots[0][0]
        ramp = np.where(t < first, np.sqrt((t / first).clip(0)), 1.0)
        return np.asarray(ramp * np.exp(-along(self._pieces, np.maximum(t, first)) / 2))

    @classmethod
    def like(cls, schedule: Schedule, t: tuple[float, ...] = (0.02, 0.25, 0.5, 0.75, 1.0)) -> "Custom":
        """The custom curve through `schedule` at the given t; an infinite level is taken as its s_max."""
        s = np.minimum(schedule.noise_level(t), schedule.s_max)
        return cls(knots=tuple(zip(t, (-2 * np.log(s)).tolist(), strict=True)), form=schedule.form)

    @classmethod
    def near(cls, schedule: Schedule) -> "Custom":
        """The custom curve through `schedule` at as many t from 0.02 on as keep its shape within FIT in ln s."""
        t = np.linspace(0.02, 1, 197)
        at = fitted(missed_by(t, np.log(np.minimum(schedule.noise_level(t), schedule.s_max))), len(t), FIT)
        return cls.like(schedule, tuple(t[at].tolist()))


@dataclass(frozen=True, kw_only=True)
class BetaCurve(Table):
    """beta_t of a chain through knots (t, beta), ln beta monotone between them (PCHIP); alpha_bar = prod(1 - beta).

    Before the first knot beta stays as it is there.

    Args:
        knots: pairs (t, beta), t rising from above 0 to 1, beta in (0, 1], 1 at the last of them only.
        chain_steps: T.
        form: "vp", "ve" or "flow".

    Raises:
        UserError: if t does not rise to 1, a beta is outside (0, 1], or so many such betas leave no signal.
    """

    key: ClassVar[str] = "betas"
    title: ClassVar[str] = "Beta curve"
    formula: ClassVar[str] = "ln beta(t) through knots, monotone piecewise cubic (PCHIP); alpha_bar = prod(1 - beta)"
    source: ClassVar[str] = "Fritsch & Butland 1984"
    knots: tuple[tuple[float, float], ...] = ((0.001, 1e-4), (0.25, 0.005), (0.5, 0.01), (1.0, 0.02))
    chain_steps: ChainSteps = 1000
    form: Form = "vp"  # type: ignore[misc]

    def __post_init__(self) -> None:
        t, beta = points(self.knots, self.key, "beta")
        outside = np.flatnonzero(~((beta > 0) & ((beta < 1) | ((beta == 1) & (t == 1)))))
        if len(outside):
            i = int(outside[0])
            raise UserError(
                f"beta = {beta[i]:g} at t = {t[i]:g} is outside (0, 1].",
                "A step adds more than 0 and less than all noise; only the last beta may be 1.",
            )
        object.__setattr__(self, "knots", tuple(zip(t.tolist(), beta.tolist(), strict=True)))
        if self.chain_steps == 1 and beta[-1] == 1:
            raise UserError("A chain of one beta of 1 has no signal.", "Take more chain_steps.")
        super().__post_init__()

    def betas(self) -> Array:
        """exp of the curve at i/T; a knot at t = 1 is met to the last bit."""
        t, beta = np.array(self.knots).T
        curve = pieces(list(zip(t.tolist(), np.log(beta).tolist(), strict=True)))
        rows = np.arange(1, self.chain_steps + 1) / self.chain_steps
        return np.append(np.exp(along(curve, np.maximum(rows[:-1], t[0]))), beta[-1])

    @classmethod
    def near(cls, schedule: Schedule) -> "BetaCurve":
        """The curve through betas of the chain that `schedule` was written for, within FIT in ln beta."""
        chain = schedule.discrete(max(schedule.rows, 2))
        at = fitted(missed_by(chain.t, np.log(chain.beta)), len(chain.t), FIT)
        knots = zip(chain.t[at].tolist(), chain.beta[at].tolist(), strict=True)
        return cls(knots=tuple(knots), chain_steps=len(chain.t), form=schedule.form)
