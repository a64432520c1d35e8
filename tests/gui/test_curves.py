"""What the schedule plot shows, on either axis."""

import numpy as np
import pytest

from diffview.forward.schedules import SCHEDULES, make_schedule
from diffview.gui.show import schedule_curves
from diffview.gui.show.timescale import TimeScale


def scale(schedule: object, axis: str = "t") -> TimeScale:
    if axis == "t":
        return TimeScale("t", schedule, 0.0, 1.0)
    return TimeScale("ln_s", schedule, float(np.log(schedule.s_min)), float(np.log(schedule.s_max)))


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


@pytest.mark.parametrize("key", SCHEDULES)
def test_the_axis_of_the_level_ends_at_half_decades_that_enclose_the_schedule(key: str) -> None:
    schedule = make_schedule(key)
    on = TimeScale.along("ln_s", schedule)
    ends = np.array([on.low, on.high]) / np.log(10) * 2
    np.testing.assert_allclose(ends, np.round(ends), atol=1e-9)
    assert on.low <= on.first < on.last <= on.high
    assert on.first - on.low < np.log(10) / 2 and on.high - on.last < np.log(10) / 2
    assert on.x(0.0) == on.first and on.x(1.0) == pytest.approx(on.last)


def test_beside_beta_is_what_it_makes():
    schedule = make_schedule("cosine")
    name, x, share = schedule_curves.companion(schedule, "beta", scale(schedule))
    assert name.startswith("ᾱ")
    np.testing.assert_allclose(share, schedule.alpha_bar(np.maximum(x, 1e-3)))
    assert schedule_curves.companion(schedule, "sigma", scale(schedule))[0] == ""


@pytest.mark.parametrize("quantity", schedule_curves.QUANTITIES)
@pytest.mark.parametrize("axis", ["t", "ln_s"])
def test_a_point_that_is_not_moved_stays(axis: str, quantity: str) -> None:
    schedule = make_schedule("custom" if quantity != "beta" else "betas")
    on = TimeScale.along(axis, schedule)
    for index, at in enumerate(schedule_curves.handles(schedule, quantity, on)):
        after = schedule_curves.pulled(schedule, quantity, on, index, at)
        np.testing.assert_allclose(after.knots, schedule.knots, rtol=1e-5)
