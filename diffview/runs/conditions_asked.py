"""The recipe's group of conditions: other variables and files that a network is given, and which are switched off."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from diffview.errors import UserError
from diffview.params import Range, ValueType, checked, plain_of, value_of
from diffview.runs.groups import AUTO, Group
from diffview.runs.values import NAMES

MOST_MINUTES = 60.0 * 24 * 366


@dataclass(frozen=True)
class Condition(Group):
    """A variable beside the field, matched by its time."""

    name: Annotated[str, "What it is called; a network knows its conditions by their names."]
    path: Annotated[str, "File, folder or pattern of names; empty: that of the field."] = ""
    dataset: Annotated[str, "The variable; empty: the best one."] = ""
    minutes: Annotated[float, Range(-MOST_MINUTES, MOST_MINUTES), "Its time, after that of the field."] = 0.0
    group: Annotated[str, "What is switched on and off together, a sensor; empty: its name."] = ""
    transform: Annotated[str, "To standardised units; auto: by units and values."] = AUTO

    @property
    def sensor(self) -> str:
        """The group that it belongs to."""
        return self.group or self.name


def _read(plain: Any) -> tuple[Condition, ...]:
    return tuple(value_of(Condition, one, "The recipe's condition") for one in plain)


CONDITIONS = ValueType(
    "Each has a name of its own.",
    lambda value: all(isinstance(one, Condition) and one.name for one in value)
    and len({one.name for one in value}) == len(value),
    lambda value: [plain_of(one) for one in value], _read,
)  # fmt: skip


@dataclass(frozen=True)
class Conditions(Group):
    """Variables of other files that a network is given beside noise."""

    given: Annotated[tuple[Condition, ...], CONDITIONS, "The variables, each with its file and time."] = ()
    off: Annotated[tuple[str, ...], NAMES, "Groups that are switched off, as sensors that are missing."] = ()


def condition_asked(words: Sequence[str]) -> Condition:
    """The condition in words: NAME FILE VARIABLE [minutes=-30] [group=ir] [transform=log1p]; FILE "." is the field's.

    Raises:
        UserError: if there are too few, or one is not a value of a condition.
    """
    settings = [word for word in words if "=" in word and word.partition("=")[0] in ("minutes", "group", "transform")]
    plain = [word for word in words if word not in settings]
    if not 2 <= len(plain) <= 3:
        raise UserError(
            f"{' '.join(words)!r} is no condition.", "Write it as NAME FILE VARIABLE, as: ir folder/ir tb minutes=-30"
        )
    said: Mapping[str, Any] = dict(word.split("=", 1) for word in settings)
    values = {"name": plain[0], "path": "" if plain[1] == "." else plain[1], "dataset": (*plain, "", "")[2], **said}
    return Condition(**checked(Condition, values, "A condition"))


def condition_written(text: str) -> Condition:
    """The condition that a line of text names; a file with spaces in its name stands in quotes.

    Raises:
        UserError: as in condition_asked, or if a quote is not closed.
    """
    words = shlex.shlex(text, posix=True)
    words.whitespace_split, words.commenters, words.escape = True, "", ""  # backslashes are of names of files
    try:
        return condition_asked(list(words))
    except ValueError:
        raise UserError(f"A quote in {text} is not closed.", 'Write it as: ir "my folder/ir.nc" tb') from None
