"""Laws of one number and shapes in the plane for teaching: exact mixtures, for forward, reverse and learning.

A shape is a list of centres [k, 2] along its lines; its law is a mixture of equal round bells there, so that score and
denoiser are closed forms. All shapes have the mean 0 and, over both coordinates, the variance 1.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.models.mixture import Mixture

Floats = NDArray[np.float64]

Bell = tuple[float, float, float]
"""Weight, mean and standard deviation."""

BELLS: tuple[Bell, ...] = ((0.35, -1.1, 0.22), (0.65, 0.75, 0.3))
"""Two bells of mean 0.1 and variance 0.9: nearly standard, and far enough apart that they are two."""

LAWS: dict[str, tuple[str, tuple[Bell, ...]]] = {
    "two": ("two bells", BELLS),
    "one": ("one bell", ((1.0, 0.0, 1.0),)),
    "three": ("three bells", ((0.3, -1.5, 0.15), (0.4, 0.0, 0.25), (0.3, 1.4, 0.15))),
    "narrow": ("two points", ((0.5, -1.0, 0.03), (0.5, 1.0, 0.03))),
}
"""Laws to begin with, by key: a name and the bells."""

MOST_BELLS = 6
"""Bells of a law of one number."""

CENTRES = 96
"""Bells along the lines of a shape."""

WIDTH = 0.06
"""Standard deviation of each."""

FEWEST = 2
"""Points that make a drawing."""


def moons(count: int = CENTRES) -> Floats:
    """Two half circles that reach into each other."""
    angle = np.linspace(0, np.pi, count // 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([upper, [1.0, 0.4] - upper])


def spiral(count: int = CENTRES) -> Floats:
    """Two turns outwards, evenly spaced along the line."""
    radius = np.sqrt(np.linspace(0.02, 1, count))
    angle = 4 * np.pi * radius
    return np.asarray(radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))


def rings(count: int = CENTRES) -> Floats:
    """One circle inside another, evenly spaced along both."""
    inner = count // 3
    parts = []
    for n, radius in ((inner, 0.5), (count - inner, 1.0)):
        angle = 2 * np.pi * np.arange(n) / n
        parts.append(radius * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return np.concatenate(parts)


def bells(count: int = 8) -> Floats:
    """Eight places around a circle."""
    angle = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


SHAPES: dict[str, Callable[[], Floats]] = {"moons": moons, "spiral": spiral, "rings": rings, "bells": bells}
"""Centres of a shape by its name."""


def standard(centres: Floats, width: float = WIDTH) -> Floats:
    """Centres moved and scaled so that the mixture of bells of this width has mean 0 and variance 1 over both axes.

    Raises:
        UserError: if they all lie in one place.
    """
    apart = centres - centres.mean(axis=0)
    spread = float(np.sqrt(np.mean(apart**2)))
    if not spread > 0:
        raise UserError("All points of the drawing lie in one place.", "Draw a line.")
    return np.asarray(apart * (np.sqrt(1 - width * width) / spread))


def along(lines: Sequence[NDArray[np.floating]], count: int = CENTRES) -> Floats:
    """Evenly spaced places along lines drawn by hand, each [n, 2], with a share of `count` by their lengths.

    Raises:
        UserError: if nothing is drawn.
    """
    drawn = [np.asarray(line, np.float64) for line in lines if len(line) >= FEWEST]
    lengths = [np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))]) for line in drawn]
    total = sum(float(length[-1]) for length in lengths)
    if not total > 0:
        raise UserError("Nothing is drawn.", "Press the mouse button and draw a line.")
    parts = []
    for line, length in zip(drawn, lengths, strict=True):
        at = np.linspace(0, length[-1], max(FEWEST, round(count * float(length[-1]) / total)))
        parts.append(np.stack([np.interp(at, length, line[:, axis]) for axis in (0, 1)], axis=1))
    return np.concatenate(parts)


def shape_law(centres: Floats, width: float = WIDTH) -> Mixture:
    """The law of a shape: equal round bells at its centres, standardised."""
    at = standard(centres, width)
    return Mixture(np.ones(len(at)), at, np.full(len(at), width * width))
