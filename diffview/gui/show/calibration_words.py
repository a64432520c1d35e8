"""What was found of an ensemble, for the window: sentences with their colours, tables, and lines of plots."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import figures, percent
from diffview.fields.units import squared
from diffview.gui.show.lines import Band, Line
from diffview.gui.show.palette import ramp
from diffview.reverse.solvers import SOLVERS
from diffview.scores.calibration import Calibration
from diffview.scores.findings import BAD, DOUBT, GOOD, findings, wave_unit
from diffview.scores.solver_scores import RATIO, SolverScore

COLOURS = {GOOD: "good", DOUBT: "warn", BAD: "bad", "": "dim"}
"""The token of what a sentence means."""

EVENTS = ("reverse", "forward", "good", "warn")
"""Tokens of thresholds; more of them are steps of one colour map."""

OF_BLOCKS = {"members": "reverse", "mean": "forward", "truth": "text"}
"""Tokens of what is held beside one another from fine to coarse."""

NO_BREAK = "\N{NO-BREAK SPACE}%"
"""A per cent that stays with its number."""

TIPS = {
    "spread": "Spread over skill, and what it is when a member takes the place of the truth",
    "scales": "Spread over error in octaves of wavenumber",
    "CRPS": "Fair continuous ranked probability score: the mean over all pixels that are judged",
    "ranks": "How many members lie below the truth; ties are broken at random, by the seed of the run",
    "coverage": "How often the truth lies in the central interval of the members",
    "coherence": "Correlation of two fields at each wavelength",
    "reliability": "How often comes what was forecast with a probability",
    "FSS": "Fractions skill score in squares of pixels, of the share of all members",
    "tail": "Quantiles of all pixels that are judged",
    "spectrum": "Power at the smallest scales",
}  # fmt: skip


class Curves(NamedTuple):
    """What a plot of lines is given: lines, both labels, and a band or None."""

    lines: tuple[Line, ...]
    x: str
    y: str
    band: Band | None = None


def sentences(found: Calibration, who: str) -> list[tuple[str, str, str]]:
    """The colour, sentence and tooltip of each finding."""
    return [
        (COLOURS[one.verdict], one.sentence.replace(" %", NO_BREAK), TIPS[one.what]) for one in findings(found, who)
    ]


def solver_sentences(scores: Sequence[SolverScore]) -> list[tuple[str, str, str]]:
    """Of each solver the colour, a sentence about it beside the exact posterior, and its source."""
    return [
        (
            "good" if one.calibrated else "warn" if RATIO[0] <= one.ratio <= RATIO[1] else "bad",
            f"{one.title} is {one.verdict}: spread/skill {figures(one.ratio)}; its mean lies within 3 standard errors "
            f"of the exact one at {percent(one.within, 2).replace(' %', NO_BREAK)} of the pixels.",
            SOLVERS[one.solver].source,
        )
        for one in scores
    ]  # fmt: skip


def counted(found: Calibration) -> str:
    """How many members and pixels were judged."""
    parts = [f"{found.members} members", f"{found.points:,} pixels"]
    parts += [f"{count:,} missing in {what}" for what, count in
              (("the truth", found.missing_truth), ("a member", found.missing_members)) if count]  # fmt: skip
    told = f"{', '.join(parts)}." if found.judged else f"{', '.join(parts)}; no truth."
    return f"{told} {found.left_out}".strip()


def number_rows(found: Calibration) -> list[tuple[str, ...]]:
    """A head and rows of scores, with what they are by chance or of a perfect ensemble; none without a truth."""
    if not found.judged or found.dispersion is None:
        return []
    spread, units = found.dispersion, f" {found.units}" if found.units else ""
    rows: list[tuple[str, ...]] = [
        ("", "", "value", "perfect"),
        ("CRPS", TIPS["CRPS"], f"{figures(found.crps)}{units}", ""),
    ]
    rows += [
        (
            f"· {one.what}",
            f"The same of the {one.what}",
            f"{figures(one.crps)}{units}",
            f"skill {figures(one.skill, 2)}",
        )
        for one in found.beside
    ]
    rows += [
        ("spread", "Of the members", f"{figures(spread.spread)}{units}", ""),
        ("RMSE", "Of the mean of the members", f"{figures(spread.skill)}{units}", ""),
        (
            "spread/skill",
            TIPS["spread"],
            figures(spread.ratio),
            spread.by_chance(lambda ratio: figures(ratio, 2), "1"),
        ),
    ]
    return rows + [(f"{percent(level)} interval", TIPS["coverage"], percent(share), percent(level))
                   for level, share in found.coverage.items()]  # fmt: skip


def quantile_rows(found: Calibration) -> list[tuple[str, ...]]:
    """Quantiles of members, mean and truth; the tooltip says between which they lie when fields are drawn again."""
    names, tails = list(found.tails), found.tails
    rows = [("quantile", "Of all pixels that are judged", *names)]
    for i, level in enumerate(tails[names[0]].levels):
        sure = [f"{name} {figures(float(t.low[i]))} to {figures(float(t.high[i]))}"
                for name, t in tails.items() if np.isfinite(t.low[i])]  # fmt: skip
        tip = (
            f"90 % of the fields drawn again: {', '.join(sure)}"
            if sure
            else "A single field does not say how sure it is"
        )
        rows.append((f"{level:g}", tip, *(figures(float(t.values[i])) for t in tails.values())))
    return rows


def event_rows(found: Calibration) -> list[tuple[str, ...]]:
    """Of each threshold how often it was forecast and came, and in how many pixels any member had it."""
    if not found.reliability:
        return []
    rows: list[tuple[str, ...]] = [
        (f"above, {found.units}" if found.units else "above", "", "forecast", "came", "pixels")
    ]
    for one in found.reliability:
        full = one.counts > 0
        mean = float(np.average(one.forecast[full], weights=one.counts[full]))
        bins = "; ".join(
            f"{percent(p, 2)}: came {percent(o, 2)} of {n:,}"
            for p, o, n in zip(one.forecast[full], one.observed[full], one.counts[full], strict=True)
        )
        some = int(one.counts[one.forecast > 0].sum())
        rows.append((figures(one.threshold), f"Forecast {bins}", percent(mean), percent(one.base_rate), f"{some:,}"))
    return rows


def all_curves(found: Calibration | None) -> dict[str, Curves | None]:
    """What every plot of a judged ensemble is given, by the keys of its views; nothing of none."""
    if found is None:
        return {}
    return {"ranks": rank_curves(found), **scale_curves(found), **event_curves(found), **block_curves(found)}


def rank_curves(found: Calibration) -> Curves | None:
    """How often the truth has each rank, over the band of the members' own."""
    ranks = found.ranks
    if ranks is None:
        return None
    edges = np.arange(len(ranks.shares) + 1) - 0.5
    flat = Line("perfect", "dim", edges[[0, -1]], np.full(2, 1 / len(ranks.shares)))
    band = np.repeat(edges, 2)[1:-1], np.repeat(ranks.low, 2), np.repeat(ranks.high, 2)
    truth = Line("truth", "reverse", edges, ranks.shares, steps=True)
    return Curves((truth, flat), "members below the truth", "share", band)


