"""The table of rivals: a column of each, a row of everything that is known of them."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from diffview.fields.numbers import decimal, figures, number, percent
from diffview.runs.recipe import Rival
from diffview.runs.rivals import differing, words_of
from diffview.scores.compare import ComparedRun
from diffview.scores.compare_table import decade_names
from diffview.scores.rival_facts import Octave, RivalFacts
from diffview.scores.rival_scores import Verdict

TOKENS = ("text", "good", "warn", "bad")
"""The colour of every rival, by its place."""

OF_RECORDED = "reverse"
"""The colour of a recorded run beside them."""

LABELS = {
    "schedule": "schedule", "grid": "levels", "grid_params": "their settings", "steps": "steps", "sampler": "sampler",
    "sampler_params": "its settings", "seed": "seed", "fork": "fork", "model": "model", "weight": "guidance",
}  # fmt: skip
"""Labels of the values in which rivals differ."""

DOUBLED = (
    "It depends on the resolution: with twice as many pixels a side the same scale has four times the power, 6 dB more"
)


class FactCell(NamedTuple):
    """A cell: its text, its tooltip, the share that a bar behind it shows, and the token of its colour."""

    text: str
    tip: str = ""
    share: float | None = None
    token: str = "text"


class FactRow(NamedTuple):
    """A row: its label, what it means, and a cell of each rival; `head`: a heading, whose cells are empty."""

    label: str
    tip: str
    cells: tuple[FactCell, ...]
    head: bool = False


def table_of(
    known: Sequence[RivalFacts], found: Verdict | None, sides: Sequence[ComparedRun], size: tuple[float, str]
) -> list[FactRow]:
    """The rows about rivals, with their scores and runs where there are any; `size` as of `race.error_size`."""
    rows = [*_what_differs([of.rival for of in known]), *_facts(known), *_times(known)]
    if all(of.cost is not None for of in known):
        tip = "By the measured loss, what the steps add to the bound on −ln p above infinitely many; nats per pixel"
        rows.append(_row("cost of steps", tip, known, lambda of: FactCell(figures(of.cost))))
    if found is not None:
        rows.append(_scores(known, found))
    if len(sides) == len(known):
        rows += _runs(sides, size)
    return rows


def _row(
    label: str, tip: str, known: Sequence[RivalFacts], cell: Callable[[RivalFacts], FactCell], head: bool = False
) -> FactRow:
    return FactRow(label, tip, tuple(cell(of) for of in known), head)


def _what_differs(rivals: Sequence[Rival]) -> Iterator[FactRow]:
    """What tells them apart."""
    for name in differing(rivals):
        texts = [words_of(rival, (name,)).removesuffix(f" {LABELS[name]}") for rival in rivals]
        yield FactRow(LABELS[name], "They differ in this", tuple(FactCell(text, text) for text in texts))


def _lint(of: RivalFacts) -> FactCell:
    if not of.findings:
        return FactCell("fine", "Every check of the lint is fine", token="good")
    return FactCell(f"{len(of.findings)} to see", "\n".join(finding.sentence for finding in of.findings), token="warn")


def _decibels(value: float | None) -> FactCell:
    if value is None:
        return FactCell(figures(None))
    return FactCell("none left" if value == -math.inf else f"{decimal(value, 1)} dB")


def _share(value: float | None) -> FactCell:
    if value is None:
        return FactCell(figures(None))
    return FactCell("< 0.01 %" if 0 < value < 1e-4 else percent(value, 2), share=value)


def _facts(known: Sequence[RivalFacts]) -> Iterator[FactRow]:
    """The lint, and what is left of the signal at the end."""
    yield _row("lint", "The checks of schedule and levels on this field", known, _lint)
    if len({of.rival.course.schedule.rows for of in known}) > 1:
        tip = "T that each was written for; they share the axis t = i/T, so that row i of one is not row i of another"
        yield _row("written for T", tip, known, lambda of: FactCell(str(of.rival.course.schedule.rows)))
    tip = "Signal to noise at t = 1 of data of unit variance: what the end of the forward process keeps"
    yield _row("SNR at T", tip, known, lambda of: _decibels(of.end_snr))
    km = known[0].km
    scale = "of largest scale" if km is None else f"of {_km(km)} km"
    tip = f"The same of the largest scale of this region. {DOUBLED}"
    yield _row(scale, tip, known, lambda of: _decibels(of.largest_snr))
    tip = "The largest share of a scale's amplitude that a run from noise cannot make, as it starts too low"
    yield _row("left out", tip, known, lambda of: _share(of.left_out))
    tip = "Share of the steps during which nothing drowns: all is lost in noise, or nothing is touched yet"
    yield _row("idle steps", tip, known, lambda of: _share(of.idle))


def _times(known: Sequence[RivalFacts]) -> Iterator[FactRow]:
    """The share of t in each decade of s, and in each octave of scale."""
    yield _row(
        "time by decade of s", "Share of t in each decade of the noise level", known, lambda _: FactCell(""), True
    )
    for i, name in enumerate(decade_names()):
        label = name.removeprefix("s ").replace(" to ", "–")
        yield _row(label, f"Share of t with {name}", known, partial(_decade, i))
    if not all(of.octaves for of in known):
        return
    tip = f"Share of t in which an octave of scale drowns: s² falls through its power. {DOUBLED}"
    yield _row("time by octave of scale", tip, known, lambda _: FactCell(""), True)
    for i, octave in enumerate(known[0].octaves):
        label, tip = _octave(octave, known[0].km)
        yield _row(label, tip, known, partial(_octave_time, i))


def _decade(i: int, of: RivalFacts) -> FactCell:
    return _share(of.decades[i])


def _octave_time(i: int, of: RivalFacts) -> FactCell:
    return _share(of.octaves[i].time)


def _octave(octave: Octave, km: float | None) -> tuple[str, str]:
    tip = f"{octave.low:g} to {octave.high:g} cycles over the longest side, at s = {figures(octave.high_s)} to "
    label = f"k {octave.low:g}–{octave.high:g}"
    if km is not None:
        label = f"{_km(km / octave.low)}–{_km(km / octave.high)} km"
    return label, f"{tip}{figures(octave.low_s)}"


def _km(length: float) -> str:
    """A length in km as text, without powers of ten."""
    return decimal(length, 0 if length >= 10 else 1)


def _scores(known: Sequence[RivalFacts], found: Verdict) -> FactRow:
    order = found.ranking

    def cell(of: RivalFacts) -> FactCell:
        place = order.names.index(of.name)
        tip = f"± {figures(order.errors[place], 2)}, of {order.fields} fields"
        if place:
            gap = order.gap(order.names[0], of.name)
            tip += f"; p = {figures(gap.p, 2)} beside {order.names[0]}" + ("" if gap.told else ", not told apart")
        return FactCell(number(order.scores[place]), tip, token="text" if place else "good")

    unit = "dB" if found.measure.startswith("dB") else found.measure.split(" of ")[0]
    return _row(f"score, {unit}", f"{found.measure}; lower is better", known, cell)


def _runs(sides: Sequence[ComparedRun], size: tuple[float, str]) -> Iterator[FactRow]:
    """What the runs side by side have cost, and how far they are from the truth or a fine run."""
    one, units = size
    kinds = (
        ("truth", "Rms error of the last x̂₀ to the field", [side.to_truth for side in sides]),
        ("fine run", "Rms difference of the end to that of a fine run", [side.to_fine for side in sides]),
    )
    for kind, tip, errors in kinds:
        if any(error is not None for error in errors):
            cells = (
                FactCell(figures(None) if error is None else number(one * error), side.why_not_fine)
                for error, side in zip(errors, sides, strict=True)
            )
            yield FactRow(f"to {kind}, {units}", tip, tuple(cells))
    yield FactRow("calls", "Calls of the model", tuple(FactCell(str(side.evaluations)) for side in sides))
    yield FactRow("time", "Of the run", tuple(FactCell(f"{figures(side.seconds, 2)} s") for side in sides))
