"""Noise streams, the forward path in both modes, and the parametrisations."""

import math
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracle import correlation, within_5_sigma
from scipy import stats

from diffview.forward import brownian, noise
from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import FORWARD, KNOWN, START, STEP, TREE, Noise, draw, drawn, finished
from diffview.forward.schedules import SCHEDULES, Linear
from diffview.reverse import parametrisations

SHAPE = (160, 160)
N = SHAPE[0] * SHAPE[1]
MODES = ["closed", "chain"]


# Streams


def test_draws_are_standard_normals() -> None:
    z = draw(1, STEP, 5, 2, (400, 400))
    assert z.dtype == np.float32 and z.shape == (400, 400)
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(z.ravel() ** 2, "chi2", args=(1,)).pvalue > 1e-3
    assert abs(correlation(z[:, 1:], z[:, :-1])) < 5 / 400


def test_a_draw_is_philox_with_the_stated_key_and_counter() -> None:
    bits = np.random.Philox(key=np.array([7, 3], np.uint64), counter=np.array([0, STEP, 11, 5], np.uint64))
    wanted = np.random.Generator(bits).standard_normal((4, 9), dtype=np.float32)
    assert (draw(7, STEP, 11, 5, (4, 9), fork=3) == wanted).all()


def test_every_argument_gives_another_independent_draw() -> None:
    base = {"seed": 3, "stream": STEP, "index": 4, "member": 1, "fork": 0}
    others = [{k: base[k] + 1} for k in base] + [{"stream": START}, {"stream": KNOWN}, {"index": 5, "member": 0}]
    z = [draw(**{**base, **other}, shape=SHAPE) for other in [{}, *others]]
    for i in range(len(z)):
        for j in range(i):
            assert abs(correlation(z[i], z[j])) < 5 / math.sqrt(N)


@pytest.mark.parametrize("word", ["stream", "index", "member"])
def test_neighbouring_streams_never_overlap(word: str) -> None:
    """With the index in word 0 of the counter the draws of index 1 would be those of index 0, shifted."""
    base = {"seed": 0, "stream": 1, "index": 1, "member": 1}
    a, b = (draw(**{**base, word: base[word] + k}, shape=(100_000,)) for k in (0, 1))
    at_every_lag = np.fft.irfft(np.fft.rfft(a) * np.fft.rfft(b).conj()) / len(a)
    assert np.abs(at_every_lag).max() < 6 / math.sqrt(len(a))


def test_seeds_reach_to_the_end_of_their_range() -> None:
    top = draw(2**63 - 1, STEP, 0, 0, (64,))
    assert not (top == draw(2**63 - 2, STEP, 0, 0, (64,))).any()


def test_a_members_noise_depends_on_neither_count_nor_batch() -> None:
    whole = Noise(5, (6, 1, 8, 9))(STEP, 3)
    assert whole.shape == (6, 1, 8, 9)
    assert (Noise(5, (2, 1, 8, 9))(STEP, 3) == whole[:2]).all()
    assert (Noise(5, (3, 1, 8, 9), first_member=3)(STEP, 3) == whole[3:]).all()
    assert not (Noise(5, (6, 1, 8, 9), fork=1)(STEP, 3) == whole).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_is_the_same_number_in_every_kind_of_array(dtype: type) -> None:
    import torch

    plain = Noise(5, (2, 1, 8, 9))(STEP, 3)
    array = Noise(5, (2, 1, 8, 9), like=np.zeros(1, dtype))(STEP, 3)
    tensor = Noise(5, (2, 1, 8, 9), like=torch.zeros(1, dtype=getattr(torch, np.dtype(dtype).name)))(STEP, 3)
    assert array.dtype == dtype and (array == plain).all()
    assert tensor.numpy().dtype == dtype and (tensor.numpy() == plain).all()


