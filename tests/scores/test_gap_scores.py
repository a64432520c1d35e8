"""Gaps filled and judged: what is told and what is not, kriging as the baseline, scores by hand and by scoringrules."""

from dataclasses import replace

import numpy as np
import pytest
import scoringrules

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.regions import smaller_crops, summed
from diffview.models.cards import read_cards
from diffview.models.choice import Given, TrainingCrops, own_mask
from diffview.models.gaussian import Gaussian, fit_gaussian
from diffview.models.kriging import krige
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run
from diffview.scores.gap import (
    filling,
    gap_score,
    krige_gap,
    kriging_plan,
    kriging_score,
    lacks,
    not_filling,
    run_score,
    way_of,
)

LAW = Gaussian.power_law(96, 96, 3.0, 2.0, 1.0)
VALUES = (280 + 10 * LAW.sample(np.random.default_rng(5).standard_normal((96, 96)))).astype(np.float32)
REGION, GAP = Region(8, 8, 24, 24), Region(16, 20, 6, 5)
PLAIN = Recipe.of(model="gaussian", region=REGION, steps=12, members=3, hidden=(GAP,))
WISH = PLAIN.but(**filling(PLAIN))


def facts(values: np.ndarray = VALUES, **more: object) -> Facts:
    return Facts(Field(values, "tb", "K"), **more)


def planned(wish: Recipe = WISH, values: np.ndarray = VALUES) -> tuple[Plan, Facts]:
    there = facts(values)
    return resolve(wish, there), there


def test_a_recipe_is_made_to_fill_and_made_not_to() -> None:
    assert (
        resolve(PLAIN, facts()).filled is None
        and WISH.course.sampler == "repaint"
        and WISH.guidance.hidden == PLAIN.guidance.hidden
    )
    assert filling(WISH) == {} and not_filling(PLAIN) == {}
    back = WISH.but(**not_filling(WISH))
    assert back == PLAIN
    guided = WISH.but(**filling(WISH, "guidance"))
    assert way_of(guided) == "guidance" and guided.course.sampler == "heun" and filling(guided, "guidance") == {}
    assert guided.but(**filling(guided)) == WISH and way_of(WISH) == "repaint" and way_of(PLAIN) == ""
    assert guided.but(**not_filling(guided)) == PLAIN.but(sampler="heun")
    filled = planned()[0].filled
    assert filled is not None and filled.sum() == 30 and filled[8:14, 12:17].all()


def test_kriging_of_a_plan_is_that_of_its_law() -> None:
    plan, there = planned()
    law_plan = kriging_plan(plan, there)
    made = krige_gap(plan, law_plan, draws=400)
    z = np.where(plan.known, plan.x0, np.nan)
    alone = krige(z, law_plan.model.denoiser().embedded(), std=True)
    np.testing.assert_allclose(made.mean, alone.mean, atol=1e-5)
    np.testing.assert_allclose(made.std, alone.std, atol=1e-5)
    assert (made.draws[:, plan.known] == plan.x0[plan.known]).all()
    gap = plan.filled
    standard = (made.draws.mean(0) - made.mean)[gap] / (made.std[gap] / 20)
    assert np.abs(standard).max() < 5
    np.testing.assert_allclose(made.draws.std(0)[gap], made.std[gap], rtol=0.2)


def test_the_law_of_kriging_has_the_transform_and_the_region_of_the_run() -> None:
    for model in ("local", "data"):
        plan, there = planned(WISH.but(model=model, region=Region(30, 30, 40, 40), hidden=(Region(40, 40, 9, 9),)))
        law_plan = kriging_plan(plan, there)
        assert law_plan.transform == plan.transform and law_plan.region == plan.region
        assert (law_plan.known == plan.known).all() and law_plan.model.denoiser().shape == (1, 40, 40)


@pytest.mark.parametrize("model", ["gaussian", "data"])
def test_the_truth_in_the_gap_has_no_part_in_run_or_kriging(model: str) -> None:
    """Another truth, of the same mean and spread, so that the transform's two numbers stay: the same filling."""
    other = VALUES.copy()
    other[GAP.slices] = VALUES[GAP.slices][::-1, ::-1]
    ends, means = [], []
    for values in (VALUES, other):
        plan, there = planned(WISH.but(model=model), values)
        *_, last = run(plan)
        ends.append(last.y)
        means.append(krige_gap(plan, kriging_plan(plan, there), draws=2).mean)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-4)
    np.testing.assert_allclose(means[0], means[1], atol=1e-4)
    assert np.abs(ends[0] - planned()[0].x0)[:, 0, 8:14, 12:17].max() > 0.1


