"""What is seen of rain from channels: the maps of one held-out field, the histogram, and what a sensor is worth."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.colormaps import default_for
from diffview.fields.numbers import figures, two_figures
from diffview.fields.units import written
from diffview.gui.show.ensemble_picture import SPREAD_COLOURS
from diffview.gui.show.lines import Line, Names, lines_of
from diffview.scores.channel_scores import ChannelTask
from diffview.scores.channel_sheet import ChannelSheet, channels_on, sensors_of

Array = NDArray[np.floating]

MEMBERS_SHOWN = 4
STRONG = 0.999
"""Share of the pixels that the colours of an amount reach to."""

OFF_TOKEN = "dim"
HISTOGRAM: Names = (("members", "members", "reverse"), ("their mean", "mean", "forward"), ("truth", "truth", "text"))
SYNTHETIC = "SYNTHETIC channels: computed from the rain itself, for want of satellites that saw it."


class ChannelMap(NamedTuple):
    """A picture: its name and the token of its colour, values [ny, nx], their limits, key of a map, and words."""

    name: str
    token: str
    values: NDArray[np.float32]
    limits: tuple[float, float]
    colours: str
    words: str


def channel_maps(sheet: ChannelSheet, case: int) -> list[ChannelMap]:
    """The channels of a field, each in its own units; those of sensors that are off are named so."""
    task, made = sheet.task, []
    for i, name in enumerate(task.names):
        values, units = task.seen[case, i], written(task.units[i])
        low, high = float(values.min()), float(values.max())
        on = name in sheet.names
        words = f"{two_figures(low)} to {two_figures(high)} {units}".strip() if on else "off"
        limits = (low, high if high > low else low + 1.0)
        token = "forward" if on else OFF_TOKEN
        made.append(ChannelMap(name, token, _float32(values), limits, default_for(task.units[i], "tb"), words))
    return made


def member_maps(sheet: ChannelSheet, case: int) -> list[ChannelMap]:
    """The first members of a field, in the colours of the truth."""
    return [
        _rain(sheet, f"member {i}", "reverse", sheet.members[i, case])
        for i in range(min(MEMBERS_SHOWN, len(sheet.members)))
    ]


def mean_maps(sheet: ChannelSheet, case: int) -> list[ChannelMap]:
    """Mean and spread of all members, and the truth."""
    units, spread = written(sheet.task.data.units), sheet.members.std(0, ddof=1)
    own = spread[case]
    most = float(np.quantile(spread, STRONG)) or 1.0
    words = f"mean {two_figures(float(own.mean()))} {units}".strip()
    return [
        _rain(sheet, "mean", "reverse", sheet.members[:, case].mean(0)),
        ChannelMap("spread", "reverse", _float32(own), (0.0, most), SPREAD_COLOURS, words),
        _rain(sheet, "truth", "text", sheet.task.truth[case]),
    ]


def _rain(sheet: ChannelSheet, name: str, token: str, values: Array) -> ChannelMap:
    """Rain through its transform, from the least to the strong values of all the truth."""
    data, truth = sheet.task.data, sheet.task.truth
    low, high = (float(data.transform(np.asarray(v))) for v in (truth.min(), np.quantile(truth, STRONG)))
    words = f"most {two_figures(float(values.max()))} {written(data.units)}".strip()
    return ChannelMap(
        name, token, _float32(data.transform(values)), (low, high if high > low else low + 1.0),
        default_for(data.units, data.name), words,
    )  # fmt: skip


def _float32(values: Array) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, np.float32)


def histogram_lines(sheet: ChannelSheet) -> list[Line]:
    """Shares of the pixels of members, their mean and the truth; an amount has its zero bin at the left."""
    return lines_of(sheet.histogram(), HISTOGRAM, "edges", steps=True)


def sensor_rows(sheet: ChannelSheet) -> list[tuple[str, ...]]:
    """What each sensor is worth: the spread of the rain with it switched off, beside that with all on.

    The law's is in standard deviations of the rain through its transform; it needs no members.
    """
    task = sheet.task
    tip = "Standard deviation of the rain given its channels, in those of the rain through its transform"
    rows = [("given", tip, "spread, std"), ("every sensor", tip, figures(sheet.least_spread))]
    if len(sensors_of(task)) > 1:
        rows += [(f"without {name}", tip, figures(_spread(task, (name,)))) for name in sensors_of(task)]
    if len(sheet.off) > 1:
        rows.append((f"without {', '.join(sheet.off)}", tip, figures(sheet.spread)))
    return [*rows, ("nothing", "The spread of the rain itself", figures(_spread(task, sensors_of(task))))]


def _spread(task: ChannelTask, off: tuple[str, ...]) -> float:
    return float(task.given(channels_on(task, off)).std[0])


def sheet_said(sheet: ChannelSheet) -> str:
    """What was made of what, and how far switching sensors off has widened it."""
    task, units = sheet.task, written(sheet.task.data.units)
    count, cases = sheet.members.shape[:2]
    mean = figures(float(sheet.members.std(0, ddof=1).mean()))
    said = (
        f"{count} members of {cases} held-out fields by the exact law of a Gaussian field with cross-spectra, fitted "
        f"to {len(task.training):,} others. Spread {mean} {units}".rstrip()
    )
    if not sheet.off:
        return f"{said}."
    wider = f"{figures(sheet.spread)} standard deviations instead of {figures(sheet.least_spread)}"
    return f"{said}: without {' and '.join(sheet.off)} it is {wider}."
