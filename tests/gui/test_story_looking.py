"""Opening and looking: the window opens alive, everything stands at the same place, zoom, presentation, names."""

import gc
import itertools
import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QAccessible, QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QPushButton, QSlider, QToolButton, QWidget

from diffview.fields.field import Region
from diffview.fields.numbers import number
from diffview.fields.transforms import TRANSFORMS
from diffview.forward.schedules import SCHEDULES
from diffview.gui.show.model_words import model_rows, power_law_text
from diffview.gui.theme import theme
from diffview.gui.widgets.small.word_area import WordArea
from diffview.gui.window.layouts import LAYOUTS
from diffview.models.choice import TrainingCrops
from diffview.models.gaussian import PowerLaw
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import DECLARED, default_recipe
from diffview.scores.gap import filling

KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


# -- it opens alive


def test_the_window_opens_alive(open_window):
    window = open_window(recipe=None)
    assert window.session.recipe == default_recipe()
    assert window.heard == []
    run = window.live.run
    assert (run.state, run.plan.recipe.denoiser.model, len(run.trajectory)) == ("finished", "local", 19)
    assert window.live.step is run.trajectory.last
    assert window.session.view.playhead == 0
    made, start = run.trajectory.last.y[0, 0], run.trajectory.kept[0].y[0, 0]
    assert neighbours(made) > 0.7, "the last picture has structure"
    assert abs(neighbours(start)) < 0.1, "the first one is noise"
    assert 0.3 < made.std() < 3
    shown = window.reverse.view.indices()
    assert len(np.unique(shown)) > 50
    assert window.reverse.view.levels() == window.forward.view.levels() == window.field.view.levels() == (-2.5, 2.5)
    assert window.session.view.limits == (-2.5, 2.5)


def neighbours(x):
    """Correlation of pixels that lie side by side."""
    return float(np.corrcoef(x[:, 1:].ravel(), x[:, :-1].ravel())[0, 1])


def test_nothing_is_rescaled_from_frame_to_frame(window, find):
    for row in (0, 300, 1000):
        find(window, "timeSlider").setValue(row)
        assert window.forward.view.levels() == window.reverse.view.levels() == (-2.5, 2.5)
        x = window.session.frame().x_t
        level = np.clip(np.floor((x.astype(float) + 2.5) / 5 * 255 + 0.5), 0, 255).astype(int)
        assert (np.abs(window.forward.view.indices() - level) <= 1).all()


SCRIPT = """
import json, sys, tempfile
from pathlib import Path
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings
app = application()
window = create_window(settings=Settings(Path(tempfile.mkdtemp()) / "a.ini"))
show_window(window, (1600, 1000))
while window.live.step is None or window.live.step.index < 1:
    app.processEvents()
names = {name.split(".")[0] for name in sys.modules}
print(json.dumps(sorted(names)))
window.close()
"""


def test_before_the_first_live_frame_nothing_heavy_is_imported():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.strip().splitlines()[-1]))
    assert {"numpy", "pyqtgraph", "PySide6"} <= loaded
    assert loaded & {"torch", "scipy", "xarray", "h5py", "cmap", "netCDF4", "pandas", "matplotlib"} == set()


# -- scrubbing


