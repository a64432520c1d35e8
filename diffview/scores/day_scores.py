"""Scores of days that were made from a month's mean, each beside the same of real days.

What a score of made days is worth shows only beside a second real sample: here the days of the years that the law was
fitted to. Departures are those from the seasonal cycle of these years, in the units of the field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.daily import FieldSeries, date_text
from diffview.models.days import DaysLaw, LawOfDays
from diffview.scores import metrics
from diffview.scores.calibration import as_plain
from diffview.scores.printed import aligned, short

Array = NDArray[np.float64]
Progress = Callable[[float], None]

LAGS = (1, 3, 7)
"""Days apart at which departures from a sequence's own mean are correlated."""

CHANGES = (0.99, 0.999)
"""Quantiles of the day-to-day change."""

WARM = 0.9
"""A spell is a run of days above this quantile of the pixel's departures."""


@dataclass(frozen=True, eq=False)
class DaysCharacter:
    """What sequences of days are like.

    Attributes:
        lags: correlation of departures from the own mean 1, 3 and 7 days apart.
        changes: the 0.99 and 0.999 quantile of |day-to-day change|, in units.
        kurtosis: excess kurtosis of the day-to-day change: 0 of a Gaussian law.
        spell: mean length in days of what lies above the pixel's 0.9 quantile of the test, inside a sequence.
        seam: mean |change| from the last day of a sequence to the first of the next over that from day to day.
        ks: Kolmogorov-Smirnov distance of the departures from those of the test [ny, nx]; NaN without data.
    """

    lags: tuple[float, ...]
    changes: tuple[float, ...]
    kurtosis: float
    spell: float
    seam: float
    ks: Array

    @property
    def distance(self) -> float:
        """Mean of `ks` over the pixels."""
        return float(np.nanmean(self.ks))


@dataclass(frozen=True, eq=False)
class DaysScores:
    """A law of days, judged on sequences that it was not fitted to.

    Attributes:
        name, units: of the field.
        frames, cases, members: days of a sequence, sequences, and members of each.
        fitted, tested: first and last day of the series.
        windows: sequences that the law was fitted to.
        kept: largest departure of a member's mean from the one that was given, in standard deviations.
        crps: fair, in units, of the members.
        crps_of_mean: of the mean's departure from the season, repeated every day.
        crps_of_years: of the days of the other years at the same time of the year, moved to the mean.
        spread, skill, ratio: of the members.
        made, test, other: what the members, the test and the years before it are like.
    """

    name: str
    units: str
    frames: int
    cases: int
    members: int
    fitted: str
    tested: str
    windows: int
    kept: float
    crps: float
    crps_of_mean: float
    crps_of_years: float
    spread: float
    skill: float
    ratio: float
    made: DaysCharacter
    test: DaysCharacter
    other: DaysCharacter

    def plain(self) -> dict[str, Any]:
        """As JSON has it; of the maps their means."""
        made: dict[str, Any] = as_plain(self)
        for which in ("made", "test", "other"):
            made[which]["ks"] = as_plain(getattr(self, which).distance)
        return made


@dataclass(frozen=True, eq=False)
class DaysTask:
    """A series whose last part is held out.

    Attributes:
        before, after: daily fields to fit to, and those to be made from their means.
        frames: days of a sequence.
        members: of each.
        seed: of the noise.
        periodic: as `DaysLaw.fit`.
        law: a network that makes the days, in place of the formula that is fitted; or None.
    """

    before: FieldSeries
    after: FieldSeries
    frames: int = 28
    members: int = 16
    seed: int = 0
    periodic: bool = False
    law: LawOfDays | None = None


