"""Statistics of an ensemble that streams: equal to numpy over all members at once, however they are cut into blocks."""

import itertools
import math

import numpy as np
import pytest
import scoringrules
from hypothesis import given, settings
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.runs.statistics import (
    BINS,
    FARTHEST,
    FEWEST_BINS,
    Crps,
    Histograms,
    Moments,
    Statistic,
    Streamed,
    fixed_edges,
    statistics_asked,
)
from diffview.scores.metrics import crps

RNG = np.random.default_rng(3)
EDGES = np.linspace(-8, 8, 513)
ASKED = "mean,spread,p>0.5,q0.1,q0.9,crps"


def cut(x: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    ends = list(itertools.accumulate(sizes))
    return [x[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def streamed(x: np.ndarray, sizes: list[int], asked: str = ASKED, truth: np.ndarray | None = None) -> Streamed:
    made = Streamed(statistics_asked(asked), EDGES, np.zeros(x.shape[1:]) if truth is None else truth)
    for block in cut(x, sizes):
        made.add(block)
    return made


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=20), st.floats(-1e4, 1e4), st.floats(1e-3, 1e3))
def test_mean_and_spread_are_those_of_all_members_at_once(sizes: list[int], level: float, scale: float) -> None:
    x = level + scale * np.random.default_rng(sum(sizes)).standard_normal((sum(sizes), 3, 4))
    parts = [Moments.of(block) for block in cut(x, sizes)]
    for part in parts[1:]:
        parts[0].merge(part)
    assert parts[0].count == len(x)
    assert np.allclose(parts[0].mean, x.mean(0), rtol=1e-13, atol=1e-12 * scale)
    if len(x) > 1:
        assert np.allclose(parts[0].spread, x.std(0, ddof=1), rtol=1e-9)
    else:
        assert np.isnan(parts[0].spread).all()


def test_twenty_blocks_of_two_thousand_members_far_from_zero() -> None:
    x = 280.0 + 5 * RNG.standard_normal((2000, 8, 8))
    made = streamed(x, [100] * 20)
    mean, spread = made.result(Statistic("mean")), made.result(Statistic("spread"))
    assert np.abs(mean - x.mean(0)).max() < 1e-11 and np.abs(spread - x.std(0, ddof=1)).max() < 1e-11


def test_the_share_above_a_threshold_is_counted_exactly_and_a_member_at_it_is_not_above() -> None:
    x = RNG.integers(0, 4, (90, 6, 5)).astype(float)
    made = streamed(x, [31, 59], "p>2")
    assert np.array_equal(made.result(Statistic("p>", 2.0)), (x > 2).mean(0))


@pytest.mark.parametrize("q", [0.0, 0.05, 0.25, 0.5, 0.9, 0.99, 1.0])
def test_a_quantile_is_exact_to_one_bin(q: float) -> None:
    x = np.clip(RNG.standard_normal((500, 6, 7)), -9, 9)
    x[:, 0, 0] = 0.0  # always dry
    x[:, 1, 1] += 20.0  # beyond the edges
    found = streamed(x, [128, 128, 244], "q0.5").histograms
    assert found is not None
    inside = np.ones((6, 7), bool)
    inside[1, 1] = False
    exact = np.quantile(x, q, axis=0, method="inverted_cdf")
    assert np.abs(found.quantile(q) - exact)[inside].max() <= EDGES[1] - EDGES[0]
    assert found.quantile(q)[0, 0] == 0.0
    assert x[:, 1, 1].min() <= found.quantile(q)[1, 1] <= x[:, 1, 1].max()


def test_the_share_above_any_threshold_is_exact_at_an_edge_and_to_a_bin_between() -> None:
    x = np.clip(RNG.standard_normal((500, 6, 7)), -9, 9)
    x[:, 0, 0], x[:, 2, 2] = 0.0, np.nan
    found = streamed(x, [128, 372], "q0.5").histograms
    assert found is not None
    known = np.ones((6, 7), bool)
    known[2, 2] = False
    for threshold in EDGES[[100, 256, 300]]:
        below = np.nextafter(threshold, -9)  # a bin begins at its edge, and a share is of what lies above
        assert np.allclose(found.above(below)[known], (x > below).mean(0)[known], atol=1e-12)
    for threshold in (-0.511, 0.013, 1.234, -20.0, 20.0):
        low, high = (x > threshold + 1 / 32).mean(0), (x > threshold - 1 / 32).mean(0)
        share = found.above(threshold)
        assert (share[known] >= low[known] - 1e-12).all() and (share[known] <= high[known] + 1e-12).all()
        assert np.isnan(share[2, 2])


@pytest.mark.parametrize("bins", [24, 600])
def test_the_histogram_of_one_pixel_has_all_members_between_its_least_and_largest(bins: int) -> None:
    x = RNG.standard_normal((300, 2, 3))
    x[:, 1, 1] += 20.0
    x[:, 0, 1] = 3.0
    found = streamed(x, [100, 200], "q0.5").histograms
    assert found is not None
    for at in ((0, 0), (1, 1), (0, 1)):
        edges, counts = found.at(*at, bins)
        values = x[(slice(None), *at)]
        assert counts.sum() == 300 and len(edges) == len(counts) + 1 <= bins + 1 and (np.diff(edges) > 0).all()
        assert edges[0] <= values.min() and values.max() <= edges[-1]
        if at == (0, 0):
            inner = np.histogram(values, edges)[0]
            assert np.array_equal(inner, counts) and edges[0] == values.min() and edges[-1] == values.max()


def test_the_counts_of_a_pixel_are_numpys_histogram_of_it() -> None:
    x = RNG.standard_normal((300, 2, 3))
    counts = streamed(x, [7, 293], "q0.5").histograms
    assert counts is not None and counts.counts[0].sum() == counts.counts[-1].sum() == 0
    assert np.array_equal(counts.counts[1:-1, 1, 2], np.histogram(x[:, 1, 2], EDGES)[0])


def test_the_crps_of_one_block_is_the_fair_crps_and_that_of_scoringrules() -> None:
    x, truth = RNG.standard_normal((40, 5, 6)), RNG.standard_normal((5, 6))
    one = streamed(x, [40], "crps", truth).result(Statistic("crps"))
    assert np.allclose(one, crps(x, truth), rtol=1e-12, atol=1e-14)
    assert np.allclose(one, scoringrules.crps_ensemble(truth, x, m_axis=0, estimator="fair"), rtol=0, atol=1e-12)


def test_the_crps_of_blocks_has_the_expectation_of_a_gaussian_ensemble() -> None:
    # E|X - y| - E|X - X'|/2 of N(0, 1) and y = 0: sqrt(2/pi) - 1/sqrt(pi)
    x = RNG.standard_normal((400, 100, 100))
    got = streamed(x, [16] * 25, "crps").result(Statistic("crps")).mean()
    assert abs(got - (math.sqrt(2 / math.pi) - 1 / math.sqrt(math.pi))) < 1e-3
    assert np.array_equal(Crps.of(x[:1], np.zeros((100, 100))).score, np.abs(x[0]))


def test_the_same_blocks_give_the_same_bits_wherever_each_was_made() -> None:
    x, sizes = 5 + RNG.standard_normal((320, 4, 4)), [64] * 5
    whole = streamed(x, sizes)
    apart = [Moments.of(block.copy()) for block in cut(x, sizes)]
    for part in apart[1:]:
        apart[0].merge(part)
    assert np.array_equal(whole.result(Statistic("mean")), apart[0].mean)
    assert np.array_equal(whole.result(Statistic("spread")), apart[0].spread)


def test_a_pixel_that_any_member_lacks_stays_missing_in_every_statistic() -> None:
    x = RNG.standard_normal((60, 3, 3))
    x[:, 0, 0] = np.nan
    x[33, 1, 2] = np.nan
    made = streamed(x, [30, 30])
    missing = np.zeros((3, 3), bool)
    missing[0, 0] = missing[1, 2] = True
    for statistic in made.asked:
        assert np.array_equal(np.isnan(made.result(statistic)), missing), statistic
    assert (made.low, made.high) == (np.nanmin(x), np.nanmax(x)) and made.count == 60


def test_edges_rise_in_physical_units_and_large_pictures_have_fewer() -> None:
    rain = Transform("log1p", 0.3, 0.5)
    edges = fixed_edges(rain, 64 * 64)
    assert len(edges) == BINS + 1 and (np.diff(edges) > 0).all()
    assert np.allclose(rain(edges[[0, -1]]), [-FARTHEST, FARTHEST], atol=1e-3)
    assert len(fixed_edges(rain, 4096 * 4096)) == FEWEST_BINS + 1
    counts = Histograms.of(np.zeros((2, 256, 256)), fixed_edges(rain, 256 * 256)).counts
    assert counts.nbytes <= 33 * 2**20


def test_statistics_are_read_once_each_and_in_order() -> None:
    asked = statistics_asked(" q0.9, mean,p>-2.5,q0.9,spread ,")
    assert [str(one) for one in asked] == ["q0.9", "mean", "p>-2.5", "spread"]
    assert statistics_asked("") == ()


@pytest.mark.parametrize("text", ["p>", "p>x", "p>inf", "q", "q1.5", "q-0.1", "qnan", "median", "mean spread", "p<3"])
def test_what_is_no_statistic_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(UserError) as told:
        statistics_asked(f"mean,{text}")
    assert told.value.sentence.endswith(".") and "q0.9" in told.value.hint


def test_one_member_has_no_spread_and_no_truth_no_crps() -> None:
    one = streamed(np.zeros((1, 2, 2)), [1], "mean,spread")
    assert np.array_equal(one.result(Statistic("mean")), np.zeros((2, 2)))
    with pytest.raises(UserError, match="One member has no spread"):
        one.result(Statistic("spread"))
    with pytest.raises(UserError, match="needs a truth"):
        Streamed(statistics_asked("crps"), EDGES)
