"""A job that another process drives, seen in the window: how far it is, what failed, and what is asked of it."""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import replace

import netCDF4
import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.cli import main
from diffview.cluster.beginning import order_for
from diffview.cluster.block import make_block
from diffview.cluster.following import Following, go_on
from diffview.cluster.standing import ASKED, Standing, asked
from diffview.cluster.store import Store
from diffview.errors import UserError
from diffview.gui.jobs.ensemble import Summaries
from diffview.gui.jobs.following import JobFollower
from diffview.gui.show.job_words import failures, headline, speed
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.resolve import resolve

HALF = Standing(
    blocks=6, members=22, done=((0, 1), (3, 3)), failed={2: "No room. Make some."}, made=12, rate=4.0, left=150.0,
    workers=2, on="local:2", process=os.getpid(), machine=socket.gethostname(),
)  # fmt: skip


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def opened(window, find, tmp_path, monkeypatch):
    """The job in this folder, or another one, opened by the menu."""

    def follow(folder=tmp_path):
        monkeypatch.setattr(
            "diffview.gui.window.elsewhere.QFileDialog.getExistingDirectory", lambda *a, **k: str(folder)
        )
        find(window, "openJobAction").trigger()
        return window

    return follow


def test_a_job_at_work_shows_how_far_it_is_and_is_cancelled_and_retried(opened, find, wait, tmp_path):
    HALF.write(tmp_path)
    window = opened()
    wait(lambda: "block 3 of 6, 12 of 22 members" in find(window, "jobHeadline").text())
    assert find(window, "jobSpeed").text() == "4 members/s on 2 workers (local:2), 2 min left"
    assert find(window, "jobFailures").text() == "Block 2: No room. Make some."
    press(find(window, "jobCancel"))
    assert asked(tmp_path) == "cancel" and not (tmp_path / ASKED).exists()
    assert find(window, "jobAgain").text() == "Retry"
    press(find(window, "jobAgain"))
    assert asked(tmp_path) == "retry"
    replace(HALF, state="finished", done=((0, 5),), made=22, failed={}).write(tmp_path)
    wait(lambda: find(window, "jobHeadline").text().startswith("Finished: block 6 of 6"))
    assert not find(window, "jobCancel").isEnabled() and not find(window, "jobAgain").isEnabled()
    find(window, "jobDialog").close()
    wait(lambda: not window.findChild(JobFollower).active)  # nobody looks any more
    window.close()
    assert Standing.read(tmp_path).done_count == 6  # nothing of the job ends with the window


def test_a_folder_without_a_job_is_a_sentence(opened, find, wait):
    window = opened()
    wait(lambda: "holds no job" in find(window, "messageBar").text())


def test_a_job_that_was_killed_is_gone_on_with_by_its_own_command(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **how: begun.append((words, how)))
    with pytest.raises(UserError, match="does not say how it was begun"):
        go_on(Following(tmp_path, replace(HALF, words=("train", "x.nc"))))
    line = ("sample", "--on", "here", "-o", "many")
    job = Following(tmp_path, replace(HALF, words=line, cwd=str(tmp_path)))
    go_on(job)
    ((words, how),) = begun
    assert words == [sys.executable, "-m", "diffview", *line] and how["cwd"] == str(tmp_path)
    assert how["start_new_session"] is True and job.driven
    go_on(Following(tmp_path, replace(HALF, words=("-q", "sample", "--on=here", "-o", "many"), cwd=str(tmp_path))))
    assert begun[-1][0][3:5] == ["-q", "sample"]


def test_a_job_that_cannot_be_gone_on_with_says_why_and_is_not_at_work_any_more(opened, find, wait, tmp_path):
    line = ("sample", "--fit", "gone.nc", "red", "--members", "4", "--on", "here", "-o", "many")
    replace(HALF, state="failed", failed={}, words=line, cwd=str(tmp_path)).write(tmp_path)
    window = opened()
    wait(lambda: find(window, "jobAgain").isEnabled())
    press(find(window, "jobAgain"))
    wait(lambda: not find(window, "jobAgain").isEnabled())  # it is not begun twice
    wait(lambda: find(window, "jobFailures").text().startswith("gone.nc does not exist"))
    assert find(window, "jobHeadline").text().startswith("Failed") and find(window, "jobAgain").isEnabled()


def test_a_driver_that_was_started_here_and_killed_is_seen_to_have_ended(tmp_path):
    job = Following(tmp_path, HALF)
    job.begun = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    replace(HALF, process=job.begun.pid).write(tmp_path)
    job.look()
    assert job.driven
    job.begun.kill()
    os.waitid(os.P_PID, job.begun.pid, os.WEXITED | os.WNOWAIT)  # a zombie, which counts as a process
    job.look()
    assert not job.driven and not job.refused


