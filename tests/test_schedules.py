"""Noise schedules against diffusers, closed forms and properties that hold for all of them."""

import dataclasses
import json
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from oracle import diffusers_schedulers

from diffview.errors import UserError
from diffview.schedules import (
    SCHEDULES,
    Cosine,
    Custom,
    Edm,
    Flow,
    Linear,
    ScaledLinear,
    Schedule,
    Sigmoid,
    VarianceExploding,
    make_schedule,
    schedule_params,
)

KEYS = list(SCHEDULES)


@pytest.mark.parametrize(
    ("schedule", "config"),
    [
        (Linear(), {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02}),
        (ScaledLinear(), {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}),
        (Cosine(), {"beta_schedule": "squaredcos_cap_v2"}),
        (Linear(1e-3, 0.05, 200), {"beta_schedule": "linear", "beta_start": 1e-3, "beta_end": 0.05}),
    ],
    ids=["linear", "scaled_linear", "cosine", "linear200"],
)
def test_against_diffusers(schedule: Schedule, config: dict[str, object]) -> None:
    steps = schedule.chain_steps
    theirs = diffusers_schedulers().scheduling_ddpm.DDPMScheduler(num_train_timesteps=steps, **config)
    ours = schedule.discrete(steps)
    np.testing.assert_allclose(ours.beta, theirs.betas.double().numpy(), rtol=3e-4)  # float32 near 0: their 1 - f/f
    np.testing.assert_allclose(ours.alpha_bar, theirs.alphas_cumprod.double().numpy(), rtol=1e-4)
    np.testing.assert_allclose(ours.alpha, np.sqrt(theirs.alphas_cumprod.double().numpy()), rtol=1e-4)


def test_linear_closed_form() -> None:
    beta = [1e-4 + (0.02 - 1e-4) * i / 999 for i in range(1000)]
    log_alpha_bar = np.cumsum([math.log1p(-b) for b in beta])
    chain = Linear().discrete(1000)
    np.testing.assert_allclose(chain.beta, beta, rtol=1e-10)
    np.testing.assert_allclose(chain.alpha_bar, np.exp(log_alpha_bar), rtol=1e-12)
    np.testing.assert_allclose(chain.log_snr, log_alpha_bar - np.log(-np.expm1(log_alpha_bar)), atol=1e-12)
    assert chain.alpha_bar[-1] == pytest.approx(4.0358e-5, rel=1e-4)
    assert 280 * chain.alpha[-1] == pytest.approx(1.78, abs=0.005)


def test_a_short_chain_with_the_same_betas_leaves_signal() -> None:
    assert math.prod(1 - b for b in np.linspace(1e-4, 0.02, 50)) ** 0.5 == pytest.approx(0.78, abs=0.005)
    assert Linear(chain_steps=50).discrete(50).alpha[-1] == pytest.approx(0.78, abs=0.005)
    assert Linear().discrete(50).alpha_bar[-1] == pytest.approx(4.0358e-5, rel=1e-4), "discrete(T) only resamples"


def test_linear_is_resampled_between_its_rows() -> None:
    """log_snr is linear in t between rows of the table, s^2 linear in t before the first."""
    linear = Linear()
    rows = linear.log_snr(np.array([400, 401]) / 1000)
    np.testing.assert_allclose(linear.log_snr(0.40025), 0.75 * rows[0] + 0.25 * rows[1], rtol=1e-12)
    first = 1e-4 / (1 - 1e-4)  # s^2 = beta/(1 - beta)
    np.testing.assert_allclose(
        linear.noise_level([0.0, 0.0001, 0.0005, 0.001]) ** 2, first * np.array([0, 0.1, 0.5, 1])
    )


def test_cosine_is_clipped_first_and_then_multiplied() -> None:
    f = [math.cos((i / 1000 + 0.008) / 1.008 * math.pi / 2) ** 2 for i in range(1001)]
    beta = [min(1 - b / a, 0.999) for a, b in pairwise(f)]
    chain = Cosine().discrete(1000)
    np.testing.assert_allclose(chain.beta, beta, rtol=1e-9)
    assert chain.beta[-1] == pytest.approx(0.999, rel=1e-12)
    assert chain.alpha_bar[-1] == pytest.approx(2.4288e-9, rel=1e-4)
    np.testing.assert_allclose(chain.alpha_bar[:999], np.array(f[1:-1]) / f[0], rtol=1e-9)


