"""The local denoiser: the softmax average over crops, pixel by pixel, each over a window around it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import numpy as np

from diffview.arrays import is_torch, namespace
from diffview.forward.noise import cast_like
from diffview.machine import cores, one_blas_thread, shared_out
from diffview.models.data import Data
from diffview.models.denoiser import Array, Formula

CHUNK = 64
"""Crops that are computed at once, so that the temporary arrays stay in the cache."""

BLOCK = 16
"""Rows or columns of sums that one banded product makes, on the CPU."""

STRIP = 2**16
"""Pixels whose average is made at once, on the CPU, in whole blocks of rows: the temporary arrays have CHUNK times as
many values."""

LEAST_EXPONENT = -45.0
"""A crop further off than this counts with e^-45 times the weight of the nearest, which no sum in float64 sees:
smaller ones would be denormal numbers, on which a processor is ten times slower."""

ALL = slice(None)

UNSEEN = 2 * math.exp(LEAST_EXPONENT)
"""Weights below this count as 0 in derivatives, where they would be multiplied with each other."""


def window_radius(s: float) -> int:
    """Half-width in pixels of `local`'s window: 31 px at s = 10, 15 at 3, 7 at 1, 3 at 0.3, 1 at 0.05 and below.

    log-log linear between these points, and on along the last line above them, so that at large noise every window
    is the whole domain. Tried on rain and cloud fields of 64 x 64.
    """
    if s > 10:
        return int(31 * (s / 10) ** (math.log(31 / 15) / math.log(10 / 3)))
    log_s = math.log(max(s, 1e-9))
    return round(math.exp(np.interp(log_s, np.log([0.05, 0.3, 1.0, 3.0, 10.0]), np.log([1.0, 3.0, 7.0, 15.0, 31.0]))))


@dataclass(eq=False)
class Local(Formula):
    """`data` taken per pixel over a window that shrinks with s [Kamb & Ganguli 2024, arXiv 2412.20292].

    x0_hat(p) = sum_i w_i(p) x_i(p),  w(p) = softmax_i(-sum_{q in window(p)} (y(q) - x_i(q))^2 / 2 s^2), over crops at
    the same place; window(p) is the square of 2 window_radius(s) + 1 pixels around p, cut at the edges. An
    approximation, never an oracle: it composes new fields from local pieces.

    Its window depends on s and not on y, so that at every s the Jacobian of this formula is a closed form. It is not
    symmetric, because the formula is no posterior mean: J(p, q) = Cov_w(p)[x(p), x(q)]/s^2 for q in window(p), else 0.
    Its diagonal is the spread of the crops that p chooses from, which `variance` gives.

    Attributes:
        crops: x_i, float32 [n, ny, nx].
    """

    crops: Array

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, ny, nx)."""
        return 1, *self.crops.shape[1:]

    def __post_init__(self) -> None:
        self._everywhere = Data(self.crops)  # what it is where every window is the whole domain

    def _sees_all(self, s: float) -> bool:
        return bool(window_radius(s) >= max(self.crops.shape[1:]) - 1)

    @one_blas_thread()
    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, 1, ny, nx]."""
        if self._sees_all(s):
            return self._everywhere(y, s)
        return namespace(y).stack([self._average(member[0], s)[0][None] for member in y])

    @one_blas_thread()
    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v^T J: sum_i (x_i - x0_hat)(q) sum_{p in window(q)} v(p) w_i(p) (x_i - x0_hat)(p) / s^2."""
        if self._sees_all(s):
            return self._everywhere.vjp(y, s, v)
        xp = namespace(y)
        products = []
        for member, along in zip(y, v, strict=True):
            sums = WindowSums(member[0], window_radius(s), 1 / (s * s))
            product = xp.zeros_like(member[0])
            for w, apart, share in self._spread(member[0], s):
                xp.multiply(w, apart, out=w)
                xp.multiply(w, (along[0] * share)[:, :, None], out=w)
                product += xp.einsum("yxn,yxn->yx", sums(w), apart)
            products.append(product[None])
        return xp.stack(products)

    @one_blas_thread()
    def variance(self, y: Any, s: float) -> Any:
        """s^2 diag J = sum_i w_i(p) (x_i(p) - x0_hat(p))^2: of the crops that pixel p chooses from."""
        if self._sees_all(s):
            return self._everywhere.variance(y, s)
        xp = namespace(y)
        spreads = []
        for member in y:
            spread = xp.zeros_like(member[0])
            for w, apart, share in self._spread(member[0], s):
                spread += share * xp.einsum("yxn,yxn,yxn->yx", w, apart, apart)
            spreads.append(spread[None])
        return xp.stack(spreads)

    def _chunks(self, y: Any) -> list[Any]:
        """The crops like y, [ny, nx, at most CHUNK] each: the softmax runs along memory."""

        def moved(first: int) -> Callable[[], Array]:
            return lambda: np.ascontiguousarray(np.moveaxis(self.crops[first : first + CHUNK], 0, -1))

        return [self._like(first, moved(first), y) for first in range(0, len(self.crops), CHUNK)]

    def _weigh(self, y: Any, s: float, chunks: Sequence[Any], rows: slice = ALL) -> Iterator[tuple[Any, Any, Any]]:
        """Chunk by chunk: these rows of its crops, exp(least - distance) there [rows, nx, chunk], and least.

        The second is written over by the next.
        """
        xp = namespace(y)
        sums = WindowSums(y, window_radius(s), 1 / (2 * s * s), rows)
        d: Any = None
        for chunk in chunks:
            seen = chunk[sums.seen]
            d = _room(d, seen)
            xp.subtract(y[sums.seen, :, None], seen, out=d)
            d *= d
            far = sums(d)
            least = _least(far)
            xp.subtract(least[:, :, None], far, out=far)
            xp.clip(far, LEAST_EXPONENT, None, out=far)
            yield chunk[rows], xp.exp(far, out=far), least

    def _average(self, y: Any, s: float) -> tuple[Any, Any, Any]:
        """x0_hat of y [ny, nx], the least distance, and the sum of exp(least - distance)."""
        strips = [self._average_of(y, s, rows) for rows in _strips(y)]
        if len(strips) == 1:
            return strips[0]
        x0_hat, nearest, total = (np.concatenate(parts) for parts in zip(*strips, strict=True))
        return x0_hat, nearest, total

    def _average_of(self, y: Any, s: float, rows: slice) -> tuple[Any, Any, Any]:
        """The same, of these rows."""
        xp = namespace(y)

        def weighed(chunks: Sequence[Any]) -> list[tuple[Any, Any, Any]]:
            ones = self._like("ones", np.ones(CHUNK, np.float32), y)
            return [
                (least, w @ ones[: w.shape[-1]], xp.einsum("yxn,yxn->yx", w, chunk))
                for chunk, w, least in self._weigh(y, s, chunks, rows)
            ]

        parts = shared_out(weighed, self._chunks(y), 1 if is_torch(y) else max(1, cores() - 1))
        nearest = reduce(xp.minimum, (least for least, _, _ in parts))
        factors = [xp.exp(nearest - least) for least, _, _ in parts]
        total = sum(f * part for f, (_, part, _) in zip(factors, parts, strict=True))
        average = sum(f * part for f, (_, _, part) in zip(factors, parts, strict=True))
        return average / total, nearest, total

    def _spread(self, y: Any, s: float) -> Iterator[tuple[Any, Any, Any]]:
        """Chunk by chunk: w and x_i - x0_hat [ny, nx, chunk] (to be written over), and what makes w shares of 1."""
        xp = namespace(y)
        x0_hat, nearest, total = self._average(y, s)
        apart: Any = None
        for chunk, w, least in self._weigh(y, s, self._chunks(y)):
            apart = _room(apart, chunk)
            xp.multiply(w, w > UNSEEN, out=w)
            share = xp.exp(nearest - least)
            yield w, xp.subtract(chunk, x0_hat[:, :, None], out=apart), share * (share > UNSEEN) / total


