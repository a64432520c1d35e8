"""Checks of a schedule and the levels of a run on one field: findings with reasons and remedies.

A scale of power P (standardised units squared, white noise of std s has P = s^2) comes out of an exact run that starts
from N(0, s^2) with its amplitude times s/sqrt(s^2 + P): the solution of the probability-flow ODE of a Gaussian field.
The rest, 1 - s/sqrt(s^2 + P), is missing: the start leaves it out, while x_T still holds it. The mean of a domain of n
pixels is such a scale, with P = n mean^2; it is the last to sink below the noise floor.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.numbers import percent
from diffview.fields.transforms import Transform
from diffview.forward.schedules import Chain, Schedule, make_schedule, schedule_params

Array = NDArray[np.float64]

LEFT_OUT = 0.02
"""A start that leaves out more than this share of a scale is questionable; s = 5 sqrt(P)."""

IDLE = 0.25
"""More steps than this share without an effect are questionable."""

ALL_NOISE, UNTOUCHED = 100.0, 0.01
"""s^2/P above which nothing is left of a scale, and below which the noise has not touched it."""

USUAL = 1000
"""Steps of the chains that schedules were published with."""

STRONG_BETA = 0.999
"""From this beta on a step leaves less than a thousandth of the signal's variance."""


@dataclass(frozen=True)
class Signal:
    """The power of a field at every scale, which noise is held against.

    Attributes:
        power: P of every scale, standardised units squared, k rising.
        mean: of the domain, in standardised units.
        pixels: of the domain.
        unit: one standardised unit, in physical units.
        units: their name.
    """

    power: Array
    mean: float
    pixels: int
    unit: float = 1.0
    units: str = ""

    @classmethod
    def of(cls, x0: NDArray[np.floating], power: Array | None, transform: Transform, units: str) -> "Signal | None":
        """That of a standardised region [ny, nx] with the power `power`, whose values came through `transform`.

        None of a region that has no spectrum.
        """
        if power is None:
            return None
        unit = abs(float(transform.inverse(1.0)) - float(transform.inverse(0.0)))
        return cls(power, float(np.nanmean(x0)), int(np.count_nonzero(~np.isnan(x0))), unit, units)

    @property
    def powers(self) -> Array:
        """P of the mean, then of every scale."""
        return np.concatenate([[self.pixels * self.mean**2], self.power])


@dataclass(frozen=True)
class Remedy:
    """A change that one click makes: a title, and the fields of a recipe that it changes."""

    title: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        key: of the check, see CHECKS.
        ok: whether nothing is questionable.
        sentence: the result, with numbers.
        reason: why it matters.
        remedies: changes that mend it.
    """

    key: str
    ok: bool
    sentence: str
    reason: str
    remedies: tuple[Remedy, ...] = field(default=())


@dataclass(frozen=True)
class ScoredRun:
    """A network whose card has scores, and how the scored fields were drawn.

    Attributes:
        model: its name.
        drawn: how the fields were drawn, as "Heun, 18 steps".
        run: the same of the run in force.
        changes: fields of a recipe that make a run like that; none where it is one already.
    """

    model: str
    drawn: str
    run: str
    changes: Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """What the checks look at.

    Attributes:
        schedule: alpha and sigma over t.
        chain_length: rows T of the chain that is shown.
        levels: noise levels of the run, falling to 0.
        signal: of the field; None where it has no spectrum.
        noise_range: of the model's training; None for a formula.
        from_noise: whether the run starts from noise.
        scored: how the network's scores were made; None of a model without scores.
    """

    schedule: Schedule
    chain_length: int
    levels: Sequence[float]
    signal: Signal | None = None
    noise_range: tuple[float, float] | None = None
    from_noise: bool = True
    scored: ScoredRun | None = None

    @cached_property
    def chain(self) -> Chain:
        """The schedule at the rows of the chain."""
        return self.schedule.discrete(self.chain_length)


def lint(case: Case) -> list[Finding]:
    """The findings, in the order of CHECKS; a check that does not apply to the case gives none."""
    return [finding for check in CHECKS.values() for finding in check(case)]


def left_out(power: Any, s: float) -> Any:
    """1 - s/sqrt(s^2 + P): the share of a scale's amplitude that a run from N(0, s^2) does not make."""
    return 1 - s / np.sqrt(s * s + power)


