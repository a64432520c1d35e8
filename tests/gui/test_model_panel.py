"""The model dock under the hand: what a model is, what verifying it found, and verifying it."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import thread_names
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from diffview.fields.numbers import number
from diffview.fields.transforms import Transform
from diffview.forward.lint import lint
from diffview.gui.show import card_facts
from diffview.gui.show.lines import span_of
from diffview.gui.show.lint_case import case_of
from diffview.gui.widgets.plots.score_plots import LinesPlot
from diffview.gui.window.layouts import LAYOUTS
from diffview.learning import orders
from diffview.models import cards
from diffview.models.cards import Card
from diffview.scores import generated, verify

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_twins import small_model

pytestmark = [
    pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)"),
    pytest.mark.timeout(300),
]
SAME = Transform("standardise", 0.0, 1.0)
VIEWS = ("Power", "Histogram", "Error", "Nearest", "Rank", "Spread")


@pytest.fixture(autouse=True)
def _own_models(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / kind)


def rain(n, seed):
    return np.maximum(np.random.default_rng(seed).standard_normal((n, 16, 16)), 0).astype(np.float32)


@pytest.fixture(scope="module")
def scored():
    """Scores of samples of rain, with the loss that `verify_model` adds."""
    found = generated.scores(rain(20, 0), rain(30, 1), rain(40, 2), "mm h-1", SAME)
    losses = {"levels": [0.1, 1.0, 10.0], "held_out": [0.8, 0.2, 0.01], "train": [0.7, 0.1, 0.005]}
    settings = {"sampler": "heun", "steps": 18, "seed": 0, "command": "diffview verify model --model twin"}
    return {"kind": "samples", **found, "loss_by_level": losses, "settings": settings}


@pytest.fixture
def ensemble():
    members, truth = np.stack([rain(8, m) for m in range(4)]), rain(8, 9)
    card = Card("m", "rain", "mm h-1", SAME, (1, 16, 16), (0.02, 20.0), coarsen=4)
    return {"kind": "ensemble", **generated.ensemble_scores(members, truth, truth * 0 + truth.mean(), card)}


@pytest.fixture
def shown(window, tmp_path, find, wait):
    """shown(scores): the dock with a network of these scores, as a person opens it."""
    card = small_model(tmp_path / "models", units="mm h-1", quantity="rain")

    def show(scores):
        window.session.learn(cards={"twin": replace(card, scores=scores)})
        window.session.edit(model="twin")
        if window.model_dock.isHidden():
            window.model_dock.toggleViewAction().trigger()
        wait(lambda: window.live.idle)
        return window.model_dock.widget()

    return show


def visible(panel, names=VIEWS):
    return [name for name in names if not panel.findChild(object, f"model{name}View").isHidden()]


def words(panel):
    return " ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def test_a_formula_says_what_it_is_and_why_there_is_nothing_to_verify(window, find):
    window.model_dock.toggleViewAction().trigger()
    panel = find(window, "modelPanel")
    assert "Wiener gain" in words(panel) and "nothing to verify" in find(window, "modelTeach").text()
    assert find(window, "verifyButton").isHidden() and not find(window, "modelVerdicts").isVisible()
    assert not any(view.isVisible() for view in panel.findChildren(LinesPlot))


def test_a_network_without_scores_names_the_command(shown, window, find):
    panel = shown({})
    assert "Not verified yet" in find(window, "modelTeach").text()
    command = find(window, "modelCommand").text()
    assert command.startswith("diffview verify model --model twin --data ") and command.endswith(" --save")
    assert "16 × 16 pixels" in words(panel) and "0.01 ≤ s ≤ 20" in words(panel)
    button = find(window, "verifyButton")
    assert button.isVisible() and not button.isEnabled() and "the open field is in K" in button.toolTip()


def test_the_measured_time_of_a_call_is_shown_until_another_model_is_chosen(shown, window, find, wait):
    window.session.edit(members=3)
    panel = shown({})
    window.live.start()
    wait(window.is_idle)
    run = window.live.run
    milliseconds = 1000 * run.seconds / run.trajectory.last.evaluations
    assert find(window, "modelSpeed").text() == (
        f"In its last run here a call took {number(milliseconds)} ms for 3 members, on the CPU."
    )
    window.session.edit(model="gaussian")
    assert "In its last run" not in words(panel)


def test_curves_and_verdicts_of_a_card_are_drawn(shown, scored, window, find):
    panel = shown(scored)
    met = sum(v["ok"] for v in scored["verdicts"])
    assert find(window, "modelVerdict").text() == f"{met} of 8 limits met"
    assert visible(panel) == ["Power", "Histogram", "Error", "Nearest"]
    spectrum, histogram = find(window, "modelPowerView"), find(window, "modelHistogramView")
    curves = scored["curves"]
    assert [line.name for line in spectrum.lines] == ["samples", "held-out", "training"]
    for line, key in zip(spectrum.lines, ("samples", "held_out", "train"), strict=True):
        assert line.y.tolist() == curves["spectrum"][key] and line.x.tolist() == curves["spectrum"]["k"]
    assert spectrum.band[1].tolist() == curves["spectrum"]["one"]
    assert [line.below for line in histogram.lines] == list(curves["histogram"]["below"].values())[:3]
    assert histogram.x_axis.label == "mm/h" and histogram.x_axis.log and histogram.x_axis.ticks[0][0].text == "dry"
    written = [mark for mark in histogram.marks if mark.text]
    values = {row["what"]: row for row in scored["rows"]}
    assert [(m.text, m.x) for m in written][1:] == [
        (q, values[f"quantile {q}"]["held_out"]) for q in ("0.9", "0.99", "0.999")
    ]
    assert [row.median for row in find(window, "modelNearestView").rows] == [
        curves["nearest"][key][2] for key in ("samples", "held_out", "blocks")
    ]
    assert find(window, "modelErrorView").lines[0].y.tolist() == [0.8, 0.2, 0.01]
    assert "20 samples beside 30 held-out and 40 training fields" in find(window, "modelSource").text()


def test_every_verdict_says_why_on_hover(shown, scored, ensemble, window, find):
    for scores, count in ((scored, 8), (ensemble, 4)):
        shown(scores)
        rows = card_facts.rows_of(scores)
        assert len(rows) == count
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        tips = {label.toolTip() for label in find(window, "modelVerdicts").findChildren(QLabel)} - {""}
        assert tips == {row.why for row in rows}
        assert all(len(row.why) > 60 and row.why.endswith(".") for row in rows)
    told = {row.what: row.why for row in card_facts.rows_of(scored)}
    chance = next(v["chance"] for v in scored["verdicts"] if v["what"].startswith("wet-pixel fraction"))
    assert f"meets it in {100 * chance:.0f} of 100 cases" in told["Wet-pixel fraction"]
    assert "perfect model" not in told["Nearest training field"]


def test_every_number_stands_beside_its_limit():
    verdict = {"what": "wet-pixel fraction error to train", "limit": 3.0, "at_least": False, "units": "points"}
    scores = {"verdicts": [{**verdict, "value": v, "ok": ok} for v, ok in ((0.129, True), (5.0, False), (None, None))]}
    rows = card_facts.rows_of(scores)
    assert [(r.group, r.what, r.value, r.limit, r.ok) for r in rows] == [
        ("Beside the training fields", "Wet-pixel fraction", value, "≤ 3", ok)
        for value, ok in (("0.129 %", True), ("5 %", False), ("— %", None))
    ]
    older = card_facts.rows_of({"crps": 0.1, "crps_of_coarse": 0.2, "units": "K"})
    assert [(r.what, r.value, r.limit) for r in older] == [
        ("CRPS", "0.1 K", ""),
        ("CRPS of the coarse field", "0.2 K", ""),
    ]


def test_an_ensemble_has_its_own_plots(shown, ensemble, window, find):
    panel = shown(ensemble)
    assert visible(panel) == ["Power", "Histogram", "Rank", "Spread"]
    ranks = find(window, "modelRankView")
    assert ranks.lines[0].y.tolist() == ensemble["curves"]["ranks"] and ranks.lines[1].y.tolist() == [0.2, 0.2]
    assert "CRPS beside that of" in words(panel) and find(window, "modelVerdict").text().endswith("of 3 limits met")


def test_an_older_card_still_shows_its_numbers(shown, scored, ensemble, window, find, wait):
    panel = shown({k: v for k, v in scored.items() if k != "curves"})
    assert visible(panel) == ["Error", "Nearest"]
    near = scored["rows"][-1]
    assert [row.median for row in find(window, "modelNearestView").rows] == [
        near["samples_train"], near["train_held_out"], near["blocks"]
    ]  # fmt: skip
    assert len(card_facts.rows_of(scored)) == 8
    panel = shown({k: v for k, v in ensemble.items() if k not in ("curves", "verdicts")})
    wait(lambda: "CRPS of the coarse field" in words(panel))
    assert visible(panel) == []
    assert find(window, "modelVerdict").text() == "Verified, without limits"


def test_the_inspector_is_short_and_leads_to_the_dock(shown, scored, window, hand, find, wait):
    shown(scored)
    window.inspector_dock.raise_()
    wait(lambda: find(window, "moreModelButton").isVisible())
    text = window.inspector_dock.widget().model_text.text()
    assert text.startswith("twin: rain in mm/h, 16 × 16 pixels; ") and text.endswith(" of 8 limits met.")
    window.inspector_dock.widget().ensureWidgetVisible(find(window, "moreModelButton"))
    hand.click(find(window, "moreModelButton"))
    wait(lambda: not find(window, "modelPanel").visibleRegion().isEmpty())
    window.session.edit(model="gaussian")
    assert find(window, "moreModelButton").isHidden()


@pytest.mark.parametrize(
    ("origin", "told"), [({"name": "rain64", "steps": 300}, "rain64 after 300 steps"), (None, None)]
)
def test_the_card_says_whose_weights_it_began_with(tmp_path, origin, told):
    card = small_model(tmp_path, training={} if origin is None else {"from": origin})
    assert dict(card_facts.glance(card)).get("Begun with") == told


def finding_of(window, key):
    return next(finding for finding in lint(case_of(window.session)) if finding.key == key)


def test_a_run_goes_as_the_scored_fields_did(shown, scored, window, find, hand):
    shown({})
    assert not find(window, "asScoredButton").isVisible()
    settings = {"sampler": "churn", "params": {"S_churn": 5.0}, "steps": 12, "seed": 0, "command": "x"}
    shown({**scored, "settings": settings})
    assert not finding_of(window, "scored").ok and "takes DDIM, 18 steps" in finding_of(window, "scored").sentence
    before, low_high = window.session.recipe, window.session.plan.card.noise_range
    window.model_dock.widget().ensureWidgetVisible(find(window, "asScoredButton"))
    hand.click(find(window, "asScoredButton"))
    recipe = window.session.recipe
    assert (recipe.course.sampler, recipe.course.steps, recipe.course.grid) == ("churn", 12, "karras")
    assert dict(recipe.course.sampler_params)["S_churn"] == 5 and window.session.plan.levels[0] == pytest.approx(
        low_high[1]
    )
    assert finding_of(window, "scored").ok
    window.session.edit(sampler_params=(("S_churn", 6.0),))
    assert "with other settings" in finding_of(window, "scored").sentence
    window.session.undo()
    window.session.undo()
    assert window.session.recipe == before
    assert window.session.edit(**finding_of(window, "scored").remedies[0].changes)
    assert finding_of(window, "scored").ok and window.session.recipe == recipe


# -- verifying


@pytest.fixture
def own(window, tmp_path):
    """A network of the user's own whose card names crops of the open field, as the training dock cuts them."""
    facts = window.session.facts
    order = orders.Order(facts.field, "standardise", window.session.recipe.course.schedule, tmp_path, size=32)
    data = order.data()
    folder = cards.models_folder() / "mine"
    folder.parent.mkdir(parents=True)
    card = small_model(
        folder, "model", transform=data.transform, shape=(1, 32, 32), data={"sha256": data.fingerprint},
        quantity=facts.field.name, units=facts.field.units,
    )  # fmt: skip
    window.session.learn(cards={**facts.cards, "mine": card})
    window.session.edit(model="mine")
    window.model_dock.toggleViewAction().trigger()
    return card


