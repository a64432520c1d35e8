"""Room and place: what must be read is always there, and nothing drawn on Earth lies over pure noise."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPoint, QRect, QSize

from diffview.fields.numbers import decimal
from diffview.fields.tiles import tile_at, tiled
from diffview.forward.state import density
from diffview.gui.app import create_window, show_window
from diffview.gui.settings import Settings
from diffview.gui.show.elided import in_two
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel
from diffview.gui.window.layouts import LAYOUTS, TEACHING, placed_inside
from diffview.scores.gap import filling

SIZES = [(1024, 768), (1280, 720), (1920, 1080)]


# -- what must be read


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("t", [0.0, 0.9, 1.0])
def test_mean_and_variance_are_always_there_with_two_decimals(open_window, rest, size, t):
    window = open_window(size=size)
    window.session.look(playhead=t, follow=False)
    rest(window)
    x_t = window.session.frame().x_t
    card = next(card for card in window.diagnostics.findChildren(CardFrame) if "of this region" in card.title())
    label = next(label for label in card.findChildren(ElidedLabel) if label.text() == card.subtitle())
    told = f"mean {decimal(np.mean(x_t), 2)}  variance {decimal(np.var(x_t), 2)}"
    assert label.isVisible() and label.shown_text() == told


def test_captions_are_whole_in_two_lines_where_cards_are_narrow(open_window, settle, rest):
    window = open_window(size=(1280, 720))
    window.session.look(playhead=0.9, follow=False)
    settle(window)
    rest(window)
    for card in (window.field, window.forward, window.reverse):
        shown = card.caption.shown_text()
        assert shown.replace("\n", " ") == card.caption.text() and shown.count("\n") <= 1
    assert "\n" in window.field.caption.shown_text()


def test_two_lines_break_after_a_dot_or_else_between_words():
    def lines(text, room):
        return in_two(text, room, len)

    assert lines("t 900 \N{MIDDLE DOT} s 60.3", 20) == ("t 900 \N{MIDDLE DOT} s 60.3", "")
    assert lines("x = 0.02 a \N{MIDDLE DOT} s 60.3 in all", 14) == ("x = 0.02 a \N{MIDDLE DOT}", "s 60.3 in all")
    assert lines("region 128 at row 0, column 100", 20) == ("region 128 at row 0,", "column 100")
    assert lines("immeasurable", 5) == ("immeasurable", "")


def test_the_histogram_of_the_field_is_not_cut_at_the_top(window):
    x0 = window.session.forward.x0
    highest = float(density(x0).max())
    assert highest > 0.6, "the axis would cut it without room for it"
    assert window.diagnostics.histogram.y_axis.high == pytest.approx(1.1 * highest)


@pytest.mark.parametrize(("members", "rows"), [(1, 1), (2, 1), (3, 1), (4, 2), (6, 2), (8, 2), (12, 3), (16, 4)])
def test_tiles_of_members_leave_no_place_that_looks_like_missing_data(members, rows):
    picture = tiled(np.ones((members, 4, 5), np.float32))
    across = members // rows
    assert picture.shape == (rows * 6 - 2, across * 7 - 2)
    assert np.isfinite(picture).sum() == members * 20
    assert tile_at(picture.shape[0] - 1, picture.shape[1] - 1, np.ones((members, 4, 5))) == members - 1


def test_the_swatch_of_missing_pixels_is_explained(window, find):
    assert find(window, "colourBar").no_data_shown()
    assert "Hatched pixels have no value" in find(window, "colourBar").toolTip()


# -- coasts


def test_coasts_fade_as_the_field_does_and_are_not_drawn_over_noise(open_window, settle):
    window = open_window(QUICK.but(origin="field", level=2.0))
    settle(window)
    session, forward, reverse = window.session, window.forward.view, window.reverse.view
    strengths = []
    for t in (0.0, 0.25, 0.5):
        session.look(playhead=t, follow=False)
        assert forward.line_strength() == pytest.approx(session.frame().alpha)
        strengths.append(forward.line_strength())
    assert strengths[0] == 1.0 and sorted(strengths, reverse=True) == strengths
    session.look(playhead=1.0)
    assert forward.line_strength() == 0.0 and forward.lines() is None
    window.live.show_step(window.live.shown, window.live.shown.trajectory.nearest(0))
    alpha = float(session.recipe.course.schedule.scale(window.live.step.s))
    assert reverse.line_strength() == pytest.approx(alpha) and 0.1 < alpha < 0.9
    session.look(reverse="x0_hat")
    assert reverse.line_strength() == 1.0
    session.look(reverse="eps_hat")
    assert reverse.line_strength() == 0.0
    session.look(playhead=0.5, reverse="shot_x0")
    settle(window)
    assert reverse.line_strength() == 1.0
    session.look(reverse="shot_diff")
    assert reverse.line_strength() == 0.0


# -- the size of the window

STATES = {
    "run": {},
    "one shot": {"reverse": "shot_eps", "playhead": 0.5, "follow": False},
    "second bar": {"reverse": "eps_hat"},
}
TOOLS = ("openButton", "modelCombo", "samplerCombo", "stepsSpin", "seedSpin", "membersSpin", "startControl")
LAST_TOOLS = ("runButton", "stopButton", "exportButton", "deviceCombo", "presentButton")


@pytest.mark.parametrize("begin", [(1280, 720), (1600, 1000)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_window_fits_on_a_small_screen_in_every_layout_and_state(open_window, settle, rest, find, layout, begin):
    window = open_window(size=begin)
    find(window, layout).trigger()
    rest(window)
    for state, look in {**STATES, "gap": {"reverse": "x_t"}}.items():
        if state == "gap":
            window.session.edit(hidden=(window.session.plan.region.middle,), **filling(window.session.recipe))
        window.session.look(**look)
        settle(window)
        for _ in range(3):  # what stands at both sides holds a window wide until it has moved
            window.resize(1000, 620)
            rest(window)
        assert (window.width(), window.height()) == (1000, 620), state
        least = window.minimumSizeHint()
        assert least.width() <= 1000 and least.height() <= 620, state


@pytest.mark.parametrize("size", [(1024, 768), (1280, 720)])
def test_nothing_of_the_toolbar_overlaps_or_leaves_the_window(open_window, rest, find, size):
    window = open_window(size=size)
    rest(window)
    assert (window.width(), window.height()) == size
    right = 0
    for name in TOOLS + LAST_TOOLS:
        tool = find(window, name)
        left = tool.mapTo(window, QPoint(0, 0)).x()
        assert tool.isVisible() and left >= right, name
        right = left + tool.width()
    assert right <= size[0]
    assert bool(find(window, "openButton").text()) is (size[0] == 1280), "a word that there is room for is there"


def test_another_picture_in_reverse_moves_nothing_under_the_pointer(open_window, settle, rest, find):
    window = open_window(QUICK.but(origin="field", level=1.0), size=(1280, 720))
    settle(window)
    window.session.look(playhead=0.5, follow=False)
    rest(window)
    controls = [window.field, window.forward, window.reverse, window.diagnostics, window.timeline]
    controls += [find(window, name) for name in ("reverseKindControl", "reverseModeControl", "pathModeControl")]

    def places():
        return [QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()) for widget in controls]

    before = places()
    for reverse in ("eps_hat", "shot_eps", "shot_x0", "shot_diff", "x_t"):
        window.session.look(reverse=reverse)
        settle(window)
        rest(window)
        assert places() == before, reverse


def test_one_shot_moves_no_picture_while_a_gap_is_filled(open_window, settle, rest):
    window = open_window(QUICK.but(origin="field", level=1.0), size=(1280, 720))
    window.session.edit(hidden=(window.session.plan.region.middle,), **filling(window.session.recipe))
    window.session.look(playhead=0.5, follow=False)
    settle(window)
    rest(window)
    view = window.reverse.view
    before = QRect(view.mapTo(window, QPoint(0, 0)), view.size())
    assert window.reverse.beside.isVisible()
    window.session.look(reverse="shot_x0")
    settle(window)
    rest(window)
    assert not window.reverse.beside.isVisible()
    assert QRect(view.mapTo(window, QPoint(0, 0)), view.size()) == before


DOCKS = ("trainDock", "raceDock", "scoreboardDock", "modelDock", "inspectorDock", "dataDock", *TEACHING)


@pytest.mark.parametrize("dock", DOCKS)
def test_the_window_fits_on_a_small_screen_with_any_dock_in_front(open_window, rest, dock):
    window = open_window(size=(1280, 720))
    for _ in range(3):
        window.resize(1000, 620)
        rest(window)
    window.docks[dock].show()
    window.docks[dock].raise_()
    rest(window)
    assert window.docks[dock].isVisible() and not window.docks[dock].visibleRegion().isEmpty()
    assert (window.width(), window.height()) == (1000, 620)
    least = window.minimumSizeHint()
    assert least.width() <= 1000 and least.height() <= 620


# -- the place of window and docks


def test_a_dock_that_is_asked_for_comes_to_the_front_and_one_in_front_is_closed(open_window, rest):
    window = open_window(size=(1280, 720))
    inspector, plots = window.inspector_dock, window.plots_dock

    def ask(dock):
        dock.toggleViewAction().trigger()
        rest(window)
        return {other for other in (inspector, plots) if not other.visibleRegion().isEmpty()}

    rest(window)
    assert ask(inspector) == {inspector} and not plots.isHidden()
    assert ask(plots) == {plots} and not inspector.isHidden(), "it was behind: it is not closed"
    assert ask(plots) == {inspector} and plots.isHidden(), "it was in front"


ROOM = QRect(0, 30, 1280, 690)


@pytest.mark.parametrize(
    ("frame", "inner", "placed"),
    [
        (QRect(100, 100, 800, 500), QRect(102, 128, 796, 470), QRect(102, 128, 796, 470)),  # lies inside
        (QRect(0, 30, 1284, 732), QRect(2, 60, 1280, 700), QRect(2, 60, 1276, 658)),  # too large by its frame
        (QRect(900, 500, 800, 500), QRect(902, 530, 796, 468), QRect(482, 250, 796, 468)),  # hangs over
    ],
)
def test_a_window_lies_on_its_screen_with_its_frame(frame, inner, placed):
    assert placed_inside(ROOM, frame, inner) == placed


def test_the_first_window_counts_its_frame_once_that_is_known(qtbot, tmp_path, monkeypatch):
    window = create_window(settings=Settings(tmp_path / "none.ini"))
    qtbot.addWidget(window)
    screen = SimpleNamespace(availableGeometry=lambda: QRect(0, 0, 1400, 900))
    monkeypatch.setattr(window, "screen", lambda: screen)
    monkeypatch.setattr(window, "frameGeometry", lambda: window.geometry().adjusted(-1, -37, 1, 1))
    show_window(window)
    window.setGeometry(0, 0, 1400, 900)
    with qtbot.waitSignal(window.painted):
        pass
    assert window.size() == QSize(1398, 862)
    window.close()
