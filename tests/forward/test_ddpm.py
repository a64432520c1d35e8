"""The page of the theory against what the program runs on: path, tables, sampler, training, loss by level."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch

from diffview.forward import ddpm
from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import FORWARD, STEP, Noise
from diffview.forward.schedules import PRESETS, Linear, make_schedule
from diffview.forward.state import Forward
from diffview.learning.loss_by_level import loss_by_level
from diffview.learning.network import config_for
from diffview.learning.objective import LOSSES, noise_error
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.reverse.parametrisations import x0_from_eps
from diffview.reverse.samplers import SAMPLERS

T = 1000
SHAPE = (2, 1, 4, 5)
LINEAR = Linear()
ALPHA_BAR = np.concatenate([[1.0], LINEAR.discrete(T).alpha_bar])
"""alpha_bar_0 = 1, alpha_bar_1, ... alpha_bar_T."""

PAIRS = [(1000, 999), (700, 650), (500, 499), (20, 3), (2, 1)]
"""Steps back from row t to an earlier one: neighbours, and those of a shorter walk."""

RNG = np.random.default_rng(8)
X_0, EPS, Z, EPS_HAT = (RNG.standard_normal(SHAPE) for _ in range(4))


def level(row: int) -> float:
    """s of x_t/sqrt(alpha_bar_t) = x_0 + s eps."""
    return math.sqrt(1 / ALPHA_BAR[row] - 1)


def as_array(values: np.ndarray) -> np.ndarray:
    return values


LIBRARIES = pytest.mark.parametrize("like", [as_array, torch.from_numpy], ids=["numpy", "torch"])
Like = Callable[[np.ndarray], object]


# tables of schedules


@pytest.mark.parametrize("key", PRESETS)
def test_beta_and_alpha_bar_are_those_of_every_table(key: str) -> None:
    chain = make_schedule(key).discrete(T)
    before = np.concatenate([[1.0], chain.alpha_bar[:-1]])
    np.testing.assert_allclose(ddpm.beta(chain.alpha_bar, before), chain.beta, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(ddpm.alpha_bar(chain.beta), chain.alpha_bar, rtol=1e-9, atol=1e-20)
    np.testing.assert_allclose(ddpm.alpha(chain.beta), chain.alpha_bar / before, rtol=1e-9, atol=1e-14)


def test_the_betas_of_the_paper() -> None:
    """Section 4: linear from 1e-4 to 0.02, T = 1000; alpha_bar_T = 4.04e-5."""
    beta = np.linspace(1e-4, 0.02, T)
    np.testing.assert_allclose(LINEAR.discrete(T).beta, beta, rtol=1e-15)
    assert ddpm.alpha_bar(beta)[-1] == pytest.approx(4.0358e-5, rel=1e-4)


# the forward path


def test_the_chain_is_the_brownian_path_step_by_step() -> None:
    """x_t = sqrt(alpha_bar_t) (x_0 + W(s_t^2)), and W(s_t^2) - W(s_{t-1}^2) is the noise of one step."""
    x_0 = X_0[0, 0].astype(np.float32)
    chain, path = LINEAR.discrete(T), ForwardPath(3, x_0.shape, "chain")
    forward = Forward(x_0, LINEAR, seed=3, mode="chain")
    x_t, w, s = x_0.astype(np.float64), np.zeros(x_0.shape), 0.0
    drawn = []
    for row in range(1, T + 1):
        s_next, w_next = level(row), path(float(LINEAR.noise_level(row / T))).astype(np.float64)
        drawn.append((w_next - w) / math.sqrt(s_next**2 - s**2))
        x_t, w, s = ddpm.step(x_t, chain.beta[row - 1], drawn[-1]), w_next, s_next
        if row in (1, 2, 400, T):
            np.testing.assert_allclose(x_t, math.sqrt(ALPHA_BAR[row]) * (x_0 + w), rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(x_t, forward.at(row / T).x_t, rtol=1e-5, atol=2e-6)
    eps = np.array(drawn)
    assert abs(eps.mean()) < 5 / math.sqrt(eps.size) and abs(eps.var() - 1) < 5 * math.sqrt(2 / eps.size)


@pytest.mark.parametrize("row", [1, 300, T])
def test_the_closed_form_is_the_path_of_one_eps(row: int) -> None:
    x_0 = X_0[0, 0].astype(np.float32)
    forward = Forward(x_0, LINEAR, seed=3, mode="closed")
    wanted = ddpm.closed_form(x_0, ALPHA_BAR[row], forward.path.eps().astype(np.float64))
    np.testing.assert_allclose(forward.at(row / T).x_t, wanted, rtol=1e-5, atol=1e-6)


def test_two_steps_are_one_with_noises_added() -> None:
    """Of t = 2: sqrt(1 - alpha_bar_2) eps = sqrt(alpha_2 beta_1) eps_1 + sqrt(beta_2) eps_2."""
    beta = np.array([0.1, 0.4])
    alpha_bar = ddpm.alpha_bar(beta)
    np.testing.assert_allclose(alpha_bar, [0.9, 0.9 * 0.6])
    both = ddpm.step(ddpm.step(X_0, 0.1, EPS), 0.4, Z)
    eps = (np.sqrt(0.6 * 0.1) * EPS + np.sqrt(0.4) * Z) / np.sqrt(1 - 0.54)
    np.testing.assert_allclose(both, ddpm.closed_form(X_0, alpha_bar[1], eps), rtol=1e-12)


# the posterior, against Bayes and against the path


@LIBRARIES
@pytest.mark.parametrize(("t", "u"), PAIRS)
def test_the_posterior_is_that_of_bayes(t: int, u: int, like: Like) -> None:
    """q(x_u | x_t, x_0) ~ N(x_t; sqrt(alpha) x_u, beta) N(x_u; sqrt(alpha_bar_u) x_0, 1 - alpha_bar_u)."""
    a, before = ALPHA_BAR[t], ALPHA_BAR[u]
    alpha, beta = a / before, 1 - a / before
    precision = alpha / beta + 1 / (1 - before)
    x_t = ddpm.closed_form(X_0, a, EPS)
    mean = (math.sqrt(alpha) / beta * x_t + math.sqrt(before) / (1 - before) * X_0) / precision
    np.testing.assert_allclose(ddpm.posterior_mean(like(x_t), like(X_0), a, before), mean, rtol=1e-9, atol=1e-9)
    assert ddpm.posterior_variance(a, before) == pytest.approx(1 / precision, rel=1e-9)


@pytest.mark.parametrize(("t", "u"), PAIRS)
def test_the_posterior_is_the_bridge_of_the_path(t: int, u: int) -> None:
    """A Brownian path that ends in W(v): at v' < v its mean is (v'/v) W(v), its variance v' (v - v')/v."""
    v, v_before = level(t) ** 2, level(u) ** 2
    w = math.sqrt(v) * EPS
    mean = math.sqrt(ALPHA_BAR[u]) * (X_0 + v_before / v * w)
    found = ddpm.posterior_mean(ddpm.closed_form(X_0, ALPHA_BAR[t], EPS), X_0, ALPHA_BAR[t], ALPHA_BAR[u])
    np.testing.assert_allclose(found, mean, rtol=1e-9, atol=1e-9)
    variance = ALPHA_BAR[u] * v_before * (v - v_before) / v
    assert ddpm.posterior_variance(ALPHA_BAR[t], ALPHA_BAR[u]) == pytest.approx(variance, rel=1e-9)


def test_the_first_step_back_has_no_variance_and_ends_at_x_0() -> None:
    assert ddpm.posterior_variance(ALPHA_BAR[1], 1.0) == 0 and ddpm.sigma_theta(ALPHA_BAR[1], 1.0) == 0
    np.testing.assert_allclose(ddpm.posterior_mean(EPS, X_0, ALPHA_BAR[1], 1.0), X_0, rtol=1e-12)


# the sampler


@LIBRARIES
@pytest.mark.parametrize("variance", ["small", "large"])
@pytest.mark.parametrize(("t", "u"), PAIRS)
def test_the_sampler_steps_by_mu_theta_and_sigma_theta(t: int, u: int, variance: str, like: Like) -> None:
    """A network that says eps_hat, whatever it sees; the sampler works on y = x/sqrt(alpha_bar)."""
    a, before = ALPHA_BAR[t], ALPHA_BAR[u]
    x_t, eps_hat, z = like(ddpm.closed_form(X_0, a, EPS)), like(EPS_HAT), like(Z)

    def denoise(y: object, s: float) -> object:
        alpha = 1 / math.sqrt(1 + s * s)
        return x0_from_eps(alpha * y, eps_hat, alpha, s * alpha)

    def noise(stream: int, index: int) -> object:
        assert (stream, index) == (STEP, 0)
        return z

    levels = [level(t), level(u), 0.0]
    _, step, end = SAMPLERS["ddpm"].run(denoise, x_t / math.sqrt(a), levels, noise, variance=variance)
    mean, var = ddpm.mu_theta(x_t, eps_hat, a, before), ddpm.sigma_theta(a, before, variance)
    np.testing.assert_allclose(math.sqrt(before) * step.y, mean + math.sqrt(var) * z, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(step.eps_hat, eps_hat, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(end.y, ddpm.mu_theta(math.sqrt(before) * step.y, eps_hat, before, 1.0), atol=1e-9)


@pytest.mark.parametrize(("t", "u"), PAIRS)
def test_mu_theta_is_the_posterior_mean_of_the_x0_hat_of_eps_hat(t: int, u: int) -> None:
    a, before = ALPHA_BAR[t], ALPHA_BAR[u]
    x_t = ddpm.closed_form(X_0, a, EPS)
    x0_hat = x0_from_eps(x_t, EPS_HAT, math.sqrt(a), math.sqrt(1 - a))
    wanted = ddpm.posterior_mean(x_t, x0_hat, a, before)
    np.testing.assert_allclose(ddpm.mu_theta(x_t, EPS_HAT, a, before), wanted, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize(("t", "u"), PAIRS)
def test_the_variances_in_y_are_those_in_x(t: int, u: int) -> None:
    for kind, in_y in zip(("small", "large"), ddpm.variance_limits(level(t), level(u)), strict=True):
        wanted = ddpm.sigma_theta(ALPHA_BAR[t], ALPHA_BAR[u], kind)
        assert in_y * ALPHA_BAR[u] == pytest.approx(wanted, rel=1e-9)


def test_the_variances_of_one_step_by_hand() -> None:
    """alpha_bar from 0.8 to 0.4: beta = 0.5, beta~ = 0.2/0.6 x 0.5."""
    assert ddpm.beta(0.4, 0.8) == pytest.approx(0.5) == ddpm.sigma_theta(0.4, 0.8, "large")
    assert ddpm.posterior_variance(0.4, 0.8) == pytest.approx(1 / 6) == ddpm.sigma_theta(0.4, 0.8)
    assert ddpm.mu_theta(1.0, 0.5, 0.4, 0.8) == pytest.approx((1 - 0.25 / math.sqrt(0.6)) / math.sqrt(0.5))
    assert ddpm.posterior_mean(1.0, 2.0, 0.4, 0.8) == pytest.approx(
        math.sqrt(0.8) * 0.5 / 0.6 * 2 + math.sqrt(0.5) * 0.2 / 0.6
    )


def test_a_chain_of_exact_steps_back_has_the_law_of_each_x_t() -> None:
    """x_0 = 2 in every pixel and eps_hat exact: mean and variance of x_{t-1} are those of q(x_{t-1} | x_0)."""
    mean, variance = math.sqrt(ALPHA_BAR[-1]) * 2, 1 - ALPHA_BAR[-1]
    for t in range(T, 1, -1):
        a, before = ALPHA_BAR[t], ALPHA_BAR[t - 1]
        gain = ddpm.posterior_mean(1.0, 0.0, a, before)
        mean = ddpm.posterior_mean(mean, 2.0, a, before)
        variance = gain**2 * variance + ddpm.sigma_theta(a, before)
        assert mean == pytest.approx(math.sqrt(before) * 2, rel=1e-9)
        assert variance == pytest.approx(1 - before, rel=1e-9)


# the loss


def test_the_objective_is_the_noise_prediction_loss() -> None:
    """|x0_hat - x_0|^2/s^2 of each field, whose mean with the weight 1 is L_simple."""
    s = torch.tensor([0.03, 7.0])
    x_0, eps, x0_hat = (torch.from_numpy(v).float() for v in (X_0, EPS, EPS_HAT))
    y = x_0 + s[:, None, None, None] * eps
    eps_hat = (y - x0_hat) / s[:, None, None, None]
    error = noise_error(x_0, x0_hat, s)
    assert float((LOSSES["plain"](s, 0.5) * error).mean()) == pytest.approx(float(ddpm.loss(eps, eps_hat)), rel=1e-4)
    assert ddpm.loss(EPS, EPS_HAT) == pytest.approx(np.square(EPS - EPS_HAT).sum() / EPS.size, rel=1e-14)


def test_the_loss_of_training_is_the_noise_prediction_loss() -> None:
    values = RNG.normal(10, 2, (16, 8, 8)).astype(np.float32)
    data = TrainingSet.fit("standardise", values, values[:0], "sst", "K")
    sizes = {"width": 8, "multipliers": (1, 2), "attention": False}
    chosen = {"loss": "plain", "density": "uniform", "precision": "float32", "batch": 8, "steps": 9, "warmup": 2}
    trainer = Trainer(data, config_for(data, **sizes), TrainingSettings(**chosen))
    for _ in range(3):
        trainer.advance()
    trainer.report()
    random, noise = (torch.Generator().set_state(own.get_state()) for own in (trainer.random, trainer.noise))
    index = torch.randint(16, (8,), generator=random)
    torch.randint(8, (), generator=random)  # how the fields are turned, which is switched off
    u = (torch.rand(8, generator=random) + torch.arange(8)) / 8
    low, high = math.log(trainer.settings.lowest), math.log(trainer.highest)
    s = (low + u * (high - low)).exp()[:, None, None, None]
    x_0, eps = torch.from_numpy(data.fields[index])[:, None], torch.randn((8, 1, 8, 8), generator=noise)
    x_t = ddpm.closed_form(x_0, 1 / (1 + s * s), eps)
    with torch.no_grad():
        y = x_t * (1 + s * s).sqrt()
        eps_hat = (y - trainer.net(y, s.flatten())[0]) / s
    trainer.advance()
    assert trainer.report().loss == pytest.approx(float(ddpm.loss(eps, eps_hat)), rel=1e-4)


def test_the_loss_by_level_is_the_noise_prediction_loss() -> None:
    fields = X_0[:, 0].astype(np.float32)
    eps = Noise(5, (2, 1, 4, 5))(FORWARD, 0)
    levels = [9.0, 0.4]
    losses = loss_by_level(lambda y, s: y / (1 + s * s), fields, levels, seed=5)
    for s, found in zip(levels, losses, strict=True):
        y = math.sqrt(1 + s * s) * ddpm.closed_form(fields[:, None], 1 / (1 + s * s), eps)
        eps_hat = (y - y / (1 + s * s)) / s
        assert found == pytest.approx(ddpm.loss(eps, eps_hat), rel=1e-5)


def test_rows_of_the_table_fall() -> None:
    assert all(a > b for a, b in pairwise(ALPHA_BAR))