# The forward path


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("s", [1e-8, 1e-4, 0.0101, 0.3, 0.5, 1.0, 1.7, 2.0, 13.1, 157.4, 1e4, 3e8])
def test_the_law_at_every_level_is_normal_with_variance_s2(mode: str, s: float) -> None:
    w = ForwardPath(11, SHAPE, mode)(s)
    assert w.dtype == np.float32
    assert within_5_sigma(w / s, 1.0)
    assert stats.kstest(w.ravel() / s, "norm").pvalue > 1e-3
    power = np.abs(np.fft.fft2(w / s)) ** 2 / N
    distance = np.hypot(*np.meshgrid(np.fft.fftfreq(160, 1 / 160), np.fft.fftfreq(160, 1 / 160)))
    for low in range(0, 80, 16):  # white: each octave has power 1; a periodogram ordinate is chi^2 of 2 degrees
        ring = power[(distance > low) & (distance <= low + 16)]
        assert abs(ring.mean() - 1) < 5 * math.sqrt(2 / ring.size)


@pytest.mark.parametrize("mode", MODES)
def test_paths_start_at_0_and_belong_to_seed_and_member(mode: str) -> None:
    path = ForwardPath(1, SHAPE, mode)
    assert not path(0.0).any()
    for other in (ForwardPath(2, SHAPE, mode), ForwardPath(1, SHAPE, mode, member=1)):
        assert abs(correlation(path(0.7), other(0.7))) < 5 / math.sqrt(N)


def test_the_closed_form_has_one_eps() -> None:
    path = ForwardPath(1, SHAPE, "closed")
    eps = draw(1, START, 0, 0, SHAPE)
    for s in (0.01, 1.0, 50.0):
        assert (path.eps_at(s) == eps).all()
        np.testing.assert_array_equal(path(s), np.float32(s) * eps)


def test_eps_at_of_the_chain_reads_the_accumulated_noise() -> None:
    path = ForwardPath(1, SHAPE, "chain")
    for s in (0.01, 1.0, 50.0):
        np.testing.assert_allclose(path.eps_at(s) * s, path(s), rtol=1e-6)
        assert within_5_sigma(path.eps_at(s), 1.0)


def test_increments_of_the_chain_are_independent_with_their_variances() -> None:
    levels = SCHEDULES["linear"]().noise_level(
        np.array([1, 2, 3, 20, 300, 301, 302, 500, 700, 701, 998, 999, 1000]) / 1000
    )
    path = ForwardPath(4, SHAPE, "chain")
    w = [np.zeros(SHAPE), *(path(s).astype(np.float64) for s in levels)]
    v = np.append(0.0, levels**2)
    steps = [(b - a) / math.sqrt(var) for a, b, var in zip(w, w[1:], np.diff(v), strict=False)]
    for step in steps:
        assert within_5_sigma(step, 1.0)
        assert stats.kstest(step.ravel(), "norm").pvalue > 1e-4
    for i in range(len(steps)):
        for j in range(i):
            assert abs(correlation(steps[i], steps[j])) < 5 / math.sqrt(N), (i, j)


def test_covariance_of_the_chain_is_the_smaller_variance() -> None:
    path = ForwardPath(8, SHAPE, "chain")
    for u, t in [(0.5, 0.55), (0.1, 3.0), (0.99, 1.01), (3.9, 4.1), (1e-4, 2e-4)]:
        a, b = path(u).astype(np.float64) / u, path(t).astype(np.float64) / t
        rho = u / t  # E W(u^2) W(t^2) = u^2
        assert abs((a * b).mean() - rho) < 5 * math.sqrt((1 + rho**2) / N)


