"""Sets of files: their index, made once and kept by the files' sizes and times, and the set as one file.

The index is kept in the cache folder, whole or not at all. The first file of each kind is read whole, of the others
shape, units, grid and times; values are read slice by slice from the file that they lie in, by `readers.joined`.
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import posixpath
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from diffview.errors import NotWrittenError, UserError
from diffview.fields.daily import EPOCH
from diffview.paths import read_json, user_folder, write_text
from diffview.readers.alive import progress
from diffview.readers.attributes import HIDDEN
from diffview.readers.families import reader_of
from diffview.readers.joining import NEW, Joined, joined, parts_of, together
from diffview.readers.lent import Lent, LentFile, LentGroup, Part, Values, closed, made_of
from diffview.readers.many import files_of, is_many
from diffview.readers.opening import H5PY_ERRORS, dataset_paths, find_dataset, open_file, reading, walk

VERSION = 2
"""Of the index."""

MOST_KINDS = 24
"""Kinds of files in one set; where names tell more apart, they are of one kind."""

MOST_OPEN = 4
"""Sets that are kept in memory."""

MOST_INDICES = 200
"""Indices in the cache folder; the oldest go first."""

OPEN: "OrderedDict[str, OpenSet]" = OrderedDict()
"""The sets in memory, by their names, the newest last."""

_BY_FILE: "dict[int, OpenSet]" = {}


@dataclass(eq=False)
class OpenSet:
    """A set as one file in memory.

    Attributes:
        signature: of the files.
        kinds: the files of each kind, by the group that they are.
        file: their structure.
        firsts, opened: what closes the first files, and those that are open, while a request reads.
        requests: how many do.
    """

    signature: str
    kinds: Mapping[str, Joined]
    file: LentFile
    firsts: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    opened: dict[str, h5py.File] = field(default_factory=dict)
    requests: int = 0

    def place_of(self, path: str) -> tuple[Joined, str]:
        """The files of a variable of the set, and its path in them."""
        for name, kind in self.kinds.items():
            if name and path.startswith(f"/{name}/"):
                return kind, path[len(name) + 1 :]
        return self.kinds[""], path

    def first(self, kind: Joined) -> h5py.File:
        """The first file of a kind, open until the request ends."""
        if kind.name not in self.opened:
            self.opened[kind.name] = self.firsts.enter_context(open_file(kind.files[0]))
        return self.opened[kind.name]

    def end_request(self) -> None:
        """Close the first files, unless a request goes on that this one was part of."""
        self.requests -= 1
        if not self.requests:
            self.opened.clear()
            self.firsts.close()


def open_set(file: h5py.File) -> OpenSet | None:
    """The set that a file in memory stands for, None of any other file."""
    try:
        return _BY_FILE.get(h5py.h5o.get_info(file["/"].id).fileno) if _BY_FILE else None
    except H5PY_ERRORS:  # its root is damaged: no file of ours
        return None


def claims(path: Path) -> bool:
    """Whether a name stands for many files."""
    return is_many(path)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The set as one file.

    Raises:
        UserError: if there are no files, or they do not go together.
    """
    text = str(path)
    files = tuple(os.path.abspath(one) for one in files_of(path))  # the index is read again from another folder
    signature = _signature(files)
    known = OPEN.get(text)
    if known is None or known.signature != signature:
        if known is not None:
            _drop(text)
        kinds = _kinds(text, files, signature)
        known = OpenSet(signature, {one.name: one for one in kinds}, _as_file(text, kinds))
        OPEN[text] = known
        _BY_FILE[h5py.h5o.get_info(known.file["/"].id).fileno] = known
    OPEN.move_to_end(text)
    while len(OPEN) > MOST_OPEN:
        _drop(next(iter(OPEN)))
    known.requests += 1
    try:
        yield known.file
    finally:
        known.end_request()


def _drop(text: str) -> None:
    gone = OPEN.pop(text)
    _BY_FILE.pop(h5py.h5o.get_info(gone.file["/"].id).fileno, None)
    closed(gone.file)


def _signature(files: Sequence[str]) -> str:
    """What changes when a file does: names, sizes and times of all of them."""
    digest = hashlib.sha256(str(VERSION).encode())
    for path in files:
        try:
            status = os.stat(path)
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror}.", "Check its name and folder.") from None
        digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


# -- the index


def _kinds(text: str, files: Sequence[str], signature: str) -> list[Joined]:
    """The files of each kind, from the cache or by looking at all of them."""
    place = user_folder("cache") / "sets" / f"{signature}.json"
    if place.is_file():
        with contextlib.suppress(UserError, TypeError, KeyError):
            return [Joined(**_frozen(plain)) for plain in read_json(place, "an index")["kinds"]]
    kinds = [joined(name, own, text) for name, own in _by_kind(files).items()]
    with contextlib.suppress(OSError, NotWrittenError):  # then it is made again
        place.parent.mkdir(parents=True, exist_ok=True)
        _forget_oldest(place.parent)
        write_text(place, json.dumps({"kinds": [dataclasses.asdict(one) for one in kinds]}))
    return kinds


