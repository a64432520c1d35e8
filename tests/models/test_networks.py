"""Networks as denoisers, and what resolve makes of their cards."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from models_twins import small_model

from diffview.errors import UserError
from diffview.fields.coarse import block_mean, coarse
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.forward.schedules import make_schedule
from diffview.models.checkpoints import load_model
from diffview.models.choice import Given, Trained, mismatch
from diffview.models.nets.adapter import Network
from diffview.models.nets.block_means import amounts_with_means, with_block_means
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run, start_state


@pytest.fixture
def card(tmp_path):
    return small_model(tmp_path)


@pytest.fixture
def facts(card):
    return Facts(packaged_field(), cards={"twin": card})


@pytest.fixture
def recipe():
    return default_recipe().but(model="twin", steps=5)


def rain_field(ny=32, nx=32):
    rng = np.random.default_rng(0)
    values = np.maximum(rng.gamma(0.5, 4.0, (ny, nx)) - 1, 0).astype(np.float32)
    return Field(values, "precip_rate", "mm/h")


def test_an_array_and_a_tensor_get_the_same_answer_in_their_own_kind(card):
    denoise = Network.of(card)
    y = np.random.default_rng(1).normal(size=(3, 1, 16, 16)).astype(np.float32)
    x = denoise(y, 0.7)
    assert isinstance(x, np.ndarray) and x.dtype == np.float32
    t = denoise(torch.from_numpy(y), 0.7)
    assert isinstance(t, torch.Tensor) and np.array_equal(t.numpy(), x)
    assert denoise(torch.from_numpy(y).double(), 0.7).dtype == torch.float64


def test_a_member_does_not_depend_on_how_many_there_are(card):
    denoise = Network.of(card)
    y = torch.randn(5, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(denoise(y, 1.0)[:1], denoise(y[:1], 1.0), atol=1e-5)


def test_vjp_is_the_transpose_of_the_jacobian(card):
    denoise = Network.of(card)
    generator = torch.Generator().manual_seed(3)
    y, v, d = (torch.randn(1, 1, 16, 16, generator=generator, dtype=torch.float32) for _ in range(3))
    h = 1e-2
    forward = (denoise(y + h * d, 0.8) - denoise(y - h * d, 0.8)) / (2 * h)
    assert float((forward * v).sum()) == pytest.approx(float((denoise.vjp(y, 0.8, v) * d).sum()), rel=2e-2, abs=1e-2)


def test_missing_pixels_neither_enter_nor_leave_a_network_with_a_mask(tmp_path):
    mask = np.zeros((16, 16), dtype=bool)
    mask[:4] = True
    denoise = Network.of(small_model(tmp_path, mask=mask))
    assert np.array_equal(denoise.known, ~mask)
    y = np.random.default_rng(4).normal(size=(1, 1, 16, 16)).astype(np.float32)
    other = y.copy()
    other[..., :4, :] = 99.0
    assert np.array_equal(denoise(y, 0.5), denoise(other, 0.5)) and not denoise(y, 0.5)[..., :4, :].any()


def held_to(x0: torch.Tensor, told: torch.Tensor, transform: Transform, smallest: float = 0.0) -> torch.Tensor:
    """`with_block_means` of standardised fields, standardised again."""
    physical = [torch.from_numpy(transform.inverse(z.numpy()).astype(np.float32)) for z in (x0, told)]
    return torch.from_numpy(transform(with_block_means(*physical, transform, 8, smallest).numpy()))


@pytest.mark.parametrize("smallest", [0.0, 0.1])
@pytest.mark.parametrize("key", ["cbrt", "log1p", "standardise"])
def test_block_means_are_held_in_physical_units(key, smallest):
    transform = Transform(key, 0.5, 0.6)
    rng = np.random.default_rng(5)
    truth = transform(np.maximum(rng.gamma(0.5, 4.0, (2, 16, 16)) - 1, 0))
    guess = truth + rng.normal(scale=0.3, size=truth.shape).astype(np.float32)
    told = torch.from_numpy(coarse(truth, transform, 8)[:, None])
    held = held_to(torch.from_numpy(guess)[:, None], told, transform, smallest)
    means = block_mean(transform.inverse(held[:, 0].numpy()), 8)
    assert means == pytest.approx(block_mean(transform.inverse(truth), 8), rel=1e-4, abs=1e-4)


def test_a_dry_block_becomes_dry():
    transform = Transform("cbrt", 0.5, 0.6)
    told = torch.from_numpy(transform(np.zeros((1, 1, 8, 8))))
    held = held_to(torch.randn(1, 1, 8, 8), told, transform)
    assert transform.inverse(held.numpy()) == pytest.approx(0, abs=1e-6)


def test_what_rains_on_a_dry_block_is_no_block_of_drizzle():
    """A block's mean that the network made nothing of was spread over all of its pixels."""
    rng = np.random.default_rng(2)
    raw = torch.from_numpy(rng.gamma(0.3, 2.0, (4, 3, 2, 2, 64)).astype(np.float32) - 0.2)
    raw[0, 0, 0, 0] = -torch.arange(64) / 100.0  # dry: nearest to rain in the first pixels
    wanted = torch.from_numpy(rng.gamma(0.5, 1.0, (4, 3, 2, 2, 1)).astype(np.float32))
    wanted[0, 0, 0, 0], wanted[1, 0, 0, 0], wanted[2, 0, 0, 0] = 0.014, 0.0, 0.0005
    made = amounts_with_means(raw, wanted, 0.1)
    assert made.mean(-1, keepdim=True).numpy() == pytest.approx(wanted.numpy(), rel=1e-5)
    few = torch.zeros(64)
    few[:3] = 0.014 * 64 / 3  # 0.9 in all, about 0.3 each
    assert made[0, 0, 0, 0].numpy() == pytest.approx(few.numpy(), rel=1e-5)
    assert not made[1, 0, 0, 0].any(), "dry stays dry"
    assert (made[2, 0, 0, 0] > 0).sum() == 1 and made[2, 0, 0, 0].max() == pytest.approx(0.032), "less than there is"
    wet, enough = made > 0, (64 * wanted >= 0.1).expand_as(made)
    assert (made[wet & enough] >= 0.0999).all() and (made >= 0).all()
    assert (raw[wet & (wanted >= 0.5)] > 0).all(), "where the network made rain, it stays where it was"
    with_rain = raw.clamp_min(0).ge(0.1).any(-1)
    grown = (wet & (raw < 0.1)).any(-1) & with_rain
    assert not grown.any(), "no pixel becomes wet beside wet ones"


