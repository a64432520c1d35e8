"""Rows under load and at all sizes: what they make of their numbers; and the small measurements themselves."""

import os
from typing import Any

import numpy as np
import pytest

from diffview import bench
from diffview.bench import core, load_rows, networks, peers, rows, sizes
from diffview.bench.row import Row


def test_a_fit_is_measured_by_region_with_its_memory_and_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def child(*words: str) -> dict[str, Any]:
        asked.append(words[2:])
        return {"time": 100.0 * len(asked), "bytes": 50e6 * len(asked), "count": 64}

    monkeypatch.setattr(core, "child", child)
    found = load_rows.fit(quick=True)
    assert asked == [("gaussian", "128"), ("gaussian", "512"), ("local", "128"), ("local", "512")]
    assert [row.value for row in found] == [100, 50, 200, 100, 300, 150, 400, 200]
    assert [row.budget for row in found] == [500, 200, 500, 200, None, 200, None, 200]
    assert found[0].detail.endswith("; 64 crops") and found[7].unit == "MB" and found[7].verdict == "ok"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="the system does not say how much memory is taken")
def test_a_fit_in_a_process_of_its_own() -> None:
    found = core.child("-m", "diffview.bench.sizes", "gaussian", "48")
    assert found["count"] == 1000 and found["time"] > 0 and found["bytes"] >= 0


def test_growth_is_the_largest_step_of_the_time_for_a_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "per_pixel", lambda sides, rounds: [[2.0, 1.0], [1.0], [1.2, 9.0], [2.4]])
    monkeypatch.setattr(sizes, "per_member", lambda members, rounds: [[3.0], [1.5], [1.5]])
    monkeypatch.setattr(sizes, "per_row", lambda lengths, rounds: [[1.0], [1.0], [1.6]])
    monkeypatch.setattr(core, "in_window", lambda name, path: {"rows": 20.0})
    pixel, member, chain, tree = load_rows.scaling(quick=True)
    assert pixel.value == pytest.approx(2.0) and pixel.verdict == "missed" and "128: 1 us" in pixel.detail
    assert (member.value, member.verdict) == (1.0, "ok") and (chain.value, chain.verdict) == (1.6, "missed")
    assert tree.value == pytest.approx(0.1), "as long for ten times as many objects"


def test_the_sizes_are_run() -> None:
    assert [len(times) for times in sizes.per_row((10, 20), 2)] == [2, 2]
    assert all(t > 0 for times in sizes.per_member((1, 2), 1) for t in times)
    assert sizes.plan_of("gaussian", 64, 3).shape == (3, 1, 64, 64)


def test_rows_of_a_busy_machine_are_named_so_and_may_take_a_frame_of_33_ms() -> None:
    given = [Row("drag, p95", "clock", 30.0, "ms", 16.7), Row("gap", "clock", 60.0, "ms", 50.0), Row("idle", "", 1.0)]
    found = load_rows.busy((lambda quick: given[:1], lambda quick: given[1:]), quick=True)
    assert [row.what for row in found] == ["busy machine: drag, p95", "busy machine: gap", "busy machine: idle"]
    assert [row.budget for row in found] == [33, 50, None] and [row.verdict for row in found] == ["ok", "missed", ""]


def test_other_processes_spin_meanwhile_and_end(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    popen = load_rows.subprocess.Popen
    monkeypatch.setattr(load_rows.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])
    with pytest.raises(ZeroDivisionError), load_rows.spinning(2):
        assert len(started) == 2 and all(process.poll() is None for process in started)
        raise ZeroDivisionError
    assert all(process.poll() is not None for process in started)


def test_long_use_is_told_as_what_the_second_half_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    states = [
        {"minutes": i, "bytes": 1e8 + 1e6 * i, "descriptors": 30, "widgets": 400 + 2 * i, "threads": 3, "references": i}
        for i in range(5)
    ]

    def in_window(name: str, limit_s: float, minutes: float, path: str, slices: int) -> dict[str, Any]:
        asked.append((name, minutes, slices))
        return {"states": states, "rounds": 120}

    monkeypatch.setattr(core, "in_window", in_window)
    found = bench.measure("soak", quick=True, minutes=30.0)
    assert asked == [("soak", 30.0, 12)] and [row.value for row in found] == [2, 0, 4, 0, 2]
    assert [row.verdict for row in found] == ["ok", "ok", "missed", "ok", ""]
    assert "rounds 72 to 120" in found[0].clock and found[0].detail.startswith("4.0 minutes")
    bench.measure("soak", quick=True, minutes=None)
    assert asked[1][1] == load_rows.QUICK_SOAK_MINUTES


def test_peers_that_are_not_there_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*words: str) -> None:
        raise RuntimeError("No module named 'matplotlib'")

    monkeypatch.setattr(core, "child", missing)
    monkeypatch.setattr(networks, "ours_and_plain_loop", lambda rounds: ([2.0, 4.0], [3.0, 3.0]))
    *sliders, loop = peers.peers(quick=True)
    assert [row.verdict for row in sliders] == ["failed"] * 3 and loop.value == 1.0
    assert all(name in row.error for name, row in zip(peers.SLIDERS, sliders, strict=True))
    asked: list[str] = []
    monkeypatch.setattr(core, "child", lambda flag, script: {"spent": [50.0, 70.0 if "matplotlib" in script else 10.0]})
    monkeypatch.setattr(core, "in_window", lambda name, **more: asked.append(name) or {"spent": [30.0]})
    slider, silx, napari, _ = peers.peers(quick=True)
    assert (slider.value, silx.value, silx.unit, napari.unit) == (0.5, 1.0, "x silx", "x napari") and asked == ["scrub"]


@pytest.mark.parametrize("name", peers.SLIDERS)
def test_a_picture_of_a_peer_is_drawn_at_every_move(name: str) -> None:
    pytest.importorskip(name)
    if name == "napari" and core.child_environment().get("QT_QPA_PLATFORM") == "offscreen":
        pytest.skip("napari draws by OpenGL, which Qt has not without a screen")
    assert len(core.child("-c", peers.BEFORE + peers.SLIDERS[name] + peers.AFTER)["spent"]) == 50


def test_the_plain_loop_gives_what_a_run_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[np.ndarray] = []
    monkeypatch.setattr(networks, "STEPS", 3)
    monkeypatch.setattr(networks, "alternately", lambda rounds, ours, theirs: (ends.extend((ours(), theirs())), [])[1:])
    networks.ours_and_plain_loop(1)
    assert np.abs(ends[0] - ends[1]).max() < 1e-4 and ends[0].std() > 0.1


def test_all_of_them_can_be_asked_for() -> None:
    assert [*rows.ROWS][-5:] == ["fit", "scaling", "peers", "busy", "soak"]
