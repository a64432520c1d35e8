"""Lines, lanes, densities, series and marks as plots draw them, without a widget."""

import numpy as np
import pytest

from diffview.gui.show import lines
from diffview.gui.show.boxes import Box
from diffview.gui.show.density_cells import DensityCells
from diffview.gui.show.lanes import Lane, RaceMark, guides, ranges
from diffview.gui.show.lines import AxisMark, Line, QuantileBar
from diffview.gui.show.schedule_marks import bars, beside, crosses, crowded, distance
from diffview.gui.show.series import PlottedSeries

FALLING = np.linspace(0, 100, 11), np.linspace(0, 200, 11)
"""A curve in pixels, whose y grows downwards."""


def test_bins_are_drawn_as_steps_down_to_the_ground() -> None:
    x, y = Line("h", "text", np.array([0.0, 1.0, 2.0]), np.array([5.0, 7.0]), steps=True).corners()
    assert x.tolist() == [0, 0, 1, 1, 2, 2]
    np.testing.assert_array_equal(y, [np.nan, 5, 5, 7, 7, np.nan])


def test_what_cannot_be_shown_is_left_out_of_the_range() -> None:
    assert lines.span_of([np.array([0.0, 10.0, np.nan]), np.array([1000.0])], log=True) == (1.0, 3.0)
    assert lines.span_of([np.array([2.0])], log=False) == (1.5, 2.5) and lines.span_of([], log=True) == (0.0, 1.0)
    assert lines.decades(np.array([0.3, 20.0, 0.0])) == (-1.0, 2.0) and lines.decades(np.array([1.0])) == (0.0, 1.0)
    assert lines.finite(np.array([-np.inf, np.nan, 0.5, 9.0]), 0.0, 1.0).tolist() == [-1.0, -1.0, 0.5, 2.0]
    np.testing.assert_array_equal(lines.log10(np.array([0.0, 100.0])), [-np.inf, 2.0])


def test_a_smooth_curve_is_a_geometric_mean() -> None:
    np.testing.assert_allclose(lines.smooth(np.array([1.0, 100.0, 1.0])), [10.0, 100 ** (1 / 3), 10.0])
    np.testing.assert_allclose(lines.smooth(np.full(200, 3.0)), 3.0)


def test_a_card_gives_the_lines_marks_and_bars_that_it_has() -> None:
    curve = {"k": [1, 2], "samples": [3, None], "one": [1, 1], "two": [2, 2], "below": {"samples": 0.5}}
    (line,) = lines.lines_of(curve, lines.SAMPLES, "k")
    assert (line.name, line.token, line.below) == ("samples", "reverse", 0.5)
    np.testing.assert_array_equal(line.y, [3.0, np.nan])
    band = lines.band_of(curve)
    assert band is not None and [part.tolist() for part in band] == [[1, 2], [1, 1], [2, 2]]
    assert lines.band_of({"k": [1]}) is None
    rows = [{"what": "quantile 0.9", "held_out": 2.5, "samples": 2.0}, {"what": "quantile 0.5", "samples": 1.0}]
    assert lines.quantile_marks({"rows": rows}) == [AxisMark(2.5, "text", "0.9"), AxisMark(2.0, "reverse")]
    new = {"curves": {"nearest": {"samples": [1, 2, 3], "blocks": [4]}}}
    assert lines.nearest_bars(new) == [
        QuantileBar("samples", "reverse", (1, 2, 3)),
        QuantileBar("two blocks", "dim", (4,)),
    ]
    assert [bar.median for bar in lines.nearest_bars(new)] == [2, 4]
    old = {"rows": [{"what": "nearest neighbour", "samples_train": 7.0, "train_held_out": None, "blocks": 8.0}]}
    assert [bar.quantiles for bar in lines.nearest_bars(old)] == [(7.0,), (8.0,)]
    truth, perfect = lines.rank_lines([0.5, 0.25, 0.25])
    assert truth.x.tolist() == [-0.5, 0.5, 1.5, 2.5] and perfect.y.tolist() == pytest.approx([1 / 3, 1 / 3])


def lane(name: str, order: int, *points: tuple[float, float]) -> Lane:
    return Lane(name, order, 0, tuple(RaceMark(x, y, "") for x, y in points))