def test_other_quantities_are_moved_as_a_whole():
    """Degrees below zero were taken for nothing."""
    transform, x = Transform("standardise", -3.0, 5.0), torch.randn(2, 1, 16, 16)
    told = torch.randn(1, 1, 2, 2).repeat_interleave(8, 2).repeat_interleave(8, 3)
    held = held_to(x, told, transform)
    means = held.reshape(2, 1, 2, 8, 2, 8).mean((3, 5))
    assert means.numpy() == pytest.approx(np.repeat(told[:, :, ::8, ::8].numpy(), 2, 0), abs=1e-5)
    inside = (held - x).reshape(2, 1, 2, 8, 2, 8)
    assert float(inside.std((3, 5)).max()) < 1e-5


def test_the_card_gives_size_transform_and_noise_range(facts, recipe, card):
    plan = resolve(recipe, facts)
    assert plan.refusal is None and plan.shape == (1, 1, 16, 16) and (plan.region.ny, plan.region.nx) == (16, 16)
    assert plan.transform == card.transform and plan.device == "cpu"
    assert plan.levels[0] == pytest.approx(20.0)
    assert any("starts at s = 20" in note.given for note in plan.notes)


def test_a_schedule_inside_the_trained_range_starts_at_its_own_end(facts, recipe):
    plan = resolve(recipe.but(schedule=make_schedule("linear", {"beta_end": 0.005})), facts)
    assert plan.levels[0] == pytest.approx(plan.recipe.course.schedule.s_max) and plan.levels[0] < 20
    assert not any(note.given.startswith("starts") for note in plan.notes)


def test_a_pickled_plan_runs_the_same(facts, recipe):
    plan = resolve(recipe.but(members=2), facts)
    (*_, a), (*_, b) = run(plan), run(pickle.loads(pickle.dumps(plan)))
    assert torch.equal(a.y, b.y) and a.y.shape == (2, 1, 16, 16) and torch.isfinite(a.y).all()


