"""Forks: a run that leaves another at one of its steps, and goes on bit for bit where nothing is changed."""

import json
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.noise import STEP, Noise
from diffview.forward.normals import NEWEST
from diffview.forward.schedules import Cosine, Edm
from diffview.reverse.grids import GRIDS, make_levels
from diffview.reverse.samplers import SAMPLERS, Step
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Fork, Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run
from diffview.scores.level_search import unsearchable

RED = np.cumsum(np.cumsum(np.random.default_rng(0).standard_normal((64, 64)), axis=0), axis=1).astype(np.float32)
BASE = Recipe.of(
    model="gaussian", region=Region(8, 8, 16, 16), steps=7, grid="karras", schedule=Edm(), seed=3, members=2
)


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts(Field(RED, "red", "K"))


def runnable(facts: Facts) -> list[str]:
    """The samplers that this model has what they need for."""
    plans = {key: resolve(BASE.but(sampler=key), facts) for key in SAMPLERS}
    return [key for key, plan in plans.items() if plan.refusal is None]


def fork(recipe: Recipe, step: int, number: int = 0, **changes: object) -> Recipe:
    return recipe.but(fork=Fork(step, recipe.course, number), **changes)


def steps_of(recipe: Recipe, facts: Facts) -> list[Step]:
    return list(run(resolve(recipe, facts)))


def same(a: Step, b: Step) -> bool:
    arrays = ((a.y, b.y), (a.x0_hat, b.x0_hat), (a.eps_hat, b.eps_hat))
    alike = all(x is y if x is None or y is None else np.array_equal(x, y) for x, y in arrays)
    return alike and (a.index, a.s, a.s_eval, a.evaluations) == (b.index, b.s, b.s_eval, b.evaluations)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_fork_that_changes_nothing_is_its_parent_bit_for_bit_at_every_step(sampler: str, facts: Facts) -> None:
    base = BASE.but(sampler=sampler)
    if sampler not in runnable(facts):
        pytest.skip("the formula lacks what this sampler needs")
    whole = steps_of(base, facts)
    for step in range(base.course.steps):
        again = steps_of(fork(base, step), facts)
        assert len(again) == len(whole) and all(same(a, b) for a, b in zip(again, whole, strict=True)), step


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_fork_goes_on_from_any_of_its_own_steps(sampler: str, facts: Facts) -> None:
    """What replays a thinned step: from before the fork, at it and after it."""
    if sampler not in runnable(facts):
        pytest.skip("the formula lacks what this sampler needs")
    recipe = fork(BASE, 3, 1, sampler=sampler, steps=9, seed=8)
    plan = resolve(recipe, facts)
    whole = list(run(plan))
    assert [step.index for step in whole] == list(range(plan.steps + 1))
    for at in whole:
        rest = list(run(plan, after=at))
        assert rest[0].index == at.index and np.array_equal(rest[0].y, at.y)
        assert all(same(a, b) for a, b in zip(rest[1:], whole[at.index + 1 :], strict=True)), at.index


def test_another_sampler_goes_on_from_the_very_state(facts: Facts) -> None:
    recipe = fork(BASE, 4, sampler="heun")
    plan = resolve(recipe, facts)
    parent, forked = steps_of(BASE, facts), list(run(plan))
    assert all(same(a, b) for a, b in zip(parent[:5], forked[:5], strict=True))
    noise = Noise(BASE.course.seed, plan.shape, version=NEWEST)
    by_hand = list(SAMPLERS["heun"].run(plan.model.denoiser(), parent[4].y, plan.levels, noise, start=4))
    for a, b in zip(by_hand[1:], forked[5:], strict=True):
        assert np.array_equal(a.y, b.y)
    # 4 steps of DDIM, 2 of Heun and the last to 0
    assert forked[-1].evaluations == plan.evaluations == 4 + 2 * 2 + 1


def test_the_evaluations_are_those_of_the_calls(facts: Facts) -> None:
    inner = fork(BASE.but(sampler="heun"), 2, sampler="ddim")
    recipe = fork(inner, 4, sampler="heun", steps=12)
    plan = resolve(recipe, facts)
    denoise, calls = plan.model.denoiser(), []
    ends = [(step.evaluations, len(calls)) for step in run(plan, lambda y, s: calls.append(s) or denoise(y, s))]
    assert all(told == made for told, made in ends) and ends[-1][1] == plan.evaluations


def test_another_schedule_and_step_count_give_the_levels_below(facts: Facts) -> None:
    recipe = fork(BASE, 3, schedule=Cosine(), grid="log_snr", steps=20)
    plan, parent = resolve(recipe, facts), resolve(BASE, facts)
    own = make_levels(Cosine(), "log_snr", 20)
    assert plan.levels == [*parent.levels[:4], *(s for s in own if s < parent.levels[3])]
    assert all(b < a for a, b in pairwise(plan.levels)) and plan.levels[-1] == 0
    assert plan.parent.levels == parent.levels and plan.parent.recipe == BASE


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 6), st.sampled_from(sorted(GRIDS)), st.integers(1, 60), st.sampled_from([Edm(), Cosine()]))
def test_levels_of_a_fork_always_fall_to_0(step: int, grid: str, steps: int, schedule: object) -> None:
    plan = resolve(fork(BASE, step, grid=grid, steps=steps, schedule=schedule), Facts(Field(RED, "red", "K")))
    assert all(b < a for a, b in pairwise(plan.levels)) and plan.levels[-1] == 0 and plan.refusal is None


