"""Recorded runs: those of `diffview.record`, and those that this program exports."""

from typing import Any

import h5py
import numpy as np

from diffview.errors import UserError
from diffview.readers.alive import progress
from diffview.readers.opening import H5PY_ERRORS, open_file

MOST = 256 * 2**20
"""Bytes of states and estimates that are read of a run."""

LONGEST_RECIPE = 2**20
"""Characters of a recipe in a file."""

EXPORTED = {"x_t", "x0_hat", "s", "step"}
"""Variables of an exported run."""


Content = dict[str, dict[str, Any]]
"""Values and attributes of a file, under its kind: "record" of any program, "export" of this one."""


def read_recorded(path: str, most: int = MOST) -> Content:
    """What a file holds of a run, see `runs.recorded.run_of`; nothing if it is no record of one.

    Args:
        path: of the file.
        most: bytes of states and estimates; of a larger run every 2nd, 4th, ... step is read, and the last.

    Raises:
        UserError: if the file cannot be read, or what it holds is damaged.
    """
    with open_file(path) as file:
        try:
            attributes = dict(file.attrs)
            if "diffview_record" in attributes:
                _check_version(path, attributes["diffview_record"])
                return {"record": _record(file, most), "attributes": attributes}
            if file.keys() >= EXPORTED and "diffview_recipe" in attributes:
                recipe = str(attributes["diffview_recipe"])[:LONGEST_RECIPE].encode()  # bytes: texts leave here cut
                return {"export": _exported(file, most), "attributes": {**attributes, "diffview_recipe": recipe}}
        except H5PY_ERRORS as error:
            raise UserError(f"The recorded run {path} is damaged: {error}.", "Record it again.") from None
    return {}


def _check_version(path: str, version: Any) -> None:
    if version != 1:
        raise UserError(f"{path} is a record of version {version}.", "This diffview reads version 1; take a newer one.")


def _record(file: h5py.File, most: int) -> dict[str, Any]:
    count = min(len(file[name]) for name in ("s", "y", "x0_hat"))  # of a writer that was killed one may be longer
    index = _picked(count, 2 * file["y"].dtype.itemsize * int(np.prod(file["y"].shape[1:])), most)
    values = {name: _rows(file[name], index) for name in ("s", "y", "x0_hat")}
    others = {name: file[name][()] for name in ("truth", "alpha_bar", "complete") if name in file}
    return {"complete": 0, **values, **others, "index": index}


def _exported(file: h5py.File, most: int) -> dict[str, Any]:
    x_t = file["x_t"]
    index = _picked(len(x_t), 8 * int(np.prod(x_t.shape[1:])), most)
    units, name = (x_t.attrs.get(key, "") for key in ("units", "standard_name"))
    values = {name: _rows(file[name], index) for name in EXPORTED}
    return {**values, "units": units, "quantity": name or str(x_t.attrs.get("long_name", "")).partition(",")[0]}


def _picked(count: int, each: int, most: int) -> list[int]:
    """Which of so many steps of `each` bytes are read: all, or every 2nd, 4th, ... and the last."""
    stride = 1
    while each * (count // stride + 1) > most and stride < count:
        stride *= 2
    index = list(range(0, count, stride))
    return index if not index or index[-1] == count - 1 else [*index, count - 1]


def _rows(dataset: h5py.Dataset, index: list[int]) -> Any:
    """These entries of the first axis, one at a time: a record has one chunk for each."""
    if not index:
        return dataset[:0]
    values = np.empty((len(index), *dataset.shape[1:]), dataset.dtype)
    for place, i in enumerate(index):
        values[place] = dataset[i]
        progress(place / len(index))
    return values
