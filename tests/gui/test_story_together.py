"""The dock of fields that are made together: channels and times named by hand, each seen in its units."""

import numpy as np
import pytest
from conftest import QUICK
from daily_twins import write_pair
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import diffview
from diffview.fields.field import Region
from diffview.gui.show.month_pictures import calendar_sheet
from diffview.gui.show.together_pictures import channel_frames, frame_series, frame_sheets, frame_spectrum

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")
SEA = Region(0, 5, 16, 15)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    path = tmp_path_factory.mktemp("pair") / "pair.nc"
    write_pair(path, 60, 40)
    return str(path)


@pytest.fixture
def beside(open_window, pair, wait, settle):
    """A window on that file, with the dock in front."""
    asked = QUICK.but(path=pair, dataset="sst", region=SEA, model="gaussian", members=3, steps=4, index=(36,))
    window = open_window(asked)
    wait(lambda: window.session.facts.field.name == "sst")
    settle(window)
    window.docks["togetherDock"].toggleViewAction().trigger()
    window.docks["togetherDock"].raise_()
    return window


def _type(hand, field, text):
    hand.click(field)
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def _make(window, hand, find, wait):
    hand.click(find(window, "togetherButton"))
    wait(lambda: not window.together.active and window.together.job is not None)
    return window.together.made


def test_channels_and_times_are_named_by_hand_and_made_as_the_library_makes_them(
    beside, pair, hand, find, wait, settle
):
    button = find(beside, "togetherButton")
    assert not button.isEnabled() and "Name channels beside the field, or more times" in button.toolTip()
    _type(hand, find(beside, "togetherChannels"), "ice")
    hand.type_number(find(beside, "togetherTimes"), "5")
    assert beside.session.recipe.frames.channels == ("ice",) and beside.session.recipe.frames.sequence == 5
    settle(beside)
    made = _make(beside, hand, find, wait)
    core = diffview.sample(recipe=beside.session.recipe)
    sst, ice = channel_frames(made)
    np.testing.assert_allclose(sst.members, core.sst, atol=1e-5)
    np.testing.assert_allclose(ice.members, core.ice, atol=1e-4)
    assert (sst.name, ice.name, ice.units) == ("sst", "ice", "%")
    assert find(beside, "togetherSays").text().startswith("3 x sst, ice at 5 times from frame 1 of 5, made together.")
    views = beside.docks["togetherDock"].widget().views
    np.testing.assert_array_equal(views["made"].values, calendar_sheet(sst.members[0]))
    assert views["time"].isVisibleTo(beside.docks["togetherDock"].widget()) and not views["real"].isVisible()
    hand.choose(find(beside, "togetherChannel"), 1)
    np.testing.assert_array_equal(views["made"].values, calendar_sheet(ice.members[0]))
    settle(beside)


def test_a_start_from_the_fields_stands_beside_them(beside, hand, find, wait, settle):
    beside.session.edit(sequence=4, origin="field", level=0.5)
    settle(beside)
    made = _make(beside, hand, find, wait)
    (sst,) = channel_frames(made)
    assert sst.real.shape == (4, 16, 15) and sst.dates[0] == "2001-02-06"
    found = frame_sheets(sst)
    assert [*found] == ["made", "mean", "spread", "real", "noise", "time"]
    assert found["made"].limits == found["real"].limits == found["mean"].limits
    np.testing.assert_allclose(found["spread"].values, calendar_sheet(sst.members.std(0, ddof=1)), rtol=1e-5)
    lines, band = frame_series(sst, (3, 4))
    real = sst.real[:, 3, 4].astype(np.float64)
    np.testing.assert_allclose(lines[1].y, real - real.mean(), atol=1e-6)
    assert (band[1] <= lines[0].y).all() and (band[2] >= lines[0].y).all()
    own, _ = frame_spectrum(sst)
    departures = sst.members[0] - sst.members[0].mean(0)
    power = own.y * np.r_[np.full(len(own.y) - 1, 2.0), 1.0]  # of four frames the last mode stands alone
    assert power.sum() == pytest.approx(float((departures.astype(np.float64) ** 2).sum(0).mean()), rel=1e-4)
    settle(beside)


def test_what_cannot_be_made_is_said_in_a_sentence_and_nothing_is_lost(beside, hand, find, wait, settle):
    _type(hand, find(beside, "togetherChannels"), "coarse")
    settle(beside)
    assert _make(beside, hand, find, wait) is None
    assert "coarse has time 60, 16 x 10 pixels" in find(beside, "togetherSays").text()
    _type(hand, find(beside, "togetherChannels"), "wind")
    settle(beside)
    assert _make(beside, hand, find, wait) is None
    assert "wind" in find(beside, "togetherSays").text()
    _type(hand, find(beside, "togetherChannels"), "")
    wait(lambda: not find(beside, "togetherButton").isEnabled())
    assert beside.session.facts.field.name == "sst"
    settle(beside)
