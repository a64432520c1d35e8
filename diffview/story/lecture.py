"""A lecture: chapters in their order, kept as one folder, or one file, that travels with its fields."""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from diffview.errors import UserError
from diffview.params import json_text, shown
from diffview.paths import read_json, resource, write_bytes, write_text
from diffview.story.chapter import Chapter, chapter_of
from diffview.story.one_file import SUFFIX, checksum, holds, is_inside, pack, unpacked

VERSION = 1
"""Of the JSON that is written."""

TABLE = "lecture.json"
"""What lies in the folder of every lecture: title, chapters in their order, and checksums of its fields."""

PACKAGED = "packaged:"
"""Before the name of a field that comes with the program, which lies elsewhere on every machine."""

WHAT, HINT = "a lecture", "Choose a lecture, its folder, its lecture.json, or one chapter."


@dataclass(frozen=True)
class Lecture:
    """Chapters in their order.

    Attributes:
        title: what it is called.
        chapters: at least one.
        home: the folder or file that it was read from; None for the packaged one, and one that was not saved.
    """

    title: str
    chapters: tuple[Chapter, ...]
    home: Path | None = None

    @property
    def seconds(self) -> float:
        """How long its beats take, without what is said between them."""
        return sum(chapter.seconds for chapter in self.chapters)

    def replaced(self, place: int, chapter: Chapter) -> "Lecture":
        """The lecture with another chapter at a place."""
        return self._with([*self.chapters[:place], chapter, *self.chapters[place + 1 :]])

    def inserted(self, place: int, chapter: Chapter) -> "Lecture":
        """The lecture with one more chapter, before the one that is at that place now."""
        return self._with([*self.chapters[:place], chapter, *self.chapters[place:]])

    def removed(self, place: int) -> "Lecture":
        """The lecture without a chapter.

        Raises:
            UserError: if it is the only one.
        """
        if len(self.chapters) == 1:
            raise UserError("A lecture has at least one chapter.", "Add another one first.")
        return self._with([*self.chapters[:place], *self.chapters[place + 1 :]])

    def moved(self, place: int, to: int) -> "Lecture":
        """The lecture with a chapter at another place."""
        left = [*self.chapters[:place], *self.chapters[place + 1 :]]
        return self._with([*left[:to], self.chapters[place], *left[to:]])

    def _with(self, chapters: list[Chapter]) -> "Lecture":
        return replace(self, chapters=tuple(chapters))


def packaged_lecture() -> Lecture:
    """The lecture that comes with the program."""
    return replace(read_lecture(Path(__file__).parent / "chapters"), home=None)


def read_lecture(path: Path) -> Lecture:
    """The lecture in a folder, in one file, or that of a single chapter.

    Raises:
        UserError: if it cannot be read, a chapter cannot be played, or a field is missing or another one than it was;
            the sentence names file, chapter and beat.
    """
    path = path.expanduser()
    if path.suffix.lower() == SUFFIX and path.is_file():
        return replace(_read_folder(unpacked(path)), home=path)
    return _read_folder(path)


def _read_folder(path: Path) -> Lecture:
    """The lecture of a folder, or of a table."""
    if not path.exists():
        raise UserError(f"{path} is not there.", HINT)
    table = path / TABLE if path.is_dir() else path
    plain = read_json(table, WHAT, HINT)
    if "diffview_chapter" in plain:
        chapter = chapter_of(plain, table.name)
        return Lecture(chapter.title, (_at_home(chapter, table.parent, {}, table.name),), table)
    _check_version(plain, table)
    named = plain.get("chapters")
    if not isinstance(named, list) or not named:
        raise UserError(f"{table} names no chapters.", 'Write them as "chapters": ["1-noise.json"].')
    fields = plain.get("fields", {})
    if not isinstance(fields, dict):
        raise UserError(f"{table}: its fields are no table.", "Write each with its checksum, by its path.")
    chapters = tuple(_read_chapter(each, number, table, fields) for number, each in enumerate(named, 1))
    return Lecture(str(plain.get("title") or path.stem), chapters, path)


def is_lecture(path: Path) -> bool:
    """Whether a folder or a file says that it is a lecture or a chapter, however damaged the rest is."""
    if holds(path, TABLE):
        return True
    table = path / TABLE if os.path.isdir(path) else path  # the name of many files may be too long for a Path's own
    if table.suffix.lower() != ".json" or not os.path.isfile(table):
        return False
    try:
        return not {"diffview_lecture", "diffview_chapter"}.isdisjoint(read_json(table, WHAT))
    except UserError:
        return False


