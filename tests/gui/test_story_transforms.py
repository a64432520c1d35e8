"""Transforms in the window: chosen for a file, told why, kept where a hand has chosen, right on the colour bar."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import QUICK
from readers_twins import attach, write

from diffview.fields.transforms import TRANSFORMS
from diffview.gui.show.looks import field_scale
from diffview.runs.facts import Facts

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def rain():
    """Hours of rain [hour, lat, lon] in mm/h: half of it dry, a long tail; the second hour is three times as wet."""
    rng = np.random.default_rng(2)
    wet = rng.random((2, 48, 64)) < 0.5
    return (rng.gamma(0.5, 4.0, (2, 48, 64)) * wet * np.array([1, 3])[:, None, None]).astype(np.float32)


@pytest.fixture
def rain_file(tmp_path):
    path = write(tmp_path / "rain.nc", rain(), {"units": "mm h-1", "long_name": "rain rate"}, "rain")
    attach(
        path, "rain",
        hour=(np.arange(2.0), {"units": "hours since 2020-01-01", "standard_name": "time"}),
        lat=(np.linspace(40, 50, 48), {"units": "degrees_north", "standard_name": "latitude"}),
        lon=(np.linspace(0, 14, 64), {"units": "degrees_east", "standard_name": "longitude"}),
    )  # fmt: skip
    write(tmp_path / "rain.nc", 280 + rain()[0], {"units": "K"}, "warm")
    return str(path)


def test_rain_gets_a_logarithm_and_the_dock_says_why(window, rain_file, settle, find):
    window.open_file(rain_file, "/rain")
    settle(window)
    assert window.session.recipe.source.transform == "auto" and window.session.plan.transform.key == "log1p"
    combo, panel = find(window, "transformCombo"), window.data_dock.widget()
    assert combo.currentText() == "automatic: log1p"
    assert "never negative and 5" in panel.numbers.text() and "mm/h are" in panel.numbers.text()
    assert f"mean {window.session.plan.transform.mean:.2f}" in panel.numbers.text()
    assert find(window, "clipLowSpin").value() == 0, "where rain begins, not a rounding below it"


def test_a_transform_chosen_by_hand_stays(window, rain_file, settle, find, hand):
    window.open_file(rain_file, "/rain")
    settle(window)
    hand.choose(find(window, "transformCombo"), "cbrt")
    settle(window)
    assert window.session.plan.transform.key == "cbrt"
    window.open_file(rain_file, "/warm")
    settle(window)
    assert window.session.plan.transform.key == "cbrt" and window.session.facts.chosen[0] == "standardise"
    hand.choose(find(window, "transformCombo"), "auto")
    settle(window)
    assert window.session.plan.transform.key == "standardise"
    window.session.undo()
    assert window.session.plan.transform.key == "cbrt"


def test_the_numbers_are_fitted_once_for_all_slices(window, rain_file, settle):
    window.open_file(rain_file, "/rain")
    settle(window)
    first = window.session.plan.transform
    window.files.open(rain_file, "/rain", (1,))
    settle(window)
    assert window.session.recipe.source.index == (1,) and window.session.plan.transform == first
    x0 = window.session.plan.x0
    here = rain()[1][::-1][window.session.plan.region.slices]
    np.testing.assert_allclose(first.inverse(x0), here, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("key", TRANSFORMS)
def test_the_ticks_of_the_colour_bar_are_physical(window, key):
    """A tick lies where a pixel of its value has its colour."""
    field = replace(window.session.facts.field, values=rain()[0], units="mm h-1")
    assert window.session.open(QUICK.but(region=None, transform=key), Facts(field))
    bar, transform = window.scales.bar, window.session.plan.transform
    low, high = field_scale(window.session).limits
    rect = bar.bar_rect()
    ticks = bar.ticks()
    assert len(ticks) >= 3
    for value, y in ticks:
        z = float(transform(np.array(value)))
        assert (rect.bottom() - y) / rect.height() == pytest.approx((z - low) / (high - low), abs=1e-4)
        assert low - 1e-4 <= z <= high + 1e-4
