"""Fields from fine to coarse: white noise, constants and gaps have exact answers."""

import numpy as np
import pytest

from diffview.scores.aggregation import aggregated, block_widths
from diffview.scores.scales import by_scale


def test_the_second_moment_of_white_noise_falls_with_the_width():
    fields = np.random.default_rng(0).standard_normal((400, 32, 32))
    found = aggregated(fields, (0.0,))
    assert found.widths == (1, 2, 4, 8, 16) and found.blocks == tuple(400 * (32 // w) ** 2 for w in found.widths)
    np.testing.assert_allclose(found.moments[2] * found.widths, 1.0, rtol=0.06)  # std of a mean over w x w: 1/w
    np.testing.assert_allclose(found.moments[4] / found.moments[2], 3**0.25, rtol=0.05)  # of a Gaussian
    np.testing.assert_allclose(found.above[0.0], 0.5, atol=0.02)


def test_a_constant_is_the_same_at_every_scale_and_a_gap_takes_its_block_away():
    field = np.full((8, 12), 3.0)
    found = aggregated(field, (2.9, 3.0))
    for order in (2, 3, 4):
        np.testing.assert_allclose(found.moments[order], 3.0)
    assert found.above[2.9].tolist() == [1, 1, 1] and found.above[3.0].tolist() == [0, 0, 0]
    field[0, 0] = np.nan
    assert aggregated(field).blocks == (95, 23, 5)
    assert np.isnan(aggregated(np.full((8, 8), np.nan), (1.0,)).above[1.0]).all()


def test_columns_beyond_the_last_whole_block_have_no_part():
    field = np.zeros((9, 9))
    field[8], field[:, 8] = 100.0, 100.0
    found = aggregated(field)
    assert found.moments[2][0] > 0 and found.moments[2][1:].tolist() == [0, 0]
    assert block_widths(2, 64) == (1,) and block_widths(1, 1) == (1,) and block_widths(64, 4) == (1, 2)


def test_the_mean_follows_the_truth_as_well_as_theory_says():
    """Members a + e_m of a truth a + e: member-truth a^2/(a^2 + e^2) = r, mean-truth r/sqrt(r + (1 - r)/M)."""
    rng, count, cases = np.random.default_rng(1), 8, 60
    known = rng.standard_normal((cases, 32, 32))
    truth = known + rng.standard_normal(known.shape)
    members = known + rng.standard_normal((count, *known.shape))
    found = by_scale(members, truth)
    outer = found.k > 3
    assert found.with_truth[outer].mean() == pytest.approx(0.5, abs=0.01)
    assert found.among[outer].mean() == pytest.approx(0.5, abs=0.01)
    assert found.of_mean[outer].mean() == pytest.approx(0.5 / np.sqrt(0.5 + 0.5 / count), abs=0.01)
