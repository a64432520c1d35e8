"""The numbers under the playhead are those of the theory, and are written as they are to be read."""

import math

import pytest

from diffview.forward.drawn import Custom
from diffview.forward.schedules import Cosine, Linear
from diffview.story.live_numbers import NUMBERS, OF_STEP, UNKNOWN, numbers_at, texts

ROWS = 1000


@pytest.mark.parametrize("schedule", [Linear(), Cosine()], ids=lambda one: one.key)
@pytest.mark.parametrize("row", [1, 250, 500, 999])
def test_they_obey_the_identities_of_the_chain(schedule, row):
    t = row / ROWS
    here, before = (numbers_at(schedule, at, ROWS) for at in (t, t - 1 / ROWS))
    assert here["signal_power"] + here["noise_power"] == pytest.approx(1)
    assert here["signal_power"] == pytest.approx(here["alpha_bar"], rel=1e-6)
    assert here["keep"] ** 2 + here["add"] ** 2 == pytest.approx(1)
    assert here["alpha_bar"] == pytest.approx(before["alpha_bar"] * here["alpha_step"], rel=1e-5)
    assert here["s2"] == pytest.approx(here["noise_power"] / here["signal_power"], rel=1e-5)
    assert here["log_snr"] == pytest.approx(-math.log(here["s2"]))
    assert here["beta_tilde"] == pytest.approx(
        here["beta"] * (1 - before["alpha_bar"]) / (1 - here["alpha_bar"]), rel=1e-3, abs=1e-9
    )
    assert here["take"] == pytest.approx(here["beta"] / math.sqrt(1 - here["alpha_bar"]), rel=1e-4)
    assert here["to_x0"] + here["to_xt"] * here["signal"] == pytest.approx(before["signal"], rel=1e-4)


def test_before_the_first_step_there_is_no_step_and_no_noise():
    here = numbers_at(Linear(), 0.0, ROWS)
    assert all(math.isnan(here[name]) for name in OF_STEP) and here["log_snr"] == math.inf
    said = texts(here)
    assert said["beta"] == said["loss"] == UNKNOWN and said["log_snr"] == "∞" and said["s"] == "0.00"


def test_a_step_whose_noise_no_number_holds_has_no_numbers():
    """A point dragged up leaves alpha_bar at 1: what is divided by 1 - alpha_bar was an error in the window."""
    schedule = Custom(knots=((0.02, 50.0), (0.5, 0.0), (1.0, -10.0)))
    first = next(row for row in range(1, ROWS) if schedule.alpha_bar(row / ROWS) < 1)
    assert first > 10
    here = numbers_at(schedule, (first - 1) / ROWS, ROWS)
    assert all(math.isnan(here[name]) for name in OF_STEP) and 0 < here["s"] < 1e-7
    assert all(math.isfinite(numbers_at(schedule, first / ROWS, ROWS)[name]) for name in OF_STEP)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("signal", 0.6789, "0.68"), ("beta", 1e-4, "0.0001"), ("log_snr", -3.14, "−3.1"), ("log_snr", -0.01, "0.0"),
        ("s", 9.994, "9.99"), ("s", 9.996, "10.0"), ("s", 157.4, "157"), ("loss", 0.0717, "0.072"),
        ("log_snr", -math.inf, "−∞"),
    ],
)  # fmt: skip
def test_how_they_are_written(name, value, text):
    assert NUMBERS[name].text(value) == text
