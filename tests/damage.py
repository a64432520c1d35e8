"""Every way in which JSON that somebody wrote can be wrong at one place."""

import copy
import json
from collections.abc import Iterator
from typing import Any

GONE = object()
WRONG: dict[str, Any] = {
    "gone": GONE, "null": None, "text": "abc", "no text": "", "false": False, "true": True, "minus": -1,
    "a third": 1 / 3, "huge": 1e308, "tiny": 1e-320, "many digits": 10**400, "list": [], "of lists": [[[]], None],
    "table": {}, "of tables": {"": {"a": {}}}, "long": "x" * 100_000,
    "tag": "<img src='file:///dev/zero'>\x1b[2J\n\ud800",
}  # fmt: skip
"""What stands there instead."""


def places(plain: Any, where: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The keys that lead to every leaf and branch; of a list only those of its ends."""
    if where:
        yield where
    keys = (
        plain if isinstance(plain, dict) else sorted({0, len(plain) - 1}) if isinstance(plain, list) and plain else ()
    )
    for key in keys:
        yield from places(plain[key], (*where, key))


def damaged(plain: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A name and a copy for every place and every way, one wrong thing each."""
    text = json.dumps(plain)
    for where in places(plain):
        for what, value in WRONG.items():
            *outer, last = where
            new = json.loads(text)
            inner = new
            for key in outer:
                inner = inner[key]
            if value is GONE:
                del inner[last]
            else:
                inner[last] = copy.deepcopy(value)
            yield f"{'.'.join(map(str, where))} {what}", new


def is_a_sentence(error: Any) -> bool:
    """Whether a person can read it: finished, of sensible length, with a hint, and all of it printable."""
    text = error.sentence
    return bool(text.endswith(".") and len(text) < 700 and error.hint and f"{text}{error.hint}".isprintable())