def test_the_scores_are_those_of_the_formulas_and_of_scoringrules() -> None:
    rng = np.random.default_rng(0)
    members, truth = rng.normal(280, 3, (5, 6, 7)), rng.normal(280, 3, (6, 7))
    gap = rng.random((6, 7)) < 0.5
    truth[0, 0], gap[0, 0] = np.nan, True
    score = gap_score(members, truth, gap)
    where = gap & ~np.isnan(truth)
    x, y = members[:, where], truth[where]
    assert score.pixels == where.sum() and score.members == 5
    assert score.rmse == pytest.approx(np.sqrt(np.mean((x.mean(0) - y) ** 2)), rel=1e-12)
    fair = scoringrules.crps_ensemble(y, x.T, estimator="fair")
    assert score.crps == pytest.approx(fair.mean(), rel=1e-9)
    assert score.ratio == pytest.approx(np.sqrt(6 / 5 * x.var(0, ddof=1).mean()) / score.rmse, rel=1e-12)
    one = gap_score(members[:1], truth, gap)
    assert one.spread is None and one.crps == pytest.approx(np.abs(x[0] - y).mean())
    assert gap_score(members, np.full((6, 7), np.nan), gap) is None
    assert gap_score(members, truth, gap, np.nan_to_num(truth)).rmse == 0


def test_run_and_kriging_are_judged_in_physical_units() -> None:
    plan, there = planned()
    *_, last = run(plan)
    score, base = (
        run_score(plan, there, last.y),
        kriging_score(plan, there, made := krige_gap(plan, kriging_plan(plan, there))),
    )
    truth = VALUES[REGION.slices][plan.filled]
    mine = plan.transform.inverse(last.y[:, 0])[:, plan.filled].mean(0)
    assert score.rmse == pytest.approx(np.sqrt(np.mean((mine - truth) ** 2)), rel=1e-5)
    best = plan.transform.inverse(made.mean)[plan.filled]
    assert base.rmse == pytest.approx(np.sqrt(np.mean((best - truth) ** 2)), rel=1e-5)
    assert 0.1 < base.rmse < 10 and base.members == 64
    assert run_score(resolve(PLAIN, there), there, last.y) is None


def test_kriging_is_reliable_on_fields_of_its_law() -> None:
    """Spread over skill of its draws is 1 within chance over 12 gaps far from each other."""
    error, spread = [], []
    for row in (10, 34, 58, 80):
        for column in (10, 40, 70):
            gap = Region(row, column, 6, 8)
            region = Region(min(row - 8, 72), column - 8, 24, 24)
            plan, there = planned(WISH.but(region=region, hidden=(gap,)))
            score = kriging_score(plan, there, krige_gap(plan, kriging_plan(plan, there), draws=32))
            error.append(score.rmse**2)
            spread.append(score.spread**2)
    assert 0.7 < np.sqrt(np.mean(spread) / np.mean(error)) < 1.4


def test_really_missing_pixels_have_no_truth() -> None:
    holed = VALUES.copy()
    holed[16:22, 20:25] = np.nan
    plan, there = planned(WISH.but(hidden=()), holed)
    *_, last = run(plan)
    assert plan.filled.sum() == 30 and np.isfinite(last.y).all()
    assert run_score(plan, there, last.y) is None
    assert kriging_score(plan, there, krige_gap(plan, kriging_plan(plan, there), draws=2)) is None


def test_a_law_is_fitted_to_smaller_crops_where_no_other_is_complete() -> None:
    """Every crop as large as the region shows the gap: its spectrum comes from smaller ones, in cycles per pixel."""
    region, gap = Region(0, 0, 80, 80), Region(30, 30, 30, 30)
    plan, _ = planned(WISH.but(region=region, hidden=(gap,)))
    law = plan.model.denoiser()
    assert law.shape == (1, 80, 80) and all(not c.overlaps(gap) and c.ny < 80 for c in plan.model.regions)
    with pytest.raises(UserError, match="no complete 80 x 80 crop"):
        holed = VALUES.copy()
        holed[gap.slices] = np.nan
        raise resolve(PLAIN.but(region=region, hidden=()), facts(holed)).refusal


