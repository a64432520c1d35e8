"""One step seen against what the sampler did: its mean, its noise, and the page of the theory."""

from itertools import pairwise

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.forward import ddpm
from diffview.forward.noise import STEP, Noise
from diffview.forward.presets import Cosine, Linear
from diffview.forward.schedules import make_schedule
from diffview.models.mixture import Mixture
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS
from diffview.reverse.step_back import StepBack, bell, where_from

LAW = Mixture([1, 2], [-1.0, 0.8], [0.04, 0.1])
N = 12


def walk(sampler, schedule, **params):
    levels = make_levels(schedule, "uniform", N)
    noise = Noise(3, (7, 1, 1, 1))
    y = noise(0, 0).astype(np.float64) * levels[0]
    full = {**{"eta": 1.0}, **params} if sampler in ("ddim",) else params
    return list(SAMPLERS[sampler].run(LAW, y, levels, noise, **full)), full, noise


@pytest.mark.parametrize("schedule", [Linear(), Cosine()])
@pytest.mark.parametrize("variance", ["small", "large"])
def test_ddpm_in_its_own_letters(schedule, variance):
    steps, params, noise = walk("ddpm", schedule, variance=variance)
    for start, end in pairwise(steps):
        seen = StepBack.of(start, end, "ddpm", params, N, schedule)
        bars = 1 / (1 + start.s**2), 1 / (1 + end.s**2)
        eps_hat = (seen.x_t - bars[0] ** 0.5 * seen.x0_hat) / (1 - bars[0]) ** 0.5
        np.testing.assert_allclose(seen.mean, ddpm.mu_theta(seen.x_t, eps_hat, *bars), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(seen.mean, ddpm.posterior_mean(seen.x_t, seen.x0_hat, *bars), rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(seen.mean + seen.noise, seen.x_before, rtol=1e-12, atol=1e-12)
        if end.s:
            sigma = float(ddpm.sigma_theta(*bars, variance)) ** 0.5
            assert seen.std == pytest.approx(sigma, rel=1e-5)
            np.testing.assert_allclose(seen.noise / seen.std, noise(STEP, start.index), rtol=1e-4, atol=1e-4)
        else:
            assert seen.std == 0 and not seen.noise.any()
            np.testing.assert_array_equal(seen.x_before, seen.x0_hat)


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "dpmpp_2m_sde"])
def test_the_noise_of_every_other_sampler_is_what_it_drew(sampler):
    steps, params, noise = walk(sampler, Linear())
    full = {**{"eta": 1.0}, **params}
    for start, end in pairwise(steps[:-1]):
        seen = StepBack.of(start, end, sampler, full, N, Linear())
        np.testing.assert_allclose(seen.noise / seen.std, noise(STEP, start.index), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sampler", ["euler", "heun", "dpmpp_2m", "unipc", "plms"])
def test_without_noise_the_mean_is_where_it_goes(sampler):
    steps, params, _ = walk(sampler, Linear())
    seen = StepBack.of(steps[4], steps[5], sampler, params, N, Linear())
    assert seen.std == 0
    np.testing.assert_array_equal(seen.mean, seen.x_before)


def test_churn_has_no_such_mean():
    steps, params, _ = walk("churn", Linear(), S_churn=5.0, S_min=0.0, S_max=1e3, S_noise=1.0)
    with pytest.raises(UserError, match="has no mean"):
        StepBack.of(steps[2], steps[3], "churn", params, N, Linear())
    with pytest.raises(UserError, match="follow each other"):
        StepBack.of(steps[2], steps[4], "churn", params, N, Linear())


def test_learned_variance_leaves_the_mean():
    class Learned:
        def __call__(self, y, s):
            return LAW(y, s)

        def variance_fraction(self, y, s):
            return np.full(y.shape, 0.3)

    levels, noise = make_levels(Linear(), "uniform", N), Noise(3, (7, 1, 1, 1))
    y = noise(0, 0).astype(np.float64) * levels[0]
    params = {"variance": "learned"}
    steps = list(SAMPLERS["ddpm"].run(Learned(), y, levels, noise, **params))
    seen = StepBack.of(steps[5], steps[6], "ddpm", params, N, Linear())
    bars = 1 / (1 + steps[5].s ** 2), 1 / (1 + steps[6].s ** 2)
    np.testing.assert_allclose(seen.mean, ddpm.posterior_mean(seen.x_t, seen.x0_hat, *bars), rtol=1e-5, atol=1e-6)
    assert ddpm.sigma_theta(*bars, "small") ** 0.5 < seen.std < ddpm.sigma_theta(*bars, "large") ** 0.5


@pytest.mark.parametrize("key", ["linear", "cosine", "ve", "flow"])
def test_where_a_pixel_came_from_is_bayes_rule(key):
    schedule = make_schedule(key, {})
    s, s_before, x_0, x_t = 1.3, 0.7, 0.4, -0.6
    mean, std = where_from(x_t, x_0, s, s_before, schedule)
    alpha, alpha_before = float(schedule.scale(s)), float(schedule.scale(s_before))
    x = np.linspace(-9, 9, 40001)
    kept = alpha / alpha_before
    put_in = alpha * np.sqrt(s * s - s_before * s_before)
    density = bell(x, alpha_before * x_0, alpha_before * s_before) * bell(kept * x, x_t, put_in)
    density /= density.sum()
    assert (x * density).sum() == pytest.approx(mean, abs=1e-6)
    assert np.sqrt((x**2 * density).sum() - mean**2) == pytest.approx(std, abs=1e-5)


def test_where_a_pixel_came_from_is_that_of_the_chain_and_has_an_answer_where_alpha_bar_is_one():
    for s, s_before in ((1.3, 0.7), (30.0, 8.0), (0.02, 0.004), (0.5, 0.0)):
        now, before = 1 / (1 + s * s), 1 / (1 + s_before * s_before)
        alpha, alpha_before = (float(Linear().scale(level)) for level in (s, s_before))
        mean, std = where_from(-0.6, 0.4, s, s_before, Linear())
        chain = ddpm.posterior_mean(-0.6 / alpha * now**0.5, 0.4, now, before) / before**0.5
        assert mean == pytest.approx(alpha_before * chain, rel=1e-9)
        of_chain = (ddpm.posterior_variance(now, before) / before) ** 0.5
        assert std == pytest.approx(alpha_before * of_chain, rel=1e-9, abs=1e-12)
    mean, std = where_from(0.4, 0.4, 2e-9, 1e-9, Linear())
    assert mean == pytest.approx(0.4) and std == pytest.approx(1e-9 * 0.75**0.5)