def test_noise_of_a_fork(facts: Facts) -> None:
    """The same seed goes on with its stream; another seed, or a fork number, draws anew, from the fork on."""
    base = BASE.but(sampler="ddpm")
    whole = steps_of(base, facts)
    for changed in (fork(base, 3, seed=9), fork(base, 3, 1)):
        ends = steps_of(changed, facts)
        assert all(same(a, b) for a, b in zip(ends[:4], whole[:4], strict=True))
        assert not np.allclose(ends[4].y, whole[4].y)
    plan = resolve(fork(base, 3, 1), facts)
    denoise, at = plan.model.denoiser(), whole[3]
    s, s2 = plan.levels[3:5]
    r2 = (s2 / s) ** 2
    z = Noise(base.course.seed, plan.shape, fork=1, version=NEWEST)(STEP, 3)
    expected = r2 * at.y + (1 - r2) * denoise(at.y, s) + np.sqrt(r2 * (s**2 - s2**2)) * z
    np.testing.assert_allclose(steps_of(fork(base, 3, 1), facts)[4].y, expected, rtol=1e-5, atol=1e-5)


def test_forks_of_forks(facts: Facts) -> None:
    inner = fork(BASE, 2, sampler="heun")
    outer = fork(inner, 4, sampler="ddpm")
    first, second, third = (steps_of(recipe, facts) for recipe in (BASE, inner, outer))
    assert all(same(a, b) for a, b in zip(third[:3], first[:3], strict=True))
    assert all(same(a, b) for a, b in zip(third[:5], second[:5], strict=True))
    before = steps_of(fork(inner, 1, sampler="ddpm"), facts)  # before the inner fork: of the first run
    assert all(same(a, b) for a, b in zip(before[:2], first[:2], strict=True))


def test_a_saved_fork_gives_the_same_run(facts: Facts) -> None:
    recipe = fork(fork(BASE, 2, sampler="heun"), 4, 1, sampler="ddpm", steps=11)
    text = recipe.to_json()
    assert Recipe.from_json(text) == recipe
    course = json.loads(text)["course"]
    assert set(course["fork"]["parent"]) == set(course)
    for a, b in zip(steps_of(recipe, facts), steps_of(Recipe.from_json(text), facts), strict=True):
        assert same(a, b)
    plan = pickle.loads(pickle.dumps(resolve(recipe, facts)))
    assert all(same(a, b) for a, b in zip(run(plan), steps_of(recipe, facts), strict=True))


def test_the_parent_of_a_fork_with_another_region_is_a_run_on_that(facts: Facts) -> None:
    recipe = fork(BASE, 3, region=Region(20, 24, 24, 16), sampler="heun")
    plan = resolve(recipe, facts)
    assert plan.parent.recipe == BASE.but(region=Region(20, 24, 24, 16))
    parent = list(run(plan.parent))
    assert all(same(a, b) for a, b in zip(parent[:4], list(run(plan))[:4], strict=True))


@pytest.mark.parametrize("step", [7, 8, 50])
def test_there_is_nothing_after_the_last_step(step: int, facts: Facts) -> None:
    plan: Plan = resolve(fork(BASE, step), facts)
    with pytest.raises(UserError, match="has 7 steps"):
        run(plan)


@pytest.mark.parametrize(
    "bad",
    [
        {"step": -1, "parent": {}}, {"step": 1.5, "parent": {}}, {"step": 1, "number": -1, "parent": {}},
        {"step": 1}, {"step": 1, "parent": {"steps": 0}}, {"step": 1, "parent": {"colour": 1}}, {"parent": {}}, 3,
        {"step": 1, "parent": {}, "more": 1},
    ],
)  # fmt: skip
def test_a_damaged_fork_is_a_user_error(bad: object) -> None:
    with pytest.raises(UserError):
        Recipe.from_json(json.dumps({"diffview_recipe": 1, "fork": bad}))


def test_the_levels_of_a_fork_are_not_searched(facts: Facts) -> None:
    assert unsearchable(resolve(fork(BASE, 2), facts)) is not None


def test_a_run_that_walks_upwards_is_not_forked(facts: Facts) -> None:
    told = BASE.but(sampler="repaint", hidden=(Region(12, 12, 4, 4),))
    assert resolve(told, facts).refusal is None
    for recipe in (
        fork(told, 3),
        fork(told, 3, sampler="heun"),
        fork(BASE, 3, sampler="repaint", hidden=told.guidance.hidden),
    ):
        plan = resolve(recipe, facts)
        assert "RePaint walks up and down" in str(plan.refusal) and plan.steps >= 0


@pytest.mark.parametrize("step", [0, 1, 3, 6])
@pytest.mark.parametrize("sampler", ["plms", "ddim"])
def test_a_fork_of_plms_counts_its_first_step_once(sampler: str, step: int, facts: Facts) -> None:
    """Going on from its own slopes needs no second evaluation; beginning in the middle of another run does."""
    recipe = fork(BASE.but(sampler=sampler), step, sampler="plms")
    plan = resolve(recipe, facts)
    assert [s.evaluations for s in run(plan)][-1] == plan.evaluations