def test_words_of_a_job_that_was_broken_off():
    assert headline(HALF, False) == "Broken off: block 3 of 6, 12 of 22 members." and speed(HALF, False) == ""
    many = replace(HALF, failed=dict.fromkeys(range(20), "No."), said="It ended.")
    assert failures(many).splitlines()[0] == "It ended." and failures(many).endswith("12 more failed.")


def test_the_mean_of_the_members_so_far_is_shown_and_fills_while_blocks_arrive(opened, find, wait, tmp_path):
    out = tmp_path / "many"
    plan = resolve(QUICK.but(members=6, block=2), Facts(packaged_field()))
    order = order_for(plan, packaged_field(), out)
    make_block(order.work, 0)
    order.streamed.add(order.store.read(0))
    order.store.save(order.streamed, 1, order.names)
    replace(HALF, blocks=3, members=6, done=((0, 0),), failed={}, process=0).write(out)
    window = opened(out)
    wait(lambda: find(window, "jobShow").isVisible())
    press(find(window, "jobShow"))
    first = order.store.read(0)
    wait(lambda: window.session.facts.field.name.endswith("_mean"))
    np.testing.assert_allclose(window.session.facts.field.values, first.mean(axis=0), rtol=1e-5)
    for number in (1, 2):
        make_block(order.work, number)
        order.streamed.add(order.store.read(number))
    order.store.save(order.streamed, 3, order.names)
    replace(HALF, state="finished", blocks=3, members=6, done=((0, 2),), failed={}, process=0).write(out)
    whole = np.concatenate([order.store.read(number) for number in range(3)]).mean(axis=0)
    wait(lambda: np.allclose(window.session.facts.field.values, whole, rtol=1e-5))
    assert window.session.recipe.source.path == str(out / "fields.zarr")


def test_a_job_of_all_times_is_opened_as_the_set_of_what_is_made(opened, find, wait, tmp_path):
    days, out = tmp_path / "days", tmp_path / "times"
    days.mkdir()
    for day in range(2):
        with netCDF4.Dataset(days / f"{day}.nc", "w") as file:
            for name, size in (("time", 1), ("y", 16), ("x", 16)):
                file.createDimension(name, size)
            file.createVariable("time", "f8", ("time",))[:] = day
            file["time"].units = "days since 2001-01-01"
            file.createVariable("sst", "f4", ("time", "y", "x"))[:] = np.random.default_rng(day).normal(size=(16, 16))
    words = "--model gaussian --s 1 --steps 2 --region 0,0,16,16 --all-times --on here"
    assert main(["sample", "--start", str(days), "sst", *words.split(), "-o", str(out)]) == 0
    window = opened(out)
    wait(lambda: find(window, "jobHeadline").text() == "Finished: block 2 of 2, 2 of 2 members.")
    press(find(window, "jobMembers"))
    assert "makes a file of every time" in find(window, "messageBar").text()
    press(find(window, "jobShow"))
    wait(lambda: window.session.recipe.source.path == str(out / "parts"))
    with netCDF4.Dataset(out / "parts" / f"{window.session.recipe.source.index[0]:05d}.nc") as file:
        np.testing.assert_array_equal(
            np.sort(window.session.facts.field.values.ravel()), np.sort(file["sst"][:].ravel())
        )
    find(window, "jobDialog").close()


def begun(out, **asked):
    """A job of the packaged field whose driver has not made a block yet, and its order."""
    field = packaged_field()
    order = order_for(resolve(QUICK.but(**asked), Facts(field)), field, out)
    members, sizes = asked["members"], order.work.sizes
    replace(HALF, blocks=len(sizes), members=members, done=(), failed={}, cwd=str(out)).write(out)
    return order


def made_until(order, out, count):
    """The first blocks made, and said to be there."""
    for number in range(count):
        if number not in order.store.done():
            make_block(order.work, number)
    sizes = order.work.sizes
    replace(
        HALF, blocks=len(sizes), members=sum(sizes), done=((0, count - 1),), made=sum(sizes[:count]), failed={},
        cwd=str(out),
    ).write(out)  # fmt: skip


