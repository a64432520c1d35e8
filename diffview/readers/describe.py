"""`diffview info`: a file as a tree, or one dataset decoded over all of it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.readers.base import Variable
from diffview.readers.blocks import blocks
from diffview.readers.families import reader_of
from diffview.readers.opening import find_dataset, open_file, reading
from diffview.readers.planes import is_flag
from diffview.readers.set_index import open_set
from diffview.readers.tree import is_numeric, type_name, whole_tree
from diffview.readers.undeclared import Ends, without

BLOCK = 2**20
"""Values decoded at once: more than for a picture, whose memory is shared with the window."""

MOST_VALUES = 2**36
"""That are gone through: half an hour."""


def describe(path: str, dataset: str | None = None, mask: Sequence[float] = ()) -> dict[str, Any]:
    """A file or a dataset as JSON-ready values.

    A file gives `path` and `tree`, its nodes depth first; a set of files its `files` too: of every kind their number,
    the steps that they have together, their times from first to last, and what is missing.
    A dataset gives `path` (in the file), `shape`, `dims`,
    `dtype` (stored), `units`, `min`, `max`, `mean` (decoded, in these units, over all of it; None without any
    value) and `missing` (how many values are masked or infinite); `undeclared`, if it is there, lists values that look
    like fill values though nothing calls them missing, each with its `count`. Memory stays bounded.

    Args:
        path: the file.
        dataset: one of its datasets; None takes the tree.
        mask: physical values that mean missing though the file does not say so.

    Raises:
        UserError: if there is no such file or dataset, or its values are not numbers.
    """
    if dataset is None:
        with open_file(path) as file:
            kinds = () if (found := open_set(file)) is None else tuple(found.kinds.values())
        files = {"files": [one.plain for one in kinds]} if kinds else {}
        return {"path": str(path), **files, "tree": [_plain(dataclasses.asdict(node)) for node in whole_tree(path)]}
    with open_file(path) as file, reading(file, dataset):
        stored = find_dataset(file, dataset)
        _require_countable(stored, f"{dataset} in {file.filename}")
        variable = without(reader_of(file).variable(stored), tuple(mask))
        ends = Ends()
        count, numbers = range_and_mean(variable, seen=ends.add)
        odd = () if is_flag(variable) else ends.suspects()
        return {
            "path": stored.name,
            "shape": [int(size) for size in stored.shape],
            "dims": list(variable.dims),
            "dtype": str(stored.dtype),
            "units": variable.units,
            **numbers,
            "missing": int(stored.size) - count,
            **({"undeclared": [one._asdict() for one in odd]} if odd else {}),
        }


def _require_countable(dataset: h5py.Dataset, where: str) -> None:
    """Refuse a dataset whose values have no range, or are too many.

    Raises:
        UserError: then.
    """
    if dataset.shape is None or not is_numeric(dataset):
        what = "it has no dataspace" if dataset.shape is None else f"its values are {type_name(dataset)}, not numbers"
        raise UserError(f"{where} has no range: {what}.", "Choose a numeric dataset.")
    if dataset.size > MOST_VALUES:
        raise UserError(
            f"{where} has {dataset.size:.3g} values, too many to go through all of them.", "Open one of its slices."
        )


def range_and_mean(
    variable: Variable,
    within: Sequence[slice] | None = None,
    seen: Callable[[NDArray[np.floating[Any]]], None] = lambda values: None,
) -> tuple[int, dict[str, float | None]]:
    """How many values a dataset, or the part `within` it, has, and their min, max and mean; read block by block."""
    low, high, total, count = np.inf, -np.inf, 0.0, 0
    for part in blocks(variable.dataset.shape, variable.dataset.chunks, BLOCK, within):
        values = variable.read(part).values
        values = values[~np.isnan(values)]
        seen(values)
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
            total += float(values.sum(dtype=np.float64))
            count += values.size
    if not count:
        return 0, {"min": None, "max": None, "mean": None}
    return count, {"min": low, "max": high, "mean": total / count}


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    """A node with lists for tuples."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in node.items()}
