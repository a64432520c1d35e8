"""Forks under the hand: leave a run at a step, change what comes after, see both, return."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from diffview.gui.show.film_rows import FORWARD, PARENT, REVERSE
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def menu_at(window, find, row, index):
    """The menu of a step, asked for with the right button."""
    strip = find(window, "filmStrip")
    at = strip.thumbnail_rect(row, index).center().toPoint()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, strip.mapToGlobal(at))
    QApplication.sendEvent(strip, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def click_entry(menu, action):
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())


@pytest.fixture
def forked(window, hand, find, settle):
    """A window whose run was left at its step 6 from the menu of the film strip."""
    click_entry(menu_at(window, find, REVERSE, 6), find(window, "forkAction"))
    settle(window)
    return window


def test_a_fork_is_made_in_the_film_strip_and_is_first_the_same(forked, find):
    session, strip, live = forked.session, find(forked, "filmStrip"), forked.live
    assert session.recipe == QUICK.but(fork=session.recipe.course.fork) and session.recipe.course.fork.step == 6
    assert strip.count(PARENT) == 19 and strip.count(REVERSE) == 13 and strip.current(PARENT) == 6
    bands = [strip.thumbnail_rect(row, 6).y() for row in (FORWARD, PARENT, REVERSE)]
    assert bands == sorted(bands)
    for a, b in zip(live.left.trajectory.kept, live.run.trajectory.kept, strict=True):
        assert np.array_equal(a.y, b.y) and a.evaluations == b.evaluations


def test_the_fork_takes_other_settings_and_its_parent_stays(forked, hand, find, settle):
    before = [step.y for step in forked.live.left.trajectory.kept]
    combo = find(forked, "samplerCombo")
    hand.choose(combo, "heun")
    settle(forked)
    parent, own = forked.live.left.trajectory.kept, forked.live.run.trajectory.kept
    assert all(np.array_equal(a.y, b) for a, b in zip(parent, before, strict=True))
    assert all(a.y is b.y for a, b in zip(parent[:7], own[:7], strict=True))  # not computed again
    assert not np.allclose(parent[-1].y, own[-1].y)
    by_hand = list(run(resolve(forked.session.recipe, forked.session.facts)))
    assert all(np.array_equal(a.y, b.y) for a, b in zip(own, by_hand, strict=True))


def test_every_step_of_parent_and_fork_can_be_looked_at(forked, hand, find):
    strip, live = find(forked, "filmStrip"), forked.live
    hand.click(strip, strip.thumbnail_rect(PARENT, 3).center())
    assert live.shown is live.left and live.step is live.left.trajectory.kept[3]
    assert strip.current(PARENT) == 3
    own = strip.shown(REVERSE)[2]
    hand.click(strip, strip.thumbnail_rect(REVERSE, own).center())
    assert live.shown is live.run and live.step.index == 6 + own


def test_the_parent_is_returned_to_at_once_and_the_fork_by_undo(forked, hand, find, settle):
    parent, own = forked.live.left, forked.live.run
    hand.click(find(forked, "goBackButton"))
    assert forked.session.recipe == QUICK and forked.live.run is parent and forked.live.left is None
    settle(forked)
    assert forked.live.run is parent, "it was computed again"
    strip = find(forked, "filmStrip")
    assert strip.count(PARENT) == 0 and strip.count(REVERSE) == 19
    assert not find(forked, "goBackAction").isEnabled() and not find(forked, "goBackButton").isVisible()
    find(forked, "undoAction").trigger()
    settle(forked)
    assert forked.session.recipe.course.fork.step == 6 and forked.live.left is parent
    assert np.array_equal(forked.live.run.trajectory.last.y, own.trajectory.last.y)
    find(forked, "undoAction").trigger()
    settle(forked)
    assert forked.session.recipe == QUICK and not forked.session.can_undo()


def test_new_noise_needs_a_sampler_that_draws_some(window, hand, find, settle):
    hand.click(find(window, "filmStrip"), find(window, "filmStrip").thumbnail_rect(REVERSE, 4).center())
    action = find(window, "forkNoiseAction")
    assert not action.isEnabled() and "draws no noise" in action.toolTip()
    hand.choose(find(window, "samplerCombo"), "ddpm")
    settle(window)
    click_entry(menu_at(window, find, REVERSE, 4), action)
    settle(window)
    assert window.session.recipe.course.fork.number == 1
    parent, own = window.live.left.trajectory.kept, window.live.run.trajectory.kept
    assert np.array_equal(parent[4].y, own[4].y) and not np.allclose(parent[5].y, own[5].y)
    click_entry(menu_at(window, find, REVERSE, 0), action)  # the step they share: once more from there
    settle(window)
    assert window.session.recipe.course.fork.number == 2 and window.session.recipe.course.fork.step == 4


def test_by_key_at_the_step_on_screen(window, hand, find, settle):
    hand.key(find(window, "timeSlider"), Qt.Key.Key_Home)
    assert window.live.step.index == 18
    action = find(window, "forkAction")
    assert not action.isEnabled() and "ends here" in action.toolTip()
    strip = find(window, "filmStrip")
    hand.click(strip, strip.thumbnail_rect(REVERSE, 9).center())
    hand.key(strip, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    settle(window)
    assert window.session.recipe.course.fork.step == 9
    hand.key(strip, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    assert window.session.recipe.course.fork is None
    settle(window)


def test_the_forward_film_has_no_menu(window, find):
    strip = find(window, "filmStrip")
    at = strip.thumbnail_rect(FORWARD, 0).center().toPoint()
    QApplication.sendEvent(strip, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, strip.mapToGlobal(at)))
    assert QApplication.activePopupWidget() is None


def test_another_schedule_and_step_count_after_the_fork(forked, hand, find, settle):
    levels = forked.live.left.plan.levels
    hand.type_number(find(forked, "stepsSpin"), "40")
    hand.choose(find(forked, "scheduleCombo"), "cosine")
    settle(forked)
    run_ = forked.live.run
    assert run_.plan.levels[:7] == levels[:7] and len(run_.plan.levels) != len(levels)
    assert run_.trajectory.last.s == 0 and run_.trajectory.last.index == run_.plan.steps
    strip = find(forked, "filmStrip")
    assert strip.count(REVERSE) == run_.plan.steps - 6 + 1 and strip.count(PARENT) == 19


def test_another_region_is_run_for_both(forked, settle):
    from diffview.fields.field import Region

    assert forked.session.edit(region=Region(60, 100, 64, 64))
    settle(forked)
    film = forked.timeline.film
    left = forked.live.left
    assert left.state == "finished" and len(left.trajectory) == 19
    assert left.plan.recipe == forked.session.plan.parent.recipe
    assert film.step_at(PARENT, 6)[1].index == 6 and film.step_at(PARENT, 18)[0] is left
    for a, b in zip(left.trajectory.kept[:7], forked.live.run.trajectory.kept[:7], strict=True):
        assert np.array_equal(a.y, b.y)


def test_a_saved_fork_is_opened_as_it_was(forked, open_window, hand, find, settle, tmp_path):
    hand.choose(find(forked, "samplerCombo"), "heun")
    settle(forked)
    text = forked.session.plan.settled.to_json()
    other = open_window(Recipe.from_json(text))
    settle(other)
    assert np.array_equal(other.live.run.trajectory.last.y, forked.live.run.trajectory.last.y)
    strip = find(other, "filmStrip")
    assert strip.count(PARENT) == 19 and strip.current(PARENT) == 6, "all of the run it leaves is there again"
    assert other.live.left.state == "finished"
    for a, b in zip(other.live.left.trajectory.kept, forked.live.left.trajectory.kept, strict=True):
        assert np.array_equal(a.y, b.y)
    hand.click(strip, strip.thumbnail_rect(PARENT, 12).center())
    assert other.live.shown is other.live.left and other.live.step.index == 12
    hand.click(find(other, "goBackButton"))
    settle(other)
    assert len(other.live.run.trajectory) == 19 and strip.count(PARENT) == 0


def test_a_tick_above_the_fork_is_not_moved(forked, hand, find, settle):
    plot, before = find(forked, "scheduleEditor"), forked.session.recipe
    x = float(forked.live.run.plan.recipe.course.schedule.t_of(forked.session.plan.levels[2]))
    at = plot.to_pixel(x, plot.y_axis.low) - QPointF(0, 2)
    hand.drag(plot, at, at - QPointF(10, 0))
    assert forked.session.recipe == before
    settle(forked)


def test_the_start_of_a_fork_stays_where_its_parent_started(open_window, hand, find, settle):
    window = open_window(QUICK.but(origin="field", level=2.0))
    strip = find(window, "filmStrip")
    hand.click(strip, strip.thumbnail_rect(REVERSE, strip.shown(REVERSE)[3]).center())
    step = window.live.step.index
    hand.click(find(window, "forkButton"))
    settle(window)
    hand.click(strip, strip.thumbnail_rect(PARENT, strip.shown(PARENT)[1]).center())  # the playhead is elsewhere now
    hand.click(find(window, "runButton"))
    settle(window)
    assert window.session.recipe.start.level == 2.0 and window.session.recipe.course.fork.step == step > 0
