"""Tuning the noise: presets, handles, parameters, the length of the chain, jump and chain."""

import itertools
import json

import numpy as np
import pytest
from conftest import layer
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu, QPushButton

from diffview.forward import mine
from diffview.forward.brownian import ForwardPath
from diffview.forward.executed import executed, karras
from diffview.forward.schedules import (
    S_LIMIT,
    SCHEDULES,
    BetaCurve,
    Cosine,
    Custom,
    Edm,
    Linear,
    SpectrumMatched,
    ZeroSnr,
)
from diffview.gui.widgets.plots.schedule_items import Handles, RunLevels
from diffview.reverse.grids import make_levels

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def handle_point(plot, index):
    return plot.to_pixel(*layer(plot, Handles).points[index])


def monotone(schedule):
    s = schedule.noise_level(np.linspace(0, 1, 2001))
    return (np.diff(s) > 0).all()


def test_a_handle_of_the_preset_reshapes_it_while_the_picture_follows(window, hand, find, wait, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    session.look(playhead=0.25, follow=False)
    before, first_run = session.recipe, window.live.run
    pictures, levels = [window.forward.view.indices().copy()], [session.frame().s]
    start = handle_point(plot, 1)
    hand.press(plot, start)
    for way in ((-5, 8), (-20, 30), (-30, -10), (-400, 900)):
        hand.move(plot, start + QPointF(*way))
        assert session.recipe.course.schedule.key == "custom"
        assert monotone(session.recipe.course.schedule)
        pictures.append(window.forward.view.indices().copy())
        levels.append(session.frame().s)
    hand.release(plot, start + QPointF(-400, 900))
    assert find(window, "scheduleCombo").currentData() == "custom"
    for old, new in itertools.pairwise(levels):
        assert old != new
    for old, new in itertools.pairwise(pictures):
        assert not np.array_equal(old, new), "x_t follows every move"
    wait(lambda: window.live.run is not first_run)
    settle(window)
    assert window.live.run.plan.recipe.course.schedule == session.recipe.course.schedule
    assert window.live.run.plan.recipe.course.seed == before.course.seed
    assert session.view.playhead == 0.25
    find(window, "undoAction").trigger()
    assert session.recipe == before, "one drag is one undo"
    np.testing.assert_array_equal(window.forward.view.indices(), pictures[0])
    settle(window)


def test_the_curve_goes_through_the_hand(window, hand, find, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    start = handle_point(plot, 1)
    end = start + QPointF(35, -12)
    hand.drag(plot, start, start + QPointF(10, -5), end)
    t, alpha_bar = plot.from_pixel(end)
    assert float(session.recipe.course.schedule.alpha_bar(t)) == pytest.approx(alpha_bar, abs=0.01)
    settle(window)


def test_two_drags_are_two_undos(window, hand, find, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    shapes = [session.recipe.course.schedule]
    for index in (1, 2):
        start = handle_point(plot, index)
        hand.drag(plot, start, start + QPointF(8, 6), start + QPointF(12, 9))
        shapes.append(session.recipe.course.schedule)
    for shape in shapes[-2::-1]:
        hand.key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert session.recipe.course.schedule == shape
    hand.key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert session.recipe.course.schedule == shapes[1]
    settle(window)


@pytest.mark.parametrize("size", [(1024, 768), (1600, 1000)])
def test_every_control_of_the_timeline_is_seen_and_covers_no_other(open_window, find, rest, size):
    window = open_window(size=size)
    rest(window)
    names = "scheduleCombo axisControl pencilButton chainLengthSpin densityButton forkButton followButton"
    places = [find(window, name) for name in names.split()]
    boxes = [QRect(w.mapTo(window.timeline, QPoint(0, 0)), w.size()) for w in places]
    assert all(window.timeline.rect().contains(box) for box in boxes)
    assert not any(a.intersects(b) for a, b in itertools.combinations(boxes, 2))
    assert all(not w.visibleRegion().isEmpty() for w in places)


@pytest.mark.parametrize("quantity", ["log_snr", "sigma"])
def test_other_quantities_are_dragged_too(window, hand, find, settle, quantity):
    plot, session = find(window, "scheduleEditor"), window.session
    hand.click(find(window, "quantityControl").button(quantity))
    assert session.view.quantity == quantity
    start = handle_point(plot, 1)
    hand.drag(plot, start, start + QPointF(0, -5), start + QPointF(0, -12))
    assert session.recipe.course.schedule.key == "custom"
    assert monotone(session.recipe.course.schedule)
    t, y = plot.from_pixel(start + QPointF(0, -12))
    schedule = session.recipe.course.schedule
    reached = schedule.log_snr(t) if quantity == "log_snr" else schedule(t)[1]
    low, high = plot.y_axis.low, plot.y_axis.high
    assert float(reached) == pytest.approx(y, abs=0.01 * (high - low))
    settle(window)


def test_beta_is_dragged_and_shows_what_it_makes(window, hand, find, wait, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    session.look(playhead=0.6, follow=False)
    before, first_run = session.recipe, window.live.run
    hand.click(find(window, "quantityControl").button("beta"))
    start = handle_point(plot, 1)
    picture, left = window.forward.view.indices().copy(), float(session.recipe.course.schedule.alpha_bar(0.6))
    hand.press(plot, start)
    for way in (6, 12, 25):
        hand.move(plot, start + QPointF(0, way))
    schedule = session.recipe.course.schedule
    t, log_beta = plot.from_pixel(start + QPointF(0, 25))
    hand.release(plot, start + QPointF(0, 25))
    assert isinstance(schedule, BetaCurve) and schedule.knots[1] == pytest.approx((t, 10**log_beta), rel=2e-2)
    np.testing.assert_allclose(np.cumprod(1 - schedule.betas()), schedule.discrete(1000).alpha_bar, rtol=1e-12)
    assert float(schedule.alpha_bar(0.6)) > left, "smaller betas leave more signal"
    assert not np.array_equal(window.forward.view.indices(), picture)
    wait(lambda: window.live.run is not first_run)
    settle(window)
    assert window.live.run.plan.recipe.course.schedule == schedule
    session.undo()
    assert session.recipe == before, "one drag is one undo"
    settle(window)


def test_beta_stops_where_so_much_noise_leaves_no_signal(window, hand, find, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    hand.click(find(window, "quantityControl").button("beta"))
    start = handle_point(plot, 1)
    hand.drag(plot, start, start + QPointF(0, -60), start + QPointF(0, -4000))
    schedule = session.recipe.course.schedule
    assert 1e11 < schedule.s_max <= S_LIMIT and [m for m in window.heard if m.kind == "error"] == []
    settle(window)


def test_points_are_added_nudged_and_removed(window, hand, find, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    before = session.recipe
    place = plot.to_pixel(0.4, 0.3)
    hand.double_click(plot, place)
    knots = session.recipe.course.schedule.knots
    assert len(knots) == 6 and knots[2][0] == pytest.approx(0.4, abs=1e-3)
    assert float(session.recipe.course.schedule.alpha_bar(knots[2][0])) == pytest.approx(0.3, abs=0.01)
    hand.key(plot, Qt.Key.Key_Up)
    assert session.recipe.course.schedule.knots[2][1] > knots[2][1], "the new point is selected, and nudged"
    hand.key(plot, Qt.Key.Key_Delete)
    assert len(session.recipe.course.schedule.knots) == 5
    for _ in range(3):
        session.undo()
    assert session.recipe == before, "three edits, three undos"
    window.heard.clear()
    hand.double_click(plot, place)
    start = handle_point(plot, len(layer(plot, Handles).points) - 1)
    hand.drag(plot, start, start + QPointF(0, -4))
    hand.key(plot, Qt.Key.Key_Delete)
    assert [m.kind for m in window.heard] == ["error"] and "last point" in window.heard[0].sentence
    assert len(session.recipe.course.schedule.knots) == 6
    settle(window)


def test_a_curve_is_drawn_by_one_stroke(window, hand, find, wait, settle):
    plot, session, pencil = find(window, "scheduleEditor"), window.session, find(window, "pencilButton")
    before, first_run = session.recipe, window.live.run
    hand.click(pencil)
    t = np.linspace(0.01, 0.995, 60)
    alpha_bar = (1 - t) ** 1.5
    way = [plot.to_pixel(*point) for point in zip(t, alpha_bar, strict=True)]
    hand.drag(plot, *way)
    schedule = session.recipe.course.schedule
    np.testing.assert_allclose(schedule.alpha_bar(t), alpha_bar, atol=0.02)
    assert monotone(schedule) and len(schedule.knots) <= 12
    wait(lambda: window.live.run is not first_run)
    window.heard.clear()
    hand.drag(plot, *way[:30], *way[10:20])
    assert [m.kind for m in window.heard] == ["error"] and "goes back" in window.heard[0].sentence
    assert session.recipe.course.schedule == schedule, "nothing is lost"
    hand.click(pencil)
    session.undo()
    assert session.recipe == before
    hand.click(find(window, "axisControl").button("ln_s"))
    assert not pencil.isEnabled() and "choose t" in pencil.toolTip()
    settle(window)


def test_beta_is_drawn_over_the_level_by_one_stroke(window, hand, find, wait, settle):
    plot, session, pencil = find(window, "scheduleEditor"), window.session, find(window, "pencilButton")
    before, first_run = session.recipe, window.live.run
    hand.click(find(window, "axisControl").button("ln_s"))
    hand.click(find(window, "quantityControl").button("beta"))
    assert pencil.isEnabled()
    hand.click(pencil)
    s = np.geomspace(0.2, 20, 60)
    way = [plot.to_pixel(np.log(level), np.log10(0.01)) for level in s]
    hand.drag(plot, *way)
    schedule = session.recipe.course.schedule
    assert isinstance(schedule, BetaCurve)
    level, beta = schedule.noise_level(np.linspace(0, 1, 1001)[1:]), schedule.betas()
    inside = (level > 0.25) & (level < 16)
    assert inside.sum() > 100 and np.abs(np.log(beta[inside] / 0.01)).max() < 0.15
    wait(lambda: window.live.run is not first_run)
    window.heard.clear()
    hand.drag(plot, *way[:40], *way[10:20])
    assert [m.kind for m in window.heard] == ["error"] and "goes back at s = " in window.heard[0].sentence
    assert session.recipe.course.schedule == schedule, "nothing is lost"
    hand.click(find(window, "quantityControl").button("log_snr"))
    assert not pencil.isEnabled() and not pencil.isChecked() and "or β" in pencil.toolTip()
    session.undo()
    assert session.recipe == before
    settle(window)


@pytest.mark.parametrize("quantity", ["alpha_bar", "log_snr", "sigma", "beta"])
def test_on_the_level_points_are_dragged_along_the_curve(window, hand, find, settle, quantity):
    plot, session = find(window, "scheduleEditor"), window.session
    hand.click(find(window, "quantityControl").button(quantity))
    hand.click(find(window, "axisControl").button("ln_s"))
    before = session.recipe
    index = len(layer(plot, Handles).points) // 2
    t = before.course.schedule.t_of(np.exp(layer(plot, Handles).points[index][0]))
    start = handle_point(plot, index)
    hand.drag(plot, start, start + QPointF(8, 0), start + QPointF(15, 0))
    schedule = session.recipe.course.schedule
    assert monotone(schedule) and schedule != before.course.schedule
    if quantity != "beta":
        x, _ = plot.from_pixel(start + QPointF(15, 0))
        assert float(np.log(schedule.noise_level(t))) == pytest.approx(x, abs=0.02), "t has another level"
    session.undo()
    assert session.recipe == before
    settle(window)


def test_the_slider_lives_on_the_level_too(window, hand, find):
    slider, session = find(window, "timeSlider"), window.session
    hand.click(find(window, "axisControl").button("ln_s"))
    assert slider.isVisible()
    plot = find(window, "scheduleEditor")
    for t in (0.1, 0.5, 0.9):
        x = plot.to_pixel(float(np.log(session.recipe.course.schedule.noise_level(t))), 0).x()
        assert slider.x_of(1000 * t) == pytest.approx(x, abs=1.5), "it stands under the playhead"
    at = QPointF(plot.to_pixel(0.0, 0).x(), slider.height() / 2)
    hand.click(slider, at)
    assert session.frame().s == pytest.approx(1.0, rel=0.03)


def ask_menu(plot, at):
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, plot.mapToGlobal(at))
    QApplication.sendEvent(plot.viewport(), asked)


def test_a_piece_is_joined_at_the_level_under_the_pointer(window, find, wait, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    t = 0.6
    s = float(Linear().noise_level(t))
    ask_menu(plot, plot.to_pixel(t, 0.9).toPoint())
    menu = find(window, "curveMenu")
    find(window, "piece_above_edm").trigger()
    menu.close()
    wait(lambda: window.findChild(QMenu, "curveMenu") is None)
    schedule = session.recipe.course.schedule
    assert (schedule.low, schedule.high) == (Linear(), Edm()) and schedule.level == pytest.approx(s, rel=0.01)
    window.heard.clear()
    session.edit(schedule=Linear())
    ask_menu(plot, plot.to_pixel(1.0, 0.9).toPoint())
    find(window, "piece_above_ve").trigger()
    find(window, "curveMenu").close()
    assert [m.kind for m in window.heard] == ["error"] and "nothing above" in window.heard[0].sentence
    assert session.recipe.course.schedule == Linear(), "nothing is lost"
    settle(window)


def test_a_preset_is_chosen_from_the_list(window, hand, find, wait, settle):
    combo, session = find(window, "scheduleCombo"), window.session
    assert [combo.itemData(i) for i in range(combo.count())] == list(SCHEDULES)
    first = window.live.run
    hand.choose(combo, "cosine")
    assert session.recipe.course.schedule == Cosine()
    wait(lambda: window.live.run is not first)
    settle(window)
    np.testing.assert_array_equal(window.live.run.trajectory.kept[0].y[0, 0].shape, (64, 64))
    session.undo()
    assert session.recipe.course.schedule == Linear()
    assert combo.currentData() == "linear"
    settle(window)


def test_every_preset_shows_and_runs(window, find, settle):
    combo = find(window, "scheduleCombo")
    for key in SCHEDULES:
        combo.activated.emit(combo.findData(key))
        settle(window)
        assert window.session.recipe.course.schedule.key == key
        assert window.live.run.state == "finished", key
        assert window.live.run.plan.recipe.course.schedule.key == key
        assert np.isfinite(window.live.run.trajectory.last.y).all(), key
        for t in (0.0, 0.5, 1.0):
            window.session.look(playhead=t, follow=False)
            assert np.isfinite(window.session.frame().x_t).all(), key
    assert [m.sentence for m in window.heard if m.kind == "error"] == []


def test_a_parameter_is_typed(window, hand, find, wait, settle):
    first = window.live.run
    hand.type_number(find(window, "param_beta_end"), "0.03")
    assert window.session.recipe.course.schedule == Linear(beta_end=0.03)
    wait(lambda: window.live.run is not first)
    settle(window)
    assert window.live.run.plan.recipe.course.schedule == Linear(beta_end=0.03)
    hand.key(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.recipe.course.schedule == Linear()
    assert find(window, "param_beta_end").value() == 0.02
    settle(window)


def test_a_parameter_that_makes_no_schedule_is_refused(window, find, settle):
    combo = find(window, "scheduleCombo")
    combo.activated.emit(combo.findData("edm"))
    settle(window)
    before = window.session.recipe
    window.heard.clear()
    find(window, "param_sigma_min").setValue(9.0)
    find(window, "param_sigma_max").setValue(2.0)
    assert [m.kind for m in window.heard] == ["error"]
    assert "sigma_min" in window.message_bar.text()
    assert window.session.recipe.course.schedule.sigma_max == before.course.schedule.sigma_max
    settle(window)


def test_the_length_of_the_chain_counts_rows_and_moves_nothing(window, hand, find, settle):
    slider, session = find(window, "timeSlider"), window.session
    assert (slider.minimum(), slider.maximum()) == (0, 1000)
    session.look(playhead=0.4, follow=False)
    picture, run = window.forward.view.indices().copy(), window.live.run
    hand.type_number(find(window, "chainLengthSpin"), "50")
    assert session.recipe.start.chain_length == 50
    assert (slider.minimum(), slider.maximum(), slider.value()) == (0, 50, 20)
    assert find(window, "scheduleEditor").chain_length == 50
    np.testing.assert_array_equal(window.forward.view.indices(), picture)
    settle(window)
    assert window.live.run is run
    hand.key(slider, Qt.Key.Key_Right)
    assert session.view.playhead == 21 / 50
    session.undo()
    assert slider.maximum() == 1000


def test_the_axis_can_be_the_noise_level(window, hand, find):
    plot, session = find(window, "scheduleEditor"), window.session
    hand.click(find(window, "axisControl").button("ln_s"))
    assert plot.x_kind == "ln_s"
    at = QPointF(plot.to_pixel(0.0, 0).x(), plot.plot_rect.top() + 6)  # ln s = 0
    hand.drag(plot, at)
    assert session.frame().s == pytest.approx(1.0, rel=0.02)
    assert find(window, "timeSlider").value() == round(1000 * session.view.playhead)


# -- jump and chain


def noise_of(window):
    frame = window.session.frame()
    return (frame.x_t - np.float32(frame.alpha) * window.session.plan.x0) / frame.sigma


def scrub_to(window, find, row):
    find(window, "timeSlider").setValue(row)
    assert window.session.view.playhead == row / 1000
    return noise_of(window)


def test_chain_and_jump_have_the_same_law_at_every_t(window, hand, find, settle):
    control, rows = find(window, "pathModeControl"), (60, 250, 500, 800)
    jump = {row: scrub_to(window, find, row) for row in rows}
    hand.click(control.button("chain"))
    assert window.session.recipe.start.path_mode == "chain"
    chain = {row: scrub_to(window, find, row) for row in rows}
    count = 64 * 64
    for row in rows:
        for eps in (jump[row], chain[row]):
            assert abs(eps.mean()) < 4.5 / np.sqrt(count)
            assert abs(eps.var() - 1) < 4.5 * np.sqrt(2 / count)
    np.testing.assert_allclose(jump[60], jump[800], atol=1e-3)
    assert abs(np.corrcoef(chain[60].ravel(), chain[800].ravel())[0, 1]) < 0.2, "fresh noise at every step"
    again = {row: scrub_to(window, find, row) for row in (500, 60, 800, 250)}
    for row in rows:
        np.testing.assert_array_equal(again[row], chain[row], err_msg="the order of looking changed the noise")
    settle(window)


def test_the_chain_is_that_of_the_core_whichever_way_it_was_reached(window, hand, find, settle):
    hand.click(find(window, "pathModeControl").button("chain"))
    for row in (900, 30, 400):
        scrub_to(window, find, row)
    frame = window.session.frame()
    path = ForwardPath(0, (64, 64), "chain", noise=window.session.recipe.course.noise)
    expected = np.float32(frame.alpha) * (window.session.plan.x0 + path(frame.s))
    np.testing.assert_array_equal(frame.x_t, expected)
    hand.click(find(window, "pathModeControl").button("closed"))
    assert not np.array_equal(window.session.frame().x_t, expected)
    settle(window)


def test_the_lint_says_what_a_short_chain_leaves_out_and_mends_it(window, hand, find, wait, settle):
    session = window.session
    view = find(window, "lintView")
    wait(lambda: "fine" in view.more.text())
    assert session.edit(schedule=Linear(chain_steps=50))
    wait(lambda: view.findChild(QPushButton, "remedy_terminal") is not None)
    said = [label.text() for label in view.findChildren(QLabel)]
    assert any("leaves out" in text and text.endswith(".") and " K)" in text for text in said)
    hand.click(view.findChild(QPushButton, "remedy_terminal"))
    assert session.recipe.course.schedule == Linear(chain_steps=1000)
    wait(lambda: view.findChild(QPushButton, "remedy_terminal") is None or not view.isVisible())
    find(window, "undoAction").trigger()
    assert session.recipe.course.schedule == Linear(chain_steps=50)
    shown = len([label for label in view.findChildren(QLabel) if label.isVisible()])
    hand.click(view.more)
    assert len([label for label in view.findChildren(QLabel) if label.isVisible()]) > shown, "what is fine, on request"
    settle(window)


def tick_point(plot, index):
    place = plot.to_pixel(float(layer(plot, RunLevels).levels[index]), 0)
    return QPointF(place.x(), plot.plot_rect.bottom() - 4)


def test_a_level_of_the_run_is_pulled_along_the_axis(window, hand, find, settle):
    plot, session = find(window, "scheduleEditor"), window.session
    before, levels = session.recipe, session.plan.levels
    start = tick_point(plot, 8)
    hand.drag(plot, start, start + QPointF(4, 0), start + QPointF(9, 2))
    assert session.recipe.course.grid == "custom" and find(window, "gridCombo").currentData() == "custom"
    now = session.plan.levels
    t = plot.from_pixel(start + QPointF(9, 0))[0]
    assert now[8] == pytest.approx(float(session.recipe.course.schedule.noise_level(t)), rel=1e-9)
    assert now[:8] == levels[:8] and now[9:] == levels[9:]
    start = tick_point(plot, 8)
    hand.drag(plot, start, start + QPointF(-900, 0))
    assert now[9] < session.plan.levels[8] < now[9] * 1.01, "it stops at its neighbour"
    session.undo()
    assert session.plan.levels == now, "one drag is one undo"
    session.undo()
    assert session.recipe == before
    settle(window)


def test_custom_ticks_begin_as_they_are_and_keep_their_spacing(window, find, settle):
    combo, session = find(window, "gridCombo"), window.session
    levels = session.plan.levels
    combo.activated.emit(combo.findData("custom"))
    assert session.plan.levels == levels
    session.edit(steps=2 * session.recipe.course.steps - 1)
    assert session.plan.levels[:-1:2] == pytest.approx(levels[:-1])
    settle(window)


def test_a_schedule_made_of_another_keeps_its_parameters_in_the_form(window, hand, find, settle):
    combo, session = find(window, "scheduleCombo"), window.session
    combo.activated.emit(combo.findData("zero_snr"))
    assert session.recipe.course.schedule == ZeroSnr(Linear())
    hand.type_number(find(window, "param_of.beta_end"), "0.03")
    assert session.recipe.course.schedule == ZeroSnr(Linear(beta_end=0.03))
    part = find(window, "param_of")
    part.setCurrentIndex(part.findData("cosine"))
    assert session.recipe.course.schedule == ZeroSnr(Cosine())
    assert find(window, "param_of.offset").value() == 0.008
    combo.activated.emit(combo.findData("join"))
    assert session.recipe.course.schedule.low == Cosine() and find(window, "param_high.rho").value() == 7.0
    combo.activated.emit(combo.findData("spectrum"))
    assert session.recipe.course.schedule == SpectrumMatched.match(session.plan.x0, session.facts.field.pixel_km)
    settle(window)


def type_cell(hand, table, row, column, text):
    at = table.visualItemRect(table.item(row, column)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    QApplication.processEvents()  # the table takes it after the key


def test_points_are_typed_in_a_table_and_removed_there(window, hand, find, wait, settle):
    table, session = find(window, "pointTable"), window.session
    assert not table.isVisible(), "a formula has a form"
    session.edit(schedule=Custom.like(Linear()))
    wanted = [f"{a:.4g}" for a in (0.25, Linear().alpha_bar(0.25), Linear().noise_level(0.25))]
    assert table.isVisible() and table.texts()[1] == pytest.approx(wanted)
    before = session.recipe
    type_cell(hand, table, 1, 1, "0.6")
    schedule = session.recipe.course.schedule
    assert float(schedule.alpha_bar(0.25)) == pytest.approx(0.6, rel=1e-12)
    type_cell(hand, table, 1, 0, "0.3")
    assert session.recipe.course.schedule.knots[1][0] == 0.3
    assert session.recipe.course.schedule.knots[1][1] == pytest.approx(schedule.knots[1][1], rel=1e-12), (
        "the value stays"
    )
    window.heard.clear()
    for column, text in ((1, "1.2"), (0, "0.9"), (0, "much")):
        now = session.recipe
        type_cell(hand, table, 1, column, text)
        assert session.recipe == now and window.heard[-1].kind == "error", "nothing is lost"
    assert table.texts()[1][:2] == ["0.3", "0.6"]
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert len(session.recipe.course.schedule.knots) == 4
    wait(lambda: table.rowCount() == 4)
    for _ in range(3):
        session.undo()
    assert session.recipe == before
    wait(lambda: table.texts()[1] == wanted)  # the table follows a curve that is pulled, but not each frame of it
    session.edit(schedule=BetaCurve())
    hand.click(find(window, "quantityControl").button("beta"))
    window.heard.clear()
    type_cell(hand, table, 1, 1, "1.5")
    assert window.heard[-1].sentence == "beta = 1.5 at t = 0.25 is outside (0, 1]."
    type_cell(hand, table, 1, 1, "0.004")
    assert session.recipe.course.schedule.knots[1] == (0.25, 0.004)
    settle(window)


@pytest.fixture
def no_mine():
    """None of my schedules is there, before the test or after it."""
    for _ in range(2):
        for name in mine.names():
            mine.remove(name)
        if _ == 0:
            yield


def test_a_schedule_is_kept_chosen_again_and_removed(window, hand, find, settle, monkeypatch, no_mine):
    combo, session = find(window, "scheduleCombo"), window.session
    session.edit(schedule=Linear(beta_end=0.03))
    asked = "diffview.gui.panels.schedule_list.QInputDialog.getText"
    monkeypatch.setattr(asked, lambda *a, **k: ("calm <b>seas</b>", True))
    find(window, "keepScheduleAction").trigger()
    assert combo.currentText() == "calm <b>seas</b>" and window.heard[-1].kind == "info"
    hand.choose(combo, "cosine")
    hand.choose(combo, "mine:calm <b>seas</b>")
    assert session.recipe.course.schedule == Linear(beta_end=0.03)
    session.undo()
    assert session.recipe.course.schedule == Cosine() and combo.currentData() == "cosine"
    find(window, "dropScheduleAction").trigger()
    assert window.heard[-1].kind == "error" and mine.names() == ["calm <b>seas</b>"], "it is not in force"
    session.undo()
    find(window, "dropScheduleAction").trigger()
    assert mine.names() == [] and session.recipe.course.schedule == Linear(beta_end=0.03)
    monkeypatch.setattr(asked, lambda *a, **k: ("linear", True))
    find(window, "keepScheduleAction").trigger()
    assert window.heard[-1].kind == "error" and mine.names() == []
    mine.save("kept before the start", Cosine())
    session.edit(schedule=Cosine())
    find(window, "dropScheduleAction").trigger()
    assert mine.names() == [], "the list need not have been opened"
    settle(window)


def test_settings_in_yaml_are_opened_as_a_drop_does(window, settle, tmp_path):
    path, session = tmp_path / "inference.yaml", window.session
    path.write_text(
        "noise_scheduler:\n  schedule_type: karras\n  sigma_max: 9e+1\n  sigma_min: 0.03\n  num_steps: 18\n"
    )
    before = session.recipe
    window.open_file(str(path))
    assert session.recipe.course.schedule == Edm(0.03, 90.0) and "custom ticks" in window.heard[-1].sentence
    assert session.plan.levels[:-1] == pytest.approx(karras(90.0, 0.03, 18).tolist(), rel=1e-12)
    settle(window)
    session.undo()
    path.write_text("optimiser: adam\n")
    window.open_file(str(path))
    assert session.recipe == before, "nothing is lost"
    assert window.heard[-1].kind == "error" and "hold no noise levels" in window.heard[-1].sentence
    settle(window)


def test_a_config_is_taken_with_the_levels_that_it_executes(window, find, settle, monkeypatch, tmp_path):
    path, session = tmp_path / "scheduler_config.json", window.session
    config = {"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True, "set_alpha_to_one": False}
    path.write_text(json.dumps(config))
    before, steps = session.recipe, session.recipe.course.steps
    window.open_file(str(path))
    assert session.plan.levels == pytest.approx(executed(config, steps).levels, rel=1e-12)
    said = window.heard[-1]
    assert (
        said.kind == "warning" and "passes over set_alpha_to_one" in said.sentence and "custom ticks" in said.sentence
    )
    settle(window)
    assert window.live.run.state == "finished"
    session.undo()
    assert session.recipe == before, "one undo"
    path.write_text(json.dumps({"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": True, "gamma": 2}))
    window.open_file(str(path))
    assert window.heard[-1].kind == "error" and "gamma" in window.heard[-1].sentence and session.recipe == before
    saved = str(tmp_path / "levels.json")
    monkeypatch.setattr("diffview.gui.window.sharing.QFileDialog.getSaveFileName",
                        lambda *a, **k: (saved, "Levels of the run for anemoi (*.json)"))  # fmt: skip
    session.edit(schedule=Edm(), grid="karras")
    find(window, "exportScheduleAction").trigger()
    session.edit(schedule=Linear(), grid="uniform", grid_params=())
    window.open_file(saved)
    assert session.recipe.course.schedule.sigma_min == pytest.approx(Edm().sigma_min, rel=1e-12)
    assert session.plan.levels == pytest.approx(make_levels(Edm(), "karras", steps), rel=1e-12)
    settle(window)


@pytest.mark.parametrize("name", ["schedule.csv", "schedule.json", "scheduler_config.json"])
def test_a_schedule_goes_to_a_file_and_comes_back(window, find, settle, monkeypatch, tmp_path, name):
    path, session = str(tmp_path / name), window.session
    session.edit(schedule=Cosine(), chain_length=50)
    chain = Cosine().discrete(50)
    monkeypatch.setattr("diffview.gui.window.opening.QFileDialog.getSaveFileName", lambda *a, **k: (path, ""))
    monkeypatch.setattr("diffview.gui.window.opening.QFileDialog.getOpenFileName", lambda *a, **k: (path, ""))
    find(window, "exportScheduleAction").trigger()
    session.edit(schedule=Linear())
    find(window, "importScheduleAction").trigger()
    np.testing.assert_array_equal(session.recipe.course.schedule.discrete(50).beta, chain.beta)
    session.undo()
    assert session.recipe.course.schedule == Linear()
    window.open_file(path)  # as a drop does
    np.testing.assert_array_equal(session.recipe.course.schedule.discrete(50).beta, chain.beta)
    before = session.recipe
    (tmp_path / name).write_text('{"_class_name": "DDPMScheduler", "gamma": 1}' if "json" in name else "beta\n2.0")
    find(window, "importScheduleAction").trigger()
    assert session.recipe == before and window.heard[-1].kind == "error"
    settle(window)
