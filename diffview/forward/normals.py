"""Standard normals out of random bits: the two versions of the noise.

Version 1 is numpy's ziggurat. Version 2 makes two normals of each 64-bit word by the transform of Box and Muller,

    z_1 = +- r cos(phi),  z_2 = +- r sin(phi),  r = sqrt(-2 ln u),

u from the upper 32 bits, phi in [0, pi/2) from the lowest 30, the signs from the two between. A normal depends on its
own word alone, so that noise can be made in blocks of any size. Nothing but +, -, *, square roots and shifts of whole
numbers is used, which every processor rounds alike: the bits are the same on all of them. At 512 x 512 it takes half
as long as version 1. The law is normal but for the steps of float32: no |z| is above 6.8, which one of 1e11 would be.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.random import BitGenerator, Generator
from numpy.typing import NDArray

Array = NDArray[np.float32]
Words = NDArray[np.uint64]
Drawn = NDArray[Any]
Whole = NDArray[np.int32]
Coefficients = tuple[np.float32, ...]

BLOCK = 2**17
"""Words that are transformed at once: what is computed on the way to their normals stays small."""

SIN: Coefficients = tuple(map(np.float32, (0.7853982, -0.080745436, 0.0024900069, -3.59544e-05)))
COS: Coefficients = tuple(map(np.float32, (1.0, -0.30842513, 0.015854325, -0.0003259386, 3.5298042e-06)))
"""sin(pi/4 v)/v and cos(pi/4 v) by powers of v^2, for v in [-1, 1]: Chebyshev fits, off by less than 1e-8."""

LOG: Coefficients = tuple(
    map(np.float32, (0.99999994, -0.50000364, 0.33335114, -0.24970071, 0.19898565, -0.17247014, 0.1623419, -0.10134057))
)
"""ln(1 + f)/f by powers of f, for 1 + f in [sqrt(1/2), sqrt(2)): a Chebyshev fit, off by 6e-8."""

LN_2, HALF, UNIT = np.float32(0.6931472), np.float32(0.5), np.float32(2.0**-31)
SQRT_HALF, MANTISSA, SIGN = np.int32(0x3F3504F3), np.int32(23), np.int32(-(2**31))
"""Of a float32: the bits of sqrt(1/2), how many of them are its mantissa, and the one that is its sign."""


class Version(NamedTuple):
    """How normals are made, in two parts: one that a thread makes without the interpreter, and the rest.

    The rest of version 2 is fifty short steps; beside a window that paints, each would wait for the interpreter.

    Attributes:
        drawn: what one generator gives for so many normals.
        normals: so many normals of each of what was drawn, float32 [n, count].
    """

    drawn: Callable[[BitGenerator, int], Drawn]
    normals: Callable[[Sequence[Drawn], int], Array]


def ziggurat(bits: BitGenerator, count: int) -> Drawn:
    """Version 1: normals."""
    return Generator(bits).standard_normal(count, dtype=np.float32)


def box_muller(drawn: Sequence[Drawn], count: int) -> Array:
    """Version 2: normals out of words."""
    return normals_of(np.concatenate(drawn)).reshape(len(drawn), -1)[:, :count]


VERSIONS = {
    1: Version(ziggurat, lambda drawn, _: np.stack(drawn)),
    2: Version(lambda bits, count: words_of(bits, (count + 1) // 2), box_muller),
}
"""By the version of the noise."""

NEWEST = max(VERSIONS)


def words_of(bits: BitGenerator, count: int) -> Words:
    """The next random words of a generator: those of `random_raw`, which would hold the interpreter meanwhile."""
    words: Words = Generator(bits).integers(0, 2**64 - 1, count, dtype=np.uint64, endpoint=True)
    return words


def normals_of(words: Words) -> Array:
    """Two normals of each word, float32 [2 n]."""
    made = np.empty(2 * len(words), np.float32)
    room = np.empty((6, min(BLOCK, len(words))), np.float32)
    for start in range(0, len(words), BLOCK):
        block = words[start : start + BLOCK]
        _transform(block, made[2 * start : 2 * (start + len(block))], room[:, : len(block)])
    return made


def _transform(words: Words, made: Array, room: Array) -> None:
    """The normals of a block, in `made` [2 n]; `room` [6, n] is for what is between."""
    halves = words.astype("<u8", copy=False).view("<u4")
    low, a, b, c, d, e = room[0].view(np.int32), *room[1:]
    np.copyto(low, halves[::2].view(np.int32))
    np.copyto(a, halves[1::2], casting="unsafe")
    a += HALF
    radius = _radius(a, b, c, d)
    v = _as_floats(np.left_shift(low, 2, out=c.view(np.int32)), a)
    v *= UNIT
    square = np.multiply(v, v, out=c)
    sine = _polynomial(SIN, square, d)
    sine *= v
    cosine = _polynomial(COS, square, e)
    first = np.subtract(cosine, sine, out=a)  # sqrt(2) cos(pi/4 (1 + v)), and below sqrt(2) sin of it
    cosine += sine
    first *= radius
    cosine *= radius
    signs, placed = c.view(np.int32), made.view(np.int32)
    np.bitwise_xor(first.view(np.int32), np.bitwise_and(low, SIGN, out=signs), out=placed[::2])
    np.left_shift(low, 1, out=low)
    np.bitwise_xor(cosine.view(np.int32), np.bitwise_and(low, SIGN, out=signs), out=placed[1::2])


def _radius(x: Array, b: Array, c: Array, d: Array) -> Array:
    """sqrt(-ln(x/2^32)) = r/sqrt(2) in `b`; x, c and d are used up.

    x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), so that -ln(x/2^32) = (32 - k) ln 2 - ln(1 + f).
    """
    of_x = x.view(np.int32)
    k = np.subtract(of_x, SQRT_HALF, out=b.view(np.int32))
    k >>= MANTISSA
    of_x -= np.left_shift(k, MANTISSA, out=c.view(np.int32))
    x -= np.float32(1)
    log = _polynomial(LOG, x, c)
    log *= x
    np.subtract(np.int32(32), k, out=k)
    squared = _as_floats(k, d)
    squared *= LN_2
    squared -= log
    return np.sqrt(squared, out=b)


def _polynomial(coefficients: Coefficients, x: Array, out: Array) -> Array:
    """c_0 + c_1 x + ... in `out`."""
    np.multiply(x, coefficients[-1], out=out)
    for one in coefficients[-2:0:-1]:
        out += one
        out *= x
    out += coefficients[0]
    return out


def _as_floats(whole: Whole, out: Array) -> Array:
    np.copyto(out, whole, casting="unsafe")
    return out
