"""What is looked at later costs the start nothing, and is there when it is asked for."""

import subprocess
import sys

import pytest

from diffview.gui.app import create_window, show_window

LATE = (
    "diffview.scores.verify",
    "diffview.scores.race",
    "diffview.scores.scoreboard",
    "diffview.gui.jobs.scoring",
    "diffview.gui.jobs.trainer",
    "diffview.gui.panels.model",
    "diffview.gui.story.talk",
    "diffview.gui.story.stage",
    "diffview.gui.story.rehearsal",
    "diffview.gui.widgets.small.equation_view",
    "diffview.gui.widgets.small.finder",
    "diffview.story.chapter",
    "diffview.story.typeset",
)


def test_the_window_is_imported_without_what_trains_verifies_races_and_gives_talks():
    code = "import sys, diffview.gui.app; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "diffview.gui.window.main_window" in found
    assert not set(LATE) & set(found)


AHEAD = """
import sys, threading

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy.ma":
            print(threading.current_thread().name)

from diffview.gui.bench.tools import open_window, until
sys.meta_path.insert(0, Watch())
with open_window():
    until(lambda: "numpy.ma" in sys.modules)
    import numpy.ma
"""


def test_what_the_first_quantile_imports_is_imported_beside_the_window():
    found = subprocess.run([sys.executable, "-c", AHEAD], capture_output=True, text=True, check=True).stdout.split()
    assert found == ["imports"]


@pytest.mark.parametrize("name", ["train", "model", "race", "scoreboard", "calibration"])
def test_a_dock_makes_its_panel_when_it_is_first_shown_and_keeps_it(window, name):
    dock = getattr(window, f"{name}_dock")
    assert dock.widget() is None
    dock.toggleViewAction().trigger()
    panel = dock.widget()
    assert panel is not None and panel.isVisible()
    dock.toggleViewAction().trigger()
    dock.toggleViewAction().trigger()
    assert dock.widget() is panel and panel.isVisible()


def test_jobs_that_were_not_asked_for_are_neither_busy_nor_to_be_closed(window, settle):
    settle(window)
    early = ("sampling", "kriging", "summing", "searching", "writing")
    assert window.jobs.kinds == early and window.jobs.at_rest
    window.race_dock.toggleViewAction().trigger()
    assert window.jobs.kinds == (*early, "racing")


def test_a_dock_that_was_open_is_filled_in_the_next_window(qtbot, tmp_path, open_window):
    before = open_window()
    before.train_dock.toggleViewAction().trigger()
    before.close()
    window = create_window(settings=before.settings)
    qtbot.addWidget(window)
    show_window(window)
    qtbot.waitUntil(lambda: window.train_dock.widget() is not None)
    assert window.train_dock.widget().isVisible()
    qtbot.waitUntil(lambda: window.live.run is not None and window.live.idle, timeout=60000)
    window.close()
