"""Gaps painted and erased: the pixels hidden are the union and the difference of what was dragged."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import MOST_GAPS, hidden_in, with_gap, without_gap
from diffview.fields.regions import crops_for, summed

WHOLE = Region(0, 0, 12, 15)
RECTANGLES = st.builds(Region, st.integers(0, 8), st.integers(0, 11), st.integers(1, 4), st.integers(1, 4))


@given(st.lists(st.tuples(st.booleans(), RECTANGLES), max_size=12))
def test_painting_and_erasing_are_union_and_difference(drags: list[tuple[bool, Region]]) -> None:
    hidden: tuple[Region, ...] = ()
    mask = np.zeros((12, 15), bool)
    for paints, rectangle in drags:
        hidden = (with_gap if paints else without_gap)(hidden, rectangle)
        mask[rectangle.slices] = paints
        assert (hidden_in(hidden, WHOLE) == mask).all()


@given(st.lists(RECTANGLES, max_size=5), RECTANGLES)
def test_a_region_sees_its_part(hidden: list[Region], region: Region) -> None:
    assert (hidden_in(hidden, region) == hidden_in(hidden, WHOLE)[region.slices]).all()


@given(st.lists(RECTANGLES, max_size=5), RECTANGLES, st.integers(1, 5))
def test_a_strided_view_sees_the_same(hidden: list[Region], region: Region, k: int) -> None:
    assert (hidden_in(hidden, WHOLE, k) == hidden_in(hidden, WHOLE)[::k, ::k]).all()
    assert (hidden_in(hidden, region, k) == hidden_in(hidden, region)[::k, ::k]).all()


@given(st.lists(RECTANGLES, max_size=4), st.integers(1, 6), st.integers(1, 7))
def test_no_crop_shows_a_gap_and_none_else_is_left_out(hidden: list[Region], ny: int, nx: int) -> None:
    table, size = summed(np.zeros((12, 15), bool)), Region(0, 0, ny, nx)
    found = crops_for(table, size, False, hidden)
    assert found == [crop for crop in crops_for(table, size, False) if not any(crop.overlaps(gap) for gap in hidden)]


def test_what_is_painted_twice_is_held_once() -> None:
    large, small = Region(0, 0, 5, 5), Region(1, 1, 2, 2)
    assert with_gap((small,), large) == with_gap((large,), small) == with_gap((large,), large) == (large,)
    assert without_gap((large,), large) == ()


def test_there_is_an_end_to_it() -> None:
    many = tuple(Region(2 * i, 0, 1, 1) for i in range(MOST_GAPS))
    with pytest.raises(UserError, match="no more"):
        with_gap(many, Region(0, 5, 1, 1))
    bars = tuple(Region(2 * i, 0, 1, 9) for i in range(MOST_GAPS))
    with pytest.raises(UserError, match="more than"):
        without_gap(bars, Region(0, 4, 2 * MOST_GAPS, 1))
    assert len(without_gap(bars, Region(0, 8, 2 * MOST_GAPS, 1))) == MOST_GAPS
