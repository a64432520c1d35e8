"""Opening files and finding datasets in them; h5py's many exceptions become sentences here."""

import contextlib
import difflib
import importlib
import math
import posixpath
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py

from diffview.errors import UserError
from diffview.readers.alive import progress
from diffview.readers.lent import is_lent, lent
from diffview.readers.sniff import require_hdf5

with contextlib.suppress(ImportError):
    import hdf5plugin  # noqa: F401  (registers blosc, lz4, bitshuffle, zstd)

MAX_SOFT_LINKS = 32
MOST_SOURCES = 2000
"""Files that a virtual dataset may be put together from."""

MOST_CHUNK = 2**29
"""Bytes of a compressed piece of a dataset: it is unpacked whole, however little of it is wanted."""

DEEPEST = 64
"""Groups inside each other that are entered."""

IN_USE = "already open for"
"""What the library says of a file that is open for writing, or was when its writer died."""

# One row for each format that is read as HDF5: a module of this folder with `claims(path)` and `opened(path)`.
FORMATS = ("netcdf3", "zarr_store", "set_index")

# the exceptions that h5py raises on damaged or unusual files
H5PY_ERRORS = (
    OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError,
    MemoryError,  # a damaged number asked for it
)  # fmt: skip


@contextlib.contextmanager
def open_file(path: str | Path) -> Iterator[h5py.File]:
    """An HDF5 file, open for reading; one that is being written for many readers (SWMR) too; other formats as HDF5.

    Raises:
        UserError: if it is no file of a known format, or damaged, or open for writing elsewhere.
    """
    named = Path(path).expanduser()
    for module in (importlib.import_module(f"diffview.readers.{name}") for name in FORMATS):
        if module.claims(named):
            with module.opened(named) as file:
                yield file
            return
    real = require_hdf5(path)
    try:
        file = _opened(real)
        file["/"]  # the root may be damaged where the first bytes are not
    except H5PY_ERRORS as error:
        raise _not_opened(real, str(error)) from None
    try:
        yield file
    finally:
        with contextlib.suppress(*H5PY_ERRORS):  # damage may show at the very end
            file.close()


def _opened(path: Path) -> h5py.File:
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if IN_USE not in str(error):
            raise
        reason = error
    try:
        return h5py.File(path, "r", swmr=True, libver="latest")
    except OSError:
        raise reason from None


def _not_opened(path: Path, reason: str) -> UserError:
    """Why the library does not open a file that looks like HDF5."""
    if IN_USE in reason:
        return UserError(
            f"{path} is being written by another program, or a program that wrote it ended without closing it.",
            f"Wait until it is closed. If nothing writes it any more: h5clear -s {path.name}",
        )
    state = "incomplete: its end is missing" if "truncated" in reason else "damaged"
    return UserError(f"{path} is an HDF5 file but {state}.", "Download or copy it again.")


@contextlib.contextmanager
def reading(file: h5py.File, dataset: str) -> Iterator[None]:
    """Turn the exceptions of h5py while `dataset` is read into a UserError."""
    try:
        yield
    except MemoryError:
        raise UserError(
            f"{dataset} in {file.filename} does not fit into memory.", "Choose a smaller dataset."
        ) from None
    except H5PY_ERRORS as error:
        text = str(error).lower()
        if "filter" in text and ("regist" in text or "not available" in text or "find plugin" in text):
            hint = "Install hdf5plugin, which brings the usual ones, or rewrite the file with h5repack."
            reason = "it is compressed with a filter that is not installed here"
        else:
            hint = "The file may be damaged: download or copy it again, or choose another dataset."
            reason = f"the HDF5 library gave up ({_first_line(error)})"
        raise UserError(f"{dataset} in {file.filename} cannot be read: {reason}.", hint) from None


