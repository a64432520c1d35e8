"""Where torch is not installed: everything but networks works, and what needs one says so in a sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
START = "import sys; from diffview.cli import main; sys.exit(main())"

HIDE = """
import sys
from importlib.machinery import PathFinder

class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] == "torch" else super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""
"""Python reads it at its start as `sitecustomize`, that of the reader process too."""

IMPORTS = """
import importlib, pkgutil, diffview
needs = (
    "models.nets", "models.checkpoints", "learning.network", "learning.picked", "learning.progress", "learning.points",
    "learning.torchrun", "learning.trainer", "learning.training", "learning.distillation", "learning.averages",
    "bench.networks", "__main__",
)
needs = tuple("diffview." + name for name in needs)
names = [m.name for m in pkgutil.walk_packages(diffview.__path__, "diffview.") if not m.name.startswith(needs)]
for name in names:
    importlib.import_module(name)
print(len(names))
"""

MODELS = """
import json
from diffview.models.cards import read_cards
from diffview.models.choice import open_card
from diffview.models.formulas import FORMULAS
print(json.dumps([sorted(FORMULAS), sorted(read_cards())]))
"""

WINDOW = """
import json, sys, time
from PySide6.QtWidgets import QApplication, QComboBox, QLabel
from diffview.fields.field import Region
from diffview.gui.app import create_window, show_window
from diffview.scores.race import RaceRequest
from diffview.runs.recipe import default_recipe

window = create_window(default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64)))
bugs, heard = [], []
sys.excepthook = lambda *error: bugs.append(str(error))
window.session.told.connect(heard.append)
show_window(window, (1600, 1000))

def until(done):
    end = time.monotonic() + 60
    while not done():
        if time.monotonic() > end:
            raise TimeoutError
        QApplication.processEvents()
        time.sleep(0.005)

def choose(model):
    combo = window.findChild(QComboBox, "modelCombo")
    combo.setCurrentIndex(combo.findData(model))
    combo.activated.emit(combo.currentIndex())
    QApplication.processEvents()

try:
    until(lambda: window.live.run is not None and window.is_idle())
    first = window.live.run
    choose("rain64")
    until(lambda: window.session.facts.torch is None and window.is_idle())
    shown = [label.text() for label in window.findChildren(QLabel)]
    choose("gaussian")
    window.session.edit(seed=5)
    until(lambda: window.live.run is not first and window.is_idle())
    window.race.start(RaceRequest(("heun",), (8,), True, False))
    until(lambda: not window.race.active)
    print(json.dumps({
        "runs": [[run.state, len(run.trajectory), run.plan.steps] for run in (first, window.live.run)],
        "shown": [text for text in shown if "torch" in text], "points": len(window.race.job.points),
        "bugs": bugs, "told": [message.sentence for message in heard],
    }))
finally:
    window.close()
"""


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """Python in a process of its own, without torch; what it printed and said, and its exit status."""
    folder = tmp_path_factory.mktemp("without")
    (folder / "sitecustomize.py").write_text(HIDE)
    own = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "QT_QPA_PLATFORM": "offscreen", "HOME": str(folder)}
    own |= dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"), str(folder))

    def python(code, *words):
        command = [sys.executable, "-c", code, *map(str, words)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=110, check=False, env={**os.environ, **own}, cwd=folder
        )
        return done.returncode, done.stdout, done.stderr

    return python


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A file with a field of 256 x 320 pixels."""
    path = tmp_path_factory.mktemp("files") / "small.h5"
    with h5py.File(path, "w") as file:
        made = file.create_dataset("tb", data=np.random.default_rng(0).normal(280, 5, (256, 320)).astype("f4"))
        made.attrs["units"] = "K"
    return path


def test_torch_is_hidden(without):
    status, _, told = without("import torch")
    assert status == 1 and "ModuleNotFoundError: No module named 'torch'" in told


def test_every_module_but_those_of_networks_is_imported(without):
    status, printed, told = without(IMPORTS)
    assert (status, told) == (0, "") and int(printed) > 200


def test_models_are_listed(without):
    status, printed, told = without(MODELS)
    assert (status, told) == (0, "")
    assert json.loads(printed) == [
        ["data", "gaussian", "local", "power_law"],
        ["bt64", "rain64", "rain64-from-coarse", "sst32"],
    ]


FORMULA_COMMANDS = (
    "schedule cosine",
    "noise FILE tb --t 0.4 --schedule cosine -o OUT",
    "info FILE tb",
    "about",
    "sample --model gaussian --fit FILE tb --region 0,0,32,32 --steps 3 -o OUT",
    "sample --model local --fit FILE tb --region 0,0,16,16 --steps 3 --device cpu -o OUT",
    "verify race --model gaussian --errors --steps 4,8",
)


@pytest.mark.parametrize("words", FORMULA_COMMANDS)
def test_commands_without_a_network_work(without, small, tmp_path, words):
    out = tmp_path / "out.nc"
    status, printed, told = without(START, *({"FILE": small, "OUT": out}.get(word, word) for word in words.split()))
    assert status == 0 and "Traceback" not in told and (printed or out.is_file())


NETWORK_COMMANDS = (
    "sample --model rain64 -o OUT",
    "train FILE tb -o OUT",
    "verify model --model bt64 --data FILE tb",
    "verify race --model bt64 --data FILE tb",
    "verify loss --model bt64 --data FILE tb",
)


@pytest.mark.parametrize("words", NETWORK_COMMANDS)
def test_commands_that_need_a_network_say_what_is_missing(without, small, tmp_path, words):
    named = {"FILE": small, "OUT": tmp_path / "out"}
    status, _, told = without(START, *(named.get(word, word) for word in words.split()))
    sentence, hint = told.splitlines()[-2:]
    assert status == 2 and "Traceback" not in told
    assert sentence.startswith("diffview: ") and sentence.endswith("is a network, and torch is not installed.")
    assert hint == "  Choose a formula model, or install torch."


def test_the_window_runs_formulas_and_says_why_networks_cannot_be_run(without):
    status, printed, told = without(WINDOW)
    assert status == 0 and "Traceback" not in told
    found = json.loads(printed)
    assert found["bugs"] == [] and found["points"] == 1
    assert found["told"] == [
        "rain64 makes precipitation_rate in mm/h; the open field is in K.",
        "rain64 is a network, and torch is not installed.",
    ], "said with the choice, and once"
    assert found["runs"] == [["finished", 19, 18]] * 2
    assert found["shown"] == [
        "rain64 is a network, and torch is not installed. Choose a formula model, or install torch."
    ]
