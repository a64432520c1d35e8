"""Samplers against independent answers: orders of convergence, laws, identities, one step by hand."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from oracle import DiagonalGaussian, DiagonalMixture, within_5_sigma
from samplers_twins import LEVELS, geometric, model, start, walk

from diffview.forward.noise import STEP
from diffview.reverse.samplers import SAMPLERS, Step, phi, sampler_params

COUNTS = np.array([40, 80, 160, 320])


def slope(errors: list[float]) -> float:
    """Of ln(error) against ln(1/N)."""
    return float(-np.polyfit(np.log(COUNTS), np.log(errors), 1)[0])


ODE = [("euler", {}, 0.05), ("ddim", {}, 0.05), ("ancestral", {"eta": 0.0}, 0.05), ("heun", {}, 0.1),
       ("churn", {"S_churn": 0.0}, 0.1), ("plms", {}, 0.1), ("dpmpp_2m", {}, 0.1), ("dpmpp_2m_sde", {"eta": 0.0}, 0.1),
       ("unipc", {}, 0.2)]  # fmt: skip


@pytest.mark.parametrize(("name", "params", "tolerance"), ODE, ids=[name for name, _, _ in ODE])
def test_order_on_the_exact_gaussian(
    name: str, params: dict, tolerance: float, record_property: Callable[[str, object], None]
) -> None:
    """The largest error of the states, on log-uniform levels from 80 to 0.05 without the final jump."""
    exact, y = model(), start()
    flow = exact.flow(y, 80, 0.05)
    errors = [np.abs(walk(name, exact, y, geometric(n), **params)[-1].y - flow).max() for n in COUNTS]
    record_property("order", slope(errors))
    assert slope(errors) == pytest.approx(SAMPLERS[name].order, abs=tolerance)


@pytest.mark.parametrize(("name", "params", "tolerance"), ODE, ids=[name for name, _, _ in ODE])
def test_order_on_the_exact_mixture(
    name: str, params: dict, tolerance: float, record_property: Callable[[str, object], None]
) -> None:
    """The same for a mixture of two Gaussians, against scipy's DOP853 along the same ODE."""
    exact = DiagonalMixture([0.4, 0.6], [-1.5, 1.0], [0.6, 0.9])
    y = np.array([-120.0, -50.0, 20.0, 90.0]).reshape(1, 1, 2, 2)
    flow = exact.flow(y, 80, 0.05)
    errors = [np.abs(walk(name, exact, y, geometric(n), **params)[-1].y - flow).max() for n in COUNTS]
    record_property("order", slope(errors))
    assert slope(errors) == pytest.approx(SAMPLERS[name].order, abs=tolerance)


def law(name: str, levels: list[float], power: float, **params: object) -> float:
    """Exact variance of the end of a run on N(0, power), from N(0, power + s^2) at the start.

    A run on an exact Gaussian is linear in its start and its noises; each pixel here gets one of them alone, and the
    variance of their sum is the sum of the squares.
    """
    y = np.zeros((1, 1, 1, len(levels)))
    y[..., -1] = math.sqrt(power + levels[0] ** 2)

    def impulse(stream: int, index: int) -> np.ndarray:
        assert stream == STEP
        z = np.zeros_like(y)
        z[..., index] = 1.0
        return z

    run = SAMPLERS[name].run(DiagonalGaussian(0.0, power), y, levels, impulse, **params)
    return float((list(run)[-1].y ** 2).sum())


NOISY = [("ddpm", {}, 0.1), ("ddpm", {"variance": "large"}, 0.1), ("ddim", {"eta": 0.5}, 0.1), ("ancestral", {}, 0.1),
         ("ancestral", {"eta": 1.5}, 0.1), ("churn", {"S_churn": 5.0, "S_min": 0.0, "S_max": 100.0}, 0.1),
         ("dpmpp_2m_sde", {}, 0.1), ("dpmpp_2m_sde", {"eta": 0.5}, 0.1)]  # fmt: skip


@pytest.mark.parametrize("power", [0.3, 2.0, 30.0])
@pytest.mark.parametrize(("name", "params", "tolerance"), NOISY)
def test_order_of_the_law(name: str, params: dict, tolerance: float, power: float) -> None:
    """The variance of stochastic samplers converges to the exact one in their order."""
    wanted = power + 0.05**2
    errors = [abs(law(name, geometric(n), power, **params) / wanted - 1) for n in COUNTS]
    assert slope(errors) == pytest.approx(SAMPLERS[name].order, abs=tolerance)
    assert errors[-1] < (0.04 if SAMPLERS[name].order == 1 else 1e-3)


@pytest.mark.parametrize(("name", "params", "tolerance"), [*ODE, *NOISY])
def test_samples_have_the_mean_and_variance_of_the_law(name: str, params: dict, tolerance: float) -> None:
    """Drawn with the program's own noise: within five standard errors of the exact law of the run."""
    mu, p, levels = 0.7, 2.0, [*geometric(60), 0.0]
    y = math.sqrt(p + 80.0**2) * np.random.default_rng(1).standard_normal((1, 1, 150, 150)) + mu
    end = walk(name, DiagonalGaussian(mu, p), y, levels, **params)[-1].y
    assert within_5_sigma(end - mu, law(name, levels, p, **params))


def test_defaults_of_churn_leave_the_law_alone() -> None:
    defaults = sampler_params("churn", {})
    assert law("churn", geometric(640), 2.0, **defaults) == pytest.approx(2.0 + 0.05**2, rel=2e-3)


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


