"""The loss and bound of models: the part of the data they are measured on, by hand, in closed form, by the command."""

import json
import math

import numpy as np
import pytest

from diffview.cli import main
from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.forward.schedules import Cosine, Edm
from diffview.learning.loss_by_level import errors_by_level, exact_bound
from diffview.learning.sets import TrainingSet
from diffview.models.choice import Given
from diffview.models.gaussian import Gaussian
from diffview.reverse.grids import make_levels
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.scores.loss import (
    DRAWS,
    FEWEST_LEVELS,
    HELD_OUT,
    MOST_LEVELS,
    REGION,
    Part,
    format_loss,
    loss_plan,
    loss_recipe,
    measure_loss,
    plan_loss,
    region_part,
    thinned,
    verify_loss,
)
from diffview.scores.subject import Subject, formula

RNG = np.random.default_rng
PRIOR = Gaussian.power_law(8, 9, 2.5, 1.0, 1.1, 0.2)
KELVIN = Transform("standardise", 280.0, 15.0)


def draws(n: int, seed: int = 0) -> np.ndarray:
    return PRIOR.sample(RNG(seed).standard_normal((n, 8, 9))).astype(np.float32)


# one measurement


def test_of_a_model_that_says_zero_every_term_is_known() -> None:
    """error = mean x_0^2 at every level, and the bound is that of its definition, term by term."""
    x = draws(6)
    square = float(np.mean(np.square(x, dtype=np.float64)))
    walk = (3.0, 0.4)
    found = measure_loss(lambda condition: lambda y, s: np.zeros_like(y), Part("these", x, KELVIN), walk, (1.0,))
    assert found.levels.tolist() == [3.0, 1.0, 0.4], "the levels between are seen too"
    assert found.error == pytest.approx([square] * 3, rel=1e-6)
    assert found.loss == pytest.approx([square / 9, square, square / 0.16], rel=1e-6)
    assert found.bound.levels == walk, "and have no part in the bound"
    prior = 0.5 * (square / 10 + 0.9 - 1 - math.log(0.9))
    step = 0.5 * (1 / 0.16 - 1 / 9) * square
    last = 0.5 * math.log(2 * math.pi * 0.16) + square / 0.32
    assert found.bound.total == pytest.approx(prior + step + last, rel=1e-6)
    assert found.physical == pytest.approx(found.bound.total + math.log(15.0), rel=1e-12)
    assert found.plain["fields"] == 6 and found.plain["bound"]["physical"] == found.physical


def test_missing_pixels_have_no_part() -> None:
    x = draws(5)
    x[:, :2] = np.nan
    found = measure_loss(lambda condition: lambda y, s: np.zeros_like(y), Part("these", x, KELVIN), (3.0, 0.4))
    assert found.error == pytest.approx([np.mean(np.square(x[:, 2:], dtype=np.float64))] * 2, rel=1e-6)
    assert found.physical == pytest.approx(found.bound.total + math.log(15.0), rel=1e-12)


def test_a_transform_without_a_slope_gives_no_density_per_unit() -> None:
    """Where ln dz/dx is infinite nothing is said in physical units, in JSON null."""

    class Steep(Transform):
        def log_slope(self, x: np.ndarray) -> np.ndarray:
            return np.where(np.arange(np.size(x)) == 0, np.inf, 0.0)

    found = measure_loss(lambda condition: PRIOR, Part("these", draws(3), Steep("identity")), (3.0, 0.4))
    assert math.isnan(found.physical) and found.plain["bound"]["physical"] is None


def test_the_loss_of_a_gaussian_on_fields_of_its_own_is_the_closed_form() -> None:
    walk = (20.0, 5.0, 2.0, 0.8, 0.3, 0.1)
    found = measure_loss(lambda condition: PRIOR, Part("these", draws(400), KELVIN), walk)
    nothing = np.zeros((1, 1, 8, 9))
    exact = np.array([PRIOR.variance(nothing, s).mean() / s**2 for s in walk])
    np.testing.assert_allclose(found.loss, exact, rtol=0.05)
    assert abs(found.bound.total - exact_bound(PRIOR, walk).total) < 5 * found.bound.spread


# of the model of a recipe

WHITE = Gaussian(0.0, np.full((32, 17), 1.0), 32)
"""Pixels that are standard normal, one by one."""

FACTS = Facts(
    Field((280 + 15 * RNG(1).standard_normal((64, 96))).astype(np.float32), "tb", "K"), given={"white": Given(WHITE)}
)
SQUARE = Recipe.of(model="white", region=Region(8, 8, 32, 32), schedule=Edm(), grid="karras", steps=6)


