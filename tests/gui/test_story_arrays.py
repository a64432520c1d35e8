"""A window on an array of a program: its field is the one that comes back, and its recipes say that they lack it."""

import numpy as np
import pytest
from conftest import QUICK

from diffview.fields.coarse import coarsened
from diffview.fields.field import Field
from diffview.gui.app import create_window, show_window
from diffview.gui.settings import Settings
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import GIVEN, Recipe

VALUES = np.random.default_rng(0).normal(5, 2, (64, 80)).astype(np.float32)


@pytest.fixture
def on_array(qtbot, tmp_path, settle):
    window = create_window(settings=Settings(tmp_path / "a.ini"), facts=Facts(Field(VALUES, "made", "K")))
    qtbot.addWidget(window)
    show_window(window, (1280, 720))
    settle(window)
    return window


def test_coarser_and_back_is_the_array_and_not_the_packaged_field(on_array, settle):
    for k, wanted in (
        (2, coarsened(VALUES[None], 2, "mean")[0]),
        (4, coarsened(VALUES[None], 4, "mean")[0]),
        (1, VALUES),
    ):
        on_array.files.coarsen(k, "mean")
        settle(on_array)
        np.testing.assert_allclose(on_array.session.facts.field.values, wanted, rtol=1e-5)
        assert on_array.session.recipe.source.path == GIVEN


def test_its_recipe_is_refused_where_the_array_is_not(on_array, open_window, settle):
    recipe = Recipe.from_json(on_array.session.plan.settled.to_json())
    assert recipe.source.path == GIVEN
    on_array.files.open_recipe(recipe.but(seed=7))
    settle(on_array)
    assert on_array.session.recipe.course.seed == 7 and on_array.session.facts.field.units == "K"
    other = open_window(QUICK)
    before = other.session.facts.field
    other.files.open_recipe(recipe)
    settle(other)
    assert "made of an array, which it does not hold" in other.message_bar.text()
    assert other.session.facts.field is before


def test_the_packaged_field_can_be_opened_beside_it(on_array, settle):
    on_array.files.open_recipe(QUICK)
    settle(on_array)
    assert np.array_equal(on_array.session.facts.field.values, packaged_field().values, equal_nan=True)


def test_one_s_own_denoiser_on_the_packaged_field_names_no_array(tmp_path, qtbot, settle):
    window = create_window(settings=Settings(tmp_path / "b.ini"), facts=Facts(packaged_field()))
    qtbot.addWidget(window)
    assert window.session.recipe.source.path is None
