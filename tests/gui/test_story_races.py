"""Races and scoreboards in the window: chosen, run, stopped, hovered, sorted, saved."""

import csv
import itertools
from dataclasses import replace

import h5py
import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.gui.show.lanes import Lane, RaceMark
from diffview.gui.widgets.plots.race_plot import RacePlot
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.resolve import resolve
from diffview.scores.race import EVEN_END, EXACT, FINE_RUN, OWN_RUN, RACERS, plan_race
from diffview.scores.scoreboard import ANOTHER

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


SLOWER = QUICK.but(model="data", region=Region(40, 120, 32, 32))
"""A model whose end nobody knows."""


@pytest.fixture
def comparing(window, hand, find, settle):
    """A window in the layout Compare."""
    hand.key(find(window, "timeSlider"), Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert find(window, "racePanel").isVisible() and find(window, "scoreboardPanel").isVisible()
    return window


def tick(window, hand, find, name, *keys):
    """Leave exactly these ticked in a list of check boxes, by mouse; the list stays open meanwhile."""
    menu = find(window, name)
    menu.list.popup(menu.mapToGlobal(QPoint(0, menu.height())))
    for key in menu.entries():
        action = menu.action(key)
        if action.isChecked() != (key in keys):
            QTest.mouseClick(menu.list, Qt.MouseButton.LeftButton, pos=menu.list.actionGeometry(action).center())
            assert menu.list.isVisible()
    QTest.keyClick(menu.list, Qt.Key.Key_Escape)
    assert set(menu.chosen()) == set(keys)


def race(window, hand, find, settle, calls="6, 18", samplers=("heun", "euler")):
    tick(window, hand, find, "raceSamplers", *samplers)
    field = find(window, "raceCalls")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, calls)
    hand.click(find(window, "raceButton"))
    settle(window)
    return window.race.job


def test_a_race_gives_the_errors_of_the_core(comparing, hand, find, settle):
    job = race(comparing, hand, find, settle)
    plan = resolve(QUICK.but(members=RACERS), comparing.session.facts)
    core = plan_race(plan, ("heun", "euler"), (6, 18))
    expected = {(p.sampler, p.steps): p.error for _, p in core.run() if p is not None}
    assert {(p.sampler, p.steps): p.error for p in job.points} == pytest.approx(expected, rel=1e-9)
    assert {p.truth for p in job.points} == {EXACT}
    plot = find(comparing, "racePlot")
    assert {lane.name for lane in plot.lanes} == {"Heun", "Euler"} and "K" in plot.y_axis.label
    heights = {lane.name: [mark.y for mark in lane.marks] for lane in plot.lanes}
    std = plan.transform.std
    assert heights["Heun"] == pytest.approx([std * expected["heun", n] for n in (3, 9)])
    assert "closed form" in find(comparing, "raceSays").text()


def test_hovering_a_run_tells_its_numbers(comparing, hand, find, settle):
    race(comparing, hand, find, settle)
    plot = find(comparing, "racePlot")
    lane = next(lane for lane in plot.lanes if lane.name == "Heun")
    found = plot.nearest(plot.position(lane.marks[1]) + QPointF(3, -2))
    assert found == (lane, lane.marks[1]) and "9 steps, 17 calls" in found[1].tip and " K" in found[1].tip
    assert plot.nearest(plot.plot_rect.topLeft() - QPointF(40, 0)) is None


def test_guide_lines_have_the_slopes_of_the_orders(comparing, hand, find, settle):
    find(comparing, "raceLevels").set_key("even")
    job = race(comparing, hand, find, settle, "20, 40, 80")
    assert job.end == EVEN_END
    guides = {order: (b[1] - a[1]) / (b[0] - a[0]) for order, a, b in find(comparing, "racePlot").guides()}
    assert guides == pytest.approx({1: -1.0, 2: -2.0})
    by = {key: [p.error for p in job.points if p.sampler == key] for key in ("euler", "heun")}
    assert by["euler"][1] / by["euler"][2] == pytest.approx(2, abs=0.3)
    assert by["heun"][1] / by["heun"][2] == pytest.approx(4, abs=1.2)


