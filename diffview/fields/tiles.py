"""Pictures of members side by side as one picture."""

import math

import numpy as np
from numpy.typing import NDArray

GAP = 2
"""Pixels between tiles."""


STRIP = 3
"""Most columns of tiles for each row of them."""


def columns_of(members: int) -> int:
    """Columns of tiles: as square as can be without a place left empty, which would look like missing data."""
    square = math.ceil(math.sqrt(members))
    whole = (n for n in range(square, members + 1) if members % n == 0 and n * n <= STRIP * members)
    return next(whole, square)


def tiled(members: NDArray[np.float32]) -> NDArray[np.float32]:
    """Members [m, ny, nx] side by side in rows, as square as can be; NaN between them and where there is none."""
    m, ny, nx = members.shape
    across = columns_of(m)
    down = -(-m // across)
    tiles = np.full((down * (ny + GAP) - GAP, across * (nx + GAP) - GAP), np.nan, dtype=np.float32)
    for i, member in enumerate(members):
        row, column = place_of(i, members.shape)
        tiles[row : row + ny, column : column + nx] = member
    return tiles


def place_of(i: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """Row and column of the upper left pixel of tile i of pictures of shape [m, ny, nx]."""
    m, ny, nx = shape
    across = columns_of(m)
    return i // across * (ny + GAP), i % across * (nx + GAP)


def tile_at(row: int, column: int, members: NDArray[np.float32]) -> int | None:
    """The member whose tile has this pixel, or None."""
    m, ny, nx = members.shape
    across = columns_of(m)
    i = row // (ny + GAP) * across + column // (nx + GAP)
    inside = row % (ny + GAP) < ny and column % (nx + GAP) < nx
    return i if inside and i < m else None
