"""A network on a region larger than its own fields: windows that overlap, x0_hat their mean under a taper.

The mean is taken at every step of a run, so that windows agree on what they share while it is still being decided
[Bar-Tal et al. 2023, "MultiDiffusion", arXiv 2302.08113, equation 5]. What is farther apart than a window is not known
to belong together.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.models.cards import Card
from diffview.reverse.samplers import CONSISTENCY

Parts = Mapping[Region, Any]
"""By window, counted from the corner of the region: the denoiser there."""


class Tiled:
    """E[x_0 | y] of a region as the mean of what its windows give: sum_w u_w D_w(y_w) / sum_w u_w.

    u_w is the product of sin^2(pi (i + 1/2)/n) along both sides of n pixels, so that a window counts least at its edge.

    Attributes:
        kind, noise_range, shape: as of every denoiser; the shape is that of the region.
        parts: the denoiser of each window.
        finished: what is done to the whole fields at the end of a run.
    """

    def __init__(self, parts: Parts, finished: Callable[[Any], Any] = lambda x0: x0) -> None:
        first = next(iter(parts.values()))
        ny, nx = max(window.row + window.ny for window in parts), max(window.column + window.nx for window in parts)
        self.kind, self.noise_range, self.shape = first.kind, first.noise_range, (first.shape[0], ny, nx)
        self.parts, self.finished = parts, finished
        total = np.zeros((ny, nx))
        tapers = {window: taper(window.ny, window.nx) for window in parts}
        for window, u in tapers.items():
            total[window.slices] += u
        self._weights = {window: (u / total[window.slices]).astype(np.float32) for window, u in tapers.items()}
        self._there: dict[Any, dict[Region, Any]] = {}

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y [members, channels, ny, nx]."""
        return self._joined(y, lambda window, part: part(_cut(y, window), s))

    def vjp(self, y: Any, s: float, v: Any) -> Any:
        """v^T times the Jacobian of x0_hat at y: what each window gives of its weighted part of v, added up."""
        product = namespace(v).zeros_like(v)
        for window, weight in self._weights_like(v).items():  # one after the other: each call's graph takes memory
            product[..., *window.slices] += self.parts[window].vjp(_cut(y, window), s, _cut(v, window) * weight)
        return product

    def pullback(self, y: Any, s: float) -> tuple[Any, Callable[[Any], Any]]:
        """x0_hat of y, and v -> v^T J there, through the calls that gave x0_hat."""
        back: dict[Region, Callable[[Any], Any]] = {}

        def estimate(window: Region, part: Any) -> Any:
            x0_hat, back[window] = part.pullback(_cut(y, window), s)
            return x0_hat

        x0_hat = self._joined(y, estimate)

        def pulled(v: Any) -> Any:
            product = namespace(v).zeros_like(v)
            for window, weight in self._weights_like(v).items():
                product[..., *window.slices] += back[window](_cut(v, window) * weight)
            return product

        return x0_hat, pulled

    def _joined(self, y: Any, estimate: Callable[[Region, Any], Any]) -> Any:
        joined = namespace(y).zeros_like(y)
        for window, weight in self._weights_like(y).items():
            joined[..., *window.slices] += weight * estimate(window, self.parts[window])
        return joined

    def _weights_like(self, y: Any) -> dict[Region, Any]:
        """The weights as arrays of y's kind, where y is."""
        if isinstance(y, np.ndarray):
            return self._weights
        where = y.device
        if where not in self._there:
            self._there[where] = {window: y.new_tensor(u.tolist()) for window, u in self._weights.items()}
        return self._there[where]


def _cut(y: Any, window: Region) -> Any:
    return y[..., *window.slices]


def taper(ny: int, nx: int) -> NDArray[np.float64]:
    """sin^2(pi (i + 1/2)/n) along both sides [ny, nx]: 1 in the middle, next to nothing at the edge."""
    rows, columns = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 for n in (ny, nx))
    return np.outer(rows, columns)


def windows_of(card: Card, region: Region, overlap: float) -> tuple[Region, ...]:
    """The windows of a network's size that cover a region, counted from its corner; none if it is not larger.

    Args:
        card: of the network.
        region: what is to be covered.
        overlap: least share of a window's side that it has in common with the next one; 0: none are laid.
    """
    ny, nx = card.shape[1:]
    if not overlap or region.ny < ny or region.nx < nx or (region.ny, region.nx) == (ny, nx):
        return ()
    each = max(card.coarsen, 1)
    rows, columns = (_starts(length, side, overlap, each) for length, side in ((region.ny, ny), (region.nx, nx)))
    return tuple(Region(row, column, ny, nx) for row in rows for column in columns)


def covered(card: Card, region: Region) -> tuple[int, int]:
    """The sides that windows of a network can cover: at least its own, and whole blocks of those it is given."""
    (ny, nx), each = card.shape[1:], max(card.coarsen, 1)
    return max(ny, region.ny // each * each), max(nx, region.nx // each * each)


def _starts(length: int, side: int, overlap: float, each: int) -> list[int]:
    """Where windows begin along a side, as evenly as multiples of `each` allow, the last one at the end."""
    stride = max(int(side * (1 - overlap)) // each, 1) * each
    count = 1 + math.ceil((length - side) / stride)
    return [round(start / each) * each for start in np.linspace(0, length - side, count)]


def untiled(card: Card) -> UserError | None:
    """Why the windows of a network cannot be laid beside each other; None if they can."""
    if card.kind == CONSISTENCY:
        return UserError(
            f"{card.name} is a consistency model: it jumps to the end, where windows no longer come to agree.",
            "Set the overlap to 0, or choose a network that gives a posterior mean.",
        )
    if card.network.get("mask"):
        return UserError(
            f"{card.name} makes fields of one place, with the land of that place: they cannot be laid side by side.",
            "Set the overlap to 0, or choose another network.",
        )
    return None
