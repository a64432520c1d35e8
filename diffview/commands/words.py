"""Parameters in the words of a command line, as several commands read them."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diffview.errors import UserError

if TYPE_CHECKING:
    from diffview.forward.schedules import Schedule


def params_of(words: Sequence[str], example: str) -> dict[str, Any]:
    """Parameters from words such as beta_end=0.03."""
    params = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"{word!r} is not a parameter.", f"Write it as {example}.")
        params[key] = _value(word, value)
    return params


def _value(word: str, value: str) -> Any:
    """A list is written as JSON; everything else stays text, which the schedule parses."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise UserError(f"{word[:60]!r} is not complete.", "Write a list as knots=[[0.5, 1.0], [1.0, -3.0]].") from None


def schedule_asked(name: str | None, words: Sequence[str], default: "Schedule") -> "Schedule":
    """The schedule of that name, or in the file of that name, with these parameters; none named: the default one.

    Raises:
        UserError: if there is none, or a parameter is not allowed.
    """
    from diffview.library.opened import schedule_of  # it imports the library, which no window needs to start

    return schedule_of(default if name is None else name, params_of(words, "beta_end=0.03"))


def one_source(first: str, more: Sequence[str]) -> tuple[str, str | None]:
    """FILE [FILE ...] [DATASET] as (what is opened, dataset): what is there on the disk is a file.

    Raises:
        UserError: if more words than one are no files.
    """
    files = [first, *(word for word in more if os.path.exists(word))]
    others = [word for word in more if word not in files]
    if len(others) > 1:
        raise UserError(f"Of {' and '.join(others)} none is a file, and only one can be the variable.", "Name one.")
    from diffview.readers.many import one_name

    return one_name(files), others[0] if others else None


def given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Those of the named options that were given."""
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}
