"""What is drawn over a picture in the place of gaps: the area, or the swath, that an instrument sees."""

from collections.abc import Callable
from typing import NamedTuple

from diffview.fields.field import Region


class Drawing(NamedTuple):
    """Rectangles that are dragged for something.

    Attributes:
        what: they are, for people: "the area".
        parts: those that there are already.
        take: what is done with them when one was added or taken away.
    """

    what: str
    parts: Callable[[], tuple[Region, ...]]
    take: Callable[[tuple[Region, ...]], None]
