"""How providers spell what CF calls scale_factor, add_offset, _FillValue, valid_range and units: one table.

[CF conventions 1.11, section 8.1; HDF-EOS Library User's Guide; JAXA, AMSR2 and SGLI product formats; CMA, FY-3 and
FY-4 level 1 formats; EUMETSAT LSA SAF, product user manuals; VITO, PROBA-V product user manual]
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import h5py
import numpy as np

from diffview.readers.attributes import number_attributes, raw_attribute, short, text_attribute

Factor = Any
"""A number in its stored type, or one for each of the first axis [n]; None where there is none."""


@dataclass(frozen=True)
class Spelling:
    """One way to write a linear packing.

    Attributes:
        who: name of who writes it so; "" for CF itself.
        scale, offset: names of the attributes.
        formula: the value from the stored number.
        codes: stored values, by numpy type, that mean missing though no attribute says so.
    """

    who: str
    scale: str
    offset: str
    formula: str = "stored * {scale} + {offset}"
    codes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


DIVIDED, SHIFTED = "stored / {scale} + {offset}", "(stored - {offset}) / {scale}"

CF = Spelling("", "scale_factor", "add_offset")
SPELLINGS = (
    CF,
    Spelling("DSP", "scale_factor", "add_off"),  # files converted from the DSP of Miami and URI
    Spelling("HDF-EOS", "ScaleFactor", "Offset"),
    Spelling("HDF-EOS", "ScaleFactor", "offset"),
    Spelling("AMSR2", "SCALE FACTOR", "OFFSET",
             codes={"u2": (65535, 65534), "i2": (-32768, -32767), "f4": (-9999.0, -9999.9)}),
    Spelling("LSA SAF", "SCALING_FACTOR", "OFFSET", DIVIDED),
    Spelling("PROBA-V", "SCALE", "OFFSET", SHIFTED),
    Spelling("FY-3", "Slope", "Intercept"),
    Spelling("SGLI", "Slope", "Offset"),
)  # fmt: skip
"""The first spelling of which a dataset has both names counts, else the first of which it has the scale."""

FILLS = ("_FillValue", "missing_value", "MissingValue", "FillValue", "MISSING_VALUE", "Error_DN", "NO_DATA")
LOWEST, HIGHEST = ("valid_min", "Minimum_valid_DN"), ("valid_max", "Maximum_valid_DN")
UNITS = ("units", "Units", "UNITS", "UNIT", "Unit")


def units_of(dataset: h5py.Dataset) -> str:
    """Units as written, under whatever name; "1" stays "1"."""
    return short(next(filter(None, (text_attribute(dataset, name) for name in UNITS)), ""))


def first_numbers(dataset: h5py.Dataset, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The numbers of the first of these attributes that has any."""
    return next(filter(None, (number_attributes(dataset, name) for name in names)), ())


def fills_of(dataset: h5py.Dataset) -> tuple[Any, ...]:
    """Every stored value that an attribute of the dataset, or else of its file, declares missing, in its own type."""
    own = tuple(value for name in FILLS for value in number_attributes(dataset, name))
    return own or tuple(value for name in FILLS[:2] for value in number_attributes(dataset.file, name))


def linear_packing(dataset: h5py.Dataset) -> tuple[Factor, Factor, tuple[float, ...], tuple[str, ...]]:
    """(scale, offset, codes, remarks) of a dataset: value = stored * scale + offset, in whatever spelling.

    A remark says what is not CF; a factor that is not a finite number, or a scale of 0, is not applied, with a remark.
    """
    there = {name for row in SPELLINGS for name in (row.scale, row.offset) if raw_attribute(dataset, name) is not None}
    complete = [row for row in SPELLINGS if {row.scale, row.offset} <= there]
    partly = [row for row in SPELLINGS if row.scale in there or (row is CF and row.offset in there)]
    spelling = next(iter([*complete, *partly]), None)
    if spelling is None:
        return None, None, (), ()
    remarks: list[str] = []
    scale, offset = (_factor(dataset, name, remarks) for name in (spelling.scale, spelling.offset))
    if scale is not None and not np.all(scale):
        remarks.append(f"{spelling.scale} is 0, which would make every value the same, and was not applied.")
        scale = None
    if spelling.who and (scale is not None or offset is not None):
        said = spelling.formula.format(scale=spelling.scale, offset=spelling.offset)
        remarks.append(f"A value is {said}, as {spelling.who} writes it.")
    if scale is not None and "/" in spelling.formula:
        scale = 1 / scale
        offset = -offset * scale if offset is not None and spelling.formula == SHIFTED else offset
    return scale, offset, spelling.codes.get(dataset.dtype.str[1:], ()), tuple(remarks)


def _factor(dataset: h5py.Dataset, name: str, remarks: list[str]) -> Factor:
    """One finite number, or one for each layer of a dataset of three dimensions; None if absent or neither."""
    values = number_attributes(dataset, name)
    layers = len(dataset.shape) > 2 and len(values) == dataset.shape[0] > 1
    if values and all(map(math.isfinite, values)) and (layers or len(values) == 1):
        factor = np.array(values) if layers else values[0]
        return factor if factor.dtype.kind == "f" else factor.astype(np.float64)
    if raw_attribute(dataset, name) is not None:
        remarks.append(f"{name} is not one finite number and was not applied.")
    return None