def alike(a: list[Step], b: list[Step]) -> None:
    """The same states up to rounding."""
    for ours, theirs in zip(a, b, strict=True):
        np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0])
def test_ancestral_is_ddim(eta: float) -> None:
    alike(walk("ancestral", model(), start(), LEVELS, eta=eta), walk("ddim", model(), start(), LEVELS, eta=eta))


def test_ancestral_with_all_noise_is_ddpm_with_the_posterior_variance() -> None:
    alike(walk("ancestral", model(), start(), LEVELS), walk("ddpm", model(), start(), LEVELS))


def test_churn_of_nothing_is_heun() -> None:
    alike(walk("churn", model(), start(), LEVELS, S_churn=0.0), walk("heun", model(), start(), LEVELS))
    outside = walk("churn", model(), start(), LEVELS, S_churn=9.0, S_min=100.0, S_max=200.0)
    alike(outside, walk("heun", model(), start(), LEVELS))


def test_churn_is_limited_by_the_square_root_of_two() -> None:
    steps = walk("churn", model(), start(), LEVELS, S_churn=1000.0, S_min=0.0, S_max=100.0)
    assert [step.s_eval for step in steps[1:]] == pytest.approx([math.sqrt(2) * s for s in LEVELS[:-1]], rel=1e-12)


@pytest.mark.parametrize(("f", "variance"), [(0.0, "small"), (1.0, "large")])
def test_a_learned_variance_has_its_limits(f: float, variance: str) -> None:
    exact = model()
    exact.variance_fraction = lambda y, s: np.full_like(y, f)
    alike(
        walk("ddpm", exact, start(), LEVELS, variance="learned"),
        walk("ddpm", model(), start(), LEVELS, variance=variance),
    )


def test_a_learned_variance_is_interpolated_in_its_logarithm() -> None:
    """Half way between 4 x 3/16 = 3/4 and (1 + 4)/(1 + 16) x 12 = 60/17 lies their geometric mean."""
    zero = np.zeros((1, 1, 1, 1))

    class Half:
        def __call__(self, y: np.ndarray, s: float) -> np.ndarray:
            return zero

        def variance_fraction(self, y: np.ndarray, s: float) -> np.ndarray:
            return zero + 0.5

    run = SAMPLERS["ddpm"].run(Half(), zero, [4.0, 2.0, 0.0], lambda stream, i: zero + 1, variance="learned")
    assert list(run)[1].y.item() ** 2 == pytest.approx(math.sqrt(3 * 60 / 17), rel=1e-12)


def test_2m_without_noise_is_2m() -> None:
    alike(walk("dpmpp_2m_sde", model(), start(), LEVELS, eta=0.0), walk("dpmpp_2m", model(), start(), LEVELS))


def test_2m_of_a_point_is_its_first_order() -> None:
    """Where x0_hat is always the same, 2M and UniPC are DDIM, and 2M SDE is DDPM."""
    point = DiagonalGaussian(np.arange(16.0).reshape(4, 4), 0.0)
    alike(walk("dpmpp_2m", point, start(), LEVELS), walk("ddim", point, start(), LEVELS))
    alike(walk("unipc", point, start(), LEVELS), walk("ddim", point, start(), LEVELS))
    alike(walk("dpmpp_2m_sde", point, start(), LEVELS), walk("ddpm", point, start(), LEVELS))


def test_the_first_step_of_2m_is_of_first_order() -> None:
    alike(walk("dpmpp_2m", model(), start(), LEVELS)[:2], walk("ddim", model(), start(), LEVELS)[:2])
    alike(walk("dpmpp_2m_sde", model(), start(), LEVELS)[:2], walk("ddpm", model(), start(), LEVELS)[:2])
    alike(walk("plms", model(), start(), LEVELS)[:2], walk("heun", model(), start(), LEVELS)[:2])
    alike(walk("unipc", model(), start(), LEVELS)[:2], walk("ddim", model(), start(), LEVELS)[:2])


def test_plms_has_the_weights_of_adams_and_bashforth() -> None:
    """Exact where the slope is a cubic of the step's number and steps are equal: the fifth step of s = 9, 8, ... 1."""
    levels = [*np.arange(9.0, 0.0, -1).tolist(), 0.0]
    cubic = np.polynomial.Polynomial([3.0, -2.0, 0.5, 0.25])
    steps = walk("plms", lambda y, s: y - s * cubic(s), np.zeros((1, 1, 1, 1)), levels)
    for before, after in pairwise(steps[4:-1]):
        exact = cubic.integ()(after.s) - cubic.integ()(before.s)
        assert (after.y - before.y).item() == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("h", [1e-9, 1e-4, 0.3, 0.999999, 1.000001, 3.0, 40.0])
def testphi_functions(h: float) -> None:
    """phi_1..3 of -h against their integrals, in 60 digits."""
    from decimal import Decimal, getcontext

    getcontext().prec = 60
    z = Decimal(-h)
    exact = z.exp()
    for k, ours in enumerate(phi(-h)):
        exact = (exact - 1 / Decimal(math.factorial(k))) / z
        assert ours == pytest.approx(float(exact), rel=1e-14)


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


BY_HAND = [
    ("ddpm", {}),
    ("ddpm", {"variance": "large"}),
    ("ddim", {}),
    ("ddim", {"eta": 0.6}),
    ("ddim", {"eta": 1.0}),
    ("heun", {}),
]


@pytest.mark.parametrize(("name", "params"), BY_HAND)
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
