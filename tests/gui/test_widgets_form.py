"""The parameter form and its number fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QValidator
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel

from diffview.gui.show.param_words import label_for
from diffview.gui.theme import theme
from diffview.gui.widgets.forms.param_form import ParamForm
from diffview.gui.widgets.forms.spin import NumberSpin, WholeSpin
from diffview.params import Choice, Parameter, Range

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the offscreen plugin, of every window

PARAMETERS = (
    Parameter("beta_start", float, 1e-4, Range(1e-6, 1.0, log=True), "The first beta."),
    Parameter("eta", float, 1.0, Range(0.0, 1.0), "0 is deterministic"),
    Parameter("chain_steps", int, 1000, Range(1, 4000)),
    Parameter("spacing", str, "karras", Choice(("karras", "uniform_s"))),
    Parameter("clip", bool, False),
    Parameter("note", str, "x"),
)
DEFAULTS = {"beta_start": 1e-4, "eta": 1.0, "chain_steps": 1000, "spacing": "karras", "clip": False, "note": "x"}


@pytest.fixture
def form(qtbot, qapp):
    theme.install(qapp, "dark")
    made = ParamForm(PARAMETERS)
    qtbot.addWidget(made)
    made.edits, made.commits = [], []
    made.edited.connect(made.edits.append)
    made.committed.connect(made.commits.append)
    made.show()
    return made


def retype(field, text):
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def test_fields_start_with_the_defaults_and_say_what_they_are(form):
    assert form.values() == DEFAULTS
    field = form.field("beta_start")
    assert field.objectName() == "param_beta_start"
    assert field.text() == "1e-4"
    assert field.accessibleName() == "β start"
    assert "The first beta." in field.toolTip()
    assert "From 1e-06 to 1" in field.toolTip()
    assert form.edits == form.commits == []


@pytest.mark.parametrize(
    ("name", "label"),
    [("beta_start", "β start"), ("eta", "η"), ("rho", "ρ"), ("s_min", "s min"), ("sigma_max", "σ max"), ("beta", "β")],
)
def test_names_are_set_in_type(name, label):
    assert label_for(name) == label


def test_typing_edits_at_every_key_and_commits_once(form):
    retype(form.field("eta"), "0.25")
    assert form.edits[-1]["eta"] == 0.25
    assert form.commits == []
    QTest.keyClick(form.field("eta"), Qt.Key.Key_Return)
    assert [c["eta"] for c in form.commits] == [0.25]
    form.field("spacing").setFocus()
    assert len(form.commits) == 1


def test_steps_commit_after_a_rest(form, wait):
    for _ in range(3):
        QTest.keyClick(form.field("chain_steps"), Qt.Key.Key_Up)
    assert [e["chain_steps"] for e in form.edits] == [1001, 1002, 1003]
    wait(lambda: len(form.commits) == 1)
    assert form.commits[0]["chain_steps"] == 1003


def test_a_choice_commits_its_key_at_once(form):
    combo = form.field("spacing")
    assert isinstance(combo, QComboBox)
    assert [combo.itemData(i) for i in range(2)] == ["karras", "uniform_s"]
    assert combo.itemText(1) == "uniform s"
    combo.setCurrentIndex(1)
    assert [c["spacing"] for c in form.commits] == ["uniform_s"]
    form.field("clip").click()
    assert form.commits[-1]["clip"] is True


def test_set_values_emits_nothing_and_passes_over_what_it_does_not_know(form):
    form.set_values({"eta": 0.5, "spacing": "uniform_s", "clip": True, "chain_steps": 7, "unknown": 1, "note": "y"})
    assert form.values() == {
        "beta_start": 1e-4, "eta": 0.5, "chain_steps": 7, "spacing": "uniform_s", "clip": True, "note": "y"
    }  # fmt: skip
    assert form.edits == form.commits == []


def test_dragging_a_name_is_one_commit_and_a_double_click_returns_to_the_default(form):
    label = next(label for label in form.findChildren(QLabel) if label.buddy() is form.field("chain_steps"))
    QTest.mousePress(label, Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    for x in (9, 13, 25):
        QTest.mouseMove(label, QPoint(x, 5))
    assert form.values()["chain_steps"] == 1005
    assert form.commits == []
    QTest.mouseRelease(label, Qt.MouseButton.LeftButton, pos=QPoint(25, 5))
    assert [c["chain_steps"] for c in form.commits] == [1005]
    QTest.mouseDClick(label, Qt.MouseButton.LeftButton)
    assert form.commits[-1]["chain_steps"] == 1000


def test_another_set_of_parameters_replaces_the_form(form):
    form.set_parameters(PARAMETERS[:1])
    assert form.values() == {"beta_start": 1e-4}
    form.set_parameters(())
    assert form.values() == {}


@given(st.floats(1e-12, 1e12))
def test_a_number_field_reads_back_what_it_shows(qapp, value):
    spin = NumberSpin(0, 1e13, log=True)
    assert spin.valueFromText(spin.textFromValue(value)) == pytest.approx(value, rel=1e-5)


def test_numbers_keep_their_value_and_show_six_figures(qapp):
    spin = NumberSpin(0, 100)
    spin.setValue(0.123456789012)
    assert spin.value() == 0.123456789012
    assert spin.text() == "0.123457"


def test_log_fields_step_by_factors_and_others_by_sums(qapp):
    log = NumberSpin(1e-6, 1, log=True)
    log.setValue(1e-4)
    log.stepBy(10)
    assert log.value() == pytest.approx(1e-3)
    assert log.text() == "0.001"
    log.stepBy(100)
    assert log.value() == 1
    plain = NumberSpin(0, 1)
    plain.stepBy(3)
    assert plain.value() == 0.03
    zero = NumberSpin(0, 10, log=True)
    zero.stepBy(1)
    assert zero.value() == 1e-5


def test_only_numbers_can_be_typed(qapp):
    spin = NumberSpin(-1, 1)
    state = QValidator.State
    cases = {"0.5": state.Acceptable, "1e-": state.Intermediate, "−0.5": state.Acceptable, "7": state.Intermediate,
             "abc": state.Invalid, "": state.Intermediate, "0,5": state.Acceptable}  # fmt: skip
    assert {text: spin.validate(text, 0)[0] for text in cases} == cases
    assert spin.fixup("7") == "1"
    assert spin.fixup("e") == "0"


def test_an_int_field_takes_open_ranges(qapp):
    spin = WholeSpin(0, float("inf"))
    assert spin.maximum() == 2**31 - 1
