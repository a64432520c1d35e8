"""The seasonal cycle of daily fields, pixel by pixel: what there is on that day of the year, and how much it varies."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Array as Pictures

Array = NDArray[np.float64]

HARMONICS = 2
"""Of the year, beside the mean: two follow a short summer and a long winter."""

LEAST_KNOWN = 0.5
"""Share of the days that must be known of a pixel."""


@dataclass(frozen=True, eq=False)
class SeasonalCycle:
    """x(day) = mean + sum_h a_h cos 2 pi h f + b_h sin 2 pi h f, f the fraction of the year that has gone.

    Attributes:
        numbers: the mean, a_1, b_1, ... of every pixel [1 + 2 harmonics, ny, nx]; NaN where too little is known.
        std: standard deviation of the departures from it [ny, nx].
    """

    numbers: Array
    std: Array

    @classmethod
    def fit(cls, values: Pictures, fractions: Array, harmonics: int = HARMONICS) -> "SeasonalCycle":
        """By least squares, pixel by pixel, over the days that are known of each.

        Args:
            values: [n, ny, nx], NaN missing.
            fractions: of the year, [n].
            harmonics: of the year; 0: no season at all.

        Raises:
            UserError: if no pixel is known on enough days, or none varies.
        """
        n, ny, nx = values.shape
        waves, known = _waves(fractions, harmonics), ~np.isnan(values).reshape(n, -1)
        enough = known.sum(0) >= max(LEAST_KNOWN * n, 2 * waves.shape[1])
        flat, some = np.where(known, values.reshape(n, -1), 0.0)[:, enough], known[:, enough].astype(np.float64)
        if not enough.any():
            raise UserError("No pixel is known on half of the days.", "Choose another region or a longer series.")
        c = waves.shape[1]
        squares = (waves[:, :, None] * waves[:, None, :]).reshape(n, -1)
        normal = (some.T @ squares).reshape(-1, c, c)
        fitted = np.linalg.solve(normal, (waves.T @ flat).T[..., None])[..., 0].T
        left = (flat - waves @ fitted) * some
        std = np.sqrt((left**2).sum(0) / some.sum(0))
        if not (std > 0).any():
            raise UserError("The fields are the same every day.", "Choose another variable.")
        numbers, spread = np.full((c, ny * nx), np.nan), np.full(ny * nx, np.nan)
        numbers[:, enough], spread[enough] = fitted, np.where(std > 0, std, np.nan)
        return cls(numbers.reshape(c, ny, nx), spread.reshape(ny, nx))

    @property
    def stacked(self) -> Array:
        """Its numbers, then its standard deviation, as they lie beside a network's weights [numbers + 1, ny, nx]."""
        return np.concatenate([self.numbers, self.std[None]])

    @classmethod
    def unstacked(cls, values: NDArray[np.floating]) -> "SeasonalCycle":
        """That of such an array."""
        return cls(np.asarray(values[:-1], np.float64), np.asarray(values[-1], np.float64))

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which pixels have a cycle [ny, nx]."""
        return ~np.isnan(self.std)

    def at(self, fractions: Array) -> Array:
        """The cycle at these fractions of a year, [n, ny, nx]."""
        waves = _waves(np.asarray(fractions), len(self.numbers) // 2)
        return np.tensordot(waves, self.numbers, axes=1)

    def anomalies(self, values: NDArray[np.floating], fractions: Array) -> Array:
        """Departures from the cycle in standard deviations, of values [..., n, ny, nx] at these fractions [n]."""
        return np.asarray((values - self.at(fractions)) / self.std)

    def values(self, anomalies: NDArray[np.floating], fractions: Array) -> Array:
        """The physical values of anomalies [..., n, ny, nx]."""
        return np.asarray(self.at(fractions) + anomalies * self.std)


def _waves(fractions: Array, harmonics: int) -> Array:
    """1, cos 2 pi f, sin 2 pi f, cos 4 pi f, ... [n, 1 + 2 harmonics]."""
    angles = 2 * np.pi * np.outer(fractions, np.arange(1, harmonics + 1))
    pairs = np.stack([np.cos(angles), np.sin(angles)], -1).reshape(len(angles), -1)
    return np.concatenate([np.ones((len(angles), 1)), pairs], axis=1)
