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
from diffview.forward.schedules import (
    PRESETS,
    SCHEDULES,
    Cauchy,
    Cosine,
    Custom,
    Edm,
    Flow,
    GeoDiff,
    Join,
    Laplace,
    Linear,
    ScaledLinear,
    Schedule,
    Sigmoid,
    SpectrumMatched,
    Tabulated,
    VarianceExploding,
    VariancePreserving,
    ZeroSnr,
    edited,
    flat_params,
    form_parameters,
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
        (GeoDiff(), {"beta_schedule": "sigmoid"}),
        (GeoDiff(1e-3, 0.1, 50), {"beta_schedule": "sigmoid", "beta_start": 1e-3, "beta_end": 0.1}),
    ],
    ids=["linear", "scaled_linear", "cosine", "linear200", "geodiff", "geodiff50"],
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


@pytest.mark.parametrize("inner", [Linear(), ScaledLinear(), Cosine(), GeoDiff(), Linear(1e-3, 0.05, 200)])
def test_zero_terminal_snr_is_that_of_diffusers(inner: Schedule) -> None:
    import torch

    betas = torch.from_numpy(inner.discrete(inner.rows).beta)  # in float64, so that theirs is exact as well
    theirs = diffusers_schedulers().scheduling_ddim.rescale_zero_terminal_snr(betas).numpy()
    ours = ZeroSnr(inner).discrete(inner.rows)
    np.testing.assert_allclose(ours.beta, theirs, rtol=1e-7, atol=1e-11)  # theirs divides neighbours: 1 - a/a
    np.testing.assert_allclose(ours.alpha_bar, np.cumprod(1 - theirs), rtol=1e-7, atol=1e-30)
    assert ours.beta[-1] == 1 and ours.alpha_bar[-1] == 0 and ours.alpha[-1] == 0 and ours.sigma[-1] == 1


@pytest.mark.parametrize("inner", [kind() for kind in PRESETS.values()], ids=lambda s: s.key)
def test_zero_terminal_snr_of_any_schedule(inner: Schedule) -> None:
    """A straight line in sqrt(alpha_bar): the first row stays, the last goes to 0, ratios of differences are kept."""
    schedule = ZeroSnr(inner)
    t = np.linspace(1 / inner.rows, 1, 400)
    a, b = np.sqrt(inner.alpha_bar(t)), np.sqrt(schedule.alpha_bar(t))
    np.testing.assert_allclose(b, a[0] * (a - a[-1]) / (a[0] - a[-1]), rtol=1e-9, atol=1e-12)
    assert schedule.form == ("flow" if inner.form == "flow" else "vp")
    alpha, sigma = schedule(1.0)
    assert (alpha, sigma) == (0, 1)
    if inner.noise_level(1.0) == np.inf:
        np.testing.assert_allclose(schedule.noise_level(t[:-1]), inner.noise_level(t[:-1]), rtol=1e-12)


def test_laplace_and_cauchy_spread_log_snr_as_their_names_say() -> None:
    from scipy.stats import cauchy, laplace

    t = np.linspace(0.003, 0.997, 101)
    np.testing.assert_allclose(Laplace(0.7, 1.3).log_snr(t), laplace(0.7, 1.3).ppf(1 - t), rtol=1e-11, atol=1e-12)
    signed = 0.7 - 1.3 * np.sign(0.5 - t) * np.log(1 - 2 * np.abs(t - 0.5))
    np.testing.assert_allclose(Laplace(0.7, 1.3).log_snr(t), signed, rtol=1e-9, atol=1e-12)
    u = 0.02 + 0.96 * t
    np.testing.assert_allclose(Cauchy(-0.4, 0.8, 0.02).log_snr(t), cauchy(-0.4, 0.8).ppf(1 - u), rtol=1e-11, atol=1e-12)
    assert Laplace()(1.0)[0] == 0 and Cauchy().noise_level(0.0) == 0


def test_variance_preserving_is_the_limit_of_linear() -> None:
    t = np.linspace(0.1, 1, 10)
    continuous = VariancePreserving(0.1, 20.0)
    wanted = np.exp(-0.1 * t - 19.9 * t**2 / 2)
    np.testing.assert_allclose(continuous.alpha_bar(t), wanted, rtol=1e-12)
    gaps = [np.abs(np.log(Linear(0.1 / n, 20.0 / n, n).alpha_bar(t) / wanted)).max() for n in (1000, 10_000, 100_000)]
    assert gaps[0] > 9 * gaps[1] > 81 * gaps[2], "of first order in 1/T"


