"""Transforms from physical units to the standardised units that models see, each with its exact inverse.

A transform is a monotone function of a value followed by a shift and a scale, all fitted once on the chosen data. It is
stored as data: its key and its fitted numbers.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.fields.field import any_missing
from diffview.fields.units import written

Numbers = tuple[float, ...]
Values = NDArray[np.floating]

FLOOR_SHARE = 0.01
"""The floor of `log10 floor` is this quantile of the positive values."""

ROUNDING = 1e-9
"""Relative difference of the numbers of two transforms that are one: what float32 cannot tell apart by far."""

SCORES = tuple(round(0.1 * i, 1) for i in range(-32, 33))
"""Normal scores at whose probabilities the knots of `quantile normal` lie, beside the least and the largest value."""


def piecewise(x: Any, xs: Any, ys: Any) -> Any:
    """The line through rising points (xs, ys), on along its outermost pieces; of arrays or of tensors."""
    i = namespace(x).searchsorted(xs[1:-1], x)
    return ys[i] + (x - xs[i]) * ((ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]))


def _same(x: Values, numbers: Numbers) -> Values:
    return x


def _log_floor(x: Values, numbers: Numbers) -> Values:
    (floor,) = numbers
    return np.where(x < floor, math.log10(floor) + (x / floor - 1) / math.log(10), np.log10(np.maximum(x, floor)))


def _power_floor(z: Values, numbers: Numbers) -> Values:
    (floor,) = numbers
    u = z - math.log10(floor)
    return np.where(u < 0, floor * (1 + math.log(10) * u), floor * 10 ** np.maximum(u, 0))


def _fit_floor(known: Values) -> Numbers:
    wet = known[known > 0]
    return (float(np.quantile(wet, FLOOR_SHARE)) if wet.size else 1.0,)


def _is_floor(numbers: Numbers) -> bool:
    return len(numbers) == 1 and 0 < numbers[0] < math.inf


def _scores(x: Values, numbers: Numbers) -> Values:
    xs, zs = np.split(np.asarray(numbers), 2)
    return np.asarray(piecewise(x, xs, zs))


def _quantiles(z: Values, numbers: Numbers) -> Values:
    xs, zs = np.split(np.asarray(numbers), 2)
    return np.asarray(piecewise(z, zs, xs))


def _fit_quantiles(known: Values) -> Numbers:
    """Knots (x, Phi^-1(F(x))) with F(x) = P(X < x) + P(X = x)/2, so that a value that occurs often has one score."""
    from scipy.special import ndtr, ndtri

    x = np.sort(known.astype(np.float64), axis=None)
    ranks = np.unique(np.round(ndtr(SCORES) * (x.size - 1)).astype(int))
    knots = np.unique(x[[0, *ranks.tolist(), -1]])
    below, up_to = (np.searchsorted(x, knots, side) for side in ("left", "right"))
    return *knots.tolist(), *ndtri((below + up_to) / (2 * x.size)).tolist()


def _are_knots(numbers: Numbers) -> bool:
    halves = np.split(np.asarray(numbers, np.float64), 2) if len(numbers) >= 4 and len(numbers) % 2 == 0 else []
    return bool(halves) and all(np.isfinite(half).all() and (np.diff(half) > 0).all() for half in halves)


def _log_floor_slope(x: Values, numbers: Numbers) -> Values:
    return 1 / (math.log(10) * np.maximum(x, numbers[0]))


def _cbrt_slope(x: Values, numbers: Numbers) -> Values:
    with np.errstate(divide="ignore"):
        return np.asarray(np.cbrt(x) ** -2 / 3)


def _scores_slope(x: Values, numbers: Numbers) -> Values:
    xs, zs = np.split(np.asarray(numbers), 2)
    return np.asarray((np.diff(zs) / np.diff(xs))[np.searchsorted(xs[1:-1], x)])


def _cube(z: Values, numbers: Numbers) -> Values:
    return z**3


@dataclass(frozen=True)
class Shape:
    """A monotone function and its inverse.

    Attributes:
        forward, inverse: functions of values and of the numbers that `fit` gave.
        doc: a line about it, for the form.
        centred, scaled: whether the mean is taken out after it, and whether it is divided by the standard deviation.
        least: the least value it is meant for.
        fit: from the known values to its numbers; by default it has none.
        fine: whether numbers can be those of this transform.
        slope: of `forward`, of values and numbers; 1 by default.
    """

    forward: Callable[[Values, Numbers], Values]
    inverse: Callable[[Values, Numbers], Values]
    doc: str
    centred: bool = True
    scaled: bool = True
    least: float = -np.inf
    fit: Callable[[Values], Numbers] = lambda known: ()
    fine: Callable[[Numbers], bool] = lambda numbers: not numbers
    slope: Callable[[Values, Numbers], Values] = lambda x, numbers: np.ones_like(x)


BLOCK = 2**15
"""Values that are in float64 at once: a large field never has a float64 copy of its own."""

TRANSFORMS: dict[str, Shape] = {
    "standardise": Shape(_same, _same, "(x - mean)/std"),
    "log1p": Shape(
        lambda x, _: np.log1p(x), lambda z, _: np.expm1(z), "ln(1 + x), standardised: for rain and other amounts",
        least=0.0, slope=lambda x, _: 1 / (1 + x),
    ),
    "log10 floor": Shape(
        _log_floor, _power_floor, "log10 of x above a floor and its tangent below it, standardised: 0 stays 0",
        least=0.0, fit=_fit_floor, fine=_is_floor, slope=_log_floor_slope,
    ),
    "cbrt": Shape(lambda x, _: np.cbrt(x), _cube, "cube root, standardised: for rain", slope=_cbrt_slope),
    "quantile normal": Shape(
        _scores, _quantiles, "normal scores, straight between quantiles and on beyond the outermost, standardised",
        fit=_fit_quantiles, fine=_are_knots, slope=_scores_slope,
    ),
    "anomaly": Shape(_same, _same, "x - mean, in its own units", scaled=False),
    "identity": Shape(
        _same, _same, "as it is, to see what happens to data that are not standardised", centred=False, scaled=False
    ),
}  # fmt: skip


LARGEST = 1e30
"""Of the fitted numbers that are taken from a file, and 1/LARGEST of a standard deviation: squares are in float32."""


@dataclass(frozen=True)
class Transform:
    """z = (g(x) - mean)/std with g = TRANSFORMS[key] and its fitted numbers."""

    key: str
    mean: float = 0.0
    std: float = 1.0
    numbers: Numbers = ()

    @classmethod
    def fit(cls, key: str, values: Values, name: str = "The field") -> "Transform":
        """The transform `key` with the numbers, mean and standard deviation of the values that are not missing.

        Raises:
            UserError: if there is no such transform, all values are missing or equal, or g is not meant for them.
        """
        if key not in TRANSFORMS:
            raise UserError(f"There is no transform called {key!r}.", f"Choose one of {', '.join(TRANSFORMS)}.")
        shape = TRANSFORMS[key]
        known = values[~np.isnan(values)] if any_missing(values) else values.ravel()  # most have none: no copy
        if not known.size:
            raise UserError(f"{name} has no values here: all are missing.", "Choose another slice or dataset.")
        check_least(key, float(known.min()), name)
        if not shape.centred:
            return cls(key)
        same = UserError(
            f"{name} has the same value, {known[0]:g}, everywhere: there is nothing to learn from it.",
            "Choose another slice or dataset.",
        )
        if known.min() == known.max():
            raise same
        bare = cls(key, numbers=shape.fit(known))
        mean = sum(float(part.sum()) for part in bare._through(known)) / known.size
        var = sum(float(((part - mean) ** 2).sum()) for part in bare._through(known)) / known.size
        if not var**0.5 > 1e-9 * abs(mean):
            raise same
        return cls(key, mean, var**0.5 if shape.scaled else 1.0, bare.numbers)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Transform":
        """The transform of JSON values.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: if they are not those of one.
        """
        if not isinstance(plain, Mapping):
            raise TypeError(f"transform {plain!r}")
        numbers = tuple(float(n) for n in plain.get("numbers", ()))
        transform = cls(str(plain["key"]), float(plain["mean"]), float(plain["std"]), numbers)
        known = transform.key in TRANSFORMS and TRANSFORMS[transform.key].fine(numbers)
        if not (known and abs(transform.mean) <= LARGEST and 1 / LARGEST <= transform.std <= LARGEST):
            raise ValueError(f"transform {str(dict(plain))[:200]}")
        return transform

    @property
    def plain(self) -> dict[str, Any]:
        """Its numbers as JSON values."""
        bare = {"key": self.key, "mean": self.mean, "std": self.std}
        return {**bare, "numbers": list(self.numbers)} if self.numbers else bare

    def is_like(self, other: "Transform") -> bool:
        """Whether both are one transform but for rounding, as where they were fitted to the same data elsewhere."""
        mine, theirs = ((one.mean, one.std, *one.numbers) for one in (self, other))
        alike = self.key == other.key and len(mine) == len(theirs)
        return alike and all(
            math.isclose(a, b, rel_tol=ROUNDING, abs_tol=ROUNDING) for a, b in zip(mine, theirs, strict=True)
        )

    @property
    def linear(self) -> bool:
        """Whether a difference of standardised values is one of physical values, times std."""
        return TRANSFORMS[self.key].forward is _same

    def _through(self, flat: Values) -> Iterator[Values]:
        """g of consecutive blocks of values, float64."""
        forward = TRANSFORMS[self.key].forward
        for start in range(0, flat.size, BLOCK):
            yield forward(flat[start : start + BLOCK].astype(np.float64), self.numbers)

    def __call__(self, x: ArrayLike) -> NDArray[np.float32]:
        """Physical to standardised, float32; missing stays missing."""
        flat = np.asarray(x).ravel()
        z = np.empty(flat.shape, dtype=np.float32)
        start = 0
        for g in self._through(flat):
            z[start : start + g.size] = (g - self.mean) / self.std
            start += g.size
        return z.reshape(np.shape(x))

    def log_slope(self, x: ArrayLike) -> NDArray[np.float64]:
        """ln dz/dx at physical values x, float64: what turns densities of z into those of x; infinite where g' is."""
        slope = TRANSFORMS[self.key].slope(np.asarray(x, dtype=np.float64), self.numbers)
        return np.asarray(np.log(slope / self.std))

    def inverse(self, z: ArrayLike) -> NDArray[np.float64]:
        """Standardised to physical, float64; infinite where the noise is stronger than a float can say."""
        with np.errstate(over="ignore"):
            g = np.asarray(z, dtype=np.float64) * self.std + self.mean
            return np.asarray(TRANSFORMS[self.key].inverse(g, self.numbers))


