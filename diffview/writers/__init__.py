"""Writing files: whole or not at all."""

import contextlib
import os
from pathlib import Path

from diffview.errors import NotWrittenError


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
