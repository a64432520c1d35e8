"""The rows of a film strip, without a widget."""

import pytest

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


def test_no_thumbnail_lies_over_the_name_of_its_row() -> None:
    for axis in ((50.0, 450.0), (2.0, 498.0)):
        film = rows(height=300, forward=9, reverse=40)
        film.axis = *axis, 0.0, 1.0
        film.arrange()
        assert min(box.x for row in (FORWARD, REVERSE) for box in film[row].boxes) >= NAME_COLUMN_PX
        assert max(box.right for row in (FORWARD, REVERSE) for box in film[row].boxes) <= 500
