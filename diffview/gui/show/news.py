"""What is said of a moment that nobody asked for in so many words: what is not as asked, and whose fields are made."""

from typing import NamedTuple

from diffview.gui.show.moment import Moment
from diffview.gui.show.region_words import resized
from diffview.runs.plan import DRAWN_APART

CHOOSE_ANOTHER = "For this field choose a formula, or a network of its quantity."


class News(NamedTuple):
    """A finished sentence, what follows from it, and its kind."""

    sentence: str
    hint: str
    kind: str


def news(before: Moment | None, now: Moment) -> News | None:
    """What is new in a moment and not seen by itself; `before` is None at the start."""
    known = () if before is None else before.plan.notes
    notes = [note for note in now.plan.notes if note not in known and not note.quiet]
    said = [News(note.why, f"Asked: {note.asked}. Given: {note.given}.", "warning") for note in notes]
    of_another = made_apart(now)
    if of_another and (before is None or made_apart(before) != of_another):
        said.insert(0, News(of_another, f"{DRAWN_APART} {CHOOSE_ANOTHER}", "warning"))
    if said:
        return News(" ".join(one.sentence for one in said), " ".join(one.hint for one in said), "warning")
    if before is None or now.facts.field is not before.facts.field:
        return None
    size = resized(before.plan, now.plan)
    return None if size is None else News(*size, "info")


def made_apart(now: Moment) -> str:
    """Why what a run makes is of another quantity than the open field; "" if it is not, or is not known to be."""
    return now.plan.made_apart(now.facts.field)
