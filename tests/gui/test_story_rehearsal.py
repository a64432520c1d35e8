"""The rehearsal of a lecture: every beat is played unattended, and what would fail in the hall is listed."""

import os
import subprocess
import sys

import pytest
from conftest import QUICK
from PySide6.QtWidgets import QApplication

from diffview.gui.story.rehearsal import Rehearsal, rehearsed
from diffview.story.beats import AnimateTime, PlayRun, SetValues, WaitBeat
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture, packaged_lecture, write_lecture
from diffview.story.parts import Stage

AHEAD = AnimateTime(t=1.0, seconds=0.1)
GOOD = Chapter("Good", "All is well.", stage=Stage(("reverse",)), recipe=QUICK, beats=(AHEAD, PlayRun(seconds=0.5)))
NO_MODEL = Chapter(
    "Bad", "It has no model.", stage=Stage(("reverse",)), recipe=QUICK,
    beats=(AHEAD, SetValues(values=(("model", "bt4096"),)), WaitBeat(seconds=0.0), PlayRun(seconds=0.5)),
)  # fmt: skip


def rehearse(window, *chapters):
    window.lecturing.begin(Lecture("L", chapters))
    places, lines = [], []
    rehearsal = Rehearsal(
        window.lecturing.talk, window.session, QApplication.processEvents, window.is_idle,
        lambda place: places.append(place) or ([] if place.beat != 1 or chapters[0] is GOOD else ["Looked at."]),
    )  # fmt: skip
    return rehearsed(rehearsal, lines.append), lines, places


def test_every_beat_is_played_and_nothing_is_told_of_a_lecture_that_is_well(window):
    well, lines, places = rehearse(window, GOOD, GOOD)
    assert well and places == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert [line.split(":")[0] for line in lines[:2]] == [" 1 Good", " 2 Good"]
    assert lines[-1].startswith("2 chapters, 4 beats in") and lines[-1].endswith("0 faults.")


def test_a_missing_model_and_what_was_seen_are_faults_of_their_beat(window):
    well, lines, _ = rehearse(window, NO_MODEL)
    assert not well
    assert any("Beat 2: " in fault and "bt4096" in fault for fault in lines[0].splitlines()[1:]), lines
    assert "   Looked at." in lines[0].splitlines()


@pytest.fixture
def command(tmp_path):
    """Run `diffview` with these words."""

    def run(*words):
        code = "import sys; from diffview.cli import main; sys.exit(main())"
        env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run(
            [sys.executable, "-c", code, *words], check=False, capture_output=True, text=True, env=env, timeout=300
        )

    return run


def test_the_command_says_by_its_status_whether_a_lecture_can_be_given(command, tmp_path):
    write_lecture(Lecture("Good", (GOOD,)), tmp_path / "good")
    write_lecture(Lecture("Bad", (NO_MODEL,)), tmp_path / "bad")
    done = command("--present", str(tmp_path / "good"), "--check", "--size", "1280x720")
    assert done.returncode == 0 and "1 chapters, 2 beats" in done.stdout, done.stderr
    done = command("--present", str(tmp_path / "bad"), "--check", "--size", "1280x720")
    assert done.returncode == 1 and "bt4096" in done.stdout
    done = command("--present", str(tmp_path / "none"), "--check")
    assert done.returncode == 2 and "is not there" in done.stderr
    assert command("--check").returncode == 2


def test_the_packaged_lecture_has_fourteen_chapters_whose_fields_come_with_the_program():
    lecture = packaged_lecture()
    assert len(lecture.chapters) == 14 and lecture.home is None
    assert all(len(chapter.beats) >= 3 and chapter.stage.pictures for chapter in lecture.chapters)
    assert lecture.seconds < 15 * 60 and len({chapter.title for chapter in lecture.chapters}) == 14
    models = {scene.recipe.denoiser.model for chapter in lecture.chapters for scene in chapter.scenes}
    assert models <= {"bt64", "rain64-from-coarse", "gaussian", "data", "local"}
