"""Dry stays dry: no run ends with negative amounts of rain, and other quantities are left as they are."""

import numpy as np
import pytest

from diffview.fields.field import Field, Region
from diffview.models.gaussian import Gaussian
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

WAVES = Gaussian.power_law(96, 96, 3.0, 4.0).sample(np.random.default_rng(5).standard_normal((96, 96)))
RAIN = np.maximum(4 * WAVES - 1, 0).astype(np.float32)
ASKED = Recipe.of(model="gaussian", region=Region(8, 8, 32, 32), steps=6, members=3)


@pytest.mark.parametrize("key", ["cbrt", "log1p", "log10 floor", "standardise", "quantile normal"])
def test_no_rain_is_negative_at_the_end(key: str) -> None:
    plan = resolve(ASKED.but(transform=key), Facts(Field(RAIN, "precipitation_rate", "mm h-1")))
    *_, before, last = run(plan)
    made = plan.made_in.inverse(last.y)
    assert plan.floor is not None and made.min() >= 0 and (last.y == np.float32(plan.floor)).any()
    assert before.y.min() < plan.floor, "on the way nothing is held"
    wet = made > 1e-3
    free = plan.made_in.inverse(last.x0_hat)
    np.testing.assert_allclose(made[wet], free[wet], rtol=1e-6)


@pytest.mark.parametrize("field", [Field(RAIN - 1, "precipitation_rate", "mm h-1"), Field(RAIN, "wind", "m s-1")])
def test_what_is_no_amount_may_be_negative(field: Field) -> None:
    plan = resolve(ASKED.but(transform="standardise"), Facts(field))
    *_, last = run(plan)
    assert plan.floor is None and plan.made_in.inverse(last.y).min() < 0


def test_a_network_of_rain_makes_none_below_zero(tmp_path: object) -> None:
    import diffview

    made = diffview.sample(model="rain64", members=2, steps=3, seed=1)["precipitation_rate"].values
    assert made.min() >= 0
