"""How each class of diffusers' schedulers trains, against what that class itself makes of the same network."""

import inspect
import itertools
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from diffview.errors import UserError
from diffview.forward.tables import import_schedule
from diffview.models.foreign import foreign_card
from diffview.models.nets.discrete import load_discrete
from diffview.models.schedulers import CONVENTIONS, NEEDS
from diffview.reverse.parametrisations import Threshold

sys.path.insert(0, str(Path(__file__).parents[1]))
from diffusers_twins import drawn, edited, one_thread, saved  # noqa: F401

diffusers = pytest.importorskip("diffusers")


def parameters_of(kind):
    return inspect.signature(getattr(diffusers, kind).__init__).parameters


pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of numpy's, in diffusers
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
NEEDED = {
    "VQDiffusionScheduler": {"num_vec_classes": 8}, "AmusedScheduler": {"mask_token_id": 0},
    "RFD4ProteinaScheduler": {"schedule_mode": "log", "noise_mode": "1/t", "tsr_k": 1.0, "tsr_sigma": 1.0},
}  # fmt: skip
"""Arguments without which they cannot be made."""

AVAILABLE = sorted(
    name for name in dir(diffusers)
    if name.endswith("Scheduler") and not getattr(diffusers, name).__module__.startswith("diffusers.utils")
)  # fmt: skip
"""Those that are not stand-ins for something that is not installed."""

CHAINS = [name for name in AVAILABLE if name in CONVENTIONS and "beta_schedule" in parameters_of(name)]


def opened(folder):
    card = foreign_card(folder)
    return card, load_discrete(card, "cpu")


def close(ours, theirs, within=1e-5):
    return float((ours - theirs).abs().max() / theirs.abs().max()) < within


@pytest.mark.parametrize(
    ("kind", "prediction"), list(zip(CHAINS, itertools.cycle(["epsilon", "v_prediction", "sample"])))
)
def test_every_chain_of_betas_with_the_defaults_of_its_class(tmp_path, kind, prediction):
    scheduler = getattr(diffusers, kind)()
    net = saved(tmp_path, scheduler)
    path = tmp_path / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({"_class_name": kind, "prediction_type": prediction}))  # the rest is left to the class
    card, denoise = opened(tmp_path)
    alpha_bar = np.asarray(scheduler.alphas_cumprod, np.float64)
    assert card.network["times"].alpha_bar == pytest.approx(alpha_bar, rel=1e-3, abs=1e-7)
    x = drawn(2, 1, 16, 16)
    for t in (0, 400, 999):
        alpha, sigma = alpha_bar[t] ** 0.5, (1 - alpha_bar[t]) ** 0.5
        with torch.no_grad():
            out = net(x, t).sample
        theirs = {"epsilon": (x - sigma * out) / alpha, "sample": out, "v_prediction": alpha * x - sigma * out}
        assert close(denoise(x / alpha, sigma / alpha), theirs[prediction], 1e-4)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("kind", ["EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"])
@pytest.mark.parametrize("sd", [0.5, 1.3])
def test_edm(tmp_path, kind, prediction, sd):
    scheduler = getattr(diffusers, kind)(prediction_type=prediction, sigma_data=sd, sigma_max=70.0)
    net = saved(tmp_path, scheduler)
    card, denoise = opened(tmp_path)
    assert card.noise_range == (0.002, 70.0) and card.kind == "posterior mean"
    scheduler.set_timesteps(5)
    for s, t in zip(scheduler.sigmas[:-1], scheduler.timesteps, strict=True):
        y = torch.hypot(s, torch.tensor(sd)) * drawn(2, 1, 16, 16)
        with torch.no_grad():
            out = net(scheduler.precondition_inputs(y, s), t).sample
        assert close(denoise(y, float(s)), scheduler.precondition_outputs(y, out, s))


