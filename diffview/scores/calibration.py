"""Is an ensemble calibrated? All that can be said of members beside a truth, or alone, in physical units.

Of one case (an ensemble of one field) or of several. What the numbers may be by chance stands beside them: of ranks and
spread/skill by exchanging members with the truth, of quantiles by drawing fields again.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.units import RAIN, written
from diffview.learning.sets import evenly
from diffview.scores import metrics
from diffview.scores.aggregation import Aggregated, aggregated
from diffview.scores.curves import rounded
from diffview.scores.exceedance import Neighbourhoods, Reliability, fractions_skill, reliability
from diffview.scores.ranks import Dispersion, Ranks, coverage, dispersion, ranks
from diffview.scores.scales import ByScale, OctaveSpread, by_scale, octaves
from diffview.scores.tails import Tail, tail

Fields = NDArray[np.floating]

INTERVALS = (0.5, 0.9)
"""Central intervals whose coverage is told."""

RAIN_RATES = (0.1, 1.0, 5.0)
"""Thresholds of rain where none is named, mm/h; of other quantities EXCEEDED."""

EXCEEDED = (0.5, 0.9, 0.99)
"""Quantiles of the truth that are thresholds where none is named."""

MOST_CLIMATE = 128
"""Fields of the climatology that are scored, evenly picked."""

CLIMATOLOGY, GIVEN, ONE = "climatology", "condition", "one member"


def too_few(members: int) -> UserError:
    """Why so few members are no ensemble."""
    said = "One member has no spread" if members == 1 else "There are no members"
    hint = "Make at least two members; 16 or more tell something."
    return UserError(f"{said}: nothing can be said of its calibration.", hint)


@dataclass(frozen=True, eq=False)
class EnsembleCases:
    """Ensembles and what they are judged by, in physical units; NaN where missing.

    Attributes:
        members: [M, n, ny, nx] of n cases.
        truth: [n, ny, nx], or None.
        given: what the model was given, as a field [n, ny, nx], or None.
        climatology: other real fields [L, ny, nx] that are a forecast of every case, or None.
        where: the pixels that are judged [ny, nx], as those that a run has made; None: all. Spectra are of all.
        name, units: of the quantity.
        pixel_km: (height, width) of a pixel, or None.

    Raises:
        UserError: if sizes differ, there is one member, or nothing can be judged.
    """

    members: Fields
    truth: Fields | None = None
    given: Fields | None = None
    climatology: Fields | None = None
    where: NDArray[np.bool_] | None = None
    name: str = "field"
    units: str = ""
    pixel_km: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if len(self.members) < 2:
            raise too_few(len(self.members))
        if np.isinf(self.members).any():
            raise UserError("Members have values that are not finite.", "The run has gone astray: use weaker guidance.")
        shape = self.members.shape[1:]
        for what, values, wanted in (
            ("truth", self.truth, shape), ("condition", self.given, shape), ("climatology", self.climatology, shape[1:])
        ):  # fmt: skip
            if values is not None and values.shape[-len(wanted) :] != wanted:
                raise UserError(
                    f"The {what} has {_by(values.shape[-2:])} pixels, the members have {_by(shape[-2:])}.",
                    f"Name a {what} on the same grid.",
                )
        if self.truth is not None and not self.known.any():
            raise UserError(
                "The truth has no value where the members have one.",
                "Name a truth with data there, or none: spectra and quantiles need none.",
            )

    @property
    def known(self) -> NDArray[np.bool_]:
        """The points that are judged [n, ny, nx]: nothing is missing there."""
        missing = np.isnan(self.members).any(axis=0)
        missing = missing if self.truth is None else missing | np.isnan(self.truth)
        return np.asarray(~missing if self.where is None else ~missing & self.where)


class Beside(NamedTuple):
    """Another forecast of the same truth: its CRPS in units of the field, and 1 - CRPS/that CRPS of the ensemble."""

    what: str
    crps: float
    skill: float
    fields: int


@dataclass(frozen=True, eq=False)
class Calibration:
    """What was found. Without a truth only octaves, scales and tails say something.

    Attributes:
        name, units: of the quantity.
        members, cases: how many.
        points: that were judged; of all, so many were missing in the truth and in a member.
        crps: fair, mean over the points, in units; NaN without a truth.
        beside: other forecasts of the same truth.
        dispersion, ranks: see there; None without a truth.
        coverage: {level: share of the points at which the truth lies in the central interval}.
        scales, octaves: by scale.
        reliability, neighbourhoods: of each threshold.
        tails: quantiles of "members", "mean" and "truth".
        blocks: "members", "mean" and "truth" from fine to coarse: moments, and shares above each threshold.
        seed: of ties and bootstrap.
        in_km: whether wavelengths are in km; else in pixels.
        unreached: usual thresholds that neither a member nor the truth reaches, and which are not judged.
    """

    name: str
    units: str
    members: int
    cases: int
    points: int
    missing_truth: int
    missing_members: int
    crps: float
    beside: tuple[Beside, ...]
    dispersion: Dispersion | None
    ranks: Ranks | None
    coverage: Mapping[float, float]
    scales: ByScale
    octaves: tuple[OctaveSpread, ...]
    reliability: tuple[Reliability, ...]
    neighbourhoods: tuple[Neighbourhoods, ...]
    tails: Mapping[str, Tail]
    blocks: Mapping[str, Aggregated]
    seed: int
    in_km: bool
    unreached: tuple[float, ...] = ()

    @property
    def left_out(self) -> str:
        """Which usual thresholds nothing reaches, as a sentence; "" if each is judged."""
        amounts = " and ".join(f"{one:g}" for one in self.unreached)
        where = f"above {amounts} {self.units}".rstrip()
        return f"Nothing is judged {where}: neither a member nor the truth has so much." if amounts else ""

    @property
    def judged(self) -> bool:
        """Whether there was a truth."""
        return self.ranks is not None

    def plain(self) -> dict[str, Any]:
        """As JSON has it; None where there is no number."""
        made: dict[str, Any] = as_plain(self)
        return made


def as_plain(value: Any) -> Any:
    """Dataclasses and named tuples as tables, arrays as lists of 4 digits, numbers that are none as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: as_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_plain(part) for name, part in value._asdict().items()}
    if isinstance(value, Mapping):
        return {f"{name:g}" if isinstance(name, float) else name: as_plain(part) for name, part in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist() if value.dtype.kind in "iu" else rounded(value)
    if isinstance(value, (tuple, list)):
        return [as_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def calibrate(
    cases: EnsembleCases,
    thresholds: Sequence[float] = (),
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Calibration:
    """Score ensembles.

    Args:
        cases: members and truth.
        thresholds: of events, in units of the field; none: those that suit it.
        seed: of ties and of the bootstrap.
        progress: called with the share that is done; it may raise to end it.

    Raises:
        UserError: if a threshold lies above all values.
    """
    members, known = cases.members, cases.known
    truth = None if cases.truth is None else np.where(known, cases.truth, np.nan)
    thresholds, unreached = _chosen(cases, thresholds)
    scales = by_scale(members, cases.truth, cases.pixel_km)
    progress(0.3)
    tails = _tails(cases, seed)
    progress(0.5)
    crps, beside = (float("nan"), ()) if truth is None else _crps(cases)
    progress(0.7)
    found = None if truth is None else ranks(members, truth, seed, by_case=True)
    progress(0.8)
    missing = 0 if cases.truth is None else int(np.isnan(cases.truth).sum())
    events, squares = ((), ()) if truth is None else _events(members, truth, thresholds)
    made = Calibration(
        cases.name, written(cases.units), len(members), members.shape[1], int(known.sum()), missing,
        int(np.isnan(members.min(axis=0)).sum()), crps, beside,
        None if truth is None else dispersion(members, truth, seed, by_case=True), found,
        {} if found is None else dict(zip(INTERVALS, coverage(found.shares, INTERVALS).tolist(), strict=True)),
        scales, tuple(octaves(scales, (members.shape[2], members.shape[3]), cases.pixel_km)), events, squares,
        tails, _blocks(cases, thresholds), seed, cases.pixel_km is not None, unreached,
    )  # fmt: skip
    progress(1.0)
    return made


def _chosen(cases: EnsembleCases, asked: Sequence[float]) -> tuple[Sequence[float], tuple[float, ...]]:
    """The thresholds of events, and those of the usual ones that nothing reaches."""
    usual = () if asked or cases.truth is None else usual_thresholds(_judged_values(cases), cases.units)
    thresholds = _thresholds(cases, asked)
    return thresholds, tuple(one for one in usual if one not in thresholds)


def _events(
    members: Fields, truth: Fields, thresholds: Sequence[float]
) -> tuple[tuple[Reliability, ...], tuple[Neighbourhoods, ...]]:
    """Reliability and FSS above each threshold."""
    return (
        tuple(reliability(members, truth, threshold) for threshold in thresholds),
        tuple(fractions_skill(members, truth, threshold) for threshold in thresholds),
    )


def _thresholds(cases: EnsembleCases, asked: Sequence[float]) -> tuple[float, ...]:
    members = cases.members[:, cases.known]
    return thresholds_for(_judged_values(cases), cases.units, asked, members)


def _judged_values(cases: EnsembleCases) -> Fields:
    """The values that thresholds are chosen by: those of the truth, or of the members where there is none."""
    return cases.members[:, cases.known] if cases.truth is None else cases.truth[cases.known]


def thresholds_for(
    truth: Fields, units: str, asked: Sequence[float] = (), members: Fields | None = None
) -> tuple[float, ...]:
    """The thresholds asked for, or else those of `usual_thresholds` that something exceeds.

    Args:
        truth: values, NaN where missing.
        units: of them.
        asked: thresholds in these units; none: the usual ones.
        members: of an ensemble, which may exceed what the truth does not.

    Raises:
        UserError: if nothing lies above one that is asked for.
    """
    highest = max(float(np.nanmax(x)) for x in (truth, members) if x is not None)
    for threshold in asked:
        if not threshold < highest:
            what = "the truth" if members is None else "members or truth"
            raise UserError(
                f"No pixel of {what} lies above {threshold:g} {written(units)}".rstrip() + ".",
                f"Choose a threshold below {highest:.4g}.",
            )
    return tuple(asked) or tuple(t for t in usual_thresholds(truth, units) if t < highest)


def usual_thresholds(truth: Fields, units: str) -> tuple[float, ...]:
    """RAIN_RATES in these units where they are those of rain, or else the quantiles EXCEEDED of the truth."""
    rate = RAIN.get(written(units))
    found = metrics.quantiles(truth, EXCEEDED).tolist() if rate is None else [rate * r for r in RAIN_RATES]
    return tuple(float(f"{t:.4g}") for t in dict.fromkeys(found))


def _tails(cases: EnsembleCases, seed: int) -> dict[str, Tail]:
    """Of all members, of their means and of the truth, at the points that are judged."""
    return {name: tail(fields, seed=seed) for name, fields in _parts(cases).items()}


def _blocks(cases: EnsembleCases, thresholds: Sequence[float]) -> dict[str, Aggregated]:
    """The same from fine to coarse."""
    return {name: aggregated(fields, thresholds) for name, fields in _parts(cases).items()}


def _parts(cases: EnsembleCases) -> dict[str, Fields]:
    """Members, their means and the truth as fields [n, ny, nx], NaN where they are not judged."""
    parts = {"members": cases.members, "mean": cases.members.mean(axis=0)[None]}
    if cases.truth is not None:
        parts["truth"] = cases.truth[None]
    shape = cases.members.shape[2:]
    return {name: np.where(cases.known, x, np.nan).reshape(-1, *shape) for name, x in parts.items()}


def _crps(cases: EnsembleCases) -> tuple[float, tuple[Beside, ...]]:
    """The fair CRPS of the members, and other forecasts beside it."""
    assert cases.truth is not None
    known, members, truth = cases.known, cases.members, cases.truth
    own = float(np.concatenate([metrics.crps(members[:, c], truth[c])[known[c]] for c in range(len(truth))]).mean())
    others: list[tuple[str, float, int]] = []
    if cases.climatology is not None:
        climate = evenly(cases.climatology, MOST_CLIMATE)
        scores = np.stack([metrics.crps(climate, field) for field in truth])[known]
        others.append((CLIMATOLOGY, float(np.nanmean(scores)), len(climate)))
    if cases.given is not None:
        others.append((GIVEN, float(np.nanmean(np.abs(cases.given - truth)[known])), 1))
    others.append((ONE, float(np.abs(members - truth)[:, known].mean()), 1))
    return own, tuple(
        Beside(what, crps, 1 - own / crps if crps > 0 else float("nan"), count)
        for what, crps, count in others if math.isfinite(crps)
    )  # fmt: skip


def _by(shape: Sequence[int]) -> str:
    return " x ".join(str(n) for n in shape)
