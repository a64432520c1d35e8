"""What a run was given of its region, as a picture in physical units."""

import numpy as np
import pytest

from diffview.fields.coarse import block_mean
from diffview.fields.field import Field, Region
from diffview.forward.schedules import Edm
from diffview.models.cards import find_card
from diffview.runs.facts import Facts
from diffview.runs.given import given_of
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import start_state
from diffview.scores.gap import filling

RED = 280 + np.cumsum(np.cumsum(np.random.default_rng(0).standard_normal((64, 64)), 0), 1).astype(np.float32) / 10
BASE = Recipe.of(model="gaussian", region=Region(8, 8, 32, 32), steps=4, grid="karras", schedule=Edm(), seed=3)


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts(Field(RED, "red", "K"))


def test_a_run_from_noise_is_given_nothing(facts: Facts) -> None:
    assert given_of(resolve(BASE, facts)) is None


def test_a_run_from_the_field_is_given_the_state_that_it_starts_from(facts: Facts) -> None:
    plan = resolve(BASE.but(origin="field", level=0.5), facts)
    given = given_of(plan)
    assert given is not None and given.words == "the field with noise, s 0.5"
    assert np.allclose(given.picture, plan.made_in.inverse(start_state(plan)[0, 0]), rtol=1e-6)


def test_a_gap_is_given_the_pixels_around_it(facts: Facts) -> None:
    hidden = BASE.but(hidden=(Region(12, 12, 8, 8),))
    for way in ("repaint", "guidance"):
        given = given_of(resolve(hidden.but(**filling(hidden, way)), facts))
        gap = np.zeros((32, 32), bool)
        gap[4:12, 4:12] = True
        assert given is not None and np.array_equal(np.isnan(given.picture), gap), way
        assert np.allclose(given.picture[~gap], RED[8:40, 8:40][~gap], rtol=1e-4)


def test_guidance_by_blocks_is_given_their_means(facts: Facts) -> None:
    given = given_of(resolve(BASE.but(observe="blocks", observe_params=(("size", 8),)), facts))
    means = block_mean(RED[8:40, 8:40].astype(float), 8).repeat(8, 0).repeat(8, 1)
    assert given is not None and np.allclose(given.picture, means, rtol=1e-5)


def test_a_conditional_network_is_given_means_of_its_blocks() -> None:
    name = "rain64-from-coarse"
    card = find_card(name)
    rain = np.abs(RED - 280).astype(np.float32)
    field = Field(rain, card.quantity, card.units)
    plan = resolve(Recipe.of(model=name, region=Region(0, 0, 64, 64)), Facts(field, torch="", cards={name: card}))
    given, k = given_of(plan), card.coarsen
    means = block_mean(rain.astype(float), k).repeat(k, 0).repeat(k, 1)
    assert given is not None and given.words == f"means of {k} × {k} pixels"
    assert np.allclose(given.picture, means, rtol=1e-4, atol=1e-4)