def test_a_law_has_the_same_power_per_pixel_on_any_size() -> None:
    big = Gaussian.power_law(64, 64, 2.0, 6.0, 1.0)
    fields = big.sample(np.random.default_rng(1).standard_normal((400, 64, 64))).astype(np.float32)
    law = fit_gaussian(fields[:, :32, :32], (64, 64))
    assert law.power.shape == big.power.shape
    ratio = (law.power / big.power)[8:24, 8:24]
    assert ratio.min() > 0.8 and ratio.max() < 1.25
    assert law.sample(np.random.default_rng(2).standard_normal((200, 64, 64))).var() == pytest.approx(1, rel=0.15)
    np.testing.assert_array_equal(fit_gaussian(fields[:50], (64, 64)).power, fit_gaussian(fields[:50]).power)


def test_smaller_crops_are_complete_and_the_largest_of_which_there_are_enough() -> None:
    mask = np.zeros((48, 48), bool)
    mask[20:26, 20:26] = True
    crops = smaller_crops(summed(mask), Region(4, 4, 40, 40), fewest=10)
    assert len(crops) >= 10 and not any(mask[crop.slices].any() for crop in crops)
    assert smaller_crops(summed(np.ones((48, 48), bool)), Region(4, 4, 40, 40)) == []


def test_other_slices_give_the_law_where_this_one_is_never_complete() -> None:
    holed = VALUES[:32, :32].copy()
    holed[::8] = np.nan
    stack = np.stack([VALUES[k : k + 32, k : k + 32] for k in (10, 20, 30)])
    stack[:, :, 12:14] = np.nan
    there = Facts(Field(holed, "tb", "K"), stack)
    plan = resolve(WISH.but(region=Region(0, 0, 32, 32), hidden=()), there)
    fit = plan.model
    assert (
        isinstance(fit, TrainingCrops)
        and fit.source.ndim == 3
        and fit.count == len(fit.regions) * 3 == len(fit.crops())
    )
    assert plan.refusal is None and np.isfinite(fit.denoiser().power).all() and np.isfinite(fit.crops()).all()


def test_a_network_with_land_fills_everything_but_its_land() -> None:
    card = read_cards()["sst32"]
    land = ~own_mask(card)
    assert 0.02 < land.mean() < 0.3
    sea = np.where(land, np.nan, 15.0).astype(np.float32) + np.linspace(0, 1, 32, dtype=np.float32)
    there = Facts(Field(sea, "sst", "degC"), torch="2", cards=read_cards())
    wish = WISH.but(model="sst32", region=None, transform="auto", hidden=())
    assert "here there are none" in str(resolve(wish, there).refusal)
    free = tuple(int(i) for i in np.argwhere(~land[8:20, 8:20])[0] + 8)
    plan = resolve(wish.but(hidden=(Region(*free, 1, 1),)), there)
    made = krige_gap(plan, kriging_plan(plan, replace(there, stack=np.stack([sea + k for k in range(3)]))), draws=2)
    assert (np.isnan(made.mean) == land).all() and (np.isnan(made.draws[1]) == land).all()
    guided = resolve(plan.recipe.but(**filling(plan.recipe, "guidance")), there)
    assert (guided.filled == plan.filled).all() and (guided.makes == ~land).all()
    assert plan.refusal is None and plan.filled.sum() == 1 and plan.known.sum() == (~land).sum() - 1


def test_guidance_fills_nearly_as_kriging_does() -> None:
    plan, there = planned(PLAIN.but(**filling(PLAIN, "guidance"), steps=40, members=24))
    *_, last = run(plan)
    made = krige_gap(plan, kriging_plan(plan, there), draws=2)
    y, gap = last.y[:, 0], plan.filled
    assert np.abs(y - plan.x0)[:, plan.known].max() < 0.4, "the known pixels are met closely"
    error = np.sqrt(np.mean((y.mean(0) - made.mean)[gap] ** 2))

    assert error < 0.75 * np.sqrt(np.mean(made.std[gap] ** 2))


def test_what_a_model_cannot_do_is_said() -> None:
    mine = {"mine": Given(lambda y, s: y / (1 + s * s), "mine")}
    plan = resolve(WISH.but(model="mine"), facts(given=mine))
    assert lacks(plan, "repaint") is None and "does not offer that" in str(lacks(plan, "guidance"))
    assert lacks(planned()[0], "guidance") is None


def test_block_means_fill_no_gap_and_no_crop_shows_the_region() -> None:
    plan, _ = planned(PLAIN.but(model="data", observe="blocks", region=Region(8, 8, 24, 24)))
    assert plan.filled is None and not any(crop.overlaps(plan.region) for crop in plan.model.base.regions)
