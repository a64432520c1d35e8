"""What a run is told of the field beside its start, and what is done to its model: from the recipe to both."""

import numpy as np
from numpy.typing import NDArray

from diffview.fields import Region
from diffview.recipe import Recipe
from diffview.sampler_base import KNOWN_PIXELS
from diffview.samplers import SAMPLERS


def is_told(recipe: Recipe) -> bool:
    """Whether a run is told pixels of the region on its way."""
    info = SAMPLERS.get(recipe.sampler)
    return info is not None and KNOWN_PIXELS in info.needs


def known_pixels(recipe: Recipe, region: Region, x0: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a run may be told the region [ny, nx]: the pixels that are neither missing nor hidden."""
    known = ~np.isnan(x0)
    for hidden in recipe.hidden:
        top, left = hidden.row - region.row, hidden.column - region.column
        known[max(0, top) : max(0, top + hidden.ny), max(0, left) : max(0, left + hidden.nx)] = False
    return known
