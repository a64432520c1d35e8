"""What the schedule plot shows, and what a dragged point means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.forward.schedules import SCHEDULES, Custom, make_schedule
from diffview.gui.show import schedule_curves
from diffview.gui.show.timescale import TimeScale

PRESETS = [key for key in SCHEDULES if key != "custom"]
EDITABLE = [key for key, quantity in schedule_curves.QUANTITIES.items() if quantity.level is not None]


def scale(schedule: object, axis: str = "t") -> TimeScale:
    if axis == "t":
        return TimeScale("t", schedule, 0.0, 1.0)
    return TimeScale("ln_s", schedule, float(np.log(schedule.s_min)), float(np.log(schedule.s_max)))


@pytest.mark.parametrize("key", PRESETS)
@pytest.mark.parametrize("quantity", EDITABLE)
def test_a_point_dropped_where_it_was_changes_nothing(key: str, quantity: str) -> None:
    schedule = make_schedule(key)
    knots = np.array(Custom.like(schedule).knots)
    for index, (t, y) in enumerate(schedule_curves.handles(schedule, quantity, scale(schedule))):
        after = np.array(schedule_curves.dragged(schedule, index, t, y, quantity).knots)
        if quantity == "log_snr" or (0.001 < y < 0.999):  # elsewhere y says little about the level
            np.testing.assert_allclose(after, knots, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("quantity", EDITABLE)
@given(index=st.integers(0, 4), t=st.floats(-1, 2), y=st.floats(-1e3, 1e3), key=st.sampled_from(PRESETS))
def test_wherever_a_point_is_pulled_the_curve_stays_monotone(quantity: str, index: int, t: float, y: float, key: str):
    schedule = schedule_curves.dragged(make_schedule(key), index, t, y, quantity)
    again = schedule_curves.dragged(schedule, (index + 1) % 5, y, t, quantity)
    for curve in (schedule, again):
        log_snr = curve.log_snr(np.linspace(0, 1, 500))
        assert (np.diff(log_snr[1:]) < 0).all()
        assert curve.knots[-1][0] == 1


@pytest.mark.parametrize("quantity", EDITABLE)
@pytest.mark.parametrize("key", ["linear", "ve", "flow"])
def test_a_point_goes_where_the_hand_is(key: str, quantity: str) -> None:
    schedule = make_schedule(key)
    handles = schedule_curves.handles(schedule, quantity, scale(schedule))
    _, (t2, y2), (t3, y3) = handles[1:4]
    t, y = (t2 + t3) / 2, 0.6 * y2 + 0.4 * y3
    new = schedule_curves.dragged(schedule, 2, t, y, quantity)
    assert schedule_curves.QUANTITIES[quantity].of(new, np.array([t]))[0] == pytest.approx(y, rel=1e-6)
    assert new.knots[2][0] == pytest.approx(t)


@pytest.mark.parametrize("key", SCHEDULES)
@pytest.mark.parametrize("axis", ["t", "ln_s"])
@pytest.mark.parametrize("quantity", schedule_curves.QUANTITIES)
def test_the_curve_shown_is_the_schedule(key: str, axis: str, quantity: str) -> None:
    schedule = make_schedule(key)
    x, y = schedule_curves.curve(schedule, quantity, scale(schedule, axis))
    assert len(x) == len(y) == schedule_curves.SAMPLES
    inside = slice(5, -5)
    t = scale(schedule, axis).t(x)[inside]
    wanted = {
        "alpha_bar": lambda: 1 / (1 + schedule.noise_level(t) ** 2),
        "log_snr": lambda: -2 * np.log(schedule.noise_level(t)),
        "sigma": lambda: schedule(t)[1],
        "beta": lambda: None,
    }[quantity]()
    if wanted is not None:
        np.testing.assert_allclose(y[inside], wanted, rtol=1e-9, atol=1e-9)
    else:
        assert ((y > 0) & (y <= 1)).all()


@pytest.mark.parametrize("key", SCHEDULES)
@pytest.mark.parametrize("axis", ["t", "ln_s"])
def test_the_axis_is_its_own_inverse(key: str, axis: str) -> None:
    schedule = make_schedule(key)
    t = np.linspace(0.01, 0.99, 50)
    on = scale(schedule, axis)
    np.testing.assert_allclose(on.t(on.x(t)), t, atol=1e-9)
    assert isinstance(on.x(0.5), float) and isinstance(on.t(on.x(0.5)), float)
    assert on.low <= on.x(0.0) and on.x(1.0) <= on.high + 1e-9
