"""Folders of diffusers networks, against diffusers itself."""

import json
import math

import numpy as np
import pytest
import torch

from diffview.errors import UserError
from diffview.models.choice import open_card
from diffview.models.foreign import foreign_card
from diffview.models.nets.discrete import load_discrete
from diffview.models.schedulers import alpha_bar_of
from diffview.readers.packaged import packaged_field
from diffview.reverse.parametrisations import TableTimes
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

diffusers = pytest.importorskip("diffusers")

SMALL = {
    "sample_size": 16, "in_channels": 1, "out_channels": 1, "layers_per_block": 1, "block_out_channels": (8, 8),
    "norm_num_groups": 4, "down_block_types": ("DownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "UpBlock2D"),
}  # fmt: skip


def make(folder, **schedule):
    torch.manual_seed(0)
    net = diffusers.UNet2DModel(**SMALL)
    scheduler = diffusers.DDPMScheduler(**schedule)
    diffusers.DDPMPipeline(net, scheduler).save_pretrained(str(folder))
    return net.eval(), scheduler


SCHEDULES = [{}, {"beta_schedule": "scaled_linear", "beta_start": 0.00085}, {"beta_schedule": "squaredcos_cap_v2"}]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_alpha_bar_is_that_of_diffusers(schedule):
    scheduler = diffusers.DDPMScheduler(**schedule)
    ours = alpha_bar_of(dict(scheduler.config))
    assert ours == pytest.approx(scheduler.alphas_cumprod.double().numpy(), rel=1e-3, abs=1e-7)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
def test_x0_hat_is_that_of_diffusers_at_its_own_times(tmp_path, prediction):
    net, scheduler = make(tmp_path / "theirs", prediction_type=prediction, clip_sample=False)
    card = foreign_card(tmp_path / "theirs")
    denoise = load_discrete(card, "cpu")
    x = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    alpha_bar = card.network["times"].alpha_bar
    for t in (0, 10, 500, 999):
        s = float(np.sqrt((1 - alpha_bar[t]) / alpha_bar[t]))
        with torch.no_grad():
            theirs = scheduler.step(net(x, t).sample, t, x).pred_original_sample
        ours = denoise(x * float(np.sqrt(1 + s * s)), s)
        assert ours.numpy() == pytest.approx(theirs.numpy(), rel=2e-3, abs=2e-3 * float(theirs.abs().max()))


def test_a_table_of_learned_times_is_asked_for_the_nearest(tmp_path):
    torch.manual_seed(0)
    net = diffusers.UNet2DModel(**SMALL, time_embedding_type="learned", num_train_timesteps=1000).eval()
    diffusers.DDPMPipeline(net, diffusers.DDPMScheduler()).save_pretrained(str(tmp_path / "theirs"))
    card = foreign_card(tmp_path / "theirs")
    alpha_bar = card.network["times"].alpha_bar
    s = np.sqrt((1 - alpha_bar) / alpha_bar)
    between = float(s[500] ** 0.7 * s[501] ** 0.3)
    x, alpha = torch.randn(2, 1, 16, 16), 1 / math.sqrt(1 + between**2)
    with torch.no_grad():
        eps_hat = net(x, 500).sample
    wanted = (x - between * alpha * eps_hat) / alpha
    assert torch.allclose(load_discrete(card, "cpu")(x / alpha, between), wanted, rtol=1e-4, atol=1e-4)


def test_times_are_whole_at_the_training_levels_and_held_beyond():
    alpha_bar = alpha_bar_of({})
    s = np.sqrt((1 - alpha_bar) / alpha_bar)
    time_of = TableTimes(alpha_bar).time_of
    assert [time_of(float(v)) for v in s] == list(range(1000))
    assert time_of(1e-9) == 0 and time_of(1e9) == 999
    assert time_of(float(np.sqrt(s[10] * s[11]))) == pytest.approx(10.5, abs=1e-9)


def test_a_learned_variance_is_read_as_diffusers_reads_it(tmp_path):
    """Its second channel is f = (v + 1)/2 between the two log variances; scheduler.step splits it the same way."""
    torch.manual_seed(0)
    net = diffusers.UNet2DModel(**{**SMALL, "out_channels": 2}).eval()
    scheduler = diffusers.DDPMScheduler(variance_type="learned_range", clip_sample=False)
    diffusers.DDPMPipeline(net, scheduler).save_pretrained(str(tmp_path / "theirs"))
    card = foreign_card(tmp_path / "theirs")
    assert card.network["learned_variance"] is True
    denoise, t = load_discrete(card, "cpu"), 500
    s = float(np.sqrt(1 / card.network["times"].alpha_bar[t] - 1))
    x = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        out = net(x, t).sample
    theirs = scheduler.step(out, t, x, generator=torch.Generator().manual_seed(2)).pred_original_sample
    y = x * float(np.sqrt(1 + s * s))
    assert denoise(y, s).numpy() == pytest.approx(theirs.numpy(), rel=2e-3, abs=2e-3 * float(theirs.abs().max()))
    f = denoise.variance_fraction(y, s)
    assert f.shape == (2, 1, 16, 16) and f.numpy() == pytest.approx((out[:, 1:].numpy() + 1) / 2, abs=1e-3)
    high, before, now = scheduler.betas[t], scheduler.alphas_cumprod[t - 1], scheduler.alphas_cumprod[t]
    low = (1 - before) / (1 - now) * high
    std = torch.exp((f * torch.log(high) + (1 - f) * torch.log(low)) / 2)

    def stepped(seed):
        """Where scheduler.step comes to, and the noise it adds there, times the standard deviation."""
        reached = scheduler.step(out, t, x, generator=torch.Generator().manual_seed(seed)).prev_sample
        return reached, torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))

    (one, z_one), (other, z_other) = stepped(2), stepped(3)
    assert (one - other).numpy() == pytest.approx((std * (z_one - z_other)).numpy(), rel=1e-3, abs=1e-5)


