"""Runs under the hand: the film strip, starting from the field, one shot, and a region with holes."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from diffview.fields.field import Region
from diffview.models.formulas import FORMULAS
from diffview.reverse.grids import GRIDS
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.recipe import default_recipe

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def click_film(window, hand, find, index, row=1):
    strip = find(window, "filmStrip")
    hand.click(strip, strip.thumbnail_rect(row, index).center())


def test_a_recorded_run_is_scrubbed_by_clicking_its_film(window, hand, find):
    strip, session = find(window, "filmStrip"), window.session
    kept = window.live.run.trajectory.kept
    assert strip.count(1) == len(kept) == 19
    for index in strip.shown(1)[::3]:
        click_film(window, hand, find, index)
        step = kept[index]
        assert window.live.step is step
        assert session.frame().s == pytest.approx(step.s, rel=1e-6)
        assert strip.current(1) == index
        assert find(window, "timeSlider").value() == round(1000 * session.view.playhead)
        shown = float(session.recipe.course.schedule.scale(step.s)) * step.y[0, 0]
        assert window.reverse.view.value_at(31, 17) == pytest.approx(float(shown[31, 17]), abs=1e-4)
    assert not session.view.follow
    assert not session.can_undo()


def test_the_forward_film_scrubs_too(window, hand, find):
    strip = find(window, "filmStrip")
    shown = strip.shown(0)
    click_film(window, hand, find, shown[len(shown) // 2], row=0)
    middle = window.session.view.playhead
    assert middle == pytest.approx(shown[len(shown) // 2] / (strip.count(0) - 1), abs=1e-3)


def test_the_film_lies_over_the_axis_of_the_timeline(window, find):
    window.session.edit(chain_length=100)
    strip, plot = find(window, "filmStrip"), find(window, "scheduleEditor")
    for index, step in enumerate(window.live.run.trajectory.kept):
        t = float(window.session.recipe.course.schedule.t_of(step.s))
        above = plot.viewport().mapToGlobal(plot.to_pixel(t, 0)).x()
        below = strip.mapToGlobal(QPointF(strip.rows.x_of(strip.rows[1].values[index]), 0)).x()
        assert abs(above - below) <= 1.5


def test_a_stopped_run_can_be_scrubbed(open_window, hand, find, wait, settle):
    window = open_window(QUICK.but(model="data", steps=4000), wait=False)
    wait(lambda: window.live.run is not None and len(window.live.run.trajectory) > 800)
    hand.click(find(window, "stopButton"))
    settle(window)
    run = window.live.run
    assert run.state == "stopped"
    assert 800 < len(run.trajectory) < 4001
    strip = find(window, "filmStrip")
    index = strip.shown(1)[1]
    click_film(window, hand, find, index)
    assert window.live.step is window.timeline.film.steps[index]
    assert window.session.frame().s == pytest.approx(window.live.step.s, rel=1e-6)


def test_every_sampler_and_every_grid_is_chosen_and_runs(window, find, settle):
    combo = find(window, "samplerCombo")
    for sampler in (key for key, info in SAMPLERS.items() if info.needs == ("posterior mean",)):
        combo.activated.emit(combo.findData(sampler))
        settle(window)
        run = window.live.run
        assert (run.state, run.plan.recipe.course.sampler) == ("finished", sampler)
        assert np.isfinite(run.trajectory.last.y).all(), sampler
        assert run.trajectory.last.evaluations == run.plan.evaluations, sampler
        assert f"step {run.plan.steps}/{run.plan.steps}" in window.reverse.caption.text()
    combo = find(window, "gridCombo")
    for grid in GRIDS:
        combo.activated.emit(combo.findData(grid))
        settle(window)
        run = window.live.run
        assert (run.state, run.plan.recipe.course.grid) == ("finished", grid)
        assert [step.s for step in run.trajectory.kept] == window.session.plan.levels


def test_the_steps_asked_for_are_the_steps_run(window, hand, find, wait, settle):
    first = window.live.run
    hand.type_number(find(window, "stepsSpin"), "7")
    wait(lambda: window.live.run is not first)
    settle(window)
    assert len(window.live.run.trajectory) == 8
    assert find(window, "filmStrip").count(1) == 8


def test_a_model_is_chosen_from_the_list(window, hand, find, wait, settle):
    first = window.live.run
    hand.choose(find(window, "modelCombo"), "data")
    wait(lambda: window.live.run is not first)
    settle(window)
    assert window.live.run.plan.recipe.denoiser.model == "data"
    crops = window.session.plan.model.crops()
    gap = np.abs(crops - window.live.run.trajectory.last.y[0]).mean(axis=(1, 2)).min()
    assert gap < 0.05, "`data` can only give its crops back"


# -- from the field


def test_a_run_from_the_field_is_honest_and_starts_where_the_playhead_stands(open_window, hand, find, settle, badge):
    window = open_window(default_recipe().but(steps=8))
    session, first = window.session, window.live.run
    assert (session.plan.region.ny, session.plan.model.left_out) == (128, False)
    find(window, "timeSlider").setValue(250)
    window.heard.clear()
    hand.click(find(window, "startControl").button("field"))
    plan = session.plan
    assert plan.region.ny < 128
    assert find(window, "messageBar").isVisible()
    assert "can be fitted without seeing it" in find(window, "messageBar").text()
    assert len(plan.model.regions) >= 50
    assert not any(crop.overlaps(plan.region) for crop in plan.model.regions)
    s = float(session.recipe.course.schedule.noise_level(0.25))
    assert plan.levels[0] == pytest.approx(s, rel=1e-9)
    assert plan.steps == 8, "the steps asked for, all below the level it starts at"
    hand.click(find(window, "runButton"))
    assert window.live.run is not first
    settle(window)
    run = window.live.run
    assert run.plan is plan
    start = run.trajectory.kept[0]
    assert start.s == plan.levels[0]
    np.testing.assert_allclose(start.y[0, 0], session.forward.y(s)[0, 0], atol=1e-4)
    end = run.trajectory.last.y[0, 0]
    assert np.corrcoef(end.ravel(), plan.x0.ravel())[0, 1] > 0.5, "it brings the field back"
    assert window.forward.view.indices().shape == plan.x0.shape == end.shape
    find(window, "timeSlider").setValue(0)
    assert badge(window.reverse.view) == "from the field"
    hand.click(find(window, "startControl").button("noise"))
    assert session.plan.region.ny == 128
    assert session.plan.levels[0] == pytest.approx(session.recipe.course.schedule.s_max)
    settle(window)


# -- one shot


def test_one_shot_tells_the_loss_at_the_playhead(window, hand, find, settle):
    session = window.session
    find(window, "timeSlider").setValue(330)
    frame = session.frame()
    hand.click(find(window, "reverseKindControl").button("shot"))
    settle(window)
    # from what FORWARD shows and from a model fitted anew
    frame = session.frame()
    eps = (frame.x_t - frame.alpha * session.plan.x0) / frame.sigma
    y = (frame.x_t / frame.alpha)[None, None]
    x0_hat = FORMULAS["gaussian"](session.plan.model.crops())(y, frame.s)[0, 0]
    eps_hat = (y[0, 0] - x0_hat) / frame.s
    loss = float(np.mean((eps - eps_hat) ** 2))
    assert 0.001 < loss < 1
    assert window.live.shot.loss == pytest.approx(loss, rel=1e-3)
    told = window.reverse.caption.text()
    assert float(told.split("=")[1].split("·")[0].replace("\N{MINUS SIGN}", "-")) == pytest.approx(loss, abs=0.006)
    at = 12, 40
    view, truth = find(window, "reverseView"), find(window, "trueNoiseView")
    assert view.value_at(*at) == pytest.approx(float(x0_hat[at]), abs=1e-3)
    assert not truth.isVisible()

    hand.click(find(window, "reverseModeControl").button("shot_eps"))
    assert truth.isVisible()
    assert truth.value_at(*at) == pytest.approx(float(eps[at]), abs=2e-3)
    assert view.value_at(*at) == pytest.approx(float(eps_hat[at]), abs=2e-3)
    assert truth.levels() == view.levels()
    assert truth.mapToGlobal(QPointF(0, 0)).x() < view.mapToGlobal(QPointF(0, 0)).x(), "side by side"
    assert truth.width() > 64

    hand.click(find(window, "reverseModeControl").button("shot_diff"))
    assert not truth.isVisible()
    assert view.value_at(*at) == pytest.approx(float((eps - eps_hat)[at]), abs=2e-3)
    hand.click(find(window, "reverseKindControl").button("run"))
    settle(window)
    assert session.view.reverse in ("x_t", "x0_hat", "eps_hat")
    assert "step" in window.reverse.caption.text()


def test_a_shot_follows_the_hand(window, hand, find, settle):
    slider = find(window, "timeSlider")
    hand.click(find(window, "reverseKindControl").button("shot"))
    losses = []
    for row in (100, 400, 800):
        slider.setValue(row)
        settle(window)
        assert window.live.shot.s == pytest.approx(window.session.frame().s)
        losses.append(window.live.shot.loss)
    assert losses == sorted(losses, reverse=True), "the more noise, the easier it is to see"
    slider.setValue(0)
    settle(window)
    assert window.live.shot is None
    assert "t = 0" in window.reverse.caption.text()


def test_run_leaves_the_one_shot(window, hand, find, settle):
    hand.click(find(window, "reverseKindControl").button("shot"))
    settle(window)
    first = window.live.run
    hand.click(find(window, "runButton"))
    settle(window)
    assert window.live.run is not first
    assert window.session.view.reverse == "x_t"


# -- a region with holes


def test_the_region_is_dragged_and_everything_follows(window, hand, find, wait, settle):
    view, session, first = find(window, "fieldView"), window.session, window.live.run
    before, region = session.recipe, session.plan.region
    start = view.to_widget(QPointF(region.column + 32, region.row + 32))
    pixel = view.pixel_size()
    hand.press(view, start)
    for columns in (5, 20, 40):
        hand.move(view, start + QPointF(columns * pixel, 10 * pixel))
        assert session.plan.region.column == region.column + columns
        expected = session.plan.standardised[session.plan.region.slices]
        np.testing.assert_array_equal(session.plan.x0, expected)
    hand.release(view, start + QPointF(40 * pixel, 10 * pixel))
    assert (session.plan.region.row, session.plan.region.ny) == (50, 64)
    wait(lambda: window.live.run is not first)
    settle(window)
    assert window.live.run.plan.region == session.plan.region
    session.undo()
    assert session.recipe == before, "one drag is one undo"
    settle(window)


def test_a_region_with_missing_pixels_runs_from_noise(window, find, settle):
    """Nothing of the field goes into such a run, so every pixel of it is the model's; FORWARD keeps what is missing."""
    session = window.session
    session.edit(region=Region(0, 0, 64, 64))
    settle(window)
    missing = np.argwhere(np.isnan(session.plan.x0))
    assert len(missing) and window.live.run.plan.region == session.plan.region and window.live.run.state == "finished"
    assert window.forward.view.value_at(*missing[0]) is None
    assert np.isfinite(window.live.run.trajectory.last.y).all()
    assert find(window, "reverseView").value_at(*missing[0]) is not None


