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

RECORD, EXPORT = "record", "export"
"""Kinds of files that hold a run: of any program by `diffview.record`, and of this one."""

EXPORTED = {"x_t", "x0_hat", "s", "step"}
"""Variables of an exported run."""

STATES = ("y", "x0_hat")
"""Variables of a record that have all steps."""

TRUTH = "_truth"
"""How the name of the true field ends in an exported run."""

NO_LEVELS = UserError(
    "The recorded run has no noise levels, so that its steps have no place on a schedule.",
    "Its states can be opened one by one; to see the run, record s = sigma/alpha with every step.",
)

Content = dict[str, dict[str, Any]]
"""Values and attributes of a file, under its kind."""


def run_kind(file: h5py.File) -> str:
    """RECORD, EXPORT, or "" for a file that holds no run."""
    try:
        if "diffview_record" in file.attrs:
            return RECORD
        return EXPORT if "diffview_recipe" in file.attrs and file.keys() >= EXPORTED else ""
    except H5PY_ERRORS:
        return ""


def first_shown(file: h5py.File) -> tuple[str, ...]:
    """The variables of a run that stand for it, the best first: the true field, else the states."""
    kind = run_kind(file)
    if kind == EXPORT:
        return (*(name for name in file if name.endswith(TRUTH)), "x_t")
    return ("truth", "y") if kind else ()


def last_state(dataset: h5py.Dataset) -> tuple[int, ...] | None:
    """The index of the last whole step of the first member; None of what is no state of a run."""
    name = (dataset.name or "").strip("/")
    if name not in {RECORD: ("y",), EXPORT: ("x_t",)}.get(run_kind(dataset.file), ()) or len(dataset.shape) < 4:
        return None
    levels = dataset.file.get("s")
    count = min(len(dataset), len(dataset) if levels is None else len(levels))
    return (count - 1, *(0,) * (len(dataset.shape) - 3)) if count else None


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
            kind = run_kind(file)
            if kind == RECORD:
                _check_version(path, attributes["diffview_record"])
                return {kind: _record(file, most), "attributes": attributes}
            if kind == EXPORT:
                recipe = str(attributes["diffview_recipe"])[:LONGEST_RECIPE].encode()  # bytes: texts leave here cut
                return {kind: _exported(file, most), "attributes": {**attributes, "diffview_recipe": recipe}}
        except H5PY_ERRORS as error:
            raise UserError(f"The recorded run {path} is damaged: {error}.", "Record it again.") from None
    return {}


def recorded_or_why(path: str) -> Content:
    """The same, or under "refused" the sentence and the hint that say why not: a picture of the file can be shown."""
    try:
        return read_recorded(path)
    except UserError as error:
        return {"refused": {"sentence": error.sentence, "hint": error.hint}}


def _check_version(path: str, version: Any) -> None:
    if version != 1:
        raise UserError(f"{path} is a record of version {version}.", "This diffview reads version 1; take a newer one.")


def _record(file: h5py.File, most: int) -> dict[str, Any]:
    if "s" not in file:
        raise NO_LEVELS
    count = min(len(file[name]) for name in ("s", *STATES))  # of a writer that was killed one may be longer
    index = _picked(count, 2 * file["y"].dtype.itemsize * int(np.prod(file["y"].shape[1:])), most)
    values = {name: _rows(file[name], index) for name in STATES}
    others = {name: file[name][()] for name in ("truth", "alpha_bar", "complete") if name in file}
    return {"complete": 0, **values, **others, "s": file["s"][:count], "index": index}


def _exported(file: h5py.File, most: int) -> dict[str, Any]:
    x_t, step = file["x_t"], file["step"][:]
    index = _picked(len(x_t), 8 * int(np.prod(x_t.shape[1:])), most)
    units, name = (x_t.attrs.get(key, "") for key in ("units", "standard_name"))
    truth = next((file[name][()] for name in file if name.endswith(TRUTH)), None)
    return {
        "x_t": _rows(x_t, index), **_estimates(file, step, index), "s": file["s"][:], "step": step, "index": index,
        "truth": truth, "units": units,
        "quantity": name or str(x_t.attrs.get("long_name", "")).partition(",")[0],
    }  # fmt: skip


def _estimates(file: h5py.File, step: Any, index: list[int]) -> dict[str, Any]:
    """The estimates that were made of these states, and at what level: an export has each with what it led to."""
    led_to = [i + 1 if i + 1 < len(step) and step[i + 1] == step[i] + 1 else 0 for i in index]
    values = {name: _rows(file[name], led_to) for name in ("x0_hat", "s_eval") if name in file}
    return {"s_eval": None, **values}  # the start has none: all missing


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
