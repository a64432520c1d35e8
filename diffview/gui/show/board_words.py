"""The scoreboard as a table: its headings, its cells and what all of its rows share."""

from collections.abc import Sequence
from dataclasses import dataclass

from diffview.fields.numbers import number
from diffview.scores.scoreboard import ANOTHER, BoardRow, unit_of

HEADINGS = {
    "run": ("run", "What differs between the rows; in green other held-out fields instead of those of a run"),
    "spectrum": ("spectrum", "Log-spectral distance to the held-out fields: 10 dB is a factor of ten at every scale"),
    "evaluations": ("calls", "Calls of the model for one batch"),
    "crps": ("CRPS", "Fair continuous ranked probability score of members against the truth"),
    "q99": ("q 0.99", "Quantile 0.99 minus that of the held-out fields"),
    "wet": ("wet", "Wet-pixel fraction minus that of the held-out fields"),
    "q50": ("median", "Median of all pixels minus that of the held-out fields"),
    "q999": ("q 0.999", "Quantile 0.999 minus that of the held-out fields"),
    "q90": ("q 0.9", "Quantile 0.9 minus that of the held-out fields"),
    "seconds": ("time", "Time of drawing the fields"),
}  # fmt: skip
"""Columns, the most important first: a narrow dock shows only these."""

WAY = ("schedule", "grid", "sampler", "steps")


@dataclass(frozen=True)
class Cell:
    """Text, sort key (None: last) and tooltip of a cell."""

    text: str
    rank: float | str | None
    tip: str = ""


def table(rows: Sequence[BoardRow], units: str) -> tuple[list[tuple[str, str]], list[tuple[list[Cell], bool]]]:
    """The headings; the cells of each row, and whether it is of other held-out fields."""
    optional = ("wet", "crps")
    shown = [name for name in HEADINGS if name not in optional or any(getattr(r, name) is not None for r in rows)]
    differ = differing(rows)
    return [heading(name, units) for name in shown], [
        (cells(row, shown, differ, units), row.what == ANOTHER) for row in rows
    ]


def heading(name: str, units: str) -> tuple[str, str]:
    """A heading with its unit, and its meaning."""
    text, tip = HEADINGS[name]
    unit = unit_of(name, units)
    return f"{text}\n{unit}", tip


def differing(rows: Sequence[BoardRow]) -> tuple[str, ...]:
    """The columns in which the runs of a board differ; all of them for a single run."""
    runs = [row for row in rows if row.what != ANOTHER]
    differ = tuple(name for name in WAY if len({getattr(row, name) for row in runs}) > 1)
    return differ or WAY


def common(rows: Sequence[BoardRow]) -> str:
    """The settings that all runs of a board share: "linear, 18 steps"."""
    run, differ = next((row for row in rows if row.what != ANOTHER), None), differing(rows)
    parts = [] if run is None else [_part(run, name) for name in WAY if name not in differ]
    return f"All runs: {', '.join(parts)}" if parts else ""


def _part(row: BoardRow, name: str) -> str:
    return f"{row.steps} steps" if name == "steps" else str(getattr(row, name))


def cells(row: BoardRow, columns: Sequence[str], differ: Sequence[str], units: str) -> list[Cell]:
    """The cells of a row; differences are sorted by their size. The tooltip of the first has all of the row."""
    made = []
    for name in columns:
        if name == "run":
            text = ANOTHER if row.what == ANOTHER else " · ".join(str(getattr(row, part)) for part in differ)
            rank = " ".join(f"{row.steps or 0:06d}" if part == "steps" else getattr(row, part) for part in differ)
            made.append(Cell(text, rank, row.why or _all_of(row, columns[1:], units)))
        elif (value := getattr(row, name)) is None:
            made.append(Cell("—", None, row.why or "There is no such number for this row"))
        elif name == "evaluations":
            made.append(Cell(str(value), float(value)))
        else:
            made.append(Cell(number(value), abs(value)))
    return made


def _all_of(row: BoardRow, columns: Sequence[str], units: str) -> str:
    """A row in words and numbers, one below the other."""
    lines = [ANOTHER if row.what == ANOTHER else ", ".join(_part(row, name) for name in WAY)]
    for name in columns:
        if (value := getattr(row, name)) is not None:
            text = str(value) if name == "evaluations" else number(value)
            lines.append(f"{HEADINGS[name][0]}: {text} {unit_of(name, units)}".strip())
    return "\n".join(lines)