def test_a_guide_has_the_slope_of_its_order_through_the_middle_run() -> None:
    heun = lane("heun", 2, (10, 1.0), (100, 1e-2), (1000, 1e-4))
    ((order, start, end),) = guides([lane("ddim", 0, (1, 1)), heun, lane("other", 2, (7, 7), (8, 8))], 1.0, 3.0)
    assert order == 2 and start == pytest.approx((1.0, 0.0)) and end == pytest.approx((3.0, -4.0))
    assert guides([lane("one", 1, (10, 1.0))], 1.0, 3.0) == []


def test_errors_of_0_are_off_the_axis() -> None:
    one = lane("a", 1, (10, 0.0), (100, float("nan")), (1000, 0.1))
    assert [mark.x for mark in one.shown] == [1000]
    x, y = ranges([one])
    assert x == pytest.approx((2.92, 3.12)) and y == pytest.approx((-1.2, -0.75))
    assert ranges([]) == (pytest.approx((0.42, 2.62)), pytest.approx((-3.2, 1.25)))


def test_densities_are_read_in_cells() -> None:
    edges, log_s = np.array([0.0, 0.5, 1.0]), np.log([0.1, 1.0, 10.0])
    cells = DensityCells(edges, log_s, {"training": np.array([0.1, 0.4]), "schedule": np.array([0.2, 0.3])}, "no grid")
    assert [cells.cell_at(v) for v in (-1.0, 0.2, 0.6, 5.0)] == [0, 0, 1, 1]
    assert cells.top == 0.5 and cells.level(1) == "3.2"
    assert cells.readout(1) == "s = 3.2: schedule 0.30, training 0.40 per unit of ln s" and cells.readout(None) == ""
    assert cells.legend(None) == [("schedule", "text"), ("training", "good"), ("no grid", "dim")]
    x, y = cells.curve("training")
    assert x.tolist() == [0.0, 0.25, 0.75, 1.0] and y.tolist() == [0.1, 0.1, 0.4, 0.4]
    empty = DensityCells(np.empty(0), np.empty(0), {})
    assert empty.cell_at(0.5) is None and empty.top == 0.2


def test_a_series_lies_in_its_box_and_says_its_values() -> None:
    box = Box(10, 0, 100, 112)
    series = PlottedSeries(
        np.array([0.0, 1.0, np.nan]), np.array([0, 2, 4]), "K", "abcde", np.array([0, 1, 2, 3, 10.0])
    )
    x, y = series.points(box)
    assert x.tolist() == [10.0, 30.0, 110.0] and y.tolist() == pytest.approx([106.0, 6.0, 112.0])
    assert series.under(35, box) == 1 and series.nearest(3) == 1
    assert [series.said(k) for k in (1, 2)] == ["c: 1 K", "e: no data"]
    assert series.about() == "3 values from 0 to 1 K"
    assert series.ends() == [(pytest.approx(0), "0.0"), (pytest.approx(1), "1.0")]
    assert PlottedSeries(np.empty(0), np.empty(0, int)).under(3, box) is None
    assert PlottedSeries(np.full(2, np.nan), np.arange(2)).limits() == (0.0, 1.0)


def test_names_stand_beside_a_curve_and_not_on_it() -> None:
    places = list(beside(FALLING, 20, 10))
    assert places[0] == Box(33, 47, 20, 10) and places[1] == Box(7, 63, 20, 10) and len(places) == 18
    assert not any(crosses(FALLING, place) for place in places)
    assert crosses(FALLING, Box(40, 70, 20, 40)) and not crosses((np.empty(0), np.empty(0)), Box(0, 0, 9, 9))
    assert distance(FALLING, 50.0, 100.0) == 0.0 and distance(FALLING, 50.0, 104.0) == 4.0
    assert distance((np.empty(0), np.empty(0)), 1.0, 1.0) == np.inf


def test_marks_that_would_overlap_are_ticks_and_ticks_that_touch_are_bars() -> None:
    pixels = np.array([50.0, 0.0, 20.0, 21.0, 22.0, 26.0])
    assert crowded(pixels).tolist() == [False, False, True, True, True, True]
    assert bars(pixels[crowded(pixels)]) == [(20.0, 22.0), (26.0, 26.0)] and bars(np.empty(0)) == []
