"""The hand on a schedule: its quantities, and points that are moved, typed, added and removed; strokes; pieces.

Every edit takes a schedule, the quantity in which it is seen, and values of that quantity; it gives another schedule,
which has points of its own: through log_snr (`Custom`), or through beta (`BetaCurve`) where that is the quantity.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt
from typing import TypeAlias

import numpy as np

from diffview.errors import UserError
from diffview.forward.drawn import MOST_KNOTS, BetaCurve, Custom, fitted, missed_by
from diffview.forward.schedule import S_CAP, S_LIMIT, Array, Schedule
from diffview.forward.schedules import PRESETS, Join, make_schedule, schedule_params

Drawn: TypeAlias = Custom | BetaCurve
Knots: TypeAlias = tuple[tuple[float, float], ...]

T_GAP, LOG_SNR_GAP = 0.005, 0.02
"""Least distance of neighbouring knots."""

HIGHEST = 40.0
"""log_snr above which no knot can be pulled: s = 2e-9."""

LEAST_BETA, MOST_BETA = 1e-9, 1 - 1e-9
"""Between these a point of beta is pulled; the last one may be 1."""

STROKE_SNR = 12.0
"""log_snr above which a stroke says nothing: no hand is so steady near alpha_bar = 1."""

BACK, SHORTEST = 0.01, 0.05
"""How far along the axis, as a share of it, a hand may tremble backwards, and how far a stroke has to go."""

LEAST_LEVEL, FINE = 1e-6, 4001
"""From which level on a stroke over the level is followed, and in how many places."""

MISSED = 0.01
"""How near, in heights of the plot, the curve through chosen points comes to a stroke."""


@dataclass(frozen=True)
class Quantity:
    """What a schedule can be seen in.

    Attributes:
        label: its sign.
        of: its values along a schedule at t.
        level: the noise level of a value; None for beta, which is no function of it.
        height: of values as a share of what they may span, by which a stroke is fitted.
        allowed: what a value may be, in words.
    """

    label: str
    of: Callable[[Schedule, Array], Array]
    level: Callable[[Schedule, float], float] | None
    height: Callable[[Array], Array]
    allowed: str


def _alpha_bar_level(schedule: Schedule, y: float) -> float:
    return sqrt(1 / y - 1) if 0 < y < 1 else 0.0 if y >= 1 else inf


def _sigma_level(schedule: Schedule, y: float) -> float:
    """s at which sigma = y: the inverse of s alpha(s) of the schedule's form."""
    if schedule.form == "ve":
        return max(y, 0.0)
    if y >= 1:
        return inf
    y = max(y, 0.0)
    return y / sqrt(1 - y * y) if schedule.form == "vp" else y / (1 - y)


def _beta(schedule: Schedule, t: Array) -> Array:
    """beta of the chain that the schedule was written for, however many points are drawn."""
    chain = schedule.discrete(schedule.rows)
    return np.interp(t, chain.t, chain.beta)


QUANTITIES: dict[str, Quantity] = {
    "alpha_bar": Quantity(
        "ᾱ", lambda schedule, t: schedule.alpha_bar(t), _alpha_bar_level, np.asarray, "between 0 and 1"
    ),
    "log_snr": Quantity(
        "log-SNR", lambda schedule, t: schedule.log_snr(t), lambda _, y: exp(-min(max(y, -60.0), 60.0) / 2),
        lambda y: y / 24, "between 60 and -60",
    ),
    "sigma": Quantity(
        "σ", lambda schedule, t: schedule(t)[1], _sigma_level, lambda y: y / max(float(np.max(y)), 1.0),
        "above 0, and below 1 unless the variance explodes",
    ),
    "beta": Quantity("β", _beta, None, lambda y: np.log10(y) / 5, "above 0 and at most 1, 1 at the end only"),
}  # fmt: skip


def drawn(schedule: Schedule, quantity: str) -> Drawn:
    """The schedule itself if it has points of the quantity, else a curve near it that has."""
    if QUANTITIES[quantity].level is None:
        return schedule if isinstance(schedule, BetaCurve) else BetaCurve.near(schedule)
    if isinstance(schedule, Custom):
        return schedule
    return Custom.like(schedule) if schedule.key in PRESETS else Custom.near(schedule)


