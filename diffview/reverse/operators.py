"""Linear operators: what an instrument sees of a field. y_obs = A x_0 + e, e ~ N(0, diag(std^2)).

Each kind is declared as samplers are, by a frozen dataclass in OPERATORS, and says how it lies in a region (`placed`).
Placed ones know value and adjoint, <A x, r> = <x, A^T r>, on arrays and tensors [..., ny, nx]; several of them at once
are `Observations`, whose values are one vector. All of it is in standardised units: where the transform is a logarithm,
a mean is that of the logarithm.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import corner, is_torch, namespace, surrounded
from diffview.errors import UserError
from diffview.forward.noise import cast_like
from diffview.params import Range

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

NEGLIGIBLE = 1e-3
"""Weight, as a share of the largest, below which a pixel does not matter to a footprint."""


class Operator(Protocol):
    """A linear operator A of fields [..., ny, nx], in its place.

    Attributes:
        share: largest eigenvalue of A A^T: how much of the variance of white noise is left in an observed value.
    """

    @property
    def share(self) -> float: ...  # noqa: D102

    def of(self, x: Any) -> Any:
        """A x."""

    def adjoint(self, r: Any) -> Any:
        """A^T r, [..., ny, nx]."""

    def observed(self, x0: Array, known: Mask) -> Array:
        """A x_0 of a field [ny, nx], NaN where a pixel that it needs is not known.

        Raises:
            UserError: if the operator does not fit the field, or nothing is observed.
        """


# -- placed


@dataclass(frozen=True)
class Pixels:
    """A x = x where the field is known."""

    title: ClassVar[str] = "known pixels"

    @property
    def share(self) -> float:
        """Largest eigenvalue of A A^T: 1."""
        return 1.0

    def of(self, x: Any) -> Any:
        """A x = x."""
        return x

    def adjoint(self, r: Any) -> Any:
        """A^T r = r."""
        return r

    def observed(self, x0: Array, known: Mask) -> Array:
        """x_0 where it is known, NaN elsewhere."""
        if not known.any():
            raise UserError("No pixel of the region is known.", "Hide less of it, or move the region.")
        return np.where(known, x0, np.nan)

    def placed(self, where: Mask) -> Operator:
        """Itself: which pixels are seen is said by what is known."""
        return self


@dataclass(frozen=True)
class Blocks:
    """A x: the mean over blocks of size x size pixels."""

    size: Annotated[int, Range(2, 128), "pixels along the side of a block"] = 8
    title: ClassVar[str] = "block means"

    @property
    def share(self) -> float:
        """Largest eigenvalue of A A^T: 1/size^2."""
        return 1 / self.size**2

    def of(self, x: Any) -> Any:
        """A x [..., ny/size, nx/size]: the mean of every block."""
        *outer, ny, nx = x.shape
        return x.reshape(*outer, ny // self.size, self.size, nx // self.size, self.size).mean((-3, -1))

    def adjoint(self, r: Any) -> Any:
        """A^T r [..., ny, nx]: every value over its block, divided by size^2."""
        ones = np.full((1,) * (r.ndim - 2) + (self.size, self.size), 1 / self.size**2)
        return namespace(r).kron(r, cast_like(ones, r))

    def observed(self, x0: Array, known: Mask) -> Array:
        """Block means of x_0; NaN for a block with a pixel that is not known."""
        if any(n % self.size for n in x0.shape):
            raise UserError(
                f"The region's {x0.shape[0]} x {x0.shape[1]} pixels cannot be divided into blocks of {self.size}.",
                "Choose a size that divides both.",
            )
        means: Array = self.of(np.where(known, x0, np.nan))
        if np.isnan(means).all():
            raise UserError("Every block has a pixel that is not known.", "Choose smaller blocks, or hide less.")
        return means

    def placed(self, where: Mask) -> Operator:
        """Itself: the blocks of a region begin at its first pixel."""
        return self


@dataclass(frozen=True, eq=False)
class Separable:
    """A x = R x C^T: weights along the rows and along the columns.

    Attributes:
        rows, columns: R [m, ny] and C [n, nx].
    """

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]

    @cached_property
    def share(self) -> float:
        """Largest eigenvalue of A A^T: the product of those of R R^T and C C^T."""
        return float(np.prod([np.linalg.norm(w, 2) ** 2 for w in (self.rows, self.columns)]))

    def of(self, x: Any) -> Any:
        """A x [..., m, n]."""
        return cast_like(self.rows, x) @ x @ cast_like(self.columns.T, x)

    def adjoint(self, r: Any) -> Any:
        """A^T r = R^T r C."""
        return cast_like(self.rows.T, r) @ r @ cast_like(self.columns, r)

    def observed(self, x0: Array, known: Mask) -> Array:
        """A x_0 [m, n]; NaN where a pixel whose weight is not negligible is not known."""
        near = [(w > NEGLIGIBLE * w.max(axis=1, keepdims=True)).astype(np.float64) for w in (self.rows, self.columns)]
        lacking = near[0] @ (~known).astype(np.float64) @ near[1].T > 0
        if lacking.all():
            raise UserError(
                "Every footprint has a pixel that is not known.", "Choose a smaller footprint, or hide less."
            )
        return np.where(lacking, np.nan, self.of(np.where(known, x0, 0.0)))


@dataclass(frozen=True)
class Footprint:
    """A x: means weighted by a Gaussian, as a radiometer's antenna sees them, every so many pixels."""

    width: Annotated[float, Range(1.0, 128.0, log=True), "full width at half maximum of the footprint, pixels"] = 8.0
    spacing: Annotated[int, Range(1, 128), "pixels from one footprint to the next"] = 4
    title: ClassVar[str] = "Gaussian footprints"

    def placed(self, where: Mask) -> Operator:
        """Footprints in a region; at its edges, the weights of what lies inside add up to 1.

        Raises:
            UserError: if a footprint is wider than the region.
        """
        if self.width > min(where.shape):
            raise UserError(
                f"A footprint of {self.width:g} pixels is wider than the region's {min(where.shape)}.",
                "Choose a narrower one, or a larger region.",
            )
        return Separable(*(self._along(n) for n in where.shape))

    def _along(self, n: int) -> NDArray[np.float64]:
        """Weights of the footprints along one side of n pixels."""
        count = max(1, n // self.spacing)
        middles = (n - (count - 1) * self.spacing - 1) / 2 + self.spacing * np.arange(count)
        sigma = self.width / np.sqrt(8 * np.log(2))
        weights = np.exp(-((np.arange(n) - middles[:, None]) ** 2) / (2 * sigma**2))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))


