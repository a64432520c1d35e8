"""Ensembles in blocks: parts made anywhere are the whole to the bit, and thousands of members cost no more memory."""

import tracemalloc

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.schedules import Edm
from diffview.models.cards import find_card
from diffview.reverse.samplers import Step
from diffview.runs.facts import Facts
from diffview.runs.in_blocks import (
    blocks_of,
    counting,
    kept_of,
    last_steps,
    physical_of,
    streamed_for,
    together,
    too_large,
    unmet,
)
from diffview.runs.plan import Plan
from diffview.runs.recipe import Fork, Recipe
from diffview.runs.requests import Models, Run
from diffview.runs.resolve import resolve
from diffview.runs.run import run
from diffview.runs.statistics import Statistic

RED = np.cumsum(np.cumsum(np.random.default_rng(0).standard_normal((64, 64)), axis=0), axis=1).astype(np.float32)
BASE = Recipe.of(
    model="gaussian", region=Region(8, 8, 16, 16), steps=4, grid="karras", schedule=Edm(), seed=3, sampler="ddpm"
)


@pytest.fixture(scope="module")
def facts() -> Facts:
    return Facts(Field(RED, "red", "K"))


def members(plan: Plan) -> np.ndarray:
    return np.concatenate([step.y for step in last_steps(plan)])


def made(facts: Facts, recipe: Recipe = BASE, **asked: object) -> np.ndarray:
    return members(resolve(recipe.but(**asked), facts))


@pytest.mark.parametrize("model", ["gaussian", "local", "data"])
@pytest.mark.parametrize("sampler", ["ddpm", "heun", "ddim"])
def test_parts_made_anywhere_are_the_members_of_the_whole_to_the_bit(model: str, sampler: str, facts: Facts) -> None:
    base = BASE.but(model=model, sampler=sampler, block=4)
    whole = made(facts, base, members=14)
    parts = [made(facts, base, first_member=first, members=n) for first, n in ((0, 8), (8, 4), (12, 2))]
    assert whole.shape[0] == 14 and np.array_equal(whole, np.concatenate(parts))
    assert len({member.tobytes() for member in whole}) > 2


def test_parts_of_a_network_are_the_members_of_the_whole_to_the_bit(facts: Facts) -> None:
    card = find_card("rain64")
    rain = Facts(Field(RED, "red", "K"), torch="", cards={"rain64": card})
    base = Recipe.of(model="rain64", steps=2, sampler="heun", grid="karras", schedule=Edm(sigma_max=80.0), block=2)
    whole = made(rain, base, members=5)
    assert np.array_equal(whole[2:4], made(rain, base, first_member=2, members=2))
    assert np.array_equal(whole[4:], made(rain, base, first_member=4, members=1))


def test_runs_started_from_the_field_on_a_chain_and_forks_have_their_own_members_too(facts: Facts) -> None:
    start = BASE.but(origin="field", level=2.0, path_mode="chain", block=3)
    fork = start.but(fork=Fork(2, start.course, 7), sampler="ddim")
    for recipe in (start, fork):
        assert np.array_equal(made(facts, recipe, members=6)[3:], made(facts, recipe, first_member=3, members=3))


def test_up_to_sixty_four_members_are_made_at_once_as_they_were_before_there_were_blocks(facts: Facts) -> None:
    plan = resolve(BASE.but(members=64), facts)
    *_, last = run(plan)
    assert blocks_of(plan) == [plan] and np.array_equal(members(plan), last.y)
    sizes = [block.shape[0] for block in blocks_of(resolve(BASE.but(members=150), facts))]
    assert sizes == [64, 64, 22]