def _check_version(plain: Mapping[str, Any], table: Path) -> None:
    version = plain.get("diffview_lecture")
    if isinstance(version, int) and version > VERSION:
        raise UserError(
            f"{table} is of version {version}; this diffview reads version {VERSION}.", "Open it with a newer diffview."
        )
    if version != VERSION:
        raise UserError(f"{table} is not a lecture.", f'A lecture has "diffview_lecture": {VERSION}.')


def _read_chapter(named: Any, number: int, table: Path, fields: Mapping[str, Any]) -> Chapter:
    """A chapter that the table of a lecture names, or holds itself."""
    if isinstance(named, str):
        if not is_inside(named):
            raise UserError(f"{table} names {shown(named)}, outside its folder.", "A lecture travels as one folder.")
        file = table.parent / named
        return _at_home(chapter_of(read_json(file, "a chapter", HINT), named), table.parent, fields, named)
    name = f"{table.name}, number {number}"
    return _at_home(chapter_of(named, name), table.parent, fields, name)


def _at_home(chapter: Chapter, folder: Path, fields: Mapping[str, Any], name: str) -> Chapter:
    """A chapter with the paths of its fields as they are on this machine.

    Raises:
        UserError: if a field is not there, or not as it was.
    """
    try:
        return chapter.with_paths(partial(_found, folder=folder, fields=fields))
    except UserError as error:
        raise UserError(f"{name}, chapter {shown(chapter.title)}: {error.sentence}", error.hint) from None


def _found(path: str, folder: Path, fields: Mapping[str, Any]) -> str:
    """Where a field of a lecture lies on this machine.

    Raises:
        UserError: if it is not there, or not as it was.
    """
    if path.startswith(PACKAGED):
        known = resource(PurePosixPath(path.removeprefix(PACKAGED)).name)
        if not known.exists():
            raise UserError(f"This diffview comes without {known.name}.", "Open it with a newer diffview.")
        return str(known)
    file = Path(path).expanduser()
    file = file if file.is_absolute() else folder / file
    if not file.is_file():
        raise UserError(f"The field {file} is not there.", "Put it there, or save the lecture with its fields.")
    if path in fields and checksum(file) != fields[path]:
        raise UserError(f"The field {file} is another one than when the lecture was saved.", "Put the old one there.")
    return str(file)


SMALL = 32 * 2**20
"""Bytes of a field up to which it is packed into the folder of a lecture."""


def write_lecture(lecture: Lecture, path: Path) -> Lecture:
    """Write a lecture as a folder that travels, or as one file, with its small fields; returns it with that home.

    A path that ends in .zip is one file. Fields that come with the program are named; those that are too large are
    named by their path on this machine.

    Raises:
        NotWrittenError: if the folder cannot be written.
        UserError: if a field cannot be read.
    """
    if path.suffix.lower() != SUFFIX:
        return _write_folder(lecture, path)
    with tempfile.TemporaryDirectory() as folder:
        _write_folder(lecture, Path(folder))
        pack(Path(folder), path)
    return replace(lecture, home=path)


def _write_folder(lecture: Lecture, folder: Path) -> Lecture:
    folder.mkdir(parents=True, exist_ok=True)
    fields: dict[str, str] = {}
    names = []
    for number, chapter in enumerate(lecture.chapters, 1):
        name = f"{number:02d}-{_plain_name(chapter.title)}.json"
        travels = chapter.with_paths(partial(_packed, folder=folder, fields=fields))
        write_text(folder / name, travels.to_json())
        names.append(name)
    table = {"diffview_lecture": VERSION, "title": lecture.title, "chapters": names, "fields": fields}
    write_text(folder / TABLE, json_text(table, ascii_only=False))  # last: it names what is there
    return replace(lecture, home=folder)


def _plain_name(title: str) -> str:
    """A title as part of a file name on any system."""
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title.lower()).split()
    return "-".join(words) or "chapter"


def _packed(path: str, folder: Path, fields: dict[str, str]) -> str:
    """How a field is named in a lecture; a small one is copied into its folder."""
    file = Path(path)
    if file.resolve().parent == resource(file.name).resolve().parent:
        return PACKAGED + file.name
    try:
        data = file.read_bytes() if file.stat().st_size <= SMALL else None
    except OSError as error:
        raise UserError(f"The field {file} cannot be read: {error.strerror}.", "Put it there again.") from None
    if data is None:
        return str(file.absolute())
    digest = hashlib.sha256(data).hexdigest()
    name = f"fields/{file.stem[:40]}-{digest[:8]}{file.suffix}"
    if name not in fields:
        (folder / "fields").mkdir(exist_ok=True)
        write_bytes(folder / name, data)
        fields[name] = digest
    return name
