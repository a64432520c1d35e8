"""Version 2 of the noise: its law, its formula, its bits on every machine, and its independence of how it is drawn."""

import hashlib
import itertools

import numpy as np
import pytest
from numpy.random import Philox
from scipy import stats

from diffview.forward import normals
from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import FORWARD, JUMP, KNOWN, START, STEP, TIES, TREE, Noise, draw
from diffview.forward.normals import NEWEST, VERSIONS, normals_of, words_of

SIDE = 1024
KEYS = {"seed": 7, "stream": STEP, "index": 3, "member": 1, "fork": 0}


def drawn(shape: tuple[int, ...] = (SIDE, SIDE), **keys: int) -> np.ndarray:
    return draw(**{**KEYS, **keys}, shape=shape, version=2)


@pytest.fixture(scope="module")
def z() -> np.ndarray:
    return drawn().ravel().astype(np.float64)


# The law


def test_the_newest_version_is_the_second() -> None:
    assert NEWEST == 2 and set(VERSIONS) == {1, 2}


@pytest.mark.parametrize("order", range(1, 9))
def test_its_moments_are_those_of_the_normal_law(z: np.ndarray, order: int) -> None:
    moment = {n: float(stats.norm.moment(n)) for n in (order, 2 * order)}
    std = np.sqrt((moment[2 * order] - moment[order] ** 2) / z.size)
    assert abs((z**order).mean() - moment[order]) < 5 * std


def test_it_passes_the_tests_of_normality_that_the_ziggurat_passes(z: np.ndarray) -> None:
    assert stats.kstest(z, "norm").pvalue > 1e-3
    assert stats.cramervonmises(z, "norm").pvalue > 1e-3
    u = np.sort(stats.norm.cdf(z))
    ranks = 2 * np.arange(1, u.size + 1) - 1
    anderson = -u.size - np.mean(ranks * (np.log(u) + np.log1p(-u[::-1])))
    assert anderson < 6.0, "of a law that is known, a value above 6 has a chance of 1e-3"


def test_its_tails_are_filled(z: np.ndarray) -> None:
    edges = np.array([-np.inf, -4.5, -4, -3.5, -3, -2, -1, 0, 1, 2, 3, 3.5, 4, 4.5, np.inf])
    expected = z.size * np.diff(stats.norm.cdf(edges))
    assert stats.chisquare(np.histogram(z, edges)[0], expected).pvalue > 1e-3


def test_the_two_normals_of_a_word_are_independent(z: np.ndarray) -> None:
    first, second = z.reshape(-1, 2).T
    limit = 5 / np.sqrt(first.size)
    for f, g in itertools.product((lambda x: x, np.abs, np.square, lambda x: x**3), repeat=2):
        assert abs(np.corrcoef(f(first), g(second))[0, 1]) < limit
    assert stats.kstest(first**2 + second**2, "chi2", args=(2,)).pvalue > 1e-3
    assert stats.kstest(np.arctan2(second, first), "uniform", args=(-np.pi, 2 * np.pi)).pvalue > 1e-3


def test_neighbours_are_independent(z: np.ndarray) -> None:
    for lag in (1, 2, 3, 4, SIDE, normals.BLOCK, 2 * normals.BLOCK):
        assert abs(np.mean(z[lag:] * z[:-lag])) < 5 / np.sqrt(z.size - lag)


def test_other_counters_and_keys_give_independent_noise(z: np.ndarray) -> None:
    streams = [{"stream": one} for one in (START, JUMP, KNOWN, FORWARD, TREE, TIES)]
    others = [*streams, {"seed": 8}, {"index": 4}, {"member": 2}, {"fork": 1}, {"fork": 2**63}, {"index": 2**40}]
    for keys in others:
        other = drawn(**keys).ravel().astype(np.float64)
        assert abs(np.mean(z * other)) < 5 / np.sqrt(z.size), keys
        assert np.mean(np.isin(z[:4096], other)) < 0.5


# The formula


