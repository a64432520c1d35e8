"""Scores of ensembles against closed forms: Gaussian ensembles, exchanged members, known coherence, limits of FSS."""

import numpy as np
import pytest
from scipy import stats
from scipy.ndimage import uniform_filter

from diffview.models.gaussian import Gaussian, wavenumbers
from diffview.scores import metrics
from diffview.scores.exceedance import box_sums, fractions_skill, reliability, widths_of
from diffview.scores.ranks import coverage, dispersion, ranks
from diffview.scores.scales import by_scale, octaves
from diffview.scores.tails import tail

NAN = np.nan
RED = Gaussian.power_law(32, 32, 4.0, 1.0)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# -- ranks and coverage


def test_ranks_of_independent_gaussians_are_flat_by_chi_square() -> None:
    found = ranks(normal(9, 100_000), normal(100_000, seed=1))
    assert found.shares.sum() == pytest.approx(1)
    assert stats.chi2.sf(found.chi_square, 9) > 0.01
    assert ranks(0.8 * normal(9, 100_000), normal(100_000, seed=1)).p == pytest.approx(1 / 10)


def test_without_ties_the_ranks_are_those_of_the_histogram() -> None:
    x, y = normal(7, 500), normal(500, seed=1)
    x[0, :4], y[9] = NAN, NAN
    np.testing.assert_allclose(ranks(x, y).shares, metrics.rank_histogram(x, y, np.zeros(500)))


def test_ties_of_dry_pixels_are_broken_evenly_and_by_the_seed() -> None:
    x, y = np.zeros((4, 100_000)), np.zeros(100_000)
    found = ranks(x, y, seed=3)
    np.testing.assert_allclose(found.shares, 0.2, atol=0.005)
    np.testing.assert_array_equal(found.shares, ranks(x, y, seed=3).shares)
    assert (found.shares != ranks(x, y, seed=4).shares).any()


def test_smooth_fields_of_a_perfect_ensemble_are_not_rejected_though_chi_square_of_pixels_would() -> None:
    rejected = []
    for seed in range(40):
        fields = RED.sample(normal(12, 32, 32, seed=seed))
        found = ranks(fields[1:], fields[0])
        assert stats.chi2.sf(found.chi_square, 11) < 0.01
        rejected.append(found.p <= 1 / 12 + 1e-9)
    assert stats.binomtest(sum(rejected), 40, 1 / 12).pvalue > 0.01


def test_the_band_of_ranks_is_what_members_make_in_the_place_of_the_truth() -> None:
    x, y = normal(5, 300), normal(300, seed=1)
    swapped = []
    for m in range(5):
        others, truth = x.copy(), x[m].copy()
        others[m] = y
        swapped.append(ranks(others, truth).shares)
    low, high = np.quantile(swapped, [0.05, 0.95], axis=0)
    found = ranks(x, y)
    np.testing.assert_allclose(found.low, low)
    np.testing.assert_allclose(found.high, high)


def test_nothing_known_has_no_ranks() -> None:
    found = ranks(np.zeros((2, 3)), np.full(3, NAN))
    assert np.isnan(found.shares).all() and len(found.shares) == 3 and np.isnan(found.p)


@pytest.mark.parametrize("count", [3, 8, 19, 20])
def test_coverage_of_flat_ranks_is_the_level_for_any_number_of_members(count: int) -> None:
    np.testing.assert_allclose(coverage(np.full(count + 1, 1 / (count + 1)), (0.5, 0.9, 0.99)), [0.5, 0.9, 0.99])


def test_coverage_of_a_narrow_gaussian_ensemble_is_that_of_its_normal_interval() -> None:
    narrow = 0.6 * np.random.default_rng(2).standard_normal((400, 20_000))
    found = coverage(ranks(narrow, normal(20_000, seed=1)).shares)
    wanted = [2 * stats.norm.cdf(0.6 * stats.norm.ppf((1 + p) / 2)) - 1 for p in (0.5, 0.9)]
    np.testing.assert_allclose(found, wanted, atol=0.01)


