"""Gaps under the hand: painted, filled, erased, judged beside kriging and the truth; missing pixels have no truth."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_twins import small_model

from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in
from diffview.gui.session import Message
from diffview.gui.show.film_layout import arrivals
from diffview.gui.show.film_rows import REVERSE
from diffview.gui.theme import theme
from diffview.gui.widgets.images.gap_layer import area, outline
from diffview.models.kriging import krige
from diffview.runs.recipe import Recipe
from diffview.scores.gap import run_score

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


def at(view, row, column):
    """The point of the widget over the middle of a pixel."""
    return view.to_widget(QPointF(column + 0.5, row + 0.5))


def paint(window, hand, find, first, last, layer="forwardGaps", view=None):
    """Drag from one pixel to another with the tool."""
    view = view or window.forward.view
    hand.drag(
        find(window, layer),
        at(view, *first),
        at(view, *((a + b) // 2 for a, b in zip(first, last, strict=True))),
        at(view, *last),
    )


def choose_start(window, hand, find, key):
    hand.click(find(window, "startControl").button(key))


def test_the_gap_start_says_how_to_make_a_gap_and_one_drag_fills_it(window, hand, find, settle):
    settle(window)
    before = window.session.recipe
    choose_start(window, hand, find, "gap")
    said = window.heard[-1]
    assert "Nothing is missing or hidden" in said.sentence and "Drag over Forward" in said.hint
    assert window.session.recipe == before.but(sampler="repaint") and find(window, "startControl").key() == "gap"
    assert window.gaps.armed and find(window, "gapButton").isChecked() and window.actions_["gapAction"].isChecked()
    paint(window, hand, find, (20, 16), (31, 39))
    region = window.session.plan.region
    assert window.session.recipe.guidance.hidden == (Region(region.row + 20, region.column + 16, 12, 24),)
    settle(window)
    run, plan = window.live.run, window.session.plan
    assert run.state == "finished" and plan.filled.sum() == 12 * 24 and plan.filled[20:32, 16:40].all()
    end = run.trajectory.last.y[0, 0]
    assert (end[plan.known] == plan.x0[plan.known]).all()
    window.session.undo()
    assert window.session.recipe.guidance.hidden == (), "one drag is one undo"
    window.session.undo()
    assert window.session.recipe == before and find(window, "startControl").key() == "noise"


def test_painting_alone_turns_filling_on_and_the_recipe_gives_the_same_again(open_window, hand, find, settle):
    window = open_window()
    settle(window)
    hand.key(find(window, "timeSlider"), Qt.Key.Key_G)
    assert window.gaps.armed
    paint(window, hand, find, (10, 10), (25, 30))
    settle(window)
    assert find(window, "startControl").key() == "gap"
    first = window.live.run.trajectory.last.y
    saved = Recipe.from_json(window.session.plan.settled.to_json())
    hand.key(find(window, "timeSlider"), Qt.Key.Key_Escape)
    assert not window.gaps.armed
    again = open_window(saved)
    settle(again)
    assert (again.live.run.trajectory.last.y == first).all()


def test_gaps_are_erased_cleared_and_painted_on_the_whole_slice(window, hand, find, settle):
    hand.click(find(window, "gapButton"))
    paint(window, hand, find, (10, 10), (29, 29))
    layer, view, region = find(window, "forwardGaps"), window.forward.view, window.session.plan.region
    shift = Qt.KeyboardModifier.ShiftModifier
    for kind, point, held in (
        (QEvent.Type.MouseButtonPress, at(view, 15, 15), Qt.MouseButton.LeftButton),
        (QEvent.Type.MouseMove, at(view, 20, 20), Qt.MouseButton.LeftButton),
        (QEvent.Type.MouseButtonRelease, at(view, 20, 20), Qt.MouseButton.NoButton),
    ):
        button = Qt.MouseButton.NoButton if kind is QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
        where = QPointF(layer.mapToGlobal(point))
        QApplication.sendEvent(layer, QMouseEvent(kind, point, where, button, held, shift))
    wanted = np.zeros((64, 64), bool)
    wanted[10:30, 10:30], wanted[15:21, 15:21] = True, False
    assert (hidden_in(window.session.recipe.guidance.hidden, region) == wanted).all()
    assert (layer.marks() == wanted).all()
    paint(window, hand, find, (100, 20), (109, 34), "fieldGaps", window.field.view)
    assert window.session.recipe.guidance.hidden[-1] == Region(100, 20, 10, 15)
    assert find(window, "fieldGaps").marks()[100:110, 20:35].all()
    hand.click(find(window, "wholeSliceButton"))
    assert find(window, "forwardGaps").marks().shape == window.session.facts.field.values.shape
    hand.click(find(window, "wholeSliceButton"))
    hand.click(find(window, "clearGapsButton"))
    assert window.session.recipe.guidance.hidden == () and layer.marks() is None
    assert not find(window, "clearGapsButton").isVisible() and not window.actions_["clearGapsAction"].isEnabled()
    window.session.undo()
    assert (layer.marks() == wanted).all()
    settle(window)


GAPPY = QUICK.but(sampler="repaint", hidden=(Region(60, 140, 12, 16),), members=4)


def test_kriging_stands_beside_the_run_with_scores(open_window, hand, find, settle):
    window = open_window(GAPPY)
    settle(window)
    scores, plan, reverse = window.gap_scores, window.session.plan, window.reverse
    alone = krige(np.where(plan.known, plan.x0, np.nan), plan.model.denoiser().embedded(), std=True)
    np.testing.assert_allclose(scores.kriged.mean, alone.mean, atol=1e-4)
    score = run_score(plan, window.session.facts, window.live.run.trajectory.last.y)
    assert scores.model == score and score.members == 4 and score.ratio > 0 and scores.kriging.members == 64
    rows = find(window, "fillingPanel").view.rows()
    assert [row[0] for row in rows] == ["in the gap, K", "RMSE", "CRPS", "spread/skill", "members"]
    assert rows[1][2] == f"{score.rmse:.2f}" and rows[1][3] == f"{scores.kriging.rmse:.2f}"
    assert f"model {score.rmse:.2f}, kriging {scores.kriging.rmse:.2f} K" in reverse.caption.text()
    beside = find(window, "besideControl")
    for key, wanted in (
        ("beside_mean", scores.kriged.mean), ("beside_draw", scores.kriged.draws[0]), ("beside_std", scores.kriged.std),
        ("beside_truth", plan.x0),
    ):  # fmt: skip
        hand.click(beside.button(key))
        assert window.session.view.reverse == key and (reverse.picture.values() == wanted).all()
        assert reverse.view.levels() == ((0, 1) if key == "beside_std" else (-2.5, 2.5))
        marked = find(window, "filledPixels").marks()
        assert marked is None if key == "beside_truth" else (marked == plan.filled).all()
    hand.click(beside.button("run"))
    assert window.session.view.reverse == "x_t" and not window.session.can_undo()
    window.session.look(reverse="beside_mean")
    choose_start(window, hand, find, "noise")
    assert window.session.view.reverse == "x_t" and not beside.isVisible()
    assert not find(window, "fillingPanel").isVisible()
    assert window.session.recipe.guidance.hidden == GAPPY.guidance.hidden, "the gap stays for the next filling"
    settle(window)
    assert find(window, "filledPixels").marks() is None and scores.gap is None


def test_every_walk_of_repaint_through_a_level_is_reached_in_the_film(open_window, hand, find, settle):
    window = open_window(GAPPY.but(steps=12, members=1))
    settle(window)
    strip, run = find(window, "filmStrip"), window.live.run
    times = window.live.times(run)
    turns = [i for i in arrivals(run.plan.visited) if list(times).count(times[i]) > 2]
    there = [(index, recorded[1].index) for index in strip.shown(REVERSE)
             if (recorded := window.timeline.film.step_at(REVERSE, index)) and recorded[1].index in turns]  # fmt: skip
    assert len(there) > 1, "the same level, at several times"
    for index, number in (*there, *there[::-1]):
        hand.click(strip, strip.thumbnail_rect(REVERSE, index).center())
        assert window.live.step.index == number and strip.current(REVERSE) == index
        assert f"step {number}/{run.plan.steps}" in window.reverse.caption.text()
        assert window.session.view.playhead == pytest.approx(times[number])


def test_filled_pixels_are_outlined_and_said_under_the_pointer(open_window, hand, find, settle):
    window = open_window(GAPPY)
    settle(window)
    reverse, plan = window.reverse, window.session.plan
    tiles = find(window, "filledPixels").marks()
    assert tiles.shape == reverse.picture.values().shape and tiles.sum() == 4 * plan.filled.sum()
    window.session.look(member=1)
    assert (find(window, "filledPixels").marks() == plan.filled).all()
    assert window.live.shown is window.live.run
    row, column = (int(i) for i in np.argwhere(plan.filled)[0])
    hand.mouse(reverse.view, QEvent.Type.MouseMove, at(reverse.view, row, column))
    text = window.status.right.text()
    kelvin = float(plan.transform.inverse(window.live.step.y[1, 0, row, column]))
    assert f"reverse {kelvin:.1f} K (filled, generated)" in text and text.index("reverse") < text.index("x₀")
    hand.mouse(reverse.view, QEvent.Type.MouseMove, at(reverse.view, 2, 2))
    assert "K (told)" in window.status.right.text()
    window.session.look(reverse="beside_mean")
    hand.mouse(reverse.view, QEvent.Type.MouseMove, at(reverse.view, row, column))
    assert "(filled by kriging)" in window.status.right.text()


def test_missing_pixels_are_filled_and_no_truth_is_claimed(open_window, find, settle):
    corner = QUICK.but(sampler="repaint", region=Region(0, 40, 64, 64))
    window = open_window(corner)
    settle(window)
    plan = window.session.plan
    missing = np.isnan(window.session.facts.field.values[:64, 40:104])
    assert (plan.filled == missing).all() and missing.sum() > 0
    assert window.gap_scores.model is None and window.gap_scores.rows() == [] and window.gap_scores.kriged is not None
    assert "no truth" in find(window, "fillingNote").text() and "no truth in the gap" in window.reverse.caption.text()
    assert not find(window, "fillingScores").isVisible()


def test_another_way_to_fill_is_chosen_and_undone(open_window, hand, find, settle):
    window = open_window(GAPPY)
    settle(window)
    control = find(window, "fillingControl")
    window.inspector_dock.widget().ensureWidgetVisible(control)
    hand.click(control.button("guidance"))
    settle(window)
    recipe, plan = window.session.recipe, window.session.plan
    assert (recipe.course.sampler, recipe.guidance.observe, recipe.guidance.hidden) == (
        "heun",
        "known",
        GAPPY.guidance.hidden,
    )
    assert find(window, "startControl").key() == "gap" and "closely, not exactly" in find(window, "fillingText").text()
    assert window.live.run.plan is plan and window.gap_scores.model.rmse > 0
    window.session.undo()
    assert window.session.recipe == GAPPY
    settle(window)


def test_a_new_gap_is_kriged_anew_and_an_old_result_is_not_shown(open_window, hand, find, settle):
    window = open_window(GAPPY)
    settle(window)
    first = window.gap_scores.kriged
    window.session.edit(hidden=(Region(60, 140, 20, 20),))
    assert window.gap_scores.kriged is None and window.gap_scores.model is None
    settle(window)
    scores = window.gap_scores
    assert scores.kriged is not None and scores.kriged is not first and scores.model is not None


def test_the_tool_works_at_a_larger_scale_and_marks_follow_the_zoom(window, hand, find, settle):
    theme.set_scale(2.0)
    settle(window)  # the docks follow
    hand.click(find(window, "gapButton"))
    view = window.forward.view
    view.zoom(2.0)
    QApplication.processEvents()
    corner = view.to_image(QPointF(view.width() / 2, view.height() / 2))
    row, column = int(corner.y()), int(corner.x())
    paint(window, hand, find, (row, column), (row + 4, column + 6))
    region = window.session.plan.region
    assert window.session.recipe.guidance.hidden == (Region(region.row + row, region.column + column, 5, 7),)
    assert find(window, "forwardGaps").size() == view.size()
    settle(window)


def test_only_one_tool_is_in_the_hand(window, hand, find):
    draw, gap = find(window, "drawRegionButton"), find(window, "gapButton")
    hand.click(draw)
    hand.click(gap)
    assert window.gaps.armed and not draw.isChecked()
    hand.click(draw)
    assert draw.isChecked() and not window.gaps.armed and not gap.isChecked()
    hand.click(draw)
    assert not draw.isChecked() and not window.gaps.armed


def test_without_a_gap_an_edit_draws_no_judgement_and_greys_nothing_anew(open_window, settle, find):
    window = open_window(QUICK.but(model="local"))
    settle(window)
    window.session.look(auto_run=False)
    told, greyed = [], []
    window.gap_scores.scored.connect(lambda: told.append(1))

    class Eye(QObject):
        def eventFilter(self, watched, event):
            greyed.extend([event.type()] * (event.type() is QEvent.Type.EnabledChange))
            return False

    eye, limit = Eye(), find(window, "missingLimitCombo")
    limit.installEventFilter(eye)
    window.session.edit(seed=window.session.recipe.course.seed + 1)
    assert told == [] and greyed == [] and not limit.isEnabled()
    window.session.edit(hidden=(Region(60, 140, 12, 16),), sampler="repaint")
    assert told


def test_a_window_that_closes_while_a_gap_is_kriged_leaves_nothing(open_window, wait):
    """What is left over is looked for after every test."""
    window = open_window(GAPPY.but(region=Region(0, 100, 128, 128), hidden=(Region(40, 130, 60, 60),), members=1))
    wait(lambda: window.gap_scores.active)
    window.close()
    assert not window.gap_scores.job.active


def test_the_window_follows_a_networks_filling(open_window, tmp_path, find, settle):
    window = open_window(GAPPY.but(region=Region(56, 136, 16, 16), hidden=(Region(60, 140, 5, 6),), members=2))
    window.session.learn(cards={"twin": small_model(tmp_path / "m")})
    window.session.edit(model="twin")
    settle(window)
    run, plan = window.live.run, window.session.plan
    assert run.state == "finished" and run.plan.card is not None and plan.filled.sum() == 30
    end = np.asarray(run.trajectory.last.y)[:, 0]
    assert (end[:, plan.known] == plan.x0[plan.known]).all() and np.abs(end - plan.x0)[:, plan.filled].max() > 0.01
    assert window.gap_scores.model.members == 2 and window.gap_scores.kriging.rmse > 0 and window.gap_scores.fault == ""


def test_outline_and_area_are_those_of_the_mask():
    mask = np.zeros((6, 7), bool)
    mask[1:4, 2:6] = True
    mask[2, 3] = False
    path = area(mask)
    for row in range(6):
        for column in range(7):
            assert path.contains(QPointF(column + 0.5, row + 0.5)) == mask[row, column]
    lines = outline(mask)
    assert lines.boundingRect() == QRectF(2, 1, 4, 3)
    total = sum(
        abs(lines.elementAt(i + 1).x - lines.elementAt(i).x) + abs(lines.elementAt(i + 1).y - lines.elementAt(i).y)
        for i in range(0, lines.elementCount(), 2)
    )
    padded = np.pad(mask, 1)
    assert total == sum(int(np.diff(padded.astype(int), axis=a).astype(bool).sum()) for a in (0, 1))


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_a_message_leaves_the_switch_of_a_filled_gap_free(open_window, hand, find, settle, size):
    window = open_window(QUICK.but(hidden=(Region(60, 140, 12, 12),)), size=size)
    choose_start(window, hand, find, "gap")
    settle(window)
    bar, switch = find(window, "messageBar"), find(window, "besideControl")
    window.session.tell(Message("A sentence of some length. " * 12, "And a hint to it. " * 12, "warning"))
    QApplication.processEvents()
    assert bar.isVisible() and switch.isVisible()
    taken, needed = (QRectF(QPointF(w.mapTo(window, w.rect().topLeft())), w.size()) for w in (bar, switch))
    assert not taken.intersects(needed)
    hand.click(switch.button("beside_mean"))
    assert window.session.view.reverse == "beside_mean"