def all_at(window, find, row):
    """Every pane is at row `row` of the chain."""
    session, length = window.session, window.session.recipe.start.chain_length
    t = row / length
    assert session.view.playhead == pytest.approx(t, abs=1e-12)
    s = float(session.recipe.course.schedule.noise_level(t))
    assert session.frame().s == s
    assert find(window, "timeSlider").value() == row
    assert find(window, "scheduleEditor").playhead_x == pytest.approx(t)
    assert find(window, "scaleTimeView").playhead_x == pytest.approx(t)
    alpha, sigma = (float(c) for c in session.recipe.course.schedule(t))
    eps = session.forward.path.eps()
    x_t = np.float32(alpha) * session.plan.x0 + np.float32(sigma) * eps
    for at in ((0, 0), (20, 33), (63, 63)):
        assert window.forward.view.value_at(*at) == pytest.approx(float(x_t[at]), abs=1e-4)
    assert f"t {row} " in window.forward.caption.text()
    step = window.live.step
    places = [float(session.recipe.course.schedule.t_of(kept.s)) for kept in window.live.run.trajectory.kept]
    assert abs(places[step.index] - t) == min(abs(place - t) for place in places), "not the nearest step"
    z = float(session.recipe.course.schedule.scale(step.s)) * step.y[0, 0]
    assert window.reverse.view.value_at(20, 33) == pytest.approx(float(z[20, 33]), abs=1e-4)
    assert f"step {step.index}/" in window.reverse.caption.text()


def test_dragging_the_slider_moves_everything(window, hand, find):
    slider = find(window, "timeSlider")
    pictures = []
    start = QPointF(slider.x_of(slider.value()), slider.height() / 2)
    hand.press(slider, start)
    for row in (100, 333, 800, 450):
        hand.move(slider, QPointF(slider.x_of(row), slider.height() / 2))
        assert abs(slider.value() - row) <= 1
        all_at(window, find, slider.value())
        pictures.append(window.forward.view.indices().copy())
    hand.release(slider, QPointF(slider.x_of(450), slider.height() / 2))
    assert len({p.tobytes() for p in pictures}) == 4
    assert not window.session.view.follow


@pytest.mark.parametrize("name", ["scheduleEditor", "scaleTimeView"])
def test_dragging_the_playhead_in_a_plot_moves_everything(window, hand, find, name):
    plot = find(window, name)
    window.session.look(playhead=0.9, follow=False)
    y = plot.plot_rect.top() + 0.12 * plot.plot_rect.height()
    places = [QPointF(plot.to_pixel(t, plot.y_axis.low).x(), y) for t in (0.9, 0.7, 0.31, 0.62)]
    hand.press(plot, places[0])
    for place in places[1:]:
        hand.move(plot, place)
        slider = find(window, "timeSlider").value()
        assert abs(slider / 1000 - plot.from_pixel(place)[0]) < 0.01
        if name == "scheduleEditor":
            all_at(window, find, slider)
    hand.release(plot, places[-1])


def test_another_axis_moves_the_playhead_of_every_plot(window, find):
    window.session.look(playhead=0.3)
    window.session.look(axis="ln_s")
    ln_s = float(np.log(window.session.recipe.course.schedule.noise_level(0.3)))
    for name in ("scheduleEditor", "scaleTimeView"):
        assert find(window, name).playhead_x == pytest.approx(ln_s), name


def test_the_thumb_and_the_playhead_lie_over_each_other(window, find):
    plot, slider = find(window, "scheduleEditor"), find(window, "timeSlider")
    for row in (0, 500, 1000):
        above = plot.viewport().mapToGlobal(plot.to_pixel(row / 1000, 0)).x()
        below = slider.mapToGlobal(QPointF(slider.x_of(row), 0)).x()
        assert abs(above - below) <= 1.5


KEYS = [
    (KEY.Key_Right, 401),
    (KEY.Key_Left, 399),
    (KEY.Key_PageDown, 450),
    (KEY.Key_PageUp, 350),
    (KEY.Key_Home, 0),
    (KEY.Key_End, 1000),
]


@pytest.mark.parametrize("where", ["timeSlider", "window", "forwardView"])
def test_keys_scrub(window, hand, find, where):
    keys = KEYS if where != "forwardView" else KEYS[2:]  # arrows pan a picture that has the focus
    for key, row in keys:
        window.session.look(playhead=0.4, follow=False)
        target = window if where == "window" else find(window, where)
        if where != "window":
            target.setFocus()
        hand.key(target, key)
        all_at(window, find, row)


