"""How good generated fields and ensembles are, each score beside how far real fields are from each other.

A score of generated fields means little on its own. Beside each stand two yardsticks: the training set scored against
the held-out set, and the two halves of the training set against each other (its order is that of space or time, so
that they are disjoint blocks). And beside each limit stands how often a perfect model would meet it: one that draws its
fields from the training set itself, as many of them.

What `scores` gives, as JSON has it, None where there is no number:

    units, wet_from, counts   of the fields; from which amount on a pixel is wet; how many there are of each kind
    rows        {"what", "units", "samples_train", "samples_held_out", "train_held_out", "blocks"}: the score of the
                first against the second; or, of a plain value, {"what", "units", "samples", "held_out", "train"}
    verdicts    {"what", "value", "limit", "at_least", "units", "ok", "chance"}: chance is the share of PICKS random
                picks of as many training fields as there are samples that meet the limit, None where that says nothing
    curves      "spectrum" and "histogram" (see `curves`) of samples, held_out, train and the two blocks, one and two;
                "nearest", the distances to nearest neighbours of samples, held_out and blocks
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import block_mean
from diffview.fields.transforms import Transform
from diffview.fields.units import RAIN, written
from diffview.learning.sets import FEWEST, evenly
from diffview.models.cards import Card
from diffview.models.data import nearest
from diffview.scores import metrics
from diffview.scores.curves import distance_curves, ensemble_curves, histogram_curves, spectrum_curves

Fields = NDArray[np.floating]
Array = NDArray[np.float64]

NEIGHBOURS = 256
"""Most fields whose nearest neighbour is looked for, evenly picked."""

WET = 0.1
"""Rain rate, mm/h, from which on a pixel is wet."""

LSD_LIMIT, TAIL_LIMIT, HELD_OUT_LIMIT, WET_LIMIT = 1.5, 0.15, 1.25, 0.03
"""Acceptance: log-spectral distance to train over that of two blocks; error of the two highest quantiles; errors
against held-out over those of the training set; difference of the wet-pixel fraction."""

CRPS_LIMIT, BLOCK_LIMIT = 0.9, 1e-3
"""Acceptance of ensembles: CRPS over that of what they are given, and of one member; relative error of a block mean."""

PICKS = 100
"""Perfect models that are asked how often they meet a limit."""

PAIRS = (("samples", "train"), ("samples", "held_out"), ("train", "held_out"), ("two", "one"))
"""What is scored against what."""


@dataclass(frozen=True, eq=False)
class Statistics:
    """What is scored of a set of fields: mean spectrum, quantiles, shares of a histogram, and wet-pixel fraction."""

    spectrum: Array
    quantiles: Array
    shares: Array
    wet: float | None


@dataclass(frozen=True, eq=False)
class Measured:
    """Physical fields [n, ny, nx], and what the statistics of any of them are made of.

    Attributes:
        z: in standardised units.
        powers: spectrum of each in standardised units, [n, n_k].
        counts: its pixels in every bin, [n, bins].
        wet: how many are wet, [n]; None of what is not a rain rate.
    """

    fields: Fields
    z: Fields
    powers: Array
    counts: Array
    wet: NDArray[np.intp] | None

    @classmethod
    def of(cls, fields: Fields, transform: Transform, edges: Array, wet_from: float | None) -> "Measured":
        """Measure each field once; a pixel is wet from `wet_from` on."""
        counts = np.stack([np.histogram(field[~np.isnan(field)], edges)[0] for field in fields]).astype(np.float64)
        wet = None if wet_from is None else np.count_nonzero(fields >= wet_from, axis=(1, 2))
        z = transform(fields)
        return cls(fields, z, metrics.spectra(z), counts, wet)

    def statistics(self, pick: Any = slice(None)) -> Statistics:
        """Of the picked fields."""
        counts = self.counts[pick].sum(axis=0)
        quantiles = _without_rounding(metrics.quantiles(self.fields[pick]))
        wet = None if self.wet is None else 100 * float(self.wet[pick].sum() / counts.sum())
        return Statistics(metrics.mean_of(self.powers[pick]), quantiles, counts / counts.sum(), wet)


def scores(
    samples: Fields,
    held_out: Fields,
    train: Fields,
    units: str,
    transform: Transform,
    flips: bool = False,
    rotations: bool = False,
) -> dict[str, Any]:
    """Scores of generated fields against held-out and training fields, with yardsticks and verdicts; see above.

    Args:
        samples: [n, ny, nx] in physical units; NaN where missing.
        held_out: the same, never trained on.
        train: the same, in the order of space or time: its halves are the two blocks.
        units: of all three. Of a rain rate, the wet-pixel fraction and the limits for rain come with it.
        transform: to the standardised units of spectra and distances.
        flips: a mirrored training field counts as a neighbour too, as the model was trained on it.
        rotations: one turned by 90 degrees does.

    Raises:
        UserError: if shapes differ, there are fewer than 8 held-out or 16 training fields, or values that are infinite.
    """
    _check(samples, held_out, train)
    parts = {"samples": samples, "held_out": held_out, "train": train}
    wet_from = wet_threshold(units, held_out, train)
    edges = _edges(list(parts.values()), wet_from)
    measured = {name: Measured.of(fields, transform, edges, wet_from) for name, fields in parts.items()}
    stats, apart = _statistics(measured), _neighbours(measured, flips, rotations)
    rows = [*_rows(stats, units), _nearest_row(apart)]
    chances = _chances(stats, measured["train"], len(samples), units)
    verdicts = [{**v, "chance": chances.get(v["what"])} for v in [*_verdicts(rows), _verdict_of_nearest(rows[-1])]]
    curves = {
        "spectrum": spectrum_curves({name: s.spectrum for name, s in stats.items()}, train.shape[1:]),
        "histogram": histogram_curves({name: s.shares for name, s in stats.items()}, edges),
        "nearest": distance_curves(apart),
    }
    result = {"units": units, "wet_from": wet_from, "rows": rows, "curves": curves}
    return {**result, "counts": {name: len(fields) for name, fields in parts.items()}, "verdicts": verdicts}


def _edges(fields: Sequence[Fields], wet_from: float | None) -> Array:
    """Edges of the bins of all fields; wide ones for rain, which radars give in steps of 0.1 mm/h and models do not."""
    return metrics.common_edges(fields, 40 if wet_from is None else 12, wet_from)


def _statistics(measured: Mapping[str, Measured]) -> dict[str, Statistics]:
    """Of samples, held_out and train, and of the two blocks of the latter, one and two."""
    train, half = measured["train"], len(measured["train"].fields) // 2
    blocks = {"one": train.statistics(slice(half)), "two": train.statistics(slice(half, None))}
    return {name: part.statistics() for name, part in measured.items()} | blocks


def _neighbours(measured: Mapping[str, Measured], flips: bool, rotations: bool) -> dict[str, Array]:
    """Distances of samples and held_out to the nearest training fields, and of one block to the other, std."""
    z = {name: part.z for name, part in measured.items()}
    half = len(z["train"]) // 2
    pairs = {
        "samples": (z["samples"], z["train"]), "held_out": (z["held_out"], z["train"]),
        "blocks": (z["train"][half:], z["train"][:half]),
    }  # fmt: skip
    return {name: _distances(evenly(a, NEIGHBOURS), b, flips, rotations) for name, (a, b) in pairs.items()}


def _nearest_row(apart: Mapping[str, Array]) -> dict[str, Any]:
    """The row of the median distances to the nearest neighbours."""
    near = {name: float(np.median(d)) if d.size else None for name, d in apart.items()}
    return {
        "what": "nearest neighbour", "units": "std", "samples_train": near["samples"], "samples_held_out": None,
        "train_held_out": near["held_out"], "blocks": near["blocks"],
    }  # fmt: skip


def _rows(stats: Mapping[str, Statistics], units: str) -> list[dict[str, Any]]:
    """The statistics of samples, held_out, train, one and two against each other."""

    def row(what: str, unit: str, of: Mapping[tuple[str, str], float]) -> dict[str, Any]:
        return {"what": what, "units": unit} | {_column(a, b): _number(value) for (a, b), value in of.items()}

    def plain(what: str, unit: str, of: Mapping[str, float]) -> dict[str, Any]:
        return {"what": what, "units": unit} | {name: _number(of[name]) for name in ("samples", "held_out", "train")}

    distance, moved = metrics.log_spectral_distance, metrics.histogram_difference
    rows = [row("spectrum", "dB", {(a, b): distance(stats[a].spectrum, stats[b].spectrum) for a, b in PAIRS})]
    for index, level in enumerate(metrics.QUANTILES):
        of = {name: float(s.quantiles[index]) for name, s in stats.items()}
        errors = {(a, b): 100 * float(metrics.relative_errors(of[a], of[b])) for a, b in PAIRS}
        rows += [plain(f"quantile {level:g}", units, of), row(f"quantile {level:g} error", "%", errors)]
    rows.append(row("histogram", "%", {(a, b): 100 * moved(stats[a].shares, stats[b].shares) for a, b in PAIRS}))
    wet = {name: s.wet for name, s in stats.items() if s.wet is not None}
    if wet:
        rows.append(plain("wet-pixel fraction", "%", wet))
        rows.append(row("wet-pixel fraction error", "points", {(a, b): wet[a] - wet[b] for a, b in PAIRS}))
    return rows


def _chances(stats: Mapping[str, Statistics], train: Measured, count: int, units: str) -> dict[str, float]:
    """Share of random picks of `count` training fields, each field as likely as any other, that meet each limit."""
    rng = np.random.default_rng(0)
    met: Counter[str] = Counter()
    for _ in range(PICKS):
        pick = train.statistics(rng.integers(0, len(train.fields), count))
        met.update(v["what"] for v in _verdicts(_rows({**stats, "samples": pick}, units)) if v["ok"])
    return {v["what"]: met[v["what"]] / PICKS for v in _verdicts(_rows(stats, units)) if v["ok"] is not None}


def _without_rounding(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for what is nothing beside the largest: the dry median of rain that went through a transform and back."""
    return np.where(np.abs(values) < 1e-9 * np.abs(values).max(), 0.0, values)