def test_the_statistics_of_many_members_are_numpys_over_the_same_members(facts: Facts) -> None:
    recipe = BASE.but(members=300, block=15, statistics="mean,spread,p>0,q0.9")
    plan = resolve(recipe, facts)
    streamed = streamed_for(plan)
    for step in last_steps(plan):
        streamed.add(physical_of(plan, step.y))
    all_ = plan.made_in.inverse(members(plan)[:, 0])
    assert len(blocks_of(plan)) == 20 and streamed.count == 300
    assert np.abs(streamed.result(Statistic("mean")) - all_.mean(0)).max() < 1e-6
    assert np.abs(streamed.result(Statistic("spread")) - all_.std(0, ddof=1)).max() < 1e-6
    assert np.array_equal(streamed.result(Statistic("p>", 0.0)), (all_ > 0).mean(0))
    width = 16 * plan.made_in.std / 512
    exact = np.quantile(all_, 0.9, axis=0, method="inverted_cdf")
    assert np.abs(streamed.result(Statistic("q", 0.9)) - exact).max() <= width


def test_two_thousand_members_take_the_memory_of_one_block(facts: Facts) -> None:
    def peak(count: int) -> int:
        plan = resolve(BASE.but(members=count, block=50, steps=2, statistics="mean,spread,p>0,q0.9"), facts)
        streamed = streamed_for(plan)
        tracemalloc.reset_peak()
        for step in last_steps(plan):
            streamed.add(physical_of(plan, step.y))
        assert streamed.count == count
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(100)
        few, many = peak(100), peak(2000)
    finally:
        tracemalloc.stop()
    assert many - few < 1900 * 16 * 16 * 4  # the members alone would take that


def test_a_truth_gives_a_crps_and_a_threshold_beyond_all_members_is_told(facts: Facts) -> None:
    start = resolve(BASE.but(origin="field", level=0.5, members=8, statistics="crps,p>1e6,p>-1e6"), facts)
    truth = facts.field.values[start.region.slices]
    streamed = streamed_for(start, truth)
    for step in last_steps(start):
        streamed.add(physical_of(start, step.y))
    assert (streamed.result(Statistic("crps")) < np.abs(truth).max()).all()
    above, below = unmet(streamed, "K")
    assert above.startswith("No member is above 1e+06 K") and below.startswith("Every member is above -1e+06 K")


@pytest.mark.parametrize("values", [{"first_member": 5}, {"first_member": 64, "block": 48}, {"first_member": 32}])
def test_a_part_that_begins_inside_a_block_is_refused(values: dict[str, int], facts: Facts) -> None:
    refusal = resolve(BASE.but(members=4, **values), facts).refusal
    assert refusal is not None and "lies inside one of them" in refusal.sentence and "Begin at" in refusal.hint


def test_a_spread_of_one_member_is_refused_before_anything_runs(facts: Facts) -> None:
    with pytest.raises(UserError, match="One member has no spread"):
        streamed_for(resolve(BASE.but(statistics="mean,spread"), facts))


def same(a: Step, b: Step) -> bool:
    pairs = [(a.y, b.y), (a.x0_hat, b.x0_hat), (a.eps_hat, b.eps_hat), *zip(a.history, b.history, strict=True)]
    alike = all(x is y if x is None else np.array_equal(x, y) for x, y in pairs)
    return alike and (a.index, a.s, a.s_eval, a.evaluations) == (b.index, b.s, b.s_eval, b.evaluations)


@pytest.mark.parametrize("sampler", ["ddim", "heun", "plms", "dpmpp_2m", "unipc"])
def test_blocks_that_go_in_step_are_one_run_and_go_on_from_any_step_of_it(sampler: str, facts: Facts) -> None:
    base = BASE.but(sampler=sampler, steps=6)
    whole = list(run(resolve(base.but(members=7, block=7), facts)))
    plan = resolve(base.but(members=7, block=3), facts)
    steps = list(together(plan))
    assert [len(step.y) for step in steps] == [7] * 7
    assert all(same(a, b) for a, b in zip(steps, whole, strict=True))
    for start in steps[:-1]:
        again, *rest = together(plan, None, start)
        assert np.array_equal(again.y, start.y) and [step.index for step in rest] == [*range(start.index + 1, 7)]
        assert all(np.array_equal(a.y, b.y) for a, b in zip(rest, steps[start.index + 1 :], strict=True))


