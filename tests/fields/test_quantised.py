"""Fields to pixels: 256 steps, missing pixels, and stripes where nothing can be below the lowest colour."""

import numpy as np
import pytest

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.quantised import STRIPE, STRIPES, Quantised, packed
from diffview.fields.transforms import Transform
from diffview.runs.colour_scale import Scale

RGB = COLORMAPS["rain"]


def made(values: np.ndarray, low: float = 0.0, high: float = 255.0, striped: bool = False) -> Quantised:
    picture = Quantised()
    picture.set_table(RGB)
    picture.set_limits(low, high, striped)
    picture.set_values(np.asarray(values, np.float32))
    return picture


def test_a_level_stands_for_the_values_nearest_to_it() -> None:
    values = np.array([[-9, 0, 0.49, 0.51, 1, 254.4, 254.6, 300]])
    picture = made(values)
    assert picture.levels().tolist() == [[0, 0, 0, 1, 1, 254, 255, 255]]
    assert (picture.pixels() == packed(RGB)[picture.levels()]).all()


@pytest.mark.parametrize("shape", [(1, 1), (3, 700_000), (600, 601)])
def test_large_pictures_are_those_of_their_parts(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(0).uniform(-20, 280, shape).astype(np.float32)
    wanted = np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)
    assert (made(values).levels() == wanted).mean() > 0.9999  # float32 rounds a few halves the other way


def test_missing_pixels_are_transparent_and_have_no_value() -> None:
    picture = made(np.array([[1.0, np.nan], [2.0, 3.0]]))
    assert picture.pixels()[0, 1] == 0 and (picture.pixels() != 0).sum() == 3
    assert picture.value_at(0, 1) is None and picture.value_at(1, 1) == 3.0
    assert picture.value_at(2, 0) is picture.value_at(0, -1) is None and Quantised().value_at(0, 0) is None
    assert picture.mask is not None and picture.mask.sum() == 1
    picture.set_values(np.zeros((2, 2), np.float32), np.zeros((2, 2), bool))
    assert picture.mask is None and (picture.pixels() == packed(RGB)[0]).all()


def test_values_below_the_lowest_colour_get_stripes_only_where_nothing_can_be() -> None:
    values = np.full((16, 16), 10.0)
    values[:8] = -40.0
    values[0, 0] = np.nan
    plain, striped = made(values), made(values, striped=True)
    assert not (plain.pixels() == STRIPE).any()
    rows, columns = np.nonzero(striped.pixels() == STRIPE)
    assert len(rows) == 8 * 16 // STRIPES - 1 and rows.max() == 7 and set((rows + columns) % STRIPES) == {0}
    assert striped.pixels()[0, 0] == 0, "a missing pixel is missing"
    others = striped.pixels() != STRIPE
    assert (striped.pixels()[others] == plain.pixels()[others]).all()
    assert not (made(np.full((8, 8), -0.9), striped=True).pixels() == STRIPE).any(), "at the floor is not below it"
    striped.set_limits(-50, 255, True)
    assert not (striped.pixels() == STRIPE).any()


def test_limits_and_tables_that_are_none() -> None:
    with pytest.raises(ValueError, match="low must be below high"):
        made(np.zeros((1, 1)), 1.0, 1.0)
    with pytest.raises(ValueError, match="shape"):
        packed(RGB[:10])
    picture = Quantised()
    assert picture.values is None and picture.levels().size == picture.pixels().size == 0


def test_the_colours_of_an_amount_begin_where_there_is_none() -> None:
    """No rain has the palest colour, not one in the middle of the scale."""
    rain = Transform("log1p", 0.5, 0.8)
    scale = Scale((-2.5, 2.5), rain, "mm/h", "rain", 0.0)
    dry = float(rain(np.float32(0.0)))
    assert scale.limits == (dry, 2.5) and scale.levels == (dry, 2.5, True)
    assert scale.text(-2.0) == "noise (below 0 mm/h)" and scale.text(dry) == "0.00 mm/h"
    assert Scale((-2.5, 2.5), rain, "mm/h", "rain").levels == (-2.5, 2.5, False)
    assert Scale((-0.1, 2.5), rain, "mm/h", "rain", 0.0).limits == (-0.1, 2.5), "narrower limits of one's own stay"
    assert Scale((-2.5, -1.0), rain, "mm/h", "rain", 0.0).limits == (-2.5, -1.0), "and those all below"
