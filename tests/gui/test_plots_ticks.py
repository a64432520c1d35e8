"""Ticks: right places, right words, never overlapping."""

import math
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QRectF

from diffview.gui.show.schedule_marks import QUANTITIES
from diffview.gui.show.ticks import AxisRoom, linear_ticks, log_ticks
from diffview.gui.widgets.plots.histogram_plot import HistogramPlot
from diffview.gui.widgets.plots.scale_time_view import ScaleTimeView
from diffview.gui.widgets.plots.schedule_plot import SchedulePlot
from diffview.gui.widgets.plots.spectrum_plot import SpectrumPlot

WIDTHS = (200, 230, 275, 340, 400, 520, 700, 990, 1300, 1600)


def room(low: float, high: float, pixels: float, spacing: float = 30.0) -> AxisRoom:
    return AxisRoom(
        lambda v: (v - low) / (high - low) * pixels, lambda s: 7.0 * len(s), (-20, pixels + 20), 8.0, spacing
    )


def texts(ticks) -> list[str]:
    return [t.text for t in ticks if t.text]


def test_linear_ticks_of_the_chain():
    assert texts(linear_ticks(0, 1000, room(0, 1000, 1240, 72))) == [str(i) for i in range(0, 1001, 100)]
    assert texts(linear_ticks(0, 5, room(0, 5, 2000), integers=True)) == ["0", "1", "2", "3", "4", "5"]
    assert texts(linear_ticks(-4, 4, room(-4, 4, 200))) == ["\u22124", "\u22122", "0", "2", "4"]


def test_log_ticks_label_one_two_five_where_there_is_room():
    assert texts(log_ticks(0, 2, room(0, 2, 400))) == ["1", "2", "5", "10", "20", "50", "100"]
    assert texts(log_ticks(0, 3, room(0, 3, 150))) == ["1", "10", "100", "1000"]
    minor = [t for t in log_ticks(0, 2, room(0, 2, 400)) if not t.text]
    assert {round(10**t.value) for t in minor} == {3, 4, 6, 7, 8, 9, 30, 40, 60, 70, 80, 90}


def test_a_log_axis_of_less_than_a_decade_still_has_labels():
    ticks = [t for t in log_ticks(math.log10(30), math.log10(80), room(1.47, 1.91, 300)) if t.text]
    assert len(ticks) >= 3
    for tick in ticks:
        assert 10**tick.value == pytest.approx(float(tick.text))


@pytest.mark.parametrize("low,high", [(0, 1), (0, 1000), (-4, 4), (-12, 12), (-0.3, 0.7), (1e-7, 3e-7), (0, 123456)])
@pytest.mark.parametrize("pixels", [5, 40, 160, 400, 1500])
def test_labels_keep_apart_on_any_range(low, high, pixels):
    for make in (linear_ticks, log_ticks) if high <= 1000 else (linear_ticks,):
        r = room(low, high, pixels)
        ticks = [t for t in make(low, high, r) if t.text]
        spans = sorted(r.span(t) for t in ticks)
        assert all(b[0] >= a[1] + r.gap - 1e-9 for a, b in pairwise(spans))
        assert all(low - 1e-6 * (high - low) <= t.value <= high + 1e-6 * (high - low) for t in ticks)


def plots(qtbot):
    k = np.arange(64)
    km = np.where(k > 0, 1024.0 / np.maximum(k, 1), np.inf)
    schedule, ln_s, spectrum, waves, scales, histogram = (
        SchedulePlot(), SchedulePlot(), SpectrumPlot(), SpectrumPlot(), ScaleTimeView(), HistogramPlot(),
    )  # fmt: skip
    ln_s.set_x_axis("ln_s", -5.0, 6.0)
    spectrum.set_axis(k)
    waves.set_axis(k, km)
    scales.set_map(np.zeros((64, 50)), k, wavelength_km=km)
    made = [schedule, ln_s, spectrum, waves, scales, histogram]
    for plot in made:
        qtbot.addWidget(plot)
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_no_label_of_any_plot_overlaps_or_leaves_the_widget(qtbot, width):
    for plot in plots(qtbot):
        plot.resize(width, 170)
        plot.lay_out()
        bounds = QRectF(plot.rect())
        for axis in (plot.x_axis, plot.y_axis):
            rects = [r for _, r in axis.label_rects(plot.plot_rect, bounds)]
            assert len(rects) >= 2 or not axis.labels
            assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])
            assert all(bounds.contains(r) for r in rects)


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("height", [90, 130, 170, 400])
def test_no_label_of_any_quantity_overlaps(qtbot, quantity, height):
    plot = SchedulePlot()
    qtbot.addWidget(plot)
    plot.resize(900, height)
    plot.set_quantity(quantity)
    plot.lay_out()  # as a shown plot does when it is resized
    rects = [r for _, r in plot.y_axis.label_rects(plot.plot_rect, QRectF(plot.rect()))]
    assert len(rects) >= 2
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[:i])


def test_wavelengths_run_long_to_short(qtbot):
    waves = plots(qtbot)[3]
    waves.resize(400, 170)
    waves.lay_out()
    placed = sorted((pixel, 10**tick.value) for tick, pixel in waves.x_axis.ticks if tick.text)
    assert [v for _, v in placed] == sorted((v for _, v in placed), reverse=True)
    for pixel, km in placed:
        assert pixel == pytest.approx(waves.to_pixel(math.log10(1024.0 / km), 0).x())
