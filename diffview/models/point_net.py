"""A small network for points of a few numbers: x0_hat(y, s), on arrays where it runs, on tensors where it learns.

    x0_hat = c_skip y + c_out F(c_in y, ln s),   F: three hidden layers

with the preconditioning of `nets.unet`, for data of the standard deviation 1: a network of fields in small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import namespace

HIDDEN, LAYERS = 96, 3
"""Units of a layer, and hidden layers."""

WAVES = (0.25, 0.5, 1.0, 2.0)
"""Frequencies at which F sees ln s."""

PLACES = (2.0, 4.0)
"""Frequencies at which it sees y, so that thin lines are learnt soon."""

Weights = Sequence[tuple[Any, Any]]
"""Matrix [in, out] and offset [out] of every layer."""


def first_weights(d: int, seed: int) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Random weights for points of d numbers; the last layer is 0, so that F is 0 at first."""
    rng = np.random.default_rng(seed)
    sizes = [d * (1 + 2 * len(PLACES)) + 2 * len(WAVES), *[HIDDEN] * LAYERS, d]
    layers = []
    for i, (fan_in, out) in enumerate(pairwise(sizes)):
        size = 0.0 if i == LAYERS else np.sqrt(2 / fan_in)
        layers.append(((size * rng.standard_normal((fan_in, out))).astype(np.float32), np.zeros(out, np.float32)))
    return layers


def estimate(weights: Weights, y: Any, ln_s: Any) -> Any:
    """x0_hat [members, d] of y [members, d] at ln s [members, 1]."""
    xp = namespace(y)
    s2 = xp.exp(2 * ln_s)
    root = xp.sqrt(1 + s2)
    place = y / root
    seen = [wave(k * of) for of, ks in ((place, PLACES), (ln_s, WAVES)) for k in ks for wave in (xp.sin, xp.cos)]
    h = xp.concatenate([place, *seen], -1)
    for matrix, offset in weights[:-1]:
        h = h @ matrix + offset
        h = 0.5 * h * (1 + xp.tanh(0.5 * h))  # SiLU; as h/(1 + e^-h) its slope is no number at large -h
    matrix, offset = weights[-1]
    return (y + xp.sqrt(s2) * root * (h @ matrix + offset)) / (1 + s2)


@dataclass(frozen=True, eq=False)
class PointNet:
    """Learnt weights as a denoiser of points, y [members, 1, 1, d]."""

    weights: Weights
    kind: ClassVar[str] = "posterior mean"
    noise_range: ClassVar[tuple[float, float]] = (0.0, inf)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(1, 1, d)."""
        return 1, 1, len(self.weights[-1][1])

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y."""
        flat = np.asarray(y, np.float32).reshape(len(y), -1)
        ln_s = np.full((len(flat), 1), np.log(max(s, 1e-9)), np.float32)
        return estimate(self.weights, flat, ln_s).reshape(y.shape)

    def score(self, y: Any, s: float) -> Any:
        """grad_y ln p_s(y) as it has learnt it, (x0_hat - y)/s^2."""
        return (self(y, s) - y) / (s * s)
