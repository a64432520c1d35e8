"""Equations on screen: in the colours of what they name, at any size, with numbers that move nothing."""

import pytest
from PySide6.QtGui import QColor

from diffview.gui.theme import theme
from diffview.gui.widgets.small.equation_view import EquationView


@pytest.fixture
def equation(qtbot):
    theme.use("light")  # dark ink on whatever ground
    view = EquationView(40)
    qtbot.addWidget(view)
    view.set_equation("closed_form", live=True)
    view.set_numbers({"signal": "0.68", "noise": "0.73"})
    view.resize(view.sizeHint())
    yield view
    theme.set_scale(1.0)
    theme.use("dark")


def colours(view):
    image = view.grab().toImage()
    return {QColor(image.pixel(x, y)).name() for x in range(image.width()) for y in range(image.height())}


def ink(view):
    """The columns of pixels with ink, and the rows."""
    image = view.grab().toImage()
    ground = QColor(image.pixel(0, 0)).lightness()
    inked = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if abs(QColor(image.pixel(x, y)).lightness() - ground) > 40
    ]
    return [{spot[i] for spot in inked} for i in (0, 1)]


@pytest.mark.parametrize("mode", ["dark", "light"])
def test_it_has_the_colours_of_curves_and_pictures(equation, mode) -> None:
    theme.use(mode)
    shown = colours(equation)
    assert {theme.colour(token).name() for token in ("text", "forward", "dim")} <= shown
    other = "light" if mode == "dark" else "dark"
    theme.use(other)
    assert {theme.colour(token).name() for token in ("text", "forward")} <= colours(equation)


def test_it_is_as_large_as_asked_for_and_smaller_where_there_is_no_room(equation) -> None:
    assert equation.text_px() == pytest.approx(40, rel=0.05)
    wide, high = (max(places) - min(places) for places in ink(equation))
    equation.resize(equation.width() // 2, equation.height())
    assert equation.text_px() == pytest.approx(20, rel=0.05)
    narrow, low = (max(places) - min(places) for places in ink(equation))
    assert (narrow / wide, low / high) == pytest.approx((0.5, 0.5), abs=0.06)
    theme.set_scale(2.0)
    assert equation.sizeHint().width() == pytest.approx(4 * equation.width(), rel=0.05)


def test_numbers_change_and_nothing_moves(equation) -> None:
    before, (across, _) = equation.grab().toImage(), ink(equation)
    size = equation.sizeHint()
    equation.set_numbers({"signal": "0.10", "noise": "0.99"})
    after = equation.grab().toImage()
    assert after != before and equation.sizeHint() == size
    differs = {
        x for x in range(after.width()) for y in range(after.height()) if after.pixel(x, y) != before.pixel(x, y)
    }
    assert len(differs) < len(across) / 2  # only the figures
    equation.set_numbers({"signal": "0.68", "noise": "0.73"})
    assert equation.grab().toImage() == before


def test_it_says_what_it_shows(equation) -> None:
    assert r"\bar{\alpha}_t" in equation.accessibleName()
    assert equation.accessibleDescription().endswith(".")
    equation.set_equation("")
    assert equation.accessibleName() == "" and equation.sizeHint().isEmpty() and not equation.text_px()
    assert len(colours(equation)) == 1
