"""Whatever is touched in a talk leaves the script, the next press returns to the beat, and the user has all back."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from diffview.fields.field import Region
from diffview.gui.show.race_figure import FIRST
from diffview.story.beats import AnimateTime, PlayRun, StartWork
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture
from diffview.story.parts import Stage
from diffview.story.place import Place

KEY = Qt.Key
CONTROL = Qt.KeyboardModifier.ControlModifier
SMALL = QUICK.but(region=Region(0, 100, 32, 32), playhead=0.0)


def begun(window, wait, *beats, pictures=(), plot="", recipe=SMALL):
    window.staging.size = QSize(1280, 720)
    chapter = Chapter("Touch", "Touch it.", stage=Stage(pictures, plot), recipe=recipe, beats=beats)
    window.lecturing.begin(Lecture("Touch", (chapter,)))
    talk = window.lecturing.talk
    wait(lambda: not talk.playing)
    return talk


def press(window, talk, hand, wait, key=KEY.Key_PageDown):
    hand.key(window.staging.stage, key)
    wait(lambda: not talk.playing)


def wheel(view, notches=3):
    at = QPointF(view.rect().center())
    no = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    delta = QPoint(0, 120 * notches)
    QApplication.sendEvent(view, QWheelEvent(at, QPointF(view.mapToGlobal(at)), QPoint(), delta, *no, False))


def whole(view):
    return view.view_rect().height() == view.image_size()[0]


def zoom_in(window, hand, find):
    wheel(window.forward.view)
    assert not whole(window.forward.view)


def drag_the_slider(window, hand, find):
    slider = find(window, "timeSlider")
    hand.drag(slider, slider.rect().center())


def add_a_point(window, hand, find):
    plot = find(window, "scheduleEditor")
    hand.double_click(plot, plot.to_pixel(0.4, 0.5))


def press_in(key):
    return lambda window, hand, find: hand.key(window.staging.stage, key)


TOUCHES = {
    "the slider is dragged": drag_the_slider,
    "a picture is zoomed": zoom_in,
    "a point is added to the schedule": add_a_point,
    "R is pressed": press_in(KEY.Key_R),
    "a key moves the playhead": press_in(KEY.Key_End),
    "coastlines are taken away": press_in(KEY.Key_C),
    "the seed is typed": lambda window, hand, find: hand.type_number(find(window, "seedSpin"), "77"),
    "a picture is double-clicked": lambda window, hand, find: hand.double_click(
        window.forward.view, QPointF(window.forward.view.rect().center())
    ),
    "a key shows a picture alone": press_in(KEY.Key_1),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_it_leaves_the_script_and_the_next_press_returns_to_the_beat(window, hand, find, wait, touch):
    talk = begun(window, wait, PlayRun(seconds=0.5), AnimateTime(t=1.0, seconds=0.05), pictures=("forward", "reverse"))
    press(window, talk, hand, wait)
    before, scene = talk.place, talk.scene
    QTest.mousePress(window.staging.stage, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert not talk.left, "a press beside everything changes nothing"
    TOUCHES[touch](window, hand, find)
    wait(lambda: talk.left)
    assert not talk.playing and talk.place == before
    press(window, talk, hand, wait)
    assert not talk.left and talk.place == before and talk.scene == scene
    assert whole(window.forward.view) and window.forward.view.isVisible() and window.reverse.view.isVisible()
    wait(lambda: window.live.idle)  # what was touched may have taken the run away, which is made again
    assert window.session.view.playhead == scene.t and window.session.recipe.course == scene.recipe.course
    press(window, talk, hand, wait)
    assert talk.place == (0, 2)


def test_a_pane_alone_in_a_talk_goes_by_the_same_key(window, hand, find, wait):
    talk = begun(window, wait, PlayRun(seconds=0.5), pictures=("forward", "reverse"))
    stage = window.staging.stage
    for _ in range(2):
        hand.key(stage, KEY.Key_2)
        wait(lambda: window.staging.pane == "forward")
        assert window.forward.view.isVisible() and window.reverse.view.window() is window and not stage.sentence.text
        hand.key(stage, KEY.Key_2)
        wait(lambda: window.staging.pane == "" and not talk.playing)
        assert not talk.left and window.reverse.view.window() is stage and stage.sentence.text == "Touch it."


def test_a_picture_that_was_zoomed_is_whole_in_the_talk_and_zoomed_again_afterwards(window, wait, settle):
    window.session.edit(region=SMALL.source.region)
    settle(window)
    for view in (window.forward.view, window.field.view):
        view.zoom(2.0)
    seen = [view.view_rect() for view in (window.forward.view, window.field.view)]
    talk = begun(window, wait, pictures=("field", "forward"))
    assert whole(window.forward.view) and whole(window.field.view)
    talk.end()
    settle(window)
    assert [view.view_rect() for view in (window.forward.view, window.field.view)] == seen


def test_a_value_that_was_picked_is_the_users_alone(window, hand, find, wait, settle):
    window.session.look(playhead=0.5, follow=False)
    dock = window.docks["densityDock"]
    dock.show()
    wait(lambda: dock.widget() is not None)
    view, far = find(dock.widget(), "densityTimeView"), find(dock.widget(), "stepLengthSlider")
    settle(window)
    hand.click(view.viewport(), view.to_pixel(0.5, 1.5))
    far.setValue(7)
    value = view.value
    talk = begun(window, wait, plot="density", recipe=SMALL.but(playhead=0.5))
    assert view.value == 0.0 and far.value() == 60
    hand.click(view.viewport(), view.to_pixel(0.5, -1.0))
    assert talk.left
    press(window, talk, hand, wait)
    assert view.value == 0.0 and not talk.left
    talk.end()
    assert view.value == value == pytest.approx(1.5, abs=0.05) and far.value() == 7


def lanes_of(plot):
    return [lane.name for lane in plot.lanes]


def test_behind_a_race_the_lecture_shows_its_own_and_gives_the_users_back(window, hand, find, wait, settle):
    dock = window.docks["raceDock"]
    dock.show()
    wait(lambda: dock.widget() is not None)
    for key in FIRST[1:]:
        find(dock.widget(), "raceSamplers").action(key).trigger()
    find(dock.widget(), "raceCalls").setText("4, 8")
    hand.click(find(dock.widget(), "raceButton"))
    settle(window)
    plot, mine = find(dock.widget(), "racePlot"), window.race.job
    names = lanes_of(plot)
    assert len(names) == 1
    talk = begun(window, wait, StartWork(part="race", seconds=20.0), plot="race")
    assert lanes_of(plot) == []
    talk.begin(talk.lecture, Place(0, 1))
    wait(lambda: len(lanes_of(plot)) == len(FIRST))
    assert window.race.job is not mine and window.race.job.request.samplers == FIRST
    talk.end()
    settle(window)
    assert window.race.job is mine and lanes_of(plot) == names
    assert find(dock.widget(), "raceCalls").text() == "4, 8"


def test_what_is_learnt_of_points_is_the_users_again_after_the_talk(window, hand, find, wait, settle, monkeypatch):
    monkeypatch.setattr("diffview.gui.jobs.points.LEARN_S", 0.5)
    dock = window.docks["cloudDock"]
    dock.show()
    wait(lambda: dock.widget() is not None)
    window.session.look(cloud="spiral")
    hand.click(find(dock.widget(), "cloudTrailsCheck"))
    hand.click(find(dock.widget(), "cloudLearnButton"))
    settle(window)
    learnt = find(dock.widget(), "cloudLearnWords").text()
    view = find(dock.widget(), "cloudView")
    points = view.swarm.points.copy()
    talk = begun(window, wait, plot="cloud", recipe=SMALL.but(cloud="rings"))
    said, trails = find(dock.widget(), "cloudLearnWords"), find(dock.widget(), "cloudTrailsCheck")
    assert trails.isChecked() and said.text() != learnt
    talk.end()
    settle(window)
    assert said.text() == learnt and np.array_equal(view.swarm.points, points) and not trails.isChecked()
