"""Consistency and RePaint: exact maps, the walk upwards, gaps filled as kriging fills them; runs told known pixels."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import within_5_sigma
from samplers_twins import LEVELS, Jump, formula, known_like, start, walk

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.noise import JUMP, KNOWN, STEP, Noise
from diffview.models.choice import Given
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import krige
from diffview.reverse.samplers import SAMPLERS
from diffview.reverse.trajectory import Trajectory
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run, start_state


def exact_map(n: int = 48) -> Jump:
    return Jump(0.2, np.full((n, n // 2 + 1), 2.0), n)


@pytest.mark.parametrize("steps", [1, 2, 5, 18])
def test_consistency_with_the_exact_map_gives_the_exact_law(steps: int) -> None:
    """White noise of variance 2 + s^2 is carried to variance 2 + s_min^2 and back up, however many steps there are."""
    jump, levels = exact_map(), [*np.geomspace(80, 0.1, steps).tolist(), 0.0]
    y = 0.2 + math.sqrt(2 + 80.0**2) * np.random.default_rng(0).standard_normal((4, 1, 48, 48))
    steps_made = walk("consistency", jump, y, levels)
    for step in steps_made[1:]:
        assert within_5_sigma(step.y - 0.2, 2 + max(step.s, 0.02) ** 2)


def test_one_step_of_consistency_is_the_map_and_draws_nothing() -> None:
    y, jump = start(shape=(2, 1, 48, 48)), exact_map()
    noise = lambda stream, index: pytest.fail("no noise is drawn")  # noqa: E731
    *_, last = SAMPLERS["consistency"].run(jump, y, [80.0, 0.0], noise)
    np.testing.assert_allclose(last.y, 0.2 + (y - 0.2) * math.sqrt((2 + 0.02**2) / (2 + 80.0**2)), rtol=1e-12)


def test_consistency_puts_no_noise_below_the_end_of_its_map() -> None:
    jump, levels = exact_map(), [1.0, 0.02, 0.01, 0.0]
    steps = walk("consistency", jump, start(shape=(1, 1, 48, 48)), levels)
    for step in steps[1:]:
        assert (step.y == step.x0_hat).all()


def paper_walk(steps: int, jump: int, resamplings: int) -> list[int]:
    """get_schedule_jump of the authors' code: times t = T-1 ... 0, -1, with single steps upwards."""
    jumps = dict.fromkeys(range(0, steps - jump, jump), resamplings - 1)
    t, times = steps, []
    while t >= 1:
        t -= 1
        times.append(t)
        if jumps.get(t, 0) > 0:
            jumps[t] -= 1
            for _ in range(jump):
                t += 1
                times.append(t)
    return [*times, -1]


@given(st.integers(1, 60), st.integers(1, 20), st.integers(1, 5))
def test_the_walk_is_the_papers(steps: int, jump: int, resamplings: int) -> None:
    """Without the times on the way up, which one jump passes over: the same levels are evaluated in the same order."""
    times = paper_walk(steps, jump, resamplings)
    evaluated = [t for t, following in pairwise(times) if following < t]
    places = SAMPLERS["repaint"].places(steps, {"jump": jump, "resamplings": resamplings})
    assert [steps - 1 - place for place in places[:-1]] == evaluated
    assert places[0] == 0 and places[-1] == steps


def test_repaint_without_resampling_and_with_nothing_known_is_ddpm() -> None:
    y = start()
    nothing = (np.zeros((4, 4), bool), np.zeros((4, 4)))
    ours = walk("repaint", formula(), y, LEVELS, resamplings=1, known=nothing)
    for a, b in zip(ours, walk("ddpm", formula(), y, LEVELS), strict=True):
        np.testing.assert_allclose(a.y, b.y, rtol=1e-12, atol=1e-12)


