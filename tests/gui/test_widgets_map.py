"""The small widgets around a picture: rulers, lines over it, strips, series."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest

from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.ruler import Ruler
from diffview.gui.widgets.images.strip_view import StripView
from diffview.gui.widgets.plots.series_plot import SeriesPlot

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the offscreen plugin, of every window


@pytest.fixture(autouse=True)
def _themed(qapp):
    theme.install(qapp, "dark")


@pytest.fixture
def view(qtbot):
    """A picture of 100 x 200 in a widget of 400 x 400: 2 pixels to one."""
    made = ImageView()
    qtbot.addWidget(made)
    made.resize(400, 400)
    made.set_image(np.full((100, 200), -2.5, np.float32))
    made.grab()  # which lays it out
    return made


# -- lines


def test_lines_lie_where_their_pixels_are(view):
    view.set_lines(np.array([[50.25, 0.0], [50.25, 200.0]], np.float32))
    picture = view.grab().toImage()
    assert picture.pixelColor(200, 200).lightness() > 140, "row 50 of 100 is the middle"
    assert picture.pixelColor(200, 180).lightness() < 140
    view.set_lines(None)
    assert view.grab().toImage().pixelColor(200, 200).lightness() < 140
    view.set_lines(np.empty((0, 2), np.float32))
    assert view.lines() is None


# -- rulers


def test_a_ruler_puts_degrees_where_they_are(view, qtbot):
    below, beside = Ruler(view, horizontal=True), Ruler(view, horizontal=False)
    for ruler in (below, beside):
        qtbot.addWidget(ruler)
    below.set_side(np.linspace(-9.95, 9.95, 200), 1, "longitude")
    beside.set_side(np.linspace(59.95, 50.05, 100), 1, "latitude")
    ticks = {text: at for at, text in below.ticks()}
    assert ticks["0°"] == pytest.approx(200, abs=0.01)
    assert ticks["5° W"] == pytest.approx(100, abs=0.01)
    rows = {text: at for at, text in beside.ticks()}
    assert rows["56° N"] == pytest.approx(180, abs=0.01)
    assert "62° N" not in rows


def test_a_ruler_follows_the_zoom_with_finer_steps_and_a_stride(view, qtbot):
    ruler = Ruler(view, horizontal=True)
    qtbot.addWidget(ruler)
    ruler.set_side(np.arange(400) * 3.0, 2, "km")
    wide = ruler.ticks()
    view.set_view_rect(QRectF(50, 40, 20, 20))
    near = ruler.ticks()
    assert float(near[1][1]) - float(near[0][1]) < float(wide[1][1]) - float(wide[0][1])
    at, text = near[0]
    assert view.to_image(QPointF(at, 0)).x() == pytest.approx((float(text) / 3 + 0.5) / 2, abs=1e-6)
    ruler.set_side(np.full(400, np.nan), 2, "km")
    assert ruler.ticks() == []


# -- strips


def test_a_strip_tells_where_along_it_the_mouse_is(qtbot):
    strip, heard = StripView(), []
    qtbot.addWidget(strip)
    image = QImage(10, 500, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    strip.set_image(image)
    strip.resize(30, 300)
    strip.moved.connect(heard.append)
    strip.set_band(0.2, 0.4)
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(15, 225))
    assert heard == [pytest.approx(0.75)]
    QTest.keyClick(strip, Qt.Key.Key_Down)
    assert heard[-1] == pytest.approx(0.32)
    assert strip.vertical() and strip.band() == (0.2, 0.4)
    picture = strip.grab().toImage()
    assert picture.pixelColor(15, 90).red() > 200, "the band is clear"
    assert picture.pixelColor(15, 250).red() < 200, "the rest is veiled"


# -- series


def test_a_series_with_gaps_has_its_dates_to_scale(qtbot):
    plot, heard = SeriesPlot(), []
    qtbot.addWidget(plot)
    plot.resize(300, 96)
    plot.indexChosen.connect(heard.append)
    values = np.array([1.0, np.nan, 3.0, 5.0], np.float32)
    plot.set_series(values, np.arange(4), "K", ("a", "b", "c", "d"), np.array([0.0, 1.0, 2.0, 10.0]))
    x = [plot.pixel_of(i).x() for i in range(4)]
    assert (x[2] - x[0]) / (x[3] - x[0]) == pytest.approx(0.2)
    assert plot.pixel_of(3).y() < plot.pixel_of(0).y()
    QTest.mouseClick(plot, Qt.MouseButton.LeftButton, pos=plot.pixel_of(2).toPoint())
    assert heard == [2]
    QTest.mouseMove(plot, plot.pixel_of(3).toPoint())
    plot.set_shown(2)
    plot.grab()
    assert "1 to 5 K" in plot.accessibleDescription()


def test_a_series_without_a_value_is_drawn_without_harm(qtbot):
    plot = SeriesPlot()
    qtbot.addWidget(plot)
    plot.set_series(np.full(3, np.nan, np.float32), np.arange(3), "K")
    plot.resize(300, 96)
    plot.grab()
    assert plot.accessibleDescription() == "3 values without a value"