@pytest.mark.parametrize("params", [(-3, 3, 1.0), (0, 3, 0.3), (-3, 3, 1.1), (-20.0, 0.1, 10.0)])
def test_sigmoid_is_chens(params: tuple[float, float, float]) -> None:
    begin, end, tau = params

    def logistic(x: float) -> np.longdouble:
        return 1 / (1 + np.exp(-np.longdouble(x)))

    t = np.linspace(0, 0.999, 41)
    wanted = (logistic(end / tau) - logistic((t * (end - begin) + begin) / tau)) / (
        logistic(end / tau) - logistic(begin / tau)
    )
    schedule = Sigmoid(begin, end, tau)
    np.testing.assert_allclose(schedule.alpha_bar(t), wanted.astype(float), rtol=1e-10)
    alpha, sigma = schedule(1.0)
    assert (alpha, sigma, schedule.alpha_bar(1.0)) == (0, 1, 0)
    assert schedule.discrete(7).beta[-1] == 1.0


def test_variance_exploding_is_geometric() -> None:
    t = np.linspace(0.01, 1, 37)
    schedule = VarianceExploding(0.02, 348.0)
    np.testing.assert_allclose(np.log(schedule.noise_level(t)), math.log(0.02) + t * math.log(348.0 / 0.02), rtol=1e-12)
    assert schedule.noise_level(0.0) == 0 and (schedule(t)[0] == 1).all()


@pytest.mark.parametrize(("low", "high", "rho"), [(0.002, 80.0, 7.0), (0.01, 300.0, 3.0), (0.5, 2.0, 1.0)])
def test_edm_is_the_grid_of_karras(low: float, high: float, rho: float) -> None:
    n = 40
    wanted = [(high ** (1 / rho) + i / (n - 1) * (low ** (1 / rho) - high ** (1 / rho))) ** rho for i in range(n - 1)]
    t = 1 - np.arange(n - 1) / (n - 1)
    schedule = Edm(low, high, rho)
    np.testing.assert_allclose(schedule.noise_level(t), wanted, rtol=1e-12)
    assert schedule.noise_level(1e-15) == pytest.approx(low, rel=1e-12)
    assert (schedule(t)[0] == 1).all() and (schedule(t)[1] == schedule.noise_level(t)).all()


def test_flow_is_a_straight_line() -> None:
    t = np.linspace(0, 1, 101)
    alpha, sigma = Flow()(t)
    np.testing.assert_allclose(alpha, 1 - t, atol=1e-15)
    np.testing.assert_allclose(sigma, t, atol=1e-15)
    assert Flow().s_max == 1e4


def test_custom_runs_through_its_knots_and_stays_monotone() -> None:
    knots = ((0.1, 4.0), (0.4, 3.9), (0.5, -3.0), (1.0, -3.1))
    custom = Custom(knots=knots)
    t, wanted = np.array(knots).T
    np.testing.assert_allclose(custom.log_snr(t), wanted, rtol=1e-12)
    fine = custom.log_snr(np.linspace(0.1, 1, 5001))
    assert (np.diff(fine) < 0).all() and fine.max() == pytest.approx(4.0) and fine.min() == pytest.approx(-3.1)
    np.testing.assert_allclose(custom.noise_level([0.0, 0.025, 0.05]) ** 2, np.exp(-4.0) * np.array([0, 0.25, 0.5]))


