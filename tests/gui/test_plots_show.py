"""What the plots show: exact places, colours of the theme, messages; and no reference lost while painting."""

import gc
import sys

import numpy as np
import pytest
from conftest import layer
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QApplication, QGraphicsItem

from diffview.gui.show.schedule_marks import QUANTITIES
from diffview.gui.theme import DARK, LIGHT, theme
from diffview.gui.widgets.ink import KeptPicture
from diffview.gui.widgets.plots.histogram_plot import HistogramPlot
from diffview.gui.widgets.plots.plot_axis import legend_rows, plot_font
from diffview.gui.widgets.plots.plot_base import Curve
from diffview.gui.widgets.plots.scale_time_view import ScaleTimeView, log_rows
from diffview.gui.widgets.plots.schedule_plot import SchedulePlot
from diffview.gui.widgets.plots.spectrum_plot import Floor, SpectrumPlot

pytestmark = pytest.mark.usefixtures("dark")

K = np.arange(64)
RED = np.where(K > 0, 100.0 / np.maximum(K, 1) ** 2.0, 500.0)
EDGES = np.linspace(-4, 4, 129)
X = (EDGES[:-1] + EDGES[1:]) / 2
NORMAL = np.exp(-(X**2) / 2) / np.sqrt(2 * np.pi)


@pytest.fixture
def plots(qtbot):
    made = [SchedulePlot(), HistogramPlot(), SpectrumPlot(), ScaleTimeView()]
    schedule, histogram, spectrum, scales = made
    t = np.linspace(0, 1, 256)
    schedule.set_curve(t, 1 - t)
    schedule.set_references([("other", t, (1 - t) ** 2)])
    schedule.set_handles([(0.5, 0.5)])
    schedule.set_grid_ticks(np.linspace(0, 1, 19))
    schedule.set_band(0.1, None, "trained on s = 0.1 to 80")
    histogram.set_reference()
    histogram.set_data(EDGES, NORMAL, NORMAL, NORMAL)
    spectrum.set_axis(K, np.where(K > 0, 640.0 / np.maximum(K, 1), np.inf))
    spectrum.set_curves(RED, RED + 1, None, 1.0)
    scales.set_map(np.log10(RED)[:, None] - np.linspace(-3, 3, 80), K)
    for plot, size in zip(made, ((900, 170), (400, 150), (400, 150), (400, 150)), strict=True):
        qtbot.addWidget(plot)
        plot.resize(*size)
        plot.show()
    QApplication.processEvents()
    return made


def colours(plot) -> set[str]:
    image = plot.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def test_every_plot_has_a_name_for_readers_of_screens(plots):
    assert len({p.accessibleName() for p in plots}) == 4


def test_dotted_references_are_drawn_once_for_all_places_of_the_curve(plots, monkeypatch):
    schedule, t = plots[0], np.linspace(0, 1, 256)
    picture, keys = KeptPicture.of, []

    def watched(*arguments):
        keys.append(picture(*arguments).cacheKey())
        return picture(*arguments)

    monkeypatch.setattr(KeptPicture, "of", watched)

    def drawn(power):
        schedule.set_curve(t, 1 - t**power)
        schedule.grab()
        return keys[-1]

    first = drawn(2)
    assert drawn(3) == first and len(keys) >= 2
    schedule.set_references([("another", t, (1 - t) ** 3)])
    moved = drawn(2)
    assert moved != first
    schedule.resize(700, 170)
    QApplication.processEvents()
    assert drawn(3) != moved


def test_a_change_of_theme_restyles(plots):
    dark = [colours(p) for p in plots]
    theme.use("light")
    light = [colours(p) for p in plots]
    for before, after in zip(dark, light, strict=True):
        assert DARK.panel in before and LIGHT.panel not in before - {"#ffffff"}
        assert LIGHT.panel in after and DARK.panel not in after
    for plot, seen in zip(plots[:3], light[:3], strict=True):
        assert QColor(LIGHT.forward).name() in seen, plot


def test_zoom_moves_the_axis_and_tells_so(plots, qtbot):
    schedule = plots[0]
    left, _ = schedule.axis_pixels()
    with qtbot.waitSignal(schedule.axisChanged):
        theme.set_scale(1.5)
    assert schedule.axis_pixels()[0] > left


