"""Spacings of a run, against their formulas."""

import math
from itertools import pairwise

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, Cosine, Edm, Flow, Linear, Sigmoid, VarianceExploding
from diffview.reverse.grids import GRIDS, MAX_STEPS, make_levels


@pytest.mark.parametrize("steps", [1, 2, 3, 18, 250, 1000])
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("key", SCHEDULES)
def test_levels_fall_from_s_max_to_0(key: str, grid: str, steps: int) -> None:
    schedule = SCHEDULES[key]()
    levels = make_levels(schedule, grid, steps)
    assert len(levels) == steps + 1 and levels[-1] == 0.0
    assert all(type(s) is float for s in levels), "np.float64 would turn float32 fields into float64"
    assert all(a > b for a, b in pairwise(levels))
    assert math.isclose(levels[0], schedule.s_max, rel_tol=1e-12)


def test_trailing_hits_every_20th_row_from_the_last() -> None:
    beta = np.linspace(1e-4, 0.02, 1000)
    alpha_bar = np.cumprod(1 - beta)
    rows = np.arange(1000, 0, -20)
    wanted = np.sqrt(1 / alpha_bar[rows - 1] - 1)
    np.testing.assert_allclose(make_levels(Linear(), "uniform", 50)[:-1], wanted, rtol=1e-11)


def test_linspace_and_leading() -> None:
    alpha_bar = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    s = np.sqrt(1 / alpha_bar - 1)
    leading = make_levels(Linear(), "uniform", 50, spacing="leading")[:-1]
    np.testing.assert_allclose(leading, s[np.arange(0, 1000, 20)[::-1]], rtol=1e-9)  # diffusers: 980, 960, ..., 0
    linspace = make_levels(Linear(), "uniform", 28, spacing="linspace")[:-1]
    np.testing.assert_allclose(linspace, s[np.linspace(0, 999, 28).astype(int)[::-1]], rtol=1e-9)  # 999 = 27 x 37
    assert leading[0] < linspace[0] == pytest.approx(s[-1], rel=1e-11)


@pytest.mark.parametrize("n", [18, 10, 50])
@pytest.mark.parametrize("rho", [7.0, 5.0, 3.0, 1.5])
@pytest.mark.parametrize(("low", "high"), [(0.002, 80.0), (0.01, 300.0)])
def test_karras_grid_of_edm_is_the_papers_down_to_sigma_min(n: int, rho: float, low: float, high: float) -> None:
    """[Karras et al. 2022, eq. 5]: s_i = (high^(1/rho) + i/(N-1) (low^(1/rho) - high^(1/rho)))^rho, then 0."""
    wanted = [(high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho for i in range(n)]
    for schedule in (Edm(low, high), Edm(low, high, rho=3.0), VarianceExploding(low, high)):
        levels = make_levels(schedule, "karras", n, rho=rho)
        np.testing.assert_allclose(levels, [*wanted, 0.0], rtol=1e-12)
        assert levels[-2] == pytest.approx(low, rel=1e-12)


def test_log_snr_grid_falls_by_one_factor() -> None:
    levels = np.array(make_levels(VarianceExploding(0.01, 50.0), "log_snr", 40)[:-1])
    factor = 5000.0 ** (-1 / 39)
    np.testing.assert_allclose(levels[1:] / levels[:-1], factor, rtol=1e-12)


def test_where_alpha_reaches_0_a_run_starts_at_the_cap() -> None:
    assert make_levels(Flow(), "uniform", 10)[0] == pytest.approx(1e4)  # 10 x 999 is less
    at_999 = math.sqrt((1 - _chen(0.999)) / _chen(0.999))
    assert make_levels(Sigmoid(), "uniform", 10)[0] == pytest.approx(max(1e4, 10 * at_999), rel=1e-9)
    np.testing.assert_allclose(
        make_levels(Flow(), "uniform", 10)[1:-1], [9, 4, 7 / 3, 1.5, 1, 2 / 3, 3 / 7, 0.25, 1 / 9]
    )


def _chen(t: float) -> float:
    def logistic(x: float) -> float:
        return 1 / (1 + math.exp(-x))

    return (logistic(3) - logistic(6 * t - 3)) / (logistic(3) - logistic(-3))


def test_one_step_starts_at_the_top() -> None:
    for grid in GRIDS:
        assert make_levels(Cosine(), grid, 1) == [pytest.approx(1 / math.sqrt(2.4288e-9), rel=1e-4), 0.0]


@pytest.mark.parametrize(
    ("grid", "steps", "params"),
    [
        ("spiral", 10, {}),
        ("uniform", 0, {}),
        ("uniform", -3, {}),
        ("uniform", MAX_STEPS + 1, {}),
        ("uniform", 10, {"spacing": "random"}),
        ("uniform", 10, {"rho": 7.0}),
        ("karras", 10, {"rho": 0.0}),
        ("karras", 10, {"rho": "seven"}),
        ("log_snr", 10, {"rho": 7.0}),
        ("uniform", MAX_STEPS, {"spacing": "leading"}),
    ],
)
def test_what_cannot_be_made_is_a_user_error(grid: str, steps: int, params: dict[str, object]) -> None:
    with pytest.raises(UserError):
        make_levels(Linear(), grid, steps, **params)


def test_custom_levels_are_taken_as_they_are() -> None:
    assert make_levels(Flow(), "custom", 3, levels=[5, 2, 1]) == [5.0, 2.0, 1.0, 0.0]


def test_another_number_of_steps_goes_along_the_custom_levels() -> None:
    """ln s is linear between neighbours: halves fall on geometric means; a lower start cuts the curve."""
    five = make_levels(Flow(), "custom", 5, levels=(5.0, 2.0, 1.0))
    np.testing.assert_allclose(five[:-1], [5, math.sqrt(10), 2, math.sqrt(2), 1], rtol=1e-12)
    cut = make_levels(Flow(), "custom", 3, top=math.sqrt(10), levels=(5.0, 2.0, 1.0))
    place = [0.5, 1.25, 2.0]  # of the list, evenly from where it crosses the start
    np.testing.assert_allclose(cut[:-1], np.exp(np.interp(place, [0, 1, 2], np.log([5.0, 2.0, 1.0]))), rtol=1e-12)


@pytest.mark.parametrize(
    "levels", [(1.0, 2.0), (2.0, 2.0), (2.0, 0.0), (math.nan,), (math.inf, 1.0), ("a",), 3, "21", None]
)
def test_custom_levels_that_make_no_grid_are_refused(levels: object) -> None:
    with pytest.raises(UserError) as caught:
        make_levels(Flow(), "custom", 2, levels=levels)
    assert caught.value.sentence.endswith(".")
