"""Every parametrisation of one exact denoiser is that denoiser."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.forward.schedules import Cosine, Linear, ZeroSnr
from diffview.models.gaussian import Gaussian
from diffview.reverse.parametrisations import (
    PRECONDITIONS,
    PREDICTIONS,
    Adapted,
    FlowTimes,
    LevelTimes,
    TableTimes,
    adapt,
    eps_from_x0,
    flow_from_x0_eps,
    v_from_x0_eps,
)

LAW = Gaussian.power_law(6, 7, 2.5, 1.0, 1.0, 0.3)
TABLE = TableTimes(Linear().discrete(1000).alpha_bar)
ZERO = TableTimes(ZeroSnr(Linear()).discrete(1000).alpha_bar)
TIMES = {
    "linear": TABLE,
    "cosine": TableTimes(Cosine().discrete(500).alpha_bar),
    "zero SNR": ZERO,
    "flow": FlowTimes(1000.0),
}

OUTPUTS = {
    "epsilon": eps_from_x0,
    "sample": lambda x, x0, alpha, sigma: x0,
    "v_prediction": lambda x, x0, alpha, sigma: v_from_x0_eps(x0, eps_from_x0(x, x0, alpha, sigma), alpha, sigma),
    "flow": lambda x, x0, alpha, sigma: flow_from_x0_eps(x0, eps_from_x0(x, x0, alpha, sigma)),
}
"""What a perfect network of each kind gives, from the exact x0_hat."""


def perfect(prediction: str, times, s: float, more: int = 0):
    """A network that knows the exact answer at the level s and gives it in its own way."""
    alpha, sigma, told = times.at(s)

    def network(x, time):
        assert time == told
        out = OUTPUTS[prediction](x, LAW(x / alpha, s), alpha, sigma)
        return np.concatenate([out, *[np.full_like(out, 0.5)] * more], axis=1)

    return network


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("prediction", PREDICTIONS)
@settings(max_examples=20, deadline=None)
@given(log_s=st.floats(math.log(5e-3), math.log(200)), seed=st.integers(0, 10**6))
def test_every_one_gives_the_same_x0_hat(prediction: str, name: str, log_s: float, seed: int) -> None:
    times, s = TIMES[name], math.exp(log_s)
    if prediction == "epsilon" and name == "zero SNR":
        return
    y = 0.3 + math.hypot(1, s) * np.random.default_rng(seed).standard_normal((2, 1, 6, 7))
    found = Adapted(perfect(prediction, times, s), prediction, times)(y, s)
    # dividing by alpha, as eps needs it, costs as many digits as y is larger than x_0
    np.testing.assert_allclose(found, LAW(y, s), rtol=0, atol=2e-14 * (1 + s) * (10 + s))


@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_dtype_stays_and_the_second_half_is_the_variance(prediction: str) -> None:
    import torch

    y = np.random.default_rng(0).standard_normal((2, 1, 6, 7)).astype(np.float32)
    s = 0.8
    plain = Adapted(perfect(prediction, TABLE, s), prediction, TABLE)
    both = Adapted(perfect(prediction, TABLE, s, more=1), prediction, TABLE, learned_variance=True)
    assert plain(y, s).dtype == np.float32 and plain.variance_fraction(y, s) is None
    assert (both(y, s) == plain(y, s)).all()
    assert (both.variance_fraction(y, s) == 0.75).all() and both.variance_fraction(y, s).shape == y.shape
    tensor = Adapted(lambda x, t: 0.1 * x, prediction, TABLE)(torch.from_numpy(y), s)
    array = Adapted(lambda x, t: np.float32(0.1) * x, prediction, TABLE)(y, s)
    np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-5)


@settings(max_examples=50, deadline=None)
@given(steps=st.sampled_from([2, 10, 1000]), step=st.integers(0, 999), part=st.floats(0.01, 0.99))
def test_times_are_linear_in_ln_s_and_whole_at_the_training_levels(steps: int, step: int, part: float) -> None:
    chain = Linear(chain_steps=1000).discrete(steps)
    times, log_s, i = TableTimes(chain.alpha_bar), -chain.log_snr / 2, step % (steps - 1)
    assert times.time_of(math.exp(log_s[i])) == i and times.time_of(math.exp(log_s[i]) * (1 + 1e-12)) == i
    assert times.time_of(math.exp((1 - part) * log_s[i] + part * log_s[i + 1])) == pytest.approx(i + part, abs=1e-9)
    low, high = times.noise_range
    assert times.time_of(low / 3) == 0 and times.time_of(high * 3) == steps - 1, "the ends are held"
    assert (low, high) == pytest.approx((math.exp(log_s[0]), math.exp(log_s[-1])))


def test_a_step_without_signal_is_the_level_where_walks_start() -> None:
    low, high = ZERO.noise_range
    assert high == pytest.approx(max(1e4, 10 * math.sqrt(1 / ZERO.alpha_bar[-2] - 1)))
    assert ZERO.time_of(high) == 999 and 0 < low < 0.02


def test_flow_times_are_those_of_a_straight_line() -> None:
    for s in (0.01, 1.0, 30.0):
        alpha, sigma, time = FlowTimes(1000.0).at(s)
        assert alpha + sigma == pytest.approx(1.0) and sigma / alpha == pytest.approx(s)
        assert time == pytest.approx(1000 * sigma)


def test_eps_where_no_signal_is_left_is_refused() -> None:
    with pytest.raises(UserError, match="no signal is left") as caught:
        Adapted(lambda x, t: x, "epsilon", ZERO)
    assert "v_prediction" in caught.value.hint
    assert Adapted(lambda x, t: x, "v_prediction", ZERO).noise_range == ZERO.noise_range


@pytest.mark.parametrize(
    "make",
    [
        lambda: adapt(lambda x, t: x, "magic", TABLE.alpha_bar),
        lambda: adapt(lambda x, t: x, "epsilon", [0.9, 0.95]),
        lambda: adapt(lambda x, t: x, "epsilon", [1.0, 0.5]),
        lambda: adapt(lambda x, t: x, "epsilon", []),
        lambda: adapt(lambda x, t: x, "sample", [0.0]),
        lambda: adapt(lambda x, t: x, "sample", [[0.9, 0.5]]),
        lambda: adapt(lambda x, t: x, "sample", [0.9, math.nan]),
    ],
)
def test_what_cannot_be_adapted_is_a_sentence(make) -> None:
    with pytest.raises(UserError) as caught:
        make()
    assert caught.value.hint


def test_ones_own_network_is_a_denoiser() -> None:
    ours = adapt(lambda x, t: x * (t / 2000), "epsilon", TABLE.alpha_bar)
    assert ours.kind == "posterior mean" and ours.noise_range == TABLE.noise_range and ours.shape is None
    s = math.sqrt(1 / TABLE.alpha_bar[400] - 1)
    y = np.ones((1, 1, 4, 4))
    alpha, sigma = 1 / math.hypot(1, s), s / math.hypot(1, s)
    np.testing.assert_allclose(ours(y, s), (alpha - sigma * alpha * 0.2) / alpha, rtol=1e-12)
    assert adapt(lambda x, t: x * 0, "flow")(y, 1.0) == pytest.approx(0.5)


@pytest.mark.parametrize("rule", PRECONDITIONS)
@settings(max_examples=20, deadline=None)
@given(log_s=st.floats(math.log(5e-3), math.log(200)), sd=st.floats(0.3, 3.0))
def test_a_network_told_the_level_gives_the_same_x0_hat(rule: str, log_s: float, sd: float) -> None:
    times, s = LevelTimes(rule, 2e-3, 300.0, sd), math.exp(log_s)
    c_skip, c_out, c_in, c_noise = PRECONDITIONS[rule](s, sd, 2e-3)

    def network(x, time):
        assert time == c_noise
        y = x / c_in
        return (LAW(y, s) - c_skip * y) / c_out

    y = 0.3 + math.hypot(1, s) * np.random.default_rng(0).standard_normal((2, 1, 6, 7))
    np.testing.assert_allclose(Adapted(network, rule, times)(y, s), LAW(y, s), rtol=0, atol=1e-11 * (1 + s))
    assert times.noise_range == (2e-3, 300.0)


def test_preconditions_are_those_of_the_papers() -> None:
    """F is -eps/s, the noise of unit variance for small s and the field for large s; f(y, least) = y."""
    sd, low = 0.5, 2e-3
    assert PRECONDITIONS["consistency"](low, sd, low)[:2] == (1.0, 0.0)
    for s in (0.01, 1.0, 50.0):
        c_skip, c_out, c_in, c_noise = PRECONDITIONS["edm"](s, sd, low)
        assert c_in**2 * (s**2 + sd**2) == pytest.approx(1)  # unit variance in
        # and out: Var[x0 - c_skip y] = c_out^2
        assert (1 - c_skip) ** 2 * sd**2 + c_skip**2 * s**2 == pytest.approx(c_out**2)
        assert c_noise == math.log(s) / 4
        assert PRECONDITIONS["edm_v"](s, sd, low)[1] == -c_out
        assert PRECONDITIONS["score"](s, sd, low) == (1.0, s * s, 1.0, s)
