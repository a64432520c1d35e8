"""Packed values to physical ones: xarray's CF decoder, plus the parts of CF that it leaves to the reader."""

from __future__ import annotations

import importlib
import math
import threading
import warnings
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from diffview.readers.alive import progress
from diffview.readers.attributes import number_attributes, text_attribute
from diffview.readers.base import Decoded
from diffview.readers.spellings import HIGHEST, LOWEST, Factor, fills_of, first_numbers, linear_packing

if TYPE_CHECKING:
    import h5py

NEVER_WRITTEN: dict[str, Any] = {
    "f4": 15 * 2.0**119, "f8": 15 * 2.0**119, "i2": -(2**15) + 1, "i4": -(2**31) + 1, "i8": -(2**63) + 2,
    "u2": 2**16 - 1, "u4": 2**32 - 1, "u8": 2**64 - 2,
}  # fmt: skip
"""The values of netCDF where nothing was written, by type; bytes have none [NetCDF Users Guide, fill]."""

EDGE = 0.01  # of a packing step: limits given in physical units are met exactly by values that rounding moved


_importing = threading.Lock()


def load_xarray() -> ModuleType:
    """xarray, imported by one thread at a time.

    Its imports are circular: two threads that import different parts of it at once break each other.
    """
    with _importing:
        importlib.import_module("xarray.conventions")
        progress()
        return importlib.import_module("xarray")


@dataclass(frozen=True)
class Packing:
    """The packing of one dataset, CF conventions 1.11, sections 2.5.1 and 8.1.

    Attributes:
        dtype: the packed type after `_Unsigned` is honoured, in the byte order of this machine.
        fills: packed values that mean missing (_FillValue, missing_value), in `dtype`.
        scale, offset: value = packed * scale + offset, in their stored types, one for all or for each layer of the
            first axis; None if absent.
        low, high: least and greatest valid packed value, infinite if not given.
        remarks: attributes that could not be honoured.
    """

    dtype: np.dtype[Any]
    fills: tuple[Any, ...] = ()
    scale: Factor = None
    offset: Factor = None
    low: float = -math.inf
    high: float = math.inf
    remarks: tuple[str, ...] = ()

    def decode(self, raw: NDArray[Any], part: tuple[int | slice, ...] = ()) -> Decoded:
        """Physical values of packed ones, NaN where missing, outside the valid range or infinite.

        Where each layer of the dataset has a scale of its own, `part` chooses the layers.
        """
        layers = max((len(factor) for factor in (self.scale, self.offset) if np.ndim(factor)), default=0)
        if not layers:
            return self._decoded(raw)
        first = part[0]
        if isinstance(first, int):
            return self._layer(first).decode(raw)
        decoded = [self._layer(i).decode(values) for i, values in zip(range(layers)[first], raw, strict=True)]
        values = np.stack([layer.values for layer in decoded])
        return Decoded(values, sum(layer.outside for layer in decoded), sum(layer.infinite for layer in decoded))

    def _layer(self, index: int) -> Packing:
        """The packing of one layer."""
        scale, offset = (factor[index] if np.ndim(factor) else factor for factor in (self.scale, self.offset))
        return replace(self, scale=scale, offset=offset)

    def _decoded(self, raw: NDArray[Any]) -> Decoded:
        """Physical values of packed ones that share one scale."""
        xarray = load_xarray()
        packed = native(raw, self.dtype)
        attributes: dict[str, Any] = {"scale_factor": self.scale, "add_offset": self.offset}
        attributes = {key: value for key, value in attributes.items() if value is not None}
        if self.fills:
            attributes["_FillValue"], *others = self.fills
            if others:
                attributes["missing_value"] = np.array(others, self.dtype)
        variable = xarray.Variable([f"d{i}" for i in range(packed.ndim)], packed, attributes)
        with warnings.catch_warnings(), np.errstate(over="ignore", invalid="ignore"):
            warnings.simplefilter("ignore", xarray.SerializationWarning)  # several fill values are meant
            decoded = xarray.conventions.decode_cf_variable(
                "values", variable, concat_characters=False, decode_times=False, decode_timedelta=False
            )
        values = np.asarray(decoded.values)
        floating = values.dtype if values.dtype.kind == "f" else np.result_type(values.dtype, np.float32)
        values = np.array(values, dtype=floating)  # always a copy: the masking below must not reach `raw`
        return self._bounded(packed, values)

    def _bounded(self, packed: NDArray[Any], values: NDArray[Any]) -> Decoded:
        """Mask what lies outside the valid range and what is infinite; `values` is changed in place."""
        outside = 0
        if self.low > -math.inf or self.high < math.inf:
            bad = ((packed < self.low) | (packed > self.high)) & ~np.isnan(values)
            outside = int(np.count_nonzero(bad))
            values[bad] = np.nan
        endless = np.isinf(values)
        infinite = int(np.count_nonzero(endless))
        if infinite:
            values[endless] = np.nan
        return Decoded(values, outside, infinite)


