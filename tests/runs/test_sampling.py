"""How a network draws where nobody says how: as its card says that it was scored, or the usual way."""

from dataclasses import replace

from diffview.fields.transforms import Transform
from diffview.models.cards import Card, find_card
from diffview.reverse.grids import make_levels
from diffview.runs.recipe import Recipe
from diffview.runs.sampling import scored_course

CARD = Card("m", "sst", "K", Transform("standardise", 0.0, 1.0), (1, 8, 8), (0.01, 50.0))


def test_the_sample_models_draw_as_they_were_scored() -> None:
    card = find_card("rain64")
    recipe = Recipe.of(**scored_course(card))
    assert (recipe.course.sampler, recipe.course.steps, recipe.course.grid) == ("churn", 32, "karras")
    assert dict(recipe.course.sampler_params) == card.scores["settings"]["params"]
    assert make_levels(recipe.course.schedule, "karras", 32)[0] == card.scores["settings"]["highest"]


def test_a_card_without_scores_asks_for_nothing() -> None:
    assert scored_course(CARD) == {}


def test_scores_that_do_not_say_how_were_drawn_the_usual_way() -> None:
    course = scored_course(replace(CARD, scores={"settings": {"sampler": "none such", "steps": 3}}))
    assert (course["sampler"], course["steps"]) == ("heun", 18)
