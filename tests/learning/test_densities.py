"""Training densities: draws and shares are inverse to each other, and known where a formula is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, make_schedule
from diffview.learning.densities import DENSITIES, training_density
from diffview.learning.settings import TrainingSettings

LOW, HIGH = 0.01, 50.0
U = (np.arange(20_000) + 0.5) / 20_000


def made(key, schedule="linear", low=LOW, high=HIGH):
    return DENSITIES[key](low, high, make_schedule(schedule, {}))


def curve(key, edges, schedule="linear", low=LOW, high=HIGH):
    settings = TrainingSettings(density=key, lowest=low, schedule=make_schedule(schedule, {}))
    return training_density({**settings.plain(), "highest": high}, edges)


# -- draws


def test_draws_by_hand():
    np.testing.assert_allclose(np.exp(made("uniform").log_s([0, 0.5, 1])), [LOW, np.sqrt(0.5), HIGH], rtol=1e-12)
    np.testing.assert_allclose(made("edm").log_s([0.5, norm.cdf(1), norm.cdf(-2)]), [-1.2, 0.0, -3.6], atol=1e-12)
    np.testing.assert_allclose(
        made("broad").log_s([0, 0.25, 0.75, (1 + norm.cdf(1)) / 2]),
        [np.log(LOW), np.log(0.5) / 2, -0.5, 0.7],
        atol=1e-9,
    )
    assert np.isfinite(made("broad").log_s(0.5))


@pytest.mark.parametrize("schedule", ["linear", "cosine", "edm", "flow"])
def test_t_is_uniform_on_the_part_of_the_schedule_between_the_limits(schedule):
    at = make_schedule(schedule, {})
    t = np.linspace(*at.t_of([LOW, HIGH]), 9)[1:-1]
    np.testing.assert_allclose(np.exp(made("schedule", schedule).log_s(np.linspace(0, 1, 9)[1:-1])), at.noise_level(t))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_no_draws_pile_up_at_the_limits(schedule):
    """A tenth of most schedules lies outside these; as many draws fall next to a limit as beside it."""
    log_s = made("schedule", schedule, 0.3, 3.0).log_s(U)
    assert log_s.min() >= math.log(0.3) - 1e-12 and log_s.max() <= math.log(3.0) + 1e-12
    assert len(np.unique(log_s)) == len(U)


def test_a_schedule_that_ends_inside_the_limits_is_drawn_whole():
    whole, t = made("schedule", "ve", 1e-6, 1e6), np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(np.exp(whole.log_s(t)), make_schedule("ve", {}).noise_level(t), rtol=1e-12)


@pytest.mark.parametrize(("schedule", "low", "high"), [("linear", 1e5, 1e6), ("ve", 1e-4, 1e-3), ("edm", 100, 200)])
def test_a_schedule_outside_the_limits_is_refused(schedule, low, high):
    for refused in (made, lambda key, *rest: curve(key, [0, 1], *rest)):
        with pytest.raises(UserError) as error:
            refused("schedule", schedule, low, high)
        assert f"{schedule} has no noise level between {low:g}" in error.value.sentence
        assert error.value.hint == "Choose other limits, or another schedule."


# -- shares, and the curve


@pytest.mark.parametrize("key", ["uniform", "edm"])
def test_shares_undo_draws(key):
    np.testing.assert_allclose(made(key).share_below(made(key).log_s(U)), U, atol=1e-12)


@given(st.sampled_from(sorted(SCHEDULES)), st.floats(0.02, 0.9), st.floats(1.5, 40.0))
def test_shares_undo_draws_on_every_schedule(schedule, low, factor):
    density = made("schedule", schedule, low, low * factor)
    np.testing.assert_allclose(density.share_below(density.log_s(U[::100])), U[::100], atol=1e-9)


@pytest.mark.parametrize("key", DENSITIES)
def test_the_share_below_a_level_is_that_of_the_draws(key):
    draws = np.sort(made(key).log_s(U))
    at = np.linspace(-7, 5, 50)
    np.testing.assert_allclose(made(key).share_below(at), np.searchsorted(draws, at) / len(U), atol=1.01 / len(U))


@pytest.mark.parametrize("key", DENSITIES)
def test_the_curve_holds_all_draws(key):
    edges = np.concatenate([np.linspace(-12, 12, 301), [12.5, 14.0]])
    assert np.sum(curve(key, edges) * np.diff(edges)) == pytest.approx(1.0, abs=1e-12)


def test_the_curves_by_hand():
    """Flat; normal; half of each; and for EDM's schedule s^(1/rho)/(rho (b^(1/rho) - a^(1/rho))) between a and b."""
    edges = np.linspace(np.log(LOW), np.log(HIGH), 2001)
    x = (edges[1:] + edges[:-1]) / 2
    flat = np.full_like(x, 1 / np.log(HIGH / LOW))
    root = np.exp(x / 7) / 7 / (HIGH ** (1 / 7) - LOW ** (1 / 7))
    for key, expected in (
        ("uniform", flat),
        ("edm", norm.pdf(x, -1.2, 1.2)),
        ("broad", (flat + norm.pdf(x, -0.5, 1.2)) / 2),
        ("schedule", root),
    ):
        np.testing.assert_allclose(curve(key, edges, "edm"), expected, rtol=1e-5, atol=1e-8)


def test_nothing_is_drawn_on_a_schedule_outside_the_limits():
    np.testing.assert_allclose(curve("schedule", np.log([1e-4, LOW, HIGH, 1e3]))[[0, 2]], [0, 0], atol=1e-15)
