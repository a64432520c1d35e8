"""My schedules: saved under a name in the user's own folder, one whole file each."""

from pathlib import Path
from urllib.parse import quote, unquote

from diffview.errors import UserError
from diffview.forward.schedule import Schedule
from diffview.forward.schedules import SCHEDULES
from diffview.paths import not_kept, user_folder, write_text

LONGEST, LONGEST_FILE = 60, 255
"""Characters of a name, and of that of its file, where a letter beyond ASCII takes six or more."""


def folder() -> Path:
    """Where they lie."""
    return user_folder("data") / "schedules"


def names() -> list[str]:
    """The names of all, sorted."""
    return sorted(unquote(path.stem) for path in folder().glob("*.json")) if folder().is_dir() else []


def _path(name: str) -> Path:
    return folder() / f"{quote(name, safe=' ')}.json"


def load(name: str) -> Schedule:
    """The schedule of that name.

    Raises:
        UserError: if there is none, or it cannot be read.
    """
    if name not in names():
        raise UserError(f"None of my schedules is called {name[:LONGEST]!r}.", _there_are())
    from diffview.forward.exchange import read_schedule  # not to list their names

    return read_schedule(_path(name)).schedule


def save(name: str, schedule: Schedule) -> str:
    """Save a schedule under a name, in the place of one of that name; returns the name without blanks around it.

    Raises:
        UserError: if it is no name.
        NotWrittenError: if it cannot be written.
    """
    name = name.strip()
    if not 1 <= len(name) <= LONGEST or not name.isprintable() or name in SCHEDULES:
        why = "is a schedule of diffview" if name in SCHEDULES else "is no name"
        raise UserError(f"{name[:LONGEST]!r} {why}.", f"Choose another, of 1 to {LONGEST} characters.")
    if len(_path(name).name) > LONGEST_FILE:
        raise UserError(f"{name!r} is too long for the name of a file.", "Choose a shorter one.")
    if why := not_kept("data"):
        raise UserError(why, "Make the folder writable, or export the schedule to a file.")
    from diffview.forward.exchange import to_plain

    folder().mkdir(exist_ok=True)
    write_text(_path(name), to_plain(schedule, name))
    return name


def remove(name: str) -> None:
    """Remove the schedule of that name.

    Raises:
        UserError: if there is none.
    """
    if name not in names():
        raise UserError(f"None of my schedules is called {name[:LONGEST]!r}.", _there_are())
    _path(name).unlink(missing_ok=True)


def _there_are() -> str:
    return f"There are {', '.join(names())}." if names() else "Save one first."
