"""Zarr stores, by xarray's engine: a folder that holds arrays in chunks."""

import contextlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from diffview.errors import UserError
from diffview.readers.lent import Lent, LentGroup, Part, Values, as_hdf5
from diffview.readers.many import STORE


def claims(path: Path) -> bool:
    """Whether a folder is a store."""
    return os.path.isdir(path) and any((path / name).is_file() for name in STORE)  # a list of files may be too long


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """The store as HDF5.

    Raises:
        UserError: if zarr is not installed, or the store is damaged.
    """
    if find_spec("zarr") is None:
        raise UserError(f"{path} is a Zarr store, and zarr is not installed.", 'pip install "diffview[zarr]"')
    import xarray

    stored: dict[str, Any] = dict.fromkeys(
        ("decode_times", "mask_and_scale", "decode_coords", "concat_characters"), False
    )
    try:  # decode_cf=False alone decodes the times of groups all the same
        groups = xarray.open_groups(path, engine="zarr", chunks=None, consolidated=False, **stored)
    except Exception as error:  # noqa: BLE001 (zarr and its codecs raise whatever they like on damaged stores)
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(
            f"{path} is a Zarr store that cannot be read: {said[0][:200]}.", "Copy or write it again."
        ) from None
    try:
        with as_hdf5(str(path), {name: _group(one) for name, one in sorted(groups.items())}) as made:
            yield made
    finally:
        for one in groups.values():
            one.close()


def _group(stored: Any) -> LentGroup:
    variables = {str(name): _lent(one) for name, one in stored.variables.items() if _is_plain(one)}
    return LentGroup(dict(stored.attrs), variables)


def _is_plain(variable: Any) -> bool:
    return variable.dtype.kind in "biufcSUOT"


def _lent(variable: Any) -> Lent:
    text = variable.dtype.kind in "UOT"

    def read(part: Part) -> Values:
        values = np.asarray(variable[part].values)
        return values.astype(object) if text else values

    dtype = np.dtype(object) if text else variable.dtype
    return Lent(tuple(variable.shape), dtype, tuple(map(str, variable.dims)), dict(variable.attrs), read)
