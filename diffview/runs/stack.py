"""The other slices of a variable, which formula denoisers are fitted to where the shown one is small."""

from typing import Any, NamedTuple

import numpy as np

from diffview.fields.coarse import coarsened
from diffview.fields.field import Array, Region
from diffview.fields.picture import Picture
from diffview.fields.regions import MOST_CROPS
from diffview.runs.recipe import Recipe

STACK_PIXELS, STACK_BYTES = 256 * 256, 128 * 2**20
"""Largest slice whose other slices are read too, and the memory that they may take."""


class Stack(NamedTuple):
    """All slices along one dimension that were read, every `step`-th, and what they are slices of."""

    of: tuple[object, ...]
    values: Array
    step: int


def longest(picture: Picture) -> int:
    """Which of the other dimensions slices are taken along: the longest."""
    sizes = [size for _, size in picture.other_dims]
    return sizes.index(max(sizes)) if sizes else 0


def stack_of(recipe: Recipe, picture: Picture) -> tuple[object, ...]:
    """What tells the slices along the longest other dimension from all others."""
    at, source = longest(picture), recipe.source
    others = picture.index[:at], picture.index[at + 1 :]
    return source.path, picture.dataset, picture.axes, picture.window, source.mask, others


def stack_wanted(picture: Picture) -> dict[str, Any] | None:
    """What `read_stack` is asked for; None where there are no other slices, large ones, or states of a run."""
    ny, nx = picture.field.values.shape
    if ny * nx > STACK_PIXELS or max((size for _, size in picture.other_dims), default=1) < 2:
        return None
    if picture.field.provenance.get("run"):
        return None
    limit = max(1, min(MOST_CROPS, STACK_BYTES // (4 * ny * nx)))
    return {
        "dataset": picture.dataset, "axes": picture.axes, "index": picture.index, "dim": longest(picture),
        "region": picture.window or Region(0, 0, ny, nx), "limit": limit,
    }  # fmt: skip


def stack_read(recipe: Recipe, picture: Picture, values: Array, limit: int) -> Stack:
    """The slices that came, NaN where a value is one that the recipe calls missing."""
    size = picture.other_dims[longest(picture)][1]
    if mask := recipe.source.mask:
        values = np.where(np.isin(values, np.array(mask, np.float32)), np.float32(np.nan), values)
    return Stack(stack_of(recipe, picture), values, max(1, -(-size // limit)))


def other_slices(stack: Stack | None, recipe: Recipe, picture: Picture) -> Array | None:
    """The slices beside this one, at its resolution; None if they were not read, or are as coarse as a coarse field."""
    if stack is None or recipe.source.refine > 1 or stack.of != stack_of(recipe, picture):
        return None
    at = picture.index[longest(picture)]
    values = stack.values if at % stack.step else np.delete(stack.values, at // stack.step, axis=0)
    return coarsened(values, recipe.source.coarsen, recipe.source.coarsen_by) if recipe.source.coarsen > 1 else values
