"""Recipes that ask for other parts of a file, with numbers by hand; no window."""

import numpy as np
import pytest

from diffview.fields.field import Field, Region
from diffview.fields.picture import Picture
from diffview.gui.show.slice_requests import (
    PixelRequest,
    coarsened,
    cropped,
    in_blocks,
    opening,
    pixel_request,
    same_variable,
    stepped,
    turned,
    uncropped,
)
from diffview.readers.sides import block_of
from diffview.runs.recipe import default_recipe

BASE = default_recipe().but(path="a.nc", dataset="/sst", index=(3, 1), region=Region(8, 16, 32, 48), seed=5)
LARGE = (20_000, 24_000)


def picture(**other):
    """Slice (3, 1) of time x level x 100 x 200."""
    field = Field(np.zeros((100, 200), np.float32), "sst")
    given = {"axes": (2, 3), "index": (3, 1), "other_dims": (("time", 12), ("level", 5)), "shape": (12, 5, 100, 200)}
    return Picture(field, "/sst", **{**given, **other})


def parts(recipe, *names):
    return tuple(getattr(recipe.source, name) for name in names)


@pytest.mark.parametrize("dataset", ["sst", "/sst", "/sst/"])
def test_another_slice_of_the_variable_keeps_its_region_however_its_path_is_written(dataset):
    asked = opening(BASE, BASE.but(region=Region(1, 2, 32, 32)), "a.nc", dataset, (4, 1))
    assert same_variable(asked, BASE)
    assert parts(asked, "index", "region") == ((4, 1), Region(1, 2, 32, 32)) and asked.course.seed == 5


@pytest.mark.parametrize(("path", "dataset"), [("b.nc", "/sst"), ("a.nc", "/ice"), ("a.nc", None)])
def test_another_variable_begins_anew_with_the_settings_in_force(path, dataset):
    before = BASE.but(axes=(2, 3), window=Region(0, 0, 64, 64), coarsen=4, hidden=(Region(8, 16, 4, 4),))
    asked = opening(before, before, path, dataset, None)
    assert not same_variable(asked, before)
    assert parts(asked, "region", "fitted", "axes", "window", "coarsen") == (None, None, None, None, 1)
    assert (asked.guidance.hidden, asked.start.origin, asked.course.seed) == ((), "noise", 5)


def test_a_step_changes_one_index():
    assert stepped(picture(), "level", 4) == (3, 4) and stepped(picture(), "time", 0) == (0, 1)


@pytest.mark.parametrize(
    ("axes", "index"), [((2, 0), (1, 100)), ((0, 1), (50, 100)), ((3, 2), (3, 1)), ((1, 3), (3, 50))]
)
def test_other_axes_leave_the_indices_of_the_others(axes, index):
    asked = turned(BASE, picture(), axes)
    assert parts(asked, "axes", "index", "window", "region") == (axes, index, None, None)


def test_the_region_alone_and_all_of_the_slice_again_are_the_same_pixels():
    large = picture(shape=(12, 5, *LARGE), block=block_of(LARGE))
    k = block_of(LARGE)
    assert k > 1
    alone = cropped(BASE.but(coarsen=2), large, Region(10, 20, 32, 48))
    window = Region(20 * k, 40 * k, 64 * k, 96 * k)
    assert parts(alone, "window", "coarsen", "region") == (window, 1, None)
    back = uncropped(alone, picture(shape=(12, 5, *LARGE), window=window), window, Region(0, 0, 64 * k, 96 * k))
    assert parts(back, "window", "coarsen", "region") == (None, 1, Region(20, 40, 64, 96))


def test_the_region_alone_ends_where_the_picture_does():
    asked = cropped(BASE.but(coarsen=3), picture(), Region(20, 50, 32, 32))
    assert asked.source.window == Region(60, 150, 96, 96)
    asked = cropped(BASE.but(coarsen=4), picture(), Region(0, 0, 32, 64))
    assert asked.source.window == Region(0, 0, 100, 200)


@pytest.mark.parametrize(("k", "region"), [(1, Region(8, 16, 32, 48)), (2, Region(4, 8, 16, 24)), (4, None), (6, None)])
def test_the_region_stays_where_it_is_at_another_resolution_if_it_fits(k, region):
    asked = coarsened(BASE, (64, 80), Region(8, 16, 32, 48), k, "stride")
    assert parts(asked, "coarsen", "coarsen_by", "region") == (k, "stride", region)


def test_the_region_stays_where_it_is_when_values_stand_for_blocks_and_when_they_do_no_longer():
    fine = coarsened(BASE, (16, 20), Region(2, 4, 8, 8), 8, "refine")
    assert parts(fine, "coarsen", "refine", "region") == (1, 8, Region(16, 32, 64, 64))
    part = cropped(fine, picture(), Region(16, 32, 64, 64))
    assert parts(part, "window", "refine") == (Region(2, 4, 8, 8), 8)
    assert parts(uncropped(part, picture(), part.source.window, Region(0, 0, 64, 64)), "region", "refine") == (
        Region(16, 32, 64, 64), 8,
    )  # fmt: skip
    back = coarsened(fine, (64, 80), Region(32, 64, 128, 128), 1, "mean")
    assert parts(back, "coarsen", "refine", "region") == (1, 1, Region(4, 8, 16, 16))
    assert opening(fine, fine, "b.nc", None, None).source.refine == 1


def test_a_part_of_an_overview_is_in_it_and_not_too_small():
    k = block_of(LARGE)
    assert in_blocks(Region(5, 6, 70, 80), (300, 400)) == Region(5, 6, 70, 80)
    made = in_blocks(Region(LARGE[0] - 8, LARGE[1] - 8, 8, 8), LARGE)
    assert (made.row + made.ny, made.column + made.nx) == (LARGE[0] // k, LARGE[1] // k) and made.ny == made.nx == 16


def test_the_series_of_a_pixel_is_along_dates_or_the_longest_dimension():
    assert pixel_request(picture(), (), 1, 7, 9) == PixelRequest(0, "time", 3, 7, 9)
    assert pixel_request(picture(), ("level",), 1, 7, 9) == PixelRequest(1, "level", 1, 7, 9)
    assert pixel_request(picture(other_dims=(("time", 1), ("level", 1))), ("time",), 1, 7, 9) is None
    assert pixel_request(picture(other_dims=(("time", 1), ("level", 5))), ("time",), 1, 7, 9).name == "level"


def test_the_pixel_of_a_coarse_field_is_in_its_middle_and_inside_of_the_picture():
    asked = pixel_request(picture(window=Region(10, 20, 90, 180)), (), 4, 2, 3)
    assert (asked.row, asked.column) == (10 + 2 * 4 + 2, 20 + 3 * 4 + 2)
    asked = pixel_request(picture(), (), 16, 6, 12)
    assert (asked.row, asked.column) == (99, 199)
