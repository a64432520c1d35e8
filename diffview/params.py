"""Parameters declared once, in a signature; forms, command line, JSON and tests read them here.

A parameter is a keyword of a function or a field of a dataclass, annotated with its type and what is allowed:

    def ddim(denoise, y, levels, noise, *, eta: Annotated[float, Range(0.0, 1.0), "0 is deterministic"] = 0.0): ...
"""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from diffview.errors import UserError

TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""Spellings of true and false on the command line."""


@dataclass(frozen=True)
class Range:
    """Closed interval of allowed values; `log` asks a form to step by factors instead of by sums."""

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """The allowed keys of a text parameter."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class Numbers:
    """A list of numbers in [low, high], drawn by hand: no field of a form."""

    low: float
    high: float

    def check(self, value: Any, name: str, owner: str) -> tuple[float, ...]:
        """The list as a tuple of floats.

        Raises:
            UserError: if it is not a list of numbers, or one of them is not allowed.
        """
        try:
            numbers = None if isinstance(value, str) else tuple(float(v) for v in value)
        except (TypeError, ValueError, OverflowError):
            numbers = None
        if numbers is None:
            raise UserError(f"{owner}: {name} is not a list of numbers.", "Give it as [3.0, 1.0, 0.2].")
        for v in numbers:
            if not self.low <= v <= self.high:
                raise UserError(f"{owner}: {v:g} among the {name} is outside {self.low:g} to {self.high:g}.")
        return numbers


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: its name, type, default, what is allowed, and one sentence about it."""

    name: str
    type: type
    default: Any
    allowed: Range | Choice | Numbers | None = None
    doc: str = ""

    def check(self, value: Any, owner: str) -> Any:
        """Return `value` in the declared type.

        Raises:
            UserError: if it is not of that type or not allowed.
        """
        hint = f"The default is {self.default!r}."
        if isinstance(self.allowed, Numbers):
            return self.allowed.check(value, self.name, owner)
        if isinstance(self.allowed, Choice):
            if value not in self.allowed.options:
                raise UserError(
                    f"{owner}: {self.name} cannot be {value!r}.", f"Choose one of {', '.join(self.allowed.options)}."
                )
            return value
        if self.type is bool:
            if str(value).lower() not in TRUTH:
                raise UserError(f"{owner}: {self.name} cannot be {value!r}.", "Choose true or false.")
            return TRUTH[str(value).lower()]
        try:
            typed = self.type(value) if self.type in (int, float) else value
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"{owner}: {self.name} must be a number, not {value!r}.", hint) from None
        if self.type is int and not isinstance(value, str) and typed != value:
            raise UserError(f"{owner}: {self.name} must be a whole number, not {value!r}.", hint)
        if isinstance(self.allowed, Range):
            low, high = self.allowed.low, self.allowed.high
            if not low <= typed <= high:  # as is NaN; an integer may be too long for a float
                asked = str(typed) if self.type is int else f"{typed:g}"
                raise UserError(f"{owner}: {self.name} = {asked[:40]} is outside {low:g} to {high:g}.", hint)
        return typed


def parameters(owner: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The annotated parameters of a dataclass or of the keyword-only arguments of a function, in order."""
    return _declared(owner)


@cache  # a schedule asks at every mouse move of a drag
def _declared(owner: Callable[..., Any]) -> tuple[Parameter, ...]:
    hints = get_type_hints(owner, include_extras=True)
    if dataclasses.is_dataclass(owner):
        defaults = {f.name: f.default for f in dataclasses.fields(owner)}
    else:
        signature = inspect.signature(owner)
        defaults = {p.name: p.default for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY}
    found = []
    for name, default in defaults.items():
        hint = hints.get(name)
        if get_origin(hint) is not Annotated:
            continue
        kind, *extras = get_args(hint)
        kind = get_origin(kind) or kind
        allowed = next((e for e in extras if isinstance(e, (Range, Choice, Numbers))), None)
        doc = next((e for e in extras if isinstance(e, str)), "")
        found.append(Parameter(name, kind, default, allowed, doc))
    return tuple(found)


def checked(owner: Callable[..., Any], values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """All parameters of `owner`: those given, checked, and the defaults of the others.

    Raises:
        UserError: if a key is unknown or a value not allowed.
    """
    known = {p.name: p for p in parameters(owner)}
    for key in values:
        if key not in known:
            has = f"It has {', '.join(known)}." if known else "It has none."
            raise UserError(f"{name} has no parameter {key!r}.", has)
    return {key: p.check(values[key], name) if key in values else p.default for key, p in known.items()}
