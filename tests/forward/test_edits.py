"""The hand on a schedule: points, strokes and pieces, against closed forms and what may never happen."""

from math import exp, inf, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.forward import edits
from diffview.forward.edits import (
    BACK,
    LOG_SNR_GAP,
    QUANTITIES,
    T_GAP,
    added,
    drawn,
    joined,
    moved,
    removed,
    stroked,
    stroked_in_level,
    typed,
)
from diffview.forward.schedules import (
    PRESETS,
    S_LIMIT,
    SCHEDULES,
    BetaCurve,
    Cosine,
    Custom,
    Edm,
    Flow,
    Linear,
    VarianceExploding,
    make_schedule,
)

LINEAR = Linear()
BY_LEVEL = [key for key, quantity in QUANTITIES.items() if quantity.level is not None]


# -- levels of values


@pytest.mark.parametrize(
    ("schedule", "quantity", "y", "s"),
    [
        (LINEAR, "alpha_bar", 0.5, 1.0),
        (LINEAR, "alpha_bar", 0.2, 2.0),
        (LINEAR, "alpha_bar", 1.5, 0.0),
        (LINEAR, "alpha_bar", 0.0, inf),
        (LINEAR, "sigma", 0.6, 0.75),
        (LINEAR, "sigma", 1.0, inf),
        (LINEAR, "sigma", -3.0, 0.0),
        (Flow(), "sigma", 0.75, 3.0),
        (VarianceExploding(), "sigma", 7.0, 7.0),
        (VarianceExploding(), "sigma", -7.0, 0.0),
        (LINEAR, "log_snr", 0.0, 1.0),
        (LINEAR, "log_snr", -2 * log(5.0), 5.0),
        (LINEAR, "log_snr", -1e9, exp(30.0)),
    ],
)
def test_a_value_of_a_quantity_is_a_noise_level(schedule, quantity, y, s):
    level = QUANTITIES[quantity].level
    assert level(schedule, y) == pytest.approx(s)


@pytest.mark.parametrize("schedule", [LINEAR, Cosine(), Flow(), VarianceExploding()])
@pytest.mark.parametrize("quantity", ["alpha_bar", "sigma", "log_snr"])
def test_the_level_of_a_value_is_that_of_the_schedule(schedule, quantity):
    t = np.linspace(0.2, 0.8, 5)
    values = QUANTITIES[quantity].of(schedule, t)
    levels = [QUANTITIES[quantity].level(schedule, float(y)) for y in values]
    np.testing.assert_allclose(levels, schedule.noise_level(t), rtol=1e-6)


def test_beta_is_that_of_the_chain_that_was_written():
    beta = QUANTITIES["beta"].of(LINEAR, np.array([0.001, 0.5005, 1.0]))
    np.testing.assert_allclose(beta, [1e-4, 0.010055, 0.02], rtol=1e-2)
    short = Linear(chain_steps=50)
    np.testing.assert_array_equal(QUANTITIES["beta"].of(short, np.arange(1, 51) / 50), short.betas())


# -- curves near what there was


@pytest.mark.parametrize("key", SCHEDULES)
def test_a_curve_of_beta_stays_near_what_it_was_made_from(key: str) -> None:
    schedule = make_schedule(key)
    curve = drawn(schedule, "beta")
    assert curve.form == schedule.form and 2 <= len(curve.knots) <= 12
    t = np.linspace(0.1, 0.99, 90)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(np.log(curve.noise_level(t)), np.log(schedule.noise_level(t)), atol=0.15)
    assert drawn(curve, "beta") is curve


def test_betas_through_knots_are_met_and_multiply_to_alpha_bar():
    knots = ((0.001, 1e-4), (0.4, 0.008), (0.7, 0.004), (1.0, 0.03))
    curve = BetaCurve(knots=knots)
    rows = [0, 399, 699, 999]
    np.testing.assert_allclose(curve.betas()[rows], [beta for _, beta in knots], rtol=1e-12)
    np.testing.assert_allclose(curve.discrete(1000).alpha_bar, np.cumprod(1 - curve.betas()), rtol=1e-12)
    assert (np.diff(curve.betas()[:400]) > 0).all() and (np.diff(curve.betas()[400:700]) < 0).all(), "monotone between"


def test_a_last_beta_of_one_leaves_no_signal():
    curve = BetaCurve(knots=((0.01, 1e-3), (1.0, 1.0)), chain_steps=20)
    chain = curve.discrete(20)
    assert chain.beta[-1] == 1 and chain.alpha_bar[-1] == 0 and (chain.beta[:-1] < 1).all()
    assert np.isfinite(curve.s_max) and curve.noise_level(1.0) == inf


