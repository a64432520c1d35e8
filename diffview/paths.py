"""Paths of what ships with the program and of the user's own files; files written whole or not at all."""

import contextlib
import json
import os
import re
import stat
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from diffview.errors import NotWrittenError, UserError

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
    """The user's own folder for `kind` (config, log, data), made if it is not there; see `not_kept` where it cannot."""
    import platformdirs

    folder: Path = getattr(platformdirs, f"user_{kind}_path")("diffview", appauthor=False)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def not_kept(kind: str) -> str:
    """Why nothing can be kept in a folder of the user's own, as a sentence; "" if it can."""
    folder = user_folder(kind)
    if folder.is_dir() and os.access(folder, os.W_OK):
        return ""
    what = "may not be written to" if folder.is_dir() else "cannot be made"
    return f"{folder} {what}: nothing is kept there."


LARGEST_TEXT = 2**23
"""Bytes of a card, a config, a recipe or a table that are read: what is larger is something else."""


def read_text(path: Path, what: str, hint: str = "Choose another file.") -> str:
    """The text of a plain file of sensible size; `what` it should be is named where it cannot be read.

    Raises:
        UserError: if there is no such file, or it is a pipe or a device, of which reading might never end, or too
            large, or not text.
    """
    try:
        if (size := plain_size(path, what, hint)) > LARGEST_TEXT:
            raise UserError(f"{path} has {size / 1e6:.3g} MB, which is too much for {what}.", hint)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or 'its name is not one'}.", hint) from None
    except ValueError as error:
        raise UserError(f"{path} is not {what}: {str(error)[:80]}.", hint) from None


def plain_size(path: Path, what: str, hint: str) -> int:
    """The bytes of a plain file, asked before it is opened: opening a pipe waits for somebody who writes.

    Raises:
        UserError: if it is no plain file; `what` it should be is named.
        OSError: if there is none.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path} is a folder, a pipe or a device, not {what}.", hint)
    return status.st_size


def read_json(path: Path, what: str, hint: str = "Choose another file.") -> dict[str, Any]:
    """The table in a plain file of JSON.

    Raises:
        UserError: as of `read_text`, or if it is not JSON, nested too deeply, or not a table.
    """
    try:
        plain = parse_json(read_text(path, what, hint), constants=True)
    except ValueError as error:
        raise UserError(f"{path} is not {what}: {str(error)[:80]}.", hint) from None
    if not isinstance(plain, dict):
        raise UserError(f"{path} is not {what}: it is not a table.", hint)
    return plain


def parse_json(text: str, constants: bool = False) -> Any:
    """What a text of JSON says; NaN and Infinity, which are none of JSON, only where `constants` are expected.

    Python writes them, and so do the programs whose configs are read.

    Raises:
        ValueError: if it is not JSON, or nested too deeply: what it says can follow "This is not a recipe: ".
    """
    try:
        return json.loads(text, parse_constant=None if constants else _refused_constant)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


TOO_DEEP = "it is nested too deeply"
"""What is said of a text with tables in tables, or lists in lists, that Python cannot follow."""

LONGEST_YAML = 200_000
"""Characters of a text of YAML: it is read slowly, and no settings are so long."""


def parse_yaml(text: str) -> Any:
    """What a text of YAML says: plain values alone, never objects; 2e-2 is a number, as hydra and YAML 1.2 have it.

    Raises:
        ValueError: if it is not YAML, too long, or nested too deeply.
    """
    import yaml  # not before a file of settings is opened

    if len(text) > LONGEST_YAML:
        raise ValueError("it is too long")
    loader: Any = type("Loader", (yaml.SafeLoader,), {})
    loader.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
    )
    try:
        return yaml.load(text, loader)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _refused_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number of JSON")


STALE_S = 600.0
"""Seconds after which nobody writes a temporary file any more: its program was killed."""

TEMPORARY = re.compile(r"\..*\.(?:(\d{1,10})-)?[0-9a-f]{32}\.part")
"""Names of temporary files, with the number of the process that writes them, which those of older versions lack."""

LONGEST_STEM = 40
"""Characters, of up to four bytes, of a file's name in that of its temporary file: names may have 255 bytes."""


def plain_target(path: Path) -> Path:
    """The plain file that is made or replaced where `path` is written; a link stays, and what it leads to is meant.

    Raises:
        NotWrittenError: if a folder, a pipe or a device is there, or no file can be.
    """
    target = Path(os.path.realpath(path))
    try:
        plain = bool(str(path.name)) and stat.S_ISREG(target.stat().st_mode)
    except FileNotFoundError:
        return target
    except OSError as error:
        raise _not_written(path, error) from None
    if not plain:
        raise NotWrittenError(f"{path} is a folder, a pipe or a device, and is not written to.", "Name a plain file.")
    return target


def _not_written(path: Path, error: OSError) -> NotWrittenError:
    reason = error.strerror or type(error).__name__
    return NotWrittenError(f"{path} cannot be written: {reason}.", "Choose another folder or name, or make room.")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """The name of a temporary file beside `path`; what is written to it inside takes the place of `path` at the end.

    What kills left in its folder of earlier writings is removed.

    Raises:
        NotWrittenError: if it cannot be written; an older file of that name stays as it was.
    """
    from uuid import uuid4  # here, for the sake of the start

    target = plain_target(path)
    temporary = target.with_name(f".{target.name[:LONGEST_STEM]}.{os.getpid()}-{uuid4().hex}.part")
    _sweep(target.parent)
    try:
        yield temporary
        temporary.replace(target)
    except UserError as error:
        raise NotWrittenError(error.sentence.replace(str(temporary), str(path)), error.hint) from None
    except OSError as error:
        raise _not_written(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove the temporary files of a folder that nobody writes any more.

    Their age alone does not say so: a clock that jumps, or a laptop that slept, makes a file old that is being written.
    """
    with contextlib.suppress(OSError):
        for left in folder.glob(".*.part"):
            match = TEMPORARY.fullmatch(left.name)
            if match is None or is_running(int(match[1] or 0)):
                continue
            with contextlib.suppress(OSError):  # another program may be faster
                if abs(time.time() - left.stat().st_mtime) > STALE_S:
                    left.unlink(missing_ok=True)


def is_running(process: int) -> bool:
    """Whether a process of this number runs on this machine; False where the system cannot be asked."""
    if process <= 0 or os.name != "posix":
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is somebody else's
        return True
    return True


def new_file(path: Path, data: bytes) -> None:
    """Write a file that is not there yet, down to the disk.

    Raises:
        NotWrittenError: if it cannot be written.
    """
    try:
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _not_written(path, error) from None


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all.

    Raises:
        NotWrittenError: if it cannot be written; an older file of that name stays as it was.
    """
    with written_whole(path) as temporary:
        new_file(temporary, data)


def write_text(path: Path, text: str) -> None:
    """Write a text file as UTF-8, whole or not at all.

    Raises:
        NotWrittenError: if it cannot be written.
    """
    write_bytes(path, text.encode())
