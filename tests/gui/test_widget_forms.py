"""Forms that know no session: training crops, guidance, and lists of ticks."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFormLayout, QWidget

from diffview.fields.field import Region
from diffview.gui.show.fit_choices import FIT_SETS, HELD_OUT, LIMITS
from diffview.gui.widgets.forms.check_menu import CheckMenu
from diffview.gui.widgets.forms.fit_form import FitForm
from diffview.gui.widgets.forms.guidance_form import GuidanceForm, GuidanceState
from diffview.models.choice import TrainingCrops
from diffview.params import Parameter, Range
from diffview.runs.recipe import default_recipe
from diffview.runs.training_crops import COMPLETE_ONLY

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one, of windows and lists
LEFT = Qt.MouseButton.LeftButton
RECIPE = default_recipe().but(model="gaussian")


# -- training crops


@pytest.fixture
def fit(qtbot):
    host = QWidget()
    qtbot.addWidget(host)
    made = FitForm(QFormLayout(host))
    made.host, made.told = host, []
    made.text.setParent(host)  # the notes below a form hold it
    made.edited.connect(made.told.append)
    host.show()
    return made


def test_the_lists_have_all_choices(fit):
    for box, choices in ((fit.fit_set, FIT_SETS), (fit.limit, LIMITS), (fit.held, HELD_OUT)):
        assert [box.itemData(i) for i in range(box.count())] == list(choices)
        assert [box.itemText(i) for i in range(box.count())] == [text for text, _ in choices.values()]


@pytest.mark.parametrize(
    ("box", "key", "edit"),
    [
        ("fit_set", "both", {"fit_set": "both"}),
        ("limit", 0.2, {"missing_limit": 0.2}),
        ("held", 0.1, {"held_out": 0.1}),
    ],
)
def test_a_choice_is_an_edit_of_the_recipe(fit, hand, box, key, edit):
    fit.show_fit(RECIPE, None)
    hand.choose(getattr(fit, box), key)
    assert fit.told == [edit]


def test_the_choices_of_the_recipe_are_shown_with_what_they_mean(fit):
    fit.show_fit(RECIPE.but(fit_set="slices", missing_limit=0.1, held_out=0.3), None)
    assert (fit.fit_set.currentData(), fit.limit.currentData(), fit.held.currentData()) == ("slices", 0.1, 0.3)
    assert fit.fit_set.toolTip() == FIT_SETS["slices"][1] and fit.held.toolTip() == HELD_OUT[0.3][1]
    assert fit.told == [] and not fit.text.isVisible()


def test_a_share_of_a_recipe_written_by_hand_is_added(fit):
    fit.show_fit(RECIPE.but(held_out=0.123456), None)
    assert fit.held.currentText() == "0.123" and fit.held.count() == len(HELD_OUT) + 1
    fit.show_fit(RECIPE.but(held_out=0.123456), None)
    assert fit.held.count() == len(HELD_OUT) + 1


def test_what_does_not_matter_is_disabled_and_says_why(fit):
    fit.show_fit(RECIPE.but(model="rain64"), None)
    boxes = fit.fit_set, fit.limit, fit.held
    assert [box.isEnabled() for box in boxes] == [False] * 3
    assert {box.toolTip() for box in boxes} == {"rain64 is not fitted to this file"}
    fit.show_fit(RECIPE.but(model="data"), None)
    assert [box.isEnabled() for box in boxes] == [True, False, True] and fit.limit.toolTip() == COMPLETE_ONLY


def test_what_was_fitted_is_told(fit):
    regions = Region(0, 0, 16, 16), Region(0, 32, 16, 16)
    crops = TrainingCrops("gaussian", np.zeros((32, 64), np.float32), regions, left_out=True)
    fit.show_fit(RECIPE, crops)
    assert fit.text.isVisible()
    assert fit.text.text() == "Fitted to 2 crops of 16 × 16 pixels. None of them shares a pixel with the region."


# -- guidance


STRENGTH = Parameter("strength", float, 1.0, Range(0.0, 5.0))
PLAIN = GuidanceState(None, None, None, -1.5, 2.5, "K", "", {}, "", False)


@pytest.fixture
def guidance(qtbot):
    made = GuidanceForm({"known": ("known pixels", ()), "mean": ("its mean", (STRENGTH,))})
    qtbot.addWidget(made)
    made.edits, made.commits, made.hides = [], [], []
    made.edited.connect(made.edits.append)
    made.committed.connect(lambda: made.commits.append(len(made.edits)))
    made.hide_asked.connect(made.hides.append)
    made.show()
    made.show_guidance(PLAIN)
    return made


def test_showing_tells_nothing_and_hides_what_is_not_there(guidance):
    assert guidance.edits == guidance.commits == []
    assert not guidance.weight.isVisible() and not guidance.params.isVisible()
    assert not guidance.known.isVisible() and not guidance.hide_button.isVisible()
    assert (guidance.low.switch.text(), guidance.high.switch.text()) == ("x̂₀ ≥ (K)", "x̂₀ ≤ (K)")
    guidance.show_guidance(replace(PLAIN, units=""))
    assert guidance.low.switch.text() == "x̂₀ ≥"


def test_a_pair_of_networks_has_a_weight(guidance, hand):
    guidance.show_guidance(replace(PLAIN, weight=1.5))
    assert guidance.weight.isVisible() and guidance.weight.value() == 1.5
    hand.type_number(guidance.weight, "3")
    assert guidance.edits == [{"weight": 3.0}] and guidance.commits


@pytest.mark.parametrize(("limit", "key", "begins"), [("low", "clip_low", -1.5), ("high", "clip_high", 2.5)])
def test_a_limit_begins_at_the_end_of_the_region(guidance, limit, key, begins):
    made = getattr(guidance, limit)
    assert made.value is None and not made.spin.isEnabled() and made.spin.value() == begins
    made.switch.click()
    assert guidance.edits == [{key: begins}] and guidance.commits == [1]
    made.switch.click()
    assert guidance.edits[1:] == [{key: None}]


def test_a_limit_of_the_recipe_can_be_typed_over(guidance, hand):
    guidance.show_guidance(replace(PLAIN, high=1.25))
    assert guidance.high.value == 1.25 and guidance.high.spin.isEnabled() and guidance.edits == []
    hand.type_number(guidance.high.spin, "0.5")
    assert guidance.edits == [{"clip_high": 0.5}] and guidance.commits


def test_an_observation_is_chosen_with_its_own_parameters(guidance, hand):
    hand.choose(guidance.observe, "mean")
    assert guidance.edits == [{"observe": "mean", "observe_params": ()}] and guidance.commits == [1]
    guidance.show_guidance(replace(PLAIN, observe="mean", params={"strength": 2.0}))
    assert guidance.params.isVisible() and guidance.params.values() == {"strength": 2.0}
    field = guidance.params.field("strength")
    hand.type_number(field, "4")
    assert guidance.edits[-1] == {"observe_params": (("strength", 4.0),)} and len(guidance.commits) == 2
    guidance.show_guidance(replace(PLAIN, observe="unheard of"))
    assert guidance.observe.currentData() == "" and not guidance.params.isVisible()


@pytest.mark.parametrize(("hides", "text", "asked"), [(False, "Hide the middle", True), (True, "Hide nothing", False)])
def test_the_middle_can_be_hidden_and_shown_again(guidance, hides, text, asked):
    guidance.show_guidance(replace(PLAIN, known="40 of 64 pixels are given.", hides=hides))
    assert guidance.known.text() == "40 of 64 pixels are given." and guidance.hide_button.text() == text
    QTest.mouseClick(guidance.hide_button, LEFT)
    assert guidance.hides == [asked]


# -- a list of ticks


@pytest.fixture
def menu(qtbot):
    made = CheckMenu("Samplers", "samplersButton")
    qtbot.addWidget(made)
    made.told = []
    made.changed.connect(lambda: made.told.append(made.chosen()))
    items = [("ddim", "DDIM", ""), ("heun", "Heun", ""), ("repaint", "RePaint", "There is no gap.")]
    made.set_items(items, ("heun", "repaint"))
    made.show()
    return made


def test_the_button_says_how_many_are_ticked(menu):
    assert menu.text() == menu.accessibleName() == "Samplers: 1" and menu.toolTip() == "Heun"
    assert menu.entries() == ("ddim", "heun", "repaint") and menu.chosen() == ("heun",), "what cannot be is not chosen"
    assert menu.action("repaint").toolTip() == "There is no gap." and not menu.action("repaint").isEnabled()
    assert CheckMenu("Grids", "g").toolTip() == "Tick some grids"


def test_ticking_keeps_the_list_open(menu, wait):
    menu.list.popup(menu.mapToGlobal(menu.rect().bottomLeft()))
    wait(menu.list.isVisible)
    for key, chosen in (("ddim", ("ddim", "heun")), ("heun", ("ddim",)), ("repaint", ("ddim",))):
        QTest.mouseClick(menu.list, LEFT, pos=menu.list.actionGeometry(menu.action(key)).center())
        assert menu.chosen() == chosen and menu.list.isVisible()
    assert menu.told == [("ddim", "heun"), ("ddim",)]
    menu.list.setActiveAction(menu.action("heun"))
    QTest.keyClick(menu.list, Qt.Key.Key_Space)
    assert menu.told[-1] == ("ddim", "heun") and menu.list.isVisible()
    QTest.keyClick(menu.list, Qt.Key.Key_Escape)
    wait(lambda: not menu.list.isVisible())


def test_entries_that_stay_keep_their_ticks(menu):
    menu.action("ddim").trigger()
    menu.set_items([("ddim", "DDIM", ""), ("repaint", "RePaint", ""), ("new", "New", "")], ("new",))
    assert menu.chosen() == ("ddim", "repaint", "new") and menu.text() == "Samplers: 3"