def test_v_of_continuous_times_is_edm_of_unit_variance(tmp_path):
    """As Stable Video Diffusion has it: EulerDiscrete tells ln(s)/4, not a step."""
    settings = {"prediction_type": "v_prediction", "timestep_type": "continuous", "use_karras_sigmas": True}
    scheduler = diffusers.EulerDiscreteScheduler(sigma_min=0.01, sigma_max=50.0, **settings)
    net = saved(tmp_path, scheduler)
    card, denoise = opened(tmp_path)
    assert card.noise_range == (0.01, 50.0)
    scheduler.set_timesteps(5)
    y = drawn(2, 1, 16, 16)
    for t in scheduler.timesteps:
        with torch.no_grad():
            out = net(scheduler.scale_model_input(y, t), t).sample
        s = float(scheduler.sigmas[scheduler.step_index])
        theirs = scheduler.step(out, t, y).pred_original_sample
        assert close(denoise(y, s), theirs)


def test_a_consistency_model_jumps(tmp_path):
    scheduler = diffusers.CMStochasticIterativeScheduler(clip_denoised=False)
    net = saved(tmp_path, scheduler)
    card, denoise = opened(tmp_path)
    assert card.kind == denoise.kind == "consistency" and card.noise_range == (0.002, 80.0)
    scheduler.set_timesteps(4)
    for i, t in enumerate(scheduler.timesteps[:-1]):
        s = float(scheduler.sigmas[i])
        y = s * drawn(2, 1, 16, 16)
        with torch.no_grad():
            out = net(scheduler.scale_model_input(y, t), t).sample
        c_skip, c_out = scheduler.get_scalings_for_boundary_condition(s)
        assert close(denoise(y, s), c_skip * y + c_out * out)
        scheduler.step(out, t, y)
    assert torch.allclose(denoise(y, 0.002), y, atol=1e-6)


@pytest.mark.parametrize("embedding", ["positional", "fourier"])
def test_a_score_network_of_variance_exploding(tmp_path, embedding):
    """x0_hat = y + s^2 F(y, s), as ScoreSdeVePipeline calls it."""
    net = saved(tmp_path, diffusers.ScoreSdeVeScheduler(sigma_max=50.0), time_embedding_type=embedding)
    card, denoise = opened(tmp_path)
    assert card.noise_range == (0.01, 50.0)
    y = drawn(2, 1, 16, 16)
    for s in (0.02, 1.0, 40.0):
        with torch.no_grad():
            score = net(y, torch.tensor([s])).sample
        assert close(denoise(y, s), y + s * s * score, 1e-4)


@pytest.mark.parametrize("kind", ["FlowMatchEulerDiscrete", "FlowMatchHeunDiscrete", "LTXEulerAncestralRF"])
def test_a_flow(tmp_path, kind):
    net = saved(tmp_path, getattr(diffusers, f"{kind}Scheduler")())
    card, denoise = opened(tmp_path)
    assert card.network["prediction"] == "flow"
    x = drawn(2, 1, 16, 16)
    for t in (0.02, 0.5, 0.98):
        with torch.no_grad():
            theirs = x - t * net(x, torch.tensor([1000 * t])).sample
        assert close(denoise(x / (1 - t), t / (1 - t)), theirs, 1e-4)


@pytest.mark.parametrize("kind", [name for name in AVAILABLE if name not in CONVENTIONS])
def test_what_is_not_understood_is_refused_by_its_name(tmp_path, kind):
    """Read as eps of linear betas, x0_hat of these was wrong by factors of up to 24, and nothing said so."""
    config = json.loads(getattr(diffusers, kind)(**NEEDED.get(kind, {})).to_json_string())
    saved(tmp_path, diffusers.DDPMScheduler())
    edited(tmp_path, "scheduler/scheduler_config.json", **config)
    with pytest.raises(UserError) as refused:
        foreign_card(tmp_path)
    assert kind in refused.value.sentence and NEEDS.get(kind, "") in refused.value.sentence
    assert "EDMEuler" in refused.value.hint


@pytest.mark.parametrize("kind", ["IPNDMScheduler", "CogVideoXDDIMScheduler", "ScoreSdeVeScheduler"])
def test_a_schedule_of_a_class_that_is_no_chain_of_betas_is_not_imported(kind):
    with pytest.raises(UserError, match=f"{kind} is no chain of betas"):
        import_schedule(json.dumps({"_class_name": kind, "num_train_timesteps": 1000}))


