"""Colour bar, message bar, card, segmented control and time slider."""

import itertools
import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

from diffview.fields.bar_ticks import bar_ticks
from diffview.fields.colormaps import COLORMAPS
from diffview.gui.theme import theme
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.forms.time_slider import TimeSlider
from diffview.gui.widgets.images.colour_bar import ColourBar
from diffview.gui.widgets.small import message_bar
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel
from diffview.gui.widgets.small.message_bar import MessageBar

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the offscreen plugin, of every window

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


@pytest.fixture(autouse=True)
def installed(qapp):
    theme.install(qapp, "dark")


def shown(qtbot, widget, width, height):
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    return widget


# Colour bar


@pytest.fixture
def bar(qtbot):
    made = shown(qtbot, ColourBar(), 70, 320)
    made.set_colormap(COLORMAPS["ice_r"])
    return made


def test_ticks_are_round_in_physical_units_and_at_their_places(bar):
    bar.set_scale(-2.5, 2.5, lambda z: 270 + 18 * z, lambda k: (k - 270) / 18, "K")
    ticks, rect = bar.ticks(), bar.bar_rect()
    assert [v for v, _ in ticks] == [v for v in range(220, 320) if v % 10 == 0 and 225 <= v <= 315]
    for value, y in ticks:
        share = ((value - 270) / 18 + 2.5) / 5
        assert y == pytest.approx(rect.bottom() - share * rect.height())


def test_the_colour_beside_a_tick_is_that_of_its_value(bar):
    bar.set_scale(0, 1, float, float, "")
    picture, rect = bar.grab().toImage(), bar.bar_rect()
    for share in (0.1, 0.5, 0.9):
        seen = picture.pixelColor(int(rect.center().x()), round(rect.bottom() - share * rect.height()))
        r, g, b = COLORMAPS["ice_r"][round(share * 255)].tolist()
        assert max(abs(seen.red() - r), abs(seen.green() - g), abs(seen.blue() - b)) <= 6


TRANSFORMS = {
    "straight": (lambda z: 3 * z + 1, lambda p: (p - 1) / 3),
    "falling": (lambda z: -z, lambda p: -p),
    "log": (lambda z: 10**z, math.log10),
    "cbrt": (lambda z: z**3, lambda p: math.copysign(abs(p) ** (1 / 3), p)),
    "log1p": (lambda z: math.expm1(z + 2.5), lambda p: math.log1p(p) - 2.5),
    "tiny": (lambda z: 1e-9 * z, lambda p: p / 1e-9),
}


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("height", [90, 200, 700])
def test_ticks_never_overlap_and_stay_on_the_bar(bar, name, height):
    bar.resize(70, height)
    bar.set_scale(-2.5, 2.5, *TRANSFORMS[name], "mm/h")
    ticks, rect = bar.ticks(), bar.bar_rect()
    places = sorted(y for _, y in ticks)
    assert len(ticks) >= (1 if height == 90 else 3)
    assert all(b - a >= theme.px(11) * 1.2 for a, b in itertools.pairwise(places))
    assert rect.top() - 1e-6 <= places[0]
    assert places[-1] <= rect.bottom() + 1e-6


def test_a_log_scale_has_its_powers_of_ten():
    ticks = bar_ticks(0.01, 100, lambda p: 50 * math.log10(p), 24)
    assert {0.01, 0.1, 1, 10, 100} <= {float(f"{t:.9g}") for t in ticks}


def test_a_short_bar_still_has_a_tick():
    assert bar_ticks(225, 335, lambda p: (p - 225) / 110 * 60, 46) == [300]


def test_no_ticks_where_there_is_no_scale():
    assert bar_ticks(1, 1, float, 10) == []
    assert bar_ticks(0, 1, lambda p: math.nan, 10) == []


def test_a_marker_and_the_no_data_swatch_are_seen(bar):
    bare = bar.grab().toImage()
    bar.set_marker(0.5)
    marked = bar.grab().toImage()
    assert marked != bare
    bar.set_marker(None)
    bar.set_no_data_shown(True)
    assert bar.grab().toImage() != bare


# Message bar


