"""Plots of scores, losses and races: ranges, legends and readings by hand; no window around them."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF
from PySide6.QtWidgets import QToolTip

from diffview.gui.show.lanes import Lane, RaceMark
from diffview.gui.show.lines import AxisMark, Line, QuantileBar
from diffview.gui.theme import DARK, theme
from diffview.gui.widgets.plots.density_strip import DensityStrip
from diffview.gui.widgets.plots.histogram_plot import HistogramPlot
from diffview.gui.widgets.plots.loss_plot import LossPlot
from diffview.gui.widgets.plots.race_plot import RacePlot
from diffview.gui.widgets.plots.score_plots import DRY_SHARE, LinesPlot, RangesPlot
from diffview.gui.widgets.plots.score_views import ScoreViews
from diffview.gui.widgets.plots.series_plot import SeriesPlot
from diffview.gui.widgets.plots.spectrum_plot import SpectrumPlot

SHOWN = (400, 240)

pytestmark = [
    pytest.mark.usefixtures("dark"),
    pytest.mark.qt_log_ignore("This plugin does not support"),
]  # the offscreen one, of every window
X = np.array([1.0, 10.0, 100.0])


def colours(widget):
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


# -- lines


def test_lines_fill_the_axes_and_name_themselves(shown):
    plot = shown(LinesPlot("Spectra", x_log=True))
    lines = [Line("samples", "reverse", X, np.array([1.0, 0.1, 0.01])), Line("held-out", "text", X, np.ones(3))]
    plot.show_lines(lines, "wavenumber", "power")
    assert (plot.x_axis.low, plot.x_axis.high) == (0.0, 2.0)
    assert (plot.y_axis.low, plot.y_axis.high) == pytest.approx((-2.12, 0.36))
    assert (plot.x_axis.label, plot.y_axis.label) == ("wavenumber", "power")
    assert plot.accessibleDescription() == "samples, held-out"
    assert {DARK.reverse, DARK.text} <= colours(plot)


def test_the_least_that_is_shown_ends_the_axis(shown):
    plot = shown(LinesPlot("Loss", x_log=True))
    plot.show_lines([Line("a", "reverse", X, np.array([1.0, 1e-3, 1e-12]))], "s", "loss", floor=1e-4)
    assert plot.y_axis.low == pytest.approx(-4 - 0.06 * 4)


def test_a_linear_axis_begins_at_nought(shown):
    plot = shown(LinesPlot("Ranks", y_log=False))
    plot.show_lines([Line("truth", "reverse", X, np.array([0.2, 0.3, 0.5]))], "rank", "share")
    assert (plot.x_axis.low, plot.x_axis.high, plot.y_axis.low) == (1.0, 100.0, 0.0)
    assert plot.y_axis.high == pytest.approx(0.5 + 0.18 * 0.3)


def test_the_dry_pixels_have_a_bin_of_their_own(shown):
    plot = shown(LinesPlot("Histogram", x_log=True))
    edges, shares = np.array([0.1, 1.0, 10.0]), np.array([0.2, 0.1])
    plot.show_lines([Line("samples", "reverse", edges, shares, steps=True, below=0.7)], "mm/h", "share")
    assert plot.dry == pytest.approx(DRY_SHARE * 2) and plot.x_axis.low == pytest.approx(-1 - plot.dry)
    first = plot.x_axis.ticks[0]
    assert first[0].text == "dry" and first[0].value == pytest.approx(-1 - plot.dry / 2)
    assert all(tick.value >= -1 - 1e-9 for tick, _ in plot.x_axis.ticks[1:])
    plot.show_lines([Line("samples", "reverse", edges, shares, steps=True)], "mm/h", "share")
    assert plot.dry == 0.0 and plot.x_axis.low == pytest.approx(-1.0)


def test_marks_and_bands_lie_under_the_lines(shown):
    plot = shown(LinesPlot("Histogram", x_log=True))
    marks = [AxisMark(10.0, "good"), AxisMark(20.0, "text", "0.99"), AxisMark(0.0, "bad"), AxisMark(1e9, "bad")]
    line = Line("a", "reverse", X, np.array([1.0, 0.1, 0.01]))
    plot.show_lines([line], "", "", marks, band=(X, np.full(3, 0.02), np.full(3, 0.5)))
    seen = colours(plot)
    assert DARK.good in seen and DARK.bad not in seen, "what lies outside is not marked"
    plot.show_message("No curves.")
    assert DARK.good not in colours(plot)


def test_a_band_is_seen_whole(shown):
    plot = shown(LinesPlot("The middle pixel", y_log=False))
    line = Line("member", "reverse", X, np.array([0.0, 1.0, 0.5]))
    plot.show_lines([line], "day", "K", band=(X, np.full(3, -2.0), np.full(3, 3.0)))
    assert plot.y_axis.low <= -2 and plot.y_axis.high >= 3


def test_ranges_are_rows_from_nought_on(shown):
    plot = shown(RangesPlot("Distances"))
    rows = [QuantileBar("samples", "reverse", (0.1, 0.2, 0.5, 0.8, 2.0)), QuantileBar("blocks", "dim", (1.0,))]
    plot.show_rows(rows, "distance")
    assert (plot.x_axis.low, plot.x_axis.high) == pytest.approx((0.0, 2.08))
    assert (plot.y_axis.low, plot.y_axis.high) == (2.0, 0.0), "the first row is at the top"
    assert plot.accessibleDescription() == "samples 0.5, blocks 1" and DARK.reverse in colours(plot)
    height = plot.height()
    plot.show_rows(rows[:1], "distance")
    assert plot.height() == height - theme.px(24)
    plot.show_rows([], "distance")
    assert (plot.x_axis.low, plot.x_axis.high) == (0.0, 1.04)


SCORES = {
    "units": "mm h-1",
    "curves": {
        "spectrum": {"k": [0.1, 0.2], "samples": [2.0, 1.0], "held_out": [2.0, 1.5], "one": [1, 1], "two": [2, 2]},
        "histogram": {"edges": [0.1, 1, 10], "samples": [0.2, 0.1], "below": {"samples": 0.7}},
        "nearest": {"samples": [0.1, 0.2, 0.3, 0.4, 0.5]},
    },
    "rows": [{"what": "quantile 0.99", "samples": 5.0, "held_out": 6.0}],
    "loss_by_level": {"levels": [0.1, 1.0], "samples": [0.5, 0.2], "held_out": [0.6, 0.3]},
}


def test_a_verified_card_has_the_plots_of_its_curves(shown):
    views = shown(ScoreViews(), 360, 900)
    views.show_scores(SCORES)
    there = [views.spectrum, views.histogram, views.loss, views.nearest]
    assert all(plot.isVisible() for plot in there) and not views.ranks.isVisible() and not views.scales.isVisible()
    assert [line.name for line in views.spectrum.lines] == ["samples", "held-out"] and views.spectrum.band is not None
    assert views.histogram.x_axis.log and views.histogram.x_axis.label == "mm/h"
    assert [mark.x for mark in views.histogram.marks] == [6.0, 5.0]
    assert [row.median for row in views.nearest.rows] == [0.3]
    views.show_scores({"kind": "ensemble", "curves": {"ranks": [0.5, 0.5], "scales": {"k": [1, 2], "spread": [1, 2]}}})
    assert not any(plot.isVisible() for plot in there) and views.ranks.isVisible() and views.scales.isVisible()
    assert [line.name for line in views.scales.lines] == ["spread of the members"]


# -- losses of a training


def test_the_axes_of_a_training_only_grow(shown):
    plot = shown(LossPlot())
    assert (plot.x_axis.high, plot.y_axis.low, plot.y_axis.high) == (100, -2.0, 0.0)
    plot.set_curve(np.arange(1.0, 41), np.full(40, 0.3))
    assert (plot.x_axis.high, plot.y_axis.low, plot.y_axis.high) == (100, -1.0, 0.0)
    plot.set_curve(np.arange(1.0, 151), np.full(150, 0.003))
    assert (plot.x_axis.high, plot.y_axis.low, plot.y_axis.high) == (200, -3.0, 0.0)
    plot.set_curve(np.arange(1.0, 21), np.full(20, 0.3))
    assert (plot.x_axis.high, plot.y_axis.low) == (200, -3.0), "it stays as wide as it was"
    plot.clear()
    assert plot.x_axis.high == 100 and [len(part) for part in plot.curve()] == [0, 0]


def test_losses_that_are_unknown_are_left_out(shown):
    plot = shown(LossPlot())
    plot.set_curve(np.arange(1.0, 6), np.array([1.0, np.nan, 0.0, np.inf, 1.0]))
    x, y = plot.curve()
    assert x.tolist() == [1.0, 5.0] and y.tolist() == [0.0, 0.0]
    plot.set_curve(np.arange(1.0, 3), np.array([np.nan, 1.0]))
    assert plot.curve()[0].tolist() == [1.0, 5.0], "one point is no curve"


def test_losses_by_level_lie_beside_what_was_trained(shown):
    plot = shown(LossPlot(by_level=True))
    assert plot.accessibleName() == "Loss against noise level" and not plot.has_reference
    plot.set_curve(X, np.array([1.0, 0.1, 1e-9]))
    assert (plot.x_axis.low, plot.x_axis.high) == (0.0, 2.0) and plot.y_axis.low == -3.0
    plot.set_reference(X, np.array([0.9, 0.2, 0.1]), "rain64")
    assert plot.has_reference and DARK.dim in colours(plot)
    plot.clear()
    assert not plot.has_reference and (plot.x_axis.low, plot.x_axis.high) == (-2.0, 1.0)


# -- races


def lane(name, order, style, *points):
    return Lane(name, order, style, tuple(RaceMark(x, y, f"{name} {x} calls") for x, y in points))


LANES = (lane("DDIM", 1, 0, (10, 1.0), (100, 0.1)), lane("Heun", 2, 1, (10, 0.5), (100, 0.005)))


@pytest.fixture
def race(shown):
    plot = shown(RacePlot(), 500, 300)
    plot.show_lanes(LANES, "rms error, K", "Nothing raced yet.")
    return plot


def test_a_race_without_runs_says_so(shown):
    plot = shown(RacePlot(), 500, 300)
    plot.show_lanes((), "", "Nothing raced yet.")
    assert plot.message == plot.accessibleDescription() == "Nothing raced yet."
    plot.show_lanes([lane("exact", 1, 0, (10, 0.0))], "K", "All are exact.")
    assert plot.message == "All are exact.", "an error of 0 is off the axis"


def test_a_run_lies_at_its_calls_and_its_error(race):
    assert (race.message, race.y_axis.label) == ("", "rms error, K")
    assert race.accessibleDescription() == "DDIM, Heun"
    first, last = (race.position(mark) for mark in LANES[0].shown)
    assert first.x() < last.x() and first.y() < last.y(), "more calls, less error"
    assert race.from_pixel(first) == pytest.approx((1.0, 0.0)) and {DARK.reverse, DARK.forward} <= colours(race)


def test_guides_have_the_slopes_of_their_orders_and_names_that_stay_apart(race):
    slopes = {order: (b[1] - a[1]) / (b[0] - a[0]) for order, a, b in race.guides()}
    assert slopes == pytest.approx({1: -1.0, 2: -2.0})
    (one, first), (two, second) = race.guide_labels()
    assert (one, two) == ("order 1", "order 2") and not first.intersects(second)


def test_the_run_under_the_pointer_tells_its_numbers(race, hand, monkeypatch):
    told = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, widget: told.append(text))
    monkeypatch.setattr(QToolTip, "hideText", lambda: told.append(""))
    at = race.position(LANES[1].marks[0])
    found = race.nearest(at + QPointF(5, 5))
    assert found == (LANES[1], LANES[1].marks[0]) and race.nearest(at + QPointF(0, 20)) is None
    for point in (at, at + QPointF(1, 0), at + QPointF(0, 20)):
        hand.mouse(race, QEvent.Type.MouseMove, point)
    assert told == ["Heun 10 calls", ""], "a run is told once"


@pytest.mark.parametrize("style", [0, 6, 12])
def test_styles_beyond_the_colours_have_other_dots(shown, style):
    plot = shown(RacePlot(), 500, 300)
    plot.show_lanes([lane("a", 0, style, (10, 1.0), (100, 0.1))], "", "")
    assert plot.guides() == [] and DARK.reverse in colours(plot)


# -- densities over ln s


@pytest.fixture
def strip(shown):
    made = shown(DensityStrip(), 440, 60)
    made.set_axis(40, 440, 0.0, 1.0)
    log_s = np.log([0.1, 1.0, 10.0])
    made.set_densities(np.array([0.0, 0.5, 1.0]), log_s, {"schedule": np.array([0.1, 0.3])}, "no training: a formula")
    return made


def test_densities_are_read_under_the_pointer(strip, hand):
    assert strip.readout() == "" and strip.accessibleDescription() == "no training: a formula"
    hand.mouse(strip, QEvent.Type.MouseMove, QPointF(strip.x_of(0.75), 40))
    assert strip.readout() == "s = 3.2: schedule 0.30 per unit of ln s" == strip.accessibleDescription()
    hand.mouse(strip, QEvent.Type.MouseMove, QPointF(20, 40))
    assert strip.readout() == "", "left of the axis there is nothing"


def test_the_pointer_that_leaves_takes_its_numbers_along(strip, hand, qapp):
    hand.mouse(strip, QEvent.Type.MouseMove, QPointF(strip.x_of(0.25), 40))
    assert strip.readout().startswith("s = 0.32")
    qapp.sendEvent(strip, QEvent(QEvent.Type.Leave))
    assert strip.readout() == ""


def test_a_strip_has_its_densities_and_its_scale(strip):
    assert strip.top == 0.3 and strip.density("grid") is None
    assert strip.density("schedule").tolist() == [0.1, 0.3]
    assert (strip.plot_rect().left(), strip.plot_rect().right()) == (40, 440)
    assert strip.minimumSizeHint().height() == strip.sizeHint().height()
    assert DARK.text in colours(strip)


# -- a series of a pixel


@pytest.fixture
def series(shown):
    plot = shown(SeriesPlot(), 300, 100)
    plot.told = []
    plot.indexChosen.connect(plot.told.append)
    plot.set_series(np.array([0.0, 1.0, np.nan]), np.array([0, 2, 4]), "K", "abcde")
    return plot


def test_a_series_says_what_it_holds_and_lies_in_its_box(series):
    assert series.accessibleDescription() == "3 values from 0 to 1 K" and series.text_at(3) == "d"
    first, second = series.pixel_of(0), series.pixel_of(2)
    assert first.x() < second.x() and first.y() > second.y() and series.pixel_of(1) in (first, second)
    assert np.isnan(series.values()[2])


def test_a_click_on_a_series_chooses_the_slice(series, hand):
    for index in (2, 4, 0):
        hand.click(series, series.pixel_of(index))
    assert series.told == [2, 4, 0]
    hand.mouse(series, QEvent.Type.MouseMove, series.pixel_of(2))
    assert series.toolTip() == "c: 1 K"
    hand.mouse(series, QEvent.Type.MouseMove, series.pixel_of(4))
    assert series.toolTip() == "e: no data"


def test_the_slice_on_screen_is_marked_in_the_forward_colour(series, qapp, hand):
    assert DARK.forward not in colours(series)
    series.set_shown(2)
    assert DARK.forward in colours(series)
    hand.mouse(series, QEvent.Type.MouseMove, series.pixel_of(0))
    assert DARK.reverse in colours(series)
    qapp.sendEvent(series, QEvent(QEvent.Type.Leave))
    assert DARK.reverse not in colours(series)


def test_an_empty_series_takes_no_click(shown, hand):
    plot = shown(SeriesPlot(), 300, 100)
    told = []
    plot.indexChosen.connect(told.append)
    hand.click(plot)
    assert told == [] and plot.values().size == 0 and not plot.grab().isNull()


# -- curves of the field


def test_a_histogram_keeps_its_reference_and_its_ranges(shown):
    plot = shown(HistogramPlot())
    plot.set_range(-2.0, 6.0, 0.9)
    assert (plot.x_axis.low, plot.x_axis.high, plot.y_axis.high) == (-2.0, 6.0, 0.9)
    assert plot.legend_items() == []
    plot.set_reference()
    assert plot.legend_items() == [("N(0, 1)", "dim")]
    plot.set_reference(shown=False)
    assert plot.legend_items() == []


def test_a_spectrum_is_drawn_within_the_powers_asked_for(shown):
    plot = shown(SpectrumPlot())
    plot.set_range(1e-3, 1e4)
    assert (plot.y_axis.low, plot.y_axis.high) == (-3.0, 4.0)
    k = np.arange(5)
    plot.set_axis(k)
    assert (plot.x_axis.low, plot.x_axis.high) == pytest.approx((0.0, np.log10(4)))
    low = plot.margins[3]
    plot.resize(400, 100)
    plot.lay_out()
    assert plot.margins[3] < low, "a low plot leaves the label out"