def test_a_region_with_missing_pixels_is_refused_with_a_way_out(window, hand, find, wait, settle):
    view, session = find(window, "fieldView"), window.session
    session.edit(origin="field", level=1.0)
    settle(window)
    region, first = session.plan.region, window.live.run
    start = view.to_widget(QPointF(region.column + 32, region.row + 32))
    corner = view.to_widget(QPointF(20, 20))
    hand.drag(view, start, (start + corner) / 2, corner)
    settle(window)
    here = session.plan.region
    assert (here.row, here.column) == (0, 0)
    assert np.isnan(session.plan.x0).any()
    assert window.live.run is first, "it does not run by itself"
    missing = np.argwhere(np.isnan(session.plan.x0))[0]
    assert window.forward.view.value_at(*missing) is None
    run, bar, action = find(window, "runButton"), find(window, "messageBar"), find(window, "messageAction")
    assert bar.isVisible(), "it is said at once, not when it is to be run"
    assert f"The region has {np.isnan(session.plan.x0).sum()} missing pixels." in bar.text()
    assert not run.isEnabled() and "missing pixels" in run.toolTip()
    hand.key(find(window, "timeSlider"), Qt.Key.Key_R)
    assert bar.isVisible()
    assert window.live.run is first
    assert not find(window, "stopButton").isEnabled()
    wait(action.isVisible)
    QTest.mouseClick(action, Qt.MouseButton.LeftButton)
    wait(lambda: window.live.run is not first)
    settle(window)
    assert not bar.isVisible()
    assert not np.isnan(session.plan.x0).any()
    assert (session.plan.region.ny, session.plan.region.nx) == (64, 64) and run.isEnabled()
    assert window.live.run.state == "finished"
    assert window.live.run.plan.region == session.plan.region
    frame = view.frame()
    assert (frame.x(), frame.y()) == (session.plan.region.column, session.plan.region.row)
    session.undo()
    assert session.plan.region == here