# -- spread over skill


def test_dispersion_is_spread_over_skill_and_its_band_that_of_members_in_the_place_of_the_truth() -> None:
    x, y = normal(5, 300), normal(300, seed=1)
    y[7], x[2, 8] = NAN, NAN
    found, direct = dispersion(x, y), metrics.spread_skill(x, y)
    assert (found.spread, found.skill, found.ratio) == pytest.approx(tuple(direct), rel=1e-12)
    there = np.where(np.isnan(y), NAN, x)
    others = [metrics.spread_skill(np.delete(there, m, axis=0), there[m]).ratio for m in range(5)]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(others, [0.05, 0.95])), rel=1e-12)
    two = dispersion(x[:2], y)
    assert np.isfinite(two.ratio) and np.isnan(two.low)


def test_a_perfect_ensemble_lies_in_its_own_band_and_a_narrow_one_outside() -> None:
    perfect = dispersion(normal(20, 50_000), normal(50_000, seed=1))
    assert perfect.ratio == pytest.approx(1, abs=0.01) and perfect.low < 1 < perfect.high
    narrow = dispersion(0.7 * normal(20, 50_000), normal(50_000, seed=1))
    assert narrow.ratio < 0.75 < narrow.low < 1 < narrow.high
    assert np.isnan(dispersion(np.zeros((3, 2)), [NAN, NAN])).all()
    with pytest.raises(ValueError, match="one member"):
        dispersion(np.zeros((1, 2)), [0.0, 1.0])


def test_of_many_cases_so_many_exchanges_are_drawn_that_a_few_members_tell() -> None:
    fields = RED.sample(normal(5, 60, 32, 32))
    perfect = ranks(fields[1:], fields[0], by_case=True)
    assert perfect.p > 0.05 and perfect.least == 1 / 500 and (perfect.low < 0.2).all() and (perfect.high > 0.2).all()
    narrow = ranks(0.7 * fields[1:], fields[0], by_case=True)
    assert narrow.p == pytest.approx(1 / 500)
    np.testing.assert_array_equal(perfect.shares, ranks(fields[1:], fields[0]).shares)
    found = dispersion(fields[1:], fields[0], by_case=True)
    assert found[:3] == pytest.approx(dispersion(fields[1:], fields[0])[:3], rel=1e-12)
    assert 0.85 < found.low < found.ratio < found.high < 1.15
    one = dispersion(fields[1:, :1], fields[0, :1], by_case=True)
    assert one == pytest.approx(dispersion(fields[1:, 0], fields[0, 0]), rel=1e-12)


# -- by scale


def fields_of_coherence(share: np.ndarray, count: int, cases: int) -> np.ndarray:
    """`count` red fields of each case [count, cases, 32, 32] that have the share a^2 of every mode in common."""
    rng = np.random.default_rng(0)
    common = np.fft.rfft2(RED.sample(rng.standard_normal((cases, 32, 32))))
    own = np.fft.rfft2(RED.sample(rng.standard_normal((count, cases, 32, 32))))
    return np.fft.irfft2(np.sqrt(share) * common + np.sqrt(1 - share) * own, s=(32, 32))


def test_coherence_of_red_fields_with_a_known_share_in_common() -> None:
    k = wavenumbers(32, 32)
    share = 1 / (1 + (k / 5) ** 2)
    fields = fields_of_coherence(share, 5, 120)
    found = by_scale(fields[1:], fields[0], (5.0, 5.0))
    wanted = 1 / (1 + (found.k / 5) ** 2)
    # the window mixes neighbouring rings; the first has the domain mean taken out
    np.testing.assert_allclose(found.among[1:], wanted[1:], atol=0.06)
    np.testing.assert_allclose(found.with_truth[1:], wanted[1:], atol=0.06)
    np.testing.assert_allclose(found.among, found.with_truth, atol=0.05)
    np.testing.assert_allclose(found.wavelength, 160 / found.k)
    for octave in octaves(found, (32, 32)):
        assert octave.ratio == pytest.approx(1, abs=0.08)


