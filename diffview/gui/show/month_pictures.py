"""What is seen of the days of a month: sheets like a calendar, time against longitude, and one pixel in time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import two_figures
from diffview.fields.units import written
from diffview.gui.show.lines import Band, Line
from diffview.models.days import DaysMade

Array = NDArray[np.float32]

WEEK, GAP = 7, 1
"""Days side by side, and pixels between them."""

STRONG = 0.99
"""Share of the departures that the colours reach to."""


class Sheet(NamedTuple):
    """A picture with what stands above it, and values of its first and last colour."""

    title: str
    values: Array
    limits: tuple[float, float]


def calendar_sheet(days: Array) -> Array:
    """Days [n, ny, nx] in rows of a week; NaN between them and after the last."""
    n, ny, nx = days.shape
    sheet = np.full((-(-n // WEEK) * (ny + GAP) - GAP, WEEK * (nx + GAP) - GAP), np.nan, np.float32)
    for i, day in enumerate(days):
        row, column = i // WEEK * (ny + GAP), i % WEEK * (nx + GAP)
        sheet[row : row + ny, column : column + nx] = day
    return sheet


def day_at(row: int, column: int, days: Array) -> int | None:
    """The day whose picture has this pixel of a sheet, or None."""
    n, ny, nx = days.shape
    i = row // (ny + GAP) * WEEK + column // (nx + GAP)
    inside = row % (ny + GAP) < ny and column % (nx + GAP) < nx
    return i if inside and column // (nx + GAP) < WEEK and i < n else None


def pixel_at(row: int, column: int, made: DaysMade) -> tuple[int, int] | None:
    """The pixel of the field that lies there in the sheet of days; None between days, and where none is made."""
    return pixel_of(row, column, made.values[0])


def pixel_of(row: int, column: int, days: Array) -> tuple[int, int] | None:
    """The same of days [n, ny, nx]."""
    if day_at(row, column, days) is None:
        return None
    pixel = row % (days.shape[1] + GAP), column % (days.shape[2] + GAP)
    return None if np.isnan(days[:, *pixel]).any() else pixel


def departures(made: DaysMade) -> tuple[Array, Array | None]:
    """The first member and the real days less the mean that was given."""
    mean = np.asarray(made.mean, np.float32)
    return made.values[0] - mean, None if made.real is None else made.real - mean


def sheets(made: DaysMade) -> dict[str, Sheet]:
    """The pictures of a month by key, in order: days made, real ones, the noise, and time against longitude."""
    own, real = departures(made)
    known = np.abs(own if real is None else np.stack([own, real]))
    most = float(np.nanquantile(known, STRONG)) or 1.0
    limits = -most, most
    ends = f"±{two_figures(most)} {written(made.of.field.units)}".strip()
    found = {"made": Sheet(f"Member {made.first} less the mean, {ends}", calendar_sheet(own), limits)}
    if real is not None:
        found["real"] = Sheet(f"Real days less the mean, {ends}", calendar_sheet(real), limits)
    found["noise"] = Sheet("The noise that they were made of", calendar_sheet(made.noise), (-2.5, 2.5))
    found["time"] = Sheet(hovmoeller_title(real is not None), hovmoeller(own, real), limits)
    return found


def hovmoeller_title(both: bool) -> str:
    """What stands above time against longitude."""
    return f"Time down, longitude across{': made | real' if both else ''}"


def hovmoeller(own: Array, real: Array | None) -> Array:
    """Means over the rows [frames, nx] of the made and the real days side by side; NaN where no row is known."""
    parts = []
    for days in (own, real):
        if days is not None:
            known = ~np.isnan(days)
            sums, counts = np.where(known, days, 0).sum(1), known.sum(1)
            parts.append(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    gap = np.full((len(own), 2), np.nan)
    whole = parts[0] if len(parts) == 1 else np.concatenate([parts[0], gap, parts[1]], axis=1)
    return whole.repeat(max(1, whole.shape[1] // (2 * len(whole))), axis=0).astype(np.float32)


def middle(made: DaysMade) -> tuple[int, int]:
    """The known pixel nearest to the middle of the region."""
    return middle_of(made.values[0])


def middle_of(frames: Array) -> tuple[int, int]:
    """The pixel nearest to the middle that is known in all frames [n, ny, nx]; the middle itself where none is."""
    known = ~np.isnan(frames).any(0)
    if not known.any():
        return known.shape[0] // 2, known.shape[1] // 2
    rows, columns = np.nonzero(known)
    away = np.hypot(rows - (known.shape[0] - 1) / 2, columns - (known.shape[1] - 1) / 2)
    nearest = int(away.argmin())
    return int(rows[nearest]), int(columns[nearest])


def pixel_lines(made: DaysMade, pixel: tuple[int, int] | None = None) -> tuple[list[Line], Band | None]:
    """A pixel day by day, less its mean: a member and the real days; and least and most of all members.

    Without a pixel it is the middle one.
    """
    row, column = pixel or middle(made)
    inside = made.values[:, :, row, column].astype(np.float64)
    real = None if made.real is None else made.real[:, row, column].astype(np.float64)
    return series_lines(inside, real, float(made.mean[row, column]), f"member {made.first}")


def series_lines(
    inside: NDArray[np.float64], real: NDArray[np.float64] | None, mean: float, name: str
) -> tuple[list[Line], Band | None]:
    """Members [members, frames] of a pixel and the real frames less a mean: the first, the range of all, the mean."""
    frames = np.arange(1, inside.shape[1] + 1, dtype=np.float64)
    lines = [Line(name, "reverse", frames, inside[0] - mean)]
    if real is not None:
        lines.append(Line("real", "forward", frames, real - mean))
    lines.append(Line("mean", "dim", frames, np.zeros(len(frames))))
    band = None if len(inside) == 1 else (frames, inside.min(0) - mean, inside.max(0) - mean)
    return lines, band


def spectrum_lines(made: DaysMade) -> list[Line]:
    """Mean power of the departures over the known pixels, by cycles in the month: made days and real ones."""
    return power_lines(*departures(made))


def power_lines(own: Array, real: Array | None) -> list[Line]:
    """Mean power over the known pixels of frames [n, ny, nx], by cycles in all of them."""
    found = []
    for name, token, frames in (("made", "reverse", own), ("real", "forward", real)):
        if frames is not None:
            inside = frames[:, ~np.isnan(own).any(0)]
            power = (np.abs(np.fft.rfft(inside, axis=0)) ** 2 / len(frames)).mean(1)
            found.append(Line(name, token, np.arange(1.0, len(power)), power[1:].astype(np.float64)))
    return found


def month_said(made: DaysMade, pixel: tuple[int, int] | None = None) -> str:
    """What was made, and which pixel is shown day by day, as sentences."""
    units = written(made.of.field.units)
    size = f"{len(made.values)} x {len(made.days)} days" if len(made.values) > 1 else f"{len(made.days)} days"
    row, column = pixel or middle(made)
    return (
        f"{size} from {made.dates[0]} in {units or '1'}, by a law of {made.law.windows:,} sequences; the mean is kept "
        f"to {made.kept:.0e} standard deviations. The pixel below is row {row}, column {column}; "
        "a click on a day takes another."
    )
