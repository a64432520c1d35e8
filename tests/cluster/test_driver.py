"""Jobs in one process: what is made is the ensemble to the bit, whatever stops, breaks or damages it on the way."""

import json
import shutil
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import xarray
from ensembles import BASE, FIELD, chunks, ordered, plan_of

from diffview.cluster import block
from diffview.cluster.beginning import order_for
from diffview.cluster.driver import Driver
from diffview.cluster.engines import InProcess, Outcome
from diffview.cluster.standing import CANCEL, RETRY, Standing, ask, runs_of
from diffview.cluster.store import FIELDS, STATE, Store
from diffview.errors import UserError
from diffview.library.making import made_by
from diffview.library.opened import Opened
from diffview.runs.facts import Facts
from diffview.runs.in_blocks import last_steps, physical_of


class Failing(InProcess):
    """Some blocks fail as long as they are told to; after some blocks it stops dead."""

    def __init__(self, bad: set[int], dies_after: int = 10**9) -> None:
        super().__init__()
        self.bad, self.left = bad, dies_after
        self.made: list[int] = []

    def ended(self, seconds: float) -> list[Outcome]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        (number,) = self._waiting
        if number in self.bad:
            self._waiting.clear()
            return [Outcome(number, UserError(f"Block {number} is bad.", "Mend it."))]
        self.made.append(number)
        return super().ended(seconds)