@dataclass(frozen=True, eq=False)
class Weighted:
    """A x = sum of w x: one value.

    Attributes:
        weights: w [ny, nx].
    """

    weights: NDArray[np.float64]

    @property
    def share(self) -> float:
        """The only eigenvalue of A A^T: the sum of the squares of w."""
        return float((self.weights**2).sum())

    def of(self, x: Any) -> Any:
        """A x [..., 1, 1]."""
        return (x * cast_like(self.weights, x)).sum((-2, -1))[..., None, None]

    def adjoint(self, r: Any) -> Any:
        """A^T r = w r."""
        return r * cast_like(self.weights, r)

    def observed(self, x0: Array, known: Mask) -> Array:
        """The mean [1, 1]."""
        if lacking := int(((self.weights > 0) & ~known).sum()):
            raise UserError(
                f"{lacking} pixels of the area are not known, and its mean is not either.",
                "Draw the area where the field is known, or hide less.",
            )
        return np.asarray(self.of(np.where(known, x0, 0.0)))


@dataclass(frozen=True)
class Area:
    """A x: the mean over an area, drawn by hand."""

    title: ClassVar[str] = "mean of an area"

    def placed(self, where: Mask) -> Operator:
        """The mean over the pixels of `where`."""
        return Weighted(where / where.sum())


@dataclass(frozen=True)
class Swath(Pixels):
    """A x = x where a mask says that the instrument looked: an orbit's swath, a cloud mask, a network of stations."""

    title: ClassVar[str] = "pixels of a swath"


@dataclass(frozen=True)
class TimeMean:
    """A x: the mean over the frames of a sequence [..., frames, ny, nx], at every pixel: a month's mean of its days.

    It sees sequences and no pictures, so that it is none of OPERATORS.

    Attributes:
        frames: how many.
    """

    frames: int

    @property
    def share(self) -> float:
        """Largest eigenvalue of A A^T: 1/frames."""
        return 1 / self.frames

    @property
    def weights(self) -> NDArray[np.float64]:
        """Its row [1, frames]: the same at every pixel."""
        return np.full((1, self.frames), self.share)

    def of(self, x: Any) -> Any:
        """A x [..., ny, nx]."""
        return x.mean(-3)

    def adjoint(self, r: Any) -> Any:
        """A^T r [..., frames, ny, nx]: every value in all frames, divided by their number."""
        return namespace(r).stack([r / self.frames] * self.frames, -3)

    def observed(self, x0: Array, known: Mask) -> Array:
        """The mean of x_0 [frames, ny, nx]; NaN at a pixel that is not known [ny, nx] in all of them."""
        if len(x0) != self.frames:
            raise UserError(f"A mean over {self.frames} frames was asked for one of {len(x0)}.", "Give as many frames.")
        if not known.any():
            raise UserError("No pixel is known in every frame.", "Hide less, or take other frames.")
        return np.where(known, self.of(np.where(known, x0, 0.0)), np.nan)


