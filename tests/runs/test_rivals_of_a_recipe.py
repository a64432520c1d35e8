"""Rivals of a recipe: one in force, the others kept; edits that are undone and saved as any other."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.forward.schedules import Linear, make_schedule
from diffview.runs.recipe import Course, Recipe, Rival, Rivals
from diffview.runs.rivals import (
    MOST,
    added,
    alone,
    different_lengths,
    differing,
    dropped,
    flipped,
    put,
    renamed,
    rivals_of,
    words_of,
)

COSINE = make_schedule("cosine")


def of(*keys: str) -> Recipe:
    """A recipe with a rival of every schedule, the last one in force."""
    recipe = Recipe.of(schedule=make_schedule(keys[0]))
    for key in keys[1:]:
        recipe = recipe.but(**added(recipe, schedule=make_schedule(key)))
    return recipe


def names(recipe: Recipe) -> str:
    return "".join(rival.name for rival in rivals_of(recipe))


def test_one_rival_is_there_always_and_the_others_are_added_after_it() -> None:
    assert rivals_of(Recipe()) == (Rival("A", Course()),)
    recipe = of("linear", "cosine", "edm")
    assert names(recipe) == "ABC" and recipe.rivals.called == "C" and recipe.rivals.place == 2
    assert [rival.course.schedule.key for rival in rivals_of(recipe)] == ["linear", "cosine", "edm"]
    assert recipe.course.schedule.key == "edm", "what is added is in force"


def test_an_edit_of_the_recipe_is_one_of_the_rival_in_force() -> None:
    recipe = of("linear", "cosine")
    edited = recipe.but(schedule=Linear(beta_end=0.03), steps=7, model="gaussian")
    a, b = rivals_of(edited)
    assert a == rivals_of(recipe)[0] and (b.course.schedule, b.course.steps) == (Linear(beta_end=0.03), 7)
    back = edited.but(**flipped(edited))
    assert (back.course, back.denoiser.model) == (Course(), "local") and rivals_of(back) == (a, b)
    assert back.but(**flipped(back)) == edited, "a flip to and fro changes nothing"


@given(st.lists(st.tuples(st.sampled_from(["add", "drop", "flip", "back"]), st.integers(0, 3)), max_size=12))
def test_whatever_is_done_names_are_kept_and_json_gives_it_back(edits: list[tuple[str, int]]) -> None:
    recipe = Recipe.of(seed=5)
    for what, place in edits:
        before = rivals_of(recipe)
        try:
            if what == "add":
                recipe = recipe.but(**added(recipe, seed=len(before) + place))
            elif what == "drop":
                recipe = recipe.but(**dropped(recipe, place % len(before)))
            else:
                recipe = recipe.but(**flipped(recipe, 1 if what == "flip" else -1))
        except UserError:
            assert len(before) == (MOST if what == "add" else 1) and rivals_of(recipe) == before
        after = rivals_of(recipe)
        assert 1 <= len(after) <= MOST and len({rival.name for rival in after}) == len(after)
        assert set(after) <= set(before) or what == "add"
        assert after[recipe.rivals.place].course == recipe.course
        assert Recipe.from_json(recipe.to_json()) == recipe


def test_the_rival_before_takes_over_from_one_that_is_dropped() -> None:
    recipe = of("linear", "cosine", "edm")
    left = recipe.but(**dropped(recipe, 2))
    assert names(left) == "AB" and left.course.schedule.key == "cosine"
    first = recipe.but(**dropped(recipe, 0))
    assert names(first) == "BC" and first.course.schedule.key == "edm" and first.rivals.place == 1
    assert names(first.but(**added(first))) == "BCA", "a letter that is free again is taken"


def test_a_run_knows_of_its_own_rival_alone() -> None:
    recipe = of("linear", "cosine").but(path_mode="chain")
    a, b = rivals_of(recipe)
    assert alone(recipe, a) == Recipe.of(path_mode="chain") and alone(recipe, b).rivals == Rivals()
    assert recipe.of_run() == Recipe.of(schedule=COSINE).of_run(), "no rival makes another run"


def test_the_difference_is_named() -> None:
    recipe = of("linear", "cosine")
    assert differing(rivals_of(recipe)) == ("schedule",)
    recipe = recipe.but(grid="karras", sampler="heun", steps=9, seed=4, model="gaussian", weight=2.0)
    a, b = rivals_of(recipe)
    apart = differing((a, b))
    assert apart == ("schedule", "grid", "steps", "sampler", "seed", "model", "weight")
    assert words_of(b, apart) == "Cosine, karras levels, 9 steps, Heun, seed 4, gaussian, w = 2.00"
    linear = Recipe.of(schedule=Linear(beta_end=0.03))
    assert words_of(rivals_of(linear)[0], ("schedule",)) == "Linear beta_end 0.03"
    assert differing((a,)) == ()


def test_rivals_of_different_t_are_said_to_be() -> None:
    assert different_lengths(rivals_of(of("linear", "cosine"))) == ""
    recipe = Recipe.of(schedule=Linear(chain_steps=50))
    recipe = recipe.but(**added(recipe, schedule=COSINE))
    assert "A for T = 50, B for T = 1000" in different_lengths(rivals_of(recipe))


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({"others": [{"name": "A"}]}, "The rivals cannot be called 'A', 'A'."),
        ({"called": " "}, "The rivals cannot be called ' '."),
        ({"others": [{"name": "b" * 25}]}, f"The rivals cannot be called 'A', '{'b' * 25}'."),
        ({"place": 1}, "There is no place 1 among 1 rivals."),
        ({"place": 4}, "The recipe: place = 4 is outside 0 to 3."),
        ({"others": [{"name": "B"}, {"name": "C"}, {"name": "D"}, {"name": "E"}]}, None),
        ({"others": [{"name": "B", "course": {"steps": 0}}]}, "The recipe: steps = 0 is outside 1 to 10000."),
        ({"others": [{"name": "B", "color": "red"}]}, "A rival has an unknown key, 'color'."),
        ({"others": [3]}, None),
    ],
)
def test_rivals_that_cannot_be_are_a_sentence(plain: dict[str, Any], sentence: str | None) -> None:
    with pytest.raises(UserError) as caught:
        Recipe.from_json(json.dumps({"diffview_recipe": 2, "rivals": plain}))
    assert sentence is None or caught.value.sentence == sentence
    assert caught.value.hint.endswith(".")


def test_what_cannot_be_done_leaves_all_as_it_was() -> None:
    recipe = of("linear", "cosine", "edm", "flow")
    with pytest.raises(UserError, match="There are 4 rivals already"):
        added(recipe)
    with pytest.raises(UserError, match="one way to run"):
        dropped(Recipe(), 0)
    with pytest.raises(UserError, match="cannot be called"):
        renamed(recipe, 0, "B")
    assert names(recipe.but(**renamed(recipe, 0, " mine "))) == "mineBCD"
    assert recipe.but(**put(rivals_of(recipe), 1)).course.schedule.key == "cosine"
