"""Samplers: orders of convergence on exact denoisers, identities, diffusers stepped beside ours, resuming."""

import inspect
import math
import sys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from oracle import DiagonalGaussian, diffusers_schedulers, within_5_sigma

from diffview.denoisers import Gaussian
from diffview.errors import UserError
from diffview.process import STEP, Noise
from diffview.samplers import SAMPLERS, Step, sampler_params
from diffview.schedules import Linear

SHAPE = (2, 1, 4, 4)
POWER = np.geomspace(0.3, 30, 16).reshape(4, 4)
LEVELS = [*np.geomspace(80, 0.05, 17).tolist(), 0.0]
VARIANTS = [
    ("ddpm", {}),
    ("ddpm", {"variance": "large"}),
    ("ddim", {}),
    ("ddim", {"eta": 0.6}),
    ("ddim", {"eta": 1.0}),
    ("euler", {}),
    ("heun", {}),
]
IDS = [f"{name}-{'-'.join(map(str, params.values()))}" for name, params in VARIANTS]


def model() -> DiagonalGaussian:
    return DiagonalGaussian(0.7, POWER)


def start(dtype: type = np.float64, seed: int = 0) -> np.ndarray:
    return (80 * np.random.default_rng(seed).standard_normal(SHAPE)).astype(dtype)


def walk(name: str, denoise: object, y: object, levels: list[float], seed: int = 0, **params: object) -> list[Step]:
    noise = Noise(seed, tuple(y.shape), like=y)
    return list(SAMPLERS[name].run(denoise, y, levels, noise, **params))


def order(name: str, **params: object) -> float:
    """Slope of ln(largest error) against ln(1/N), N = 40..320, on log-uniform levels from 80 to 0.05."""
    exact, y = model(), start()
    counts, errors = np.array([40, 80, 160, 320]), []
    for n in counts:
        end = walk(name, exact, y, np.geomspace(80, 0.05, n + 1).tolist(), **params)[-1].y
        errors.append(np.abs(end - exact.flow(y, 80, 0.05)).max())
    return float(-np.polyfit(np.log(counts), np.log(errors), 1)[0])


@pytest.mark.parametrize(("name", "tolerance"), [("euler", 0.05), ("ddim", 0.05), ("heun", 0.1)])
def test_order_of_convergence(name: str, tolerance: float, record_property: Callable[[str, object], None]) -> None:
    measured = order(name)
    record_property("order", measured)
    assert measured == pytest.approx(SAMPLERS[name].order, abs=tolerance)


def test_one_step_of_every_ode_sampler_by_hand() -> None:
    y, s, s2 = np.full((1, 1, 1, 1), 3.0), 2.0, 1.0
    exact = DiagonalGaussian(0.5, 4.0)
    x0 = 0.5 + 4 / 8 * 2.5  # 1.75
    euler = 3 + (1 - 2) * (3 - x0) / 2  # 2.375
    slope2 = (euler - (0.5 + 4 / 5 * (euler - 0.5))) / 1
    assert walk("euler", exact, y, [s, s2, 0.0])[1].y.item() == pytest.approx(euler, rel=1e-14)
    assert walk("ddim", exact, y, [s, s2, 0.0])[1].y.item() == pytest.approx(euler, rel=1e-14)
    heun = 3 - 0.5 * ((3 - x0) / 2 + slope2)
    assert walk("heun", exact, y, [s, s2, 0.0])[1].y.item() == pytest.approx(heun, rel=1e-14)


def test_ddim_without_noise_is_euler_in_s() -> None:
    for a, b in zip(walk("ddim", model(), start(), LEVELS), walk("euler", model(), start(), LEVELS), strict=True):
        np.testing.assert_allclose(a.y, b.y, rtol=1e-12, atol=1e-13)


def test_ddim_with_all_noise_is_ddpm_with_the_posterior_variance() -> None:
    ours = walk("ddim", model(), start(), LEVELS, eta=1.0)
    for a, b in zip(ours, walk("ddpm", model(), start(), LEVELS), strict=True):
        np.testing.assert_allclose(a.y, b.y, rtol=1e-12, atol=1e-13)


