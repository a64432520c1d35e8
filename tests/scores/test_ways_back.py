"""One coarse field brought back: levels by their definition, ways that keep what they were given, bad input."""

import numpy as np
import pytest

import diffview
from diffview.errors import UserError
from diffview.fields.coarse import block_mean
from diffview.fields.field import Field, Region
from diffview.forward.spectra import power, rings
from diffview.models.gaussian import Gaussian
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.scores.ways_back import (
    ERROR,
    CoarseTask,
    WaysBack,
    format_ways,
    offered,
    plain_ways,
    sdedit_plan,
    try_levels,
)

SIDE = 32
RED = 280 + 5 * Gaussian.power_law(64, 64, 3.0, 1.0).sample(np.random.default_rng(1).standard_normal((64, 64)))
BASE = Recipe.of(model="gaussian", region=Region(16, 16, SIDE, SIDE), steps=8, sampler="heun", members=6, seed=2)


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts(Field(RED.astype(np.float32), "red", "K"))


def task(facts: Facts, factor: int = 4, level: float | None = None, **values: object) -> CoarseTask:
    plan = resolve(BASE.but(**values), facts)
    return CoarseTask(plan, facts, factor, plan.recipe.ensemble.members, level)


def test_the_spectra_part_where_half_of_the_power_is_lost(facts: Facts) -> None:
    one, grid = task(facts), rings(SIDE, SIDE)
    fine, left = power(one.plan.x0, grid), power(one.start, grid)
    k = next(i for i in range(len(fine)) if left[i] < 0.5 * fine[i])
    assert one.parting == pytest.approx(np.sqrt(fine[k]), rel=1e-5) and 0 < k < len(fine)


def test_the_coarse_field_is_the_block_means_and_the_same_goes_to_all(facts: Facts) -> None:
    one = task(facts)
    means = block_mean(RED[16:48, 16:48], 4)
    assert np.allclose(one.given, means.repeat(4, 0).repeat(4, 1), atol=1e-3)
    assert np.allclose(one.plan.transform.inverse(one.start), one.given, atol=1e-3)
    assert one.low_pass_error(one.given[None]) < 1e-4 < one.low_pass_error(one.given[None] + 1)


def test_ways_are_judged_beside_the_region_and_the_exact_one_keeps_what_it_was_given(facts: Facts) -> None:
    back = WaysBack(task(facts))
    done: list[float] = []
    back.go(done.append)
    ways = {one.key: one for one in back.ways}
    assert list(ways) == ["coarse", "sdedit", "operator", "exact"] and done == sorted(done) and done[-1] <= 1
    assert back.refused[0][0] == "network" and "Train one with --coarsen" in back.refused[0][1]
    std = float(back.task.truth.std())
    assert ways["exact"].low_pass < 3 * ERROR * std < ways["sdedit"].low_pass
    assert ways["exact"].crps < ways["coarse"].crps and ways["coarse"].low_pass < 1e-4
    # the denoiser's vjp and the exact solution are the same law where the prior is Gaussian
    apart = ways["operator"].members.mean(0) - ways["exact"].members.mean(0)
    assert float(np.abs(apart).mean()) < 0.1 * std
    members = ways["sdedit"].members
    assert ways["sdedit"].crps == pytest.approx(
        np.abs(members - back.task.truth).mean()
        - np.abs(members[:, None] - members[None]).mean((0, 1)).mean() * 6 / 5 / 2,
        rel=1e-9,
    )
    told = format_ways(back, "K")
    assert told.splitlines()[1].split()[-2] == "0", "what the coarse field is off by is rounding"
    assert "gaussian, exact" in told and "spectra part: t*" in told and "Train one" in told
    plain = plain_ways(back)
    assert [one["way"] for one in plain["ways"]] == list(ways) and plain["ways"][0]["spread_skill"] is None


def test_less_noise_keeps_more_of_the_block_means_and_the_levels_offered_are_the_best_that_were_tried(
    facts: Facts,
) -> None:
    one = task(facts)
    tried = try_levels(one)
    assert [level.s for level in tried] == sorted((level.s for level in tried), reverse=True)
    assert tried[-1].low_pass < 0.5 * tried[0].low_pass
    found = {level.key: level for level in offered(one, tried)}
    assert found["parting"].s == one.parting
    assert found["distance"].s == min(tried, key=lambda level: level.distance).s
    assert found["low_pass"].s == min(tried, key=lambda level: level.low_pass).s
    assert found["parting"].t == pytest.approx(float(one.plan.recipe.course.schedule.t_of(one.parting)))


def test_sdedit_starts_from_the_coarse_field_at_the_level_asked_for(facts: Facts) -> None:
    plan = sdedit_plan(task(facts, level=0.3))
    assert plan.levels[0] == pytest.approx(0.3) and np.array_equal(plan.x0, task(facts).start)
    barely = WaysBack(task(facts, level=1e-3), ("sdedit",), tuple(try_levels(task(facts, members=2))))
    barely.go()
    assert barely.ways[1].low_pass < 0.1 and barely.ways[1].distance > 1, "hardly anything is made anew"


@pytest.mark.parametrize(
    ("values", "factor", "words"),
    [
        ({"region": Region(16, 16, 30, 30)}, 4, "cannot be cut into blocks of 4"),
        ({}, 1, "Blocks of 1 pixels"),
        ({}, 32, "Blocks of 32 pixels"),
        ({"members": 1}, 4, "One member has no spread"),
    ],
)
def test_what_cannot_be_made_coarse_is_refused(
    facts: Facts, values: dict[str, object], factor: int, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        task(facts, factor, **values).check()


@pytest.mark.parametrize("level", [0.0, -1.0, np.nan, np.inf, 1e9])
def test_a_level_from_which_no_run_starts_is_refused_and_not_replaced(facts: Facts, level: float) -> None:
    with pytest.raises(UserError, match="SDEdit cannot start from s = "):
        WaysBack(task(facts, level=level), ("sdedit",)).go()
    task(facts, level=float(BASE.course.schedule.noise_level(1.0))).check()


def test_missing_pixels_are_refused() -> None:
    holed = RED.astype(np.float32).copy()
    holed[20, 20] = np.nan
    with pytest.raises(UserError, match="missing pixels"):
        task(Facts(Field(holed, "red", "K"))).check()


def test_the_library_gives_members_and_scores_with_their_way(facts: Facts) -> None:
    back = diffview.downscale(
        RED.astype(np.float32), 4, ways=("sdedit", "exact"), s=0.5, model="gaussian", region=(16, 16, 32, 32),
        members=3, steps=4,
    )  # fmt: skip
    assert back.members.dims == ("way", "member", "y", "x") and back.members.shape == (2, 3, 32, 32)
    assert list(back.way.values) == ["sdedit", "exact"] and set(back.offered.values) == {
        "parting", "distance", "low_pass",
    }  # fmt: skip
    assert float(back.crps.sel(way="exact")) > 0 and np.allclose(back.truth, RED[16:48, 16:48], atol=1e-3)
    with pytest.raises(UserError, match="no way 'guess'"):
        diffview.downscale(RED.astype(np.float32), 4, ways=("guess",), model="gaussian", region=(16, 16, 32, 32))
