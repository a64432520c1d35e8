"""What a drag in the schedule plot makes, and which schedule an entry of the list means."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.fields.transforms import Transform
from diffview.forward import schedules
from diffview.forward.level_settings import Imported
from diffview.forward.schedules import (
    BetaCurve,
    Cosine,
    Custom,
    Flow,
    Join,
    Linear,
    SpectrumMatched,
    Tabulated,
    ZeroSnr,
)
from diffview.gui.show import schedule_curves
from diffview.gui.show.schedule_curves import TICK_GAP, levels_note, taken
from diffview.gui.show.timescale import TimeScale
from diffview.models.cards import Card

LINEAR = Linear()


def over_t(schedule):
    return TimeScale("t", schedule, 0.0, 1.0)


def over_noise(schedule):
    return TimeScale("ln_s", schedule, float(np.log(schedule.s_min)), float(np.log(schedule.s_max)))


def card(low, high, **training):
    return Card("twin", "sst", "K", Transform("standardise", 280.0, 5.0), (1, 16, 16), (low, high), training=training)


# -- levels that are pulled


LEVELS = [8.0, 4.0, 2.0, 1.0]


@pytest.mark.parametrize(
    ("index", "s", "levels"),
    [
        (1, 3.0, (8.0, 3.0, 2.0, 1.0)),
        (1, 100.0, (8.0, 8.0 * exp(-TICK_GAP), 2.0, 1.0)),
        (1, 0.1, (8.0, 2.0 * exp(TICK_GAP), 2.0, 1.0)),
        (0, 100.0, (10.0, 4.0, 2.0, 1.0)),
        (3, 0.0, (8.0, 4.0, 2.0, 0.5)),
    ],
)
def test_a_pulled_level_stops_at_its_neighbours(index, s, levels):
    assert schedule_curves.tick_dragged(LEVELS, index, s, 0.5, 10.0) == pytest.approx(levels)


@given(index=st.integers(0, 3), s=st.floats(0, 1e6))
def test_levels_fall_however_one_is_pulled(index, s):
    levels = schedule_curves.tick_dragged(LEVELS, index, s, 0.5, 10.0)
    assert (np.diff(levels) < 0).all() and min(levels) >= 0.5 and max(levels) <= 10.0


# -- entries of the list


def test_an_entry_is_a_preset_or_made_from_what_is_in_force():
    matched = Flow()
    keys = ("cosine", Custom.key, BetaCurve.key, Tabulated.key, ZeroSnr.key, Join.key, SpectrumMatched.key)
    chosen = {key: schedule_curves.chosen(key, LINEAR, lambda: matched) for key in keys}
    assert chosen["cosine"] == Cosine()
    assert isinstance(chosen[Custom.key], Custom) and chosen[Custom.key] == Custom.like(LINEAR)
    assert chosen[BetaCurve.key] == BetaCurve.near(LINEAR)
    assert isinstance(chosen[Tabulated.key], Tabulated)
    assert chosen[ZeroSnr.key] == ZeroSnr(LINEAR)
    assert isinstance(chosen[Join.key], Join)
    assert chosen[SpectrumMatched.key] is matched


def test_a_join_of_a_rescaled_schedule_takes_what_was_rescaled():
    of_zero, of_linear = (schedule_curves.chosen(Join.key, s, Cosine) for s in (ZeroSnr(LINEAR), LINEAR))
    assert of_zero == of_linear


# -- bands and densities


def test_the_band_of_a_network_lies_on_either_axis():
    low, high, tip = schedule_curves.band(card(0.1, 5.0), over_noise(LINEAR))
    assert (low, high) == pytest.approx((log(0.1), log(5.0)), abs=1e-3)
    assert tip == "twin was trained for 0.10 ≤ s ≤ 5.00"
    first, last, _ = schedule_curves.band(card(0.1, 5.0), over_t(LINEAR))
    np.testing.assert_allclose(LINEAR.noise_level(np.array([first, last])), [0.1, 5.0], rtol=1e-3)


def test_a_band_ends_where_the_schedule_does():
    _, last, tip = schedule_curves.band(card(0.1, 1e9), over_t(LINEAR))
    assert last == pytest.approx(1.0) and tip.endswith("≤ 1.0e9")


@pytest.mark.parametrize("scale", [over_t(LINEAR), over_noise(LINEAR)])
def test_densities_of_schedule_and_grid_have_the_area_one(scale):
    levels = np.geomspace(LINEAR.s_max, LINEAR.s_min, 20)
    edges, log_s, curves = schedule_curves.densities(scale, levels, None)
    assert set(curves) == {"schedule", "grid"} and len(edges) == len(log_s) == schedule_curves.CELLS + 1
    assert edges[0] == pytest.approx(scale.low, abs=2e-3) and edges[-1] == pytest.approx(scale.high)
    widths = np.abs(np.diff(log_s))
    assert float(curves["schedule"] @ widths) == pytest.approx(0.999, abs=1e-3), "t from the first row of 1000 on"
    assert float(curves["grid"] @ widths) == pytest.approx(1.0, abs=0.06)


def test_the_words_of_densities_name_the_training():
    tip, missing = schedule_curves.density_words(card(0.1, 5.0, density="broad", loss="edm"), "twin", True)
    assert tip.endswith("training: share of the network's draws (broad, edm loss)") and missing == ""
    assert schedule_curves.density_words(card(0.1, 5.0, density="broad"), "twin", True)[0].endswith("draws (broad)")


@pytest.mark.parametrize(("levels", "steps", "note"), [
    ((), None, ""),
    ((80.0, 5.0, 0.1, 0.0), 3, "The 3 levels that it executes are custom ticks now."),
    ((100.0, 5.0, 0.0), 2, "The 2 levels that it executes are custom ticks now; the first is lowered from s = 100, "
     "above the schedule's highest noise level, s = 80."),
    ((160.0, 100.0, 5.0, 0.0), None, "The levels that it executes are not taken: they reach s = 160, above the "
     "schedule's highest noise level, s = 80."),
])  # fmt: skip
def test_levels_of_a_file_are_taken_or_it_is_said_why_not(levels, steps, note):
    found = Imported(schedules.make_schedule("edm"), levels)
    assert taken(found).get("steps") == steps and levels_note(found) == note
