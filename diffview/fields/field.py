"""Fields in physical units, and the square regions of them that are noised and denoised."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def any_missing(values: NDArray[np.floating[Any]]) -> bool:
    """Whether there is a NaN among values, without an array of their size."""
    with np.errstate(invalid="ignore"):
        return bool(np.isnan(values.min(initial=np.inf)))


@dataclass(frozen=True, eq=False)
class Field:
    """One picture from a file, in physical units, north up; NaN is the only mask.

    Attributes:
        values: float32 [ny, nx]; row 0 is the northern edge.
        name: the variable's name ("toa_brightness_temperature").
        units: its units as written in the file ("K"), or "".
        dims: names of the two shown dimensions, (row, column).
        pixel_km: (height, width) of a usual pixel in km, or None if unknown.
        coords: 1-D or 2-D coordinate arrays of the shown dimensions, by name; orientation as `values`.
        provenance: source: "path", "dataset", "index" (the fixed indices of the other dimensions,
            as text), "licence", and whatever else the reader knows.
        notes: what was done to the packed values, one finished sentence each ("7 values lay
            outside valid_range and were masked.").
    """

    values: Array
    name: str
    units: str = ""
    dims: tuple[str, str] = ("row", "column")
    pixel_km: tuple[float, float] | None = None
    coords: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True where a value is missing, [ny, nx]; not to be written to: if none is, one False stands for all."""
        return np.isnan(self.values) if any_missing(self.values) else np.broadcast_to(np.False_, self.values.shape)

    @property
    def circular(self) -> bool:
        """Whether the columns go once around the Earth in equal steps, so that the left and right edges meet."""
        longitude = self.coords.get("longitude")
        if longitude is None or longitude.shape != self.values.shape[1:] or len(longitude) < 2:
            return False
        steps = np.abs(np.diff(np.unwrap(longitude.astype(np.float64), period=360.0)))
        closing = 360.0 - steps.sum()
        return np.allclose([*steps, closing], 360.0 / len(longitude), rtol=0.01)


@dataclass(frozen=True)
class Region:
    """A rectangle of pixels of a field: first row, first column, rows, columns."""

    row: int
    column: int
    ny: int
    nx: int

    def __str__(self) -> str:
        """Size and position: 128 × 128 at row 0, column 100."""
        return f"{self.ny} × {self.nx} at row {self.row}, column {self.column}"

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the region in values [..., ny, nx]."""
        return slice(self.row, self.row + self.ny), slice(self.column, self.column + self.nx)

    @property
    def middle(self) -> "Region":
        """The middle third of it, at least a pixel."""
        ny, nx = max(1, self.ny // 3), max(1, self.nx // 3)
        return Region(self.row + (self.ny - ny) // 2, self.column + (self.nx - nx) // 2, ny, nx)

    def overlaps(self, other: "Region") -> bool:
        """Whether the two share a pixel."""
        return (
            self.row < other.row + other.ny
            and other.row < self.row + self.ny
            and self.column < other.column + other.nx
            and other.column < self.column + self.nx
        )
