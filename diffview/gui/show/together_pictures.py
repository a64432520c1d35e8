"""What is seen of fields that were made together: the frames of a channel as sheets, in time, and as a spectrum."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.colormaps import default_for
from diffview.fields.daily import date_text
from diffview.fields.numbers import two_figures
from diffview.fields.units import written
from diffview.gui.show.ensemble_picture import SPREAD_COLOURS
from diffview.gui.show.lines import Band, Line
from diffview.gui.show.month_pictures import (
    calendar_sheet,
    hovmoeller,
    hovmoeller_title,
    middle_of,
    power_lines,
    series_lines,
)
from diffview.learning.beside_made import MadeTogether
from diffview.runs.in_blocks import MadeChannel

Array = NDArray[np.float32]
STRONG = 0.005
"""Share of the values at either end beyond the colours."""

NOISE = -2.5, 2.5
KEYS = ("made", "mean", "spread", "real", "noise", "time")
"""The sheets, in order."""


class FrameSheet(NamedTuple):
    """A picture with what stands above it, the values of its first and last colour, and the key of its map."""

    title: str
    values: Array
    limits: tuple[float, float]
    colours: str


class ChannelFrames(NamedTuple):
    """A channel that was made.

    Attributes:
        name, units: of it.
        members: [members, frames, ny, nx], physical.
        real: the open fields [frames, ny, nx], or None.
        noise: what the first member was made of, [frames, ny, nx].
        first: number of the first member.
        dates: of the frames.
    """

    name: str
    units: str
    members: Array
    real: Array | None
    noise: Array
    first: int
    dates: tuple[str, ...]


def channel_frames(made: MadeTogether) -> list[ChannelFrames]:
    """Every channel that was made, in its units."""
    return [_frames(made, one) for one in made.channels]


def _frames(made: MadeTogether, one: MadeChannel) -> ChannelFrames:
    assert one.field is not None and made.plan.jointly is not None
    real = made.truth(one)
    jointly, first = made.plan.jointly, made.plan.recipe.ensemble.first_member
    placed = jointly.placed and bool(jointly.calendar)
    dates = tuple(date_text(int(day), jointly.calendar) for day in jointly.days) if placed else ()
    members = made.members(one).astype(np.float32)
    count = members.shape[1]
    return ChannelFrames(
        one.field.name or "field", written(one.field.units), members,
        None if real is None else real.astype(np.float32), made.noise(one).astype(np.float32), first,
        dates[:count] or tuple(f"frame {i + 1} of {count}" for i in range(count)),
    )  # fmt: skip


def frame_sheets(of: ChannelFrames) -> dict[str, FrameSheet]:
    """The pictures of a channel by key of KEYS, those that there are."""
    shown = of.members[0] if of.real is None else np.stack([of.members[0], of.real])
    low, high = (float(v) for v in np.nanquantile(shown, (STRONG, 1 - STRONG)))
    limits = (low, high if high > low else low + 1.0)
    ends = f"{two_figures(low)} to {two_figures(high)} {of.units}".strip()
    colours, several = default_for(of.units, of.name), len(of.members) > 1
    found = {"made": FrameSheet(f"Member {of.first}, {ends}", calendar_sheet(of.members[0]), limits, colours)}
    if several:
        mean, spread = of.members.mean(0), of.members.std(0, ddof=1)
        most = float(np.nanquantile(spread, 1 - STRONG)) or 1.0
        words = f"Spread of {len(of.members)} members, 0 to {two_figures(most)} {of.units}".strip()
        found["mean"] = FrameSheet("Their mean", calendar_sheet(mean), limits, colours)
        found["spread"] = FrameSheet(words, calendar_sheet(spread), (0.0, most), SPREAD_COLOURS)
    if of.real is not None:
        found["real"] = FrameSheet("The open fields", calendar_sheet(of.real), limits, colours)
    found["noise"] = FrameSheet("The state that the run began with", calendar_sheet(of.noise), NOISE, "vik")
    if of.members.shape[1] > 1:
        both = hovmoeller(of.members[0], of.real)
        found["time"] = FrameSheet(hovmoeller_title(of.real is not None), both, limits, colours)
    return found


def frame_series(of: ChannelFrames, pixel: tuple[int, int] | None) -> tuple[list[Line], Band | None]:
    """A pixel from frame to frame, less its mean over them: a member, the range of all, and the open fields."""
    row, column = pixel or middle_of(of.members[0])
    inside = of.members[:, :, row, column].astype(np.float64)
    real = None if of.real is None else of.real[:, row, column].astype(np.float64)
    mean = float((inside[0] if real is None else real).mean())
    return series_lines(inside, real, mean, f"member {of.first}")


def frame_spectrum(of: ChannelFrames) -> list[Line]:
    """Power in time of the departures from each pixel's mean, made and open."""
    own, real = of.members[0], of.real
    return power_lines(own - own.mean(0), None if real is None else real - real.mean(0))


def together_said(made: MadeTogether, pixel: tuple[int, int] | None) -> str:
    """What was made, by what, and which pixel is shown from frame to frame."""
    found = channel_frames(made)
    count, frames = found[0].members.shape[:2]
    names = ", ".join(one.name for one in found)
    times = f" at {frames} times from {found[0].dates[0]}" if frames > 1 else ""
    said = f"{count} x {names}{times}, made together. {made.plan.model.sentence if made.plan.model else ''}".strip()
    if frames == 1:
        return said
    row, column = pixel or middle_of(found[0].members[0])
    return f"{said} The pixel below is row {row}, column {column}; a click on a frame takes another."
