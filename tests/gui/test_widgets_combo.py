"""Lists and numbers: texts that fit, wheels that are left alone, numbers outside the range."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from diffview.gui.theme import theme
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.spin import NumberSpin, WholeSpin


def shown(qtbot, width):
    box = Combo("list", "A list")
    qtbot.addWidget(box)
    box.addItem("DPM-Solver++ 2M SDE", "sde")
    box.resize(width or box.sizeHint().width(), box.sizeHint().height())
    box.show()
    box.grab()
    return box.shown_text()


def test_all_of_the_text_at_its_own_size(qapp, qtbot):
    theme.install(qapp, "dark")
    assert shown(qtbot, 0) == "DPM-Solver++ 2M SDE"


def test_an_ellipsis_where_it_is_too_narrow(qapp, qtbot):
    text = shown(qtbot, 110)
    assert text.endswith("…") and "DPM-Solver++ 2M SDE".startswith(text[:-1]) and len(text) > 4


def scrolled(field) -> bool:
    """Whether a field takes a notch of the wheel."""
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(QPointF(9, 9), QPointF(9, 9), QPoint(), QPoint(0, -120), *none, False)
    event.ignore()
    QApplication.sendEvent(field, event)
    return event.isAccepted()


def a_list() -> Combo:
    made = Combo()
    made.addItems(["one", "two", "three"])
    return made


@pytest.mark.parametrize("make", [a_list, lambda: WholeSpin(0, 9), lambda: NumberSpin(0, 9)])
def test_the_wheel_scrolls_what_is_around_a_field_without_the_focus(qtbot, make):
    field = make()
    qtbot.addWidget(field)
    value = field.currentIndex if isinstance(field, Combo) else field.value
    field.show()
    field.clearFocus()
    before = value()
    assert not scrolled(field) and value() == before
    field.setFocus()
    QTest.qWaitForWindowActive(field)
    if field.hasFocus():
        assert scrolled(field)
    assert not field.focusPolicy() & Qt.FocusPolicy.WheelFocus & ~Qt.FocusPolicy.StrongFocus


@pytest.mark.parametrize(
    ("spin", "typed", "kept", "told"),
    [(WholeSpin, "500", 100, "The largest number here is 100."),
     (WholeSpin, "1", 3, "The smallest number here is 3."),
     (NumberSpin, "1e9", 100, "The largest number here is 100."),
     (NumberSpin, "-2", 3, "The smallest number here is 3.")],
)  # fmt: skip
def test_a_number_outside_the_range_becomes_the_nearest_end_and_that_is_told(qtbot, spin, typed, kept, told):
    field = spin(3, 100)
    qtbot.addWidget(field)
    field.show()
    field.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    field.selectAll()
    QTest.keyClicks(field, typed)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == kept and not field.hasFocus()
    qtbot.wait(400)  # a tooltip that a change of focus has hidden is gone after a moment
    assert QToolTip.isVisible() and QToolTip.text() == told
    QToolTip.hideText()
    field.selectAll()
    QTest.keyClicks(field, "42")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.value() == 42 and QToolTip.text() in ("", told), "a number inside is not commented"


def test_a_suffix_stays_and_is_no_part_of_the_number(qtbot):
    field = WholeSpin(0, 119)
    qtbot.addWidget(field)
    field.setSuffix(" of 119")
    field.show()
    field.selectAll()
    QTest.keyClicks(field, "200")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert (field.value(), field.text()) == (119, "119 of 119")
