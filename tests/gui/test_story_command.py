"""The run on screen as a command line: it is run, and makes the same bits."""

import shlex
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from diffview.cli import main
from diffview.fields.field import Region
from diffview.forward.schedules import Cosine
from diffview.models.cards import find_card
from diffview.paths import resource
from diffview.runs.groups import Fork
from diffview.runs.recipe import Recipe
from diffview.runs.sampling import scored_course
from diffview.scores.gap import filling

SEA = str(resource("sea_surface_temperature.nc"))
SMALL = Region(40, 120, 32, 32)
FILLED = Recipe.of(model="gaussian", region=SMALL, steps=3, hidden=(Region(44, 124, 6, 6),))
CASES = {
    "a formula from noise": (Recipe.of(model="gaussian", region=SMALL, members=2, steps=5, seed=7), False),
    "no region": (Recipe.of(model="gaussian", steps=2), False),
    "another schedule": (Recipe.of(model="gaussian", region=SMALL, steps=4, schedule=Cosine(offset=0.02)), False),
    "another file": (Recipe.of(model="gaussian", steps=3, path=SEA), False),
    "sampler and grid": (
        Recipe.of(
            model="gaussian", region=SMALL, steps=5, sampler="churn", sampler_params=(("S_churn", 12.5),),
            grid="karras", grid_params=(("rho", 5.0),),
        ),
        False,
    ),
    "from the field": (
        Recipe.of(model="gaussian", region=SMALL, steps=3, origin="field", level=0.731, path_mode="chain"), False
    ),
    "another transform": (Recipe.of(model="gaussian", region=SMALL, steps=3, transform="anomaly"), False),
    "hidden pixels": (
        FILLED.but(**filling(FILLED, "repaint")),
        True,
    ),
    "a network from noise": (
        Recipe.of(
            model="bt64", region=Region(40, 180, 64, 64), members=2,
            **{**scored_course(find_card("bt64")), "steps": 2},
        ),
        False,
    ),
    "limits": (Recipe.of(model="gaussian", region=SMALL, steps=3, clip_low=230.0), True),
}  # fmt: skip


@pytest.fixture
def copied(hand):
    def copy(window):
        hand.key(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
        return shlex.split(QGuiApplication.clipboard().text())

    return copy


@pytest.mark.parametrize("case", CASES)
def test_the_command_makes_the_run_on_screen_to_the_bit(case, open_window, copied, settle, tmp_path, monkeypatch):
    recipe, by_file = CASES[case]
    if recipe.denoiser.model == "bt64":
        pytest.importorskip("torch")
    window = open_window(recipe, wait=False)
    settle(window)
    window.live.start()
    settle(window)
    run = window.live.run
    shown = run.plan.made_in.inverse(run.trajectory.last.y[:, 0])
    words = copied(window)
    assert words[:2] == ["diffview", "sample"] and ("--recipe" in words) == by_file, words
    assert not any(word.endswith("=") for word in words), "a flag without a value says nothing"
    monkeypatch.chdir(tmp_path)
    assert main(words[1:]) == 0
    with xr.open_dataset(tmp_path / "run.nc") as made:
        (name,) = [name for name, one in made.data_vars.items() if one.dims[:1] == ("member",) and one.ndim == 3]
        values = made[name].values
    assert values.shape == shown.shape
    assert np.array_equal(values, shown.astype(np.float32), equal_nan=True)


def test_what_no_flag_says_goes_by_a_file(window, copied, settle):
    course = window.session.recipe.course
    window.session.edit(fork=Fork(3, course, 1))
    settle(window)
    words = copied(window)
    assert words[2] == "--recipe" and Recipe.from_json(Path(words[3]).read_text()).course.fork.number == 1
    assert window.message_bar.text().startswith("Copied: diffview sample --recipe ")