def test_the_closed_form_has_the_same_law_but_one_direction() -> None:
    path = ForwardPath(8, SHAPE, "closed")
    assert correlation(path(0.1), path(3.0)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("key", SCHEDULES.keys() - {"laplace", "cauchy", "table"})  # these dwell in a few octaves
def test_no_two_rows_of_a_preset_share_a_leaf(key: str) -> None:
    """Increments are independent between leaves of the tree: 512 in each interval from 4^j to 4^(j+1)."""
    v = SCHEDULES[key]().discrete(1000).sigma[:-1] ** 2 / SCHEDULES[key]().discrete(1000).alpha[:-1] ** 2
    v = v[(v > 4.0**-23) & (v < 4.0**23)]
    j = np.floor(np.log2(v) / 2)
    leaf = np.floor((v / 4.0**j - 1) / 3 * 512)
    pairs = list(zip(j, leaf, strict=True))
    assert len(set(pairs)) == len(pairs)


@pytest.mark.parametrize("end", [-24, 24])
def test_beyond_its_ends_the_chain_is_its_end_scaled(end: int) -> None:
    """W(4^24) for all levels above 2^24, W(4^-24) for all below 2^-24, in the size of the level."""
    path, beyond = ForwardPath(3, (4, 5), "chain"), end + (1 if end > 0 else -1)
    assert (path(2.0**beyond) == 2.0 ** (beyond - end) * path(2.0**end)).all()
    inside = end - (1 if end > 0 else -1)
    assert abs(correlation(path(2.0**inside), path(2.0**end))) < 0.999


@pytest.mark.parametrize("cache_bytes", [96 * 2**20, 20 * 4 * 12 * 13, 0])
def test_the_chain_does_not_depend_on_the_order_of_queries(monkeypatch: pytest.MonkeyPatch, cache_bytes: int) -> None:
    shape, rng = (12, 13), np.random.default_rng(0)
    levels = [*np.exp(rng.uniform(-12, 9, 60)), 1.0, 2.0, 0.5, 1e-8, 1e9]
    fresh = [ForwardPath(3, shape, "chain")(s) for s in levels]
    monkeypatch.setattr(ForwardPath, "CACHE_BYTES", cache_bytes)
    path = ForwardPath(3, shape, "chain")
    for _ in range(3):
        for i in rng.permutation(len(levels)):
            assert (path(levels[i]) == fresh[i]).all()
            assert path.kept <= max(8, cache_bytes // (4 * 12 * 13))


@pytest.mark.parametrize("shape", [(255, 256), (256, 256), (270, 280)])
def test_drawing_on_two_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int]) -> None:
    levels = [*np.exp(np.random.default_rng(1).uniform(-12, 9, 25)), 1.0, 2.0, 0.5, 1.25**0.5, 2.5**0.5, 1e-8, 1e9]
    asked: list[tuple[int, int]] = []

    def watched(seed: int, stream: int, index: int, *rest: Any, **version: Any) -> np.ndarray:
        asked.append((stream, index))
        return drawn(seed, stream, index, *rest, **version)

    monkeypatch.setattr(brownian, "drawn", watched)
    path = ForwardPath(3, shape, "chain", member=2)
    ahead = [path(s) for s in levels]
    needed, asked[:] = sorted(asked), []
    with monkeypatch.context() as little:
        little.setattr(ForwardPath, "CACHE_BYTES", 0)
        small = ForwardPath(3, shape, "chain", member=2)
    assert all((small(s) == w).all() for s, w in zip(levels, ahead, strict=True))
    monkeypatch.setattr(ForwardPath, "SIDE_BY_SIDE", math.inf)
    alone, asked[:] = ForwardPath(3, shape, "chain", member=2), []
    for i in reversed(range(len(levels))):
        assert (alone(levels[i]) == ahead[i]).all()
    assert needed == sorted(asked)  # nothing is drawn ahead that is not used


def test_what_is_foreseen_is_the_same_to_the_bit_and_drawn_before_it_is_asked_for(monkeypatch) -> None:
    shape, levels = (260, 260), [0.31, 0.33, 0.36, 1.7]
    plain = ForwardPath(3, shape, "chain", noise=2)
    expected = [plain(s) for s in levels]
    asked: list[threading.Thread] = []

    def watched(*where: Any, **version: Any) -> np.ndarray:
        asked.append(threading.current_thread())
        return drawn(*where, **version)

    monkeypatch.setattr(brownian, "drawn", watched)
    path = ForwardPath(3, shape, "chain", noise=2)
    for s in levels:
        path.foresee(s)
    for thread in range(2):  # what was begun has ended when two tasks put behind it have
        brownian.drawing_threads().submit(int, thread).result()
    begun = len(asked)
    assert begun > 0 and threading.current_thread() not in asked and path.kept == 0
    assert all((path(s) == w).all() for s, w in zip(levels, expected, strict=True))
    closed, ends = ForwardPath(3, shape, noise=2), ForwardPath(4, shape, "chain")
    before = len(asked)
    closed.foresee(0.5)
    for s in (0.0, 1e9):
        ends.foresee(s)
    assert len(asked) == before, "neither the closed form nor what lies beyond the anchors has anything to foresee"