def opened(folder: Path) -> xarray.Dataset:
    return xarray.open_zarr(folder / FIELDS, consolidated=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jobs") / "whole"
    ended = Driver(ordered(folder), InProcess()).run()
    assert (ended.state, ended.done, ended.made) == ("finished", ((0, 5),), 22)
    return folder


def test_a_job_makes_the_ensemble_to_the_bit(whole: Path) -> None:
    plan = plan_of()
    members = np.concatenate([physical_of(plan, step.y) for step in last_steps(plan)])
    made = opened(whole)
    assert np.array_equal(made["red"].values, members.astype(np.float32))
    assert np.abs(made["red_mean"].values - members.mean(0)).max() < 1e-5
    assert np.abs(made["red_spread"].values - members.std(0, ddof=1)).max() < 1e-5
    assert made["red"].dims == ("member", "y", "x") and made["member"].values.tolist() == list(range(22))
    assert made["red"].attrs["units"] == "K" and Store(whole).recipe == plan.settled


def test_statistics_alone_are_those_of_one_process_to_the_bit_and_no_member_is_left(tmp_path: Path) -> None:
    asked = {"statistics": "mean,spread,p>0,q0.9,q0.1"}
    Driver(ordered(tmp_path / "s", **asked), InProcess()).run()
    content, _ = made_by(plan_of(**asked), Opened(BASE, Facts(FIELD)), False, lambda share: None, print)
    made = opened(tmp_path / "s")
    names = ["red_mean", "red_spread", "red_above_0", "red_quantile_0_9", "red_quantile_0_1"]
    assert sorted(made.data_vars) == sorted([*names, "block_sha256"])
    for name in names:
        assert np.array_equal(made[name].values, content.variables[name].values.astype(np.float32)), name
        assert made[name].attrs["long_name"] == content.variables[name].attributes["long_name"]


@pytest.mark.parametrize("statistics", ["", "mean,spread,p>0,q0.9"])
@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_job_that_is_cut_short_goes_on_where_it_was(statistics: str, after: int, tmp_path: Path) -> None:
    asked = {"statistics": statistics}
    Driver(ordered(tmp_path / "whole", **asked), InProcess()).run()
    first = Driver(ordered(tmp_path / "cut", **asked), Failing(set(), after))
    with pytest.raises(KeyboardInterrupt):
        first.run()
    assert first.standing.state == "stopped" and first.standing.done_count == after
    engine = Failing(set())
    ended = Driver(ordered(tmp_path / "cut", **asked), engine).run()
    assert ended.state == "finished" and engine.made == list(range(after, 6))
    assert chunks(tmp_path / "cut") == chunks(tmp_path / "whole")


def test_a_kill_without_any_last_word_loses_nothing_that_was_written(whole: Path, tmp_path: Path) -> None:
    """The statistics are older than the blocks, and a block was being written."""
    folder = tmp_path / "killed"
    shutil.copytree(whole, folder)
    (folder / STATE).unlink()
    shutil.rmtree(folder / FIELDS / "block_sha256" / "c" / "3")
    (folder / FIELDS / "red" / "c" / "3" / "0" / "0").write_bytes(b"half")
    engine = Failing(set())
    Driver(ordered(folder), engine).run()
    assert engine.made == [3] and chunks(folder) == chunks(whole)


def test_a_block_that_is_damaged_on_disk_is_made_again(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(whole, folder)
    (folder / STATE).unlink()
    place = folder / FIELDS / "red" / "c" / "2" / "0" / "0"
    place.write_bytes(place.read_bytes()[:-7])
    engine = Failing(set())
    Driver(ordered(folder), engine).run()
    assert engine.made == [2] and chunks(folder) == chunks(whole)


def test_a_finished_job_makes_nothing_again(whole: Path) -> None:
    engine, before = Failing(set()), chunks(whole)
    assert Driver(ordered(whole), engine).run().state == "finished"
    assert engine.made == [] and chunks(whole) == before


def test_blocks_that_fail_are_told_and_the_others_made_and_a_retry_makes_them(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "failing"
    ended = Driver(ordered(folder), Failing({1, 4})).run()
    assert ended.state == "failed" and ended.failed == {1: "Block 1 is bad. Mend it.", 4: "Block 4 is bad. Mend it."}
    assert ended.done == ((0, 0), (2, 3), (5, 5)) and Standing.read(folder) == ended
    Driver(ordered(folder), InProcess()).run()
    assert chunks(folder) == chunks(whole)


def test_a_retry_that_is_asked_for_meanwhile_is_done_and_a_cancel_leaves_what_is_begun(tmp_path: Path) -> None:
    clock = iter(range(10**6))
    engine = Failing({0})

    def mend(standing: Standing) -> None:
        if standing.failed and engine.bad:
            engine.bad = set()
            ask(tmp_path / "r", RETRY)

    assert Driver(ordered(tmp_path / "r"), engine, lambda: float(next(clock))).run(mend).state == "finished"
    assert sorted(engine.made) == [0, 1, 2, 3, 4, 5]
    seen: list[Standing] = []

    def cancel(standing: Standing) -> None:
        seen.append(standing)
        if standing.done_count == 2:
            ask(tmp_path / "c", CANCEL)

    ended = Driver(ordered(tmp_path / "c"), InProcess(), lambda: float(next(clock))).run(cancel)
    assert ended.state == "stopped" and 2 <= ended.done_count <= 3
    assert [s.done_count for s in seen] == sorted(s.done_count for s in seen) and seen[0].blocks == 6


def test_what_was_asked_of_a_driver_that_ended_before_it_heard_it_is_not_asked_of_the_next(tmp_path: Path) -> None:
    order = ordered(tmp_path / "j")
    ask(tmp_path / "j", CANCEL)
    clock = iter(range(10**6))
    assert Driver(order, InProcess(), lambda: float(next(clock))).run().state == "finished"


def test_a_job_stands_in_its_folder_before_its_first_block_is_made(tmp_path: Path) -> None:
    seen = []

    class Looking(InProcess):
        def submit(self, number: int) -> None:
            seen.append(Standing.read(tmp_path / "j"))
            super().submit(number)

    Driver(ordered(tmp_path / "j"), Looking()).run()
    assert (seen[0].state, seen[0].done_count, seen[0].blocks) == ("running", 0, 6)


def test_a_cancel_after_the_last_block_was_begun_leaves_a_finished_job(tmp_path: Path) -> None:
    clock = iter(range(10**6))

    def cancel(standing: Standing) -> None:
        if standing.done_count == 6:
            ask(tmp_path / "j", CANCEL)

    order = ordered(tmp_path / "j", statistics="mean")
    assert Driver(order, InProcess(), lambda: float(next(clock))).run(cancel).state == "finished"
    assert "uncounted" not in opened(tmp_path / "j")


def test_a_job_in_which_all_blocks_fail_ends_before_all_of_them_have(tmp_path: Path) -> None:
    engine = Failing(set(range(1000)))
    with pytest.raises(UserError, match="9 blocks failed one after the other, the last because: Block 8 is bad"):
        Driver(ordered(tmp_path / "j", members=4000), engine).run()
    assert Standing.read(tmp_path / "j").state == "failed"


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"seed": 4}, "seed is 3 there and 4 here"), ({"block": 2}, "block is 4 there and 2 here"),
     ({"members": 26}, "members is 22 there"), ({"model": "local"}, "model is gaussian there")],
)  # fmt: skip
def test_a_store_of_another_job_is_refused_by_what_differs(asked: dict[str, object], said: str, whole: Path) -> None:
    before = chunks(whole)
    with pytest.raises(UserError, match=said):
        ordered(whole, **asked)
    assert chunks(whole) == before