def test_fixed_large_is_the_variance_preserving_beta() -> None:
    """Linear betas, step 700 to 650: variance 35.9 in y."""
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    s, s2 = (math.sqrt(1 / alpha_bar[row - 1] - 1) for row in (700, 650))
    beta = 1 - alpha_bar[699] / alpha_bar[649]
    wanted = beta / alpha_bar[649]
    assert wanted == pytest.approx(35.9, abs=0.05)
    zero = np.zeros((1, 1, 1, 1))
    path = SAMPLERS["ddpm"].run(lambda y, s: zero, zero, [s, s2, 0.0], lambda stream, i: zero + 1, variance="large")
    assert list(path)[1].y.item() ** 2 == pytest.approx(wanted, rel=1e-10)


def _diffusers_walk(scheduler: object, denoise: object, x: object, noise: Noise, **keywords: object) -> list[object]:
    """x_t of every step of a diffusers scheduler with an eps-model made from `denoise`, on our noise."""
    import torch

    scheduler.alphas_cumprod = torch.from_numpy(np.cumprod(1 - np.linspace(1e-4, 0.02, 1000)))
    scheduler.set_timesteps(50)
    states, module = [], sys.modules[type(scheduler).__module__]
    for i, t in enumerate(scheduler.timesteps):
        alpha_bar = scheduler.alphas_cumprod[t].item()
        s = math.sqrt(1 / alpha_bar - 1)
        y = x / math.sqrt(alpha_bar)
        eps = (y - torch.from_numpy(denoise(y.numpy(), s))) / s
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "randn_tensor", lambda *_, i=i, **__: torch.from_numpy(noise(STEP, i)))
            x = scheduler.step(eps, t, x, **keywords).prev_sample
        states.append(x.numpy())
    return states


@pytest.mark.parametrize(
    ("name", "params", "config", "keywords"),
    [
        ("ddpm", {"variance": "small"}, {"variance_type": "fixed_small"}, {}),
        ("ddpm", {"variance": "large"}, {"variance_type": "fixed_large"}, {}),
        ("ddim", {"eta": 0.0}, {"set_alpha_to_one": True}, {"eta": 0.0}),
        ("ddim", {"eta": 0.5}, {"set_alpha_to_one": True}, {"eta": 0.5}),
        ("ddim", {"eta": 1.0}, {"set_alpha_to_one": True}, {"eta": 1.0}),
    ],
    ids=["small", "large", "eta0", "eta0.5", "eta1"],
)
def test_beside_diffusers(name: str, params: dict, config: dict, keywords: dict) -> None:
    """50 trailing steps of the linear chain (50 divides 1000: trap 1 of SCIENCE), same noise, same model."""
    import torch

    kind = "DDPMScheduler" if name == "ddpm" else "DDIMScheduler"
    scheduler = getattr(getattr(diffusers_schedulers(), f"scheduling_{name}"), kind)(
        num_train_timesteps=1000, clip_sample=False, timestep_spacing="trailing", **config
    )
    schedule, denoise = Linear(), model()
    t = 1 - np.arange(51) / 50
    levels, alphas = schedule.noise_level(t).tolist(), schedule(t)[0]
    x = np.random.default_rng(3).standard_normal(SHAPE)
    noise = Noise(9, SHAPE, like=x)
    theirs = _diffusers_walk(scheduler, denoise, torch.from_numpy(x), noise, **keywords)
    ours = list(SAMPLERS[name].run(denoise, x / alphas[0], levels, noise, **params))
    compared = 49 if params.get("variance") == "large" else 50  # theirs adds noise to the last step, too
    for i in range(compared):
        np.testing.assert_allclose(alphas[i + 1] * ours[i + 1].y, theirs[i], rtol=1e-7, atol=1e-8, err_msg=f"step {i}")


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_samples_of_a_gaussian_have_its_mean_and_variance(name: str, params: dict) -> None:
    """Each step is linear in y for this model, so the exact law of the samples is a recursion of two numbers."""
    mu, p = 0.7, 2.0
    levels = [*np.geomspace(80, 0.01, 60).tolist(), 0.0]
    y = 80 * np.random.default_rng(1).standard_normal((1, 1, 150, 150))
    end = walk(name, DiagonalGaussian(mu, p), y, levels, **params)[-1].y
    variance, mean = 80.0**2, 0.0
    for s, s2 in pairwise(levels):
        gain, added = _linear_step(name, params, p, s, s2)
        variance, mean = gain**2 * variance + added, gain * (mean - mu) + mu
    assert within_5_sigma(end - mean, variance)
    # an exact denoiser and 60 steps give the law of the data to a few percent; fixed large adds too much
    assert mean == pytest.approx(mu, abs=0.05)
    assert variance == pytest.approx(
        p, rel=0.02 if name == "heun" else 0.15 if params != {"variance": "large"} else 1.5
    )