def test_axis_pixels_are_where_the_ends_are_drawn(plots, qtbot):
    schedule = plots[0]
    left, right = schedule.axis_pixels()
    assert (schedule.to_pixel(0, 0).x(), schedule.to_pixel(1, 0).x()) == (left, right)
    with qtbot.waitSignal(schedule.axisChanged):
        schedule.resize(700, 170)
        QApplication.processEvents()
    assert schedule.axis_pixels()[1] == right - 200


def test_curves_lie_where_the_axes_say(plots):
    """The line of the schedule goes through the pixel of (0.25, 0.75)."""
    schedule = plots[0]
    schedule.set_handles(None)
    QApplication.processEvents()
    point = schedule.to_pixel(0.25, 0.75)
    image = schedule.grab().toImage()
    seen = {image.pixelColor(int(point.x()), int(point.y()) + dy).name() for dy in (-1, 0, 1)}
    assert DARK.forward in seen
    drawn = schedule.box.mapViewToScene(QPointF(0.25, 0.75))
    assert (drawn.x(), drawn.y()) == pytest.approx((point.x(), point.y()))


def test_nothing_autoscales(plots):
    histogram, spectrum = plots[1:3]
    before = (histogram.y_axis.high, spectrum.y_axis.high)
    histogram.set_data(EDGES, 50 * NORMAL)
    spectrum.set_curves(1e9 * RED, None, None, 1.0)
    assert (histogram.y_axis.high, spectrum.y_axis.high) == before
    assert histogram.box.viewRange()[1] == pytest.approx([0, 0.6])


def test_infinite_and_missing_values_do_no_harm(plots):
    schedule, _, spectrum, _ = plots
    schedule.set_quantity("log_snr")
    schedule.set_curve(np.array([0.0, 0.5, 1.0]), np.array([np.inf, 0.0, -np.inf]))
    power = RED.copy()
    power[5], power[7] = np.nan, 0.0
    spectrum.set_curves(power, power, None, 1.0)
    QApplication.processEvents()
    assert np.isfinite(layer(schedule, Curve).yData).all()


def test_legend_names_what_is_there(plots):
    histogram, spectrum = plots[1:3]
    assert [n for n, _ in histogram.legend_items()] == ["x\u2080", "x\u209c", "reverse", "N(0, 1)"]
    histogram.set_data(EDGES, NORMAL)
    assert [t for _, t in histogram.legend_items()] == ["forward", "dim"]
    assert [n for n, _ in spectrum.legend_items()] == ["αx\u2080", "x\u209c", "noise floor"]


def test_the_words_at_the_floor_leave_the_legend_alone(plots):
    spectrum, floor = plots[2], layer(plots[2], Floor)
    box = spectrum.plot_rect
    legend = QRectF(box.left(), box.top(), box.width(), 2 + QFontMetricsF(plot_font()).height())
    assert box.height() > 3 * legend.height(), "there is room for both"
    for x in (box.left() + 5, box.right() - 5):
        for share in (0.0, 0.1, 0.2, 0.5, 1.0):
            rect = floor.text_rect(QPointF(x, box.top() + share * box.height()))
            assert not rect.intersects(legend) and box.contains(rect), (x, share)


def test_the_floor_says_which_scales_lie_below_it(plots):
    spectrum, floor = plots[2], layer(plots[2], Floor)
    assert floor.text == "below the noise floor: < 64 km"
    spectrum.set_axis(K)
    spectrum.set_curves(RED, None, None, 1.0)
    assert floor.text == "below the noise floor: k > 10"
    spectrum.set_curves(RED, None, None, None)
    assert floor.level is None


def test_a_message_hides_the_curves(plots):
    spectrum = plots[2]
    spectrum.show_message("No spectrum: more than 20 % is missing")
    assert DARK.forward not in colours(spectrum)
    assert spectrum.accessibleDescription().startswith("No spectrum")
    spectrum.show_message("")
    assert DARK.forward in colours(spectrum)


