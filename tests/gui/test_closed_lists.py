"""On a real X server, which keeps nothing of what lies under a window: what a list has covered is drawn again."""

import os
import shutil
import subprocess
import sys

import pytest

SCRIPT = """
import sys, tempfile, time
from pathlib import Path

from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QComboBox

from diffview.fields.field import Region
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings
from diffview.runs.recipe import default_recipe

PATIENCE_S = 120

app = application()
recipe = default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64))
window = create_window(recipe, settings=Settings(Path(tempfile.mkdtemp()) / "settings.ini"))
show_window(window, (1100, 700))
QCursor.setPos(1279, 799)  # beside the window: what is pointed at is drawn otherwise


def until(done, what):
    end = time.monotonic() + PATIENCE_S
    while not done():
        app.processEvents()
        time.sleep(0.02)
        if time.monotonic() > end:
            sys.exit(f"It is never so that {what}.")


def screen():
    return app.primaryScreen().grabWindow(0).toImage()


def still():
    one = screen()
    for _ in range(10):
        app.processEvents()
        time.sleep(0.02)
    return window.is_idle() and one == screen()


until(still, "the window is still")
for name in ("modelCombo", "samplerCombo", "scheduleCombo"):
    box = window.findChild(QComboBox, name)
    box.setFocus()
    until(still, "the window is still")
    before = screen()
    box.showPopup()
    until(lambda: screen() != before and still(), f"the list of {name} is seen")
    ground = box.view().window().geometry()
    opened = screen().copy(ground)
    box.hidePopup()
    until(lambda: screen().copy(ground) == before.copy(ground), f"what the list of {name} covered is drawn again")
    if opened == before.copy(ground):
        sys.exit(f"The list of {name} covered nothing.")
window.close()
print("all is drawn again")
"""


@pytest.fixture
def display():
    """The name of a display of its own."""
    if shutil.which("Xvfb") is None:
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    server = subprocess.Popen(words, pass_fds=(write,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    if not number:
        pytest.skip("Xvfb does not start here")
    yield f":{number}"
    server.terminate()
    server.wait()


def test_what_a_closed_list_has_covered_is_drawn_again(display, tmp_path):
    around = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "HOME": str(tmp_path)}
    words = [sys.executable, "-P", "-c", SCRIPT]
    done = subprocess.run(words, env=around, capture_output=True, text=True, timeout=540, check=False)
    if "could not connect to display" in done.stderr or "xcb-cursor" in done.stderr:
        pytest.skip("Qt has no X here")
    assert done.returncode == 0 and "all is drawn again" in done.stdout, done.stderr
