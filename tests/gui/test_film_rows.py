"""The rows of a film strip, without a widget."""

import pytest

from diffview.gui.show.film_layout import arrivals, furthest
from diffview.gui.show.film_rows import EMPTY, FORWARD, GAP_PX, GUTTER_PX, NAME_COLUMN_PX, PARENT, REVERSE, FilmRows


def rows(width: int = 500, height: int = 130, **steps: int) -> FilmRows:
    """Rows with so many steps along 0..1, drawn at x = 50..450."""
    made = FilmRows(lambda: (width, height), round)
    made.axis = 50.0, 450.0, 0.0, 1.0
    for name, count in steps.items():
        row = made[{"forward": FORWARD, "reverse": REVERSE, "parent": PARENT}[name]]
        row.pictures, row.shape = ["picture"] * count, (16, 16)
        row.values = [i / max(count - 1, 1) for i in range(count)]
    return made


def test_rows_lie_below_each_other_and_a_parent_between() -> None:
    two, three = rows(forward=3, reverse=3), rows(forward=3, reverse=3, parent=3)
    assert two.order == (FORWARD, REVERSE) and three.order == (FORWARD, PARENT, REVERSE)
    assert two.band(FORWARD).height == (130 - GAP_PX - 2 * GUTTER_PX) / 2
    assert two.band(REVERSE).y - two.band(FORWARD).bottom == GUTTER_PX + GAP_PX
    assert [two.row_at(y) for y in (0, 60, 75, 129)] == [FORWARD, FORWARD, REVERSE, REVERSE]
    assert [three.beside(row, 1) for row in (FORWARD, PARENT, REVERSE)] == [PARENT, REVERSE, REVERSE]
    assert two.height_of(52) == 2 * (52 + GUTTER_PX) + GAP_PX


def test_thumbnails_lie_at_their_values_and_every_step_can_be_reached() -> None:
    film = rows(forward=5)
    assert [x for x, _ in film.centres(FORWARD)] == pytest.approx([50, 150, 250, 350, 450], abs=1)
    assert film.index_at(FORWARD, 250) == 2 and film.index_at(FORWARD, 290) == 2
    many = rows(forward=101)
    assert len(many[FORWARD].shown) == 0, "nothing is laid out before it is asked for"
    assert {many.index_at(FORWARD, x, many.centres(FORWARD)) for x in range(501)} == set(range(101))
    assert rows().index_at(FORWARD, 250) is None


def test_arrows_step_towards_their_side() -> None:
    film = rows(forward=5, reverse=5)
    film[REVERSE].values.reverse()
    assert film[FORWARD].stepped(True) == 0
    film[FORWARD].current = film[REVERSE].current = 2
    assert [film[row].stepped(right) for row in (FORWARD, REVERSE) for right in (True, False)] == [3, 1, 1, 3]
    film[FORWARD].current = 4
    assert film[FORWARD].stepped(True) == 4


def test_words_of_steps_and_rows() -> None:
    film = rows(forward=5, reverse=201)
    assert film.tip(250, 30) == "Forward step 2 of 4, at 0.5"
    assert "\nShown: every " in film.tip(250, 100) and "of 201 steps. Drag" in film.tip(250, 100)
    assert rows().tip(250, 100) == EMPTY[REVERSE]
    assert film.caption(FORWARD, lambda text: 8.0 * len(text)) == ("forward", 56.0)
    assert film.caption(FORWARD, lambda text: 15.0 * len(text)) == ("fwd", 45.0)
    assert film.caption(FORWARD, lambda text: 99.0 * len(text)) == ("", 0.0)
    assert rows(reverse=2, parent=2).name(REVERSE) == "fork"


WALK = [0, 1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5]
"""Places of RePaint along its levels: from the third it jumps back twice."""


def jumping(width: int = 800) -> FilmRows:
    film = rows(width=width, reverse=len(WALK))
    film.axis = 50.0, width - 50.0, 0.0, 1.0
    film[REVERSE].values = [1 - place / 5 for place in WALK]
    film[REVERSE].numbers, film[REVERSE].total = list(range(len(WALK))), len(WALK) - 1
    return film


def test_a_run_that_jumps_back_shows_how_far_it_has_come_and_where_it_was_here_again() -> None:
    assert furthest([5, 3, 4, 2]) == [5, 3, 3, 2] and furthest([1, 3, 2, 4]) == [1, 3, 3, 4] and furthest([]) == []
    assert arrivals([5, 3, 4, 3, 2]) == [0, 1, 3, 4] and arrivals([4, 3, 2]) == [0, 1, 2]
    film = jumping()
    film.arrange()
    row = film[REVERSE]
    assert row.shown == [0, 1, 2, 3, 6, 9, 10, 11], "not the steps that it walked again on its way back here"
    assert row.jumped() == [(3, 6), (6, 9)]
    again = [film.box_of(REVERSE, index).centre[0] for index in (3, 6, 9)]
    assert again == sorted(again, reverse=True), "in the order of the walk"
    assert sum(again) / 3 == pytest.approx(film.x_of(0.4), abs=1), "about their level"
    assert film.tip(film.x_of(1.0), 100).startswith("Reverse step 0 of 11, at 1\nThe run jumps back: shown are")
    row.current = 5
    film.changed()
    film.arrange()
    assert row.shown == [0, 1, 2, 3, 5, 6, 9, 10, 11] and row.jumped() == [(3, 5), (6, 9)]
    assert not rows(forward=9)[FORWARD].jumped()


def test_a_tip_says_the_step_of_the_run_not_of_its_pictures() -> None:
    film = rows(reverse=5)
    film[REVERSE].values.reverse()
    film[REVERSE].numbers, film[REVERSE].total = [0, 25, 50, 75, 100], 100
    film.arrange()
    text = film.tip(film.box_of(REVERSE, 1).centre[0], 100)
    assert text == "Reverse step 25 of 100, at 0.75\nShown: every 25th of 101 steps. Drag to reach others."


def test_no_thumbnail_lies_over_the_name_of_its_row() -> None:
    for axis in ((50.0, 450.0), (2.0, 498.0)):
        film = rows(height=300, forward=9, reverse=40)
        film.axis = *axis, 0.0, 1.0
        film.arrange()
        assert min(box.x for row in (FORWARD, REVERSE) for box in film[row].boxes) >= NAME_COLUMN_PX
        assert max(box.right for row in (FORWARD, REVERSE) for box in film[row].boxes) <= 500