@pytest.fixture
def host(qtbot):
    made = shown(qtbot, QWidget(), 700, 200)
    made.line, made.bar = QLineEdit(), MessageBar()
    layout = QVBoxLayout(made)
    layout.addWidget(made.bar)
    layout.addWidget(made.line)
    made.line.setFocus()
    return made


def test_a_message_shows_and_never_takes_the_focus(host):
    focus = QApplication.focusWidget()
    assert host.bar.isHidden()
    host.bar.show_message("The file a.nc cannot be read.", "Is it whole?", "error")
    assert host.bar.isVisible()
    assert host.bar.text() == "The file a.nc cannot be read. Is it whole?"
    assert host.bar.kind() == "error"
    assert QApplication.focusWidget() is focus
    assert "error" in host.bar.accessibleName()


def test_the_action_is_done_once_and_the_bar_goes(host):
    done = []
    host.bar.show_message("Too many members.", kind="error", action=("Use 4", lambda: done.append(4)))
    QTest.mouseClick(host.bar.findChild(QWidget, "messageAction"), LEFT)
    assert done == [4]
    assert host.bar.isHidden()
    host.bar.show_message("Another.")
    assert host.bar.findChild(QWidget, "messageAction").isHidden()


def test_infos_go_by_themselves_and_errors_stay(host, qtbot, wait, monkeypatch):
    monkeypatch.setattr(message_bar, "INFO_MS", 20)
    host.bar.show_message("Saved.")
    wait(host.bar.isHidden)
    assert host.bar.text() == ""
    host.bar.show_message("Broken.", kind="error")
    qtbot.wait(400)
    assert host.bar.isVisible()
    QTest.mouseClick(host.bar.findChild(QWidget, "messageDismiss"), LEFT)
    assert host.bar.isHidden()


def test_an_error_during_the_fading_of_an_info_stays(host, qtbot, monkeypatch):
    monkeypatch.setattr(message_bar, "INFO_MS", 10)
    host.bar.show_message("Saved.")
    qtbot.wait(80)
    host.bar.show_message("Broken.", kind="error")
    qtbot.wait(400)
    assert host.bar.text() == "Broken."
    assert host.bar.graphicsEffect() is None


def test_long_messages_wrap_to_three_lines_and_are_cut(host, qtbot):
    host.bar.show_message("Short.")
    qtbot.wait(1)
    low = host.bar.sizeHint().height()
    host.bar.show_message("Long.", "word " * 400, "warning")
    qtbot.wait(20)
    assert low <= host.bar.height() <= 4 * low
    assert not host.grab().isNull()
    assert host.bar.toolTip().count("word") == 400


# CardFrame, segmented control


def test_a_card_cuts_its_readout_at_the_left_and_keeps_it_whole_in_the_tooltip(qtbot):
    card = shown(qtbot, CardFrame("Forward", "t = 420  ·  log-SNR +0.47  ·  closed form", "forward"), 190, 100)
    card.add(QWidget())
    readout = next(label for label in card.findChildren(ElidedLabel) if label.text() == card.subtitle())
    assert readout.shown_text() == "… closed form"
    assert readout.toolTip() == card.subtitle()
    card.resize(600, 100)
    QApplication.processEvents()
    assert readout.shown_text() == card.subtitle()
    assert readout.toolTip() == ""
    card.set_subtitle("t = 421")
    assert (card.subtitle(), card.title()) == ("t = 421", "Forward")


def test_the_accent_lies_on_top_of_the_card(qtbot):
    card = shown(qtbot, CardFrame("Reverse", accent="reverse"), 200, 100)
    assert card.grab().toImage().pixelColor(100, 0) == theme.colour("reverse")
    bare = shown(qtbot, CardFrame("Reverse"), 200, 100)
    assert bare.grab().toImage().pixelColor(100, 1) == theme.colour("panel")


@pytest.fixture
def segments(qtbot):
    return shown(
        qtbot, SegmentedControl([("xt", "x_t", "noisy"), ("x0", "x0", "clean"), ("eps", "e", "noise")]), 200, 30
    )


