"""Kinds of values of a recipe that JSON does not have: what is allowed, and how they are written, read and spelt."""

import dataclasses
import math
from typing import Any

from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.forward.normals import NEWEST, VERSIONS
from diffview.forward.schedules import Schedule, make_schedule, schedule_params
from diffview.params import ValueType
from diffview.runs.statistics import HINT, statistics_asked

Settings = tuple[tuple[str, Any], ...]


def _is_region(value: Any) -> bool:
    return isinstance(value, Region) and all(type(n) is int for n in dataclasses.astuple(value))


def _are_whole(value: Any) -> bool:
    return all(type(n) is int for n in value)


def _read_whole(plain: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in plain)


def _are_numbers(value: Any) -> bool:
    return all(type(n) in (int, float) for n in value)


def _read_numbers(plain: Any) -> tuple[float, ...]:
    return tuple(float(n) for n in plain)


def _spelt_numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(",")) if text else ()


def _spelt_whole(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(",")) if text else ()


def _are_settings(value: Any) -> bool:
    """Numbers, texts and lists of numbers, by name."""
    each = (v if isinstance(v, tuple) else (v,) for _, v in value)
    return all(isinstance(part, (str, int, float)) for parts in each for part in parts)


def _read_settings(plain: Any) -> Settings:
    return tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in plain.items())


def _write_schedule(schedule: Schedule) -> dict[str, Any]:
    return {"key": schedule.key, **schedule_params(schedule)}


def _read_schedule(plain: Any) -> Schedule:
    params = dict(plain)
    return make_schedule(params.pop("key"), params)


REGION = ValueType(
    "It has a row, a column, ny and nx, in whole pixels.", _is_region, dataclasses.asdict,
    lambda plain: Region(**plain), "ROW,COLUMN,NY,NX", lambda text: Region(*_spelt_whole(text)),
)  # fmt: skip
REGIONS = ValueType(
    "They are rectangles with a row, a column, ny and nx, in whole pixels.", lambda value: all(map(_is_region, value)),
    lambda value: [dataclasses.asdict(part) for part in value], lambda plain: tuple(Region(**part) for part in plain),
)  # fmt: skip
INDEX = ValueType("They are whole numbers.", _are_whole, list, _read_whole, "I,J,...", _spelt_whole)
MASK = ValueType("They are numbers.", _are_numbers, list, _read_numbers, "V,V,...", _spelt_numbers)
AXES = ValueType("They are two whole numbers.", lambda value: _are_whole(value) and len(value) == 2, list, _read_whole)
FITTED = ValueType("It has a key, mean, std and numbers.", write=lambda value: value.plain, read=Transform.of)
SCHEDULE = ValueType("It has a key and parameters.", write=_write_schedule, read=_read_schedule)
SETTINGS = ValueType("They are numbers and texts.", _are_settings, dict, _read_settings)
LEVEL = ValueType(  # inf, for which JSON has no number, is where alpha reaches 0
    "Choose a noise level above 0.", lambda value: float(value) > 0,
    lambda value: "inf" if value == math.inf else value, float, "S", float,
)  # fmt: skip
NAMES = ValueType(
    "They are texts.", lambda value: all(isinstance(one, str) for one in value), list, tuple, "NAME,NAME,...",
    lambda text: tuple(filter(None, (part.strip() for part in text.split(",")))),
)  # fmt: skip
STATISTICS = ValueType(HINT, lambda value: statistics_asked(value) is not None)
STREAMS = ValueType(f"This diffview has versions 1 to {NEWEST}; a newer one may have more.", VERSIONS.__contains__)