def test_a_network_without_one_has_none(tmp_path):
    make(tmp_path / "theirs")
    assert (
        load_discrete(foreign_card(tmp_path / "theirs"), "cpu").variance_fraction(torch.zeros(1, 1, 16, 16), 1.0)
        is None
    )


def test_a_flow_network_is_stepped_as_diffusers_steps_it(tmp_path):
    """Euler from sigma to 0 lands on x0_hat = x - sigma u, and the time is sigma x 1000."""
    net, _ = make(tmp_path / "theirs")
    scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)
    (tmp_path / "theirs" / "scheduler" / "scheduler_config.json").unlink()
    scheduler.save_pretrained(str(tmp_path / "theirs" / "scheduler"))
    card = foreign_card(tmp_path / "theirs")
    assert card.network["prediction"] == "flow" and "flow" in card.data["source"]
    denoise = load_discrete(card, "cpu")
    x = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    scheduler.set_timesteps(7)
    for sigma, t in zip(scheduler.sigmas.tolist()[1:-1], scheduler.timesteps[1:], strict=True):
        with torch.no_grad():
            theirs = x - sigma * net(x, t).sample
        s = sigma / (1 - sigma)
        assert denoise(x * (1 + s), s).numpy() == pytest.approx(theirs.numpy(), abs=1e-4 * float(theirs.abs().max()))


def test_times_between_two_training_steps_reach_the_network(tmp_path):
    """diffusers cuts a Python float to a whole number without a word, so that it is given a tensor."""
    net, _ = make(tmp_path / "theirs", clip_sample=False)
    denoise, x = load_discrete(foreign_card(tmp_path / "theirs"), "cpu"), torch.ones(1, 1, 16, 16)
    alpha_bar = denoise.card.network["times"].alpha_bar
    log_s = 0.5 * np.log(1 / alpha_bar - 1)
    s = float(np.exp((log_s[10] + log_s[11]) / 2))
    with torch.no_grad():
        eps = net(x, torch.tensor([10.5])).sample
    theirs = (x - s / np.hypot(1, s) * eps) * np.hypot(1, s)
    assert denoise(x * np.hypot(1, s), s).numpy() == pytest.approx(theirs.numpy(), abs=1e-4)


