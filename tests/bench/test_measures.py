"""What the bench measures without a window, and its table and JSON; no times are judged."""

import json
import sys
from typing import Any

import numpy as np
import pytest

from diffview import bench
from diffview.bench import core
from diffview.bench.row import Row, percentile, spread
from diffview.bench.rows import ROWS
from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES
from diffview.models.local import Local


def test_a_step_of_local_is_timed_at_every_level_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, tuple[int, ...]]] = []

    def quick(self: Local, y: Any, s: float) -> Any:
        seen.append((s, y.shape))
        return y

    monkeypatch.setattr(Local, "__call__", quick)
    times = core.local_steps(2)
    assert len(times) == len(seen) == 2 * 18 and {shape for _, shape in seen} == {(1, 1, 64, 64)}
    levels = [s for s, _ in seen[:18]]
    assert levels == sorted(levels, reverse=True) and [s for s, _ in seen[18:]] == levels


def test_every_schedule_is_made_anew_as_often_as_asked() -> None:
    times = core.schedule_chains(2)
    assert set(times) == set(SCHEDULES) and all(len(values) == 2 and min(values) > 0 for values in times.values())


# -- the table and its words


def test_the_measurements_that_are_chosen() -> None:
    assert bench.chosen(None) == list(ROWS)
    assert bench.chosen("drag, start,drag") == ["drag", "start"]
    with pytest.raises(UserError, match="no measurement called 'strat'") as error:
        bench.chosen("start,strat")
    assert all(name in error.value.hint for name in ROWS)


def test_the_machine_is_named_with_its_load_and_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setattr(bench.os, "getloadavg", lambda: (1.234, 0, 0), raising=False)
    assert bench.machine().startswith("diffview ") and bench.machine().endswith(", load 1.23, its own screen")
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert bench.machine().endswith("offscreen")


def test_columns_of_the_table_stand_under_each_other() -> None:
    rows = [
        Row("a", "clock", 0.123456, "ms", 1.0, 7, "detail"),
        Row("a longer name", "another clock", 12345.0, "", None, 0, "x"),
        Row("failed", "c", error="why it failed"),
    ]
    lines = bench.table(rows).splitlines()
    column = lines[0].index("clock")
    assert len(lines) == 4 and [line[column:] for line in lines[1:]] == ["clock", "another clock", "c"]
    assert "0.123 ms" in lines[1] and "<= 1" in lines[1] and " ok " in lines[1]
    assert "1.23e+04" in lines[2] and "<=" not in lines[2]
    assert " - " in lines[3] and "failed" in lines[3] and "why it failed" in lines[3]


def test_json_has_every_number_of_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS, "start", lambda quick: [Row("start", "c", 2.0, "x bare", 1.5, 3, "d")])
    told = json.loads(bench.main(as_json=True, only=["start"]))
    assert told["rows"] == [
        {
            "what": "start", "clock": "c", "value": 2.0, "unit": "x bare", "budget": 1.5, "count": 3, "detail": "d",
            "error": "", "verdict": "missed",
        }
    ]  # fmt: skip
    assert np.isfinite(told["rows"][0]["value"]) and told["machine"].startswith("diffview ")


# -- processes


def test_a_measure_of_the_window_gets_its_name_arguments_and_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[tuple[str, ...], int]] = []

    def child(*words: str, scale: int = 1, limit_s: float = 1) -> dict[str, int]:
        asked.append((words, scale))
        return {"times": 1}

    monkeypatch.setattr(core, "child", child)
    assert core.in_window("scrub", 2, side=128, mode="closed") == {"times": 1}
    ((flag, program, name, arguments), scale), *_ = asked
    assert (flag, name, scale) == ("-c", "scrub", 2) and json.loads(arguments) == {"side": 128, "mode": "closed"}
    assert "gc.disable()" in program and "diffview.gui.bench.rows" in program


def test_a_child_finds_this_package_before_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    first, second = core.child_environment()["PYTHONPATH"].split(core.os.pathsep)
    assert (core.Path(first) / "diffview" / "bench").is_dir() and second == "elsewhere"
    monkeypatch.delenv("PYTHONPATH")
    assert core.child_environment()["PYTHONPATH"] == first


def test_a_child_that_says_nothing_has_no_numbers_but_its_begin() -> None:
    assert set(core.child("-c", "pass")) == {"begun"}
    with pytest.raises(RuntimeError, match="status 1: no word"):
        core.child("-c", "import os; os._exit(1)")


def test_memory_is_not_told_where_the_system_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.Path, "is_file", lambda self: False)
    with pytest.raises(RuntimeError, match="does not say how much memory"):
        core.memory()


def test_every_measurement_says_what_it_measures() -> None:
    assert all((row.__doc__ or "").strip().endswith(".") for row in ROWS.values())
    assert len(ROWS) == len({row.__doc__ for row in ROWS.values()}) == 26


@pytest.mark.parametrize(
    ("share", "value"),
    [(0, 1.0), (50, 3.0), (75, 4.0), (100, 5.0)],
)
def test_percentiles_lie_between_the_times_as_numpy_has_them(share: float, value: float) -> None:
    times = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert percentile(times, share) == value
    assert spread(times) == "min 1, median 3, max 5 ms"
    assert spread(times, "s") == "min 1, median 3, max 5 s"
    assert spread([0.012345]) == "min 0.0123, median 0.0123, max 0.0123 ms"