def _linear_step(name: str, params: dict, p: float, s: float, s2: float) -> tuple[float, float]:
    """(factor of y - mu, variance added) of one step, from the formulas in x of DDPM and DDIM (VP)."""
    g = p / (p + s * s)
    if name == "heun" and s2:
        k1 = (1 - g) / s
        factor = 1 + (s2 - s) * k1
        return 1 + (s2 - s) / 2 * (k1 + factor * (1 - p / (p + s2 * s2)) / s2), 0.0
    ab, ab2 = 1 / (1 + s * s), 1 / (1 + s2 * s2)
    beta = 1 - ab / ab2
    tilde = (1 - ab2) / (1 - ab) * beta
    if name == "ddpm":
        x0, x = math.sqrt(ab2) * beta / (1 - ab), math.sqrt(ab / ab2) * (1 - ab2) / (1 - ab)
        added = (beta if params else tilde) * (s2 > 0)
        return (x0 * g + x * math.sqrt(ab)) / math.sqrt(ab2), added / ab2
    c2 = params.get("eta", 0.0) ** 2 * tilde
    direction = math.sqrt(1 - ab2 - c2)
    return (math.sqrt(ab2) * g + direction * (1 - g) / s) / math.sqrt(ab2), c2 / ab2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_resuming_from_any_step_is_bit_for_bit(name: str, params: dict, dtype: type) -> None:
    y = start(dtype)
    denoise = Gaussian(0.2, np.abs(np.random.default_rng(2).standard_normal((4, 3))) + 0.1, 4)
    whole = walk(name, denoise, y, LEVELS, seed=4, **params)
    assert [step.index for step in whole] == list(range(len(LEVELS)))
    for k, at in enumerate(whole):
        rest = walk(name, denoise, at.y, LEVELS, seed=4, start=at.index, history=at.history, **params)
        assert rest[0].index == k and rest[0].s == LEVELS[k] and (rest[0].y == at.y).all()
        for a, b in zip(rest[1:], whole[k + 1 :], strict=True):
            assert (a.y == b.y).all() and (a.x0_hat == b.x0_hat).all() and (a.eps_hat == b.eps_hat).all()
            assert (a.index, a.s, a.s_eval, a.evaluations) == (b.index, b.s, b.s_eval, b.evaluations)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_what_a_step_carries(name: str, params: dict) -> None:
    exact, y = model(), start()
    before = y.copy()
    steps = walk(name, exact, y, LEVELS, **params)
    assert (y == before).all(), "the start is not written to"
    assert steps[0].x0_hat is None and steps[0].eps_hat is None and steps[0].evaluations == 0
    assert [step.s for step in steps] == LEVELS
    for a, b in pairwise(steps):
        assert b.s_eval == a.s
        x0_hat = 0.7 + POWER / (POWER + a.s**2) * (a.y - 0.7)
        np.testing.assert_allclose(b.x0_hat, x0_hat, rtol=1e-12)
        np.testing.assert_allclose(b.eps_hat, (a.y - x0_hat) / a.s, rtol=1e-9, atol=1e-12)
    assert (steps[-1].y == steps[-1].x0_hat).all(), "a run ends on x0_hat, without noise"


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_evaluations_are_the_calls_made(name: str, params: dict, count: int) -> None:
    exact = model()
    calls = []
    levels = [*np.geomspace(80, 0.05, count).tolist(), 0.0]
    y = start()
    for step in SAMPLERS[name].run(exact, y, levels, Noise(0, SHAPE, like=y), **params):
        calls.append((step.evaluations, exact.calls))
    assert all(a == b for a, b in calls)
    assert exact.calls == SAMPLERS[name].evaluations(count)


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_dtypes_stay(name: str, params: dict, library: str, kind: str) -> None:
    import torch

    y = start(np.dtype(kind).type)
    y = torch.from_numpy(y) if library == "torch" else y
    denoise = Gaussian(0.2, np.ones((4, 3)), 4)
    for step in walk(name, denoise, y, LEVELS, **params):
        for array in (step.y, step.x0_hat, step.eps_hat):
            assert array is None or (type(array) is type(y) and array.dtype == y.dtype and array.shape == SHAPE)
        assert type(step.s) is float and step.s_eval.__class__ in (float, type(None))


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_numpy_and_torch_give_the_same_picture(name: str, params: dict) -> None:
    import torch

    rng = np.random.default_rng(2)
    y = (80 * rng.standard_normal((3, 1, 16, 20))).astype(np.float32)
    k = np.hypot(np.fft.fftfreq(16, 1 / 20)[:, None], np.fft.rfftfreq(20, 1 / 20)[None])
    denoise = Gaussian(0.1, 30 / (1 + k**2), 20)
    ours = walk(name, denoise, y, LEVELS, **params)
    theirs = walk(name, denoise, torch.from_numpy(y), LEVELS, **params)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.y, b.y.numpy(), rtol=0, atol=1e-5 * max(1.0, a.s))


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_only_stochastic_runs_draw(name: str, params: dict) -> None:
    drawn = []

    def noise(stream: int, index: int) -> np.ndarray:
        drawn.append((stream, index))
        return np.zeros(SHAPE)

    list(SAMPLERS[name].run(model(), start(), LEVELS, noise, **params))
    stochastic = name == "ddpm" or params.get("eta", 0) > 0
    assert drawn == ([(STEP, i) for i in range(len(LEVELS) - 2)] if stochastic else [])


