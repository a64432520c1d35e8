"""A lecture as one file: its folder as a zip, which is unpacked beside what else is cached when it is read.

What the zip names is checked before anything is written: names stay inside the folder, all of it has a sensible size.
"""

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from diffview.errors import UserError
from diffview.paths import user_folder, written_whole

SUFFIX = ".zip"

LARGEST = 2**31
"""Bytes that may be unpacked."""

MOST_KEPT = 8
"""Unpacked lectures that stay: those that were read last."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file inside: the same lecture gives the same bytes."""

METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
"""Of packing, which are read: of the others zipfile says in many ways that the bytes are wrong."""

DAMAGED = zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError
"""What zipfile raises: no zip, or another checksum; the bytes of a file; its end; a password, or a method or a version
that it does not know; a name that is no UTF-8."""

HINT = "Ask for the file once more: it may have been cut short on its way."


def is_inside(name: str) -> bool:
    """Whether a name, as a file from elsewhere gives it, stays inside its folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in name


def checksum(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def holds(path: Path, name: str) -> bool:
    """Whether a file is a zip with a file of this name."""
    if path.suffix.lower() != SUFFIX or not os.path.isfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            return name in packed.namelist()
    except (OSError, *DAMAGED):
        return False


def pack(folder: Path, path: Path) -> None:
    """Write a folder as one file, whole or not at all.

    Raises:
        NotWrittenError: if it cannot be written.
    """
    with written_whole(path) as temporary, zipfile.ZipFile(temporary, "x", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            name = file.relative_to(folder).as_posix()
            packed.writestr(zipfile.ZipInfo(name, EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)


def unpacked(path: Path) -> Path:
    """The folder that one file holds; unpacked once, and known by its checksum.

    Raises:
        UserError: if it is damaged, or names something outside of itself.
    """
    place = user_folder("cache") / "lectures"
    try:
        folder = place / checksum(path)[:24]
        if not folder.is_dir():
            fresh = place / f".{folder.name}.{os.getpid()}"
            try:
                _unpack(path, fresh)
                fresh.rename(folder)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)  # what was unpacked in part
        os.utime(folder)
        for old in sorted(place.iterdir(), key=lambda one: -one.stat().st_mtime)[MOST_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise UserError(f"{path} cannot be unpacked: {error.strerror or error}.", "Make room, or unpack it.") from None
    return folder


def _unpack(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as packed:
            _check(packed.infolist(), path)
            packed.extractall(folder)
    except DAMAGED as error:
        raise UserError(f"{path} is damaged: {error}.", HINT) from None


def _check(entries: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse what would leave the folder, or fill the disk, or is packed in another way.

    Raises:
        UserError: then.
    """
    for entry in entries:
        if not is_inside(entry.filename) or stat.S_ISLNK(entry.external_attr >> 16):
            raise UserError(f"{path} names {entry.filename!r}, outside of itself.", "It was not made by diffview.")
        if entry.compress_type not in METHODS:
            raise UserError(f"{path} is packed in a way that is not read here.", "Unpack it, and open its folder.")
    if sum(entry.file_size for entry in entries) > LARGEST:
        raise UserError(f"{path} would be larger than {LARGEST / 1e9:.0f} GB.", "It was not made by diffview.")
