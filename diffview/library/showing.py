"""The window, opened from a program or a notebook on its own arrays and its own denoiser."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from diffview.fields.field import Field
from diffview.library.opened import FieldLike, opened_of
from diffview.models.choice import Given
from diffview.models.own import own_denoiser
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.writers.saving import save_netcdf

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Shown(NamedTuple):
    """What the window opens: facts at once, then the slice of a recipe; `folder` holds its file as long as needed."""

    facts: Facts
    recipe: Recipe | None = None
    folder: tempfile.TemporaryDirectory[str] | None = None


def show(
    field: FieldLike | None = None,
    denoiser: Callable[..., Any] | None = None,
    units: str = "",
    *,
    prediction: str | None = None,
    time: str | None = None,
    alpha_bar: ArrayLike | str | None = None,
) -> None:
    """Open the window on one's own field and denoiser: until it is closed, but in a notebook it returns at once.

    Args:
        field: numbers [y, x], row 0 at the top, or [..., y, x], whose first axes become slices that can be chosen; an
            xarray.DataArray, with its coordinates; NaN where missing; None: the field that ships with diffview.
        denoiser: `denoise(y, s) -> x0_hat` with y = x_0 + s eps float32 [members, 1, ny, nx] in standardised units; or
            a torch module, which gets tensors of its own dtype and device. None: the formula denoisers.
        units: of numbers that do not say it themselves.
        prediction: "x0", "eps", "v" or "flow" = eps - x_0; None: x0, as far as that is plain.
        time: what it is told: "sigma" = s with y, or "t", a step or time, with x_t = alpha y; None: by the name of its
            second parameter.
        alpha_bar: of its training steps 0, ..., T - 1; or the schedule that made them, "linear" or "cosine".

    Raises:
        UserError: if the array is no picture, the denoiser cannot be called, or there is no screen.

    Example:
        >>> diffview.show(array, denoiser=lambda y, s: y / (1 + s**2), units="K")
        >>> diffview.show(array, denoiser=unet, prediction="eps", alpha_bar="linear")
    """
    given = {} if denoiser is None else {"yours": Given(own_denoiser(denoiser, prediction, time, alpha_bar))}
    shown = shown_of(field, units)
    recipe = shown.recipe if shown.recipe is None or not given else shown.recipe.but(model="yours")
    from diffview.gui.notebook import open_own

    closed = (lambda: None) if shown.folder is None else shown.folder.cleanup
    open_own(recipe, shown.facts.learn(given=given), closed)


def shown_of(field: FieldLike | None, units: str = "") -> Shown:
    """What the window opens for a field: an array with coordinates or several slices comes as a file of its own.

    Raises:
        UserError: if it is no picture.
    """
    if field is None or isinstance(field, Field):
        return Shown(opened_of(field, Recipe()).facts)
    from diffview.library.datasets import as_array, slices_of

    array = as_array(field)
    if units:
        array = array.assign_attrs(units=units)
    if array.ndim == 2:
        opened = opened_of(array, Recipe())
        if opened.array is None:  # an unchanged slice of a file
            return Shown(opened.facts, None if opened.recipe.source.path is None else opened.recipe)
        if not array.coords:
            return Shown(opened.facts)
    first, content = slices_of(array)
    folder = tempfile.TemporaryDirectory(prefix="diffview-shown-")
    (name, *_) = content.variables
    path = Path(folder.name) / f"{name}.nc"
    save_netcdf(content, path)
    return Shown(Facts(first), Recipe.of(path=str(path), dataset=name), folder)
