"""In a notebook the window does not hold the cells up, with and without `%gui qt`; in a program it does."""

import json
import time
from pathlib import Path

import pytest
from kernels import PATIENCE_S, kernel

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "library.ipynb"
WINDOWS = "[w for w in QApplication.topLevelWidgets() if hasattr(w, 'live')]"


@pytest.mark.parametrize("first", ["", "%gui qt"])
def test_the_window_lives_beside_the_cells(first: str, tmp_path: Path) -> None:
    with kernel(tmp_path) as notebook:
        notebook.run(f"{first}\nimport diffview\ndiffview.show()")
        notebook.run("from PySide6.QtWidgets import QApplication\nfrom PySide6.QtCore import QTimer")
        notebook.run(f"windows = lambda: {WINDOWS}")
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


def test_the_notebook_of_the_documentation_runs(tmp_path: Path) -> None:
    cells = ["".join(cell["source"]) for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]]
    assert len(cells) == 12
    with kernel(tmp_path) as notebook:
        said = [notebook.run(cell) for cell in cells]
        assert notebook.run(f"from PySide6.QtWidgets import QApplication\nlen({WINDOWS})") == "2"
    assert "'sample'" in said[0] and "xarray.DataArray" in said[1] and "'K'" in said[2]
    assert abs(float(said[4]) - 1) < 1e-9 and said[7] == "True" and said[8] == "64"
    assert "gausian" in said[9] and "Error" not in said[9]
    assert said[10] == said[11] == ""
