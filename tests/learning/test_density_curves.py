"""Densities of schedules, grids and cards over ln s, against closed forms."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, Edm, Flow, VarianceExploding, make_schedule
from diffview.learning.densities import grid_density, log_levels, schedule_density, training_density
from diffview.models.cards import find_card
from diffview.reverse.grids import GRIDS, make_levels

EDGES = np.linspace(-9.0, 9.0, 601)
LIMITS = {"lowest": 0.01, "highest": 60.0}


def training(density, schedule="linear", **limits):
    return {"density": density, **LIMITS, **limits, "schedule": {"key": schedule}}


# -- schedules


@pytest.mark.parametrize("key", SCHEDULES)
def test_the_density_of_a_schedule_holds_all_of_t(key):
    schedule, t = make_schedule(key), np.linspace(1e-3, 1.0, 400)
    widths = np.diff(log_levels(schedule, t))
    density = schedule_density(schedule, t)
    assert (density > 0).all() and np.isfinite(density).all()
    assert np.sum(density * widths) == pytest.approx(1 - 1e-3, abs=1e-12)


def test_a_schedule_linear_in_ln_s_is_flat():
    schedule = VarianceExploding(sigma_min=0.02, sigma_max=70.0)
    flat = 1 / math.log(70.0 / 0.02)
    np.testing.assert_allclose(schedule_density(schedule, np.linspace(0.01, 1, 300)), flat, rtol=1e-10)


def test_flow_is_the_logistic_density():
    """t = s/(1 + s), so dt/d ln s = t (1 - t); its mean over a cell is the difference of two logistic functions."""
    t = np.linspace(0.001, 0.999, 4001)
    middle = (t[1:] + t[:-1]) / 2
    np.testing.assert_allclose(schedule_density(Flow(), t), middle * (1 - middle), rtol=2e-2)
    logit = np.log(t / (1 - t))
    np.testing.assert_allclose(schedule_density(Flow(), t), np.diff(t) / np.diff(logit), rtol=1e-10)
    inner = (middle > 0.05) & (middle < 0.95)
    np.testing.assert_allclose(schedule_density(Flow(), t)[inner], (middle * (1 - middle))[inner], rtol=1e-5)


def test_edm_is_its_closed_form():
    """s = (a + t (b - a))^rho gives dt/d ln s = s^(1/rho)/(rho (b - a))."""
    schedule, t = Edm(), np.linspace(0.01, 1, 2001)
    a, b = schedule.sigma_min ** (1 / 7), schedule.sigma_max ** (1 / 7)
    middle = a + (t[1:] + t[:-1]) / 2 * (b - a)
    np.testing.assert_allclose(schedule_density(schedule, t), middle / (7 * (b - a)), rtol=1e-6)


def test_nothing_is_said_where_a_cell_has_no_end():
    assert schedule_density(VarianceExploding(), [0.0, 0.5, 1.0])[0] == 0.0


# -- grids


@pytest.mark.parametrize("steps", [1, 2, 18, 1000])
def test_a_grid_holds_all_steps_but_the_last(steps):
    levels = make_levels(make_schedule("edm"), "karras", steps)
    assert np.sum(grid_density(levels, EDGES) * np.diff(EDGES)) == pytest.approx((steps - 1) / steps, abs=1e-12)


def test_a_grid_uniform_in_log_snr_is_flat():
    levels = make_levels(VarianceExploding(), "log_snr", 21)
    density = grid_density(levels, np.linspace(math.log(levels[-2]), math.log(levels[0]), 50))
    np.testing.assert_allclose(density, 20 / 21 / math.log(levels[0] / levels[-2]), rtol=1e-10)


@pytest.mark.parametrize("key", ["linear", "flow", "edm", "sigmoid", "custom"])
def test_steps_uniform_in_t_have_the_density_of_the_schedule(key):
    """Between its own levels exactly: a step of 1/N in t is a step of 1/N of the run."""
    schedule, steps = make_schedule(key), 40
    t = np.arange(1, steps + (schedule.s_max == schedule.noise_level(1.0))) / steps
    levels = make_levels(schedule, "uniform", steps)
    edges = np.log(schedule.noise_level(t))
    np.testing.assert_allclose(grid_density(levels, edges), schedule_density(schedule, t), rtol=1e-9)


@given(st.sampled_from(sorted(GRIDS)), st.integers(2, 300), st.sampled_from(sorted(SCHEDULES)))
def test_grids_count_their_levels(grid, steps, key):
    """Between any two places lie as many steps as there are levels between them, to one at each end."""
    levels = make_levels(make_schedule(key), grid, steps)
    density = grid_density(levels, EDGES)
    assert (density >= 0).all()
    counted = steps * density * np.diff(EDGES)
    inside = np.histogram(np.log(levels[:-1]), EDGES)[0]
    assert np.abs(np.cumsum(counted) - (np.cumsum(inside) - 0.5)).max() <= 1.5


# -- trainings


@pytest.mark.parametrize("key", ["linear", "flow", "edm"])
def test_with_the_density_schedule_the_schedule_is_the_training_density(key):
    """Up to the part of it that lies between the limits."""
    schedule = make_schedule(key)
    low, high = schedule.t_of([0.01, 60.0])
    t = np.linspace(low, high, 300)[1:-1]
    found = training_density(training("schedule", key), np.log(schedule.noise_level(t)))
    np.testing.assert_allclose(found, schedule_density(schedule, t) / (high - low), rtol=1e-6)


def test_the_card_of_a_sample_model_says_it_all():
    found = find_card("rain64").training
    assert np.sum(training_density(found, EDGES) * np.diff(EDGES)) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(
    "about",
    [{}, {"density": "broad"}, {**LIMITS, "density": "odd"}, {**LIMITS, "density": "uniform", "lowest": "low"},
     {**LIMITS, "density": "uniform", "lowest": -1.0}, {"density": "uniform", "lowest": 2.0, "highest": 2.0},
     {**LIMITS, "density": "schedule"}, training("schedule", lowest=1e6, highest=1e7),
     {**LIMITS, "density": "schedule", "schedule": {"key": "odd"}}],
)  # fmt: skip
def test_a_card_that_does_not_say_it_is_a_sentence(about):
    with pytest.raises(UserError):
        training_density(about, EDGES)


def test_it_loads_no_guest():
    code = (
        "import sys, diffview.learning.densities; "
        "print({'torch', 'PySide6', 'scipy'} & {n.split('.')[0] for n in sys.modules})"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
