"""Races: errors against closed forms, orders of convergence, one Brownian path for every grid."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.forward.noise import JUMP, STEP
from diffview.forward.schedules import Edm, Linear
from diffview.models.choice import Given
from diffview.models.data import Data
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.scores.race import (
    EVEN_END,
    EXACT,
    FINE_RUN,
    OWN_RUN,
    RACERS,
    PathNoise,
    Point,
    Race,
    Track,
    error_size,
    even_end,
    plan_race,
    race_plan,
    steps_for,
    why_not,
)

MODEL = Gaussian.power_law(16, 16, 3.0, 2.0)
START = 80 * np.random.default_rng(0).standard_normal((2, 1, 16, 16))


def track(**others: object) -> Track:
    return Track(**{"y": START, "top": 80.0, "schedule": Edm(), **others})


def points_of(race: Race) -> list[Point]:
    reports = list(race.run())
    shares = [done for done, _ in reports]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    return [point for _, point in reports if point is not None]


def test_the_flow_of_a_gaussian_solves_its_ode() -> None:
    """Its derivative at s is (y - x0_hat)/s, and it is a flow: from 80 to 1 to 0.1 is from 80 to 0.1."""
    y, s, h = MODEL.flow(START, 80.0, 2.0), 2.0, 1e-5
    slope = (MODEL.flow(y, s, s + h) - MODEL.flow(y, s, s - h)) / (2 * h)
    np.testing.assert_allclose(slope, (y - MODEL(y, s)) / s, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(
        MODEL.flow(MODEL.flow(START, 80.0, 1.0), 1.0, 0.1), MODEL.flow(START, 80.0, 0.1), atol=1e-12
    )


def test_errors_by_hand() -> None:
    (point,) = points_of(Race(MODEL, track(), {"heun": {}}, [9]))
    levels = track().levels(5)
    assert levels[0] == 80 and levels[-1] == 0 and len(levels) == 6
    *_, last = SAMPLERS["heun"].run(MODEL, START, levels, None)
    expected = float(np.sqrt(np.mean((last.y - MODEL.flow(START, 80.0, 0.0)) ** 2)))
    assert point.error == pytest.approx(expected, rel=1e-12)
    assert (point.sampler, point.steps, point.evaluations, point.truth) == ("heun", 5, 9, EXACT)


ODE = [
    key for key, info in SAMPLERS.items()
    if not info.draws(sampler_params(key, {})) and not why_not(MODEL, key, sampler_params(key, {}))
]  # fmt: skip


@pytest.mark.parametrize("key", ODE)
def test_slopes_are_the_declared_orders_where_the_last_jump_is_left_out(key: str) -> None:
    found = points_of(Race(MODEL, track(end=0.05), {key: {}}, [80, 160, 320, 640]))
    log_e, log_n = np.log([p.error for p in found]), np.log([p.evaluations for p in found])
    assert -np.polyfit(log_n, log_e, 1)[0] == pytest.approx(SAMPLERS[key].order, abs=0.2)


def test_a_fine_run_is_as_good_as_the_closed_form() -> None:
    """The same errors, to some percent, when the closed form is hidden."""
    hidden = MODEL.__call__
    exact = points_of(Race(MODEL, track(), {"heun": {}, "euler": {}}, [6, 18, 34]))
    fine = points_of(Race(hidden, track(), {"heun": {}, "euler": {}}, [6, 18, 34]))
    assert [p.truth for p in exact] == [EXACT] * 6 and [p.truth for p in fine] == [FINE_RUN] * 6
    np.testing.assert_allclose([p.error for p in fine], [p.error for p in exact], rtol=0.05)


def test_one_path_for_every_grid() -> None:
    """Increments add up: the noise of one step is that of two half steps; each is a standard normal."""
    like = np.zeros((2, 1, 96, 96), np.float32)
    coarse, fine = PathNoise(5, [3.0, 1.0, 0.0], like), PathNoise(5, [3.0, 2.0, 1.0, 0.0], like)
    joined = (np.sqrt(5.0) * fine(STEP, 0) + np.sqrt(3.0) * fine(STEP, 1)) / np.sqrt(8.0)
    np.testing.assert_allclose(coarse(STEP, 0), joined, atol=1e-5)
    z = np.stack([fine(STEP, i) for i in range(3)])
    assert abs(z.mean()) < 5 / np.sqrt(z.size) and abs(z.var() - 1) < 5 * np.sqrt(2 / z.size)
    assert abs(np.mean(z[0] * z[1])) < 5 / np.sqrt(z[0].size)
    assert not np.allclose(z[:, 0], z[:, 1])
    with pytest.raises(UserError, match="upwards"):
        fine(JUMP, 0)


def test_ddpm_converges_along_its_path() -> None:
    """Additive noise: Euler-Maruyama's strong order is 1 [Kloeden & Platen 1992, section 10.2]."""
    found = points_of(Race(MODEL, track(end=0.05), {"ddpm": {}}, [32, 64, 128]))
    assert {p.truth for p in found} == {OWN_RUN}
    slope = -np.polyfit(np.log([p.evaluations for p in found]), np.log([p.error for p in found]), 1)[0]
    assert 0.7 < slope < 1.5