def test_from_the_field_begins_at_the_field(facts, recipe):
    plan = resolve(recipe.but(origin="field", level=0.5), facts)
    noise = resolve(recipe.but(schedule=plan.recipe.course.schedule), facts)
    assert plan.refusal is None
    assert plan.levels[0] == pytest.approx(0.5)
    assert start_state(plan)[0, 0] - plan.x0 == pytest.approx(
        start_state(noise)[0, 0] * 0.5 / noise.levels[0], rel=1e-3, abs=1e-4
    )


def test_another_quantity_can_be_made_but_not_started_from(recipe, card):
    facts = Facts(rain_field(), cards={"twin": card})
    recipe = recipe.but(region=None)
    assert resolve(recipe, facts).refusal is None
    plan = resolve(recipe.but(origin="field", level=1.0), facts)
    assert plan.refusal is not None and "the open field is in mm/h" in str(plan.refusal) and plan.model is None


def test_the_same_units_are_not_the_same_quantity(card):
    sea = replace(packaged_field(), name="sea_surface_temperature", provenance={})
    assert "the open field is sea_surface_temperature" in mismatch(card, sea)
    assert mismatch(card, packaged_field()) == ""


def test_a_condition_needs_its_field_and_is_made_of_it(tmp_path, recipe):
    transform = Transform("cbrt", 0.5, 0.6)
    card = small_model(
        tmp_path, coarsen=8, quantity="precipitation_rate", units="mm h-1", transform=transform
    )  # fmt: skip
    field = rain_field()
    recipe = recipe.but(region=Region(8, 8, 16, 16), transform="cbrt")
    plan = resolve(recipe, Facts(field, cards={"twin": card}))
    assert plan.refusal is None
    *_, last = run(plan)
    made = block_mean(plan.made_in.inverse(last.y.numpy()[0, 0]), 8)
    assert made == pytest.approx(block_mean(field.values[8:24, 8:24], 8), rel=1e-3, abs=1e-3)
    foreign = resolve(recipe.but(transform="standardise"), Facts(packaged_field(), cards={"twin": card}))
    assert "Its condition needs a field of that quantity" in str(foreign.refusal)


def test_missing_pixels_are_refused_by_a_network_without_mask(facts, recipe):
    plan = resolve(recipe.but(region=Region(0, 0, 16, 16), origin="field", level=1.0), facts)
    assert "missing pixels" in str(plan.refusal) and plan.complete is not None


@pytest.mark.parametrize(
    ("about", "wishes", "sentence"),
    [({"kind": "consistency"}, {}, "jumps to the end"), ({}, {"torch": None}, "torch is not installed")],
)
def test_what_cannot_run_says_why(tmp_path, recipe, about, wishes, sentence):
    plan = resolve(recipe, Facts(packaged_field(), cards={"twin": small_model(tmp_path, **about)}, **wishes))
    assert sentence in str(plan.refusal) and plan.refusal.hint


def test_an_unknown_model_is_refused(facts):
    with pytest.raises(UserError, match="no model called 'magic'"):
        resolve(Recipe.of(model="magic"), facts)


def test_ones_own_denoiser_runs(facts):
    own = Given(lambda y, s: y / (1 + s * s), "mine")
    plan = resolve(Recipe.of(model="mine", steps=4), facts.learn(given={"mine": own}))
    *_, last = run(plan)
    assert plan.refusal is None and last.evaluations == 4


def test_damaged_weights_are_a_sentence(card):
    weights = card.file.with_suffix(".safetensors")
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(UserError, match="damaged"):
        load_model(card)


def test_the_sentence_of_a_network_counts_the_limits_it_meets(tmp_path):
    verdict = {"what": "wet-pixel fraction", "value": 0.02, "limit": 0.03, "at_least": False, "units": "", "ok": True}
    card = replace(small_model(tmp_path), scores={"verdicts": [verdict, {**verdict, "value": 0.05, "ok": False}]})
    assert Trained(card, "cpu").sentence.endswith("On held-out fields it meets 1 of 2 limits.")
    assert "limits" not in Trained(replace(card, scores={"crps": 0.1}), "cpu").sentence
