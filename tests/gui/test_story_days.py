"""The days dock: a month typed, its days made beside the real ones, a day under the pointer, another file."""

import numpy as np
import pytest
from conftest import QUICK
from daily_twins import LAND, write_daily
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtTest import QTest

from diffview.gui.show.month_pictures import (
    calendar_sheet,
    day_at,
    hovmoeller,
    pixel_at,
    pixel_lines,
    spectrum_lines,
)
from diffview.learning.months import MonthAsked, make_month

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


@pytest.fixture(scope="module")
def daily(tmp_path_factory):
    path = tmp_path_factory.mktemp("days") / "daily.nc"
    write_daily(path, 900, "2001-01-01")
    return str(path)


def test_a_sheet_has_a_week_in_a_row_and_knows_its_days():
    days = np.arange(30, dtype=np.float32)[:, None, None] * np.ones((1, 4, 5), np.float32)
    sheet = calendar_sheet(days)
    assert sheet.shape == (5 * 5 - 1, 7 * 6 - 1)
    for row in range(sheet.shape[0]):
        for column in range(sheet.shape[1]):
            day = day_at(row, column, days)
            assert np.isnan(sheet[row, column]) if day is None else sheet[row, column] == day
    assert np.isfinite(sheet).sum() == 30 * 20


def test_time_against_longitude_is_the_mean_of_what_is_known():
    own = np.random.default_rng(0).standard_normal((6, 4, 5)).astype(np.float32)
    own[:, :, 1], own[:, 0, 2] = np.nan, np.nan
    both = hovmoeller(own, own)
    assert both.shape == (6, 12) and np.isnan(both[:, [1, 5, 6, 8]]).all()
    np.testing.assert_allclose(both[:, 2], own[:, 1:, 2].mean(1), rtol=1e-6)
    np.testing.assert_allclose(both[:, 7], both[:, 0])


def test_a_month_is_made_by_hand_and_seen_as_the_core_makes_it(open_window, hand, find, wait, settle, daily):
    # no run of the open field: land is in every crop of its size
    window = open_window(QUICK.but(path=daily, dataset="sst", region=None, model="gaussian"), wait=False)
    wait(lambda: window.session.facts.field.name == "sst" and window.is_idle())
    window.docks["daysDock"].toggleViewAction().trigger()
    window.docks["daysDock"].raise_()
    panel = window.docks["daysDock"].widget()
    button, field = find(window, "daysButton"), find(window, "daysMonth")
    assert not button.isEnabled() and "Name a month" in button.toolTip()
    hand.click(field)
    QTest.keyClicks(field, "2002-03")
    hand.click(button)
    wait(lambda: not window.months.active and find(window, "daysSays").text() != "")
    made = window.months.made
    core = make_month(MonthAsked((daily, "sst"), "2002-03", members=8, seed=window.session.recipe.course.seed))
    np.testing.assert_array_equal(made.values, core.values)
    assert find(window, "daysSays").text().startswith("8 x 31 days from 2002-03-01 in °C")
    views = panel.views
    assert all(view.isVisibleTo(panel) for view in views.values())
    real = np.where(np.isnan(made.values[0]), np.nan, made.real - made.mean.astype(np.float32))
    np.testing.assert_allclose(views["real"].values, calendar_sheet(real), atol=1e-5)
    assert np.isnan(views["made"].values).sum() > LAND.sum() * 31
    _point_at(hand, views["made"], 10, 30)
    assert views["made"].toolTip() == "2002-03-02"
    _pick_pixels(hand, panel, made)
    _type_another(window, hand, field, wait)
    settle(window)


def _point_at(hand, view, row, column):
    """Move the pointer over a pixel of a sheet."""
    ny, nx = view.values.shape
    scale = min(view.width() / nx, view.height() / ny)
    hand.mouse(view, QEvent.Type.MouseMove, QPointF((column + 0.5) * scale, (row + 0.5) * scale))


def _pick_pixels(hand, panel, made):
    """A click on a day shows that pixel of it day by day; land, and the line between days, change nothing."""
    view, plot = panel.views["real"], panel.plots["daysPixelView"]
    for row, column, pixel in ((3, 7, (3, 7)), (17 + 5, 21 + 12, (5, 12)), (14, 2, (5, 12)), (16, 4, (5, 12))):
        ny, nx = view.values.shape
        scale = min(view.width() / nx, view.height() / ny)
        hand.click(view, QPointF(np.ceil(column * scale), np.ceil(row * scale)))  # a whole point inside of it
        assert f"row {pixel[0]}, column {pixel[1]};" in panel.says.text()
        shown = {line.name: line.y for line in plot.lines}
        np.testing.assert_allclose(shown["real"], made.real[:, *pixel] - made.mean[pixel], atol=1e-4)


def test_what_lies_in_a_sheet_is_a_pixel_of_the_field(daily):
    made = make_month(MonthAsked((daily, "sst"), "2002-06"))
    assert pixel_at(3, 7, made) == (3, 7) and pixel_at(17 + 5, 21 + 12, made) == (5, 12)
    assert pixel_at(14, 2, made) is None, "land"
    assert pixel_at(16, 4, made) is None, "between two weeks"


def _type_another(window, hand, field, wait):
    """A month that is not there is refused in a sentence, and nothing old is left on screen."""
    field.selectAll()
    QTest.keyClicks(field, "2031-01\r")
    wait(lambda: not window.months.active and window.months.job.error is not None)
    assert window.months.made is None
    assert "has no field of 2031-01-01" in window.docks["daysDock"].widget().says.text()


def test_without_a_file_the_button_says_what_to_open(window, find):
    window.docks["daysDock"].toggleViewAction().trigger()
    assert "Open a file with daily fields" in find(window, "daysButton").toolTip()


def test_the_pixel_and_the_spectrum_are_those_of_the_days(daily):
    made = make_month(MonthAsked((daily, "sst"), "2002-06", members=3))
    lines, band = pixel_lines(made)
    assert [line.name for line in lines] == ["member 0", "real", "mean"]
    assert lines[0].y.mean() == pytest.approx(0, abs=1e-4) and lines[1].y.mean() == pytest.approx(0, abs=1e-4)
    assert (band[1] <= lines[0].y + 1e-9).all() and (band[2] >= lines[0].y - 1e-9).all()
    power = spectrum_lines(made)[1]
    real = made.real[:, ~LAND[::-1]].astype(np.float64)
    total = ((real - real.mean(0)) ** 2).sum(0).mean()
    both = np.r_[np.full(len(power.y) - 1, 2.0), 1.0 if len(made.days) % 2 == 0 else 2.0]
    assert (power.y * both).sum() == pytest.approx(total, rel=1e-4)
