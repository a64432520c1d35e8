"""Writing files: whole or not at all."""

import os
import tempfile
from pathlib import Path

from diffview.errors import UserError


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it.

    Raises:
        UserError: if it cannot be written; an older file of that name stays as it was.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise UserError(f"{path} cannot be written: {reason}.", "Choose another folder, or make room.") from None


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all.

    Raises:
        UserError: if it cannot be written.
    """
    write_bytes(path, text.encode())
