"""Training by torchrun: equal weights on all ranks, the course of one process with the whole batch, other counts."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest
from ranks_program import FIELDS, trained
from readers_program import told

from diffview.errors import UserError
from diffview.learning.torchrun import Rank, join

HERE = Path(__file__).parent


def torchrun(count: int, *words: str, cwd: Path) -> str:
    """What a program says that so many processes run; it ends well."""
    path = os.pathsep.join([str(HERE), *sys.path])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1"}
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(count), *words]
    done = subprocess.run(start, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def test_two_ranks_hold_equal_weights_and_learn_as_one_with_the_whole_batch(tmp_path: Path) -> None:
    torchrun(2, str(HERE / "ranks_program.py"), str(tmp_path), "0", cwd=tmp_path)
    one, two = (json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1))
    assert one["weights"] == two["weights"] and one["curve"] == two["curve"]
    assert one["noise"] != two["noise"] and one["count"] == 2
    assert (one["batch"], one["samples"]) == (8, 16 * 120)
    together, apart = (np.array(curve)[:, 1] for curve in (one["curve"], trained(tmp_path / "alone").curve))
    assert together[0] > together[-4:].mean()  # it learns
    assert np.abs(together[-6:].mean() / apart[-6:].mean() - 1) < 0.05  # another seed gives 0.2
    assert np.abs(np.log(together / apart)).max() < 0.15


def test_the_command_trains_on_two_ranks_and_goes_on_with_one_and_with_two(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "red.nc", "w") as file:
        for name, size in (("day", 64), ("y", 16), ("x", 16)):
            file.createDimension(name, size)
        file.createVariable("red", "f4", ("day", "y", "x"))[:] = FIELDS
        file["red"].units = "K"
    words = "train red.nc red -o model --batch 8 --size 16 --width 8 --device cpu --steps".split()  # noqa: SIM905
    said = torchrun(2, "-m", "diffview", *words, "20", cwd=tmp_path)
    assert (
        "2 processes train together, 4 fields of each step in each." in said and said.count("Trained to step 20") == 1
    )
    command = [sys.executable, "-m", "diffview", *words, "30", "--resume"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Trained to step 30" in done.stderr, done.stderr
    assert "Trained to step 40" in torchrun(2, "-m", "diffview", *words, "40", "--resume", cwd=tmp_path)
    log = (tmp_path / "model" / "log.csv").read_text().splitlines()
    steps, samples = ([int(float(line.split(",")[i])) for line in log[1:]] for i in (0, 2))
    assert steps == sorted(steps) and steps[-1] == 40 and samples[-1] == 40 * 8


def test_a_batch_that_cannot_be_split_is_refused_with_one_that_can() -> None:
    with pytest.raises(UserError, match="A batch of 30 fields cannot be split over 4 processes") as refused:
        Rank(0, 4).share(30)
    assert refused.value.hint == "Choose 32." and Rank(3, 4).share(32) == 8


def test_alone_there_is_one_rank_and_torchrun_on_a_device_without_a_way_to_speak_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert join("cpu") == Rank() and Rank().seed(7) == 7 and Rank(1, 2).seed(7) != 7
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("MASTER_ADDR", "localhost")
    with pytest.raises(UserError, match="cannot train together on mps"):
        join("mps")


@pytest.mark.parametrize("given", ["", "given"], ids=["fields", "beside a condition"])
def test_each_rank_reads_its_share_of_the_slices_and_all_have_the_set_of_one_process(
    given: str, tmp_path: Path
) -> None:
    with netCDF4.Dataset(tmp_path / "daily.nc", "w") as file:
        for name, size in (("time", 21), ("y", 16), ("x", 24)):
            file.createDimension(name, size)
        file.createVariable("time", "f8", ("time",))[:] = np.arange(21)
        file["time"].units = "days since 2001-01-01"
        for seed, name in enumerate(("t", "other")):
            values = file.createVariable(name, "f4", ("time", "y", "x"))
            values.units, values[:] = "K", 280 + np.random.default_rng(seed).standard_normal((21, 16, 24))
    for turn in ("read", "kept"):
        torchrun(2, str(HERE / "readers_program.py"), str(tmp_path), given, cwd=tmp_path)
        one, two = (json.loads((tmp_path / f"reads{rank}.json").read_text()) for rank in (0, 1))
        if turn == "kept" and not given:
            assert one["read"] == two["read"] == []  # both found the crops that the first one kept
        else:
            assert sorted(one["read"] + two["read"]) == list(range(21)) and min(len(one["read"]), len(two["read"])) >= 9
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    alone = told(tmp_path, bool(given))
    assert alone["read"] == list(range(21)) and alone["fields"] == 3 * 17
    for name in ("sha256", "transform", "held_out", "fields", "slices"):
        assert one[name] == two[name] == alone[name], name


def test_gpus_that_give_each_other_parts_of_main_memory_make_one_group_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of processes on GPUs, which are not here: what they ask of torch.distributed is written down."""
    import torch.distributed as dist

    made: list[str] = []
    used: list[object] = []
    monkeypatch.setattr(dist, "get_backend", lambda: "nccl")
    monkeypatch.setattr(dist, "new_group", lambda backend: made.append(backend) or len(made))
    monkeypatch.setattr(dist, "broadcast", lambda values, owner, group: used.append(group))
    own = [np.ones((2, 3), np.float32)]
    for _ in range(3):
        (given,) = Rank(0, 2).gathered(own)
        np.testing.assert_array_equal(given, own[0])
    assert made == ["gloo"] and used == [1] * 6