def test_refused_edits_show_again_what_is_in_force(window, find):
    values = window.session.facts.field.values - 400  # all below 0: log1p is not defined
    window.session.open(QUICK.but(region=None), Facts(replace(window.session.facts.field, values=values)))
    combo = find(window, "transformCombo")
    combo.setCurrentIndex(combo.findData("log1p"))
    combo.activated.emit(combo.currentIndex())
    assert combo.currentData() == window.session.recipe.source.transform == "auto"
    assert window.session.plan.transform.key == "standardise"
    assert "log1p is not defined" in find(window, "messageBar").text()


def test_a_run_from_the_field_starts_where_the_hand_put_the_playhead(window, find, hand, settle):
    window.session.look(playhead=0.4, follow=False)
    find(window, "startControl").button("field").click()
    settle(window)
    window.session.look(playhead=0.8, follow=False)
    hand.click(find(window, "runButton"))
    settle(window)
    wanted = float(window.session.recipe.course.schedule.noise_level(0.8))
    assert window.live.run.plan.levels[0] == pytest.approx(wanted)


def test_the_status_tells_the_pixels_of_the_pane_under_the_pointer(window, settle):
    window.session.look(playhead=0.2, follow=False)
    window.forward.view.hovered.emit(10, 20)
    transform = window.session.plan.transform
    x0 = float(transform.inverse(window.session.forward.x0[10, 20]))
    assert f"x₀ {x0:.1f} K" in window.status.right.text()
    window.session.look(whole_slice=True)
    window.forward.view.hovered.emit(0, 0)
    assert "no data" in window.status.right.text() and "reverse" not in window.status.right.text()
    window.session.look(whole_slice=False, reverse="x0_hat")
    window.reverse.view.hovered.emit(10, 20)
    shown = float(transform.inverse(window.live.step.x0_hat[0, 0, 10, 20]))
    assert f"reverse {shown:.1f} K" in window.status.right.text()
    window.forward.view.left.emit()
    assert "Space" in window.status.right.text()


