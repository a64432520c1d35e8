"""Measurements of the bench without a window: what they call and on what; no times."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from diffview.bench import core
from diffview.forward.schedules import SCHEDULES
from diffview.models.local import Local


def test_a_window_of_its_own_is_asked_with_json(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(core, "child", lambda *words, scale, limit_s: asked.append((words, scale)) or {"times": [1.0]})
    assert core.in_window("scrub", scale=2, side=128, mode="chain") == {"times": [1.0]}
    ((_, code, name, arguments), scale), *rest = asked
    assert (name, scale, rest) == ("scrub", 2, []) and json.loads(arguments) == {"side": 128, "mode": "chain"}
    assert "diffview.gui.bench.rows" in code and "gc.disable()" in code


@pytest.mark.parametrize(
    ("stderr", "last"), [("first\nRuntimeError: no screen\n", "RuntimeError: no screen"), ("", "no word")]
)
def test_a_process_that_fails_is_told_by_its_last_line(monkeypatch: pytest.MonkeyPatch, stderr: str, last: str) -> None:
    ended = SimpleNamespace(returncode=3, stdout="", stderr=stderr)
    monkeypatch.setattr(core.subprocess, "run", lambda *words, **how: ended)
    with pytest.raises(RuntimeError, match=f"the process ended with status 3: {last}"):
        core.child("-c", "pass")


def test_without_proc_there_is_no_memory_to_tell() -> None:
    with pytest.raises(RuntimeError, match="does not say how much memory"):
        core.memory(2**31 - 1)
    core.reset_peak(2**31 - 1)  # and no peak to reset, which is no error


def test_every_schedule_is_made_as_often_as_it_is_asked_for() -> None:
    found = core.schedule_chains(2)
    assert found.keys() == SCHEDULES.keys() and {len(times) for times in found.values()} == {2}


def test_local_is_called_at_every_level_of_its_run(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[tuple[int, ...], float]] = []
    monkeypatch.setattr(core, "MOST_CROPS", 4)
    monkeypatch.setattr(Local, "__call__", lambda self, y, s: seen.append((y.shape, s)) or y)
    times = core.local_steps(2)
    assert len(times) == len(seen) and len(seen) % 2 == 0
    half = [s for _, s in seen[: len(seen) // 2]]
    assert half == sorted(half, reverse=True) and half == [s for _, s in seen[len(seen) // 2 :]]
    assert {shape for shape, _ in seen} == {(1, 1, 64, 64)}


@pytest.mark.parametrize(("sampler", "draws"), [("ddim", 0), ("ddpm", 18)])
def test_bare_calls_draw_where_the_run_does(monkeypatch: pytest.MonkeyPatch, sampler: str, draws: int) -> None:
    found: list[Any] = []
    monkeypatch.setattr(core, "alternately", lambda rounds, *two: found.extend(two) or ([1.0], [1.0]))
    core.run_and_bare("gaussian", sampler, 1)
    drawn: list[tuple[int, ...]] = []
    ours, bare = found
    ours()
    monkeypatch.setattr(core, "draw", lambda *where, version: drawn.append(where[-1]) or np.zeros(where[-1]))
    bare()
    assert len(drawn) == draws and set(drawn) <= {(1, 128, 128)}
