"""The open field in words: its numbers, its resolution, its dimensions."""

from typing import Any

from diffview.fields.numbers import number
from diffview.fields.transforms import Transform
from diffview.fields.units import written
from diffview.gui.show.slice_requests import REFINE
from diffview.runs.recipe import Recipe

RESOLUTIONS = [(1, "mean"), *((k, how) for how in ("mean", "stride", REFINE) for k in (2, 4, 8, 16))]


def numbers_text(fitted: Transform) -> str:
    """The fitted numbers of a transform in a line."""
    own = {1: f"floor {number(fitted.numbers[0])} · "} if fitted.numbers else {}
    knots = f"{len(fitted.numbers) // 2} quantiles · " if len(fitted.numbers) > 1 else ""
    return f"{own.get(len(fitted.numbers), knots)}mean {number(fitted.mean)} · std {number(fitted.std)}"


def awaited_text(what: str) -> str:
    """The title of a picture that is being read."""
    return f"{what} is being read…"


def all_numbers(fitted: Transform, units: str) -> str:
    """Every quantile with its normal score; "" where there are none."""
    half = len(fitted.numbers) // 2
    pairs = zip(fitted.numbers[:half], fitted.numbers[half:], strict=False) if half > 1 else ()
    return "\n".join(f"{number(x)} {written(units)}  →  {number(z)}" for x, z in pairs)


def resolution_text(k: int, how: str) -> str:
    """A working resolution, of which k x k pixels of the file make one; or one value stands for k x k pixels."""
    if k == 1:
        return "as stored"
    if how == REFINE:
        return f"each for {k} × {k}"
    return f"mean of {k} × {k}" if how == "mean" else f"every {k}th pixel" if k > 2 else "every 2nd pixel"


def resolution_key(recipe: Recipe) -> str:
    """The key of the working resolution of a recipe."""
    source = recipe.source
    if source.refine > 1:
        return f"{source.refine} {REFINE}"
    return "1 mean" if source.coarsen == 1 else f"{source.coarsen} {source.coarsen_by}"


def pixel_size(km: tuple[float, float] | None) -> str:
    """Height × width of a pixel, or its side if it is square to a percent."""
    if km is None:
        return "of unknown size"
    high, wide = km
    return f"{number(high)} km" if abs(wide - high) <= 0.01 * high else f"{number(high)} × {number(wide)} km"


def dim_names(picture: Any) -> list[str]:
    """Names of all dimensions of a picture's dataset, in their order."""
    others = iter(name for name, _ in picture.other_dims)
    shown = dict(zip(picture.axes, picture.field.dims, strict=True))
    return [shown[axis] if axis in shown else next(others) for axis in range(len(picture.shape))]


def turned(axes: tuple[int, int], down: int, across: int) -> tuple[int, int]:
    """Rows and columns after one of them was chosen anew; if both are the same dimension, they swap."""
    if down != across:
        return down, across
    return (down, axes[0]) if down != axes[0] else (axes[1], across)