# -- one point


@pytest.mark.parametrize("key", [key for key in SCHEDULES if key != "custom"])
@pytest.mark.parametrize("quantity", BY_LEVEL)
def test_a_point_dropped_where_it_was_changes_nothing(key: str, quantity: str) -> None:
    schedule = make_schedule(key)
    knots = np.array(drawn(schedule, quantity).knots)
    for index, (t, y) in enumerate(zip(*edits.points_of(schedule, quantity), strict=True)):
        after = np.array(moved(schedule, quantity, index, t, y).knots)
        if quantity == "log_snr" or (0.001 < y < 0.999):  # elsewhere y says little about the level
            np.testing.assert_allclose(after, knots, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("quantity", QUANTITIES)
@given(index=st.integers(0, 4), t=st.floats(-1, 2), y=st.floats(-1e3, 1e3), key=st.sampled_from(sorted(PRESETS)))
def test_wherever_a_point_is_pulled_the_curve_stays_monotone(quantity: str, index: int, t: float, y: float, key: str):
    first = drawn(make_schedule(key), quantity)
    schedule = moved(first, quantity, index % len(first.knots), t, y)
    again = moved(schedule, quantity, (index + 1) % len(first.knots), y, t)
    for curve in (schedule, again):
        s = curve.noise_level(np.linspace(0, 1, 500))
        assert (np.diff(s[1:]) > 0).all() and curve.knots[-1][0] == 1
        assert s[np.isfinite(s)][-1] <= S_LIMIT * (1 + 1e-9)


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("key", ["linear", "ve", "flow"])
def test_a_point_goes_where_the_hand_is(key: str, quantity: str) -> None:
    schedule = drawn(make_schedule(key), quantity)
    times, values = edits.points_of(schedule, quantity)
    index = len(times) // 2
    t = (times[index] + times[index + 1]) / 2
    y = 0.6 * values[index] + 0.4 * values[index + 1]
    new = moved(schedule, quantity, index, t, y)
    assert float(QUANTITIES[quantity].of(new, np.array([t]))[0]) == pytest.approx(y, rel=1e-2)
    assert new.knots[index][0] == pytest.approx(t)


def test_a_knot_is_kept_off_its_neighbours():
    custom = Custom.like(LINEAR)
    (t0, high), _, (t2, low) = custom.knots[:3]
    pulled = moved(custom, "log_snr", 1, -5.0, 1e9).knots[1]
    assert pulled == pytest.approx((t0 + T_GAP, high - LOG_SNR_GAP))
    pulled = moved(custom, "log_snr", 1, 5.0, -1e9).knots[1]
    assert pulled == pytest.approx((t2 - T_GAP, low + LOG_SNR_GAP))
    last = moved(custom, "log_snr", len(custom.knots) - 1, 0.2, custom.knots[-1][1]).knots[-1]
    assert last == pytest.approx((1.0, custom.knots[-1][1]), abs=2 * LOG_SNR_GAP)


def test_a_beta_is_pulled_as_far_as_there_is_signal_left():
    index = len(drawn(LINEAR, "beta").knots) // 2
    curve = moved(LINEAR, "beta", index, 0.5, 0.9)
    assert isinstance(curve, BetaCurve) and curve.knots[index][1] < 0.9
    t, beta = curve.knots[index]
    with pytest.raises(UserError, match="noise level above"):
        typed(curve, "beta", index, t, beta * 1.02)


@pytest.mark.parametrize("quantity", BY_LEVEL)
def test_a_point_on_the_level_keeps_its_t(quantity: str) -> None:
    custom = Custom.like(LINEAR)
    new = edits.moved_in_level(custom, quantity, 2, 5.0, 0.5)
    assert new.knots[2] == pytest.approx((0.5, -2 * log(5.0)))
    assert [a == b for a, b in zip(new.knots, custom.knots, strict=True)] == [i != 2 for i in range(5)]


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("key", ["linear", "cosine", "ve", "flow"])
def test_a_point_that_was_added_is_where_it_was_asked_for_and_goes_again(quantity: str, key: str) -> None:
    curve = drawn(make_schedule(key), quantity)
    y = float(QUANTITIES[quantity].of(curve, np.array(0.36)))
    more, index = added(curve, quantity, 0.36, y)
    assert len(more.knots) == len(curve.knots) + 1 and more.knots[index][0] == 0.36
    assert float(QUANTITIES[quantity].of(more, np.array(0.36))) == pytest.approx(y, rel=1e-6)
    assert removed(more, quantity, index) == curve


def test_a_time_is_typed_where_the_value_says_nothing_any_more() -> None:
    """alpha_bar of log_snr 39 is 1 in float64, which no point may be: typing t alone leaves log_snr as it was."""
    curve = Custom(knots=((0.1, 39.0), (0.5, 1.0), (1.0, -8.0)))
    assert curve.alpha_bar(0.1) == 1.0
    assert typed(curve, "alpha_bar", 0, 0.2, None).knots == ((0.2, 39.0), (0.5, 1.0), (1.0, -8.0))
    assert typed(curve, "log_snr", 1, None, 2.0).knots == ((0.1, 39.0), (0.5, 2.0), (1.0, -8.0))
    beta = drawn(LINEAR, "beta")
    assert typed(beta, "beta", 1, None, beta.knots[1][1]) == beta == typed(beta, "beta", 1, beta.knots[1][0], None)


def test_a_typed_point_is_exactly_there():
    new = typed(LINEAR, "alpha_bar", 2, 0.45, 0.3)
    assert new.knots[2] == pytest.approx((0.45, log(0.3 / 0.7)), rel=1e-12)
    assert float(new.alpha_bar(0.45)) == pytest.approx(0.3, rel=1e-12)
    assert typed(LINEAR, "beta", 1, drawn(LINEAR, "beta").knots[1][0], 0.011).knots[1][1] == 0.011


BAD = {
    "beta above 1": lambda: typed(LINEAR, "beta", 1, 0.5, 1.5),
    "beta of 0": lambda: typed(LINEAR, "beta", 1, 0.5, 0.0),
    "beta of 1 inside": lambda: typed(LINEAR, "beta", 1, 0.5, 1.0),
    "alpha_bar of 1": lambda: typed(LINEAR, "alpha_bar", 1, 0.25, 1.0),
    "alpha_bar below 0": lambda: typed(LINEAR, "alpha_bar", 1, 0.25, -0.2),
    "more signal than before it": lambda: typed(LINEAR, "alpha_bar", 2, 0.5, 0.999),
    "beyond a neighbour": lambda: typed(LINEAR, "alpha_bar", 1, 0.9, 0.1),
    "t of 0": lambda: typed(LINEAR, "alpha_bar", 0, 0.0, 0.99),
    "the end elsewhere": lambda: typed(LINEAR, "alpha_bar", 4, 0.9, 0.01),
    "nan": lambda: typed(LINEAR, "sigma", 1, 0.25, float("nan")),
    "the end removed": lambda: removed(LINEAR, "alpha_bar", 4),
    "one point left": lambda: removed(Custom(knots=((0.1, 3.0), (1.0, -5.0))), "sigma", 0),
    "a point twice": lambda: added(LINEAR, "alpha_bar", 0.251, 0.5),
    "a point at the end": lambda: added(LINEAR, "beta", 1.0, 0.5),
    "a stroke that goes back": lambda: stroked(LINEAR, "alpha_bar", np.array([0.1, 0.5, 0.3]), np.ones(3) / 2),
    "a short stroke": lambda: stroked(LINEAR, "sigma", np.array([0.5, 0.52]), np.array([0.9, 0.91])),
    "a stroke that goes back in level": lambda: stroked_in_level(LINEAR, np.array([0.1, 9.0, 1.0]), np.full(3, 0.01)),
    "a short stroke over the level": lambda: stroked_in_level(LINEAR, np.array([1.0, 1.1]), np.full(2, 0.01)),
    "betas that leave no signal": lambda: stroked_in_level(LINEAR, np.geomspace(0.01, 1e4, 9), np.full(9, 0.9)),
    "no stroke": lambda: stroked(LINEAR, "sigma", np.array([0.5]), np.array([0.9])),
    "a piece above all noise": lambda: joined(LINEAR, "cosine", 1e4, above=True),
    "a piece below all noise": lambda: joined(Edm(), "ve", 1e-3, above=False),
}


@pytest.mark.parametrize("what", BAD)
def test_what_cannot_be_done_is_a_sentence(what: str) -> None:
    with pytest.raises(UserError) as caught:
        BAD[what]()
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")


# -- strokes


@pytest.mark.parametrize(
    ("quantity", "of"),
    [("alpha_bar", Cosine()), ("log_snr", Linear()), ("sigma", Cosine()), ("beta", Linear()), ("alpha_bar", Flow())],
)
def test_a_stroke_along_a_curve_gives_it_back(quantity: str, of: object) -> None:
    t = np.linspace(0.1, 0.99, 80)
    y = QUANTITIES[quantity].of(of, t)
    start = Linear(beta_end=0.05)
    curve = stroked(start, quantity, t, y)
    span = np.ptp(y) if quantity != "beta" else 1
    got = QUANTITIES[quantity].of(curve, t)
    off = got / y - 1 if quantity == "beta" else (got - y) / span
    assert np.abs(off).max() < (0.13 if quantity == "beta" else 0.03) and len(curve.knots) <= 12
    assert (np.diff(curve.noise_level(np.linspace(0, 1, 999))) > 0).all()


def test_what_a_stroke_leaves_out_stays():
    t = np.linspace(0.4, 0.6, 20)
    curve = stroked(LINEAR, "log_snr", t, LINEAR.log_snr(t) - 0.5)
    outside = np.array([0.1, 0.3, 0.75, 0.9])
    np.testing.assert_allclose(curve.log_snr(outside), LINEAR.log_snr(outside), atol=0.35)
    np.testing.assert_allclose(curve.log_snr(t[3:-3]), LINEAR.log_snr(t[3:-3]) - 0.5, atol=0.35)


@given(st.lists(st.floats(0, 1), min_size=5, max_size=60), st.sampled_from(["alpha_bar", "sigma"]))
def test_however_a_hand_trembles_the_curve_falls(values: list[float], quantity: str) -> None:
    t = np.linspace(0.1, 0.9, len(values)) + BACK / 3 * np.cos(np.arange(len(values)))
    curve = stroked(LINEAR, quantity, t, np.array(values))
    assert (np.diff(curve.log_snr(np.linspace(0.01, 1, 300))) < 0).all()


@pytest.mark.parametrize("schedule", [LINEAR, Linear(chain_steps=20), Cosine()])
def test_a_stroke_along_beta_over_the_level_gives_it_back(schedule) -> None:
    chain = schedule.discrete(schedule.rows)
    drawn_at = np.unique(np.linspace(0.1 * schedule.rows, 0.9 * schedule.rows, 60).astype(int))
    level = np.exp(-chain.log_snr / 2)
    curve = stroked_in_level(schedule, level[drawn_at], chain.beta[drawn_at])
    assert curve.chain_steps == schedule.rows
    late = slice(schedule.rows // 50, -1)  # a fit of few points is loose in the first rows
    np.testing.assert_allclose(np.log(curve.betas()[late]), np.log(chain.beta[late]), atol=0.25)


def test_over_the_level_every_step_has_the_beta_that_was_drawn_where_it_leads() -> None:
    s = np.geomspace(0.1, 10, 40)
    wanted = 0.004 * np.sqrt(s)
    curve = stroked_in_level(LINEAR, s, wanted)
    level, beta = curve.noise_level(np.linspace(0, 1, 1001)[1:]), curve.betas()
    inside = (level > 0.15) & (level < 9)
    assert inside.sum() > 200 and np.abs(np.log(beta / (0.004 * np.sqrt(level))))[inside].max() < 0.13
    as_before = level < 0.08
    assert as_before.sum() > 10
    was = np.interp(np.log(level), -LINEAR.discrete(1000).log_snr / 2, LINEAR.discrete(1000).beta)
    np.testing.assert_allclose(np.log(beta / was)[as_before], 0, atol=0.35)
    assert curve.s_max != pytest.approx(LINEAR.s_max, rel=0.01), "as many rows of other betas end elsewhere"


# -- pieces


@pytest.mark.parametrize("above", [True, False])
def test_pieces_meet_at_the_level(above: bool) -> None:
    both = joined(LINEAR, "edm", 1.0, above)
    low, high = (LINEAR, Edm()) if above else (Edm(), LINEAR)
    t = float(both.t_of(1.0))
    pace = t / float(low.t_of(1.0))
    early, late = t * np.array([0.3, 0.9]), (1 - t) * 0.4
    np.testing.assert_allclose(both.noise_level(early), low.noise_level(early / pace), rtol=1e-9)
    np.testing.assert_allclose(both.noise_level(1 - late), high.noise_level(1 - late / pace), rtol=1e-9)


def test_only_so_many_pieces_are_joined_as_a_recipe_can_hold():
    schedule = LINEAR
    with pytest.raises(UserError, match="nested"):
        for s in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0):
            schedule = joined(schedule, "cosine", s, above=True)