def _terminal(case: Case) -> Iterator[Finding]:
    signal = case.signal
    if signal is None or not case.from_noise:
        return
    top = case.levels[0]
    of_mean, *of_scales = left_out(signal.powers, top)
    missing_mean = abs(signal.mean) * of_mean * signal.unit
    scales = np.asarray(of_scales)
    worst = float(scales.max(initial=0.0))
    ring = int(scales.argmax()) + 1 if len(scales) else 0
    ok = bool(max(of_mean, worst) <= LEFT_OUT)
    physical = f"{missing_mean:.2g} {signal.units}".strip()
    sentence = (
        f"A run from s = {top:.3g} leaves out {percent(of_mean, 2)} of the mean ({physical}) "
        f"and at most {percent(worst, 2)} of a scale (k = {ring})."
    )
    reason = (
        "What is above the noise floor at the end of the forward process is missing in the noise that a run starts "
        "from; s = 5 √P leaves out 2 %, 10 √P half a percent.\n" + _snr_text(signal, top)
    )
    yield Finding("terminal", ok, sentence, reason, () if ok else tuple(_more_noise(case, signal)))


def _snr_text(signal: Signal, s: float) -> str:
    """The signal-to-noise ratio at s, 10 log10(P/s^2) dB: of the mean, then of k = 1, 2, 4, ..."""
    k = [1]
    while 2 * k[-1] <= len(signal.power):
        k.append(2 * k[-1])
    powers = {"mean": signal.powers[0], **{f"k = {n}": signal.power[n - 1] for n in k if n <= len(signal.power)}}
    decibels = (f"{name} {round(10 * (math.log10(p) - 2 * math.log10(s)))} dB" for name, p in powers.items() if p > 0)
    return "Signal to noise at the end: " + ", ".join(decibels) + "."


def _more_noise(case: Case, signal: Signal) -> Iterator[Remedy]:
    """Schedules that end at a level high enough, if there is one and the model is trained up to it."""
    wanted = float(f"{10 * math.sqrt(signal.powers.max()):.1g}")
    if case.noise_range is not None and case.levels[0] >= case.noise_range[1] * (1 - 1e-6):
        return
    params = schedule_params(case.schedule)
    if "sigma_max" in params:
        yield from _by_schedule(f"σ_max = {wanted:g}", case.schedule.key, {**params, "sigma_max": wanted})
    elif params.get("chain_steps", 1000) < 1000:
        yield from _by_schedule("1000 betas", case.schedule.key, {**params, "chain_steps": 1000})
    else:
        yield from _by_schedule(f"EDM up to s = {wanted:g}", "edm", {"sigma_max": wanted})


def _by_schedule(title: str, key: str, params: Mapping[str, Any], **changes: Any) -> Iterator[Remedy]:
    """The remedy of another schedule; none where that does not take its parameters."""
    with suppress(UserError):
        yield Remedy(title, {"schedule": make_schedule(key, params), **changes})


def idle_ends(signal: Signal | None) -> tuple[float, float] | None:
    """Noise levels below which no scale is touched yet, and above which every one is lost in noise; None of nothing."""
    powers = np.empty(0) if signal is None else signal.powers
    powers = powers[powers > 0]
    return (math.sqrt(UNTOUCHED * powers.min()), math.sqrt(ALL_NOISE * powers.max())) if len(powers) else None


def idle_steps(case: Case) -> tuple[int, int] | None:
    """Steps that do nothing for the field: while every scale is lost in noise, and while none is touched yet."""
    if (ends := idle_ends(case.signal)) is None:
        return None
    untouched, all_noise = ends
    return sum(s >= all_noise for s in case.levels[1:]), sum(s <= untouched for s in case.levels[:-1])


def _idle(case: Case) -> Iterator[Finding]:
    ends, counts = idle_ends(case.signal), idle_steps(case)
    if ends is None or counts is None:
        return
    (untouched, all_noise), (above, below), steps = ends, counts, len(case.levels) - 1
    t_untouched, t_all_noise = case.schedule.t_of([untouched, all_noise])
    sentence = (
        f"{above + below} of {steps} steps do nothing for this field: {above} while every scale is lost in noise, "
        f"{below} while none is touched yet; that is {percent(1 - t_all_noise + t_untouched, 2)} of t."
    )
    reason = (
        f"Above s = {all_noise:.3g} every scale lies far below the noise floor: a step changes only noise. Below "
        f"s = {untouched:.2g} every scale stands far above it: a step changes less than a tenth of the weakest."
    )
    ok = above + below <= IDLE * steps
    even = {"sigma_min": float(f"{untouched:.2g}"), "sigma_max": float(f"{all_noise:.2g}")}
    title = f"s from {even['sigma_min']:g} to {even['sigma_max']:g}"
    remedies = () if ok else tuple(_by_schedule(title, "ve", even, grid="log_snr", grid_params=()))
    yield Finding("idle", ok, sentence, reason, remedies)


