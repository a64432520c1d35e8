"""Which levels a config of diffusers executes, against diffusers itself, computing in float64."""

import importlib
import inspect
import itertools
import sys
import types
import warnings

import numpy as np
import pytest
import torch

from diffview.errors import UserError
from diffview.forward.executed import executed
from diffview.forward.schedules import Linear
from diffview.forward.walks import BY_LEVEL, FLOWS, NO_RUN, WALKS, WATCHED

pytest.importorskip("diffusers")
pytestmark = pytest.mark.filterwarnings("ignore")


class Wide:
    """A module whose float32 is float64."""

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        return getattr(self._module, "float64" if name == "float32" else name)


WITH_TORCHSDE = {
    "DPMSolverSDEScheduler": "dpmsolver_sde", "CosineDPMSolverMultistepScheduler": "cosine_dpmsolver_multistep",
}  # fmt: skip
"""Classes that diffusers keeps back where torchsde is missing, which draws their noise and has no part in levels."""


def scheduler_class(name):
    """A class of diffusers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers
    if name not in WITH_TORCHSDE:
        return getattr(diffusers, name)
    sys.modules.setdefault("torchsde", types.ModuleType("torchsde"))
    return getattr(importlib.import_module(f"diffusers.schedulers.scheduling_{WITH_TORCHSDE[name]}"), name)


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """diffusers computes in float64."""
    torch.set_default_dtype(torch.float64)
    for name in (*WALKS, *BY_LEVEL):
        module = sys.modules[scheduler_class(name).__module__]
        monkeypatch.setattr(module, "torch", Wide(torch))
        monkeypatch.setattr(module, "np", Wide(np), raising=False)
    yield
    torch.set_default_dtype(torch.float32)


def theirs(config, steps):
    """Levels of diffusers' own scheduler, and where its steps go."""
    name = config["_class_name"]
    scheduler = scheduler_class(name).from_config(config)
    scheduler.set_timesteps(steps)
    if hasattr(scheduler, "sigmas"):
        sigmas = scheduler.sigmas.double().numpy()
        if len(sigmas) != steps + 1:
            sigmas = np.append(sigmas[0], sigmas[1::2][:steps])  # all but the first level stand twice
        if "Flow" in name or config.get("use_flow_sigmas"):
            sigmas = sigmas / (1 - sigmas)
        return sigmas, sigmas[1:]
    return of_rows(scheduler, name, steps)


def of_rows(scheduler, name, steps):
    """Levels of a scheduler that says rows: what its `step` is found to do with them."""
    at = scheduler.timesteps.numpy()
    if name == "PNDMScheduler":
        return of_pndm(scheduler, at)
    alpha_bar = scheduler.alphas_cumprod.double().numpy()
    final = float(getattr(scheduler, "final_alpha_cumprod", torch.tensor(1.0)))
    if name in ("LCMScheduler", "TCDScheduler"):  # the last step takes neither final_alpha_cumprod nor less than row 1
        final = 1.0 if name.startswith("LCM") else alpha_bar[0]
    ddim = name.startswith("DDIM")
    to = at - scheduler.config.num_train_timesteps // steps if ddim else np.append(at[1:], -1)
    left = np.append(alpha_bar[at], final)
    ends = np.where(to >= 0, alpha_bar[to.clip(0)], final)
    return np.sqrt((1 - left) / left), np.sqrt((1 - ends) / ends)


def of_pndm(scheduler, at):
    """Where the steps of PNDM begin and end: with eps_hat = 0 each multiplies by the root of a ratio of alpha_bars."""
    final = float(scheduler.final_alpha_cumprod)
    stride = scheduler.config.num_train_timesteps // scheduler.num_inference_steps
    alpha_bar = scheduler.alphas_cumprod.double().numpy()
    scheduler.register_to_config(prediction_type="epsilon")  # a network that says v = 0 does not say eps_hat = 0
    sample, share = torch.ones(1), [1.0]
    for t in torch.as_tensor(at):
        sample = scheduler.step(torch.zeros(1), t, sample).prev_sample
        share.append(float(sample) ** 2)
    if not scheduler.config.skip_prk_steps:  # four calls each for the first three
        calls = [(at[i], i, i + 4) for i in (0, 4, 8)] + [(at[i], i, i + 1) for i in range(12, len(at))]
    elif len(at) > 1:  # the second call takes the first step again, from a stride above
        calls = [(at[1] + stride, 0, 2)] + [(at[i], i, i + 1) for i in range(2, len(at))]
    else:
        calls = [(at[0], 0, 1)]
    places = np.append(alpha_bar, final)
    reached = np.array([alpha_bar[begin] * share[after] / share[before] for begin, before, after in calls])
    ends = places[np.abs(places - reached[:, None]).argmin(axis=1)]
    np.testing.assert_allclose(reached, ends, rtol=1e-12)
    begins = np.array([alpha_bar[at[0]], *(alpha_bar[begin] for begin, _, _ in calls[1:]), final])
    return np.sqrt((1 - begins) / begins), np.sqrt((1 - ends) / ends)