def verify_days(task: DaysTask, progress: Progress = lambda share: None) -> DaysScores:
    """Fit the law to the first part, make days from the means of the other's sequences, and compare.

    Raises:
        UserError: if one of the two parts is too short.
    """
    frames, after = task.frames, task.after
    firsts = after.firsts(frames, frames)
    if len(firsts) < 2 or task.members < 2:
        raise UserError(
            f"{len(firsts)} sequences of {frames} days in what is held out, and {task.members} members of each.",
            "Hold out at least two sequences, and make at least two members.",
        )
    law = task.law or DaysLaw.fit(task.before, frames, task.periodic)
    progress(0.2)
    truth, fractions, made = _made(task, law, firsts, lambda share: progress(0.2 + 0.6 * share))
    known = ~np.isnan(made).any((0, 1, 2)) & ~np.isnan(truth).any((0, 1))
    inside, real = made[..., known], truth[..., known].astype(np.float64)
    given = real.mean(1)
    season = np.stack([law.cycle.at(when)[:, known] for when in fractions])
    repeated = season - season.mean(1, keepdims=True) + given[:, None]
    years = _other_years(task.before, law, truth, fractions)[..., known]
    last = int(after.days[firsts[-1] + frames - 1])
    tested = f"{date_text(int(after.days[firsts[0]]), after.calendar)} to {date_text(last, after.calendar)}"
    return DaysScores(
        after.of.field.name, after.of.field.units, frames, len(truth), task.members, task.before.span, tested,
        law.windows, float(np.abs((inside.mean(2) - given) / law.cycle.std[known]).max()),
        float(metrics.crps(inside, real).mean()), float(np.abs(real - repeated).mean()),
        float(metrics.crps(years, real).mean()), *metrics.spread_skill(inside, real),
        *_characters(task, law, known, truth, fractions, made),
    )  # fmt: skip


def _made(
    task: DaysTask, law: LawOfDays, firsts: NDArray[np.intp], progress: Progress
) -> tuple[NDArray[np.floating], Array, Array]:
    """The sequences of the test [n, frames, ny, nx], fractions of the year [n, frames], and members of each."""
    at = firsts[:, None] + np.arange(task.frames)
    truth, fractions = task.after.values[at], task.after.fractions[at]
    made = np.empty((task.members, *truth.shape))
    for case, (days, when) in enumerate(zip(truth, fractions, strict=True)):
        made[:, case] = law.members(days.mean(0, dtype=np.float64), when, task.members, task.seed, case * task.members)
        progress((case + 1) / len(truth))
    return truth, fractions, made


def _characters(
    task: DaysTask, law: LawOfDays, known: NDArray[np.bool_], truth: NDArray[np.floating], fractions: Array, made: Array
) -> tuple[DaysCharacter, DaysCharacter, DaysCharacter]:
    """What the members, the test, and the years before it are like."""
    departures, before = _Departures(law, known), task.before
    test = departures.of(truth, fractions)
    earlier = before.firsts(task.frames, task.frames)[:, None] + np.arange(task.frames)
    others = departures.of(before.values[earlier], before.fractions[earlier])
    drawn = np.stack([departures.of(one, fractions) for one in made])
    flat = test.reshape(-1, test.shape[-1])
    limit = np.quantile(flat, WARM, axis=0)

    def character(found: Array) -> DaysCharacter:
        """Of departures [..., n, frames, pixels]."""
        ks = np.full(known.shape, np.nan)
        ks[known] = kolmogorov_smirnov(found.reshape(-1, found.shape[-1]), flat)
        return _character(found, limit, ks)

    return character(drawn), character(test), character(others)


@dataclass(frozen=True, eq=False)
class _Departures:
    """Departures from the season of the law, in units, at the pixels that are known."""

    law: LawOfDays
    known: NDArray[np.bool_]

    def of(self, values: NDArray[np.floating], fractions: Array) -> Array:
        """Of [n, frames, ny, nx] at fractions [n, frames]: [n, frames, pixels]."""
        cycle = np.stack([self.law.cycle.at(when)[:, self.known] for when in fractions])
        return np.asarray(values[..., self.known] - cycle)


