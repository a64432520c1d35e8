"""The timeline under the hand: real mouse events to the viewport, and keys."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from diffview.gui.widgets.plots.scale_time_view import ScaleTimeView
from diffview.gui.widgets.plots.schedule_plot import SchedulePlot

T = np.linspace(0.0, 1.0, 256)
HANDLES = [(0.2, 0.9), (0.5, 0.5), (0.8, 0.1)]
LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def mouse(plot, kind, point, button=NONE, held=NONE):
    where = QPointF(point)
    to = QPointF(plot.viewport().mapToGlobal(where))
    event = QMouseEvent(kind, where, to, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(plot.viewport(), event)


def press(plot, point, button=LEFT):
    mouse(plot, QEvent.Type.MouseMove, point)
    mouse(plot, QEvent.Type.MouseButtonPress, point, button, button)


def move(plot, point):
    mouse(plot, QEvent.Type.MouseMove, point, NONE, LEFT)


def release(plot, point):
    mouse(plot, QEvent.Type.MouseButtonRelease, point, LEFT, NONE)


def drag(plot, *points):
    press(plot, points[0])
    for point in points[1:]:
        move(plot, point)
    release(plot, points[-1])


def record(plot):
    heard = []
    for name in (
        "playheadMoved",
        "handlePressed",
        "handleMoved",
        "handleReleased",
        "curveGrabbed",
        "handleAsked",
        "handleDropped",
        "strokeDrawn",
    ):
        getattr(plot, name).connect(lambda *a, n=name: heard.append((n, *a)))
    return heard


@pytest.fixture
def plot(qtbot):
    made = SchedulePlot()
    qtbot.addWidget(made)
    made.resize(1000, 170)
    made.set_curve(T, 1 - T)
    made.set_playhead(0.35)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_dragging_a_handle_tells_press_moves_release(plot):
    plot.set_handles(HANDLES)
    heard = record(plot)
    start = plot.to_pixel(0.5, 0.5)
    drag(plot, start, start + QPointF(10, 5), start + QPointF(30, 200))
    assert [h[0] for h in heard] == ["handlePressed", "handleMoved", "handleMoved", "handleReleased"]
    assert {h[1] for h in heard} == {1}
    wished = plot.from_pixel(start + QPointF(30, 200))
    assert heard[2][2:] == pytest.approx(wished)
    assert wished[1] < 0, "the wish is raw; the caller clamps"


def test_the_handle_stays_where_the_caller_puts_it(plot):
    plot.set_handles(HANDLES)
    plot.handleMoved.connect(lambda i, x, y: plot.set_handles([*HANDLES[:i], (x, 0.5), *HANDLES[i + 1 :]]))
    start = plot.to_pixel(0.5, 0.5)
    drag(plot, start, start + QPointF(40, -30))
    there = plot.to_pixel(plot.from_pixel(start + QPointF(40, 0))[0], 0.5)
    heard = record(plot)
    drag(plot, there, there + QPointF(1, 0))
    assert heard[0] == ("handlePressed", 1)


@pytest.mark.parametrize("offset,hit", [(10.0, True), (14.0, False)])
def test_a_handle_is_hit_within_twelve_pixels(plot, offset, hit):
    plot.set_handles(HANDLES)
    heard = record(plot)
    press(plot, plot.to_pixel(0.5, 0.5) + QPointF(0, -offset))
    release(plot, plot.to_pixel(0.5, 0.5) + QPointF(0, -offset))
    assert (heard[0][0] == "handlePressed") is hit


def test_dragging_the_playhead_scrubs_without_a_jump(plot):
    heard = record(plot)
    top = plot.plot_rect.top() + 80
    at = QPointF(plot.to_pixel(0.35, 0).x() + 3, top)
    drag(plot, at, at + QPointF(93, 0), at + QPointF(5000, 0))
    assert [h[0] for h in heard] == ["playheadMoved"] * 2
    assert heard[0][1] == pytest.approx(0.35 + 93 / plot.plot_rect.width(), abs=1e-3)
    assert heard[1][1] == 1.0
    assert plot.playhead_x == 1.0


def test_a_click_on_empty_ground_jumps(plot):
    heard = record(plot)
    point = QPointF(plot.to_pixel(0.7, 0).x(), plot.plot_rect.top() + 10)
    drag(plot, point)
    assert heard == [("playheadMoved", pytest.approx(0.7))]
    assert plot.playhead.text == "t 700"


def test_pulling_the_curve_upwards_asks_for_handles_and_goes_on_with_one(plot):
    heard = record(plot)
    plot.curveGrabbed.connect(lambda x, y: plot.set_handles(HANDLES))
    start = plot.to_pixel(0.5, 0.5)
    drag(plot, start, start + QPointF(0, -10), start + QPointF(0, -20))
    assert [h[0] for h in heard] == ["curveGrabbed", "handlePressed", "handleMoved", "handleMoved", "handleReleased"]
    assert heard[0][1:] == pytest.approx((0.5, 0.5), abs=1e-6)


def test_pulling_the_curve_sideways_or_clicking_it_scrubs(plot):
    heard = record(plot)
    start = plot.to_pixel(0.5, 0.5)
    drag(plot, start, start + QPointF(30, 1))
    assert {h[0] for h in heard} == {"playheadMoved"}
    heard.clear()
    again = plot.to_pixel(0.7, 0.3)
    drag(plot, again)
    assert heard == [("playheadMoved", pytest.approx(0.7))]


def test_a_point_of_beta_is_pulled_in_its_own_units(plot):
    plot.set_quantity("beta")
    plot.set_handles(HANDLES)
    heard = record(plot)
    start = plot.to_pixel(HANDLES[1][0], float(np.log10(HANDLES[1][1])))
    drag(plot, start, start + QPointF(0, 30))
    assert [h[0] for h in heard] == ["handlePressed", "handleMoved", "handleReleased"]
    assert heard[1][3] == pytest.approx(10 ** plot.from_pixel(start + QPointF(0, 30))[1])


def test_a_double_click_asks_for_a_handle_where_there_is_none(plot):
    plot.set_handles(HANDLES)
    heard = record(plot)
    place = plot.to_pixel(0.65, 0.8)
    mouse(plot, QEvent.Type.MouseButtonDblClick, place, Qt.MouseButton.LeftButton)
    assert heard == [("handleAsked", pytest.approx(0.65), pytest.approx(0.8))]
    heard.clear()
    mouse(plot, QEvent.Type.MouseButtonDblClick, plot.to_pixel(*HANDLES[1]), Qt.MouseButton.LeftButton)
    assert [h[0] for h in heard] == ["handlePressed"]


def test_delete_asks_to_remove_the_selected_handle(plot):
    plot.set_handles(HANDLES)
    plot.select(1)
    heard = record(plot)
    QTest.keyClick(plot, Qt.Key.Key_Delete)
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    QTest.keyClick(plot, Qt.Key.Key_Delete)
    assert heard == [("handleDropped", 1)]


def test_a_stroke_is_where_the_pointer_went_and_nothing_else_is_pulled(plot):
    plot.set_handles(HANDLES)
    plot.set_drawing(True)
    heard = record(plot)
    way = [plot.to_pixel(x, y) for x, y in ((0.2, 0.9), (0.5, 0.5), (0.8, 0.3))]
    drag(plot, *way, way[-1] + QPointF(0, 5000))
    assert [h[0] for h in heard] == ["strokeDrawn"]
    _, x, y = heard[0]
    assert x == pytest.approx([0.2, 0.5, 0.8, 0.8]) and y[:3] == pytest.approx([0.9, 0.5, 0.3])
    assert y[3] == pytest.approx(plot.y_axis.low), "it stays in the plot"
    plot.set_drawing(False)
    heard.clear()
    drag(plot, plot.to_pixel(*HANDLES[1]), plot.to_pixel(*HANDLES[1]) + QPointF(0, 20))
    assert heard[0] == ("handlePressed", 1)


def test_the_right_button_does_nothing(plot):
    heard = record(plot)
    point = QPointF(plot.to_pixel(0.7, 0).x(), plot.plot_rect.top() + 10)
    press(plot, point, Qt.MouseButton.RightButton)
    mouse(plot, QEvent.Type.MouseButtonRelease, point, Qt.MouseButton.RightButton)
    assert heard == []


def test_cursors_say_what_a_press_would_take(plot):
    def shape(point):
        mouse(plot, QEvent.Type.MouseMove, point)
        return plot.viewport().cursor().shape()

    assert shape(plot.to_pixel(0.35, 0.2)) is Qt.CursorShape.SizeHorCursor
    assert shape(plot.to_pixel(0.6, 0.4)) is Qt.CursorShape.SizeVerCursor
    assert shape(plot.to_pixel(0.8, 0.9)) is Qt.CursorShape.ArrowCursor
    plot.set_handles(HANDLES)
    assert shape(plot.to_pixel(0.5, 0.5)) is Qt.CursorShape.OpenHandCursor


def test_arrow_keys_move_the_playhead_by_whole_steps(plot):
    heard = record(plot)
    for key, modifier in ((Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier),
                          (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)):  # fmt: skip
        QTest.keyClick(plot, key, modifier)
    QTest.keyClick(plot, Qt.Key.Key_End)
    assert [h[1] for h in heard] == pytest.approx([0.351, 0.341, 1.0])


def test_tab_selects_handles_and_arrows_nudge_them(plot):
    plot.set_handles(HANDLES)
    plot.activateWindow()
    plot.setFocus()
    heard = record(plot)
    QTest.keyClick(plot, Qt.Key.Key_Tab)
    QTest.keyClick(plot, Qt.Key.Key_Tab)
    QTest.keyClick(plot, Qt.Key.Key_Up)
    assert [h[:2] for h in heard] == [("handlePressed", 1), ("handleMoved", 1), ("handleReleased", 1)]
    assert heard[1][2] == pytest.approx(0.5)
    assert 0.5 < heard[1][3] < 0.52
    QTest.keyClick(plot, Qt.Key.Key_Escape)
    heard.clear()
    QTest.keyClick(plot, Qt.Key.Key_Right)
    assert heard[0][0] == "playheadMoved"


def test_the_map_scrubs_like_the_timeline(qtbot):
    view = ScaleTimeView()
    qtbot.addWidget(view)
    view.resize(400, 150)
    view.set_map(np.zeros((20, 30)), np.arange(20), (0.0, 1.0), 500)
    view.show()
    heard = []
    view.playheadMoved.connect(heard.append)
    a, b = view.to_pixel(0.25, 0.5), view.to_pixel(0.75, 0.5)
    drag(view, a, b)
    assert heard == pytest.approx([0.25, 0.75])
    assert view.playhead.text == "t 375"