@pytest.mark.parametrize("key", KEYS)
def test_custom_like_another_schedule(key: str) -> None:
    schedule = SCHEDULES[key]()
    t = (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
    custom = Custom.like(schedule, t)
    assert custom.form == schedule.form
    np.testing.assert_allclose(custom.noise_level(t), np.minimum(schedule.noise_level(t), schedule.s_max), rtol=1e-9)


# Properties of every schedule, whatever its parameters


def _log(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(math.log10(low), math.log10(high)).map(lambda x: min(max(10.0**x, low), high))


@st.composite
def _knots(draw: st.DrawFn) -> list[list[float]]:
    n = draw(st.integers(2, 8))
    gaps = np.cumsum(draw(st.lists(st.floats(0.05, 1.0), min_size=n, max_size=n)))
    drops = np.cumsum(draw(st.lists(st.floats(0.05, 6.0), min_size=n, max_size=n)))
    top = draw(st.floats(-10.0, 20.0))
    return [[float(a), float(b)] for a, b in zip(gaps / gaps[-1], top - drops, strict=True)]


_BETA = _log(1e-9, 1 - 1e-9)
_CHAIN = st.integers(1, 3000)
_RANGE = (
    st.tuples(_log(1e-6, 10.0), _log(1.01, 1e12))
    .map(lambda p: (p[0], min(p[0] * p[1], 1e6)))
    .filter(lambda p: p[1] >= 1e-3)
)
PARAMS = {
    "linear": st.fixed_dictionaries({"beta_start": _BETA, "beta_end": _BETA, "chain_steps": _CHAIN}),
    "scaled_linear": st.fixed_dictionaries({"beta_start": _BETA, "beta_end": _BETA, "chain_steps": _CHAIN}),
    "cosine": st.fixed_dictionaries(
        {"offset": st.floats(0, 0.1), "max_beta": st.floats(0.01, 1 - 1e-9), "chain_steps": _CHAIN}
    ),
    "sigmoid": st.fixed_dictionaries({"begin": st.floats(-20, 0), "end": st.floats(0.1, 20), "tau": _log(0.05, 10.0)}),
    "ve": _RANGE.map(lambda p: {"sigma_min": p[0], "sigma_max": p[1]}),
    "edm": st.tuples(_RANGE, st.floats(1, 20)).map(lambda p: {"sigma_min": p[0][0], "sigma_max": p[0][1], "rho": p[1]}),
    "flow": st.just({}),
    "custom": st.fixed_dictionaries({"knots": _knots(), "form": st.sampled_from(["vp", "ve", "flow"])}),
}


def _make(key: str, params: dict[str, object]) -> Schedule:
    try:
        return make_schedule(key, params)
    except UserError:
        assume(False)
        raise


@pytest.mark.parametrize("steps", [1, 2, 10, 10_000])
@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=25)
@given(data=st.data())
def test_every_chain(key: str, steps: int, data: st.DataObject) -> None:
    schedule = _make(key, data.draw(PARAMS[key]))
    c = schedule.discrete(steps)
    assert c.t[-1] == 1 and len(c.t) == steps and all(a.dtype == np.float64 for a in dataclasses.astuple(c))
    assert (c.beta > 0).all() and (c.beta <= 1).all()
    # 1 only at a last zero-SNR row, or where 1 - beta is less than half a unit in the last place of 1
    kept = (1 + np.append(0.0, schedule.noise_level(c.t)[:-1] ** 2)) * c.alpha_bar
    assert (kept[c.beta == 1] <= 2.0**-53).all() and (c.beta[:-1] < 1).all()
    log_snr = np.append(np.inf, c.log_snr)
    assert schedule.log_snr(0.0) == np.inf and (np.diff(log_snr) < 0).all()
    rounding = 1e-12 + np.cumsum(2.0**-52 / np.maximum(1 - c.beta, 2.0**-53))
    product = np.cumprod(1 - c.beta)
    assert (np.abs(product - c.alpha_bar) <= rounding * c.alpha_bar).all()


@pytest.mark.parametrize("steps", [1, 2, 10, 1000, 10_000])
@pytest.mark.parametrize("key", KEYS)
def test_the_product_of_the_betas_of_a_preset_is_alpha_bar(key: str, steps: int) -> None:
    schedule = SCHEDULES[key]()
    c = schedule.discrete(steps)
    assert (c.beta[:-1] < 1).all() and (c.beta[-1] == 1) == (key in ("sigmoid", "flow"))
    np.testing.assert_allclose(np.cumprod(1 - c.beta), c.alpha_bar, rtol=1e-12 if steps >= 1000 else 1e-7)
    s = schedule.noise_level(c.t)
    v = np.append(0.0, s * s)
    with np.errstate(invalid="ignore"):
        exact = np.where(np.isinf(v[1:]), 0.0, (1 + v[:-1]) / (1 + v[1:]))
    np.testing.assert_allclose(c.beta, 1 - exact, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=40)
@given(data=st.data())
def test_t_of_inverts_the_noise_level(key: str, data: st.DataObject) -> None:
    schedule = _make(key, data.draw(PARAMS[key]))
    t = np.array([*data.draw(st.lists(st.floats(0.0, 1.0), max_size=5)), 0.0, 1e-3, 0.01, 0.5, 0.999, 1.0])
    s = schedule.noise_level(t)
    back = schedule.t_of(s)
    slope = np.min(-np.diff(schedule.log_snr(np.linspace(1e-4, 1, 10_000)))) * 1e4
    np.testing.assert_allclose(back, t, rtol=0, atol=1e-12 + 1e-13 / slope)
    inner = (t >= 1e-3) & (t <= 0.999)  # near 0, and where alpha reaches 0, no float64 t says s to 9 digits
    np.testing.assert_allclose(schedule.noise_level(back)[inner], s[inner], rtol=1e-9)
    assert schedule.t_of(0.0) == 0 and schedule.t_of(np.inf) == 1 and np.shape(schedule.t_of(1.0)) == ()


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=25)
@given(data=st.data())
def test_alpha_and_sigma_belong_to_the_noise_level(key: str, data: st.DataObject) -> None:
    schedule = _make(key, data.draw(PARAMS[key]))
    t = np.linspace(0, 1, 65)
    alpha, sigma = schedule(t)
    s = schedule.noise_level(t)
    finite = np.isfinite(s)
    np.testing.assert_allclose(sigma[finite], alpha[finite] * s[finite], rtol=1e-13)
    identity = {"vp": alpha**2 + sigma**2, "ve": alpha, "flow": alpha + sigma}[schedule.form]
    np.testing.assert_allclose(identity, 1.0, rtol=1e-13)
    assert s[0] == 0 and alpha[0] == 1 and sigma[0] == 0 and (np.diff(s) > 0).all()
    np.testing.assert_allclose(schedule.alpha_bar(t), 1 / (1 + s**2), rtol=1e-13)
    np.testing.assert_allclose(schedule.log_snr(t[1:]), -2 * np.log(s[1:]), rtol=1e-13)
    top = schedule.s_max
    assert np.isfinite(top) and top >= s[finite].max() and (top == s[-1] or top >= 1e4)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_schedule_is_its_parameters(key: str, data: st.DataObject) -> None:
    schedule = _make(key, data.draw(PARAMS[key]))
    plain = json.loads(json.dumps(schedule_params(schedule)))
    again = make_schedule(schedule.key, plain)
    assert again == schedule and hash(again) == hash(schedule)
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert (again.noise_level([0.3, 0.7]) == schedule.noise_level([0.3, 0.7])).all()