def _frozen(plain: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in kept[: max(0, len(kept) - MOST_INDICES)]:
        path.unlink(missing_ok=True)


def _by_kind(files: Sequence[str]) -> dict[str, list[str]]:
    """Files by what their names have beside numbers: gmi_20180101.nc and target_20180101.nc are of two kinds.

    Where no two names are alike (jan.nc, feb.nc), those with the same variables are of one kind.
    """
    kinds: dict[str, list[str]] = {}
    for path in files:
        kinds.setdefault(kind_of(path), []).append(path)
    if len(kinds) == len(files) > 1 and len(files) <= MOST_KINDS:
        kinds = _by_variables(files)
    if len(kinds) == 1 or len(kinds) > MOST_KINDS:
        return {"": list(files)}
    return kinds


def kind_of(path: str) -> str:
    """What the name of a file has beside numbers and signs at its ends."""
    stem = os.path.splitext(os.path.basename(path))[0]
    return re.sub(r"[-_.]{2,}", "_", re.sub(r"\d+", "", stem)).strip("-_. ") or "files"


def _by_variables(files: Sequence[str]) -> dict[str, list[str]]:
    """Files by the paths of their variables, called as the first of each."""
    found: dict[tuple[str, ...], list[str]] = {}
    for path in files:
        progress()
        with open_file(path) as file, reading(file, "The tree"):
            found.setdefault(tuple(dataset_paths(file)), []).append(path)
    return {kind_of(own[0]): own for own in found.values()}


# -- as one file


def _as_file(text: str, kinds: Sequence[Joined]) -> LentFile:
    """The structure of the first files, with all steps along the joined axis."""
    groups: dict[str, LentGroup] = {}
    with contextlib.ExitStack() as firsts:  # small variables are copied from them
        for kind in kinds:
            file = firsts.enter_context(open_file(kind.files[0]))
            with reading(file, "The tree"):
                for path, group in _groups(file, kind):
                    groups[posixpath.join("/", kind.name, path.strip("/")).rstrip("/") or "/"] = group
        return made_of(text, dict(sorted(groups.items())))


def _groups(file: h5py.File, kind: Joined) -> Iterator[tuple[str, LentGroup]]:
    """The groups of a file, with the variables that its set has."""
    reader = reader_of(file)
    apart: dict[str, dict[str, Lent]] = {"/": {}}
    for path, item in walk(file, 10_000):
        above, _, name = path.rpartition("/")
        own = apart.setdefault(above or "/", {})
        try:
            dims = tuple(reader.variable(item).dims) if len(item.shape or ()) > 0 else ()
            if (one := _variable_of(path, item, dims, kind)) is not None:
                own[name] = one
        except H5PY_ERRORS:
            continue
    top = apart["/"]
    for name, one in _axis(kind).items():
        top[name] = one
    for path, own in apart.items():
        yield path, LentGroup(_attributes(file[path]), own)


def _variable_of(path: str, item: h5py.Dataset, dims: tuple[str, ...], kind: Joined) -> Lent | None:
    """A variable of the set; None of one that changes from file to file and is no picture, or has no numbers."""
    if item.shape is None or (axis := kind.axes.get(path)) is None:
        shaped = item.shape is not None and item.dtype.kind in "biufS"
        if not shaped or kind.dim in dims or path.strip("/") == kind.dim:
            return None
        return Lent(tuple(item.shape), item.dtype, dims, _attributes(item), lambda part: _stored(kind, path, part))
    steps = sum(kind.counts)
    shape = (steps, *item.shape) if axis == NEW else (*item.shape[:axis], steps, *item.shape[axis + 1 :])
    dims = (kind.dim, *dims) if axis == NEW else dims

    return Lent(shape, item.dtype, dims, _attributes(item), lambda part: _stored(kind, path, part), False)


def _stored(kind: Joined, path: str, part: Part) -> Values:
    """The stored values of a part of a variable, of the files that it lies in."""
    found = []
    for name, local in parts_of(kind, path, part):
        with open_file(name) as file:
            found.append(np.asarray(find_dataset(file, path)[local]))
    return together(kind, path, part, found)


def _axis(kind: Joined) -> dict[str, Lent]:
    """The joined axis as a variable: times, or the names of the files."""
    if kind.days:
        days = np.array(kind.days)
        said = {"units": EPOCH, "calendar": kind.calendar, "standard_name": "time"}
        return {kind.dim: Lent(days.shape, days.dtype, (kind.dim,), said, lambda part: days[part])}
    names = np.array(
        [os.path.splitext(os.path.basename(path))[0] for path, count in zip(kind.files, kind.counts, strict=True)
         for _ in range(count)], object,
    )  # fmt: skip
    return {kind.dim: Lent(names.shape, names.dtype, (kind.dim,), {}, lambda part: names[part])}


def _attributes(item: h5py.Group | h5py.Dataset) -> dict[str, Any]:
    """Attributes as they are stored, without those of dimension scales."""
    found = {}
    for name in item.attrs:
        if name not in HIDDEN:
            with contextlib.suppress(*H5PY_ERRORS):
                found[name] = item.attrs[name]
    return found