def verify_with(monkeypatch, sampling):
    """Verify with this sampling instead."""
    true = verify.verify_model
    monkeypatch.setattr(verify, "verify_model", lambda card, data, _, *more: true(card, data, sampling, *more))


@pytest.fixture
def quick(monkeypatch):
    """A few samples in a few steps."""
    verify_with(monkeypatch, verify.Sampling(8, 2))


def verify_by_hand(window, hand, find, wait):
    wait(lambda: window.live.idle)
    window.model_dock.widget().ensureWidgetVisible(find(window, "verifyButton"))
    hand.click(find(window, "verifyButton"))
    assert window.verifier.active and not window.is_idle()


def test_verify_shows_what_it_finds_and_keeps_it_in_ones_own_card(own, quick, window, hand, find, wait):
    verify_by_hand(window, hand, find, wait)
    assert find(window, "verifyButton").text() == "Stop"
    wait(lambda: not window.verifier.active)
    assert window.heard[-1].sentence == "model is verified."
    assert visible(find(window, "modelPanel")) == ["Power", "Histogram", "Error", "Nearest"]
    assert "of 2 limits met" in find(window, "modelVerdict").text()
    kept = Card.read(own.file).scores
    assert kept["counts"]["samples"] == 8 and kept == window.session.plan.card.scores
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    assert find(window, "verifyButton").text() == "Verify again"