def wet_threshold(units: str, *real: Fields) -> float | None:
    """From which on a pixel is wet: WET, or the middle of the gap around it where real values come in steps.

    In steps of 0.1 mm/h all from 0.05 on means the same as all from 0.1 on, but neither rounding nor a sample that is
    off by less than half a step makes a difference. None where the units are not those of a rain rate.
    """
    rate = RAIN.get(written(units))
    if rate is None:
        return None
    limit = WET * rate
    edge = limit * (1 - 1e-3)
    below = max(float(np.max(x, initial=-np.inf, where=x < edge)) for x in real)
    above = min(float(np.min(x, initial=np.inf, where=x >= edge)) for x in real)
    stepped = math.isfinite(below) and 1e-2 * limit < above - below < 2 * limit
    return min(limit, (below + above) / 2) if stepped else limit


def _column(a: str, b: str) -> str:
    return "blocks" if a == "two" else f"{a}_{b}"


def _check(samples: Fields, held_out: Fields, train: Fields) -> None:
    named = {"The samples": samples, "The held-out fields": held_out, "The training fields": train}
    require_held_out(len(held_out))
    if len(train) < 2 * FEWEST or not len(samples):
        raise UserError(
            f"There are {len(samples)} samples and {len(train)} training fields; two blocks of at least {FEWEST} "
            "training fields and one sample are needed.",
            "Take more fields.",
        )
    for name, fields in named.items():
        if fields.ndim != 3 or fields.shape[1:] != train.shape[1:]:
            raise UserError(
                f"{name} have the shape {_by(fields.shape)}, those of the training fields is {_by(train.shape)}.",
                "All must be [fields, rows, columns] of one size.",
            )
        if np.isinf(fields).any() or np.isnan(fields).all():
            raise UserError(
                f"{name} have infinite values or none at all.", "A model that gives such fields has diverged."
            )