def test_the_views_of_the_ensemble_fill_while_blocks_of_a_running_job_arrive(opened, find, wait, badge, tmp_path):
    """All members fit into the window: mean, spread, share and quantile are of those that came."""
    out = tmp_path / "many"
    order = begun(out, members=6, block=2, seed=9)
    made_until(order, out, 1)
    window = opened(out)
    wait(lambda: find(window, "jobMembers").isVisible())
    press(find(window, "jobMembers"))
    live, sums = window.live, window.findChild(Summaries)
    wait(lambda: sums.summary is not None and sums.summary.count == 2 and live.run.recorded_by == "the job many")
    assert window.session.recipe.course.seed == 9 and window.session.recipe.ensemble.members == 6
    for blocks in (2, 3):
        made_until(order, out, blocks)
        wait(lambda count=2 * blocks: sums.summary is not None and sums.summary.count == count)
        members = np.concatenate([order.store.look(number) for number in range(blocks)]).astype(float)
        np.testing.assert_allclose(sums.summary.mean, members.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(sums.summary.spread, members.std(axis=0, ddof=1), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(sums.summary.quantile(0.5), np.quantile(members, 0.5, axis=0), rtol=1e-5)
        above = (members > members.mean()).mean(axis=0)
        np.testing.assert_allclose(sums.summary.above(float(members.mean())), above, atol=1e-6)
    assert "Made by the job many: 6 of 6 members so far" in find(window, "statusText").text()
    window.session.look(statistic="mean")
    assert "mean of 6 members" in badge(window.reverse.view)
    window.session.edit(seed=10)  # another run: ours, which no block of the job replaces
    wait(lambda: not live.run.recorded_by and live.idle)
    find(window, "jobDialog").close()


@pytest.mark.parametrize(
    ("bound", "most"), [("diffview.runs.in_blocks.MOST_KEPT", 2 * 64 * 64), ("diffview.cluster.arriving.MOST", 5)]
)
def test_of_more_members_than_a_window_keeps_all_that_came_are_counted(
    opened, find, wait, tmp_path, monkeypatch, bound, most
):
    out = tmp_path / "many"
    monkeypatch.setattr(bound, most)
    order = begun(out, members=6, block=2, seed=9)
    made_until(order, out, 2)
    window = opened(out)
    wait(lambda: find(window, "jobMembers").isVisible())
    press(find(window, "jobMembers"))
    sums = window.findChild(Summaries)
    wait(lambda: sums.summary is not None and sums.summary.count == 4)
    made_until(order, out, 3)
    wait(lambda: sums.summary is not None and sums.summary.count == 6)
    members = np.concatenate([order.store.look(number) for number in range(3)]).astype(float)
    assert len(sums.summary.members) == 2
    np.testing.assert_allclose(sums.summary.mean, members.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(sums.summary.spread, members.std(axis=0, ddof=1), rtol=1e-5)
    find(window, "jobDialog").close()


def test_a_job_that_forgets_its_members_says_so_and_what_helps(opened, find, wait, tmp_path):
    out = tmp_path / "many"
    begun(out, members=4, block=2, statistics="mean")
    window = opened(out)
    wait(lambda: find(window, "jobMembers").isVisible())
    press(find(window, "jobMembers"))
    assert "counts its members and forgets them" in find(window, "messageBar").text()
    shutil.move(out / "fields.zarr", out / "elsewhere")
    press(find(window, "jobMembers"))
    assert "has made no store yet" in find(window, "messageBar").text()
    find(window, "jobDialog").close()


def test_the_members_of_a_finished_job_are_those_of_its_own_field_wherever_it_was_begun(
    opened, find, wait, tmp_path, monkeypatch
):
    """The file is named relative to the folder of the command, and the window stands elsewhere."""
    there, elsewhere = tmp_path / "there", tmp_path / "elsewhere"
    for folder in (there, elsewhere):
        folder.mkdir()
    with netCDF4.Dataset(there / "red.nc", "w") as file:
        for name in ("y", "x"):
            file.createDimension(name, 48)
        walk = np.random.default_rng(1).normal(size=(48, 48)).cumsum(0).cumsum(1)
        file.createVariable("red", "f4", ("y", "x"))[:] = walk
        file["red"].units = "K"
    monkeypatch.chdir(there)
    line = (
        "sample --model gaussian --fit red.nc red --region 8,8,16,16 --members 4 --block 2 --steps 2 --on here -o many"
    )
    assert main(line.split()) == 0
    monkeypatch.chdir(elsewhere)
    window = opened(there / "many")
    wait(lambda: find(window, "jobMembers").isVisible())
    press(find(window, "jobMembers"))
    sums = window.findChild(Summaries)
    wait(lambda: sums.summary is not None and window.live.run.recorded_by == "the job many")
    with_members = Store(there / "many")
    members = np.concatenate([with_members.look(number) for number in (0, 1)]).astype(float)
    wait(lambda: sums.summary.mean.shape == (16, 16))
    np.testing.assert_allclose(sums.summary.mean, members.mean(axis=0), rtol=1e-5)
    other = begun(tmp_path / "other", members=4, block=2)  # of another run, whose members nobody asked for
    made_until(other, tmp_path / "other", 1)
    opened(tmp_path / "other")
    wait(lambda: "block 1 of 2" in find(window, "jobHeadline").text())
    assert window.live.run.recorded_by == "the job many" and sums.summary.count == 4
    find(window, "jobDialog").close()
