"""Jobs on Dask: two workers give the bits of one process, though one is killed, or all are and the job begins again."""

import os
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import netCDF4
import pytest
from ensembles import RED, chunks, ordered

from diffview.cli import main
from diffview.cluster.driver import Driver
from diffview.cluster.engines import PAGE, Batch, Dask, InProcess, batch_cluster, engine_of
from diffview.cluster.standing import Standing
from diffview.cluster.store import FIELDS
from diffview.errors import UserError

distributed = pytest.importorskip("distributed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SLOW = {"members": 60, "steps": 60}
"""An ensemble of fifteen blocks that takes a moment each."""


@pytest.fixture
def cluster() -> Iterator[object]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=PAGE, silence_logs=50
    ) as made:
        yield made


def once(folder: Path, **asked: object) -> dict[str, bytes]:
    """The chunks of the same job in one process."""
    Driver(ordered(folder, **asked), InProcess()).run()
    return chunks(folder)


def test_two_workers_make_what_one_process_makes_though_one_is_killed(cluster: object, tmp_path: Path) -> None:
    engine = Dask(cluster)
    Driver(ordered(tmp_path / "two", **SLOW), engine).run()
    expected = once(tmp_path / "one", **SLOW)
    assert chunks(tmp_path / "two") == expected
    with distributed.Client(cluster, set_as_default=False) as client:
        processes = client.run(os.getpid)
        killed = []

        def kill(standing: Standing) -> None:
            if not killed and 2 <= standing.done_count < 14:
                killed.append(next(iter(processes.values())))
                os.kill(killed[0], signal.SIGKILL)

        driver = Driver(ordered(tmp_path / "killed", **SLOW), engine, clock=Quick())
        assert driver.run(kill).state == "finished" and killed
    engine.close()
    assert chunks(tmp_path / "killed") == expected


class Quick:
    """A clock that runs five hundred times as fast, so that the driver tells how far it is after every block."""

    def __call__(self) -> float:
        return 500 * time.monotonic()


def test_a_disk_that_takes_nothing_more_on_a_worker_is_told_and_a_retry_finishes(
    cluster: object, tmp_path: Path
) -> None:
    engine = Dask(cluster)
    order = ordered(tmp_path / "full", members=8, steps=2)
    with distributed.Client(cluster, set_as_default=False) as client:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        client.run(resource.setrlimit, resource.RLIMIT_FSIZE, (512, before[1]))
        ended = Driver(order, engine).run()
        assert ended.state == "failed" and set(ended.failed) == {0, 1}
        assert "full cannot be written: File too large. Make room there; what is made is kept." in ended.failed[0]
        client.run(resource.setrlimit, resource.RLIMIT_FSIZE, before)
        assert Driver(ordered(tmp_path / "full", members=8, steps=2), engine).run().state == "finished"
    engine.close()
    assert chunks(tmp_path / "full") == once(tmp_path / "one", members=8, steps=2)


def test_a_worker_of_another_version_is_refused_before_anything_is_made(
    cluster: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffview.cluster.beginning.versions", lambda network: {"numpy": "1.0"})
    engine = Dask(cluster)
    with pytest.raises(UserError, match=r"The worker tcp://.* has numpy .*, and the job was begun with 1\.0"):
        Driver(ordered(tmp_path / "j"), engine).run()
    engine.close()
    assert Standing.read(tmp_path / "j").done == ()


def test_no_scheduler_at_an_address_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("diffview.cluster.engines.CONNECT_S", 1)
    with pytest.raises(UserError, match="No Dask scheduler answers") as refused:
        engine_of("tcp://127.0.0.1:1")
    assert "dask scheduler" in refused.value.hint


def test_workers_here_keep_their_memory_and_mind_no_other_job_on_the_usual_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    with socket.socket() as other:
        with suppress(OSError):  # another job has it
            other.bind(("127.0.0.1", 8787))
            other.listen()
        engine = engine_of("local:1")  # a warning would be an error here
    try:
        assert engine.workers == 1 and "MALLOC_TRIM_THRESHOLD_" not in os.environ  # of which a worker has a copy
    finally:
        engine.close()


def test_a_place_that_is_none_leaves_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "sample --model gaussian --fit red.nc red --region 8,8,16,16 --members 8 --on moon:3 -o"
    red_file(tmp_path)
    words = [str(tmp_path / word) if word == "red.nc" else word for word in shlex.split(line)]
    assert main([*words, str(tmp_path / "job")]) == 2 and "cannot be made on 'moon:3'" in capsys.readouterr().err
    assert not (tmp_path / "job").exists()


@pytest.mark.parametrize(
    ("on", "said"),
    [("moon:3", "cannot be made on 'moon:3'"), ("local:none", "cannot be 'none' workers"),
     ("slurm:q,workers=0", "workers"), ("slurm:q,cores=3", "cores")],
)  # fmt: skip
def test_places_that_are_none_are_sentences(on: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        engine_of(on)


# -- the whole job is killed


def words(folder: Path) -> list[str]:
    """A command that makes a hundred blocks on two workers."""
    line = "sample --model gaussian --fit red.nc red --region 8,8,16,16 --members 400 --block 4 --steps 60 --on local:2"
    return [sys.executable, "-m", "diffview", *shlex.split(line), "-o", str(folder)]


def red_file(folder: Path) -> None:
    """The field of these tests as a file."""
    with netCDF4.Dataset(folder / "red.nc", "w") as file:
        file.createDimension("y", 64)
        file.createDimension("x", 64)
        file.createVariable("red", "f4", ("y", "x"))[:] = RED
        file["red"].units = "K"


def test_a_job_that_is_killed_and_started_again_leaves_the_chunks_of_one_that_was_not(tmp_path: Path) -> None:
    red_file(tmp_path)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    first = subprocess.Popen(words(tmp_path / "cut"), cwd=tmp_path, env=env, start_new_session=True)
    marks = tmp_path / "cut" / FIELDS / "block_sha256" / "c"
    until = time.monotonic() + 60
    while not marks.is_dir() or len(list(marks.iterdir())) < 10:
        assert time.monotonic() < until and first.poll() is None
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    there = {path.name for path in marks.iterdir()}
    assert 10 <= len(there) < 100
    kept = {name: (marks / name / "0").stat().st_mtime_ns for name in there if (marks / name / "0").exists()}
    for folder in ("cut", "whole"):
        done = subprocess.run(
            words(tmp_path / folder), cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 and "100 of 100 blocks, 400 of 400 members" in done.stderr, done.stderr
    assert {name: (marks / name / "0").stat().st_mtime_ns for name in kept} == kept  # they were not made again
    assert chunks(tmp_path / "cut") == chunks(tmp_path / "whole")
    shutil.rmtree(tmp_path / "cut")


# -- Slurm and PBS, by the script that is submitted


@pytest.mark.parametrize("system", ["slurm", "pbs"])
def test_the_script_that_is_submitted(system: str) -> None:
    batch = Batch(workers=64, memory="8GB", walltime="02:00:00", account="climate")
    made = batch_cluster(system, "normal", batch, python="python")
    try:
        script = made.job_script().replace(made.scheduler_address, "tcp://HOST:PORT")
    finally:
        made.close()
    assert script.strip() == Path(__file__).with_name(f"{system}.sh").read_text().strip()