@pytest.mark.parametrize(
    ("key", "params"),
    [
        ("exponential", {}),
        ("linear", {"beta": 0.1}),
        ("linear", {"beta_start": 0.0}),
        ("linear", {"beta_end": 1.0}),
        ("linear", {"beta_end": float("nan")}),
        ("linear", {"beta_end": "large"}),
        ("linear", {"chain_steps": 0}),
        ("linear", {"chain_steps": 10.5}),
        ("linear", {"chain_steps": float("inf")}),
        ("linear", {"beta_start": 0.5, "beta_end": 0.9}),  # a thousand of them leave no signal that float64 can tell
        ("cosine", {"max_beta": 1.0}),
        ("sigmoid", {"tau": 0.0}),
        ("sigmoid", {"begin": -20.0, "end": 20.0, "tau": 0.05}),  # betas of exactly 1 inside the chain
        ("ve", {"sigma_min": 1.0, "sigma_max": 1.0}),
        ("edm", {"sigma_min": 5.0, "sigma_max": 1.0}),
        ("edm", {"rho": 0.5}),
        ("flow", {"speed": 1.0}),
        ("custom", {"form": "round"}),
        ("custom", {"knots": [[0.0, 1.0], [1.0, 0.0]]}),
        ("custom", {"knots": [[0.1, 1.0], [0.9, 0.0]]}),
        ("custom", {"knots": [[0.1, 1.0], [1.0, 1.0]]}),
        ("custom", {"knots": [[0.5, 1.0], [0.4, 0.0], [1.0, -1.0]]}),
        ("custom", {"knots": [[1.0, 0.0]]}),
        ("custom", {"knots": []}),
        ("custom", {"knots": [[0.1], [1.0]]}),
        ("custom", {"knots": 3}),
        ("custom", {"knots": [["a", "b"], [1.0, 0.0]]}),
        ("custom", {"knots": [[0.1, float("inf")], [1.0, 0.0]]}),
        ("custom", {"knots": [[0.1, 0.0], [1.0, -900.0]]}),  # s^2 is no float64
        ("custom", {"knots": [[0.1, 900.0], [1.0, 0.0]]}),
    ],
)
def test_bad_parameters_are_user_errors(key: str, params: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        make_schedule(key, params)
    assert caught.value.sentence.endswith(".")


def test_a_chain_has_at_least_one_row() -> None:
    with pytest.raises(UserError):
        Linear().discrete(0)
