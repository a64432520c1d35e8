"""The work of a window as a small file of its own, from which the next start goes on after a quit or a crash."""

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from diffview.errors import UserError
from diffview.params import json_text
from diffview.paths import parse_json, read_text, write_text
from diffview.runs.recipe import GIVEN, Recipe

VERSION = 1
"""Of the JSON that is written."""

MOST = 4
"""Files of windows that have ended which are left in the folder."""

NAME = re.compile(r"\d{1,20}-\d{1,20}\.json")
"""Names of such files: the process and the time of its window."""


@dataclass(frozen=True)
class KeptWork:
    """What a window held.

    Attributes:
        recipe: what was asked for, with the view.
        saved: when, in seconds since 1970.
    """

    recipe: Recipe
    saved: float

    @property
    def source(self) -> str:
        """The file that was open; "" for the packaged field."""
        path = self.recipe.source.path
        return "" if path is None else str(Path(path).expanduser())

    def to_json(self) -> str:
        """It as JSON text; a file below the user's home is named from there."""
        recipe = self.recipe.but(path=_from_home(self.source) or None)
        plain = {"diffview_work": VERSION, "saved": self.saved, "recipe": parse_json(recipe.to_json())}
        return json_text(plain)

    @classmethod
    def from_json(cls, text: str) -> "KeptWork":
        """The work that JSON text holds.

        Raises:
            UserError: if it holds none, or of a newer version.
        """
        try:
            plain = parse_json(text)
            if plain["diffview_work"] != VERSION:
                raise UserError("This work was kept by another version of diffview.", "Open it with that.")
            return cls(Recipe.from_json(json_text(plain["recipe"])), float(plain["saved"]))
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            raise UserError("This file holds no work of a window.", "Choose another file.") from None


def new_name() -> str:
    """A name for the file of this window, which no other has."""
    return f"{os.getpid()}-{time.time_ns()}.json"


def write_work(recipe: Recipe, file: Path) -> None:
    """Keep a recipe with its view, whole or not at all.

    Raises:
        NotWrittenError: if it cannot be written.
    """
    write_text(file, KeptWork(recipe, time.time()).to_json())


def files_of(folder: Path) -> list[Path]:
    """The files of all windows in a folder, the one written last first."""
    found = []
    with suppress(OSError):
        found = [(file.stat().st_mtime, file) for file in folder.iterdir() if NAME.fullmatch(file.name)]
    return [file for _, file in sorted(found, reverse=True)]


def read_work(file: Path) -> KeptWork | None:
    """The work of a file; None where it is damaged, or of an array that only its program has."""
    try:
        work = KeptWork.from_json(read_text(file, "work that was kept"))
    except UserError:
        return None
    return None if work.recipe.source.path == GIVEN else work


def _from_home(path: str) -> str:
    """A path in the user's home as ~/..., so that it holds where that has moved; others as they are."""
    with suppress(ValueError, RuntimeError):
        return f"~/{Path(path).relative_to(Path.home()).as_posix()}" if path else path
    return path
