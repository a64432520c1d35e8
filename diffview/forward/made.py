"""Schedules made from something: rows of a table, other schedules, the spectrum of a field."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError
from diffview.forward.presets import Cosine, Edm, Linear
from diffview.forward.schedule import MOST_STEPS, Array, Form, Schedule, SigmaMax, SigmaMin, Table, betas_of
from diffview.params import Range


def _pairs(values: Any, key: str, what: str) -> Array:
    """Pairs of numbers as float64 [2, n]; None is minus infinity."""
    try:
        return np.array([(float(a), -np.inf if b is None else float(b)) for a, b in values]).reshape(-1, 2).T
    except (TypeError, ValueError):
        raise UserError(f"{key}: the {what} are not pairs of numbers.", "Give a list of pairs.") from None


@dataclass(frozen=True, kw_only=True)
class Tabulated(Table):
    """Rows of a table, as imported: beta and log_snr of every step of one chain, kept to the last bit.

    Args:
        table: pairs (beta, log_snr), row i of T first; None for the log_snr of a last row without signal.
        form: "vp", "ve" or "flow".

    Raises:
        UserError: if a beta is outside (0, 1) (1 only in the last row), log_snr does not fall, or the two disagree.
    """

    key: ClassVar[str] = "table"
    title: ClassVar[str] = "Table of rows"
    formula: ClassVar[str] = "beta_i and log_snr_i of every row as given, log_snr linear in t between"
    source: ClassVar[str] = "a file"
    table: tuple[tuple[float, float | None], ...] = ((0.1, 2.1972245773362196), (0.9, -2.313634929180631))
    form: Form = "vp"  # type: ignore[misc]

    def __post_init__(self) -> None:
        beta, log_snr = _pairs(self.table, self.key, "rows")
        if not 1 <= len(beta) <= MOST_STEPS:
            raise UserError(f"table: {len(beta)} rows make no chain.", f"Give 1 to {MOST_STEPS} rows.")
        if not ((beta[:-1] > 0) & (beta[:-1] < 1)).all() or not 0 < beta[-1] <= 1:
            i = int(np.flatnonzero(~((beta > 0) & (beta < 1)))[0])
            raise UserError(
                f"table: beta = {beta[i]:g} in row {i + 1} is not between 0 and 1.", "Only the last beta may be 1."
            )
        finite = np.isfinite(log_snr)
        if not (np.diff(log_snr) < 0).all() or not finite[:-1].all() or np.isnan(log_snr[-1]) or log_snr[0] == np.inf:
            i = int(np.flatnonzero(~(np.diff(log_snr, prepend=np.inf) < 0))[0]) if finite[:-1].all() else 0
            raise UserError(f"table: log_snr does not fall in row {i + 1}.", "Noise must grow from row to row.")
        if not finite.any():
            raise UserError("table: its only row has no signal.", "Give a row before it.")
        wanted = betas_of(np.exp(-log_snr / 2))
        off = np.flatnonzero(np.abs(beta - wanted) > 1e-4 * wanted + 1e-7)
        if len(off):
            i = int(off[0])
            raise UserError(
                f"table: beta = {beta[i]:g} in row {i + 1} conflicts with its noise level.",
                f"The level asks for {wanted[i]:g}; give one of the two.",
            )
        ends = [*log_snr[:-1].tolist(), float(log_snr[-1]) if finite[-1] else None]
        object.__setattr__(self, "table", tuple(zip(beta.tolist(), ends, strict=True)))
        super().__post_init__()

    def betas(self) -> Array:
        """As given."""
        return np.array([row[0] for row in self.table])

    @cached_property
    def _log_snr_table(self) -> Array:
        return np.array([-np.inf if row[1] is None else row[1] for row in self.table])

    @classmethod
    def of_betas(cls, betas: Iterable[float]) -> "Tabulated":
        """The variance-preserving chain with these betas."""
        beta = np.asarray(list(betas), dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_alpha_bar = np.cumsum(np.log1p(-beta))
            log_snr = log_alpha_bar - np.log(-np.expm1(log_alpha_bar))
        return cls(table=tuple(zip(beta.tolist(), log_snr.tolist(), strict=True)))

    @classmethod
    def like(cls, schedule: Schedule, steps: int = 1000) -> "Tabulated":
        """The rows of a chain of another schedule."""
        chain = schedule.discrete(steps)
        return cls(table=tuple(zip(chain.beta.tolist(), chain.log_snr.tolist(), strict=True)), form=schedule.form)


STEEPEST = 1e3
"""The most that a rescaled schedule may be stretched; beyond, float64 could not tell its rows apart."""


def _one_minus_root(v: ArrayLike) -> Array:
    """1 - sqrt(alpha_bar) = 1 - 1/sqrt(1 + v), without cancellation; 1 where v is infinite."""
    return np.asarray(-np.expm1(-np.log1p(v) / 2))


@dataclass(frozen=True)
class ZeroSnr(Schedule):
    """Another schedule, shifted and scaled in sqrt(alpha_bar) so that no signal is left at the end.

    a(t) = a_1 (a'(t) - a'_T)/(a_1 - a'_T) with a' = sqrt(alpha_bar) of the schedule and a_1 at the first of its rows,
    which stays as it is [Lin et al. 2024, algorithm 1]; s^2 is linear in t before that row. A variance-exploding form
    becomes variance preserving: alpha has to reach 0.
    """

    key: ClassVar[str] = "zero_snr"
    title: ClassVar[str] = "Zero terminal SNR"
    formula: ClassVar[str] = "a = a_1 (a' - a'_T)/(a'_1 - a'_T), a = sqrt(alpha_bar), a' that of another schedule"
    source: ClassVar[str] = "arXiv 2305.08891"
    of: Annotated[Schedule, "the schedule that is rescaled"] = Linear()

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rows < 2:
            raise UserError("zero_snr: a schedule of one row leaves nothing to rescale.", "Take more chain_steps.")
        if self._ends[2] > STEEPEST:
            raise UserError(
                f"zero_snr: {self.of.key} adds next to no noise after its first row: there is nothing to rescale.",
                "Let it add more noise by its end.",
            )

    @property
    def form(self) -> str:  # type: ignore[override]
        """The form of the rescaled schedule if its alpha can reach 0, else "vp"."""
        return "flow" if self.of.form == "flow" else "vp"

    @property
    def rows(self) -> int:
        """Rows of the rescaled schedule."""
        return self.of.rows

    @cached_property
    def _ends(self) -> tuple[float, float, float]:
        """a'_T, 1 - a'_1 and a_1/(a_1 - a'_T)."""
        end = float(1 / np.sqrt(1 + self.of.noise_level(1.0) ** 2))
        first = float(_one_minus_root(self.of.noise_level(1 / self.rows) ** 2))
        return end, first, (1 - first) / (1 - first - end)

    def noise_level(self, t: ArrayLike) -> Array:
        """sqrt(1/a^2 - 1)."""
        t = np.asarray(t, dtype=np.float64)
        end, first, scale = self._ends
        v = self.of.noise_level(np.maximum(t, 1 / self.rows)) ** 2
        left = np.where(t < 1, (scale * (1 / np.sqrt(1 + v) - end)).clip(0), 0.0)  # a
        noise = first + scale * (_one_minus_root(v) - first)  # 1 - a
        with np.errstate(divide="ignore"):
            s = np.sqrt(noise * (1 + left)) / left
        return np.asarray(np.where(t * self.rows < 1, np.sqrt((t * self.rows).clip(0, 1)), 1.0) * s)


@dataclass(frozen=True, kw_only=True)
class Join(Schedule):
    """Two schedules joined at a noise level: one below it, the other above, each at its own pace.

    The stretches of t that the two take are put one after the other and scaled to [0, 1].

    Raises:
        UserError: if one of them spends no time on its side of the level.
    """

    key: ClassVar[str] = "join"
    title: ClassVar[str] = "Join of two"
    formula: ClassVar[str] = "s = s_low(t p) below the level, s_high(1 - (1 - t) p) above, p = t_low + 1 - t_high there"
    source: ClassVar[str] = "diffview"
    low: Annotated[Schedule, "the schedule below the level"] = Cosine()
    high: Annotated[Schedule, "the schedule above the level"] = Edm()
    level: Annotated[float, Range(1e-4, 1e5, log=True), "noise level s at which one takes over from the other"] = 1.0
    form: Form = "vp"  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        below, above = self._meeting_times
        for name, spent in (("low", below), ("high", 1 - above)):
            if spent < 1e-3:
                part = self.parts[name]
                raise UserError(
                    f"join: {part.key} has nothing {'below' if name == 'low' else 'above'} s = {self.level:g}.",
                    f"Its noise levels go from {part.s_min:.3g} to {part.s_max:.3g}; choose a level well inside.",
                )

    @cached_property
    def _meeting_times(self) -> tuple[float, float]:
        """t at which the low and at which the high schedule reaches the level."""
        return float(self.low.t_of(self.level)), float(self.high.t_of(self.level))

    def noise_level(self, t: ArrayLike) -> Array:
        """That of the schedule in whose stretch t lies."""
        t = np.asarray(t, dtype=np.float64)
        below, above = self._meeting_times
        pace = below + 1 - above
        low = np.minimum(self.low.noise_level(np.minimum(t * pace, below)), self.level)
        high = np.maximum(self.high.noise_level(np.maximum(1 - (1 - t) * pace, above)), self.level)
        return np.asarray(np.where(t * pace <= below, low, high))

    @classmethod
    def above(cls, schedule: Schedule, high: Schedule | None = None) -> "Join":
        """`schedule` below s = 1 and another (EDM) above it; joined at a level that both have if 1 is none."""
        high = Edm() if high is None else high
        span = max(schedule.s_min, high.s_min), min(schedule.s_max, high.s_max)
        level = 1.0 if span[0] < 0.1 and span[1] > 10 else float(np.sqrt(span[0] * span[1]))
        return cls(low=schedule, high=high, level=level, form=schedule.form)


MIDDLE = (0.1, 0.9)
"""The stretch of t in which the scales of the field sink below the noise floor in a spectrum-matched schedule."""


@dataclass(frozen=True, kw_only=True)
class SpectrumMatched(Schedule):
    """Each octave of the field's scales meets the noise floor in equal time: s^2(t) = P(k(t)), ln k falling evenly.

    k falls from the largest to the smallest wavenumber for t from 0.1 to 0.9; before it s rises by equal factors from
    sigma_min, after it to sigma_max. ln P is linear in ln k between the pairs. s(0) = 0 by definition.

    Args:
        spectrum: pairs (k, P), k rising, P falling: the non-increasing envelope of the field's power, standardised.

    Raises:
        UserError: if k does not rise, P does not fall, or sigma_min and sigma_max do not enclose sqrt(P).
    """

    key: ClassVar[str] = "spectrum"
    title: ClassVar[str] = "Spectrum-matched"
    formula: ClassVar[str] = "s^2 = P(k(t)), ln k falling evenly from k_max to k_min for t from 0.1 to 0.9"
    source: ClassVar[str] = "diffview"
    sigma_min: SigmaMin = 0.01
    sigma_max: SigmaMax = 100.0
    spectrum: tuple[tuple[float, float], ...] = ((1.0, 100.0), (64.0, 0.003))
    form: Form = "vp"  # type: ignore[misc]

    def __post_init__(self) -> None:
        super().__post_init__()
        k, power = _pairs(self.spectrum, self.key, "wavenumbers and powers")
        fine = len(k) >= 2 and k[0] > 0 and power[-1] > 0 and np.isfinite(k).all() and np.isfinite(power).all()
        if not (fine and (np.diff(k) > 0).all() and (np.diff(power) < 0).all()):
            raise UserError("spectrum: the power does not fall.", "Give pairs (k, P), k rising and P falling.")
        if not self.sigma_min**2 < power[-1] or not power[0] < self.sigma_max**2:
            raise UserError(
                f"spectrum: the noise floor has to pass from s = {power[-1] ** 0.5:.3g} to {power[0] ** 0.5:.3g}.",
                "Choose sigma_min below and sigma_max above that.",
            )
        object.__setattr__(self, "spectrum", tuple(zip(k.tolist(), power.tolist(), strict=True)))

    @cached_property
    def _knots(self) -> tuple[Array, Array]:
        """t and ln s, between which ln s is linear in t."""
        ln_k, ln_p = np.log(np.array(self.spectrum)).T
        start, end = MIDDLE
        t = start + (end - start) * (ln_k[-1] - ln_k[::-1]) / (ln_k[-1] - ln_k[0])
        ends = np.log([self.sigma_min, self.sigma_max])
        return np.array([0.0, *t, 1.0]), np.array([ends[0], *ln_p[::-1] / 2, ends[1]])

    def noise_level(self, t: ArrayLike) -> Array:
        """exp of the piecewise straight line, 0 at t = 0."""
        t = np.asarray(t, dtype=np.float64)
        return np.where(t > 0, np.exp(np.interp(t, *self._knots)), 0.0)

    @classmethod
    def fit(cls, k: ArrayLike, power: Array, mean_power: float = 0.0) -> "SpectrumMatched":
        """The schedule for a radial power spectrum P(k), k rising, and the power at k = 0 (pixels times mean squared).

        sigma_max is 10 sqrt of the largest power, k = 0 included: the domain's mean is the last below the noise floor.
        sigma_min is 0.01, or a third of the s at which the finest scale meets the floor if that is less.

        Raises:
            UserError: if the power does not fall with k at all.
        """
        wavenumber, power = np.asarray(k, dtype=np.float64), np.asarray(power, dtype=np.float64)
        known = np.isfinite(power) & (power > 0)
        wavenumber, power = wavenumber[known], power[known]
        later = np.maximum.accumulate(power[::-1])[::-1]  # the envelope: the largest power at this scale or finer
        kept = np.append(power[:-1] > later[1:], True)[: len(power)]
        if kept.sum() < 2:
            raise UserError(
                "spectrum: the power of this field does not fall with the wavenumber.", "Choose another region."
            )
        wavenumber, power = wavenumber[kept], power[kept]
        return cls(
            sigma_min=min(0.01, float(power[-1] ** 0.5) / 3),
            sigma_max=10 * float(max(power[0], mean_power) ** 0.5),
            spectrum=tuple(zip(wavenumber.tolist(), power.tolist(), strict=True)),
        )

    @classmethod
    def match(cls, x0: NDArray[np.floating], pixel_km: tuple[float, float] | None = None) -> "SpectrumMatched":
        """The schedule for a field [ny, nx] in standardised units, NaN where missing.

        Raises:
            UserError: if it has no spectrum, or one that does not fall.
        """
        from diffview.forward.spectra import MOST_MISSING, power, rings

        known = x0[~np.isnan(x0)]
        if min(x0.shape) < 4 or known.size < (1 - MOST_MISSING) * x0.size:
            raise UserError("The region has no spectrum: too much of it is missing.", "Move it where more is complete.")
        grid = rings(*x0.shape, pixel_km)
        mean = float(known.mean(dtype=np.float64))
        return cls.fit(grid.k, power(x0.astype(np.float32, copy=False), grid), known.size * mean * mean)
