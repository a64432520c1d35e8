"""Finding a row by a few letters of it, as a palette of commands does."""

from collections.abc import Iterable
from typing import NamedTuple

NEXT, HEAD, PLAIN = 8, 6, 1
"""What a letter is worth that follows the one before it, that begins a word, and anywhere else."""


LITERAL = 1000
"""What it is worth more if the letters stand together."""


class FinderRow(NamedTuple):
    """One row of a list that is searched.

    Attributes:
        key: what is chosen.
        group: the heading under which it stands.
        text: what it is called.
        aside: what stands at the right, as its keys.
        why_not: why it cannot be chosen now; "" if it can.
        more: what is searched too.
    """

    key: str
    group: str
    text: str
    aside: str = ""
    why_not: str = ""
    more: str = ""


def worth(query: str, text: str) -> int | None:
    """How well a text has the letters of a query in their order; None if it has not. A whole word counts most."""
    query, text = "".join(query.lower().split()), text.lower()
    best, at, before = 0, 0, -2
    for letter in query:
        heads = [i for i in range(at, len(text)) if text[i] == letter]
        if not heads:
            return None
        place = before + 1 if before + 1 in heads else next((i for i in heads if _begins(text, i)), heads[0])
        best += NEXT if place == before + 1 else HEAD if _begins(text, place) else PLAIN
        at, before = place + 1, place
    return best


def _begins(text: str, i: int) -> bool:
    return i == 0 or not text[i - 1].isalnum()


def found(query: str, rows: Iterable[FinderRow]) -> list[FinderRow]:
    """The rows that a query finds, the best first; all in their order where it is empty."""
    rows = list(rows)
    if not query.strip():
        return rows
    marks = [(row, _mark(query, row)) for row in rows]
    marks.sort(key=lambda each: (-(each[1] or 0), len(each[0].text)))
    return [row for row, mark in marks if mark is not None]


def _mark(query: str, row: FinderRow) -> int | None:
    """A name that has it counts before a text in which it stands word for word."""
    name = worth(query, row.text)
    if name is not None:
        return 2 * name + (LITERAL if query.strip().lower() in row.text.lower() else 0)
    said = f"{row.group} {row.aside} {row.more}".lower()
    return 1 if query.strip().lower() in said else None