def points_of(schedule: Schedule, quantity: str) -> tuple[Array, Array]:
    """t and the quantity at the points that the schedule has, or would get."""
    curve = drawn(schedule, quantity)
    t, value = np.array(curve.knots).T
    return (t, value) if isinstance(curve, BetaCurve) else (t, QUANTITIES[quantity].of(schedule, t))


# -- one point


def moved(schedule: Schedule, quantity: str, index: int, t: float, y: float) -> Drawn:
    """Point `index` pulled to (t, y); it stops at its neighbours, and where so much noise leaves no signal."""
    curve = drawn(schedule, quantity)
    knots = curve.knots
    left = knots[index - 1][0] if index > 0 else 0.0
    t = 1.0 if index == len(knots) - 1 else _between(t, left, knots[index + 1][0], T_GAP, knots[index][0])
    if isinstance(curve, BetaCurve):
        most = 1.0 if index == len(knots) - 1 else MOST_BETA
        return _pulled(curve, index, t, min(max(y, LEAST_BETA), most))
    return _with(curve, index, t, _kept_between(knots, index, _log_snr(curve, quantity, y)))


def moved_in_level(schedule: Schedule, quantity: str, index: int, s: float, y: float) -> Drawn:
    """Point `index` pulled to the noise level s, its t kept: time is taken from one side and given to the other.

    A point of beta is pulled to (t(s), y): its level does not say how fast it is passed.
    """
    if QUANTITIES[quantity].level is None:
        return moved(schedule, quantity, index, float(schedule.t_of(s)), y)
    curve = drawn(schedule, quantity)
    log_snr = -2 * log(s) if s > 0 else inf
    return _with(curve, index, curve.knots[index][0], _kept_between(curve.knots, index, log_snr))


def typed(schedule: Schedule, quantity: str, index: int, t: float | None, y: float | None) -> Drawn:
    """Point `index` at exactly (t, y); None: as it is, to the last bit.

    Raises:
        UserError: if it may not be there.
    """
    curve = drawn(schedule, quantity)
    knots, last = curve.knots, len(curve.knots) - 1
    t = knots[index][0] if t is None else t
    if index == last and t != 1:
        raise UserError("The last point ends the schedule, at t = 1.", "Add a point before it.")
    left, right = knots[index - 1][0] if index else 0.0, knots[index + 1][0] if index < last else inf
    if not left < t < right:
        where = f"between {left:g} and {right:g}" if index < last else f"above {left:g}"
        raise UserError(f"t = {t:g} lies beyond the next point.", f"Choose t {where}.")
    if y is None:
        return _with(curve, index, t, knots[index][1])
    return _with(curve, index, t, y if isinstance(curve, BetaCurve) else _exact(curve, quantity, y))


def added(schedule: Schedule, quantity: str, t: float, y: float) -> tuple[Drawn, int]:
    """Another point at (t, y), between those beside it, and its index.

    Raises:
        UserError: if there is one already, or there are too many.
    """
    curve = drawn(schedule, quantity)
    times = np.array([knot[0] for knot in curve.knots])
    index = int(np.searchsorted(times, t))
    if len(times) >= MOST_KNOTS:
        raise UserError(f"The curve has {MOST_KNOTS} points.", "Remove one first.")
    if np.abs(times - t).min() < T_GAP or not 0 < t < 1:
        raise UserError(f"There is a point beside t = {t:.3g} already.", "Drag that one, or choose another place.")
    here = curve.noise_level(t) if isinstance(curve, Custom) else _beta(curve, np.array(t))
    value = -2 * log(float(here)) if isinstance(curve, Custom) else float(here)
    if isinstance(curve, Custom):  # the curve may be flat here
        low, high = curve.knots[index][1], curve.knots[index - 1][1] if index else HIGHEST
        value = _between(value, low, high, LOG_SNR_GAP, (low + high) / 2)
    knots = (*curve.knots[:index], (t, value), *curve.knots[index:])
    return moved(replace(curve, knots=knots), quantity, index, t, y), index


def removed(schedule: Schedule, quantity: str, index: int) -> Drawn:
    """The curve without point `index`.

    Raises:
        UserError: if it is the end, or only two are left.
    """
    curve = drawn(schedule, quantity)
    if index == len(curve.knots) - 1:
        raise UserError("The last point ends the schedule, at t = 1, and stays.", "Drag it up or down.")
    if len(curve.knots) == 2:
        raise UserError("A curve needs two points.", "Add one before this one is removed.")
    return replace(curve, knots=(*curve.knots[:index], *curve.knots[index + 1 :]))


