"""Parameters declared once, in a signature; forms, command line, JSON and tests read them here.

A parameter is a keyword of a function or a field of a dataclass, annotated with its type and what is allowed:

    def ddim(denoise, y, levels, noise, *, eta: Annotated[float, Range(0.0, 1.0), "0 is deterministic"] = 0.0): ...
"""

import dataclasses
import inspect
import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from diffview.errors import UserError, cut

T = TypeVar("T")


def shown(value: object) -> str:
    """A value that somebody wrote, in few characters."""
    return cut(repr(value), 60)


TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""Spellings of true and false on the command line."""


@dataclass(frozen=True)
class Range:
    """Closed interval of allowed values; `log` asks a form to step by factors instead of by sums."""

    low: float
    high: float
    log: bool = False


FINITE = Range(-sys.float_info.max, sys.float_info.max)
"""Every number but infinite ones and NaN."""


@dataclass(frozen=True)
class Choice:
    """The allowed keys of a text parameter."""

    options: tuple[str, ...]

    @property
    def hint(self) -> str:
        """What to choose."""
        return f"Choose one of {', '.join(self.options)}."

    def check(self, value: Any, name: str, owner: str) -> Any:
        """The key.

        Raises:
            UserError: if there is no such key.
        """
        if value not in self.options:
            raise UserError(f"{owner}: {name} cannot be {shown(value)}.", self.hint)
        return value


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


def _itself(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class ValueType:
    """Values of a type of their own.

    Attributes:
        hint: what to say where a value may not be used.
        right: whether a value of the type may.
        write, read: to what JSON can hold, and back.
        spelt: how a command line writes it, as ROW,COLUMN; "" if it does not.
        spell: from that, with TypeError or ValueError where it is not so.
    """

    hint: str
    right: Callable[[Any], bool] = lambda value: True
    write: Callable[[Any], Any] = _itself
    read: Callable[[Any], Any] = _itself
    spelt: str = ""
    spell: Callable[[str], Any] = _itself

    def check(self, value: Any, name: str, owner: str) -> Any:
        """The value, which may be spelt.

        Raises:
            UserError: if it may not be used.
        """
        if self.spelt and isinstance(value, str):
            try:
                return self.check(self.spell(value), name, owner)
            except (TypeError, ValueError):
                raise UserError(f"{owner}: {name} cannot be {value!r}.", f"Write it as {self.spelt}.") from None
        if not self.right(value):
            raise UserError(f"{owner}: {name} cannot be {shown(value)}.", self.hint)
        return value


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: its name, type, default, what is allowed, and one sentence about it.

    An `optional` one may be None, where it is confirmed, written and read.
    """

    name: str
    type: type
    default: Any
    allowed: Range | Choice | Numbers | ValueType | None = None
    doc: str = ""
    optional: bool = False

    def check(self, value: Any, owner: str) -> Any:
        """Return `value` in the declared type.

        Raises:
            UserError: if it is not of that type or not allowed.
        """
        hint = f"The default is {self.default!r}."
        if isinstance(self.allowed, (Choice, Numbers, ValueType)):
            return self.allowed.check(value, self.name, owner)
        if self.type is bool:
            if str(value).lower() not in TRUTH:
                raise UserError(f"{owner}: {self.name} cannot be {shown(value)}.", "Choose true or false.")
            return TRUTH[str(value).lower()]
        try:
            typed = self.type(value) if self.type in (int, float) else value
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"{owner}: {self.name} must be a number, not {shown(value)}.", hint) from None
        if self.type is int and not isinstance(value, str) and typed != value:
            raise UserError(f"{owner}: {self.name} must be a whole number, not {shown(value)}.", hint)
        if isinstance(self.allowed, Range):
            low, high = self.allowed.low, self.allowed.high
            if not low <= typed <= high:  # as is NaN; an integer may be too long for a float
                asked = str(typed) if self.type is int else f"{typed:g}"
                raise UserError(f"{owner}: {self.name} = {asked[:40]} is outside {low:g} to {high:g}.", hint)
        return typed

    def confirm(self, value: Any, owner: str) -> None:
        """Refuse a value that is not of the declared type as it is, or not allowed: nothing is converted.

        Raises:
            UserError: then.
        """
        if value is None and self.optional:
            return
        kinds = (int, float) if self.type is float else (self.type,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and self.type is not bool):
            hint = self.allowed.hint if isinstance(self.allowed, ValueType) else f"The default is {self.default!r}."
            raise UserError(f"{owner}: {self.name} cannot be {shown(value)}.", hint)
        self.check(value, owner)

    def plain(self, value: Any) -> Any:
        """A value as JSON can hold it."""
        return self.allowed.write(value) if isinstance(self.allowed, ValueType) and value is not None else value

    def typed(self, plain: Any) -> Any:
        """A value from what JSON held."""
        return self.allowed.read(plain) if isinstance(self.allowed, ValueType) and plain is not None else plain


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
    declared = []
    for name, default in defaults.items():
        hint = hints.get(name)
        if get_origin(hint) is not Annotated:
            continue
        kind, *extras = get_args(hint)
        optional = get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)
        if optional:
            kind = next(part for part in get_args(kind) if part is not NoneType)
        kind = get_origin(kind) or kind
        allowed = next((e for e in extras if isinstance(e, (Range, Choice, Numbers, ValueType))), None)
        doc = next((e for e in extras if isinstance(e, str)), "")
        declared.append(Parameter(name, kind, default, allowed, doc, optional))
    return tuple(declared)


