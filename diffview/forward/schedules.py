"""Noise schedules x_t = alpha_t x_0 + sigma_t eps: the table of all, and schedules as plain data.

The base class is in `forward.schedule`. Each schedule is one class, in `forward.presets` (formulas), `forward.drawn`
(through points) or `forward.made` (made from rows, other schedules or a spectrum), and one row of SCHEDULES.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from diffview.errors import UserError
from diffview.forward.drawn import BetaCurve, Custom
from diffview.forward.made import Join, SpectrumMatched, Tabulated, ZeroSnr
from diffview.forward.presets import (
    Cauchy,
    Cosine,
    Edm,
    Flow,
    GeoDiff,
    Laplace,
    Linear,
    ScaledLinear,
    Sigmoid,
    VarianceExploding,
    VariancePreserving,
)
from diffview.forward.schedule import FORMS, S_CAP, S_LIMIT, Array, Chain, Schedule, Table
from diffview.params import Choice, Parameter, checked, parameters

__all__ = [
    "FORMS", "PRESETS", "SCHEDULES", "S_CAP", "S_LIMIT", "Array", "BetaCurve", "Cauchy", "Chain", "Cosine", "Custom",
    "Edm", "Flow", "GeoDiff", "Join", "Laplace", "Linear", "ScaledLinear", "Schedule", "Sigmoid", "SpectrumMatched",
    "Table", "Tabulated", "VarianceExploding", "VariancePreserving", "ZeroSnr", "edited", "flat_params",
    "form_parameters", "make_schedule", "schedule_params",
]  # fmt: skip

PRESETS: dict[str, type[Schedule]] = {
    cls.key: cls
    for cls in (
        Linear, ScaledLinear, Cosine, Sigmoid, GeoDiff, Laplace, Cauchy, VariancePreserving, VarianceExploding, Edm,
        Flow,
    )
}  # fmt: skip
"""Schedules that are a formula."""

SCHEDULES: dict[str, type[Schedule]] = {
    **PRESETS,
    **{cls.key: cls for cls in (SpectrumMatched, ZeroSnr, Join, Custom, BetaCurve, Tabulated)},
}

DEEPEST = 4
"""How deep schedules may be nested: schedules made of schedules made of schedules."""


def make_schedule(key: str, params: Mapping[str, Any] | None = None, deep: int = 0) -> Schedule:
    """The schedule `key` of SCHEDULES with the given parameters.

    A parameter that is itself a schedule is given by its key, or as {"key": ..., its parameters}; "of.beta_end" is the
    parameter beta_end of the part `of`.

    Raises:
        UserError: if there is no such schedule or a parameter is unknown or not allowed.
    """
    if not isinstance(key, str) or key not in SCHEDULES:
        raise UserError(f"There is no schedule called {key!r}.", f"Choose one of {', '.join(SCHEDULES)}.")
    if deep > DEEPEST:
        raise UserError(f"{key}: schedules are nested more than {DEEPEST} deep.", "Join fewer.")
    cls = SCHEDULES[key]
    given = {name: value for name, value in (params or {}).items() if "." not in name}
    listed = {f.name for f in fields(cls)} - {p.name for p in parameters(cls)}  # points and rows check themselves
    plain = {name: given.pop(name) for name in listed & given.keys()}
    for p in parameters(cls):
        inner = _inner(params or {}, p.name)
        if p.type is Schedule and (inner or p.name in given):
            given[p.name] = _part(key, given.get(p.name, p.default), inner, deep + 1)
    unknown = [n for n in params or {} if "." in n and n.split(".")[0] not in given]
    return cls(**checked(cls, {**given, **dict.fromkeys(unknown)}, key), **plain)


def _inner(params: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The parameters of the part `name`."""
    return {key.removeprefix(f"{name}."): value for key, value in params.items() if key.startswith(f"{name}.")}


def _part(owner: str, value: Any, inner: Mapping[str, Any], deep: int) -> Schedule:
    if isinstance(value, Schedule):
        return make_schedule(value.key, {**schedule_params(value), **inner}, deep) if inner else value
    if isinstance(value, str):
        return make_schedule(value, inner, deep)
    if not isinstance(value, Mapping) or "key" not in value:
        raise UserError(f"{owner}: {str(value)[:60]!r} is not a schedule.", "Name one, as linear.")
    return make_schedule(value["key"], {**{n: v for n, v in value.items() if n != "key"}, **inner}, deep)


def schedule_params(schedule: Schedule) -> dict[str, Any]:
    """The parameters of a schedule as plain data; `make_schedule(schedule.key, ...)` gives it back."""
    parts = {name: {"key": part.key, **schedule_params(part)} for name, part in schedule.parts.items()}
    return {f.name: parts.get(f.name, getattr(schedule, f.name)) for f in fields(schedule)}


# -- parameters for a form: a part by its key, followed by its own parameters under dotted names


def form_parameters(schedule: Schedule) -> Iterator[Parameter]:
    """The declared parameters of a schedule and of its parts; its form comes last."""
    for p in sorted(parameters(type(schedule)), key=lambda p: p.name == "form"):
        if p.type is not Schedule:
            yield p
            continue
        part = schedule.parts[p.name]
        keys = tuple(dict.fromkeys([*PRESETS, part.key]))
        yield Parameter(p.name, str, p.default.key, Choice(keys), p.doc)
        for q in form_parameters(part):
            yield Parameter(f"{p.name}.{q.name}", q.type, q.default, q.allowed, q.doc)


def flat_params(schedule: Schedule) -> dict[str, Any]:
    """The values of `form_parameters`."""
    own = {p.name: getattr(schedule, p.name) for p in parameters(type(schedule))}
    for name, part in schedule.parts.items():
        own |= {name: part.key, **{f"{name}.{inner}": value for inner, value in flat_params(part).items()}}
    return own


def edited(schedule: Schedule, values: Mapping[str, Any]) -> Schedule:
    """The schedule with values of `flat_params` replaced; a part of another key starts from its own defaults.

    Raises:
        UserError: if a parameter is unknown or not allowed.
    """
    own = {name: value for name, value in values.items() if name.split(".")[0] not in schedule.parts}
    parts = {
        name: edited(part, _inner(values, name))
        if values.get(name, part.key) == part.key
        else make_schedule(values[name])
        for name, part in schedule.parts.items()
    }
    return make_schedule(schedule.key, {**schedule_params(schedule), **own, **parts})
