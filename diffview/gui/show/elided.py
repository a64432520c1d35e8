"""Texts that must fit in a length lose whole parts, not the middle of a word."""

from bisect import bisect_right
from collections.abc import Callable

DOT = "\N{MIDDLE DOT}"
LEAST_NAME = 4
"""The fewest characters of a shortened name, with the ellipsis."""

Measure = Callable[[str], float]


def with_unit(text: str, room: float, measure: Measure, shorten: Callable[[str, float], str]) -> str:
    """A text "name · unit" with the unit whole; the name is shortened by `shorten(name, room)`, or left out."""
    name, _, unit = text.rpartition(f" {DOT} ")
    rest = f" {DOT} {unit}"
    short = shorten(name, room - measure(rest))
    if short == name or len(short) >= LEAST_NAME:
        return short + rest
    return unit if measure(unit) <= room else ""


def in_two(text: str, room: float, measure: Measure) -> tuple[str, str]:
    """A text in two lines, the first of which fits: broken after a middle dot where the rest fits then, too."""
    words = text.split(" ")
    cuts = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words) + 1)]
    fitting = cuts[: bisect_right(cuts, room, key=lambda cut: measure(cut[0]))][::-1]  # the longest first
    whole = (cut for cut in fitting if (not cut[1] or cut[0].endswith(DOT)) and measure(cut[1]) <= room)
    return next(whole, next(iter(fitting), (text, "")))


def last_fields(text: str, room: float, measure: Measure) -> str:
    """The last of the fields between middle dots, as many as fit; "" if none does."""
    fields = text.split(DOT)
    rests = ("… " + DOT.join(fields[first:]).strip() for first in range(1, len(fields)))
    return text if measure(text) <= room else next((rest for rest in rests if measure(rest) <= room), "")