def test_it_is_the_transform_of_box_and_muller() -> None:
    words = Philox(key=[7, 0], counter=[0, STEP, 3, 1]).random_raw(SIDE * SIDE // 2)
    high, low = words >> np.uint64(32), words & np.uint64(2**32 - 1)
    r = np.sqrt(-2 * np.log((high.astype(np.float64) + 0.5) / 2**32))
    phi = np.pi / 4 * (1 + (low << np.uint64(2)).astype(np.uint32).view(np.int32) / 2**31)
    signs = [1 - 2.0 * (low >> np.uint64(bit) & np.uint64(1)) for bit in (31, 30)]
    exact = np.stack([signs[0] * r * np.cos(phi), signs[1] * r * np.sin(phi)], axis=1).ravel()
    np.testing.assert_allclose(drawn().ravel(), exact, rtol=0, atol=2e-5)
    assert np.sqrt(np.mean((drawn().ravel() - exact) ** 2)) < 2e-7


def test_the_words_at_the_ends_give_finite_normals() -> None:
    ends = [0, 1, 2**32 - 1, 2**32, 2**31, 2**30, 2**63, 2**64 - 1, 0xFFFFFFFF00000000, 0xFFFFFF8000000000]
    made = normals_of(np.array(ends, np.uint64))
    assert np.isfinite(made).all() and np.abs(made).max() < 6.8
    assert np.hypot(*made[:2]) == pytest.approx(np.sqrt(2 * np.log(2) * 33), rel=1e-6)


def test_the_words_are_the_raw_ones_of_the_generator() -> None:
    np.testing.assert_array_equal(words_of(Philox(key=[5, 6]), 1001), Philox(key=[5, 6]).random_raw(1001))


def test_the_bits_are_the_same_on_every_machine() -> None:
    """No golden row: what is not rounded alike everywhere, such as a logarithm, is not used."""
    found = hashlib.sha256(drawn((513, 511)).astype("<f4").tobytes()).hexdigest()
    assert found == "704af53b32ab1138dd14a3a21e37f2c1a2be878fbebb736b58b96c67602a8db4"


# How it is drawn


@pytest.mark.parametrize("block", [1, 7, 1000, 2**20])
def test_a_block_of_any_size_gives_the_same(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    shape = (37, 41) if block < 1000 else (SIDE, 130)
    whole = drawn(shape)
    monkeypatch.setattr(normals, "BLOCK", block)
    np.testing.assert_array_equal(drawn(shape), whole)


def test_a_part_of_the_words_gives_its_part_of_the_normals() -> None:
    words = words_of(Philox(key=[1, 2]), 999)
    np.testing.assert_array_equal(normals_of(words[123:456]), normals_of(words)[2 * 123 : 2 * 456])


@pytest.mark.parametrize("shape", [(), (1,), (2,), (3, 5), (1, 17, 19), (64, 64)])
@pytest.mark.parametrize("version", VERSIONS)
def test_members_are_those_that_are_drawn_alone(shape: tuple[int, ...], version: int) -> None:
    together = Noise(9, (5, *shape), first_member=2, fork=3, version=version)(STEP, 4)
    assert together.shape == (5, *shape) and together.dtype == np.float32
    for i, member in enumerate(range(2, 7)):
        np.testing.assert_array_equal(together[i], draw(9, STEP, 4, member, shape, 3, version))
    np.testing.assert_array_equal(Noise(9, (2, *shape), 4, 3, version=version)(STEP, 4), together[2:4])


def test_version_1_is_numpys_own() -> None:
    own = np.random.Generator(Philox(key=[7, 0], counter=[0, STEP, 3, 1])).standard_normal((9, 11), dtype=np.float32)
    np.testing.assert_array_equal(draw(**KEYS, shape=(9, 11)), own)
    assert not np.isin(own, draw(**KEYS, shape=(9, 11), version=2)).any()


@pytest.mark.parametrize("mode", ["closed", "chain"])
@pytest.mark.parametrize("s", [1e-8, 0.3, 1.0, 1.7, 157.4, 3e8])
def test_a_path_of_version_2_has_the_law_of_any_path(mode: str, s: float) -> None:
    w = ForwardPath(11, (160, 160), mode, noise=2)(s).astype(np.float64) / s
    assert stats.kstest(w.ravel(), "norm").pvalue > 1e-3
    assert not np.allclose(w, ForwardPath(11, (160, 160), mode)(s) / s)
