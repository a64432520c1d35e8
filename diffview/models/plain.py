"""What values of JSON must be, declared once and checked at every level: cards and other people's configs.

A `Rule` takes a value and its place in the file, and gives the value in its type or raises `Unfit`. Rules are made of
each other: `table({"shape": listed(whole(1), least=3, most=3)}, needs={"shape"})`.
"""

import json
import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from diffview.errors import cut

Rule = Callable[[Any, str], Any]

LONGEST = 300
"""Characters of a text that are kept: more is no name and no unit, and a window that draws it stands still."""

DEEPEST = 20
"""Levels of tables and lists in each other."""


class Unfit(ValueError):
    """A value is not what its rule says.

    Args:
        where: its place, such as scores.verdicts[2].value; "" for the whole.
        wrong: what it is and what it should be: "is null, not a number".
    """

    def __init__(self, where: str, wrong: str) -> None:
        super().__init__(f"{cut(where.lstrip('.'), 80) or 'it'} {wrong}")


def shown(value: Any) -> str:
    """A value of JSON in few characters."""
    if isinstance(value, dict | list) and value:
        return "a table" if isinstance(value, dict) else "a list"
    return cut(json.dumps(value, ensure_ascii=False), 40)


def _unfit(value: Any, where: str, wanted: str) -> Unfit:
    return Unfit(where, f"is {shown(value)}, not {wanted}")


def text(value: Any, where: str) -> str:
    """A text, cut."""
    if not isinstance(value, str):
        raise _unfit(value, where, "a text")
    return cut(value, LONGEST)


def flag(value: Any, where: str) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _unfit(value, where, "true or false")
    return value


def number(low: float = -math.inf, high: float = math.inf) -> Rule:
    """A finite number from low to high."""

    def rule(value: Any, where: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _unfit(value, where, "a number")
        if not (low <= value <= high and abs(value) < 1e300):  # which says no to NaN, and to integers beyond floats
            raise _unfit(value, where, "a number that can be used here")
        return float(value)

    return rule


def whole(low: int = 0, high: int = 10**15) -> Rule:
    """A whole number from low to high."""

    def rule(value: Any, where: str) -> int:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or value != int(value):
            raise _unfit(value, where, f"a whole number from {low} to {high}")
        return int(value)

    return rule


def one_of(*options: str) -> Rule:
    """One of some texts."""

    def rule(value: Any, where: str) -> str:
        if not isinstance(value, str) or value not in options:
            raise _unfit(value, where, f"one of {', '.join(options)}")
        return value

    return rule


def maybe(inner: Rule) -> Rule:
    """What `inner` says, or null."""
    return lambda value, where: None if value is None else inner(value, where)


def either(first: Rule, second: Rule) -> Rule:
    """What `first` says, or else `second`."""

    def rule(value: Any, where: str) -> Any:
        try:
            return first(value, where)
        except Unfit:
            return second(value, where)

    return rule


def listed(inner: Rule, least: int = 0, most: int = 100_000) -> Rule:
    """A list of what `inner` says."""

    def rule(value: Any, where: str) -> list[Any]:
        if not isinstance(value, list):
            raise _unfit(value, where, "a list")
        if not least <= len(value) <= most:
            many = f"{least}" if least == most else f"{least} to {most}"
            raise Unfit(where, f"has {len(value)} values, not {many}")
        return [inner(v, f"{where}[{i}]") for i, v in enumerate(value)]

    return rule


def anything(value: Any, where: str, depth: int = 0) -> Any:
    """Any value, not too deep, its texts cut."""
    if depth > DEEPEST:
        raise Unfit(where, "lies too deep")
    if isinstance(value, dict):
        return {cut(k, LONGEST): anything(v, f"{where}.{cut(k, 40)}", depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [anything(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
    return cut(value, LONGEST) if isinstance(value, str) else value


def table(parts: Mapping[str, Rule], needs: Collection[str] = (), others: Rule | None = anything) -> Rule:
    """A table with these parts, `needs` among them; of other parts what `others` says, None: there are none."""

    def rule(value: Any, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _unfit(value, where, "a table")
        if lacking := [key for key in needs if key not in value]:
            raise Unfit(where, f"lacks {lacking[0]}")
        found = {}
        for key, inner in value.items():
            at = parts.get(key, others)
            if at is None:
                raise Unfit(where, f"has an unknown part, {cut(key, 40)}")
            found[cut(key, LONGEST)] = at(inner, f"{where}.{cut(key, 40)}")
        return found

    return rule
