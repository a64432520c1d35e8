"""Instruments of a recipe: what they see of a region in physical units, refusals, and runs led by them."""

import json
import math

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.library.observations import instrument_of
from diffview.models.gaussian import Gaussian
from diffview.reverse.operators import Weighted
from diffview.runs.facts import Facts
from diffview.runs.instruments import Instrument
from diffview.runs.observing import observed_by, standardised_error
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

LAW = Gaussian.power_law(96, 96, 3.0, 4.0)
VALUES = (280 + 10 * LAW.sample(np.random.default_rng(5).standard_normal((96, 96)))).astype(np.float32)
REGION = Region(8, 8, 24, 24)
BLOCKS = Instrument("blocks", 1.0, (("size", 4),))
AREA = Instrument("area", 0.5, (), (Region(10, 10, 8, 6), Region(18, 10, 4, 4)))
SWATH = Instrument("swath", 0.5, (), (Region(0, 12, 96, 5),))
PLAIN = Recipe.of(model="gaussian", region=REGION, steps=12, members=2, sampler="heun")


def facts(values: np.ndarray = VALUES) -> Facts:
    return Facts(Field(values, "tb", "K"))


def test_errors_are_in_the_fields_unit() -> None:
    there = facts()
    plan = resolve(PLAIN.but(instruments=(BLOCKS, AREA)), there)
    blocks, area = plan.model.led.seen.parts
    assert plan.refusal is None and plan.known.all() and plan.filled is None
    np.testing.assert_allclose(blocks.std, 1 / plan.transform.std, rtol=1e-6)
    np.testing.assert_allclose(area.std, 0.5 / plan.transform.std, rtol=1e-6)
    mean = plan.transform.inverse(area.values)[0, 0]
    assert isinstance(area.operator, Weighted)
    inside = np.concatenate([VALUES[part.slices].ravel() for part in AREA.where])
    assert mean == pytest.approx(inside.mean(), rel=1e-5)


@pytest.mark.parametrize("key", ["log10 floor", "log1p", "cbrt", "standardise"])
def test_an_error_is_half_of_what_lies_between_its_ends(key: str) -> None:
    rain = np.geomspace(0.01, 50, 40)
    transform = Transform.fit(key, rain.astype(np.float32), "rain")
    value = np.array([[5.0, np.nan, 0.02]])
    std = standardised_error(transform, transform(value), 0.5)
    low, high = transform(np.array([4.5, 5.5]))
    assert std[0, 0] == pytest.approx((high - low) / 2, rel=1e-5) and math.isnan(std[0, 1]) and std[0, 2] > 0


def test_a_swath_is_filled_beside_and_the_run_comes_near_what_is_seen() -> None:
    plan = resolve(PLAIN.but(instruments=(SWATH, BLOCKS), solver="exact"), facts())
    assert plan.refusal is None and (plan.known == (np.abs(np.arange(24) - 6) <= 2)).all()
    assert (plan.filled == ~plan.known).all() and plan.conditioning.fills
    *_, last = run(plan)
    off = plan.made_in.inverse(last.y[:, 0]) - VALUES[REGION.slices]
    blocks = off.reshape(2, 6, 4, 6, 4).mean((2, 4))
    assert np.abs(off[:, plan.known]).mean() < 1.0 and np.abs(blocks).mean() < 1.5


