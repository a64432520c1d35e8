"""Scores against closed forms, double loops and, where it is there, scoringrules."""

import numpy as np
import pytest

from diffview.scores import metrics

NAN = np.nan


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def test_white_noise_has_the_power_of_its_variance():
    fields = 3 * normal(200, 32, 32) + 280
    spectrum = metrics.mean_spectrum(fields.astype(np.float32))
    assert spectrum.shape == (15,)
    np.testing.assert_allclose(spectrum[1:], 9, rtol=0.1)
    assert abs(spectrum[1:].mean() - 9) < 0.15


def test_fields_with_too_little_data_have_no_part_in_the_mean_spectrum():
    fields = normal(3, 16, 16).astype(np.float32)
    holed = np.concatenate([fields, np.full_like(fields[:1], NAN)])
    holed[3, :6] = 100.0
    np.testing.assert_array_equal(metrics.mean_spectrum(holed), metrics.mean_spectrum(fields))
    assert np.isnan(metrics.mean_spectrum(holed[3:])).all()


def test_ten_times_the_power_is_10_db():
    p = np.array([5.0, 2.0, 1.0])
    assert metrics.log_spectral_distance(10 * p, p) == pytest.approx(10)
    assert metrics.log_spectral_distance(p, 10 * p) == pytest.approx(10)
    assert metrics.log_spectral_distance(p, p) == 0
    # the root of a mean of squares, so that too much here and too little there do not cancel
    assert metrics.log_spectral_distance(p * [10, 0.1, 1], p) == pytest.approx(10 * np.sqrt(2 / 3))
    assert metrics.log_spectral_distance([10, 0, NAN], [1, 1, 1]) == pytest.approx(10)
    assert np.isnan(metrics.log_spectral_distance([0.0], [1.0]))


def test_quantiles_leave_out_what_is_missing():
    fields = np.arange(1001.0).reshape(1, 7, 143)
    np.testing.assert_allclose(metrics.quantiles(fields), [500, 900, 990, 999])
    np.testing.assert_allclose(metrics.quantiles(np.append(fields.ravel(), NAN)), [500, 900, 990, 999])
    assert np.isnan(metrics.quantiles(np.array([NAN]))).all()


def test_relative_errors():
    np.testing.assert_allclose(
        metrics.relative_errors([11, 9, 0, 1, -11], [10, 10, 0, 0, -10]), [0.1, -0.1, 0, NAN, -0.1]
    )


def test_wet_pixel_fraction_counts_the_threshold_itself_and_no_missing_pixel():
    assert metrics.wet_pixel_fraction(np.array([0, 0.1, 5, 0.05, NAN]), 0.1) == 0.5
    assert np.isnan(metrics.wet_pixel_fraction(np.array([NAN]), 0.1))


def test_a_histogram_on_common_edges_has_its_zero_bin():
    dry, wet = np.array([0.0, 0.0, 0.01, 1.0]), np.array([-0.01, 0.1, 30.0, NAN])
    edges = metrics.common_edges([dry, wet], bins=8, zero=0.1)
    assert len(edges) == 9 and edges[1] == 0.1 and edges[-1] >= 30 and (np.diff(edges) > 0).all()
    p, q = metrics.histogram(dry, edges), metrics.histogram(wet, edges)
    assert p[0] == 0.75 and q[0] == pytest.approx(1 / 3) and q[1] == q[-1] == pytest.approx(1 / 3)
    assert p.sum() == pytest.approx(1) and q.sum() == pytest.approx(1)
    assert metrics.histogram_difference(p, p) == 0
    assert metrics.histogram_difference([1, 0], [0, 1]) == 1


def test_even_edges_hold_all_values():
    edges = metrics.common_edges([np.array([-2.0, 1]), np.array([0, 6.0])], bins=4)
    np.testing.assert_allclose(edges, [-2, 0, 2, 4, 6])
    np.testing.assert_allclose(metrics.histogram(np.array([-2.0, 0, 6, 6]), edges), [0.25, 0.25, 0, 0.5])
    assert np.diff(metrics.common_edges([np.full(3, 7.0)])).min() > 0


@pytest.mark.parametrize("fair", [True, False])
def test_crps_is_its_double_sum(fair):
    x, y = np.round(normal(7, 11), 1), np.round(normal(11, seed=1), 1)
    x[:4, :5] = 0  # ties, as rain has them
    y[:3] = 0
    spread = np.abs(x[:, None] - x[None]).sum(axis=(0, 1)) / (2 * 7 * (6 if fair else 7))
    np.testing.assert_allclose(metrics.crps(x, y, fair), np.abs(x - y).mean(axis=0) - spread, atol=1e-14)


@pytest.mark.parametrize(("fair", "estimator"), [(True, "fair"), (False, "nrg")])
def test_crps_is_that_of_scoringrules(fair, estimator):
    scoringrules = pytest.importorskip("scoringrules")
    x, y = normal(16, 50), normal(50, seed=1)
    wanted = scoringrules.crps_ensemble(y, x.T, estimator=estimator, backend="numpy")
    np.testing.assert_allclose(metrics.crps(x, y, fair), wanted, rtol=1e-10)


def test_crps_of_a_constant_ensemble_and_of_one_member_is_the_absolute_error():
    assert metrics.crps(np.full((5, 3), 2.0), [1, 2, 4]).tolist() == [1, 0, 2]
    assert metrics.crps(np.array([[2.0]]), [5.0]).tolist() == [3]
    assert np.isnan(metrics.crps(np.zeros((3, 2)), [NAN, 1])).tolist() == [True, False]


def test_fair_crps_of_normals_is_the_integral_whatever_the_number_of_members():
    """E of the score of N(0, 1) for truths from N(0, 1) is 1/sqrt(pi); not fair, 1/M of it more."""
    for count in (2, 5):
        x, y = normal(count, 200_000), normal(200_000, seed=1)
        assert metrics.crps(x, y).mean() == pytest.approx(1 / np.sqrt(np.pi), abs=0.006)
        assert metrics.crps(x, y, fair=False).mean() == pytest.approx((1 + 1 / count) / np.sqrt(np.pi), abs=0.006)


def test_a_perfect_ensemble_has_as_much_spread_as_skill_at_any_size():
    for count in (2, 4, 20):
        found = metrics.spread_skill(normal(count, 100_000), normal(100_000, seed=1))
        assert found.ratio == pytest.approx(1, abs=0.01)
        assert found.skill == pytest.approx(np.sqrt(1 + 1 / count), abs=0.01)
    too_narrow = metrics.spread_skill(0.5 * normal(20, 100_000), normal(100_000, seed=1))
    assert too_narrow.ratio == pytest.approx(0.5 * np.sqrt(21 / 20) / np.sqrt(1 + 0.25 / 20), abs=0.01)


def test_spread_and_skill_by_hand():
    found = metrics.spread_skill(np.array([[1.0, 5, NAN], [3.0, 5, 1]]), [4, 5, 6])
    assert found == pytest.approx((np.sqrt(1.5 * 1), np.sqrt(2), np.sqrt(0.75)))
    assert np.isnan(metrics.spread_skill(np.zeros((2, 1)), [NAN])).all()
    with pytest.raises(ValueError, match="one member"):
        metrics.spread_skill(np.zeros((1, 3)), [1, 2, 3])
