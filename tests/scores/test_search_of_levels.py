"""Searching levels: a case in closed form, better on seeds it has not seen, what it reuses, its reference."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.noise import Noise
from diffview.forward.schedules import Edm
from diffview.models.choice import Given
from diffview.models.gaussian import Gaussian
from diffview.reverse.grids import GRIDS, make_levels
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import start_state
from diffview.scores.level_search import FEWEST_FINE, FINE, RHOS, SWEEPS, Search, levels_apart, standard_grids, warped


@pytest.fixture(scope="module")
def facts() -> Facts:
    rng = np.random.default_rng(0)
    red = np.cumsum(np.cumsum(rng.standard_normal((96, 96)), axis=0), axis=1)
    return Facts(Field(red.astype(np.float32), units="K", name="red"))


def planned(facts: Facts, **wishes) -> Plan:
    wishes = {"schedule": Edm(), "steps": 8, "sampler": "euler", "grid": "karras", **wishes}
    return resolve(Recipe.of(model="gaussian", region=Region(16, 16, 32, 32), **wishes), facts)


def standard(plan: Plan) -> dict[str, list[float]]:
    return {key: make_levels(plan.recipe.course.schedule, key, plan.steps) for key in ("uniform", "karras", "log_snr")}


def end_of(plan: Plan, sampler: str, levels: Sequence[float], seeds: range) -> Any:
    """Where runs on these levels end, from starts of these seeds."""
    starts = [start_state(replace(plan, recipe=plan.recipe.but(seed=seed, members=1))) for seed in seeds]
    y = np.concatenate(starts)
    *_, last = SAMPLERS[sampler].run(plan.model.denoiser(), y, levels, Noise(0, y.shape))
    return last.y


def rms(x: Any) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64))))


def searched(plan: Plan, grids: dict[str, list[float]], seeds: int = 4) -> tuple[Search, list[float]]:
    search, shares = Search(plan, plan.model.denoiser(), grids, seeds), []
    errors = []
    for done in search.run():
        shares.append(done)
        errors.append(search.error)
    assert shares == pytest.approx(np.arange(1, len(shares) + 1) / len(shares))
    return search, errors


def test_two_steps_of_euler_in_closed_form() -> None:
    """Of white noise of variance 1, x0_hat = y/(1 + s^2), one level s_1 is sought between s_0 and 0.

    Euler ends at g(s_1) y, g = (1 + (s_1 - s_0) s_0/(1 + s_0^2))/(1 + s_1^2); the flow ends at y/sqrt(1 + s_0^2), which
    is more than any g. g is largest at s_1 = (sqrt(1 + s_0^2) - 1)/s_0.
    """
    white = Gaussian(0.0, np.full((16, 9), 1.0), 16)
    field = Field(np.random.default_rng(0).standard_normal((32, 32)).astype(np.float32), "white")
    recipe = Recipe.of(model="white", region=Region(0, 0, 16, 16), schedule=Edm(), sampler="euler", steps=2)
    plan = resolve(recipe, Facts(field, given={"white": Given(white)}))
    s0, tried = plan.levels[0], (0.2, 3.0)
    search, _ = searched(plan, {f"{s}": [s0, s, 0.0] for s in tried})

    def error(s1: float) -> float:
        g = (1 + (s1 - s0) * s0 / (1 + s0**2)) / (1 + s1**2)
        y = np.concatenate([start_state(replace(plan, recipe=plan.recipe.but(seed=k))) for k in range(4)])
        return abs(g - 1 / np.sqrt(1 + s0**2)) * rms(y)

    best = (np.sqrt(1 + s0**2) - 1) / s0
    assert search.best[0] == s0 and search.best[2] == 0 and len(search.best) == 3
    assert abs(np.log(search.best[1] / best)) < 0.35, "as near as the steps of the search allow"
    assert search.error == pytest.approx(error(search.best[1]), rel=0.01)  # the fine run ends near the flow
    assert error(best) <= search.error * 1.01 < min(map(error, tried))
    rows = {row.title: row for row in search.judge()}
    assert set(rows) == {"0.2", "3.0", "found"} and rows["found"].levels == search.best
    for row in rows.values():  # other seeds have starts of another size, to some percent
        assert row.error == pytest.approx(error(row.levels[1]), rel=0.1)


@pytest.mark.parametrize("sampler", ["euler", "heun"])
def test_what_is_found_is_better_on_seeds_it_has_not_seen(facts: Facts, sampler: str) -> None:
    plan = planned(facts, sampler=sampler)
    search, errors = searched(plan, standard(plan))
    rows = search.judge()
    assert rows[0].title == "found" and {row.title for row in rows} == {"found", *standard(plan)}
    assert rows[0].error < 0.9 * rows[1].error
    assert all(b <= a for a, b in pairwise(errors))
    levels = rows[0].levels
    assert len(levels) == plan.steps + 1 and levels[0] == plan.levels[0] and levels[-1] == 0
    assert all(b < a for a, b in pairwise(levels))


def fine_levels(plan: Plan, grids: dict[str, list[float]]) -> tuple[float, ...]:
    lowest = min(levels[-2] for levels in grids.values()) / 2
    return warped(plan.levels[0], lowest, max(FEWEST_FINE, FINE * plan.steps), 7.0)


def test_the_states_kept_are_those_of_the_whole_run(facts: Facts) -> None:
    """What is reused before a moved level gives the error that a whole run has."""
    plan = planned(facts, steps=5)
    search, _ = searched(plan, standard(plan), seeds=2)
    truth = end_of(plan, "heun", fine_levels(plan, standard(plan)), range(2))
    assert search.error == pytest.approx(rms(end_of(plan, "euler", search.best, range(2)) - truth), rel=1e-6)


def test_every_level_is_tried_higher_and_lower_by_ever_smaller_shares(facts: Facts) -> None:
    """Of a model whose answer is always 0 no grid is better than another, so that all is tried around the first."""
    plan, asked = planned(facts, steps=3), []

    def nothing(y: np.ndarray, s: float) -> np.ndarray:
        asked.append(s)
        return 0 * y

    search = Search(plan, nothing, {"karras": plan.levels}, seeds=1)
    assert len(list(search.run())) == 1 + len(RHOS) + SWEEPS * 2
    assert search.best == tuple(plan.levels)
    levels, wanted = np.array(plan.levels[:3]), []
    for grid in (plan.levels, *(warped(levels[0], levels[2], 3, rho) for rho in RHOS), plan.levels):
        wanted += grid[:3]
    for sweep in range(SWEEPS):
        for i, below in ((1, levels[1] / levels[2]), (2, levels[1] / levels[2])):
            for factor in (levels[i - 1] / levels[i], 1 / below):
                moved = levels.copy()
                moved[i] *= factor ** (0.25 / 2**sweep)
                wanted += moved[i - 1 :].tolist()
    assert asked[-len(wanted) :] == pytest.approx(wanted, rel=1e-12)
    assert len(asked) - len(wanted) == 2 * max(FEWEST_FINE, FINE * 3) - 1, "a fine run of Heun's method is the truth"


def test_the_reference_is_fine_enough(facts: Facts) -> None:
    """A finer reference changes it by much less than the error of the best grid."""
    plan = planned(facts)
    search, _ = searched(plan, standard(plan))
    truth = end_of(plan, "heun", fine_levels(plan, standard(plan)), range(4))
    finer = end_of(plan, "heun", warped(plan.levels[0], 1e-3, 1000, 7.0), range(4))
    assert rms(finer - truth) < 0.1 * search.error


def test_it_is_judged_beside_every_grid_that_a_formula_gives(facts: Facts) -> None:
    plan = planned(facts)
    grids = standard_grids(plan)
    assert set(grids) == set(GRIDS) - {"custom"}
    assert grids["karras"] == plan.levels and all(levels[0] == plan.levels[0] for levels in grids.values())


def test_levels_are_for_the_recipe_without_its_grid_and_seed() -> None:
    recipe = Recipe.of(sampler="heun", steps=6)
    same = recipe.but(grid="karras", grid_params=(("rho", 3.0),), seed=7, members=3)
    assert levels_apart(same) == levels_apart(recipe) != levels_apart(recipe.but(steps=7))


def test_what_cannot_be_searched(facts: Facts) -> None:
    plan = planned(facts, sampler="ddpm")
    with pytest.raises(UserError, match="draws noise"):
        Search(plan, plan.model.denoiser(), standard(plan))
    one = planned(facts, steps=1)
    with pytest.raises(UserError, match="no level to move"):
        Search(one, one.model.denoiser(), {"karras": one.levels})
    ddim = planned(facts, sampler="ddim")
    Search(replace(ddim), ddim.model.denoiser(), standard(ddim))
