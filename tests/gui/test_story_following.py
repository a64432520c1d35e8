"""A training that another process does, followed in the window: its log, its curve, and what it makes."""

import csv
import os
import time

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.cli import main
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.gui.jobs.following import TrainingFollower
from diffview.gui.show.training_words import followed_details, followed_headline
from diffview.learning.followed import CARD, FollowedTraining, LogLine, is_training, read_log
from diffview.learning.progress import COLUMNS, CsvLog, TrainingReport
from diffview.learning.settings import LOG
from diffview.readers.packaged import packaged_field

FILE = packaged_field().provenance["path"]
SMALL = ("--batch", "4", "--size", "16", "--width", "8", "--device", "cpu", "--minutes", "0")


def train(folder, steps, *more):
    words = ["train", FILE, "data", "-o", str(folder), "--steps", str(steps), *SMALL, *more, "-q"]
    assert main(words) == 0


def write_log(folder, rows, tail=""):
    folder.mkdir(exist_ok=True)
    with (folder / LOG).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
        file.write(tail)


@pytest.fixture
def opened(open_window, find, monkeypatch):
    """opened(folder): a window in which a folder was opened by the menu."""

    def follow(folder, **how):
        window = open_window(**how)
        monkeypatch.setattr(
            "diffview.gui.window.elsewhere.QFileDialog.getExistingDirectory", lambda *a, **k: str(folder)
        )
        find(window, "openJobAction").trigger()
        return window

    return follow


def test_its_log_is_followed_while_it_is_written_and_closing_ends_the_looking_alone(opened, find, wait, tmp_path):
    folder = tmp_path / "mine"
    rows = [[50 * i, 2.0 * i, 200 * i, 1.0 / i, 2.0 / i, 1e-3] for i in range(1, 6)]
    write_log(folder, rows)
    window = opened(folder)
    wait(lambda: "step 250" in find(window, "followedHeadline").text())
    assert find(window, "followedHeadline").text() == "Training mine · step 250"
    assert find(window, "followedDetail").text() == "loss 0.20 · on held-out fields 0.40 · 25.00 steps/s"
    assert not find(window, "followedShow").isEnabled()
    x, y = find(window, "followedLoss").curve()
    assert x.tolist() == [50, 100, 150, 200, 250] and y[0] == pytest.approx(0.0, abs=0.3)
    write_log(folder, [*rows, [300, 12.0, 1200, 0.1, 0.2, 1e-3]], tail="350,14.0,14")
    wait(lambda: "step 300" in find(window, "followedHeadline").text())
    find(window, "trainingDialog").close()
    wait(lambda: not window.findChild(TrainingFollower).active)
    assert (folder / LOG).is_file()


def test_what_it_makes_is_shown_and_again_after_its_next_checkpoint(opened, find, wait, settle, tmp_path):
    folder = tmp_path / "net"
    train(folder, 2)
    window = opened(folder, recipe=QUICK.but(region=Region(40, 120, 16, 16)))
    session = window.session
    wait(lambda: find(window, "followedShow").isEnabled())
    assert find(window, "followedHeadline").text() == "Trained net · step 2"
    QTest.mouseClick(find(window, "followedShow"), Qt.MouseButton.LeftButton)

    def settle_model():
        return session.plan.card is not None and session.plan.card.training["steps"]

    wait(lambda: settle_model() == 2 and window.live.run.plan.card is session.plan.card and window.live.idle)
    before = window.live.run.trajectory.last.y.copy()
    assert before.shape[2:] == (16, 16)
    train(folder, 5, "--resume")
    wait(lambda: settle_model() == 5)
    wait(lambda: window.live.run.plan.card is session.plan.card and window.live.idle)
    assert not np.array_equal(window.live.run.trajectory.last.y, before)
    assert find(window, "followedHeadline").text() == "Trained net · step 5"


def test_a_folder_that_holds_neither_is_a_sentence(opened, tmp_path):
    window = opened(tmp_path)
    (said,) = window.heard
    assert said.kind == "error" and "holds no job" in said.sentence
    with pytest.raises(UserError, match="holds no training"):
        FollowedTraining.of(tmp_path)


def test_lines_of_a_log_that_are_none_are_left_out(tmp_path):
    log = CsvLog(tmp_path, 0)
    for step in (50, 100):
        log.add(TrainingReport(step, step / 10, 0.5, 1e-3, 1.0, 4 * step))
    with (tmp_path / LOG).open("a", encoding="utf-8") as file:
        file.write("nothing,at,all\n150,15.0,600,0.25,nan,0.001\n200,2")
    lines = read_log(tmp_path)
    assert [line.step for line in lines] == [50, 100, 150] and lines[2] == pytest.approx(
        (150, 15.0, 0.25, np.nan), nan_ok=True
    )
    assert is_training(tmp_path) and read_log(tmp_path / "no") == ()


def test_a_training_that_is_silent_says_so(tmp_path):
    write_log(tmp_path / "mine", [[50, 2.0, 200, 1.0, "nan", 1e-3]])
    long_ago = time.time() - 1000
    os.utime(tmp_path / "mine" / LOG, (long_ago, long_ago))
    job = FollowedTraining.of(tmp_path / "mine")
    assert followed_headline(job) == "Nothing is heard of mine for 17 min · step 50"
    assert followed_details(job) == "loss 1.00" and job.card is None and not (tmp_path / "mine" / CARD).exists()


def test_the_share_that_is_done_and_the_time_left_are_those_of_its_settings(tmp_path):
    train(tmp_path / "net", 4, "--param", "checkpoint=1")
    job = FollowedTraining.of(tmp_path / "net")
    assert job.share == 1.0 and job.left == 0.0
    job.lines = (LogLine(1, 2.0, 1.0, np.nan), LogLine(3, 6.0, 0.5, np.nan))
    assert job.share == 3 / 4 and job.left == pytest.approx(2.0) and job.speed == 0.5
    assert followed_headline(job) == "Training net · step 3 of 4"
