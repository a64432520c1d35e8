"""The loss on the open region under the hand: measured beside the window, drawn, forgotten, refused."""

import pytest
from PySide6.QtWidgets import QLabel

from diffview.fields.field import Region
from diffview.gui.show.loss_words import BOUND, UNMEASURED, about_found, bound_rows
from diffview.learning.loss_by_level import errors_by_level
from diffview.scores import loss
from diffview.scores.loss import DRAWS, HELD_OUT, LossCheck, loss_plan, plan_loss

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


@pytest.fixture
def dock(window, find):
    """The model dock, as a person opens it."""
    window.model_dock.toggleViewAction().trigger()
    window.model_dock.resize(320, 900)
    return find(window, "modelPanel")


@pytest.fixture
def measure(window, dock, hand, find, wait):
    """measure(): press the button and wait until it is done."""

    def press():
        dock.ensureWidgetVisible(find(window, "measureLossButton"))
        hand.click(find(window, "measureLossButton"))
        assert window.losses.active and not window.is_idle()
        assert find(window, "measureLossButton").text() == "Stop"
        wait(lambda: not window.losses.active)
        return window.losses.found

    return press


def words(panel):
    return " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def test_nothing_is_drawn_before_it_is_measured(window, dock, find):
    assert find(window, "lossAbout").text() == UNMEASURED and not find(window, "regionLossView").isVisible()
    assert find(window, "measureLossButton").isEnabled() and find(window, "lossBound").isHidden()


def test_a_formula_is_measured_and_its_numbers_are_those_of_the_core(window, dock, measure, find):
    found = measure()
    core = plan_loss(loss_plan(window.session.recipe, window.session.facts))
    assert found.plain == core.plain and (found.law == core.law).all() and found.law_bound == core.law_bound
    plot = find(window, "regionLossView")
    assert plot.isVisible() and [line.name for line in plot.lines] == ["this region", "a field of its prior"]
    assert plot.lines[0].y.tolist() == found.loss.tolist() and plot.x_axis.label == "noise level s"
    text = words(dock)
    assert BOUND in text and "as a density per K" in text and "simple loss" in text
    assert f"{found.bound.total:.2f} ± ".replace("-", "\N{MINUS SIGN}") in text
    assert "64 × 64 pixels under 8 noises each of the run's 18 levels" in text


def test_held_out_fields_are_measured_where_a_part_is_held_out(window, dock, measure, hand, find, wait, settle):
    window.session.edit(region=Region(0, 100, 48, 48), model="gaussian")
    hand.choose(find(window, "heldOutCombo"), 0.3)
    settle(window)
    found, plan = measure(), window.session.plan
    assert "are held out" in find(window, "fitSetText").text()
    columns = window.session.facts.field.values.shape[1]
    apart = columns - round(0.3 * columns)
    assert min(crop.column for crop in plan.model.held.regions) >= apart
    assert max(crop.column + crop.nx for crop in plan.model.regions) <= apart
    assert found.part.what == HELD_OUT
    assert [line.name for line in find(window, "regionLossView").lines] == ["held out", "a field of its prior"]
    assert find(window, "lossAbout").text().startswith(f"{DRAWS} held-out fields of 48 × 48 pixels")
    window.session.undo()
    assert window.session.recipe.denoiser.held_out == 0 and window.losses.found is None
    settle(window)


def test_data_does_not_know_the_region_it_is_measured_on(open_window, find, hand, wait):
    window = open_window(window_recipe().but(model="data", steps=4))
    window.model_dock.toggleViewAction().trigger()
    panel = find(window, "modelPanel")
    panel.ensureWidgetVisible(find(window, "measureLossButton"))
    hand.click(find(window, "measureLossButton"))
    wait(lambda: not window.losses.active)
    assert window.session.plan.model.left_out is False, "the run itself starts from noise"
    assert window.losses.job.plan.model.left_out and "share no pixel with the region" in words(panel)
    found = window.losses.found
    seen = errors_by_level(window.session.plan.model.denoiser(), window.session.plan.x0[None], found.levels[-1:])
    error = found.loss[-1] * found.levels[-1] ** 2
    assert error > 0.1 > 100 * seen[0, 0], "what it never saw it cannot give back"
    assert len(found.levels) > 17 and len(found.bound.levels) == 4, "the curve is finer than a short run"
    assert found.law is None


def window_recipe():
    from conftest import QUICK

    return QUICK


def test_it_is_forgotten_with_another_model_or_walk_and_kept_with_another_seed(window, dock, measure, find, settle):
    measure()
    assert window.session.edit(seed=5, sampler="heun")
    settle(window)
    assert window.losses.found is not None and find(window, "regionLossView").isVisible()
    assert window.session.edit(steps=7)
    settle(window)
    assert window.losses.found is None and not find(window, "regionLossView").isVisible()
    assert find(window, "lossAbout").text() == UNMEASURED


def test_an_edit_ends_a_measurement_that_is_under_way(window, dock, hand, find, wait, settle, monkeypatch):
    monkeypatch.setattr(loss, "DRAWS", 4000)
    dock.ensureWidgetVisible(find(window, "measureLossButton"))
    hand.click(find(window, "measureLossButton"))
    assert window.session.edit(steps=9)
    wait(lambda: not window.losses.active)
    assert window.losses.found is None and find(window, "measureLossButton").text() == "Measure the loss"
    settle(window)


def test_it_can_be_stopped(window, dock, hand, find, wait, monkeypatch):
    monkeypatch.setattr(loss, "DRAWS", 4000)
    button = find(window, "measureLossButton")
    dock.ensureWidgetVisible(button)
    hand.click(button)
    wait(lambda: window.losses.job.state == "running")
    hand.click(button)
    wait(lambda: not window.losses.active)
    assert window.losses.job.state == "stopped" and window.losses.found is None
    assert not window.heard, "stopping is no error"


def test_a_region_with_missing_pixels_is_a_sentence(open_window, find, hand):
    window = open_window(window_recipe().but(region=Region(0, 0, 64, 64)), wait=False)
    window.model_dock.toggleViewAction().trigger()
    panel, button = find(window, "modelPanel"), find(window, "measureLossButton")
    panel.ensureWidgetVisible(button)
    hand.click(button)
    assert not window.losses.active
    assert any("missing" in str(message) for message in window.heard)


def test_a_long_run_is_thinned_and_says_so(window):
    assert window.session.edit(steps=300)
    job = LossCheck(loss_plan(window.session.recipe, window.session.facts))
    job.work()
    assert about_found(job.found, job.plan).startswith(
        "64 × 64 pixels under 8 noises each of 64 of the run's 300 levels"
    )
    assert bound_rows(job.found, "K")[-2][0] == "as a density per K"
