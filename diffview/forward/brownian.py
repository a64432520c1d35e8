"""The forward process in y = x/alpha as one Brownian path: y = x_0 + W(s^2).

The closed form is the path W(s^2) = s eps with one eps. The chain is a true Brownian path with independent
increments. Both have the same distribution at every noise level s, and neither depends on the schedule: an edit of the
schedule re-times the same path.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from diffview.forward.noise import FORWARD, START, TREE, Array, drawing_threads, drawn, finished
from diffview.forward.normals import Drawn

if TYPE_CHECKING:
    from concurrent.futures import Future

Key = tuple[int, int, int]


class ForwardPath:
    """One Brownian path W(s^2) of one seed and member: random access, the same whatever the order of queries.

    mode "closed": W(v) = sqrt(v) eps.
    mode "chain": W at the anchors v = 4^j (independent increments upwards from W(1), bridges downwards towards
    W(0) = 0), then LEVELS halvings by Brownian bridges inside an anchor interval, then one bridge inside the leaf.
    Every value is exactly N(0, v), and increments are independent down to leaves of 3/512 of 4^j,
    finer than the steps of most presets at T = 1000; two values inside one leaf share its last normal.
    """

    LEVELS = 9
    LOWEST, HIGHEST = -24, 24
    CACHE_BYTES = 256 * 2**20
    SIDE_BY_SIDE = 256 * 256
    """Pixels from which on drawing on two threads is faster than on one."""
    FORESEEN = 40
    """Normals that are drawn before they are asked for, at most."""

    def __init__(
        self, seed: int, shape: tuple[int, ...], mode: str = "closed", member: int = 0, noise: int = 1
    ) -> None:
        """A path of arrays [*shape]; `noise` is the version of its normals."""
        self.seed, self.shape, self.mode, self.member, self.noise = seed, shape, mode, member, noise
        self._knots: OrderedDict[Key, Array] = OrderedDict()
        self._ahead: OrderedDict[Key, Future[Drawn]] = OrderedDict()
        self._beside: dict[Key, Future[Array]] = {}
        self._room = max(8, self.CACHE_BYTES // max(1, 4 * math.prod(shape)))

    def __call__(self, s: float) -> Array:
        """W(s^2), float32 [*shape]; 0 at s = 0."""
        if s <= 0:
            return np.zeros(self.shape, dtype=np.float32)
        if self.mode == "closed":
            return np.float32(s) * self.eps()
        return self._chain(s * s)

    def foresee(self, s: float) -> None:
        """Begin to draw aside what W(s^2) will need, such as at the place where a playhead will be next.

        What is drawn and never asked for is forgotten, the oldest first.
        """
        v = s * s
        if self.mode == "closed" or self._room < self.FORESEEN or not 4.0**self.LOWEST <= v < 4.0**self.HIGHEST:
            return
        self._begin(self._lacking(_Place.of(v, self)))
        while len(self._ahead) > self.FORESEEN:
            self._ahead.popitem(last=False)[1].cancel()

    @property
    def foreseen(self) -> int:
        """How many normals were begun aside and not yet asked for."""
        return len(self._ahead)

    def eps(self) -> Array:
        """The one eps of the closed form."""
        return self._kept((START, 0, 0), lambda: self._finished(self._drawn(START, 0)))

    @property
    def kept(self) -> int:
        """How many arrays are kept for further queries; older ones are drawn anew when asked for."""
        return len(self._knots)

    def eps_at(self, s: float) -> Array:
        """The accumulated noise read out as one standard normal, W(s^2)/s."""
        return self.eps() if self.mode == "closed" or s <= 0 else self(s) / np.float32(s)

    def _kept(self, key: Key, make: Any) -> Array:
        value = self._knots.get(key)
        if value is None:
            value = self._knots[key] = make()
            value.setflags(write=False)
            while len(self._knots) > self._room:
                self._knots.popitem(last=False)
        else:
            self._knots.move_to_end(key)
        return value

    def _normal(self, stream: int, j: int, node: int = 0) -> Array:
        """Standard normals of a key: those that another thread makes, unless none has come to them yet."""
        made = self._beside.pop((stream, j, node), None)
        return self._made((stream, j, node)) if made is None or made.cancel() else made.result()

    def _made(self, key: Key) -> Array:
        """Standard normals of a key: of what was begun aside, unless no thread has come to it yet."""
        begun = self._ahead.pop(key, None)
        return self._finished(self._drawn_at(key) if begun is None or begun.cancel() else begun.result())

    def _drawn_at(self, key: Key) -> Drawn:
        stream, j, node = key
        return self._drawn(stream, ((j - self.LOWEST) << (self.LEVELS + 1)) + node)

    def _drawn(self, stream: int, index: int) -> Drawn:
        return drawn(self.seed, stream, index, self.member, self.shape, version=self.noise)

    def _finished(self, what: Drawn) -> Array:
        return finished(what, self.shape, self.noise)

    def _lacking(self, at: "_Place") -> list[Key]:
        """The normals that the anchors around a place and the nodes between them still lack."""
        j = at.j
        towards_0 = range(j + 1, -1, -1) if j >= 0 else range(j, 1)
        anchors = takewhile(lambda key: key not in self._knots, ((FORWARD, i, 0) for i in towards_0))
        return [*anchors, *(key for node in at.nodes if (key := (TREE, j, node)) not in self._knots)]

    def _begin(self, keys: list[Key]) -> bool:
        """Begin to draw normals aside; whether that pays."""
        pays = len(keys) > 1 and math.prod(self.shape) >= self.SIDE_BY_SIDE
        for key in keys if pays else ():
            if key not in self._ahead:
                self._ahead[key] = drawing_threads().submit(self._drawn_at, key)
            self._ahead.move_to_end(key)
        return pays

    def _share(self, keys: list[Key]) -> None:
        """Let the drawing threads make normals that are waited for, from the last one on; this one makes the first."""
        if self._begin(keys):
            self._beside = {key: drawing_threads().submit(self._made, key) for key in keys[:0:-1]}

    def _anchor(self, j: int) -> Array:
        """W(4^j)."""
        return self._kept((FORWARD, j, 0), lambda: self._make_anchor(j))

    def _make_anchor(self, j: int) -> Array:
        z = self._normal(FORWARD, j)
        if j == 0:
            return z
        if j > 0:  # an independent increment of variance 4^j - 4^(j-1)
            return self._anchor(j - 1) + np.float32(math.sqrt(0.75) * 2.0**j) * z
        # the bridge from W(0) = 0 to W(4^(j+1)), a quarter of the way along
        return np.float32(0.25) * self._anchor(j + 1) + np.float32(math.sqrt(0.75) * 2.0**j) * z

    def _chain(self, v: float) -> Array:
        if not 4.0**self.LOWEST <= v < 4.0**self.HIGHEST:  # beyond the anchors: the end one, scaled to the variance v
            end = self.LOWEST if v < 1 else self.HIGHEST
            return np.float32(math.sqrt(v) / 2.0**end) * self._anchor(end)
        at = _Place.of(v, self)
        self._share(self._lacking(at))
        j, leaf = at.j, at.way[-1][0]
        left, right = self._anchor(j), self._anchor(j + 1)
        for (node, bottom, top), (child, _, _) in pairwise(at.way):
            knot = self._bridge(j, node, left, right, (top - bottom) / 2)
            left, right = (knot, right) if child % 2 else (left, knot)
        value = np.float32(1 - at.share) * left + np.float32(at.share) * right
        if at.std:
            value += np.float32(at.std) * self._kept((TREE, j, leaf), lambda: self._normal(TREE, j, leaf))
        return value

    def _bridge(self, j: int, node: int, left: Array, right: Array, half: float) -> Array:
        """The middle of a bridge whose halves have the variance `half`: the mean of the ends + sqrt(half/2) z."""

        def make() -> Array:
            z = self._normal(TREE, j, node)
            z *= np.float32(math.sqrt(half / 2))  # in place: new arrays would cost as much as the arithmetic
            z += np.float32(0.5) * (left + right)
            return z

        return self._kept((TREE, j, node), make)


class _Place(NamedTuple):
    """Where v lies among the knots of a path.

    Attributes:
        j: of the anchors 4^j and 4^(j+1) around it.
        way: the nodes around v with their intervals, from the root [4^j, 4^(j+1)] to the leaf, or until v is an end.
        share: of its way through the leaf.
        std: of the bridge there.
    """

    j: int
    way: list[tuple[int, float, float]]
    share: float
    std: float

    @classmethod
    def of(cls, v: float, path: ForwardPath) -> "_Place":
        """The place of v in the chain of a path."""
        j = min(max(math.floor(math.log2(v) / 2), path.LOWEST), path.HIGHEST - 1)
        way = list(_way(v, j, path.LEVELS))
        _, low, high = way[-1]
        share = (v - low) / (high - low)
        return cls(j, way, share, math.sqrt(max(0.0, share * (1 - share) * (high - low))))

    @property
    def nodes(self) -> list[int]:
        """The nodes whose normals are needed: that of the leaf only where v is none of its ends."""
        return [node for node, _, _ in (self.way if self.std else self.way[:-1])]


def _way(v: float, j: int, levels: int) -> Iterator[tuple[int, float, float]]:
    node, low, high = 1, 4.0**j, 4.0 ** (j + 1)
    for _ in range(levels):
        if v in (low, high):
            break
        yield node, low, high
        middle = (low + high) / 2
        node, low, high = (2 * node, low, middle) if v < middle else (2 * node + 1, middle, high)
    yield node, low, high