OPERATORS: dict[str, type[Pixels] | type[Blocks] | type[Footprint] | type[Area] | type[Swath]] = {
    "known": Pixels, "blocks": Blocks, "footprint": Footprint, "area": Area, "swath": Swath,
}  # fmt: skip
"""What can be observed of a field; parameters are declared as those of samplers are."""

DRAWN = ("area", "swath")
"""Operators that must be told where."""

BY_PIXEL = ("known", "swath")
"""Operators that see single pixels, beside which a run fills the others."""


# -- several at once


@dataclass(frozen=True, eq=False)
class Observed:
    """What one operator saw.

    Attributes:
        operator: in its place.
        values: A x_0 + e, NaN where there is nothing.
        std: standard deviation of e, of the shape of the values or one number.
    """

    operator: Operator
    values: Array
    std: Array | float

    @cached_property
    def at(self) -> NDArray[np.intp]:
        """Where there is something, in the values laid out as one row."""
        return np.flatnonzero(~np.isnan(self.values))

    def footprint(self, shape: tuple[int, int]) -> NDArray[np.float64]:
        """How much each pixel of [ny, nx] is seen: A^T 1 over what there is, its largest value 1."""
        seen = np.zeros(self.values.size)
        seen[self.at] = 1.0
        weights = np.asarray(self.operator.adjoint(seen.reshape(self.values.shape)), dtype=np.float64)
        return np.broadcast_to(weights / max(float(np.abs(weights).max()), 1e-300), shape)

    def picture(self, shape: tuple[int, int]) -> Array:
        """What was seen, where it was seen [ny, nx]: A^T y_obs/A^T 1, NaN where nothing was.

        Pixels and means over blocks or areas are themselves there; footprints that overlap are averaged.
        """
        both = np.zeros((2, self.values.size))
        both[0, self.at], both[1, self.at] = self.values.ravel()[self.at], 1.0
        back = np.broadcast_to(self.operator.adjoint(both.reshape(2, *self.values.shape)), (2, *shape))
        seen = back[1] > NEGLIGIBLE * back[1].max(initial=0.0)
        return np.where(seen, back[0] / np.where(seen, back[1], 1.0), np.nan)


class Observations:
    """Several operators at once: A x is one vector [..., m] of all that there is.

    Attributes:
        parts: what each of them saw.
        values, std, share: of every entry [m], float64.
        field: (ny, nx) of the fields, which may be the first rows and columns of a larger torus.
    """

    def __init__(self, parts: Sequence[Observed], field: tuple[int, int]) -> None:
        self.parts, self.field = tuple(parts), field
        flat = [(part, part.at) for part in self.parts]
        self.values = np.concatenate([part.values.ravel()[at] for part, at in flat]).astype(np.float64)
        self.std = np.concatenate([np.broadcast_to(part.std, part.values.shape).ravel()[at] for part, at in flat])
        self.share = np.concatenate([np.full(len(at), part.operator.share) for part, at in flat])
        self._cast: dict[Any, tuple[Any, ...]] = {}

    def __len__(self) -> int:
        return len(self.values)

    @property
    def picture(self) -> Array:
        """What was seen [ny, nx], NaN where nothing was; what sees single pixels lies over what sees means."""
        made = np.full(self.field, np.nan)
        for part in sorted(self.parts, key=lambda part: part.operator.share):
            one = part.picture(self.field)
            made = np.where(np.isnan(one), made, one)
        return made

    def of(self, x: Any) -> Any:
        """A x [..., m] of x [..., rows, columns], of which only the field's own are seen."""
        x = corner(x, *self.field)
        values = []
        for part, at in zip(self.parts, self._places(x), strict=True):
            of_part = part.operator.of(x)
            values.append(of_part.reshape(*of_part.shape[:-2], -1)[..., at])
        return values[0] if len(values) == 1 else namespace(x).concatenate(values, -1)

    def adjoint(self, r: Any, torus: tuple[int, int]) -> Any:
        """A^T r [..., rows, columns] of r [..., m], on a torus of that size: 0 around the field."""
        total, first = None, 0
        for part, at in zip(self.parts, self._places(r), strict=True):
            flat = _zeros((*r.shape[:-1], part.values.size), r)
            flat[..., at] = r[..., first : first + len(at)]
            first += len(at)
            back = part.operator.adjoint(flat.reshape(*r.shape[:-1], *part.values.shape))
            total = back if total is None else total + back
        return surrounded(total, *torus)

    def _places(self, x: Any) -> tuple[Any, ...]:
        """Where each part has something, as indices on the device of x."""
        if not is_torch(x):
            return tuple(part.at for part in self.parts)
        key = str(x.device)
        if key not in self._cast:
            self._cast[key] = tuple(namespace(x).as_tensor(part.at, device=x.device) for part in self.parts)
        return self._cast[key]


def _zeros(shape: tuple[int, ...], like: Any) -> Any:
    return like.new_zeros(shape) if is_torch(like) else np.zeros(shape, like.dtype)
