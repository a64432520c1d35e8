"""The choice of a slice: slider, buttons, number and play say one thing, and tell it once."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.gui.widgets.forms import slice_row
from diffview.gui.widgets.forms.slice_row import SliceRow

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the offscreen plugin, of every window
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def row(qtbot):
    made = SliceRow("time", 5)
    qtbot.addWidget(made)
    made.told, made.rests = [], []
    made.indexChanged.connect(made.told.append)
    made.settled.connect(lambda: made.rests.append(made.value()))
    made.resize(400, 60)
    made.show()
    return made


def test_it_begins_at_the_first_slice_and_names_its_parts(row):
    assert (row.value(), row.spin.value(), row.spin.text()) == (0, 0, "0 of 4")
    row.set_value(0)
    assert row.slider.accessibleName() == "Slices along time" and row.slider.objectName() == "sliceSlider_time"
    assert row.play.accessibleName() == "Play along time" and row.spin.objectName() == "slice_time"


def test_the_slider_tells_while_it_moves_and_settles_when_it_is_let_go(row):
    row.slider.setSliderDown(True)
    row.slider.setValue(2)
    row.slider.setValue(3)
    assert (row.told, row.rests, row.spin.value()) == ([2, 3], [], 3)
    row.slider.setSliderDown(False)
    assert row.rests == [3]


def test_a_held_slider_is_not_moved_under_the_hand(row):
    row.slider.setSliderDown(True)
    row.set_value(4)
    assert row.value() == 0
    row.slider.setSliderDown(False)
    row.set_value(4)
    assert (row.value(), row.spin.value(), row.told) == (4, 4, [])


def test_buttons_step_and_settle(row):
    row.set_value(1)
    for button, value in ((row.on, 2), (row.on, 3), (row.back, 2)):
        QTest.mouseClick(button, LEFT)
        assert row.value() == value
    assert row.told == row.rests == [2, 3, 2]


@pytest.mark.parametrize(
    ("index", "back", "on"),
    [
        (0, (False, "This is the first slice"), (True, "Next slice along time")),
        (2, (True, "Slice before along time"), (True, "Next slice along time")),
        (4, (True, "Slice before along time"), (False, "This is the last slice")),
    ],
)
def test_at_an_end_a_button_says_why_it_does_nothing(row, index, back, on):
    row.set_value(2)
    row.set_value(index)
    if index == 0:
        row.set_texts(())
    assert [(b.isEnabled(), b.toolTip()) for b in (row.back, row.on)] == [back, on]


def test_a_number_that_is_typed_settles_once(row, hand):
    hand.type_number(row.spin, "3")
    assert (row.value(), row.told, row.rests) == (3, [3], [3])


def test_labels_follow_the_slice_if_there_is_one_for_each(row):
    row.set_texts(["Jan", "Feb", "Mar", "Apr", "May"])
    assert row.label.text() == "Jan"
    row.set_value(3)
    assert row.label.text() == "Apr"
    row.set_texts(["too", "few"])
    assert row.label.text() == ""


def test_playing_goes_round_and_waits_for_what_is_read(row, monkeypatch, wait):
    assert slice_row.FRAME_MS == 200
    row.set_value(3)
    QTest.mouseClick(row.play, LEFT)
    wait(lambda: len(row.told) >= 3)
    row.set_busy(True)
    assert row.told[:3] == [4, 0, 1] and row.rests == [], "it settles when it ends"
    row.stop()
    assert not row.play.isChecked() and row.rests == [row.value()]


def test_while_a_slice_is_read_none_is_asked_for(row, qtbot):
    row.set_busy(True)
    QTest.mouseClick(row.play, LEFT)
    qtbot.wait(3 * slice_row.FRAME_MS)
    assert row.told == []
    row.stop()
