"""A cluster by its address in the window: who works there, or why nobody does, and the members made there."""

import json
import socket
import subprocess
import sys

import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.cluster.beginning import order_for
from diffview.cluster.connecting import Connecting
from diffview.cluster.following import RECIPE, begin_at
from diffview.cluster.standing import Standing
from diffview.errors import UserError
from diffview.gui.jobs.following import Connector, JobFollower
from diffview.gui.show.job_words import answer
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

SETTLED = resolve(QUICK.but(members=6, block=2), Facts(packaged_field())).settled


def press(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def dialog(window, find):
    """The dialog, opened by the menu, in a window whose run has six members in three blocks."""
    window.session.edit(members=6, block=2)
    find(window, "connectAction").trigger()
    return find(window, "clusterDialog")


def typed(find, window, text):
    """An address typed anew, and Connect pressed."""
    field = find(window, "clusterAddress")
    field.selectAll()
    QTest.keyClicks(field, text)
    press(find(window, "clusterConnect"))


@pytest.fixture
def silent():
    """The address of something that takes connections and never says a word."""
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        there.listen()
        yield f"tcp://127.0.0.1:{there.getsockname()[1]}"


def test_no_scheduler_at_the_address_is_a_sentence_with_a_hint_in_the_dialog(window, dialog, find, wait):
    pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    typed(find, window, f"tcp://127.0.0.1:{port}")
    assert find(window, "clusterAnswer").text().endswith("is being asked…")
    assert not find(window, "clusterConnect").isEnabled()  # one at a time
    wait(lambda: "No Dask scheduler answers at tcp://127.0.0.1" in find(window, "clusterAnswer").text())
    assert "dask scheduler" in find(window, "clusterAnswer").text() and not find(window, "clusterMake").isEnabled()
    assert find(window, "clusterConnect").isEnabled()
    typed(find, window, "moon:3")
    wait(lambda: "cannot be made on 'moon:3'" in find(window, "clusterAnswer").text())


def test_a_silent_address_holds_neither_the_window_nor_its_end(window, dialog, find, wait, silent):
    typed(find, window, silent)
    assert window.findChild(Connector).active
    find(window, "clusterDialog").close()
    wait(lambda: not window.findChild(Connector).active)
    assert window.findChild(Connector).job.state == "stopped"


def test_members_are_made_at_the_address_as_a_job_that_the_window_follows(
    window, dialog, find, wait, tmp_path, monkeypatch
):
    """`here` stands for a cluster: the driver is a process of its own, and its store that of `sample --on`."""
    out = tmp_path / "many"
    out.mkdir()
    monkeypatch.setattr("diffview.gui.window.cluster_window.QFileDialog.getExistingDirectory", lambda *a, **k: str(out))
    assert not find(window, "clusterMake").isEnabled()
    typed(find, window, "here")
    wait(lambda: find(window, "clusterAnswer").text() == "1 worker answers at here.")
    press(find(window, "clusterMake"))
    assert not dialog.isVisible() and find(window, "jobDialog").isVisible()
    assert Standing.read(out).members == 6 and Recipe.from_json((out / RECIPE).read_text()).ensemble.members == 6
    wait(lambda: find(window, "jobHeadline").text() == "Finished: block 3 of 3, 6 of 6 members.")
    plan = window.session.plan
    assert order_for(plan, window.session.facts.field, out).store.done() == {0, 1, 2}  # that of the same run
    find(window, "jobDialog").close()
    wait(lambda: not window.findChild(JobFollower).active)


def test_another_address_has_to_be_asked_anew(window, dialog, find, wait):
    typed(find, window, "here")
    wait(lambda: find(window, "clusterMake").isEnabled())
    QTest.keyClicks(find(window, "clusterAddress"), "x")
    assert not find(window, "clusterMake").isEnabled() and find(window, "clusterAnswer").text() == ""


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UserError, match="is no store of a job"):
        begin_at(tmp_path, SETTLED, "here")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_begun_is_the_command_line_of_the_run(tmp_path, monkeypatch):
    begun = []
    monkeypatch.setattr(subprocess, "Popen", lambda words, **how: begun.append(words))
    out = tmp_path / "job"
    job = begin_at(out, SETTLED, "tcp://a:1")
    words = ["sample", "--recipe", str(out / RECIPE), "--on", "tcp://a:1", "-o", str(out)]
    assert begun == [[sys.executable, "-m", "diffview", *words]] and job.driven
    assert (job.standing.blocks, job.standing.members, job.standing.words) == (3, 6, tuple(words))
    assert json.loads((out / RECIPE).read_text()) == json.loads(SETTLED.to_json())


@pytest.mark.parametrize(
    ("lines", "workers"),
    [(('{"workers": 3}', "Exception ignored in: <function>"), 3), (("[1]", '{"workers": 2}', "7"), 2),
     (("", "Fatal {"), None), ((), None)],
)  # fmt: skip
def test_whatever_else_the_process_that_asks_writes_its_answer_is_found_or_there_is_a_sentence(
    tmp_path, monkeypatch, lines, workers
):
    asking = tmp_path / "python"
    asking.write_text("#!/bin/sh\ncat <<'END'\n" + "\n".join(lines) + "\nEND\n")
    asking.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(asking))
    job = Connecting("tcp://a:1")
    if workers is None:
        with pytest.raises(UserError, match=r"tcp://a:1 could not be asked\. Try `diffview sample"):
            job.work()
    else:
        job.work()
    assert job.workers == (workers or 0)


def test_words_of_who_works_there():
    job = Connecting("tcp://a:1")
    job.state, job.workers = "finished", 0
    assert answer(job) == "tcp://a:1 answers, and no worker is there yet: blocks wait until one comes."
    job.workers = 1200
    assert answer(job) == "1,200 workers answer at tcp://a:1."