def test_zero_terminal_snr_needs_another_prediction_than_noise(tmp_path):
    make(tmp_path / "theirs", rescale_betas_zero_snr=True, prediction_type="v_prediction")
    card = foreign_card(tmp_path / "theirs")
    assert card.network["times"].alpha_bar[-1] == 0 and card.noise_range[1] > 1e4
    denoise, top = load_discrete(card, "cpu"), card.noise_range[1]
    y = top * torch.randn(1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    assert torch.isfinite(denoise(y, top)).all()
    facts = Facts(packaged_field(), cards={"theirs": card})
    *_, last = run(resolve(Recipe.of(model="theirs", steps=3), facts))
    assert torch.isfinite(last.y).all()


def test_its_vjp_is_that_of_differences(tmp_path):
    make(tmp_path / "theirs")
    denoise = load_discrete(foreign_card(tmp_path / "theirs"), "cpu")
    y, v, u = torch.randn(3, 1, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    ahead, behind = (denoise(y + h * u, 1.0) for h in (1e-2, -1e-2))
    slope = float(((ahead - behind) / 2e-2 * v).sum())
    assert float((denoise.vjp(y, 1.0, v) * u).sum()) == pytest.approx(slope, rel=2e-2)


def test_it_runs_from_noise_and_refuses_a_field_of_which_it_does_not_know(tmp_path):
    make(tmp_path / "theirs")
    facts = Facts(packaged_field(), cards={"theirs": open_card(tmp_path / "theirs")})
    *_, last = run(resolve(Recipe.of(model="theirs", steps=3), facts))
    assert last.y.shape == (1, 1, 16, 16) and torch.isfinite(last.y).all()
    plan = resolve(Recipe.of(model="theirs", origin="field", level=1.0), facts)
    assert "does not say what its fields are" in str(plan.refusal)


def edited(folder, file, **changes):
    path = folder / file
    plain = json.loads(path.read_text()) | changes
    path.write_text(json.dumps(plain))


BAD = {
    "another network": lambda f: edited(f, "unet/config.json", _class_name="UNet2DConditionModel"),
    "a score network": lambda f: edited(f, "unet/config.json", time_embedding_type="fourier"),
    "classes": lambda f: edited(f, "unet/config.json", num_class_embeds=10),
    "three channels": lambda f: edited(f, "unet/config.json", in_channels=3),
    "no weights": lambda f: (f / "unet" / "diffusion_pytorch_model.safetensors").unlink(),
    "no scheduler": lambda f: (f / "scheduler" / "scheduler_config.json").unlink(),
    "unknown schedule": lambda f: edited(f, "scheduler/scheduler_config.json", beta_schedule="magic"),
    "unknown prediction": lambda f: edited(f, "scheduler/scheduler_config.json", prediction_type="magic"),
    "a variance of its own": lambda f: edited(f, "unet/config.json", out_channels=2),
    "flow and eps at once": lambda f: edited(
        f, "scheduler/scheduler_config.json", use_flow_sigmas=True, prediction_type="epsilon"
    ),
    "betas outside": lambda f: edited(f, "scheduler/scheduler_config.json", beta_end=2.0),
    "zero SNR": lambda f: edited(f, "scheduler/scheduler_config.json", rescale_betas_zero_snr=True),
    "not JSON": lambda f: (f / "unet" / "config.json").write_text("{"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_read_is_a_sentence(tmp_path, what):
    make(tmp_path / "theirs")
    BAD[what](tmp_path / "theirs")
    with pytest.raises(UserError) as caught:
        foreign_card(tmp_path / "theirs")
    assert caught.value.hint


def test_weights_that_do_not_fit_and_weights_cut_in_half(tmp_path):
    make(tmp_path / "theirs")
    card = foreign_card(tmp_path / "theirs")
    edited(tmp_path / "theirs", "unet/config.json", block_out_channels=[16, 16])
    with pytest.raises(UserError, match="do not fit"):
        load_discrete(foreign_card(tmp_path / "theirs"), "cpu")
    weights = tmp_path / "theirs" / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(UserError, match="not a whole safetensors file"):
        load_discrete(card, "cpu")


def test_a_folder_without_anything(tmp_path):
    with pytest.raises(UserError, match="has no card"):
        open_card(tmp_path)
