"""Conditions of a network in the window: added in words, switched on and off by hand, refused by name."""

import numpy as np
import pytest
import xarray
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from test_story_files import errors

from diffview.learning.from_files import read_training_set
from diffview.learning.network import config_for
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import save
from diffview.runs.conditions_asked import Condition

N, NY, NX = 12, 32, 32


@pytest.fixture
def files(tmp_path):
    """Rain of twelve hours, and half an hour before each of them a temperature of half the resolution."""
    rng, paths = np.random.default_rng(0), {}
    rain = rng.gamma(2, 3, (N, NY, NX)).astype(np.float32)
    cold = 300 - rain.reshape(N, NY // 2, 2, NX // 2, 2).mean(axis=(2, 4))
    for name, values, units, minutes in (("rain", rain, "mm h-1", 0.0), ("tb", cold, "K", -30.0)):
        rows, columns = values.shape[1:]
        made = xarray.Dataset(
            {name: (("time", "lat", "lon"), values, {"units": units})},
            {"time": ("time", 60 * np.arange(float(N)) + minutes, {"units": "minutes since 2019-06-10"}),
             "lat": ("lat", 10 - 10 * (np.arange(rows) + 0.5) / rows, {"units": "degrees_north"}),
             "lon": ("lon", 10 * (np.arange(columns) + 0.5) / columns, {"units": "degrees_east"})},
        )  # fmt: skip
        paths[name] = str(tmp_path / f"{name}.nc")
        made.to_netcdf(paths[name], engine="h5netcdf")
    return paths


@pytest.fixture
def model(files, tmp_path):
    ir = Condition("ir", files["tb"], "tb", -30.0)
    data = read_training_set(files["rain"], ["rain"], size=32, held_out=0.0, given=[ir], transform="log1p")
    trainer = Trainer(data, config_for(data, width=8, multipliers=(1, 1)), TrainingSettings(steps=1, batch=2))
    trainer.advance()
    save(trainer, tmp_path / "given")
    return str(tmp_path / "given")


def test_a_sensor_is_named_in_words_and_switched_off_by_hand(window, files, model, hand, find, settle, wait):
    window.open_file(files["rain"], "rain")
    settle(window)
    window.open_file(model)
    settle(window)
    session = window.session
    assert "is given ir, tb in K, and it is not there" in session.plan.refusal.sentence
    assert find(window, "conditionOn_ir").text() == "ir · not there"
    line = find(window, "conditionEdit")
    QTest.keyClicks(line, f"ir {files['tb']} tb minutes=-30")
    QTest.keyClick(line, Qt.Key.Key_Return)
    settle(window)
    assert session.plan.refusal is None and line.text() == ""
    box = find(window, "conditionOn_ir")
    assert box.text() == "ir · tb · tb.nc · -30 min"
    with_it = session.plan.model.condition
    assert with_it[0, 1].all()
    hand.click(box)
    settle(window)
    assert session.recipe.conditions.off == ("ir",)
    assert not session.plan.model.condition.any()
    session.undo()
    settle(window)
    np.testing.assert_array_equal(session.plan.model.condition, with_it)
    window.files.coarsen(2, "mean")
    settle(window)
    said = errors(window)[-1]
    assert "Conditions lie on the grid of the whole slice" in said and session.recipe.source.coarsen == 1
    wait(lambda: find(window, "conditionDrop_ir").isVisible())
    hand.click(find(window, "conditionDrop_ir"))
    settle(window)
    assert session.recipe.conditions.given == () and session.plan.refusal is not None


def test_a_condition_that_never_matches_is_told_and_what_is_on_screen_stays(window, files, find, settle):
    window.open_file(files["rain"], "rain")
    settle(window)
    before = window.session.facts.field
    line = find(window, "conditionEdit")
    QTest.keyClicks(line, f"ir {files['tb']} tb")
    QTest.keyClick(line, Qt.Key.Key_Return)
    settle(window)
    (said,) = errors(window)
    assert "ir never matches" in said and "30 minutes away" in said
    assert window.session.facts.field is before and window.session.recipe.conditions.given == ()
    assert line.text() == f"ir {files['tb']} tb", "it can be mended"
    QTest.keyClicks(line, " minutes=-30")
    QTest.keyClick(line, Qt.Key.Key_Return)
    settle(window)
    assert line.text() == "" and len(window.session.recipe.conditions.given) == 1
