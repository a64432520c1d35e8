"""Paths of what ships with the program and of the user's own files; files written whole or not at all."""

import contextlib
import os
from functools import cache
from pathlib import Path

from diffview.errors import NotWrittenError

_HERE = Path(__file__).resolve().parent


@cache
def _shipped(folder: str) -> Path:
    """A folder that the wheel carries inside the package and a checkout carries beside it."""
    inside = _HERE / folder
    return inside if inside.is_dir() else _HERE.parent / folder


def resource(name: str) -> Path:
    """Path of a file in resources/."""
    return _shipped("resources") / name


def sample_models() -> Path:
    """Folder of the model checkpoints that ship with the program."""
    return _shipped("sample_models")


def user_folder(kind: str) -> Path:
    """The user's own folder for `kind` (config, log, state), created if it is not there."""
    import platformdirs

    found: Path = getattr(platformdirs, f"user_{kind}_path")("diffview", appauthor=False, ensure_exists=True)
    return found


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Raises:
        NotWrittenError: if it cannot be written; an older file of that name stays as it was.
    """
    from uuid import uuid4  # here, for the sake of the start

    temporary = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NotWrittenError(f"{path} cannot be written: {reason}.", "Choose another folder, or make room.") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all.

    Raises:
        NotWrittenError: if it cannot be written.
    """
    write_bytes(path, text.encode())