def test_spectrum_matched_takes_equal_time_for_every_octave() -> None:
    """P = A k^-n: s = sqrt(P(k)) at t(k) = 0.1 + 0.8 ln(k_max/k)/ln(k_max/k_min)."""
    k = np.arange(1, 33)
    schedule = SpectrumMatched.fit(k, 50.0 * k**-2.5, mean_power=400.0)
    np.testing.assert_allclose(schedule.t_of(np.sqrt(50.0 * k**-2.5)), 0.1 + 0.8 * np.log(32 / k) / np.log(32))
    octaves = schedule.t_of(np.sqrt(50.0 * np.array([32.0, 16, 8, 4, 2, 1]) ** -2.5))
    np.testing.assert_allclose(np.diff(octaves), 0.16)
    assert schedule.s_max == pytest.approx(10 * 20.0) and schedule.sigma_min == 0.01
    before, after = np.linspace(0.01, 0.1, 7), np.linspace(0.9, 1.0, 7)
    for t in (before, after):
        steps = np.diff(np.log(schedule.noise_level(t)))
        np.testing.assert_allclose(steps, steps[0], rtol=1e-9)


def test_the_envelope_of_a_spectrum_never_rises() -> None:
    """Where P rises with k, the scales before it are given the larger power; missing rings are left out."""
    k, power = np.arange(1, 9), np.array([3.0, 9.0, 4.0, np.nan, 5.0, 1.0, 0.0, 0.5])
    schedule = SpectrumMatched.fit(k, power)
    assert schedule.spectrum == ((2, 9.0), (5, 5.0), (6, 1.0), (8, 0.5))
    assert schedule.sigma_max == pytest.approx(30.0)
    for flat in (np.arange(1.0, 9.0), np.full(8, np.nan), np.zeros(8)):
        with pytest.raises(UserError, match="does not fall"):
            SpectrumMatched.fit(k, flat)


def test_spectrum_matched_to_a_field_uses_its_own_spectrum() -> None:
    """White noise of std 3 and mean 5: P is 9 at every scale, and P(0) = 25 N is the last below the floor."""
    field = (5 + 3 * np.random.default_rng(0).standard_normal((64, 64))).astype(np.float32)
    schedule = SpectrumMatched.match(field)
    assert schedule.sigma_max == pytest.approx(10 * 5 * 64, rel=0.02)
    _, power = np.array(schedule.spectrum).T
    assert 8 < power.min() < 9 < power.max() < 27, "few modes in a large ring: chi-squared"
    field[:, :40] = np.nan
    with pytest.raises(UserError, match="missing"):
        SpectrumMatched.match(field)


def test_a_join_is_one_schedule_below_and_the_other_above() -> None:
    low, high = Cosine(), Edm(0.01, 200.0)
    join = Join(low=low, high=high, level=2.0)
    below, above = float(low.t_of(2.0)), float(high.t_of(2.0))
    pace = below + 1 - above
    t = np.linspace(0, 1, 501)
    wanted = np.where(t * pace < below, low.noise_level(t * pace), high.noise_level(1 - (1 - t) * pace))
    np.testing.assert_allclose(join.noise_level(t), wanted, rtol=1e-12)
    assert float(join.t_of(2.0)) == pytest.approx(below / pace)
    assert join.s_max == pytest.approx(200.0) and join.noise_level(0.0) == 0
    np.testing.assert_allclose(Join(low=low, high=low, level=2.0).noise_level(t), low.noise_level(t), rtol=1e-9)
    assert Join(low=low, high=Flow()).discrete(10).beta[-1] == 1


def test_a_part_is_named_by_key_by_dotted_parameters_or_as_plain_data() -> None:
    wanted = ZeroSnr(Cosine(offset=0.02))
    assert make_schedule("zero_snr", {"of": "cosine", "of.offset": "0.02"}) == wanted
    assert make_schedule("zero_snr", {"of": {"key": "cosine", "offset": 0.02}}) == wanted
    assert make_schedule("zero_snr", {"of": Cosine(offset=0.02)}) == wanted
    assert make_schedule("zero_snr", {"of.beta_end": 0.03}) == ZeroSnr(Linear(beta_end=0.03))
    nested = make_schedule("join", {"low": "zero_snr", "low.of": "cosine", "low.of.offset": 0.02, "high": "edm"})
    assert nested.low == wanted