def test_the_class_is_in_the_index_or_asked_for(tmp_path):
    saved(tmp_path, diffusers.DDPMScheduler())
    path = tmp_path / "scheduler" / "scheduler_config.json"
    path.write_text("{}")
    with pytest.raises(UserError, match="does not say its class"):
        foreign_card(tmp_path)
    (tmp_path / "model_index.json").write_text(json.dumps({"scheduler": ["diffusers", "VQDiffusionScheduler"]}))
    with pytest.raises(UserError, match="VQDiffusionScheduler"):
        foreign_card(tmp_path)


def test_a_prediction_in_the_words_of_2022(tmp_path):
    saved(tmp_path, diffusers.DDPMScheduler())
    path = tmp_path / "scheduler" / "scheduler_config.json"
    path.write_text(json.dumps({"_class_name": "DDPMScheduler", "predict_epsilon": False}))
    assert foreign_card(tmp_path).network["prediction"] == "sample"


WRONG = {
    "inverted": ({"_class_name": "FlowMatchEulerDiscreteScheduler", "invert_sigmas": True}, "invert_sigmas"),
    "levels": ({"_class_name": "EDMEulerScheduler", "sigma_min": 9.0, "sigma_max": 1.0}, "go from 9 to 1"),
    "sample of edm": ({"_class_name": "EDMEulerScheduler", "prediction_type": "sample"}, "predicts 'sample' with EDM"),
    "betas by a list": ({"beta_schedule": ["linear"]}, "beta_schedule is a list, not a text"),
    "beta is a text": ({"beta_start": "little"}, 'beta_start is "little", not a number'),
    "rescaled in words": ({"rescale_betas_zero_snr": "false"}, "not true or false"),
    "clipped to nothing": ({"clip_sample_range": 0}, "clip_sample_range"),
}


@pytest.mark.parametrize("what", WRONG)
def test_settings_that_say_nothing_are_a_sentence(tmp_path, what):
    saved(tmp_path, diffusers.DDPMScheduler())
    changes, sentence = WRONG[what]
    edited(tmp_path, "scheduler/scheduler_config.json", **changes)
    with pytest.raises(UserError, match=sentence) as refused:
        foreign_card(tmp_path)
    assert refused.value.hint


LIMITED = {
    "clipped": lambda: diffusers.DDPMScheduler(clip_sample_range=0.7),
    "clipped by default": diffusers.DDIMScheduler,
    "thresholded": lambda: diffusers.DDPMScheduler(
        thresholding=True, sample_max_value=2.0, dynamic_thresholding_ratio=0.9
    ),
    "not by heun": diffusers.HeunDiscreteScheduler,
    "said no": lambda: diffusers.DDPMScheduler(clip_sample=False),
    "not by euler": lambda: diffusers.EulerDiscreteScheduler.from_config(diffusers.DDPMScheduler().config),
}


@pytest.mark.parametrize("what", LIMITED)
def test_x0_hat_is_held_as_its_scheduler_holds_it(tmp_path, what):
    scheduler = LIMITED[what]()
    net, x, t = saved(tmp_path, scheduler), drawn(3, 1, 16, 16), 300
    card = foreign_card(tmp_path)
    limits = card.network["limits"]
    assert ("limits" in card.data) == (limits is not None) == (not what.startswith(("not", "said")))
    if limits is not None:
        alpha_bar = float(scheduler.alphas_cumprod[t])
        scheduler.set_timesteps(1000)
        with torch.no_grad():
            theirs = scheduler.step(net(x, t).sample, t, x).pred_original_sample
        s = ((1 - alpha_bar) / alpha_bar) ** 0.5
        ours = load_discrete(card, "cpu", limits)(x / alpha_bar**0.5, s)
        assert close(ours, theirs, 1e-4) and float(ours.abs().max()) <= 1
        numbers = load_discrete(card, "cpu", limits)((x / alpha_bar**0.5).numpy(), s)
        assert numbers == pytest.approx(ours.numpy())


def test_limits_of_arrays_and_tensors_are_the_same():
    x0_hat = 3 * drawn(4, 1, 8, 8)
    for limits in (Threshold(0.5), Threshold(2.0, 0.9), Threshold(1.0, 0.995)):
        assert limits(x0_hat).numpy() == pytest.approx(limits(x0_hat.numpy()), abs=1e-6)
