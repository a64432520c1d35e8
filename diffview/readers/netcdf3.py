"""netCDF-3 files, whose bytes scipy maps."""

import contextlib
from collections.abc import Iterator
from numbers import Number
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from diffview.errors import UserError
from diffview.readers.lent import Lent, LentGroup, Values, closed, made_of

SIGNATURES = (b"CDF\x01", b"CDF\x02")
"""First bytes of the classic format and of that with 64-bit offsets; 64-bit data is refused by name."""

DAMAGE = (
    OSError, ValueError, TypeError, KeyError, IndexError, AssertionError, MemoryError, OverflowError, AttributeError,
    NotImplementedError, EOFError, RecursionError,
)  # fmt: skip
"""What scipy raises on damaged files."""


def claims(path: Path) -> bool:
    """Whether a file begins as one of netCDF-3."""
    try:
        if not path.is_file():  # reading a pipe may never end
            return False
        with path.open("rb") as stream:
            return stream.read(4) in SIGNATURES
    except OSError:
        return False


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The file as HDF5.

    Raises:
        UserError: if it is damaged.
    """
    from scipy.io import netcdf_file

    held: dict[str, Values] = {}  # the only references to the map, which has to be given up before it is closed
    try:
        file = netcdf_file(path, mmap=True, maskandscale=False)
        group = LentGroup(_attributes(file), {str(k): _lent(k, v, held) for k, v in file.variables.items()})
        made = made_of(str(path), {"/": group})
    except DAMAGE:
        raise UserError(f"{path} is a netCDF-3 file but damaged or cut off.", "Download or copy it again.") from None
    try:
        yield made
    finally:
        closed(made)
        held.clear()
        for variable in file.variables.values():
            variable.data = None
        file.close()


def _lent(name: str, variable: Any, held: dict[str, Values]) -> Lent:
    values = held[name] = np.asarray(variable.data)
    return Lent(
        values.shape, values.dtype, tuple(variable.dimensions), _attributes(variable),
        lambda part: np.array(held[name][part]),
    )  # fmt: skip


def _attributes(item: Any) -> dict[str, Any]:
    """Attributes with texts as texts; scipy keeps them beside its own members."""
    stored = {name: value for name, value in item._attributes.items() if isinstance(value, (bytes, np.ndarray, Number))}
    return {name: _text(value) if isinstance(value, bytes) else value for name, value in stored.items()}


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8").rstrip("\x00")
    except UnicodeDecodeError:
        return value.decode("latin-1").rstrip("\x00")