def test_a_shipped_card_is_left_as_it_is(own, quick, window, hand, find, wait, tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / "elsewhere")
    before = own.file.with_name("model.json").read_bytes()
    verify_by_hand(window, hand, find, wait)
    wait(lambda: not window.verifier.active)
    assert "left as it is" in window.heard[-1].hint and window.session.plan.card.scores["kind"] == "samples"
    assert own.file.with_name("model.json").read_bytes() == before


def test_other_data_than_it_was_trained_on_are_refused(own, quick, window, hand, find, wait):
    window.session.learn(cards={"mine": replace(own, data={"sha256": "0" * 64})})
    verify_by_hand(window, hand, find, wait)
    wait(lambda: not window.verifier.active)
    assert "is not what model was trained on" in window.heard[-1].sentence and window.heard[-1].kind == "error"
    assert not window.session.plan.card.scores


def test_a_verification_can_be_stopped(own, window, hand, find, wait, monkeypatch):
    verify_with(monkeypatch, verify.Sampling(10_000))
    verify_by_hand(window, hand, find, wait)
    wait(lambda: window.verifier.job.done > 0)
    hand.click(find(window, "verifyButton"))
    wait(lambda: not window.verifier.active)
    assert window.verifier.job.state == "stopped" and not Card.read(own.file).scores
    assert find(window, "verifyButton").text() == "Verify"