def require_held_out(count: int) -> None:
    """Refuse too few held-out fields.

    Raises:
        UserError: then.
    """
    if count < FEWEST:
        raise UserError(
            f"There are {count} held-out fields; a model is verified on at least {FEWEST}.",
            "Keep more fields apart from those trained on.",
        )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _orientations(fields: Fields, flips: bool, rotations: bool) -> Iterator[Fields]:
    """The fields as they are, mirrored and turned, each once."""
    square = fields.shape[1] == fields.shape[2]
    for turn in range(4 if rotations and square else 1):
        turned = np.rot90(fields, turn, axes=(1, 2))
        yield turned
        if flips:
            yield turned[:, ::-1]
            if turn < 1 and not (rotations and square):
                yield from (turned[:, :, ::-1], turned[:, ::-1, ::-1])


def _distances(fields: Fields, others: Fields, flips: bool, rotations: bool) -> NDArray[np.float64]:
    """Of every field to the nearest of the others, as it is, mirrored or turned; those that share no pixel left out."""
    distances = [nearest(turned, others)[1] for turned in _orientations(fields, flips, rotations)]
    least = np.fmin.reduce(distances)
    return np.asarray(least[~np.isnan(least)])


def _verdicts(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is asked of samples; of rain, which has a wet-pixel fraction, more than of other quantities."""
    by_name = {row["what"]: row for row in rows}
    verdicts: list[dict[str, Any]] = []

    def verdict(*arguments: Any) -> None:
        verdicts.append(_verdict(*arguments))

    def size(name: str, column: str, factor: float = 1.0) -> float | None:
        value = by_name[name][column]
        return None if value is None else factor * abs(value)

    tails = [f"quantile {level:g} error" for level in metrics.QUANTILES[-2:]]
    verdict(
        f"spectrum to train, {LSD_LIMIT:g} x that of two blocks",
        size("spectrum", "samples_train"), size("spectrum", "blocks", LSD_LIMIT), "dB",
    )  # fmt: skip
    if "wet-pixel fraction error" in by_name:
        for name in tails:
            verdict(f"{name} to train", size(name, "samples_train"), 100 * TAIL_LIMIT, "%")
        for name in ("spectrum", *tails):
            verdict(
                f"{name} to held-out, {HELD_OUT_LIMIT:g} x that of train",
                size(name, "samples_held_out"), size(name, "train_held_out", HELD_OUT_LIMIT), by_name[name]["units"],
            )  # fmt: skip
        verdict(
            "wet-pixel fraction error to train",
            size("wet-pixel fraction error", "samples_train"),
            100 * WET_LIMIT,
            "points",
        )
    return verdicts


def _verdict_of_nearest(near: Mapping[str, Any]) -> dict[str, Any]:
    what = "nearest training field, that of held-out fields"
    return _verdict(what, near["samples_train"], near["train_held_out"], "std", True)


def _verdict(what: str, value: float | None, limit: float | None, units: str, at_least: bool = False) -> dict[str, Any]:
    ok = None if value is None or limit is None else bool(value >= limit if at_least else value <= limit)
    return {"what": what, "value": value, "limit": limit, "at_least": at_least, "units": units, "ok": ok}


def ensemble_scores(members: Fields, truth: Fields, given: Fields, card: Card) -> dict[str, Any]:
    """Scores of members [M, n, ny, nx] of fields [n, ny, nx] of which the block means `given` [n, ny, nx] were known.

    All in physical units, NaN where missing; CRPS is the fair one. As JSON has it.
    """
    spread_skill = metrics.spread_skill(members, truth)
    block_error, block_relative = block_mean_errors(members, truth, card.coarsen)
    crps, of_coarse, of_one = (
        _number(float(np.nanmean(x)))
        for x in (metrics.crps(members, truth), np.abs(given - truth), np.abs(members[0] - truth))
    )
    checks = (
        ("CRPS", f"{CRPS_LIMIT:g} x that of the coarse field", crps, of_coarse, CRPS_LIMIT, card.units),
        ("CRPS", f"{CRPS_LIMIT:g} x that of one member", crps, of_one, CRPS_LIMIT, card.units),
        ("block mean error", "relative, of the worst block", block_relative, 1.0, BLOCK_LIMIT, ""),
    )
    return {
        "units": card.units,
        "counts": {"cases": len(truth), "members": len(members)},
        "crps": crps,
        "crps_of_coarse": of_coarse,
        "crps_of_one_member": of_one,
        "spread": _number(spread_skill.spread),
        "skill": _number(spread_skill.skill),
        "spread_skill": _number(spread_skill.ratio),
        "block_mean_error": block_error,
        "block_mean_relative_error": block_relative,
        "curves": ensemble_curves(members, truth, given, card, wet_threshold(card.units, truth)),
        "verdicts": [
            _verdict(f"{what}, {than}", value, None if of is None else factor * of, units)
            for what, than, value, of, factor, units in checks
        ],
    }


def block_mean_errors(members: Fields, truth: Fields, factor: int) -> tuple[float | None, float | None]:
    """Largest error of a block mean of any member, in units of the truth and relative to the mean in the truth.

    Relative to a thousandth of the mean size of all block means where that is more, as it is of a dry block.
    """
    wanted = block_mean(truth, factor)
    error = np.abs(block_mean(members, factor) - wanted)
    known = ~np.isnan(wanted)
    if not known.any():
        return None, None
    size = np.abs(wanted[known])
    error = error[:, known]
    least = max(1e-3 * float(size.mean()), 1e-30)
    return _number(float(error.max())), _number(float((error / np.maximum(size, least)).max()))