def _log_snr(schedule: Schedule, quantity: str, y: float) -> float:
    """log_snr of a value; infinite where it means no noise or no signal."""
    level = QUANTITIES[quantity].level
    s = 1.0 if level is None else level(schedule, y)
    return -2 * log(s) if 0 < s < inf else inf if s == 0 else -inf


def _exact(schedule: Schedule, quantity: str, y: float) -> float:
    log_snr = _log_snr(schedule, quantity, y)
    if not abs(log_snr) < 60:
        known = QUANTITIES[quantity]
        raise UserError(f"{known.label} = {y:g} cannot be a point.", f"It lies {known.allowed}.")
    return log_snr


def _with(curve: Drawn, index: int, t: float, value: float) -> Drawn:
    return replace(curve, knots=(*curve.knots[:index], (t, value), *curve.knots[index + 1 :]))


def _between(value: float, low: float, high: float, gap: float, now: float) -> float:
    """`value`, but at least `gap` (or a third of the room) away from both ends, unless it is nearer now."""
    gap = min(gap, (high - low) / 3)
    return min(max(value, min(low + gap, now)), max(high - gap, now))


def _kept_between(knots: Knots, index: int, log_snr: float) -> float:
    """log_snr of a point, kept between those of its neighbours."""
    lowest = min(-2 * log(S_CAP), knots[-1][1]) - LOG_SNR_GAP
    left = knots[index - 1][1] if index > 0 else HIGHEST
    right = knots[index + 1][1] if index < len(knots) - 1 else lowest
    return _between(log_snr, right, left, LOG_SNR_GAP, knots[index][1])


HALVINGS = 16
"""After which a pulled beta is as far as it can go, to a thousandth of its way."""


def _pulled(curve: BetaCurve, index: int, t: float, beta: float) -> Drawn:
    """Point `index` at t and as near to `beta` as the chain allows: so many of it may leave no signal."""
    with suppress(UserError):
        return _with(curve, index, t, beta)
    low, high = log(curve.knots[index][1]), log(beta)
    found: Drawn = curve
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        try:
            found, low = _with(curve, index, t, exp(middle)), middle
        except UserError:
            high = middle
    return found


# -- many at once


def stroked(schedule: Schedule, quantity: str, t: Array, y: Array) -> Drawn:
    """The curve nearest to a stroke by hand, monotone in log_snr, through few points; where it was not, as it was.

    Args:
        schedule: what there was.
        quantity: what y is of.
        t: where the hand went, float64 [n].
        y: the quantity there.

    Raises:
        UserError: if it goes back in t, or not far.
    """
    t, y = _one_way(t, y, 1.0, lambda at: f"t = {at:.2f}", "t")
    rows = np.append(np.linspace(0, 1, 201)[1:-1], 1.0)
    drawn_here = (rows >= t[0] - BACK) & (rows <= t[-1] + BACK)
    wanted = np.interp(rows, t, y)
    if QUANTITIES[quantity].level is None:
        beta = np.where(drawn_here, wanted, _beta(schedule, rows)).clip(LEAST_BETA, None)
        return _near_betas(schedule, rows, np.append(beta[:-1].clip(None, MOST_BETA), min(beta[-1], 1.0)))
    log_snr = np.array([_log_snr(schedule, quantity, value) for value in wanted[drawn_here].tolist()])
    before = np.minimum(schedule.noise_level(rows), schedule.s_max)
    whole = -2 * np.log(before)
    whole[drawn_here] = log_snr.clip(-2 * log(S_CAP), STROKE_SNR)
    first, last = np.flatnonzero(drawn_here)[[0, -1]]
    whole[:first] = np.maximum(whole[:first], whole[first])
    whole[last + 1 :] = np.minimum(whole[last + 1 :], whole[last])
    return _near_levels(schedule, quantity, rows, whole)


