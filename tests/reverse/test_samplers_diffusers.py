"""diffusers' schedulers stepped beside our samplers, on the same noise and the same model."""

import math
import sys
import warnings

import numpy as np
import pytest
from oracle import diffusers_schedulers
from samplers_twins import SHAPE, model

from diffview.forward.noise import STEP, Noise
from diffview.forward.schedules import Linear
from diffview.reverse.samplers import SAMPLERS

ALPHA_BAR = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))


def scheduler(module: str, name: str, steps: int, **config: object) -> object:
    """A diffusers scheduler of the linear chain with trailing steps, its tables in float64."""
    import torch

    kind = getattr(getattr(diffusers_schedulers(), f"scheduling_{module}"), name)
    found = kind(num_train_timesteps=1000, beta_start=1e-4, beta_end=0.02, timestep_spacing="trailing", **config)
    found.alphas_cumprod = torch.from_numpy(ALPHA_BAR)
    with warnings.catch_warnings():  # theirs makes arrays of tensors in a way that numpy 2 warns of
        warnings.simplefilter("ignore", DeprecationWarning)
        found.set_timesteps(steps)
    if hasattr(found, "sigmas"):
        levels = np.sqrt(1 / ALPHA_BAR[found.timesteps.numpy()] - 1)
        found.sigmas = torch.tensor([*levels, 0.0], dtype=torch.float64)
    return found


def stepped(theirs: object, denoise: object, x: np.ndarray, noise: Noise, **keywords: object) -> list[np.ndarray]:
    """x_t after every step, with an eps-model made from `denoise`, on our noise."""
    import torch

    states, module = [], sys.modules[type(theirs).__module__]
    x = torch.from_numpy(x)
    for i, t in enumerate(theirs.timesteps):
        alpha_bar = ALPHA_BAR[t]
        s = math.sqrt(1 / alpha_bar - 1)
        y = x / math.sqrt(alpha_bar)
        eps = (y - torch.from_numpy(denoise(y.numpy(), s))) / s
        with pytest.MonkeyPatch.context() as patch:
            draw = lambda *_, i=i, **__: torch.from_numpy(noise(STEP, i))  # noqa: E731
            patch.setattr(module, "randn_tensor", draw, raising=False)
            x = theirs.step(eps, t, x, **keywords).prev_sample
        states.append(x.numpy())
    return states


DPM = ("dpmsolver_multistep", "DPMSolverMultistepScheduler")
ZERO = {"final_sigmas_type": "zero", "solver_order": 2}
CASES = {
    "ddpm small": ("ddpm", {}, ("ddpm", "DDPMScheduler"), {"variance_type": "fixed_small", "clip_sample": False}),
    "ddpm large": ("ddpm", {"variance": "large"}, ("ddpm", "DDPMScheduler"),
                   {"variance_type": "fixed_large", "clip_sample": False}),
    "ddim 0": ("ddim", {"eta": 0.0}, ("ddim", "DDIMScheduler"), {"clip_sample": False}),
    "ddim 0.5": ("ddim", {"eta": 0.5}, ("ddim", "DDIMScheduler"), {"clip_sample": False}),
    "ddim 1": ("ddim", {"eta": 1.0}, ("ddim", "DDIMScheduler"), {"clip_sample": False}),
    "2m": ("dpmpp_2m", {}, DPM, {"algorithm_type": "dpmsolver++", **ZERO}),
    "2m sde": ("dpmpp_2m_sde", {}, DPM, {"algorithm_type": "sde-dpmsolver++", **ZERO}),
    "unipc": ("unipc", {}, ("unipc_multistep", "UniPCMultistepScheduler"), {"solver_type": "bh2", **ZERO}),
}  # fmt: skip


@pytest.mark.parametrize("steps", [50, 10])
@pytest.mark.parametrize("case", CASES)
def test_beside_diffusers(case: str, steps: int) -> None:
    """Trailing steps of the linear chain whose number divides 1000 (trap 1 of SCIENCE), same noise, same model.

    diffusers is wrong in one thing here: its DDPM of fixed large variance puts noise into the last step, too. Its
    DPM-Solver++ computes in float32.
    """
    name, params, theirs, config = CASES[case]
    denoise, x = model(), np.random.default_rng(3).standard_normal(SHAPE)
    noise = Noise(9, SHAPE, like=x)
    t = 1 - np.arange(steps + 1) / steps
    levels, alphas = Linear().noise_level(t).tolist(), Linear()(t)[0]
    keywords = {"eta": params["eta"]} if "eta" in params else {}
    states = stepped(scheduler(*theirs, steps, **config), denoise, x, noise, **keywords)
    ours = list(SAMPLERS[name].run(denoise, x / alphas[0], levels, noise, **params))
    rtol, atol = (2e-6, 2e-6) if theirs is DPM else (1e-7, 1e-8)
    for i in range(steps - (case == "ddpm large")):
        np.testing.assert_allclose(alphas[i + 1] * ours[i + 1].y, states[i], rtol=rtol, atol=atol, err_msg=f"step {i}")


def test_ddim_of_diffusers_leaves_the_grid_where_its_steps_do_not_divide_the_chain() -> None:
    """Seven trailing steps: theirs goes to t - 1000//7 and then evaluates at the grid's next t, which is another."""
    steps, denoise = 7, model()
    theirs = scheduler("ddim", "DDIMScheduler", steps, clip_sample=False)
    x = np.random.default_rng(3).standard_normal(SHAPE)
    noise = Noise(9, SHAPE, like=x)
    first = stepped(theirs, denoise, x, noise)[0]
    t, t_next = (int(v) for v in theirs.timesteps[:2])
    went_to = t - 1000 // steps
    assert went_to != t_next
    for row, close in ((went_to, True), (t_next, False)):
        levels = [math.sqrt(1 / ALPHA_BAR[r] - 1) for r in (t, row)]
        ours = list(SAMPLERS["ddim"].run(denoise, x / math.sqrt(ALPHA_BAR[t]), [*levels, 0.0], noise))[1].y
        assert np.allclose(math.sqrt(ALPHA_BAR[row]) * ours, first, rtol=1e-9, atol=1e-9) is close
