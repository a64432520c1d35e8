"""One pane alone: a double click on its title or picture, or a figure, shows it on the whole screen; Esc returns."""

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QApplication

from diffview.forward.edits import points_of
from diffview.gui.actions import PANES
from diffview.gui.story.lending import Away
from diffview.gui.theme import theme

KEYS = {name: getattr(Qt.Key, f"Key_{number}") for number, name in enumerate(PANES, 1)}
VIEWS = {
    "field": "fieldView", "forward": "forwardView", "reverse": "reverseView", "histogram": "histogramView",
    "spectrum": "spectrumView", "scale_time": "scaleTimeView", "schedule": "scheduleEditor",
}  # fmt: skip


@pytest.mark.parametrize("name", ["field", "scale_time", "schedule"])
def test_a_figure_shows_a_pane_alone_and_esc_brings_the_window_back(window, hand, find, wait, rest, name) -> None:
    view = find(window, VIEWS[name])
    home, place = view.parentWidget(), view.mapTo(window, view.rect().topLeft())
    size, least = view.size(), window.minimumSizeHint()
    hand.key(window, KEYS[name])
    wait(lambda: window.staging.on)
    stage = window.staging.stage
    assert view.window() is stage and view.isVisible() and stage.isFullScreen()
    screen = stage.screen().size()
    assert view.width() > 0.55 * screen.width() or view.height() > 0.8 * screen.height()
    assert window.minimumSizeHint() == least and len(window.findChildren(Away)) == 1
    hand.key(view, Qt.Key.Key_Escape)
    wait(lambda: not window.staging.on)
    rest(window)
    assert view.parentWidget() is home and view.mapTo(window, view.rect().topLeft()) == place and view.size() == size
    assert window.findChildren(Away) == [] and view.isVisible() and window.staging.pane == ""


def test_text_and_lines_are_large_there_and_as_before_afterwards(window, hand, find, wait) -> None:
    spectrum = find(window, "spectrumView")
    margins, size = spectrum.plot_rect.left(), spectrum.size()
    hand.key(window, KEYS["spectrum"])
    wait(lambda: window.staging.on)
    assert spectrum.plot_rect.left() > 1.5 * margins
    assert theme.scale == 1.0  # the window itself is as it was
    hand.key(spectrum, Qt.Key.Key_Escape)
    wait(lambda: not window.staging.on)
    assert spectrum.plot_rect.left() == margins
    wait(lambda: spectrum.size() == size)


def test_a_double_click_on_a_title_or_a_whole_picture_does_the_same(window, hand, find, wait) -> None:
    forward, stage = find(window, "forwardView"), None
    for point, on in ((QPointF(window.forward.width() / 2, 3), window.forward), (QPointF(40, 40), forward)):
        hand.double_click(on, point)
        wait(lambda: window.staging.on)
        stage = window.staging.stage
        assert forward.window() is stage
        hand.double_click(forward, QPointF(40, 40))
        wait(lambda: not window.staging.on)
    forward.zoom(2.0)
    seen = forward.view_rect()
    hand.double_click(forward, QPointF(40, 40))  # first the whole picture, as ever
    QApplication.processEvents()
    assert not window.staging.on and forward.view_rect() != seen
    spectrum = find(window, "spectrumView")
    hand.double_click(spectrum, QPointF(60, 20))
    wait(lambda: window.staging.on and window.staging.pane == "spectrum")


def test_a_double_click_into_the_schedule_adds_a_point_as_ever(window, hand, find) -> None:
    plot, points = (
        find(window, "scheduleEditor"),
        lambda: len(points_of(window.session.recipe.course.schedule, "alpha_bar")[0]),
    )
    before = points()
    hand.double_click(plot, plot.to_pixel(0.4, 0.5))
    QApplication.processEvents()
    assert points() == before + 1 and not window.staging.on


def test_keys_and_hand_work_on_a_pane_alone(window, hand, find, wait) -> None:
    plot = find(window, "scheduleEditor")
    hand.key(window, KEYS["schedule"])
    wait(lambda: window.staging.on)
    playhead = window.session.view.playhead
    box = plot.plot_rect
    hand.drag(plot, QPointF(box.left() + 0.3 * box.width(), box.top() + 30))
    assert window.session.view.playhead != playhead
    hand.key(plot, KEYS["forward"])  # from one to the other
    wait(lambda: window.staging.pane == "forward")
    assert find(window, "scheduleEditor").window() is window
    run = window.live.run
    hand.key(window.staging.stage, Qt.Key.Key_R)
    wait(lambda: window.live.run is not run)


def test_the_window_closes_with_a_pane_alone(window, hand, wait) -> None:
    hand.key(window, KEYS["field"])
    wait(lambda: window.staging.on)
    window.close()
    assert not window.staging.on
