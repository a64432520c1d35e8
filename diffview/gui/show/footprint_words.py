"""The footprint of an instrument: the weights of one observation as a picture, and how wide it is in pixels and km."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import number
from diffview.reverse.footprints import weights_of_one, widths
from diffview.reverse.operators import Observed, Pixels


class ShownFootprint(NamedTuple):
    """Weights [ny, nx] as levels of colour, 0 to 255, what they are in a line, and in full."""

    levels: NDArray[np.uint8]
    words: str
    tip: str


def footprint_of(seen: Observed, shape: tuple[int, int], pixel_km: tuple[float, float] | None) -> ShownFootprint:
    """What one observation of an instrument sees of a region of this shape; of single pixels, where they are."""
    weights = weights_of_one(seen, shape)
    wide, count = widths(weights), len(seen.at)
    size = f"{_by(wide)} pixel{'' if wide == (1, 1) else 's'} wide"
    if pixel_km is not None:
        size += f", {_by((wide[0] * pixel_km[0], wide[1] * pixel_km[1]))}\N{NO-BREAK SPACE}km"
    if isinstance(seen.operator, Pixels):
        shown, says = seen.footprint(shape), "Bright: the pixels that are seen, each by itself"
    else:
        shown = weights / max(float(weights.max()), 1e-300)
        says = f"Weights of one of {count:,} values, from 0 to {number(float(weights.max()))}; they add up to 1"
    tip = f"{says}. The frame is the region; the width is that at half of the largest weight, down × across."
    return ShownFootprint(
        np.rint(255 * shown).astype(np.uint8), f"{count:,} {'value' if count == 1 else 'values, each'} {size}", tip
    )


def _by(sizes: tuple[float, float]) -> str:
    """Down × across; one number where they are the same."""
    down, across = (f"{size:.3g}" if size < 999.5 else f"{size:,.0f}" for size in sizes)
    return down if down == across else f"{down} × {across}"
