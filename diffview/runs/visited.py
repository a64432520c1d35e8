"""Which noise levels a run visits, before it is resolved."""

import math

from diffview.errors import UserError
from diffview.models.cards import Card
from diffview.reverse.grids import make_levels
from diffview.runs.groups import Course, Rival, Start


def visited(course: Course, start: Start, card: Card | None) -> list[float]:
    """The levels of a run: from the schedule's highest, or, from the field, all of them below its own level.

    A run that would start above what its network was trained on starts at the upper end of that.

    Raises:
        UserError: if the grid gives none.
    """
    first, _ = first_level(course, start, card)
    return make_levels(course.schedule, course.grid, course.steps, first, **dict(course.grid_params))


def first_level(course: Course, start: Start, card: Card | None) -> tuple[float | None, float]:
    """The level to start from, None for that of the schedule; and that which is asked for."""
    top = start.level if start.origin == "field" else None
    trained = math.inf if card is None else card.noise_range[1]
    highest = min(course.schedule.s_max, math.inf if top is None else top)
    above = highest > trained * (1 + 1e-9)  # its end is the exponential of a logarithm
    return (trained if above else top), highest


def visited_by(rival: Rival, start: Start, card: Card | None) -> list[float]:
    """The levels that a rival's run visits; none where its grid gives none."""
    try:
        return visited(rival.course, start, card)
    except UserError:
        return []
