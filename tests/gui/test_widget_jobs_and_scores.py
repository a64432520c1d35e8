"""Rows of jobs, tables of scores, findings: what they show and what a click on them asks for."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from diffview.forward.lint import Finding, Remedy
from diffview.gui.show.board_words import Cell
from diffview.gui.show.lines import Line
from diffview.gui.widgets.forms.grid_scores import GridScores
from diffview.gui.widgets.small.fill_view import FillView
from diffview.gui.widgets.small.findings_view import FindingsView
from diffview.gui.widgets.small.job_row import JobRow
from diffview.gui.widgets.small.loss_view import LossView
from diffview.gui.widgets.small.score_table import ScoreTable

pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints")  # the offscreen plugin, of every window
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def shown(qtbot):
    """shown(widget, "started", "stopped"): the widget, visible, with what its signals told in `told`."""

    def show(widget, *signals):
        qtbot.addWidget(widget)
        widget.told = []
        for name in signals:
            getattr(widget, name).connect(lambda *what, name=name: widget.told.append((name, *what)))
        widget.resize(420, 500)
        widget.show()
        return widget

    return show


def said(widget):
    """The visible labels of a widget, row by row."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()  # what is new in a visible table is shown with the next layout
    return [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]


# -- jobs


def test_a_row_of_a_job_starts_and_stops_it(shown):
    row = shown(JobRow("go", "Share done"), "started", "stopped")
    row.show_progress(None, "Search", "", "It takes a while")
    assert (row.button.text(), row.button.toolTip(), row.bar.isVisible()) == ("Search", "It takes a while", False)
    QTest.mouseClick(row.button, LEFT)
    row.show_progress(0.374, "Search", "", "Stop it")
    assert (row.button.text(), row.bar.value(), row.bar.isVisible()) == ("Stop", 37, True)
    QTest.mouseClick(row.button, LEFT)
    assert row.told == [("started",), ("stopped",)] and row.bar.accessibleName() == "Share done"


def test_a_job_that_may_not_start_says_why_but_can_always_be_stopped(shown):
    row = shown(JobRow("go", "Share done"), "started", "stopped")
    row.show_progress(None, "Search", "A race runs.", "It takes a while")
    assert not row.button.isEnabled() and row.button.toolTip() == "A race runs."
    row.show_progress(0.0, "Search", "A race runs.", "")
    assert row.button.isEnabled() and row.button.accessibleName() == "Stop"


def test_levels_that_were_found_can_be_taken_or_dropped(shown):
    view = shown(GridScores(), "started", "stopped", "accepted", "dismissed")
    assert not view.take.isVisible() and view.job.button.text() == "Search levels"
    view.show_progress(None, "", 18)
    assert view.job.button.text() == "Search for the best 18 levels"
    view.show_rows([("found", "0.10"), ("karras", "0.20")])
    assert said(view) == ["found", "0.10", "karras", "0.20"]
    for button in (view.job.button, view.take, view.drop):
        QTest.mouseClick(button, LEFT)
    assert view.told == [("started",), ("accepted",), ("dismissed",)]
    view.show_rows([])
    assert said(view) == [] and not view.drop.isVisible()


def test_levels_that_are_no_better_are_not_offered(shown):
    view = shown(GridScores())
    view.show_rows([("karras", "0.10"), ("found", "0.20")], better=False)
    assert not view.take.isEnabled() and view.take.toolTip() == "Another grid is better on seeds not searched on"
    assert view.drop.isEnabled()


def test_a_loss_is_shown_with_its_curve_and_its_bound(shown):
    view = shown(LossView(), "started", "stopped")
    assert said(view) == ["Loss on the open region"] and not view.plot.isVisible()
    levels = np.array([0.1, 1.0, 10.0])
    lines = [Line("this region", "reverse", levels, np.array([0.5, 0.2, 1e-9]))]
    view.show_found(lines, "64 × 64 pixels.", [("bound", "≤ 1.20"), ("the steps", "0.70")], "It counts alike.")
    assert set(said(view)) >= {"64 × 64 pixels.", "bound", "≤ 1.20", "the steps", "0.70", "It counts alike."}
    assert view.plot.isVisible() and view.plot.lines == tuple(lines)
    assert view.plot.y_axis.low == pytest.approx(-6 - 0.06 * (np.log10(0.5) + 6)), "a millionth is the least shown"
    view.show_progress(0.5, "")
    QTest.mouseClick(view.job.button, LEFT)
    assert view.told == [("stopped",)] and view.job.button.toolTip() == "Stop; nothing is kept of it"


# -- filled gaps


ROWS = [("in the gap, K", "Against what was hidden", "model", "kriging"), ("RMSE", "Of the mean", "1.50", "0.12")]


def test_scores_of_a_filling_stand_in_a_table(shown):
    view = shown(FillView([("repaint", "RePaint", "It keeps"), ("guidance", "guidance", "It pulls")]), "chosen")
    assert view.rows() == () and said(view) == ["", ""]
    view.show_scores(ROWS)
    assert view.rows() == tuple(ROWS)
    assert [text for text in said(view) if text] == ["in the gap, K", "model", "kriging", "RMSE", "1.50", "0.12"]
    table = view.findChild(object, "fillingScores")
    assert table.accessibleName() == "RMSE: model 1.50, kriging 0.12"
    view.show_scores([])
    assert not table.isVisible()
    QTest.mouseClick(view.way.button("guidance"), LEFT)
    assert view.told == [("chosen", "guidance")]