def test_log_rows_are_exact_for_a_power_law():
    """log10 of k^-2 is linear in log k: resampling between dense rings keeps it to the chord's error."""
    k = np.arange(1.0, 65.0)
    rows = log_rows(-2 * np.log10(k)[:, None], k, 100)
    wanted = -2 * (np.arange(100) + 0.5) / 100 * np.log10(64)
    assert rows[:, 0] == pytest.approx(wanted, abs=1e-12)


def test_the_map_is_centred_on_unity(plots):
    scales = plots[3]
    table = np.zeros((256, 3), dtype=np.uint8)
    table[:128, 2] = table[128:, 0] = 255
    scales.set_colormap(table)
    k = np.arange(1, 65)
    scales.set_map(np.where(np.arange(64) < 8, 1.0, -1.0)[:, None] * np.ones(50), k)
    QApplication.processEvents()
    image = scales.grab().toImage()
    low, high = scales.to_pixel(0.5, np.log10(3)), scales.to_pixel(0.5, np.log10(30))
    assert image.pixelColor(low.toPoint()).name() == "#ff0000", "large scales, below: signal"
    assert image.pixelColor(high.toPoint()).name() == "#0000ff", "small scales, above: noise"


def test_the_tag_stays_inside(plots):
    schedule = plots[0]
    for x in (0.0, 0.5, 1.0):
        schedule.set_playhead(x)
        tag = schedule.playhead.tag_rect().translated(schedule.playhead.pos())
        assert tag.left() >= 0 and tag.right() <= schedule.width()
    schedule.set_x_axis("ln_s", -5, 5)
    schedule.set_playhead(-0.31)
    assert schedule.playhead.text == "ln s \u22120.31"


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_the_tag_leaves_the_name_of_the_quantity_free(plots, quantity):
    """The lecture's third chapter plays the playhead from t = 0 to 100, and the name of its curve lay below the tag."""
    schedule = plots[0]
    schedule.set_quantity(quantity)
    for x in (0.0, 0.02, 0.1, 0.5):
        schedule.set_playhead(x)
        tag = schedule.playhead.tag_rect().translated(schedule.playhead.pos())
        assert not tag.intersects(schedule.name_rect()) and tag.right() <= schedule.width()


def test_painting_loses_no_references(plots):
    """PySide6 6.12.0 dropped None at every paint and aborted within hundreds of frames."""
    schedule, histogram, spectrum, scales = plots

    def frames(count):
        for i in range(count):
            schedule.set_playhead(i / count)
            scales.set_playhead(i / count)
            histogram.set_data(EDGES, NORMAL * (1 + i / count), NORMAL, NORMAL)
            spectrum.set_curves(RED, RED + i / count, RED, 0.1 + i / count)
            QApplication.processEvents()

    frames(20)
    gc.collect()  # what earlier tests left must not go while we count
    gc.disable()
    try:
        before = [sys.getrefcount(o) for o in (None, True, False)]
        frames(300)
        after = [sys.getrefcount(o) for o in (None, True, False)]
    finally:
        gc.enable()
    assert all(b - a < 50 for a, b in zip(after, before, strict=True)), (before, after)


def redraws(plot, monkeypatch):
    """How often the background of a plot is painted anew from now on."""
    made = []
    monkeypatch.setattr(plot, "redraw", lambda: (made.append(1), type(plot).redraw(plot))[1])
    return made


def test_what_is_shown_already_is_not_painted_anew(plots, monkeypatch):
    schedule, _, spectrum, scales = plots
    spectrum.set_range(1e-2, 1e3)
    counts = [redraws(plot, monkeypatch) for plot in (schedule, spectrum)]
    t = np.linspace(0, 1, 256)
    schedule.set_curve(t, 1 - t)
    schedule.set_band(0.1, None, "trained on s = 0.1 to 80")
    spectrum.set_range(1e-2, 1e3)
    assert counts == [[], []]
    before = schedule.grab().toImage()
    schedule.set_curve(t, (1 - t) ** 3)
    schedule.set_band(0.2, None, "trained on s = 0.2 to 80")
    spectrum.set_range(1e-2, 1e4)
    assert [bool(count) for count in counts] == [False, True], "a pulled curve leaves the axes as they are"
    assert schedule.grab().toImage() != before
    lay_outs = []
    monkeypatch.setattr(scales, "lay_out", lambda: lay_outs.append(1))
    before = scales.grab().toImage()
    scales.set_map(2.0 - np.log10(RED)[:, None] - np.linspace(-3, 3, 80), K)
    assert not lay_outs and scales.grab().toImage() != before
    scales.set_map(np.log10(RED)[:32, None] - np.linspace(-3, 3, 80), K[:32])
    assert lay_outs


