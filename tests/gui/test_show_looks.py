"""Colours and texts of values: scales, floors, tiles, coasts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import in_force

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.field import Field, Region
from diffview.fields.tiles import GAP, tile_at, tiled
from diffview.fields.transforms import Transform
from diffview.gui.show import looks
from diffview.reverse.samplers import Step
from diffview.runs.colour_scale import Scale, floor_of
from diffview.runs.view import View

KELVIN = Transform("standardise", 280.0, 10.0)
RAIN = Transform("cbrt", 0.5, 0.5)
"""0 mm/h lies at z = -1, 1 mm/h at z = 1, 8 mm/h at z = 3."""


def test_a_value_is_written_in_physical_units():
    scale = Scale((-2.5, 2.5), KELVIN, "K", "ice_r")
    assert [scale.text(z) for z in (-1.0, 0.0, 2.25)] == ["270.0 K", "280.0 K", "302.5 K"]
    assert Scale((-2.5, 2.5), KELVIN, "", "ice_r").text(0.0) == "280.0", "no space where there is no unit"
    assert scale.levels == (-2.5, 2.5, False)


def test_colours_of_amounts_begin_at_their_floor():
    scale = Scale((-2.5, 2.5), RAIN, "mm/h", "rain", 0.0)
    assert scale.levels == (-1.0, 2.5, True)
    above = Scale((0.0, 2.5), RAIN, "mm/h", "rain", 0.0)
    assert above.levels == (0.0, 2.5, True), "a scale that begins above the floor is left as it is"


@pytest.mark.parametrize(
    ("z", "text"),
    [(3.0, "8.00 mm/h"), (1.0, "1.00 mm/h"), (-1.0, "0.00 mm/h"), (-1.005, "0.00 mm/h"),
     (-1.5, "noise (below 0 mm/h)")],
)  # fmt: skip
def test_below_the_floor_there_is_only_noise(z, text):
    assert Scale((-2.5, 2.5), RAIN, "mm/h", "rain", 0.0).text(z) == text


@pytest.mark.parametrize(
    ("transform", "least", "floor"),
    [(KELVIN, 200.0, None), (RAIN, 0.0, 0.0), (RAIN, -0.1, None), (Transform("identity"), 0.0, None)],
)
def test_only_bent_transforms_of_amounts_have_a_floor(transform, least, floor):
    assert floor_of(transform, least) == floor


@pytest.mark.parametrize(
    ("name", "units", "text"),
    [
        ("toa_brightness_temperature", "K", "toa brightness temperature · K"),
        ("sst", "kelvin", "sst · K"),
        ("mask", "", "mask"),
        ("_", "", "field"),
    ],
)
def test_a_field_is_named_with_its_unit(name, units, text):
    assert looks.quantity_name(Field(np.zeros((2, 2), np.float32), name, units)) == text


@pytest.mark.parametrize(
    ("value", "size", "tidy"),
    [(-8.5e-10, 1.0, 0.0), (0.12345678, 1.0, 0.123457), (273.15001, 300.0, 273.15), (5, 0, 5)],
)
def test_values_are_rounded_as_float32_is(value, size, tidy):
    assert looks.tidied(value, size) == tidy
    assert str(looks.tidied(-8.5e-10, 1.0)) == "0.0", "no minus sign is left"


@pytest.mark.parametrize(("s", "noise"), [(9.99, False), (10.0, False), (10.01, True), (80.0, True)])
def test_noise_begins_where_its_variance_is_a_hundred_times_the_signal(s, noise):
    assert looks.is_noise(s) is noise


def test_the_scale_of_the_field_follows_view_and_units():
    scale = looks.field_scale(in_force(View(limits=(-1.0, 1.0))))
    assert (scale.limits, scale.units, scale.floor) == ((-1.0, 1.0), "K", None)
    session = in_force(View(colormap="vik"))
    assert looks.field_scale(session).colours == "vik" and looks.colormap(session) is COLORMAPS["vik"]


def rain_field():
    """Amounts [80, 80] with a long tail: one pixel in two hundred has 1000."""
    values = np.full((80, 80), 1.0, np.float32)
    values.flat[::2] = 0.0
    values.flat[::200] = 1000.0
    return Field(values, "rain", "mm h-1")


def test_colours_of_amounts_reach_to_what_is_strong():
    session = in_force(field=rain_field(), region=Region(0, 0, 64, 64), transform="cbrt")
    scale = looks.field_scale(session)
    fitted = session.plan.transform
    assert scale.floor == 0.0 and scale.units == "mm/h"
    assert scale.limits[0] == pytest.approx(float(fitted(0.0)))
    assert scale.limits[1] == pytest.approx(float(fitted(1000.0))) and scale.limits[1] > 2.5


def test_what_a_formula_makes_has_the_scale_of_the_field():
    session = in_force()
    assert looks.made_scale(session, session.plan) == looks.field_scale(session)


@given(m=st.integers(1, 12), ny=st.integers(1, 5), nx=st.integers(1, 5))
def test_every_member_is_found_where_it_was_put(m, ny, nx):
    members = np.arange(m, dtype=np.float32)[:, None, None] * np.ones((1, ny, nx), np.float32)
    tiles = tiled(members)
    down, across = ((length + GAP) // (side + GAP) for length, side in zip(tiles.shape, (ny, nx), strict=True))
    assert down * across >= m > (down - 1) * across, "no row is empty"
    for row in range(tiles.shape[0]):
        for column in range(tiles.shape[1]):
            found = tile_at(row, column, members)
            assert np.isnan(tiles[row, column]) if found is None else tiles[row, column] == found


def step_of(*levels):
    y = np.array(levels, np.float32)[:, None, None, None] * np.ones((1, 1, 64, 64), np.float32)
    return Step(1, 0.0, y)


@pytest.mark.parametrize(("member", "shown"), [(None, 1.0), (0, 1.0), (1, 2.0), (7, 2.0)])
def test_curves_are_of_the_member_shown_or_the_first(member, shown):
    session, step = in_force(View(member=member)), step_of(1.0, 2.0)
    assert looks.member_of(step, session) == shown - 1
    np.testing.assert_array_equal(looks.state(step, session), shown)
    np.testing.assert_array_equal(looks.estimate(step, session), shown)
    known = Step(1, 0.0, step.y, x0_hat=step.y + 10)
    np.testing.assert_array_equal(looks.estimate(known, session), shown + 10)
