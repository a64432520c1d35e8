"""The weights of one observation are a row of A, and its width is that of the instrument."""

import numpy as np
import pytest

from diffview.reverse.footprints import weights_of_one, widths
from diffview.reverse.operators import Area, Blocks, Footprint, Observed, Pixels

SHAPE = (48, 64)
EVERYWHERE = np.ones(SHAPE, bool)
FIELD = np.random.default_rng(0).standard_normal(SHAPE)


def seen(kind, where=EVERYWHERE, known=EVERYWHERE):
    placed = kind.placed(where)
    return Observed(placed, placed.observed(FIELD, known), 0.1)


@pytest.mark.parametrize("kind", [Pixels(), Blocks(8), Footprint(9.0, 4), Footprint(5.0, 11)])
def test_they_give_one_of_the_values_and_lie_in_the_middle(kind):
    one = seen(kind)
    weights = weights_of_one(one, SHAPE)
    value = (weights * FIELD).sum()
    assert np.isclose(one.values, value, rtol=1e-10).any() and weights.sum() == pytest.approx(1)
    middle = [(weights.sum(axis=1 - axis) * np.arange(n)).sum() for axis, n in enumerate(SHAPE)]
    spacing = getattr(kind, "spacing", getattr(kind, "size", 1))
    assert np.abs(np.array(middle) - (np.array(SHAPE) - 1) / 2).max() <= spacing / 2 + 1e-9


def test_widths_are_those_that_were_asked_for():
    assert widths(weights_of_one(seen(Pixels()), SHAPE)) == (1, 1)
    assert widths(weights_of_one(seen(Blocks(8)), SHAPE)) == pytest.approx((8, 8))
    for width in (1.0, 2.0, 5.0, 9.0, 16.0):
        assert widths(weights_of_one(seen(Footprint(width, 4)), SHAPE)) == pytest.approx((width, width), rel=1e-3)
    area = np.zeros(SHAPE, bool)
    area[3:9, 10:33] = True
    assert widths(weights_of_one(seen(Area(), area), SHAPE)) == pytest.approx((6, 23))
    whole = np.full(SHAPE, 1 / EVERYWHERE.size)
    assert widths(whole) == pytest.approx(SHAPE), "beyond the edge there is nothing"


def test_an_observation_that_is_missing_is_not_the_one():
    known = EVERYWHERE.copy()
    known[16:32, 24:40] = False
    weights = weights_of_one(seen(Blocks(8), known=known), SHAPE)
    assert weights[~known].sum() == 0 and weights.sum() == pytest.approx(1)