def test_fields_that_are_one_cohere_and_their_powers_are_those_of_the_spectrum() -> None:
    field = normal(3, 16, 16).astype(np.float32)
    found = by_scale(np.stack([field, field]), field)
    for values in (found.among, found.with_truth):
        np.testing.assert_allclose(values, 1, atol=1e-6)
    np.testing.assert_allclose(found.truth, metrics.mean_spectrum(field), rtol=1e-5)
    np.testing.assert_allclose(found.mean, found.members, rtol=1e-5)
    np.testing.assert_allclose(found.spread / found.truth, 0, atol=1e-6)
    assert found.wavelength[0] == 16


def test_a_scale_that_has_half_the_spread_is_found_in_its_octave() -> None:
    fields = normal(20, 60, 32, 32)
    modes = np.fft.rfft2(fields[1:])
    small = wavenumbers(32, 32) >= 6.5  # the window mixes rings that are one apart
    members = np.fft.irfft2(np.where(small, 0.5 * modes, modes), s=(32, 32))
    found = {o.low: o.ratio for o in octaves(by_scale(members, fields[0]), (32, 32))}
    assert found[2.0] == pytest.approx(1, abs=0.08)
    error = np.sqrt(1 + 0.25 / 19)  # truth about 0, and what the mean of 19 such members adds
    assert found[8.0] == pytest.approx(0.5 * np.sqrt(20 / 19) / error, abs=0.06)


def test_octaves_have_all_modes_of_their_rings() -> None:
    found = octaves(by_scale(normal(2, 1, 32, 32), normal(1, 32, 32, seed=1)), (32, 32))
    ky, kx = np.meshgrid(np.fft.fftfreq(32, 1 / 32), np.fft.fftfreq(32, 1 / 32))
    ring = np.rint(np.hypot(ky, kx))
    assert [o.modes for o in found] == [int(((ring >= o.low) & (ring < o.high) & (ring <= 15)).sum()) for o in found]


def test_missing_pixels_of_the_truth_are_missing_everywhere_and_a_case_of_holes_has_no_part() -> None:
    fields = normal(4, 3, 16, 16)
    truth = fields[0].copy()
    truth[1, :8] = NAN
    found, without = by_scale(fields[1:], truth), by_scale(fields[1:, [0, 2]], truth[[0, 2]])
    for a, b in zip(found, without, strict=True):
        np.testing.assert_array_equal(a, b)
    alone = by_scale(fields[1:])
    assert np.isnan(alone.truth).all() and np.isnan(alone.with_truth).all() and np.isfinite(alone.among).all()
    assert np.isnan(by_scale(fields[1:2], truth).among).all()
    assert np.isnan(by_scale(fields[1:], np.full_like(truth, NAN)).members).all()


# -- events