def test_keys_stop_at_the_ends(window, hand, find):
    slider = find(window, "timeSlider")
    slider.setFocus()
    for key, row in ((KEY.Key_Home, 0), (KEY.Key_Left, 0), (KEY.Key_PageUp, 0), (KEY.Key_End, 1000),
                     (KEY.Key_Right, 1000), (KEY.Key_PageDown, 1000)):  # fmt: skip
        hand.key(slider, key)
        assert slider.value() == row


def test_space_plays_the_forward_process_and_pauses_it(window, hand, find, wait, settle):
    slider = find(window, "timeSlider")
    slider.setFocus()
    window.session.look(playhead=0.0, follow=False, pace=0.5)
    hand.key(slider, KEY.Key_Space)
    assert window.player.playing
    assert not window.is_idle()
    wait(lambda: slider.value() > 100)
    hand.key(slider, KEY.Key_Space)
    assert not window.player.playing
    at = slider.value()
    all_at(window, find, at)
    hand.key(slider, KEY.Key_Space)
    settle(window)
    all_at(window, find, 1000)
    hand.click(find(window, "playButton"))
    assert window.player.playing
    hand.drag(slider, QPointF(slider.x_of(500), slider.height() / 2))
    assert not window.player.playing, "a hand on the slider takes over"


