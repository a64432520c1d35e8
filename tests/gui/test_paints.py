"""Only what has changed is painted: under a scrub, under a pulled handle, and while a run is drawn."""

import time
from collections import Counter

import pytest
from conftest import layer
from PySide6.QtCore import QEvent, QObject, QPointF
from PySide6.QtWidgets import QApplication, QWidget

from diffview.gui.panels.base import TURN_MS, Paced
from diffview.gui.widgets.forms.point_table import PointTable
from diffview.gui.widgets.images.colour_bar import ColourBar
from diffview.gui.widgets.plots.schedule_items import Handles
from diffview.gui.widgets.small.card import ElidedLabel

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


class Paints(QObject):
    """Counts the paints of named widgets."""

    def __init__(self, window):
        super().__init__()
        self.seen = Counter()
        for widget in window.findChildren(QWidget):
            if widget.objectName():
                widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() is QEvent.Type.Paint:
            self.seen[watched.objectName()] += 1
        return False

    def of(self, act):
        QApplication.processEvents()
        self.seen.clear()
        act()
        for _ in range(3):
            QApplication.processEvents()
        return self.seen


@pytest.fixture
def paints(window, settle):
    settle(window)
    return Paints(window)


def test_a_scrub_paints_no_colour_bar_and_no_picture_that_stays(window, paints):
    window.session.look(playhead=0.9, follow=False)
    steps = [paints.of(lambda row=row: window.timeline.slider.setValue(row)).copy() for row in (899, 898, 897, 896)]
    assert all(seen["forwardView"] for seen in steps)
    assert not any(seen["colourBar"] or seen["densityStrip"] for seen in steps)
    assert not all(seen["reverseView"] for seen in steps), "the run has fewer steps than the chain has rows"


def test_a_run_that_is_drawn_paints_no_colour_bar(window, wait, paints):
    window.session.look(pace=0.0)
    seen = paints.of(lambda: (window.live.start(), wait(window.is_idle)))
    assert seen["reverseView"] and not seen["colourBar"]


def test_a_pulled_handle_leaves_the_axes_and_the_run_as_they_are(window, hand, find, paints, monkeypatch):
    plot, scales = find(window, "scheduleEditor"), find(window, "scaleTimeView")
    window.session.look(playhead=0.4, follow=False, auto_run=False)
    start = plot.to_pixel(*layer(plot, Handles).points[2])
    hand.press(plot, start)
    hand.move(plot, start + QPointF(-20, -15))  # the preset becomes a curve with points, which is said in words
    painted, before = [], [plot.grab().toImage(), scales.grab().toImage()]
    for one in (plot, scales):
        draw = one.paint_background
        monkeypatch.setattr(one, "paint_background", lambda *a, draw=draw: (painted.append(1), draw(*a)))
    seen = paints.of(lambda: hand.move(plot, start + QPointF(-40, -20)))
    assert seen["forwardView"] and not seen["reverseView"] and not seen["timeSlider"]
    hand.release(plot, start + QPointF(-40, -20))
    assert not painted and plot.grab().toImage() != before[0] and scales.grab().toImage() != before[1]


def test_a_bar_that_is_told_the_same_is_not_painted(qtbot):
    bar = ColourBar()
    bar.setObjectName("bar")
    box = QWidget()
    bar.setParent(box)
    qtbot.addWidget(box)
    box.show()
    paints = Paints(box)
    assert paints.of(lambda: bar.set_no_data_shown(True))["bar"]
    assert not paints.of(lambda: bar.set_no_data_shown(True))["bar"]


def test_a_read_that_takes_long_moves_nothing(window, settle, wait):
    settle(window)
    panes = window.field.view, window.forward.view, window.timeline.plot
    before = [pane.size() for pane in panes]
    window.status.show_reading("big.nc", 0.4)
    wait(window.status.give_up.isVisible)
    settle(window)
    assert [pane.size() for pane in panes] == before, "all of the window is drawn anew"
    window.status.show_reading("")


def test_a_label_finds_out_once_what_fits(qtbot, monkeypatch):
    label = ElidedLabel("a name that is far too long for it · K")
    qtbot.addWidget(label)
    label.resize(80, 20)
    first, fits = label.shown_text(), []
    monkeypatch.setattr("diffview.gui.widgets.small.card.QFontMetrics", fits.append)
    assert label.shown_text() == first and not fits


def test_what_is_paced_is_shown_at_once_then_now_and_then_and_last(qtbot):
    shown, parent = [], QObject()
    now = [0]
    paced = Paced(lambda: shown.append(now[0]), 30, parent)
    paced.call()
    assert shown == [0]
    for i in range(1, 50):
        now[0] = i
        paced.call()
    assert shown == [0]
    qtbot.waitUntil(lambda: not paced.isActive(), timeout=5000)
    assert shown == [0, 49]


def test_what_follows_the_same_drag_takes_turns(qtbot):
    shown, parent = [], QObject()
    paced = [Paced(lambda i=i: shown.append((i, time.perf_counter())), 30, parent) for i in range(3)]
    for _ in range(2):
        for one in paced:
            one.call()
    assert [i for i, _ in shown] == [0, 1, 2], "the first change is shown at once"
    qtbot.waitUntil(lambda: len(shown) == 6, timeout=5000)
    assert sorted(i for i, _ in shown[3:]) == [0, 1, 2]
    (_, first), (_, second), (_, third) = shown[3:]
    assert min(second - first, third - second) > 0.9 * TURN_MS / 1000


def test_numbers_of_points_that_move_lay_nothing_out_anew(qtbot, monkeypatch):
    table = PointTable()
    qtbot.addWidget(table)
    rows = [(0.1, 0.9, 0.3), (1.0, 0.1, 9.0)]
    table.show_points("alpha_bar", rows)
    asked = []
    monkeypatch.setattr(table, "updateGeometry", lambda: asked.append(1))
    table.show_points("alpha_bar", [(0.2, 0.8, 0.5), rows[1]])
    assert not asked and table.texts()[0] == ["0.2", "0.8", "0.5"]
    table.show_points("alpha_bar", [*rows, (1.0, 0.05, 20.0)])
    assert asked and len(table.texts()) == 3
