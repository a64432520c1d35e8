"""Fields from fine to coarse: moments of means over blocks, and how often such means lie above a threshold.

Rain is judged at the scale at which it is used: a forecast may be right for a catchment and wrong for every pixel. Of
block means R_w over w x w pixels the moment of order q is (mean |R_w|^q)^(1/q), in units of the field: it falls with w
the faster, the less the field hangs together [Guilloteau et al. 2025, arXiv 2409.16319].
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.coarse import block_mean

Array = NDArray[np.float64]
Fields = NDArray[np.floating]

ORDERS = (2, 3, 4)
"""Orders of the moments."""


class Aggregated(NamedTuple):
    """Fields as means over blocks of so many pixels a side.

    Attributes:
        widths: pixels, 1, 2, 4, ... up to half of the shorter side.
        moments: {order: [widths]}, in units of the field; NaN where no block is known.
        above: {threshold: [widths]}, the share of the blocks whose mean lies above it, 0 to 1.
        blocks: how many are known.
    """

    widths: tuple[int, ...]
    moments: Mapping[float, Array]
    above: Mapping[float, Array]
    blocks: tuple[int, ...]


def block_widths(ny: int, nx: int) -> tuple[int, ...]:
    """1, 2, 4, ... pixels, as long as two blocks fit into the shorter side."""
    return tuple(2**n for n in range(31) if 2 * 2**n <= min(ny, nx)) or (1,)


def aggregated(fields: Fields, thresholds: Sequence[float] = ()) -> Aggregated:
    """Fields [..., ny, nx] from fine to coarse, all together.

    A block with a missing pixel is missing; rows and columns beyond the last whole block have no part in it.
    """
    ny, nx = fields.shape[-2:]
    widths = block_widths(ny, nx)
    moments: dict[float, list[float]] = {order: [] for order in ORDERS}
    above: dict[float, list[float]] = {threshold: [] for threshold in thresholds}
    blocks = []
    for width in widths:
        means = block_mean(fields[..., : ny // width * width, : nx // width * width], width)
        known = means[~np.isnan(means)].astype(np.float64)
        blocks.append(known.size)
        for order, found in moments.items():
            found.append(float(np.mean(np.abs(known) ** order) ** (1 / order)) if known.size else np.nan)
        for threshold, shares in above.items():
            shares.append(float(np.mean(known > threshold)) if known.size else np.nan)
    return Aggregated(widths, _arrays(moments), _arrays(above), tuple(blocks))


def _arrays(lists: Mapping[float, list[float]]) -> dict[float, Array]:
    return {key: np.array(values) for key, values in lists.items()}