def test_a_thousand_levels_are_bars_that_cover_what_the_ticks_did(plots):
    schedule = plots[0]
    levels = np.concatenate([np.linspace(0.05, 0.5, 600), [0.55, 0.556, 0.9]])
    row = round(schedule.plot_rect.bottom()) - 2
    schedule.set_grid_ticks(np.empty(0))
    bare = schedule.grab().toImage()
    schedule.set_grid_ticks(levels)
    marked = schedule.grab().toImage()
    painted = np.array([marked.pixel(x, row) != bare.pixel(x, row) for x in range(marked.width())])
    pixels = schedule.pixel_arrays(levels, np.zeros_like(levels))[0]
    assert painted[pixels.astype(int)].all()
    assert not painted[[int(pixels[599] + 2), int(pixels[600:602].mean())]].any()
    assert np.count_nonzero(np.diff(painted.astype(int)) == 1) == 4, "a bar, two ticks and a triangle"


def test_the_curve_is_painted_as_it_is_without_a_store_of_it(plots):
    schedule, curve, t = plots[0], layer(plots[0], Curve), np.linspace(0, 1, 256)
    stored, plain = QGraphicsItem.CacheMode.DeviceCoordinateCache, QGraphicsItem.CacheMode.NoCache

    def picture():
        QApplication.processEvents()
        return schedule.grab().toImage()

    changes = (
        lambda: schedule.set_curve(t, (1 - t) ** 2),
        lambda: schedule.set_quantity("sigma", 0.0, 2.0),
        lambda: schedule.resize(700, 200),
        lambda: theme.use("light"),
        lambda: theme.set_scale(1.25),
    )
    before = picture()
    for change in changes:
        assert curve.cacheMode() is stored
        change()
        shown = picture()
        curve.setCacheMode(plain)
        assert shown == picture() != before
        curve.setCacheMode(stored)
        before = picture()
        assert before == shown


def test_a_legend_without_room_in_one_row_takes_two_and_words_stay_inside(plots):
    items = [("αx\u2080", "text"), ("x\u209c", "forward"), ("reverse", "reverse"), ("noise floor", "dim")]
    assert legend_rows(items, 1000) == [items]
    rows = legend_rows(items, 210)
    assert len(rows) == 2 and [item for row in rows for item in row] == items
    assert len(legend_rows(items, 10)) == len(items), "a word has a row of its own at least"
    spectrum, floor = plots[2], layer(plots[2], Floor)
    spectrum.resize(260, 150)
    floor.text = "below the noise floor: < 480 km"
    box = spectrum.plot_rect
    for x in (box.left() + 5, box.center().x(), box.right() - 5):
        assert box.contains(floor.text_rect(QPointF(x, box.center().y())))
    spectrum.resize(170, 150)
    assert floor.words() == "< 480 km"
    assert spectrum.plot_rect.contains(floor.text_rect(spectrum.plot_rect.center()))


def test_axes_say_their_quantity(plots):
    spectrum = plots[2]
    assert spectrum.y_axis.label == "power, std²" and "s²" in spectrum.toolTip()
    spectrum.resize(300, 150)
    assert QFontMetricsF(plot_font()).horizontalAdvance(spectrum.y_axis.label) < spectrum.plot_rect.height()


def test_an_axis_without_room_for_its_label_has_its_unit(plots):
    axis, metrics = plots[2].x_axis, QFontMetricsF(plot_font())
    axis.label = "wavenumber, cycles per region"
    assert axis.label_for(metrics.horizontalAdvance(axis.label)) == axis.label
    assert axis.label_for(metrics.horizontalAdvance(axis.label) - 1) == "cycles per region"
    assert axis.label_for(20) == ""
    axis.label = "density"
    assert axis.label_for(20) == "" and axis.label_for(200) == "density"
