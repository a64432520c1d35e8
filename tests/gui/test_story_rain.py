"""The rain dock: a file with rain, its channels (synthetic, and named so, or real ones), sensors on and off by hand."""

import numpy as np
import pytest
import xarray
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.gui.show.channel_pictures import channel_maps, mean_maps, member_maps, sensor_rows
from diffview.models.gaussian import Gaussian

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")
N, SIDE = 60, 32


@pytest.fixture(scope="module")
def rainy(tmp_path_factory):
    """Sixty hours of rain, and a temperature that follows it."""
    rng = np.random.default_rng(0)
    law = Gaussian.power_law(SIDE, SIDE, 3.0, 2.0, 0.25, 0.8)
    rain = np.expm1(law.sample(rng.standard_normal((N, SIDE, SIDE))).clip(0)).astype(np.float32)
    cold = (290 - 5 * np.log1p(rain) + rng.standard_normal(rain.shape)).astype(np.float32)
    path = str(tmp_path_factory.mktemp("rain") / "rainy.nc")
    dims = "time", "lat", "lon"
    xarray.Dataset(
        {"rain": (dims, rain, {"units": "mm h-1"}), "tb": (dims, cold, {"units": "K"})},
        {"time": ("time", np.arange(float(N)), {"units": "hours since 2019-06-10"}),
         "lat": ("lat", 10 - np.arange(SIDE) / SIDE, {"units": "degrees_north"}),
         "lon": ("lon", np.arange(SIDE) / SIDE, {"units": "degrees_east"})},
    ).to_netcdf(path, engine="h5netcdf")  # fmt: skip
    return path


@pytest.fixture
def rain(open_window, rainy, wait):
    """A window on that file, with its rain dock."""
    window = open_window(QUICK.but(path=rainy, dataset="rain", region=None, model="gaussian"))
    wait(lambda: window.session.facts.field.name == "rain")
    window.actions_["earthLayoutAction"].trigger()
    assert window.docks["rainDock"].isVisible() and not window.docks["daysDock"].isHidden()
    return window


def _make(window, hand, find, wait, members=16, fields=4):
    find(window, "rainMembers").setValue(members)
    find(window, "rainFields").setValue(fields)
    hand.click(find(window, "rainButton"))
    wait(lambda: not window.channels.active and window.channels.sheet is not None)
    return window.channels.sheet


def test_rain_is_made_from_channels_that_are_called_synthetic(rain, hand, find, wait, settle):
    assert find(rain, "rainBadge").text().startswith("SYNTHETIC channels: computed from the rain itself")
    sheet = _make(rain, hand, find, wait)
    assert sheet.members.shape == (16, 4, SIDE, SIDE) and sheet.task.synthetic
    assert find(rain, "rainSays").text().startswith("16 members of 4 held-out fields by the exact law")
    shown = [find(rain, f"rain{key}Pictures") for key in ("Channels", "Members", "Mean")]
    assert [len(view.pictures) for view in shown] == [3, 4, 3]
    assert [one.name for one in shown[2].pictures] == ["mean", "spread", "truth"]
    plots = ("Histogram", "Coherence", "Moments", "Above", "Ranks")
    assert all(find(rain, f"rain{name}View").isVisibleTo(rain.docks["rainDock"].widget()) for name in plots)
    coherence = {line.name for line in find(rain, "rainCoherenceView").lines}
    assert coherence == {"two members", "member and truth", "mean and truth"}
    moments = find(rain, "rainMomentsView").lines
    assert [line.name for line in moments if line.told] == ["members", "mean", "truth"] and len(moments) == 9
    first = shown[2].pictures[2].image
    find(rain, "rainField").setValue(3)
    assert shown[2].pictures[2].image != first, "another field"
    settle(rain)


def test_a_sensor_is_switched_off_by_hand_and_the_spread_grows(rain, hand, find, wait, settle):
    before = _make(rain, hand, find, wait)
    panel = rain.docks["rainDock"].widget()
    panel.ensureWidgetVisible(find(rain, "rainSensor_microwave8"))
    hand.click(find(rain, "rainSensor_microwave8"))
    wait(lambda: not rain.channels.active and rain.channels.sheet is not before)
    after = rain.channels.sheet
    assert after.off == ("microwave8",) and after.task is before.task, "the law is fitted once"
    assert after.spread > before.spread and after.members.std(0, ddof=1).mean() > before.members.std(0, ddof=1).mean()
    assert "without microwave8 it is" in find(rain, "rainSays").text()
    pictures = find(rain, "rainChannelsPictures").pictures
    assert pictures[0].words == "off" and pictures[1].words.endswith(" K")
    settle(rain)


def test_channels_of_the_data_panel_take_the_place_of_synthetic_ones(rain, rainy, hand, find, wait, settle):
    line = find(rain, "conditionEdit")
    rain.docks["dataDock"].show()
    QTest.keyClicks(line, "tb . tb")
    QTest.keyClick(line, Qt.Key.Key_Return)
    settle(rain)
    wait(lambda: find(rain, "rainBadge").text() == "Channels of the Data panel, matched by time.")
    assert find(rain, "rainSensor_tb").isChecked()
    sheet = _make(rain, hand, find, wait)
    assert not sheet.task.synthetic and sheet.task.names == ("tb",) and sheet.task.units == ("K",)
    maps = channel_maps(sheet, 0)
    assert [one.name for one in maps] == ["tb"] and maps[0].words.endswith("K")
    np.testing.assert_allclose(maps[0].values, sheet.task.seen[0, 0], rtol=1e-6)
    mean, spread, truth = mean_maps(sheet, 1)
    np.testing.assert_allclose(spread.values, sheet.members[:, 1].std(0, ddof=1), rtol=1e-5)
    assert mean.limits == truth.limits == member_maps(sheet, 1)[0].limits
    assert [row[0] for row in sensor_rows(sheet)] == ["given", "every sensor", "nothing"]
    settle(rain)


def test_without_a_file_the_button_says_what_to_open(window, find, settle):
    window.docks["rainDock"].toggleViewAction().trigger()
    button = find(window, "rainButton")
    assert not button.isEnabled() and "Open a file with many fields of rain." in button.toolTip()
    settle(window)
