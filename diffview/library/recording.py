"""Recorded runs, read again."""

from __future__ import annotations

from os import PathLike, fspath

from diffview.errors import UserError
from diffview.readers.process import ReaderProcess
from diffview.runs.recorded import Recorded, run_of


def recorded(path: str | PathLike[str]) -> Recorded:
    """The run that a file holds: of `diffview.record.Recorder`, of `sample --record`, or of File > Export > Run.

    Args:
        path: of the file.

    Raises:
        UserError: if it cannot be read, or holds no run.

    Example:
        >>> run = diffview.recorded("run.h5")
        >>> run.s, run.y.shape, run.errors  # levels, [step, member, channel, ny, nx], RMSE to the truth
    """
    reader = ReaderProcess()
    try:
        run = run_of(reader.call("read_recorded", path=fspath(path)))
    finally:
        reader.close()
    if run is None:
        raise UserError(f"{fspath(path)} holds no recorded run.", "Record one with diffview.record or sample --record.")
    return run
