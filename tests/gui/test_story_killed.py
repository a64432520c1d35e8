"""A talk whose program is killed at any beat is taken up at that beat by the next start."""

import os
import random
import signal
import subprocess
import sys

import pytest
from conftest import QUICK

from diffview.story.beats import AnimateTime, SetValues
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture, write_lecture
from diffview.story.parts import Stage

PROGRAM = """
import sys, time
from pathlib import Path
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings

app = application()
window = create_window(settings=Settings(Path(sys.argv[1])))
show_window(window, (1280, 720))
window.lecturing.start(Path(sys.argv[2]) if len(sys.argv) > 3 else None)
talk = window.lecturing.talk

def rest():
    while talk.playing:
        app.processEvents()

rest()
print("began", talk.lecture.title, *talk.place, window.session.recipe.course.seed, flush=True)
for _ in range(int(sys.argv[3]) if len(sys.argv) > 3 else 0):
    talk.next()
    rest()
print("stands", *talk.place, window.session.recipe.course.seed, flush=True)
if len(sys.argv) > 3:
    talk.next()  # killed in the middle of a beat
    while True:
        app.processEvents()
"""

SLOW = AnimateTime(t=1.0, seconds=60.0)


def chapter(number):
    beats = (*(SetValues(values=(("seed", 10 * number + k),)) for k in (1, 2, 3)), SLOW)
    return Chapter(f"C{number}", "It is one of two.", stage=Stage(("forward",)), recipe=QUICK, beats=beats)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill that cannot be caught")
def test_a_talk_that_is_killed_at_random_beats_returns_to_each(tmp_path):
    folder, settings = tmp_path / "talk", tmp_path / "config" / "diffview.ini"
    settings.parent.mkdir()
    write_lecture(Lecture("Two", (chapter(0), chapter(1))), folder)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_CONFIG_HOME": str(tmp_path)}
    for presses in random.Random(17).sample(range(3), 2):
        (settings.parent / "talk.json").unlink(missing_ok=True)
        words = [sys.executable, "-c", PROGRAM, str(settings), str(folder)]
        with subprocess.Popen([*words, str(presses)], stdout=subprocess.PIPE, text=True, env=env) as talk:
            said = [talk.stdout.readline().split() for _ in range(2)]
            assert said == [["began", "Two", "0", "0", "0"], ["stands", "0", str(presses), str(presses)]]
            while f'"beat": {presses + 1}' not in (settings.parent / "talk.json").read_text():
                pass
            talk.send_signal(signal.SIGKILL)
        again = subprocess.run(words, check=True, capture_output=True, text=True, env=env, timeout=200)
        seed = str(min(presses + 1, 3))
        assert again.stdout.splitlines()[0].split() == ["began", "Two", "0", str(presses + 1), seed]
