"""Docks follow the size of the window; plots have a row of it, or in a low one a column of their own."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import QStyle, QStyleOptionFrame

from diffview.gui.app import create_window, show_window
from diffview.gui.theme import SEMIBOLD, TITLE_PX, theme
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel
from diffview.gui.window.layouts import LAYOUTS, WIDE, WindowRoom

LARGE, SMALL = (1600, 1000), (1280, 720)
READABLE = 90
"""Pixels that a plot is high at least."""


def shown(window):
    return {name for name, dock in window.docks.items() if not dock.isHidden()}


def side_of(window, dock):
    return "left" if window.dockWidgetArea(dock) is Qt.DockWidgetArea.LeftDockWidgetArea else "right"


@pytest.fixture
def resize(wait, rest):
    def to(window, size):
        for _ in range(2):  # what stands at both sides holds a window wide until it has moved
            window.resize(*size)
            wait(lambda: window.arrangement.room == WindowRoom.of(window.size()))
        rest(window)

    return to


def plots(window):
    return window.diagnostics.histogram, window.diagnostics.spectrum, window.diagnostics.scale_time


@pytest.mark.parametrize("size", [SMALL, (1366, 768), (1600, 880), (1280, 960), LARGE])
def test_every_plot_is_high_enough_to_be_read(open_window, wait, rest, size):
    window = open_window(size=size)
    wait(lambda: all(plot.isVisible() for plot in plots(window)))
    rest(window)
    assert (window.width(), window.height()) == size
    heights = {plot.objectName(): plot.plot_rect.height() for plot in (*plots(window), window.timeline.plot)}
    curve = heights.pop("scheduleEditor")
    assert min(heights.values()) >= READABLE, heights
    assert curve >= (0.75 * READABLE if window.session.view.densities else READABLE)
    assert min(window.forward.view.width(), window.forward.view.height()) > size[1] / 6


def test_a_smaller_window_arranges_its_docks_anew_and_a_larger_one_again(open_window, wait, resize):
    window = open_window(size=LARGE)
    assert shown(window) == {"dataDock", "inspectorDock"} and side_of(window, window.data_dock) == "left"
    resize(window, SMALL)
    assert (window.width(), window.height()) == SMALL
    assert shown(window) == {"plotsDock", "dataDock", "inspectorDock"}
    assert {side_of(window, window.docks[name]) for name in shown(window)} == {"right"}
    assert not window.plots_dock.visibleRegion().isEmpty() and window.data_dock.visibleRegion().isEmpty()
    picture = window.forward.view
    assert min(picture.width(), picture.height()) > 200  # 100 where docks stand on both sides
    resize(window, LARGE)
    assert shown(window) == {"dataDock", "inspectorDock"} and side_of(window, window.data_dock) == "left"
    assert window.diagnostics.parent() is window.centralWidget()


def test_what_a_hand_has_opened_or_closed_stays_so(open_window, wait, resize):
    window = open_window(size=LARGE)
    window.inspector_dock.toggleViewAction().trigger()
    window.train_dock.toggleViewAction().trigger()
    resize(window, SMALL)
    assert shown(window) == {"plotsDock", "dataDock", "trainDock"}
    window.plots_dock.close()
    resize(window, (WIDE + 20, 720))
    assert shown(window) == {"dataDock", "trainDock"} and side_of(window, window.data_dock) == "left"


def test_what_a_hand_has_moved_stays_there(open_window, wait, resize):
    window = open_window(size=LARGE)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.inspector_dock)
    resize(window, (1450, 1000))
    assert side_of(window, window.inspector_dock) == side_of(window, window.data_dock) == "left"
    resize(window, (1450, 720))
    assert side_of(window, window.inspector_dock) == "left" and not window.plots_dock.isHidden()
    assert window.width() == 1450 and window.plots_dock in window.tabifiedDockWidgets(window.data_dock)
    window.actions_["exploreLayoutAction"].trigger()  # takes the layout as it is meant
    assert side_of(window, window.inspector_dock) == "right"


@pytest.mark.qt_log_ignore("does not support raise")
def test_a_dragged_dock_counts_as_moved(open_window):
    window = open_window(size=LARGE)
    assert not window.arrangement.moved
    window.inspector_dock.setFloating(True)
    assert window.arrangement.moved


def test_a_floating_dock_has_a_frame(window):
    """As the style draws it where the system gives a floating dock none, on X11."""
    dock, picture = window.inspector_dock, QImage(60, 40, QImage.Format.Format_RGB32)
    picture.fill(0)
    option, painter = QStyleOptionFrame(), QPainter(picture)
    option.rect, option.lineWidth = picture.rect(), 1
    dock.style().drawPrimitive(QStyle.PrimitiveElement.PE_FrameDockWidget, option, painter, dock)
    painter.end()
    edges = {picture.pixelColor(*at).name() for at in ((0, 20), (59, 20), (30, 0), (30, 39))}
    assert edges == {theme.colour("edge").name()} and picture.pixelColor(30, 20).name() == "#000000"


def test_what_was_chosen_comes_back_in_the_next_window(qtbot, open_window, wait, resize):
    before = open_window(size=LARGE)
    before.actions_["trainLayoutAction"].trigger()
    before.close()
    window = create_window(settings=before.settings)
    qtbot.addWidget(window)
    show_window(window)
    wait(lambda: window.live.run is not None and window.live.idle)
    resize(window, LARGE)
    assert shown(window) == {"trainDock", "modelDock"}
    resize(window, SMALL)
    assert shown(window) == {"plotsDock", "trainDock", "modelDock"}
    assert not window.train_dock.visibleRegion().isEmpty()
    window.close()


def test_the_plots_dock_is_offered_only_where_there_is_one(open_window, wait, resize):
    window = open_window(size=SMALL)
    offered = window.plots_dock.toggleViewAction()
    assert offered.isVisible() and shown(window) == {"plotsDock"}
    resize(window, (1280, 1000))
    assert not offered.isVisible() and shown(window) == set()


def test_every_layout_has_the_plots_at_the_right_of_a_low_window():
    for layout in LAYOUTS.values():
        for wide in (False, True):
            left, right = layout.sides(WindowRoom(wide, low=True))
            assert "plotsDock" in right and "plotsDock" not in left
            assert {*left, *right} == {*layout.left, *layout.right, "plotsDock"}
            assert bool(left) == wide


def test_presenting_in_a_low_window_keeps_the_plots(open_window, hand, find, wait):
    window = open_window(size=SMALL)
    hand.key(find(window, "timeSlider"), Qt.Key.Key_F11)
    assert window.plots_dock.isVisible() and not window.menuBar().isVisible()
    hand.key(find(window, "timeSlider"), Qt.Key.Key_F11)
    assert shown(window) == {"plotsDock"} and window.plots_dock.titleBarWidget() is None


def test_presenting_takes_the_largest_text_that_leaves_the_window_on_its_screen(
    open_window, hand, find, wait, monkeypatch
):
    window = open_window(size=SMALL)
    monkeypatch.setattr(window, "screen", lambda: SimpleNamespace(size=lambda: QSize(*SMALL)))
    hand.key(find(window, "timeSlider"), Qt.Key.Key_F11)
    wait(lambda: theme.scale > 1.0)
    wait(lambda: window.minimumSizeHint().width() <= 1280 and window.minimumSizeHint().height() <= 720)
    assert 1.1 <= theme.scale <= 1.25
    for name in ("openButton", "deviceCombo", "cropButton"):
        assert not find(window, name).isVisible()
    hand.key(find(window, "timeSlider"), Qt.Key.Key_F11)
    assert theme.scale == 1.0 and find(window, "openButton").isVisible()


def test_the_title_of_a_plot_stays_over_it(open_window, resize):
    window = open_window(size=SMALL)
    tops = [card.mapTo(window, QPoint(0, 0)) for card in window.diagnostics.findChildren(CardFrame)]
    assert (
        len(tops) == 3
        and len({at.x() for at in tops}) == 1
        and [at.y() for at in tops] == sorted(at.y() for at in tops)
    )


def test_plots_that_move_keep_the_size_of_their_titles(open_window, resize):
    window = open_window(size=LARGE)
    theme.set_scale(1.3)
    resize(window, (1750, 1000))  # low now: its text is larger
    cards = (*window.diagnostics.findChildren(CardFrame), window.timeline)
    labels = [next(label for label in card.findChildren(ElidedLabel) if label.text() == card.title()) for card in cards]
    heights = {label.height() for label in labels}
    assert not window.plots_dock.isHidden() and heights == {QFontMetrics(theme.font(TITLE_PX, SEMIBOLD, True)).height()}


def test_the_densities_go_where_there_is_no_room_and_come_back_if_they_were_there(open_window, find, resize):
    window = open_window(size=LARGE)
    strip = find(window, "densityStrip")
    assert strip.isVisible()
    resize(window, SMALL)
    assert not strip.isVisible() and window.timeline.plot.plot_rect.height() >= READABLE
    resize(window, LARGE)
    assert strip.isVisible()
    find(window, "densitiesAction").trigger()
    resize(window, SMALL)
    resize(window, LARGE)
    assert not strip.isVisible(), "a hand has closed them"


def test_densities_hidden_in_a_low_window_are_remembered_as_wanted(open_window, resize):
    window = open_window(size=LARGE)
    resize(window, SMALL)
    assert not window.session.view.densities
    window.close()
    assert window.settings.view().densities


def test_reset_layout_brings_every_dock_back_as_at_the_first_start(open_window, find, rest):
    for size in ((1280, 720), (1920, 1080)):
        window = open_window(size=size)
        rest(window)
        first = {name: (dock.isVisible(), dock.isFloating()) for name, dock in window.docks.items()}
        find(window, "trainLayoutAction").trigger()
        window.inspector_dock.setFloating(True)
        window.data_dock.show()
        window.plots_dock.hide()
        rest(window)
        assert window.inspector_dock.isFloating()
        find(window, "resetLayoutAction").trigger()
        rest(window)
        assert {name: (dock.isVisible(), dock.isFloating()) for name, dock in window.docks.items()} == first
        assert window.size().toTuple() == size and not window.arrangement.moved


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)])
def test_menus_have_lines_between_what_belongs_together(open_window, rest, size):
    """No menu has more than ten entries in a row; none begins or ends with a line, and no two lie side by side.

    In a low window Plots is a dock that can be closed, and an entry more.
    """
    window = open_window(size=size)
    rest(window)
    for action in window.menuBar().actions():
        assert action.menu().sizeHint().height() <= 720, "a menu that is higher than the screen gets two columns"
        rows = ["-" if one.isSeparator() else "x" for one in action.menu().actions()]
        groups = "".join(rows).split("-")
        assert all(groups) and max(map(len, groups)) <= 10, action.text()
