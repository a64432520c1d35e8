"""A recipe has the version of the noise that it was made with, and all that is drawn of it has that version."""

import json
from typing import Any

import numpy as np
import pytest

from diffview.fields.field import Region
from diffview.forward.noise import START, STEP, Noise
from diffview.forward.state import Forward
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Course, Fork, Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import noise_of, run, start_state

SMALL = Region(0, 100, 32, 32)


def plan_of(version: int, **values: Any) -> Any:
    base = {"region": SMALL, "model": "gaussian", "members": 3, "steps": 4, "seed": 5}
    return resolve(Recipe.of(**{**base, **values}, noise=version), Facts(packaged_field()))


def test_a_new_recipe_has_the_second_version_and_one_that_names_none_the_first() -> None:
    assert Recipe().course.noise == 2
    for text in ('{"diffview_recipe": 1, "seed": 5}', '{"diffview_recipe": 2, "course": {"seed": 5}}'):
        assert Recipe.from_json(text).course.noise == 1
    for version in (1, 2):
        recipe = Recipe.of(noise=version)
        assert Recipe.from_json(recipe.to_json()) == recipe


def test_a_fork_of_an_older_recipe_leaves_an_older_run() -> None:
    plain = json.loads(Recipe.of(fork=Fork(2, Course(steps=9)), noise=1).to_json())
    for course in (plain["course"], plain["course"]["fork"]["parent"]):
        del course["noise"]
    read = Recipe.from_json(json.dumps(plain)).course
    assert read.noise == read.fork.parent.noise == 1


@pytest.mark.parametrize("version", [1, 2])
def test_a_run_starts_from_noise_of_its_version_and_steps_with_it(version: int) -> None:
    plan = plan_of(version, sampler="ddpm")
    y = start_state(plan)
    noise = Noise(5, plan.shape, version=version)
    np.testing.assert_array_equal(y, np.float32(plan.levels[0]) * noise(START, 0))
    np.testing.assert_array_equal(noise_of(plan, y)(STEP, 2), noise(STEP, 2))


@pytest.mark.parametrize("values", [{}, {"sampler": "ddpm"}, {"origin": "field", "level": 2.0, "path_mode": "chain"}])
def test_another_version_is_another_run_with_the_same_law(values: dict[str, Any]) -> None:
    first, second = ([step.y for step in run(plan_of(version, **values))][-1] for version in (1, 2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.999 and not np.array_equal(first, second)


def test_a_forward_state_keeps_its_path_only_while_the_version_is_the_same() -> None:
    plan = plan_of(2)
    first = Forward(plan.x0, plan.recipe.course.schedule, 5, "chain", noise=2)
    again = Forward(plan.x0, plan.recipe.course.schedule, 5, "chain", like=first, noise=2)
    other = Forward(plan.x0, plan.recipe.course.schedule, 5, "chain", like=first, noise=1)
    assert again.path is first.path and other.path is not first.path
    assert not np.array_equal(other.at(0.5).x_t, first.at(0.5).x_t)
