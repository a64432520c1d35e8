"""The numbers behind pictures and curves, as columns of text for files and for the clipboard."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.transforms import Transform
from diffview.forward.spectra import power
from diffview.forward.state import EDGES, Forward, Frame, density

Array = NDArray[np.floating[Any]]
Table = Mapping[str, Array]
"""Columns of one length, by name."""

DIGITS = 9
"""Significant digits, enough to restore every float32."""


def histogram_table(frame: Frame, x0: Array, transform: Transform, units: str, reverse: Array | None = None) -> Table:
    """Densities of x_0, x_t and, where there is one, the reverse state, beside that of N(0, 1).

    Args:
        frame: x_t.
        x0: the region, standardised [ny, nx].
        transform: whose inverse gives the middle of each bin in physical units.
        units: of those.
        reverse: state of a run, standardised [ny, nx].
    """
    centre = (EDGES[:-1] + EDGES[1:]) / 2
    named = f"value ({units})" if units else "value"
    table = {
        "z": centre,
        named: transform.inverse(centre),
        "x_0": density(x0.astype(np.float32)),
        "x_t": density(frame.x_t),
    }
    if reverse is not None:
        table["reverse"] = density(reverse.astype(np.float32))
    return {**table, "normal": np.exp(-(centre**2) / 2) / np.sqrt(2 * np.pi)}


def spectrum_table(forward: Forward, frame: Frame, reverse: Array | None = None) -> Table | None:
    """P(k) of alpha x_0, x_t and the reverse state, and the noise floor; None where too much is missing."""
    grid, p0, p_t = forward.rings, forward.spectrum_x0(), forward.spectrum(frame)
    if grid is None or p0 is None or p_t is None:
        return None
    table: dict[str, Array] = {"k (cycles per region)": grid.k}
    if grid.wavelength_km is not None:
        table["wavelength (km)"] = grid.wavelength_km
    table |= {"alpha x_0": frame.alpha**2 * p0, "x_t": p_t}
    if reverse is not None and reverse.shape == forward.x0.shape:
        table["reverse"] = power(reverse.astype(np.float32), grid)
    return {**table, "noise floor": np.full(len(grid.k), frame.sigma**2)}


def columns_text(table: Table, separator: str = ",") -> str:
    """A line of names, then one line a row; nothing where a value is missing."""
    return _lines([separator.join(table), *_rows(np.transpose(list(table.values())), separator)])


def picture_text(values: Array) -> str:
    """Values [ny, nx] as rows of tab-separated text; nothing where one is missing."""
    return _lines(_rows(values, "\t"))


def _rows(values: Array, separator: str) -> Iterable[str]:
    return (separator.join("" if v != v else f"{v:.{DIGITS}g}" for v in row) for row in values.tolist())  # noqa: PLR0124


def _lines(rows: Iterable[str]) -> str:
    return "\n".join(rows) + "\n"
