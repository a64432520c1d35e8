"""The bench: its table, its rows, its failures; the quickest measurements only, and no times."""

import inspect
import json
import re
import sys

import numpy as np
import pytest

from diffview import bench, cli
from diffview.bench import core, file_rows, load_rows, rows
from diffview.bench.row import Row, gap_rows, median, p95, ratio
from diffview.bench.rows import ROWS
from diffview.forward.schedules import Linear

QUICKEST = "edit"


def test_a_row_says_ok_missed_failed_or_nothing():
    assert Row("a", "clock", 1.0, "ms", 1.0).verdict == "ok"
    assert Row("a", "clock", 1.1, "ms", 1.0).verdict == "missed"
    assert Row("a", "clock", 1.1, "ms").verdict == ""
    assert Row("a", "clock", error="why").verdict == "failed"


def test_the_quickest_row_is_measured():
    (row,) = bench.measure(QUICKEST, quick=True)
    assert row.value > 0 and row.unit == "ms" and row.budget > 0 and row.count == 20 and row.clock and not row.error


def test_a_measurement_that_fails_is_a_row_that_says_why(monkeypatch):
    def broken(quick):
        raise RuntimeError("no screen")

    monkeypatch.setitem(ROWS, "start", broken)
    (row,) = bench.measure("start", quick=True)
    assert row.verdict == "failed" and row.error == "RuntimeError: no screen" and row.what == "start"


def test_the_table_has_a_line_a_row_and_says_what_failed(monkeypatch):
    monkeypatch.setitem(
        ROWS, "start", lambda quick: [Row("start", "from a to b", 1.25, "x bare", 1.5, 3, "some detail")]
    )
    monkeypatch.setitem(ROWS, "stop", lambda quick: [Row("stop", "", error="it did not")])
    shares: list[float] = []
    text = bench.main(quick=True, only=["start", "stop"], progress=shares.append)
    head, empty, titles, start, stop = text.splitlines()
    assert shares == [0, 0.5]
    assert (
        head.startswith("diffview ")
        and not empty
        and titles.split() == ["what", "value", "budget", "n", "detail", "clock"]
    )
    assert start.split("  ")[0] == "start" and "1.25 x bare  <= 1.5  ok" in start and start.endswith("from a to b")
    assert "failed" in stop and stop.endswith("it did not")


def test_the_command_writes_nothing_but_json(capsys, monkeypatch):
    for name in set(ROWS) - {QUICKEST}:
        monkeypatch.setitem(ROWS, name, lambda quick: [])
    assert cli.main(["bench", "--json", "--quick"]) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["rows"]
    assert told["machine"] and row["verdict"] in ("ok", "missed") and row["value"] > 0