def is_complex(dtype: np.dtype[Any]) -> bool:
    """Whether values are complex: as numpy has them, or pairs (r, i) of floats of half precision, which it has not."""
    names = dtype.names or ()
    return dtype.kind == "c" or (names in (("r", "i"), ("real", "imag")) and {dtype[n].kind for n in names} == {"f"})


def amplitude(raw: NDArray[Any]) -> NDArray[Any]:
    """|z| of complex values; others as they are."""
    if raw.dtype.kind == "c":
        return np.asarray(np.abs(raw))
    if is_complex(raw.dtype):
        real, imaginary = (raw[name].astype(np.float32) for name in raw.dtype.names or ())
        return np.asarray(np.hypot(real, imaginary))
    return raw


def native(raw: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`raw` in the byte order of this machine, its bits seen as `dtype` where that differs only in its sign."""
    plain = np.asarray(raw).astype(raw.dtype.newbyteorder("="), copy=False)
    return plain.view(dtype) if {plain.dtype.kind, dtype.kind} == {"i", "u"} else plain.astype(dtype, copy=False)


def packing_of(dataset: h5py.Dataset, codes: tuple[Any, ...] = ()) -> Packing:
    """The packing that the attributes of a numeric dataset declare; `codes` are more values that mean missing."""
    dtype = packed_type(dataset)
    scale, offset, implied, said = linear_packing(dataset)
    remarks = list(said)
    declared = fills_of(dataset)
    fills = [as_packed(value, dtype) for value in (*(declared or _never_written(dataset)), *implied, *codes)]
    fills = [fill for fill in fills if fill is not None and not _is_nan(fill)]
    if declared and not fills and dtype.kind == "f":  # a converted file: NaN is declared, and the old fills stay
        fills = [as_packed(NEVER_WRITTEN[dtype.str[1:]], dtype)] if dtype.str[1:] in NEVER_WRITTEN else []
    low, high = _valid_range(dataset, dtype, scale, offset, remarks)
    unique = dict.fromkeys(fill.item() for fill in fills)
    return Packing(dtype, tuple(dtype.type(fill) for fill in unique), scale, offset, low, high, tuple(remarks))


def _never_written(dataset: h5py.Dataset) -> tuple[Any, ...]:
    """The fill value of netCDF itself, where a file has it as the one of HDF5 and names none of its own."""
    import h5py

    default = NEVER_WRITTEN.get(dataset.dtype.str[1:])
    if default is None or dataset.id.get_create_plist().fill_value_defined() != h5py.h5d.FILL_VALUE_USER_DEFINED:
        return ()
    return (dataset.fillvalue,) if dataset.fillvalue == dataset.dtype.type(default) else ()


def packed_type(dataset: h5py.Dataset) -> np.dtype[Any]:
    """The stored type after `_Unsigned`; bool counts as uint8, long double as float64."""
    stored: np.dtype[Any] = dataset.dtype.newbyteorder("=")
    if stored.kind == "b":
        return np.dtype(np.uint8)
    if is_complex(stored):
        return np.dtype(f"f{max(4, stored.itemsize // 2)}")
    if stored.kind == "f" and stored.itemsize > np.dtype(np.float64).itemsize:
        return np.dtype(np.float64)
    unsigned = text_attribute(dataset, "_Unsigned").lower()
    if stored.kind == "i" and (unsigned == "true" or (not unsigned and _valid_if_unsigned(dataset, stored))):
        return np.dtype(f"u{stored.itemsize}")
    if stored.kind == "u" and unsigned == "false":
        return np.dtype(f"i{stored.itemsize}")
    return stored


def _valid_if_unsigned(dataset: h5py.Dataset, stored: np.dtype[Any]) -> bool:
    """Whether the valid range fits the unsigned type only: 0 to 255, or 0 to -1, of signed bytes [NUG]."""
    match number_attributes(dataset, "valid_range"):
        case (low, high) if {low.dtype.kind, high.dtype.kind} <= {"i", "u"}:
            most = np.iinfo(stored).max
            wrapped = high < 0 and high.dtype == stored
            return bool(low >= 0 and (wrapped or most < high <= 2 * most + 1))
    return False


def as_packed(value: Any, dtype: np.dtype[Any]) -> Any:
    """A fill value in the packed type, None where it does not fit (NaN for integers, 1e20 for int16).

    An integer of the same size is taken by its bits: that is how a signed file writes the fill of unsigned values.
    """
    value = np.asarray(value)
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return value.astype(dtype)[()]
    if value.dtype.kind == "f":
        if not np.isfinite(value) or value != np.round(value):
            return None
        whole = int(value)
    else:
        if value.dtype.itemsize == dtype.itemsize:
            return value.astype(value.dtype.newbyteorder("=")).view(dtype)[()]
        whole = int(value)
    limits = np.iinfo(dtype)
    if limits.min <= whole <= limits.max:
        return dtype.type(whole)
    wrapped = whole + 2 ** (8 * dtype.itemsize)  # -1 written in a wider type for the fill of an unsigned one
    return dtype.type(wrapped) if dtype.kind == "u" and -limits.max <= whole < 0 else None


def _valid_range(
    dataset: h5py.Dataset, dtype: np.dtype[Any], scale: Any, offset: Any, remarks: list[str]
) -> tuple[float, float]:
    """Least and greatest valid packed value, infinite where not given.

    Limits are packed values [CF 2.5.1], except floating limits of packed integers, which are physical ones
    [NetCDF Users Guide, attribute conventions: valid_range of the unpacked type].
    """
    lows, highs = first_numbers(dataset, LOWEST)[:1], first_numbers(dataset, HIGHEST)[:1]
    match number_attributes(dataset, "valid_range"):
        case (low, high):
            lows, highs = lows or (low,), highs or (high,)
    lows, highs = (tuple(v for v in values if not _is_nan(v)) for values in (lows, highs))
    physical = dtype.kind in "iu" and any(value.dtype.kind == "f" for value in (*lows, *highs))
    if physical and not np.ndim(scale) and not np.ndim(offset):
        ends = (float(lows[0]) if lows else -math.inf, float(highs[0]) if highs else math.inf)
        low, high = sorted((end - float(offset or 0.0)) / float(scale or 1.0) for end in ends)
        low, high = low - EDGE, high + EDGE
    else:
        low = _packed_limit(lows[0], dtype) if lows else -math.inf
        high = _packed_limit(highs[0], dtype) if highs else math.inf
    if low > high:
        remarks.append("The valid range is empty and was not applied.")
        return -math.inf, math.inf
    return low, high


def _packed_limit(value: Any, dtype: np.dtype[Any]) -> float:
    """One limit in the packed type; a negative one of unsigned values is taken by its bits."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return float(dtype.type(value))
    whole = int(value)
    return whole + 2 ** (8 * value.dtype.itemsize) if dtype.kind == "u" and whole < 0 else whole


def _is_nan(value: Any) -> bool:
    return bool(value != value)  # noqa: PLR0124 (also for types that math.isnan refuses)
