"""In a notebook the window does not hold the cells up, with and without `%gui qt`; in a program it does."""

import time
from pathlib import Path

import pytest
from kernels import PATIENCE_S, kernel


@pytest.mark.parametrize("first", ["", "%gui qt"])
def test_the_window_lives_beside_the_cells(first: str, tmp_path: Path) -> None:
    with kernel(tmp_path) as notebook:
        notebook.run(f"{first}\nimport diffview\ndiffview.show()")
        notebook.run("from PySide6.QtWidgets import QApplication\nfrom PySide6.QtCore import QTimer")
        notebook.run("windows = lambda: [w for w in QApplication.topLevelWidgets() if hasattr(w, 'live')]")
        assert notebook.run("window = windows()[0]; window.isVisible()") == "True"
        notebook.run("ticks = []; timer = QTimer(); timer.timeout.connect(lambda: ticks.append(1)); timer.start(5)")
        time.sleep(1)  # no cell runs: the kernel deals with the window's events
        assert int(notebook.run("timer.stop(); len(ticks)")) > 10
        until = time.monotonic() + PATIENCE_S
        while notebook.run("bool(window.live.run and window.live.run.state == 'finished')") != "True":
            assert time.monotonic() < until
        notebook.run("window.close()")
        notebook.run("diffview.show()  # again, after the first was closed")
        assert notebook.run("len(windows()), windows()[0].isVisible(), windows()[0] is not window") == "(1, True, True)"