def test_a_model_that_is_no_gaussian_races_against_a_fine_run() -> None:
    crops = MODEL.sample(np.random.default_rng(1).standard_normal((20, 16, 16))).astype(np.float32)
    y = START.astype(np.float32)
    found = points_of(Race(Data(crops), track(y=y, schedule=Linear(), end=0.5), {"heun": {}, "ddim": {}}, [10, 40]))
    errors = {(p.sampler, p.evaluations): p.error for p in found}
    assert {p.truth for p in found} == {FINE_RUN} and all(np.isfinite(p.error) for p in found)
    assert errors["ddim", 40] < errors["ddim", 10]


@pytest.mark.parametrize("key", SAMPLERS)
@pytest.mark.parametrize("evaluations", [1, 2, 7, 40])
def test_a_run_takes_at_most_the_evaluations_it_is_given(key: str, evaluations: int) -> None:
    info, params = SAMPLERS[key], sampler_params(key, {})
    steps = steps_for(info, params, evaluations)
    assert info.evaluations(steps + 1, params) > evaluations
    assert steps == 1 or info.evaluations(steps, params) <= evaluations


def test_who_cannot_race_is_told() -> None:
    race = Race(MODEL, track(), {"heun": {}, "repaint": {}, "consistency": {}}, [9])
    assert {p.sampler for p in points_of(race)} == {"heun"}
    assert "upwards" in race.lost["repaint"] and "consistency model" in race.lost["consistency"]
    with pytest.raises(UserError, match="consistency model"):
        Race(MODEL, track(), {"consistency": {}})


@pytest.mark.parametrize(("samplers", "evaluations"), [({}, [5]), ({"heun": {}}, []), ({"heun": {}}, [0])])
def test_a_race_of_nothing_is_a_user_error(samplers: dict, evaluations: list) -> None:
    with pytest.raises(UserError):
        Race(MODEL, track(), samplers, evaluations)


def test_a_sampler_that_is_unknown_is_a_user_error() -> None:
    with pytest.raises(UserError, match="no sampler"):
        Race(MODEL, track(), {"warp": {}})


# of a recipe

FACTS = Facts(
    Field((270 + 15 * np.random.default_rng(2).standard_normal((128, 160))).astype(np.float32), "tb", "K"),
    given={"model": Given(Gaussian.power_law(32, 32, 3.0, 2.0))},
)
WISH = Recipe.of(model="model", region=Region(10, 20, 32, 32), schedule=Edm(), grid="karras", steps=4)


def test_a_plan_races_from_its_start_to_the_closed_form() -> None:
    plan = race_plan(WISH, FACTS, WISH.source.region)
    race = plan_race(plan, ["euler"], [5])
    assert plan.shape == race.track.y.shape == (RACERS, 1, 32, 32) and race.track.y.dtype == np.float64
    (point,) = points_of(race)
    denoise, y = plan.model.denoiser(), race.track.y
    *_, last = SAMPLERS["euler"].run(denoise, y, race.track.levels(5), None)
    expected = np.sqrt(np.mean((last.y - denoise.flow(y, plan.levels[0], 0.0)) ** 2))
    assert point.error == pytest.approx(expected, rel=1e-12)
    assert (point.steps, point.evaluations, point.truth) == (5, 5, EXACT)


def test_a_large_region_races_in_its_middle() -> None:
    gaussian = Recipe.of(model="gaussian", schedule=Edm(), steps=4)
    assert race_plan(gaussian, FACTS, Region(10, 20, 100, 120)).region == Region(28, 48, 64, 64)
    assert race_plan(gaussian, FACTS, Region(10, 20, 40, 120)).region == Region(10, 48, 40, 64)


def test_where_no_large_crop_is_complete_a_smaller_one_races_and_else_it_is_said_why() -> None:
    values = FACTS.field.values.copy()
    values[::40], values[:, ::40] = np.nan, np.nan
    holed, gaussian = Facts(Field(values, "tb", "K")), Recipe.of(model="gaussian", schedule=Edm(), steps=4)
    region = race_plan(gaussian, holed, Region(10, 20, 100, 100)).region
    assert (region.ny, region.nx) == (32, 32)
    values[:] = np.where(np.indices(values.shape).sum(0) % 9 == 0, np.nan, values)
    with pytest.raises(UserError) as caught:
        race_plan(gaussian, Facts(Field(values, "tb", "K")), Region(10, 20, 100, 100))
    assert caught.value.hint


def test_a_race_of_the_orders_ends_where_schedule_and_model_still_answer() -> None:
    plan = race_plan(WISH, FACTS, WISH.source.region)
    assert even_end(plan) == EVEN_END
    high = race_plan(WISH.but(schedule=Edm(sigma_min=0.2)), FACTS, WISH.source.region)
    assert even_end(high) == high.recipe.course.schedule.s_min == pytest.approx(0.2, rel=0.02)
    (point,) = points_of(plan_race(plan, ["heun"], [80], even_end(plan)))
    assert point.evaluations == 80 and point.error < 0.05


def test_an_error_has_one_size_where_the_transform_is_linear() -> None:
    assert error_size(Transform("standardise", 280.0, 15.0), "K") == (15.0, "K")
    assert error_size(Transform("standardise", 280.0, 15.0), "") == (1.0, "standard deviations")
    assert error_size(Transform("log1p", 0.0, 2.0), "mm h-1") == (1.0, "standard deviations")