def _clipped(case: Case) -> Iterator[Finding]:
    beta = case.chain.beta
    strong = int(np.count_nonzero(beta >= STRONG_BETA * (1 - 1e-12)))
    ended = int(np.count_nonzero(beta == 1))
    sentence = (
        f"{strong} of {case.chain_length} betas are {STRONG_BETA:g} or more" + (f", {ended} is 1." if ended else ".")
        if strong
        else f"The largest of {case.chain_length} betas is {beta.max():.3g}."
    )
    reason = (
        "Such a step throws away nearly all signal at once: a chain of that length has no small steps there, and a "
        "beta above 0.999 is usually clipped to it. A single one of 1, at the end, is zero terminal signal on purpose."
    )
    ok = strong - ended <= 1
    yield Finding("clipped", ok, sentence, reason, () if ok else tuple(_usual_length(case, _clipped)))


def _usual_length(case: Case, check: Callable[[Case], Iterator[Finding]]) -> Iterator[Remedy]:
    """A chain of 1000 steps, where the check finds nothing wrong with it."""
    if case.chain_length != USUAL and all(finding.ok for finding in check(replace(case, chain_length=USUAL))):
        yield Remedy(f"T = {USUAL}", {"chain_length": USUAL})


def _precision(case: Case) -> Iterator[Finding]:
    alpha_bar = case.chain.alpha_bar
    rows = np.concatenate([[1.0], alpha_bar])
    same = {name: int(np.count_nonzero(np.diff(cast(rows)) == 0)) for name, cast in PRECISIONS.items()}
    counts = ", ".join(f"{count} in {name}" for name, count in same.items())
    sentence = f"Rows of ᾱ that equal the row before: {counts}."
    reason = (
        "diffview keeps schedules in float64. Programs that keep ᾱ in fewer bits lose the first steps of a fine chain: "
        "1 − ᾱ is then exactly 0."
    )
    ok = same["float32"] == 0
    yield Finding("precision", ok, sentence, reason, () if ok else tuple(_usual_length(case, _precision)))


def _bfloat16(x: Array) -> NDArray[np.float32]:
    """x rounded to the nearest number of 8 significant bits."""
    mantissa, exponent = np.frexp(x)
    return np.asarray(np.ldexp(np.rint(mantissa * 256) / 256, exponent), dtype=np.float32)


PRECISIONS: dict[str, Callable[[Array], NDArray[Any]]] = {
    "float32": lambda x: x.astype(np.float32),
    "bfloat16": _bfloat16,
}


def _trained(case: Case) -> Iterator[Finding]:
    if case.noise_range is None:
        return
    low, high = case.noise_range
    used = list(case.levels[:-1])
    outside = sum(s < low * (1 - 1e-6) or s > high * (1 + 1e-6) for s in used)
    t_low, t_high = case.schedule.t_of([low, high])
    sentence = (
        f"{outside} of {len(used)} levels lie outside what the model was trained on, s = {low:.2g} to {high:.3g}; "
        f"{percent(t_low, 2)} of t lies below and {percent(1 - t_high, 2)} above."
    )
    reason = "There the network has to do what it never learned. A run starts no higher than the range's upper end."
    edm = {"sigma_min": low, "sigma_max": high}
    remedies = tuple(_by_schedule(f"EDM levels from {low:.2g} to {high:.3g}", "edm", edm)) if outside else ()
    yield Finding("trained", outside == 0, sentence, reason, remedies)


def _scored(case: Case) -> Iterator[Finding]:
    scored = case.scored
    if scored is None or not case.from_noise:
        return
    same = not scored.changes
    sentence = f"The scores of {scored.model} are of fields drawn by {scored.drawn}; this run " + (
        "goes the same way." if same else f"takes {scored.run}."
    )
    reason = (
        "A network errs, and samplers treat errors differently: on the path of an ODE they add up, fresh noise makes "
        "a run forget those of earlier steps. So scores hold for the way the fields were drawn."
    )
    yield Finding("scored", same, sentence, reason, () if same else (Remedy("As it was scored", scored.changes),))


CHECKS: dict[str, Callable[[Case], Iterator[Finding]]] = {
    "terminal": _terminal,
    "idle": _idle,
    "clipped": _clipped,
    "precision": _precision,
    "trained": _trained,
    "scored": _scored,
}