def test_the_form_of_a_schedule_with_parts() -> None:
    schedule = Join(low=Linear(beta_end=0.03), high=Edm(rho=5.0))
    names = [p.name for p in form_parameters(schedule)]
    assert names == [
        "low", "low.beta_start", "low.beta_end", "low.chain_steps",
        "high", "high.sigma_min", "high.sigma_max", "high.rho", "level", "form",
    ]  # fmt: skip
    values = flat_params(schedule)
    assert sorted(values) == sorted(names) and values["low"] == "linear" and values["low.beta_end"] == 0.03
    assert edited(schedule, values) == schedule
    assert edited(schedule, {**values, "low.beta_end": 0.04, "level": 2.0}) == Join(
        low=Linear(beta_end=0.04), high=Edm(rho=5.0), level=2.0
    )
    assert edited(schedule, {**values, "low": "cosine"}).low == Cosine(), "a new part has its own defaults"
    knots = ((0.5, 3.0), (1.0, -5.0))
    drawn = ZeroSnr(Custom(knots=knots))
    assert edited(drawn, flat_params(drawn)) == drawn, "what no form shows is kept"


@pytest.mark.parametrize("key", KEYS)
def test_a_table_of_rows_is_its_schedule_at_the_rows(key: str) -> None:
    schedule = SCHEDULES[key]()
    chain = schedule.discrete(200)
    table = Tabulated.like(schedule, 200)
    again = table.discrete(200)
    np.testing.assert_array_equal(again.beta, chain.beta)
    np.testing.assert_array_equal(again.log_snr, chain.log_snr)
    for name in ("alpha_bar", "alpha", "sigma"):
        np.testing.assert_allclose(getattr(again, name), getattr(chain, name), rtol=1e-13, atol=1e-300)
    between = table.log_snr(150.25 / 200)
    np.testing.assert_allclose(between, 0.75 * chain.log_snr[149] + 0.25 * chain.log_snr[150], rtol=1e-12)


def test_the_inverse_at_a_flat_end_is_the_first_t_that_has_the_level() -> None:
    """Knots may end without a slope: 1e-9 before the join s is the same float64 already; what comes after is steep."""
    flat = Custom(knots=((4 / 13, 3.0), (8 / 13, 2.0), (9 / 13, 1.0), (1.0, 0.0)))
    join = Join(low=flat, high=Edm(1.0, 10.0, 1.0), level=1.0)
    back = float(join.t_of(1.0))
    assert 0 < 0.5 - back < 1e-8 and float(join.noise_level(0.5)) == 1.0
    assert float(join.noise_level(back)) == pytest.approx(1.0, rel=4e-16)
    assert float(join.noise_level(back - 1e-8)) < 1.0


def test_the_last_stretch_of_a_table_without_signal_is_straight_in_alpha() -> None:
    table = Tabulated.of_betas([0.1, 0.5, 1.0])
    alpha = table(np.array([2.0, 2.25, 2.5, 3.0]) / 3)[0]
    np.testing.assert_allclose(alpha, np.sqrt(0.45) * np.array([1, 0.75, 0.5, 0]), rtol=1e-12)


@pytest.mark.parametrize("key", KEYS)
def test_every_schedule_says_what_it_is(key: str) -> None:
    kind = SCHEDULES[key]
    assert kind.key == key and kind.title and kind.formula and kind.source
    assert kind.formula.isascii() and kind.formula.isprintable(), "for any terminal"


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
_ZERO = st.floats(-20.0, 20.0)


@st.composite
def _beta_knots(draw: st.DrawFn) -> list[tuple[float, float]]:
    n = draw(st.integers(2, 6))
    gaps = np.array(draw(st.lists(st.floats(0.01, 1.0), min_size=n, max_size=n)))
    t = np.cumsum(gaps) / gaps.sum()
    beta = draw(st.lists(_log(1e-6, 0.5), min_size=n, max_size=n))
    return list(zip([*t[:-1].tolist(), 1.0], [*beta[:-1], draw(st.sampled_from([beta[-1], 1.0]))], strict=True))


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
    "geodiff": st.fixed_dictionaries({"beta_start": _BETA, "beta_end": _BETA, "chain_steps": _CHAIN}),
    "laplace": st.fixed_dictionaries({"mu": _ZERO, "b": _log(0.1, 5.0)}),
    "cauchy": st.fixed_dictionaries({"mu": _ZERO, "gamma": _log(0.01, 10.0), "tail": _log(1e-3, 0.25)}),
    "vp": st.fixed_dictionaries({"beta_min": _log(1e-4, 100.0), "beta_max": _log(1e-4, 100.0)}),
    "custom": st.fixed_dictionaries({"knots": _knots(), "form": st.sampled_from(["vp", "ve", "flow"])}),
    "betas": st.fixed_dictionaries(
        {"knots": _beta_knots(), "chain_steps": _CHAIN, "form": st.sampled_from(["vp", "ve", "flow"])}
    ),
}