def checked(owner: Callable[..., Any], values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """All parameters of `owner`: those given, checked, and the defaults of the others.

    Raises:
        UserError: if a key is unknown or a value not allowed.
    """
    known = {p.name: p for p in parameters(owner)}
    for key in values:
        if key not in known:
            has = f"It has {', '.join(known)}." if known else "It has none."
            raise UserError(f"{name} has no parameter {shown(key)}.", has)
    return {key: p.check(values[key], name) if key in values else p.default for key, p in known.items()}


def confirm(value: object, owner: str) -> None:
    """Refuse a dataclass one of whose declared parameters has a value that it may not have.

    Raises:
        UserError: then.
    """
    for p in parameters(type(value)):
        p.confirm(getattr(value, p.name), owner)


def plain_of(value: object) -> dict[str, Any]:
    """The declared parameters of a dataclass as JSON can hold them."""
    return {p.name: p.plain(getattr(value, p.name)) for p in parameters(type(value))}


def value_of(kind: type[T], plain: Mapping[str, Any], name: str) -> T:
    """The dataclass of which `plain_of` gave `plain`; what is not in it has its default.

    Raises:
        UserError: if a key is unknown, or a value not allowed.
    """
    known = {p.name: p for p in parameters(kind)}
    for key in plain:
        if key not in known:
            raise UserError(f"{name} has an unknown key, {shown(key)}.", "It may come from a newer diffview.")
    return kind(**{key: known[key].typed(value) for key, value in plain.items()})


def json_text(plain: Mapping[str, Any], ascii_only: bool = True) -> str:
    """JSON text for people: structure on lines of its own, the numbers of a list on one."""
    text = json.dumps(plain, indent=2, ensure_ascii=ascii_only)
    # only structure has line ends, so no string is touched
    return re.sub(r"\[\n[^][{}\"]*\]", lambda part: re.sub(r"\s+", " ", part[0]), text)


def whole_numbers(text: str, what: str, least: int = 1) -> tuple[int, ...]:
    """Whole numbers of at least so much from a text such as "9, 18".

    Raises:
        UserError: if it is none.
    """
    try:
        numbers = tuple(int(word) for word in text.replace(",", " ").split())
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < least:
        raise UserError(f"{text!r} is no list of {what}.", f"Write whole numbers from {least} on: 9, 18.")
    return numbers


def real_numbers(text: str, what: str) -> tuple[float, ...]:
    """Finite numbers from a text such as "0.1, 5".

    Raises:
        UserError: if it is none.
    """
    try:
        numbers = tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        numbers = ()
    if not numbers or not all(map(math.isfinite, numbers)):
        raise UserError(f"{text!r} is no list of {what}.", "Write numbers: 0.1, 5.")
    return numbers
