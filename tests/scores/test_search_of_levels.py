from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.schedules import Edm
from diffview.reverse.grids import make_levels
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.scores.level_search import Search, warped


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


@pytest.mark.parametrize("sampler", ["euler", "heun"])
def test_what_is_found_is_better_on_seeds_it_has_not_seen(facts: Facts, sampler: str) -> None:
    plan = planned(facts, sampler=sampler)
    search = Search(plan, plan.model.denoiser(), standard(plan))
    reports = list(search.run())
    rows = search.judge()
    assert rows[0].title == "found" and {row.title for row in rows} == {"found", *standard(plan)}
    assert rows[0].error < 0.9 * rows[1].error
    assert all(b.error <= a.error for a, b in pairwise(reports)) and reports[-1].done == pytest.approx(1)
    levels = rows[0].levels
    assert len(levels) == plan.steps + 1 and levels[0] == plan.levels[0] and levels[-1] == 0
    assert all(b < a for a, b in pairwise(levels))


def test_the_states_kept_are_those_of_the_whole_run(facts: Facts) -> None:
    """What is reused before a moved level gives the error that a whole run has."""
    plan = planned(facts, steps=5)
    search = Search(plan, plan.model.denoiser(), standard(plan), seeds=2)
    for _ in search.run():
        pass
    y, truth = search._problem(range(2))
    assert search._error(search._states(y, search.best), truth) == search.error


def test_the_reference_is_fine_enough(facts: Facts) -> None:
    """Twice as fine a reference changes it by much less than the error of the best grid."""
    plan = planned(facts)
    search = Search(plan, plan.model.denoiser(), standard(plan))
    for _ in search.run():
        pass
    y, truth = search._problem(range(4))
    fine = warped(plan.levels[0], 1e-3, 1000, 7.0)
    from diffview.forward.noise import Noise
    from diffview.reverse.samplers import SAMPLERS

    *_, last = SAMPLERS["heun"].run(plan.model.denoiser(), y, fine, Noise(0, y.shape))
    assert np.sqrt(np.mean((last.y - truth) ** 2)) < 0.1 * search.error


def test_what_cannot_be_searched(facts: Facts) -> None:
    plan = planned(facts, sampler="ddpm")
    with pytest.raises(UserError, match="draws noise"):
        Search(plan, plan.model.denoiser(), standard(plan))
    one = planned(facts, steps=1)
    with pytest.raises(UserError, match="no level to move"):
        Search(one, one.model.denoiser(), {"karras": one.levels})
    ddim = planned(facts, sampler="ddim")
    Search(replace(ddim), ddim.model.denoiser(), standard(ddim))