# -- findings


AMISS = Finding("end", False, "Too much is left.", "The start leaves it out.", (Remedy("Go on", {"steps": 9}),))
FINE = Finding("levels", True, "All levels are used.", "Idle steps cost time.")


def test_findings_that_are_amiss_are_shown_and_the_others_on_request(shown):
    view = shown(FindingsView(), "remedied")
    view.show_findings([FINE, AMISS])
    assert said(view) == ["Too much is left."] and view.more.text() == "1 check fine"
    QTest.mouseClick(view.more, LEFT)
    assert said(view) == ["Too much is left.", "All levels are used."]
    tips = {label.text(): label.toolTip() for label in view.findChildren(QLabel)}
    assert tips == {AMISS.sentence: AMISS.reason, FINE.sentence: FINE.reason}
    view.show_findings([FINE, Finding("other", True, "Fine too.", "")])
    assert view.more.text() == "2 checks fine" and said(view) == ["All levels are used.", "Fine too."]
    view.show_findings([])
    assert said(view) == [] and not view.more.isVisible()


def test_a_remedy_is_one_click(shown):
    view = shown(FindingsView(), "remedied")
    view.show_findings([AMISS])
    (button,) = view.findChildren(QPushButton)
    assert (button.text(), button.objectName()) == ("Go on", "remedy_end")
    view.show_findings([AMISS])
    QTest.mouseClick(button, LEFT)
    assert view.told == [("remedied", {"steps": 9})], "the same findings keep their buttons"


def test_findings_of_which_only_the_numbers_differ_keep_their_rows(shown):
    view = shown(FindingsView(), "remedied")
    view.show_findings([AMISS, FINE])
    (label,), (button,) = view.findChildren(QLabel), view.findChildren(QPushButton)
    more = replace(AMISS, sentence="More is left.", reason="The start leaves more out.")
    view.show_findings([replace(FINE, sentence="Nine levels are used."), more])
    assert said(view) == ["More is left."] and label.toolTip() == more.reason
    assert view.findChildren(QLabel) == [label] and view.findChildren(QPushButton) == [button]
    QTest.mouseClick(view.more, LEFT)
    assert said(view) == ["More is left.", "Nine levels are used."]
    view.show_findings([replace(more, remedies=(Remedy("Stay", {"steps": 3}),)), FINE])
    assert said(view) == ["More is left.", "All levels are used."]
    QTest.mouseClick(view.findChild(QPushButton, "remedy_end"), LEFT)
    QTest.mouseClick(view.more, LEFT)
    assert view.told == [("remedied", {"steps": 3})] and said(view) == ["More is left."]


# -- the table of scores


HEADINGS = [("run\n", "What differs"), ("spectrum\ndB", "Distance"), ("calls\n", "Of the model")]


def cells(name, *ranks):
    return [Cell(name, name, f"all of {name}"), *(Cell("—" if r is None else f"{r:g}", r) for r in ranks)]


@pytest.fixture
def table(shown):
    made = shown(ScoreTable())
    rows = [(cells("other", 0.5, None), True), (cells("heun", 2.0, 17.0), False), (cells("ddim", 1.0, 9.0), False)]
    made.show_rows(HEADINGS, rows)
    return made


def column(table, number):
    return [table.item(row, number).text() for row in range(table.rowCount())]


def test_rows_are_sorted_by_what_they_are_worth_and_blanks_come_last(table):
    orders = ["ddim", "heun", "other"], ["other", "ddim", "heun"], ["ddim", "heun", "other"]
    for number, rising in enumerate(orders):
        table.sortByColumn(number, Qt.SortOrder.AscendingOrder)
        assert column(table, 0) == rising
    table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert column(table, 0) == ["heun", "ddim", "other"], "no number is never the best"


def test_the_order_stays_while_rows_come(table):
    table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    rows = [(cells("a", 9.0, 1.0), False), (cells("b", 0.1, 1.0), False), (cells("c", 4.0, 1.0), False)]
    table.show_rows(HEADINGS, rows)
    assert column(table, 0) == ["b", "c", "a"]


def test_cells_and_headings_say_what_they_are(table):
    assert [table.horizontalHeaderItem(i).toolTip() for i in range(3)] == ["What differs", "Distance", "Of the model"]
    table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
    assert [table.item(0, i).toolTip() for i in range(3)] == ["all of ddim", "1", "9"]
    assert table.item(2, 0).font().weight() == 600 and table.item(0, 0).font().weight() == 400


def test_a_narrow_table_leaves_out_its_last_columns(table):
    assert [table.isColumnHidden(i) for i in range(3)] == [False, False, False]
    table.resize(table.columnWidth(0) + table.columnWidth(1) + 10, 300)
    assert [table.isColumnHidden(i) for i in range(3)] == [False, False, True]
    table.resize(20, 300)
    assert [table.isColumnHidden(i) for i in range(3)] == [False, True, True], "the first is always there"


def test_without_rows_a_text_is_shown(table):
    table.show_rows(HEADINGS, [])
    table.show_empty("Press Score.")
    assert table.rowCount() == 0 and table.accessibleDescription() == "Press Score."
    assert not table.horizontalHeader().isVisible() and not table.grab().isNull()