def _first_line(error: Exception) -> str:
    """The first line of an exception, without a full stop; its kind if it has no text."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(". ")[:200]


def find_group(file: h5py.File, path: str) -> h5py.Group:
    """The group at `path`.

    Raises:
        UserError: if there is none.
    """
    group = _resolve(file, path)
    if not isinstance(group, h5py.Group):
        raise UserError(f"{path} in {file.filename} is not a group.", "Choose a group of the tree.")
    return group


def find_dataset(file: h5py.File, path: str) -> h5py.Dataset:
    """The dataset at `path`; links to other files are not followed.

    Raises:
        UserError: if there is none, or its values lie in another file.
    """
    node = _resolve(file, path)
    if isinstance(node, h5py.Group):
        members = _children(node)
        hint = f"Choose one of its members: {', '.join(members[:8])}." if members else "It is empty."
        raise UserError(f"{path} in {file.filename} is a group, not a dataset.", hint)
    if not isinstance(node, h5py.Dataset):
        raise UserError(f"{path} in {file.filename} is a named type, not a dataset.", "Choose a dataset of the tree.")
    elsewhere = stored_elsewhere(node)
    if elsewhere:
        hint = "Put the files that it names beside it." if node.is_virtual else "Open that file itself."
        raise UserError(f"{path} in {file.filename} cannot be read: {elsewhere}", hint)
    size = math.prod(node.chunks or ()) * node.dtype.itemsize
    if size > MOST_CHUNK and node.id.get_create_plist().get_nfilters():
        raise UserError(
            f"{path} in {file.filename} is compressed in pieces of {size / 2**30:.1f} GB, each unpacked as a whole.",
            f"Write it again in smaller ones: h5repack -l {path}:CHUNK=...",
        )
    return node


def stored_elsewhere(dataset: h5py.Dataset) -> str:
    """A sentence that names the other file if the values lie in one that is not read with it, else "".

    A virtual dataset is read if all its files lie beside its own: they belong together.
    """
    external = dataset.external
    if external and not is_lent(dataset):
        return f"its values lie in another file, {external[0][0]}, which is not followed."
    others = {(s.file_name, s.dset_name) for s in dataset.virtual_sources()} if dataset.is_virtual else set()
    folder = Path(dataset.file.filename).parent
    for name, inside in sorted(others - {(".", inside) for _, inside in others})[:MOST_SOURCES]:
        if Path(name).name != name or "%" in name:
            return f"it is put together from other files ({name}), which do not all lie beside it."
        if not (folder / name).is_file():
            return f"it is put together from other files, of which {name} is not there."
        if not _holds(folder / name, inside, (folder / name).stat().st_mtime_ns):
            return f"it is put together from other files, of which {name} does not hold {inside} itself."
    return "it is put together from too many other files." if len(others) > MOST_SOURCES else ""


@lru_cache(4 * MOST_SOURCES)
def _holds(path: Path, dataset: str, changed: int) -> bool:
    """Whether a file, last changed then, is HDF5 and has the values of a dataset in itself."""
    try:
        with h5py.File(require_hdf5(path), "r") as file:
            node = file[dataset]
            return isinstance(node, h5py.Dataset) and not node.external and not node.is_virtual
    except (UserError, *H5PY_ERRORS):
        return False


def member(group: h5py.Group, name: str) -> tuple[Any, str]:
    """(object or None, sentence) for one member of a group; the sentence says why there is no object."""
    try:
        link = group.get(name, getlink=True)
    except TypeError:
        return None, "It is a user-defined link, which is not followed."
    except H5PY_ERRORS:
        return None, "Its link is damaged."
    if isinstance(link, h5py.ExternalLink):
        return None, f"It is a link to {link.path} in another file, {link.filename}, which is not followed."
    if isinstance(link, h5py.SoftLink):
        return None, f"It is a link to {link.path}."
    try:
        return lent(group[name]), ""
    except H5PY_ERRORS:
        return None, "It is damaged and cannot be opened."


def dataset_in(group: h5py.Group, name: str) -> h5py.Dataset | None:
    """The dataset called `name` in a group, None if there is none with values in this file; no link is followed."""
    node, _ = member(group, name)
    return node if isinstance(node, h5py.Dataset) and node.shape is not None and not stored_elsewhere(node) else None


def group_in(group: h5py.Group, name: str) -> h5py.Group | None:
    """The group called `name` in a group, None if there is none; no link is followed."""
    node, _ = member(group, name)
    return node if isinstance(node, h5py.Group) else None


def find_nearby(dataset: h5py.Dataset, name: str) -> h5py.Dataset | None:
    """A dataset called `name` in the group of `dataset` or above it; absolute names too; links are not followed."""
    if not name:
        return None
    if "/" in name:
        with contextlib.suppress(UserError):
            return find_dataset(dataset.file, posixpath.normpath(posixpath.join(dataset.parent.name, name)))
        return None
    for group in groups_above(dataset):
        node, _ = member(group, name) if name in group else (None, "")
        if isinstance(node, h5py.Dataset):
            return node
    return None


def groups_above(dataset: h5py.Dataset) -> list[h5py.Group]:
    """The group of a dataset and those above it, nearest first."""
    path = posixpath.dirname(dataset.name)
    groups = [dataset.file[path]]
    while path != "/":
        path = posixpath.dirname(path)
        groups.append(dataset.file[path])
    return groups


def _resolve(file: h5py.File, path: str) -> Any:
    """The object at `path`, walked part by part so that no link leads into another file."""
    here: Any = file["/"]
    parts = [part for part in path.split("/") if part]
    links = 0
    while parts:
        name = parts.pop(0)
        if not isinstance(here, h5py.Group) or name not in _names(here):
            raise _missing(file, path)
        node, why = member(here, name)
        if node is None:
            target = _soft_target(here, name)
            links += 1
            if target is None or links > MAX_SOFT_LINKS:
                raise UserError(f"{path} in {file.filename} cannot be opened. {why}", "Choose another dataset.")
            parts = [part for part in target.split("/") if part] + parts
            node = file["/"]
        here = node
    return here


def _soft_target(group: h5py.Group, name: str) -> str | None:
    """Absolute path that a soft link points to; None if the member is no soft link."""
    try:
        link = group.get(name, getlink=True)
    except H5PY_ERRORS:
        return None
    if not isinstance(link, h5py.SoftLink):
        return None
    return posixpath.normpath(posixpath.join(group.name or "/", link.path))


def _names(group: h5py.Group) -> set[str]:
    """The names of the members, nothing if the group is damaged."""
    try:
        return set(group)
    except H5PY_ERRORS:
        return set()


def _children(group: h5py.Group) -> list[str]:
    return sorted(_names(group))


def dataset_paths(file: h5py.File, limit: int = 2000) -> list[str]:
    """Paths of the datasets of a file, breadth first; every group is entered once, no link is followed."""
    return [path for path, _ in walk(file, limit)]


def walk(file: h5py.File, limit: int) -> Iterator[tuple[str, h5py.Dataset]]:
    """(path, dataset) for up to `limit` datasets, breadth first; every group is entered once, no link followed.

    Groups deeper than DEEPEST are not entered.
    """
    root = file["/"]
    waiting: list[tuple[str, h5py.Group]] = [("", root)]
    seen = {_address(root)}
    count = 0
    while waiting:
        prefix, group = waiting.pop(0)
        for name in _children(group):
            progress()
            node, _ = member(group, name)
            path = f"{prefix}/{name}"
            if isinstance(node, h5py.Dataset):
                yield path, node
                count += 1
                if count == limit:
                    return
            elif isinstance(node, h5py.Group) and path.count("/") < DEEPEST and _address(node) not in seen:
                seen.add(_address(node))
                waiting.append((path, node))


def _address(group: h5py.Group) -> int:
    """The address of the group in the file, which finds cycles of hard links; names do not."""
    return int(h5py.h5o.get_info(group.id).addr)


def _missing(file: h5py.File, path: str) -> UserError:
    """The error for a dataset that is not there, with the most similar names."""
    paths = dataset_paths(file)
    by_name: dict[str, str] = {}
    for known in paths:
        by_name.setdefault(posixpath.basename(known).lower(), known)
    wanted = "/" + path.strip("/")
    close = difflib.get_close_matches(wanted, paths, n=3)
    close += [by_name[n] for n in difflib.get_close_matches(posixpath.basename(wanted).lower(), by_name, n=3)]
    names = list(dict.fromkeys(close)) or paths[:5]
    hint = f"{'Near it' if close else 'It has'}: {', '.join(names[:5])}." if names else "The file has no dataset."
    return UserError(f"{file.filename} has no dataset {path}.", hint)