def test_it_plays_back_and_again_at_another_pace(window, hand, find, wait, settle):
    slider = find(window, "timeSlider")
    slider.setFocus()
    window.session.look(playhead=0.0, follow=False, pace=0.5)
    hand.key(slider, KEY.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert window.player.playing
    wait(lambda: 500 < slider.value() < 1000)
    settle(window)
    all_at(window, find, 0)
    assert window.live.step is window.live.run.trajectory.last
    hand.key(slider, KEY.Key_L)
    assert window.actions_["loopAction"].isChecked() and window.session.view.loop
    seen = []
    window.session.changed.connect(lambda change: seen.append(change.new.view.playhead))
    hand.key(slider, KEY.Key_Space)
    wait(lambda: any(b < a for a, b in itertools.pairwise(seen)))
    assert window.player.playing and max(seen) == 1, "to the end, and from the start again"
    row = slider.value()
    window.actions_["paceThirtyAction"].trigger()
    window.actions_["loopAction"].trigger()
    assert abs(slider.value() - row) <= 100 and window.player.playing, "another pace moves nothing"
    window.session.look(pace=0.2)
    settle(window)
    all_at(window, find, 1000)


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")
def test_the_button_that_plays_has_a_menu_of_how(window, find):
    play = find(window, "playButton")
    play.customContextMenuRequested.emit(QPoint(3, 3))
    menu = window.timeline.menu
    assert [action.text() for action in menu.actions()][:3] == [
        "Play the forward process", "Play back from noise", "Play again and again",
    ]  # fmt: skip
    window.session.look(pace=10.0)
    assert [action.text() for action in menu.actions() if action.isChecked()] == ["Play in 10 s"]
    menu.close()


# -- pictures side by side


def wheel(view, at, notches):
    at = QPointF(*at)
    event = QWheelEvent(
        at, QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize("hand_on,other", [("forwardView", "reverseView"), ("reverseView", "forwardView")])
def test_forward_and_reverse_zoom_and_pan_together(window, hand, find, hand_on, other):
    a, b = find(window, hand_on), find(window, other)
    whole, field = a.view_rect(), find(window, "fieldView").view_rect()
    wheel(a, (120, 90), 4)
    assert a.view_rect() == b.view_rect() != whole
    zoomed = a.view_rect()
    hand.drag(a, QPointF(150, 150), QPointF(130, 140), QPointF(100, 120))
    assert a.view_rect() == b.view_rect() != zoomed
    assert find(window, "fieldView").view_rect() == field
    panned = a.view_rect()
    window.session.edit(seed=4)
    find(window, "timeSlider").setValue(200)
    assert a.view_rect() == b.view_rect() == panned, "the zoom stays while the pictures change"
    QTest.mouseDClick(b, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert a.view_rect() == b.view_rect() == whole


def test_the_crosshair_is_in_both_pictures_and_the_status_line_reads_them(window, hand, find):
    forward, reverse = find(window, "forwardView"), find(window, "reverseView")
    find(window, "timeSlider").setValue(100)
    plain = reverse.grab().toImage()
    at = forward.to_widget(QPointF(20.5, 10.5))
    hand.mouse(forward, QEvent.Type.MouseMove, at)
    assert reverse.grab().toImage() != plain
    text = window.status.right.text()
    assert "row 10, column 20" in text
    x0 = float(window.session.facts.field.values[40 + 10, 120 + 20])
    assert f"x₀ {x0:.1f} K" in text
    hand.mouse(forward, QEvent.Type.MouseMove, QPointF(-5, -5))
    assert reverse.grab().toImage() == plain


def test_values_of_pure_noise_are_not_read_as_physics(window, hand, find):
    forward = find(window, "forwardView")
    find(window, "timeSlider").setValue(1000)
    hand.mouse(forward, QEvent.Type.MouseMove, forward.to_widget(QPointF(20.5, 10.5)))
    x_t = window.status.right.text().split("xₜ")[1].split("reverse")[0]
    assert "(noise)" in x_t
    assert "K" not in x_t


def test_forward_shows_the_whole_slice_on_demand(window, hand, find):
    button, view = find(window, "wholeSliceButton"), find(window, "forwardView")
    window.session.look(playhead=0.0, follow=False)
    assert view.indices().shape == (64, 64)
    hand.click(button)
    assert window.session.view.whole_slice
    assert view.indices().shape == (160, 256)
    values = window.session.facts.field.values
    z = window.session.plan.transform(values)
    assert view.value_at(100, 100) == pytest.approx(float(z[100, 100]), abs=1e-5)
    missing = np.argwhere(np.isnan(values))[0]
    assert view.value_at(*missing) is None
    find(window, "timeSlider").setValue(500)
    assert view.value_at(100, 100) != pytest.approx(float(z[100, 100]), abs=1e-5)
    assert view.value_at(*missing) is None
    hand.click(button)
    assert view.indices().shape == (64, 64)
    assert not window.session.can_undo()


# -- presenting, appearance, size of text


def test_presenting_hides_what_is_not_for_the_audience_and_comes_back(window, hand, find, settle):
    settle(window)  # Esc would give up reading the file's tree first
    furniture = [window.menuBar(), window.status, window.data_dock, window.inspector_dock]
    furniture += [find(window, name) for name in ("densityButton", "pencilButton", "forkButton")]
    furniture += [find(window, name) for name in ("pathModeControl", "reverseKindControl")]
    before = [w.isVisible() for w in furniture], theme.scale, window.isFullScreen()
    assert all(before[0])
    hand.key(window, KEY.Key_F11)
    assert window.isFullScreen()
    assert not any(w.isVisible() for w in furniture)
    for name in ("forwardView", "reverseView", "scheduleEditor", "timeSlider"):
        assert find(window, name).isVisible()
    hand.key(window, KEY.Key_PageDown)
    hand.key(window, KEY.Key_Escape)
    assert ([w.isVisible() for w in furniture], theme.scale, window.isFullScreen()) == before
    find(window, "presentAction").trigger()
    assert window.isFullScreen()
    find(window, "presentAction").trigger()
    assert not window.isFullScreen()


def test_at_1280_x_720_the_pictures_that_are_presented_have_heads_of_one_row_and_like_widths(
    open_window, hand, wait, rest, monkeypatch
):
    window = open_window(size=(1280, 720))
    screen = SimpleNamespace(size=lambda: QSize(1280, 720), availableGeometry=lambda: QRect(0, 0, 1280, 720))
    monkeypatch.setattr(window, "screen", lambda: screen)
    monkeypatch.setattr(window, "showFullScreen", lambda: window.resize(1280, 720))
    hand.key(window, KEY.Key_F11)
    wait(lambda: theme.scale > 1 and window.updatesEnabled())
    for mode in ("x_t", "shot_eps"):
        window.session.look(reverse=mode, playhead=0.5, follow=False)
        rest(window)
        cards = window.field, window.forward, window.reverse
        tops = [card.view.mapTo(card, QPoint()).y() for card in cards]
        assert max(tops) <= theme.px(48), f"{tops}: a second row is {theme.px(30)} higher"
        widths = [card.width() for card in cards]
        assert max(widths) - min(widths) <= 4, widths
    hand.key(window, KEY.Key_F11)


def test_o_shows_one_shot_of_the_model_and_the_run_again(window, hand, find):
    window.session.look(playhead=0.5, follow=False, reverse="eps_hat")
    hand.key(window, KEY.Key_O)
    assert window.session.view.reverse == "shot_eps" and find(window, "oneShotAction").isChecked()
    assert find(window, "reverseKindControl").key() == "shot"
    hand.key(window, KEY.Key_O)
    assert window.session.view.reverse == "eps_hat" and not find(window, "oneShotAction").isChecked()


def test_the_appearance_changes_everywhere_and_is_remembered(window, find):
    find(window, "lightAction").trigger()
    find(window, "darkAction").trigger()
    dark = window.grab().toImage()
    find(window, "lightAction").trigger()
    light = window.grab().toImage()
    assert theme.palette.name == "light"
    assert find(window, "lightAction").isChecked()
    assert not find(window, "darkAction").isChecked()
    assert window.settings.text("theme", "") == "light"
    for name in ("scheduleEditor", "histogramView", "spectrumView", "messageBar", "filmStrip"):
        widget = find(window, name)
        if widget.isVisible():
            at = widget.mapTo(window, QPoint(3, 3))
            assert light.pixelColor(at).lightness() > dark.pixelColor(at).lightness() + 60, name
    find(window, "darkAction").trigger()
    assert window.grab().toImage() == dark


def test_text_is_zoomed_by_keys(window, hand, find):
    label = window.forward.caption
    size = label.font().pixelSize()
    hand.key(window, KEY.Key_Equal, CTRL)
    hand.key(window, KEY.Key_Equal, CTRL)
    assert theme.scale > 1
    assert label.font().pixelSize() > size
    hand.key(window, KEY.Key_Minus, CTRL)
    once = theme.scale
    assert once > 1
    hand.key(window, KEY.Key_0, CTRL)
    assert theme.scale == 1
    assert label.font().pixelSize() == size


def test_text_too_large_for_the_screen_leaves_the_window_on_it(window, hand, find, wait, monkeypatch):
    window.resize(window.minimumSizeHint().width(), window.height())
    for _ in range(3):  # heads of cards fold where the window is narrow, and it needs less room than before
        QApplication.processEvents()
    room = QRect(0, 0, window.minimumSizeHint().width() + 8, window.height())
    window.resize(room.size())
    monkeypatch.setattr(window, "screen", lambda: SimpleNamespace(availableGeometry=lambda: room))
    hand.key(window, KEY.Key_Equal, CTRL)
    wait(find(window, "messageBar").isVisible)
    assert "cannot be larger" in find(window, "messageBar").text() and theme.scale == 1
    wait(lambda: window.width() <= room.width())


def test_larger_text_becomes_smaller_in_a_layout_that_has_no_room_for_it(open_window, find, wait, rest, monkeypatch):
    """It was taken in Train, which needs less height than Explore with its column of plots."""
    window, rooms = open_window(size=(1280, 720)), [QRect(0, 0, 4000, 4000)]
    monkeypatch.setattr(window, "screen", lambda: SimpleNamespace(availableGeometry=lambda: rooms[-1]))
    find(window, "zoomInAction").trigger()
    larger, needs = theme.scale, []
    for name in ("exploreLayoutAction", "trainLayoutAction"):
        find(window, name).trigger()
        rest(window)
        needs.append(window.minimumSizeHint().height())
    assert larger > 1 and needs[1] < needs[0]
    find(window, "zoomResetAction").trigger()
    rooms.append(QRect(0, 0, 1280, needs[0] - 1))
    window.resize(rooms[-1].size())
    rest(window)
    find(window, "zoomInAction").trigger()
    QTest.qWait(300)  # it is taken: there is room for it
    assert theme.scale == larger and "cannot be larger" not in find(window, "messageBar").text()
    find(window, "exploreLayoutAction").trigger()
    wait(lambda: theme.scale == 1)
    wait(lambda: "no room on the screen for larger" in find(window, "messageBar").text())
    wait(lambda: window.height() <= rooms[-1].height())


def test_larger_text_fits_a_small_screen_in_every_layout_until_a_gap_needs_more(
    open_window, find, wait, rest, monkeypatch
):
    """Buttons that the menus have are left out where there is no room for them, and come back."""
    window, room = open_window(size=(1024, 700)), QRect(0, 0, 1024, 700)
    monkeypatch.setattr(window, "screen", lambda: SimpleNamespace(availableGeometry=lambda: room))
    rest(window)
    spare = find(window, "exportButton"), find(window, "presentButton")
    assert all(button.isVisible() for button in spare)
    find(window, "zoomInAction").trigger()
    for layout in LAYOUTS:
        find(window, layout).trigger()
        QTest.qWait(300)
        assert theme.scale > 1 and not any(button.isVisible() for button in spare), layout
        assert window.width() <= room.width() and window.height() <= room.height(), layout
    assert "screen" not in find(window, "messageBar").text()
    find(window, "exploreLayoutAction").trigger()
    recipe = window.session.recipe
    window.session.edit(hidden=(window.session.plan.region.middle,), **filling(recipe))
    wait(lambda: theme.scale == 1)
    wait(lambda: "no room on the screen for larger" in find(window, "messageBar").text())
    wait(lambda: window.width() <= room.width() and all(button.isVisible() for button in spare))


def test_a_layout_keeps_the_size_of_a_small_window(window, find):
    window.resize(window.minimumSizeHint())
    small = window.size()
    for name in ("compareLayoutAction", "trainLayoutAction", "exploreLayoutAction"):
        find(window, name).trigger()
        for _ in range(3):
            QApplication.processEvents()
        assert window.size() == small, name


# -- names

NAMED = """fieldView forwardView reverseView scheduleEditor scheduleCombo timeSlider histogramView spectrumView
scaleTimeView dataTree runButton stopButton samplerCombo stepsSpin seedSpin modelCombo filmStrip"""


def test_the_promised_controls_have_names_for_tests_and_for_screen_readers(window, find):
    for name in NAMED.split():
        widget = find(window, name)
        assert isinstance(widget, QWidget), name
        assert widget.isVisible(), name
        assert QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name), name


def test_the_message_bar_and_the_present_action_have_names(window, find):
    assert isinstance(find(window, "presentAction"), QAction)
    assert not find(window, "messageBar").isVisible()
    window.session.edit(steps=0)
    bar = find(window, "messageBar")
    assert bar.isVisible()
    assert bar.text() in QAccessible.queryAccessibleInterface(bar).text(QAccessible.Text.Name)


def test_no_control_is_nameless(window):
    kinds = (QPushButton, QToolButton, QComboBox, QAbstractSpinBox, QSlider)
    bare = []
    for widget in window.findChildren(QWidget):
        if isinstance(widget, kinds) and not widget.objectName().startswith("qt_"):
            named = bool(widget.objectName()) or bool(widget.property("key"))  # buttons of a segmented control
            if not (named and QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)):
                inside = isinstance(widget.parent(), (QComboBox, QAbstractSpinBox))
                bare += [] if inside else [(type(widget).__name__, widget.objectName())]
    assert [b for b in bare if b[1] != "messageAction"] == []  # its text comes with a message


def test_lists_carry_the_keys_of_their_tables(window, find):
    tables = {
        "scheduleCombo": SCHEDULES, "samplerCombo": SAMPLERS, "transformCombo": ["auto", *TRANSFORMS],
        "modelCombo": [row.key for row in model_rows(window.session.facts)],
        "deviceCombo": DECLARED["device"].allowed.options,
    }  # fmt: skip
    for name, table in tables.items():
        combo = find(window, name)
        assert [combo.itemData(i) for i in range(combo.count())] == list(table), name
        assert all(combo.itemText(i) for i in range(combo.count()))


# -- at length


def test_scrubbing_loses_no_references(open_window, find):
    window = open_window(QUICK)
    slider = find(window, "timeSlider")

    def scrub(frames):
        for i in range(frames):
            slider.setValue((i * 37) % 1001)
            QApplication.processEvents()  # paints

    scrub(30)
    gc.collect()  # what earlier tests left must not go while we count
    gc.disable()
    try:
        before = [sys.getrefcount(one) for one in (None, True, False)]
        scrub(300)
        after = [sys.getrefcount(one) for one in (None, True, False)]
    finally:
        gc.enable()
    for was, now in zip(before, after, strict=True):
        assert now > was - 60  # PySide 6.12.0 on Python 3.11 loses 4,600 of None and 960 of True
        assert now < was + 3000


def test_the_three_numbers_of_a_power_law_are_told(open_window, settle):
    window = open_window(QUICK.but(model="power_law"))
    settle(window)
    law, text = window.live.fitted, window.inspector.fit_text.text()
    assert f"slope is β = {law.beta:.2f}" in text and f"A = {number(law.amplitude)} std²" in text
    window.session.edit(model="gaussian")
    settle(window)
    assert "slope" not in window.inspector.fit_text.text()


@pytest.mark.parametrize(
    ("k0", "said"),
    [(0.3, "does not bend within a crop (k₀ = 0.30)"), (4.0, "bends at k₀ = 4.00 cycles per crop, 32.00 km")],
)
def test_where_a_power_law_bends(k0, said):
    law = PowerLaw(0.0, np.ones((64, 33)), 64, 7.0, k0, 3.0)
    model = TrainingCrops("power_law", np.zeros((64, 64), np.float32), (Region(0, 0, 64, 64),), False)
    assert said in power_law_text(law, model, (2.0, 2.0)) and "β = 3.00" in power_law_text(law, model, None)
    assert power_law_text(None, model, None) == ""


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_the_data_dock_has_room_for_all_it_has(open_window, size, wait, rest):
    window = open_window(size=size)
    window.actions_["exploreLayoutAction"].trigger()
    window.data_dock.raise_()
    panel = window.data_dock.widget()
    wait(panel.isVisible)
    panel.notes.setText("What was done to the values, at some length. " * 6)
    panel.notes.show()
    rest(window)
    rects = [QRect(w.mapTo(panel, QPoint(0, 0)), w.size()) for w in panel.findChildren(QComboBox) if w.isVisible()]
    assert all(not a.intersects(b) for a, b in itertools.combinations(rects, 2))
    assert min(rect.height() for rect in rects) >= 26
    tree = panel.tree.tree
    wait(lambda: tree.model().rowCount() > 0)
    row = tree.visualRect(tree.model().index(0, 0)).height()
    assert row > 0 and tree.viewport().height() >= 3 * row, "three variables are to be seen"
    words = panel.findChild(WordArea)
    whole = words.verticalScrollBar().maximum() == 0
    assert whole == (size[1] == 1000) and words.height() >= 52