def test_a_store_that_another_version_began_is_refused(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(whole, folder)
    path = folder / FIELDS / "zarr.json"
    plain = json.loads(path.read_text())
    plain["attributes"]["diffview_job"]["versions"]["numpy"] = "1.0"
    path.write_text(json.dumps(plain))
    with pytest.raises(UserError, match=r"versions is .*1\.0"):
        ordered(folder)


def test_a_folder_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is no store of a job"):
        ordered(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_job_at_work_is_not_begun_twice(tmp_path: Path) -> None:
    order = ordered(tmp_path / "j")
    Driver(order, InProcess()).tell_standing()
    with pytest.raises(UserError, match="is at work on"):
        ordered(tmp_path / "j")


def test_a_worker_without_torch_or_with_another_version_is_named() -> None:
    wanted = {"diffview": "0.1.0", "numpy": "2.0", "torch": "2.9"}
    missing = block.unfit("tcp://a:1", {**wanted, "torch": ""}, wanted)
    other = block.unfit("tcp://a:1", {**wanted, "torch": "2.8"}, wanted)
    assert missing is not None and missing.sentence == "The worker tcp://a:1 has no torch, which this job needs."
    assert other is not None and "has torch 2.8, and the job was begun with 2.9" in other.sentence
    assert block.unfit("tcp://a:1", wanted, wanted) is None and "same environment" in missing.hint


def test_memory_does_not_grow_with_the_members(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        order = ordered(tmp_path / f"{count}", members=count, block=50, steps=2, statistics="mean,spread,p>0,q0.9")
        tracemalloc.reset_peak()
        assert Driver(order, InProcess()).run().made == count
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(100)
        few, many = peak(150), peak(2000)
    finally:
        tracemalloc.stop()
    assert many - few < 1850 * 16 * 16 * 4 / 2  # the members alone would take twice that


def test_a_truth_comes_with_a_run_that_starts_from_the_field(tmp_path: Path) -> None:
    Driver(ordered(tmp_path / "j", origin="field", level=0.5), InProcess()).run()
    assert np.array_equal(opened(tmp_path / "j")["red_truth"].values, FIELD.values[8:24, 8:24])


def test_the_standing_of_no_job_and_of_a_damaged_one_are_sentences(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no job"):
        Standing.read(tmp_path)
    (tmp_path / "status.json").write_text('{"done": 3}')
    with pytest.raises(UserError, match="is damaged"):
        Standing.read(tmp_path)


def test_runs_of_numbers() -> None:
    assert runs_of({5, 1, 2, 3, 9}) == ((1, 3), (5, 5), (9, 9)) and runs_of(()) == ()


def test_without_zarr_no_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(UserError, match="zarr is not installed"):
        ordered(tmp_path / "j")
    assert not (tmp_path / "j").exists()


def test_a_plan_that_cannot_be_run_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError):
        order_for(plan_of(members=6, first_member=3), FIELD, tmp_path / "j")
    assert not (tmp_path / "j").exists()
