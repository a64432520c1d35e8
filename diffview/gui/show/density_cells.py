"""Densities over ln s in cells along an axis, and their values at one of them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import decimal, two_figures

Floats = NDArray[np.floating]

TOKENS = {"schedule": "text", "training": "good", "grid": "reverse"}
"""The curves in the order in which they are drawn, and the tokens of their colours."""

READ = ("schedule", "grid", "training")
"""Their order in words."""

TOPS = (0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1000.0)
"""Upper ends of the y axis: the first that is high enough, written beside it."""

TITLE = "density, per unit of ln s"


class DensityCells:
    """Densities [n] per unit of ln s over cells with rising edges [n + 1]; `missing` is said of an absent one."""

    def __init__(self, edges: Floats, log_s: Floats, densities: Mapping[str, Floats], missing: str = "") -> None:
        """`log_s` is ln s at the edges."""
        self.edges, self.log_s = np.asarray(edges, dtype=float), np.asarray(log_s, dtype=float)
        self.densities = {key: np.asarray(densities[key], dtype=float) for key in TOKENS if key in densities}
        self.missing = missing

    @property
    def top(self) -> float:
        """The density at the upper end of the y axis."""
        largest = max((float(y.max()) for y in self.densities.values() if len(y)), default=0.0)
        return next((top for top in TOPS if largest <= top), largest)

    def cell_at(self, value: float) -> int | None:
        """The cell of a position on the axis; None without densities."""
        if not self.densities:
            return None
        return int(np.clip(np.searchsorted(self.edges, value) - 1, 0, len(self.edges) - 2))

    def level(self, cell: int) -> str:
        """The noise level in the middle of a cell."""
        return two_figures(float(np.exp((self.log_s[cell] + self.log_s[cell + 1]) / 2)), most=4, trim=False)

    def title(self, cell: int | None) -> str:
        """What the plot is, or the noise level that is read."""
        return TITLE if cell is None else f"s = {self.level(cell)}, per unit of ln s"

    def legend(self, cell: int | None) -> list[tuple[str, str]]:
        """(name, with its value in a cell that is read; token) of each density, and what is missing."""
        values = [(key, self.densities[key]) for key in READ if key in self.densities]
        items = [(key + (f" {decimal(y[cell], 2)}" if cell is not None else ""), TOKENS[key]) for key, y in values]
        return [*items, (self.missing, "dim")] if self.missing else items

    def readout(self, cell: int | None) -> str:
        """The values in a cell: "s = 0.80: schedule 0.12, grid 0.10, training 0.21 per unit of ln s"."""
        if cell is None:
            return ""
        values = ", ".join(text for text, token in self.legend(cell) if token != "dim")
        return f"s = {self.level(cell)}: {values} per unit of ln s"

    def curve(self, key: str) -> tuple[Floats, Floats]:
        """The points of one density: the middles of the cells, and the ends of the axis."""
        middles, density = (self.edges[1:] + self.edges[:-1]) / 2, self.densities[key]
        x = np.concatenate(([self.edges[0]], middles, [self.edges[-1]]))
        return x, np.concatenate((density[:1], density, density[-1:]))
