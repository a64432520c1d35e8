"""A real Dask scheduler and its workers, each a process, driven from the window: the story of a job to its end."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.cluster.beginning import order_for
from diffview.cluster.block import make_block
from diffview.cluster.standing import Standing
from diffview.gui.jobs.ensemble import Summaries
from diffview.gui.jobs.following import JobFollower

pytest.importorskip("distributed")
RUN = {"members": 96, "block": 4, "steps": 6000, "seed": 3}
"""24 blocks, each of which takes a second or so: a quick machine made shorter ones before Cancel was pressed."""


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def started(words, log):
    """A process of Dask, a session of its own, which writes into a log."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with log.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", *words], env=env, stdout=said, stderr=said, cwd=log.parent, start_new_session=True
        )


@pytest.fixture
def scheduler(tmp_path):
    """`dask scheduler` on this machine: its address; and a function that starts `dask worker` with it."""
    file, processes = tmp_path / "scheduler.json", []
    words = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    processes.append(started([*words, "--scheduler-file", str(file)], tmp_path / "scheduler.log"))
    until = time.monotonic() + 120
    while not file.is_file() or not file.read_text():
        assert time.monotonic() < until and processes[0].poll() is None, (tmp_path / "scheduler.log").read_text()
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]

    def worker():
        words = ["distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
        processes.append(started(words, tmp_path / f"worker{len(processes)}.log"))
        return processes[-1]

    yield address, worker
    for process in reversed(processes):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def told(find, window, text):
    """Whether a text stands in the headline of the job."""
    return text in find(window, "jobHeadline").text()


def test_a_job_on_a_scheduler_from_connect_to_its_end(window, find, wait, scheduler, tmp_path, monkeypatch):
    """Connect, no worker yet, two of them, Make, views that fill, Cancel, Go on, a worker is killed, the end."""
    (address, worker), out = scheduler, tmp_path / "job"
    out.mkdir()
    monkeypatch.setattr("diffview.gui.window.cluster_window.QFileDialog.getExistingDirectory", lambda *a, **k: str(out))
    window.session.edit(**RUN)
    find(window, "connectAction").trigger()
    QTest.keyClicks(find(window, "clusterAddress"), address)
    press(find(window, "clusterConnect"))
    wait(lambda: find(window, "clusterAnswer").text() == f"{address} answers, and no worker is there yet: "
         "blocks wait until one comes.")  # fmt: skip
    workers = [worker(), worker()]

    def both_are_there():
        press(find(window, "clusterConnect"))
        wait(lambda: find(window, "clusterConnect").isEnabled())
        return find(window, "clusterAnswer").text() == f"2 workers answer at {address}."

    wait(both_are_there)
    press(find(window, "clusterMake"))
    wait(lambda: told(find, window, "Running: block ") and not told(find, window, "block 0"))
    wait(lambda: f"on 2 workers ({address})" in find(window, "jobSpeed").text())
    press(find(window, "jobCancel"))
    wait(lambda: told(find, window, "Stopped: block "))
    some = Standing.read(out)
    assert 0 < some.done_count < 24 and some.state == "stopped"
    press(find(window, "jobMembers"))
    sums = window.findChild(Summaries)
    wait(lambda: sums.summary is not None and sums.summary.count == 4 * some.done_count)
    assert window.live.run.recorded_by == "the job job"
    wait(lambda: find(window, "jobAgain").isEnabled())  # the driver that stopped has let go of the scheduler
    assert find(window, "jobAgain").text() == "Go on"
    press(find(window, "jobAgain"))
    wait(lambda: Standing.read(out).done_count > some.done_count)
    os.killpg(workers[0].pid, signal.SIGKILL)
    wait(lambda: told(find, window, "Finished: block 24 of 24, 96 of 96 members."))
    assert not find(window, "jobFailures").text()
    wait(lambda: sums.summary is not None and sums.summary.count == 96)
    plan, field = window.session.plan, window.session.facts.field
    job, here = order_for(plan, field, out), order_for(plan, field, tmp_path / "here")
    for number in (0, some.done_count, 23):
        make_block(here.work, number)
        np.testing.assert_array_equal(job.store.look(number), here.store.look(number))
    whole = np.concatenate([job.store.look(number) for number in range(24)]).astype(float)
    np.testing.assert_allclose(sums.summary.mean, whole.mean(axis=0), rtol=1e-5)
    find(window, "jobDialog").close()
    wait(lambda: not window.findChild(JobFollower).active)