def test_what_a_step_and_its_history_share_is_kept_once(facts: Facts) -> None:
    *_, step, _ = together(resolve(BASE.but(sampler="dpmpp_2m", members=6, block=2), facts))
    assert any(part is step.x0_hat for part in step.history)


def test_a_run_ends_between_two_blocks(facts: Facts) -> None:
    calls = []

    def end() -> None:
        calls.append(None)
        if len(calls) == 5:
            raise StopIteration("now")

    with pytest.raises(RuntimeError):
        list(together(resolve(BASE.but(members=6, block=2), facts), None, None, end))
    assert len(calls) == 5


def test_members_that_do_not_fit_are_counted_and_the_first_block_is_kept(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is counted, block by block, is numpy's over all members, and the record is that of the first block."""
    monkeypatch.setattr("diffview.runs.in_blocks.MOST_KEPT", 20 * 256)
    plan = resolve(BASE.but(origin="field", level=0.5, members=70, block=20), facts)
    job = Run(plan, Models())
    job.run()
    assert job.error is None and job.state == "finished" and job.done == 1
    all_ = plan.made_in.inverse(members(plan)[:, 0])
    assert np.array_equal(plan.made_in.inverse(job.trajectory.last.y[:, 0]), all_[:20]) and job.kept.shape[0] == 20
    counted = job.counted
    assert counted is not None and counted.count == 70
    assert np.allclose(counted.result(Statistic("mean")), all_.mean(0), rtol=1e-9)
    assert np.allclose(counted.result(Statistic("spread")), all_.std(0, ddof=1), rtol=1e-6)
    truth = facts.field.values[plan.region.slices].astype(float)
    parts = [crps_parts(block, truth) for block in np.split(all_, [20, 40, 60])]
    errors, apart, pairs = (sum(part[i] for part in parts) for i in range(3))
    assert np.allclose(counted.result(Statistic("crps")), errors / 70 - apart / (2 * pairs), rtol=1e-4, atol=1e-5)
    again = streamed_for(counting(plan, counted), truth)
    assert again.asked == counted.asked


def crps_parts(x: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Sums of |x_i - y| and of |x_i - x_j| over pairs, and the number of pairs."""
    apart = np.abs(x[:, None] - x[None]).sum((0, 1)) / 2
    return np.abs(x - truth).sum(0), apart, len(x) * (len(x) - 1) // 2


def test_all_members_that_fit_are_kept(facts: Facts) -> None:
    plan = resolve(BASE.but(members=2**25 // 256), facts)
    assert kept_of(plan) is plan
    assert kept_of(resolve(BASE.but(members=2**25 // 256 + 1), facts)).shape[0] == 64


def test_what_is_counted_stops_between_blocks_and_stays(facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffview.runs.in_blocks.MOST_KEPT", 20 * 256)
    job = Run(resolve(BASE.but(members=100, block=20), facts), Models())

    def stop_after_three() -> None:
        job.stopping = job.counted is not None and job.counted.count == 60

    job.between = stop_after_three
    job.run()
    assert job.state == "stopped" and job.counted is not None and job.counted.count == 60


def test_a_block_that_does_not_fit_is_refused_with_the_command_that_keeps_statistics(
    facts: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffview.runs.in_blocks.MOST_KEPT", 32 * 256)
    assert too_large(resolve(BASE.but(members=32), facts)) is None
    assert too_large(resolve(BASE.but(members=1000, block=32), facts)) is None
    refusal = too_large(resolve(BASE.but(members=1000), facts))
    assert refusal is not None and "64 members" in refusal.sentence and "32 do" in refusal.sentence
    assert "diffview sample --block 32 --members 1000 --statistics mean,spread" in refusal.hint
