"""What the reader process is asked for where a recipe names conditions."""

from typing import Any

from diffview.errors import UserError
from diffview.fields.picture import Picture
from diffview.runs.recipe import Recipe


def beside_wanted(recipe: Recipe, picture: Picture) -> dict[str, Any] | None:
    """What `read_beside` is asked for; None where a recipe names no condition.

    Raises:
        UserError: if the picture is not the whole slice as it is stored, on whose grid conditions lie.
    """
    if not recipe.conditions.given:
        return None
    if picture.window is not None or picture.block > 1 or recipe.source.coarsen > 1 or recipe.source.refine > 1:
        raise UserError(
            "Conditions lie on the grid of the whole slice as it is stored.",
            "Show all of the slice at the resolution of the file.",
        )
    along = max(range(len(picture.other_dims)), key=lambda n: picture.other_dims[n][1], default=None)
    dim = along if along is not None and picture.other_dims[along][1] > 1 else None
    return {
        "dataset": picture.dataset, "axes": picture.axes, "index": picture.index, "rows": recipe.conditions.given,
        "dim": dim,
    }  # fmt: skip
