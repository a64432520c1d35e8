"""Films, as the command line and the window make them."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffview.errors import UserError
from diffview.library.making import Progress, card_of, equipped
from diffview.library.opened import FieldLike, Opened, RecipeLike, opened_of, recipe_of
from diffview.runs.recipe import default_recipe

if TYPE_CHECKING:
    from diffview.writers.films.film_settings import FilmSettings
    from diffview.writers.films.reels import Filmed


def film(
    path: str | PathLike[str],
    field: FieldLike | None = None,
    *,
    recipe: RecipeLike | None = None,
    progress: Progress = lambda share: None,
    **settings: Any,
) -> tuple[str, ...]:
    """A film of noise put in, of a run, or of its members, as WebP, GIF, AVIF or, with ffmpeg, MP4.

    Args:
        path: the file; its ending says the format.
        field: a DataArray or numpy array [rows, columns]; None: the recipe's own.
        recipe: a Recipe, its JSON, or the name of its file; None: that of the packaged field.
        progress: called with the share that is done.
        **settings: what ("forward", "reverse", "both", "members"), size (width, height), fps, seconds, hold, quality,
            theme, scale, caption: see `FilmSettings`.

    Returns:
        What is to be said of it.

    Raises:
        UserError: if something cannot be read, is not allowed, or cannot be run or written.

    Example:
        >>> diffview.film("noise.webp", what="forward", seconds=4.0)
        ()
    """
    from diffview.writers.films.film_settings import FilmSettings

    opened = opened_of(field, recipe_of(default_recipe() if recipe is None else recipe, {}))
    return filmed(opened, FilmSettings(**settings), Path(path), progress)


def filmed(opened: Opened, settings: FilmSettings, path: Path, progress: Progress) -> tuple[str, ...]:
    """Write the film of an opened field; what is to be said of it.

    Raises:
        UserError: if it cannot be made or written.
    """
    from diffview.writers.films.films import make_film

    of = filmed_of(opened)
    said = make_film(of, settings, path, progress)
    return (*(str(note) for note in of.plan.notes if not note.quiet), *said)


def filmed_of(opened: Opened) -> Filmed:
    """What is filmed of an opened field: it, and the plan of its recipe.

    Raises:
        UserError: if the recipe names no run of one region.
    """
    from diffview.runs.by_parts import fills_whole
    from diffview.runs.resolve import resolve
    from diffview.writers.films.reels import Filmed

    if fills_whole(opened.recipe):
        raise UserError("A whole picture that is filled by parts has no film.", "Name a region in the recipe.")
    card = card_of(opened.recipe.denoiser.model)
    return Filmed(opened.facts, resolve(opened.recipe, equipped(opened.recipe, card, opened.facts)))