def test_playing_gives_way_to_another_hand(window, find, wait):
    window.player.toggle()
    wait(lambda: 0 < window.session.view.playhead < 0.9)
    find(window, "scaleTimeView").playheadMoved.emit(0.9)
    assert not window.player.playing and window.session.view.playhead == pytest.approx(0.9)


# -- what was made earlier


def test_another_model_leaves_the_old_picture_no_claim(window, find, settle, badge):
    reverse, histogram = window.reverse.view, find(window, "histogramView")
    assert badge(reverse) == "made by the model" and not reverse.dimmed
    assert "reverse" in [name for name, _ in histogram.legend_items()]
    window.session.look(auto_run=False)
    window.session.edit(model="power_law")
    settle(window)
    assert badge(reverse) == "earlier run, another model" and reverse.dimmed
    assert "reverse" not in [name for name, _ in histogram.legend_items()]
    window.session.undo()
    assert badge(reverse) == "made by the model" and not reverse.dimmed
    assert "reverse" in [name for name, _ in histogram.legend_items()]


def test_a_step_on_the_way_is_not_called_made_by_the_model(window, hand, find, badge):
    click_film(window, hand, find, find(window, "filmStrip").shown(1)[-3])
    step, steps = window.live.step, window.live.run.plan.steps
    assert 1 < step.index < steps and badge(window.reverse.view) == f"step {step.index} of {steps}"


def test_a_region_that_shrinks_for_a_start_from_the_field_says_so(open_window, hand, find, settle):
    window = open_window(default_recipe().but(region=None, steps=2))
    hand.click(find(window, "startControl").button("field"))
    assert window.message_bar.isVisible()
    assert "The region is now 80 × 80 pixels; it was 128 × 128." in window.message_bar.text()
    settle(window)