def has_least(key: str) -> bool:
    """Whether a transform is not meant for all values."""
    return TRANSFORMS[key].least > -math.inf


def check_least(key: str, least: float, name: str) -> None:
    """Refuse a transform that is not meant for values as small as `least`.

    Raises:
        UserError: then.
    """
    if least < TRANSFORMS[key].least:
        raise UserError(f"{key} is not defined for {name}, whose smallest value is {least:g}.", "Choose standardise.")


SAMPLE = 2**17
"""Values by which a transform is chosen."""

FEW_ZEROS, SKEWED = 0.05, 2.0
"""Share of zeros, and skewness, above which values that are never negative get a logarithm."""

LITTLE = 0.3
"""Standard deviation, as a share of the mean, below which no logarithm is taken."""

AROUND_1 = (0.05, 50.0)
"""Medians of the positive values for which ln(1 + x) bends where the values are."""


def choose_transform(values: Values, units: str = "") -> tuple[str, str]:
    """The key of a transform for values in these units, and why, as a finished sentence.

    Amounts, which are never negative and have many zeros or a long tail, get a logarithm; everything else is
    standardised.
    """
    some = values.ravel()[:: max(1, values.size // SAMPLE)]
    known = some[~np.isnan(some)].astype(np.float64)
    if not known.size or known.std() == 0:
        return "standardise", ""
    if np.nanmin(values) < 0:
        return "standardise", "Standardised, because there are values below 0."
    if known.std() < LITTLE * known.mean():  # a logarithm is straight there
        return "standardise", "Standardised, because the values vary little beside their size."
    zeros = float((known == 0).mean())
    z = (known - known.mean()) / known.std()
    skewness = float((z * z * z).mean())  # ten times faster than a power
    if zeros <= FEW_ZEROS and skewness <= SKEWED:
        return "standardise", "Standardised, because the values have neither many zeros nor a long tail."
    middle = float(np.median(known[known > 0]))
    shape = f"{100 * zeros:.0f} % of them are zero" if zeros > FEW_ZEROS else f"their skewness is {skewness:.1f}"
    of = f"values in {written(units)}" if written(units) else "the values"
    if AROUND_1[0] <= middle <= AROUND_1[1]:
        return "log1p", f"A logarithm was chosen, because {of} are never negative and {shape}."
    why = f"A logarithm above a floor was chosen, because {of} are never negative, {shape}, and half lie below"
    return "log10 floor", f"{why} {middle:.2g}."