def test_closing_ends_it(own, window, hand, find, wait, monkeypatch):
    verify_with(monkeypatch, verify.Sampling(10_000))
    verify_by_hand(window, hand, find, wait)
    wait(lambda: window.verifier.job.done > 0)
    window.close()
    wait(lambda: "verifying" not in thread_names())


# -- layouts


def docks_shown(window):
    return {name for name, dock in window.docks.items() if not dock.isHidden()}


def test_layouts_are_a_key_away(window, hand, find, wait):
    hand.key(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: docks_shown(window) == {"trainDock", "modelDock"})
    assert window.train_dock.x() < window.forward.mapTo(window, QPoint(0, 0)).x() < window.model_dock.x()
    hand.key(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    wait(lambda: docks_shown(window) == {"dataDock", "inspectorDock"} and window.inspector_dock.x() > 0)
    assert window.data_dock.x() < window.forward.mapTo(window, QPoint(0, 0)).x() < window.inspector_dock.x()
    window.model_dock.toggleViewAction().trigger()  # comes up as a tab where the inspector is
    assert window.model_dock in window.tabifiedDockWidgets(window.inspector_dock)


def test_a_narrow_window_has_a_layout_as_tabs(open_window, wait, find):
    window = open_window(size=(1280, 720))
    find(window, "trainLayoutAction").trigger()
    wait(lambda: docks_shown(window) == {"plotsDock", "trainDock", "modelDock"})
    assert window.tabifiedDockWidgets(window.train_dock) and window.width() == 1280
    assert not window.train_dock.visibleRegion().isEmpty() and window.model_dock.visibleRegion().isEmpty()


def test_a_layout_is_remembered(window, find, wait):
    find(window, "trainLayoutAction").trigger()
    state = window.saveState()
    find(window, "exploreLayoutAction").trigger()
    assert window.restoreState(state)
    assert docks_shown(window) == {"trainDock", "modelDock"}


def test_every_layout_names_docks_and_has_an_entry_in_the_menu(window, find):
    menu = next(a.menu() for a in window.menuBar().actions()[4].menu().actions() if a.text() == "Layout")
    assert [action.objectName() for action in menu.actions() if action.objectName() in LAYOUTS] == list(LAYOUTS)
    for layout in LAYOUTS.values():
        assert {*layout.left, *layout.right, "plotsDock"} == set(window.docks)


# -- plots


def test_what_cannot_be_shown_does_not_stretch_an_axis():
    assert span_of([np.array([np.nan, 0.0, 1.0, 100.0])], log=True) == (0.0, 2.0)
    assert span_of([np.array([np.nan, 0.0, 1.0])], log=False) == (0.0, 1.0)
    assert span_of([np.array([np.nan])], log=True) == (0.0, 1.0) == span_of([], log=False)
    assert span_of([np.array([10.0])], log=True) == (0.5, 1.5)


def test_hovering_shows_the_reason(shown, scored, window, find):
    panel = shown(scored)
    label = next(x for x in panel.findChildren(QLabel) if x.text() == "Nearest training field" and x.toolTip())
    QTest.mouseMove(label)
    assert "copies what it was trained on" in label.toolTip()
