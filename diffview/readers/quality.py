"""Statistics of a quality variable over the values that it rates, for the remarks of readers."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.readers.base import Variable
from diffview.readers.blocks import blocks

LARGEST = 2**24  # values: a larger dataset is not read a second time only to be counted


def rated(variable: Variable, quality: Variable) -> NDArray[np.floating[Any]] | None:
    """The quality of every value that is not missing [n]; None where the dataset is more than one picture, or large."""
    shape = variable.dataset.shape
    if math.prod(shape[:-2]) != 1 or math.prod(shape) > LARGEST:
        return None
    levels_read = []
    for part in blocks(shape, variable.dataset.chunks):
        levels = quality.read(part).values
        levels_read.append(levels[~np.isnan(variable.read(part).values) & ~np.isnan(levels)])
    return np.concatenate(levels_read)


def shares_of_levels(levels: NDArray[np.floating[Any]], words: Mapping[int, str]) -> str:
    """The share of every level, highest first: "5 (best): 71 %, 4: 29 %"."""
    values, counts = np.unique(levels.astype(int), return_counts=True)
    parts = []
    for value, count in sorted(zip(values.tolist(), counts.tolist(), strict=True), reverse=True):
        word = f" ({words[value]})" if value in words else ""
        parts.append(f"{value}{word}: {percent(count, levels.size)}")
    return ", ".join(parts)


def percent(count: int, total: int) -> str:
    """A share as text; a small one is not called 0 %."""
    share = 100 * count / total
    return f"{share:.0f} %" if share >= 1 or not count else "under 1 %"