@st.composite
def _spectrum(draw: st.DrawFn) -> dict[str, object]:
    n = draw(st.integers(2, 12))
    k = np.cumsum(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)))
    drops = np.cumsum(draw(st.lists(st.floats(1e-3, 4.0), min_size=n, max_size=n)))
    power = 10 ** (draw(st.floats(-1, 4)) - drops)
    low, high = draw(_log(1.5, 1e3)), draw(_log(1.5, 1e3))
    return {
        "sigma_min": max(float(power[-1] ** 0.5) / low, 1e-6), "sigma_max": float(power[0] ** 0.5) * high,
        "spectrum": list(zip(k.tolist(), power.tolist(), strict=True)), "form": draw(st.sampled_from(["vp", "ve"])),
    }  # fmt: skip


@st.composite
def _rows(draw: st.DrawFn) -> dict[str, object]:
    betas = draw(st.lists(_log(1e-6, 0.95), min_size=1, max_size=30))
    last = [1.0] if draw(st.booleans()) else []
    return {"table": Tabulated.of_betas([*betas, *last]).table, "form": draw(st.sampled_from(["vp", "flow"]))}


PARAMS |= {"spectrum": _spectrum(), "table": _rows()}
_PART = st.sampled_from(sorted(PARAMS)).flatmap(lambda key: PARAMS[key].map(lambda params: {"key": key, **params}))
PARAMS |= {
    "zero_snr": st.fixed_dictionaries({"of": _PART}),
    "join": st.fixed_dictionaries(
        {"low": _PART, "high": _PART, "level": _log(1e-2, 1e2), "form": st.sampled_from(["vp", "ve", "flow"])}
    ),
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
    assert (kept[c.beta == 1] <= 2.0**-53).all()
    log_snr = np.append(np.inf, c.log_snr)
    assert schedule.log_snr(0.0) == np.inf and (np.diff(log_snr) < 0).all()
    step = c.alpha_bar / np.append(1.0, c.alpha_bar[:-1])  # 1 - beta before beta is rounded to a number near 1
    rounding = 1e-12 + np.cumsum(2.0**-52 / np.maximum(step, 2.0**-53))
    product = np.cumprod(1 - c.beta)
    assert (np.abs(product - c.alpha_bar) <= rounding * c.alpha_bar).all()


@pytest.mark.parametrize("steps", [1, 2, 10, 1000, 10_000])
@pytest.mark.parametrize("key", KEYS)
def test_the_product_of_the_betas_of_a_preset_is_alpha_bar(key: str, steps: int) -> None:
    schedule = SCHEDULES[key]()
    c = schedule.discrete(steps)
    assert (c.beta[:-1] < 1).all() and (c.beta[-1] == 1) == (key in ("sigmoid", "flow", "laplace", "zero_snr"))
    np.testing.assert_allclose(np.cumprod(1 - c.beta), c.alpha_bar, rtol=1e-12 if steps >= 1000 else 1e-7)
    s = schedule.noise_level(c.t)
    v = np.append(0.0, s * s)
    with np.errstate(invalid="ignore"):
        exact = np.where(np.isinf(v[1:]), 0.0, (1 + v[:-1]) / (1 + v[1:]))
    np.testing.assert_allclose(c.beta, 1 - exact, rtol=1e-9, atol=1e-15)


def _spacing(schedule: Schedule, t: np.ndarray) -> np.ndarray:
    """By what share s changes between floats of t: no inverse says it better than that."""
    below, above = schedule.noise_level(np.maximum(t - 2.0**-52, 0)), schedule.noise_level(np.minimum(t + 2.0**-52, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(above / below - 1, nan=0.0, posinf=1e300)


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=40)
@given(data=st.data())
def test_t_of_inverts_the_noise_level(key: str, data: st.DataObject) -> None:
    schedule = _make(key, data.draw(PARAMS[key]))
    t = np.array([*data.draw(st.lists(st.floats(0.0, 1.0), max_size=5)), 0.0, 1e-3, 0.01, 0.5, 0.999, 1.0])
    s = schedule.noise_level(t)
    back = schedule.t_of(s)
    elsewhere = np.abs(back - t) > 1e-12  # only where s stands still meanwhile, as at the flat end of a schedule's part
    np.testing.assert_allclose(schedule.noise_level((back + t) / 2)[elsewhere], s[elsewhere], rtol=1e-9)
    inner = (t >= 1e-3) & (t <= 0.999)  # near 0, and where alpha reaches 0, no float64 t says s to 9 digits
    lost = np.abs(schedule.noise_level(back)[inner] / s[inner] - 1)
    assert (lost <= 1e-9 + _spacing(schedule, t[inner])).all(), lost
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
        ("geodiff", {"beta_end": 1.5}),
        ("laplace", {"b": 0.0}),
        ("cauchy", {"tail": 0.0}),
        ("cauchy", {"gamma": 10.0, "tail": 1e-3}),  # s is no float64
        ("vp", {"beta_max": 100.0, "beta_min": 100.0}),
        ("spectrum", {"spectrum": [[1.0, 2.0]]}),
        ("spectrum", {"spectrum": [[1.0, 2.0], [2.0, 3.0]]}),
        ("spectrum", {"spectrum": [[2.0, 3.0], [1.0, 2.0]]}),
        ("spectrum", {"spectrum": [[0.0, 3.0], [1.0, 2.0]]}),
        ("spectrum", {"spectrum": [[1.0, 3.0], [2.0, float("nan")]]}),
        ("spectrum", {"spectrum": "steep"}),
        ("spectrum", {"sigma_min": 1.0}),
        ("spectrum", {"sigma_max": 5.0}),
        ("zero_snr", {"of": "magic"}),
        ("zero_snr", {"of": 3}),
        ("zero_snr", {"of": {"beta_end": 0.02}}),
        ("zero_snr", {"of": {"key": ["linear"]}}),
        ("zero_snr", {"of.gamma": 1.0}),
        ("zero_snr", {"off.beta_end": 0.02}),
        ("zero_snr", {"of": {"key": "linear", "chain_steps": 1}}),
        ("linear", {"beta_end.x": 0.02}),
        ("join", {"level": 1e4}),
        ("join", {"low": "edm", "low.sigma_min": 2.0, "level": 1.0}),
        ("table", {"table": []}),
        ("table", {"table": [[0.0, 3.0], [0.5, -1.0]]}),
        ("table", {"table": [[1.0, None], [0.5, -1.0]]}),
        ("table", {"table": [[1.0, None]]}),
        ("table", {"table": [[0.1, 2.1972245773362196], [0.1, 3.0]]}),
        ("table", {"table": [[0.1, 2.1972245773362196], [0.9, 2.0]]}),  # the two numbers of a row conflict
        ("table", {"table": [[0.1, float("nan")], [0.9, 2.0]]}),
        ("table", {"table": 7}),
    ],
)
def test_bad_parameters_are_user_errors(key: str, params: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        make_schedule(key, params)
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(0.1, 2.1972245773362196), (0.0, 2.0), (0.5, 0.0)], "beta = 0 in row 2 is not"),
        ([(1.0, 2.0), (0.9, -2.3)], "beta = 1 in row 1 is not"),
        ([(0.1, 2.1972245773362196), (1.5, -3.0)], "beta = 1.5 in row 2 is not"),
        ([(0.1, 2.1972245773362196), (0.9, 3.0), (0.9, 2.0)], "log_snr does not fall in row 2"),
        ([(0.1, 2.1972245773362196), (0.2, 1.0), (0.9, 1.0)], "log_snr does not fall in row 3"),
        ([(0.1, math.inf), (0.9, -2.3)], "log_snr does not fall in row 1"),
        ([(0.1, None), (0.9, -2.3)], "log_snr does not fall in row 1"),
        ([(0.1, 2.1972245773362196), (0.5, -2.313634929180631)], "beta = 0.5 in row 2 conflicts with its noise level"),
        ([(1.0, None)], "its only row has no signal"),
        ([], "0 rows make no chain"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_row(rows: list[tuple[float, float | None]], said: str) -> None:
    with pytest.raises(UserError) as refused:
        Tabulated(table=tuple(rows))
    assert said in refused.value.sentence
    assert "asks for 0.9" in refused.value.hint or "conflicts" not in said


def test_schedules_nested_without_end_are_refused() -> None:
    plain: dict[str, object] = {"key": "linear"}
    for _ in range(8):
        plain = {"key": "zero_snr", "of": plain}
    with pytest.raises(UserError, match="nested"):
        make_schedule(plain.pop("key"), plain)


def test_a_chain_has_at_least_one_row() -> None:
    with pytest.raises(UserError):
        Linear().discrete(0)
