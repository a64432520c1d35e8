"""Guidance in the window: what a model lacks is said, a gap is filled, a run is guided, clipped and weighed."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_twins import small_model

from diffview.reverse.guidance import BlockMean
from diffview.runs.guiding import GuidedModel
from diffview.runs.run import run as run_of

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def tick(window, hand, find, name):
    """Click into the box of a check."""
    box = find(window, name)
    window.inspector_dock.widget().ensureWidgetVisible(box)
    hand.click(box, QPointF(8, box.height() / 2))


def press(window, hand, find, name):
    button = find(window, name)
    window.inspector_dock.widget().ensureWidgetVisible(button)
    hand.click(button)


def test_samplers_that_the_model_cannot_run_are_grey_and_say_why(window, find):
    combo = find(window, "samplerCombo")
    items = {combo.itemData(i): combo.model().item(i) for i in range(combo.count())}
    assert {key for key, item in items.items() if not item.isEnabled()} == {"consistency"}
    assert "needs a consistency model" in items["consistency"].toolTip() and items["heun"].toolTip() == ""


def test_a_gap_is_hidden_and_filled_and_undone(window, find, hand, settle):
    hand.choose(find(window, "samplerCombo"), "repaint")
    settle(window)
    told = find(window, "samplerText")
    assert told.isVisible() and "missing or hidden" in told.text() and "Hide a part" in told.text()
    press(window, hand, find, "hideMiddleButton")
    settle(window)
    plan, region = window.session.plan, window.session.plan.region
    assert window.session.recipe.guidance.hidden == (region.middle,) and plan.refusal is None and not told.isVisible()
    assert np.count_nonzero(~plan.known) == (region.ny // 3) * (region.nx // 3)
    assert f"given {np.count_nonzero(plan.known)} of" in find(window, "knownText").text()
    run = window.live.run
    assert (
        run.state == "finished"
        and run.trajectory.last.evaluations == run.plan.evaluations > run.plan.recipe.course.steps
    )
    end = run.trajectory.last.y[0, 0]
    assert (end[plan.known] == plan.x0[plan.known]).all() and np.abs(end - plan.x0)[~plan.known].max() > 0.01
    assert f"step {plan.steps}/{plan.steps}" in window.reverse.caption.text()
    press(window, hand, find, "hideMiddleButton")
    assert window.session.recipe.guidance.hidden == () and told.isVisible()
    window.session.undo()
    settle(window)
    assert (
        window.session.recipe.guidance.hidden == (region.middle,)
        and find(window, "hideMiddleButton").text() == "Hide nothing"
    )


def test_a_run_is_guided_by_block_means(window, find, hand, settle):
    settle(window)
    combo = find(window, "observeCombo")
    window.inspector_dock.widget().ensureWidgetVisible(combo)
    free = window.live.run.trajectory.last.y[0, 0]
    hand.choose(combo, "blocks")
    settle(window)
    run, block = window.live.run, BlockMean()
    off = lambda y: float(np.std(block.of(y) - block.of(run.plan.x0)))  # noqa: E731
    assert run.state == "finished" and off(run.trajectory.last.y[0, 0]) < 0.4 * off(free)
    form = window.inspector_dock.widget().guidance.params
    assert [p.name for p in form.parameters()] == ["size", "std", "gamma"]
    window.inspector_dock.widget().ensureWidgetVisible(form.field("size"))
    hand.type_number(form.field("size"), "7")
    assert dict(window.session.recipe.guidance.observe_params)["size"] == 7
    assert (
        "blocks of 7" in window.inspector_dock.widget().fit_text.text()
        and "blocks of 7" in find(window, "runButton").toolTip()
    )
    hand.choose(combo, "")
    assert window.session.plan.refusal is None and not isinstance(window.session.plan.model, GuidedModel)


def test_limits_are_switched_on_typed_and_undone(window, find, hand, settle):
    settle(window)
    before, spin = window.session.recipe, find(window, "clipLowSpin")
    assert not spin.isEnabled() and find(window, "clipLowCheck").text() == "x̂₀ ≥ (K)"
    tick(window, hand, find, "clipLowCheck")
    settle(window)
    least = window.session.recipe.guidance.clip_low
    assert spin.isEnabled() and least == pytest.approx(
        float(window.session.plan.transform.inverse(window.session.plan.x0).min())
    )
    hand.type_number(spin, "260")
    settle(window)
    made = window.session.plan.made_in.inverse(window.live.run.trajectory.last.y)
    assert window.session.recipe.guidance.clip_low == 260 and made.min() == pytest.approx(260, abs=1e-3)
    window.session.undo()
    window.session.undo()
    assert window.session.recipe == before and not find(window, "clipLowCheck").isChecked()


def test_limits_of_another_quantity_begin_in_its_own_values(window, find):
    window.session.edit(model="rain64")
    assert "mm/h" in find(window, "clipHighCheck").text()
    assert 0 < find(window, "clipHighSpin").value() < 100, "a rain rate, not the kelvin of the field"


def test_a_weight_is_offered_where_there_is_a_pair(open_window, tmp_path, find, hand, settle):
    window = open_window()
    cards = {"plain": small_model(tmp_path / "m", "plain"), "told": small_model(tmp_path / "m", "told", coarsen=4)}
    window.session.learn(cards=cards)
    weight = find(window, "guidanceSpin")
    assert not weight.isVisible()
    hand.choose(find(window, "modelCombo"), "told")
    settle(window)
    window.inspector_dock.widget().ensureWidgetVisible(weight)
    assert weight.isVisible() and window.live.run.trajectory.last.evaluations == window.session.plan.evaluations
    single = window.session.plan.evaluations
    hand.type_number(weight, "2.5")
    settle(window)
    run = window.live.run
    assert window.session.recipe.guidance.weight == 2.5 and run.state == "finished"
    assert run.trajectory.last.evaluations == run.plan.evaluations == 2 * single and "w = 2.5" in run.plan.model.label
    hand.choose(find(window, "modelCombo"), "plain")
    assert "no such partner" in window.inspector_dock.widget().fit_text.text() and weight.isVisible()
    hand.type_number(weight, "1")
    settle(window)
    assert window.session.plan.refusal is None and not weight.isVisible()


def test_a_thinned_step_of_a_run_of_tensors_is_computed_again(window, settle, monkeypatch):
    """The record holds arrays: the state and the solver's history go back to the engine."""
    monkeypatch.setattr("diffview.reverse.trajectory.BOUND", 4 * 3 * 64 * 64 * 4)
    settle(window)
    window.session.edit(sampler="dpmpp_2m", device="cpu", steps=24)
    window.live.torch.load()
    settle(window)
    window.live.start()
    settle(window)
    run = window.live.run
    index = run.trajectory.stride + 1
    assert run.plan.device == "cpu" and run.trajectory.nearest(index).index != index
    assert run.trajectory.nearest(index).history
    window.session.look(playhead=float(window.live.times(run)[index]), follow=False)
    settle(window)
    exact = next(step for step in run_of(run.plan, window.live.fitted) if step.index == index)
    assert window.live.step.index == index and (window.live.step.y == exact.y.numpy()).all()
