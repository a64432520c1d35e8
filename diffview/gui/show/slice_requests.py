"""Which recipe asks for another part of the open file: another slice, other axes, the region alone, coarser pixels."""

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

from diffview.fields.field import Region
from diffview.fields.picture import Picture
from diffview.fields.regions import SMALLEST
from diffview.readers.sides import block_of
from diffview.runs.recipe import Recipe

REFINE = "refine"
"""Beside the ways to coarsen: the values are means over blocks of pixels."""


def from_root(dataset: str | None) -> str | None:
    """The path of a dataset from the root of its file, however it was written."""
    return None if dataset is None else "/" + dataset.strip("/")


def same_variable(recipe: Recipe, other: Recipe) -> bool:
    """Whether two recipes read slices of one variable."""
    mine, its = recipe.source, other.source
    return mine.path == its.path and from_root(mine.dataset) == from_root(its.dataset)


def opening(recipe: Recipe, settled: Recipe, path: str, dataset: str | None, index: tuple[int, ...] | None) -> Recipe:
    """A slice with the settings in force; another slice of the same variable keeps its region and its transform.

    `settled` is the recipe with the region and the transform that were chosen for the slice that was opened first.
    """
    wanted = recipe.but(path=path, dataset=dataset, index=index)
    if same_variable(wanted, recipe):
        return wanted.but(region=settled.source.region, fitted=settled.source.fitted)
    return wanted.but(
        region=None,
        fitted=None,
        hidden=(),
        origin="noise",
        level=None,
        axes=None,
        window=None,
        coarsen=1,
        refine=1,
        mask=(),
    )


def listed(values: Collection[float]) -> str:
    """Numbers as people write them: "-9999", "-9999 and 1e+35"."""
    words = [f"{value:g}" for value in values]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def stepped(picture: Picture, dim: str, index: int) -> tuple[int, ...]:
    """The indices of the slice at another index along one dimension."""
    return tuple(index if name == dim else i for (name, _), i in zip(picture.other_dims, picture.index, strict=True))


def turned(recipe: Recipe, picture: Picture, axes: tuple[int, int]) -> Recipe:
    """The open variable with these axes as rows and columns, at the same indices of the others."""
    others = [axis for axis in range(len(picture.shape)) if axis not in picture.axes]
    at = dict(zip(others, picture.index, strict=True))
    index = tuple(at.get(axis, picture.shape[axis] // 2) for axis in range(len(picture.shape)) if axis not in axes)
    return recipe.but(axes=axes, index=index, window=None, region=None, hidden=())


def cropped(recipe: Recipe, picture: Picture, region: Region) -> Recipe:
    """The region alone, at full resolution."""
    each, k = recipe.source.coarsen * picture.block, recipe.source.refine
    ny, nx = (min(-(-n // k) * each, m) for n, m in zip((region.ny, region.nx), picture.size, strict=True))
    window = Region(region.row // k * each, region.column // k * each, ny, nx)
    return recipe.but(window=window, coarsen=1, region=None, hidden=())


def uncropped(recipe: Recipe, picture: Picture, window: Region, region: Region) -> Recipe:
    """All of the slice again; the region stays where it is."""
    each, k = recipe.source.coarsen * picture.block, recipe.source.refine
    if k > 1:
        row, column = window.row * k + region.row, window.column * k + region.column
        return recipe.but(window=None, region=Region(row, column, region.ny, region.nx), hidden=())
    row, column = window.row + region.row * each, window.column + region.column * each
    whole = in_blocks(Region(row, column, region.ny * each, region.nx * each), picture.size)
    return recipe.but(window=None, coarsen=1, region=whole, hidden=())


def coarsened(recipe: Recipe, shape: tuple[int, ...], region: Region, k: int, how: str) -> Recipe:
    """Another resolution: k x k pixels of a field as stored, of this shape, to one; the region stays where it is.

    Where `how` is REFINE, one value of it is the mean of k x k pixels instead.
    """
    source = recipe.source
    pixels = Fraction(k) if how == REFINE else Fraction(1, k)
    ratio = pixels * source.coarsen / source.refine
    sides = [max(16, round(side * ratio)) for side in (region.ny, region.nx)]
    moved = Region(round(region.row * ratio), round(region.column * ratio), *sides)
    rows, columns = (int(n * pixels) for n in shape)
    fits = moved.row + moved.ny <= rows and moved.column + moved.nx <= columns
    kept = recipe.but(region=moved if fits else None, hidden=())
    return kept.but(coarsen=1, refine=k) if how == REFINE else kept.but(coarsen=k, coarsen_by=how, refine=1)


def in_blocks(region: Region, size: tuple[int, int]) -> Region:
    """A part of a picture of `size` in the pixels of the whole picture, which is an overview where it is large."""
    k = block_of(size)
    if k == 1:
        return region
    ny, nx = (max(SMALLEST, n // k) for n in (region.ny, region.nx))
    row, column = (
        min(start // k, n // k - side)
        for start, n, side in zip((region.row, region.column), size, (ny, nx), strict=True)
    )
    return Region(row, column, ny, nx)


@dataclass(frozen=True)
class PixelRequest:
    """One pixel as stored, along one of the other dimensions: its number and name, the slice on screen, the pixel."""

    dim: int
    name: str
    index: int
    row: int
    column: int


def pixel_request(picture: Picture, dated: Collection[str], coarsen: int, row: int, column: int) -> PixelRequest | None:
    """The series of a pixel of the field along its dates, or else along its longest other dimension.

    Args:
        picture: the open one.
        dated: the dimensions that are dates.
        coarsen: pixels of the picture, a side, that one of the field is made of.
        row: of the field.
        column: of the field.

    Returns:
        None if no other dimension is longer than 1.
    """
    lengths = [(name in dated and size > 1, size) for name, size in picture.other_dims]
    if max((size for _, size in lengths), default=1) < 2:
        return None
    dim, each = lengths.index(max(lengths)), coarsen * picture.block
    first = (0, 0) if picture.window is None else (picture.window.row, picture.window.column)
    stored = (
        min(start + at * each + each // 2, size - 1)
        for start, at, size in zip(first, (row, column), picture.size, strict=True)
    )
    return PixelRequest(dim, picture.other_dims[dim][0], picture.index[dim], *stored)