def test_white_noise_under_its_own_prior() -> None:
    """x0_hat = y/(1 + s^2): the loss is 1/(1 + s^2), and every term of the bound a number."""
    found = plan_loss(loss_plan(SQUARE, FACTS))
    s = found.levels
    np.testing.assert_allclose(found.law, 1 / (1 + s**2), rtol=1e-6)
    np.testing.assert_allclose(found.loss, 1 / (1 + s**2), rtol=0.1)
    walk = np.array(found.bound.levels)
    assert walk.tolist() == make_levels(Edm(), "karras", 6)[:-1] and len(s) >= FEWEST_LEVELS > 6
    error = walk**2 / (1 + walk**2)
    steps = 0.5 * (walk[1:] ** -2 - walk[:-1] ** -2) * error[:-1]
    last = 0.5 * np.log(2 * np.pi * walk[-1] ** 2) + error[-1] / (2 * walk[-1] ** 2)
    sigma2 = walk[0] ** 2 / (1 + walk[0] ** 2)
    prior = 0.5 * (1 / (1 + walk[0] ** 2) + sigma2 - 1 - np.log(sigma2))
    assert found.law_bound == pytest.approx(prior + steps.sum() + last, rel=1e-6)
    assert found.part.what == REGION and found.part.fields.shape == (DRAWS, 32, 32)


def test_the_region_is_seen_under_several_noises_and_told_how_far_it_is() -> None:
    plan, told = loss_plan(SQUARE, FACTS), []
    found = plan_loss(plan, told.append)
    assert (region_part(plan).fields == plan.x0).all() and told[-1] == pytest.approx(1.0) and told == sorted(told)
    direct = errors_by_level(WHITE, np.repeat(plan.x0[None], DRAWS, axis=0), found.levels.tolist())
    np.testing.assert_allclose(found.error, direct.mean(axis=1), rtol=1e-6)
    assert found.physical == pytest.approx(found.bound.total + np.log(plan.transform.std))


def held_plan(**changed: object) -> Plan:
    wish = {"model": "gaussian", "region": Region(8, 8, 16, 16), "held_out": 0.4, **changed}
    return loss_plan(Recipe.of(**{"schedule": Edm(), "grid": "karras", "steps": 6, **wish}), FACTS)


def test_held_out_fields_are_seen_each_under_its_own_noise() -> None:
    plan = held_plan()
    part = region_part(plan)
    held = plan.model.held.crops()
    assert part.what == HELD_OUT and len(part.fields) == min(DRAWS, len(held))
    assert (part.fields[0] == held[0]).all() and (part.fields[-1] == held[-1]).all()
    found = plan_loss(plan)
    direct = errors_by_level(plan.model.denoiser(), part.fields, found.levels.tolist())
    np.testing.assert_allclose(found.error, direct.mean(axis=1), rtol=1e-6)


def test_the_window_and_the_command_measure_alike() -> None:
    """The held-out fields of a plan as the held-out part of a set: one loss, one bound, one physical total."""
    plan = held_plan()
    held, denoise = region_part(plan).fields, plan.model.denoiser()
    data = TrainingSet(plan.model.crops()[:9], held, plan.made_in, "tb", "K")
    told = verify_loss("gaussian", Subject(lambda condition: denoise, data), plan.levels, len(held))["held_out"]
    found = plan_loss(plan)
    walk = [found.levels.tolist().index(s) for s in found.bound.levels]
    assert told["error"] == found.error[walk].tolist()
    assert told["bound"] == found.plain["bound"]


def test_a_long_walk_is_thinned_evenly_and_keeps_its_ends() -> None:
    levels = make_levels(Edm(), "karras", 300)
    walk = thinned(levels)
    assert len(walk) == MOST_LEVELS and (walk[0], walk[-1]) == (levels[0], levels[-2]) and set(walk) < set(levels)
    assert thinned(levels[-10:]) == tuple(levels[-10:-1])


def test_what_a_run_adds_has_no_part_in_a_loss() -> None:
    busy = Recipe.of(model="white", region=Region(8, 8, 32, 32), sampler="ddpm", seed=7, members=5, steps=6)
    assert loss_recipe(busy) == loss_recipe(Recipe.of(model="white", region=Region(8, 8, 32, 32), steps=6))
    assert loss_recipe(busy).start.origin == "field", "so that no crop shows the region"


def test_a_region_with_missing_pixels_is_a_sentence() -> None:
    holed = FACTS.field.values.copy()
    holed[20, 20] = np.nan
    with pytest.raises(UserError, match="missing"):
        loss_plan(SQUARE, Facts(Field(holed, "tb", "K"), given=FACTS.given))


# of a model and its data


def sets(n: int = 40) -> TrainingSet:
    return TrainingSet(draws(n), draws(12, 9), KELVIN, "tb", "K")


