"""Attributes of HDF5 objects as plain Python values; references, damage and odd shapes end here."""

from typing import Any

import h5py
import numpy as np

from diffview.readers.opening import H5PY_ERRORS

# Bookkeeping of dimension scales and of the netCDF-4 library, and attributes that hold references.
HIDDEN = frozenset({
    "DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "DIMENSION_LABELS", "_Netcdf4Dimid", "_Netcdf4Coordinates",
    "_NCProperties", "_nc3_strict",
})  # fmt: skip
MAX_TEXT = 300
"""Characters of a text for people: a file may hold 100,000, which freeze a window for a minute."""

MAX_BYTES = 2**20
"""Of an attribute that is read."""


def raw_attribute(item: h5py.Dataset | h5py.Group, name: str) -> Any:
    """An attribute as a numpy value or text, shape-(1,) arrays unpacked; None if absent, damaged or a reference."""
    try:
        if name not in item.attrs or item.attrs.get_id(name).get_storage_size() > MAX_BYTES:
            return None
        value = item.attrs[name]
    except H5PY_ERRORS:
        return None
    return _plain(value)


def _plain(value: Any) -> Any:
    """Text for bytes, scalars for arrays of one value, None for references and nothing."""
    if isinstance(value, (h5py.Empty, h5py.Reference, h5py.RegionReference)):
        return None
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O" and any(isinstance(v, (h5py.Reference, h5py.RegionReference)) for v in value.flat):
            return None
        if value.size == 1:
            return _plain(value.reshape(-1)[0])
        return value if value.size else None
    if isinstance(value, (bytes, str)):
        return decoded(value)
    return value


def decoded(text: bytes | str) -> str:
    """Bytes of a file as text: UTF-8, else Latin-1, in which "°C" is written too."""
    stored = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    try:
        return stored.decode("utf-8").rstrip("\x00")
    except UnicodeDecodeError:
        return stored.decode("latin-1").rstrip("\x00")


def short(text: str) -> str:
    """A text for people, cut where it is too long."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def text_attribute(item: h5py.Dataset | h5py.Group, name: str) -> str:
    """A text attribute, "" if it is absent or not text."""
    value = raw_attribute(item, name)
    if isinstance(value, np.ndarray) and value.dtype.kind in "SUO":
        return " ".join(str(_plain(part)) for part in value.flat).strip()
    return value.strip() if isinstance(value, str) else ""


def number_attributes(item: h5py.Dataset | h5py.Group, name: str) -> tuple[Any, ...]:
    """A numeric attribute as numpy scalars in their own types; numbers written as text count, the rest does not."""
    value = raw_attribute(item, name)
    if value is None:
        return ()
    if isinstance(value, str):
        try:
            return tuple(np.float64(part) for part in value.replace(",", " ").split())
        except ValueError:
            return ()
    array = np.atleast_1d(np.asarray(value))
    return tuple(array.reshape(-1)) if array.dtype.kind in "iuf" else ()


def all_attributes(item: h5py.Dataset | h5py.Group) -> dict[str, str]:
    """Every attribute as text for display."""
    try:
        names = [name for name in item.attrs if name not in HIDDEN]
    except H5PY_ERRORS:
        return {}
    texts = {}
    for name in names:
        value = raw_attribute(item, name)
        if value is not None:
            text = np.array2string(value, separator=", ") if isinstance(value, np.ndarray) else str(value)
            texts[short(name)] = short(text)
    return texts
