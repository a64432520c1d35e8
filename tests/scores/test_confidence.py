"""How sure an order is: exact at few fields, as sure as it says of equals, and sure of what differs."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test

from diffview.errors import UserError
from diffview.models.gaussian import Gaussian
from diffview.scores.confidence import (
    FEWEST_PAIRS,
    holm,
    jackknife,
    jackknife_error,
    mean_score,
    ranked,
    spectral_score,
    swap_p,
)
from diffview.scores.metrics import log_spectral_distance, mean_of, spectra

MODEL = Gaussian.power_law(16, 16, 3.0, 2.0)


def powers(rng: np.random.Generator, count: int) -> np.ndarray:
    return spectra(MODEL.sample(rng.standard_normal((count, 16, 16))).astype(np.float32))


REAL = powers(np.random.default_rng(99), 128).mean(axis=0)


def test_the_score_of_spectra_is_their_distance() -> None:
    own = powers(np.random.default_rng(0), 12)
    assert float(spectral_score(REAL)(mean_of(own))) == pytest.approx(log_spectral_distance(mean_of(own), REAL))


def test_swaps_of_means_are_those_of_scipy() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0.5, 1, (9, 1)), rng.normal(0, 1, (9, 1))
    theirs = permutation_test(
        (a[:, 0], b[:, 0]), lambda x, y: abs(x.mean() - y.mean()), permutation_type="samples", alternative="greater",
        n_resamples=np.inf,
    )  # fmt: skip
    assert swap_p(a, b, mean_score) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_all_swaps_of_few_fields_are_looked_at() -> None:
    rng = np.random.default_rng(2)
    a, b, score = powers(rng, 8), powers(rng, 8) * 1.2, spectral_score(REAL)
    apart = abs(score(a.mean(axis=0)) - score(b.mean(axis=0)))
    far = 0
    for swapped in product([False, True], repeat=8):
        which = np.array(swapped)[:, None]
        one, other = np.where(which, b, a).mean(axis=0), np.where(which, a, b).mean(axis=0)
        far += abs(score(one) - score(other)) >= apart * (1 - 1e-9)
    assert swap_p(a, b, score) == far / 2**8


def test_equal_runs_are_one() -> None:
    own = powers(np.random.default_rng(3), 40)
    assert swap_p(own, own, spectral_score(REAL)) == 1.0


@cache
def told(rivals: int, fields: int, apart: float) -> int:
    """Of 100 repeats, how many are told to differ; of the first rival, every field is larger by the factor `apart`."""
    count = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        made = {name: powers(rng, fields) for name in "ABCD"[:rivals]}
        made["A"] = made["A"] * apart**2
        count += any(gap.told for gap in ranked(made, spectral_score(REAL), seed).gaps)
    return count


@pytest.mark.parametrize(("rivals", "fields"), [(2, 32), (2, 12), (3, 16)])
def test_of_100_repeats_with_equal_rivals_at_most_8_are_told_to_differ(rivals: int, fields: int) -> None:
    assert told(rivals, fields, 1.0) <= 8


def test_what_differs_is_told() -> None:
    assert told(2, 32, 1.2) >= 95


def test_the_standard_error_of_a_mean_is_the_usual_one() -> None:
    own = np.random.default_rng(4).normal(0, 3, (50, 1))
    error = jackknife_error(jackknife(own, mean_score))
    assert error == pytest.approx(own.std(ddof=1) / np.sqrt(50), rel=1e-9)


def test_the_standard_error_of_a_distance_is_its_scatter() -> None:
    rng, score = np.random.default_rng(5), spectral_score(REAL)
    samples = [powers(rng, 32) * 1.5 for _ in range(60)]
    errors = [jackknife_error(jackknife(own, score)) for own in samples]
    scatter = np.std([score(own.mean(axis=0)) for own in samples], ddof=1)
    assert np.mean(errors) == pytest.approx(scatter, rel=0.3)


def test_several_tests_are_corrected() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.5]) == [1.0, 1.0] and holm([]) == []


def test_the_order_is_that_of_the_scores() -> None:
    rng = np.random.default_rng(6)
    made = {name: rng.normal(at, 0.1, (20, 1)) for name, at in (("C", 3), ("A", 1), ("B", 2))}
    order = ranked(made, mean_score)
    assert order.names == ("A", "B", "C") and order.fields == 20
    assert order.scores == tuple(float(made[name].mean()) for name in "ABC")
    gap = order.gap("C", "A")
    assert (gap.better, gap.worse, gap.told) == ("A", "C", True) and gap.apart == pytest.approx(2, abs=0.1)
    assert order.needed(gap) < 1 and order.needed(gap) == pytest.approx(20 * (2 * gap.error / gap.apart) ** 2)


def test_a_field_that_one_rival_has_not_is_left_out_of_all() -> None:
    rng = np.random.default_rng(7)
    one, other = rng.normal(0, 1, (14, 1)), rng.normal(0, 1, (14, 1))
    some = one.copy()
    some[3] = np.nan
    kept = np.arange(14) != 3
    assert ranked({"A": some, "B": other}, mean_score) == ranked({"A": one[kept], "B": other[kept]}, mean_score)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"A": np.zeros((30, 1))}, "One way to run has no order."),
        ({"A": np.zeros((30, 1)), "B": np.zeros((20, 1))}, "The rivals have different numbers of fields"),
        ({name: np.zeros((FEWEST_PAIRS - 1, 1)) for name in "AB"}, "9 fields cannot tell rivals apart"),
    ],
)
def test_too_little_to_tell_is_a_sentence(parts: dict[str, np.ndarray], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        ranked(parts, mean_score)
    assert caught.value.hint.endswith(".")
