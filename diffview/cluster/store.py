"""The store of a job: a folder with what is made as Zarr, and beside it what the job has got to.

    OUT/fields.zarr   members [member, y, x], a chunk a block; statistics [y, x]; the settled recipe as an attribute
    OUT/state.npz     the statistics of the first blocks, as they stand
    OUT/status.json   how far the job is, for whoever looks (`standing`)

A block is there when its checksum is: chunk and checksum are each written whole, in that order, so that a kill leaves
a block that is there or one that is not.
"""

import contextlib
import hashlib
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from diffview.cluster.standing import ASKED, STATUS
from diffview.errors import NotWrittenError, UserError
from diffview.paths import written_whole
from diffview.readers.process import ReaderProcess
from diffview.runs.recipe import Recipe
from diffview.runs.statistics import Streamed
from diffview.writers.exports import Content, Values

FIELDS, STATE = "fields.zarr", "state.npz"
SUMS, UNCOUNTED = "block_sha256", "uncounted"
"""Names of arrays: checksums of the blocks that are there, and members that statistics have not been made of yet."""

RECIPE, SAID = "recipe.json", "driver.log"
"""Beside the store of a job that a window began: what it is of, and what its driver said."""

OWN = (RECIPE, SAID, STATUS, ASKED)
"""What may lie in the folder of a job before its store."""

VISIBLE_S = 5.0
"""Seconds after which a block that another machine wrote is seen here."""

NO_ZARR = UserError("A job is kept as Zarr, and zarr is not installed.", 'Install it: pip install "diffview[cluster]".')
KEPT_HINT = "Name another folder, or give the command that began it."


@dataclass(frozen=True, eq=False)
class StoreLayout:
    """What a store holds.

    Attributes:
        content: members and statistics, all missing as yet, with their attributes.
        members: name of the members in it; "": they are counted and forgotten.
        size: members of a block.
        job: what tells the job from others, as JSON can hold it.
    """

    content: Content
    members: str
    size: int
    job: Mapping[str, Any]


