"""x_t at any t of a region, its histogram, its moments and its spectrum, against independent answers."""

import numpy as np
import pytest

from diffview.forward.schedules import make_schedule
from diffview.forward.spectra import power, rings
from diffview.forward.state import EDGES, Forward, density, moments


def field(n: int = 48, seed: int = 1) -> np.ndarray:
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n)))
    k[0, 0] = np.inf
    x = np.fft.ifft2(np.fft.fft2(np.random.default_rng(seed).standard_normal((n, n))) / k).real
    return ((x - x.mean()) / x.std()).astype(np.float32)


@pytest.mark.parametrize("key", ["linear", "cosine", "sigmoid", "ve", "edm", "flow"])
@pytest.mark.parametrize("mode", ["closed", "chain"])
@pytest.mark.parametrize("t", [0.0, 0.001, 0.4, 1.0])
def test_x_t_is_alpha_x0_plus_sigma_eps(key: str, mode: str, t: float) -> None:
    schedule = make_schedule(key)
    forward = Forward(field(), schedule, seed=3, mode=mode)
    frame = forward.at(t)
    alpha, sigma = schedule(t)
    eps = forward.path.eps_at(min(frame.s, schedule.s_max)) if t else np.zeros_like(forward.x0)
    np.testing.assert_allclose(frame.x_t, alpha * field() + sigma * eps, rtol=2e-5, atol=2e-5 * max(1, sigma))
    assert frame.x_t.dtype == np.float32


def test_missing_pixels_stay_missing_and_are_zero_for_the_model() -> None:
    x0 = field()
    x0[3:9, 5] = np.nan
    forward = Forward(x0, make_schedule("linear"))
    assert (np.isnan(forward.at(0.5).x_t) == np.isnan(x0)).all()
    y = forward.y(2.0)
    assert y.shape == (1, 1, 48, 48) and np.isfinite(y).all()
    np.testing.assert_allclose(y[0, 0][np.isnan(x0)], (2.0 * forward.eps(2.0))[np.isnan(x0)], rtol=1e-6)


def test_a_schedule_edit_keeps_the_path() -> None:
    first = Forward(field(), make_schedule("linear"), seed=7, mode="chain")
    first.at(0.5)
    second = Forward(first.x0, make_schedule("cosine"), seed=7, mode="chain", like=first)
    assert second.path is first.path
    assert Forward(first.x0, make_schedule("cosine"), seed=8, mode="chain", like=first).path is not first.path
    s = 1.5
    assert (first.y(s) == second.y(s)).all()


@pytest.mark.parametrize("mode", ["closed", "chain"])
@pytest.mark.parametrize("missing", [False, True])
def test_the_spectrum_is_that_of_x_t(mode: str, missing: bool) -> None:
    x0 = field()
    if missing:
        x0[:4, :4] = np.nan
    forward = Forward(x0, make_schedule("linear"), mode=mode, pixel_km=(4.0, 4.0))
    for t in (0.0, 0.3, 0.9):
        frame = forward.at(t)
        np.testing.assert_allclose(forward.spectrum(frame), power(frame.x_t, rings(48, 48, (4.0, 4.0))), rtol=1e-4)


def test_no_spectrum_above_a_fifth_missing() -> None:
    x0 = field()
    x0[:11] = np.nan
    forward = Forward(x0, make_schedule("linear"))
    assert forward.spectrum(forward.at(0.2)) is None and forward.spectrum_x0() is None


def test_density_is_numpys_histogram() -> None:
    x = np.random.default_rng(0).normal(0.3, 1.4, (200, 100)).astype(np.float32)
    x[0, :50] = np.nan
    counts, _ = np.histogram(x[~np.isnan(x)], EDGES)
    ours = density(x) * (x.size - 50) * (EDGES[1] - EDGES[0])
    assert np.abs(ours - counts).max() <= 2  # a value on an edge may fall to either side in float32
    assert density(np.full((3, 3), np.nan, np.float32)).sum() == 0


def test_moments_leave_missing_out() -> None:
    x = np.random.default_rng(0).normal(2, 3, (50, 60)).astype(np.float32)
    x[:5] = np.nan
    mean, variance = moments(x)
    assert mean == pytest.approx(np.nanmean(x.astype(np.float64)), rel=1e-6)
    assert variance == pytest.approx(np.nanvar(x.astype(np.float64)), rel=1e-5)
    assert np.isnan(moments(np.full((2, 2), np.nan, np.float32))).all()
