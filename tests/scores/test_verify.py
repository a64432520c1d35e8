"""What `verify` says of samples of which it is known how good they are."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.learning import loss_by_level
from diffview.learning.sets import TrainingSet
from diffview.models.cards import Card
from diffview.reverse.grids import make_levels
from diffview.runs.recipe import Recipe
from diffview.scores import generated, printed, verify

SAME = Transform("standardise", 0.0, 1.0)


def fields(n: int, seed: int, size: int = 16) -> np.ndarray:
    """Smooth random fields, float32 of variance about 1."""
    z = np.random.default_rng(seed).standard_normal((n, size, size))
    k = np.hypot(np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size)[None])
    x = np.fft.irfft2(np.fft.rfft2(z) / (1 + k) ** 1.5, (size, size))
    return (x / x.std()).astype(np.float32)


def rain(n: int, seed: int) -> np.ndarray:
    return np.maximum(fields(n, seed), 0) ** 3


def row(found: dict, what: str) -> dict:
    return next(row for row in found["rows"] if row["what"] == what)


def verdict(found: dict, start: str) -> dict:
    return next(v for v in found["verdicts"] if v["what"].startswith(start))


def test_a_copy_of_the_training_set_is_found_to_memorise():
    train, held_out = rain(64, 0), rain(32, 1)
    found = generated.scores(train.copy(), held_out, train, "mm h-1", Transform.fit("cbrt", train))
    near = row(found, "nearest neighbour")
    assert near["samples_train"] == 0 and near["train_held_out"] > 0.1 and near["blocks"] > 0.1
    assert verdict(found, "nearest")["ok"] is False
    spectrum = row(found, "spectrum")
    assert spectrum["samples_train"] == 0 and spectrum["samples_held_out"] == spectrum["train_held_out"] > 0
    assert all(v["ok"] for v in found["verdicts"] if not v["what"].startswith("nearest"))
    assert row(found, "wet-pixel fraction")["samples"] == row(found, "wet-pixel fraction")["train"]
    assert "MISSED" in printed.format_scores(found)
    assert found == json.loads(json.dumps(found, allow_nan=False))


def test_samples_of_the_same_law_are_as_far_as_real_fields():
    train, held_out = rain(400, 0), rain(200, 1)
    found = generated.scores(rain(200, 2), held_out, train, "mm h-1", Transform.fit("cbrt", train))
    assert found["counts"] == {"samples": 200, "held_out": 200, "train": 400} and found["wet_from"] == 0.1
    near = row(found, "nearest neighbour")
    assert near["samples_train"] == pytest.approx(near["train_held_out"], rel=0.1)
    assert row(found, "wet-pixel fraction error")["samples_train"] == pytest.approx(0, abs=3)
    assert row(found, "spectrum")["samples_train"] < 0.5


def test_scaled_samples_miss_what_they_must():
    """Ten times the power in standardised units without a transform: 10 dB, quantiles off by sqrt(10) - 1."""
    train, held_out = fields(64, 0), fields(32, 1)
    found = generated.scores(np.sqrt(10) * train, held_out, train, "K", SAME)
    assert row(found, "spectrum")["samples_train"] == pytest.approx(10, abs=1e-4)
    assert row(found, "quantile 0.99 error")["samples_train"] == pytest.approx(100 * (np.sqrt(10) - 1), rel=1e-5)
    assert verdict(found, "spectrum")["ok"] is False and verdict(found, "nearest")["ok"] is True
    assert found["wet_from"] is None and "wet" not in printed.format_scores(found) and len(found["verdicts"]) == 2


def test_the_limits_of_rain():
    """1.5 times the distance of two blocks, 15 % of the tails, 1.25 times what the training set is off, 3 points."""
    train, held_out = rain(64, 0), rain(32, 1)
    found = generated.scores(rain(40, 2), held_out, train, "mm h-1", SAME)
    tails = ("quantile 0.99 error", "quantile 0.999 error")
    wanted = {
        "spectrum to train, 1.5 x that of two blocks": 1.5 * row(found, "spectrum")["blocks"],
        **{f"{name} to train": 15 for name in tails},
        **{
            f"{name} to held-out, 1.25 x that of train": 1.25 * abs(row(found, name)["train_held_out"])
            for name in ("spectrum", *tails)
        },
        "wet-pixel fraction error to train": 3,
        "nearest training field, that of held-out fields": row(found, "nearest neighbour")["train_held_out"],
    }
    assert {v["what"]: v["limit"] for v in found["verdicts"]} == pytest.approx(wanted, rel=1e-12)
    for v in found["verdicts"]:
        assert v["ok"] is (v["value"] >= v["limit"] if v["what"].startswith("nearest") else v["value"] <= v["limit"])


def test_the_chance_of_a_perfect_model():
    """Of fields that are all wet or all dry: of n picked ones it is binomial, and within 3 points with its chance."""
    rng, n = np.random.default_rng(0), 200
    train = np.repeat([np.full((8, 8), 2.0), np.zeros((8, 8))], 100, axis=0)[rng.permutation(200)]
    train += rng.uniform(0, 0.01, train.shape)
    found = generated.scores(train[:n], train[:40], train, "mm h-1", SAME)
    share = train.mean(axis=(1, 2)) > 1
    k = np.arange(n + 1)
    near = np.abs(k / n - share.mean()) <= 0.03
    wanted = stats.binom.pmf(k, n, share.mean())[near].sum()
    spread = np.sqrt(wanted * (1 - wanted) / generated.PICKS)
    assert verdict(found, "wet-pixel fraction")["chance"] == pytest.approx(wanted, abs=4 * spread)
    assert verdict(found, "quantile 0.99 error to train")["chance"] == 1 and verdict(found, "nearest")["chance"] is None
    assert "a perfect model meets it" in printed.format_scores(found)
    assert found["verdicts"] == generated.scores(train[:n], train[:40], train, "mm h-1", SAME)["verdicts"]


def test_few_fields_cannot_tell_rare_rain():
    """The limits are the same, but 16 fields of which one in 50 has the heavy rain seldom have its quantiles."""
    train = np.where(np.arange(400) % 50 == 0, 30, 1)[:, None, None] * rain(400, 0)
    chances = [
        verdict(generated.scores(train[:n], rain(16, 1), train, "mm h-1", SAME), "quantile 0.999 error to train")
        for n in (16, 400)
    ]
    assert chances[0]["chance"] < 0.2 < chances[1]["chance"]


def test_where_rain_comes_in_steps_wet_begins_between_two_of_them():
    """0.1 is the first step: through float32 and a transform it may come back as 0.0999."""
    train, held_out = np.round(rain(32, 0) / 0.1) * 0.1, np.round(rain(16, 1) / 0.1) * 0.1
    found = generated.scores(train - 1e-4, held_out, train, "mm h-1", Transform("standardise"))
    assert found["wet_from"] == pytest.approx(0.05)
    assert row(found, "wet-pixel fraction")["samples"] == pytest.approx(100 * np.mean(train > 0))
    assert row(found, "wet-pixel fraction error")["samples_train"] == 0 and row(found, "histogram")["samples_train"] < 2
    assert generated.scores(train / 3600, held_out / 3600, train / 3600, "kg m-2 s-1", SAME)[
        "wet_from"
    ] == pytest.approx(0.05 / 3600)


def test_a_dry_median_stays_0_through_a_transform():
    train, held_out = (np.where(x > 0.3, x, 0) for x in (rain(32, 0), rain(16, 1)))
    cbrt = Transform.fit("cbrt", train)
    there_and_back = [cbrt.inverse(cbrt(x)) for x in (train, held_out, train)]
    found = generated.scores(*there_and_back, "mm h-1", cbrt)
    assert row(found, "quantile 0.5") == {
        "what": "quantile 0.5", "units": "mm h-1", "samples": 0, "held_out": 0, "train": 0
    }  # fmt: skip
    assert row(found, "quantile 0.5 error")["samples_held_out"] == 0
    drizzle = generated.scores(there_and_back[0] + 0.01, *there_and_back[1:], "mm h-1", cbrt)
    assert row(drizzle, "quantile 0.5 error")["samples_train"] is None


def test_the_two_blocks_are_the_halves():
    half = fields(16, 0)
    found = generated.scores(fields(8, 2), fields(8, 1), np.concatenate([half, 2 * half]), "K", SAME)
    assert row(found, "spectrum")["blocks"] == pytest.approx(10 * np.log10(4), rel=1e-5)
    assert row(found, "quantile 0.9 error")["blocks"] == pytest.approx(100, rel=1e-5)


def test_missing_pixels_have_no_part():
    train, held_out, samples = fields(32, 0), fields(16, 1), fields(16, 2)
    for some in (train, held_out, samples):
        some[:, :2, :2] = np.nan
    found = generated.scores(samples, held_out, train, "K", SAME)
    values = {name: row(found, "quantile 0.9")[name] for name in ("samples", "held_out", "train")}
    for name, some in (("samples", samples), ("held_out", held_out), ("train", train)):
        assert values[name] == pytest.approx(np.quantile(some[~np.isnan(some)], 0.9))
    wanted = [min(np.sqrt(np.nanmean((a.astype(float) - b) ** 2)) for b in train) for a in samples]
    assert row(found, "nearest neighbour")["samples_train"] == pytest.approx(np.median(wanted), rel=1e-5)
    assert all(v["ok"] is not None for v in found["verdicts"])
    assert row(generated.scores(train, held_out, train, "K", SAME), "nearest neighbour")["samples_train"] == 0


@pytest.mark.parametrize("turn", [lambda x: x[:, ::-1], lambda x: x[:, :, ::-1], lambda x: x[:, ::-1, ::-1]])
def test_a_mirrored_copy_is_a_copy_where_training_mirrored(turn):
    train, held_out = fields(32, 0), fields(16, 1)
    for flips, rotations in ((True, False), (True, True)):
        found = generated.scores(turn(train), held_out, train, "K", SAME, flips=flips, rotations=rotations)
        assert row(found, "nearest neighbour")["samples_train"] == 0
    assert row(generated.scores(turn(train), held_out, train, "K", SAME), "nearest neighbour")["samples_train"] > 0.1
    turned = generated.scores(np.rot90(train, 3, (1, 2)), held_out, train, "K", SAME, rotations=True)
    assert row(turned, "nearest neighbour")["samples_train"] == 0


@pytest.mark.parametrize(
    ("samples", "held_out", "train", "said"),
    [
        (fields(8, 0), fields(7, 1), fields(16, 2), "7 held-out fields"),
        (fields(8, 0), fields(8, 1), fields(15, 2), "15 training fields"),
        (fields(8, 0)[:0], fields(8, 1), fields(16, 2), "0 samples"),
        (fields(8, 0, 32), fields(8, 1), fields(16, 2), "8 x 32 x 32"),
        (fields(8, 0)[:, None], fields(8, 1), fields(16, 2), "8 x 1 x 16 x 16"),
        (np.full((8, 16, 16), np.inf), fields(8, 1), fields(16, 2), "infinite"),
        (np.full((8, 16, 16), np.nan), fields(8, 1), fields(16, 2), "none at all"),
    ],
)
def test_a_bad_wish_is_told_why(samples, held_out, train, said):
    with pytest.raises(UserError, match=said) as told:
        generated.scores(samples, held_out, train, "K", SAME)
    assert told.value.hint


def test_the_loss_of_a_known_denoiser():
    """mean x0^2/s^2 for x0_hat = 0; 1/(1 + s^2) for the Wiener gain on white noise of variance 1."""
    x = np.random.default_rng(0).standard_normal((70, 8, 8)).astype(np.float32)
    levels = [0.1, 1.0, 10.0]
    nothing = loss_by_level.loss_by_level(lambda y, s: np.zeros_like(y), x, levels)
    np.testing.assert_allclose(nothing, [np.mean(x.astype(float) ** 2) / s**2 for s in levels], rtol=1e-5)
    wiener = loss_by_level.loss_by_level(lambda y, s: y / (1 + s * s), x, levels)
    np.testing.assert_allclose(wiener, [1 / (1 + s**2) for s in levels], rtol=0.06)
    assert loss_by_level.loss_by_level(lambda y, s: y / (1 + s * s), x, levels, seed=1) != wiener
    holed = x.copy()
    holed[:, 4:] = np.nan
    np.testing.assert_allclose(
        loss_by_level.loss_by_level(lambda y, s: np.zeros_like(y), holed, levels),
        [np.mean(x[:, :4].astype(float) ** 2) / s**2 for s in levels], rtol=1e-5,
    )  # fmt: skip


# -- ensembles


def conditional(units: str = "mm h-1") -> Card:
    return Card("c", "rain", units, SAME, (1, 16, 16), (0.01, 10.0), coarsen=4)


def test_ensemble_scores_in_closed_form():
    truth = np.ones((3, 16, 16))
    truth[0] = 0
    members = np.stack([truth + 0.5, truth - 0.5, truth + 0.5, truth - 0.5])
    found = generated.ensemble_scores(members, truth, truth + 2, conditional())
    assert found["crps_of_coarse"] == 2 and found["crps_of_one_member"] == 0.5
    assert found["crps"] == pytest.approx(0.5 - 2 * 4 * 1 / (2 * 4 * 3))  # 8 of 16 ordered pairs differ, by 1
    assert found["spread"] == pytest.approx(np.sqrt(5 / 4 / 3)) and found["skill"] == 0
    assert found["spread_skill"] is None
    assert found["block_mean_error"] == pytest.approx(0.5)
    assert found["block_mean_relative_error"] == pytest.approx(0.5 / (1e-3 * 2 / 3))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    told = printed.format_scores({"kind": "ensemble", **found})
    assert "3 held-out fields, 4 members each" in told and "mm h-1" in told


def test_missing_pixels_are_left_out_of_ensembles():
    truth = np.ones((2, 16, 16))
    truth[1, :4, :4] = np.nan
    members = np.stack([truth, truth * 2, truth * 3])
    found = generated.ensemble_scores(members, truth, truth, conditional())
    assert found["crps_of_coarse"] == 0 and found["skill"] == pytest.approx(1)
    assert found["spread"] == pytest.approx(np.sqrt(4 / 3)) and found["block_mean_relative_error"] == pytest.approx(2)


# -- models


def saved(folder: Path, data: TrainingSet, **changed) -> Card:
    """An untrained network with the card of `data`."""
    torch = pytest.importorskip("torch")
    from diffview.models.checkpoints import save_model
    from diffview.models.nets.unet import UNet, UNetConfig

    torch.manual_seed(0)
    net = UNet(
        UNetConfig(width=8, multipliers=(1,), attention=False,
                   cond_channels=int(bool(data.coarsen)), mask=data.mask is not None)
    )  # fmt: skip
    about = {"coarsen": data.coarsen, "file": folder / "m", "training": {"flips": True}}
    card = Card("m", data.name, data.units, data.transform, (1, *data.shape), (0.02, 20.0), **about)
    return save_model(folder / "m", net, replace(card, **changed), data.mask)


@pytest.mark.parametrize("holes", [False, True])
def test_a_model_is_verified_from_noise(tmp_path, holes):
    train, held_out = fields(24, 0) + 5, fields(10, 1) + 5
    if holes:
        train[:, :3, :3], held_out[:, :3, :3] = np.nan, np.nan
    data = TrainingSet.fit("standardise", train, held_out, "sst", "degC")
    card, told = saved(tmp_path, data), []
    found = verify.verify_model(card, data, verify.Sampling(33, 2), progress=told.append)
    assert told == [32 / 33, 1.0]
    assert found["kind"] == "samples" and found["counts"]["samples"] == 33
    assert found["settings"]["steps"] == 2 and found["settings"]["highest"] == pytest.approx(20)
    losses = found["loss_by_level"]
    assert losses["levels"] == pytest.approx(np.geomspace(0.02, 20, 7))
    assert len(losses["held_out"]) == len(losses["train"]) == 7 and losses["train"][0] < 100
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert "33 samples, 10 held-out fields, 24 training fields" in printed.format_scores(found)
    again = verify.verify_model(card, data, verify.Sampling(33, 2))
    assert again["rows"] == found["rows"]


def test_a_consistency_model_takes_one_step(tmp_path):
    data = TrainingSet.fit("standardise", fields(24, 0), fields(10, 1), "sst", "degC")
    found = verify.verify_model(saved(tmp_path, data, kind="consistency"), data, verify.Sampling(4))
    assert found["settings"]["steps"] == 1


def test_the_sampler_is_chosen(tmp_path):
    """Churn of nothing is Heun; with noise it is another draw, and the settings say how to make it again."""
    data = TrainingSet.fit("standardise", fields(24, 0), fields(10, 1), "sst", "degC")
    card = saved(tmp_path, data)
    heun, still, churned = (
        verify.verify_model(card, data, verify.Sampling(4, 3, sampler=key, params=params))
        for key, params in (("heun", {}), ("churn", {"S_churn": 0.0}), ("churn", {"S_churn": 3.0}))
    )
    assert heun["rows"] == still["rows"] != churned["rows"]
    assert churned["settings"]["command"].endswith(
        "--samples 4 --steps 3 --seed 0 --sampler churn --sampler-param S_churn=3.0"
    )
    assert churned["settings"]["params"]["S_max"] == 50 and "churn, S_churn 3.0" in printed.format_scores(churned)
    assert verify.Sampling.scored(replace(card, scores=churned)) == verify.Sampling(
        256, 3, 0, "churn", {"S_churn": 3.0}
    )


def test_a_run_of_the_window_can_go_the_same_way(tmp_path):
    """The course of a sampling is a recipe whose levels are those that were scored."""
    data = TrainingSet.fit("standardise", fields(24, 0), fields(10, 1), "sst", "degC")
    card = saved(tmp_path, data)
    found = verify.verify_model(card, data, verify.Sampling(4, 5, sampler="churn", params={"S_churn": 3.0}))
    course = verify.Sampling.scored(replace(card, scores=found)).course(card)
    recipe = Recipe.of(**course)
    assert (
        recipe.course.sampler == "churn"
        and dict(recipe.course.sampler_params)["S_churn"] == 3
        and recipe.course.steps == 5
    )
    levels = make_levels(recipe.course.schedule, recipe.course.grid, recipe.course.steps, card.noise_range[1])
    assert levels[0] == found["settings"]["highest"] and levels == verify.sampling_levels(card, 5)


@pytest.mark.parametrize(("low", "high", "least"), [(0.02, 20.0, 0.02), (0.0, 20.0, 2e-3), (0.0, 0.01, 1e-3)])
def test_the_levels_lie_in_the_range_of_the_model(low, high, least):
    """Down to its lower end, or to 0.002 where that is lower, or to a tenth of a range that ends below 0.02."""
    schedule = verify.Sampling().course(Card("m", "sst", "K", SAME, (1, 8, 8), (low, high)))["schedule"]
    assert (schedule.sigma_min, schedule.sigma_max) == pytest.approx((least, high), rel=1e-12)


@pytest.mark.parametrize("settings", [{}, {"steps": "x", "sampler": "heun"}, {"steps": 3, "sampler": "nix"}, [], None])
def test_a_card_that_does_not_say_how_is_drawn_from_as_usual(settings):
    card = Card("m", "sst", "degC", SAME, (1, 16, 16), (0.02, 20.0), scores={"settings": settings})
    assert verify.Sampling.scored(card) == verify.Sampling()


@pytest.mark.parametrize(
    ("sampler", "params", "said"),
    [
        ("nix", {}, "no sampler called 'nix'"),
        ("churn", {"S_churn": -1}, "S_churn"),
        ("repaint", {}, "fills the missing"),
        ("consistency", {}, "needs a consistency model"),
    ],
)
def test_a_sampler_that_does_not_fit_is_refused(sampler, params, said):
    card = Card("m", "sst", "degC", SAME, (1, 16, 16), (0.02, 20.0))
    with pytest.raises(UserError, match=said):
        verify.Sampling(sampler=sampler, params=params).of(card)


def test_a_conditional_model_is_verified_as_an_ensemble(tmp_path):
    data = TrainingSet.fit("cbrt", rain(24, 0), rain(9, 1), "rain", "mm h-1", coarsen=4)
    told = []
    found = verify.verify_model(saved(tmp_path, data), data, verify.Sampling(steps=3), "cpu", told.append)
    assert told == pytest.approx([32 / 144, 64 / 144, 96 / 144, 128 / 144, 1])
    assert found["kind"] == "ensemble" and found["counts"] == {"cases": 9, "members": 16}
    truth = data.transform.inverse(data.held_out)
    blocks = truth.reshape(9, 4, 4, 4, 4).mean((2, 4)).repeat(4, 1).repeat(4, 2)
    assert found["crps_of_coarse"] == pytest.approx(np.abs(blocks - truth).mean(), rel=1e-4)
    assert found["block_mean_relative_error"] < 0.02 < found["block_mean_relative_error_as_drawn"]
    assert 0 < found["crps"] < found["crps_of_one_member"] and found["spread"] > 0
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_model_is_verified_on_its_own_kind_of_data_only():
    data = TrainingSet.fit("standardise", fields(24, 0), fields(7, 1), "sst", "degC")
    card = Card("m", "sst", "degC", SAME, (1, 16, 16), (0.02, 20.0))
    for wrong, said in (
        (Card("m", "sst", "K", SAME, (1, 16, 16), (0.02, 20.0)), "in K, the data are in degC"),
        (Card("m", "sst", "degC", SAME, (1, 32, 16), (0.02, 20.0)), "32 x 16 pixels, the data have 16 x 16"),
        (card, "7 held-out fields"),
    ):
        with pytest.raises(UserError, match=said):
            verify.verify_model(wrong, data)
    enough = TrainingSet.fit("standardise", fields(24, 0), fields(8, 1), "sst", "degC")
    with pytest.raises(UserError, match="0 samples"):
        verify.verify_model(card, enough, verify.Sampling(0))


def test_spellings_of_a_rain_rate_are_one_unit(tmp_path):
    data = TrainingSet.fit("cbrt", rain(24, 0), rain(9, 1), "rain", "mm/h")
    assert verify.verify_model(saved(tmp_path, data, units="mm h-1"), data, verify.Sampling(2, 2))["wet_from"] == 0.1