class Store:
    """A store on disk, opened by the driver of a job and by every worker.

    Attributes:
        folder: of the job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def group(self) -> Any:
        """Its Zarr group.

        Raises:
            UserError: if zarr is not installed, or it cannot be opened.
        """
        zarr = _zarr()
        try:
            return zarr.open_group(str(self.folder / FIELDS), mode="r+", zarr_format=3)
        except Exception as error:  # noqa: BLE001 - zarr raises whatever a damaged file makes it raise
            raise UserError(f"{self.folder} holds no job that can be opened: {error}.", "Name another.") from None

    @property
    def exists(self) -> bool:
        """Whether a job has been begun there."""
        return (self.folder / FIELDS / "zarr.json").is_file()

    @property
    def _blocks(self) -> Any:
        """The array that blocks are written into [member, y, x]."""
        return self.group[self.group.attrs["diffview_members"]]

    @property
    def recipe(self) -> Recipe:
        """The settled recipe of the job."""
        return Recipe.from_json(self.group.attrs["diffview_recipe"])

    def begin(self, layout: StoreLayout) -> None:
        """Make it, whole or not at all; or go on with it, if the same job began it.

        Raises:
            UserError: if it cannot be made, or another job began it.
        """
        if self.exists:
            require_same(self.folder, self.group.attrs.get("diffview_job", {}), layout.job)
            return
        require_new(self.folder)
        temporary = self.folder / f".{FIELDS}.{uuid4().hex}.part"
        _zarr()  # before there is a folder
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _lay_out(temporary, layout)
            temporary.rename(self.folder / FIELDS)
        except OSError as error:
            raise not_written(self.folder, error) from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    # -- blocks

    def done(self) -> set[int]:
        """The numbers of the blocks that are there."""
        folder = self.folder / FIELDS / SUMS / "c"
        with contextlib.suppress(OSError):
            return {int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal()}
        return set()

    def has(self, number: int) -> bool:
        """Whether a block is there, awaited for a moment: disks that machines share show it late."""
        path, until = self.folder / FIELDS / SUMS / "c" / str(number) / "0", time.monotonic() + VISIBLE_S
        while not path.is_file():
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def write(self, number: int, values: NDArray[np.floating]) -> None:
        """Write a block [m, ny, nx], whole or not at all.

        Raises:
            UserError: if there is no room for it.
        """
        blocks = self._blocks
        try:
            blocks[self._place(blocks, number)] = values
            self.group[SUMS][number] = _sum(values.astype(blocks.dtype))
        except OSError as error:
            raise not_written(self.folder, error) from None

    def look(self, number: int) -> NDArray[np.floating[Any]] | None:
        """A block [m, ny, nx] that is there; None if it is damaged, or there no longer."""
        blocks = self._blocks
        try:
            values: NDArray[np.floating[Any]] = blocks[self._place(blocks, number)]
            return values if np.array_equal(_sum(values), self.group[SUMS][number]) else None
        except Exception:  # noqa: BLE001 - what cannot be decoded is damaged, whatever is raised
            return None

    def read(self, number: int) -> NDArray[np.floating[Any]] | None:
        """A block [m, ny, nx] that is there; None if it is damaged, and then it is no longer there."""
        if (values := self.look(number)) is None:
            shutil.rmtree(self.folder / FIELDS / SUMS / "c" / str(number), ignore_errors=True)
        return values

    def _place(self, blocks: Any, number: int) -> slice:
        size = blocks.chunks[0]
        return slice(number * size, min((number + 1) * size, blocks.shape[0]))

    # -- statistics

    def save(self, streamed: Streamed, through: int, names: Mapping[str, str]) -> None:
        """Write the statistics of the first `through` blocks, and forget these blocks if only statistics are kept.

        Args:
            streamed: the statistics.
            through: blocks that are in them.
            names: of the arrays of the statistics, by what was asked for.

        Raises:
            NotWrittenError: if there is no room for them.
        """
        try:
            for statistic in streamed.asked:
                self.group[names[str(statistic)]][...] = streamed.result(statistic)
            with written_whole(self.folder / STATE) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, through=np.array(through), **streamed.state())
        except OSError as error:
            raise not_written(self.folder, error) from None
        if self.group.attrs["diffview_members"] == UNCOUNTED:
            chunks = self.folder / FIELDS / UNCOUNTED / "c"
            for entry in chunks.iterdir() if chunks.is_dir() else ():
                if entry.name.isdecimal() and int(entry.name) < through:
                    shutil.rmtree(entry, ignore_errors=True)

    def saved(self, streamed: Streamed) -> int:
        """Take up the statistics that were saved; how many blocks are in them."""
        try:
            with np.load(self.folder / STATE, allow_pickle=False) as state:
                streamed.go_on(state)
                return int(state["through"])
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise UserError(
                f"{self.folder / STATE} is damaged: {str(error)[:80]}.", "Begin the job anew in another folder."
            ) from None

    def close(self) -> None:
        """At the end of the job: only what it was asked for is left."""
        if UNCOUNTED in self.group:
            del self.group[UNCOUNTED]


def require_new(folder: Path) -> None:
    """Refuse a folder that holds something else."""
    if folder.exists() and (not folder.is_dir() or any(entry.name not in OWN for entry in folder.iterdir())):
        raise UserError(f"{folder} is there, and is no store of a job.", "Name a folder that is new.")


def require_same(folder: Path, own: Mapping[str, Any], job: Mapping[str, Any]) -> None:
    """Refuse to go on with a folder that another job began."""
    if different := [name for name in sorted(own.keys() | job.keys()) if own.get(name) != job.get(name)]:
        name = different[0]
        said = "" if len(f"{own.get(name)}") > 80 else f": {name} is {own.get(name)} there and {job.get(name)} here"
        raise UserError(f"{folder} was begun by another job{said or f', which differs in {name}'}.", KEPT_HINT)


def not_written(folder: Path, error: OSError) -> NotWrittenError:
    """What is said where something cannot be written into a store."""
    why = error.strerror or type(error).__name__
    return NotWrittenError(f"{folder} cannot be written: {why}.", "Make room there; what is made is kept.")


def described(content: Content) -> Content:
    """The content with the coordinates of its pictures, and its attributes with the checksums of what it is made from.

    They are read from the source by the process that may touch HDF5.
    """
    reader = ReaderProcess()
    try:
        light = replace(content, variables={name: _light(v) for name, v in content.variables.items()})
        grid, attributes = reader.call("diffview.writers.in_reader:described", content=light)
    finally:
        reader.close()
    variables = {
        name: Values(grid.dims_of(v), v.values, grid.attributes_of(name, v), v.back)
        for name, v in {**grid.variables, **content.variables}.items()
    }
    if grid.mapping is not None:
        variables["crs"] = Values((), np.array(0, np.int32), dict(grid.mapping))
    return replace(content, variables=variables, attributes={**attributes, **content.attributes})  # texts come cut


def _light(variable: Values) -> Values:
    return replace(variable, values=np.empty(0, variable.values.dtype))


def _zarr() -> Any:
    try:
        import zarr
    except ImportError:
        raise NO_ZARR from None
    zarr.config.set({"array.write_empty_chunks": True})
    return zarr


def _sum(values: NDArray[Any]) -> NDArray[np.uint8]:
    """SHA-256 of the values as 32 bytes."""
    return np.frombuffer(hashlib.sha256(np.ascontiguousarray(values).tobytes()).digest(), np.uint8)


def _lay_out(path: Path, layout: StoreLayout) -> None:
    """Make the group and its arrays; what is not made yet stays missing."""
    content, zarr = layout.content, _zarr()
    awaited = {name for name, variable in content.variables.items() if 0 in variable.values.strides}
    kept = layout.members or UNCOUNTED
    attributes = {"Conventions": "CF-1.11", **content.attributes, "diffview_job": layout.job, "diffview_members": kept}
    group = zarr.create_group(str(path), zarr_format=3, attributes=_plain(attributes))
    for name, variable in content.variables.items():
        values, members = variable.values, variable.dims[:1] == ("member",) and variable.values.ndim == 3
        kind = values.dtype if not members else np.dtype(np.float32 if layout.members else np.float64)
        chunks = (layout.size, *values.shape[1:]) if members else values.shape
        made = _create(group, kept if members else name, values.shape, chunks, kind, variable)
        if name not in awaited:
            made[...] = values if variable.back is None else variable.back.inverse(values).astype(kind)
    count = -(-len(content.variables["member"].values) // layout.size)
    about = Values(("block", "byte"), values, {"long_name": "SHA-256 of the members of each block that is there"})
    _create(group, SUMS, (count, 32), (1, 32), np.dtype(np.uint8), about)


def _create(
    group: Any, name: str, shape: Sequence[int], chunks: Sequence[int], kind: np.dtype[Any], like: Values
) -> Any:
    """An array of the dimensions and attributes of a variable, missing everywhere."""
    fill: Any = kind.type(np.nan) if np.issubdtype(kind, np.floating) else kind.type(0)
    return group.create_array(
        name, shape=tuple(shape), chunks=tuple(chunks), dtype=kind, fill_value=fill, dimension_names=like.dims,
        attributes=_plain(like.attributes),
    )  # fmt: skip


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as JSON can hold them."""
    arrays = (np.ndarray, np.generic)
    return {name: value.tolist() if isinstance(value, arrays) else value for name, value in attributes.items()}
