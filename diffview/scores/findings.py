"""What was found of an ensemble, one finished sentence for each thing that was looked at."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from diffview.fields.numbers import figures, percent, two_figures
from diffview.scores.calibration import CLIMATOLOGY, GIVEN, ONE, Calibration
from diffview.scores.scales import OctaveSpread

GOOD, DOUBT, BAD = "good", "doubt", "bad"
"""As a perfect ensemble has it; not so, or nobody can tell; not so for sure."""

NEAR = 0.05
"""How far from 1 spread over skill may be of an ensemble that is called calibrated."""

SHARP = 0.1
"""How far apart coherences, and shares of intervals, may be."""

RARE = 0.1
"""Ranks are called uneven where so few of the exchanges are as uneven."""

OFTEN = 10
"""Pixels that are enough to tell how often an event came."""

NAMES = {CLIMATOLOGY: "the climatology", GIVEN: "what the model was given", ONE: "one member alone"}


class EnsembleFinding(NamedTuple):
    """What was looked at, what it means (GOOD, DOUBT or BAD), and a sentence."""

    what: str
    verdict: str
    sentence: str


def findings(of: Calibration, who: str = "This ensemble") -> list[EnsembleFinding]:
    """The sentences, the most telling first; `who` begins the first of them."""
    made = [_tails, _spectra] if not of.judged else [_spread, _octaves, _crps, _ranks, _coverage, _coherence]
    found = [make(of) for make in made]
    if of.judged:
        found += [_events(of), _neighbourhoods(of), _tails(of), _spectra(of)]
    kept = [one for one in found if one is not None]
    first = next((one for one in kept if one.what == "spread"), None)
    if first is not None:
        kept[kept.index(first)] = first._replace(sentence=f"{who} {first.sentence}")
    return kept


def near(ratio: float) -> bool:
    """Whether spread over skill is that of a calibrated ensemble."""
    return abs(ratio - 1) <= NEAR


def _spread(of: Calibration) -> EnsembleFinding | None:
    found = of.dispersion
    if found is None or not np.isfinite(found.ratio):
        return None
    chance = f"spread/skill {figures(found.ratio)}"
    if np.isfinite(found.low):
        chance += f"; by chance a perfect one has {_range(found.low, found.high)}"
    if near(found.ratio):
        return EnsembleFinding("spread", GOOD, f"spreads as far as its mean errs: {chance}.")
    word = "over-confident" if found.ratio < 1 else "not confident enough"
    if found.low <= found.ratio <= found.high:
        return EnsembleFinding("spread", DOUBT, f"may be calibrated or {word}, so few fields do not tell: {chance}.")
    return EnsembleFinding("spread", BAD, f"is {word}: {chance}.")


def _octaves(of: Calibration) -> EnsembleFinding | None:
    """The scale at which spread and error are farthest apart."""
    known = [octave for octave in of.octaves if octave.ratio > 0 and octave.modes >= 16]
    if not known:
        return None
    worst = max(known, key=lambda octave: abs(np.log(octave.ratio)))
    parts = ", ".join(f"{figures(octave.ratio, 2)} at {waves(of, octave)}" for octave in of.octaves if octave.ratio > 0)
    if abs(worst.ratio - 1) <= 2 * NEAR:
        return EnsembleFinding("scales", GOOD, f"So it is at every scale: spread/skill {parts}.")
    side = "too little" if worst.ratio < 1 else "too much"
    return EnsembleFinding(
        "scales", DOUBT, f"It has {side} spread at {waves(of, worst)} above all: spread/skill {parts}."
    )


def waves(of: Calibration, octave: OctaveSpread) -> str:
    """The wavelengths of an octave: "20 to 40 km"."""
    return between(octave.shortest, octave.longest, wave_unit(of))


def between(low: float, high: float, unit: str) -> str:
    """Wavelengths: "20 to 40 km", or "40 km" if they are one."""
    texts = dict.fromkeys((two_figures(low), two_figures(high)))
    return f"{' to '.join(texts)} {unit}"


def wave_unit(of: Calibration) -> str:
    """What wavelengths are counted in."""
    return "km" if of.in_km else "pixels"


def _crps(of: Calibration) -> EnsembleFinding | None:
    than = [f"{percent(abs(one.skill), 2)} {'better' if one.skill >= 0 else 'worse'} than {NAMES[one.what]}"
            for one in of.beside if np.isfinite(one.skill)]  # fmt: skip
    worse = any(one.skill < 0 for one in of.beside)
    said = f"Its fair CRPS is {_amount(of.crps, of)}"
    return EnsembleFinding("CRPS", BAD if worse else GOOD, f"{said}: {_listed(than)}." if than else f"{said}.")


def _ranks(of: Calibration) -> EnsembleFinding | None:
    found = of.ranks
    if found is None or not np.isfinite(found.p):
        return None
    outside, wanted = float(found.shares[0] + found.shares[-1]), 2 / len(found.shares)
    said = (
        f"The truth lies outside all members at {percent(outside, 2)} of the pixels, where {percent(wanted, 2)} are due"
    )
    if found.least > RARE:
        return EnsembleFinding("ranks", "", f"{said}; so few members do not tell whether that is chance.")
    if found.p > RARE:
        return EnsembleFinding("ranks", GOOD, f"{said}: ranks as flat as those of the members themselves.")
    chance = f"of members in its place {percent(found.p, 2)} have ranks as uneven"
    return EnsembleFinding("ranks", BAD, f"{said}: they are not flat; {chance}.")


def _coverage(of: Calibration) -> EnsembleFinding | None:
    if not of.coverage:
        return None
    parts = [
        f"the {percent(level)} interval holds the truth at {percent(share, 2)}" for level, share in of.coverage.items()
    ]
    good = all(abs(share - level) <= SHARP * min(level, 0.5) for level, share in of.coverage.items())
    said = f"{_listed(parts)} of the pixels."
    return EnsembleFinding("coverage", GOOD if good else DOUBT, said[0].upper() + said[1:])


def _coherence(of: Calibration) -> EnsembleFinding | None:
    apart = of.scales.among - of.scales.with_truth
    if not np.isfinite(apart).any():
        return None
    much = np.flatnonzero(np.abs(np.nan_to_num(apart)) > SHARP)
    if not len(much):
        return EnsembleFinding(
            "coherence", GOOD,
            "Two members agree with each other as far as a member agrees with the truth, at every scale.",
        )  # fmt: skip
    more = float(np.nansum(apart[much])) > 0
    wave = of.scales.wavelength[much]
    where = between(float(wave.min()), float(wave.max()), wave_unit(of))
    said = f"Two members agree with each other {'more' if more else 'less'} than with the truth at {where}"
    means = "they are sure of what is wrong there" if more else "they differ more than they err there"
    return EnsembleFinding("coherence", DOUBT, f"{said}: {means}.")


def _events(of: Calibration) -> EnsembleFinding | None:
    """Of the highest threshold that was forecast often: how far observed shares are from forecast ones, by counts."""
    told = [one for one in of.reliability if (one.counts[one.forecast > 0] >= OFTEN).any()]
    if not told:
        return None
    one = told[-1]
    full = one.counts > 0
    error = float(np.average(np.abs(one.forecast - one.observed)[full], weights=one.counts[full]))
    high = np.flatnonzero(one.counts >= OFTEN)[-1]
    said = (
        f"Above {_amount(one.threshold, of)}: where {percent(one.forecast[high], 2)} of the members had it, it came at "
        f"{percent(one.observed[high], 2)} of {one.counts[high]:,} pixels"
    )
    mean = f"on average a probability is off by {figures(100 * error, 2)} points"
    good = error <= SHARP * one.base_rate
    return EnsembleFinding("reliability", GOOD if good else DOUBT, f"{said}; {mean}.")


def _neighbourhoods(of: Calibration) -> EnsembleFinding | None:
    """From which width on the probabilities of each threshold are in the right place."""
    parts = []
    for one in of.neighbourhoods:
        skilful = np.flatnonzero(one.scores >= one.useful)
        first = one.widths[skilful[0]] if len(skilful) else 0
        where = "at no scale" if not first else "at every scale" if first == 1 else f"from {first} pixels on"
        parts.append(f"above {_amount(one.threshold, of)} {where}")
    said = f"Its probabilities are in the right place {_listed(parts)} (FSS at 0.5 + f/2)." if parts else ""
    return EnsembleFinding("FSS", "", said) if parts else None


def _tails(of: Calibration) -> EnsembleFinding | None:
    members, truth = of.tails["members"], of.tails.get("truth")
    level, value = members.levels[-1], float(members.values[-1])
    if truth is None:
        return EnsembleFinding("tail", "", f"{percent(level)} of its pixels lie below {_amount(value, of)}.")
    wanted = float(truth.values[-1])
    said = f"{percent(level)} of the pixels lie below {_amount(value, of)}, of the truth {figures(wanted)}"
    if not np.isfinite(truth.low[-1]):
        return EnsembleFinding("tail", "", f"{said}; a single field does not say how sure that is.")
    between = _range(float(truth.low[-1]), float(truth.high[-1]))
    inside = members.low[-1] <= truth.high[-1] and truth.low[-1] <= members.high[-1]
    return EnsembleFinding("tail", GOOD if inside else DOUBT, f"{said} ({between} for 90 % of fields drawn again).")


def _spectra(of: Calibration) -> EnsembleFinding | None:
    """What of the variance at the smallest octave members and mean have."""
    scales = of.scales
    small = scales.k >= scales.k[-1] / 2
    powers = [float(np.nansum(p[small])) for p in (scales.members, scales.mean, scales.truth)]
    where = f"at scales below {two_figures(float(scales.wavelength[small][0]))} {wave_unit(of)}"
    if not powers[0] > 0:
        return None
    if not of.judged or not powers[2] > 0:
        return EnsembleFinding(
            "spectrum", "", f"The mean has {percent(powers[1] / powers[0], 2)} of a member's power {where}."
        )
    share, mean = powers[0] / powers[2], powers[1] / powers[2]
    said = f"Members have {percent(share, 2)} of the truth's power {where}, their mean {percent(mean, 2)}"
    said += ": it is smooth" if mean < share / 2 else ""
    return EnsembleFinding("spectrum", GOOD if 0.8 <= share <= 1.25 else DOUBT, f"{said}.")


def _amount(value: float, of: Calibration) -> str:
    """A value in the field's units."""
    return f"{figures(value)} {of.units}".rstrip()


def _range(low: float, high: float) -> str:
    return f"{figures(low)} to {figures(high)}"


def _listed(parts: Sequence[str]) -> str:
    """Parts of a sentence: a, b and c."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