def test_another_model_races_against_a_fine_run_and_noise_along_a_path(open_window, hand, find, settle):
    window = open_window(SLOWER)
    hand.key(find(window, "timeSlider"), Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    job = race(window, hand, find, settle, "6", ("ddim",))
    assert {p.truth for p in job.points} == {EXACT} and job.plan.recipe.denoiser.model == "gaussian"
    hand.click(find(window, "raceModel").button("loaded"))
    job = race(window, hand, find, settle, "6", ("ddim", "ddpm"))
    assert {p.sampler: p.truth for p in job.points} == {"ddim": FINE_RUN, "ddpm": OWN_RUN}
    assert window.race_dock.widget().teach.isVisible(), "the explanation stays with the result"


def test_a_stopped_race_keeps_what_has_ended(open_window, hand, find, settle, wait):
    window = open_window(SLOWER)
    hand.key(find(window, "timeSlider"), Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    tick(window, hand, find, "raceSamplers", "heun")
    find(window, "raceModel").set_key("loaded")
    find(window, "raceCalls").setText("6, 18, 34")
    hand.click(find(window, "raceButton"))
    wait(lambda: bool(window.race.job.points))
    assert find(window, "raceButton").text() == "Stop"
    hand.click(find(window, "raceButton"))
    settle(window)
    assert window.race.job.state in ("stopped", "finished") and find(window, "racePlot").lanes
    assert find(window, "raceButton").text() == "Race"


def test_what_cannot_race_is_disabled_with_a_reason(comparing, find):
    samplers = find(comparing, "raceSamplers")
    for key in ("consistency", "repaint"):
        if key in SAMPLERS:
            assert not samplers.action(key).isEnabled() and len(samplers.action(key).toolTip()) > 20


def test_a_list_of_calls_that_is_none_is_a_sentence(comparing, hand, find, settle):
    race(comparing, hand, find, settle, "six")
    assert comparing.race.job is None and "no list of numbers of calls" in comparing.heard[-1].sentence


def score(window, hand, find, settle):
    tick(window, hand, find, "boardGrids", "karras")
    tick(window, hand, find, "boardSamplers", "ddim", "heun")
    hand.type_number(find(window, "boardSamples"), "8")
    hand.click(find(window, "boardButton"))
    settle(window)
    return window.board.job


def texts(table, column):
    return [table.item(row, column).text() for row in range(table.rowCount())]


def test_a_scoreboard_is_sorted_and_saved(comparing, hand, find, settle, tmp_path, monkeypatch):
    job = score(comparing, hand, find, settle)
    assert [row.what for row in job.rows] == [ANOTHER] + ["run"] * 4 and not any(row.why for row in job.rows)
    table = find(comparing, "scoreTable")
    titles = [table.horizontalHeaderItem(i).text() for i in range(table.columnCount())]
    column = titles.index("spectrum\ndB")
    header = table.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(column) + 8, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    first = [float(text) for text in texts(table, column)]
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
    second = [float(text) for text in texts(table, column)]
    assert first == second[::-1] and sorted(first) in (first, second)
    calls = titles.index("calls\n")
    table.sortByColumn(calls, Qt.SortOrder.DescendingOrder)
    assert texts(table, calls)[-1] == "—" and texts(table, 0)[-1] == ANOTHER
    table.sortByColumn(calls, Qt.SortOrder.AscendingOrder)
    assert texts(table, calls)[-1] == "—"
    out = tmp_path / "board.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    hand.click(find(comparing, "boardCsvButton"))
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert [float(row["spectrum (dB)"]) for row in rows] == [row.spectrum for row in job.rows]


def test_a_stopped_scoreboard_keeps_its_rows(comparing, hand, find, settle, wait):
    csv_button = find(comparing, "boardCsvButton")
    assert not csv_button.isEnabled() and "no rows" in csv_button.toolTip()
    tick(comparing, hand, find, "boardGrids", "karras", "uniform", "log_snr")
    hand.type_number(find(comparing, "boardSamples"), "256")
    hand.click(find(comparing, "boardButton"))
    wait(lambda: bool(comparing.board.job.rows))
    hand.click(find(comparing, "boardButton"))
    settle(comparing)
    assert comparing.board.job.state == "stopped" and csv_button.isEnabled()
    assert find(comparing, "scoreTable").rowCount() == len(comparing.board.job.rows) < 13


# -- what is seen of them


@pytest.mark.parametrize("size", [(1280, 720), (1600, 1000)])
def test_an_empty_scoreboard_says_what_will_be_there_and_how_to_begin(open_window, appear, size):
    window = open_window(size=size)
    window.actions_["compareLayoutAction"].trigger()
    table = appear(window, "scoreTable")
    assert table.rowCount() == 0 and not table.horizontalHeader().isVisible()
    assert "press Score" in table.accessibleDescription()
    blank = table.viewport().grab().toImage()
    table.show_empty("")
    assert table.viewport().grab().toImage() != blank, "the words are drawn"


def test_a_narrow_scoreboard_shows_what_matters_and_has_no_scroll_bar(open_window, hand, find, settle, appear, wait):
    window = open_window(size=(1280, 720))
    window.actions_["compareLayoutAction"].trigger()
    hand.click(appear(window, "boardButton"))
    settle(window)
    table = find(window, "scoreTable")
    assert not table.horizontalScrollBar().isVisible() and not table.accessibleDescription()

    def shown():
        return [
            table.horizontalHeaderItem(i).text().split("\n")[0]
            for i in range(table.columnCount())
            if not table.isColumnHidden(i)
        ]

    assert shown()[:3] == ["run", "spectrum", "calls"] and "time" not in shown()
    widths = sum(table.columnWidth(i) for i in range(table.columnCount()))
    assert widths <= table.viewport().width()
    names = texts(table, 0)
    assert len(set(names)) == len(names) == 9, "no two rows have one name"
    assert {"uniform · ddim · 9", "karras · heun · 18", ANOTHER} < set(names)
    assert "All runs: linear." in find(window, "boardSays").text()
    row = names.index("karras · heun · 18")
    assert all(word in table.item(row, 0).toolTip() for word in ("linear", "q 0.999", "dB", "18 steps"))
    table.setFixedWidth(900)
    wait(lambda: shown()[-1] == "time")  # a wide one has all


def test_samplers_that_race_have_colours_of_their_own_and_the_plot_needs_no_scrolling(
    open_window, hand, find, settle, rest
):
    window = open_window(size=(1280, 720))
    window.actions_["compareLayoutAction"].trigger()
    window.race_dock.raise_()
    race(window, hand, find, settle, samplers=("ddim", "heun", "dpmpp_2m", "unipc"))
    plot = find(window, "racePlot")
    assert [lane.style for lane in plot.lanes] == [0, 1, 2, 3]
    rest(window)
    assert find(window, "racePanel").verticalScrollBar().maximum() == 0
    assert plot.height() >= 240


def test_where_land_leaves_no_large_crop_smaller_fields_race(open_window, hand, find, settle, tmp_path, appear):
    values = np.random.default_rng(0).standard_normal((128, 128)).cumsum(0).astype(np.float32)
    values[::40], values[:, ::40] = np.nan, np.nan  # no complete crop of 64, some of 32
    with h5py.File(tmp_path / "sea.h5", "w") as file:
        file["sst"] = values
    window = open_window(QUICK, path=str(tmp_path / "sea.h5"))
    settle(window)
    window.session.edit(region=Region(10, 10, 100, 100))
    window.actions_["compareLayoutAction"].trigger()
    appear(window, "raceModel").set_key("exact")
    job = race(window, hand, find, settle, samplers=("heun",))
    assert job.state == "finished" and job.plan.shape == (RACERS, 1, 32, 32) and len(job.points) == 2
    assert "32 × 32 pixels" in find(window, "raceSays").text()


def test_what_helps_is_said_where_nothing_can_be_fitted(window):
    facts = window.session.facts
    holes = np.where(np.indices(facts.field.values.shape).sum(0) % 12 == 0, np.nan, facts.field.values)
    with pytest.raises(UserError) as told:
        raise resolve(QUICK, Facts(replace(facts.field, values=holes.astype(np.float32)))).refusal
    assert "let some pixels of a crop be missing" in told.value.hint


def test_names_of_guide_lines_do_not_lie_over_each_other(qtbot):
    plot = RacePlot()
    qtbot.addWidget(plot)
    plot.resize(270, 380)
    x = (6, 10, 18, 34, 66, 130)
    lanes = [
        Lane(f"order {order}", order, order, tuple(RaceMark(n, 5.0 * (6 / n) ** order + 0.01, "") for n in x))
        for order in (1, 2, 3)
    ]
    plot.show_lanes(lanes, "rms error, K", "")
    labels = plot.guide_labels()
    assert [text for text, _ in labels] == ["order 1", "order 2", "order 3"]
    assert not any(a.intersects(b) for (_, a), (_, b) in itertools.combinations(labels, 2))


@pytest.mark.parametrize("size", [(270, 380), (340, 240), (700, 500)])
def test_the_legend_lies_over_no_name_of_a_guide_line(qtbot, size):
    """Beside samplers of high order the line of order 1 is nearly flat, and ends where the legend is."""
    plot = RacePlot()
    qtbot.addWidget(plot)
    plot.resize(*size)
    x = (6, 10, 18, 34, 66, 130)
    orders = {"Euler": 1, "DDIM": 1, "DPM-Solver++ 2M SDE": 1, "Heun": 2, "DPM-Solver++ 2M": 2, "UniPC": 3, "RK4": 4}
    lanes = [
        Lane(name, order, i, tuple(RaceMark(n, 5.0 * (6 / n) ** order + 1e-5, "") for n in x))
        for i, (name, order) in enumerate(orders.items())
    ]
    plot.show_lanes(lanes, "rms error, K", "")
    legend, names = plot.legend_labels(), plot.guide_labels()
    assert [lane.name for lane, _ in legend] == list(orders) and [name for name, _ in names] == [
        f"order {order}" for order in (1, 2, 3, 4)
    ]
    rects = [rect for _, rect in (*legend, *names)]
    assert not any(a.intersects(b) for a, b in itertools.combinations(rects, 2))
    assert all(plot.plot_rect.contains(rect) for rect in rects)
    for (order, start, end), (_, rect) in zip(plot.guides(), names, strict=True):
        a, b = plot.to_pixel(*start), plot.to_pixel(*end)
        slope = (b.y() - a.y()) / (b.x() - a.x())
        below = rect.top() - 2 - (a.y() + (rect.right() - a.x()) * slope)
        above = rect.bottom() + 2 - (a.y() + (rect.left() - 4 - a.x()) * slope)
        assert min(abs(below), abs(above)) <= 1, f"order {order} beside its line"


def test_the_name_of_a_guide_line_is_crossed_by_no_line_where_there_is_room(qtbot):
    """As in the lecture: DDIM, Heun and two multistep samplers, whose lines leave no room below that of order 2."""
    plot = RacePlot()
    qtbot.addWidget(plot)
    plot.resize(800, 400)
    errors = {
        ("DDIM", 1): (6, 3.5, 2, 1.05, 0.55, 0.28), ("Heun", 2): (70, 13, 3, 0.65, 0.15, 0.035),
        ("2M", 2): (2.9, 1.7, 0.55, 0.14, 0.033, 0.007), ("UniPC", 3): (3.5, 1.6, 0.45, 0.06, 0.0055, 0.0038),
    }  # fmt: skip
    lanes = [
        Lane(name, order, i, tuple(map(RaceMark, (6, 10, 18, 34, 66, 130), found, [""] * 6)))
        for i, ((name, order), found) in enumerate(errors.items())
    ]
    plot.show_lanes(lanes, "rms error, K", "")
    ends = {f"order {order}": (plot.to_pixel(*a), plot.to_pixel(*b)) for order, a, b in plot.guides()}
    lines = [[plot.position(mark) for mark in lane.marks] for lane in lanes]
    for name, rect in plot.guide_labels():
        others = [*lines, *(list(guide) for other, guide in ends.items() if other != name)]
        for line in others:
            for a, b in itertools.pairwise(line):
                along = [a + (b - a) * (i / 200) for i in range(201)]
                assert not any(rect.contains(point) for point in along), name