def _character(found: Array, limit: Array, ks: Array) -> DaysCharacter:
    """Of departures [..., n, frames, pixels]."""
    own = found - found.mean(-2, keepdims=True)
    frames, square = found.shape[-2], float((own**2).mean())
    lags = [float((own[..., lag:, :] * own[..., : frames - lag, :]).mean()) / square if lag < frames else float("nan")
            for lag in LAGS]  # fmt: skip
    change = np.diff(found, axis=-2)
    centred = change - change.mean()
    warm = found > limit
    begins = warm.copy()
    begins[..., 1:, :] &= ~warm[..., :-1, :]
    across = found[..., 1:, 0, :] - found[..., :-1, -1, :]
    return DaysCharacter(
        tuple(lags), tuple(np.quantile(np.abs(change), CHANGES).tolist()),
        float((centred**4).mean() / (centred**2).mean() ** 2 - 3), float(warm.sum() / max(1, begins.sum())),
        float(np.abs(across).mean() / np.abs(change).mean()), ks,
    )  # fmt: skip


def _other_years(before: FieldSeries, law: LawOfDays, truth: NDArray[np.floating], fractions: Array) -> Array:
    """The same days of all the years before, with the mean of the test's [years, n, frames, ny, nx].

    Days are taken by the fraction of the year at which a sequence begins, and moved as departures from the season.
    """
    frames = truth.shape[1]
    starts = before.firsts(frames, 1)
    years = np.array([date.year for date in before.dates])[starts]
    usual = np.unique(years)
    made = np.empty((len(usual), *truth.shape))
    anomalies = law.cycle.anomalies(before.values, before.fractions)
    for case, (days, when) in enumerate(zip(truth, fractions, strict=True)):
        mean = law.cycle.anomalies(days, when).mean(0)
        apart = np.abs((before.fractions[starts] - when[0] + 0.5) % 1 - 0.5)
        for row, year in enumerate(usual):
            own = np.flatnonzero(years == year)
            first = starts[own[apart[own].argmin()]]
            part = anomalies[first : first + frames]
            made[row, case] = law.cycle.values(part - part.mean(0) + mean, when)
    return made


def kolmogorov_smirnov(one: Array, other: Array) -> Array:
    """Largest distance of the distribution functions of samples [n, ...] and [m, ...], at every place [...]."""
    flat, beside = one.reshape(len(one), -1), other.reshape(len(other), -1)
    found = np.empty(flat.shape[1])
    for i, (a, b) in enumerate(zip(np.sort(flat.T), np.sort(beside.T), strict=True)):
        both = np.concatenate([a, b])
        shares = (np.searchsorted(x, both, side="right") / len(x) for x in (a, b))
        found[i] = np.abs(np.subtract(*shares)).max()
    return found.reshape(one.shape[1:])


def format_days(laws: Mapping[str, DaysScores]) -> str:
    """What laws are worth, by their titles, as tables for the terminal."""
    first = next(iter(laws.values()))
    units, titles = first.units, list(laws)
    lines = [
        f"{first.name}: {first.cases} sequences of {first.frames} days from {first.tested}, {first.members} members "
        f"each; fitted to {first.windows:,} windows of {first.fitted}", "",
    ]  # fmt: skip
    table = [["score", *titles, "mean and season", "other years", ""]]
    table.append(["fair CRPS", *(short(one.crps) for one in laws.values()), short(first.crps_of_mean),
                  short(first.crps_of_years), units])  # fmt: skip
    table.append(["spread/skill", *(short(one.ratio) for one in laws.values()), "", "", ""])
    table.append(["largest error of the mean", *(short(one.kept) for one in laws.values()), "0", "0", "std"])
    lines += [*aligned(table), ""]
    columns = [*(one.made for one in laws.values()), first.test, first.other]
    table = [["what days are like", *titles, "test", "years before", ""]]
    for i, lag in enumerate(LAGS):
        table.append([f"correlation {lag} days apart", *(short(one.lags[i]) for one in columns), ""])
    for i, level in enumerate(CHANGES):
        table.append([f"{level:g} quantile of |change|", *(short(one.changes[i]) for one in columns), units])
    table.append(["excess kurtosis of changes", *(short(one.kurtosis) for one in columns), ""])
    table.append([f"length of spells above {WARM:g}", *(short(one.spell) for one in columns), "days"])
    table.append(["change at the seam/inside", *(short(one.seam) for one in columns), ""])
    table.append(["KS distance from the test", *(short(one.distance) for one in columns), ""])
    return "\n".join([*lines, *aligned(table)])
