"""What each row of the bench makes of its numbers: values, budgets and details by hand; nothing is measured here."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from diffview.bench import core, file_rows, files, rows
from diffview.bench.row import Row

TIMES = [float(i) for i in range(1, 102)]
"""Milliseconds whose percentiles are whole numbers: share + 1."""

Asked = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Asked]:
    """What a window would measure; gives the questions that were asked of it."""

    def answering(**answers: Any) -> Asked:
        asked: Asked = []

        def in_window(name: str, scale: int = 1, **arguments: Any) -> dict[str, Any]:
            asked.append((name, {"scale": scale, **arguments} if scale != 1 else arguments))
            answer = answers[name]
            return answer(len([one for one, _ in asked if one == name]) - 1) if callable(answer) else answer

        monkeypatch.setattr(core, "in_window", in_window)
        return asked

    return answering


def only(found: list[Row]) -> Row:
    (row,) = found
    return row


def test_a_start_is_told_in_bare_windows_and_the_first_pair_does_not_count(
    window: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, ours = iter([9.0, 1.0, 2.0, 3.0]), [9.0, 2.0, 3.0, 4.0]
    monkeypatch.setattr(core, "child", lambda *words: {"begun": 10.0, "usable": 10.0 + next(bare)})
    window(
        start=lambda i: {
            "begun": 5.0,
            **{name: 5.0 + ours[i] * k for k, name in ((1, "usable"), (2, "start"), (4, "frame"))},
        }
    )
    usable, start, frame = rows.start(quick=True)
    assert [row.value for row in (usable, start, frame)] == [1.5, 3.0, 6.0]
    assert [row.verdict for row in (usable, start, frame)] == ["ok", "missed", "missed"]
    assert usable.detail == "of minima 2.00; 3.00 s (min 2.00), bare 2.00 s (min 1.00)"
    assert usable.count == 3 and {row.unit for row in (usable, start, frame)} == {"x bare"}


def test_every_scrub_has_a_row_and_one_that_fails_hides_no_other(window: Callable[..., Asked]) -> None:
    def numbers(i: int) -> dict[str, Any]:
        if i == 3:
            raise RuntimeError("no such screen")
        return {"times": TIMES, "spent": TIMES}

    asked = window(scrub=numbers)
    found = rows.scrub(quick=False)
    assert len(found) == len(asked) == len(rows.SCRUBS) and {name for name, _ in asked} == {"scrub"}
    assert found[3].verdict == "failed" and found[3].error == "no such screen"
    assert found[0].what == "scrub 128x128 closed in 1600x1000 at scale 1, p95" and found[0].value == 96
    assert [row.budget for row in found if row.budget] == [16.7] * 6 + [33.0] * 3
    assert asked[0][1] == {"width": 1600, "height": 1000, "side": 128, "mode": "closed", "count": 200}
    assert asked[-1][1]["scale"] == 2
    window(scrub={"spent": TIMES, "times": TIMES})
    assert [row.what.split(",")[0] for row in rows.scrub(quick=True)] == [
        "scrub 128x128 closed in 1920x1080 at scale 2",
        "scrub 512x512 chain in 1600x1000 at scale 1",
        "scrub 128x128 chain in 1600x1000 at scale 1",
    ]


def test_jumps_drags_and_edits(window: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    asked = window(jump={"times": TIMES, "strips": [10.0, 30.0, 20.0]}, drag={"times": TIMES[:21], "spent": TIMES[:3]})
    jump, strip = rows.jump(quick=True)
    assert (jump.value, jump.budget, jump.detail) == (96, 60.0, "min 1, median 51, max 101 ms")
    assert (strip.value, strip.budget, strip.verdict, strip.count) == (20.0, 60.0, "ok", 3)
    small, large, *of_beta = rows.drag(quick=False)
    assert (small.value, large.value, small.budget) == (20.0, 20.0, 16.7) and "512x512" in large.what
    assert [row.what.split(",")[0] for row in of_beta] == ["drag beta_t"] * 2
    assert small.detail == "p50 11.0, max 21.0 ms; processor time of the thread p50 2.0, p95 2.9 ms"
    pulled = ("alpha_bar", "beta")
    dragged = [("drag", {"side": side, "count": 150, "quantity": one}) for one in pulled for side in (128, 512)]
    assert asked == [("jump", {"side": 512, "count": 8}), *dragged]
    counts: list[int] = []
    monkeypatch.setattr(core, "schedule_edits", lambda count: counts.append(count) or TIMES)
    assert only(rows.edit(quick=False)).value == 96 and counts == [100]
    chains = {"linear": [1.0, 2.0, 3.0], "cosine": [0.5, 4.0, 6.0], "vp": [0.1]}
    monkeypatch.setattr(core, "schedule_chains", lambda count: chains)
    row = only(rows.chain(quick=True))
    assert (row.value, row.budget, row.verdict) == (4.0, 1.0, "missed")
    assert row.detail == "slowest cosine; linear 2 ms"


def test_gaps_are_beside_those_of_an_idle_window(window: Callable[..., Asked]) -> None:
    asked = window(
        gaps={"idle": TIMES, "unseen": TIMES, "drawn": [t + 10 for t in TIMES]},
        network_gaps={"idle": [1.0] * 100, "samples": [5.0] * 100, "trains": [60.0] * 100},
    )
    idle, *others = rows.gaps(quick=True)
    assert (idle.value, idle.budget, idle.verdict, idle.count) == (100.0, None, "", 101)
    assert [(row.what, row.value, row.budget, row.verdict) for row in others[::2]] == [
        ("event-loop gap, `local` samples, unseen, p99", 100.0, 108.0, "ok"),
        ("event-loop gap, `local` samples, drawn, p99", 110.0, 108.0, "missed"),
    ]
    samples, rarely, trains, seldom = rows.network_gaps(quick=False)
    assert [row.verdict for row in (samples, rarely, trains, seldom)] == ["ok", "ok", "missed", "missed"]
    assert samples.detail == "p50 5.00, max 5.0 ms; idle p99 1.00" and trains.what.startswith(
        "event-loop gap, a network trains"
    )
    assert asked == [("gaps", {"seconds": 4.0}), ("network_gaps", {"seconds": 30.0, "warm_up": 10.0})]


def test_many_members_leave_the_window_thirty_frames_a_second(window: Callable[..., Asked]) -> None:
    asked = window(ensemble=lambda i: {"times": [t / (5 - 3 * i) for t in TIMES], "spent": TIMES, "gaps": TIMES})
    formula, network = rows.ensemble(quick=True)
    assert (formula.value, formula.verdict, formula.count) == (96 / 5, "ok", 101)
    assert (network.value, network.verdict) == (48.0, "missed") and network.budget == pytest.approx(33.3333, abs=1e-3)
    assert "256 members" in formula.what and "p99 100.0 ms" in formula.detail and "p95 96.0 ms" in formula.detail
    assert [(name, how["model"], how["members"], how["side"]) for name, how in asked] == [
        ("ensemble", "local", 256, 64), ("ensemble", "rain64", 256, 64),
    ]  # fmt: skip


def test_importing_torch_is_the_longest_gap_of_each_process(window: Callable[..., Asked]) -> None:
    window(torch_import=lambda i: {"gaps": [1.0, 40.0 * i if i else 900.0], "seconds": 1.0 + i if i else 99.0})
    row = only(rows.torch_import(quick=False))
    assert (row.value, row.budget, row.verdict, row.count) == (100.0, 100.0, "ok", 4), "the first is a warm-up"
    assert row.detail == "min 40, median 100, max 160 ms; takes 3.5 s"
    window(torch_import={"gaps": [3.0], "seconds": 1.0})
    assert only(rows.torch_import(quick=True)).count == 1


def test_what_a_run_costs_beside_bare_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, int]] = []

    def pair(model: str, sampler: str, rounds: int) -> tuple[list[float], list[float]]:
        asked.append((model, sampler, rounds))
        return [1.2, 1.4, 1.3], [1.0, 1.0, 1.0]

    monkeypatch.setattr(core, "run_and_bare", pair)
    gaussian, local = rows.overhead(quick=True)
    assert (gaussian.value, gaussian.budget, local.budget) == (1.3, 1.3, 1.03)
    assert (gaussian.verdict, local.verdict) == ("ok", "missed") and "and one draw" in gaussian.clock
    assert asked == [("gaussian", "ddpm", 10), ("local", "ddim", 1)] and "draw" not in local.clock
    monkeypatch.setattr(core, "local_steps", lambda rounds: [20.0, 30.0, 25.0])
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    row = only(rows.local_step(quick=True))
    assert (row.value, row.verdict, row.count) == (25.0, "ok", 3) and row.clock.endswith("BLAS threads: 3")


@pytest.mark.parametrize("gpu", ["", "A card"])
def test_networks_are_beside_their_bare_calls_and_beside_diffusers(monkeypatch: pytest.MonkeyPatch, gpu: str) -> None:
    from diffview.bench import networks

    asked: list[tuple[Any, ...]] = []

    def theirs(*arguments: Any) -> tuple[list[float], list[float]]:
        asked.append(arguments)
        return [9.0], [10.0]

    monkeypatch.setattr(networks, "run_and_bare_network", lambda rounds: (([1.0] * rounds, [1.0] * rounds), 39))
    monkeypatch.setattr(networks, "ours_and_diffusers", theirs)
    monkeypatch.setattr(networks, "gpu_name", lambda: gpu)
    bare, beside, *more = rows.network(quick=True)
    assert (bare.value, bare.count) == (1.0, 2) and "the same 39 calls" in bare.clock
    assert (beside.value, beside.unit, beside.verdict) == (0.9, "x diffusers", "ok")
    assert asked == ([(2,), (2, "cuda", 16)] if gpu else [(2,)])
    assert [row.verdict for row in more] == (["missed"] if gpu else []) and all("A card" in row.clock for row in more)
    monkeypatch.setattr(networks, "training_and_bare", lambda rounds: ([1.0], [1.0]))
    assert only(rows.training(quick=True)).verdict == "ok"

    def absent(*_: Any) -> None:
        raise ImportError

    monkeypatch.setattr(networks, "ours_and_diffusers", absent)
    assert rows.network(quick=True)[1].error == "diffusers is not installed"


def test_stop_may_take_a_call_and_a_little(window: Callable[..., Asked]) -> None:
    window(stop={"calls": [8.0, 10.0, 12.0], "times": [5.0, 31.0, 7.0], "steps": [1.0, 3.0, 2.0]})
    row = only(rows.stop(quick=False))
    assert (row.value, row.budget, row.verdict, row.count) == (31.0, 30.0, "missed", 12)
    assert row.detail == "min 5, median 7, max 31 ms; one call 10.0 ms alone, a step seen in the window 2.0 ms"


def test_growth_is_from_the_second_round_to_the_third(window: Callable[..., Asked]) -> None:
    states = [
        {"bytes": 10e6, "threads": 5, "None": 100, "True": 10, "False": 10},
        {"bytes": 14e6, "threads": 6, "None": 100, "True": 10, "False": 10},
        {"bytes": 14.5e6, "threads": 6, "None": 90, "True": 610, "False": 11},
    ]
    asked = window(growth={"states": states})
    memory, threads, references = rows.growth(quick=True)
    assert (memory.value, memory.verdict, memory.detail) == (0.5, "ok", "the round before: 4.0 MB")
    assert (threads.value, threads.verdict) == (0, "ok")
    assert (references.value, references.verdict) == (600, "missed")
    assert references.detail == "None -10, True +600, False +1" and asked == [("growth", {"scrubs": 100, "runs": 3})]


# -- files


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Scripts that would write files; none is written."""
    asked: list[tuple[Any, ...]] = []

    @contextlib.contextmanager
    def written(script: str, *arguments: object) -> Iterator[str]:
        asked.append((script, *arguments))
        yield "written.h5"

    @contextlib.contextmanager
    def large(side: int = 2000, count: int = 160) -> Iterator[files.LargeFile]:
        asked.append(("large", side, count))
        yield files.LargeFile("large.h5", "field", 4_160_000_000)

    monkeypatch.setattr(files, "written", written)
    monkeypatch.setattr(files, "large_file", large)
    return asked