def test_normals_that_are_waited_for_are_made_by_several_threads_and_are_the_same_to_the_bit(monkeypatch) -> None:
    monkeypatch.setattr(ForwardPath, "SIDE_BY_SIDE", math.inf)
    shape = (260, 260)
    expected = ForwardPath(3, shape, "chain", noise=2)(0.7)
    monkeypatch.undo()
    here, others, makers = threading.current_thread(), threading.Event(), set()

    def watched(*what: Any) -> np.ndarray:
        makers.add(threading.current_thread())
        if threading.current_thread() is here:
            assert others.wait(timeout=60), "no other thread makes any"
        else:
            others.set()
        return finished(*what)

    monkeypatch.setattr(brownian, "finished", watched)
    assert (ForwardPath(3, shape, "chain", noise=2)(0.7) == expected).all()
    assert len(makers) > 1


def test_what_is_foreseen_and_never_asked_for_is_forgotten() -> None:
    path = ForwardPath(3, (256, 256), "chain")
    for s in np.exp(np.linspace(-3, 3, 60)):
        path.foresee(float(s))
    assert 0 < path.foreseen <= ForwardPath.FORESEEN
    assert path(2.0).shape == (256, 256)


def test_the_drawing_threads_are_made_late_and_end_with_the_program() -> None:
    program = (
        "import threading, sys\n"
        "from diffview.forward.brownian import ForwardPath\n"
        "ForwardPath(1, (8, 8), 'chain')(0.7)\n"
        "print(threading.active_count(), 'concurrent.futures' in sys.modules)\n"
        "ForwardPath(1, (256, 256), 'chain')(0.7)\n"
        "print(threading.active_count())\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr, done.stdout.split()[:2]) == (0, "", ["1", "False"])
    assert 2 <= int(done.stdout.split()[2]) <= 3  # one that has ended its work may take the next, too


@pytest.mark.skipif(not Path("/proc/thread-self/comm").exists(), reason="this system does not name threads")
def test_the_drawing_threads_do_not_bear_the_name_of_the_thread_that_asks_first() -> None:
    program = (
        "import threading\n"
        "from pathlib import Path\n"
        "from diffview.forward.brownian import ForwardPath\n"
        "def ask():\n"
        "    Path('/proc/thread-self/comm').write_text('sampling')\n"
        "    ForwardPath(1, (256, 256), 'chain')(0.7)\n"
        "    Path('/proc/thread-self/comm').write_text('asked')\n"  # it may be listed for a moment after it ended
        "asking = threading.Thread(target=ask)\n"
        "asking.start()\n"
        "asking.join()\n"
        "print(*(name.read_text().strip() for name in Path('/proc/self/task').glob('*/comm')))\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert "draw" in done.stdout.split() and "sampling" not in done.stdout.split()


def test_what_a_path_returns_may_be_written_to() -> None:
    for mode in MODES:
        for s in (0.0, 1e-9, 0.3, 1.0, 4.0):
            path = ForwardPath(3, (4, 4), mode)
            first = path(s)
            first += 1
            assert (path(s) == first - 1).all() or np.allclose(path(s), first - 1, atol=1e-5)


def test_a_step_of_the_chain_adds_new_noise_of_variance_beta() -> None:
    """x_t = sqrt(1 - beta_t) x_{t-1} + sqrt(beta_t) z_t with z_t ~ N(0, 1) independent of the past."""
    beta = np.linspace(1e-4, 0.02, 1000)
    alpha_bar = np.cumprod(1 - beta)
    schedule, path = Linear(), ForwardPath(21, SHAPE, "chain")
    x0 = np.random.default_rng(5).standard_normal(SHAPE)

    def x(row: int) -> np.ndarray:
        return math.sqrt(alpha_bar[row - 1]) * (x0 + path(float(schedule.noise_level(row / 1000))).astype(np.float64))

    for row in (2, 50, 400, 1000):
        z = (x(row) - math.sqrt(1 - beta[row - 1]) * x(row - 1)) / math.sqrt(beta[row - 1])
        assert within_5_sigma(z, 1.0)
        for past in (x0, x(row - 1), x(max(1, row - 30))):
            assert abs(correlation(z, past)) < 5 / math.sqrt(N)


@pytest.mark.parametrize("mode", MODES)
def test_unit_variance_stays_unit_variance(mode: str) -> None:
    x0 = np.random.default_rng(5).standard_normal(SHAPE)
    path = ForwardPath(2, SHAPE, mode)
    for t in (0.05, 0.3, 0.7, 1.0):
        alpha, sigma = (float(c) for c in Linear()(t))
        assert within_5_sigma(alpha * (x0 + path(sigma / alpha)), 1.0)


@pytest.mark.parametrize("mode", MODES)
def test_kelvins_that_are_not_normalised_end_with_a_mean_of_1_78(mode: str) -> None:
    x0 = np.random.default_rng(5).normal(280, 15, SHAPE)
    alpha, sigma = (float(c) for c in Linear()(1.0))
    x = alpha * (x0 + ForwardPath(2, SHAPE, mode)(sigma / alpha))
    assert x.mean() == pytest.approx(280 * math.sqrt(math.prod(1 - np.linspace(1e-4, 0.02, 1000))), abs=5 / 160)
    assert x.mean() == pytest.approx(1.78, abs=5 / 160)
    assert x.var() == pytest.approx(1 - 4.0358e-5 + 4.0358e-5 * 225, abs=5 * math.sqrt(2 / N))


# Parametrisations


@settings(max_examples=50)
@given(
    x0=arrays(np.float64, (3, 4), elements=st.floats(-5, 5)),
    eps=arrays(np.float64, (3, 4), elements=st.floats(-5, 5)),
    angle=st.floats(0.05, math.pi / 2 - 0.05),
)
def test_parametrisations_agree(x0: np.ndarray, eps: np.ndarray, angle: float) -> None:
    alpha, sigma = math.cos(angle), math.sin(angle)
    x = alpha * x0 + sigma * eps
    v = alpha * eps - sigma * x0
    close = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(
        parametrisations.x0_from_eps(x, eps, alpha, sigma), x0, **{**close, "atol": 1e-12 / alpha}
    )
    np.testing.assert_allclose(
        parametrisations.eps_from_x0(x, x0, alpha, sigma), eps, **{**close, "atol": 1e-12 / sigma}
    )
    np.testing.assert_allclose(parametrisations.v_from_x0_eps(x0, eps, alpha, sigma), v, **close)
    np.testing.assert_allclose(parametrisations.x0_from_v(x, v, alpha, sigma), x0, **close)
    np.testing.assert_allclose(alpha * v + sigma * x, eps, **close)


def test_v_of_flow_matching() -> None:
    rng = np.random.default_rng(0)
    x0, eps, t = rng.standard_normal((5, 5)), rng.standard_normal((5, 5)), 0.3
    x = (1 - t) * x0 + t * eps
    v = parametrisations.v_from_x0_eps(x0, eps, 1 - t, t)
    np.testing.assert_allclose(parametrisations.x0_from_v(x, v, 1 - t, t), x0, atol=1e-12)


def test_score_is_the_gradient_of_the_log_density() -> None:
    """Of x_0 ~ N(m, P): y ~ N(m, P + s^2), grad ln p = (m - y)/(P + s^2) = -eps_hat/s."""
    y, m, p, s = np.linspace(-3, 3, 7), 0.4, 2.0, 0.8
    x0_hat = m + p / (p + s * s) * (y - m)
    np.testing.assert_allclose(parametrisations.score_from_x0(y, x0_hat, s), (m - y) / (p + s * s), atol=1e-12)
    np.testing.assert_allclose(parametrisations.score_from_x0(y, x0_hat, s), -(y - x0_hat) / s / s, atol=1e-12)


def test_streams_have_distinct_numbers() -> None:
    assert len({START, STEP, noise.JUMP, KNOWN, FORWARD, TREE, noise.TIES}) == 7
