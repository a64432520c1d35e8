"""A training in a line: what it does, how fast, and what its buttons do."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from diffview.gui.show import training_words
from diffview.learning.densities import DENSITIES
from diffview.learning.objective import JUMP, LOSSES
from diffview.learning.watched import PAUSED, UNSAVED, Snapshot
from diffview.models.cards import models_folder

NAME = "mine"


def training(state="running", now=None, pausing=False, stopping=False, **order):
    kept = {"folder": Path("models") / NAME, "loss": "edm", "density": "broad", "width": 32, "again": False,
            "origin": None}  # fmt: skip
    return SimpleNamespace(
        state=state, pausing=pausing, stopping=stopping, newest=now or Snapshot(),
        active=state in ("waiting", "running", PAUSED, UNSAVED), order=SimpleNamespace(**{**kept, **order}),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (training(), "Preparing mine"),
        (training(now=Snapshot(fields=40)), "Loading torch, making mine"),
        (training(now=Snapshot(step=7, fields=40)), "Training mine · step 7"),
        (training(pausing=True, now=Snapshot(step=7)), "Pausing mine · step 7"),
        (training(PAUSED, pausing=True, now=Snapshot(step=7)), "Paused mine · step 7"),
        (training(stopping=True, now=Snapshot(step=7)), "Stopping mine · step 7"),
        (training("finished", now=Snapshot(step=900)), "Trained mine · step 900"),
        (training("stopped", stopping=True, now=Snapshot(step=9)), "Stopped mine · step 9"),
        (training("failed"), "Failed mine"),
        (training(UNSAVED, now=Snapshot(step=9)), "Not written mine · step 9"),
    ],
)
def test_what_a_training_does(now, text):
    assert training_words.status(now) == text


GOING = Snapshot(step=7, speed=12.5, left=180.0, fields=40, held_out=8)


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (
            training(now=GOING),
            "12.50 steps/s · 3 min left · 40 fields, 8 held out · loss edm · noise broad · 32 channels",
        ),
        (training(now=GOING, again=True), "12.50 steps/s · 3 min left · 40 fields, 8 held out"),
        (training(now=GOING, pausing=True), "40 fields, 8 held out · loss edm · noise broad · 32 channels"),
        (training("finished", now=GOING), "40 fields, 8 held out"),
        (training(now=Snapshot()), "loss edm · noise broad · 32 channels"),
        (
            training(now=Snapshot(), origin=SimpleNamespace(name="rain64")),
            "loss edm · noise broad · 32 channels · from rain64",
        ),
        (training("failed"), ""),
    ],
)
def test_speed_fields_and_settings_of_a_training(now, text):
    assert training_words.details(now) == text


def test_every_choice_of_the_form_is_explained():
    assert training_words.LOSSES.keys() == {*LOSSES, JUMP}
    assert training_words.DENSITIES.keys() == DENSITIES.keys()
    for sentence in (*training_words.LOSSES.values(), *training_words.DENSITIES.values()):
        assert sentence.endswith(".") and len(sentence) > 30


def test_what_the_buttons_do():
    idle = training_words.tips(None, NAME)
    assert set(idle) == {"Start", "Pause", "Resume", "Stop"}
    assert idle["Start"] == f"Train, and keep the model in {models_folder() / NAME}"
    assert idle["Resume"] == "Go on with mine, with the settings it was begun with"
    assert training_words.tips(training(PAUSED), NAME)["Resume"] == "Go on"
    assert training_words.tips(training(UNSAVED), NAME) == {
        "Stop": "Write the model, and end",
        "Resume": "Write the model, and go on",
    }
