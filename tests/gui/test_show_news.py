"""What is said of a moment that nobody asked for: notes, a network of another quantity, a region of another size."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diffview.fields.field import Field, Region
from diffview.gui.show.moment import Moment
from diffview.gui.show.news import CHOOSE_ANOTHER, made_apart, news
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.view import View

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_twins import small_model

ASKED = Recipe.of(model="gaussian", region=Region(0, 0, 32, 32))


@pytest.fixture
def facts(tmp_path):
    values = np.random.default_rng(0).normal(270, 10, (64, 96)).astype(np.float32)
    cards = {
        "rain": small_model(tmp_path, "rain", quantity="precipitation_rate", units="mm/h"),
        "warm": small_model(tmp_path, "warm"),
    }
    cards["mute"] = replace(cards["rain"], quantity="", units="", network={"diffusers": {}})
    field = Field(values, "toa_brightness_temperature", "K")
    return Facts(field, torch="2", devices=("cpu",), cards=cards)


def moment(facts, **values):
    return Moment.of(ASKED.but(**values), facts, View())


def test_a_network_of_another_quantity_is_news_once(facts):
    formula, foreign = moment(facts), moment(facts, model="rain")
    said = news(formula, foreign)
    assert said.sentence.startswith("rain makes precipitation_rate in mm/h; the open field is in K.")
    assert CHOOSE_ANOTHER in said.hint and said.kind == "warning"
    assert news(foreign, moment(facts, model="rain", seed=1)) is None, "it was said"
    assert news(foreign, formula) is None or "rain" not in news(foreign, formula).sentence
    assert news(None, foreign).sentence == said.sentence and news(None, formula) is None


def test_no_other_network_is_news(facts):
    assert made_apart(moment(facts, model="warm")) == "", "of the field's own quantity"
    assert made_apart(moment(facts, model="mute")) == "", "nothing is known of it"
    from_field = moment(facts, model="rain", origin="field", level=1.0)
    assert made_apart(from_field) == "" and "the open field is in K" in from_field.plan.refusal.sentence
    no_engine = Moment.of(ASKED.but(model="rain"), replace(facts, torch=None), View())
    assert made_apart(no_engine) == "" and no_engine.plan.refusal is not None, "it makes nothing"


def test_it_is_told_beside_what_else_is_not_as_asked(facts):
    said = news(None, moment(facts, model="rain", region=Region(60, 90, 40, 40)))
    assert "the open field is in K" in said.sentence and "A region lies inside the field's 64 x 96" in said.sentence
    assert "Asked: " in said.hint and CHOOSE_ANOTHER in said.hint