def scale_curves(found: Calibration) -> dict[str, Curves]:
    """By wavelength: the power of spread and error, coherence, and spectra."""
    scales, x = found.scales, f"wavelength, {wave_unit(found)}"
    square = f"power, {squared(found.units)}" if found.units else "power"

    def curves(y: str, *named: tuple[str, str, object]) -> Curves:
        lines = (Line(name, token, scales.wavelength, np.asarray(values)) for name, token, values in named)
        return Curves(tuple(line for line in lines if np.isfinite(line.y).any()), x, y)

    return {
        "spread": curves(square, ("spread", "reverse", scales.spread), ("error of the mean", "text", scales.error)),
        "coherence": curves("coherence", ("two members", "reverse", scales.among),
                            ("member and truth", "text", scales.with_truth),
                            ("mean and truth", "forward", scales.of_mean)),
        "spectra": curves(square, ("members", "reverse", scales.members), ("their mean", "forward", scales.mean),
                          ("truth", "text", scales.truth)),
    }  # fmt: skip


def block_curves(found: Calibration) -> dict[str, Curves]:
    """From fine to coarse: the moments of means over blocks, and how many of these lie above each threshold.

    The legend names members, mean and truth once: each order and each threshold has a line of each.
    """
    units, x = f", {found.units}" if found.units else "", "width of a block, pixels"

    def curves(y: str, kind: str) -> Curves:
        lines = []
        for name, token in OF_BLOCKS.items():
            if name in found.blocks:
                one = found.blocks[name]
                widths = np.array(one.widths, float)
                values: Mapping[float, NDArray[np.float64]] = getattr(one, kind)
                lines += [
                    Line(name, token, widths, v, told=not i) for i, v in enumerate(values.values()) if (v > 0).any()
                ]
        return Curves(tuple(lines), x, y)

    return {
        "moments": curves(f"moments 2, 3, 4{units}", "moments"),
        "above": curves(f"share above {', '.join(figures(t) for t in found.blocks['members'].above)}{units}", "above"),
    }


def event_curves(found: Calibration) -> dict[str, Curves]:
    """Reliability and FSS of each threshold; of more than EVENTS the legend names the first, a middle and the last."""
    count = len(found.reliability)
    tokens = EVENTS if count <= len(EVENTS) else ramp(count)
    told = range(count) if count <= len(EVENTS) else (0, count // 2, count - 1)
    named = [(f"> {figures(one.threshold)}", tokens[i], i in told) for i, one in enumerate(found.reliability)]
    diagonal = Line("reliable", "dim", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    reliable = [
        Line(name, token, one.forecast[full], one.observed[full], told=shown)
        for (name, token, shown), one in zip(named, found.reliability, strict=True)
        if (full := one.counts > 0).any()
    ]
    skilful = [
        Line(name, token, np.array(one.widths, float), one.scores, told=shown)
        for (name, token, shown), one in zip(named, found.neighbourhoods, strict=False)
    ]
    useful = [Line("useful", "dim", np.array(one.widths, float)[[0, -1]], np.full(2, one.useful))
              for one in found.neighbourhoods[:1]]  # fmt: skip
    return {
        "reliability": Curves((*reliable, diagonal) if reliable else (), "forecast probability", "came"),
        "fss": Curves((*skilful, *useful), "width of the square, pixels", "FSS"),
    }