def test_known_pixels_are_kept_exactly_and_noised_on_the_way() -> None:
    y = start(shape=(300, 1, 4, 4))
    mask, values = known_like(y)
    for step in walk("repaint", formula(), y, LEVELS)[1:-1]:
        assert within_5_sigma((step.y - values)[..., mask], step.s**2)
    end = walk("repaint", formula(), y, LEVELS)[-1].y
    assert (end[..., mask] == values[mask]).all()


def test_no_noise_of_repaint_is_used_twice_and_only_its_own_streams() -> None:
    drawn = []

    def noise(stream: int, index: int) -> np.ndarray:
        drawn.append((stream, index))
        return np.zeros((2, 1, 4, 4))

    list(SAMPLERS["repaint"].run(formula(), start(), LEVELS, noise, known=known_like(start())))
    assert len(drawn) == len(set(drawn)) and {stream for stream, _ in drawn} == {STEP, KNOWN, JUMP}


def test_repaint_fills_a_gap_as_kriging_does() -> None:
    """Mean and spread of 400 members against simple kriging, which is exact for this law."""
    law = Gaussian.power_law(12, 12, 3.0, 1.5, 1.0)
    truth = law.sample(np.random.default_rng(3).standard_normal((12, 12)))
    known = np.ones((12, 12), bool)
    known[4:8, 3:8] = False
    exact = krige(np.where(known, truth, np.nan), law, std=True)
    levels = [*np.geomspace(40, 0.02, 40).tolist(), 0.0]
    y = 40 * Noise(0, (400, 1, 12, 12))(0, 0).astype(np.float64)
    end = walk("repaint", law, y, levels, known=(known, truth), jump=5, resamplings=10)[-1].y[:, 0]
    gap, typical = ~known, float(truth.std())
    error = np.abs(end.mean(0) - exact.mean)[gap].max()
    assert error < 0.2 * typical < np.abs(exact.mean - truth.mean())[gap].max()
    assert end.std(0)[gap].mean() == pytest.approx(exact.std[gap].mean(), rel=0.15)
    # in standard errors of 400 members: 1 if nothing but chance were left; resampling is what makes it small
    assert np.sqrt(np.mean(((end.mean(0) - exact.mean)[gap] / (exact.std[gap] / 20)) ** 2)) < 1.8


def test_repaint_without_known_pixels_is_a_user_error() -> None:
    with pytest.raises(UserError, match="no known pixels"):
        next(SAMPLERS["repaint"].run(formula(), start(), LEVELS, None))


VALUES = np.random.default_rng(0).standard_normal((96, 96)).astype(np.float32).cumsum(0).cumsum(1)
REGION, GAP = Region(8, 8, 24, 24), Region(16, 20, 6, 5)
WISH = Recipe.of(model="gaussian", sampler="repaint", region=REGION, steps=12, members=2)


def facts(values: np.ndarray = VALUES, **more: object) -> Facts:
    return Facts(Field(values, "tb", "K"), **more)


def test_a_run_is_told_what_is_neither_missing_nor_hidden() -> None:
    holed = VALUES.copy()
    holed[10:12, 9:30] = np.nan
    plan = resolve(WISH.but(hidden=(GAP, Region(0, 0, 10, 9))), facts(holed))
    told = np.ones((96, 96), bool)
    told[10:12, 9:30] = told[16:22, 20:25] = told[:10, :9] = False
    assert plan.refusal is None and (plan.known == told[8:32, 8:32]).all()
    *_, last = run(plan)
    assert np.isfinite(last.y).all() and last.evaluations == plan.evaluations > 12
    assert (last.y[0, 0][plan.known] == plan.x0[plan.known]).all()