def stroked_in_level(schedule: Schedule, s: Array, beta: Array) -> BetaCurve:
    """The curve whose betas follow a stroke over the noise level; at levels that it leaves out, beta is as it was.

    Row i of the chain has the beta of the level that it leads to, beta_i = B(s_i) with 1 + s_i^2 = (1 + s_(i-1)^2) /
    (1 - beta_i). There are as many rows as before: with other betas they end at another level.

    Args:
        schedule: what there was.
        s: where the hand went, float64 [n].
        beta: drawn there.

    Raises:
        UserError: if it goes back in s, or not far; or if so many such betas leave no signal.
    """
    chain = schedule.discrete(max(schedule.rows, 2))
    level = np.minimum(np.exp(-chain.log_snr / 2), S_CAP)
    ln_s, beta = _one_way(np.log(s), beta, float(np.log(level[-1] / level[0])), lambda at: f"s = {exp(at):.3g}", "ln s")
    outside = (np.log(level) < ln_s[0]) | (np.log(level) > ln_s[-1])
    x = np.append(np.log(level)[outside], ln_s)
    y = np.append(np.log(chain.beta.clip(LEAST_BETA, MOST_BETA))[outside], np.log(beta.clip(LEAST_BETA, MOST_BETA)))
    order = np.argsort(x, kind="stable")
    fine = np.linspace(min(x[order][0], log(LEAST_LEVEL)), log(S_LIMIT), FINE)
    after = np.logaddexp(0.0, 2 * fine)  # ln(1 + s^2) after a step that leads to s, and before it
    before = np.maximum.accumulate(after + np.log1p(-np.exp(np.interp(fine, x[order], y[order]))))
    rows, now = np.empty(len(level)), 0.0
    for i in range(len(rows)):
        now, rows[i] = (then := float(np.interp(now, before, after))), -np.expm1(now - then)
    if now >= before[-1]:
        raise UserError("So many such betas leave no signal.", "Draw smaller ones, or take fewer rows.")
    if chain.beta[-1] == 1:
        rows[-1] = 1.0
    return _near_betas(schedule, chain.t, rows)


def _one_way(x: Array, y: Array, width: float, where: Callable[[float], str], axis: str) -> tuple[Array, Array]:
    """A stroke without the trembling of the hand: x rises.

    Raises:
        UserError: if it goes back, or not far.
    """
    back = np.flatnonzero(np.maximum.accumulate(x) - x > BACK * width)
    if len(back):
        raise UserError(f"The stroke goes back at {where(x[back[0]])}.", "Draw it once, from left to right.")
    ahead = np.flatnonzero(np.diff(np.maximum.accumulate(x), prepend=-inf) > 0)
    x, y = x[ahead], y[ahead]
    if len(x) < 2 or x[-1] - x[0] < SHORTEST * width:
        raise UserError("The stroke is too short to be a curve.", f"Draw over {SHORTEST:.0%} of {axis} or more.")
    return x, y


def _near_levels(schedule: Schedule, quantity: str, t: Array, log_snr: Array) -> Custom:
    """The curve with few points near log_snr(t), which need not fall.

    The mean of its envelopes from above and below falls, and of all such curves differs least at the worst place.
    """
    low, high = np.minimum.accumulate(log_snr), np.maximum.accumulate(log_snr[::-1])[::-1]
    monotone = (low + high) / 2
    quantity_of, height = QUANTITIES[quantity].of, QUANTITIES[quantity].height

    def through(at: list[int]) -> Custom:
        values = monotone[at].tolist()
        for i in range(1, len(values)):
            values[i] = min(values[i], values[i - 1] - LOG_SNR_GAP)
        return Custom(knots=tuple(zip(t[at].tolist(), values, strict=True)), form=schedule.form)

    fine = through(sorted({*range(0, len(t), 4), len(t) - 1}))
    wanted = height(quantity_of(fine, t))
    return through(fitted(lambda at: height(quantity_of(through(at), t)) - wanted, len(t), MISSED))


def _near_betas(schedule: Schedule, t: Array, beta: Array) -> BetaCurve:
    at = fitted(missed_by(t, np.log(beta)), len(t), MISSED * log(1e5))
    knots = tuple(zip(t[at].tolist(), beta[at].tolist(), strict=True))
    return BetaCurve(knots=knots, chain_steps=max(schedule.rows, 2), form=schedule.form)


def joined(schedule: Schedule, key: str, s: float, above: bool) -> Schedule:
    """The schedule with the preset `key` in its place above (or below) the noise level s.

    Raises:
        UserError: if one of the two has nothing on its side of s, or too many are joined already.
    """
    there, other = {"key": schedule.key, **schedule_params(schedule)}, key
    low, high = (there, other) if above else (other, there)
    return make_schedule(Join.key, {"low": low, "high": high, "level": s, "form": schedule.form})