def test_stepping_is_lazy() -> None:
    exact = model()
    run = SAMPLERS["euler"].run(exact, start(), LEVELS, Noise(0, SHAPE))
    next(run)
    assert exact.calls == 0
    next(run)
    assert exact.calls == 1


def test_the_table_describes_the_samplers() -> None:
    for name, info in SAMPLERS.items():
        assert info.run.__name__ == name and info.title and inspect.isgeneratorfunction(info.run)
        assert list(inspect.signature(info.run).parameters)[:6] == [
            "denoise",
            "y",
            "levels",
            "noise",
            "start",
            "history",
        ]


@pytest.mark.parametrize(
    ("key", "params"),
    [("rk45", {}), ("ddim", {"eta": 1.5}), ("ddim", {"variance": "small"}), ("ddpm", {"variance": "?"})],
)
def test_bad_parameters_are_user_errors(key: str, params: dict) -> None:
    with pytest.raises(UserError):
        sampler_params(key, params)


def test_parameters_are_completed() -> None:
    assert sampler_params("ddim", {}) == {"eta": 0.0}
    assert sampler_params("ddpm", {"variance": "large"}) == {"variance": "large"}
    assert sampler_params("heun", {}) == {}


def test_ddim_of_eta_1_survives_rounding() -> None:
    """c = s' sqrt(s^2 - s'^2)/s rounds to above s' where s'/s is tiny."""
    levels = [948083.0, 474041.500005, 1e-5, 0.0]
    steps = list(
        SAMPLERS["ddim"].run(lambda y, s: y / (1 + s * s), np.ones((1, 1, 2, 2)), levels, lambda *_: 0.0, eta=1.0)
    )
    assert np.isfinite(steps[-1].y).all()