def test_drawn_errors_have_the_size_that_is_said_and_hang_on_the_seed() -> None:
    seen = [
        resolve(PLAIN.but(instruments=(Instrument("known", 2.0),), seed=seed, disturbed=on), facts()).model.led.seen
        for seed, on in ((0, False), (0, True), (0, True), (1, True))
    ]
    assert (seen[1].values == seen[2].values).all() and not (seen[1].values == seen[3].values).all()
    drawn = (seen[1].values - seen[0].values) / seen[0].std
    assert drawn.std() == pytest.approx(1, abs=0.1) and abs(drawn.mean()) < 0.15


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"instruments": (Instrument("area", 1.0),)}, "Nobody says where"),
    ({"instruments": (Instrument("area", 1.0, (), (Region(60, 60, 4, 4),)),)}, "outside the region of 24 x 24"),
    ({"instruments": (Instrument("area", 1.0, (), (Region(4, 10, 8, 8),)),)}, "A part of the area"),
    ({"instruments": (Instrument("swath", 1.0, (), (Region(60, 60, 4, 4),)),)}, "outside the region"),
    ({"instruments": (Instrument("blocks", 1.0, (("size", 7),)),)}, "blocks of 7"),
    ({"instruments": (Instrument("footprint", 1.0, (("width", 60.0),)),)}, "wider than the region"),
    ({"instruments": (AREA,), "hidden": (Region(11, 11, 2, 2),)}, "4 pixels of the area"),
    ({"instruments": (BLOCKS,), "hidden": (REGION,)}, "Every block"),
    ({"instruments": (BLOCKS,), "solver": "exact", "model": "local"}, "exact posterior is known for a Gaussian"),
    ({"instruments": (BLOCKS,), "solver_params": (("gamma", 1.0),)}, "no parameter"),
    ({"instruments": (Instrument("blocks", 1.0, (("width", 4.0),)),)}, "no parameter"),
])  # fmt: skip
def test_what_cannot_be_seen_is_refused_with_a_sentence(changes: dict[str, object], sentence: str) -> None:
    refusal = resolve(PLAIN.but(**changes), facts()).refusal
    assert refusal is not None and sentence in refusal.sentence and refusal.hint


def test_a_run_that_runs_away_ends_with_a_sentence_and_what_it_made() -> None:
    plan = resolve(
        PLAIN.but(observe="known", observe_params=(("gamma", 0.001), ("std", 0.001)), strength=30.0), facts()
    )
    steps = []
    with pytest.raises(UserError, match="The guidance runs away: at step") as told:
        for step in run(plan):
            steps.append(step)
    assert 1 < len(steps) < plan.steps and np.abs(steps[-1].x0_hat).max() > 10 and "strength" in told.value.hint


def test_the_band_is_where_a_run_is_led() -> None:
    led = resolve(PLAIN.but(instruments=(BLOCKS,), led_from=5.0, led_to=0.5, strength=0.5), facts()).model.led
    assert led.interval == (0.5, 5.0) and led.strength == 0.5 and led.levels == ()
    stepping = resolve(PLAIN.but(instruments=(BLOCKS,), solver="dps"), facts())
    assert (
        stepping.model.led.levels == tuple(stepping.levels)
        and stepping.model.led.below(stepping.levels[3]) == (stepping.levels[4])
    )


def test_instruments_in_plain_words() -> None:
    mask = np.zeros((9, 9), bool)
    mask[2:4, 5:8] = True
    assert instrument_of({"operator": "swath", "error": 1, "mask": mask}).where == (Region(2, 5, 2, 3),)
    area = instrument_of({"operator": "area", "error": "0.5", "where": (1, 2, 3, 4)})
    assert area == Instrument("area", 0.5, (), (Region(1, 2, 3, 4),))
    assert instrument_of({"operator": "blocks", "error": 2, "size": "4"}).params == (("size", 4),)
    again = Recipe.of(instruments=(area, BLOCKS))
    assert Recipe.from_json(again.to_json()) == again and hash(again) == hash(Recipe.of(instruments=(area, BLOCKS)))
    assert json.loads(again.to_json())["operators"]["instruments"][1]["params"] == {"size": 4}
    for said, sentence in (
        ({"operator": "radar", "error": 1}, "no operator called"),
        ({"operator": "blocks"}, "Nobody says how large"),
        ({"operator": "blocks", "error": "much"}, "no number"),
        ({"operator": "swath", "error": 1, "mask": mask & ~mask}, "true nowhere"),
        ({"operator": "blocks", "error": 1, "width": 3}, "no parameter"),
    ):
        with pytest.raises(UserError, match=sentence):
            instrument_of(said)


def test_what_an_instrument_sees_does_not_hang_on_the_others() -> None:
    plan = resolve(PLAIN.but(instruments=(BLOCKS, SWATH)), facts())
    x0, known = plan.x0, np.ones((24, 24), bool)
    both = observed_by(plan.recipe.operators, x0, known, REGION, plan.transform)
    alone = observed_by(PLAIN.but(instruments=(SWATH,)).operators, x0, known, REGION, plan.transform)
    np.testing.assert_array_equal(both[1].values, alone[0].values)