def test_reliability_of_a_known_probability_is_laplaces_rule() -> None:
    """p uniform, k of M members above: the event then comes with (k + 1)/(M + 2)."""
    rng = np.random.default_rng(0)
    p = rng.random(400_000)
    members = (rng.random((4, 400_000)) < p).astype(float)
    truth = (rng.random(400_000) < p).astype(float)
    found = reliability(members, truth, 0.5)
    np.testing.assert_allclose(found.forecast, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(found.observed, np.arange(1, 6) / 6, atol=0.005)
    assert found.counts.sum() == 400_000 and found.base_rate == pytest.approx(0.5, abs=0.005)


def test_reliability_leaves_out_what_is_missing_and_bins_many_members() -> None:
    members, truth = np.ones((40, 3)), np.array([1.0, 0.0, NAN])
    members[:18, 1] = 0
    found = reliability(members, truth, 0.5)
    assert found.counts.tolist() == [0] * 6 + [1, 0, 0, 0, 1] and len(found.forecast) == 11
    assert found.forecast[6] == pytest.approx(22 / 40) and np.isnan(found.forecast[0])
    assert found.observed[6] == 0 and found.observed[10] == 1 and found.base_rate == 0.5


def test_fractions_skill_has_its_limits() -> None:
    rng = np.random.default_rng(0)
    truth, other = (rng.random((2, 1, 41, 41)) < 0.2).astype(float)
    assert fractions_skill(truth[None], truth, 0.5).scores == pytest.approx(1)
    f_o, f_p = truth.mean(), other.mean()
    found = fractions_skill(other[None], truth, 0.5, (1, 81))
    assert found.scores[0] == pytest.approx(2 * (truth * other).mean() / (f_o + f_p))
    assert found.scores[1] == pytest.approx(2 * f_o * f_p / (f_o**2 + f_p**2))  # as wide as the field: bias alone
    assert (found.base_rate, found.useful) == pytest.approx((f_o, 0.5 + f_o / 2))


def test_a_shower_in_the_wrong_place_has_skill_once_the_neighbourhood_is_wider_than_the_shift() -> None:
    truth, moved = np.zeros((1, 64, 64)), np.zeros((1, 64, 64))
    truth[0, 30, 30], moved[0, 30, 34] = 1, 1
    scores = fractions_skill(moved[None], truth, 0.5, (1, 3, 5, 9, 17)).scores
    # two squares of width n, 4 apart, share n (n - 4) of n^2 pixels
    assert scores == pytest.approx([0, 0, 1 / 5, 5 / 9, 13 / 17])
    assert np.isnan(fractions_skill(moved[None] * 0, truth * 0, 0.5).scores).all()
    assert widths_of((64, 64)) == (1, 3, 7, 15, 31, 63)


def test_missing_pixels_are_no_part_of_a_neighbourhood() -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random((1, 12, 12)) < 0.4).astype(float)
    members = (rng.random((3, 1, 12, 12)) < 0.4).astype(float)
    truth[:, :, 8:] = NAN
    there = fractions_skill(members[..., :8], truth[..., :8], 0.5, (3,))
    assert fractions_skill(members, truth, 0.5, (3,)).scores == pytest.approx(there.scores)


def test_box_sums_are_those_of_a_filter() -> None:
    values = normal(2, 9, 13)
    wanted = 25 * np.stack([uniform_filter(field, 5, mode="constant") for field in values])
    np.testing.assert_allclose(box_sums(values, 5), wanted, atol=1e-12)


# -- tails


def test_quantiles_of_the_tail_are_those_of_the_sample() -> None:
    fields = normal(20, 30, 30)
    fields[0, :5] = NAN
    known = fields[~np.isnan(fields)]
    wanted = np.quantile(known, (0.5, 0.9, 0.99, 0.999), method="inverted_cdf")
    found = tail(fields)
    np.testing.assert_array_equal(found.values, wanted)
    assert (found.low <= found.values).all() and (found.values <= found.high).all()
    one = tail(fields[:1])
    assert np.isnan(one.low).all() and np.isfinite(one.values).all() and one.fields == 1
    assert np.isnan(tail(np.full((3, 2, 2), NAN)).values).all()


def test_the_interval_is_that_of_fields_and_not_of_pixels() -> None:
    """Fields without contrast are as many values as there are fields: the median's error is sqrt(pi/2n)."""
    fields = np.broadcast_to(normal(400, 1, 1), (400, 16, 16))
    found = tail(fields, (0.5,))
    wanted = 2 * 1.645 * np.sqrt(np.pi / 800)
    assert found.high[0] - found.low[0] == pytest.approx(wanted, rel=0.3)
    many = tail(normal(400, 16, 16), (0.5,))
    assert many.high[0] - many.low[0] == pytest.approx(wanted / 16, rel=0.3)