def test_one_segment_is_chosen_and_a_click_tells(segments):
    told = []
    segments.changed.connect(told.append)
    assert segments.key() == "xt"
    segments.set_key("eps")
    assert (segments.key(), told) == ("eps", [])
    QTest.mouseClick(segments.button("x0"), LEFT)
    assert (segments.key(), told) == ("x0", ["x0"])


def test_arrows_choose_the_next_segment_that_is_allowed(segments):
    told = []
    segments.changed.connect(told.append)
    segments.set_enabled("x0", False, "The model gives no x0.")
    assert segments.button("x0").toolTip() == "The model gives no x0."
    QTest.keyClick(segments, Qt.Key.Key_Right)
    QTest.keyClick(segments, Qt.Key.Key_Right)
    assert told == ["eps", "xt"]
    segments.set_enabled("x0", True)
    assert segments.button("x0").toolTip() == "clean"
    segments.set_items([("a", "A", ""), ("b", "B", "")])
    assert segments.key() == "a"


# Time slider


@pytest.fixture
def slider(qtbot):
    made = shown(qtbot, TimeSlider(), 540, 24)
    made.setRange(0, 1000)
    made.set_inset(20, 20)
    return made


def test_a_click_goes_to_its_place_at_once(slider):
    told = []
    slider.valueChanged.connect(told.append)
    QTest.mouseClick(slider, LEFT, pos=QPoint(230, 12))
    assert told == [420]
    assert slider.x_of(420) == 230
    assert not slider.isSliderDown()


def test_the_handle_does_not_jump_when_taken_beside_its_middle(slider):
    slider.setValue(500)
    QTest.mousePress(slider, LEFT, pos=QPoint(274, 12))
    assert slider.value() == 500
    QTest.mouseMove(slider, QPoint(324, 12))
    assert slider.value() == 600
    QTest.mouseMove(slider, QPoint(5000, 12))
    assert slider.value() == 1000
    QTest.mouseRelease(slider, LEFT, pos=QPoint(5000, 12))
    assert not slider.isSliderDown()


@pytest.mark.parametrize("key", ["Right", "Left", "Up", "Down", "PageUp", "PageDown", "Home", "End", "Space"])
def test_keys_are_left_to_the_window(slider, key):
    slider.setValue(500)
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key[f"Key_{key}"], Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(slider, event)
    assert not event.isAccepted()
    assert slider.value() == 500


def test_the_wheel_steps(slider):
    for modifier, value in [(Qt.KeyboardModifier.NoModifier, 1), (Qt.KeyboardModifier.ShiftModifier, 51)]:
        event = QWheelEvent(QPointF(9, 9), QPointF(9, 9), QPoint(), QPoint(0, 120), NONE, modifier,
                            Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
        QApplication.sendEvent(slider, event)
        assert slider.value() == value


def test_the_page_follows_the_length_of_the_chain(slider):
    slider.setRange(0, 40)
    assert slider.pageStep() == 2
    slider.setRange(0, 4)
    assert slider.pageStep() == 1


def test_the_way_gone_has_the_forward_colour(slider):
    slider.setValue(500)
    picture = slider.grab().toImage()
    assert picture.pixelColor(100, 12) == theme.colour("forward")
    assert picture.pixelColor(400, 12) == QColor(theme.palette.line)
    assert np.isfinite(slider.x_of(3))


@pytest.mark.parametrize(
    ("width", "shown"), [(400, "sea surface temperature · K"), (80, "sea s… · K"), (14, "K"), (2, "")]
)
def test_of_a_name_with_a_unit_the_unit_is_kept(qtbot, width, shown):
    label = ElidedLabel("sea surface temperature · K", elide=Qt.TextElideMode.ElideMiddle)
    qtbot.addWidget(label)
    label.resize(width, 20)
    if width == 80:
        assert label.shown_text().startswith("sea") and label.shown_text().endswith("… · K")
    else:
        assert label.shown_text() == shown


def test_a_short_name_is_not_taken_for_a_cut_one(qtbot):
    label = ElidedLabel("sst · °C", elide=Qt.TextElideMode.ElideMiddle)
    qtbot.addWidget(label)
    label.resize(90, 20)
    assert label.shown_text() == "sst · °C"
