"""Recipes in files: a field that lies beside the recipe, or below, is named from there, so that both can be carried."""

import os
from pathlib import Path

from diffview.paths import read_text, write_text
from diffview.runs.recipe import GIVEN, Recipe


def read_recipe(path: Path) -> Recipe:
    """The recipe of a file; a field named without a folder of its own is sought beside it first.

    Raises:
        UserError: if it cannot be read, or is none.
    """
    recipe = Recipe.from_json(read_text(path, "a recipe", "Check the name."))
    named = recipe.source.path
    if named is None or named == GIVEN or os.path.isabs(os.path.expanduser(named)):
        return recipe
    beside = path.absolute().parent / named
    return recipe.but(path=str(beside)) if os.path.exists(beside) else recipe


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Write a recipe, whole or not at all.

    Raises:
        NotWrittenError: if it cannot be written.
    """
    write_text(path, recipe.but(path=_from(path.absolute().parent, recipe.source.path)).to_json())


def _from(folder: Path, named: str | None) -> str | None:
    """How a field is named in a recipe of this folder."""
    if named is None or named == GIVEN:
        return named
    file = Path(os.path.abspath(os.path.expanduser(named)))
    return file.relative_to(folder).as_posix() if os.path.exists(file) and file.is_relative_to(folder) else named
