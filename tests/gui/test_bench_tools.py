"""The tools of the bench in the window: waiting, a window at rest, paints that are counted, gaps that are timed."""

import time

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from diffview.gui.bench import rows, tools
from diffview.gui.bench.tools import LoopGaps, Paints, open_window, take_region, until

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one, of every window


@pytest.fixture
def bench_window():
    """A window as the bench opens it, deleted afterwards."""
    with open_window(1600, 1000) as window:
        yield window
    window.deleteLater()


def test_waiting_turns_the_loop_until_it_is_so(qapp):
    seen = []
    QTimer.singleShot(0, lambda: seen.append(1))
    until(lambda: bool(seen), 0.0)
    assert seen == [1]


def test_waiting_for_ever_is_an_error(qapp, monkeypatch):
    monkeypatch.setattr(tools, "LIMIT_S", 0.0)
    with pytest.raises(TimeoutError, match="it did not happen in 0 s"):
        until(lambda: False, 0.0)


def test_a_window_of_the_bench_is_at_rest_and_does_nothing_by_itself(bench_window):
    window = bench_window
    assert (window.width(), window.height()) == (1600, 1000) and window.is_idle()
    assert window.session.view.pace == 0.0 and not window.session.view.auto_run
    run = window.live.run
    window.session.edit(seed=7)
    QApplication.processEvents()
    assert window.live.run is run, "an edit starts no run"


@pytest.mark.parametrize(
    ("side", "mode", "name"), [(128, "chain", "toa_brightness_temperature"), (32, "closed", "synthetic field")]
)
def test_a_region_of_the_bench_is_run(bench_window, side, mode, name):
    take_region(bench_window, side, mode)
    plan = bench_window.session.plan
    assert (plan.region.ny, plan.region.nx) == (side, side)
    assert bench_window.session.facts.field.name == name and bench_window.session.recipe.start.path_mode == mode
    assert bench_window.live.run.plan is plan and bench_window.is_idle()


def test_a_paint_is_timed_from_the_act_to_the_last_pane(bench_window):
    take_region(bench_window, 32, "closed")
    paints, slider = Paints(bench_window), bench_window.timeline.slider
    assert paints.after(lambda: slider.setValue(slider.value() // 2 + 7)) > 0
    with pytest.raises(RuntimeError, match="nothing was painted"):
        paints.after(lambda: None)


def test_a_pane_that_is_not_seen_cannot_be_timed(bench_window):
    bench_window.timeline.hide()
    with pytest.raises(RuntimeError, match="not every linked pane is visible"):
        Paints(bench_window)


def test_gaps_of_the_loop_hold_what_blocks_it(qapp):
    watch = LoopGaps()
    QTimer.singleShot(5, lambda: time.sleep(0.05))
    done = []
    QTimer.singleShot(100, lambda: done.append(1))
    gaps = watch.over(done=lambda: bool(done))
    assert max(gaps) >= 50 and len(gaps) >= 2
    assert sum(gaps) >= 60 and watch.over(0.03) != gaps


def test_the_command_line_of_a_measure_writes_its_numbers(monkeypatch, capsys):
    monkeypatch.setitem(rows.MEASURES, "scrub", lambda **asked: {"asked": asked})
    monkeypatch.setattr(rows.sys, "argv", ["rows", "scrub", '{"side": 3}'])
    rows.main()
    assert capsys.readouterr().out == '{"asked": {"side": 3}}\n'


def test_every_measure_is_called_as_it_is_named():
    assert all(measure.__name__ == name for name, measure in rows.MEASURES.items()) and len(rows.MEASURES) == 16