@pytest.mark.parametrize("start_from", ["noise", "field"])
def test_what_is_hidden_has_no_part_in_the_run(start_from: str) -> None:
    other = VALUES.copy()
    other[GAP.slices] += 1000.0
    ends = []
    for values in (VALUES, other):
        plan = resolve(WISH.but(hidden=(GAP,), origin=start_from, model="mine"), facts(values, given=MINE))
        plan = replace(plan, x0=np.where(plan.known, resolve(WISH, facts()).x0, plan.x0))  # the transform sees all
        assert start_state(plan).shape == (2, 1, 24, 24)
        ends.append(list(run(plan))[-1].y)
    assert (ends[0] == ends[1]).all()


MINE = {"mine": Given(lambda y, s: y / (1 + s * s), "mine")}


@pytest.mark.parametrize("model", ["data", "local", "gaussian"])
def test_no_crop_that_shows_a_hidden_pixel_is_learnt_from(model: str) -> None:
    """What is around the gap may be seen: the run is given it."""
    plan = resolve(WISH.but(hidden=(GAP,), model=model), facts())
    crops = plan.model.regions
    assert not any(crop.overlaps(GAP) for crop in crops) and any(crop.overlaps(plan.region) for crop in crops)
    assert plan.region == REGION
    started = resolve(WISH.but(hidden=(GAP,), model=model, sampler="heun", origin="field"), facts())
    assert model == "gaussian" or not any(crop.overlaps(started.region) for crop in started.model.regions)


@pytest.mark.parametrize("hidden", [(), (Region(0, 0, 4, 4),), (Region(0, 0, 96, 96),)])
def test_a_region_with_nothing_to_fill_or_nothing_to_go_by_is_refused(hidden: tuple[Region, ...]) -> None:
    plan = resolve(WISH.but(hidden=hidden), facts())
    assert plan.refusal is not None and plan.refusal.hint.endswith(".")
    with pytest.raises(UserError):
        run(plan)


def test_hidden_pixels_concern_no_other_sampler() -> None:
    plain, hidden = (resolve(WISH.but(sampler="heun", hidden=h), facts()) for h in ((), (GAP,)))
    assert plain.known is hidden.known is None
    assert all((a.y == b.y).all() for a, b in zip(run(plain), run(hidden), strict=True))


def test_hidden_pixels_are_saved() -> None:
    wish = WISH.but(hidden=(GAP, REGION))
    assert Recipe.from_json(wish.to_json()) == wish
    assert Recipe.from_json(WISH.to_json()).guidance.hidden == ()
    for bad in ("x", [{"row": 1}], [[1, 2, 3, 4]], [{"row": 1.5, "column": 0, "ny": 1, "nx": 1}]):
        text = WISH.to_json().replace('"hidden": []', f'"hidden": {__import__("json").dumps(bad)}')
        with pytest.raises(UserError):
            Recipe.from_json(text)


def test_the_levels_of_a_walk_upwards_are_those_of_its_steps_and_its_record_is_exact() -> None:
    plan = resolve(WISH.but(hidden=(GAP,)), facts())
    steps, record = list(run(plan)), Trajectory(0)
    assert [step.s for step in steps] == plan.visited and len(steps) == plan.steps + 1
    assert max(np.diff(plan.visited)) > 0, "it walks upwards"
    for step in steps:
        record.append(step)
    for k in (1, 7, plan.steps - 1):
        go_on = lambda step, index: next(s for s in run(plan, after=step) if s.index == index)  # noqa: E731
        assert (record.at(k, go_on).y == steps[k].y).all()


def test_a_consistency_model_of_the_user_runs_and_nothing_else_runs_on_it() -> None:
    class Own:
        kind = "consistency"

        def __call__(self, y: np.ndarray, s: float) -> np.ndarray:
            return y / math.sqrt(1 + s * s)

    there = facts(given={"mine": Given(Own(), "mine")})
    plan = resolve(WISH.but(model="mine", sampler="consistency", steps=3), there)
    assert plan.refusal is None and list(run(plan))[-1].evaluations == plan.evaluations == 3
    assert "consistency model" in str(resolve(WISH.but(model="mine", sampler="heun"), there).refusal)
