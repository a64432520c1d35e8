"""Having a netCDF file written in a process of its own, which alone touches HDF5: the window goes on meanwhile."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from diffview.paths import written_whole
from diffview.readers.process import ReaderProcess
from diffview.writers.exports import Content

TICK = 0.02
LARGE = 4096
"""Values from which on an array goes through a file and not through the pipe."""


def save_netcdf(content: Content, path: Path, progress: Callable[[float], None] = lambda share: None) -> None:
    """Write a file, whole or not at all; returns when it is there.

    Args:
        content: of the file.
        path: the file; it is replaced if it is there.
        progress: called with the share that is done; it may raise to end it.

    Raises:
        UserError: if it cannot be written; an older file of that name stays as it was.
    """
    reader = ReaderProcess()
    with written_whole(path) as temporary:
        try:
            _write(reader, content, temporary, progress)
        finally:  # it ends before what it wrote is removed
            reader.close()


def _write(reader: ReaderProcess, content: Content, path: Path, progress: Callable[[float], None]) -> None:
    """Have a process write a file."""
    with tempfile.TemporaryDirectory(prefix="diffview-export-") as folder:
        light, arrays = _set_aside(content, Path(folder))
        report = Path(folder) / "percent"
        job = {"path": str(path), "content": light, "arrays": arrays, "report": str(report)}
        reader.submit("diffview.writers.in_reader:save_netcdf", **job)
        while not (replies := reader.poll()):
            progress(report.stat().st_size / 100 if report.exists() else 0.0)
            time.sleep(TICK)
    if (error := replies[0].error) is not None:
        raise error
    progress(1.0)


def _set_aside(content: Content, folder: Path) -> tuple[Content, dict[str, str]]:
    """The content without its large arrays, and the files that hold them."""
    arrays, light = {}, {}
    for i, (name, variable) in enumerate(content.variables.items()):
        if variable.values.size >= LARGE:
            arrays[name] = str(folder / f"{i}.npy")
            np.save(arrays[name], variable.values, allow_pickle=False)
        large = name in arrays
        light[name] = replace(variable, values=np.empty(0, variable.values.dtype)) if large else variable
    return replace(content, variables=light), arrays