def held(config, steps, rtol=1e-12):
    ours = executed(config, steps)
    with np.errstate(divide="ignore"):
        levels, ends = theirs(config, steps)
    np.testing.assert_allclose(ours.levels, levels, rtol=rtol, atol=1e-12)
    np.testing.assert_allclose(ours.ends, ends, rtol=rtol, atol=1e-12)
    return ours


BETAS = (
    {}, {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    {"beta_schedule": "squaredcos_cap_v2", "num_train_timesteps": 200},
    {"trained_betas": [0.001, 0.01, 0.1, 0.2, 0.5] * 4, "num_train_timesteps": 20},
)  # fmt: skip


@pytest.mark.parametrize("steps", [1, 4, 7, 10])
@pytest.mark.parametrize("spacing", [None, "linspace", "leading", "trailing"])
@pytest.mark.parametrize("name", WALKS)
def test_every_class_and_spacing_walks_as_diffusers_does(name: str, spacing: str | None, steps: int) -> None:
    if name == "UnCLIPScheduler" and steps == 1:
        return  # refused here, and divides by 0 there
    own = {"original_inference_steps": 10} if name in ("LCMScheduler", "TCDScheduler") else {}
    for betas in BETAS:
        if name == "UnCLIPScheduler" and "beta_start" in betas:
            continue  # it refuses other betas than those of a name that it knows, and passes over those that are listed
        spaced = {} if spacing is None else {"timestep_spacing": spacing, "steps_offset": 1}
        if name == "PNDMScheduler":
            own = {"skip_prk_steps": steps % 2 == 1}
        held({"_class_name": name, **betas, **spaced, **own}, steps)
    if "lambda_min_clipped" in WALKS[name].heeds:
        held({"_class_name": name, **BETAS[2], **spaced, "lambda_min_clipped": -5.1}, steps)


SIGMAS = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas")
CONVERTED = [
    (name, key) for name, walk in WALKS.items() for key in SIGMAS if key in walk.heeds
]  # fmt: skip


@pytest.mark.parametrize("steps", [2, 9])
@pytest.mark.parametrize(("name", "key"), CONVERTED)
def test_ramps_of_sigmas_are_those_of_diffusers(name: str, key: str, steps: int) -> None:
    for more in ({}, {"timestep_spacing": "leading"}, {"sigma_min": 0.1, "sigma_max": 20.0}):
        if key == "use_lu_lambdas" and "sigma_min" in more:
            continue
        held({"_class_name": name, key: True, **more}, steps, rtol=1e-10 if "beta" in key else 1e-12)


@pytest.mark.parametrize("final", ["zero", "sigma_min"])
@pytest.mark.parametrize("name", [name for name, walk in WALKS.items() if "final_sigmas_type" in walk.heeds])
def test_the_end_is_where_diffusers_ends(name: str, final: str) -> None:
    for key in ({}, {"use_karras_sigmas": True}):
        said = held({"_class_name": name, "final_sigmas_type": final, **key}, 8)
        assert (said.levels[-1] > 0) == (final == "sigma_min") == ("still holds noise" in " ".join(said.notes))


@pytest.mark.parametrize("name", [name for name, walk in WALKS.items() if "use_flow_sigmas" in walk.heeds])
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_flow_sigmas_are_shifted_as_diffusers_does(name: str, shift: float) -> None:
    config = {"_class_name": name, "use_flow_sigmas": True, "flow_shift": shift, "prediction_type": "flow_prediction"}
    held(config, 6, rtol=1e-9)  # 1 - sigma loses digits near 1


@pytest.mark.parametrize("steps", [2, 7, 20])
def test_levels_without_betas_are_those_of_diffusers(steps: int) -> None:
    for name, kind in itertools.product(sorted(BY_LEVEL), ({}, {"a": 1})):
        if name.startswith(("EDM", "Cosine")):
            more = {"sigma_schedule": "exponential", "sigma_max": 50.0, "rho": 5.0} if kind else {"rho": 6.0}
            held({"_class_name": name, "final_sigmas_type": "sigma_min" if kind else "zero", **more}, steps)
        else:
            held({"_class_name": name, "shift": 3.0 if kind else 1.0}, steps, rtol=1e-9)


def test_zero_terminal_snr_is_as_near_as_each_class_makes_it() -> None:
    config = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
    for name, walk in WALKS.items():
        said = held({"_class_name": name, **config}, 5, rtol=1e-8)  # their float64 cancels near the end
        text = " ".join(said.notes)
        if "rescale_betas_zero_snr" not in walk.heeds:
            assert "passes over" in text and "rescale_betas_zero_snr" in text
            assert np.isfinite(said.levels[0]) and said.levels[0] != pytest.approx(4096, rel=0.1)
        elif not walk.between:
            assert np.isinf(said.levels[0]) and "kept at" not in text
        else:
            assert said.levels[0] == pytest.approx(4096, rel=1e-4) and "kept at s = 4096" in text


def test_ddim_steps_elsewhere_than_its_next_step_begins() -> None:
    said = held({"_class_name": "DDIMScheduler", "timestep_spacing": "linspace"}, 10)
    assert "end at another level than the next begins at" in " ".join(said.notes)
    assert held({"_class_name": "DDIMScheduler", "timestep_spacing": "trailing"}, 10).notes == ()
    kept = held({"_class_name": "DDIMScheduler", "set_alpha_to_one": False}, 10)
    assert kept.levels[-1] > 0 and "still holds noise, s = 0.01" in " ".join(kept.notes)


@pytest.mark.parametrize("skip", [True, False])
def test_pndm_goes_its_stride_from_the_step_on_at_which_it_has_a_past(skip: bool) -> None:
    config = {"_class_name": "PNDMScheduler", "skip_prk_steps": skip}
    said = held({**config, "timestep_spacing": "linspace"}, 10)
    off = [i for i, (to, at) in enumerate(zip(said.ends, said.levels[1:], strict=True)) if to != pytest.approx(at)]
    assert off[0] == (1 if skip else 3) and f"{len(off)} of 10 steps end at another level" in " ".join(said.notes)
    usual = held(config, 10)
    assert usual.levels[-1] > 0 and "still holds noise, s = 0.01" in " ".join(usual.notes)


def test_distilled_classes_take_some_of_the_steps_that_they_were_taught() -> None:
    lcm, tcd = held({"_class_name": "LCMScheduler"}, 4), held({"_class_name": "TCDScheduler"}, 4)
    assert lcm.levels[:-1] == tcd.levels[:-1] and lcm.levels[-1] == 0 < tcd.levels[-1]
    assert lcm.notes == () and "still holds noise" in " ".join(tcd.notes)
    as_saved = {"_class_name": "LCMScheduler", "timestep_spacing": "leading", "steps_offset": 0}
    assert executed({**as_saved, "set_alpha_to_one": True}, 4).notes == ()
    (said,) = executed({**as_saved, "set_alpha_to_one": False, "steps_offset": 1}, 4).notes
    assert said == "LCMScheduler passes over set_alpha_to_one, steps_offset."


def test_a_class_with_one_schedule_passes_listed_betas_over() -> None:
    (said,) = executed({"_class_name": "UnCLIPScheduler", "trained_betas": [0.1] * 1000}, 10).notes
    assert said == "UnCLIPScheduler passes over trained_betas."


@pytest.mark.parametrize("key", ["use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"])
def test_flows_with_ramps_are_those_of_diffusers(key: str) -> None:
    for name in FLOWS - {"FlowMatchHeunDiscreteScheduler"}:
        held({"_class_name": name, "shift": 3.0, key: True}, 6, rtol=1e-9)


def test_a_leading_spacing_says_what_pure_noise_is_taken_for() -> None:
    said = executed({"_class_name": "DDPMScheduler"}, 10)
    (note,) = said.notes
    assert note.startswith(f"A run starts at s = {Linear().noise_level(0.901):.4g}") and "157.4" in note
    assert executed({"_class_name": "DDPMScheduler", "timestep_spacing": "trailing"}, 10).notes == ()


def test_what_a_class_passes_over_is_named() -> None:
    config = {"_class_name": "DDIMScheduler", "use_karras_sigmas": True, "final_sigmas_type": "sigma_min", "rho": 3.0,
              "timestep_spacing": "trailing", "variance_type": "fixed_large"}  # fmt: skip
    (said,) = executed(config, 10).notes
    assert said == "DDIMScheduler passes over final_sigmas_type, rho, use_karras_sigmas, variance_type."
    betas = executed({"trained_betas": [0.1, 0.5], "beta_schedule": "scaled_linear", "timestep_spacing": "trailing"}, 2)
    assert betas.notes == ("trained_betas are what counts; beta_schedule says nothing.",)


NEVER_READ = {
    name: {"timestep_spacing", "steps_offset", "set_alpha_to_one"} for name in ("LCMScheduler", "TCDScheduler")
}
"""What a class declares, and its code never looks at in a run."""


@pytest.mark.parametrize("name", [*WALKS, *BY_LEVEL])
def test_what_is_heeded_is_what_diffusers_declares(name: str) -> None:
    heeds = WALKS[name].heeds if name in WALKS else BY_LEVEL[name]
    declared = set(inspect.signature(scheduler_class(name).__init__).parameters)
    assert heeds & WATCHED == WATCHED & declared - NEVER_READ.get(name, set()) and heeds <= declared


BAD = {
    "an unknown class": {"_class_name": "SCMScheduler"}, "a class of something else": {"_class_name": "UNet"},
    "two ramps": {"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True, "use_beta_sigmas": True},
    "an unknown spacing": {"timestep_spacing": "quadratic"}, "a negative offset": {"steps_offset": -1},
    "an offset out of the chain": {"steps_offset": 500}, "more steps than rows": {"num_train_timesteps": 5},
    "levels the wrong way": {"_class_name": "EDMEulerScheduler", "sigma_min": 90.0},
    "dynamic shifting": {"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": True},
    "an unknown end": {"_class_name": "EulerDiscreteScheduler", "final_sigmas_type": "last"},
    "fewer steps than Runge and Kutta's": {"_class_name": "PNDMScheduler", "num_train_timesteps": 3},
    "more steps than were taught": {"_class_name": "LCMScheduler", "original_inference_steps": 9},
    "more taught than there are": {"_class_name": "TCDScheduler", "original_inference_steps": 2000},
    "a word for those taught": {"_class_name": "LCMScheduler", "original_inference_steps": "all"},
    "fewer levels than steps": {"_class_name": "CMStochasticIterativeScheduler", "num_train_timesteps": 9},
    "an inverse": {"_class_name": "DDIMInverseScheduler"}, "a way up and down": {"_class_name": "RePaintScheduler"},
    "a word for a level": {"_class_name": "EDMEulerScheduler", "sigma_max": "large"},
    "a word for a shift": {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": "much"},
}  # fmt: skip


@pytest.mark.parametrize(("name", "steps"), [("PNDMScheduler", 3), ("UnCLIPScheduler", 1)])
def test_fewer_steps_than_a_class_can_take_are_a_sentence(name: str, steps: int) -> None:
    with pytest.raises(UserError, match="cannot take") as caught:
        executed({"_class_name": name}, steps)
    assert caught.value.hint.endswith(".") and len(executed({"_class_name": name}, steps + 1).levels) == steps + 2


@pytest.mark.parametrize("name", [*NO_RUN])
def test_a_class_that_makes_no_run_says_why(name: str) -> None:
    with pytest.raises(UserError, match=f"{name} (walks|goes) .*up"):
        executed({"_class_name": name}, 10)


@pytest.mark.parametrize("what", BAD)
def test_what_is_not_understood_is_a_sentence(what: str) -> None:
    with pytest.raises(UserError) as caught:
        executed(BAD[what], 10)
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")