def test_opening_a_large_file(
    window: Callable[..., Asked], no_files: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {"tree": [30.0, 50.0], "first": [100.0, 300.0], "large": [80.0, 140.0]}
    monkeypatch.setattr(files, "reader_times", lambda small, file, count: times)
    monkeypatch.setattr(files, "overview_times", lambda path, count: [1234.0])
    window(opening=lambda i: {"times": [500.0 + 100 * i, 1.0]})
    first, large, seen, wide = file_rows.opening(quick=True)
    assert first.value == 200 and first.verdict == "" and first.detail.endswith("; its tree after 40 ms")
    assert (large.value, large.verdict, large.what) == (110.0, "missed", "opening a file of 4.2 GB, beyond that")
    assert (seen.value, seen.verdict) == (550.0, "ok") and wide.value == 1234.0
    assert no_files == [("large", 2000, 260), (files.WRITE_WIDE, 20000)]


def test_a_tree_and_steps_through_slices(
    window: Callable[..., Asked], no_files: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    window(tree=lambda i: {"rows": 400.0 + i, "picture": 700.0}, stepping={"times": [50.0, 60.0, 40.0], "busy": 12.4})
    row = only(file_rows.tree(quick=False))
    assert (row.value, row.verdict, row.count) == (401.0, "ok", 3) and row.detail.endswith("its picture after 700 ms")
    monkeypatch.setattr(files, "step_times", lambda path, count: [25.0] * count)
    read, shown, packed, packed_shown = file_rows.stepping(quick=True)
    assert [r.verdict for r in (read, shown, packed, packed_shown)] == ["ok", "missed", "ok", "ok"]
    assert read.detail == "40 a second; min 25, median 25, max 25 ms" and read.count == 12
    assert (
        shown.detail.endswith(", 12 ms of processor time of the window") and "gzip, in the window" in packed_shown.what
    )
    assert no_files[1:] == [(files.WRITE_STEPS, 14, "uncompressed"), (files.WRITE_STEPS, 14, "gzip")]


def test_gaps_while_reading_and_the_memory_of_a_slice(
    window: Callable[..., Asked], no_files: list[tuple[Any, ...]]
) -> None:
    slice_bytes = 16_000_000
    window(
        reading_gaps={"idle": [2.0] * 100, "reading": TIMES},
        slice_memory={"slice": slice_bytes, "reader": [16e6, 48e6, 16e6], "window": [16e6, 16e6, 32e6], "run": 5e6},
    )
    row = only(file_rows.reading_gaps(quick=True))
    assert (row.value, row.budget, row.verdict) == (100.0, 10.0, "missed") and row.detail.endswith("; idle p99 2.00")
    kept, most, run = file_rows.slice_memory(quick=True)
    assert (kept.value, kept.verdict, kept.detail) == (2.0, "ok", "reader 1.0x, window 1.0x of 16 MB")
    assert (most.value, most.verdict, most.detail) == (4.0, "missed", "reader 3.0x, window 1.0x of 16 MB")
    assert (run.value, run.unit, run.verdict) == (5.0, "MB", "")


def test_the_files_of_the_bench_are_what_they_are_called() -> None:
    import h5py

    with files.large_file(side=64, count=3) as large, h5py.File(large.path) as file:
        assert file[large.dataset].shape == (3, 64, 64) and np.ptp(file[large.dataset][0]) > 0
        assert large.bytes >= file[large.dataset].nbytes // 3
    with files.written(files.WRITE_MANY, 12) as path, h5py.File(path) as file:
        assert len(file) == 12 and file["variable00011"].attrs["units"] == "K"
    with files.written(files.WRITE_WIDE, 1500) as path, h5py.File(path) as file:
        assert file["field"].shape == (1500, 1500) and not file["field"][1000:].any()
        times = files.overview_times(path, 2)
        assert len(times) == 2 and min(times) > 0
    with files.written(files.WRITE_STEPS, 3, "gzip") as path:
        with h5py.File(path) as file:
            assert file["field"].compression == "gzip" and [d.keys()[0] for d in file["field"].dims] == [
                "time",
                "lat",
                "lon",
            ]
            assert np.allclose(file["field"][2] - file["field"][0], 2, atol=1e-3)
        assert len(files.step_times(path, 1)) == 1


def test_a_reader_is_timed_from_its_start_to_each_of_its_answers() -> None:
    from diffview.paths import resource
    from diffview.readers.packaged import NAME

    with files.large_file(side=64, count=2) as large:
        times = files.reader_times(str(resource(f"{NAME}.nc")), large, 1)
    assert {name: len(values) for name, values in times.items()} == {"tree": 1, "first": 1, "large": 1}
    assert all(value > 0 for values in times.values() for value in values)