def test_verify_loss_of_formulas() -> None:
    levels = make_levels(Edm(), "karras", 12)
    found = {m: verify_loss(m, formula(m, sets()), levels, count=8) for m in ("gaussian", "data", "local")}
    for model, told in found.items():
        assert told["model"] == model and told["noise_range"] is None and told["levels"] == levels[:-1]
        for part in ("held_out", "train"):
            assert told[part]["fields"] == 8 and len(told[part]["loss"]) == len(told[part]["error"]) == 12
            np.testing.assert_allclose(
                told[part]["loss"], np.array(told[part]["error"]) / np.square(levels[:-1]), rtol=1e-9
            )
            # a density per K is a fifteenth of one per standard deviation
            bound = told[part]["bound"]
            assert bound["physical"] == pytest.approx(bound["total"] + math.log(15.0))
        json.dumps(told)
    seen, unseen = (found["data"][part]["loss"][-1] for part in ("train", "held_out"))
    assert seen < 1e-6 and unseen > 10, "it memorises"
    totals = [told["held_out"]["bound"]["total"] for told in found.values()]
    assert totals[0] < totals[2] < totals[1], "gaussian, local, data: what is drawn IS Gaussian"
    text = format_loss(found["gaussian"])
    assert "8 held-out, 8 train fields, 12 noise levels" in text and "density per K" in text


def test_what_cannot_be_verified_is_a_sentence() -> None:
    levels = [1.0, 0.1, 0.0]
    gaps = np.full((10, 8, 9), np.nan, np.float32)
    for data, count in (
        (TrainingSet(draws(9), draws(0), Transform("identity"), "tb", "K"), 4),
        (TrainingSet(gaps, draws(9), Transform("identity"), "tb", "K"), 4),
        (sets(), 0),
    ):
        with pytest.raises(UserError) as caught:
            verify_loss("gaussian", formula("gaussian", data), levels, count)
        assert caught.value.hint


def test_a_consistency_model_has_no_such_loss() -> None:
    jump = Subject(lambda condition: PRIOR, sets(), (0.02, 80.0), kind="consistency")
    with pytest.raises(UserError, match="not a mean"):
        verify_loss("jump", jump, [1.0, 0.1, 0.0])


def test_a_conditional_model_is_told_the_block_means_of_the_very_field() -> None:
    """One that answers with what it is told has the error of the block means, whatever the noise."""
    law = Gaussian.power_law(8, 8, 2.5, 1.0)
    fields = law.sample(RNG(0).standard_normal((14, 8, 8))).astype(np.float32)
    data = TrainingSet(fields[:8], fields[8:], KELVIN, "tb", "K", coarsen=4)
    told = verify_loss("told", Subject(lambda condition: lambda y, s: condition, data, (0.1, 1.0)), [5.0, 0.5], 6)
    blocks = fields[8:].reshape(6, 2, 4, 2, 4).mean(axis=(2, 4))
    apart = fields[8:] - blocks.repeat(4, axis=1).repeat(4, axis=2)
    assert told["held_out"]["error"] == pytest.approx([np.mean(apart**2)] * 2, rel=1e-4)
    assert told["noise_range"] == [0.1, 1.0] and "outside of its training" in format_loss(told)


def test_a_formula_without_data_has_the_packaged_field(capsys) -> None:
    words = ["verify", "loss", "--model", "power_law", "--steps", "3", "--fields", "2", "--size", "32", "--json"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["units"] == "K"


def written(path, name="tb", n=30):
    import h5netcdf

    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"time": n, "y": 32, "x": 32}
        law = Gaussian.power_law(32, 32, 3.0, 1.0)
        values = 280 + 15 * law.sample(RNG(0).standard_normal((n, 32, 32)))
        file.create_variable(f"/{name}", ("time", "y", "x"), "f4", values.astype("f4")).attrs["units"] = "K"
    return str(path)


@pytest.mark.parametrize("model", ["gaussian", "local"])
def test_the_command(tmp_path, capsys, model: str) -> None:
    path = written(tmp_path / "fields.nc")
    words = ["verify", "loss", "--model", model, "--data", path, "tb", "--steps", "5", "--fields", "4"]
    assert main([*words, "--schedule", "cosine", "--grid", "log_snr", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["units"] == "K" and len(told["levels"]) == 5 and told["held_out"]["fields"] == 4
    assert told["levels"] == pytest.approx(make_levels(Cosine(), "log_snr", 5)[:-1])
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "bound, nats per pixel" in text and f"{model}: 4 held-out" in text


@pytest.mark.parametrize(
    "words",
    [["--steps", "0"], ["--held-out", "0"], ["--model", "magic"], ["--schedule", "magic"], ["--fields", "0"]],
)
def test_the_command_refuses_in_a_sentence(tmp_path, capsys, words: list[str]) -> None:
    path = written(tmp_path / "fields.nc")
    assert main(["verify", "loss", "--model", "gaussian", "--data", path, "tb", *words]) == 2
    assert capsys.readouterr().err.startswith("diffview: ")
