"""Loss and bound against closed forms."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.forward.schedules import Cosine, Edm, Linear, ZeroSnr
from diffview.learning.loss_by_level import (
    errors_by_level,
    exact_bound,
    exact_errors,
    loss_by_level,
    mean_square,
    variational_bound,
    walked,
)
from diffview.models.data import Data
from diffview.models.gaussian import Gaussian
from diffview.models.mixture import Mixture
from diffview.reverse.grids import GRIDS, make_levels

RNG = np.random.default_rng
LAW = Gaussian.power_law(8, 9, 2.5, 1.0, 1.1, 0.2)
LEVELS = [20.0, 5.0, 2.0, 0.8, 0.3, 0.1, 0.0]


def draws(n: int, seed: int = 0) -> np.ndarray:
    return LAW.sample(RNG(seed).standard_normal((n, 8, 9))).astype(np.float32)


# closed forms


def test_the_bound_of_the_exact_denoiser_is_the_closed_form() -> None:
    fields = draws(400)
    errors = errors_by_level(LAW, fields, LEVELS[:-1])
    found = variational_bound(errors, np.square(fields, dtype=np.float64).mean(axis=(1, 2)), LEVELS)
    exact = exact_bound(LAW, LEVELS)
    assert abs(found.total - exact.total) < 5 * found.spread and found.spread < 0.06
    np.testing.assert_allclose(found.steps, exact.steps, rtol=0.05)
    assert found.prior == pytest.approx(exact.prior, rel=0.1) and found.last == pytest.approx(exact.last, abs=0.02)


def test_the_closed_form_is_that_of_one_number() -> None:
    """x_0 ~ N(m, v): every term written out by hand."""
    v, m = 0.7, 0.3
    law = Gaussian(m, np.full((1, 1), v), 1)
    s0, s1 = 3.0, 0.4
    alpha2, sigma2 = 1 / (1 + s0**2), s0**2 / (1 + s0**2)
    kl = 0.5 * (alpha2 * (v + m * m) + sigma2 - 1 - math.log(sigma2))
    step = 0.5 * (1 / s1**2 - 1 / s0**2) * (v * s0**2 / (v + s0**2))
    last = 0.5 * math.log(2 * math.pi * s1**2) + 0.5 * v / (v + s1**2)
    found = exact_bound(law, [s0, s1, 0.0])
    assert (found.prior, *found.steps, found.last) == pytest.approx((kl, step, last), rel=1e-12)
    assert found.total == pytest.approx(kl + step + last)


@settings(max_examples=60, deadline=None)
@given(
    beta=st.floats(0, 4), k0=st.floats(0.3, 4), var=st.floats(0.05, 5), steps=st.integers(1, 200),
    grid=st.sampled_from([key for key in GRIDS if key != "custom"]), number=st.integers(0, 3),
)  # fmt: skip
def test_it_bounds_the_entropy_and_finer_steps_bound_it_better(
    beta: float, k0: float, var: float, steps: int, grid: str, number: int
) -> None:
    law = Gaussian.power_law(5, 6, beta, k0, var)
    schedule = [Linear(), Cosine(), Edm(), ZeroSnr(Linear())][number]
    levels = make_levels(schedule, grid, steps)
    bound = exact_bound(law, levels)
    assert bound.total > law.entropy() and bound.prior >= 0 and all(term >= 0 for term in bound.steps)
    between = [s for a, b in pairwise(levels[:-1]) for s in (a, math.sqrt(a * b))]
    assert exact_bound(law, [*between, levels[-2], 0.0]).total <= bound.total + 1e-9


def test_with_ever_finer_steps_it_becomes_the_entropy() -> None:
    """What is too much falls with the width of a step in ln s, h: by h times the sum of the steps."""
    for count in (5_000, 20_000):
        bound = exact_bound(LAW, [*np.geomspace(1e4, 1e-4, count).tolist(), 0.0])
        h = math.log(1e8) / (count - 1)
        assert bound.total - LAW.entropy() == pytest.approx(h * sum(bound.steps), rel=0.06)


def test_the_area_under_the_loss_over_ln_s_is_the_sum_of_the_steps() -> None:
    s = np.geomspace(100, 1e-2, 4000)
    nothing = np.zeros((1, 1, 8, 9))
    loss = np.array([LAW.variance(nothing, x).mean() / x**2 for x in s])
    area = np.trapezoid(loss[::-1], np.log(s[::-1]))
    assert sum(exact_bound(LAW, s).steps) == pytest.approx(area, rel=5e-3)


def test_another_denoiser_than_the_exact_one_has_a_larger_bound() -> None:
    fields = draws(300)
    squares = np.square(fields, dtype=np.float64).mean(axis=(1, 2))
    exact = exact_bound(LAW, LEVELS).total
    for other in (Gaussian.power_law(8, 9, 0.5, 1.0), Gaussian.power_law(8, 9, 2.5, 1.0, 8.0), Data(draws(50, 5))):
        found = variational_bound(errors_by_level(other, fields, LEVELS[:-1]), squares, LEVELS)
        assert found.total > exact + 5 * found.spread


def test_a_mixture_is_bounded_by_its_entropy_too() -> None:
    law = Mixture([0.6, 0.4], [-1.0, 1.5], [0.2, 0.1])
    x = np.linspace(-8, 8, 8001)
    p = law.log_density(x[:, None, None, None], 0.0)
    entropy = -np.trapezoid(np.exp(p) * p, x)
    points = law.sample(4000)[:, 0]
    levels = [*np.geomspace(300, 5e-3, 300).tolist(), 0.0]
    errors = errors_by_level(law, points.astype(np.float32), levels[:-1])
    found = variational_bound(errors, np.square(points).mean(axis=(1, 2)), levels)
    assert found.total - entropy == pytest.approx(0, abs=5 * found.spread + 0.02)


def test_the_errors_of_one_number_are_the_gain_of_wiener() -> None:
    """x_0 ~ N(m, v): the posterior variance s^2 v/(v + s^2)."""
    assert exact_errors(Gaussian(0.3, np.full((1, 1), 0.7), 1), [3.0, 0.4]) == pytest.approx(
        [9 * 0.7 / 9.7, 0.16 * 0.7 / 0.86], rel=1e-12
    )


def test_the_mean_square_is_variance_and_mean() -> None:
    assert mean_square(LAW) == pytest.approx(1.1 + 0.04, rel=1e-9)


# losses


def test_errors_are_of_known_pixels_alone_and_the_same_noise_at_every_level() -> None:
    x = draws(40, 3)
    holed = x.copy()
    holed[:, :3] = np.nan
    holed[7] = np.nan
    whole = errors_by_level(lambda y, s: np.zeros_like(y), x, [1.0, 2.0])
    np.testing.assert_allclose(whole[0], np.square(x, dtype=np.float64).mean((1, 2)), rtol=1e-6)
    assert (whole[0] == whole[1]).all()
    found = errors_by_level(lambda y, s: np.zeros_like(y), holed, [1.0])
    assert np.isnan(found[0, 7]) and np.isnan(found).sum() == 1
    np.testing.assert_allclose(found[0, 0], np.square(x[0, 3:], dtype=np.float64).mean(), rtol=1e-6)
    y_minus = errors_by_level(lambda y, s: y, x, [0.5, 3.0])  # the noise itself: s^2 |eps|^2
    np.testing.assert_allclose(y_minus[0] / 0.25, y_minus[1] / 9.0, rtol=1e-4)


def test_members_see_the_same_noise_in_any_batch() -> None:
    x = draws(70, 3)
    alone = errors_by_level(LAW, x, [0.7])
    assert errors_by_level(LAW, x[:33], [0.7]) == pytest.approx(alone[:, :33], rel=1e-6)


def test_it_tells_how_far_it_is_and_can_be_ended() -> None:
    heard: list[float] = []
    errors_by_level(LAW, draws(40), [2.0, 1.0], progress=heard.append)
    assert heard == pytest.approx([16 / 40, 32 / 40, 36 / 40, 1.0])

    def end(done: float) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        errors_by_level(LAW, draws(4), [1.0], progress=end)


def test_a_loss_without_any_known_pixel_is_zero_over_nothing() -> None:
    assert loss_by_level(LAW, np.full((2, 8, 9), np.nan, np.float32), [1.0]) == [0.0]


# bad input


@pytest.mark.parametrize("levels", [[], [0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 0.0], [math.inf, 1.0, 0.0], [math.nan, 0.0]])
def test_what_is_no_walk_is_a_sentence(levels: list[float]) -> None:
    with pytest.raises(UserError):
        walked(levels)


def test_fields_without_any_pixel_are_a_sentence() -> None:
    with pytest.raises(UserError, match="not missing"):
        variational_bound(np.full((1, 2), np.nan), np.ones(2), [1.0, 0.0])
