"""Names of many files as one: a folder, a pattern of names, or a list `folder/{a.nc,b.nc}`; no file is opened here."""

import glob
import os
import re
from collections.abc import Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path

from diffview.errors import UserError

SUFFIXES = frozenset({".nc", ".nc4", ".cdf", ".h5", ".hdf5", ".he5", ".hdf", ".mat", ".zarr"})
"""Endings of the names that count in a folder."""

STORE = ("zarr.json", ".zgroup", ".zmetadata", ".zarray")
"""Files of which one lies in the folder of a Zarr store, of version 3 or 2."""

MODEL = ("model.json", "model_index.json", "config.json")
"""Files of which one lies in the folder of a model, which is opened as such."""

MOST_FILES = 200_000
"""That one set may have."""

_LIST = re.compile(r"(?P<folder>.*)[/\\]\{(?P<names>.+)\}$", re.DOTALL)


def is_many(path: str | PathLike[str]) -> bool:
    """Whether a name stands for several files: a folder that is no store and no model, a pattern, or a list."""
    text = fspath(path)
    if os.path.isdir(text):
        return not any(os.path.isfile(os.path.join(text, mark)) for mark in (*STORE, *MODEL))
    return bool(_LIST.match(text)) or (glob.has_magic(text) and not os.path.exists(text))


def is_data(folder: str | PathLike[str]) -> bool:
    """Whether a folder holds data to open: a Zarr store, or files of a set somewhere in it."""
    text = fspath(folder)
    if any(os.path.isfile(os.path.join(text, mark)) for mark in STORE):
        return True
    return is_many(text) and next(_in_folder(text), None) is not None


def files_of(path: str | PathLike[str]) -> tuple[str, ...]:
    """The files that such a name stands for, in the order of their names.

    Raises:
        UserError: if there are none, or more than one set may have.
    """
    text = fspath(path)
    if os.path.isdir(text):
        files, where = sorted(_in_folder(text)), f"{text} and the folders in it hold"
    elif match := _LIST.match(text):
        files = [os.path.join(match["folder"], name) for name in match["names"].split(",")]
        if gone := [name for name in files if not os.path.exists(name)]:
            raise UserError(f"{gone[0]} does not exist{_more(len(gone) - 1)}.", "Check the names and the folder.")
        return tuple(files)
    else:
        files, where = sorted(glob.glob(text, recursive=True)), f"{text} fits"
    if not files:
        hint = f"Files are known by their endings: {', '.join(sorted(SUFFIXES))}; others are opened by a pattern."
        raise UserError(f"{where} no file that could be opened.", hint)
    if len(files) > MOST_FILES:
        raise UserError(f"{where} {len(files):,} files, too many for one set.", "Open a part of them by a pattern.")
    return tuple(files)


def one_name(paths: Sequence[str | PathLike[str]]) -> str:
    """One name for several files: the only one itself, else a list in their common folder.

    Raises:
        UserError: if a name has a comma or a brace in it, which lists have no way to write.
    """
    names = [os.path.expanduser(fspath(one)) for one in paths]
    if len(names) == 1:
        return names[0]
    folder = os.path.commonpath([os.path.dirname(os.path.abspath(name)) for name in names])
    inside = [os.path.relpath(os.path.abspath(name), folder) for name in names]
    for name in inside:
        if any(c in name for c in ",{}"):
            raise UserError(
                f"{name} cannot stand in a list of files: its name has a comma or a brace in it.",
                "Open its folder, or a pattern of names, as folder/*.nc.",
            )
    return os.path.join(folder, "{" + ",".join(inside) + "}")


def last_name(path: str) -> str:
    """The last part of a name, for people: of a list, how many files and the first of them."""
    if match := _LIST.match(path):
        names = match["names"].split(",")
        return f"{len(names)} files, {Path(names[0]).name} …"
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def _in_folder(folder: str) -> Iterator[str]:
    """The files in a folder and those in it; a Zarr store is one, and hidden ones are none."""
    for place, folders, names in os.walk(folder):
        stores = [name for name in folders if any(os.path.isfile(os.path.join(place, name, mark)) for mark in STORE)]
        folders[:] = sorted(name for name in folders if name not in stores and not name.startswith("."))
        for name in (*names, *stores):
            if Path(name).suffix.lower() in SUFFIXES and not name.startswith("."):
                yield os.path.join(place, name)


def _more(count: int) -> str:
    return f", and {count} more" if count else ""