def test_the_command_measures_only_what_it_is_asked_for(capsys, monkeypatch):
    asked: list[tuple[str, bool]] = []
    for name in ROWS:
        monkeypatch.setitem(ROWS, name, lambda quick, name=name: asked.append((name, quick)) or [Row(name, "c", 1.0)])
    assert cli.main(["bench", "--json", "--only", "stop, drag,stop"]) == 0
    assert [row["what"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["stop", "drag"]
    assert cli.main(["bench", "--quick"]) == 0
    assert asked == [("stop", False), ("drag", False), *((name, True) for name in ROWS)]
    monkeypatch.setitem(ROWS, "soak", lambda quick, minutes: [Row("soak", "c", minutes)])
    capsys.readouterr()
    assert cli.main(["bench", "--json", "--only", "soak", "--minutes", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["value"] == 30


def test_a_measurement_that_there_is_not_is_told_with_those_there_are(capsys, monkeypatch):
    monkeypatch.setitem(ROWS, "drag", lambda quick: pytest.fail("measured, though the other name is wrong"))
    assert cli.main(["bench", "--only", "drag,dragg"]) == 2
    told = capsys.readouterr()
    assert not told.out and "There is no measurement called 'dragg'." in told.err
    assert all(name in told.err for name in ROWS)


def test_every_measure_named_by_a_row_is_there():
    from diffview.gui.bench.rows import MEASURES

    named = set(re.findall(r'in_window\(\s*"(\w+)"', "".join(map(inspect.getsource, (rows, file_rows, load_rows)))))
    assert len(named) >= 10
    assert set(MEASURES) == named


def test_a_child_that_ends_badly_is_told_with_its_last_word():
    with pytest.raises(RuntimeError, match=r"status 3: good night"):
        core.child("-c", "import sys; sys.stderr.write('hello\\ngood night\\n'); sys.exit(3)")


def test_a_child_gives_its_numbers_and_begins_before_them():
    found = core.child("-c", "import time, json, sys; sys.stdout.write(json.dumps({'now': time.perf_counter()}))")
    assert found["begun"] < found["now"]


def test_a_child_window_needs_no_display(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert core.child_environment(2)["QT_QPA_PLATFORM"] == "offscreen"
    assert core.child_environment(2)["QT_SCALE_FACTOR"] == "2"
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert "QT_QPA_PLATFORM" not in core.child_environment()


def test_the_bare_calls_are_those_of_the_run():
    ours, bare = core.run_and_bare("gaussian", "ddpm", 1)
    assert len(ours) == len(bare) == 1 and min(*ours, *bare) > 0


def test_schedule_edits_leave_the_default_alone():
    assert len(core.schedule_edits(2)) == 2
    assert core.default_recipe().course.schedule == Linear()


def test_the_synthetic_field_is_standardised_and_complete():
    values = core.synthetic_field().values
    assert values.shape == (600, 600) and values.dtype == "float32"
    assert abs(values.mean()) < 1e-3 and abs(values.std() - 1) < 1e-3


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc")
def test_memory_tells_now_and_at_most():
    now, most = core.memory()
    assert 0 < now <= most


# -- kinds of rows


TIMES = [float(i) for i in range(1, 102)]
"""Milliseconds whose percentiles are whole numbers: share + 1."""


def test_a_row_of_a_percentile_a_median_and_a_ratio():
    row = p95("drag", "press -> paint", TIMES, 16.7)
    assert (row.what, row.value, row.budget, row.count) == ("drag, p95", 96.0, 16.7, 101)
    assert row.detail == "p50 51.0, max 101.0 ms"
    row = median("edit", "edit -> plan", TIMES, None)
    assert (row.what, row.value, row.unit, row.verdict) == ("edit", 51.0, "ms", "")
    assert row.detail == "min 1, median 51, max 101 ms"
    row = ratio("run", "alternately", 1.5, [4.0, 6.0, 5.0], [2.0, 2.0, 7.0], "diffusers")
    assert (row.value, row.unit, row.verdict, row.count) == (2.5, "x diffusers", "missed", 3)
    assert row.detail == "ours 5 ms, diffusers 2 ms"


def test_gaps_may_be_little_more_than_those_of_an_idle_window_and_never_long():
    often, rarely = gap_rows("a run", "1 ms timer", TIMES, 95.0, "; idle")
    assert (often.what, often.value, often.budget, often.verdict) == ("event-loop gap, a run, p99", 100.0, 103.0, "ok")
    assert rarely.value == pytest.approx(100.9) and rarely.budget == 50.0 and rarely.verdict == "missed"
    assert often.detail == "p50 51.00, max 101.0 ms; idle"


def test_two_actions_take_turns_and_their_first_round_does_not_count(monkeypatch):
    clock, done = iter(range(100)), []
    monkeypatch.setattr(core.time, "perf_counter", lambda: next(clock))
    times = core.alternately(2, lambda: done.append("ours"), lambda: done.append("bare"))
    assert done == ["ours", "bare"] * 3 and times == ([1000.0] * 2, [1000.0] * 2)


def test_a_process_tells_its_memory_and_its_peak_begins_anew():
    now, most = core.memory()
    assert 0 < now <= most
    block = bytearray(64 * 2**20)
    assert core.memory()[1] > now + 32 * 2**20 and block
    del block
    core.reset_peak()
    assert core.memory()[1] < now + 32 * 2**20


def test_the_synthetic_field_falls_as_the_cube_of_the_wave_number():
    values = core.synthetic_field(128).values
    assert values.mean() == pytest.approx(0, abs=1e-5) and values.std() == pytest.approx(1, abs=1e-5)
    power = np.abs(np.fft.fft2(values)) ** 2
    radius = np.hypot(np.fft.fftfreq(128)[:, None], np.fft.fftfreq(128)[None, :])
    rings = [power[(radius > low) & (radius < 1.3 * low)].mean() for low in (0.05, 0.2)]
    assert np.log(rings[0] / rings[1]) / np.log(4) == pytest.approx(3, abs=0.3)