def _room(before: Any, like: Any) -> Any:
    """An array like this one to write into: the one before, if it has the shape."""
    return before if before is not None and before.shape == like.shape else namespace(like).empty_like(like)


def _least(d: Any) -> Any:
    """The least along the last axis, by halves: numpy is slow at many short reductions."""
    xp = namespace(d)
    while (n := d.shape[-1]) > 8:
        half = (n + 1) // 2
        d = xp.minimum(d[..., :half], d[..., n - half :])
    return reduce(xp.minimum, (d[..., i] for i in range(n)), d[..., 0])  # never a view, also of one


def _strips(y: Any) -> list[slice]:
    """The rows of y [ny, nx], some blocks at once; a device takes all of them."""
    ny, nx = y.shape
    high = max(1, STRIP // (nx * BLOCK)) * BLOCK
    return [ALL] if is_torch(y) or high >= ny else [slice(first, min(first + high, ny)) for first in range(0, ny, high)]


class WindowSums:
    """Sums of d [ny, nx, n] over windows of 2 radius + 1 pixels a side, cut at the edges, times a factor, in place.

    A running sum is a banded product, along one axis and then the other.

    Attributes:
        seen: the rows of d that the sums of the rows in question need.
    """

    def __init__(self, like: Any, radius: int, factor: float, rows: slice = ALL) -> None:
        """Of `rows` alone, which are whole blocks."""
        ny, nx = like.shape
        block = max(ny, nx) if is_torch(like) else BLOCK  # a device is fastest at one large product
        self._y, self._x = (
            [(*ends, cast_like(band * by, like)) for *ends, band in _bands(n, radius, block)]
            for n, by in ((ny, np.float32(1)), (nx, np.float64(factor)))
        )
        self._along_y: Any = None
        self._first, end, _ = rows.indices(ny)
        self._y = [block for block in self._y if self._first <= block[0][0] < end]
        self.seen = slice(self._y[0][1][0], self._y[-1][1][1])

    def __call__(self, d: Any) -> Any:
        """The sums of the rows, in d, of which are given those that are seen."""
        _, nx, n = d.shape
        xp = namespace(d)
        into = d[: self._y[-1][0][1] - self._first]
        self._along_y = along_y = _room(self._along_y, into)
        for (first, last), (low, high), band in self._y:
            out = along_y[first - self._first : last - self._first].reshape(last - first, nx * n)
            among = d[low - self.seen.start : high - self.seen.start]
            xp.matmul(band, among.reshape(high - low, nx * n), out=out)
        for (first, last), (low, high), band in self._x:
            xp.matmul(band, along_y[:, low:high], out=into[:, first:last])
        return into


@lru_cache(maxsize=128)
def _bands(n: int, radius: int, block: int) -> tuple[tuple[tuple[int, int], tuple[int, int], Array], ...]:
    """Blocks of sums first..last over n pixels: the pixels low..high they need, and the matrix of ones between them."""
    i = np.arange(n)
    blocks = []
    for first in range(0, n, block):
        last = min(first + block, n)
        low, high = max(0, first - radius), min(n, last + radius)
        band = np.abs(i[first:last, None] - i[None, low:high]) <= radius
        blocks.append(((first, last), (low, high), band.astype(np.float32)))
    return tuple(blocks)
