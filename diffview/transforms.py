"""Transforms from physical units to the standardised units that models see, each with its exact inverse.

A transform is a monotone function of a value followed by a shift and a scale fitted once on the chosen data. Its
fitted numbers are all there is to it, so it is stored as data.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.errors import UserError


@dataclass(frozen=True)
class Shape:
    """A monotone function and its inverse; `fitted` says whether mean and standard deviation are taken out after it."""

    forward: Callable[[NDArray[np.floating]], NDArray[np.floating]]
    inverse: Callable[[NDArray[np.floating]], NDArray[np.floating]]
    fitted: bool
    doc: str
    least: float = -np.inf


BLOCK = 2**20
"""Values that are in float64 at once: a large field never has a float64 copy of its own."""


def _through(shape: Shape, flat: NDArray[np.floating]) -> Iterator[NDArray[np.floating]]:
    """g of consecutive blocks of values, float64."""
    for start in range(0, flat.size, BLOCK):
        yield shape.forward(flat[start : start + BLOCK].astype(np.float64))


def _same(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return x


TRANSFORMS: dict[str, Shape] = {
    "standardise": Shape(_same, _same, True, "(x - mean)/std"),
    "log1p": Shape(np.log1p, np.expm1, True, "ln(1 + x), standardised: for rain and other amounts", least=0.0),
    "cbrt": Shape(np.cbrt, lambda z: z**3, True, "cube root, standardised: for rain"),
    "identity": Shape(_same, _same, False, "as it is: what happens to data that are not standardised"),
}


@dataclass(frozen=True)
class Transform:
    """z = (g(x) - mean)/std with g = TRANSFORMS[key]."""

    key: str
    mean: float = 0.0
    std: float = 1.0

    @classmethod
    def fit(cls, key: str, values: NDArray[np.floating], name: str = "The field") -> "Transform":
        """The transform `key` with the mean and standard deviation of the values that are not missing.

        Raises:
            UserError: if there is no such transform, all values are missing or equal, or g is not defined on them.
        """
        if key not in TRANSFORMS:
            raise UserError(f"There is no transform called {key!r}.", f"Choose one of {', '.join(TRANSFORMS)}.")
        shape = TRANSFORMS[key]
        known = values[~np.isnan(values)]
        if not known.size:
            raise UserError(f"{name} has no values here: all are missing.", "Choose another slice or dataset.")
        if known.min() < shape.least:
            raise UserError(
                f"{key} is not defined for {name}, whose smallest value is {known.min():g}.", "Choose standardise."
            )
        if not shape.fitted:
            return cls(key)
        mean = sum(float(part.sum()) for part in _through(shape, known)) / known.size
        var = sum(float(((part - mean) ** 2).sum()) for part in _through(shape, known)) / known.size
        if not var**0.5 > 1e-9 * abs(mean):
            raise UserError(
                f"{name} has the same value, {known[0]:g}, everywhere: there is nothing to learn from it.",
                "Choose another slice or dataset.",
            )
        return cls(key, mean, var**0.5)

    def __call__(self, x: ArrayLike) -> NDArray[np.float32]:
        """Physical to standardised, float32; missing stays missing."""
        flat = np.asarray(x).ravel()
        z = np.empty(flat.shape, dtype=np.float32)
        start = 0
        for g in _through(TRANSFORMS[self.key], flat):
            z[start : start + g.size] = (g - self.mean) / self.std
            start += g.size
        return z.reshape(np.shape(x))

    def inverse(self, z: ArrayLike) -> NDArray[np.float64]:
        """Standardised to physical, float64."""
        return np.asarray(TRANSFORMS[self.key].inverse(np.asarray(z, dtype=np.float64) * self.std + self.mean))
